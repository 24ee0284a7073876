//! `hayesctl mail`.

use super::address::mailboxes;
use super::attachment::{self, MOST};
use super::bus::Context;
use super::content::{Content, MOST_OF_A_PIPE, STDIN};
use super::exit::Exit;
use super::failure::{Failure, Result};
use super::follow::{self, Asked, Deferral, Finished};
use super::table::Table;
use super::{header, json, text};
use crate::{MailProxy, Options};
use clap::{Args, Subcommand};
use serde_json::{Map, Value};
use std::collections::HashMap;
use std::os::fd::AsFd as _;
use std::path::{Path, PathBuf};
use zbus::Variant;

/// Mails of the queue that are asked for at a time: as many as hayesd tells.
const PAGE: u32 = 1000;

/// Recipients are looked for so far, in bytes: many more than a message may have.
const LONGEST_HEADER: u64 = 1024 * 1024;

/// Mail
#[derive(Debug, Subcommand)]
pub(super) enum Mail {
    Send(Box<Send>),
    /// List mails that are not settled
    Queue,
    /// Try deferred mails now: one's own, for root those of all users
    Flush {
        /// Only those of this account
        account: Option<String>,
    },
}

/// Send a mail; the text comes from standard input
///
/// Without --text, the text is read from standard input to its end. With --raw or -t, that is a whole
/// message (RFC 5322), as sendmail takes it: --raw sends it to the addresses given, -t to those of its To,
/// Cc and Bcc. One without From is from the account.
///
/// The exit status is 0 when all recipients were taken by the server, or when the mail waits in the queue for
/// another attempt: then it must not be sent again. --final waits until it is really there.
#[derive(Args, Debug)]
pub(super) struct Send {
    /// Recipients: addresses, or NAME <ADDRESS>, also several with commas
    to: Vec<String>,
    /// The account that sends; without, the default account
    #[arg(short, long, default_value = "", hide_default_value = true)]
    account: String,
    /// More recipients
    #[arg(long = "to", value_name = "ADDRESS", id = "more")]
    more: Vec<String>,
    /// Recipients of copies
    #[arg(short, long, value_name = "ADDRESS")]
    cc: Vec<String>,
    /// Recipients of copies whom nobody else sees
    #[arg(short, long, value_name = "ADDRESS")]
    bcc: Vec<String>,
    /// Sender; without, the account's
    #[arg(short = 'r', long, value_name = "ADDRESS")]
    from: Option<String>,
    /// Where answers go
    #[arg(long, value_name = "ADDRESS")]
    reply_to: Option<String>,
    /// The subject
    #[arg(short, long, default_value = "", hide_default_value = true)]
    subject: String,
    /// The text itself
    #[arg(long, conflicts_with = "text_file")]
    text: Option<String>,
    /// A file with the text; - is standard input
    #[arg(long, value_name = "FILE")]
    text_file: Option<PathBuf>,
    /// A file with the text as HTML
    #[arg(long, value_name = "FILE")]
    html_file: Option<PathBuf>,
    /// A file to attach; the ending of its name tells its type
    #[arg(short = 'A', long = "attach", value_name = "FILE")]
    attachments: Vec<PathBuf>,
    /// A further header field
    #[arg(short = 'H', long = "header", value_name = "NAME: VALUE")]
    headers: Vec<String>,
    /// Standard input is a whole message for the recipients given
    #[arg(long, conflicts_with_all = COMPOSED)]
    raw: bool,
    /// Standard input is a whole message whose header names the recipients, as for sendmail
    #[arg(short = 't', long, conflicts_with_all = COMPOSED)]
    read_recipients: bool,
    /// Accepted for scripts that call sendmail: a single dot never ends a message here
    #[arg(short, hide = true)]
    i: bool,
    #[command(flatten)]
    asked: Asked,
}

/// What a whole message has already.
const COMPOSED: [&str; 11] = [
    "more",
    "cc",
    "bcc",
    "from",
    "reply_to",
    "subject",
    "text",
    "text_file",
    "html_file",
    "attachments",
    "headers",
];

