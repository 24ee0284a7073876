//! The test of an account: a login to each of its servers, and which step failed.

use super::sheet::Sheet;
use super::{GOODBYE, Inquiry, ftp, no_way, pop3};
use crate::job::progress::Doing;
use crate::job::request::{Service, Summary, Tested};
use crate::job::types::{Backs, Via};
use crate::message::Mailbox;
use crate::service::{
    Error, ErrorKind, Fault, MailOpen, Phase, Reach, RecipientPolicy, Result, Shape,
};
use tokio::time::timeout;

/// A login to every server. Done where all are well, else the first error.
pub(super) async fn carry_out(
    inquiry: &Inquiry,
    via: &Via,
    backs: &dyn Backs,
    doing: &Doing,
) -> Result<Summary> {
    let mut sheet = Sheet::begin(&inquiry.shared, inquiry.id, u64::MAX).await?;
    let mut first = None;
    let mut count = 0;
    for service in [Service::Smtp, Service::Pop3, Service::Ftp] {
        let result = match service {
            Service::Smtp => mail(inquiry, via, backs, doing).await,
            Service::Pop3 => mailbox(inquiry, via, backs, doing).await,
            Service::Ftp => files(inquiry, via, backs, doing).await,
        };
        let error = match result {
            Ok(false) => continue,
            Ok(true) => None,
            Err(error) => Some(error),
        };
        count += 1;
        let failed = error.as_ref().map(|error| step(error, doing.current()));
        sheet.line(&Tested {
            service,
            failed: failed.map(str::to_owned),
            text: error.as_ref().map(ToString::to_string).unwrap_or_default(),
        })?;
        if let (None, Some(error), Some(step)) = (&first, error, failed) {
            let text = format!("{}: {step}: {}", service.name(), error.text);
            first = Some(Error { text, ..error });
        }
    }
    sheet.end().await?;
    match first {
        // Each of them was tried as far as it goes: another way is another test.
        Some(error) => Err(error.after_content()),
        None => Ok(Summary { count, bytes: 0 }),
    }
}

/// Which step this error is of.
fn step(error: &Error, phase: Phase) -> &'static str {
    use ErrorKind::{
        AuthFailed, CertificateInvalid, ClockNotSet, NameNotFound, TemporaryFailure, TlsFailed,
    };
    match (error.kind, phase) {
        // A secret that could not be had.
        (TemporaryFailure, _) if error.fault == Fault::Us => "authenticate",
        (NameNotFound, _) => "resolve",
        (TlsFailed | CertificateInvalid | ClockNotSet, _) => "tls",
        (AuthFailed, _) | (_, Phase::Authenticating) => "authenticate",
        (_, Phase::Resolving) => "resolve",
        (_, Phase::Waiting | Phase::Connecting) => "connect",
        (_, Phase::Preparing | Phase::Transferring | Phase::Confirming) => "use",
    }
}

/// Whether the account has it; what it lacks altogether is no failure.
fn had<T>(account: Result<T>) -> Result<Option<T>> {
    match account {
        Ok(account) => Ok(Some(account)),
        Err(error) if error.kind == ErrorKind::NotFound => Ok(None),
        Err(error) => Err(error),
    }
}

async fn mail(inquiry: &Inquiry, via: &Via, backs: &dyn Backs, doing: &Doing) -> Result<bool> {
    let Some(account) = had(inquiry.shared.accounts.mail(&inquiry.account))? else {
        return Ok(false);
    };
    doing.chosen(via);
    let own = Mailbox::parse(&account.from)?.address;
    let back = backs.mail(via).ok_or_else(|| no_way(via, "mail"))?;
    let open = MailOpen {
        // The administrator chose it.
        reach: Reach::default(),
        server: account.server,
        credentials: inquiry
            .prove_any(Service::Smtp, account.credentials)
            .await?,
        sender: own.clone(),
        recipients: vec![own],
        policy: RecipientPolicy::AnyAccepted,
        shape: Shape::default(),
        share: false,
        patience: None,
    };
    let session = back.open(&open, doing).await?;
    // Nothing is sent.
    let _ = timeout(GOODBYE, session.abort()).await;
    Ok(true)
}

async fn mailbox(inquiry: &Inquiry, via: &Via, backs: &dyn Backs, doing: &Doing) -> Result<bool> {
    let Some(account) = had(inquiry.shared.accounts.pop3(&inquiry.account))? else {
        return Ok(false);
    };
    doing.chosen(via);
    let session = pop3::open(inquiry, account, via, backs, doing).await?;
    let _ = timeout(GOODBYE, session.close()).await;
    Ok(true)
}

async fn files(inquiry: &Inquiry, via: &Via, backs: &dyn Backs, doing: &Doing) -> Result<bool> {
    let Some(account) = had(inquiry.shared.accounts.ftp(&inquiry.account))? else {
        return Ok(false);
    };
    doing.chosen(via);
    let session = ftp::open(inquiry, account, via, backs, doing).await?;
    let _ = timeout(GOODBYE, session.close()).await;
    Ok(true)
}
