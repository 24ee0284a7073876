//! Connections that have carried a mail and stay open for a moment, for the next one of the same user to the
//! same server: over a slow link connecting, TLS and AUTH take longer than a small mail itself.

use super::connection::Connection;
use crate::service::{Credentials, MailOpen, Reach, Server};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;
use tokio::time::{Instant, sleep};

/// So long one stays open without a mail, as with Postfix (postconf(5), `smtp_connection_cache_time_limit`).
const IDLE: Duration = Duration::from_secs(2);
/// So long it is used at most (postconf(5), `smtp_connection_reuse_time_limit`).
const OLDEST: Duration = Duration::from_secs(300);
/// Mails that one carries at most: many servers count them.
const MOST_MAILS: u32 = 100;

/// For whom a connection is open.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Whose {
    server: Server,
    reach: Reach,
    credentials: Option<Credentials>,
}

/// How a connection came to be, and how much it has been used.
#[derive(Clone, Debug)]
pub(super) struct Use {
    whose: Whose,
    since: Instant,
    mails: u32,
}

impl Use {
    /// For this mail; `None` where the connection is to serve no other one.
    pub(super) fn of(request: &MailOpen) -> Option<Self> {
        request.share.then(|| Self {
            whose: Whose {
                server: request.server.clone(),
                reach: request.reach.clone(),
                credentials: request.credentials.clone(),
            },
            since: Instant::now(),
            mails: 0,
        })
    }
}

struct Idle {
    connection: Connection,
    usage: Use,
    number: u64,
}

#[derive(Default)]
struct Inner {
    idle: Vec<Idle>,
    next: u64,
}

/// Connections that nobody uses just now.
#[derive(Clone, Default)]
pub(super) struct Kept(Arc<Mutex<Inner>>);

impl std::fmt::Debug for Kept {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Kept")
    }
}

impl Kept {
    fn inner(&self) -> MutexGuard<'_, Inner> {
        // Held for moments, never over an await.
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// One that may carry this mail, the one used last. Whether the server is still there is not known.
    pub(super) fn take(&self, request: &MailOpen) -> Option<(Connection, Use)> {
        let wanted = Use::of(request)?;
        let mut inner = self.inner();
        let fits = |one: &Idle| one.usage.whose == wanted.whose;
        let at = inner.idle.iter().rposition(fits)?;
        let found = inner.idle.remove(at);
        Some((found.connection, found.usage))
    }

    /// A mail was taken over it, and what became of it is saved. Must be called inside a tokio runtime.
    pub(super) fn put(&self, connection: Connection, mut usage: Use) {
        usage.mails += 1;
        if usage.mails >= MOST_MAILS || usage.since.elapsed() >= OLDEST {
            tokio::spawn(connection.quit());
            return;
        }
        let number = {
            let mut inner = self.inner();
            let number = inner.next;
            inner.next += 1;
            inner.idle.push(Idle {
                connection,
                usage,
                number,
            });
            number
        };
        let kept = self.clone();
        tokio::spawn(async move {
            sleep(IDLE).await;
            let unused = {
                let mut inner = kept.inner();
                let at = inner.idle.iter().position(|one| one.number == number);
                at.map(|at| inner.idle.remove(at))
            };
            if let Some(unused) = unused {
                unused.connection.quit().await;
            }
        });
    }
}
