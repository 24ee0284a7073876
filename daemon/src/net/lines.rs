//! Lines, out of what a server sends, for every protocol. No I/O.

use super::replies::nonsense;
use crate::service::Result;

/// Cuts lines, ended by CR LF or LF alone, and not longer than some limit.
#[derive(Debug)]
pub(super) struct Lines {
    limit: usize,
    endless: &'static str,
    part: Vec<u8>,
    /// `part` was given away whole.
    over: bool,
}

impl Lines {
    /// Lines of so many bytes at most; `endless` is what to say of a longer one.
    pub(super) fn new(limit: usize, endless: &'static str) -> Self {
        Self {
            limit,
            endless,
            part: Vec::new(),
            over: false,
        }
    }

    /// Takes bytes up to the end of one line. Gives how many it took, and the line without its end if that is
    /// whole. Protocol for a line without end.
    pub(super) fn take<'a>(&'a mut self, bytes: &'a [u8]) -> Result<(usize, Option<&'a [u8]>)> {
        if self.over {
            self.part.clear();
            self.over = false;
        }
        let end = memchr::memchr(b'\n', bytes);
        let part = bytes.get(..end.unwrap_or(bytes.len())).unwrap_or_default();
        if self.part.len() + part.len() > self.limit {
            let begun = if self.part.is_empty() {
                part
            } else {
                &self.part
            };
            return Err(nonsense(self.endless, begun));
        }
        let taken = part.len() + usize::from(end.is_some());
        if end.is_none() || !self.part.is_empty() {
            self.part.extend_from_slice(part);
        }
        if end.is_none() {
            return Ok((taken, None));
        }
        let line = if self.part.is_empty() {
            part
        } else {
            self.over = true;
            &self.part
        };
        Ok((taken, Some(line.strip_suffix(b"\r").unwrap_or(line))))
    }

    /// Nothing of a line has come yet.
    pub(super) fn is_empty(&self) -> bool {
        self.over || self.part.is_empty()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_line_without_end_is_cut_off() {
        let lines = || Lines::new(4096, "a line has no end");
        assert!(lines().take(&[b'x'; 4097]).is_err());
        let mut full = lines();
        assert_eq!(full.take(&[b'x'; 4096]).unwrap(), (4096, None));
        assert!(full.take(b"x").is_err());
        let mut full = lines();
        full.take(&[b'x'; 4096]).unwrap();
        assert_eq!(full.take(b"\ny").unwrap().1.unwrap().len(), 4096);
    }
}
