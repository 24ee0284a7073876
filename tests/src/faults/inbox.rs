//! The inbox in scripts: jobs over the POP3 client, a connection each.
//!
//! Verbs: `fetch`, `fetch-delete` and `delete`, with ids or without; `check`; `top ID LINES`; and `inbox`, which
//! shows what has been fetched. A job that would be tried again is cancelled: the script says when the next one
//! comes.

use super::certificates::Certificates;
use super::script::Settings;
use super::{Client, SECRET};
use crate::folder::Folder;
use anyhow::{Context as _, Result, bail};
use hayesd::clock::SystemClock;
use hayesd::disk::Disk;
use hayesd::job::{
    self, Accounts, Answer, Backs, Handled, Jobs, MailAccount, Origin, Pop3Account, Request,
    RequestSubmission, State, Via,
};
use hayesd::net::{Dialer, Pop3Back, Timeouts};
use hayesd::service::{
    self, BoxFuture, Credentials, Error, ErrorKind, MailBack, MailboxBack, Mechanism, Secret,
    Server, Tls,
};
use std::sync::Arc;

const ACCOUNT: &str = "main";

/// A client for scripts.
///
/// # Errors
/// There is no folder for it.
pub fn client(
    _: &Settings,
    port: u16,
    timeouts: Timeouts,
    certificates: &Certificates,
) -> Result<Box<dyn Client>> {
    let back = Pop3Back::new(Dialer::new(timeouts), certificates.client(true)?);
    Ok(Box::new(Inbox {
        jobs: None,
        place: Arc::new(Place {
            port,
            back: Arc::new(back),
        }),
        folder: Folder::new("inbox")?,
    }))
}

struct Inbox {
    jobs: Option<Jobs>,
    place: Arc<Place>,
    folder: Folder,
}

/// The only account, and the only way to it.
struct Place {
    port: u16,
    back: Arc<Pop3Back>,
}

impl Accounts for Place {
    fn mail(&self, _: &str) -> service::Result<MailAccount> {
        Err(Error::new(ErrorKind::NotFound, "no account has smtp"))
    }

    fn pop3(&self, _: &str) -> service::Result<Pop3Account> {
        Ok(Pop3Account {
            server: Server {
                host: "localhost".into(),
                port: self.port,
                tls: Tls::None,
            },
            credentials: Credentials {
                user: "pump7".into(),
                password: Secret::new(SECRET.into()),
                mechanism: Mechanism::Password,
                plain_auth: true,
            },
            via: Vec::new(),
        })
    }
}

impl Backs for Place {
    fn mail(&self, _: &Via) -> Option<Arc<dyn MailBack>> {
        None
    }

    fn mailbox(&self, _: &Via) -> Option<Arc<dyn MailboxBack>> {
        Some(self.back.clone())
    }
}

impl Client for Inbox {
    fn perform<'a>(
        &'a mut self,
        verb: &'a str,
        argument: &'a str,
    ) -> BoxFuture<'a, Result<Result<String, Error>>> {
        Box::pin(async move {
            let words: Vec<&str> = argument.split_whitespace().collect();
            let uids = words.iter().map(|word| (*word).to_owned()).collect();
            let request = match (verb, &words[..]) {
                ("inbox", []) => return self.shown().await.map(Ok),
                ("check", []) => Request::Pop3Check,
                ("delete", _) => Request::Pop3Delete { uids },
                ("fetch" | "fetch-delete", _) => Request::Pop3Fetch {
                    uids,
                    delete: verb == "fetch-delete",
                },
                ("top", [uid, lines]) => Request::Pop3Top {
                    uid: (*uid).to_owned(),
                    lines: lines.parse()?,
                },
                _ => bail!("{verb} means nothing"),
            };
            self.ask(request).await
        })
    }
}

impl Inbox {
    async fn jobs(&mut self) -> Result<Jobs> {
        if let Some(jobs) = &self.jobs {
            return Ok(jobs.clone());
        }
        let jobs = Jobs::start(
            job::Settings::new(self.folder.path().join("spool")),
            Disk::start()?,
            Arc::new(SystemClock),
            self.place.clone(),
            self.place.clone(),
        )
        .await?;
        Ok(self.jobs.insert(jobs).clone())
    }

    /// Carried out once.
    async fn ask(&mut self, request: Request) -> Result<Result<String, Error>> {
        let jobs = self.jobs().await?;
        let submission = RequestSubmission {
            origin: Origin::Bus { uid: 0 },
            account: ACCOUNT.into(),
            request,
            upload: None,
            into: None,
            via: Vec::new(),
            timeout: None,
            token: None,
        };
        let id = jobs.submit_request(submission).await?;
        let mut view = jobs.watch(id).context("no job")?;
        let rests =
            |seen: &Arc<job::Snapshot>| seen.state == State::Deferred || seen.state.is_final();
        let seen = Arc::clone(&*view.wait_for(rests).await?);
        if seen.state == State::Done {
            return Ok(Ok(text(jobs.answer(id).await?)));
        }
        jobs.cancel(id).await?;
        Ok(Err(seen.error.clone().context("no error")?))
    }

    /// The inbox, oldest first.
    async fn shown(&mut self) -> Result<String> {
        let jobs = self.jobs().await?;
        let mut rows = Vec::new();
        for info in jobs.inbox().list(ACCOUNT).iter().rev() {
            let id = hayesd::inbox::MessageId {
                account: ACCOUNT.into(),
                number: info.number,
            };
            let bytes = jobs.inbox().read(&id, 0, 1000).await?;
            rows.push(format!("{} {}", info.uid, bytes.escape_ascii()));
        }
        Ok(rows.join(", "))
    }
}

fn text(answer: Answer) -> String {
    let handled = |one: &Handled| match (&one.error, one.message) {
        (Some((kind, _)), _) => format!("{} {}", one.uid, kind.name()),
        (None, Some(message)) => format!("{} {message}", one.uid),
        (None, None) => one.uid.clone(),
    };
    match answer {
        Answer::Messages(list) => {
            let rows = list.iter().map(|one| format!("{} {}", one.uid, one.size));
            rows.collect::<Vec<_>>().join(", ")
        }
        Answer::Handled(list) => list.iter().map(handled).collect::<Vec<_>>().join(", "),
        Answer::Bytes(bytes) => bytes.escape_ascii().to_string(),
        other => format!("{other:?}"),
    }
}