impl Mail {
    pub(super) async fn run(self, context: &Context) -> Result<()> {
        match self {
            Self::Send(send) => send.run(context).await,
            Self::Queue => queue(context).await,
            Self::Flush { account } => {
                let bus = context.bus().await?;
                let mail = MailProxy::new(&bus).await?;
                let account = account.unwrap_or_default();
                mail.flush(&account, Options::new()).await?;
                let told = Value::Object(Map::new());
                context
                    .out
                    .done(&told, || "deferred mails are tried now".into())
            }
        }
    }
}

impl Send {
    async fn run(self, context: &Context) -> Result<()> {
        let finished = if self.raw || self.read_recipients {
            self.send_raw(context).await?
        } else {
            self.send(context).await?
        };
        match finished {
            Some(finished) => told(context, finished).await,
            None => Ok(()),
        }
    }

    async fn send_raw(&self, context: &Context) -> Result<Option<Finished>> {
        let stdin = Path::new(STDIN);
        let message = Content::open(stdin, MOST_OF_A_PIPE, context.out)?;
        let mut recipients: Vec<String> = self.to.iter().flat_map(|to| mailboxes(to)).collect();
        if self.read_recipients {
            recipients.extend(header::recipients(
                &message.beginning(stdin, LONGEST_HEADER)?,
            ));
        }
        if recipients.is_empty() {
            return Err(Failure::usage(
                "no recipient: name one, or use -t with a message that has To, Cc or Bcc",
            ));
        }
        let recipients: Vec<&str> = recipients.iter().map(String::as_str).collect();
        follow::run(
            context,
            &self.asked,
            Deferral::Queued,
            async |bus, options| {
                let mail = MailProxy::new(bus).await?;
                let content = message.again()?.as_fd().into();
                mail.send_raw(&self.account, &recipients, content, options)
                    .await
            },
        )
        .await
    }

    async fn send(&self, context: &Context) -> Result<Option<Finished>> {
        let split = |lists: &[String]| -> Vec<String> {
            lists.iter().flat_map(|list| mailboxes(list)).collect()
        };
        let to = split(&[self.to.as_slice(), &self.more].concat());
        let (cc, bcc) = (split(&self.cc), split(&self.bcc));
        if to.is_empty() && cc.is_empty() && bcc.is_empty() {
            return Err(Failure::usage("no recipient"));
        }
        let headers = headers(&self.headers)?;
        let attachments = attachment::read(&self.attachments, context.out)?;
        let html = match &self.html_file {
            Some(path) => Some(Content::open(path, MOST, context.out)?.text(path, MOST)?),
            None => None,
        };
        let text = match (&self.text, &self.text_file) {
            (Some(text), _) => text.clone(),
            (None, Some(path)) => Content::open(path, MOST, context.out)?.text(path, MOST)?,
            (None, None) => {
                let stdin = Path::new(STDIN);
                Content::open(stdin, MOST, context.out)?.text(stdin, MOST)?
            }
        };
        let message = || {
            let mut message = Options::from([
                ("to", Variant::from(&to)),
                ("cc", Variant::from(&cc)),
                ("bcc", Variant::from(&bcc)),
                ("subject", Variant::from(self.subject.as_str())),
                ("text", Variant::from(text.as_str())),
                ("headers", Variant::from(headers.clone())),
                ("attachments", Variant::from(attachments.clone())),
            ]);
            let more = [
                ("from", &self.from),
                ("reply-to", &self.reply_to),
                ("html", &html),
            ];
            for (key, value) in more {
                if let Some(value) = value {
                    message.insert(key, Variant::from(value.as_str()));
                }
            }
            message
        };
        follow::run(
            context,
            &self.asked,
            Deferral::Queued,
            async |bus, options| {
                let mail = MailProxy::new(bus).await?;
                mail.send(&self.account, message(), options).await
            },
        )
        .await
    }
}

/// Header fields as `NAME: VALUE`.
fn headers(lines: &[String]) -> Result<HashMap<String, String>> {
    let mut headers = HashMap::new();
    for line in lines {
        let Some((name, value)) = line.split_once(':') else {
            return Err(Failure::usage(format!("--header {line:?}: no colon in it")));
        };
        let name = name.trim();
        // The bus takes one value a name.
        if headers
            .keys()
            .any(|known: &String| known.eq_ignore_ascii_case(name))
        {
            let text = format!(
                "--header: {name} is given twice; compose the message yourself and use --raw"
            );
            return Err(Failure::usage(text));
        }
        headers.insert(name.to_owned(), value.trim().to_owned());
    }
    Ok(headers)
}

