//! What is downloaded on its way into a caller's descriptor, whose flags stay as they are: they are the
//! caller's as well.

use super::error::{Refused, Result};
use crate::service::{BoxFuture, Error, ErrorKind, Sink};
use nix::errno::Errno;
use nix::fcntl::{FcntlArg, OFlag, fcntl};
use nix::poll::{PollFd, PollFlags, PollTimeout, poll};
use nix::sys::socket::{MsgFlags, send};
use nix::sys::stat::{SFlag, fstat};
use nix::unistd::{Whence, lseek, write};
use std::os::fd::{AsFd, AsRawFd, OwnedFd};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

/// A descriptor that takes nothing for so long is given up.
const LIMIT: Duration = Duration::from_secs(20);
/// Whether somebody still waits is looked at so often.
const LOOK: u16 = 200;
/// A pipe that can be written to takes this much without blocking (POSIX `PIPE_BUF`).
const PIPE_PIECE: usize = 4096;

/// How it is written without ever blocking on it for long.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Kind {
    File,
    Pipe,
    Socket,
}

/// A descriptor to write to.
#[derive(Debug)]
pub(super) struct FdSink {
    /// There until it is dropped.
    fd: Option<Arc<OwnedFd>>,
    kind: Kind,
}

impl FdSink {
    /// Judges a descriptor, which may block where its file is on another machine. With `resume`, it is a
    /// file that is gone on with: what it has is told.
    ///
    /// # Errors
    ///
    /// `InvalidArgument` where it is neither a file nor a pipe nor a stream socket, or can't be written.
    pub(super) fn new(fd: OwnedFd, resume: bool) -> Result<(Self, u64)> {
        let wrong = |what: &str| {
            Refused::argument(format!(
                "the descriptor is {what}; a file, a pipe or a socket is needed"
            ))
        };
        let failed = |errno: Errno| Refused::argument(format!("the descriptor: {errno}"));
        let flags = OFlag::from_bits_truncate(fcntl(&fd, FcntlArg::F_GETFL).map_err(failed)?);
        let stat = fstat(&fd).map_err(failed)?;
        let format = SFlag::from_bits_truncate(stat.st_mode) & SFlag::S_IFMT;
        let kind = match format {
            SFlag::S_IFREG => Kind::File,
            SFlag::S_IFIFO => Kind::Pipe,
            SFlag::S_IFSOCK => Kind::Socket,
            SFlag::S_IFDIR => return Err(wrong("a folder")),
            _ => return Err(wrong("a device")),
        };
        if flags & OFlag::O_ACCMODE == OFlag::O_RDONLY || flags.contains(OFlag::O_PATH) {
            return Err(wrong("not open for writing"));
        }
        let mut from = 0;
        if resume {
            if kind != Kind::File {
                let text = "the key `resume`: only a file can be gone on with";
                return Err(Refused::argument(text));
            }
            from = u64::try_from(lseek(&fd, 0, Whence::SeekEnd).map_err(failed)?).unwrap_or(0);
        }
        let fd = Some(Arc::new(fd));
        Ok((Self { fd, kind }, from))
    }
}

impl Drop for FdSink {
    /// A file on another machine goes there when it is closed: not on the event loop.
    fn drop(&mut self) {
        let fd = self.fd.take();
        if let Ok(runtime) = tokio::runtime::Handle::try_current() {
            runtime.spawn_blocking(move || drop(fd));
        }
    }
}

/// Dropped by whoever waits, so that the writing ends soon after the waiting.
struct Waiting(Arc<AtomicBool>);

impl Drop for Waiting {
    fn drop(&mut self) {
        self.0.store(true, Ordering::Relaxed);
    }
}

impl Sink for FdSink {
    fn put<'a>(&'a mut self, bytes: &'a mut Vec<u8>) -> BoxFuture<'a, crate::service::Result<()>> {
        Box::pin(async move {
            let given_up = Waiting(Arc::default());
            let (kind, over) = (self.kind, Arc::clone(&given_up.0));
            let fd = self.fd.clone().ok_or_else(|| {
                Error::new(ErrorKind::Internal, "the descriptor was closed already")
            })?;
            let content = std::mem::take(bytes);
            let work = move || write_all(&fd, kind, &content, &over).map(|()| content);
            let written = tokio::task::spawn_blocking(work).await.map_err(|_| {
                Error::new(ErrorKind::Internal, "writing to the descriptor broke off")
            })?;
            *bytes = written?;
            bytes.clear();
            Ok(())
        })
    }
}

