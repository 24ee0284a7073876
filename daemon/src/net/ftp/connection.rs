//! A control connection: commands and their replies, and what is known of the server.

use super::super::exchange::Channel;
use super::super::replies::Reply;
use super::super::stream::Stream;
use super::super::waiting::KeepAlive;
use super::super::{Dialer, Tls};
use super::data::Data;
use super::failure::{self, Step};
use super::features::Features;
use super::listing::LARGEST_FILE;
use super::login::Login;
use super::path;
use super::reply::Replies;
use crate::service::{
    Error, ErrorKind, Fault, FileOpen, Phase, Progress, Representation, Result, Tls as Protection,
};
use std::time::Duration;
use tokio::task::yield_now;

/// One read; replies are short.
const PIECE: usize = 1024;
/// How long it may take to find out where a conversation stands after a step was given up.
const RECOVERY: Duration = Duration::from_secs(10);
/// Replies that may be on their way then.
const STRAY: usize = 4;

/// A conversation with a server that knows us.
pub(super) struct Connection {
    pub(super) channel: Channel<Replies>,
    pub(super) dialer: Dialer,
    pub(super) host: String,
    /// What secures this conversation, where it is secured; and the clock.
    pub(super) tls: Tls,
    pub(super) secured: bool,
    pub(super) active: bool,
    /// The transfer that is under way, or was when its future was dropped.
    pub(super) data: Option<Data>,
    /// What the server has refused and is not asked for again.
    pub(super) lacks: Lacks,
    /// An upload under a name that nobody asked for.
    pub(super) leftover: Option<String>,
    /// Where to go back to after a listing elsewhere.
    pub(super) back_to: Option<String>,
    /// REST was said, and what it is for was not.
    pub(super) restart_is_set: bool,
    /// The server wants data connections to resume the control connection's TLS session, and ours did not.
    pub(super) no_reuse: bool,
    features: Option<Features>,
    representation: Option<Representation>,
    folder: Option<String>,
    usable: bool,
}

/// What a server does not have.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Lacks {
    pub(super) epsv: bool,
    pub(super) mlsd: bool,
    pub(super) size: bool,
}

impl Connection {
    /// Greeting, TLS, login. What comes back is ready for files.
    pub(super) async fn open(
        stream: Stream,
        dialer: Dialer,
        tls: Tls,
        request: &FileOpen,
        progress: &dyn Progress,
    ) -> Result<Self> {
        let login = Login::check(request)?;
        let timeouts = dialer.timeouts;
        let host = request.server.host.clone();
        let protection = request.server.tls;
        let stream = match protection {
            Protection::Implicit => tls.secure(stream, &host, timeouts.tls).await?,
            Protection::StartTls | Protection::None => stream,
        };
        let mut connection = Self {
            channel: Channel::new(stream, Replies::default(), PIECE),
            dialer,
            host,
            tls,
            secured: protection != Protection::None,
            active: request.active,
            data: None,
            lacks: Lacks::default(),
            leftover: None,
            back_to: None,
            restart_is_set: false,
            no_reuse: false,
            features: None,
            representation: None,
            folder: None,
            usable: true,
        };
        match connection.introduce(login, protection, progress).await {
            Ok(()) => Ok(connection),
            Err(error) => {
                connection.leave(&error);
                Err(error)
            }
        }
    }

    async fn introduce(
        &mut self,
        login: Login,
        protection: Protection,
        progress: &dyn Progress,
    ) -> Result<()> {
        self.greeting().await?;
        if protection == Protection::StartTls {
            self.start_tls().await?;
        }
        progress.phase(Phase::Authenticating);
        self.log_in(login).await?;
        if protection != Protection::None {
            for command in ["PBSZ 0", "PROT P"] {
                let reply = self.ask(command).await?;
                expect(&reply, 200..=299, Step::Protect)?;
            }
        }
        Ok(())
    }

    async fn greeting(&mut self) -> Result<()> {
        self.channel.allow(self.dialer.timeouts.greeting);
        let mut reply = self.channel.answer().await?;
        while reply.code == 120 {
            // "Ready in so many minutes."
            self.channel.exchange().expect_another();
            reply = self.channel.answer().await?;
        }
        expect(&reply, 220..=220, Step::Hello)
    }

    /// AUTH TLS (RFC 4217 section 4): nothing that came in clear counts any more.
    async fn start_tls(&mut self) -> Result<()> {
        let reply = self.ask("AUTH TLS").await?;
        // 334 is what RFC 2228 has for mechanisms that go on, and some servers say it.
        if reply.code != 334 {
            expect(&reply, 234..=234, Step::Protect)?;
        }
        let within = self.dialer.timeouts.tls;
        self.channel.secure(&self.tls, &self.host, within).await
    }

