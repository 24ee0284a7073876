//! A transcript over a real pseudo-terminal: the helper as a process, the emulator with its disk and its
//! jobs, and a way out for mail that does what the transcript says.

use super::typed::Typed;
use super::wire::mail_end;
use super::{Event, Step, Transcript, World};
use crate::equipment::Equipment;
use crate::folder::Folder;
use crate::wait;
use anyhow::{Context, Result, bail, ensure};
use hayes_ldisc::record::{LineSettings, Wiring};
use hayesd::clock::{Clock, SystemClock};
use hayesd::dialect::Dialect;
use hayesd::dialect::volume::FileName;
use hayesd::disk::Disk;
use hayesd::emulator::{self, Done, Files, Handle, MailEnd, Op, Settings, Snapshot, State};
use hayesd::job::{self, Accounts, Backs, Jobs, MailAccount, Via};
use hayesd::service::{
    self, BoxFuture, Certainty, Content, Delivered, MailBack, MailOpen, MailSession, Phase,
    Progress, Verdict,
};
use std::path::Path;
use std::sync::Arc;
use std::time::{Duration, SystemTime};
use tokio::sync::{Mutex, mpsc};

/// Nothing more comes at the end within this time.
const AFTERWARDS: Duration = Duration::from_millis(300);

/// Replays a transcript whole, with echo, over `pty:NAME` of the helper at `socket`.
pub async fn replay(
    transcript: &Transcript,
    dialect: &'static Dialect,
    socket: &Path,
    name: &str,
) -> Result<()> {
    let mut bench = Bench::start(dialect, socket, name).await?;
    let pty = socket.with_file_name("pty").join(name);
    let mut equipment = Equipment::open(&pty)?;
    bench.until(|view| view.dtr).await?;
    if transcript.says(&World::PowerOn) {
        bench.emulator()?.reset().await?;
    }
    let exact = transcript.says(&World::Exact);
    let (mut expected, mut typed) = (Vec::new(), Typed::Command);
    for step in &transcript.steps {
        let bytes = step.event.on_the_line().unwrap_or_default();
        match &step.event {
            Event::Module { bytes: text, raw } => {
                typed.answered(text, *raw);
                expected.extend(bytes);
                continue;
            }
            Event::Host { raw, .. } => {
                equipment =
                    compare(equipment, std::mem::take(&mut expected), transcript, step).await?;
                equipment.send(&bytes)?;
                if !exact {
                    expected.extend(typed.echo(&bytes, *raw));
                }
            }
            Event::Wait(time) => {
                equipment =
                    compare(equipment, std::mem::take(&mut expected), transcript, step).await?;
                tokio::time::sleep(*time).await;
            }
            Event::World(world) => {
                equipment =
                    compare(equipment, std::mem::take(&mut expected), transcript, step).await?;
                bench
                    .world(world)
                    .await
                    .with_context(|| transcript.place(step))?;
            }
        }
    }
    let last = transcript.steps.last().context("an empty transcript")?;
    let mut equipment = compare(equipment, expected, transcript, last).await?;
    let more = tokio::task::spawn_blocking(move || equipment.collect(AFTERWARDS)).await??;
    ensure!(
        more.is_empty(),
        "at the end: \"{}\" came as well",
        more.escape_ascii()
    );
    Ok(())
}

/// What was expected before `step` has come, and nothing else.
async fn compare(
    mut equipment: Equipment,
    expected: Vec<u8>,
    transcript: &Transcript,
    step: &Step,
) -> Result<Equipment> {
    if expected.is_empty() {
        return Ok(equipment);
    }
    let place = transcript.place(step);
    let compared = tokio::task::spawn_blocking(move || {
        let came = equipment.expect(&expected)?;
        if came != expected {
            bail!(
                "expected \"{}\", came \"{}\"",
                expected.escape_ascii(),
                came.escape_ascii()
            );
        }
        Ok(equipment)
    });
    compared.await?.with_context(|| format!("before {place}"))
}

/// An emulator with all that it needs but the helper.
pub struct Bench {
    dialect: &'static Dialect,
    socket: std::path::PathBuf,
    settings: Settings,
    folder: Folder,
    disk: Disk,
    jobs: Jobs,
    ends: mpsc::UnboundedSender<MailEnd>,
    emulator: Option<Handle>,
}

impl Bench {
    /// Starts one at `pty:NAME` of the helper at `socket`, as if it had long been running.
    pub async fn start(dialect: &'static Dialect, socket: &Path, name: &str) -> Result<Self> {
        let folder = Folder::new("bench")?;
        let disk = Disk::start()?;
        let (ends, scripted) = mpsc::unbounded_channel();
        let back = Arc::new(Back {
            ends: Arc::new(Mutex::new(scripted)),
        });
        let jobs = Jobs::start(
            job::Settings::new(folder.join("spool")),
            disk.clone(),
            Arc::new(StoppedDate(SystemTime::now())),
            Arc::new(Nobody),
            back,
        );
        let settings = Settings {
            name: name.into(),
            device: format!("pty:{name}"),
            line: LineSettings::default(),
            wiring: Wiring::default(),
            dialect,
            identity: dialect.played.identity.clone(),
            quirks: hayesd::dialect::Quirks::default(),
            policy: Arc::new(emulator::Plainly(vec![Via::Ip])),
            memory_dir: folder.join("memory"),
            files_dir: folder.join("files"),
        };
        let mut bench = Self {
            dialect,
            socket: socket.into(),
            settings,
            folder,
            disk,
            jobs: jobs.await?,
            ends,
            emulator: None,
        };
        // It has long been running: what it says when it is switched on was heard by nobody.
        bench.start_emulator().await?;
        bench.emulator = None;
        bench.start_emulator().await?;
        Ok(bench)
    }

