//! A connection to a POP3 server: commands, listings, content, and how it begins.

use super::super::exchange::Channel;
use super::super::stream::Stream;
use super::super::waiting::KeepAlive;
use super::super::{Timeouts, Tls, failure as lost};
use super::failure::{self, Step};
use super::login::{self, Dialogue, Next};
use super::offers::Offers;
use super::status::{self, Status, Statuses};
use super::unstuff::Unstuff;
use crate::service::{
    Credentials, Error, ErrorKind, Fault, MailboxOpen, Phase, Progress, Result, Sink,
    Tls as Protection,
};
use std::time::Duration;
use tokio::time::Instant;

/// Read at a time, and handed over at once where it is content.
const PIECE: usize = 64 * 1024;
/// So much content must come within a piece's time: a server that drips has fallen silent.
const PACE: usize = 16 * 1024;
/// Capabilities that are read; servers have a dozen.
const MAX_OFFERS: usize = 128;

/// A connection.
pub(super) struct Connection {
    channel: Channel<Statuses>,
    pub(super) offers: Offers,
    pub(super) timeouts: Timeouts,
    /// An empty buffer on its way between content and whoever takes it.
    buffer: Vec<u8>,
    /// Something is being read that has an end of its own.
    midway: bool,
}

impl Connection {
    /// Over a stream: greeting, TLS, what is offered, and who we are.
    pub(super) async fn open(
        stream: Stream,
        tls: &Tls,
        request: &MailboxOpen,
        timeouts: Timeouts,
        progress: &dyn Progress,
    ) -> Result<Self> {
        let mut connection = Self {
            channel: Channel::new(stream, Statuses::default(), PIECE),
            offers: Offers::default(),
            timeouts,
            buffer: Vec::new(),
            midway: false,
        };
        let host = &request.server.host;
        let protection = request.server.tls;
        if protection == Protection::Implicit {
            connection.channel.secure(tls, host, timeouts.tls).await?;
        }
        let greeting = connection.greeting().await?;
        connection.ask_offers().await?;
        let mut timestamp = login::timestamp(&greeting);
        if protection == Protection::StartTls {
            connection.start_tls(tls, host).await?;
            // It came in clear.
            timestamp = None;
            connection.ask_offers().await?;
        }
        progress.phase(Phase::Authenticating);
        let who = &request.credentials;
        let result = connection.log_in(who, protection, timestamp).await;
        if let Err(error) = result {
            if connection.is_sound() {
                tokio::spawn(connection.leave());
            }
            return Err(error);
        }
        Ok(connection)
    }

    /// Whether the next command would get the next answer.
    pub(super) fn is_sound(&mut self) -> bool {
        !self.midway && self.channel.exchange().owed() == 0
    }

    async fn greeting(&mut self) -> Result<String> {
        self.channel.allow(self.timeouts.greeting);
        match self.channel.answer().await? {
            Status::Done(words) => Ok(words),
            Status::Refused(words) => Err(failure::refused(&words, Step::Greeting)),
            Status::Challenge(words) => Err(failure::out_of_turn(&words)),
        }
    }

    /// CAPA (RFC 2449 section 5). A server that doesn't know it offers nothing in particular.
    async fn ask_offers(&mut self) -> Result<()> {
        self.offers = Offers::default();
        match self.answer_to("CAPA").await? {
            Status::Done(_) => {}
            Status::Refused(_) => return Ok(()),
            Status::Challenge(words) => return Err(failure::out_of_turn(&words)),
        }
        let mut offers = Offers {
            known: true,
            ..Offers::default()
        };
        let mut count = 0;
        self.lines(&mut |line| {
            count += 1;
            if count > MAX_OFFERS {
                return Err(super::super::replies::nonsense(
                    "its capabilities have no end",
                    line,
                ));
            }
            offers.line(line);
            Ok(())
        })
        .await?;
        self.offers = offers;
        Ok(())
    }

    /// STLS (RFC 2595 section 4).
    async fn start_tls(&mut self, tls: &Tls, host: &str) -> Result<()> {
        if !self.offers.stls {
            return Err(Error::new(
                ErrorKind::TlsFailed,
                "the server offers no STLS, or somebody on the way hides it",
            )
            .by(Fault::Server));
        }
        self.command("STLS", Step::Stls).await?;
        self.channel.secure(tls, host, self.timeouts.tls).await
    }

    async fn log_in(
        &mut self,
        who: &Credentials,
        tls: Protection,
        timestamp: Option<&str>,
    ) -> Result<()> {
        let ways = login::ways(who, tls, &self.offers, timestamp)?;
        let mut result = Ok(());
        for way in &ways {
            result = self.try_way(Dialogue::new(way, who)).await;
            match &result {
                Err(error) if error.kind == ErrorKind::AuthFailed && self.is_sound() => {}
                _ => return result,
            }
        }
        result
    }

    async fn try_way(&mut self, mut dialogue: Dialogue<'_>) -> Result<()> {
        let mut line = dialogue.begin();
        loop {
            let status = self.answer_to(&line).await?;
            match dialogue.answered(status) {
                Next::Say(next) => line = next,
                Next::In => return Ok(()),
                Next::Refused(words, reason) => {
                    let coded = self.offers.auth_code;
                    let user = dialogue.showed_user_alone();
                    let mut error = failure::refused(&words, Step::Login { coded, user });
                    if let Some(reason) = reason {
                        // Told by XOAUTH2 alone, whose refusals are about the token.
                        error.kind = ErrorKind::AuthFailed;
                        error.text = format!("the server refused the token ({reason})");
                    }
                    return Err(error);
                }
                Next::Lost => {
                    self.midway = true;
                    return Err(Error::new(
                        ErrorKind::Protocol,
                        "the server asks for something else than what it offered to take",
                    ));
                }
            }
        }
    }

