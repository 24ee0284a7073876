//! Requests to a mailbox.

use super::sheet::Sheet;
use super::{GOODBYE, Inquiry, no_way};
use crate::inbox::{Arrival, Receiving, Seen, Settled};
use crate::job::progress::Doing;
use crate::job::request::{Handled, Request, Service, Summary};
use crate::job::types::{Backs, Pop3Account, Via};
use crate::service::{
    Error, ErrorKind, Fault, MailboxOpen, MailboxSession, Phase, Progress, Reach, Result, Wanted,
};
use serde::Serialize;
use std::collections::{BTreeMap, BTreeSet, HashSet};
use std::sync::Arc;
use tokio::time::timeout;

/// The beginning of a message is no longer than this, whatever its lines are.
const LONGEST_TOP: u64 = 1 << 20;

pub(super) async fn carry_out(
    inquiry: &Inquiry,
    via: &Via,
    backs: &dyn Backs,
    doing: &Doing,
) -> Result<Summary> {
    let account = inquiry.shared.accounts.pop3(&inquiry.account)?;
    let session = open(inquiry, account, via, backs, doing).await?;
    doing.phase(Phase::Preparing);
    match &inquiry.request {
        Request::Pop3Top { uid, lines } => top(inquiry, session, uid, *lines).await,
        Request::Pop3Delete { uids } => delete(inquiry, session, uids).await,
        Request::Pop3Fetch { uids, delete } => fetch(inquiry, session, uids, *delete, doing).await,
        _ => check(inquiry, session).await,
    }
}

/// A session with the account's server.
pub(super) async fn open(
    inquiry: &Inquiry,
    account: Pop3Account,
    via: &Via,
    backs: &dyn Backs,
    doing: &Doing,
) -> Result<Box<dyn MailboxSession>> {
    let back = backs.mailbox(via).ok_or_else(|| no_way(via, "mailboxes"))?;
    if matches!(inquiry.request, Request::Pop3Top { .. }) && !back.has_top() {
        let text = format!("{via} cannot show the beginning of a message");
        return Err(Error::new(ErrorKind::NotSupported, text).by(Fault::Module));
    }
    let open = MailboxOpen {
        // The administrator chose it.
        reach: Reach::default(),
        server: account.server,
        credentials: inquiry.prove(Service::Pop3, account.credentials).await?,
    };
    back.open(&open, doing).await
}

/// Nothing was changed, so nobody waits for the good-bye.
fn leave(session: Box<dyn MailboxSession>) {
    tokio::spawn(timeout(GOODBYE, session.close()));
}

fn missing(uid: &str) -> Error {
    let text = format!("the mailbox holds no message {uid}");
    Error::new(ErrorKind::NotFound, text).by(Fault::Server)
}

/// One of them may be a message that nobody has read.
fn ambiguous(uid: &str, several: usize) -> Error {
    let text = format!(
        "the mailbox holds {several} messages {uid}, and which one is meant is not certain; \
         Fetch with `delete` fetches all of them and deletes them then"
    );
    Error::new(ErrorKind::Protocol, text).by(Fault::Server)
}

async fn check(inquiry: &Inquiry, mut session: Box<dyn MailboxSession>) -> Result<Summary> {
    #[derive(Serialize)]
    struct Line<'a> {
        uid: &'a str,
        number: u32,
        size: u64,
    }
    let mut sheet = Sheet::begin(&inquiry.shared, inquiry.id, u64::MAX).await?;
    let mut summary = Summary::default();
    let mut each = |one: crate::service::Listed<'_>| {
        summary.count += 1;
        summary.bytes = summary.bytes.saturating_add(one.size);
        sheet.line(&Line {
            uid: one.uid,
            number: one.number,
            size: one.size,
        })
    };
    session.list(&mut each).await?;
    sheet.end().await?;
    leave(session);
    Ok(summary)
}

/// The numbers that these messages have in this session.
async fn numbers(
    session: &mut dyn MailboxSession,
    uids: &BTreeSet<&str>,
) -> Result<BTreeMap<String, Vec<u32>>> {
    let mut found: BTreeMap<String, Vec<u32>> = BTreeMap::new();
    let mut each = |one: crate::service::Listed<'_>| {
        if uids.contains(one.uid) {
            found.entry(one.uid.into()).or_default().push(one.number);
        }
        Ok(())
    };
    session.list(&mut each).await?;
    Ok(found)
}

async fn top(
    inquiry: &Inquiry,
    mut session: Box<dyn MailboxSession>,
    uid: &str,
    lines: u32,
) -> Result<Summary> {
    let found = numbers(&mut *session, &BTreeSet::from([uid])).await?;
    let Some(&number) = found.get(uid).and_then(|numbers| numbers.first()) else {
        leave(session);
        return Err(missing(uid));
    };
    let mut sheet = Sheet::begin(&inquiry.shared, inquiry.id, LONGEST_TOP).await?;
    session.top(number, lines, &mut sheet).await?;
    let bytes = sheet.end().await?;
    leave(session);
    Ok(Summary { count: 1, bytes })
}

