//! Texts as modules take them: plain, as encoded words (RFC 2047), or as hexadecimal digits; and of a length
//! that they take.

use super::carriable;
use crate::service::{Error, ErrorKind, Fault, Result};
use std::borrow::Cow;
use std::fmt::Write as _;

/// An encoded word's text may have so many characters (RFC 2047 section 2: 75 with its frame).
const WORD: usize = 75 - "=?utf-8?B?".len() - "?=".len();

/// The shortest form of a text that is plain ASCII on the wire; as it is where that can be.
pub fn to_ascii(text: &str) -> String {
    if is_plain(text) {
        return text.to_owned();
    }
    to_words(text)
}

/// A text as encoded words, whatever it is.
pub fn to_words(text: &str) -> String {
    let q = words('Q', text, q_encode);
    let b = words('B', text, |piece| base64(piece.as_bytes()));
    if q.len() <= b.len() { q } else { b }
}

/// TooLarge where there is more of something than the module takes. `of` says in what it is counted.
pub fn at_most(what: &str, is: usize, most: usize, of: &str) -> Result<()> {
    if is <= most {
        return Ok(());
    }
    Err(Error::new(
        ErrorKind::TooLarge,
        format!("the modem takes at most {most} {of} for {what}, not {is}"),
    )
    .by(Fault::Module))
}

/// A text that stands in quotes and is ASCII, of at most so many bytes. NotSupported, TooLarge.
pub fn ascii_at_most(what: &str, text: &str, most: usize) -> Result<()> {
    carriable(text)?;
    if !text.is_ascii() {
        return Err(Error::new(
            ErrorKind::NotSupported,
            format!("the modem takes only ASCII for {what}"),
        )
        .by(Fault::Module));
    }
    at_most(what, text.len(), most, "bytes")
}

/// Line ends as they are on the wire (RFC 5322 section 2.1): an LF without CR gets one.
pub fn with_crlf(text: &[u8]) -> Cow<'_, [u8]> {
    let mut out = Vec::with_capacity(text.len() + 64);
    let mut before = 0;
    for &byte in text {
        if byte == b'\n' && before != b'\r' {
            out.push(b'\r');
        }
        out.push(byte);
        before = byte;
    }
    if out.len() == text.len() {
        return Cow::Borrowed(text);
    }
    Cow::Owned(out)
}

/// Two upper-case hexadecimal digits a byte.
pub fn to_hex(bytes: &[u8]) -> String {
    bytes.iter().fold(String::new(), |mut hex, byte| {
        let _ = write!(hex, "{byte:02X}");
        hex
    })
}

/// Whether it can go as it is: printable, no quote, nothing that looks like an encoded word.
fn is_plain(text: &str) -> bool {
    text.bytes()
        .all(|byte| (b' '..=b'~').contains(&byte) && byte != b'"')
        && !text.contains("=?")
}

/// Encoded words of whole characters, a blank between them (section 5: it is dropped by readers).
fn words(kind: char, text: &str, encode: impl Fn(&str) -> String) -> String {
    let mut out = String::new();
    let mut rest = text;
    while !rest.is_empty() {
        let ends = rest.char_indices().map(|(at, c)| at + c.len_utf8());
        let fits = ends.take_while(|end| encode(&rest[..*end]).len() <= WORD);
        let Some(end) = fits.last() else {
            return out;
        };
        let (piece, after) = rest.split_at(end);
        if !out.is_empty() {
            out.push(' ');
        }
        let _ = write!(out, "=?utf-8?{kind}?{}?=", encode(piece));
        rest = after;
    }
    out
}

/// The Q encoding (section 4.2), as strict as section 5 (3) wants it, which is right everywhere.
fn q_encode(text: &str) -> String {
    text.bytes().fold(String::new(), |mut out, byte| {
        match byte {
            b' ' => out.push('_'),
            b'!' | b'*' | b'+' | b'-' | b'/' => out.push(byte.into()),
            byte if byte.is_ascii_alphanumeric() => out.push(byte.into()),
            byte => {
                let _ = write!(out, "={byte:02X}");
            }
        }
        out
    })
}

/// Base64 with padding (RFC 4648 section 4).
fn base64(bytes: &[u8]) -> String {
    const DIGITS: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    bytes.chunks(3).fold(String::new(), |mut out, chunk| {
        let mut bits = [0; 4];
        bits[1..=chunk.len()].copy_from_slice(chunk);
        let bits = u32::from_be_bytes(bits);
        for digit in 0..4 {
            let six = (bits >> (18 - 6 * digit)) & 0x3f;
            out.push(if digit <= chunk.len() {
                DIGITS[six as usize].into()
            } else {
                '='
            });
        }
        out
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn base64_of_rfc_4648_section_10() {
        for (text, expected) in [
            ("", ""),
            ("f", "Zg=="),
            ("fo", "Zm8="),
            ("foo", "Zm9v"),
            ("foob", "Zm9vYg=="),
            ("fooba", "Zm9vYmE="),
            ("foobar", "Zm9vYmFy"),
        ] {
            assert_eq!(base64(text.as_bytes()), expected);
        }
    }

    #[test]
    fn line_ends_become_crlf() {
        assert_eq!(&*with_crlf(b"\na\r\nb\n\n"), b"\r\na\r\nb\r\n\r\n");
        assert!(matches!(with_crlf(b"a\r\n"), Cow::Borrowed(_)));
    }

    #[test]
    fn plain_text_stays() {
        assert_eq!(to_ascii("TEST SMTP, 100%"), "TEST SMTP, 100%");
        assert_eq!(to_ascii(""), "");
    }

    #[test]
    fn the_shorter_encoding_is_taken() {
        assert_eq!(to_ascii("Füllstand"), "=?utf-8?Q?F=C3=BCllstand?=");
        assert_eq!(to_ascii("温度"), "=?utf-8?B?5rip5bqm?=");
        assert_eq!(
            to_ascii("level \"high\" at pump"),
            "=?utf-8?Q?level_=22high=22_at_pump?="
        );
        assert_eq!(to_ascii("=?x?="), "=?utf-8?B?PT94Pz0=?=");
    }

    #[test]
    fn words_are_short_and_of_whole_characters() {
        let text = "温度过高".repeat(20);
        let encoded = to_ascii(&text);
        let mut back = Vec::new();
        for word in encoded.split(' ') {
            assert!(word.len() <= 75, "{word}");
            let inner = word
                .strip_prefix("=?utf-8?B?")
                .and_then(|word| word.strip_suffix("?="))
                .unwrap();
            let bytes = mail_parser::decoders::base64::base64_decode(inner.as_bytes()).unwrap();
            back.push(String::from_utf8(bytes).unwrap());
        }
        assert!(back.len() > 1);
        assert_eq!(back.concat(), text);
    }

    #[test]
    fn hexadecimal_as_the_manual_prints_it() {
        assert_eq!(to_hex("ü\n".as_bytes()), "C3BC0A");
    }
}
