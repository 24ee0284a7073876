//! A helper as a process, a daemon's side of its socket, and equipment at the other end of a TTY.

#![allow(dead_code, reason = "each test file uses its own part of this")]

pub(crate) mod client;
pub(crate) mod equipment;
pub(crate) mod folder;

use client::Client;
use folder::Folder;
use hayes_ldisc::discipline::{Command, Keys, Mode};
use hayes_ldisc::record::{Claim, Claimed, FromHelper, LineSettings, Role, VERSION, Wiring};
use nix::libc;
use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;
use std::fs;
use std::io::{BufRead, BufReader};
use std::os::unix::process::CommandExt;
use std::path::PathBuf;
use std::process::{self, Child, ChildStdin, ExitStatus, Stdio};
use std::sync::Mutex;
use std::sync::mpsc::{Receiver, channel};
use std::thread;
use std::time::{Duration, Instant};

pub(crate) const PROGRAM: &str = env!("CARGO_BIN_EXE_hayes-ldisc");

/// Ten times and more what anything here takes.
pub(crate) const LONG: Duration = Duration::from_secs(20);

/// Someone without rights.
pub(crate) const NOBODY: u32 = 65534;

/// Long enough for a spinning loop to be seen in its counts, whatever the machine's load.
pub(crate) const IDLE: Duration = Duration::from_millis(300);

/// A running helper.
pub(crate) struct Helper {
    pub(crate) child: Child,
    pub(crate) stdin: Option<ChildStdin>,
    lines: Mutex<Receiver<String>>,
    folder: Option<Folder>,
    socket: PathBuf,
}

/// What SIGUSR1 prints.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Stats {
    pub(crate) wake_ups: usize,
    pub(crate) reads: usize,
    pub(crate) bytes_in: usize,
    pub(crate) bytes_out: usize,
}

impl Helper {
    pub(crate) fn start(arguments: &[&str]) -> Self {
        Self::start_as(None, Folder::new(), arguments)
    }

    /// Starts it in `folder`, as another user if asked to.
    pub(crate) fn start_as(user: Option<u32>, folder: Folder, arguments: &[&str]) -> Self {
        let socket = folder.path().join("ldisc.sock");
        let mut command = process::Command::new(PROGRAM);
        command
            .arg("--socket")
            .arg(&socket)
            .args(arguments)
            .stdin(Stdio::piped())
            .stderr(Stdio::piped());
        if let Some(user) = user {
            command.uid(user).gid(user);
        }
        // As its unit does.
        // SAFETY: umask(2) may be called between fork and exec.
        unsafe {
            command.pre_exec(|| {
                libc::umask(0o077);
                Ok(())
            });
        }
        let mut child = command.spawn().unwrap();
        let stdin = child.stdin.take();
        let stderr = BufReader::new(child.stderr.take().unwrap());
        let (tell, lines) = channel();
        thread::spawn(move || {
            for line in stderr.lines().map_while(Result::ok) {
                let _ = tell.send(line);
            }
        });
        let helper = Self {
            child,
            stdin,
            lines: Mutex::new(lines),
            socket,
            folder: Some(folder),
        };
        until("the socket", || Client::try_connect(&helper.socket).is_ok());
        helper
    }

    pub(crate) fn folder(&self) -> &Folder {
        self.folder.as_ref().unwrap()
    }

    pub(crate) fn socket(&self) -> &PathBuf {
        &self.socket
    }

    /// The next line that it logs.
    pub(crate) fn log(&self) -> String {
        self.lines.lock().unwrap().recv_timeout(LONG).unwrap()
    }

    pub(crate) fn connect(&self) -> Client {
        Client::connect(&self.socket)
    }

    /// Claims a device; the answer is still to be read.
    pub(crate) fn claim(&self, device: &str, role: Role) -> Client {
        let mut client = self.connect();
        client.claim(&claim(device, role));
        client
    }

    /// Claims a device and gets it.
    pub(crate) fn claimed(&self, device: &str, role: Role) -> Client {
        let client = self.claim(device, role);
        client.expect_claimed();
        client
    }

    /// Claims a device whose connection may not have been seen to be gone yet.
    pub(crate) fn take_over(&self, device: &str, role: Role) -> (Client, Claimed) {
        let mut had = None;
        until("the port to be free", || {
            let client = self.claim(device, role);
            had = match client.next().record() {
                FromHelper::Claimed(claimed) => Some((client, claimed)),
                _ => None,
            };
            had.is_some()
        });
        had.unwrap()
    }

    /// The path of `pty:NAME`.
    pub(crate) fn pty(&self, name: &str) -> PathBuf {
        self.folder().path().join("pty").join(name)
    }

