//! The content on its way: pieces of the spool file, made transparent.

use super::connection::Connection;
use super::failure::{self, Step};
use crate::disk::Disk;
use crate::service::{Content, Error, ErrorKind, Progress, Result};
use std::fs::File;
use std::io::{self, Read};

/// What is read, sent and waited for at a time.
const PIECE: usize = 32 * 1024;

/// Transparency (RFC 5321 section 4.5.2): a dot at the start of a line is doubled. No I/O.
#[derive(Debug)]
pub(super) struct Stuffing {
    /// The last two bytes, as if CR LF came before the first.
    before: [u8; 2],
}

impl Default for Stuffing {
    fn default() -> Self {
        Self { before: *b"\r\n" }
    }
}

impl Stuffing {
    /// Appends the bytes, made transparent.
    pub(super) fn stuff(&mut self, bytes: &[u8], out: &mut Vec<u8>) {
        let mut from = 0;
        for at in memchr::memchr_iter(b'.', bytes) {
            let before = match at {
                0 => self.before,
                1 => [self.before[1], bytes[0]],
                _ => [bytes[at - 2], bytes[at - 1]],
            };
            if before == *b"\r\n" {
                out.extend_from_slice(&bytes[from..at]);
                out.push(b'.');
                from = at;
            }
        }
        out.extend_from_slice(&bytes[from..]);
        match bytes {
            [] => {}
            [one] => self.before = [self.before[1], *one],
            [.., a, b] => self.before = [*a, *b],
        }
    }
}

/// Sends the content but for its last CR LF, which the end brings. What comes back failed before the end
/// was sent, so the server has taken nothing.
pub(super) async fn send(
    connection: &Connection,
    message: &Content,
    disk: &Disk,
    progress: &dyn Progress,
) -> Result<()> {
    let path = message.path.clone();
    let mut file = disk
        .run(move || File::open(path))
        .await?
        .map_err(|error| unreadable(&error))?;
    let mut piece = Vec::with_capacity(PIECE);
    let mut out = Vec::with_capacity(PIECE + PIECE / 64);
    let mut stuffing = Stuffing::default();
    // CR LF at the end of a piece waits until it is known whether it is the last.
    let mut held: &[u8] = b"";
    let mut done = 0;
    loop {
        let read;
        (file, piece, read) = disk
            .run(move || {
                piece.clear();
                let read = file.by_ref().take(PIECE as u64).read_to_end(&mut piece);
                (file, piece, read)
            })
            .await?;
        if read.map_err(|error| unreadable(&error))? == 0 {
            break;
        }
        done += piece.len() as u64;
        if done > message.size {
            break;
        }
        out.clear();
        stuffing.stuff(held, &mut out);
        let (now, later) = match piece.as_slice() {
            [now @ .., b'\r', b'\n'] => (now, &b"\r\n"[..]),
            [now @ .., b'\r'] => (now, &b"\r"[..]),
            now => (now, &b""[..]),
        };
        // A CR that was held and an LF that comes now are a line's end again.
        stuffing.stuff(now, &mut out);
        held = later;
        write(connection, &out).await?;
        progress.bytes(done, message.size);
    }
    if done != message.size {
        return Err(Error::new(
            ErrorKind::Internal,
            "the message in the spool changed its size",
        ));
    }
    if held == b"\r" {
        write(connection, b"\r").await?;
    }
    Ok(())
}

async fn write(connection: &Connection, bytes: &[u8]) -> Result<()> {
    connection.wire.allow(connection.timeouts.piece);
    match connection.wire.write(bytes).await {
        Ok(()) => Ok(()),
        Err(error) => {
            let error = failure::from_io(&error);
            Err(connection.last_words(error, Step::Message).await)
        }
    }
}

fn unreadable(error: &io::Error) -> Error {
    Error::new(
        ErrorKind::Internal,
        format!("the message in the spool can't be read: {error}"),
    )
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn stuffed<'a>(pieces: impl IntoIterator<Item = &'a [u8]>) -> Vec<u8> {
        let mut stuffing = Stuffing::default();
        let mut out = Vec::new();
        for piece in pieces {
            stuffing.stuff(piece, &mut out);
        }
        out
    }

    #[test]
    fn dots_at_line_starts_are_doubled() {
        assert_eq!(
            stuffed([&b".\r\n..\r\na.b\r\n.\r\r\n.\n."[..]]),
            b"..\r\n...\r\na.b\r\n..\r\r\n..\n."
        );
    }

    proptest! {
        #[test]
        fn any_cut_gives_the_same(text in "[.\r\na]{0,40}", cut in 0_usize..40, more in 0_usize..40) {
            let bytes = text.as_bytes();
            let a = cut.min(bytes.len());
            let b = (a + more).min(bytes.len());
            prop_assert_eq!(
                stuffed([bytes]),
                stuffed([&bytes[..a], &bytes[a..b], &bytes[b..]])
            );
            prop_assert_eq!(stuffed([bytes]), stuffed(bytes.chunks(1)));
        }
    }
}
