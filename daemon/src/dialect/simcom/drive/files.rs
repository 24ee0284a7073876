//! Files of a server, over the line (manual, chapter FTP; reference 6, 13.3). Each transfer logs in and out by
//! itself.

use super::super::codes::{CME, FTP};
use super::super::names::{
    CFTPGET, CFTPLIST, CFTPMODE, CFTPPORT, CFTPPUT, CFTPPW, CFTPSERV, CFTPTYPE, CFTPUN,
};
use super::letter::{check_server, not_supported};
use super::steps::{of_ftp, set};
use super::store::path_value;
use super::{bearer, by_file, folder, quirks};
use crate::at::response::{FinalResult, Value, named};
use crate::message::Charset;
use crate::modem::{
    Chat, ChatError, Expect, FileModule, Leave, Line, Payload, Piece, Prompt, Settings, StreamEnd,
    Streamed, TRIES, code_of, refused, until_answered,
};
use crate::service::{
    BoxFuture, Error, ErrorKind, Fault, FileOpen, Representation, Result, Secret, Sink,
};
use core::time::Duration;
use hayes_ldisc::discipline::stuffing;
use tokio::sync::mpsc;

/// Name, connection and login; and the next block of a transfer (reference 11).
const BEGIN: Duration = Duration::from_secs(90);
const BLOCK: Duration = Duration::from_secs(60);

/// From the end of the data to `OK`.
const STORED: Duration = Duration::from_secs(180);

/// A result that stood before its `OK` (16-A13).
const OK: Duration = Duration::from_secs(2);

/// Ends the data. What else is open when a transfer breaks off takes ESC for data, and this for its end.
const END: &[u8] = &[stuffing::END];
const BROKEN_OFF: &[u8] = b"\x1b\x1a";

/// Failures after which a transfer that has moved nothing may fare better at once (quirk Q12).
const AGAIN: [u32; 3] = [203, 210, 214];

/// Who we are to a server that wants to know nobody (RFC 1635).
const ANONYMOUS: &str = "anonymous";

/// The logout failed: all data had been there before.
const NO_LOGOUT: u32 = 209;

/// A file server.
pub(super) struct Files<'a> {
    settings: &'a Settings,
    open: &'a FileOpen,
    charset: Charset,
    /// Files go through the module's memory.
    by_file: bool,
    /// There may be one of ours.
    stored: bool,
}

/// Checks what is known before anything is sent.
pub(super) fn check(open: &FileOpen) -> Result<()> {
    check_server(&open.server, open.credentials.as_ref())?;
    match open.account {
        Some(_) => Err(not_supported("an account besides user and password")),
        None => Ok(()),
    }
}

/// The number of a result in the manual's table of transfers, which it may tell in words.
fn number_of(result: &FinalResult) -> Option<u32> {
    code_of(result, &[FTP]).map(|code| code.number.into())
}

/// What a refused transfer means.
fn refusal(name: &str, result: &FinalResult) -> Error {
    match number_of(result) {
        Some(number) => of_ftp(name, number),
        None => refused(result, &[FTP, CME], name),
    }
}

/// How an attempt failed.
pub(super) struct Failed {
    pub(super) error: Error,
    /// Nothing was moved, and it may fare better at once.
    again: bool,
    /// The command was refused without a number, as one is that the module does not know.
    unknown: bool,
}

impl From<Error> for Failed {
    fn from(error: Error) -> Self {
        Self {
            error,
            again: false,
            unknown: false,
        }
    }
}

impl From<ChatError> for Failed {
    fn from(error: ChatError) -> Self {
        Error::from(error).into()
    }
}

impl Failed {
    pub(super) fn by(name: &str, number: u32, moved: bool) -> Self {
        Self {
            error: of_ftp(name, number),
            again: !moved && AGAIN.contains(&number),
            unknown: false,
        }
    }

    /// By a result, nothing having been moved unless `moved`.
    pub(super) fn result(name: &str, result: &FinalResult, moved: bool) -> Self {
        match number_of(result) {
            Some(number) if AGAIN.contains(&number) => Self::by(name, number, moved),
            _ => Self {
                error: refusal(name, result),
                again: false,
                unknown: *result == FinalResult::Error && !moved,
            },
        }
    }
}

/// Counts attempts.
#[derive(Default)]
pub(super) struct Tries(u32);

