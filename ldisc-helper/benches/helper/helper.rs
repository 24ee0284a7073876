//! The helper, with a pseudo-terminal of its own.

use crate::process::{Process, Used};
use crate::traffic::{self, Load};
use hayes_ldisc::discipline::{Command, Keys, Mode, Raw};
use hayes_ldisc::record::{
    Claim, DATA_HEAD, Flags, FromHelper, Header, LineSettings, MAX_PACKET, Role, ToHelper, VERSION,
    Wiring,
};
use nix::sys::socket::{
    AddressFamily, MsgFlags, SockFlag, SockType, UnixAddr, connect, recv, send, socket,
};
use std::fs::File;
use std::io::{Error, Read, Result, Write};
use std::os::fd::{AsRawFd, OwnedFd};
use std::path::{Path, PathBuf};
use std::process::{Command as Program, Stdio};
use std::time::{Duration, Instant};

pub(crate) const PROGRAM: &str = env!("CARGO_BIN_EXE_hayes-ldisc");

pub(crate) struct Helper {
    pub(crate) process: Process,
    folder: PathBuf,
    tty: File,
    daemon: Daemon,
}

/// A daemon's connection.
struct Daemon {
    socket: OwnedFd,
    sequence: u32,
}

impl Helper {
    /// With a module's port, gathering.
    pub(crate) fn start() -> Result<Self> {
        let folder = std::env::temp_dir().join(format!("hayes-ldisc-bench-{}", std::process::id()));
        std::fs::create_dir_all(&folder)?;
        let path = folder.join("ldisc.sock");
        let child = Program::new(PROGRAM)
            .arg("--socket")
            .arg(&path)
            .stdin(Stdio::null())
            .spawn()?;
        let process = Process(child);
        let mut daemon = Daemon::connect(&path)?;
        daemon.claim("pty:bench", Role::Dte)?;
        let mode = Mode::Raw(Raw { gather: true });
        daemon.send(Flags::default(), &ToHelper::Mode { answers: 0, mode })?;
        let tty = traffic::open(&folder.join("pty/bench"))?;
        // That it was opened.
        daemon.receive()?;
        Ok(Self {
            process,
            folder,
            tty,
            daemon,
        })
    }

    pub(crate) fn measure(&self, load: Load) -> Result<Used> {
        let socket = &self.daemon.socket;
        traffic::measure(&self.process, &self.tty, socket, load, |length| {
            length - DATA_HEAD
        })
    }

    /// `AT` to `OK` on a port of its own, in microseconds.
    pub(crate) fn round_trips(&self, times: u32) -> Result<f64> {
        let mut daemon = Daemon::connect(&self.folder.join("ldisc.sock"))?;
        daemon.claim("pty:at", Role::Dce)?;
        let command = |answers| {
            let mode = Mode::Command(Command {
                echo: false,
                s3: 13,
                line_feed: false,
                s5: 8,
                max_line: 556,
                keys: Keys::None,
            });
            ToHelper::Mode { answers, mode }
        };
        daemon.send(Flags::default(), &command(0))?;
        let mut tty = traffic::open(&self.folder.join("pty/at"))?;
        daemon.receive()?;
        let result = Flags {
            result: true,
            ..Flags::default()
        };
        std::thread::scope(|scope| {
            let equipment = scope.spawn(move || {
                let start = Instant::now();
                for _ in 0..times {
                    tty.write_all(b"AT\r")?;
                    tty.read_exact(&mut [0; 6])?;
                }
                Ok::<_, Error>(start.elapsed())
            });
            for _ in 0..times {
                let line = daemon.receive()?;
                daemon.send(result, &ToHelper::Write(b"\r\nOK\r\n"))?;
                daemon.send(Flags::default(), &command(line))?;
            }
            let elapsed = equipment
                .join()
                .map_err(|_| Error::other("the equipment failed"))??;
            Ok(elapsed.as_secs_f64() * 1e6 / f64::from(times))
        })
    }
}

impl Drop for Helper {
    fn drop(&mut self) {
        let _ = std::fs::remove_dir_all(&self.folder);
    }
}

impl Daemon {
    fn connect(path: &Path) -> Result<Self> {
        let flags = SockFlag::SOCK_CLOEXEC;
        let address = UnixAddr::new(path)?;
        let start = Instant::now();
        loop {
            let socket = socket(AddressFamily::Unix, SockType::SeqPacket, flags, None)?;
            match connect(socket.as_raw_fd(), &address) {
                Ok(()) => {
                    let sequence = 0;
                    return Ok(Self { socket, sequence });
                }
                Err(error) if start.elapsed() > Duration::from_secs(10) => return Err(error.into()),
                Err(_) => std::thread::sleep(Duration::from_millis(1)),
            }
        }
    }

    fn claim(&mut self, device: &str, role: Role) -> Result<()> {
        let claim = Claim {
            version: VERSION,
            device,
            line: LineSettings::default(),
            role,
            wiring: Wiring::default(),
        };
        self.send(Flags::default(), &ToHelper::Claim(claim))?;
        self.receive().map(drop)
    }

    fn send(&mut self, flags: Flags, record: &ToHelper<'_>) -> Result<()> {
        self.sequence += 1;
        let sequence = self.sequence;
        let mut packet = Vec::new();
        record.encode(Header { sequence, flags }, &mut packet);
        send(self.socket.as_raw_fd(), &packet, MsgFlags::empty())?;
        Ok(())
    }

    /// The sequence of the next record, whatever it is.
    fn receive(&mut self) -> Result<u32> {
        let mut packet = vec![0; MAX_PACKET];
        let length = recv(self.socket.as_raw_fd(), &mut packet, MsgFlags::empty())?;
        let record = FromHelper::decode(&packet[..length]);
        let (header, _) = record.map_err(Error::other)?;
        Ok(header.sequence)
    }
}
