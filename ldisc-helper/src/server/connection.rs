//! One connection to a daemon: records in, records out, none lost and none waited for.

use super::outbox::Outbox;
use crate::record::{Flags, FromHelper, Header};
use nix::errno::Errno;
use nix::sys::socket::{MsgFlags, sendmsg};
use std::io::IoSlice;
use std::os::fd::{AsFd, AsRawFd, BorrowedFd, OwnedFd};

/// What a packet that was received turned out to be.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Received {
    /// So many bytes.
    Packet(usize),
    /// More than the largest record.
    TooLong,
    /// None now.
    Nothing,
    /// None any more.
    Closed,
}

/// A connection.
#[derive(Debug)]
pub(super) struct Connection {
    fd: OwnedFd,
    /// What the socket did not take. What it did take, and the daemon died without reading, is lost: the
    /// kernel drops it and does not tell how much it was, and sent again it might come twice.
    outbox: Outbox,
    /// Records are made here, in the same memory each time.
    packet: Vec<u8>,
    /// The daemon does not hear us any more; what it sent may still wait to be read. The outbox is for the
    /// next one to hear.
    deaf: bool,
    /// It only waits for what is left to be taken.
    pub(super) leaves: bool,
    /// It lets its answers pile up beyond all measure.
    pub(super) overflowed: bool,
}

impl Connection {
    pub(super) fn new(fd: OwnedFd) -> Self {
        Self {
            fd,
            outbox: Outbox::default(),
            packet: Vec::new(),
            deaf: false,
            leaves: false,
            overflowed: false,
        }
    }

    /// Takes the next packet. `into` must have room for a byte more than the largest record.
    pub(super) fn receive(&self, into: &mut [u8]) -> Received {
        loop {
            // MSG_TRUNC: the packet's real length, whatever the room.
            let taken = nix::sys::socket::recv(self.fd.as_raw_fd(), into, MsgFlags::MSG_TRUNC);
            return match taken {
                // An empty packet, too, is none of ours.
                Ok(0) => Received::Closed,
                Ok(n) if n >= into.len() => Received::TooLong,
                Ok(n) => Received::Packet(n),
                Err(Errno::EAGAIN) => Received::Nothing,
                // A peer that closed with records of ours unread is told first, what it had sent
                // before comes after.
                Err(Errno::EINTR | Errno::ECONNRESET) => continue,
                Err(_) => Received::Closed,
            };
        }
    }

    /// Whether the daemon is still there; what it sends is of no interest.
    pub(super) fn is_connected(&self, room: &mut [u8]) -> bool {
        loop {
            match self.receive(room) {
                Received::Nothing => return true,
                Received::Closed => return false,
                Received::Packet(_) | Received::TooLong => {}
            }
        }
    }

    /// Sends a record, at once or as soon as the daemon makes room.
    pub(super) fn send(&mut self, sequence: u32, record: &FromHelper<'_>) {
        let header = Header {
            sequence,
            flags: Flags::default(),
        };
        if let FromHelper::Data { at, bytes } = record {
            let head = FromHelper::data_head(header, *at);
            self.send_parts([&head, bytes]);
        } else {
            let mut packet = std::mem::take(&mut self.packet);
            record.encode(header, &mut packet);
            self.send_parts([&packet, &[]]);
            self.packet = packet;
        }
    }

    fn send_parts(&mut self, parts: [&[u8]; 2]) {
        if self.outbox.is_empty() && self.try_send(parts) {
            return;
        }
        self.overflowed |= !self.outbox.push(parts);
    }

    /// Sends what waited. Whether there is nothing left to send, or nobody to send it to.
    pub(super) fn flush(&mut self) -> bool {
        let mut outbox = std::mem::take(&mut self.outbox);
        while let Some(packet) = outbox.front() {
            if !self.try_send([packet, &[]]) {
                break;
            }
            outbox.pop();
        }
        self.outbox = outbox;
        !self.has_unsent()
    }

    /// Whether it is sent; `false` means that the socket is full, or that nobody hears.
    fn try_send(&mut self, parts: [&[u8]; 2]) -> bool {
        if self.deaf {
            return false;
        }
        let parts = parts.map(IoSlice::new);
        let flags = MsgFlags::MSG_NOSIGNAL | MsgFlags::MSG_DONTWAIT;
        loop {
            return match sendmsg::<()>(self.fd.as_raw_fd(), &parts, &[], flags, None) {
                Ok(_) => true,
                Err(Errno::EINTR) => continue,
                Err(Errno::EAGAIN | Errno::ENOBUFS) => false,
                Err(_) => {
                    self.deaf = true;
                    false
                }
            };
        }
    }

    /// Whether records wait for this daemon or the next one. The port is not read meanwhile.
    pub(super) fn is_full(&self) -> bool {
        !self.outbox.is_empty()
    }

    /// Whether records wait for the daemon to make room.
    pub(super) fn has_unsent(&self) -> bool {
        self.is_full() && !self.deaf
    }

    /// Whether nothing can be sent to it any more. What it sent is still to be read, and then it is gone.
    pub(super) fn is_deaf(&self) -> bool {
        self.deaf
    }

    /// What it was never sent, in order.
    pub(super) fn unsent(mut self, mut take: impl FnMut(&FromHelper<'_>)) {
        while let Some(packet) = self.outbox.front() {
            if let Ok((_, record)) = FromHelper::decode(packet) {
                take(&record);
            }
            self.outbox.pop();
        }
    }
}

impl AsFd for Connection {
    fn as_fd(&self) -> BorrowedFd<'_> {
        self.fd.as_fd()
    }
}
