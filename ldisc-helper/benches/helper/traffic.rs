//! The equipment that writes, and the daemon that reads.

use crate::process::{Process, Used};
use nix::sys::socket::{MsgFlags, recv};
use std::fs::{File, OpenOptions};
use std::io::{Error, Result, Write};
use std::os::fd::{AsRawFd, OwnedFd};
use std::os::unix::fs::OpenOptionsExt;
use std::path::Path;
use std::thread;
use std::time::{Duration, Instant};

/// What the equipment does.
#[derive(Clone, Copy)]
pub(crate) enum Load {
    /// Writes as fast as it can.
    Flood { size: usize, bytes: usize },
    /// Writes at a line's speed.
    Steady {
        size: usize,
        every: Duration,
        lasts: Duration,
    },
}

impl Load {
    fn bytes(self) -> usize {
        match self {
            Self::Flood { bytes, size } => bytes / size * size,
            Self::Steady { size, every, lasts } => {
                size * (lasts.as_nanos() / every.as_nanos()) as usize
            }
        }
    }

    fn write(self, mut tty: &File) -> Result<()> {
        match self {
            Self::Flood { size, .. } => {
                let piece = vec![b'x'; size];
                for _ in 0..self.bytes() / size {
                    tty.write_all(&piece)?;
                }
            }
            Self::Steady { size, every, .. } => {
                let piece = vec![b'x'; size];
                let start = Instant::now();
                for n in 0..self.bytes() / size {
                    let due = start + every * n as u32;
                    thread::sleep(due.saturating_duration_since(Instant::now()));
                    tty.write_all(&piece)?;
                }
            }
        }
        Ok(())
    }
}

pub(crate) fn open(path: &Path) -> Result<File> {
    OpenOptions::new()
        .read(true)
        .write(true)
        .custom_flags(libc::O_NOCTTY)
        .open(path)
}

/// Lets the load through. `payload` is how much of a packet of so many bytes is the equipment's.
pub(crate) fn measure(
    subject: &Process,
    tty: &File,
    socket: &OwnedFd,
    load: Load,
    payload: fn(usize) -> usize,
) -> Result<Used> {
    let before = subject.used()?;
    let total = load.bytes();
    thread::scope(|scope| {
        let writer = scope.spawn(|| load.write(tty));
        let mut packet = vec![0; 1 << 17];
        let mut bytes = 0;
        while bytes < total {
            let length = recv(socket.as_raw_fd(), &mut packet, MsgFlags::empty())?;
            if length == 0 {
                return Err(Error::other("it ended"));
            }
            bytes += payload(length);
        }
        let failed = || Error::other("the writer failed");
        writer.join().map_err(|_| failed())??;
        Ok(())
    })?;
    let mut used = subject.used()? - before;
    used.bytes = total as u64;
    Ok(used)
}
