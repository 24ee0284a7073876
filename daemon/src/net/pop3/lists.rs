//! Listings: numbers with sizes (LIST), numbers with ids (UIDL), and both put together. No I/O.

use super::super::replies::nonsense;
use crate::service::{Error, ErrorKind, Fault, Result};
use std::collections::BTreeMap;

/// More messages than this are not listed: a listing without end must not fill the memory.
const MAX_MESSAGES: usize = 1 << 20;

/// No message is larger than this (1 TiB): a size beyond it is not true, and sums of sizes stay sums.
const MAX_SIZE: u64 = 1 << 40;

/// `number size` (RFC 1939 section 5, scan listing); what follows is ignored. STAT's numbers as well.
pub(super) fn scan(line: &[u8]) -> Result<(u32, u64)> {
    let mut words = line
        .split(|&byte| byte == b' ')
        .filter(|word| !word.is_empty());
    let found = number(words.next()).zip(number(words.next()));
    found.ok_or_else(|| nonsense("no scan listing", line))
}

/// `number id` (RFC 1939 section 7, unique-id listing).
pub(super) fn unique(line: &[u8]) -> Result<(u32, &[u8])> {
    let bad = || nonsense("no unique-id listing", line);
    let place = memchr::memchr(b' ', line).ok_or_else(bad)?;
    let (left, right) = line.split_at(place);
    let id = right.trim_ascii();
    match number(Some(left)) {
        Some(number) if !id.is_empty() => Ok((number, id)),
        _ => Err(bad()),
    }
}

fn number<T: std::str::FromStr>(word: Option<&[u8]>) -> Option<T> {
    let word = word.filter(|word| word.iter().all(u8::is_ascii_digit))?;
    std::str::from_utf8(word).ok()?.parse().ok()
}

/// The sizes of a listing until the ids have come: four bytes a message, since servers number them without a
/// gap unless one was marked deleted before.
#[derive(Debug, Default)]
pub(super) struct Sizes {
    /// Of the messages 1, 2, 3 …
    plain: Vec<u32>,
    /// Those that don't fit.
    large: BTreeMap<u32, u64>,
    /// All others, by number once the listing is over.
    odd: Vec<(u32, u64)>,
}

impl Sizes {
    /// One more message.
    pub(super) fn push(&mut self, number: u32, size: u64) -> Result<()> {
        if number == 0 {
            return Err(Error::new(
                ErrorKind::Protocol,
                "the server lists a message 0",
            ));
        }
        if size > MAX_SIZE {
            return Err(Error::new(
                ErrorKind::Protocol,
                format!("the server lists a message of {size} bytes"),
            ));
        }
        if self.len() == MAX_MESSAGES {
            return Err(Error::new(
                ErrorKind::TooLarge,
                format!("there are more than {MAX_MESSAGES} messages in the mailbox"),
            )
            .by(Fault::Server));
        }
        if self.odd.is_empty() && usize::try_from(number) == Ok(self.plain.len() + 1) {
            self.plain.push(u32::try_from(size).unwrap_or_else(|_| {
                self.large.insert(number, size);
                u32::MAX
            }));
        } else {
            self.odd.push((number, size));
        }
        Ok(())
    }

    /// The listing is over. Protocol where it has a message twice.
    pub(super) fn end(&mut self) -> Result<()> {
        self.odd.sort_unstable();
        let twice = |number: u32| {
            Error::new(
                ErrorKind::Protocol,
                format!("the server lists message {number} twice"),
            )
        };
        for pair in self.odd.windows(2) {
            if let [(a, _), (b, _)] = pair
                && a == b
            {
                return Err(twice(*a));
            }
        }
        match self.odd.first() {
            Some(&(least, _)) if self.plain(least).is_some() => Err(twice(least)),
            _ => Ok(()),
        }
    }

    pub(super) fn len(&self) -> usize {
        self.plain.len() + self.odd.len()
    }

    fn plain(&self, number: u32) -> Option<u64> {
        let index = usize::try_from(number).ok()?.checked_sub(1)?;
        match *self.plain.get(index)? {
            u32::MAX => Some(self.large.get(&number).copied().unwrap_or(u32::MAX.into())),
            size => Some(size.into()),
        }
    }

