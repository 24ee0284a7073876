//! A command line, one command after the other (V.250 sections 5.2.1, 5.3 and 5.4).
//!
//! Commands are taken off the front one at a time, since those before a faulty one are carried out.
//! Lines are bytes: what stands between quotes may be anything but a quote.

use std::fmt;

/// One command of a line.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Command<'a> {
    /// Which command.
    pub name: Name<'a>,
    /// What is asked of it.
    pub form: Form<'a>,
}

/// The name of a command, as it was written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Name<'a> {
    /// A basic command, its prefix (`&`, `\`, `%`) included: `E`, `&D`.
    Basic(&'a [u8]),
    /// An S-register, by its number.
    Register(u16),
    /// An extended command, its prefix (`+ # $ * ^ %`) included: `+CMEE`.
    Extended(&'a [u8]),
}

/// What is asked of a command.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Form<'a> {
    /// The name alone.
    Execute,
    /// `=?`: what may be set.
    Test,
    /// `?`: what is set.
    Read,
    /// `=` and parameters; for a basic command its number, for `D` the rest of the line.
    Write(&'a [u8]),
}

/// Why a line cannot be read any further. The equipment is at fault.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Malformed {
    /// It does not begin with `AT`.
    NoPrefix,
    /// Something that begins no command.
    NotACommand,
    /// Something between a command's end and the next separator.
    Trailing,
    /// A quote that is never closed.
    OpenQuote,
    /// Something behind the closing quote of a parameter.
    AfterQuote,
    /// A number that no register has.
    Number,
}

impl fmt::Display for Malformed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::NoPrefix => "the line does not begin with AT",
            Self::NotACommand => "no command begins like this",
            Self::Trailing => "something stands between a command and the next separator",
            Self::OpenQuote => "a quote is never closed",
            Self::AfterQuote => "something stands behind a closing quote",
            Self::Number => "the number is out of range",
        })
    }
}

impl std::error::Error for Malformed {}

/// What stands behind `AT` (or `at`, section 5.2.1).
pub fn body(line: &[u8]) -> Result<&[u8], Malformed> {
    match line {
        [b'A' | b'a', b'T' | b't', rest @ ..] => Ok(rest),
        _ => Err(Malformed::NoPrefix),
    }
}

/// Takes the next command off the front of `rest`; `None` at the end of the line.
pub fn next(rest: &[u8]) -> Result<Option<(Command<'_>, &[u8])>, Malformed> {
    let rest = skip(rest, |byte| byte == b';' || is_blank(byte));
    let Some((&first, after)) = rest.split_first() else {
        return Ok(None);
    };
    let found = match first {
        b'S' | b's' => register(after)?,
        b'D' | b'd' => dial(rest),
        byte if byte.is_ascii_alphabetic() => basic(rest, 1)?,
        b'&' | b'\\' if starts_with_letter(after) => basic(rest, 2)?,
        b'%' if starts_with_letter(after) && !starts_with_name(after) => basic(rest, 2)?,
        b'+' | b'#' | b'$' | b'*' | b'^' | b'%' if starts_with_letter(after) => extended(rest)?,
        _ => return Err(Malformed::NotACommand),
    };
    Ok(Some(found))
}

fn is_blank(byte: u8) -> bool {
    byte == b' ' || byte == b'\t'
}

fn skip(bytes: &[u8], skipped: impl Fn(u8) -> bool) -> &[u8] {
    let kept = bytes.iter().position(|&byte| !skipped(byte));
    kept.map_or(&[], |at| &bytes[at..])
}

/// Splits where the bytes stop being `taken`.
fn span(bytes: &[u8], taken: impl Fn(u8) -> bool) -> (&[u8], &[u8]) {
    let end = bytes.iter().position(|&byte| !taken(byte));
    bytes.split_at(end.unwrap_or(bytes.len()))
}

fn starts_with_letter(bytes: &[u8]) -> bool {
    bytes.first().is_some_and(u8::is_ascii_alphabetic)
}

/// Two letters: an extended name, where one letter would be a basic command (`%C`).
fn starts_with_name(bytes: &[u8]) -> bool {
    bytes.len() > 1 && bytes[..2].iter().all(u8::is_ascii_alphabetic)
}

