//! Values of parameters: taken from a command line, kept, shown again.

use crate::at;
use crate::at::line::number;
use crate::dialect::row::{Initial, Kind, Omitted, Parameter, Secret};
use crate::service;
use std::fmt;

/// A value.
#[derive(Clone, PartialEq, Eq)]
pub enum Value {
    /// A number.
    Number(u32),
    /// Bytes.
    Text(Vec<u8>),
    /// Bytes that nobody may see, each as the character of its number.
    Secret(service::Secret),
    /// Rows of values: recipients, attachments.
    List(Vec<Vec<Value>>),
}

impl fmt::Debug for Value {
    /// What kind of value: what equipment writes is nobody's business in a log.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Number(number) => write!(f, "{number}"),
            Self::Text(text) => write!(f, "<{} bytes>", text.len()),
            Self::Secret(_) => f.write_str("***"),
            Self::List(rows) => f.debug_list().entries(rows).finish(),
        }
    }
}

impl Value {
    /// A text.
    pub fn text(text: impl Into<Vec<u8>>) -> Self {
        Self::Text(text.into())
    }

    /// The number; 0 where it is none.
    pub fn as_number(&self) -> u32 {
        match self {
            Self::Number(number) => *number,
            _ => 0,
        }
    }

    /// The bytes; empty where it has none.
    pub fn to_bytes(&self) -> Vec<u8> {
        match self {
            Self::Text(text) => text.clone(),
            Self::Secret(secret) => from_latin1(secret.expose()),
            _ => Vec::new(),
        }
    }
}

/// Bytes as the characters of their numbers, for formats that hold text only.
pub(super) fn to_latin1(bytes: &[u8]) -> String {
    bytes.iter().copied().map(char::from).collect()
}

/// The bytes of [`to_latin1`]; other characters become `?`.
pub(super) fn from_latin1(text: &str) -> Vec<u8> {
    let bytes = text.chars().map(|c| u8::try_from(c).unwrap_or(b'?'));
    bytes.collect()
}

/// What a parameter is before anything was set.
pub(super) fn initial(parameter: &Parameter) -> Value {
    match (parameter.initial, parameter.secret) {
        (Initial::Number(number), _) => Value::Number(number),
        (Initial::Text(text), Secret::No) => Value::text(text),
        (Initial::Text(text), _) => Value::Secret(service::Secret::new(text.into())),
    }
}

/// The parameters of a write form do not fit their row.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Unfit;

