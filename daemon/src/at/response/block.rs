//! One block of counted bytes, which a module may have stuffed although its manual says no such thing.
//!
//! Where ETX leads (0x03 0x03 is 0x03, 0x03 0x1A is Ctrl-Z), a stuffed block has more bytes on the line than its
//! count says. What comes behind the counted bytes tells which it was: a line end and the next name where they were
//! the bytes themselves, more of the block where they were stuffed. Until that is seen, nothing from the first ETX on is
//! given away; a block without one is the same either way.

use memchr::memchr;

const ETX: u8 = 0x03;
const CTRL_Z: u8 = 0x1a;

/// How the line behind a block begins.
const NEXT: &[u8] = b"\r\n+";

/// Larger blocks are taken as they are: none was seen beyond 1460 bytes.
const LARGEST: u64 = 16 << 10;

/// A block.
#[derive(Debug)]
pub(super) struct Block {
    /// Bytes still to come, as they are counted.
    left: usize,
    /// From the first ETX on, as they came.
    held: Vec<u8>,
    /// So many bytes of [`NEXT`] were seen behind it.
    next: usize,
    /// What was held is told now, as it is or unstuffed.
    told: bool,
    /// It is stuffed: so many bytes are still to be unstuffed from the input.
    missing: usize,
    /// An ETX waits for what it leads.
    leads: bool,
}

impl Block {
    /// A block of so many bytes; `None` for one that is too large to be held, or empty.
    pub(super) fn new(count: u64) -> Option<Self> {
        (1..=LARGEST).contains(&count).then(|| Self {
            left: usize::try_from(count).unwrap_or_default(),
            held: Vec::new(),
            next: 0,
            told: false,
            missing: 0,
            leads: false,
        })
    }

    /// Whether all of it was given.
    pub(super) fn is_over(&self) -> bool {
        self.left == 0 && (self.told || self.held.is_empty())
    }

    /// Whether the next line's first byte, which is `+`, was taken as well.
    pub(super) fn took_next(&self) -> bool {
        self.next == NEXT.len()
    }

    /// The next bytes of it, from the front of `input`; `None` when more input is needed.
    pub(super) fn take<'p, 'i: 'p>(&'p mut self, input: &mut &'i [u8]) -> Option<&'p [u8]> {
        if self.left > 0 {
            let (raw, rest) = input.split_at(self.left.min(input.len()));
            if self.held.is_empty() {
                let plain = memchr(ETX, raw).unwrap_or(raw.len());
                if plain > 0 {
                    let (plain, rest) = input.split_at(plain);
                    *input = rest;
                    self.left -= plain.len();
                    return Some(plain);
                }
            }
            self.held.extend_from_slice(raw);
            self.left -= raw.len();
            *input = rest;
            if self.left > 0 {
                return None;
            }
        }
        while self.missing == 0 {
            let (&byte, rest) = input.split_first()?;
            if NEXT.get(self.next) == Some(&byte) {
                *input = rest;
                self.next += 1;
            } else if byte != CTRL_Z || self.next > 0 || self.ends_leading() {
                if !self.may_be_stuffed() {
                    // As they are, and something else than this name's next line behind them.
                    self.told = true;
                    return Some(&self.held);
                }
                self.judge_stuffed();
                continue;
            }
            // A lone Ctrl-Z ends some blocks; the cutter drops it.
            if self.took_next() || byte == CTRL_Z {
                self.told = true;
                return Some(&self.held);
            }
        }
        while self.missing > 0 {
            let (&byte, rest) = input.split_first()?;
            *input = rest;
            self.unstuff(byte);
        }
        self.told = true;
        Some(&self.held)
    }

    /// Whether some of a line's end behind it was taken.
    pub(super) fn took_end(&self) -> bool {
        self.next > 0
    }

    /// Whether what is held, with what was seen behind it, can be the beginning of stuffed bytes.
    fn may_be_stuffed(&self) -> bool {
        let mut leads = false;
        let seen = NEXT.iter().take(self.next);
        for &byte in self.held.iter().chain(seen) {
            match byte {
                ETX => leads = !leads,
                CTRL_Z if leads => leads = false,
                CTRL_Z => return false,
                _ if leads => return false,
                _ => {}
            }
        }
        true
    }

    /// Whether what is held ends in an ETX that leads, if it is stuffed.
    fn ends_leading(&self) -> bool {
        let lead = |leads: bool, byte: &u8| !leads && *byte == ETX;
        self.held.iter().fold(false, lead)
    }

    /// More bytes follow than were counted.
    fn judge_stuffed(&mut self) {
        let stuffed = std::mem::take(&mut self.held);
        self.missing = stuffed.len();
        let seen = std::mem::take(&mut self.next);
        for &byte in stuffed.iter().chain(NEXT.iter().take(seen)) {
            self.unstuff(byte);
        }
    }

