//! `helper = "spawn"`: hayes-ldisc as a child of ours, started again when it crashes.

use crate::service::{Error, ErrorKind, Result};
use nix::fcntl::{FcntlArg, OFlag, fcntl};
use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;
use std::ffi::OsString;
use std::io::Write;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::process::{Child, ChildStdin, Command, Stdio};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::thread;
use std::time::Duration;
use tokio::sync::oneshot;
use tracing::{error, info, warn};

/// The program, and what stands before its own arguments.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Program {
    /// The executable file.
    pub path: PathBuf,
    /// First arguments.
    pub first: Vec<OsString>,
}

impl Program {
    /// `hayes-ldisc` beside our own executable, else on `$PATH`; in a build with `hayesd ldisc`, at last
    /// ourselves.
    ///
    /// # Errors
    ///
    /// `NotFound`, saying where it was looked for.
    pub fn find() -> Result<Self> {
        let own = std::env::current_exe().ok();
        let beside = own
            .as_deref()
            .and_then(Path::parent)
            .map(|dir| dir.join(NAME));
        let path = std::env::var_os("PATH").unwrap_or_default();
        let candidates = beside
            .into_iter()
            .chain(std::env::split_paths(&path).map(|dir| dir.join(NAME)));
        for path in candidates {
            if is_program(&path) {
                return Ok(Self {
                    path,
                    first: Vec::new(),
                });
            }
        }
        match own {
            Some(path) if cfg!(feature = "try") => Ok(Self {
                path,
                first: vec!["ldisc".into()],
            }),
            _ => Err(Error::new(
                ErrorKind::NotFound,
                format!("helper = \"spawn\": {NAME} is neither beside hayesd nor on $PATH"),
            )),
        }
    }
}

const NAME: &str = "hayes-ldisc";

fn is_program(path: &Path) -> bool {
    std::fs::metadata(path)
        .is_ok_and(|meta| meta.is_file() && meta.permissions().mode() & 0o111 != 0)
}

/// A helper that is kept running until this is dropped.
#[derive(Debug)]
pub struct Helper {
    terms: Arc<Terms>,
    stop: Option<oneshot::Sender<()>>,
    keeper: Option<tokio::task::JoinHandle<()>>,
}

/// Pauses between starts of a helper that crashes.
const PAUSES: [Duration; 4] = [
    Duration::from_millis(100),
    Duration::from_secs(1),
    Duration::from_secs(5),
    Duration::from_secs(30),
];

/// A helper that is told to end gets so long to give its ports back, then it is killed: a TTY whose driver
/// hangs must not keep us.
const ENDING: Duration = Duration::from_secs(10);

/// So long is waited for the end of a helper that was killed.
const KILLED: Duration = Duration::from_secs(5);

/// A helper that ran so long was well.
const WELL: Duration = Duration::from_secs(60);

impl Helper {
    /// Starts the helper with its socket and the devices that it may open.
    ///
    /// # Errors
    ///
    /// `NotFound` where the program can't be started at all. Later ends are told in the log, and it is
    /// started again.
    pub fn start(program: Program, socket: PathBuf, allow: Vec<String>) -> Result<Self> {
        let terms = Arc::new(Terms {
            program,
            socket,
            said: Mutex::new(Said { allow, stdin: None }),
        });
        let first = terms.spawn()?;
        let (stop, stopped) = oneshot::channel();
        let keeper = tokio::spawn(keep(terms.clone(), first, stopped));
        Ok(Self {
            terms,
            stop: Some(stop),
            keeper: Some(keeper),
        })
    }

    /// Other devices in the place of those that it may open; what it has open stays so. A claim that is sent
    /// when this has returned is judged by it.
    pub fn allow(&self, devices: Vec<String>) {
        let mut said = self.terms.said();
        if said.allow == devices {
            return;
        }
        let mut text: String = devices.iter().map(|device| format!("{device}\n")).collect();
        text.push('\n');
        said.allow = devices;
        // One that is not there is told when it starts.
        if let Some(stdin) = &mut said.stdin
            && let Err(error) = stdin.write_all(text.as_bytes())
        {
            warn!("the helper does not hear which devices it may open: {error}");
        }
    }