async fn delete(
    inquiry: &Inquiry,
    mut session: Box<dyn MailboxSession>,
    uids: &[String],
) -> Result<Summary> {
    let uids: BTreeSet<&str> = uids.iter().map(String::as_str).collect();
    let found = numbers(&mut *session, &uids).await?;
    let numbers: Vec<u32> = found
        .values()
        .filter_map(|numbers| match numbers[..] {
            [number] => Some(number),
            _ => None,
        })
        .collect();
    if !numbers.is_empty() {
        session.delete(&numbers).await?;
        session.close().await?;
    } else {
        leave(session);
    }
    let mut sheet = Sheet::begin(&inquiry.shared, inquiry.id, u64::MAX).await?;
    for uid in &uids {
        let error = match found.get(*uid).map(Vec::len) {
            // After an attempt whose answer was lost it may well be gone: nothing to complain of, but told.
            None => Some(missing(uid)),
            Some(1) => None,
            Some(several) => Some(ambiguous(uid, several)),
        };
        sheet.line(&Handled {
            uid: (*uid).to_owned(),
            message: None,
            error: error.map(|error| (error.kind, error.text)),
        })?;
    }
    sheet.end().await?;
    let count = u32::try_from(numbers.len()).unwrap_or(u32::MAX);
    Ok(Summary { count, bytes: 0 })
}

/// What a listing says about a fetch.
#[derive(Default)]
struct Plan {
    wanted: Vec<Wanted>,
    /// Number in the session, id and inbox number of those that we have, to be deleted if that is asked for.
    had: Vec<(u32, Arc<str>, u32)>,
    /// Ids and inbox numbers of those that came with an earlier attempt of this job.
    before: Vec<(Arc<str>, u32)>,
    /// Ids that were asked for and are there.
    there: HashSet<Arc<str>>,
}

impl Plan {
    fn new(
        inquiry: &Inquiry,
        receiving: &mut Receiving,
        seen: Vec<Seen>,
        asked: &BTreeSet<&str>,
    ) -> Result<Self> {
        let mut plan = Self::default();
        for one in seen {
            if !asked.is_empty() {
                if !asked.contains(&*one.uid) {
                    continue;
                }
                plan.there.insert(one.uid.clone());
            }
            match one.arrival {
                Arrival::New => {
                    receiving.expect(one.number, &one.uid, one.size)?;
                    plan.wanted.push(Wanted {
                        number: one.number,
                        size: one.size,
                    });
                }
                Arrival::Known(message) => {
                    if message >= inquiry.since || !asked.is_empty() {
                        plan.before.push((one.uid.clone(), message));
                    }
                    plan.had.push((one.number, one.uid, message));
                }
            }
        }
        Ok(plan)
    }
}

async fn fetch(
    inquiry: &Inquiry,
    mut session: Box<dyn MailboxSession>,
    uids: &[String],
    delete: bool,
    doing: &Doing,
) -> Result<Summary> {
    let mut receiving = inquiry.shared.inbox.receive(&inquiry.account).await?;
    let mut each = |one: crate::service::Listed<'_>| {
        receiving.listed(one.number, one.uid, one.size);
        Ok(())
    };
    session.list(&mut each).await?;
    let asked: BTreeSet<&str> = uids.iter().map(String::as_str).collect();
    let seen = receiving.listing_is_complete().await?;
    let mut plan = Plan::new(inquiry, &mut receiving, seen, &asked)?;
    let sizes = plan.wanted.iter().map(|one| one.size);
    let total = sizes.fold(0, u64::saturating_add);
    let spool = inquiry.shared.spool.clone();
    let room = move || spool.check_room(total);
    inquiry.shared.disk.run(room).await??;
    doing.phase(Phase::Transferring);
    let fetched = session.fetch(&plan.wanted, &mut receiving, doing).await;
    // What came whole is ours, however it ended.
    let settled = receiving.settle().await?;
    fetched?;
    if delete {
        doing.phase(Phase::Confirming);
        let stored = settled.stored.iter();
        let came = stored.map(|(number, info)| (*number, info.uid.clone(), info.number));
        let gone: Vec<_> = plan.had.drain(..).chain(came).collect();
        let numbers: Vec<u32> = gone.iter().map(|(number, ..)| *number).collect();
        if !numbers.is_empty() {
            session.delete(&numbers).await?;
        }
        session.close().await?;
        let gone = gone.into_iter().map(|(_, uid, message)| (uid, message));
        receiving.deleted(gone.collect()).await?;
    } else {
        leave(session);
    }
    tell(inquiry, &plan, &settled, &asked).await
}

/// Writes down what became of each message.
async fn tell(
    inquiry: &Inquiry,
    plan: &Plan,
    settled: &Settled,
    asked: &BTreeSet<&str>,
) -> Result<Summary> {
    let inbox = &inquiry.shared.inbox;
    let mut sheet = Sheet::begin(&inquiry.shared, inquiry.id, u64::MAX).await?;
    let mut summary = Summary::default();
    let stored = settled.stored.iter();
    let now = stored.map(|(_, info)| (info.uid.clone(), info.number));
    for (uid, number) in plan.before.iter().cloned().chain(now) {
        let id = crate::inbox::MessageId {
            account: inquiry.account.clone(),
            number,
        };
        if let Ok(info) = inbox.get(&id) {
            summary.count += 1;
            summary.bytes = summary.bytes.saturating_add(info.size);
        }
        sheet.line(&Handled {
            uid: uid.to_string(),
            message: Some(number),
            error: None,
        })?;
    }
    let missing = asked
        .iter()
        .filter(|uid| !plan.there.contains(**uid))
        .map(|uid| ((*uid).to_owned(), missing(uid)));
    let refused = settled.refused.iter();
    let refused = refused.map(|one| (one.uid.to_string(), one.error.clone()));
    for (uid, error) in missing.chain(refused) {
        sheet.line(&Handled {
            uid,
            message: None,
            error: Some((error.kind, error.to_string())),
        })?;
    }
    sheet.end().await?;
    Ok(summary)
}
