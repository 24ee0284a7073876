//! Ten thousand mails in the queue: they open, and take little memory.

use hayesd::clock::SystemClock;
use hayesd::disk::Disk;
use hayesd::job::{
    Accounts, Backs, Delivery, Jobs, MailAccount, MailSubmission, Origin, Route, Settings, State,
    Via,
};
use hayesd::service::{Error, ErrorKind, MailBack, RecipientPolicy, Server, Tls};
use std::alloc::{GlobalAlloc, Layout, System};
use std::fs;
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, Instant};

struct Counting;

static IN_USE: AtomicUsize = AtomicUsize::new(0);

// SAFETY: all is left to the system's allocator.
unsafe impl GlobalAlloc for Counting {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        IN_USE.fetch_add(layout.size(), Ordering::Relaxed);
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

struct World;

impl Accounts for World {
    fn mail(&self, _: &str) -> Result<MailAccount, Error> {
        Ok(MailAccount {
            from: "pump7@example.org".into(),
            server: Server {
                host: "smtp.example.org".into(),
                port: 465,
                tls: Tls::Implicit,
            },
            credentials: None,
            via: vec![Via::Ip],
        })
    }
}

impl Backs for World {
    fn mail(&self, _: &Via) -> Option<Arc<dyn MailBack>> {
        None
    }
}

async fn open(folder: &Path) -> hayesd::service::Result<Jobs> {
    let mut settings = Settings::new(folder);
    // Nothing of the queue runs.
    settings.limits.running = 0;
    let world = Arc::new(World);
    let disk = Disk::start().map_err(|error| Error::new(ErrorKind::Internal, error.to_string()))?;
    let clock = Arc::new(SystemClock);
    Jobs::start(settings, disk, clock, Arc::clone(&world) as _, world).await
}

fn copy(from: &Path, to: &Path, id: u32) -> std::io::Result<()> {
    fs::create_dir(to)?;
    let header = fs::read_to_string(from.join("header.json"))?;
    let own = header.replacen("\"id\":1,", &format!("\"id\":{id},"), 1);
    fs::write(to.join("header.json"), own)?;
    fs::hard_link(from.join("message.eml"), to.join("message.eml"))
}

#[tokio::test]
async fn ten_thousand_queued_mails_take_little_memory() {
    const MANY: u32 = 10_000;
    let name = format!("hayesd-many-{}", std::process::id());
    // In memory where that is possible: the disk is not what is looked at.
    let memory = Path::new("/dev/shm");
    let folder = if memory.is_dir() {
        memory.join(name)
    } else {
        std::env::temp_dir().join(name)
    };
    let mail = MailSubmission {
        origin: Origin::Bus { uid: 0 },
        route: Route::Account("alerts".into()),
        sender: "pump7@example.org".into(),
        recipients: vec!["ops@example.org".into(), "night@example.org".into()],
        policy: RecipientPolicy::AnyAccepted,
        message: b"From: pump7@example.org\n\nHigh water\n".to_vec(),
        via: Vec::new(),
        timeout: None,
        patience: None,
        delivery: Delivery::Queue,
        token: None,
    };
    let first = open(&folder).await.unwrap();
    first.submit_mail(mail).await.unwrap();
    first.finish(Duration::ZERO).await;
    drop(first);
    for id in 2..=MANY {
        let path = folder.join(format!("jobs/{id}"));
        copy(&folder.join("jobs/1"), &path, id).unwrap();
    }
    let before = IN_USE.load(Ordering::Relaxed);
    let begin = Instant::now();
    let jobs = open(&folder).await.unwrap();
    let opened = begin.elapsed();
    // What is due is sorted into lanes.
    for _ in 0..10 {
        tokio::task::yield_now().await;
    }
    let queued = jobs.list(|job| job.state == State::Queued).len();
    let used = IN_USE.load(Ordering::Relaxed) - before;
    fs::remove_dir_all(&folder).unwrap();
    assert_eq!(queued, MANY as usize);
    let each = used / MANY as usize;
    println!("{MANY} mails: opened in {opened:?}, {each} bytes each");
    assert!(each < 2000, "{each} bytes a job");
}
