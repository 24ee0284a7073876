//! The SMTP client in scripts.
//!
//! Settings: `tls=none|starttls|implicit`, `plain=yes`, `login=no`, `recipients=N` (`1@example.org` …; without,
//! one), `policy=all` (all recipients or none), `eight=yes` (bytes ≥ 0x80 in the body), `utf8=yes` (in the headers),
//! `size=BYTES` (as it is told beforehand). Verbs: `open`, which comes to a verdict for each recipient; `send`, which
//! comes to the server's reply; `abort`. The message is `Subject: x`, an empty line, and `.high`.

use super::certificates::Certificates;
use super::pop3::protection;
use super::script::Settings;
use super::{Client, SECRET};
use crate::content::Told;
use crate::folder::Folder;
use anyhow::{Context as _, Result, bail};
use hayesd::disk::Disk;
use hayesd::net::{Dialer, SmtpBack, Timeouts};
use hayesd::service::{
    BoxFuture, Content, Credentials, Error, MailBack as _, MailOpen, MailSession, Mechanism,
    RecipientPolicy, Secret, Server, Shape, Verdict,
};

const MESSAGE: &[u8] = b"Subject: x\r\n\r\n.high\r\n";

/// A client for scripts.
///
/// # Errors
/// A setting means nothing.
pub fn client(
    settings: &Settings,
    port: u16,
    timeouts: Timeouts,
    certificates: &Certificates,
) -> Result<Box<dyn Client>> {
    let tls = certificates.client(settings.get("clock") != Some("unset"))?;
    let folder = Folder::new("fault")?;
    folder.write("message", MESSAGE)?;
    let number = |key| settings.get(key).map(str::parse::<u64>).transpose();
    let credentials = Credentials {
        user: "pump7".into(),
        password: Secret::new(SECRET.into()),
        mechanism: Mechanism::Password,
        plain_auth: settings.get("plain") == Some("yes"),
    };
    let request = MailOpen {
        reach: Default::default(),
        server: Server {
            host: "localhost".into(),
            port,
            tls: protection(settings)?,
        },
        credentials: (settings.get("login") != Some("no")).then_some(credentials),
        sender: "pump7@example.org".into(),
        recipients: (1..=number("recipients")?.unwrap_or(1))
            .map(|number| format!("{number}@example.org"))
            .collect(),
        policy: match settings.get("policy") {
            Some("all") => RecipientPolicy::AllOrNone,
            _ => RecipientPolicy::AnyAccepted,
        },
        shape: Shape {
            size: number("size")?.unwrap_or(0),
            eight_bit: settings.get("eight") == Some("yes"),
            utf8_headers: settings.get("utf8") == Some("yes"),
        },
        share: false,
        patience: None,
    };
    Ok(Box::new(Smtp {
        back: SmtpBack::new(Dialer::new(timeouts), tls, Disk::start()?),
        request,
        folder,
        session: None,
    }))
}

struct Smtp {
    back: SmtpBack,
    request: MailOpen,
    folder: Folder,
    session: Option<Box<dyn MailSession>>,
}

impl Client for Smtp {
    fn perform<'a>(
        &'a mut self,
        verb: &'a str,
        _: &'a str,
    ) -> BoxFuture<'a, Result<Result<String, Error>>> {
        Box::pin(async move {
            if verb == "open" {
                let opened = self.back.open(&self.request, &Told::default()).await;
                return Ok(opened.map(|session| {
                    let verdicts = shown(session.recipients());
                    self.session = Some(session);
                    verdicts
                }));
            }
            let mut session = self.session.take().context("nothing is open")?;
            Ok(match verb {
                "send" => {
                    let content = Content {
                        path: self.folder.join("message"),
                        size: u64::try_from(MESSAGE.len())?,
                    };
                    let sent = session.finish(&content, &Told::default()).await;
                    sent.map(|sent| {
                        sent.reply
                            .map_or_else(String::new, |reply| reply.to_string())
                    })
                }
                "abort" => {
                    session.abort().await;
                    Ok(String::new())
                }
                _ => bail!("{verb} means nothing"),
            })
        })
    }
}

fn shown(verdicts: &[Verdict]) -> String {
    let words: Vec<&str> = verdicts
        .iter()
        .map(|verdict| match verdict {
            Verdict::Accepted(_) => "accepted",
            Verdict::Refused(error) => error.kind.name(),
        })
        .collect();
    words.join(" ")
}
