//! Commands out, answers in: what POP3 and FTP have in common.
//!
//! [`Exchange`] does no I/O: bytes that came go in, answers and bytes to be sent come out, and what was asked
//! and not yet answered is counted, so that several commands can be on their way (RFC 2449 section 6.6).
//! [`Channel`] moves its bytes over a [`super::stream::Stream`]. How an answer looks is each protocol's own
//! affair ([`Answers`]), and so is what follows one that is not an answer itself: content.

mod channel;

pub(super) use channel::Channel;

use crate::service::{Error, ErrorKind, Result};
use std::fmt::Debug;
use zeroize::Zeroize;

/// How one protocol's answers are cut out of what comes. It limits how long one may be.
pub(super) trait Answers {
    /// One whole answer.
    type Answer;

    /// Takes bytes up to the end of one answer. Gives how many it took, and the answer if that is whole.
    /// Protocol for what is no answer, or has no end.
    fn take(&mut self, bytes: &[u8]) -> Result<(usize, Option<Self::Answer>)>;

    /// Nothing of an answer has come yet.
    fn is_empty(&self) -> bool;
}

/// For the fuzzers: any bytes, cut anywhere, give the same answers and the same error, if any. Gives the answers.
pub(super) fn cut_anywhere<A>(bytes: &[u8]) -> Vec<A::Answer>
where
    A: Answers + Default,
    A::Answer: PartialEq + Debug,
{
    let cut = |step: usize| {
        let mut answers = A::default();
        let mut all = Vec::new();
        for mut rest in bytes.chunks(step.max(1)) {
            while !rest.is_empty() {
                match answers.take(rest) {
                    Ok((taken, answer)) => {
                        rest = rest.get(taken..).unwrap_or_default();
                        all.extend(answer);
                    }
                    Err(error) => return (all, Some(error.kind)),
                }
            }
        }
        (all, None)
    };
    let whole = cut(bytes.len());
    for step in [1, 3, 7] {
        assert_eq!(whole, cut(step));
    }
    whole.0
}

/// One side of a conversation: ours.
pub(super) struct Exchange<A> {
    answers: A,
    /// What came; up to `used` it was taken.
    input: Vec<u8>,
    used: usize,
    /// What is to be sent; up to `gone` it was.
    output: Vec<u8>,
    gone: usize,
    owed: usize,
    piece: usize,
}

impl<A: Answers> Exchange<A> {
    /// A conversation that begins with the peer's greeting; so many bytes are read at a time.
    pub(super) fn new(answers: A, piece: usize) -> Self {
        Self {
            answers,
            input: Vec::new(),
            used: 0,
            output: Vec::new(),
            gone: 0,
            owed: 1,
            piece,
        }
    }

    /// Queues a command: this line and CR LF. InvalidArgument for one that would be two.
    pub(super) fn ask(&mut self, line: &str) -> Result<()> {
        if line.bytes().any(|byte| matches!(byte, b'\r' | b'\n' | 0)) {
            // Not told which: it may be a secret.
            return Err(Error::new(
                ErrorKind::InvalidArgument,
                "a line end or NUL can't be part of a command",
            ));
        }
        self.output.extend_from_slice(line.as_bytes());
        self.output.extend_from_slice(b"\r\n");
        self.owed += 1;
        Ok(())
    }

    /// Another answer will come although nothing was asked (after a preliminary one, RFC 959 section 4.2).
    pub(super) fn expect_another(&mut self) {
        self.owed += 1;
    }

    /// No more answers are to come: it was found out by other means than counting.
    pub(super) fn settle(&mut self) {
        self.owed = 0;
    }

    /// How many answers are to come.
    pub(super) fn owed(&self) -> usize {
        self.owed
    }

    /// Bytes to be sent next; empty: none.
    pub(super) fn outgoing(&self) -> &[u8] {
        self.output.get(self.gone..).unwrap_or_default()
    }

    /// So many of them were.
    pub(super) fn sent(&mut self, count: usize) {
        self.gone += count;
        if self.outgoing().is_empty() {
            // It may have held a password.
            self.output.zeroize();
            self.gone = 0;
        }
    }

    /// Where bytes that come are put behind those that are there: it has room for more.
    pub(super) fn room(&mut self) -> &mut Vec<u8> {
        if self.used > 0 {
            self.input.drain(..self.used);
            self.used = 0;
        }
        // Content may be left here that can't be judged yet; it is shorter than a piece.
        let wanted = self.piece.max(self.input.len() + 1);
        self.input.reserve_exact(wanted - self.input.len());
        &mut self.input
    }

    /// The next answer, if it is whole.
    pub(super) fn answer(&mut self) -> Result<Option<A::Answer>> {
        let unused = self.input.get(self.used..).unwrap_or_default();
        if unused.is_empty() {
            return Ok(None);
        }
        let (taken, answer) = self.answers.take(unused)?;
        self.used += taken;
        if answer.is_some() {
            self.owed = self.owed.saturating_sub(1);
        }
        Ok(answer)
    }

