//! Command lines, built so that no text can break out of its quotes and no secret shows.

use crate::service::{Error, ErrorKind, Fault, Result, Secret};
use std::fmt::Write as _;
use zeroize::Zeroizing;

/// What may not stand between quotes: AT knows no escape (V.250 section 5.4.2.2), and the rest would end
/// the line or a text.
pub const FORBIDDEN: [char; 6] = ['\r', '\n', '\0', '"', '\x1a', '\x1b'];

/// A command line: what is sent, and what may be shown of it.
pub struct Line {
    sent: Zeroizing<Vec<u8>>,
    shown: String,
    secrets: Vec<Secret>,
    values: usize,
}

impl Line {
    /// A line of fixed text without `AT`: `E0V1Q0`, `+CSQ`, `+QIACT?`.
    pub fn new(command: &str) -> Self {
        let shown = format!("AT{command}");
        Self {
            sent: Zeroizing::new(shown.clone().into_bytes()),
            shown,
            secrets: Vec::new(),
            values: 0,
        }
    }

    /// A whole line as a person wrote it, `AT` included. The dialect's table stars its secrets.
    pub(super) fn by_hand(text: &str) -> Self {
        Self {
            sent: Zeroizing::new(text.as_bytes().to_vec()),
            shown: text.to_owned(),
            secrets: Vec::new(),
            values: 0,
        }
    }

    /// A number as the next value.
    #[must_use]
    pub fn number(mut self, number: impl Into<u64>) -> Self {
        let number: u64 = number.into();
        self.value(&number.to_string(), None);
        self
    }

    /// Fixed text as the next value, as it is.
    #[must_use]
    pub fn bare(mut self, text: &'static str) -> Self {
        self.value(text, None);
        self
    }

    /// Fixed text in quotes as the next value.
    #[must_use]
    pub fn key(mut self, text: &'static str) -> Self {
        self.value(&format!("\"{text}\""), None);
        self
    }

    /// Text in quotes as the next value. `NotSupported` where it holds what no command can carry.
    pub fn text(mut self, text: &str) -> Result<Self> {
        carriable(text)?;
        self.value(&format!("\"{text}\""), None);
        Ok(self)
    }

    /// Text without quotes as the next value: a path in the module's memory. `NotSupported` where it holds what
    /// would end the value or the command.
    pub fn plain(mut self, text: &str) -> Result<Self> {
        carriable(text)?;
        if let Some(c) = text
            .chars()
            .find(|c| !c.is_ascii() || matches!(c, ',' | ';'))
        {
            return Err(uncarriable(c));
        }
        self.value(text, None);
        Ok(self)
    }

    /// Hexadecimal digits in quotes behind a prefix as the next value.
    #[must_use]
    pub fn digits(mut self, prefix: &'static str, digits: &str) -> Self {
        let digits: String = digits.chars().filter(char::is_ascii_hexdigit).collect();
        self.value(&format!("{prefix}\"{digits}\""), None);
        self
    }

    /// Text in quotes as the next value, shown as stars. NotSupported as for [`Self::text`].
    pub fn secret(mut self, secret: &Secret) -> Result<Self> {
        carriable(secret.expose())?;
        let quoted = Zeroizing::new(format!("\"{}\"", secret.expose()));
        self.value(&quoted, Some("\"***\""));
        if !secret.expose().is_empty() {
            self.secrets.push(secret.clone());
        }
        Ok(self)
    }

    fn value(&mut self, text: &str, shown: Option<&str>) {
        let before = if self.values == 0 { '=' } else { ',' };
        self.values += 1;
        self.sent.push(before as u8);
        self.sent.extend_from_slice(text.as_bytes());
        let _ = write!(self.shown, "{before}{}", shown.unwrap_or(text));
    }

    /// What is sent, without CR.
    pub fn sent(&self) -> &[u8] {
        &self.sent
    }

    /// What may be shown: the same with secrets starred.
    pub fn shown(&self) -> &str {
        &self.shown
    }

    /// The secrets in it, for starring what comes back.
    pub(super) fn secrets(&self) -> &[Secret] {
        &self.secrets
    }
}

impl std::fmt::Debug for Line {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(&self.shown)
    }
}

/// Whether a text can stand in a command line at all. What forbids it is the module's language, not the
/// caller, so that another way may carry it.
pub fn carriable(text: &str) -> Result<()> {
    match text.chars().find(|c| FORBIDDEN.contains(c)) {
        None => Ok(()),
        Some(c) => Err(uncarriable(c)),
    }
}

fn uncarriable(c: char) -> Error {
    let text = format!("a modem's command cannot carry the character {c:?}");
    Error::new(ErrorKind::NotSupported, text).by(Fault::Module)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_and_secrets() {
        let line = Line::new("+QSMTPCFG")
            .key("account")
            .text("me")
            .and_then(|line| line.secret(&Secret::new("hush".into())))
            .unwrap()
            .number(7_u32);
        assert_eq!(line.sent(), b"AT+QSMTPCFG=\"account\",\"me\",\"hush\",7");
        assert_eq!(line.shown(), "AT+QSMTPCFG=\"account\",\"me\",\"***\",7");
        assert_eq!(format!("{line:?}"), line.shown());
    }

    #[test]
    fn what_would_break_out_is_refused() {
        for c in FORBIDDEN {
            let text = format!("a{c}b");
            let error = Line::new("+X").text(&text).unwrap_err();
            assert_eq!(error.kind, ErrorKind::NotSupported);
            let error = Line::new("+X").secret(&Secret::new(text)).unwrap_err();
            assert!(error.try_next());
        }
    }
}
