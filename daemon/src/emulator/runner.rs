//! Keeps an emulator going: its port, its engine, and what they ask of each other.

use super::clients::Clients;
use super::engine::Engine;
use super::handle::{Handle, Order, Settings, Snapshot, State, Told};
use super::op::Effect;
use super::session::{Over, Session};
use super::world::World;
use crate::catalog;
use crate::disk::Disk;
use crate::job::Jobs;
use crate::port;
use crate::service::Result;
use crate::trace::Trace;
use hayes_ldisc::record::{Claim, Role, VERSION};
use std::path::PathBuf;
use std::time::Duration;
use tokio::sync::{mpsc, watch};

/// How long until a helper that is gone, or refuses, is asked again: at first, and at most.
const SOON: Duration = Duration::from_secs(1);
const LATE: Duration = Duration::from_secs(30);

/// Starts an emulator. Must run inside a tokio runtime.
pub fn start(settings: Settings, helper: PathBuf, jobs: Jobs, disk: Disk) -> Handle {
    let (view, seen) = watch::channel(Snapshot::default());
    let (orders, told) = mpsc::channel(8);
    let trace = Trace::default();
    let keeper = Keeper {
        settings: settings.clone(),
        helper,
        view,
        trace: trace.clone(),
        told,
        complaint: String::new(),
        again: SOON,
    };
    let task = tokio::spawn(keeper.run(jobs, disk)).abort_handle();
    Handle {
        settings,
        view: seen,
        orders,
        trace,
        task,
    }
}

struct Keeper {
    settings: Settings,
    helper: PathBuf,
    view: watch::Sender<Snapshot>,
    trace: Trace,
    told: mpsc::Receiver<Told>,
    /// What was last said to be wrong; not said again and again.
    complaint: String,
    again: Duration,
}

impl Keeper {
    /// Ends when nobody has a handle any more.
    async fn run(mut self, jobs: Jobs, disk: Disk) {
        let (world, mut engine) = loop {
            match self.open(disk.clone(), jobs.clone()).await {
                Ok(opened) => break opened,
                Err(error) => {
                    self.complain(&error.to_string());
                    if !self.pause().await {
                        return;
                    }
                }
            }
        };
        let mut clients = Clients::new(world.clone());
        loop {
            let go_on = match self.session(&world, &mut clients, &mut engine).await {
                Ok(Over::Stopped) => {
                    clients.abort_all();
                    self.stopped().await
                }
                Ok(Over::Abandoned) => false,
                Ok(Over::Anew) => true,
                Ok(Over::Refused(why)) => {
                    self.complain(&why);
                    self.pause().await
                }
                Err(error) => {
                    self.complain(&error.to_string());
                    self.show(State::Absent);
                    self.pause().await
                }
            };
            if !go_on {
                return;
            }
        }
    }

    fn complain(&mut self, why: &str) {
        if self.complaint != why {
            tracing::warn!(name: catalog::PORT, port = self.settings.name, why, "not played");
            self.complaint = why.to_owned();
        }
    }

    async fn open(&self, disk: Disk, jobs: Jobs) -> Result<(World, Engine)> {
        let (world, found) = World::open(&self.settings, disk, jobs).await?;
        let engine = Engine::new(
            self.settings.dialect,
            self.settings.identity.clone(),
            self.settings.line,
            found.saved,
            found.stored,
        )
        .with_quirks(self.settings.quirks.clone());
        Ok((world, engine))
    }

    async fn session(
        &mut self,
        world: &World,
        clients: &mut Clients,
        engine: &mut Engine,
    ) -> Result<Over> {
        let claim = Claim {
            version: VERSION,
            device: &self.settings.device,
            line: engine.line_settings(),
            role: Role::Dce,
            wiring: self.settings.wiring,
        };
        let (reader, writer) = port::claim(&self.helper, &claim).await?;
        let session = Session {
            name: &self.settings.name,
            reader,
            writer,
            engine,
            world,
            clients,
            view: &self.view,
            trace: &self.trace,
            taken: 0,
            here: false,
            held: false,
        };
        let over = session.run(&mut self.told).await;
        if self.view.borrow().state != State::Refused {
            self.again = SOON;
        }
        let mut effects = Vec::new();
        engine.hangup(&mut effects);
        // The port is not there any more; what else there is to do is done.
        for effect in effects {
            match effect {
                Effect::Abort(client) => clients.abort(client),
                Effect::Cancel(mail) => world.cancel(mail),
                Effect::Save(memory) => world.save(memory).await,
                Effect::Do { op, .. } if op.client().is_none() => drop(world.perform(op).await),
                _ => {}
            }
        }
        over
    }