fn write_all(
    fd: &OwnedFd,
    kind: Kind,
    mut bytes: &[u8],
    over: &AtomicBool,
) -> crate::service::Result<()> {
    let failed = |errno: Errno| {
        let text = format!("the descriptor: {errno}");
        Error::new(ErrorKind::InvalidArgument, text)
    };
    let mut end = Instant::now() + LIMIT;
    while !bytes.is_empty() {
        if over.load(Ordering::Relaxed) || Instant::now() >= end {
            let text = "the descriptor took nothing for 20 s";
            return Err(Error::new(ErrorKind::Timeout, text));
        }
        if kind != Kind::File {
            let mut ready = [PollFd::new(fd.as_fd(), PollFlags::POLLOUT)];
            match poll(&mut ready, PollTimeout::from(LOOK)) {
                Ok(0) | Err(Errno::EINTR) => continue,
                Ok(_) => {}
                Err(errno) => return Err(failed(errno)),
            }
        }
        let written = match kind {
            Kind::File => write(fd, bytes),
            Kind::Pipe => write(fd, &bytes[..bytes.len().min(PIPE_PIECE)]),
            Kind::Socket => send(
                fd.as_raw_fd(),
                bytes,
                MsgFlags::MSG_DONTWAIT | MsgFlags::MSG_NOSIGNAL,
            ),
        };
        match written {
            Ok(n) => {
                bytes = &bytes[n..];
                end = Instant::now() + LIMIT;
            }
            Err(Errno::EINTR | Errno::EAGAIN) => {}
            Err(errno) => return Err(failed(errno)),
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::fs::File;
    use std::io::Read;
    use std::os::unix::net::UnixStream;
    use zbus::DBusError;

    async fn put(sink: &mut FdSink, bytes: &[u8]) -> crate::service::Result<()> {
        let mut buffer = bytes.to_vec();
        sink.put(&mut buffer).await?;
        assert!(buffer.is_empty());
        Ok(())
    }

    #[tokio::test]
    async fn pipes_and_sockets_take_all_of_it() {
        let bytes: Vec<u8> = (0..300_000_u32).map(|n| n as u8).collect();
        let (read, write) = nix::unistd::pipe().unwrap();
        let (ours, theirs) = UnixStream::pair().unwrap();
        let ends: [(File, OwnedFd); 2] = [
            (read.into(), write),
            (OwnedFd::from(theirs).into(), ours.into()),
        ];
        for (mut from, to) in ends {
            let reader = std::thread::spawn(move || {
                let mut all = Vec::new();
                from.read_to_end(&mut all).unwrap();
                all
            });
            let (mut sink, from) = FdSink::new(to, false).unwrap();
            assert_eq!(from, 0);
            put(&mut sink, &bytes[..100_000]).await.unwrap();
            put(&mut sink, &bytes[100_000..]).await.unwrap();
            drop(sink);
            assert_eq!(reader.join().unwrap(), bytes);
        }
    }

    #[tokio::test]
    async fn a_file_is_gone_on_with() {
        let path = std::env::temp_dir().join(format!("hayesd-sink-{}", std::process::id()));
        std::fs::write(&path, b"12").unwrap();
        let file = File::options().write(true).open(&path).unwrap();
        let (mut sink, from) = FdSink::new(file.into(), true).unwrap();
        assert_eq!(from, 2);
        put(&mut sink, b"345").await.unwrap();
        assert_eq!(std::fs::read(&path).unwrap(), b"12345");
        let read_only = FdSink::new(File::open(&path).unwrap().into(), false);
        assert!(
            read_only
                .unwrap_err()
                .description()
                .unwrap()
                .contains("not open for writing")
        );
        std::fs::remove_file(path).unwrap();
        let folder = FdSink::new(File::open("/").unwrap().into(), false);
        assert!(
            folder
                .unwrap_err()
                .description()
                .unwrap()
                .contains("a folder")
        );
        let null = File::options().write(true).open("/dev/null").unwrap();
        assert!(FdSink::new(null.into(), false).is_err());
        let (_read, write) = nix::unistd::pipe().unwrap();
        assert!(
            FdSink::new(write, true).is_err(),
            "a pipe has no end to go on at"
        );
    }

    #[tokio::test]
    async fn a_reader_that_is_gone_is_an_error() {
        let (read, write) = nix::unistd::pipe().unwrap();
        drop(read);
        let (mut sink, _) = FdSink::new(write, false).unwrap();
        let error = put(&mut sink, b"x").await.unwrap_err();
        assert_eq!(error.kind, ErrorKind::InvalidArgument);
    }
}
