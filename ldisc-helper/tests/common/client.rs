//! A daemon's side of a connection, one record at a time.

use super::LONG;
use hayes_ldisc::record::{
    Circuits, Claim, Claimed, Flags, FromHelper, Header, MAX_PACKET, Refusal, Role, ToHelper,
};
use nix::errno::Errno;
use nix::poll::{PollFd, PollFlags, poll};
use nix::sys::socket::{
    AddressFamily, MsgFlags, Shutdown, SockFlag, SockType, UnixAddr, connect, recv, send, shutdown,
    socket,
};
use std::os::fd::{AsFd, AsRawFd, OwnedFd};
use std::path::Path;

/// A connection.
pub(crate) struct Client {
    pub(crate) fd: OwnedFd,
    sequence: u32,
}

/// A packet that came.
pub(crate) struct Packet(Vec<u8>);

impl Packet {
    pub(crate) fn record(&self) -> FromHelper<'_> {
        FromHelper::decode(&self.0).unwrap().1
    }

    pub(crate) fn header(&self) -> Header {
        FromHelper::decode(&self.0).unwrap().0
    }
}

impl Client {
    pub(crate) fn connect(path: &Path) -> Self {
        Self::try_connect(path).unwrap()
    }

    pub(crate) fn try_connect(path: &Path) -> nix::Result<Self> {
        let flags = SockFlag::SOCK_CLOEXEC;
        let fd = socket(AddressFamily::Unix, SockType::SeqPacket, flags, None)?;
        connect(fd.as_raw_fd(), &UnixAddr::new(path)?)?;
        Ok(Self { fd, sequence: 0 })
    }

    pub(crate) fn claim(&mut self, claim: &Claim<'_>) {
        self.send(&ToHelper::Claim(claim.clone()));
    }

    /// The answer to a claim, if the helper takes the connection at all.
    pub(crate) fn try_claim(&mut self, device: &str) -> Option<Packet> {
        let mut packet = Vec::new();
        let record = ToHelper::Claim(super::claim(device, Role::Dte));
        record.encode(Header::default(), &mut packet);
        self.send_packet(&packet).ok()?;
        self.receive()
    }

    pub(crate) fn send(&mut self, record: &ToHelper<'_>) -> u32 {
        self.send_flagged(Flags::default(), record)
    }

    pub(crate) fn send_flagged(&mut self, flags: Flags, record: &ToHelper<'_>) -> u32 {
        self.sequence += 1;
        let sequence = self.sequence;
        let mut packet = Vec::new();
        record.encode(Header { sequence, flags }, &mut packet);
        self.send_packet(&packet).unwrap();
        sequence
    }

    /// Sends anything at all.
    pub(crate) fn send_packet(&self, packet: &[u8]) -> nix::Result<usize> {
        send(self.fd.as_raw_fd(), packet, MsgFlags::MSG_NOSIGNAL)
    }

    /// Asks for an answer and waits for it: all before it has been performed.
    pub(crate) fn drain(&mut self) {
        let ack = Flags {
            ack: true,
            ..Flags::default()
        };
        let of = self.send_flagged(ack, &ToHelper::Drain);
        let done = FromHelper::Done {
            of,
            dropped: 0,
            failed: None,
        };
        assert_eq!(self.next().record(), done);
    }

    /// Writes to the TTY in records of so many bytes, and waits for the answer of each 64 KiB.
    pub(crate) fn write_all(&mut self, bytes: &[u8], piece: usize) {
        let mut since = 0;
        for piece in bytes.chunks(piece) {
            since += piece.len();
            let ack = since >= 64 * 1024;
            let flags = Flags {
                ack,
                ..Flags::default()
            };
            let of = self.send_flagged(flags, &ToHelper::Write(piece));
            if ack {
                since = 0;
                assert!(
                    matches!(self.next().record(), FromHelper::Done { of: done, .. } if done == of)
                );
            }
        }
        self.drain();
    }

