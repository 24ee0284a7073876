//! A prompt that waits for the record after it.

/// Holds what one `Write` brought, in a buffer that is used again.
#[derive(Debug, Default)]
pub(super) struct Held {
    bytes: Vec<u8>,
    /// It holds something; inside, the record to answer.
    held: Option<Option<u32>>,
}

impl Held {
    pub(super) fn hold(&mut self, bytes: &[u8], ack: Option<u32>) {
        self.bytes.clear();
        self.bytes.extend_from_slice(bytes);
        self.held = Some(ack);
    }

    pub(super) fn is_held(&self) -> bool {
        self.held.is_some()
    }

    /// What is held, and the record to answer; the buffer is to be given back.
    pub(super) fn take(&mut self) -> Option<(Vec<u8>, Option<u32>)> {
        let ack = self.held.take()?;
        Some((core::mem::take(&mut self.bytes), ack))
    }

    pub(super) fn give_back(&mut self, buffer: Vec<u8>) {
        self.bytes = buffer;
    }

    /// Nobody is to see it. How long it was, and the record to answer.
    pub(super) fn forget(&mut self) -> Option<(u64, Option<u32>)> {
        let ack = self.held.take()?;
        Some((self.bytes.len() as u64, ack))
    }
}
