//! A mail that a module took apart, put together as one RFC 5322 message: its text file has a header and a
//! body, its other files are attachments. No I/O.

use crate::message::fingerprint;
use crate::modem::with_crlf;
use crate::service::{BoxFuture, Error, ErrorKind, Fault, Result, Sink};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD as BASE64;

/// A mail's text is no longer than this; its files may be.
const LONGEST_TEXT: usize = 32 << 20;

/// Bytes of one line of base64 (RFC 2045 section 6.8: 76 characters).
const LINE: usize = 57;

/// Fields that say how a body is written.
const BODY_FIELDS: [&str; 4] = [
    "MIME-Version",
    "Content-Type",
    "Content-Transfer-Encoding",
    "Content-Disposition",
];

/// A message without its attachments.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Frame {
    /// All before the first attachment.
    pub(super) head: Vec<u8>,
    /// What stands between parts, where attachments follow.
    pub(super) boundary: Option<String>,
}

/// The message with this text file and these other files.
pub(super) fn frame(text: &[u8], files: &[&str]) -> Frame {
    let text = with_crlf(text);
    let (header, body) = split(&text);
    if holds_its_parts(header, body) || (files.is_empty() && is_as_it_says(header, body)) {
        return Frame {
            head: text.into_owned(),
            boundary: None,
        };
    }
    let mut head = without(header, &BODY_FIELDS);
    head.extend_from_slice(b"MIME-Version: 1.0\r\n");
    let boundary = (!files.is_empty()).then(|| boundary(body));
    if let Some(boundary) = &boundary {
        let field = format!("Content-Type: multipart/mixed; boundary=\"{boundary}\"\r\n");
        head.extend_from_slice(field.as_bytes());
        head.extend_from_slice(format!("\r\n--{boundary}\r\n").as_bytes());
    }
    let (kind, encoding) = written(header, body);
    let fields = format!("Content-Type: {kind}\r\nContent-Transfer-Encoding: {encoding}\r\n\r\n");
    head.extend_from_slice(fields.as_bytes());
    head.extend_from_slice(body);
    Frame { head, boundary }
}

/// How the text is written: as the header says, but for what the body shows to be otherwise.
fn written(header: &[u8], body: &[u8]) -> (String, String) {
    let own =
        field(header, "Content-Type").filter(|kind| kind.to_ascii_lowercase().starts_with("text/"));
    let utf8 = std::str::from_utf8(body).is_ok() && !body.is_ascii();
    let kind = match own {
        // Hardly a text of another charset happens to be UTF-8.
        Some(kind) if !utf8 || kind.to_ascii_lowercase().contains("utf-8") => kind,
        _ if utf8 => "text/plain; charset=utf-8".into(),
        _ if body.is_ascii() => "text/plain; charset=us-ascii".into(),
        // RFC 1428.
        _ => "text/plain; charset=unknown-8bit".into(),
    };
    let coded = field(header, "Content-Transfer-Encoding").filter(|encoding| {
        let coded = ["base64", "quoted-printable"];
        coded.iter().any(|it| encoding.eq_ignore_ascii_case(it)) && is_as_it_says(header, body)
    });
    let plain = if body.is_ascii() { "7bit" } else { "8bit" };
    (kind, coded.unwrap_or_else(|| plain.into()))
}

/// Header and body; a text without header is all body.
fn split(text: &[u8]) -> (&[u8], &[u8]) {
    if let Some(body) = text.strip_prefix(b"\r\n") {
        return (b"", body);
    }
    let first = text.split(|&byte| byte == b'\r').next().unwrap_or_default();
    let is_field = first
        .iter()
        .position(|&byte| byte == b':')
        .is_some_and(|colon| colon > 0 && first[..colon].iter().all(u8::is_ascii_graphic));
    if !is_field {
        return (b"", text);
    }
    match memchr::memmem::find(text, b"\r\n\r\n") {
        Some(end) => (&text[..end + 2], &text[end + 4..]),
        None => (text, b""),
    }
}

/// The lines of a header, each field with its folded lines.
fn fields(header: &[u8]) -> Vec<Vec<u8>> {
    let mut fields: Vec<Vec<u8>> = Vec::new();
    for line in header.split_inclusive(|&byte| byte == b'\n') {
        match fields.last_mut() {
            Some(field) if matches!(line.first(), Some(b' ' | b'\t')) => {
                field.extend_from_slice(line);
            }
            _ => fields.push(line.to_vec()),
        }
    }
    fields
}

/// The value of a field, of this name in any case.
fn value_of<'a>(field: &'a [u8], name: &str) -> Option<&'a [u8]> {
    let (begin, rest) = field.split_at_checked(name.len())?;
    let rest = rest.trim_ascii_start().strip_prefix(b":")?;
    begin
        .eq_ignore_ascii_case(name.as_bytes())
        .then(|| rest.trim_ascii())
}

fn field(header: &[u8], name: &str) -> Option<String> {
    let fields = fields(header);
    let value = fields.iter().find_map(|field| value_of(field, name))?;
    Some(String::from_utf8_lossy(value).into_owned())
}

