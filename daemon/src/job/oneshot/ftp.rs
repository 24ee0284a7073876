//! Requests to a file server.

use super::sheet::Sheet;
use super::source::FileSource;
use super::{GOODBYE, Inquiry, no_way};
use crate::job::progress::Doing;
use crate::job::request::{ListedEntry, Request, Service, Summary};
use crate::job::types::{Backs, FtpAccount, Via};
use crate::service::{
    Entry, Error, ErrorKind, FileOpen, FileSession, Phase, Placing, Progress, Reach,
    Representation, Result,
};
use std::time::{SystemTime, UNIX_EPOCH};
use tokio::time::timeout;

/// A file that becomes a result is no larger than this.
const LARGEST_RESULT: u64 = 1 << 20;

pub(super) async fn carry_out(
    inquiry: &Inquiry,
    via: &Via,
    backs: &dyn Backs,
    doing: &Doing,
) -> Result<Summary> {
    let account = inquiry.shared.accounts.ftp(&inquiry.account)?;
    let mut session = open(inquiry, account, via, backs, doing).await?;
    doing.phase(Phase::Preparing);
    let result = over(inquiry, &mut *session, doing).await;
    // One that failed may be in the middle of something.
    if result.is_ok() {
        tokio::spawn(timeout(GOODBYE, session.close()));
    }
    result
}

/// A session with the account's server.
pub(super) async fn open(
    inquiry: &Inquiry,
    account: FtpAccount,
    via: &Via,
    backs: &dyn Backs,
    doing: &Doing,
) -> Result<Box<dyn FileSession>> {
    let back = backs.files(via).ok_or_else(|| no_way(via, "files"))?;
    let open = FileOpen {
        // The administrator chose it.
        reach: Reach::default(),
        server: account.server,
        credentials: inquiry.prove_any(Service::Ftp, account.credentials).await?,
        account: account.account,
        active: account.active,
    };
    back.open(&open, doing).await
}

async fn over(inquiry: &Inquiry, session: &mut dyn FileSession, doing: &Doing) -> Result<Summary> {
    match &inquiry.request {
        Request::FtpUpload { remote, placing } => {
            upload(inquiry, session, remote, *placing, doing).await
        }
        Request::FtpDownload { remote, from, .. } => match &inquiry.target {
            Some(_) => to_caller(inquiry, session, remote, *from, doing).await,
            None => to_result(inquiry, session, remote, doing).await,
        },
        Request::FtpList { folder } => list(inquiry, session, folder).await,
        Request::FtpRemove { remote } => done(session.remove(remote).await),
        Request::FtpMakeDirectory { remote } => done(session.make_folder(remote).await),
        Request::FtpRename { from, to } => done(session.rename(from, to).await),
        _ => Err(Error::new(
            ErrorKind::Internal,
            "this is no request to a file server",
        )),
    }
}

fn done(result: Result<()>) -> Result<Summary> {
    result.map(|()| Summary::default())
}

async fn upload(
    inquiry: &Inquiry,
    session: &mut dyn FileSession,
    remote: &str,
    placing: Placing,
    doing: &Doing,
) -> Result<Summary> {
    let shared = &inquiry.shared;
    let size = inquiry.upload.unwrap_or_default();
    let path = shared.spool.message(inquiry.id);
    let mut source = FileSource::open(path, size, &shared.disk).await?;
    if placing == Placing::Append {
        // Half of it there, and again the whole, would be worse than a failure.
        doing.committing().await?;
    }
    doing.phase(Phase::Transferring);
    let bytes = session
        .upload(remote, &mut source, placing, Representation::Image, doing)
        .await?;
    Ok(Summary {
        count: 1,
        bytes: bytes.max(size),
    })
}

async fn to_result(
    inquiry: &Inquiry,
    session: &mut dyn FileSession,
    remote: &str,
    doing: &Doing,
) -> Result<Summary> {
    let mut sheet = Sheet::begin(&inquiry.shared, inquiry.id, LARGEST_RESULT).await?;
    doing.phase(Phase::Transferring);
    session
        .download(remote, 0, &mut sheet, Representation::Image, doing)
        .await?;
    let bytes = sheet.end().await?;
    Ok(Summary { count: 1, bytes })
}

async fn to_caller(
    inquiry: &Inquiry,
    session: &mut dyn FileSession,
    remote: &str,
    from: u64,
    doing: &Doing,
) -> Result<Summary> {
    let Some(target) = &inquiry.target else {
        return Err(Error::new(
            ErrorKind::Internal,
            "there is nowhere to write to",
        ));
    };
    let mut filled = target.lock().await;
    if let Some(error) = filled.failure() {
        return Err(Error {
            content_sent: true,
            kind: ErrorKind::InvalidArgument,
            ..error
        });
    }
    let size = match session.size(remote).await {
        Ok(size) => Some(size),
        Err(error) if error.kind == ErrorKind::NotSupported => None,
        Err(error) => return Err(error),
    };
    let start = from.saturating_add(filled.written);
    if filled.written > 0 && (size.is_none() || size != filled.size) {
        let text = "the transfer broke off, and it is not certain that the file is still the same";
        return Err(Error::new(ErrorKind::Rejected, text).after_content());
    }
    if size.is_some_and(|size| start > size) {
        let text = format!("the file has fewer than {start} bytes, which were to be there already");
        return Err(Error::new(ErrorKind::InvalidArgument, text));
    }
    filled.size = size;
    doing.phase(Phase::Transferring);
    let result = session
        .download(remote, start, &mut *filled, Representation::Image, doing)
        .await;
    let bytes = filled.written;
    match result {
        Ok(_) => Ok(Summary { count: 1, bytes }),
        // The caller has part of it: that is not told by another way as well.
        Err(error) if bytes > 0 => Err(error.after_content()),
        Err(error) => Err(error),
    }
}

async fn list(inquiry: &Inquiry, session: &mut dyn FileSession, folder: &str) -> Result<Summary> {
    let mut sheet = Sheet::begin(&inquiry.shared, inquiry.id, u64::MAX).await?;
    let mut summary = Summary::default();
    let mut each = |entry: Entry| {
        summary.count += 1;
        let size = entry.size.unwrap_or_default();
        summary.bytes = summary.bytes.saturating_add(size);
        sheet.line(&ListedEntry {
            name: entry.name,
            kind: entry.kind,
            size: entry.size,
            modified: entry.modified.map(seconds),
        })
    };
    session.list(folder, &mut each).await?;
    sheet.end().await?;
    Ok(summary)
}

/// Seconds since 1970.
fn seconds(time: SystemTime) -> i64 {
    let to = |seconds: u64| i64::try_from(seconds).unwrap_or(i64::MAX);
    match time.duration_since(UNIX_EPOCH) {
        Ok(after) => to(after.as_secs()),
        Err(before) => -to(before.duration().as_secs()),
    }
}
