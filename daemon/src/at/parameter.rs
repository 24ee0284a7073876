//! What stands behind `=`: parameters, separated by commas (V.250 section 5.4.2).

use super::line::{Malformed, unquoted};

/// One parameter, as it was written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Parameter<'a> {
    /// Left out: nothing between two commas.
    Omitted,
    /// Without quotes: a number, a word.
    Bare(&'a [u8]),
    /// Between quotes, without them. There is no escape, so it holds no quote.
    Quoted(&'a [u8]),
}

/// All parameters of a write form. An empty text is one omitted parameter.
pub fn all(written: &[u8]) -> Result<Vec<Parameter<'_>>, Malformed> {
    let mut found = Vec::new();
    let mut rest = written;
    loop {
        let (part, after) = unquoted(rest, b',')?;
        found.push(one(part.trim_ascii())?);
        match after.split_first() {
            Some((_, after)) => rest = after,
            None => return Ok(found),
        }
    }
}

fn one(part: &[u8]) -> Result<Parameter<'_>, Malformed> {
    match part {
        [] => Ok(Parameter::Omitted),
        [b'"', text @ .., b'"'] if !text.contains(&b'"') => Ok(Parameter::Quoted(text)),
        [b'"', ..] => Err(Malformed::AfterQuote),
        _ => Ok(Parameter::Bare(part)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use Parameter::{Bare, Omitted, Quoted};

    #[test]
    fn parameters_are_separated_by_commas_outside_quotes() {
        let found = all(b"1, \"a,b c\",,0xffff ,\"\"").unwrap();
        let expected = [
            Bare(b"1"),
            Quoted(b"a,b c"),
            Omitted,
            Bare(b"0xffff"),
            Quoted(b""),
        ];
        assert_eq!(found, expected);
    }

    #[test]
    fn an_empty_text_is_one_omitted_parameter() {
        assert_eq!(all(b"").unwrap(), [Omitted]);
        assert_eq!(all(b"1,").unwrap(), [Bare(b"1"), Omitted]);
    }

    #[test]
    fn a_quote_has_no_escape() {
        assert_eq!(all(b"\"a\"b"), Err(Malformed::AfterQuote));
        assert_eq!(all(b"\"a\"\"b\""), Err(Malformed::AfterQuote));
        assert_eq!(all(b"\"a"), Err(Malformed::OpenQuote));
    }
}