/// Fits what was written into `parameters`; one value for each, `None` where it was left out and keeps
/// what it has.
pub(super) fn fit(
    parameters: &'static [Parameter],
    written: &[at::Parameter<'_>],
) -> Result<Vec<Option<Value>>, Unfit> {
    let mut values = Vec::with_capacity(parameters.len());
    for (at, parameter) in parameters.iter().enumerate() {
        let rest = written.get(at..).unwrap_or_default();
        if matches!(parameter.kind, Kind::Words) {
            values.push(Some(words(rest)?));
            return Ok(values);
        }
        values.push(one(parameter, rest.first())?);
    }
    if written.len() > parameters.len() {
        return Err(Unfit);
    }
    Ok(values)
}

/// The values where all parameters are left out by nature: initial ones where that is what it means.
pub(super) fn left_out(parameters: &'static [Parameter]) -> Vec<Option<Value>> {
    let value = |parameter: &Parameter| match parameter.omitted {
        Omitted::Initial => Some(initial(parameter)),
        Omitted::Refused | Omitted::Kept => None,
    };
    parameters.iter().map(value).collect()
}

fn one(parameter: &Parameter, written: Option<&at::Parameter<'_>>) -> Result<Option<Value>, Unfit> {
    match (written, parameter.kind) {
        (None | Some(at::Parameter::Omitted), _) => match parameter.omitted {
            Omitted::Refused => Err(Unfit),
            Omitted::Initial => Ok(Some(initial(parameter))),
            Omitted::Kept => Ok(None),
        },
        (Some(at::Parameter::Bare(digits)), Kind::Number(ranges)) => {
            let number = number(digits).ok_or(Unfit)?;
            let fits = ranges
                .iter()
                .any(|&(low, high)| (low..=high).contains(&number));
            fits.then_some(Some(Value::Number(number))).ok_or(Unfit)
        }
        (Some(at::Parameter::Quoted(text) | at::Parameter::Bare(text)), Kind::Word(words)) => {
            let mut words = words.iter();
            let word = words.find(|word| word.as_bytes().eq_ignore_ascii_case(text));
            word.map(|&word| Some(Value::text(word))).ok_or(Unfit)
        }
        (Some(at::Parameter::Quoted(text)), Kind::Text { shortest, longest })
        | (
            Some(at::Parameter::Quoted(text) | at::Parameter::Bare(text)),
            Kind::Free { shortest, longest },
        ) => {
            let fits = (usize::from(shortest)..=usize::from(longest)).contains(&text.len());
            let value = match parameter.secret {
                Secret::No => Value::text(*text),
                Secret::Hidden | Secret::Masked => {
                    Value::Secret(service::Secret::new(to_latin1(text)))
                }
            };
            fits.then_some(Some(value)).ok_or(Unfit)
        }
        _ => Err(Unfit),
    }
}

/// `0xc02f,0x35`, kept as it is shown: `0XC02F,0X0035`.
fn words(written: &[at::Parameter<'_>]) -> Result<Value, Unfit> {
    let mut text = Vec::new();
    for word in written {
        let at::Parameter::Bare([b'0', b'x' | b'X', digits @ ..]) = word else {
            return Err(Unfit);
        };
        if !(1..=4).contains(&digits.len()) || !digits.iter().all(u8::is_ascii_hexdigit) {
            return Err(Unfit);
        }
        if !text.is_empty() {
            text.push(b',');
        }
        text.extend(b"0X");
        text.extend(std::iter::repeat_n(b'0', 4 - digits.len()));
        text.extend(digits.to_ascii_uppercase());
    }
    if text.is_empty() {
        return Err(Unfit);
    }
    Ok(Value::Text(text))
}

/// Adds a value as the equipment reads it: a number bare, a text between quotes, a masked one as stars.
pub(super) fn show(parameter: &Parameter, value: &Value, out: &mut Vec<u8>) {
    match parameter.kind {
        Kind::Number(_) => out.extend(value.as_number().to_string().into_bytes()),
        Kind::Words | Kind::Word(_) => out.extend(value.to_bytes()),
        Kind::Text { .. } | Kind::Free { .. } => {
            let mut text = value.to_bytes();
            if parameter.secret == Secret::Masked {
                text.fill(b'*');
            }
            quote(&text, out);
        }
    }
}

/// Adds a text between quotes.
pub fn quote(text: &[u8], out: &mut Vec<u8>) {
    out.push(b'"');
    out.extend(text);
    out.push(b'"');
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::at::parameter::all;

    const MODE: Parameter = Parameter::number("mode", &[(0, 1), (7, 9)], 1);
    const NAME: Parameter = Parameter::text("name", 1, 4);

    fn fitted(parameters: &'static [Parameter], written: &str) -> Option<Vec<Option<Value>>> {
        fit(parameters, &all(written.as_bytes()).unwrap()).ok()
    }

    #[test]
    fn ranges_and_lengths_hold_at_their_ends() {
        for (written, fits) in [
            ("0", true),
            ("1", true),
            ("2", false),
            ("7", true),
            ("9", true),
            ("10", false),
            ("07", true),
            ("-1", false),
            ("4294967296", false),
            ("\"1\"", false),
            ("1 1", false),
        ] {
            assert_eq!(fitted(&[MODE], written).is_some(), fits, "{written}");
        }
        for (written, fits) in [
            ("\"a\"", true),
            ("\"abcd\"", true),
            ("\"abcde\"", false),
            ("\"\"", false),
            ("a", false),
        ] {
            assert_eq!(fitted(&[NAME], written).is_some(), fits, "{written}");
        }
    }

    #[test]
    fn what_is_left_out_is_refused_initial_or_kept() {
        assert_eq!(fitted(&[MODE], ""), None);
        let or_initial = fitted(const { &[MODE.or_initial()] }, "").unwrap();
        assert_eq!(or_initial, [Some(Value::Number(1))]);
        assert_eq!(fitted(const { &[MODE.optional()] }, "").unwrap(), [None]);
        assert_eq!(fitted(&[MODE], "1,1"), None);
    }

    #[test]
    fn words_take_the_rest() {
        const SUITES: [Parameter; 2] = [MODE, Parameter::words("suites", "0XFFFF")];
        let values = fitted(&SUITES, "1,0xffff,0X35").unwrap();
        assert_eq!(values[1], Some(Value::text("0XFFFF,0X0035")));
        for bad in ["1", "1,", "1,0x", "1,0x12345", "1,0xg", "1,\"0x1\"", "1,12"] {
            assert_eq!(fitted(&SUITES, bad), None, "{bad}");
        }
    }

    #[test]
    fn one_of_some_words_is_kept_as_the_table_spells_it() {
        const TYPE: Parameter = Parameter::word("type", &["I", "A"]);
        for written in ["a", "A", "\"A\"", " \"a\""] {
            let values = fitted(&[TYPE], written).unwrap();
            assert_eq!(values, [Some(Value::text("A"))], "{written}");
        }
        for bad in ["", "AI", "1", "\"\""] {
            assert_eq!(fitted(&[TYPE], bad), None, "{bad}");
        }
        let mut shown = Vec::new();
        show(&TYPE, &initial(&TYPE), &mut shown);
        assert_eq!(shown, b"I");
    }

    #[test]
    fn what_is_free_stands_between_quotes_or_not() {
        const PATH: Parameter = Parameter::free("path", 1, 12);
        for (written, value) in [
            ("C:/a b", "C:/a b"),
            ("\"C:/a,b\"", "C:/a,b"),
            ("..", ".."),
            ("{x} \"B2E2\"", "{x} \"B2E2\""),
        ] {
            let values = fitted(&[PATH], written).unwrap();
            assert_eq!(values, [Some(Value::text(value))], "{written}");
        }
        for bad in ["", "\"\"", "0123456789abc"] {
            assert_eq!(fitted(&[PATH], bad), None, "{bad}");
        }
    }

    #[test]
    fn a_secret_is_never_printed() {
        const PASSWORD: Parameter = Parameter::text("password", 0, 50).masked();
        let value = fitted(&[PASSWORD], "\"tops\u{e9}cret\"")
            .unwrap()
            .remove(0)
            .unwrap();
        assert_eq!(format!("{value:?}"), "***");
        let mut shown = Vec::new();
        show(&PASSWORD, &value, &mut shown);
        assert_eq!(shown, b"\"**********\"");
        assert_eq!(value.to_bytes(), "tops\u{e9}cret".as_bytes());
    }
}
