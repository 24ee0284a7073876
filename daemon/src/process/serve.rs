//! The service: from the configuration to the last signal.

use super::check::WRONG;
use super::devices;
use super::folder::Folder;
use super::health::Health;
use super::helper::{Helper, Program};
use super::log;
use super::notify::Notify;
use crate::account::{self, Book, Equipment};
use crate::bus::{self, DaemonState, Errand, World};
use crate::clock::{Clock, SystemClock};
use crate::config::{self, Bus, Config, Loaded, Machine, Severity};
use crate::disk::Disk;
use crate::emulator;
use crate::job::Jobs;
use crate::modem;
use crate::net::{Dialer, FtpBack, Pop3Back, SmtpBack, Timeouts, Tls};
use crate::service::{Error, ErrorKind, Result};
use crate::wiring::{self, LateJobs, Ways};
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::sync::Arc;
use std::time::Duration;
use tokio::signal::unix::{Signal, SignalKind, signal};
use tokio::sync::{mpsc, watch};
use tracing::{error, info, warn};

/// A mail whose answer is about to come is waited for so long when we end: it need not be sent twice.
const GRACE: Duration = Duration::from_secs(5);

/// How long the bus may take to let us in.
const BUS: Duration = Duration::from_secs(20);

/// Runs the service until it is told to end.
pub fn serve(file: &Path) -> ExitCode {
    log::start();
    let machine = Machine::here();
    let loaded = match config::load(file) {
        Ok(loaded) => looked_over(loaded, &machine),
        Err(problems) => {
            for problem in problems {
                error!("{problem}");
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
fn looked_over(mut loaded: Loaded, machine: &Machine) -> Loaded {
    loaded.check_machine(machine);
    for problem in &loaded.problems {
        warn!("{problem}");
    }
    loaded
}

/// Whether something that is configured does not fit this machine. What is wrong with a device is not
/// guessed here: its port tells.
fn misfits(loaded: &Loaded) -> bool {
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
    let starting = async {
        // The name first: a caller that started us waits 25 s at most, ports and spool can take their time.
        let (service, slots) = connect(config, &emulators, world.clone()).await?;
        notify.ready("starting");
        let running =
            Running::start(config, &machine, &book, &disk, folder, emulators.clone()).await?;
        slots.fill(&running);
        Ok::<_, Error>((service, running))
    };
    let (service, running) = tokio::select! {
        started = starting => started?,
        signal = signals.end.told() => {
            // Nothing was accepted and nothing runs yet: a slow bus or disk is not waited for.
            notify.stopping("ending");
            info!("{signal}: ending, not yet started");
            return Ok(());
        }
    };
    jobs.send_replace(Some(running.jobs.clone()));
    let mut health = running.health(misfits(&loaded));
    show(&state, health.state());
    notify.status(&summary(config));
    info!("{}", summary(config));

    let mut reloader = Reloader {
        file,
        machine,
        config: loaded.config.clone(),
        book,
        world,
        disk: disk.clone(),
    };
    let ended = loop {
        tokio::select! {
            signal = signals.end.told() => break Ok(signal),
            _ = signals.hangup.recv() => {
                let _ = reloader.reload(&notify, &mut health).await;
                show(&state, health.state());
            }
            Some(errand) = errands_told.recv() => {
                reloader.run(errand, &running, &notify, &mut health).await;
                show(&state, health.state());
            }
            () = service.closed() => break Err(Error::new(ErrorKind::Internal, "the bus went away; ending, so that the service manager starts us again")),
            () = health.changed() => show(&state, health.state()),
        }
    };
    state.send_replace(DaemonState::Stopping);
    notify.stopping("ending");
    if let Ok(signal) = &ended {
        info!("{signal}: ending");
    }
    drop(health);
    service.stop().await;
    running.stop().await;
    // What was handed to the disk is on it before we go.
    disk.run(|| ()).await?;
    ended.map(drop)
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

/// Where the ports on the bus wait for what is behind them.
struct Slots {
    modems: BTreeMap<String, bus::Coming<modem::Handle>>,
    emulators: Vec<bus::Coming<emulator::Handle>>,
}

impl Slots {
    fn fill(&self, running: &Running) {
        for (name, handle) in &running.modems {
            if let Some(slot) = self.modems.get(name) {
                slot.send_replace(Some(handle.clone()));
            }
        }
        for (slot, handle) in self.emulators.iter().zip(&running.emulators) {
            slot.send_replace(Some(handle.clone()));
        }
    }
}

async fn connect(
    config: &Config,
    emulators: &[emulator::Settings],
    world: Arc<World>,
) -> Result<(bus::Service, Slots)> {
    let (builder, shown) = match &config.daemon.bus {
        Bus::System => (zbus::connection::Builder::system(), "the system bus"),
        Bus::Address(address) => (
            zbus::connection::Builder::address(address.as_str()),
            address.as_str(),
        ),
    };
    let failed =
        |what: &dyn std::fmt::Display| Error::new(ErrorKind::Internal, format!("{shown}: {what}"));
    let on_bus = async {
        let service = bus::Service::new(builder.build().await?, world).await?;
        let mut slots = Slots {
            modems: BTreeMap::new(),
            emulators: Vec::new(),
        };
        for (name, modem) in &config.modems {
            let slot = service
                .add_modem(name.as_str(), &modem.device.to_string())
                .await?;
            slots.modems.insert(name.to_string(), slot);
        }
        for settings in emulators {
            slots
                .emulators
                .push(service.add_emulator(settings.clone()).await?);
        }
        service.own().await?;
        Ok((service, slots))
    };
    match tokio::time::timeout(BUS, on_bus).await {
        Ok(Ok(both)) => Ok(both),
        Ok(Err(zbus::Error::NameTaken)) => Err(failed(&"another process is org.hayesd1 already")),
        Ok(Err(error)) => Err(failed(&error)),
        Err(_) => Err(failed(&"it does not let us in")),
    }
}

/// What runs beside the bus.
struct Running {
    jobs: Jobs,
    modems: BTreeMap<String, modem::Handle>,
    emulators: Vec<emulator::Handle>,
    helper: Option<Helper>,
    _folder: Folder,
}

impl Running {
    async fn start(
        config: &Config,
        machine: &Machine,
        book: &Arc<Book>,
        disk: &Disk,
        folder: Folder,
        emulators: Vec<emulator::Settings>,
    ) -> Result<Self> {
        let clock: Arc<dyn Clock> = Arc::new(SystemClock);
        let failed = |what: &str, error: std::io::Error| {
            Error::new(ErrorKind::Internal, format!("{what}: {error}"))
        };
        let state_dir = config.daemon.state_dir.clone();
        let (roots, tls_clock) = (wiring::roots(config), clock.clone());
        let (modem_config, machine) = (config.clone(), machine.clone());
        let read = move || {
            make_folder(&state_dir)
                .map_err(|error| failed(&state_dir.display().to_string(), error))?;
            Ok::<_, Error>((
                Tls::load(&roots, tls_clock)?,
                wiring::modems(&modem_config, &machine),
            ))
        };
        let (tls, modems) = disk.run(read).await??;
        let (helper, socket) = helper(config, &folder)?;
        let dialer = Dialer::new(Timeouts::default());
        let mailboxes = Arc::new(Pop3Back::new(dialer.clone(), tls.clone()));
        let files = Arc::new(FtpBack::new(dialer.clone(), tls.clone()));
        let ip = Arc::new(SmtpBack::new(dialer, tls, disk.clone()));
        let start = |settings: modem::Settings| {
            (
                settings.name.clone(),
                modem::start(settings, &socket, disk.clone()),
            )
        };
        let modems: BTreeMap<_, _> = modems.into_iter().map(start).collect();
        let ways = Ways {
            ip,
            mailboxes,
            files,
            modems: modems.clone(),
            on_unknown: wiring::on_unknown(config),
        };
        let jobs = Jobs::start(
            wiring::jobs(config),
            disk.clone(),
            clock.clone(),
            book.clone(),
            Arc::new(ways),
        )
        .await?;
        for modem in modems.values() {
            tokio::spawn(wiring::tell_links(modem.watch(), jobs.clone()));
        }
        tokio::spawn(wiring::tell_clock(clock, jobs.clone()));
        let emulators = emulators
            .into_iter()
            .map(|settings| emulator::start(settings, socket.clone(), jobs.clone(), disk.clone()))
            .collect();
        Ok(Self {
            jobs,
            modems,
            emulators,
            helper,
            _folder: folder,
        })
    }

    /// Follows all ports from now on.
    fn health(&self, misfits: bool) -> Health {
        let health = Health::new(misfits);
        for (name, modem) in &self.modems {
            health.follow_modem(name.clone(), modem.watch());
        }
        for emulator in &self.emulators {
            health.follow_emulator(emulator.snapshot());
        }
        health
    }

    /// Brings to an end what is about to end, then gives the ports back.
    async fn stop(self) {
        self.jobs.finish(GRACE).await;
        // Before the helper goes, so that nobody takes its end for a crash. Modems stay to the end: what is
        // known of a mail under way is not lost.
        for emulator in &self.emulators {
            emulator.let_go();
        }
        if let Some(helper) = self.helper {
            helper.stop().await;
        }
    }
}

/// The state folder, if nobody made it for us; nobody else may look into it.
fn make_folder(path: &Path) -> std::io::Result<()> {
    use std::os::unix::fs::DirBuilderExt;
    std::fs::DirBuilder::new()
        .recursive(true)
        .mode(0o700)
        .create(path)
}

/// The helper's socket, and the helper if we start it.
fn helper(config: &Config, folder: &Folder) -> Result<(Option<Helper>, PathBuf)> {
    match &config.daemon.helper {
        config::Helper::Socket(socket) => Ok((None, socket.clone())),
        config::Helper::Spawn => {
            let socket = folder.socket();
            let helper = Helper::start(Program::find()?, socket.clone(), wiring::devices(config))?;
            Ok((Some(helper), socket))
        }
    }
}

/// Reads the configuration again. What needs a restart is said and left as it is.
struct Reloader {
    file: PathBuf,
    machine: Machine,
    config: Config,
    book: Arc<Book>,
    world: Arc<World>,
    disk: Disk,
}

impl Reloader {
    /// Does what a caller wants, who need not be there any more to hear of it.
    async fn run(
        &mut self,
        errand: Errand,
        running: &Running,
        notify: &Notify,
        health: &mut Health,
    ) {
        match errand {
            Errand::Reload(told) => {
                let result = self.reload(notify, health).await;
                let _ = told.send(result);
            }
            Errand::Device(device, told) => {
                let (modems, emulators) = (&running.modems, &running.emulators);
                let looked = devices::look_at(device, modems, emulators, &self.disk);
                let _ = told.send(looked.await);
            }
        }
    }

    async fn reload(&mut self, notify: &Notify, health: &mut Health) -> Result<()> {
        notify.reloading();
        let result = self.read().await;
        match &result {
            Ok(misfits) => {
                health.set_misfits(*misfits);
                notify.ready(&summary(&self.config));
            }
            Err(problem) => {
                error!("the old configuration stays: {problem}");
                notify.ready("the new configuration is wrong, the old one holds");
            }
        }
        result.map(drop)
    }

    /// Returns whether the machine lacks something.
    async fn read(&mut self) -> Result<bool> {
        let (file, machine) = (self.file.clone(), self.machine.clone());
        // Files, secrets among them: on the disk's thread.
        let read = move || {
            let loaded = looked_over(config::load(&file)?, &machine);
            let accounts = account::configured(&loaded.config, &machine);
            Ok::<_, Vec<config::Problem>>((loaded, accounts))
        };
        let (loaded, accounts) = self.disk.run(read).await?.map_err(|problems| {
            let lines: Vec<_> = problems.iter().map(ToString::to_string).collect();
            Error::new(ErrorKind::InvalidArgument, lines.join("\n"))
        })?;
        let misfits = misfits(&loaded);
        self.book.replace(accounts);
        self.book.set_equipment(Equipment::of(&loaded.config));
        self.world.set_settings(wiring::bus(&loaded.config));
        if needs_restart(&self.config, &loaded.config) {
            warn!(
                "ports, ways out, bus, folders, roots and the queue's limits change when hayesd is started again"
            );
        }
        info!("the configuration was read again");
        self.config = loaded.config;
        Ok(misfits)
    }
}

/// Whether something differs that only a restart changes.
fn needs_restart(old: &Config, new: &Config) -> bool {
    let fixed = |config: &Config| {
        let daemon = config::Daemon {
            default_account: None,
            ..config.daemon.clone()
        };
        (
            daemon,
            config.emulators.clone(),
            config.modems.clone(),
            config.tls.clone(),
        )
    };
    fixed(old) != fixed(new)
}