    /// Waits a little. False: nobody has a handle any more.
    async fn pause(&mut self) -> bool {
        let again = tokio::time::sleep(self.again);
        self.again = (self.again * 2).min(LATE);
        tokio::pin!(again);
        loop {
            tokio::select! {
                () = &mut again => return true,
                told = self.told.recv() => match told {
                    Some((order, done)) if order.ends() => {
                        let _ = done.send(());
                        return self.stopped().await;
                    }
                    Some((Order::Look, done)) => {
                        self.again = SOON;
                        let _ = done.send(());
                        return true;
                    }
                    // It starts anew as soon as it can.
                    Some((_, done)) => drop(done.send(())),
                    None => return false,
                },
            }
        }
    }

    /// Waits to be started. False: nobody has a handle any more.
    async fn stopped(&mut self) -> bool {
        self.show(State::Stopped);
        while let Some((order, done)) = self.told.recv().await {
            let _ = done.send(());
            if order == Order::Start {
                self.show(State::Absent);
                return true;
            }
        }
        false
    }

    fn show(&self, state: State) {
        self.view.send_if_modified(|view| {
            let changed = view.state != state || view.dtr;
            (view.state, view.dtr) = (state, false);
            changed
        });
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::clock::SystemClock;
    use crate::dialect::Quirks;
    use crate::dialect::quectel::DIALECT;
    use crate::emulator::Plainly;
    use crate::job::{self, Accounts, Backs, MailAccount, Via};
    use crate::service::{Error, ErrorKind, MailBack};
    use hayes_ldisc::record::{LineSettings, Wiring};
    use nix::sys::socket::{
        AddressFamily, Backlog, SockFlag, SockType, UnixAddr, accept, bind, listen, socket,
    };
    use std::os::fd::{AsRawFd, OwnedFd};
    use std::path::Path;
    use std::sync::Arc;
    use tokio::time::Instant;

    struct Nothing;

    impl Accounts for Nothing {
        fn mail(&self, _: &str) -> Result<MailAccount> {
            Err(Error::new(ErrorKind::NotFound, "no account"))
        }
    }

    impl Backs for Nothing {
        fn mail(&self, _: &Via) -> Option<Arc<dyn MailBack>> {
            None
        }
    }

    fn helper(at: &Path) -> OwnedFd {
        let flags = SockFlag::SOCK_NONBLOCK | SockFlag::SOCK_CLOEXEC;
        let fd = socket(AddressFamily::Unix, SockType::SeqPacket, flags, None).unwrap();
        bind(fd.as_raw_fd(), &UnixAddr::new(at).unwrap()).unwrap();
        listen(&fd, Backlog::new(4).unwrap()).unwrap();
        fd
    }

    #[tokio::test(start_paused = true)]
    async fn a_port_that_is_reported_is_asked_for_before_its_time() {
        let folder = std::env::temp_dir().join(format!("hayesd-look-{}", std::process::id()));
        std::fs::create_dir(&folder).unwrap();
        let disk = Disk::inline();
        let nothing = Arc::new(Nothing);
        let jobs = Jobs::start(
            job::Settings::new(folder.join("spool")),
            disk.clone(),
            Arc::new(SystemClock),
            nothing.clone(),
            nothing,
        );
        let settings = Settings {
            name: "panel".into(),
            device: "/dev/ttyS1".into(),
            line: LineSettings::default(),
            wiring: Wiring::default(),
            dialect: &DIALECT,
            identity: DIALECT.played.identity.clone(),
            quirks: Quirks::default(),
            policy: Arc::new(Plainly(vec![Via::Ip])),
            memory_dir: folder.join("memory"),
            files_dir: folder.join("files"),
        };
        let socket = folder.join("helper");
        let handle = start(settings, socket.clone(), jobs.await.unwrap(), disk);
        // Long enough for the pauses between attempts to become long.
        tokio::time::sleep(LATE * 3).await;
        let helper = helper(&socket);
        let before = Instant::now();
        handle.look();
        // Time stands still while there is something to do.
        while accept(helper.as_raw_fd()).is_err() {
            assert_eq!(before.elapsed(), Duration::ZERO);
            tokio::task::yield_now().await;
            assert_eq!(Instant::now(), before);
        }
        drop(handle);
        std::fs::remove_dir_all(folder).unwrap();
    }
}