    /// A message's size, after the end.
    pub(super) fn size(&self, number: u32) -> Option<u64> {
        self.plain(number).or_else(|| {
            let place = self
                .odd
                .binary_search_by_key(&number, |&(number, _)| number);
            self.odd.get(place.ok()?).map(|&(_, size)| size)
        })
    }

    /// All of them, by number, after the end.
    pub(super) fn iter(&self) -> impl Iterator<Item = (u32, u64)> {
        let plain = (1..).map_while(|number| Some((number, self.plain(number)?)));
        plain.chain(self.odd.iter().copied())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn lines_as_servers_write_them() {
        assert_eq!(scan(b"1 120").unwrap(), (1, 120));
        assert_eq!(scan(b" 2  4294967296 octets").unwrap(), (2, 1 << 32));
        assert_eq!(unique(b"1 whqtswO00WBw418f9t5JxYwZ").unwrap().1.len(), 24);
        assert_eq!(unique(b"7  a\xFF b ").unwrap(), (7, &b"a\xFF b"[..]));
        for line in [
            &b""[..],
            b"1",
            b"1 ",
            b"x 1",
            b"-1 5",
            b"+1 5",
            b"1 5x",
            b"4294967296 1",
            b"1 99999999999999999999999",
        ] {
            assert_eq!(scan(line).unwrap_err().kind, ErrorKind::Protocol);
        }
        for line in [&b""[..], b"1", b"1 ", b"1  ", b"x y", b"1\ta"] {
            assert_eq!(unique(line).unwrap_err().kind, ErrorKind::Protocol);
        }
    }

    #[test]
    fn a_message_listed_twice_is_nonsense() {
        for numbers in [&[1, 1][..], &[1, 2, 1], &[5, 3, 5], &[1, 2, 3, 9, 2]] {
            let mut sizes = Sizes::default();
            for &number in numbers {
                sizes.push(number, 1).unwrap();
            }
            assert!(sizes.end().is_err(), "{numbers:?}");
        }
        assert!(Sizes::default().push(0, 1).is_err());
    }

    #[test]
    fn sizes_can_be_summed_up() {
        let mut sizes = Sizes::default();
        sizes.push(1, MAX_SIZE).unwrap();
        for size in [MAX_SIZE + 1, u64::MAX] {
            let error = sizes.push(2, size).unwrap_err();
            assert_eq!(error.kind, ErrorKind::Protocol);
        }
        let most = u64::try_from(MAX_MESSAGES).unwrap();
        assert!(most.checked_mul(MAX_SIZE).is_some());
    }

    #[test]
    fn a_listing_without_end_is_cut_off() {
        let mut sizes = Sizes::default();
        let error = (1..).find_map(|number| sizes.push(number, 1).err());
        assert_eq!(error.unwrap().kind, ErrorKind::TooLarge);
        assert_eq!(sizes.len(), MAX_MESSAGES);
    }

    #[test]
    fn a_hundred_thousand_take_four_bytes_each() {
        let mut sizes = Sizes::default();
        for number in 1..=100_000 {
            sizes.push(number, 5000).unwrap();
        }
        sizes.end().unwrap();
        assert!(sizes.plain.capacity() * 4 <= 1 << 20);
        assert!(sizes.odd.capacity() == 0 && sizes.large.is_empty());
    }

    proptest! {
        #[test]
        fn any_order_finds_every_size(mut numbers in prop::collection::vec(1u32..50, 0..40)) {
            let mut seen = std::collections::BTreeSet::new();
            numbers.retain(|&number| seen.insert(number));
            let size = |number: u32| u64::from(number) << (number % 34);
            let mut sizes = Sizes::default();
            for &number in &numbers {
                sizes.push(number, size(number)).unwrap();
            }
            sizes.end().unwrap();
            for number in 0..60 {
                let expected = seen.contains(&number).then(|| size(number));
                prop_assert_eq!(sizes.size(number), expected);
            }
            let all: Vec<u32> = sizes.iter().map(|(number, _)| number).collect();
            prop_assert_eq!(all, seen.into_iter().collect::<Vec<_>>());
        }
    }
}