    /// What the server said although nobody asked: its last words most likely. It waited too long, or is about
    /// to be shut down. In no case is it the answer to what comes now.
    async fn hear_unasked(&mut self) -> Result<()> {
        self.channel.allow(self.timeouts.command);
        let Some(status) = self.channel.unasked().await? else {
            return Ok(());
        };
        self.midway = true;
        Err(match status {
            Status::Refused(words) => failure::refused(&words, Step::Greeting),
            Status::Done(words) | Status::Challenge(words) => failure::out_of_turn(&words),
        })
    }

    /// Asks; the answer, whatever it is.
    async fn answer_to(&mut self, line: &str) -> Result<Status> {
        self.hear_unasked().await?;
        self.channel.command(line, self.timeouts.command).await
    }

    /// Asks; the words of `+OK`.
    pub(super) async fn command(&mut self, line: &str, step: Step) -> Result<String> {
        let status = self.answer_to(line).await?;
        self.judge(status, step)
    }

    /// Queues a command, to be sent with others.
    pub(super) fn ask(&mut self, line: &str) -> Result<()> {
        self.channel.exchange().ask(line)
    }

    /// The next answer to what was queued.
    pub(super) async fn answer(&mut self, step: Step) -> Result<String> {
        self.channel.allow(self.timeouts.command);
        let status = self.channel.answer().await?;
        self.judge(status, step)
    }

    fn judge(&mut self, status: Status, step: Step) -> Result<String> {
        match status {
            Status::Done(words) => Ok(words),
            Status::Refused(words) => Err(failure::refused(&words, step)),
            Status::Challenge(words) => {
                self.midway = true;
                Err(failure::out_of_turn(&words))
            }
        }
    }

    /// The lines of a listing that follows `+OK`, without the dots that are the server's.
    pub(super) async fn lines(
        &mut self,
        each: &mut (dyn FnMut(&[u8]) -> Result<()> + Send),
    ) -> Result<()> {
        self.midway = true;
        let mut lines = status::lines();
        let mut pace = Pace::new(self.timeouts.piece);
        loop {
            let bytes: &[u8] = self.channel.exchange().content();
            let (mut taken, mut over) = (0, false);
            while let Some(rest) = bytes.get(taken..).filter(|rest| !rest.is_empty() && !over) {
                let (count, line) = lines.take(rest)?;
                taken += count;
                match line {
                    Some(b".") => over = true,
                    Some(line) => each(line.strip_prefix(b".").unwrap_or(line))?,
                    None => {}
                }
            }
            self.channel.exchange().skip(taken);
            if over {
                self.midway = false;
                return Ok(());
            }
            pace.more(&mut self.channel, taken).await?;
        }
    }

    /// The content that follows `+OK`. `told` hears of each piece how long it was.
    pub(super) async fn content(
        &mut self,
        into: &mut dyn Sink,
        told: &mut (dyn FnMut(usize) + Send),
    ) -> Result<()> {
        self.midway = true;
        let mut unstuff = Unstuff::new();
        let mut pace = Pace::new(self.timeouts.piece);
        loop {
            let exchange = self.channel.exchange();
            let cut = unstuff.take(exchange.content());
            if cut.kept > 0 {
                exchange.hand_over(cut.kept, cut.taken, &mut self.buffer);
                told(cut.kept);
                into.put(&mut self.buffer).await?;
            } else {
                exchange.skip(cut.taken);
            }
            if cut.over {
                self.midway = false;
                return Ok(());
            }
            pace.more(&mut self.channel, cut.taken).await?;
        }
    }

    /// Says good-bye. What was marked is deleted by it: the answer counts.
    pub(super) async fn commit(mut self) -> Result<()> {
        self.hear_unasked().await?;
        match self.channel.command("QUIT", self.timeouts.end).await {
            Ok(status) => self.judge(status, Step::Quit).map(drop),
            Err(error) => Err(Error::new(
                ErrorKind::Unknown,
                format!("the server was asked to delete, but its answer never came: {error}"),
            )
            .by(error.fault)),
        }
    }

    /// Says good-bye, and does not wait long for an answer.
    pub(super) async fn leave(mut self) {
        // Whatever comes, the connection is done with.
        let _ = self.channel.command("QUIT", self.timeouts.quit).await;
    }
}

impl KeepAlive for Connection {
    async fn noop(&mut self) -> Result<()> {
        self.command("NOOP", Step::Other).await.map(drop)
    }
}

/// How long the server may still take for the next [`PACE`] bytes. The time that whoever takes the content
/// needs is not the server's.
struct Pace {
    whole: Duration,
    left: Duration,
    bytes: usize,
}

impl Pace {
    fn new(whole: Duration) -> Self {
        Self {
            whole,
            left: whole,
            bytes: 0,
        }
    }

    /// So much was made of what came before; waits for more.
    async fn more(&mut self, channel: &mut Channel<Statuses>, taken: usize) -> Result<()> {
        self.bytes += taken;
        if self.bytes >= PACE {
            self.bytes = 0;
            self.left = self.whole;
        }
        if self.left.is_zero() {
            return Err(lost::silent());
        }
        let began = Instant::now();
        channel.allow(self.left);
        let result = channel.more().await;
        self.left = self.left.saturating_sub(began.elapsed());
        result
    }
}
