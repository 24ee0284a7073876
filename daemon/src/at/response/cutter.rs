//! Bytes to pieces: lines, prompts, counted raw data.

use super::block::Block;
use memchr::memchr2;

/// The longest line that is kept, in bytes; what a module says is far shorter, except for texts that
/// are not framed at all. The rest of a longer line is dropped.
pub const MAX_LINE: usize = 4096;

/// Ends stuffed data.
const CTRL_Z: u8 = 0x1a;

/// What was cut from the stream.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Piece<'a> {
    /// A line without its end, never empty.
    Line(&'a [u8]),
    /// The first [`MAX_LINE`] bytes of a longer line: no result, no answer, only noise.
    Overlong(&'a [u8]),
    /// The prompt that was asked for; it has no line end.
    Prompt,
    /// Some of the raw bytes that [`Cutter::expect_raw`] announced.
    Raw(&'a [u8]),
}

/// Cuts a module's bytes. Any split of its input gives the same pieces (raw data: the same
/// concatenation).
///
/// Any run of CR and LF separates lines, since firmwares merge the pairs around two lines, and with
/// `ATV0` a result ends with CR alone (V.250 section 5.7.1).
#[derive(Debug, Default)]
pub struct Cutter {
    line: Vec<u8>,
    /// `line` was handed out and is dropped at the next call.
    spent: bool,
    overlong: bool,
    /// The last byte taken was the CR that ended a line: one LF still belongs to it.
    after_cr: bool,
    /// A prompt was cut: more `>` and blanks belong to it.
    after_prompt: bool,
    raw: u64,
    /// The raw bytes are a block that may be stuffed.
    block: Option<Block>,
    /// A block was cut: one Ctrl-Z may end it.
    after_block: bool,
    /// A block was cut, and the CR of a line must follow.
    wants_end: bool,
    torn: bool,
}

impl Cutter {
    /// The next `count` bytes are raw, after the LF that may still belong to the line before.
    pub fn expect_raw(&mut self, count: u64) {
        self.raw = count;
        self.block = None;
    }

    /// The same for a block of a stream, `+NAME: DATA,n`, which some firmware may stuff (see [`Block`]).
    pub fn expect_block(&mut self, count: u64) {
        match Block::new(count) {
            Some(block) => self.block = Some(block),
            None => self.expect_raw(count),
        }
    }

    /// Raw bytes that are still to come.
    pub fn raw_left(&self) -> u64 {
        self.raw
    }

    /// Whether a block was followed by something else than a line: bytes of it were lost on the way, and others were
    /// taken for them. Told once.
    pub fn take_torn(&mut self) -> bool {
        core::mem::take(&mut self.torn)
    }

    /// Bytes of a line that has begun and not ended.
    pub fn partial(&self) -> usize {
        if self.spent { 0 } else { self.line.len() }
    }

    /// Forgets half a line and raw bytes still to come. Returns how many bytes of a line were dropped.
    pub fn reset(&mut self) -> usize {
        let dropped = self.partial();
        *self = Self::default();
        dropped
    }

    /// Cuts the next piece from the front of `input`; `None` when all of it is taken and no piece is
    /// complete. `prompt` is what the command in flight waits for, at the start of a line.
    pub fn next<'p, 'i: 'p>(
        &'p mut self,
        input: &mut &'i [u8],
        prompt: Option<&[u8]>,
    ) -> Option<Piece<'p>> {
        if self.spent {
            self.line.clear();
            self.spent = false;
            self.overlong = false;
        }
        self.skip(input);
        if let Some(block) = self.block.take_if(|block| block.is_over()) {
            if block.took_next() {
                self.keep(b"+");
            } else {
                self.after_block = true;
                self.wants_end = !block.took_end();
                self.skip(input);
            }
        }
        if self.block.is_some() {
            let block = self.block.as_mut();
            return block.and_then(|block| block.take(input)).map(Piece::Raw);
        }
        if self.raw > 0 {
            return self.take_raw(input);
        }
        match prompt {
            Some(prompt) => self.take_by_byte(input, prompt),
            None => self.take_line(input),
        }
    }

    /// Takes what belongs to the piece before.
    fn skip(&mut self, input: &mut &[u8]) {
        if self.after_cr
            && let Some((&first, rest)) = input.split_first()
        {
            self.after_cr = false;
            if first == b'\n' {
                *input = rest;
            }
        }
        if self.after_block
            && let Some((&first, rest)) = input.split_first()
        {
            self.after_block = false;
            if first == CTRL_Z {
                *input = rest;
            }
        }
        if self.wants_end
            && let Some(first) = input.first()
        {
            self.wants_end = false;
            self.torn |= *first != b'\r';
        }
        while self.after_prompt
            && let Some((&first, rest)) = input.split_first()
        {
            if first == b'>' || first == b' ' {
                *input = rest;
            } else {
                self.after_prompt = false;
            }
        }
    }

    fn take_raw<'i>(&mut self, input: &mut &'i [u8]) -> Option<Piece<'i>> {
        if input.is_empty() {
            return None;
        }
        let count = usize::try_from(self.raw).map_or(input.len(), |raw| raw.min(input.len()));
        let (raw, rest) = input.split_at(count);
        *input = rest;
        self.raw -= count as u64;
        Some(Piece::Raw(raw))
    }

    fn take_line(&mut self, input: &mut &[u8]) -> Option<Piece<'_>> {
        loop {
            let Some(end) = memchr2(b'\r', b'\n', input) else {
                self.keep(input);
                *input = &[];
                return None;
            };
            let (text, rest) = input.split_at(end);
            self.keep(text);
            *input = rest;
            if self.end(input) {
                return Some(self.hand_out());
            }
        }
    }

    /// As [`Self::take_line`], byte by byte, since a prompt has no end but itself.
    fn take_by_byte(&mut self, input: &mut &[u8], prompt: &[u8]) -> Option<Piece<'_>> {
        while let Some((&first, rest)) = input.split_first() {
            if first == b'\r' || first == b'\n' {
                if self.end(input) {
                    return Some(self.hand_out());
                }
                continue;
            }
            *input = rest;
            self.keep(&[first]);
            if self.line == prompt {
                self.line.clear();
                self.after_prompt = true;
                return Some(Piece::Prompt);
            }
        }
        None
    }

    fn keep(&mut self, text: &[u8]) {
        let room = MAX_LINE - self.line.len();
        if text.len() > room {
            self.overlong = true;
        }
        self.line.extend(text.iter().take(room));
    }

    /// Takes one CR or LF from the front of `input`. Whether it ended a line.
    fn end(&mut self, input: &mut &[u8]) -> bool {
        let Some((&first, rest)) = input.split_first() else {
            return false;
        };
        *input = rest;
        let ended = !self.line.is_empty();
        if ended {
            self.after_cr = first == b'\r';
        }
        ended
    }

    fn hand_out(&mut self) -> Piece<'_> {
        self.spent = true;
        if self.overlong {
            Piece::Overlong(&self.line)
        } else {
            Piece::Line(&self.line)
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[derive(Clone, Debug, PartialEq, Eq)]
    enum Owned {
        Line(Vec<u8>),
        Overlong,
        Prompt,
        Raw(Vec<u8>),
    }

    /// Cuts pieces; after a line `RAW n` the next n bytes are raw.
    fn cut(parts: &[&[u8]], prompt: Option<&[u8]>) -> Vec<Owned> {
        let mut cutter = Cutter::default();
        let mut out: Vec<Owned> = Vec::new();
        for part in parts {
            let mut input = *part;
            let mut raw = None;
            loop {
                if let Some(count) = raw.take() {
                    cutter.expect_raw(count);
                }
                match cutter.next(&mut input, prompt) {
                    None => break,
                    Some(Piece::Line(line)) => {
                        raw = line
                            .strip_prefix(b"RAW ")
                            .and_then(|n| std::str::from_utf8(n).ok()?.parse().ok());
                        out.push(Owned::Line(line.to_vec()));
                    }
                    Some(Piece::Overlong(_)) => out.push(Owned::Overlong),
                    Some(Piece::Prompt) => out.push(Owned::Prompt),
                    Some(Piece::Raw(bytes)) => match out.last_mut() {
                        Some(Owned::Raw(so_far)) => so_far.extend(bytes),
                        _ => out.push(Owned::Raw(bytes.to_vec())),
                    },
                }
            }
        }
        out
    }

    fn line(text: &str) -> Owned {
        Owned::Line(text.as_bytes().to_vec())
    }

    #[test]
    fn any_run_of_cr_and_lf_separates() {
        let cutting = cut(&[b"\r\n\r\nA\r\n\r\nB\nC\rD\r\r\n"], None);
        assert_eq!(cutting, [line("A"), line("B"), line("C"), line("D")]);
    }

    #[test]
    fn raw_begins_after_the_lf_of_its_line() {
        let cutting = cut(&[b"\r\nRAW 4\r\n\nOK\r\r\nOK\r\n"], None);
        assert_eq!(
            cutting,
            [line("RAW 4"), Owned::Raw(b"\nOK\r".to_vec()), line("OK")]
        );
    }

    #[test]
    fn a_prompt_needs_no_line_end_and_takes_its_blank() {
        let cutting = cut(&[b"\r\n>> \r\nOK\r\n"], Some(b">"));
        assert_eq!(cutting, [Owned::Prompt, line("OK")]);
        let cutting = cut(&[b"\r\n>> x\r\n"], Some(b">>"));
        assert_eq!(cutting, [Owned::Prompt, line("x")]);
    }

    #[test]
    fn a_prompt_stands_at_the_start_of_a_line() {
        let cutting = cut(&[b"a> b\r\n"], Some(b">"));
        assert_eq!(cutting, [line("a> b")]);
    }

    #[test]
    fn a_line_without_end_is_bounded() {
        let mut cutter = Cutter::default();
        let flood = vec![b'x'; 3 * MAX_LINE];
        let mut input = &flood[..];
        assert_eq!(cutter.next(&mut input, None), None);
        assert_eq!(cutter.partial(), MAX_LINE);
        assert_eq!(
            cut(&[&flood, b"\r\nOK\r\n"], None),
            [Owned::Overlong, line("OK")]
        );
    }

    proptest! {
        #[test]
        fn any_split_gives_the_same_pieces(
            text in proptest::collection::vec(
                prop_oneof![
                    Just(b"\r\n".to_vec()), Just(b"\r".to_vec()), Just(b"\n".to_vec()),
                    Just(b"OK".to_vec()), Just(b"> ".to_vec()), Just(b">".to_vec()),
                    Just(b"\r\nRAW 3\r\n".to_vec()), proptest::collection::vec(any::<u8>(), 0..6),
                ], 0..20),
            cuts in proptest::collection::vec(any::<prop::sample::Index>(), 0..8),
            prompt in prop_oneof![Just(None), Just(Some(&b">"[..])), Just(Some(&b">>"[..]))],
        ) {
            let whole = text.concat();
            let mut at: Vec<usize> = cuts.iter().map(|cut| cut.index(whole.len() + 1)).collect();
            at.sort_unstable();
            let mut parts = Vec::new();
            let mut from = 0;
            for cut in at {
                parts.push(&whole[from..cut]);
                from = cut;
            }
            parts.push(&whole[from..]);
            prop_assert_eq!(cut(&parts, prompt), cut(&[&whole], prompt));
        }
    }
}
