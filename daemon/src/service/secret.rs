//! Text that must not be seen.

use base64::Engine as _;
use base64::alphabet;
use base64::engine::{DecodePaddingMode, GeneralPurpose, GeneralPurposeConfig};
use std::fmt;
use zeroize::{Zeroize, Zeroizing};

/// Shorter ones are not searched for in other text: they would star half of it, and protect nothing.
const SHORTEST: usize = 4;

/// As lenient as can be: it looks for what somebody else wrote.
const BASE64: GeneralPurpose = GeneralPurpose::new(
    &alphabet::STANDARD,
    GeneralPurposeConfig::new()
        .with_decode_padding_mode(DecodePaddingMode::Indifferent)
        .with_decode_allow_trailing_bits(true),
);

/// A password or token: never printed, wiped when dropped.
#[derive(Clone, PartialEq, Eq)]
pub struct Secret(String);

impl Secret {
    /// Takes the text over.
    pub fn new(text: String) -> Self {
        Self(text)
    }

    /// The text, for the one place that sends it.
    pub fn expose(&self) -> &str {
        &self.0
    }

    /// A text that a peer wrote, with stars where it repeats the secret: as it is, or in a word of base64, as
    /// SASL has it (RFC 4616, RFC 4954 section 4).
    pub fn star(&self, text: &str) -> String {
        if self.0.len() < SHORTEST {
            return text.to_owned();
        }
        let plain = text.replace(&self.0, STARS);
        let mut starred = String::with_capacity(plain.len());
        let is_digit = |c: char| c.is_ascii_alphanumeric() || "+/".contains(c);
        let mut rest = plain.as_str();
        while let Some(begin) = rest.find(is_digit) {
            let (before, from) = rest.split_at(begin);
            let end = from.find(|c| !is_digit(c)).unwrap_or(from.len());
            let (word, after) = from.split_at(end);
            starred.push_str(before);
            starred.push_str(if self.is_in(word) { STARS } else { word });
            rest = after;
        }
        starred.push_str(rest);
        starred
    }

    /// Whether a word is base64 of something that holds the secret.
    fn is_in(&self, word: &str) -> bool {
        // What is left over cannot be decoded, and holds no whole byte.
        let whole = word.len() - usize::from(word.len() % 4 == 1);
        let bytes = BASE64.decode(word.get(..whole).unwrap_or_default());
        let bytes = Zeroizing::new(bytes.unwrap_or_default());
        memchr::memmem::find(&bytes, self.0.as_bytes()).is_some()
    }
}

const STARS: &str = "***";

impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("***")
    }
}

impl Drop for Secret {
    fn drop(&mut self) {
        self.0.zeroize();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_peer_that_repeats_a_secret_is_starred() {
        let secret = Secret::new("geheim-4711".into());
        for (text, starred) in [
            ("530 not \"PASS geheim-4711\"", "530 not \"PASS ***\""),
            // NUL pump7 NUL geheim-4711
            (
                "AUTH PLAIN AHB1bXA3AGdlaGVpbS00NzEx: no",
                "AUTH PLAIN ***: no",
            ),
            // user=u ^A auth=Bearer geheim-4711 ^A ^A
            ("(dXNlcj11AWF1dGg9QmVhcmVyIGdlaGVpbS00NzExAQE=)", "(***=)"),
            (
                "5.7.8 authentication failed, ümläut",
                "5.7.8 authentication failed, ümläut",
            ),
        ] {
            assert_eq!(secret.star(text), starred);
        }
        assert_eq!(Secret::new("a".into()).star("a bad day"), "a bad day");
        assert_eq!(Secret::new(String::new()).star("x"), "x");
    }
}