    async fn start_emulator(&mut self) -> Result<()> {
        let (jobs, disk) = (self.jobs.clone(), self.disk.clone());
        let emulator = emulator::start(self.settings.clone(), self.socket.clone(), jobs, disk);
        let mut view = emulator.snapshot();
        let claimed = view.wait_for(|view| view.state != State::Absent);
        tokio::time::timeout(wait::LONG, claimed)
            .await
            .context("the port is not claimed")??;
        self.emulator = Some(emulator);
        Ok(())
    }

    /// The emulator.
    pub fn emulator(&self) -> Result<&Handle> {
        self.emulator.as_ref().context("no emulator")
    }

    /// Waits until the emulator can be seen to be so.
    pub async fn until(&self, seen: impl FnMut(&Snapshot) -> bool) -> Result<Snapshot> {
        let mut view = self.emulator()?.snapshot();
        let seen = tokio::time::timeout(wait::LONG, view.wait_for(seen)).await;
        let seen = seen.context("the emulator is never seen to be so")??;
        Ok(seen.clone())
    }

    /// Its mails, and all that there were.
    pub fn jobs(&self) -> &Jobs {
        &self.jobs
    }

    async fn world(&mut self, world: &World) -> Result<()> {
        match world {
            World::File(name, content) => self.put_file(name, content),
            World::Mail(end) => Ok(self.ends.send(mail_end(end)?)?),
            World::Restart => {
                if let Some(emulator) = self.emulator.take() {
                    let mut view = emulator.snapshot();
                    drop(emulator);
                    // Until nothing of it is left.
                    while view.changed().await.is_ok() {}
                }
                self.start_emulator().await
            }
            World::PowerOn | World::Exact | World::EmulatorOnly => Ok(()),
            World::Server(..) | World::Hold | World::Step | World::Go => {
                bail!("there are no servers here")
            }
        }
    }

    fn put_file(&self, name: &str, content: &[u8]) -> Result<()> {
        let volumes = self.dialect.played.volumes;
        let mut files = Files::open(
            volumes,
            &self.folder.join("files"),
            &self.folder.join("memory"),
        )?;
        let name = FileName::parse(volumes, name.as_bytes(), 80).context("no name of a file")?;
        let size = content.len() as u64;
        for op in [
            Op::Create {
                name,
                size,
                replace: false,
            },
            Op::Append(content.to_vec()),
            Op::Finish,
        ] {
            let done = files.perform(&op);
            ensure!(done == Some(Done::Fine), "{op:?}: {done:?}");
        }
        Ok(())
    }
}

/// The date stands still, so that a clock shows what it was set to however slow this machine is.
#[derive(Debug)]
struct StoppedDate(SystemTime);

impl Clock for StoppedDate {
    fn uptime(&self) -> Duration {
        SystemClock.uptime()
    }

    fn boot(&self) -> String {
        SystemClock.boot()
    }

    fn date(&self) -> Option<SystemTime> {
        Some(self.0)
    }
}

/// There are no accounts: equipment names its servers itself.
struct Nobody;

impl Accounts for Nobody {
    fn mail(&self, _: &str) -> service::Result<MailAccount> {
        let kind = service::ErrorKind::NotFound;
        Err(service::Error::new(kind, "there are no accounts"))
    }
}

/// A way out where each mail ends as it is told.
struct Back {
    ends: Arc<Mutex<mpsc::UnboundedReceiver<MailEnd>>>,
}

impl Backs for Back {
    fn mail(&self, _: &Via) -> Option<Arc<dyn MailBack>> {
        let ends = Arc::clone(&self.ends);
        Some(Arc::new(Self { ends }))
    }
}

impl MailBack for Back {
    fn open<'a>(
        &'a self,
        request: &'a MailOpen,
        progress: &'a dyn Progress,
    ) -> BoxFuture<'a, service::Result<Box<dyn MailSession>>> {
        Box::pin(async move {
            let mut ends = self.ends.lock().await;
            let end = match ends.try_recv() {
                Ok(end) => Some(end),
                Err(_) => {
                    // The server has greeted: some modules say so.
                    progress.phase(Phase::Preparing);
                    ends.recv().await
                }
            };
            // The test is over.
            end.unwrap_or(Ok(()))?;
            let accepted = Verdict::Accepted(Certainty::Observed);
            let verdicts = vec![accepted; request.recipients.len()];
            Ok(Box::new(Session(verdicts)) as Box<dyn MailSession>)
        })
    }
}

struct Session(Vec<Verdict>);

impl MailSession for Session {
    fn recipients(&self) -> &[Verdict] {
        &self.0
    }

    fn finish<'a>(
        &'a mut self,
        _: &'a Content,
        _: &'a dyn Progress,
    ) -> BoxFuture<'a, service::Result<Delivered>> {
        let recipients = self.0.clone();
        Box::pin(async move {
            let reply = None;
            Ok(Delivered { recipients, reply })
        })
    }

    fn abort(self: Box<Self>) -> BoxFuture<'static, ()> {
        Box::pin(async {})
    }
}