/// `D` takes the rest of the line, up to and without a `;` at its end (section 6.3.1).
fn dial(rest: &[u8]) -> (Command<'_>, &[u8]) {
    let (name, number) = rest.split_at(1);
    let form = Form::Write(number);
    let name = Name::Basic(name);
    (Command { name, form }, &[])
}

/// `S<n>`, `S<n>=<value>`, `S<n>?` (section 5.3.2).
fn register(after: &[u8]) -> Result<(Command<'_>, &[u8]), Malformed> {
    let (digits, rest) = span(skip(after, is_blank), |byte| byte.is_ascii_digit());
    let number = number(digits).and_then(|number| u16::try_from(number).ok());
    let name = Name::Register(number.ok_or(Malformed::Number)?);
    let (form, rest) = basic_form(rest);
    Ok((Command { name, form }, rest))
}

/// A basic command whose name has `length` bytes, and its number (section 5.3.1).
fn basic(rest: &[u8], length: usize) -> Result<(Command<'_>, &[u8]), Malformed> {
    let (name, after) = rest.split_at(length);
    let (digits, beyond) = span(skip(after, is_blank), |byte| byte.is_ascii_digit());
    let name = Name::Basic(name);
    if !digits.is_empty() {
        let form = Form::Write(digits);
        return Ok((Command { name, form }, beyond));
    }
    let (form, rest) = basic_form(after);
    Ok((Command { name, form }, rest))
}

/// What follows the name of a basic command: `=?`, `=<value>`, `?` or nothing. More commands may come
/// directly behind.
fn basic_form(rest: &[u8]) -> (Form<'_>, &[u8]) {
    match skip(rest, is_blank) {
        [b'=', b'?', rest @ ..] => (Form::Test, rest),
        [b'=', rest @ ..] => {
            let (digits, rest) = span(skip(rest, is_blank), |byte| byte.is_ascii_digit());
            (Form::Write(digits), rest)
        }
        [b'?', rest @ ..] => (Form::Read, rest),
        _ => (Form::Execute, rest),
    }
}

/// An extended command, to its `;` or the line's end (section 5.4). No blank may stand between its
/// name and `=` or `?`.
fn extended(rest: &[u8]) -> Result<(Command<'_>, &[u8]), Malformed> {
    let (_, after) = span(&rest[1..], |byte| {
        byte.is_ascii_alphanumeric() || b"!%-./:_".contains(&byte)
    });
    let (name, after) = rest.split_at(rest.len() - after.len());
    let name = Name::Extended(name);
    let (form, rest) = match after {
        [b'?', rest @ ..] => (Form::Read, end(rest)?),
        [b'=', b'?', rest @ ..] if end(rest).is_ok() => (Form::Test, end(rest)?),
        [b'=', rest @ ..] => {
            let (parameters, rest) = unquoted(rest, b';')?;
            (Form::Write(parameters), rest)
        }
        rest => (Form::Execute, end(rest)?),
    };
    Ok((Command { name, form }, rest))
}

/// Only blanks may stand before the next separator.
fn end(rest: &[u8]) -> Result<&[u8], Malformed> {
    match skip(rest, is_blank) {
        [] => Ok(&[]),
        rest @ [b';', ..] => Ok(rest),
        _ => Err(Malformed::Trailing),
    }
}

/// Splits before the first `separator` that stands outside quotes.
pub(super) fn unquoted(bytes: &[u8], separator: u8) -> Result<(&[u8], &[u8]), Malformed> {
    let mut quoted = false;
    for (at, &byte) in bytes.iter().enumerate() {
        match byte {
            b'"' => quoted = !quoted,
            _ if byte == separator && !quoted => return Ok(bytes.split_at(at)),
            _ => {}
        }
    }
    if quoted {
        return Err(Malformed::OpenQuote);
    }
    Ok((bytes, &[]))
}

/// A decimal number of at least one digit.
pub fn number(digits: &[u8]) -> Option<u32> {
    if digits.is_empty() || !digits.iter().all(u8::is_ascii_digit) {
        return None;
    }
    digits.iter().try_fold(0_u32, |number, digit| {
        number.checked_mul(10)?.checked_add(u32::from(digit - b'0'))
    })
}