/// A header without these fields, each line ended.
fn without(header: &[u8], names: &[&str]) -> Vec<u8> {
    let fields = fields(header).into_iter();
    let other = |field: &Vec<u8>| names.iter().all(|name| value_of(field, name).is_none());
    let mut left: Vec<u8> = fields.filter(other).flatten().collect();
    if !left.is_empty() && !left.ends_with(b"\r\n") {
        left.extend_from_slice(b"\r\n");
    }
    left
}

/// The module took nothing apart: the parts are in the body still.
fn holds_its_parts(header: &[u8], body: &[u8]) -> bool {
    let Some(kind) = field(header, "Content-Type") else {
        return false;
    };
    let lower = kind.to_ascii_lowercase();
    let boundary = lower.find("boundary=").and_then(|at| {
        let rest = kind.get(at + "boundary=".len()..)?.trim_start();
        match rest.strip_prefix('"') {
            Some(rest) => rest.split('"').next(),
            None => rest.split([';', ' ', '\r', '\t']).next(),
        }
    });
    lower.starts_with("multipart/")
        && boundary.is_some_and(|boundary| {
            !boundary.is_empty()
                && memchr::memmem::find(body, format!("--{boundary}").as_bytes()).is_some()
        })
}

/// Whether the body is written as the header says, as far as that can be seen.
fn is_as_it_says(header: &[u8], body: &[u8]) -> bool {
    let kind = field(header, "Content-Type").map(|kind| kind.to_ascii_lowercase());
    if kind
        .as_ref()
        .is_some_and(|kind| kind.starts_with("multipart/"))
    {
        return false;
    }
    let encoding = field(header, "Content-Transfer-Encoding").map(|it| it.to_ascii_lowercase());
    match encoding.as_deref() {
        Some("base64") => {
            let good = |byte: &u8| byte.is_ascii_alphanumeric() || b"+/=\r\n".contains(byte);
            body.iter().all(good)
        }
        Some("quoted-printable") => body.is_ascii() && is_quoted_printable(body),
        // A body that says nothing of its letters is ASCII.
        _ => kind.is_some() || body.is_ascii(),
    }
}

/// Each `=` leads two digits or ends a line (RFC 2045 section 6.7).
fn is_quoted_printable(body: &[u8]) -> bool {
    memchr::memchr_iter(b'=', body).all(|at| {
        let next = body.get(at + 1..at + 3).unwrap_or_default();
        next == b"\r\n" || (next.len() == 2 && next.iter().all(u8::is_ascii_hexdigit))
    })
}

/// A boundary that does not occur in the text; in base64 none can.
fn boundary(body: &[u8]) -> String {
    let mut seed = fingerprint(body);
    loop {
        let boundary = format!("_{}", &seed[1..33]);
        if memchr::memmem::find(body, boundary.as_bytes()).is_none() {
            return boundary;
        }
        seed = fingerprint(seed.as_bytes());
    }
}

/// What stands before an attachment's lines.
pub(super) fn part(boundary: &str, name: &str) -> Vec<u8> {
    let mut field = String::from("Content-Disposition: attachment; ");
    let plain = |c: char| c.is_ascii_graphic() && !matches!(c, '"' | '\\') || c == ' ';
    if name.chars().all(plain) {
        field.push_str(&format!("filename=\"{name}\""));
    } else {
        // RFC 2231 section 4.
        field.push_str("filename*=utf-8''");
        for byte in name.bytes() {
            if byte.is_ascii_alphanumeric() || b".-_".contains(&byte) {
                field.push(byte.into());
            } else {
                field.push_str(&format!("%{byte:02X}"));
            }
        }
    }
    format!(
        "\r\n--{boundary}\r\nContent-Type: application/octet-stream\r\n\
         Content-Transfer-Encoding: base64\r\n{field}\r\n\r\n"
    )
    .into_bytes()
}

/// What stands behind the last attachment.
pub(super) fn end(boundary: &str) -> Vec<u8> {
    format!("\r\n--{boundary}--\r\n").into_bytes()
}

/// Keeps a text.
#[derive(Debug, Default)]
pub(super) struct Kept(Vec<u8>);

impl Kept {
    pub(super) fn into_bytes(self) -> Vec<u8> {
        self.0
    }
}

impl Sink for Kept {
    fn put<'a>(&'a mut self, bytes: &'a mut Vec<u8>) -> BoxFuture<'a, Result<()>> {
        Box::pin(async move {
            if self.0.len() + bytes.len() > LONGEST_TEXT {
                let text = "the mail's text is too long to be put together";
                return Err(Error::new(ErrorKind::TooLarge, text).by(Fault::Module));
            }
            self.0.append(bytes);
            Ok(())
        })
    }
}

/// Writes bytes as lines of base64.
pub(super) struct Lines<'a> {
    into: &'a mut dyn Sink,
    rest: Vec<u8>,
}

