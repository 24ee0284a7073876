//! Secrets out of what people watch.

use super::memory::Memory;
use super::played;
use crate::at::line::{body, next};
use crate::at::parameter::all;
use crate::at::{self, Form, Name};
use crate::dialect::Dialect;
use crate::dialect::row::{Key, Parameter, Row, Secret, Write};

const STARS: &[u8] = b"***";

/// A command line without its secrets, as the rows of its commands say. What cannot be read to its end
/// is starred from there on.
pub(super) fn line(dialect: &'static Dialect, line: &[u8]) -> Vec<u8> {
    let Ok(mut rest) = body(line) else {
        return STARS.to_vec();
    };
    let mut out = line[..line.len() - rest.len()].to_vec();
    loop {
        match next(rest) {
            Ok(None) => {
                out.extend(rest);
                return out;
            }
            Ok(Some((command, after))) => {
                let taken = &rest[..rest.len() - after.len()];
                match (command.name, command.form) {
                    (Name::Extended(name), Form::Write(written)) => {
                        let row = played::find(dialect, name);
                        out.extend(&taken[..taken.len() - written.len()]);
                        // A password may stand behind a misspelt name.
                        out.extend(row.map_or(STARS.to_vec(), |row| star(row, written)));
                    }
                    _ => out.extend(taken),
                }
                rest = after;
            }
            Err(_) => {
                // An open quote may stand before a password, and the `=` before it may be missing.
                let kept = rest.iter().position(|byte| b"=\"".contains(byte));
                out.extend(&rest[..kept.map_or(rest.len(), |at| at + 1)]);
                if kept.is_some() {
                    out.extend(STARS);
                }
                return out;
            }
        }
    }
}

fn star(row: &'static Row, written: &[u8]) -> Vec<u8> {
    let Ok(parameters) = all(written) else {
        return STARS.to_vec();
    };
    let found = match row.write {
        Write::Keys(keys) => of_key(keys, &parameters),
        _ => Some((0, row.parameters)),
    };
    let Some((offset, known)) = found else {
        return STARS.to_vec();
    };
    if known.iter().all(|parameter| parameter.secret == Secret::No) {
        return written.to_vec();
    }
    let mut out = Vec::with_capacity(written.len());
    for (at, parameter) in parameters.iter().enumerate() {
        if at > 0 {
            out.push(b',');
        }
        let known = at.checked_sub(offset).and_then(|at| known.get(at));
        // One too many may be a password that slipped.
        let secret = at >= offset && known.is_none_or(|known| known.secret != Secret::No);
        match parameter {
            at::Parameter::Omitted => {}
            _ if secret => out.extend(STARS),
            at::Parameter::Bare(text) => out.extend(*text),
            at::Parameter::Quoted(text) => super::value::quote(text, &mut out),
        }
    }
    out
}

/// The values under the key that is written, and how many parameters stand before them.
fn of_key(
    keys: &'static [Key],
    written: &[at::Parameter<'_>],
) -> Option<(usize, &'static [Parameter])> {
    let Some(at::Parameter::Quoted(name)) = written.first() else {
        return None;
    };
    let mut keys = keys.iter();
    let key = keys.find(|key| key.name.as_bytes().eq_ignore_ascii_case(name))?;
    Some((1 + usize::from(key.index.is_some()), key.parameters))
}

/// An answer without the secrets that the memory holds.
pub(super) fn answer(memory: &Memory, bytes: &[u8]) -> Vec<u8> {
    let mut bytes = bytes.to_vec();
    for secret in memory.secrets() {
        let mut quoted = Vec::with_capacity(secret.len() + 2);
        super::value::quote(&secret, &mut quoted);
        while let Some(at) = memchr::memmem::find(&bytes, &quoted) {
            if quoted == b"\"***\"" {
                break;
            }
            bytes.splice(at..at + quoted.len(), b"\"***\"".iter().copied());
        }
    }
    bytes
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::dialect::quectel::DIALECT;
    use crate::emulator::{Slot, Value};
    use crate::service;

    fn starred(text: &str) -> String {
        String::from_utf8(line(&DIALECT, text.as_bytes())).unwrap()
    }

    #[test]
    fn passwords_are_starred_and_nothing_else() {
        for (written, shown) in [
            ("AT", "AT"),
            ("ATE0V1;+CMEE=1;S0=0", "ATE0V1;+CMEE=1;S0=0"),
            (
                "AT+QSMTPCFG=\"account\",\"u\",\"p;w\"",
                "AT+QSMTPCFG=\"account\",\"u\",***",
            ),
            (
                "at+qsmtpcfg=\"ACCOUNT\", \"u\", \"p\"",
                "at+qsmtpcfg=\"ACCOUNT\",\"u\",***",
            ),
            ("AT+QSMTPCFG=\"ssltype\",2", "AT+QSMTPCFG=\"ssltype\",2"),
            (
                "AT+QICSGP=1,1,\"apn\",\"u\",\"p\",1",
                "AT+QICSGP=1,1,\"apn\",\"u\",***,1",
            ),
            (
                "AT+QSSLCFG=\"clientkey\",1,\"k\",\"p\"",
                "AT+QSSLCFG=\"clientkey\",1,\"k\",***",
            ),
        ] {
            assert_eq!(starred(written), shown);
        }
    }

    #[test]
    fn what_cannot_be_read_is_starred_too() {
        for (written, shown) in [
            ("AT+QSMTPCFG=\"account\",\"u\",\"p", "AT+QSMTPCFG=***"),
            ("AT+QSMTPCFG=\"acount\",\"u\",\"p\"", "AT+QSMTPCFG=***"),
            ("AT+QSMTPCGF=\"account\",\"u\",\"p\"", "AT+QSMTPCGF=***"),
            ("AT+QSMTPCFG=\"account\",\"u\",\"p\"x", "AT+QSMTPCFG=***"),
            ("QSMTPCFG=\"account\",\"u\",\"p\"", "***"),
            ("AT+QSMTPCFG\"account\",\"u\",\"p\"", "AT+QSMTPCFG\"***"),
            (
                "AT+QSMTPCFG=\"account\",\"u\",,\"p\"",
                "AT+QSMTPCFG=\"account\",\"u\",,***",
            ),
        ] {
            assert_eq!(starred(written), shown);
        }
    }

    #[test]
    fn answers_do_not_tell_either() {
        let mut memory = Memory::default();
        let secret = service::Secret::new("p*w".into());
        memory.set(Slot::of("+QICSGP.1", "password"), Value::Secret(secret));
        let told = answer(&memory, b"+QICSGP: 1,\"a\",\"u\",\"p*w\",0 \"p*w\"");
        assert_eq!(told, b"+QICSGP: 1,\"a\",\"u\",\"***\",0 \"***\"");

        let secret = Value::Secret(service::Secret::new("in a list".into()));
        let rows = Value::List(vec![vec![Value::Number(1), secret]]);
        memory.set(Slot::of("+CSOCKAUTH", "logins"), rows);
        let told = answer(&memory, b"+CSOCKAUTH: 1,1,\"in a list\",\"u\"");
        assert_eq!(told, b"+CSOCKAUTH: 1,1,\"***\",\"u\"");
    }
}
