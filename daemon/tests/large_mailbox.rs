//! A hundred thousand messages in a mailbox: it is listed without holding the list, and what is known of
//! each message takes little memory.

use hayesd::clock::SystemClock;
use hayesd::disk::Disk;
use hayesd::job::{
    Accounts, Answer, Backs, Jobs, MailAccount, Origin, Pop3Account, Request, RequestSubmission,
    Settings, State, Summary, Via,
};
use hayesd::service::*;
use std::alloc::{GlobalAlloc, Layout, System};
use std::fmt::Write as _;
use std::fs;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

struct Counting;

static IN_USE: AtomicUsize = AtomicUsize::new(0);
static PEAK: AtomicUsize = AtomicUsize::new(0);

// SAFETY: all is left to the system's allocator.
unsafe impl GlobalAlloc for Counting {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        let now = IN_USE.fetch_add(layout.size(), Ordering::Relaxed) + layout.size();
        PEAK.fetch_max(now, Ordering::Relaxed);
        // SAFETY: the caller's promises are passed on.
        unsafe { System.alloc(layout) }
    }

    unsafe fn dealloc(&self, at: *mut u8, layout: Layout) {
        IN_USE.fetch_sub(layout.size(), Ordering::Relaxed);
        // SAFETY: the caller's promises are passed on.
        unsafe { System.dealloc(at, layout) }
    }
}

#[global_allocator]
static ALLOCATOR: Counting = Counting;

const MESSAGES: u32 = 100_000;

struct World;

impl Accounts for World {
    fn mail(&self, _: &str) -> Result<MailAccount> {
        Err(Error::new(ErrorKind::NotFound, "no mail here"))
    }

    fn pop3(&self, _: &str) -> Result<Pop3Account> {
        Ok(Pop3Account {
            server: Server {
                host: "pop.example.org".into(),
                port: 995,
                tls: Tls::Implicit,
            },
            credentials: Credentials {
                user: "pump7".into(),
                password: Secret::new("secret".into()),
                mechanism: Mechanism::Password,
                plain_auth: false,
            },
            via: vec![Via::Ip],
        })
    }
}

impl Backs for World {
    fn mail(&self, _: &Via) -> Option<Arc<dyn MailBack>> {
        None
    }

    fn mailbox(&self, _: &Via) -> Option<Arc<dyn MailboxBack>> {
        Some(Arc::new(Mailbox))
    }
}

/// It lists, as fast as a network would, and does nothing else.
struct Mailbox;

fn no<T>() -> Result<T> {
    Err(Error::new(ErrorKind::NotSupported, "it only lists"))
}

impl MailboxBack for Mailbox {
    fn open<'a>(
        &'a self,
        _: &'a MailboxOpen,
        _: &'a dyn Progress,
    ) -> BoxFuture<'a, Result<Box<dyn MailboxSession>>> {
        Box::pin(async { Ok(Box::new(Self) as Box<dyn MailboxSession>) })
    }
}

impl MailboxSession for Mailbox {
    fn status(&mut self) -> BoxFuture<'_, Result<MailboxStatus>> {
        Box::pin(async { no() })
    }

    fn list<'a>(
        &'a mut self,
        each: &'a mut (dyn FnMut(Listed<'_>) -> Result<()> + Send),
    ) -> BoxFuture<'a, Result<()>> {
        Box::pin(async move {
            let mut uid = String::new();
            for number in 1..=MESSAGES {
                uid.clear();
                let _ = write!(uid, "{number:016x}");
                each(Listed {
                    number,
                    uid: &uid,
                    certainty: Certainty::Observed,
                    size: 1000,
                })?;
                if number % 1000 == 0 {
                    tokio::time::sleep(std::time::Duration::from_millis(2)).await;
                }
            }
            Ok(())
        })
    }

    fn fetch<'a>(
        &'a mut self,
        _: &'a [Wanted],
        _: &'a mut dyn Messages,
        _: &'a dyn Progress,
    ) -> BoxFuture<'a, Result<()>> {
        Box::pin(async { no() })
    }

    fn top<'a>(&'a mut self, _: u32, _: u32, _: &'a mut dyn Sink) -> BoxFuture<'a, Result<()>> {
        Box::pin(async { no() })
    }

    fn delete<'a>(&'a mut self, _: &'a [u32]) -> BoxFuture<'a, Result<()>> {
        Box::pin(async { no() })
    }

    fn undelete(&mut self) -> BoxFuture<'_, Result<()>> {
        Box::pin(async { no() })
    }

    fn close(self: Box<Self>) -> BoxFuture<'static, Result<()>> {
        Box::pin(async { Ok(()) })
    }
}

#[tokio::test]
async fn a_hundred_thousand_messages_are_listed_with_flat_memory() {
    let folder = std::env::temp_dir().join(format!("hayesd-large-{}", std::process::id()));
    fs::create_dir(&folder).unwrap();
    let jobs = Jobs::start(
        Settings::new(folder.join("spool")),
        Disk::start().unwrap(),
        Arc::new(SystemClock),
        Arc::new(World),
        Arc::new(World),
    );
    let jobs = jobs.await.unwrap();
    let before = IN_USE.load(Ordering::Relaxed);
    PEAK.store(before, Ordering::Relaxed);
    let check = RequestSubmission {
        origin: Origin::Bus { uid: 0 },
        account: "main".into(),
        request: Request::Pop3Check,
        upload: None,
        into: None,
        via: Vec::new(),
        timeout: None,
        token: None,
    };
    let id = jobs.submit_request(check).await.unwrap();
    let seen = jobs.wait(id).await.unwrap();
    assert_eq!(seen.state, State::Done, "{:?}", seen.error);
    let peak = PEAK.load(Ordering::Relaxed) - before;
    let summary = Summary {
        count: MESSAGES,
        bytes: 1000 * u64::from(MESSAGES),
    };
    assert_eq!(seen.summary, Some(summary));
    assert!(peak < 2 << 20, "{peak} bytes at most");
    let Answer::Messages(list) = jobs.answer(id).await.unwrap() else {
        panic!("not a list");
    };
    assert_eq!(list.len(), MESSAGES as usize);
    assert_eq!(list[99_999].uid, format!("{MESSAGES:016x}"));
    drop(list);
    let kept = IN_USE.load(Ordering::Relaxed).saturating_sub(before);
    println!("{MESSAGES} messages listed: {peak} bytes at most, {kept} bytes kept");
    assert!(kept < 1 << 20, "{kept} bytes are kept of a finished job");
    jobs.stop();
    let _ = fs::remove_dir_all(folder);
}
