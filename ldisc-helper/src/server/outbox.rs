//! Packets that wait for a socket, in memory that is used again and again.

/// The most that may wait. The port is not read while anything waits, so that only answers to what the
/// daemon itself sends can pile up here.
const MOST: usize = 1024 * 1024;

/// Bytes before each packet: its length.
const LENGTH: usize = size_of::<u32>();

/// A queue of packets.
#[derive(Debug, Default)]
pub(super) struct Outbox {
    bytes: Vec<u8>,
    /// Where the first packet that still waits begins.
    at: usize,
}

impl Outbox {
    pub(super) fn is_empty(&self) -> bool {
        self.at == self.bytes.len()
    }

    /// Puts a packet at the end; `false` if there is no room for it.
    #[must_use]
    pub(super) fn push(&mut self, parts: [&[u8]; 2]) -> bool {
        let length: usize = parts.iter().map(|part| part.len()).sum();
        let Ok(prefix) = u32::try_from(length) else {
            return false;
        };
        if self.bytes.len() - self.at + LENGTH + length > MOST {
            return false;
        }
        if self.at > MOST / 2 {
            self.bytes.drain(..self.at);
            self.at = 0;
        }
        self.bytes.extend_from_slice(&prefix.to_ne_bytes());
        for part in parts {
            self.bytes.extend_from_slice(part);
        }
        true
    }

    /// The first packet that waits.
    pub(super) fn front(&self) -> Option<&[u8]> {
        let (length, rest) = self.bytes[self.at..].split_first_chunk::<LENGTH>()?;
        rest.get(..u32::from_ne_bytes(*length) as usize)
    }

    /// Takes the first packet away.
    pub(super) fn pop(&mut self) {
        if let Some(length) = self.front().map(<[u8]>::len) {
            self.at += LENGTH + length;
        }
        if self.is_empty() {
            self.bytes.clear();
            self.at = 0;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::{MOST, Outbox};

    #[test]
    fn first_in_first_out() {
        let mut outbox = Outbox::default();
        assert!(outbox.is_empty());
        assert_eq!(outbox.front(), None);
        assert!(outbox.push([b"one", b""]));
        assert!(outbox.push([b"", b"two"]));
        assert_eq!(outbox.front(), Some(&b"one"[..]));
        outbox.pop();
        assert!(outbox.push([b"th", b"ree"]));
        assert_eq!(outbox.front(), Some(&b"two"[..]));
        outbox.pop();
        assert_eq!(outbox.front(), Some(&b"three"[..]));
        outbox.pop();
        assert!(outbox.is_empty());
        outbox.pop();
        assert!(outbox.is_empty());
    }

    #[test]
    fn it_has_an_end_and_its_memory_too() {
        let mut outbox = Outbox::default();
        let packet = vec![7; 30_000];
        while outbox.push([&packet, &[]]) {}
        assert!(outbox.bytes.len() <= MOST);
        for _ in 0..1000 {
            outbox.pop();
            assert!(outbox.push([&packet, &[]]));
            assert_eq!(outbox.front(), Some(&packet[..]));
        }
        assert!(outbox.bytes.capacity() < 4 * MOST);
    }
}
