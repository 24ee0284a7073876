//! What a message is known by where its server has no id for it. No I/O.

use ring::digest::{SHA256, digest};
use std::collections::HashMap;

/// RFC 1939 section 7.
const MAX_UID: usize = 70;

/// Makes ids where the server has none: `~` and the hexadecimal SHA-256 of size, From, Date and Subject, one a
/// line; for messages that are equal in all of these, `#2` and so on behind it.
#[derive(Debug, Default)]
pub struct Fingerprints {
    seen: HashMap<[u8; 32], u32>,
}

impl Fingerprints {
    /// The id of the next message: its size, and its header.
    pub fn id(&mut self, size: u64, header: &[u8]) -> String {
        let mut text = size.to_string().into_bytes();
        for name in ["From", "Date", "Subject"] {
            text.push(b'\n');
            text.extend_from_slice(&field(header, name));
        }
        let sum = digest(&SHA256, &text);
        let mut id = hex(sum.as_ref());
        let Ok(key) = <[u8; 32]>::try_from(sum.as_ref()) else {
            return id;
        };
        let count = self.seen.entry(key).or_default();
        *count += 1;
        if *count > 1 {
            id.push_str(&format!("#{count}"));
        }
        if id.len() > MAX_UID {
            // From the ten thousandth on.
            id = hex(digest(&SHA256, id.as_bytes()).as_ref());
        }
        id
    }
}

/// `~` and the hexadecimal SHA-256 of these bytes.
pub fn fingerprint(bytes: &[u8]) -> String {
    hex(digest(&SHA256, bytes).as_ref())
}

fn hex(bytes: &[u8]) -> String {
    let mut id = String::from("~");
    for byte in bytes {
        id.push_str(&format!("{byte:02x}"));
    }
    id
}

/// The first field of this name, as it stands there, folded lines joined, blanks around it left out.
fn field(header: &[u8], name: &str) -> Vec<u8> {
    let mut value = Vec::new();
    let mut inside = false;
    for line in header.split(|&byte| byte == b'\n') {
        let line = line.strip_suffix(b"\r").unwrap_or(line);
        if line.is_empty() {
            break;
        }
        let folded = line.starts_with(b" ") || line.starts_with(b"\t");
        if inside && !folded {
            break;
        }
        if inside {
            value.extend_from_slice(line);
        } else if let Some(rest) = value_of(line, name).filter(|_| !folded) {
            inside = true;
            value.extend_from_slice(rest);
        }
    }
    value.trim_ascii().to_vec()
}

fn value_of<'a>(line: &'a [u8], name: &str) -> Option<&'a [u8]> {
    let (begin, rest) = line.split_at_checked(name.len())?;
    let rest = rest.trim_ascii_start().strip_prefix(b":")?;
    begin.eq_ignore_ascii_case(name.as_bytes()).then_some(rest)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn made_ids_stay_the_same() {
        let header = b"Received: x\r\nfrom: A <a@example.org>\r\nDATE : Thu, 1 Jan 1970\r\n\
            Subject: one\r\n two\r\nFrom: b\r\n\r\nSubject: body\r\n";
        let text = "120\nA <a@example.org>\nThu, 1 Jan 1970\none two";
        let expected = hex(digest(&SHA256, text.as_bytes()).as_ref());
        assert_eq!(Fingerprints::default().id(120, header), expected);
        assert_eq!(expected.len(), 65);
        let empty = hex(digest(&SHA256, b"0\n\n\n").as_ref());
        assert_eq!(Fingerprints::default().id(0, b""), empty);
    }

    #[test]
    fn equal_messages_have_ids_of_their_own() {
        let mut made = Fingerprints::default();
        let mut all = std::collections::HashSet::new();
        for count in 1..=10_001 {
            let id = made.id(1, b"From: a\r\n");
            if count == 2 {
                assert!(id.ends_with("#2"));
            }
            assert!(id.len() <= MAX_UID && all.insert(id));
        }
        assert!(all.insert(made.id(2, b"From: a\r\n")));
    }
}
