//! The service: from the configuration to the last signal.

use super::check::WRONG;
use super::connect::connect;
use super::devices;
use super::folder::Folder;
use super::health::Health;
use super::log;
use super::notify::Notify;
use super::reload::Reloader;
use super::running::Running;
use super::status::Status;
use crate::account::{self, Book, Equipment};
use crate::bus::{self, DaemonState, Errand, World};
use crate::catalog;
use crate::clock::SystemClock;
use crate::config::{self, Config, Loaded, Machine, Severity};
use crate::disk::Disk;
use crate::emulator;
use crate::service::{Error, ErrorKind, Result};
use crate::wiring::{self, LateJobs};
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::sync::Arc;
use tokio::signal::unix::{Signal, SignalKind, signal};
use tokio::sync::{mpsc, watch};
use tracing::{error, info, warn};

/// Runs the service until it is told to end.
pub fn serve(file: &Path) -> ExitCode {
    log::start();
    let machine = Machine::here();
    let loaded = match config::load(file) {
        Ok(loaded) => looked_over(loaded, &machine),
        Err(problems) => {
            for problem in problems {
                error!(name: catalog::CONFIGURATION, "{problem}");
            }
            return ExitCode::from(WRONG);
        }
    };
    let runtime = match tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
    {
        Ok(runtime) => runtime,
        Err(problem) => {
            error!("the event loop can't be started: {problem}");
            return ExitCode::FAILURE;
        }
    };
    match runtime.block_on(run(file.to_owned(), loaded, machine)) {
        Ok(()) => ExitCode::SUCCESS,
        Err(problem) => {
            error!("{problem}");
            ExitCode::FAILURE
        }
    }
}

/// Looks whether the machine fits and logs what does not.
pub(super) fn looked_over(mut loaded: Loaded, machine: &Machine) -> Loaded {
    loaded.check_machine(machine);
    for problem in &loaded.problems {
        warn!("{problem}");
    }
    loaded
}

/// Whether something that is configured does not fit this machine. What is wrong with a device is not
/// guessed here: its port tells.
pub(super) fn misfits(loaded: &Loaded) -> bool {
    let is_one = |problem: &config::Problem| {
        problem.severity == Severity::Machine && !problem.key.ends_with(".device")
    };
    loaded.problems.iter().any(is_one)
}

struct Signals {
    end: End,
    hangup: Signal,
}

/// The signals that tell us to end.
struct End {
    terminate: Signal,
    interrupt: Signal,
}

impl Signals {
    fn new() -> Result<Self> {
        let take = |kind| {
            signal(kind)
                .map_err(|error| Error::new(ErrorKind::Internal, format!("signals: {error}")))
        };
        Ok(Self {
            end: End {
                terminate: take(SignalKind::terminate())?,
                interrupt: take(SignalKind::interrupt())?,
            },
            hangup: take(SignalKind::hangup())?,
        })
    }
}

impl End {
    /// Returns when one comes, with its name.
    async fn told(&mut self) -> &'static str {
        tokio::select! {
            _ = self.terminate.recv() => "SIGTERM",
            _ = self.interrupt.recv() => "SIGINT",
        }
    }
}

