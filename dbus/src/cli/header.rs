//! The header of a message: whom it is for, as `sendmail -t` reads it.

use super::address::{address, mailboxes};

/// The fields that name recipients (RFC 5322, 3.6.3).
const RECIPIENTS: [&str; 3] = ["to", "cc", "bcc"];

/// Addresses in `To`, `Cc` and `Bcc`, each once. Line ends may be any.
pub(super) fn recipients(message: &[u8]) -> Vec<String> {
    let mut found: Vec<String> = Vec::new();
    for (name, value) in fields(message) {
        if !RECIPIENTS.contains(&name.as_str()) {
            continue;
        }
        for one in mailboxes(&value).iter().map(|one| address(one)) {
            if !one.is_empty() && !found.contains(&one) {
                found.push(one);
            }
        }
    }
    found
}

/// Names in lower case and values, folded lines joined, up to the first empty line.
fn fields(message: &[u8]) -> Vec<(String, String)> {
    let mut fields: Vec<(String, String)> = Vec::new();
    for line in message.split(|&byte| byte == b'\n') {
        let line = String::from_utf8_lossy(line.strip_suffix(b"\r").unwrap_or(line));
        if line.is_empty() {
            break;
        }
        if line.starts_with([' ', '\t']) {
            if let Some((_, value)) = fields.last_mut() {
                value.push_str(&line);
            }
        } else if let Some((name, value)) = line.split_once(':') {
            fields.push((name.trim_end().to_ascii_lowercase(), value.to_owned()));
        }
    }
    fields
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn recipients_are_in_three_fields_of_the_header_alone() {
        let message = b"From: me@example.org\r\nTO: A <a@example.org>,\r\n\tb@example.org\r\n\
            Cc : c@example.org\r\nBcc: a@example.org, d@example.org\r\nSubject: x\r\n\r\nTo: e@example.org\r\n";
        let all = [
            "a@example.org",
            "b@example.org",
            "c@example.org",
            "d@example.org",
        ];
        assert_eq!(recipients(message), all);
        let unix: Vec<u8> = message.iter().copied().filter(|&b| b != b'\r').collect();
        assert_eq!(recipients(&unix), all);
    }

    #[test]
    fn nonsense_has_none() {
        for text in [
            &b""[..],
            b"\n",
            b" folded",
            b"no field",
            b"To:\n",
            b"\xff:\xfe",
        ] {
            assert!(recipients(text).is_empty());
        }
    }
}
