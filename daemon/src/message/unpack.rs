//! A message into files, as modules store what they fetch: one with header and text, and one for each
//! attachment.

use mail_parser::decoders::base64::base64_decode;
use mail_parser::decoders::quoted_printable::quoted_printable_decode;
use mail_parser::{Encoding, Message, MessageParser, MessagePart, MimeHeaders, PartType};

/// A message as files.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Unpacked {
    /// Header and text: itself a message, of one part.
    pub mail: Vec<u8>,
    /// What else it holds, in its order.
    pub files: Vec<PackedFile>,
}

/// What a message holds besides its text.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PackedFile {
    /// The name that the message gives it, if any: anything at all.
    pub name: Option<String>,
    /// What it is, such as `image/jpeg`, in lower case.
    pub media_type: String,
    /// Its bytes.
    pub bytes: Vec<u8>,
}

/// Takes any message apart. One of a single text that is written as it is stays as it came. Else the text is
/// the first one of the message, its transfer encoding undone, its charset kept; an HTML version of it is a
/// file like the others.
pub fn unpack(rfc5322: &[u8]) -> Unpacked {
    let whole = || Unpacked {
        mail: rfc5322.to_vec(),
        files: Vec::new(),
    };
    let Some(message) = MessageParser::default().parse(rfc5322) else {
        return whole();
    };
    let leaves: Vec<&MessagePart<'_>> = message
        .parts
        .iter()
        .filter(|part| !matches!(part.body, PartType::Multipart(_)))
        .collect();
    let text = leaves.iter().position(|part| is_text(part));
    if let ([only], Some(0)) = (&leaves[..], text)
        && only.encoding == Encoding::None
        && message.parts.len() == 1
    {
        return whole();
    }
    let mut unpacked = Unpacked {
        mail: header(&message),
        files: Vec::new(),
    };
    if let Some(part) = text.and_then(|at| leaves.get(at)) {
        let kind = raw_type(&message, part);
        unpacked.mail.extend(b"Content-Type: ");
        unpacked.mail.extend(kind);
        unpacked
            .mail
            .extend(b"\r\nContent-Transfer-Encoding: 8bit\r\n\r\n");
        unpacked.mail.extend(content(&message, part));
    } else {
        unpacked.mail.extend(b"\r\n");
    }
    let others = leaves
        .iter()
        .enumerate()
        .filter(|(at, _)| Some(*at) != text);
    unpacked.files.extend(others.map(|(_, part)| PackedFile {
        name: part.attachment_name().map(str::to_owned),
        media_type: media_type(part),
        bytes: content(&message, part),
    }));
    unpacked
}

/// Whether a part is what a reader sees first.
fn is_text(part: &MessagePart<'_>) -> bool {
    let attached = part.attachment_name().is_some()
        || part
            .content_disposition()
            .is_some_and(|it| it.is_attachment());
    matches!(part.body, PartType::Text(_)) && !attached
}

/// The message's own header fields as they are, but for those that say how it is put together.
fn header(message: &Message<'_>) -> Vec<u8> {
    let raw = &message.raw_message;
    let mut fields = Vec::new();
    for field in message.headers() {
        let name = field.name.as_str().to_ascii_lowercase();
        if name.starts_with("content-") || name == "mime-version" {
            continue;
        }
        let range = field.offset_field as usize..field.offset_end as usize;
        fields.extend_from_slice(raw.get(range).unwrap_or_default());
        if !fields.ends_with(b"\n") {
            fields.extend(b"\r\n");
        }
    }
    fields.extend(b"MIME-Version: 1.0\r\n");
    fields
}

/// The value of a part's `Content-Type` on one line.
fn raw_type(message: &Message<'_>, part: &MessagePart<'_>) -> Vec<u8> {
    let mut fields = part.headers.iter();
    let field = fields.find(|it| it.name.as_str().eq_ignore_ascii_case("content-type"));
    let raw = field.and_then(|it| {
        let range = it.offset_start as usize..it.offset_end as usize;
        message.raw_message.get(range)
    });
    let words = raw.unwrap_or(b"text/plain").split(u8::is_ascii_whitespace);
    let words: Vec<&[u8]> = words.filter(|word| !word.is_empty()).collect();
    words.join(&b' ')
}

