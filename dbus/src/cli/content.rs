//! What is passed on as a descriptor: files as they are, everything else read to its end first.
//!
//! hayesd reads a pipe for 20 s at most, and cannot know whether its end was meant. So what comes by a pipe
//! is complete before hayesd hears of it, and an interrupted one is never sent.

use super::exit::Exit;
use super::failure::{Failure, Result};
use super::out::Out;
use nix::sys::memfd::{MFdFlags, memfd_create};
use std::fs::File;
use std::io::{self, IsTerminal as _, Read, Seek as _, SeekFrom};
use std::os::fd::AsFd as _;
use std::path::Path;

/// The most of a pipe that is kept for a whole message or a file, in bytes: it is kept in memory. A file may
/// have any size.
pub(super) const MOST_OF_A_PIPE: u64 = 1024 * 1024 * 1024;

/// Where standard input is meant.
pub(super) const STDIN: &str = "-";

/// A regular file, from where it was when we got it.
#[derive(Debug)]
pub(super) struct Content {
    file: File,
    start: u64,
}

impl Content {
    /// The file at `path`; `-` is standard input. What is no regular file has at most `most` bytes.
    pub(super) fn open(path: &Path, most: u64, out: Out) -> Result<Self> {
        let failed = |error| Failure::file(path, &error, Exit::Io);
        if path == Path::new(STDIN) {
            if io::stdin().is_terminal() {
                out.note("reading from the terminal; Ctrl-D on a line of its own ends it");
            }
            let file = io::stdin().as_fd().try_clone_to_owned().map_err(failed)?;
            return Self::of(file.into(), most).map_err(failed);
        }
        File::open(path)
            .and_then(|file| Self::of(file, most))
            .map_err(failed)
    }

    fn of(mut file: File, most: u64) -> io::Result<Self> {
        let about = file.metadata()?;
        if about.is_dir() {
            return Err(io::Error::from(io::ErrorKind::IsADirectory));
        }
        if about.is_file() {
            let start = file.stream_position()?;
            return Ok(Self { file, start });
        }
        Self::copy(&mut file, most)
    }

    fn copy(from: &mut impl Read, most: u64) -> io::Result<Self> {
        let mut file = File::from(memfd_create("content", MFdFlags::MFD_CLOEXEC)?);
        if io::copy(&mut from.take(most.saturating_add(1)), &mut file)? > most {
            let text = format!("more than {most} bytes");
            return Err(io::Error::new(io::ErrorKind::FileTooLarge, text));
        }
        Ok(Self { file, start: 0 })
    }

    /// A text of ours.
    pub(super) fn of_text(text: &str) -> Result<Self> {
        Self::copy(&mut text.as_bytes(), u64::MAX)
            .map_err(|error| Failure::new(Exit::Io, format!("memory for it: {error}")))
    }

    /// The descriptor, at its beginning again: whoever read it before moved it.
    pub(super) fn again(&self) -> io::Result<&File> {
        (&self.file).seek(SeekFrom::Start(self.start))?;
        Ok(&self.file)
    }

    /// Its bytes, at most `most` of them.
    ///
    /// # Errors
    /// It has more, or cannot be read.
    pub(super) fn bytes(&self, name: &Path, most: u64) -> Result<Vec<u8>> {
        let bytes = self.beginning(name, most + 1)?;
        if bytes.len() as u64 > most {
            let text = format!("{}: more than {most} bytes", name.display());
            return Err(Failure::new(Exit::Data, text));
        }
        Ok(bytes)
    }

    /// Its first bytes, at most `most` of them.
    ///
    /// # Errors
    /// It cannot be read.
    pub(super) fn beginning(&self, name: &Path, most: u64) -> Result<Vec<u8>> {
        let failed = |error| Failure::file(name, &error, Exit::Io);
        let mut bytes = Vec::new();
        let file = self.again().map_err(failed)?;
        file.take(most).read_to_end(&mut bytes).map_err(failed)?;
        Ok(bytes)
    }

    /// Its bytes as text.
    ///
    /// # Errors
    /// As [`Content::bytes`], or it is not UTF-8.
    pub(super) fn text(&self, name: &Path, most: u64) -> Result<String> {
        String::from_utf8(self.bytes(name, most)?).map_err(|error| {
            let at = error.utf8_error().valid_up_to();
            let text = format!("{}: byte {at} is not UTF-8", name.display());
            Failure::new(Exit::Data, text)
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_has_no_end_is_given_up() {
        let endless = Path::new("/dev/zero");
        let out = Out {
            json: false,
            quiet: true,
        };
        let error = Content::open(endless, 1000, out).unwrap_err();
        assert_eq!(
            (error.exit, error.text.as_str()),
            (Exit::Data, "/dev/zero: more than 1000 bytes")
        );
        let file = Content::open(Path::new("/etc/passwd"), 1, out).unwrap();
        assert!(
            file.bytes(Path::new("/etc/passwd"), 1_000_000)
                .unwrap()
                .len()
                > 1
        );
    }

    #[test]
    fn what_is_too_much_is_refused_and_its_beginning_is_not() {
        let content = Content::of_text("Subject: x\n\ntext").unwrap();
        let name = Path::new(STDIN);
        assert_eq!(content.beginning(name, 7).unwrap(), b"Subject");
        assert_eq!(content.bytes(name, 16).unwrap().len(), 16);
        let error = content.bytes(name, 15).unwrap_err();
        assert_eq!(
            (error.exit, error.text.as_str()),
            (Exit::Data, "-: more than 15 bytes")
        );
        let binary = Content::copy(&mut &b"a\xff"[..], 2).unwrap();
        let error = binary.text(name, 10).unwrap_err();
        assert_eq!(error.text, "-: byte 1 is not UTF-8");
    }
}
