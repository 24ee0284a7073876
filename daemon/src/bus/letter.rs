//! Mails out of the arguments of methods.

use super::dict::Dict;
use super::error::{Refused, Result};
use crate::message::{self, Attachment, Composed, Draft, MAX_RECIPIENTS, Mailbox, Stamp, Text};
use crate::service::{self, ErrorKind};
use std::thread;
use tokio::sync::oneshot;

/// Blanks around an address are harmless, line ends are never meant.
fn no_controls(text: &str) -> Result<()> {
    if text.contains(char::is_control) {
        return Err(Refused::argument(
            "an address holds a line end or another control character",
        ));
    }
    Ok(())
}

/// One mailbox.
pub(super) fn mailbox(text: &str) -> Result<Mailbox> {
    no_controls(text)?;
    Ok(Mailbox::parse(text).and_then(|mailbox| mailbox.checked())?)
}

/// Mailboxes separated by commas.
pub(super) fn mailboxes(text: &str) -> Result<Vec<Mailbox>> {
    no_controls(text)?;
    Ok(Mailbox::parse_list(text)?)
}

/// Addresses for an envelope: at least one, each once.
pub(super) fn recipients(addresses: &[&str]) -> Result<Vec<String>> {
    if addresses.is_empty() {
        return Err(Refused::argument("no recipient"));
    }
    if addresses.len() > MAX_RECIPIENTS {
        return Err(Refused::argument(format!(
            "more than {MAX_RECIPIENTS} recipients"
        )));
    }
    let mut checked: Vec<String> = Vec::with_capacity(addresses.len());
    for address in addresses {
        no_controls(address)?;
        let address = message::check_address(address)?;
        if !checked.contains(&address) {
            checked.push(address);
        }
    }
    Ok(checked)
}

/// The `message` argument of `Send`, from an account's own address unless it says otherwise.
pub(super) fn draft(mut message: Dict<'_>, from: &str, most: u64) -> Result<Draft> {
    let list = |message: &mut Dict<'_>, key: &str| -> Result<Vec<Mailbox>> {
        let texts = message.texts(key)?.unwrap_or_default();
        if texts.len() > MAX_RECIPIENTS {
            return Err(Refused::argument(format!(
                "`{key}`: more than {MAX_RECIPIENTS} recipients"
            )));
        }
        texts.into_iter().map(mailbox).collect()
    };
    let text = |message: &mut Dict<'_>, key: &str| message.text(key).map(|t| t.map(str::to_owned));
    let draft = Draft {
        from: mailbox(message.text("from")?.unwrap_or(from))?,
        to: list(&mut message, "to")?,
        cc: list(&mut message, "cc")?,
        bcc: list(&mut message, "bcc")?,
        reply_to: match message.text("reply-to")? {
            Some(text) => mailboxes(text)?,
            None => Vec::new(),
        },
        subject: text(&mut message, "subject")?.unwrap_or_default(),
        text: Text::Utf8(text(&mut message, "text")?.unwrap_or_default()),
        html: text(&mut message, "html")?,
        headers: owned_pairs(message.pairs("headers")?.unwrap_or_default()),
        attachments: attachments(message.files("attachments")?.unwrap_or_default(), most)?,
    };
    message.finish()?;
    Ok(draft)
}

fn owned_pairs(pairs: std::collections::BTreeMap<&str, &str>) -> Vec<(String, String)> {
    pairs
        .into_iter()
        .map(|(name, value)| (name.to_owned(), value.to_owned()))
        .collect()
}

fn attachments(files: Vec<(&str, &str, &[u8])>, most: u64) -> Result<Vec<Attachment>> {
    // Before anything is copied.
    if files
        .iter()
        .map(|(_, _, bytes)| bytes.len() as u64)
        .sum::<u64>()
        > most
    {
        return Err(Refused::new(
            ErrorKind::TooLarge,
            format!("the attachments have more than {most} bytes"),
        ));
    }
    let attachment = |(name, media_type, bytes): (&str, &str, &[u8])| Attachment {
        name: name.to_owned(),
        media_type: (!media_type.is_empty()).then(|| media_type.to_owned()),
        bytes: bytes.to_vec(),
    };
    Ok(files.into_iter().map(attachment).collect())
}

/// What is composed where it came in; more goes to a thread of its own.
const LITTLE: usize = 256 * 1024;

/// Composes a draft without holding up the event loop.
pub(super) async fn compose(draft: Draft, stamp: Stamp, most: u64) -> service::Result<Composed> {
    let text = match &draft.text {
        Text::Utf8(text) => text.len(),
        Text::Bytes(bytes) => bytes.len(),
    };
    let files: usize = draft.attachments.iter().map(|file| file.bytes.len()).sum();
    let all = text + files + draft.html.as_ref().map_or(0, String::len);
    if all as u64 > most {
        return Err(service::Error::new(
            ErrorKind::TooLarge,
            format!("the message has more than {most} bytes"),
        ));
    }
    if all <= LITTLE {
        return message::compose(&draft, &stamp);
    }
    let (done, composed) = oneshot::channel();
    let internal = |text: String| service::Error::new(ErrorKind::Internal, text);
    thread::Builder::new()
        .name("compose".into())
        .spawn(move || {
            let _ = done.send(message::compose(&draft, &stamp));
        })
        .map_err(|error| internal(format!("a thread to compose the message: {error}")))?;
    composed
        .await
        .map_err(|_| internal("composing the message broke off".into()))?
}
