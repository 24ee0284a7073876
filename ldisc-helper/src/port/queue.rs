//! A queue of bytes that keeps its memory.

/// Bytes go in at the end and out at the front; what is in it is one slice.
#[derive(Debug, Default)]
pub(super) struct Queue {
    bytes: Vec<u8>,
    /// How many at the front have gone.
    gone: usize,
}

impl Queue {
    pub(super) fn push(&mut self, bytes: &[u8]) {
        // Moving what is left to the front costs no more than what has gone has cost.
        if self.gone * 2 >= self.bytes.len() {
            self.bytes.drain(..self.gone);
            self.gone = 0;
        }
        self.bytes.extend_from_slice(bytes);
    }

    pub(super) fn bytes(&self) -> &[u8] {
        &self.bytes[self.gone..]
    }

    pub(super) fn len(&self) -> usize {
        self.bytes.len() - self.gone
    }

    pub(super) fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// The first `n` are done with.
    pub(super) fn consume(&mut self, n: usize) {
        self.gone = self.bytes.len().min(self.gone + n);
        if self.is_empty() {
            self.clear();
        }
    }

    pub(super) fn clear(&mut self) {
        self.bytes.clear();
        self.gone = 0;
    }
}
