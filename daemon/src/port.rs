//! A port as a stream of records: the client of `hayes-ldisc`.
//!
//! One connection is one port. It is split into the half that reads and the half that writes, so that
//! one task can wait for either.

mod window;

#[cfg(test)]
mod tests;

use crate::service::{Error, ErrorKind, Fault, Result};
use hayes_ldisc::record::{
    Claim, Flags, FromHelper, Header, MAX_PACKET, MAX_PAYLOAD, Malformed, ToHelper,
};
use nix::errno::Errno;
use nix::sys::socket::{
    AddressFamily, MsgFlags, SockFlag, SockType, UnixAddr, connect, recv, send, socket,
};
use std::io;
use std::os::fd::{AsRawFd, OwnedFd};
use std::path::Path;
use std::sync::Arc;
use tokio::io::unix::AsyncFd;
use window::Window;

/// Records from the helper.
#[derive(Debug)]
pub struct Reader {
    socket: Arc<AsyncFd<OwnedFd>>,
    packet: Box<[u8]>,
    window: Arc<Window>,
}

/// Records to the helper.
#[derive(Debug)]
pub struct Writer {
    socket: Arc<AsyncFd<OwnedFd>>,
    /// Records are made here, in the same memory each time.
    packet: Vec<u8>,
    /// Of the record sent last.
    sequence: u32,
    window: Arc<Window>,
}

/// Connects to the helper at `socket` and asks it for a device. Its answer, [`FromHelper::Claimed`] or
/// [`FromHelper::Refused`], comes by the reader.
///
/// # Errors
/// [`ErrorKind::NoModem`] where no helper listens there.
pub async fn claim(socket_path: &Path, claim: &Claim<'_>) -> Result<(Reader, Writer)> {
    let no_helper = |error: Errno| {
        let text = format!("helper at {}: {error}", socket_path.display());
        Error::new(ErrorKind::NoModem, text).by(Fault::Us)
    };
    let flags = SockFlag::SOCK_CLOEXEC | SockFlag::SOCK_NONBLOCK;
    let fd = socket(AddressFamily::Unix, SockType::SeqPacket, flags, None).map_err(no_helper)?;
    let address = UnixAddr::new(socket_path).map_err(no_helper)?;
    connect(fd.as_raw_fd(), &address).map_err(no_helper)?;
    let (reader, mut writer) = over(fd)?;
    let flags = Flags::default();
    writer.send(flags, &ToHelper::Claim(claim.clone())).await?;
    Ok((reader, writer))
}

/// The two halves of a connection that is there already. It must be non-blocking.
///
/// # Errors
/// [`ErrorKind::Internal`] where the runtime cannot watch it.
///
/// # Panics
/// Outside a tokio runtime with I/O.
pub fn over(socket: OwnedFd) -> Result<(Reader, Writer)> {
    // SAFETY: an OwnedFd is one open descriptor, always the same, and nothing takes it out of there.
    let socket = unsafe { AsyncFd::register(socket) }
        .map_err(|error| Error::new(ErrorKind::Internal, format!("helper's socket: {error}")))?;
    let socket = Arc::new(socket);
    let window = Arc::new(Window::default());
    let reader = Reader {
        socket: Arc::clone(&socket),
        // One more than the largest, so that a larger one is seen.
        packet: vec![0; MAX_PACKET + 1].into(),
        window: Arc::clone(&window),
    };
    let writer = Writer {
        socket,
        packet: Vec::new(),
        sequence: 0,
        window,
    };
    Ok((reader, writer))
}

impl Reader {
    /// The next record. Dropped before it is ready, it has taken nothing. Answers that only keep
    /// [`Writer::write`] going are not shown.
    ///
    /// # Errors
    /// [`ErrorKind::NoModem`] where the helper ended the connection, [`ErrorKind::Protocol`] where it
    /// sent what is no record. Nothing more comes after an error.
    pub async fn next(&mut self) -> Result<(Header, FromHelper<'_>)> {
        let length = loop {
            // No answer comes any more to a writer that waits for one.
            let received = self.receive().await;
            let length = received.inspect_err(|_| self.window.close())?;
            if !self.is_for_window(length) {
                break length;
            }
        };
        FromHelper::decode(&self.packet[..length])
            .inspect_err(|_| self.window.close())
            .map_err(|error| nonsense(&error))
    }

