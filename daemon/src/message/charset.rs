//! The charsets in which old equipment writes, to UTF-8 and back.

use encoding_rs::{BIG5, Encoding, GB18030, GBK, UTF_8};

/// A charset that a dialect can name.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Charset {
    /// Seven bits.
    Ascii,
    /// UTF-8.
    Utf8,
    /// GB2312; read as GBK, which holds it (WHATWG Encoding, section 4.2).
    Gb2312,
    /// GBK.
    Gbk,
    /// BIG5.
    Big5,
}

impl Charset {
    /// The text, or `None` where the bytes are not of this charset.
    pub fn decode(self, bytes: &[u8]) -> Option<String> {
        if self == Self::Ascii {
            return bytes
                .is_ascii()
                .then(|| String::from_utf8_lossy(bytes).into());
        }
        decode(self.encoding(), bytes)
    }

    /// The bytes, or `None` where this charset lacks a character of it.
    pub fn encode(self, text: &str) -> Option<Vec<u8>> {
        if self == Self::Ascii {
            return text.is_ascii().then(|| text.as_bytes().to_vec());
        }
        let (bytes, _, lossy) = self.encoding().encode(text);
        (!lossy).then(|| bytes.into_owned())
    }

    /// The name for MIME (IANA character sets).
    pub fn name(self) -> &'static str {
        match self {
            Self::Ascii => "us-ascii",
            Self::Utf8 => "utf-8",
            Self::Gb2312 => "gb2312",
            Self::Gbk => "gbk",
            Self::Big5 => "big5",
        }
    }

    fn encoding(self) -> &'static Encoding {
        match self {
            Self::Ascii | Self::Utf8 => UTF_8,
            Self::Gb2312 | Self::Gbk => GBK,
            Self::Big5 => BIG5,
        }
    }
}

/// The text of bytes under a charset that a mail names; `None` where it is unknown or the bytes are not of it.
pub(super) fn decode_named(name: &str, bytes: &[u8]) -> Option<String> {
    if bytes.is_ascii() && is_ascii_superset(name) {
        return Some(String::from_utf8_lossy(bytes).into());
    }
    decode(Encoding::for_label(name.as_bytes())?, bytes)
}

fn is_ascii_superset(name: &str) -> bool {
    name.eq_ignore_ascii_case("unknown-8bit")
        || Encoding::for_label(name.as_bytes()).is_some_and(Encoding::is_ascii_compatible)
}

fn decode(encoding: &'static Encoding, bytes: &[u8]) -> Option<String> {
    // GBK's decoder is GB18030's: take it by that name, so that both read four-byte forms.
    let encoding = if encoding == GBK { GB18030 } else { encoding };
    encoding
        .decode_without_bom_handling_and_without_replacement(bytes)
        .map(Into::into)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_dialects_charsets_become_utf8() {
        // "Chinese" in the two scripts, as the Quectel examples use them.
        assert_eq!(
            Charset::Gb2312.decode(b"\xD6\xD0\xCE\xC4").as_deref(),
            Some("中文")
        );
        assert_eq!(
            Charset::Big5.decode(b"\xA4\xA4\xA4\xE5").as_deref(),
            Some("中文")
        );
        assert_eq!(
            Charset::Utf8.decode("中文".as_bytes()).as_deref(),
            Some("中文")
        );
        assert_eq!(Charset::Ascii.decode(b"pump 7").as_deref(), Some("pump 7"));
    }

    #[test]
    fn bytes_of_another_charset_are_told() {
        assert_eq!(Charset::Ascii.decode(b"\x80"), None);
        assert_eq!(Charset::Utf8.decode(b"\xC3"), None);
        assert_eq!(Charset::Gbk.decode(b"\xFF\xFF"), None);
        assert_eq!(Charset::Big5.decode(b"\xA4"), None);
    }

    #[test]
    fn there_and_back() {
        for charset in [Charset::Utf8, Charset::Gb2312, Charset::Gbk, Charset::Big5] {
            let bytes = charset.encode("泵 7").unwrap();
            assert_eq!(
                charset.decode(&bytes).as_deref(),
                Some("泵 7"),
                "{charset:?}"
            );
        }
        assert_eq!(Charset::Big5.encode("\u{1F4EC}"), None);
        assert_eq!(Charset::Ascii.encode("ü"), None);
    }

    #[test]
    fn names_of_mails() {
        assert_eq!(
            decode_named("ISO-8859-1", b"\xFC").as_deref(),
            Some("\u{fc}")
        );
        assert_eq!(decode_named("unknown-8bit", b"\xFC"), None);
        assert_eq!(decode_named("unknown-8bit", b"abc").as_deref(), Some("abc"));
        assert_eq!(decode_named("utf-16le", b"a\0b\0").as_deref(), Some("ab"));
        assert_eq!(decode_named("x-nonsense", b"abc"), None);
    }
}
