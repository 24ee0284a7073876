//! The helper goes away while an emulator carries a line out: the next one finds it in step.

use anyhow::{Context, Result, bail};
use hayes_ldisc::discipline::Mode;
use hayes_ldisc::record::{Claimed, Flags, FromHelper, Header, MAX_PACKET, ToHelper};
use hayes_tests::folder::Folder;
use hayes_tests::transcript::pty::Bench;
use hayes_tests::wait;
use hayesd::dialect::quectel::DIALECT;
use nix::sys::socket::{
    AddressFamily, Backlog, MsgFlags, SockFlag, SockType, UnixAddr, accept, bind, listen, recv,
    send, socket,
};
use std::os::fd::{AsRawFd, FromRawFd, OwnedFd};
use std::path::Path;
use std::sync::mpsc;

/// A helper that is driven by hand, one connection after the other.
struct Helper(OwnedFd);

impl Helper {
    fn new(path: &Path) -> Result<Self> {
        let flags = SockFlag::SOCK_CLOEXEC;
        let fd = socket(AddressFamily::Unix, SockType::SeqPacket, flags, None)?;
        bind(fd.as_raw_fd(), &UnixAddr::new(path)?)?;
        listen(&fd, Backlog::new(4)?)?;
        Ok(Self(fd))
    }

    /// The next connection, its port given and its module in command mode.
    fn claimed(&self) -> Result<Connection> {
        let fd = accept(self.0.as_raw_fd())?;
        // SAFETY: accept has just made it, and nobody else has it.
        let mut connection = Connection(unsafe { OwnedFd::from_raw_fd(fd) });
        connection.tell(1, &FromHelper::Claimed(Claimed::default()))?;
        connection.until_command_mode()?;
        Ok(connection)
    }
}

struct Connection(OwnedFd);

impl Connection {
    fn tell(&mut self, sequence: u32, record: &FromHelper<'_>) -> Result<()> {
        let (mut packet, flags) = (Vec::new(), Flags::default());
        record.encode(Header { sequence, flags }, &mut packet);
        send(self.0.as_raw_fd(), &packet, MsgFlags::MSG_NOSIGNAL)?;
        Ok(())
    }

    fn until_the_end(&mut self) -> Result<()> {
        let mut packet = vec![0; MAX_PACKET];
        while recv(self.0.as_raw_fd(), &mut packet, MsgFlags::empty())? > 0 {}
        Ok(())
    }

    fn until_command_mode(&mut self) -> Result<()> {
        let mut packet = vec![0; MAX_PACKET];
        loop {
            let length = recv(self.0.as_raw_fd(), &mut packet, MsgFlags::empty())?;
            if length == 0 {
                bail!("the emulator went away");
            }
            let (_, record) = ToHelper::decode(&packet[..length])?;
            if let ToHelper::Mode { mode, .. } = record
                && matches!(mode, Mode::Command(_))
            {
                return Ok(());
            }
        }
    }
}

#[tokio::test]
async fn an_answer_that_nobody_takes_does_not_hold_the_module_up() -> Result<()> {
    let folder = Folder::new("lost")?;
    let path = folder.join("ldisc.sock");
    let helper = Helper::new(&path)?;
    let (start, started) = mpsc::channel();
    let played = std::thread::spawn(move || {
        // The bench starts its emulator twice.
        helper.claimed()?.until_the_end()?;
        let mut connection = helper.claimed()?;
        started.recv()?;
        // Part of this line's answer goes out before the disk is asked for the files.
        let line = FromHelper::CommandLine {
            line: b"AT+CMEE?;+QFLST",
            too_long: false,
        };
        connection.tell(2, &line)?;
        drop(connection);
        helper.claimed().context("after the loss").map(drop)
    });
    let bench = Bench::start(&DIALECT, &path, "lost").await?;
    start.send(())?;
    let played = tokio::task::spawn_blocking(move || played.join());
    let result = tokio::time::timeout(wait::LONG, played).await;
    drop(bench);
    match result.context("no command mode after the loss")?? {
        Ok(result) => result,
        Err(_) => bail!("the helper panicked"),
    }
}