    /// Closes its standard input and waits until it has given every port back; it is killed if that takes
    /// longer than 10 s.
    pub async fn stop(mut self) {
        self.stop.take();
        if let Some(keeper) = self.keeper.take() {
            let _ = keeper.await;
        }
    }
}

/// How it is started, and what it is told.
#[derive(Debug)]
struct Terms {
    program: Program,
    socket: PathBuf,
    said: Mutex<Said>,
}

#[derive(Debug)]
struct Said {
    /// The devices that it may open.
    allow: Vec<String>,
    /// Of the helper that runs: it ends when this closes, so also when we die.
    stdin: Option<ChildStdin>,
}

/// A helper that runs.
struct Running {
    pid: u32,
    ended: oneshot::Receiver<String>,
}

impl Terms {
    fn said(&self) -> MutexGuard<'_, Said> {
        self.said.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn spawn(&self) -> Result<Running> {
        let mut command = Command::new(&self.program.path);
        command
            .args(&self.program.first)
            .args(["--spawned", "--socket"])
            .arg(&self.socket);
        let mut said = self.said();
        for device in &said.allow {
            command.arg("--allow").arg(device);
        }
        let mut child = command
            .stdin(Stdio::piped())
            .stdout(Stdio::null())
            .spawn()
            .map_err(|error| {
                Error::new(
                    ErrorKind::NotFound,
                    format!("{}: {error}", self.program.path.display()),
                )
            })?;
        said.stdin = child.stdin.take();
        if let Some(stdin) = &said.stdin {
            // One that does not read must not hold us up.
            let _ = fcntl(stdin, FcntlArg::F_SETFL(OFlag::O_NONBLOCK));
        }
        watch(child)
    }
}

impl Running {
    /// Closes its standard input and waits for its end, not for ever.
    async fn end(mut self, terms: &Terms) {
        drop(terms.said().stdin.take());
        if tokio::time::timeout(ENDING, &mut self.ended).await.is_ok() {
            return;
        }
        warn!("the helper did not end within {ENDING:?}; it is killed");
        // Its thread has not told its end, so the number is still its own.
        if let Ok(pid) = i32::try_from(self.pid) {
            let _ = kill(Pid::from_raw(pid), Signal::SIGKILL);
        }
        // In a system call that can't be broken off not even that ends it.
        let _ = tokio::time::timeout(KILLED, self.ended).await;
    }
}

/// Waits for a child on a thread of its own: no signal handler, no polling.
fn watch(mut child: Child) -> Result<Running> {
    let pid = child.id();
    let (end, ended) = oneshot::channel();
    info!("the helper runs as process {pid}");
    thread::Builder::new()
        .name("helper".into())
        .stack_size(64 * 1024)
        .spawn(move || {
            let how = child
                .wait()
                .map_or_else(|error| error.to_string(), |status| status.to_string());
            let _ = end.send(how);
        })
        .map_err(|error| {
            Error::new(
                ErrorKind::Internal,
                format!("a thread for the helper: {error}"),
            )
        })?;
    Ok(Running { pid, ended })
}