impl<'a> Lines<'a> {
    pub(super) fn new(into: &'a mut dyn Sink) -> Self {
        Self {
            into,
            rest: Vec::new(),
        }
    }

    /// The last line.
    pub(super) async fn end(mut self) -> Result<()> {
        let mut last = lines(&std::mem::take(&mut self.rest));
        // The boundary brings the line end before it.
        last.truncate(last.len().saturating_sub(2));
        self.into.put(&mut last).await
    }
}

fn lines(bytes: &[u8]) -> Vec<u8> {
    let mut out = String::with_capacity(bytes.len() / 3 * 4 + bytes.len() / LINE * 2 + 8);
    for line in bytes.chunks(LINE) {
        BASE64.encode_string(line, &mut out);
        out.push_str("\r\n");
    }
    out.into_bytes()
}

impl Sink for Lines<'_> {
    fn put<'a>(&'a mut self, bytes: &'a mut Vec<u8>) -> BoxFuture<'a, Result<()>> {
        Box::pin(async move {
            self.rest.append(bytes);
            // One line is kept for the end, where it has none.
            let whole = self.rest.len().saturating_sub(1) / LINE * LINE;
            let rest = self.rest.split_off(whole);
            let whole = std::mem::replace(&mut self.rest, rest);
            self.into.put(&mut lines(&whole)).await
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const SHORT: &[u8] = b"From: a <a@example.org>\nDate: x\nSubject: s\n\nHello\n";

    fn head(text: &[u8], files: &[&str]) -> String {
        String::from_utf8(frame(text, files).head).unwrap()
    }

    #[test]
    fn a_plain_text_stays_as_it_is() {
        assert_eq!(
            head(SHORT, &[]),
            "From: a <a@example.org>\r\nDate: x\r\nSubject: s\r\n\r\nHello\r\n"
        );
        assert_eq!(head(b"", &[]), "");
        let coded = "Content-Transfer-Encoding: quoted-printable\r\nContent-Type: text/plain; \
                     charset=utf-8\r\n\r\na=C3=A4=\r\nb\r\n";
        assert_eq!(head(coded.as_bytes(), &[]), coded);
    }

    #[test]
    fn letters_that_nobody_named_are_named() {
        let text = "From: a\r\nContent-Type: text/plain;\r\n charset=iso-8859-1\r\n\
                    Content-Transfer-Encoding: quoted-printable\r\nX: y\r\n\r\n\u{e4} = b\r\n";
        assert_eq!(
            head(text.as_bytes(), &[]),
            "From: a\r\nX: y\r\nMIME-Version: 1.0\r\nContent-Type: text/plain; charset=utf-8\r\n\
             Content-Transfer-Encoding: 8bit\r\n\r\n\u{e4} = b\r\n"
        );
    }

    #[test]
    fn a_charset_that_is_named_is_kept() {
        let head = b"From: a\r\nContent-Type: text/plain; charset=iso-8859-1\r\n\r\n\xe4\r\n";
        let framed = frame(head, &["x"]).head;
        let field = b"\r\nContent-Type: text/plain; charset=iso-8859-1\r\n\
                      Content-Transfer-Encoding: 8bit\r\n\r\n\xe4\r\n";
        assert!(framed.ends_with(field), "{}", framed.escape_ascii());
    }

    #[test]
    fn what_was_not_taken_apart_is_passed_on() {
        let text =
            "Content-Type: Multipart/Mixed; boundary=\"b b\"\r\n\r\n--b b\r\n\r\nx\r\n--b b--\r\n";
        assert_eq!(
            frame(text.as_bytes(), &["a.txt"]),
            Frame {
                head: text.as_bytes().to_vec(),
                boundary: None
            }
        );
    }

    #[tokio::test]
    async fn attachments_come_back_whole() {
        for size in [0, 1, 56, 57, 58, 114, 1000] {
            let file: Vec<u8> = (0..size).map(|nth: usize| nth as u8).collect();
            let names = ["a \"b\".bin", "\u{e4}.txt"];
            let Frame { head, boundary } = frame(SHORT, &names);
            let boundary = boundary.unwrap();
            let mut whole = Kept(head);
            for name in names {
                whole.0.extend(part(&boundary, name));
                let mut lines = Lines::new(&mut whole);
                for piece in file.chunks(100) {
                    lines.put(&mut piece.to_vec()).await.unwrap();
                }
                lines.end().await.unwrap();
            }
            whole.0.extend(end(&boundary));
            let plain = crate::message::decompose(&whole.0).unwrap();
            assert_eq!(plain.subject, "s");
            assert_eq!(
                plain.text,
                crate::message::Text::Utf8("Hello\r\n".into()),
                "{size}"
            );
            let got: Vec<_> = plain
                .attachments
                .iter()
                .map(|one| (&one.name[..], one.bytes.len()))
                .collect();
            assert_eq!(got, names.map(|name| (name, size)));
            assert!(plain.attachments.iter().all(|one| one.bytes == file));
        }
    }
}
