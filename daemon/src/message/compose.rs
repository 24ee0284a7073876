//! A message out of its parts.

use super::{
    Attachment, Composed, Draft, MAX_HEADER, MAX_LINE, MAX_RECIPIENTS, Mailbox, Stamp, Text,
    invalid, no_controls,
};
use crate::service::{Error, ErrorKind, Result};
use lettre::message::header::{
    self, ContentTransferEncoding, ContentType, HeaderName, HeaderValue, Headers,
};
use lettre::message::{Attachment as FilePart, Body, Mailboxes, MultiPart, SinglePart};
use std::borrow::Cow;

/// What file systems take.
const MAX_FILE_NAME: usize = 255;
/// RFC 6838 section 4.2 gives 127 to each half; parameters follow.
const MAX_MEDIA_TYPE: usize = 512;

/// Headers that a draft's other fields, the stamp or the format itself stand for.
const OURS: [&str; 15] = [
    "From",
    "Sender",
    "To",
    "Cc",
    "Bcc",
    "Reply-To",
    "Subject",
    "Date",
    "Message-ID",
    "MIME-Version",
    "Return-Path",
    "Received",
    "Resent-Bcc",
    "Apparently-To",
    "Delivered-To",
];

/// Makes the message and its envelope. All that goes into a header is judged first: CR, LF, NUL and other
/// control characters, malformed addresses, headers that hayesd writes itself are InvalidArgument. There
/// is never a `Bcc` header. Takes time with the attachments' size, so call it where that does not hurt.
pub fn compose(draft: &Draft, stamp: &Stamp) -> Result<Composed> {
    let from = draft.from.checked()?;
    let (to, cc) = (checked(&draft.to)?, checked(&draft.cc)?);
    let bcc = checked(&draft.bcc)?;
    let mut recipients = Vec::new();
    for mailbox in to.iter().chain(&cc).chain(&bcc) {
        if !recipients.contains(&mailbox.address) {
            recipients.push(mailbox.address.clone());
        }
        if recipients.len() > MAX_RECIPIENTS {
            return Err(invalid(format!("more than {MAX_RECIPIENTS} recipients")));
        }
    }
    if recipients.is_empty() {
        return Err(invalid("no recipient"));
    }

    let mut headers = Headers::new();
    if let Some(date) = stamp.date {
        headers.set(header::Date::new(date));
    }
    headers.set(header::From::from(mailboxes(std::slice::from_ref(&from))));
    if !to.is_empty() {
        headers.set(header::To::from(mailboxes(&to)));
    }
    if !cc.is_empty() {
        headers.set(header::Cc::from(mailboxes(&cc)));
    }
    if !draft.reply_to.is_empty() {
        headers.set(header::ReplyTo::from(mailboxes(&checked(&draft.reply_to)?)));
    }
    if !draft.subject.is_empty() {
        headers.insert_raw(value("Subject", &draft.subject)?);
    }
    headers.set(header::MessageId::from(stamp.message_id.clone()));
    for (name, text) in &draft.headers {
        own_header(&mut headers, name, text)?;
    }
    headers.set(header::MIME_VERSION_1_0);

    let mut rfc5322 = headers.to_string().into_bytes();
    rfc5322.append(&mut body(draft)?);
    // What the encoders can't break is told here rather than by a server.
    if rfc5322
        .split(|&byte| byte == b'\n')
        .any(|line| line.len() > MAX_LINE + 1)
    {
        return Err(invalid("a header has a word too long for a mail's line"));
    }
    Ok(Composed {
        rfc5322,
        sender: from.address,
        recipients,
    })
}

fn checked(list: &[Mailbox]) -> Result<Vec<Mailbox>> {
    if list.len() > MAX_RECIPIENTS {
        return Err(invalid(format!("more than {MAX_RECIPIENTS} recipients")));
    }
    list.iter().map(Mailbox::checked).collect()
}

