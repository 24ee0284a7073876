//! Final results.

use std::fmt;

/// What a module may put behind `+CME ERROR` and `+CMS ERROR`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Code {
    /// Nothing: some firmware prints the bare words.
    None,
    /// A number (`AT+CMEE=1`).
    Number(u32),
    /// Words (`AT+CMEE=2`).
    Text(String),
}

/// The end of an answer (V.250 section 5.7.1; 27.007 section 9.2; 27.005 section 3.2.5).
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum FinalResult {
    /// `OK`.
    Ok,
    /// `ERROR`.
    Error,
    /// `+CME ERROR`.
    Cme(Code),
    /// `+CMS ERROR`.
    Cms(Code),
    /// `NO CARRIER`.
    NoCarrier,
    /// `BUSY`.
    Busy,
    /// `NO ANSWER`.
    NoAnswer,
    /// `NO DIALTONE`.
    NoDialtone,
}

impl FinalResult {
    /// Reads a whole line as a verbose result; `None` if it is anything else. Never a substring:
    /// `+SMTP: OK` and `NETWORK ERROR` are information.
    pub fn parse(line: &[u8]) -> Option<Self> {
        let line = line.trim_ascii_end();
        Some(match line {
            b"OK" => Self::Ok,
            b"ERROR" => Self::Error,
            b"NO CARRIER" => Self::NoCarrier,
            b"BUSY" => Self::Busy,
            b"NO ANSWER" => Self::NoAnswer,
            b"NO DIALTONE" | b"NO DIAL TONE" => Self::NoDialtone,
            _ => return coded(line),
        })
    }

    /// Reads a whole line as a numeric result, as a module with `ATV0` gives it.
    pub fn parse_numeric(line: &[u8]) -> Option<Self> {
        Some(match line {
            b"0" => Self::Ok,
            b"3" => Self::NoCarrier,
            b"4" => Self::Error,
            b"6" => Self::NoDialtone,
            b"7" => Self::Busy,
            b"8" => Self::NoAnswer,
            _ => return None,
        })
    }

    /// Whether it is `OK`.
    pub fn is_ok(&self) -> bool {
        *self == Self::Ok
    }

    /// The words behind `+CME ERROR` or `+CMS ERROR`.
    pub fn words(&self) -> Option<&str> {
        match self {
            Self::Cme(Code::Text(words)) | Self::Cms(Code::Text(words)) => Some(words),
            _ => None,
        }
    }

    /// The number behind `+CME ERROR` or `+CMS ERROR`.
    pub fn number(&self) -> Option<u32> {
        match self {
            Self::Cme(Code::Number(number)) | Self::Cms(Code::Number(number)) => Some(*number),
            _ => None,
        }
    }
}

fn coded(line: &[u8]) -> Option<FinalResult> {
    let (head, make): (_, fn(Code) -> FinalResult) = match line.get(..10) {
        Some(b"+CME ERROR") => (10, FinalResult::Cme),
        Some(b"+CMS ERROR") => (10, FinalResult::Cms),
        _ => return None,
    };
    let rest = line.get(head..)?;
    if rest.is_empty() {
        return Some(make(Code::None));
    }
    let words = rest.strip_prefix(b":")?.trim_ascii();
    let words = String::from_utf8_lossy(words);
    Some(make(match words.parse() {
        Ok(number) => Code::Number(number),
        Err(_) if words.is_empty() => Code::None,
        Err(_) => Code::Text(words.into_owned()),
    }))
}

impl fmt::Display for FinalResult {
    /// As the module says it.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (words, code) = match self {
            Self::Ok => ("OK", &Code::None),
            Self::Error => ("ERROR", &Code::None),
            Self::Cme(code) => ("+CME ERROR", code),
            Self::Cms(code) => ("+CMS ERROR", code),
            Self::NoCarrier => ("NO CARRIER", &Code::None),
            Self::Busy => ("BUSY", &Code::None),
            Self::NoAnswer => ("NO ANSWER", &Code::None),
            Self::NoDialtone => ("NO DIALTONE", &Code::None),
        };
        match code {
            Code::None => f.write_str(words),
            Code::Number(number) => write!(f, "{words}: {number}"),
            Code::Text(text) => write!(f, "{words}: {text}"),
        }
    }
}

/// Reads a whole line as `CONNECT` or `CONNECT <text>`; gives the text.
pub fn connect(line: &[u8]) -> Option<&[u8]> {
    let rest = line.strip_prefix(b"CONNECT")?;
    match rest.first() {
        None => Some(rest),
        Some(b' ') => Some(rest.trim_ascii()),
        Some(_) => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn results_are_whole_lines() {
        let cases: &[(&str, Option<FinalResult>)] = &[
            ("OK", Some(FinalResult::Ok)),
            ("OK ", Some(FinalResult::Ok)),
            (" OK", None),
            ("OKAY", None),
            ("ok", None),
            ("+SMTP: OK", None),
            ("NETWORK ERROR", None),
            ("ERROR", Some(FinalResult::Error)),
            ("+CME ERROR", Some(FinalResult::Cme(Code::None))),
            ("+CME ERROR:", Some(FinalResult::Cme(Code::None))),
            ("+CME ERROR: 664", Some(FinalResult::Cme(Code::Number(664)))),
            ("+CME ERROR:664", Some(FinalResult::Cme(Code::Number(664)))),
            (
                "+CME ERROR: SIM not inserted",
                Some(FinalResult::Cme(Code::Text("SIM not inserted".into()))),
            ),
            ("+CME ERRORS: 1", None),
            ("+CMS ERROR: 500", Some(FinalResult::Cms(Code::Number(500)))),
            ("NO CARRIER", Some(FinalResult::NoCarrier)),
            ("BUSY", Some(FinalResult::Busy)),
            ("NO ANSWER", Some(FinalResult::NoAnswer)),
            ("NO DIALTONE", Some(FinalResult::NoDialtone)),
            ("CONNECT", None),
            ("0", None),
        ];
        for (line, expected) in cases {
            assert_eq!(&FinalResult::parse(line.as_bytes()), expected, "{line}");
            if let Some(result) = expected
                && !line.ends_with([' ', ':'])
                && line.contains(": ") == result.to_string().contains(": ")
            {
                assert_eq!(result.to_string(), *line);
            }
        }
    }

    #[test]
    fn numeric_results_are_single_numbers() {
        assert_eq!(FinalResult::parse_numeric(b"0"), Some(FinalResult::Ok));
        assert_eq!(FinalResult::parse_numeric(b"4"), Some(FinalResult::Error));
        assert_eq!(FinalResult::parse_numeric(b"1"), None);
        assert_eq!(FinalResult::parse_numeric(b"00"), None);
        assert_eq!(FinalResult::parse_numeric(b""), None);
    }

    #[test]
    fn connect_with_and_without_text() {
        assert_eq!(connect(b"CONNECT"), Some(&b""[..]));
        assert_eq!(connect(b"CONNECT 115200"), Some(&b"115200"[..]));
        assert_eq!(connect(b"CONNECTED"), None);
    }
}
