//! Secrets that are planted, and finding them again, however they were written down.

use anyhow::{Result, ensure};
use nix::sys::uio::pread;
use std::fs::{self, File};
use std::path::Path;

/// What every planted secret begins with, and nothing else has. 9 bytes: whole groups in base64.
const MARK: &str = "Pl4ntedQx";

/// Secrets, each planted once.
#[derive(Debug, Default)]
pub struct Planted {
    /// Where, and whether memory is wiped of it.
    places: Vec<(String, bool)>,
}

impl Planted {
    /// A new secret for a place.
    pub fn plant(&mut self, place: &str) -> String {
        self.places.push((place.to_owned(), true));
        format!("{MARK}-{:02}-geheim", self.places.len())
    }

    /// The same that is no password but content, which nobody wipes memory of.
    pub fn plant_content(&mut self, place: &str) -> String {
        self.places.push((place.to_owned(), false));
        format!("{MARK}-{:02}-geheim", self.places.len())
    }

    /// How many there are.
    pub fn count(&self) -> usize {
        self.places.len()
    }

    /// Looks for all of them in some bytes.
    ///
    /// # Errors
    /// One is there; the text says which, and what stands around it.
    pub fn look(&self, where_: &str, bytes: &[u8]) -> Result<()> {
        let found: Vec<_> = self.find(bytes).map(|(_, text)| text).collect();
        ensure!(found.is_empty(), "{where_} holds {}", found.join("; "));
        Ok(())
    }

    /// The same in all files below a folder but these.
    ///
    /// # Errors
    /// As [`Planted::look`], or a file cannot be read.
    pub fn look_below(&self, folder: &Path, except: &[&Path]) -> Result<()> {
        for entry in fs::read_dir(folder)? {
            let path = entry?.path();
            if except.contains(&path.as_path()) {
                continue;
            }
            if path.is_dir() {
                self.look_below(&path, except)?;
            } else if let Ok(bytes) = fs::read(&path) {
                // One that is gone meanwhile holds nothing.
                self.look(&path.to_string_lossy(), &bytes)?;
            }
        }
        Ok(())
    }

    /// The same, as they are, in all memory that a process may write to: what its core would hold. Content is
    /// left out, and so is base64: lettre forgets an SMTP login without wiping the line that it made of it.
    ///
    /// # Errors
    /// As [`Planted::look`], or the memory cannot be read.
    pub fn look_in_memory(&self, name: &str, process: u32) -> Result<()> {
        let maps = fs::read_to_string(format!("/proc/{process}/maps"))?;
        let memory = File::open(format!("/proc/{process}/mem"))?;
        let mut found = Vec::new();
        for line in maps.lines().filter(|line| line.contains(" rw")) {
            let Some((from, to)) = range(line) else {
                continue;
            };
            let mut bytes = vec![0; usize::try_from(to - from)?];
            // What cannot be read is in no core either.
            if pread(&memory, &mut bytes, i64::try_from(from)?).is_ok() {
                let place = line.split_whitespace().last().unwrap_or_default();
                let secrets = self
                    .find(&bytes)
                    .filter(|(number, _)| number.is_some_and(|number| self.is_wiped(number)));
                found.extend(secrets.map(|(_, text)| format!("{place}: {text}")));
            }
        }
        ensure!(
            found.is_empty(),
            "{name}'s memory holds {}",
            found.join("; ")
        );
        Ok(())
    }

    /// What was found: its number, where that can be read, and a text with what stands around.
    fn find<'a>(&'a self, bytes: &'a [u8]) -> impl Iterator<Item = (Option<usize>, String)> + 'a {
        let places = forms().into_iter().flat_map(move |form| {
            memchr::memmem::find_iter(bytes, form.as_bytes()).collect::<Vec<_>>()
        });
        places.map(move |at| {
            let (before, after) = bytes.split_at(at);
            let before = &before[before.len().saturating_sub(24)..];
            let around = [before, &after[..after.len().min(48)]].concat();
            let number = number(after);
            let place = number.and_then(|number| self.places.get(number));
            let place = place.map_or("a secret", |(place, _)| place);
            (number, format!("{place} in \"{}\"", around.escape_ascii()))
        })
    }

    fn is_wiped(&self, number: usize) -> bool {
        let place = self.places.get(number);
        place.is_none_or(|&(_, is_wiped)| is_wiped)
    }
}

/// Which secret begins here.
fn number(bytes: &[u8]) -> Option<usize> {
    let digits = bytes.get(MARK.len() + 1..MARK.len() + 3)?;
    let number: usize = std::str::from_utf8(digits).ok()?.parse().ok()?;
    number.checked_sub(1)
}

/// From the line of a mapping its two addresses.
fn range(line: &str) -> Option<(u64, u64)> {
    let (from, rest) = line.split_once('-')?;
    let (to, _) = rest.split_once(' ')?;
    let address = |text| u64::from_str_radix(text, 16).ok();
    Some((address(from)?, address(to)?))
}

/// How the mark looks as it is, in hex, in base64 behind any text, and with a byte after each (UTF-16).
fn forms() -> Vec<String> {
    let bytes = MARK.as_bytes();
    let hex = |upper: bool| -> String {
        let digits = |byte: &u8| match upper {
            true => format!("{byte:02X}"),
            false => format!("{byte:02x}"),
        };
        bytes.iter().map(digits).collect()
    };
    let mut forms = vec![MARK.to_owned(), hex(true), hex(false)];
    for shift in 0..3 {
        let text = [vec![0; shift], bytes.to_vec()].concat();
        let digits = base64(&text);
        // Without the digits that bits of neighbours are in.
        let end = text.len() * 8 / 6;
        forms.push(digits[(shift * 8).div_ceil(6)..end].to_owned());
    }
    forms.push(
        bytes
            .iter()
            .flat_map(|&byte| [char::from(byte), '\0'])
            .collect(),
    );
    forms
}

/// Without padding.
fn base64(bytes: &[u8]) -> String {
    const DIGITS: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    bytes
        .chunks(3)
        .flat_map(|chunk| {
            let bits = chunk.iter().enumerate().fold(0, |bits, (index, &byte)| {
                bits | u32::from(byte) << (16 - 8 * index)
            });
            (0..=chunk.len())
                .map(move |digit| char::from(DIGITS[(bits >> (18 - 6 * digit)) as usize & 63]))
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_secret_is_found_in_every_form_and_nothing_else() {
        let mut planted = Planted::default();
        let secret = planted.plant("here");
        planted.look("nowhere", b"geheim, Pl4nted, 4711").unwrap();
        for text in [
            secret.clone(),
            format!("AT+QSMTPCFG=\"account\",\"u\",\"{secret}\""),
            base64(format!("\0user\0{secret}").as_bytes()),
            base64(format!("\0user7\0{secret}").as_bytes()),
            base64(format!("\0user77\0{secret}").as_bytes()),
        ] {
            let told = planted.look("a text", text.as_bytes()).unwrap_err();
            assert!(told.to_string().starts_with("a text holds "), "{told}");
        }
        let told = planted.look("x", secret.as_bytes()).unwrap_err();
        assert!(told.to_string().starts_with("x holds here in"), "{told}");
    }
}