    async fn log_in(&mut self, mut login: Login) -> Result<()> {
        let first = login.first();
        let mut reply = self.ask(&first).await?;
        while let Some(line) = login.next(&reply)? {
            reply = self.ask(&line).await?;
        }
        Ok(())
    }

    /// Asks, and gives the reply whatever it is, but for 421.
    pub(super) async fn ask(&mut self, line: &str) -> Result<Reply> {
        let within = self.dialer.timeouts.command;
        if let Some(reply) = self.said(Step::Hello, within).await? {
            return Err(failure::from_reply(&reply, Step::Hello));
        }
        let result = self.channel.command(line, within).await;
        self.judge(result)
    }

    /// What the server said although nobody asked.
    async fn said(&mut self, step: Step, within: Duration) -> Result<Option<Reply>> {
        self.channel.allow(within);
        let result = self.channel.unasked().await;
        let reply = result.inspect_err(|_| self.usable = false)?;
        if let Some(reply) = &reply {
            // Whatever it was, the next reply would be taken for another's.
            self.usable = false;
            if reply.code == 421 {
                return Err(failure::from_reply(reply, step));
            }
        }
        Ok(reply)
    }

    /// Asks for something that is done or refused.
    pub(super) async fn done(&mut self, line: &str, step: Step) -> Result<Reply> {
        let reply = self.ask(line).await?;
        expect(&reply, 200..=299, step)?;
        Ok(reply)
    }

    /// A reply that ends the connection, or the lack of one, is remembered.
    pub(super) fn judge(&mut self, result: Result<Reply>) -> Result<Reply> {
        match result {
            Ok(reply) if reply.code == 421 => {
                self.usable = false;
                Err(failure::from_reply(&reply, Step::Hello))
            }
            Ok(reply) => Ok(reply),
            Err(error) => {
                // InvalidArgument: nothing was sent.
                self.usable &= error.kind == ErrorKind::InvalidArgument;
                Err(error)
            }
        }
    }

    /// Whether anything can still be asked.
    pub(super) fn is_usable(&self) -> bool {
        self.usable
    }

    /// What the server can do; asked for once.
    pub(super) async fn features(&mut self) -> Result<Features> {
        if let Some(features) = self.features {
            return Ok(features);
        }
        let reply = self.ask("FEAT").await?;
        let features = match reply.code {
            200..=299 => Features::read(&reply),
            _ => Features::default(),
        };
        self.features = Some(features);
        if features.utf8 {
            // Servers that have it on anyhow may refuse; no harm.
            self.ask("OPTS UTF8 ON").await?;
        }
        Ok(features)
    }

    /// Before a path goes out: its letters must mean the same to both.
    pub(super) async fn name(&mut self, path: &str) -> Result<()> {
        path::check(path)?;
        if !path.is_ascii() {
            self.features().await?;
        }
        Ok(())
    }

    /// How the bytes of the next transfer are meant.
    pub(super) async fn represent(&mut self, wanted: Representation) -> Result<()> {
        if self.representation == Some(wanted) {
            return Ok(());
        }
        self.representation = None;
        let command = match wanted {
            Representation::Image => "TYPE I",
            Representation::Ascii => "TYPE A",
        };
        self.done(command, Step::Hello).await?;
        self.representation = Some(wanted);
        Ok(())
    }

    /// A file's size in bytes (RFC 3659 section 4). NotFound, NotSupported.
    pub(super) async fn size(&mut self, path: &str) -> Result<u64> {
        if self.lacks.size {
            return Err(
                Error::new(ErrorKind::NotSupported, "the server tells no sizes").by(Fault::Server),
            );
        }
        // In TYPE A it would be another number, or refused.
        self.represent(Representation::Image).await?;
        let result = self.done(&format!("SIZE {path}"), Step::Find).await;
        if let Err(error) = &result {
            self.lacks.size = error.kind == ErrorKind::NotSupported;
        }
        let reply = result?;
        let text = reply.lines.first().map_or("", |line| line.trim());
        match text.parse() {
            Ok(size) if reply.code == 213 && size <= LARGEST_FILE => Ok(size),
            _ => Err(failure::from_reply(&reply, Step::Find)),
        }
    }

    /// The same, where the server tells it.
    pub(super) async fn size_if_told(&mut self, path: &str) -> Result<Option<u64>> {
        match self.size(path).await {
            Ok(size) => Ok(Some(size)),
            Err(error) if error.reply.is_some() && self.usable => Ok(None),
            Err(error) if error.kind == ErrorKind::NotSupported => Ok(None),
            Err(error) => Err(error),
        }
    }

    /// Goes to a folder.
    pub(super) async fn enter(&mut self, path: &str) -> Result<()> {
        self.folder = None;
        self.done(&format!("CWD {path}"), Step::Find).await?;
        Ok(())
    }

