//! The process: one thread, one loop, every port. Nothing wakes it when nothing happens.

mod claims;
mod connection;
mod device;
mod line;
mod listener;
mod options;
mod outbox;
mod parent;
mod slots;
mod stats;
mod token;

use crate::allow::Allow;
use crate::record::{MAX_PACKET, MAX_PAYLOAD};
use crate::time::Time;
use connection::Connection;
use device::Source;
use line::{Context, Fate, Line};
use listener::Listener;
use mio::event::Event;
use mio::unix::SourceFd;
use mio::{Events, Interest, Poll, Token};
use nix::sys::signal::{SigSet, Signal};
use nix::sys::signalfd::{SfdFlags, SignalFd};
use nix::time::{ClockId, clock_gettime};
use nix::unistd::Group;
use parent::Parent;
use slots::Slots;
use std::ffi::OsString;
use std::io::{self, Write};
use std::os::fd::{AsFd, AsRawFd};
use std::process::ExitCode;
use std::sync::Arc;
use std::time::Duration;
use token::Source as From;

pub use options::Options;
pub use stats::Stats;

/// The group that may open our pseudo-terminals.
const GROUP: &str = "dialout";

/// The program `hayes-ldisc`: reads its arguments (without its name) and runs.
pub fn main(arguments: impl IntoIterator<Item = OsString>) -> ExitCode {
    let result = match options::parse(arguments) {
        Ok(options::Asked::Print(text)) => io::stdout().write_all(text.as_bytes()),
        Ok(options::Asked::Run {
            mut options,
            spawned,
        }) => {
            options.signals = true;
            let parent = spawned.then(|| io::stdin().as_fd().try_clone_to_owned());
            parent.transpose().and_then(|parent| {
                options.spawned = parent;
                run(options)
            })
        }
        Err(mistake) => {
            log(mistake);
            return ExitCode::from(2);
        }
    };
    match result {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            log(error);
            ExitCode::FAILURE
        }
    }
}

/// Serves daemons until it is told to end, then gives everything back.
///
/// # Errors
/// Where it cannot listen, or the loop itself fails; never because of a device or a daemon.
pub fn run(options: Options) -> io::Result<()> {
    Server::new(options)?.run()
}

struct Server {
    poll: Poll,
    listener: Listener,
    signals: Option<SignalFd>,
    parent: Option<Parent>,
    source: Source,
    strangers: Slots<Connection>,
    lines: Slots<Line>,
    stats: Arc<Stats>,
    orphan: Duration,
    bytes: Box<[u8]>,
    packet: Box<[u8]>,
    /// To take connections again.
    accept_at: Option<Time>,
}

impl Server {
    fn new(options: Options) -> io::Result<Self> {
        // Before anything else is opened: a passed socket has a number of its own.
        let listener = match &options.socket {
            Some(path) => Listener::bind(path).map_err(|error| {
                io::Error::new(error.kind(), format!("{}: {error}", path.display()))
            })?,
            None => Listener::passed()?,
        };
        let poll = Poll::new()?;
        let signals = options.signals.then(take_signals).transpose()?;
        let watch = |fd: &dyn AsRawFd, from: From| {
            let fd = fd.as_raw_fd();
            let registry = poll.registry();
            registry.register(&mut SourceFd(&fd), Token::from(from), Interest::READABLE)
        };
        watch(&listener.as_fd(), From::Listener)?;
        if let Some(signals) = &signals {
            watch(&signals.as_fd(), From::Signals)?;
        }
        if let Some(parent) = &options.spawned {
            watch(parent, From::Parent).map_err(|error| {
                io::Error::new(error.kind(), format!("--spawned: standard input: {error}"))
            })?;
        }
        Ok(Self {
            source: Source {
                allow: Allow::new(options.ports_file, options.allow),
                ptys: listener.folder().join("pty"),
                any_path: options.spawned.is_some(),
                group: Group::from_name(GROUP).ok().flatten().map(|it| it.gid),
            },
            poll,
            listener,
            signals,
            parent: options.spawned.map(Parent::new),
            strangers: Slots::default(),
            lines: Slots::default(),
            stats: options.stats,
            orphan: options.orphan,
            bytes: vec![0; MAX_PAYLOAD].into(),
            packet: vec![0; MAX_PACKET + 1].into(),
            accept_at: None,
        })
    }

