//! Whoever started us, at the other end of our standard input: he says which devices may be claimed, and that
//! he ends.

use super::log;
use nix::errno::Errno;
use nix::poll::{PollFd, PollFlags, PollTimeout, poll};
use std::os::fd::{AsFd, OwnedFd};

/// A list is not longer than this, in bytes.
const LONGEST_LIST: usize = 64 * 1024;

/// The other end of our standard input.
#[derive(Debug)]
pub(super) struct Parent {
    fd: OwnedFd,
    /// The beginning of a list.
    text: Vec<u8>,
}

/// What was heard.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct Heard {
    /// He is gone.
    pub(super) is_gone: bool,
    /// The devices that may be claimed from now on, besides those of the list of ports: paths or patterns.
    pub(super) allow: Option<Vec<String>>,
}

impl Parent {
    pub(super) fn new(fd: OwnedFd) -> Self {
        Self {
            fd,
            text: Vec::new(),
        }
    }

    /// Reads all that came, since the loop tells of each change once; and never more, since it may block.
    pub(super) fn hear(&mut self) -> Heard {
        let mut heard = Heard::default();
        let mut buffer = [0; 4096];
        loop {
            let mut look = [PollFd::new(self.fd.as_fd(), PollFlags::POLLIN)];
            match poll(&mut look, PollTimeout::ZERO) {
                Ok(0) => return heard,
                Err(Errno::EINTR) => continue,
                _ => {}
            }
            match nix::unistd::read(&self.fd, &mut buffer) {
                Ok(0) => {
                    heard.is_gone = true;
                    return heard;
                }
                Ok(count) => {
                    if let Some(list) = self.take(&buffer[..count]) {
                        heard.allow = Some(list);
                    }
                }
                Err(Errno::EINTR) => {}
                Err(error) => {
                    heard.is_gone = error != Errno::EAGAIN;
                    return heard;
                }
            }
        }
    }

    /// The last list that these bytes complete: a device a line, and an empty line at its end.
    fn take(&mut self, bytes: &[u8]) -> Option<Vec<String>> {
        let mut list = None;
        for &byte in bytes {
            self.text.push(byte);
            let is_whole = self.text == b"\n" || self.text.ends_with(b"\n\n");
            if is_whole {
                list = Some(read(&std::mem::take(&mut self.text)));
            } else if self.text.len() > LONGEST_LIST {
                log("standard input: no list of devices");
                self.text.clear();
            }
        }
        list
    }
}

fn read(text: &[u8]) -> Vec<String> {
    let text = String::from_utf8_lossy(text);
    let lines = text.lines().filter(|line| !line.is_empty());
    lines.map(str::to_owned).collect()
}

impl AsFd for Parent {
    fn as_fd(&self) -> std::os::fd::BorrowedFd<'_> {
        self.fd.as_fd()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::io::Write;

    #[test]
    fn lists_come_in_any_pieces_and_the_last_whole_one_holds() {
        let (ours, mut theirs) = std::io::pipe().unwrap();
        let mut parent = Parent::new(ours.into());
        assert_eq!(parent.hear(), Heard::default());
        theirs.write_all(b"/dev/ttyS1\npty:/x").unwrap();
        assert_eq!(parent.hear(), Heard::default());
        theirs.write_all(b" y\n\n/dev/half").unwrap();
        let list = |text: &[&str]| Some(text.iter().map(|&one| one.to_owned()).collect());
        assert_eq!(parent.hear().allow, list(&["/dev/ttyS1", "pty:/x y"]));
        theirs.write_all(b"\n\n/dev/last\n\n").unwrap();
        assert_eq!(parent.hear().allow, list(&["/dev/last"]));
        theirs.write_all(b"\n").unwrap();
        assert_eq!(parent.hear().allow, list(&[]));
        drop(theirs);
        assert!(parent.hear().is_gone);
    }
}