pub(super) fn mailboxes(list: &[Mailbox]) -> Mailboxes {
    list.iter()
        .map(|mailbox| {
            let (local, domain) = mailbox
                .address
                .rsplit_once('@')
                .unwrap_or((&mailbox.address, ""));
            lettre::message::Mailbox::new(
                mailbox.name.clone(),
                // Judged by check_address, which is stricter.
                lettre::Address::new_dangerous(local, domain),
            )
        })
        .collect()
}

fn value(name: &str, text: &str) -> Result<HeaderValue> {
    no_controls(&format!("the header {name}"), text)?;
    if text.len() > MAX_HEADER {
        return Err(invalid(format!("the header {name} is too long")));
    }
    let name = HeaderName::new_from_ascii(name.to_owned())
        .map_err(|_| invalid("a header's name is malformed"))?;
    let text = text.trim();
    if text.is_ascii() && !text.contains("  ") && !text.contains('\t') {
        return Ok(HeaderValue::new(name, text.to_owned()));
    }
    // Encoded as a whole: between words readers make one blank of several.
    let encoded = encoded_words(text);
    Ok(HeaderValue::dangerous_new_pre_encoded(
        name,
        text.to_owned(),
        encoded,
    ))
}

/// Encoded words (RFC 2047 section 4.2) of at most 75 characters, one a line, no character split.
fn encoded_words(text: &str) -> String {
    const HEAD: &str = "=?utf-8?q?";
    const MOST: usize = 75 - "?=".len();
    let mut words = String::from(HEAD);
    let mut word = HEAD.len();
    for c in text.chars() {
        let needs = if c.is_ascii_alphanumeric() || c == ' ' {
            1
        } else {
            3 * c.len_utf8()
        };
        if word + needs > MOST {
            words.push_str("?=\r\n ");
            words.push_str(HEAD);
            word = HEAD.len();
        }
        word += needs;
        match c {
            ' ' => words.push('_'),
            c if c.is_ascii_alphanumeric() => words.push(c),
            c => {
                for byte in c.encode_utf8(&mut [0; 4]).bytes() {
                    words.push('=');
                    for digit in [byte >> 4, byte & 15] {
                        words.extend(
                            char::from_digit(digit.into(), 16).map(|c| c.to_ascii_uppercase()),
                        );
                    }
                }
            }
        }
    }
    words.push_str("?=");
    words
}

fn own_header(headers: &mut Headers, name: &str, text: &str) -> Result<()> {
    // RFC 5322 section 2.2: printable ASCII but the colon.
    if name.is_empty() || !name.bytes().all(|b| b.is_ascii_graphic() && b != b':') {
        return Err(invalid("a header's name is malformed"));
    }
    let lower = name.to_ascii_lowercase();
    if OURS.iter().any(|ours| ours.eq_ignore_ascii_case(name)) || lower.starts_with("content-") {
        return Err(invalid(format!(
            "the header {name} can't be given this way"
        )));
    }
    if headers.get_raw(name).is_some() {
        return Err(invalid(format!("the header {name} is given twice")));
    }
    headers.insert_raw(value(name, text)?);
    Ok(())
}

/// Everything from the first `Content-` header on.
fn body(draft: &Draft) -> Result<Vec<u8>> {
    let text = text_part(&draft.text)?;
    let shown = match &draft.html {
        None => Shown::Text(text),
        Some(html) => Shown::Both(
            MultiPart::alternative().singlepart(text).singlepart(
                SinglePart::builder()
                    .header(ContentType::TEXT_HTML)
                    .body(encoded(&lines_ended(html))),
            ),
        ),
    };
    if draft.attachments.is_empty() {
        return Ok(match shown {
            Shown::Text(part) => part.formatted(),
            Shown::Both(part) => part.formatted(),
        });
    }
    let mixed = MultiPart::mixed();
    let mut mixed = match shown {
        Shown::Text(part) => mixed.singlepart(part),
        Shown::Both(part) => mixed.multipart(part),
    };
    for attachment in &draft.attachments {
        mixed = mixed.singlepart(file_part(attachment)?);
    }
    Ok(mixed.formatted())
}