impl Tries {
    /// Whether what failed so may fare better at once.
    pub(super) fn again(&mut self, failed: &Failed) -> bool {
        self.0 += 1;
        failed.again && self.0 < TRIES
    }
}

impl<'a> Files<'a> {
    pub(super) fn new(settings: &'a Settings, open: &'a FileOpen) -> Self {
        Self {
            settings,
            open,
            charset: quirks::charset(settings),
            by_file: quirks::ftp_by_file(settings),
            stored: false,
        }
    }

    /// A transfer's line. InvalidArgument, NotSupported.
    fn line(&self, name: &str, path: &str) -> Result<Line> {
        if path.is_empty() {
            let text = "the remote path is empty";
            return Err(Error::new(ErrorKind::InvalidArgument, text));
        }
        path_value(Line::new(name), path, self.charset)
    }

    /// Whether files go through the module's memory from now on, since it refused this command: it does not know it.
    async fn turns_to_files(&mut self, chat: &mut Chat, test: &str, failed: &Failed) -> bool {
        if !failed.unknown {
            return false;
        }
        let known = until_answered(chat, &Line::new(test), Expect::any()).await;
        self.by_file = known.is_ok_and(|answer| !answer.result.is_ok());
        self.by_file
    }

    /// All of it each time: the module may have restarted (16-A34), and its defaults are not ours (16-A35).
    async fn configure(&self, chat: &mut Chat) -> Result<()> {
        bearer::up(chat, self.settings).await?;
        let server = &self.open.server;
        let line = Line::new(CFTPSERV).text(&server.host)?;
        set(chat, &line, "server").await?;
        let line = Line::new(CFTPPORT).number(server.port);
        set(chat, &line, "server").await?;
        let line = Line::new(CFTPMODE).number(u32::from(!self.open.active));
        set(chat, &line, "mode").await?;
        let nobody = Secret::new("anonymous@".to_owned());
        let (user, password) = match &self.open.credentials {
            Some(who) => (&who.user[..], &who.password),
            None => (ANONYMOUS, &nobody),
        };
        set(chat, &Line::new(CFTPUN).text(user)?, "user").await?;
        set(chat, &Line::new(CFTPPW).secret(password)?, "password").await
    }

    async fn representation(&self, chat: &mut Chat, of: Representation) -> Result<()> {
        let letter = match of {
            Representation::Image => "I",
            Representation::Ascii => "A",
        };
        set(chat, &Line::new(CFTPTYPE).bare(letter), "type").await
    }

    async fn put(
        &self,
        chat: &mut Chat,
        line: &Line,
        pieces: &mut mpsc::Receiver<Piece>,
    ) -> std::result::Result<u64, Failed> {
        let expect = Expect::result()
            .within(BEGIN)
            .taking(Prompt::Line("+CFTPPUT: BEGIN"), STORED)
            .left_by(Leave::Bytes(BROKEN_OFF));
        let mut payload = Payload {
            pieces,
            encode: stuffing::encode,
            end: END,
            most: None,
            begun: false,
            written: 0,
        };
        let answer = chat.ask_feeding(line, expect, &mut payload).await;
        let (begun, written) = (payload.begun, payload.written);
        let answer = answer.map_err(Error::from)?;
        let logout = number_of(&answer.result) == Some(NO_LOGOUT);
        if answer.result.is_ok() || (begun && logout) {
            return Ok(written);
        }
        Err(Failed::result(CFTPPUT, &answer.result, begun))
    }

    async fn get(
        &self,
        chat: &mut Chat,
        name: &'static str,
        line: &Line,
        into: &mut dyn Sink,
    ) -> std::result::Result<u64, Failed> {
        let expect = Expect::result().within(BEGIN);
        chat.stream(line, name, StreamEnd::Line, expect).await?;
        let outcome = stream(chat, name, into).await;
        chat.end_stream();
        outcome
    }
}

