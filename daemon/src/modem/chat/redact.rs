//! Starring secrets in what is shown.

use crate::at::response::{Values, named};
use crate::modem::drive::SecretValue;
use crate::service::Secret;

/// A secret shorter than this is not searched for in other text: it would star half of the dialogue.
const SHORTEST: usize = 4;

/// Knows what must not show.
#[derive(Debug, Default)]
pub(super) struct Redactor {
    /// By place, as the dialect says.
    pub(super) values: &'static [SecretValue],
    live: Vec<Secret>,
}

impl Redactor {
    /// Stars these wherever they come up: an echo brings them back.
    pub(super) fn hide(&mut self, secrets: &[Secret]) {
        for secret in secrets {
            if secret.expose().len() >= SHORTEST && !self.live.contains(secret) {
                self.live.push(secret.clone());
            }
        }
    }

    /// Forgets them.
    pub(super) fn forget(&mut self) {
        self.live.clear();
    }

    /// A line as it may be shown, control characters escaped.
    pub(super) fn redact(&self, line: &[u8]) -> String {
        let by_place = self.by_place(line);
        let mut text = by_place.unwrap_or_else(|| escape(line));
        for secret in &self.live {
            let escaped = escape(secret.expose().as_bytes());
            if text.contains(&escaped) {
                text = text.replace(&escaped, "***");
            }
        }
        text
    }

    /// Stars values by their place in `+NAME: a,b` and `AT+NAME=a,b`.
    fn by_place(&self, line: &[u8]) -> Option<String> {
        let bare = line
            .get(..2)
            .filter(|head| head.eq_ignore_ascii_case(b"AT"))
            .map_or(line, |_| &line[2..]);
        let as_line: Vec<u8> = match bare.iter().position(|&byte| byte == b'=' || byte == b':') {
            Some(at) => [&bare[..at], b":", &bare[at + 1..]].concat(),
            None => return None,
        };
        let rules = self.values.iter().filter(|rule| {
            named(&as_line, rule.name).is_some_and(|mut values| {
                rule.key.is_empty()
                    || values
                        .next()
                        .is_some_and(|key| key.text.eq_ignore_ascii_case(rule.key.as_bytes()))
            })
        });
        let places: Vec<usize> = rules.map(|rule| rule.place).collect();
        if places.is_empty() {
            return None;
        }
        let at = line.iter().position(|&byte| byte == b'=' || byte == b':')?;
        let (head, rest) = line.split_at(at + 1);
        let blank = if rest.starts_with(b" ") { " " } else { "" };
        let values: Vec<String> = Values::new(rest)
            .enumerate()
            .map(|(place, value)| {
                if places.contains(&place) && !value.text.is_empty() {
                    return "\"***\"".to_owned();
                }
                let text = escape(value.text);
                if value.quoted {
                    format!("\"{text}\"")
                } else {
                    text
                }
            })
            .collect();
        Some(format!("{}{blank}{}", escape(head), values.join(",")))
    }
}

/// Control characters and bytes >= 0x80 as in C; quotes stay, since AT is full of them.
fn escape(bytes: &[u8]) -> String {
    bytes.iter().fold(String::new(), |mut text, &byte| {
        match byte {
            b'"' | b'\'' => text.push(byte.into()),
            _ => text.extend(byte.escape_ascii().map(char::from)),
        }
        text
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    const VALUES: &[SecretValue] = &[
        SecretValue {
            name: "+QSMTPCFG",
            key: "account",
            place: 2,
        },
        SecretValue {
            name: "+QICSGP",
            key: "",
            place: 4,
        },
    ];

    #[test]
    fn stars_by_place_and_by_content() {
        let mut redactor = Redactor {
            values: VALUES,
            live: Vec::new(),
        };
        let cases = [
            (
                "AT+QSMTPCFG=\"account\",\"me\",\"hush\"",
                "AT+QSMTPCFG=\"account\",\"me\",\"***\"",
            ),
            (
                "+QSMTPCFG: \"account\",\"me\",\"hush\"",
                "+QSMTPCFG: \"account\",\"me\",\"***\"",
            ),
            (
                "at+qicsgp=1,1,\"apn\",\"u\",\"p\",1",
                "at+qicsgp=1,1,\"apn\",\"u\",\"***\",1",
            ),
            ("+QSMTPCFG: \"ssltype\",0,1", "+QSMTPCFG: \"ssltype\",0,1"),
            ("garbage hush hush", "garbage hush hush"),
        ];
        for (line, expected) in cases {
            assert_eq!(redactor.redact(line.as_bytes()), expected);
        }
        redactor.hide(&[Secret::new("hush".into()), Secret::new("abc".into())]);
        assert_eq!(
            redactor.redact(b"garbage hush abc\x07"),
            "garbage *** abc\\x07"
        );
        redactor.forget();
        assert_eq!(redactor.redact(b"hush"), "hush");
    }
}