    /// What the loop has done; asking is a wake-up.
    pub(crate) fn stats(&self) -> Stats {
        self.signal(Signal::SIGUSR1);
        let line = loop {
            let line = self.log();
            if line.contains("wake_ups=") {
                break line;
            }
        };
        let count = |name: &str| {
            let (_, rest) = line.split_once(&format!("{name}=")).unwrap();
            let number = rest.split(' ').next().unwrap();
            number.parse::<usize>().unwrap()
        };
        Stats {
            wake_ups: count("wake_ups"),
            reads: count("reads"),
            bytes_in: count("bytes_in"),
            bytes_out: count("bytes_out"),
        }
    }

    /// Nothing happens, so nothing wakes it.
    pub(crate) fn assert_idle(&self) {
        // What is still going on comes to its end.
        thread::sleep(IDLE);
        assert_eq!(self.wake_ups(), 1, "but for being asked");
    }

    /// The same where it watches /dev/pts, in which others are at work as well.
    pub(crate) fn assert_idle_but_for_others(&self) {
        let quiet = (0..30).any(|_| self.wake_ups() == 1);
        assert!(quiet, "never idle");
    }

    fn wake_ups(&self) -> usize {
        let before = self.stats();
        thread::sleep(IDLE);
        self.stats().wake_ups - before.wake_ups
    }

    /// Waits until it has stopped reading, and returns how much it has read.
    pub(crate) fn stalled(&self) -> usize {
        let mut before = 0;
        until("it to stop reading", || {
            thread::sleep(IDLE);
            let now = self.stats().bytes_in;
            std::mem::replace(&mut before, now) == now && now > 0
        });
        before
    }

    /// Its open descriptors.
    pub(crate) fn descriptors(&self) -> usize {
        let folder = format!("/proc/{}/fd", self.child.id());
        fs::read_dir(folder).unwrap().count()
    }

    pub(crate) fn signal(&self, signal: Signal) {
        kill(Pid::from_raw(self.child.id() as i32), signal).unwrap();
    }

    /// Ends it by a signal and returns how it ended, and its folder.
    pub(crate) fn end(mut self, signal: Signal) -> (ExitStatus, Folder) {
        self.signal(signal);
        let status = self.wait();
        (status, self.folder.take().unwrap())
    }

    pub(crate) fn wait(&mut self) -> ExitStatus {
        let mut status = None;
        until("the helper's end", || {
            status = self.child.try_wait().unwrap();
            status.is_some()
        });
        status.unwrap()
    }
}

impl Drop for Helper {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

pub(crate) fn claim(device: &str, role: Role) -> Claim<'_> {
    Claim {
        version: VERSION,
        device,
        line: LineSettings::default(),
        role,
        wiring: Wiring::default(),
    }
}

/// Command mode without echo.
pub(crate) fn command() -> Mode {
    Mode::Command(Command {
        echo: false,
        s3: 13,
        line_feed: false,
        s5: 8,
        max_line: 556,
        keys: Keys::None,
    })
}

/// Bytes of which no two stretches are alike.
pub(crate) fn pattern(length: usize) -> Vec<u8> {
    let mut state = 0x9E37_79B9_u32;
    let next = |_| {
        state ^= state << 13;
        state ^= state >> 17;
        state ^= state << 5;
        state as u8
    };
    (0..length).map(next).collect()
}

/// Runs it to its end.
pub(crate) fn run(arguments: &[&str]) -> process::Output {
    let mut command = process::Command::new(PROGRAM);
    command.args(arguments).stdin(Stdio::null());
    command.output().unwrap()
}

/// Waits until something is so.
pub(crate) fn until(what: &str, mut is_so: impl FnMut() -> bool) {
    let start = Instant::now();
    while !is_so() {
        assert!(start.elapsed() < LONG, "waited in vain for {what}");
        thread::sleep(Duration::from_millis(1));
    }
}

/// Whether we may become others; tests that must say so where not.
pub(crate) fn is_root(what: &str) -> bool {
    let root = nix::unistd::Uid::effective().is_root();
    if !root {
        println!("not root, so not tested: {what}");
    }
    root
}

/// Runs this on a thread of its own, as an unprivileged user if that is possible: root never sees
/// TIOCEXCL.
pub(crate) fn as_nobody<T: Send>(what: impl FnOnce() -> T + Send) -> T {
    let root = is_root("TIOCEXCL as another user than ours");
    thread::scope(|scope| {
        let thread = scope.spawn(|| {
            if root {
                // SAFETY: three numbers; the kernel's call, unlike the library's, is this thread's alone.
                let done = unsafe { libc::syscall(libc::SYS_setresuid, NOBODY, NOBODY, NOBODY) };
                assert_eq!(done, 0);
            }
            what()
        });
        thread.join().unwrap()
    })
}