    /// The next packet; `None` where the helper ended the connection.
    pub(crate) fn receive(&self) -> Option<Packet> {
        let mut look = [PollFd::new(self.fd.as_fd(), PollFlags::POLLIN)];
        let ready = poll(&mut look, LONG.as_millis() as u16).unwrap();
        assert_eq!(ready, 1, "no record came");
        self.try_receive().unwrap()
    }

    fn try_receive(&self) -> Result<Option<Packet>, Errno> {
        let mut packet = vec![0; MAX_PACKET + 1];
        loop {
            let length = recv(self.fd.as_raw_fd(), &mut packet, MsgFlags::MSG_DONTWAIT);
            match length {
                Ok(0) => return Ok(None),
                Ok(length) => {
                    packet.truncate(length);
                    return Ok(Some(Packet(packet)));
                }
                Err(Errno::ECONNRESET) => {}
                Err(error) => return Err(error),
            }
        }
    }

    /// From here on nothing more can be sent to it; what was sent before can still be read. To the helper
    /// that is a daemon that died, but for what it had read.
    pub(crate) fn stop_listening(&self) {
        shutdown(self.fd.as_raw_fd(), Shutdown::Read).unwrap();
    }

    pub(crate) fn next(&self) -> Packet {
        self.receive().expect("the helper ended the connection")
    }

    /// Nothing has come.
    pub(crate) fn assert_quiet(&self) {
        match self.try_receive() {
            Err(error) => assert_eq!(error, Errno::EAGAIN),
            Ok(None) => panic!("the helper ended the connection"),
            Ok(Some(packet)) => panic!("{:?}", packet.record()),
        }
    }

    pub(crate) fn expect_claimed(&self) -> Claimed {
        match self.next().record() {
            FromHelper::Claimed(claimed) => claimed,
            other => panic!("{other:?}"),
        }
    }

    pub(crate) fn expect_refused(&self, expected: Refusal) -> String {
        match self.next().record() {
            FromHelper::Refused { why, text } => {
                assert_eq!(why, expected, "{text}");
                text.to_owned()
            }
            other => panic!("{other:?}"),
        }
    }

    /// The peer opened or closed the other side.
    pub(crate) fn expect_ready(&self, ready: bool) {
        let circuits = Circuits {
            ready,
            ..Circuits::default()
        };
        assert_eq!(self.next().record(), FromHelper::Circuits(circuits));
    }

    pub(crate) fn expect_hangup(&self) {
        assert_eq!(self.next().record(), FromHelper::Hangup);
    }

    pub(crate) fn expect_line(&self, expected: &str) -> u32 {
        let packet = self.next();
        let line = expected.as_bytes();
        let too_long = false;
        assert_eq!(
            packet.record(),
            FromHelper::CommandLine { line, too_long },
            "{expected}"
        );
        packet.header().sequence
    }

    pub(crate) fn expect_end(&self) {
        if let Some(packet) = self.receive() {
            panic!("{:?}", packet.record());
        }
    }

    /// Data until there are `length` bytes of it.
    pub(crate) fn data(&self, length: usize) -> Vec<u8> {
        let mut data = Vec::with_capacity(length);
        while data.len() < length {
            match self.next().record() {
                FromHelper::Data { bytes, .. } => data.extend_from_slice(bytes),
                other => panic!("{other:?} after {} bytes", data.len()),
            }
        }
        data
    }

    /// All data that was sent before [`Client::stop_listening`].
    pub(crate) fn rest(&self) -> Vec<u8> {
        let mut rest = Vec::new();
        while let Some(packet) = self.receive() {
            match packet.record() {
                FromHelper::Data { bytes, .. } => rest.extend_from_slice(bytes),
                other => panic!("{other:?} after {} bytes", rest.len()),
            }
        }
        rest
    }
}

impl Drop for Client {
    /// A process that is being started at this moment may have inherited it: that must not keep it open.
    fn drop(&mut self) {
        let _ = shutdown(self.fd.as_raw_fd(), Shutdown::Both);
    }
}