    async fn receive(&mut self) -> Result<usize> {
        let packet = &mut self.packet[..];
        let length = self
            .socket
            .async_io(tokio::io::Interest::READABLE, |socket| {
                loop {
                    // A helper that closed with records of ours unread is told of first, what it had
                    // sent before comes after.
                    match recv(socket.as_raw_fd(), packet, MsgFlags::empty()) {
                        Err(Errno::EINTR | Errno::ECONNRESET) => {}
                        result => return result.map_err(io::Error::from),
                    }
                }
            })
            .await
            .map_err(|error| gone(&error.to_string()))?;
        match length {
            0 => Err(gone("it closed the connection")),
            length => Ok(length),
        }
    }

    fn is_for_window(&self, length: usize) -> bool {
        let Ok((_, FromHelper::Done { of, failed, .. })) =
            FromHelper::decode(&self.packet[..length])
        else {
            return false;
        };
        let ours = self.window.answered(of);
        ours && failed.is_none()
    }
}

impl Drop for Reader {
    /// Nobody reads the answers any more, so that a writer would wait for them for ever.
    fn drop(&mut self) {
        self.window.close();
    }
}

impl Writer {
    /// Sends one record and returns its sequence, which its [`FromHelper::Done`] names if it is flagged
    /// `ack`. A record that writes waits while too much is unanswered, so that the reader must be read
    /// meanwhile. Dropped before it is ready, nothing was sent.
    ///
    /// # Errors
    /// [`ErrorKind::NoModem`] where the helper is gone.
    pub async fn send(&mut self, flags: Flags, record: &ToHelper<'_>) -> Result<u32> {
        let mut flags = flags;
        let bytes = match record {
            ToHelper::Write(bytes) => bytes.len(),
            _ => 0,
        };
        let asked = flags.ack;
        if bytes > 0 {
            self.window.room(bytes).await?;
            flags.ack |= self.window.wants_answer(bytes);
        }
        // Past 0, which no record has.
        let sequence = self.sequence.checked_add(1).unwrap_or(1);
        record.encode(Header { sequence, flags }, &mut self.packet);
        self.transmit().await?;
        self.sequence = sequence;
        self.window.sent(sequence, bytes, flags.ack, asked);
        Ok(sequence)
    }

    /// Writes to the TTY, in as many records as it takes. `ack`, `result` and `prompt` are for the last of
    /// them, which is as long as can be: the prompt at the end of a long answer is not cut. Dropped before it is ready, some of it may have been sent.
    ///
    /// # Errors
    /// As [`Writer::send`].
    pub async fn write(&mut self, bytes: &[u8], flags: Flags) -> Result<()> {
        let mut pieces = bytes.rchunks(MAX_PAYLOAD).rev().peekable();
        while let Some(piece) = pieces.next() {
            let last = pieces.peek().is_none();
            let flags = Flags {
                ack: flags.ack && last,
                result: flags.result && last,
                prompt: flags.prompt && last,
                ..flags
            };
            self.send(flags, &ToHelper::Write(piece)).await?;
        }
        Ok(())
    }

    async fn transmit(&self) -> Result<()> {
        let packet = &self.packet[..];
        self.socket
            .async_io(tokio::io::Interest::WRITABLE, |socket| {
                loop {
                    match send(socket.as_raw_fd(), packet, MsgFlags::MSG_NOSIGNAL) {
                        Err(Errno::EINTR) => {}
                        result => return result.map(drop).map_err(io::Error::from),
                    }
                }
            })
            .await
            .map_err(|error| gone(&error.to_string()))
    }
}

fn gone(why: &str) -> Error {
    Error::new(ErrorKind::NoModem, format!("helper is gone: {why}")).by(Fault::Us)
}

fn nonsense(error: &Malformed) -> Error {
    Error::new(
        ErrorKind::Protocol,
        format!("helper sent no record: {error}"),
    )
    .by(Fault::Us)
}
