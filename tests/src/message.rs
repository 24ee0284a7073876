//! A mail as its reader sees it, by a parser that the daemon does not compose with.

use anyhow::{Context as _, Result, ensure};
use mail_parser::{Address, MessageParser, MimeHeaders as _};

/// A parsed mail.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Mail {
    /// The mail as it came.
    pub raw: Vec<u8>,
    /// Addresses of From.
    pub from: Vec<String>,
    /// Addresses of To.
    pub to: Vec<String>,
    /// Addresses of Cc.
    pub cc: Vec<String>,
    /// Decoded.
    pub subject: String,
    /// The first text part, transfer encoding undone, charset not, lines ended as they came.
    pub text: Vec<u8>,
    /// The `charset` of that part, as it was written.
    pub charset: Option<String>,
    /// Names and bytes.
    pub attachments: Vec<(String, Vec<u8>)>,
}

impl Mail {
    /// Parses a message.
    ///
    /// # Errors
    /// It is none, or lacks what every mail has: From, Date, Message-ID.
    pub fn parse(raw: &[u8]) -> Result<Self> {
        let message = MessageParser::default().parse(raw).context("no message")?;
        ensure!(message.date().is_some(), "no Date");
        ensure!(message.message_id().is_some(), "no Message-ID");
        ensure!(message.from().is_some(), "no From");
        let part = message.text_part(0).context("no text part")?;
        let (from, to) = (part.raw_body_offset(), part.raw_end_offset());
        let body = raw.get(from as usize..to as usize).unwrap_or_default();
        let encoding = part
            .content_transfer_encoding()
            .unwrap_or("7bit")
            .to_ascii_lowercase();
        Ok(Self {
            raw: raw.to_vec(),
            from: addresses(message.from()),
            to: addresses(message.to()),
            cc: addresses(message.cc()),
            subject: message.subject().unwrap_or_default().to_owned(),
            text: decode(&encoding, body)?,
            charset: part
                .content_type()
                .and_then(|kind| kind.attribute("charset"))
                .map(str::to_owned),
            attachments: message
                .attachments()
                .map(|part| {
                    let name = part.attachment_name().unwrap_or_default().to_owned();
                    (name, part.contents().to_vec())
                })
                .collect(),
        })
    }

    /// The text with LF as line end and without empty lines at its end, as UTF-8.
    ///
    /// # Errors
    /// It is no UTF-8.
    pub fn text(&self) -> Result<String> {
        let text = String::from_utf8(self.text.clone()).context("the text is no UTF-8")?;
        Ok(text.replace("\r\n", "\n").trim_end_matches('\n').to_owned())
    }

    /// Whether these words stand anywhere in it, header fields included.
    pub fn mentions(&self, words: &str) -> bool {
        self.raw
            .windows(words.len())
            .any(|window| window.eq_ignore_ascii_case(words.as_bytes()))
    }
}

fn addresses(list: Option<&Address<'_>>) -> Vec<String> {
    list.into_iter()
        .flat_map(|list| list.iter())
        .filter_map(|one| one.address.as_deref().map(str::to_owned))
        .collect()
}

/// Undoes a transfer encoding without touching the charset, which the parser would do as well.
fn decode(encoding: &str, body: &[u8]) -> Result<Vec<u8>> {
    match encoding {
        "base64" => mail_parser::decoders::base64::base64_decode(body).context("bad base64"),
        "quoted-printable" => {
            mail_parser::decoders::quoted_printable::quoted_printable_decode(body)
                .context("bad quoted-printable")
        }
        _ => Ok(body.to_vec()),
    }
}