fn media_type(part: &MessagePart<'_>) -> String {
    let fallback = match part.body {
        PartType::Text(_) => "text/plain",
        PartType::Html(_) => "text/html",
        PartType::Message(_) => "message/rfc822",
        _ => "application/octet-stream",
    };
    let named = part.content_type().and_then(|media| {
        let sub = media.subtype()?;
        Some(format!("{}/{sub}", media.ctype()).to_ascii_lowercase())
    });
    named.unwrap_or_else(|| fallback.into())
}

/// What a part holds, its transfer encoding undone; as it stands where that is malformed.
fn content(message: &Message<'_>, part: &MessagePart<'_>) -> Vec<u8> {
    let range = part.offset_body as usize..part.offset_end as usize;
    let raw = message.raw_message.get(range).unwrap_or_default();
    let undone = match part.encoding {
        Encoding::Base64 => base64_decode(raw),
        Encoding::QuotedPrintable => quoted_printable_decode(raw),
        Encoding::None => None,
    };
    undone.unwrap_or_else(|| raw.to_vec())
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn text(bytes: &[u8]) -> String {
        String::from_utf8_lossy(bytes).into_owned()
    }

    #[test]
    fn a_plain_mail_stays_as_it_is() {
        let mail = b"From: a@example.org\r\nSubject: x\r\n\r\nh\xe9llo\r\n";
        let unpacked = unpack(mail);
        assert_eq!(unpacked.mail, mail);
        assert_eq!(unpacked.files, []);
        assert_eq!(unpack(b"").mail, b"");
    }

    #[test]
    fn an_encoded_text_is_decoded_and_says_so() {
        let mail = b"From: a@example.org\r\nMIME-Version: 1.0\r\nContent-Type: text/plain;\r\n charset=iso-8859-1\r\n\
            Content-Transfer-Encoding: base64\r\nSubject: x\r\n y\r\n\r\naOlsbG8NCg==\r\n";
        let unpacked = unpack(mail);
        let expected: &[u8] = b"From: a@example.org\r\nSubject: x\r\n y\r\nMIME-Version: 1.0\r\n\
            Content-Type: text/plain; charset=iso-8859-1\r\nContent-Transfer-Encoding: 8bit\r\n\r\nh\xe9llo\r\n";
        assert_eq!(text(&unpacked.mail), text(expected));
        assert_eq!(unpacked.files, []);
    }

    #[test]
    fn attachments_become_files() {
        let mail = b"From: a@example.org\r\nContent-Type: multipart/mixed; boundary=b\r\n\r\n\
            --b\r\nContent-Type: multipart/alternative; boundary=c\r\n\r\n\
            --c\r\nContent-Type: text/plain; charset=utf-8\r\n\r\nread me\r\n\
            --c\r\nContent-Type: text/html\r\n\r\n<p>read me</p>\r\n--c--\r\n\
            --b\r\nContent-Type: image/JPEG\r\nContent-Disposition: attachment; filename=\"../p.jpg\"\r\n\
            Content-Transfer-Encoding: base64\r\n\r\n/9j/\r\n\
            --b\r\nContent-Type: text/plain; name=log.txt\r\n\r\nlines\r\n--b--\r\n";
        let unpacked = unpack(mail);
        let seen = text(&unpacked.mail);
        assert!(
            seen.starts_with("From: a@example.org\r\nMIME-Version: 1.0\r\n"),
            "{seen}"
        );
        assert!(seen.ends_with("8bit\r\n\r\nread me"), "{seen}");
        let files: Vec<_> = unpacked
            .files
            .iter()
            .map(|file| {
                (
                    file.name.as_deref(),
                    file.media_type.as_str(),
                    text(&file.bytes),
                )
            })
            .collect();
        assert_eq!(
            files,
            [
                (None, "text/html", "<p>read me</p>".to_owned()),
                (Some("../p.jpg"), "image/jpeg", text(b"\xff\xd8\xff")),
                (Some("log.txt"), "text/plain", "lines".to_owned()),
            ]
        );
    }

    proptest! {
        #[test]
        fn any_bytes_are_unpacked(bytes: Vec<u8>, cut in 0_usize..400) {
            unpack(&bytes);
            let mail = b"Content-Type: multipart/mixed; boundary=b\r\n\r\n--b\r\n\r\na\r\n--b\r\nContent-Type: message/rfc822\r\n\r\nSubject: x\r\n\r\ny\r\n--b--\r\n";
            unpack(&[&mail[..cut.min(mail.len())], &bytes].concat());
        }
    }
}