    fn run(mut self) -> io::Result<()> {
        let mut events = Events::with_capacity(64);
        loop {
            let timeout = self.timeout();
            match self.poll.poll(&mut events, timeout) {
                Err(error) if error.kind() == io::ErrorKind::Interrupted => continue,
                result => result?,
            }
            self.stats.wake_up();
            for event in &events {
                if self.is_over(event) {
                    return Ok(());
                }
            }
            if self.accept_at.is_some_and(|at| clock() >= at) {
                self.accept_at = None;
                self.accept();
            }
            for index in 0..self.lines.end() {
                self.serve(index);
            }
        }
    }

    fn timeout(&self) -> Option<Duration> {
        let now = clock();
        let lines = self.lines.iter().filter_map(|line| line.next_wake(now));
        let next = lines.chain(self.accept_at).min()?;
        Some(next - now)
    }

    /// Marks what an event is about. Whether it is time to end.
    fn is_over(&mut self, event: &Event) -> bool {
        match From::from(event.token()) {
            From::Listener => self.accept(),
            From::Signals => return self.has_end_signal(),
            From::Parent => return self.hear_parent(),
            From::Stranger(index) => self.meet(index),
            From::Connection(index) => {
                if let Some(line) = self.lines.get_mut(index) {
                    line.note_connection(event);
                }
            }
            From::Bytes(index) => {
                if let Some(line) = self.lines.get_mut(index) {
                    line.note_bytes(event);
                }
            }
            From::Changes(index) => {
                if let Some(line) = self.lines.get_mut(index) {
                    line.note_change();
                }
            }
        }
        false
    }

    fn has_end_signal(&self) -> bool {
        let Some(signals) = &self.signals else {
            return false;
        };
        while let Ok(Some(signal)) = signals.read_signal() {
            if signal.ssi_signo != Signal::SIGUSR1 as u32 {
                return true;
            }
            log(&self.stats);
        }
        false
    }

    /// Hears whoever started us. Whether he is gone.
    fn hear_parent(&mut self) -> bool {
        let Some(parent) = &mut self.parent else {
            return false;
        };
        let heard = parent.hear();
        if let Some(also) = heard.allow {
            self.source.allow.replace_also(also);
        }
        heard.is_gone
    }

    fn hear(&mut self, index: usize) {
        let (lines, mut context) = self.context();
        if let Some(line) = lines.get_mut(index)
            && line.hear_all(&mut context) == Fate::Ends
        {
            self.end(index);
        }
    }

    fn serve(&mut self, index: usize) {
        let (lines, mut context) = self.context();
        if let Some(line) = lines.get_mut(index)
            && line.serve(&mut context) == Fate::Ends
        {
            self.end(index);
        }
    }

    /// Gives a line back. What its daemon has not taken yet, it may still take.
    fn end(&mut self, index: usize) {
        let connection = self.lines.remove(index).and_then(Line::give_back);
        if let Some(mut connection) = connection
            && connection.has_unsent()
        {
            self.unregister(&connection);
            connection.leaves = true;
            self.shelter(connection, Interest::READABLE | Interest::WRITABLE);
        }
    }

    fn context(&mut self) -> (&mut Slots<Line>, Context<'_>) {
        let context = Context {
            registry: self.poll.registry(),
            source: &self.source,
            stats: &self.stats,
            orphan: self.orphan,
            bytes: &mut self.bytes,
            packet: &mut self.packet,
        };
        (&mut self.lines, context)
    }
}

/// Signals come as events of the loop.
fn take_signals() -> nix::Result<SignalFd> {
    let mut signals = SigSet::empty();
    for signal in [
        Signal::SIGTERM,
        Signal::SIGINT,
        Signal::SIGHUP,
        Signal::SIGUSR1,
    ] {
        signals.add(signal);
    }
    signals.thread_block()?;
    SignalFd::with_flags(&signals, SfdFlags::SFD_NONBLOCK | SfdFlags::SFD_CLOEXEC)
}

/// CLOCK_MONOTONIC.
fn clock() -> Time {
    // It cannot fail with a clock that every kernel has.
    let Ok(now) = clock_gettime(ClockId::CLOCK_MONOTONIC) else {
        return Time(0);
    };
    Time(now.tv_sec() as u64 * 1_000_000_000 + now.tv_nsec() as u64)
}

/// A line on standard error, which systemd gives to the journal. Rare: nothing of a record's or byte's
/// everyday is told.
fn log(text: impl std::fmt::Display) {
    let _ = writeln!(io::stderr(), "hayes-ldisc: {text}");
}
