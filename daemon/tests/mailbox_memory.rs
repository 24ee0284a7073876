//! A mailbox of a hundred thousand messages, and a message of 64 MiB, by POP3: the memory stays flat.

use hayesd::clock::SystemClock;
use hayesd::net::{Dialer, Pop3Back, Roots, Timeouts, Tls};
use hayesd::service::{
    BoxFuture, Credentials, Error, Listed, MailboxBack as _, MailboxOpen, MailboxSession,
    Mechanism, Messages, Phase, Progress, Result, Secret, Server, Sink, Tls as Protection, Wanted,
};
use std::alloc::{GlobalAlloc, Layout, System};
use std::io::{BufRead as _, BufReader, BufWriter, Write as _};
use std::net::{TcpListener, TcpStream};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

struct Counting;

static LIVE: AtomicUsize = AtomicUsize::new(0);
static PEAK: AtomicUsize = AtomicUsize::new(0);

fn grown(by: usize) {
    let live = LIVE.fetch_add(by, Ordering::Relaxed) + by;
    PEAK.fetch_max(live, Ordering::Relaxed);
}

// SAFETY: everything is left to the system's allocator.
unsafe impl GlobalAlloc for Counting {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        grown(layout.size());
        // SAFETY: the caller's promises are passed on.
        unsafe { System.alloc(layout) }
    }

    unsafe fn dealloc(&self, place: *mut u8, layout: Layout) {
        LIVE.fetch_sub(layout.size(), Ordering::Relaxed);
        // SAFETY: the caller's promises are passed on.
        unsafe { System.dealloc(place, layout) }
    }
}

#[global_allocator]
static ALLOCATOR: Counting = Counting;

/// The most that is there beyond what was there before, while this runs.
async fn growth<T>(work: impl Future<Output = Result<T>>) -> Result<usize> {
    let before = LIVE.load(Ordering::Relaxed);
    PEAK.store(before, Ordering::Relaxed);
    work.await?;
    Ok(PEAK.load(Ordering::Relaxed) - before)
}

const COUNT: u32 = 100_000;
const LINES: u32 = 1 << 20;
/// With its line end 64 bytes, and a dot to be taken out.
const LINE: &str = "..23456789abcdef0123456789abcdef0123456789abcdef0123456789abcde\r\n";

/// Writes what it is asked for line by line, so that it holds none of it.
fn serve(stream: TcpStream) -> std::io::Result<()> {
    let mut reader = BufReader::new(stream.try_clone()?);
    let mut out = BufWriter::new(stream);
    writeln!(out, "+OK\r")?;
    out.flush()?;
    let mut line = String::with_capacity(100);
    while reader.read_line(&mut line)? > 0 {
        match line.split([' ', '\r']).next() {
            Some("CAPA") => write!(out, "+OK\r\nUSER\r\nPIPELINING\r\n.\r\n")?,
            Some("LIST") => {
                writeln!(out, "+OK\r")?;
                for number in 1..=COUNT {
                    writeln!(out, "{number} 4711\r")?;
                }
                writeln!(out, ".\r")?;
            }
            Some("UIDL") => {
                writeln!(out, "+OK\r")?;
                for number in 1..=COUNT {
                    writeln!(
                        out,
                        "{number} 0123456789012345678901234567890123456789{number}\r"
                    )?;
                }
                writeln!(out, ".\r")?;
            }
            Some("RETR") => {
                writeln!(out, "+OK\r")?;
                for _ in 0..LINES {
                    out.write_all(LINE.as_bytes())?;
                }
                writeln!(out, ".\r")?;
            }
            _ => writeln!(out, "+OK\r")?,
        }
        if reader.buffer().is_empty() {
            out.flush()?;
        }
        line.clear();
    }
    Ok(())
}

async fn open(port: u16) -> Result<Box<dyn MailboxSession>> {
    let tls = Tls::load(&Roots::System, Arc::new(SystemClock))?;
    let back = Pop3Back::new(Dialer::new(Timeouts::default()), tls);
    let request = MailboxOpen {
        reach: Default::default(),
        server: Server {
            host: "127.0.0.1".into(),
            port,
            tls: Protection::None,
        },
        credentials: Credentials {
            user: "pump7".into(),
            password: Secret::new("geheim".into()),
            mechanism: Mechanism::Password,
            plain_auth: true,
        },
    };
    back.open(&request, &Quiet).await
}

struct Quiet;

impl Progress for Quiet {
    fn phase(&self, _: Phase) {}

    fn bytes(&self, _: u64, _: u64) {}

    fn committing(&self) -> BoxFuture<'_, Result<()>> {
        Box::pin(async { Ok(()) })
    }
}

#[derive(Default)]
struct Counted(u64);

impl Sink for Counted {
    fn put<'a>(&'a mut self, bytes: &'a mut Vec<u8>) -> BoxFuture<'a, Result<()>> {
        self.0 += u64::try_from(bytes.len()).unwrap_or(u64::MAX);
        bytes.clear();
        Box::pin(async { Ok(()) })
    }
}

impl Messages for Counted {
    fn begin(&mut self, _: u32) -> BoxFuture<'_, Result<&mut dyn Sink>> {
        Box::pin(async { Ok(self as &mut dyn Sink) })
    }

    fn end<'a>(&'a mut self, _: u32, outcome: Result<()>) -> BoxFuture<'a, Result<()>> {
        Box::pin(async { outcome })
    }
}

#[tokio::test]
async fn the_memory_stays_flat() -> std::result::Result<(), Error> {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let port = listener.local_addr().unwrap().port();
    std::thread::spawn(move || serve(listener.accept().unwrap().0));
    let mut session = open(port).await?;

    let mut count = 0;
    let mut each = |one: Listed<'_>| {
        count += 1;
        assert_eq!((one.number, one.size), (count, 4711));
        Ok(())
    };
    let listing = growth(session.list(&mut each)).await?;
    assert_eq!(count, COUNT);
    // Four bytes a message, while a growing table is copied; and a buffer.
    assert!(listing < 1 << 20, "{listing} bytes");

    let wanted = [Wanted { number: 1, size: 0 }];
    let mut counted = Counted::default();
    let fetching = growth(session.fetch(&wanted, &mut counted, &Quiet)).await?;
    assert_eq!(counted.0, u64::from(LINES) * 64);
    println!("{COUNT} messages listed: {listing} bytes; 64 MiB fetched: {fetching} bytes");
    // Two buffers.
    assert!(fetching < 256 * 1024, "{fetching} bytes");
    Ok(())
}