    /// What is led by something else than it can be stands for itself, ETX and all.
    fn unstuff(&mut self, byte: u8) {
        if std::mem::take(&mut self.leads) {
            if !matches!(byte, ETX | CTRL_Z) {
                self.held.push(ETX);
                self.missing = self.missing.saturating_sub(1);
            }
        } else if byte == ETX {
            self.leads = true;
            return;
        }
        self.held.push(byte);
        self.missing = self.missing.saturating_sub(1);
    }
}

#[cfg(test)]
mod tests {
    use crate::at::response::{Announce, Cutter, Piece};
    use proptest::prelude::*;

    const DATA: Announce = Announce {
        name: "+GET",
        keyword: "DATA",
    };

    /// Lines and raw bytes of these parts.
    fn cut<'a>(parts: impl IntoIterator<Item = &'a [u8]>) -> (Vec<u8>, Vec<String>) {
        let (mut cutter, mut raw, mut lines) = (Cutter::default(), Vec::new(), Vec::new());
        for mut input in parts {
            loop {
                let count = match cutter.next(&mut input, None) {
                    None => break,
                    Some(Piece::Raw(bytes)) => {
                        raw.extend_from_slice(bytes);
                        None
                    }
                    Some(Piece::Line(line)) => {
                        lines.push(String::from_utf8_lossy(line).into_owned());
                        DATA.count(line)
                    }
                    Some(other) => panic!("{other:?}"),
                };
                if let Some(count) = count {
                    cutter.expect_block(count);
                }
            }
        }
        (raw, lines)
    }

    fn stuffed(data: &[u8]) -> Vec<u8> {
        let lead = |&byte: &u8| match byte {
            0x03 | 0x1a => vec![0x03, byte],
            byte => vec![byte],
        };
        data.iter().flat_map(lead).collect()
    }

    /// Blocks on the line, each with this end, and the result.
    fn wire(blocks: &[Vec<u8>], code: impl Fn(&[u8]) -> Vec<u8>, end: &[u8]) -> Vec<u8> {
        let mut wire = Vec::new();
        for data in blocks {
            wire.extend(format!("\r\n+GET: DATA,{}\r\n", data.len()).into_bytes());
            wire.extend(code(data));
            wire.extend_from_slice(end);
        }
        wire.extend(b"\r\n+GET: 0\r\n");
        wire
    }

    /// The reference's vectors (9.2), and what looks like a line.
    const VECTORS: [&[u8]; 8] = [
        b"\x1a",
        b"\x03",
        b"\x03\x1a",
        b"\x1a\x03",
        b"A\x1aB\x03C\x03\x1a",
        b"\x03\r\nOK\r\n",
        b"abc",
        b"\r\n+GET: 0\r\n",
    ];

    /// 16-A11: as many bytes as were counted; stuffed where more of them follow; a lone Ctrl-Z behind is
    /// passed over.
    #[test]
    fn a11_stuffed_blocks_are_known_by_what_follows() {
        for data in VECTORS {
            let blocks = vec![data.to_vec(); 2];
            let expected = (data.repeat(2), 3);
            let check = |wire: Vec<u8>, what: &str| {
                let (raw, lines) = cut([&wire[..]]);
                assert_eq!((raw, lines.len()), expected, "{what} {data:?}");
                assert_eq!(lines[2], "+GET: 0");
                let (raw, lines) = cut(wire.chunks(1));
                assert_eq!((raw, lines.len()), expected, "{what} {data:?} by byte");
            };
            check(wire(&blocks, <[u8]>::to_vec, b""), "plain");
            check(wire(&blocks, stuffed, b""), "stuffed");
            check(wire(&blocks, stuffed, b"\x1a"), "stuffed and ended");
            if data.last() != Some(&0x03) {
                check(wire(&blocks, <[u8]>::to_vec, b"\x1a"), "plain and ended");
            }
        }
    }

    fn data(byte: impl Strategy<Value = u8>) -> impl Strategy<Value = Vec<Vec<u8>>> {
        proptest::collection::vec(proptest::collection::vec(byte, 1..40), 1..5)
    }

    proptest! {
        #[test]
        fn any_data_comes_as_it_was(
            blocks in data(prop_oneof![Just(3), Just(0x1a), Just(b'\r'), Just(b'\n'), any::<u8>()]),
            piece in 1_usize..50,
        ) {
            let (raw, lines) = cut(wire(&blocks, <[u8]>::to_vec, b"").chunks(piece));
            prop_assert_eq!(raw, blocks.concat());
            prop_assert_eq!(lines.len(), blocks.len() + 1);
        }

        #[test]
        fn so_does_stuffed_data(
            blocks in data(prop_oneof![Just(3), Just(0x1a), b'a'..=b'z', Just(b'\r'), Just(b'\n')]),
            piece in 1_usize..50,
        ) {
            let (raw, lines) = cut(wire(&blocks, stuffed, b"").chunks(piece));
            prop_assert_eq!(raw, blocks.concat());
            prop_assert_eq!(lines.len(), blocks.len() + 1);
        }
    }
}
