//! What a line's values look like: how an answer and an unsolicited line of one name are told apart.

use super::values::{Values, named};

/// An unsolicited line that a dialect knows.
#[derive(Clone, Copy, Debug)]
pub struct Urc {
    /// Its name with the sign (`+CREG`), or the whole line where it has none (`RDY`).
    pub name: &'static str,
    /// What its values look like, as [`fits`] reads it.
    pub shapes: &'static [&'static str],
    /// No answer of the same name fits these shapes, so that it is unsolicited even while a command of
    /// that name runs.
    pub distinct: bool,
}

impl Urc {
    /// One that no answer looks like.
    pub const fn distinct(name: &'static str, shapes: &'static [&'static str]) -> Self {
        Self {
            name,
            shapes,
            distinct: true,
        }
    }

    /// One that an answer of the same name may look like.
    pub const fn alike(name: &'static str, shapes: &'static [&'static str]) -> Self {
        Self {
            name,
            shapes,
            distinct: false,
        }
    }

    /// Whether the line is this one.
    pub fn matches(&self, line: &[u8]) -> bool {
        match named(line, self.name) {
            Some(values) => fits(&values, self.shapes),
            None => line.trim_ascii() == self.name.as_bytes(),
        }
    }
}

/// A line that announces raw bytes: `+CFTPGET: DATA,20`.
#[derive(Clone, Copy, Debug)]
pub struct Announce {
    /// Its name with the sign.
    pub name: &'static str,
    /// Its first value.
    pub keyword: &'static str,
}

impl Announce {
    /// How many raw bytes follow the line, if it is this one. The count may have leading zeros.
    pub fn count(&self, line: &[u8]) -> Option<u64> {
        let mut values = named(line, self.name)?;
        let keyword = values.next()?;
        if !keyword.text.eq_ignore_ascii_case(self.keyword.as_bytes()) {
            return None;
        }
        values.next()?.number().map(u64::from)
    }
}

/// Whether the values have one of these shapes. A shape has one letter a value: `n` a bare decimal
/// number, `s` anything else, `v` any; `*` at the end stands for any more, `?` behind a letter for a
/// value that may be missing at the end.
pub fn fits(values: &Values<'_>, shapes: &[&str]) -> bool {
    shapes.iter().any(|shape| fits_one(values.clone(), shape))
}

fn fits_one(mut values: Values<'_>, shape: &str) -> bool {
    let mut letters = shape.bytes().peekable();
    while let Some(letter) = letters.next() {
        if letter == b'*' {
            return true;
        }
        let optional = letters.next_if_eq(&b'?').is_some();
        let Some(value) = values.next() else {
            if optional {
                continue;
            }
            return false;
        };
        let good = match letter {
            b'n' => value.is_bare_number(),
            b's' => !value.is_bare_number(),
            _ => true,
        };
        if !good {
            return false;
        }
    }
    values.next().is_none()
}

#[cfg(test)]
mod tests {
    use super::*;

    const CREG: Urc = Urc {
        name: "+CREG",
        shapes: &["n", "ns*"],
        distinct: true,
    };

    #[test]
    fn registration_is_told_from_its_answer() {
        // 27.007 section 7.2: unsolicited <stat>[,<lac>,<ci>[,<AcT>]], read <n>,<stat>[,<lac>,...].
        for urc in ["+CREG: 1", "+CREG: 1,\"1A2B\",\"01CD2E\",7", "+creg:5"] {
            assert!(CREG.matches(urc.as_bytes()), "{urc}");
        }
        for answer in ["+CREG: 0,1", "+CREG: 2,1,\"1A2B\",\"01CD2E\",7", "+CREG:"] {
            assert!(!CREG.matches(answer.as_bytes()), "{answer}");
            assert_eq!(
                named(answer.as_bytes(), "+CREG").is_some_and(|v| fits(&v, &["nn*"])),
                answer.len() > 6
            );
        }
    }

    #[test]
    fn shapes() {
        let cases = [
            ("", "", true),
            ("1", "", false),
            ("1", "n", true),
            ("\"1\"", "n", false),
            ("\"1\"", "s", true),
            ("1,2", "nn?", true),
            ("1", "nn?", true),
            ("1", "nnn?", false),
            ("1", "nn?n?", true),
            ("1", "nn?n", false),
            ("1,a,b", "n*", true),
            ("", "*", true),
            ("a,1", "vv", true),
        ];
        for (values, shape, expected) in cases {
            assert_eq!(
                fits(&Values::new(values.as_bytes()), &[shape]),
                expected,
                "{values} {shape}"
            );
        }
    }

    #[test]
    fn announcements() {
        let announce = Announce {
            name: "+CFTRANTX",
            keyword: "DATA",
        };
        assert_eq!(announce.count(b"+CFTRANTX: DATA,015"), Some(15));
        assert_eq!(announce.count(b"+CFTRANTX: DATA, 11,"), Some(11));
        assert_eq!(announce.count(b"+CFTRANTX: 0"), None);
    }

    #[test]
    fn a_line_without_name_matches_whole() {
        let ready = Urc {
            name: "RDY",
            shapes: &[],
            distinct: true,
        };
        assert!(ready.matches(b"RDY"));
        assert!(!ready.matches(b"RDYX"));
    }
}