async fn run(file: PathBuf, loaded: Loaded, machine: Machine) -> Result<()> {
    let mut signals = Signals::new()?;
    let notify = Arc::new(Notify::from_environment());
    stay_alive(&notify);
    let disk = Disk::start()
        .map_err(|error| Error::new(ErrorKind::Internal, format!("the disk thread: {error}")))?;
    let config = &loaded.config;
    let (state, state_seen) = watch::channel(DaemonState::Starting);
    let (errands, mut errands_told) = mpsc::channel(4);
    let (jobs, jobs_seen) = watch::channel(None);
    let book = accounts(config, &machine, &disk);
    let world = Arc::new(World::new(
        Arc::new(LateJobs(jobs_seen)),
        book.clone(),
        book.clone(),
        Arc::new(SystemClock),
        state_seen,
        errands,
        wiring::bus(config),
    ));
    let folder = folder_for_sockets()?;
    let policy: Arc<dyn emulator::Policy> = book.clone();
    let emulators = wiring::emulators(config, folder.path(), &policy);
    let mut health = Health::new(misfits(&loaded));
    let starting = async {
        // The name first: a caller that started us waits 25 s at most, ports and spool can take their time.
        let (service, slots) = connect(config, &emulators, world.clone()).await?;
        notify.ready("starting");
        let running = Running::start(
            config,
            &machine,
            &book,
            &disk,
            folder,
            emulators.clone(),
            &health,
        )
        .await?;
        running.ports.fill(&slots);
        Ok::<_, Error>((service, running))
    };
    let (service, mut running) = tokio::select! {
        started = starting => started?,
        signal = signals.end.told() => {
            // Nothing was accepted and nothing runs yet: a slow bus or disk is not waited for.
            notify.stopping("ending");
            info!("{signal}: ending, not yet started");
            return Ok(());
        }
    };
    jobs.send_replace(Some(running.jobs.clone()));
    show(&state, health.state());
    info!("{}", summary(config));

    let mut reloader = Reloader {
        file,
        machine,
        config: loaded.config.clone(),
        book,
        world,
        disk: disk.clone(),
        status: Status::new(notify.clone(), running.jobs.clone()),
    };
    reloader.show(&running, &mut health);
    let ended = attend(
        &mut signals,
        &mut errands_told,
        &mut reloader,
        &mut running,
        &service,
        &mut health,
        &state,
    )
    .await;
    state.send_replace(DaemonState::Stopping);
    notify.stopping("ending");
    if let Ok(signal) = &ended {
        info!("{signal}: ending");
    }
    drop(health);
    end(service, running, &disk).await?;
    ended.map(drop)
}

async fn end(service: bus::Service, running: Running, disk: &Disk) -> Result<()> {
    service.stop().await;
    running.stop().await;
    // What was handed to the disk is on it before we go.
    disk.run(|| ()).await
}

/// Until a signal tells us to end, whose name is returned, or the bus is gone.
async fn attend(
    signals: &mut Signals,
    errands: &mut mpsc::Receiver<Errand>,
    reloader: &mut Reloader,
    running: &mut Running,
    service: &bus::Service,
    health: &mut Health,
    state: &watch::Sender<DaemonState>,
) -> Result<&'static str> {
    loop {
        tokio::select! {
            signal = signals.end.told() => return Ok(signal),
            _ = signals.hangup.recv() => {
                // The log has it.
                let _ = reloader.reload(running, service, health).await;
            }
            // A caller that is gone need not hear of what came of it.
            Some(errand) = errands.recv() => match errand {
                Errand::Reload(told) => {
                    let result = reloader.reload(running, service, health).await;
                    show(state, health.state());
                    let _ = told.send(result);
                }
                Errand::Device(device, told) => {
                    let looked = devices::look_at(device, &running.ports, &reloader.disk);
                    let _ = told.send(looked.await);
                }
            },
            () = service.closed() => return Err(Error::new(ErrorKind::Internal, "the bus went away; ending, so that the service manager starts us again")),
            () = health.changed() => {}
            () = reloader.status.changed() => {}
        }
        show(state, health.state());
        reloader.show(running, health);
    }
}

fn folder_for_sockets() -> Result<Folder> {
    Folder::find().map_err(|error| {
        let text = format!("a folder for sockets: {error}");
        Error::new(ErrorKind::Internal, text)
    })
}

/// All accounts. It reads files; nothing else runs yet.
fn accounts(config: &Config, machine: &Machine, disk: &Disk) -> Arc<Book> {
    let folder = config.daemon.accounts();
    let book = Book::new(folder, machine.clone(), disk.clone());
    book.load();
    book.replace(account::configured(config, machine));
    book.set_equipment(Equipment::of(config));
    Arc::new(book)
}

fn show(state: &watch::Sender<DaemonState>, now: DaemonState) {
    state.send_if_modified(|shown| std::mem::replace(shown, now) != now);
}

/// Tells the service manager, if it wants to know, that the event loop turns: as soon and as long as it does.
fn stay_alive(notify: &Arc<Notify>) {
    let Some(period) = notify.watchdog() else {
        return;
    };
    let notify = notify.clone();
    tokio::spawn(async move {
        let mut interval = tokio::time::interval(period / 2);
        loop {
            interval.tick().await;
            notify.alive();
        }
    });
}

fn summary(config: &Config) -> String {
    format!(
        "{} emulators, {} modems, {} accounts",
        config.emulators.len(),
        config.modems.len(),
        config.accounts.len()
    )
}