    /// The peer has spoken although nobody asked.
    pub(super) fn has_unasked(&self) -> bool {
        self.owed == 0 && self.has_more()
    }

    /// Something came that was not taken.
    pub(super) fn has_more(&self) -> bool {
        self.used < self.input.len() || !self.answers.is_empty()
    }

    /// What came and was not taken: content, after an answer that says so. It may be changed in place.
    pub(super) fn content(&mut self) -> &mut [u8] {
        self.input.get_mut(self.used..).unwrap_or_default()
    }

    /// Takes so many bytes of it.
    pub(super) fn skip(&mut self, count: usize) {
        self.used = self.input.len().min(self.used + count);
    }

    /// Takes `taken` bytes of it and gives the first `kept` of them in `into`, whose content is over. Buffers
    /// change places where that is less work than copying.
    pub(super) fn hand_over(&mut self, kept: usize, taken: usize, into: &mut Vec<u8>) {
        into.clear();
        let end = self.input.len().min(self.used + taken);
        let kept = kept.min(end - self.used);
        if self.used == 0 && self.input.len() - end < kept {
            into.extend_from_slice(self.input.get(end..).unwrap_or_default());
            self.input.truncate(kept);
            std::mem::swap(&mut self.input, into);
        } else {
            into.extend_from_slice(
                self.input
                    .get(self.used..self.used + kept)
                    .unwrap_or_default(),
            );
            self.used = end;
        }
    }
}

impl<A> Drop for Exchange<A> {
    fn drop(&mut self) {
        self.output.zeroize();
    }
}

#[cfg(test)]
mod tests {
    use super::super::replies::Replies;
    use super::*;

    fn exchange() -> Exchange<Replies> {
        Exchange::new(Replies::default(), 16)
    }

    #[test]
    fn answers_settle_what_was_asked() {
        let mut exchange = exchange();
        assert_eq!(exchange.owed(), 1);
        exchange.room().extend_from_slice(b"220 hi\r\n22");
        assert_eq!(exchange.answer().unwrap().unwrap().code, 220);
        assert!(exchange.has_unasked() && exchange.owed() == 0);
        exchange.ask("A").unwrap();
        exchange.ask("B").unwrap();
        assert_eq!(exchange.outgoing(), b"A\r\nB\r\n");
        exchange.sent(4);
        assert_eq!(exchange.outgoing(), b"\r\n");
        exchange.sent(2);
        assert!(exchange.outgoing().is_empty());
        assert!(exchange.answer().unwrap().is_none());
        exchange.room().extend_from_slice(b"1 a\r\n");
        assert_eq!(exchange.answer().unwrap().unwrap().code, 221);
        exchange.expect_another();
        assert_eq!(exchange.owed(), 2);
        assert!(exchange.answer().unwrap().is_none() && !exchange.has_more());
    }

    #[test]
    fn one_command_stays_one() {
        for line in ["USER a\r\nDELE 1", "USER a\nb", "USER a\0", "\r"] {
            let mut exchange = exchange();
            let error = exchange.ask(line).unwrap_err();
            assert_eq!(error.kind, ErrorKind::InvalidArgument);
            assert!(exchange.outgoing().is_empty() && exchange.owed() == 1);
        }
    }

    #[test]
    fn there_is_always_room() {
        let mut exchange = exchange();
        for _ in 0..100 {
            let room = exchange.room();
            assert!(room.capacity() > room.len());
            room.push(b'x');
        }
        exchange.skip(99);
        let room = exchange.room();
        assert_eq!(room, b"x");
        assert!(room.capacity() - room.len() >= 15);
    }

    #[test]
    fn content_is_handed_over_whole() {
        // (what is there, used before, kept, taken)
        for (bytes, used, kept, taken) in [
            (&b"contentrest"[..], 0, 7, 7),
            (b"contentXrest", 0, 7, 8),
            (b"content", 0, 7, 7),
            (b"c-and-a-long-rest", 0, 1, 1),
            (b"usedcontentrest", 4, 7, 7),
            (b"rest", 0, 0, 0),
        ] {
            let mut exchange = exchange();
            exchange.room().extend_from_slice(bytes);
            exchange.skip(used);
            let mut into = b"old".to_vec();
            exchange.hand_over(kept, taken, &mut into);
            assert_eq!(into, &bytes[used..used + kept]);
            assert_eq!(exchange.content(), &bytes[used + taken..]);
        }
    }

    #[test]
    fn a_full_buffer_is_not_copied() {
        let mut exchange = exchange();
        exchange.room().extend_from_slice(&[b'x'; 16]);
        let place = exchange.content().as_ptr();
        let mut into = Vec::new();
        exchange.hand_over(15, 16, &mut into);
        assert_eq!((into.as_ptr(), into.len()), (place, 15));
    }
}
