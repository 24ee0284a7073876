//! Values of information lines, read as tolerantly as firmwares write them: any case of the name,
//! blanks or none around values, quotes or none.

/// Splits `+NAME: rest` into `+NAME` and `rest`; the colon and the blank are optional only together
/// with the rest. `None` for a line that does not begin with a name.
pub fn split_name(line: &[u8]) -> Option<(&[u8], &[u8])> {
    let line = line.trim_ascii();
    if !line.first().is_some_and(|first| b"+^#$*%&".contains(first)) {
        return None;
    }
    let (name, rest) = match line.iter().position(|&byte| byte == b':') {
        Some(colon) => (&line[..colon], &line[colon + 1..]),
        None => (line, &b""[..]),
    };
    let good = name.len() > 1 && name[1..].iter().all(|&byte| byte.is_ascii_alphanumeric());
    good.then(|| (name, rest.trim_ascii_start()))
}

/// The values of `line` if it is an information line of this name (`+CSQ`), in any case.
pub fn named<'a>(line: &'a [u8], name: &str) -> Option<Values<'a>> {
    let (found, rest) = split_name(line)?;
    found
        .eq_ignore_ascii_case(name.as_bytes())
        .then(|| Values::new(rest))
}

/// One value.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Value<'a> {
    /// Without quotes and without blanks around.
    pub text: &'a [u8],
    /// It stood in quotes.
    pub quoted: bool,
}

impl<'a> Value<'a> {
    /// As a decimal number; quotes do not matter.
    pub fn number(self) -> Option<u32> {
        std::str::from_utf8(self.text).ok()?.parse().ok()
    }

    /// As a hexadecimal number, padded or not, with `0X` or not.
    pub fn hex(self) -> Option<u32> {
        let text = std::str::from_utf8(self.text).ok()?;
        let digits = text
            .strip_prefix("0x")
            .or_else(|| text.strip_prefix("0X"))
            .unwrap_or(text);
        u32::from_str_radix(digits, 16).ok()
    }

    /// As text; bytes that are no UTF-8 become U+FFFD.
    pub fn to_text(self) -> String {
        String::from_utf8_lossy(self.text).into_owned()
    }

    /// Whether it is a bare decimal number.
    pub fn is_bare_number(self) -> bool {
        !self.quoted && !self.text.is_empty() && self.text.iter().all(u8::is_ascii_digit)
    }
}

/// The values of a line, separated by commas outside quotes. An empty rest has no value; `a,,b` has
/// three. A quote that is never closed reaches to the end.
#[derive(Clone, Debug)]
pub struct Values<'a> {
    rest: Option<&'a [u8]>,
}

impl<'a> Values<'a> {
    /// The values in what stands behind a name.
    pub fn new(rest: &'a [u8]) -> Self {
        let rest = rest.trim_ascii();
        Self {
            rest: (!rest.is_empty()).then_some(rest),
        }
    }
}

impl<'a> Iterator for Values<'a> {
    type Item = Value<'a>;

    fn next(&mut self) -> Option<Value<'a>> {
        let rest = self.rest?;
        let mut quoted = false;
        let comma = rest.iter().position(|&byte| {
            quoted ^= byte == b'"';
            byte == b',' && !quoted
        });
        let (text, after) = match comma {
            Some(comma) => (&rest[..comma], Some(&rest[comma + 1..])),
            None => (rest, None),
        };
        self.rest = after;
        let text = text.trim_ascii();
        Some(match text.strip_prefix(b"\"") {
            Some(inner) => Value {
                text: inner.strip_suffix(b"\"").unwrap_or(inner),
                quoted: true,
            },
            None => Value {
                text,
                quoted: false,
            },
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn texts(line: &str, name: &str) -> Option<Vec<String>> {
        named(line.as_bytes(), name).map(|values| values.map(Value::to_text).collect())
    }

    #[test]
    fn tolerant_of_case_blanks_and_quotes() {
        for line in [
            "+QSMTPSUB: 0,\"TEST\"",
            "+QSMTPSUB:0,\"TEST\"",
            "+qsmtpsub: 0, \"TEST\" ",
            "+QSMTPSUB: 0,TEST",
        ] {
            assert_eq!(
                texts(line, "+QSMTPSUB"),
                Some(vec!["0".into(), "TEST".into()]),
                "{line}"
            );
        }
    }

    #[test]
    fn commas_in_quotes_do_not_separate() {
        assert_eq!(
            texts("+X: \"a,b\",,c", "+X"),
            Some(vec!["a,b".into(), String::new(), "c".into()])
        );
        assert_eq!(texts("+X: \"open", "+X"), Some(vec!["open".into()]));
        assert_eq!(texts("+X: a,", "+X"), Some(vec!["a".into(), String::new()]));
        assert_eq!(texts("+X:", "+X"), Some(vec![]));
        assert_eq!(texts("+X", "+X"), Some(vec![]));
    }

    #[test]
    fn other_lines_have_no_name() {
        assert_eq!(texts("+XY: 1", "+X"), None);
        assert_eq!(texts("X: 1", "+X"), None);
        assert_eq!(split_name(b"+ X: 1"), None);
        assert_eq!(split_name(b"+: 1"), None);
        assert_eq!(split_name(b""), None);
        assert_eq!(split_name(b"+CME ERROR: 3"), None);
    }

    #[test]
    fn numbers() {
        let values: Vec<_> = Values::new(b"07,\"12\",0x1F,707").collect();
        assert_eq!(values[0].number(), Some(7));
        assert_eq!(values[1].number(), Some(12));
        assert!(!values[1].is_bare_number());
        assert_eq!(values[2].hex(), Some(0x1f));
        assert_eq!(values[3].hex(), Some(0x707));
        assert_eq!(values[2].number(), None);
    }
}
