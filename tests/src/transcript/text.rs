//! Bytes as text that people can write and read.

use anyhow::{Context, Result, bail};

const NAMES: &[(&str, u8)] = &[
    ("NUL", 0x00),
    ("ETX", 0x03),
    ("BS", 0x08),
    ("LF", 0x0A),
    ("CR", 0x0D),
    ("DLE", 0x10),
    ("CTRL-Z", 0x1A),
    ("ESC", 0x1B),
];

/// The bytes of a text with C escapes and names of control characters. `<` stands for itself where no
/// name follows.
pub(crate) fn parse(text: &str) -> Result<Vec<u8>> {
    let mut bytes = Vec::with_capacity(text.len());
    let mut rest = text;
    while let Some(character) = rest.chars().next() {
        if let Some(after) = rest.strip_prefix('\\') {
            rest = escape(after, &mut bytes)?;
        } else if let Some(after) = named(rest, &mut bytes)? {
            rest = after;
        } else {
            let length = character.len_utf8();
            bytes.extend(&rest.as_bytes()[..length]);
            rest = &rest[length..];
        }
    }
    Ok(bytes)
}

fn escape<'a>(text: &'a str, bytes: &mut Vec<u8>) -> Result<&'a str> {
    let escaped = text.chars().next().context("a backslash at the end")?;
    let after = &text[escaped.len_utf8()..];
    let byte = match escaped {
        'r' => b'\r',
        'n' => b'\n',
        't' => b'\t',
        '0' => 0,
        '\\' => b'\\',
        'x' => {
            let (digits, after) = after
                .split_at_checked(2)
                .context("\\x without two digits")?;
            bytes.push(u8::from_str_radix(digits, 16).context("\\x without two digits")?);
            return Ok(after);
        }
        other => bail!("\\{other} means nothing"),
    };
    bytes.push(byte);
    Ok(after)
}

fn named<'a>(text: &'a str, bytes: &mut Vec<u8>) -> Result<Option<&'a str>> {
    let Some((name, after)) = text.strip_prefix('<').and_then(|text| text.split_once('>')) else {
        return Ok(None);
    };
    if let Some((_, byte)) = NAMES.iter().find(|(known, _)| *known == name) {
        bytes.push(*byte);
        return Ok(Some(after));
    }
    match name.strip_prefix('x').map(str::parse::<usize>) {
        Some(Ok(times)) if times > 0 => {
            let last = *bytes.last().context("nothing to repeat")?;
            bytes.extend(std::iter::repeat_n(last, times - 1));
            Ok(Some(after))
        }
        _ => Ok(None),
    }
}

#[cfg(test)]
mod tests {
    use super::parse;

    #[test]
    fn escapes_and_names() {
        assert_eq!(parse("a\\r\\n\\t\\0\\\\\\xfF").unwrap(), b"a\r\n\t\0\\\xff");
        assert_eq!(
            parse("<CTRL-Z><ESC><BS><ETX>").unwrap(),
            b"\x1a\x1b\x08\x03"
        );
        assert_eq!(parse("a<x100>b").unwrap().len(), 101);
        assert_eq!(parse("a<b>\u{e9}<").unwrap(), "a<b>\u{e9}<".as_bytes());
        for bad in ["\\", "\\q", "\\x1", "\\xgg", "<x3>"] {
            assert!(parse(bad).is_err(), "{bad}");
        }
    }
}
