//! The POP3 client in scripts.
//!
//! Settings: `tls=none|starttls|implicit`, `plain=yes`, `mechanism=xoauth2`, `clock=unset`. Verbs: `open`,
//! `status`, `list`, `fetch N…`, `top N LINES`, `delete N…`, `undelete`, `close`, `drop`, and `count`, which lists
//! and tells how many. What they come to is shown as text, content with C escapes.

use super::certificates::Certificates;
use super::script::Settings;
use super::{Client, SECRET};
use crate::content::{Taken, Told};
use anyhow::{Context as _, Result, bail};
use hayesd::net::{Dialer, Pop3Back, Timeouts};
use hayesd::service::{
    BoxFuture, Certainty, Credentials, Error, ErrorKind, Listed, MailboxBack as _, MailboxOpen,
    MailboxSession, Mechanism, Messages, Secret, Server, Sink, Tls, Wanted,
};

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
    let request = MailboxOpen {
        reach: Default::default(),
        server: Server {
            host: "localhost".into(),
            port,
            tls: protection(settings)?,
        },
        credentials: Credentials {
            user: "pump7".into(),
            password: Secret::new(SECRET.into()),
            mechanism: match settings.get("mechanism") {
                None => Mechanism::Password,
                Some("xoauth2") => Mechanism::XOAuth2,
                Some(other) => bail!("no mechanism {other}"),
            },
            plain_auth: settings.get("plain") == Some("yes"),
        },
    };
    Ok(Box::new(Pop3 {
        back: Pop3Back::new(Dialer::new(timeouts), tls),
        request,
        session: None,
    }))
}

/// The setting `tls`; without, none.
///
/// # Errors
/// It is something else.
pub fn protection(settings: &Settings) -> Result<Tls> {
    Ok(match settings.get("tls") {
        None | Some("none") => Tls::None,
        Some("starttls") => Tls::StartTls,
        Some("implicit") => Tls::Implicit,
        Some(other) => bail!("no tls {other}"),
    })
}

struct Pop3 {
    back: Pop3Back,
    request: MailboxOpen,
    session: Option<Box<dyn MailboxSession>>,
}

impl Client for Pop3 {
    fn perform<'a>(
        &'a mut self,
        verb: &'a str,
        argument: &'a str,
    ) -> BoxFuture<'a, Result<Result<String, Error>>> {
        Box::pin(async move {
            let numbers: Result<Vec<u32>, _> =
                argument.split_whitespace().map(str::parse).collect();
            let numbers = numbers?;
            if verb == "open" {
                // Whoever opens anew has done with what was open.
                self.session = None;
                let opened = self.back.open(&self.request, &Told::default()).await;
                return Ok(opened.map(|session| {
                    self.session = Some(session);
                    String::new()
                }));
            }
            if matches!(verb, "close" | "drop") {
                let session = self.session.take().context("nothing is open")?;
                if verb == "drop" {
                    return Ok(Ok(String::new()));
                }
                return Ok(session.close().await.map(|()| String::new()));
            }
            let session = self.session.as_mut().context("nothing is open")?;
            step(session.as_mut(), verb, &numbers).await
        })
    }
}

async fn step(
    session: &mut dyn MailboxSession,
    verb: &str,
    numbers: &[u32],
) -> Result<Result<String, Error>> {
    Ok(match (verb, numbers) {
        ("status", []) => session
            .status()
            .await
            .map(|status| format!("{} {}", status.count, status.bytes)),
        ("list", []) => list(session).await,
        ("count", []) => {
            let mut count = 0;
            let mut each = |_: Listed<'_>| {
                count += 1;
                Ok(())
            };
            let listed = session.list(&mut each).await;
            listed.map(|()| count.to_string())
        }
        ("fetch", numbers) => fetch(session, numbers).await,
        ("top", &[number, lines]) => {
            let mut kept = Taken::default();
            let result = session.top(number, lines, &mut kept).await;
            result.map(|()| kept.0.escape_ascii().to_string())
        }
        ("delete", numbers) => session.delete(numbers).await.map(|()| String::new()),
        ("undelete", []) => session.undelete().await.map(|()| String::new()),
        _ => bail!("{verb} means nothing"),
    })
}

async fn list(session: &mut dyn MailboxSession) -> Result<String, Error> {
    let mut rows = Vec::new();
    let mut each = |one: Listed<'_>| {
        let mark = match one.certainty {
            Certainty::Observed => "",
            Certainty::Inferred => " inferred",
        };
        rows.push(format!("{} {} {}{mark}", one.number, one.uid, one.size));
        Ok(())
    };
    session.list(&mut each).await?;
    Ok(rows.join(", "))
}

async fn fetch(session: &mut dyn MailboxSession, numbers: &[u32]) -> Result<String, Error> {
    let wanted: Vec<Wanted> = numbers
        .iter()
        .map(|&number| Wanted { number, size: 0 })
        .collect();
    let mut inbox = Inbox::default();
    session.fetch(&wanted, &mut inbox, &Told::default()).await?;
    Ok(inbox.rows.join(", "))
}

#[derive(Default)]
struct Inbox {
    rows: Vec<String>,
    kept: Taken,
}

impl Messages for Inbox {
    fn begin(&mut self, _: u32) -> BoxFuture<'_, Result<&mut dyn Sink, Error>> {
        self.kept.0.clear();
        Box::pin(async { Ok(&mut self.kept as &mut dyn Sink) })
    }

    fn end<'a>(
        &'a mut self,
        number: u32,
        outcome: Result<(), Error>,
    ) -> BoxFuture<'a, Result<(), Error>> {
        let content = std::mem::take(&mut self.kept.0);
        let text = match outcome.map_err(|error| error.kind) {
            Ok(()) => content.escape_ascii().to_string(),
            Err(kind) => ErrorKind::name(kind).to_owned(),
        };
        self.rows.push(format!("{number}:{text}"));
        Box::pin(async { Ok(()) })
    }
}