/// Blocks until the number that ends them, before or after `OK`, or without (16-A13).
async fn stream(
    chat: &mut Chat,
    name: &'static str,
    into: &mut dyn Sink,
) -> std::result::Result<u64, Failed> {
    let (mut count, mut answered) = (0, false);
    let number = loop {
        let within = if count == 0 { BEGIN } else { BLOCK };
        match chat.streamed(within).await.map_err(Error::from)? {
            Some(Streamed::Bytes(mut bytes)) => {
                count += bytes.len() as u64;
                into.put(&mut bytes).await?;
            }
            Some(Streamed::Line(line)) => {
                let first = named(&line, name).and_then(|mut values| values.next());
                if let Some(number) = first.and_then(Value::number) {
                    break number;
                }
            }
            Some(Streamed::Result(result)) if result.is_ok() => answered = true,
            Some(Streamed::Result(result)) => {
                return Err(Failed::result(name, &result, count > 0 || answered));
            }
            None => {
                let text = format!("modem, {name}: it stopped in the middle");
                return Err(Error::new(ErrorKind::Timeout, text)
                    .by(Fault::Module)
                    .into());
            }
        }
    };
    if !answered {
        // Its `OK` may follow, or was left out.
        let _ = chat.streamed(OK).await;
    }
    match number {
        0 | NO_LOGOUT => Ok(count),
        number => Err(Failed::by(name, number, count > 0)),
    }
}

impl FileModule for Files<'_> {
    fn open<'s>(&'s mut self, chat: &'s mut Chat) -> BoxFuture<'s, Result<()>> {
        Box::pin(self.configure(chat))
    }

    fn upload<'s>(
        &'s mut self,
        chat: &'s mut Chat,
        path: &'s str,
        representation: Representation,
        size: Option<u64>,
        pieces: &'s mut mpsc::Receiver<Piece>,
    ) -> BoxFuture<'s, Result<u64>> {
        Box::pin(async move {
            let line = self.line(CFTPPUT, path)?;
            self.representation(chat, representation).await?;
            if !self.by_file {
                let mut tries = Tries::default();
                let failed = loop {
                    match self.put(chat, &line, pieces).await {
                        Ok(written) => return Ok(written),
                        Err(failed) if tries.again(&failed) => {}
                        Err(failed) => break failed,
                    }
                };
                if !self.turns_to_files(chat, "+CFTPPUT=?", &failed).await {
                    return Err(failed.error);
                }
            }
            self.stored = true;
            by_file::upload(chat, path, size, self.charset, pieces).await
        })
    }

    fn download<'s>(
        &'s mut self,
        chat: &'s mut Chat,
        path: &'s str,
        representation: Representation,
        into: &'s mut dyn Sink,
    ) -> BoxFuture<'s, Result<u64>> {
        Box::pin(async move {
            let line = self.line(CFTPGET, path)?;
            self.representation(chat, representation).await?;
            if !self.by_file {
                let mut tries = Tries::default();
                let failed = loop {
                    match self.get(chat, CFTPGET, &line, into).await {
                        Ok(count) => return Ok(count),
                        Err(failed) if tries.again(&failed) => {}
                        Err(failed) => break failed,
                    }
                };
                if !self.turns_to_files(chat, "+CFTPGET=?", &failed).await {
                    return Err(failed.error);
                }
            }
            self.stored = true;
            by_file::download(chat, path, self.charset, into).await
        })
    }

    fn list<'s>(
        &'s mut self,
        chat: &'s mut Chat,
        path: &'s str,
        into: &'s mut dyn Sink,
    ) -> BoxFuture<'s, Result<u64>> {
        Box::pin(async move {
            // Later firmware only (quirk Q18).
            let test = Line::new("+CFTPLIST=?");
            let known = until_answered(chat, &test, Expect::any()).await?;
            if !known.result.is_ok() {
                return Err(not_supported("a listing of a folder"));
            }
            let folder = if path.is_empty() { "." } else { path };
            let line = self.line(CFTPLIST, folder)?;
            let outcome = self.get(chat, CFTPLIST, &line, into).await;
            outcome.map_err(|failed| failed.error)
        })
    }

    fn close<'s>(&'s mut self, chat: &'s mut Chat) -> BoxFuture<'s, ()> {
        Box::pin(async move {
            let none = Secret::new(String::new());
            if let Ok(line) = Line::new(CFTPPW).secret(&none) {
                let _ = chat.ask(&line, Expect::result()).await;
            }
            if self.stored
                && let Err(error) = folder::remove(chat, folder::OURS).await
            {
                tracing::debug!(port = %self.settings.name, %error, "cleaning up after a file");
            }
        })
    }
}