enum Shown {
    Text(SinglePart),
    Both(MultiPart),
}

fn text_part(text: &Text) -> Result<SinglePart> {
    let (charset, body) = match text {
        Text::Utf8(text) => ("utf-8", encoded(&lines_ended(text))),
        Text::Bytes(bytes) => match std::str::from_utf8(bytes) {
            Ok(text) if text.is_ascii() => ("us-ascii", encoded(&lines_ended(text))),
            _ => ("unknown-8bit", base64(bytes.clone())?),
        },
    };
    Ok(SinglePart::builder()
        .header(content_type(&format!("text/plain; charset={charset}"))?)
        .body(body))
}

/// Every line end as CR LF. A CR alone stays: it is no line end in a mail, and base64 carries it.
fn lines_ended(text: &str) -> Cow<'_, str> {
    let bytes = text.as_bytes();
    let bare = |&at: &usize| at == 0 || bytes.get(at - 1) != Some(&b'\r');
    let count = memchr::memchr_iter(b'\n', bytes).filter(bare).count();
    if count == 0 {
        return Cow::Borrowed(text);
    }
    let mut ended = String::with_capacity(text.len() + count);
    let mut from = 0;
    for at in memchr::memchr_iter(b'\n', bytes).filter(bare) {
        ended.push_str(text.get(from..at).unwrap_or_default());
        ended.push_str("\r\n");
        from = at + 1;
    }
    ended.push_str(text.get(from..).unwrap_or_default());
    Cow::Owned(ended)
}

/// The text as seven bits, quoted-printable or base64, whichever is shortest and loses nothing.
fn encoded(text: &str) -> Body {
    let odd = |c: u8| c.is_ascii_control() && !matches!(c, b'\t' | b'\r' | b'\n');
    let bare_cr = |at: usize| text.as_bytes().get(at + 1) != Some(&b'\n');
    let binary = text.bytes().any(odd) || memchr::memchr_iter(b'\r', text.as_bytes()).any(bare_cr);
    if binary && let Ok(body) = base64(text.as_bytes().to_vec()) {
        return body;
    }
    Body::new(text.to_owned())
}

fn base64(bytes: Vec<u8>) -> Result<Body> {
    Body::new_with_encoding(bytes, ContentTransferEncoding::Base64)
        .map_err(|_| Error::new(ErrorKind::Internal, "base64 was refused for a body"))
}

fn file_part(attachment: &Attachment) -> Result<SinglePart> {
    no_controls("an attachment's name", &attachment.name)?;
    if attachment.name.trim().is_empty() || attachment.name.contains('\t') {
        return Err(invalid("an attachment has no proper name"));
    }
    if attachment.name.len() > MAX_FILE_NAME {
        return Err(invalid("an attachment's name is too long"));
    }
    let media_type = attachment
        .media_type
        .as_deref()
        .unwrap_or("application/octet-stream");
    let lower = media_type.to_ascii_lowercase();
    if lower.starts_with("multipart/") || lower.starts_with("message/") {
        // RFC 2046 sections 5.1 and 5.2.1 forbid base64 for them.
        return Err(invalid(format!(
            "an attachment can't be {media_type}: give application/octet-stream"
        )));
    }
    // Writes Content-Disposition (RFC 2183) with the name by RFC 2231.
    let part = FilePart::new(attachment.name.clone());
    Ok(part.body(base64(attachment.bytes.clone())?, content_type(media_type)?))
}

fn content_type(text: &str) -> Result<ContentType> {
    no_controls("a media type", text)?;
    if text.len() > MAX_MEDIA_TYPE || !text.is_ascii() {
        return Err(invalid("a media type is malformed"));
    }
    ContentType::parse(text).map_err(|_| invalid("a media type is malformed"))
}