/// Says what became of a mail that was sent.
async fn told(context: &Context, finished: Finished) -> Result<()> {
    if finished.state == "deferred" {
        let bus = context.bus().await?;
        let manager = crate::ManagerProxy::new(&bus).await?;
        let path = manager.get_job(finished.job, Options::new()).await?;
        let job = crate::JobProxy::new(&bus, path).await?;
        let next = job.next_attempt_usec().await?;
        let told = Value::Object(finished.result.clone());
        return context
            .out
            .done(&told, || follow::deferred_text(&finished, next));
    }
    let refused: Vec<String> = json::rows(&finished.result, "rejected")
        .map(|row| format!("{}: {}", json::text(row, "address"), json::text(row, "why")))
        .collect();
    if !refused.is_empty() {
        let text = format!(
            "sent, but not to {} of them: {}",
            refused.len(),
            refused.join("; ")
        );
        let failure = Failure::named("org.hayesd1.Error.Rejected", text);
        return Err(failure.of_job(finished.job, finished.result));
    }
    let reply = json::text(&finished.result, "reply");
    let colon = if reply.is_empty() { "" } else { ": " };
    let text = format!("sent{colon}{} (job {})", text::clean(reply), finished.job);
    context
        .out
        .done(&Value::Object(finished.result.clone()), || text)
}

async fn queue(context: &Context) -> Result<()> {
    let bus = context.bus().await?;
    let mail = MailProxy::new(&bus).await?;
    let mut mails = Vec::new();
    loop {
        let offset = u32::try_from(mails.len())
            .map_err(|_| Failure::new(Exit::Software, "the queue has no end"))?;
        let page = mail.list_queue(offset, PAGE, Options::new()).await?;
        let more = page.len() >= PAGE as usize;
        mails.extend(page.iter().map(json::details));
        if !more {
            break;
        }
    }
    let told: Value = mails.iter().cloned().map(Value::Object).collect();
    context.out.result(&told, || listed(&mails))
}

/// The queue as a table.
fn listed(mails: &[Map<String, Value>]) -> String {
    let mut table = Table::new(&[
        ">JOB",
        "STATE",
        "NEXT ATTEMPT",
        ">SIZE",
        "RECIPIENTS",
        "WHY",
    ]);
    for mail in mails {
        let open: Vec<&str> = json::rows(mail, "recipients")
            .filter(|row| json::text(row, "outcome") == "pending")
            .map(|row| json::text(row, "address"))
            .collect();
        table.row([
            &json::number(mail, "id").to_string(),
            json::text(mail, "state"),
            &text::time(json::number(mail, "next_attempt_usec")),
            &text::size(json::number(mail, "bytes_total")),
            &open.join(", "),
            json::text(mail, "error_text"),
        ]);
    }
    if table.is_empty() {
        return "the queue is empty\n".into();
    }
    table.to_string()
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn the_queue_shows_who_still_waits() {
        let mail = json!({
            "id": 12, "state": "deferred", "bytes_total": 2048, "next_attempt_usec": 1_795_302_000_000_000_u64,
            "recipients": [
                {"address": "one@example.org", "outcome": "delivered", "why": ""},
                {"address": "two@example.org", "outcome": "pending", "why": ""},
            ],
            "error_text": "450 later",
        });
        assert_eq!(
            listed(&[mail.as_object().unwrap().clone()]),
            "JOB  STATE     NEXT ATTEMPT              SIZE  RECIPIENTS       WHY\n \
             12  deferred  2026-11-21 23:00:00Z  2.00 KiB  two@example.org  450 later\n"
        );
        assert_eq!(listed(&[]), "the queue is empty\n");
    }

    #[test]
    fn header_fields_have_a_colon() {
        let read = headers(&["X-A: b: c".into()]).unwrap();
        assert_eq!(read["X-A"], "b: c");
        assert_eq!(headers(&["X".into()]).unwrap_err().exit, Exit::Usage);
        let twice = headers(&["X-A: 1".into(), "x-a: 2".into()]).unwrap_err();
        assert_eq!(twice.exit, Exit::Usage);
        assert!(twice.text.contains("x-a is given twice"), "{}", twice.text);
    }
}