    /// The folder that the session is in. NotSupported where the server tells it in no way that could be
    /// said again.
    pub(super) async fn folder(&mut self) -> Result<String> {
        if let Some(folder) = &self.folder {
            return Ok(folder.clone());
        }
        let reply = self.done("PWD", Step::Hello).await?;
        let text = reply.lines.first().map_or("", String::as_str);
        let folder = path::read_quoted(text).ok_or_else(|| {
            Error::new(
                ErrorKind::NotSupported,
                "the server does not tell in which folder it is",
            )
            .by(Fault::Server)
        })?;
        self.folder = Some(folder.clone());
        Ok(folder)
    }

    /// Goes back after a listing elsewhere.
    pub(super) async fn go_back(&mut self) -> Result<()> {
        if let Some(folder) = &self.back_to {
            let line = format!("CWD {folder}");
            if let Err(error) = self.done(&line, Step::Find).await {
                // Every relative path would mean something else.
                self.usable = false;
                return Err(error);
            }
            self.folder = self.back_to.take();
        }
        Ok(())
    }

    /// Bytes, or the last word on them, are still to come.
    pub(super) fn is_in_transfer(&mut self) -> bool {
        self.data.is_some() || self.channel.exchange().owed() > 0
    }

    /// A step was given up, or failed, in the middle.
    fn is_unsettled(&mut self) -> bool {
        self.is_in_transfer()
            || self.restart_is_set
            || self.back_to.is_some()
            || self.leftover.is_some()
    }

    /// Makes it ready for the next step, whatever became of the last one. Nobody knows which replies are still
    /// to come: a question whose answer is like no other's tells.
    pub(super) async fn settle(&mut self) -> Result<()> {
        if !self.usable {
            return Err(failure_over());
        }
        if !self.is_unsettled() {
            return Ok(());
        }
        if self.is_in_transfer() {
            let found = tokio::time::timeout(RECOVERY, self.resynchronize()).await;
            if !matches!(found, Ok(Ok(()))) {
                self.usable = false;
                self.data = None;
                return Err(failure_over());
            }
        }
        if std::mem::take(&mut self.restart_is_set) {
            self.ask("REST 0").await?;
        }
        self.go_back().await?;
        self.clean_up().await
    }

    async fn resynchronize(&mut self) -> Result<()> {
        self.channel.allow(RECOVERY);
        self.folder = None;
        if self.data.is_some() {
            self.channel.exchange().ask("ABOR")?;
            // The server hears of it first: an upload whose connection just ends is complete to it. But many
            // listen only when it has ended, so nobody waits.
            tokio::select! {
                biased;
                answer = self.channel.answer() => drop(answer?),
                () = yield_now() => {}
            }
            self.data = None;
            if self.channel.exchange().owed() > 0 {
                self.channel.answer().await?;
            }
        }
        self.channel.exchange().ask("PWD")?;
        for _ in 0..STRAY {
            let reply = self.channel.answer().await?;
            if reply.code == 257 {
                self.channel.exchange().settle();
                return Ok(());
            }
        }
        Err(failure_over())
    }

    /// Removes what an upload left behind; if the server refuses, that is that.
    pub(super) async fn clean_up(&mut self) -> Result<()> {
        if let Some(path) = self.leftover.take() {
            self.ask(&format!("DELE {path}")).await?;
        }
        Ok(())
    }

    /// After this error: a server that still listens hears a good-bye, which nobody waits for.
    fn leave(self, error: &Error) {
        let listens = self.usable && (error.reply.is_some() || error.kind == ErrorKind::AuthFailed);
        if listens {
            tokio::spawn(self.quit());
        }
    }

    /// Ends it politely; nobody waits long for the answer.
    pub(super) async fn quit(mut self) {
        let within = self.dialer.timeouts.quit;
        // Whatever comes, the connection is done with.
        let _ = self.channel.command("QUIT", within).await;
    }

    /// Ends it in the middle of something.
    pub(super) async fn abandon(mut self) {
        if self.settle().await.is_ok() {
            self.quit().await;
        }
    }
}

impl KeepAlive for Connection {
    async fn noop(&mut self) -> Result<()> {
        // That it does not know the command is an answer, too.
        self.ask("NOOP").await.map(drop)
    }
}

fn expect(reply: &Reply, codes: std::ops::RangeInclusive<u16>, step: Step) -> Result<()> {
    if codes.contains(&reply.code) {
        Ok(())
    } else {
        Err(failure::from_reply(reply, step))
    }
}

/// What a step says on a connection that is over.
pub(super) fn failure_over() -> Error {
    Error::new(
        ErrorKind::NoNetwork,
        "the connection to the server is over; the session must be opened anew",
    )
    .by(Fault::Server)
}
