//! A message into its parts, as far as a module could send them.

use super::charset::decode_named;
use super::{Attachment, Mailbox, Plain, Text};
use crate::service::{Error, ErrorKind, Result};
use mail_parser::decoders::base64::base64_decode;
use mail_parser::decoders::quoted_printable::quoted_printable_decode;
use mail_parser::{
    Address, Encoding, HeaderName, Message, MessageParser, MessagePart, MimeHeaders, PartType,
};

/// Takes a message apart that is plain text, perhaps with attachments. NotSupported for everything else
/// (HTML, further headers, parts in parts, an unknown encoding), with a text that says what.
pub fn decompose(rfc5322: &[u8]) -> Result<Plain> {
    let message = MessageParser::default()
        .parse(rfc5322)
        .ok_or_else(|| unsupported("it has no headers"))?;
    let top = message
        .parts
        .first()
        .ok_or_else(|| unsupported("it is empty"))?;
    let mut plain = Plain::default();
    headers(top, &mut plain)?;
    match &top.body {
        PartType::Multipart(parts) => {
            if !is_type(top, "multipart", "mixed") {
                return Err(unsupported(format!("it is {}", type_name(top))));
            }
            for (index, id) in parts.iter().enumerate() {
                let part = message
                    .parts
                    .get(*id as usize)
                    .ok_or_else(|| unsupported("its parts are out of order"))?;
                leaf(&message, part, index, &mut plain)?;
            }
        }
        _ => leaf(&message, top, 0, &mut plain)?,
    }
    Ok(plain)
}

fn unsupported(what: impl std::fmt::Display) -> Error {
    Error::new(
        ErrorKind::NotSupported,
        format!("the message is more than text and attachments: {what}"),
    )
}

fn headers(top: &MessagePart<'_>, plain: &mut Plain) -> Result<()> {
    let mut seen_from = false;
    for header in &top.headers {
        match &header.name {
            HeaderName::From => {
                let mut from = mailboxes(header.value.as_address())?.into_iter();
                let (Some(first), None, false) = (from.next(), from.next(), seen_from) else {
                    return Err(unsupported("it is from more or less than one"));
                };
                seen_from = true;
                plain.from = first;
            }
            HeaderName::To => plain.to.append(&mut mailboxes(header.value.as_address())?),
            HeaderName::Cc => plain.cc.append(&mut mailboxes(header.value.as_address())?),
            HeaderName::Subject => {
                plain.subject = header.value.as_text().unwrap_or_default().to_owned();
            }
            HeaderName::Date => plain.date = header.value.as_datetime().cloned(),
            HeaderName::MessageId
            | HeaderName::MimeVersion
            | HeaderName::ContentType
            | HeaderName::ContentTransferEncoding
            | HeaderName::ContentDisposition => {}
            other => return Err(unsupported(format!("it has the header {}", other.as_str()))),
        }
    }
    if seen_from {
        Ok(())
    } else {
        Err(unsupported("it has no From"))
    }
}

fn mailboxes(addresses: Option<&Address<'_>>) -> Result<Vec<Mailbox>> {
    let Some(Address::List(list)) = addresses else {
        return match addresses {
            None => Ok(Vec::new()),
            Some(_) => Err(unsupported("it names a group of addresses")),
        };
    };
    list.iter()
        .map(|one| {
            Mailbox {
                name: one.name.as_deref().map(Into::into),
                address: one.address.as_deref().unwrap_or_default().into(),
            }
            .checked()
            .map_err(|error| unsupported(error.text))
        })
        .collect()
}

/// A part without parts: the text if it comes first and has no name, else an attachment.
fn leaf(
    message: &Message<'_>,
    part: &MessagePart<'_>,
    index: usize,
    plain: &mut Plain,
) -> Result<()> {
    match part.body {
        PartType::Multipart(_) => return Err(unsupported(format!("it holds {}", type_name(part)))),
        PartType::Message(_) => return Err(unsupported("it holds another message")),
        PartType::Text(_) | PartType::Html(_) | PartType::Binary(_) | PartType::InlineBinary(_) => {
        }
    }
    let name = part.attachment_name();
    let attached = name.is_some()
        || part
            .content_disposition()
            .is_some_and(|disposition| disposition.is_attachment());
    let bytes = content(message, part)?;
    if index == 0 && !attached && (part.content_type().is_none() || is_type(part, "text", "plain"))
    {
        plain.text = text(part, bytes)?;
        return Ok(());
    }
    if !attached && is_type(part, "text", "html") {
        return Err(unsupported("it holds HTML"));
    }
    plain.attachments.push(Attachment {
        name: name.map_or_else(|| format!("part-{}", index + 1), Into::into),
        media_type: Some(type_name(part)),
        bytes,
    });
    Ok(())
}

/// What a part holds, its transfer encoding undone.
fn content(message: &Message<'_>, part: &MessagePart<'_>) -> Result<Vec<u8>> {
    if part.is_encoding_problem {
        return Err(unsupported("a part of it is malformed"));
    }
    let raw = message
        .raw_message
        .get(part.offset_body as usize..part.offset_end as usize)
        .ok_or_else(|| unsupported("a part of it is malformed"))?;
    // The last line's CR LF ends the message, as the one before a boundary belongs to the boundary.
    let is_whole = message.parts.len() == 1;
    let trimmed = match raw.strip_suffix(b"\r\n") {
        Some(trimmed) if is_whole => trimmed,
        _ => raw,
    };
    match part.encoding {
        Encoding::Base64 => base64_decode(raw),
        Encoding::QuotedPrintable => quoted_printable_decode(trimmed),
        Encoding::None => match part
            .content_transfer_encoding()
            .map(str::to_ascii_lowercase)
        {
            None => Some(trimmed.to_vec()),
            Some(name) if matches!(name.as_str(), "7bit" | "8bit" | "binary") => {
                Some(trimmed.to_vec())
            }
            Some(name) => return Err(unsupported(format!("a part of it is encoded as {name}"))),
        },
    }
    .ok_or_else(|| unsupported("a part of it is malformed"))
}

fn text(part: &MessagePart<'_>, bytes: Vec<u8>) -> Result<Text> {
    let charset = part
        .content_type()
        .and_then(|media| media.attribute("charset"))
        .unwrap_or("us-ascii");
    if let Some(text) = decode_named(charset, &bytes) {
        return Ok(Text::Utf8(text));
    }
    if ["unknown-8bit", "us-ascii", "utf-8"]
        .iter()
        .any(|known| known.eq_ignore_ascii_case(charset))
    {
        return Ok(Text::Bytes(bytes));
    }
    Err(unsupported(format!("its charset is {charset}")))
}

fn is_type(part: &MessagePart<'_>, main: &str, sub: &str) -> bool {
    part.content_type().is_some_and(|media| {
        media.ctype().eq_ignore_ascii_case(main)
            && media
                .subtype()
                .is_some_and(|own| own.eq_ignore_ascii_case(sub))
    })
}

fn type_name(part: &MessagePart<'_>) -> String {
    match part.content_type() {
        None => "text/plain".into(),
        Some(media) => match media.subtype() {
            Some(sub) => format!("{}/{sub}", media.ctype()),
            None => media.ctype().into(),
        },
    }
}