async fn keep(terms: Arc<Terms>, first: Running, mut stopped: oneshot::Receiver<()>) {
    let mut running = first;
    let mut crashes = 0;
    loop {
        let began = tokio::time::Instant::now();
        tokio::select! {
            how = &mut running.ended => {
                warn!("the helper ended ({}); it is started again", how.unwrap_or_default());
            }
            _ = &mut stopped => {
                running.end(&terms).await;
                return;
            }
        }
        if began.elapsed() > WELL {
            crashes = 0;
        }
        running = loop {
            let pause = PAUSES
                .get(crashes)
                .or(PAUSES.last())
                .copied()
                .unwrap_or_default();
            crashes += 1;
            tokio::select! {
                () = tokio::time::sleep(pause) => {}
                _ = &mut stopped => return,
            }
            match terms.spawn() {
                Ok(running) => break running,
                Err(problem) => error!("the helper can't be started: {problem}"),
            }
        };
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::process::folder::Folder;
    use std::fs;

    /// A shell that runs a script with the helper's arguments.
    fn script(text: &str) -> (Folder, Program) {
        let first = ["-c", text, "helper"].map(OsString::from).to_vec();
        (
            Folder::private().unwrap(),
            Program {
                path: "/bin/sh".into(),
                first,
            },
        )
    }

    async fn until(what: impl Fn() -> bool) {
        let limit = tokio::time::Instant::now() + Duration::from_secs(20);
        while !what() {
            assert!(tokio::time::Instant::now() < limit, "it did not come");
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
    }

    #[tokio::test]
    async fn it_gets_its_arguments_and_ends_with_its_standard_input() {
        let (folder, program) = script("echo \"$@\" > \"$3\"; cat; echo end >> \"$3\"");
        let said = folder.socket();
        let allow = vec!["/dev/ttyS1".to_owned(), "pty:/x".to_owned()];
        let helper = Helper::start(program, said.clone(), allow).unwrap();
        until(|| fs::read_to_string(&said).is_ok_and(|text| text.ends_with('\n'))).await;
        let expected = format!(
            "--spawned --socket {} --allow /dev/ttyS1 --allow pty:/x\n",
            said.display()
        );
        assert_eq!(fs::read_to_string(&said).unwrap(), expected);
        helper.stop().await;
        assert_eq!(
            fs::read_to_string(&said).unwrap(),
            format!("{expected}end\n")
        );
    }

    #[tokio::test]
    async fn it_hears_of_other_devices_and_one_that_comes_later_knows_them() {
        let (folder, program) = script(
            "shift 3; echo \"$@\" >> \"$0\"; while read -r line; do echo \"<$line>\" >> \"$0\"; \
             test \"$line\" = /dev/crash && exit 1; done",
        );
        let said = folder.path().join("said");
        let program = Program {
            first: [
                "-c",
                &program.first[1].to_string_lossy(),
                &said.display().to_string(),
            ]
            .map(OsString::from)
            .to_vec(),
            ..program
        };
        let helper = Helper::start(program, "/x".into(), vec!["/dev/a".into()]).unwrap();
        let text = || fs::read_to_string(&said).unwrap_or_default();
        until(|| text() == "--allow /dev/a\n").await;
        helper.allow(vec!["/dev/a".into()]);
        helper.allow(vec!["/dev/b".into(), "/dev/crash".into()]);
        let after = "--allow /dev/a\n</dev/b>\n</dev/crash>\n--allow /dev/b --allow /dev/crash\n";
        until(|| text() == after).await;
        helper.stop().await;
    }

    #[tokio::test]
    async fn it_is_started_again_after_a_crash() {
        let (folder, program) =
            script("echo x >> \"$3\"; test $(wc -l < \"$3\") -ge 3 && cat; exit 1");
        let said = folder.socket();
        let helper = Helper::start(program, said.clone(), Vec::new()).unwrap();
        until(|| fs::read_to_string(&said).is_ok_and(|text| text.lines().count() == 3)).await;
        helper.stop().await;
        assert_eq!(fs::read_to_string(&said).unwrap().lines().count(), 3);
    }

    #[tokio::test]
    async fn one_that_does_not_end_is_killed() {
        let (folder, program) = script("echo $$ > \"$3\"; exec sleep 1000");
        let said = folder.socket();
        let helper = Helper::start(program, said.clone(), Vec::new()).unwrap();
        until(|| fs::read_to_string(&said).is_ok_and(|text| text.ends_with('\n'))).await;
        let pid = fs::read_to_string(&said).unwrap();
        tokio::time::pause();
        helper.stop().await;
        // The clock went on at once: its end may be a moment away.
        let process = PathBuf::from("/proc").join(pid.trim());
        let limit = std::time::Instant::now() + Duration::from_secs(20);
        while process.exists() {
            assert!(std::time::Instant::now() < limit, "it lives");
            thread::sleep(Duration::from_millis(5));
        }
    }

    #[tokio::test]
    async fn what_is_not_there_is_an_error_at_once() {
        let program = Program {
            path: "/nonexistent/hayes-ldisc".into(),
            first: Vec::new(),
        };
        let error = Helper::start(program, "/x".into(), Vec::new())
            .err()
            .unwrap();
        assert!(error.text.contains("/nonexistent/hayes-ldisc"), "{error}");
    }
}