/// Takes any bytes for a command line; what comes out must hold together. For the fuzzer.
pub fn fuzz_command_line(bytes: &[u8]) {
    let mut rest = body(bytes).unwrap_or(bytes);
    while let Ok(Some((command, after))) = next(rest) {
        assert!(after.len() < rest.len(), "no progress at {rest:?}");
        assert!(rest.ends_with(after));
        if let Form::Write(written) = command.form {
            let parts = super::parameter::all(written);
            let longest = written.len() + 1;
            assert!(parts.is_ok_and(|parts| parts.len() <= longest) || written.contains(&b'"'));
        }
        rest = after;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn names(line: &str) -> Result<Vec<String>, Malformed> {
        let mut rest = body(line.as_bytes())?;
        let mut found = Vec::new();
        while let Some((command, after)) = next(rest)? {
            let name = match command.name {
                Name::Basic(name) | Name::Extended(name) => name.escape_ascii().to_string(),
                Name::Register(number) => format!("S{number}"),
            };
            found.push(match command.form {
                Form::Execute => name,
                Form::Test => name + " =?",
                Form::Read => name + " ?",
                Form::Write(written) => format!("{name} = {}", written.escape_ascii()),
            });
            rest = after;
        }
        Ok(found)
    }

    #[test]
    fn several_commands_stand_on_one_line() {
        let found = names("ATE0V1&D2;+CMEE=1;S0=0 X4\\N3%C1").unwrap();
        let expected = [
            "E = 0",
            "V = 1",
            "&D = 2",
            "+CMEE = 1",
            "S0 = 0",
            "X = 4",
            "\\\\N = 3",
            "%C = 1",
        ];
        assert_eq!(found, expected);
    }

    #[test]
    fn extended_commands_have_four_forms() {
        let found = names("at+cmee=?;+CMEE?;+CMEE=2;+QSMTPCLR;*T?;#A=1;$B;^C;%TSIM").unwrap();
        let expected = [
            "+cmee =?",
            "+CMEE ?",
            "+CMEE = 2",
            "+QSMTPCLR",
            "*T ?",
            "#A = 1",
            "$B",
            "^C",
            "%TSIM",
        ];
        assert_eq!(found, expected);
    }

    #[test]
    fn a_separator_between_quotes_separates_nothing() {
        let found = names("AT+QSMTPSUB=0,\"a;b\";+QSMTPCLR").unwrap();
        assert_eq!(found, ["+QSMTPSUB = 0,\\\"a;b\\\"", "+QSMTPCLR"]);
    }

    #[test]
    fn blanks_count_only_inside_names_and_quotes() {
        assert_eq!(names("AT E0 ; +CMEE=1 ").unwrap(), ["E = 0", "+CMEE = 1 "]);
        assert_eq!(names("AT+CMEE =1"), Err(Malformed::Trailing));
        assert_eq!(names("AT+CM EE=1"), Err(Malformed::Trailing));
        assert_eq!(names("ATS 12 = 50").unwrap(), ["S12 = 50"]);
    }

    #[test]
    fn dial_takes_the_rest() {
        assert_eq!(names("ATE1DT123,4;").unwrap(), ["E = 1", "D = T123,4;"]);
    }

    #[test]
    fn what_is_no_command_is_refused() {
        for (line, why) in [
            ("XY", Malformed::NoPrefix),
            ("AT\u{e9}", Malformed::NotACommand),
            ("AT1", Malformed::NotACommand),
            ("AT+", Malformed::NotACommand),
            ("AT&1", Malformed::NotACommand),
            ("AT+CMEE?x", Malformed::Trailing),
            ("AT+QSMTPSUB=0,\"open", Malformed::OpenQuote),
            ("ATS", Malformed::Number),
            ("ATS99999=1", Malformed::Number),
        ] {
            assert_eq!(names(line), Err(why), "{line}");
        }
    }

    proptest::proptest! {
        #[test]
        fn any_bytes_make_progress_or_an_error(bytes: Vec<u8>) {
            fuzz_command_line(&bytes);
            fuzz_command_line(&[b"AT+QSMTPCFG=", bytes.as_slice()].concat());
        }
    }
}
