//! A small SMTP server with one fault, and what it takes to send a mail to it.

use crate::clock::Clock;
use crate::disk::Disk;
use crate::net::smtp::open::Envelope;
use crate::net::smtp::session::Session;
use crate::net::stream::Stream;
use crate::net::{Dialer, SmtpBack, Timeouts, Tls};
use crate::service::{
    BoxFuture, Content, Credentials, Delivered, Error, MailOpen, MailSession, Mechanism, Phase,
    Progress, RecipientPolicy, Result, Secret, Server, Shape, Tls as Protection,
};
use rcgen::{BasicConstraints, CertificateParams, DnType, IsCa, Issuer, KeyPair, date_time_ymd};
use rustls::ServerConfig;
use rustls_pki_types::{PrivateKeyDer, PrivatePkcs8KeyDer};
use std::path::PathBuf;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::time::{Duration, SystemTime};
use tokio::io::{
    AsyncBufReadExt, AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt, BufReader, duplex,
};
use tokio::task::JoinHandle;
use tokio_rustls::TlsAcceptor;

pub(super) const HOST: &str = "mail.example.org";

/// Where in a session something happens.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum At {
    Greeting,
    FirstEhlo,
    StartTls,
    Ehlo,
    Auth,
    Mail,
    /// The recipient of this number.
    Rcpt(usize),
    Data,
    /// While content comes.
    Content,
    /// After the last dot.
    End,
    Quit,
}

/// What happens there instead of the proper reply.
#[derive(Clone, Debug)]
pub(super) enum Fault {
    Silence,
    Close,
    /// A byte of the reply each second, and it has no end.
    Drip,
    /// This, then on as if nothing had been.
    Say(Vec<u8>),
    /// This, then the connection is closed.
    SayAndClose(Vec<u8>),
}

/// How the server behaves.
#[derive(Clone)]
pub(super) struct Plan {
    pub(super) protection: Protection,
    pub(super) fault: Option<(At, Fault)>,
    /// The fault once a message was taken.
    pub(super) second: Option<(At, Fault)>,
    pub(super) offers: Vec<&'static str>,
    pub(super) certificate: Arc<ServerConfig>,
}

/// What the server saw.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct Seen {
    pub(super) commands: Vec<String>,
    /// Dot-stuffed, without the end.
    pub(super) content: Option<Vec<u8>>,
}

impl Plan {
    pub(super) fn new(protection: Protection) -> Self {
        Self {
            protection,
            fault: None,
            second: None,
            offers: vec!["SIZE 1000000", "8BITMIME", "AUTH PLAIN LOGIN"],
            certificate: Authority::new().server(HOST, (2000, 2900)),
        }
    }

    pub(super) fn with(protection: Protection, at: At, fault: Fault) -> Self {
        Self {
            fault: Some((at, fault)),
            ..Self::new(protection)
        }
    }

    fn take(&mut self, at: At) -> Option<Fault> {
        self.fault
            .take_if(|(there, _)| *there == at)
            .map(|(_, fault)| fault)
    }
}

/// The end of a server: what it saw.
struct Over;

struct Conversation<T> {
    io: BufReader<T>,
    plan: Plan,
    seen: Arc<Mutex<Seen>>,
}

impl<T: AsyncRead + AsyncWrite + Unpin> Conversation<T> {
    async fn say(&mut self, at: At, proper: &str) -> std::result::Result<(), Over> {
        let (bytes, close) = match self.plan.take(at) {
            None => (proper.as_bytes().to_vec(), false),
            Some(Fault::Say(bytes)) => (bytes, false),
            Some(Fault::SayAndClose(bytes)) => (bytes, true),
            Some(Fault::Close) => return Err(Over),
            Some(Fault::Silence) => std::future::pending().await,
            Some(Fault::Drip) => {
                self.write(b"250-").await?;
                loop {
                    tokio::time::sleep(Duration::from_secs(1)).await;
                    self.write(b"x").await?;
                }
            }
        };
        self.write(&bytes).await?;
        if close { Err(Over) } else { Ok(()) }
    }

    async fn write(&mut self, bytes: &[u8]) -> std::result::Result<(), Over> {
        self.io.get_mut().write_all(bytes).await.map_err(|_| Over)?;
        self.io.get_mut().flush().await.map_err(|_| Over)
    }

    async fn command(&mut self) -> std::result::Result<String, Over> {
        let mut line = String::new();
        match self.io.read_line(&mut line).await {
            Ok(1..) => {
                self.seen
                    .lock()
                    .unwrap()
                    .commands
                    .push(line.trim_end().into());
                Ok(line)
            }
            _ => Err(Over),
        }
    }

    fn hello(&self) -> String {
        let mut reply = format!("250-{HOST}\r\n");
        for offer in &self.plan.offers {
            reply.push_str(&format!("250-{offer}\r\n"));
        }
        reply + "250 HELP\r\n"
    }

    /// Everything after the greeting, or after STARTTLS. `true`: TLS is to begin.
    async fn serve(&mut self, first: bool) -> std::result::Result<bool, Over> {
        let mut recipients = 0;
        loop {
            let line = self.command().await?;
            let verb = line.split([' ', '\r']).next().unwrap_or_default();
            match verb {
                "EHLO" if first => {
                    let reply = format!("250-{HOST}\r\n250-AUTH PLAIN\r\n250 STARTTLS\r\n");
                    self.say(At::FirstEhlo, &reply).await?;
                }
                "EHLO" => self.say(At::Ehlo, &self.hello()).await?,
                "STARTTLS" => {
                    self.say(At::StartTls, "220 go on\r\n").await?;
                    return Ok(true);
                }
                "AUTH" => self.auth(&line).await?,
                "MAIL" => self.say(At::Mail, "250 2.1.0 ok\r\n").await?,
                "RCPT" => {
                    self.say(At::Rcpt(recipients), "250 2.1.5 ok\r\n").await?;
                    recipients += 1;
                }
                "NOOP" => self.write(b"250 here\r\n").await?,
                "DATA" => {
                    let refused = matches!(self.plan.fault, Some((At::Data, _)));
                    self.say(At::Data, "354 go on\r\n").await?;
                    if refused {
                        continue;
                    }
                    self.content().await?;
                    self.say(At::End, "250 2.0.0 taken as 1\r\n").await?;
                    self.plan.fault = self.plan.fault.take().or(self.plan.second.take());
                }
                "QUIT" => {
                    self.say(At::Quit, "221 bye\r\n").await?;
                    return Err(Over);
                }
                _ => self.write(b"500 what?\r\n").await?,
            }
        }
    }

    async fn auth(&mut self, line: &str) -> std::result::Result<(), Over> {
        if line.starts_with("AUTH LOGIN") {
            self.write(b"334 VXNlcm5hbWU6\r\n").await?;
            self.command().await?;
            self.write(b"334 UGFzc3dvcmQ6\r\n").await?;
            self.command().await?;
        }
        self.say(At::Auth, "235 2.7.0 welcome\r\n").await
    }

    async fn content(&mut self) -> std::result::Result<(), Over> {
        let fault = self.plan.take(At::Content);
        let mut content = Vec::new();
        loop {
            let mut piece = [0; 4096];
            match self.io.read(&mut piece).await {
                Ok(count @ 1..) => content.extend_from_slice(&piece[..count]),
                _ => return Err(Over),
            }
            match &fault {
                Some(Fault::Silence) => std::future::pending().await,
                Some(Fault::SayAndClose(bytes)) => {
                    self.write(bytes).await?;
                    return Err(Over);
                }
                Some(_) => return Err(Over),
                None => {}
            }
            if let Some(whole) = content.strip_suffix(b"\r\n.\r\n") {
                self.seen.lock().unwrap().content = Some(whole.to_vec());
                return Ok(());
            }
        }
    }
}

/// Runs the server on this stream. A server that is over closes.
async fn run(
    io: impl AsyncRead + AsyncWrite + Unpin,
    plan: Plan,
    seen: Arc<Mutex<Seen>>,
) -> std::result::Result<(), Over> {
    let acceptor = TlsAcceptor::from(Arc::clone(&plan.certificate));
    match plan.protection {
        Protection::None => talk(io, plan, seen, false).await.map(drop),
        Protection::Implicit => {
            let io = acceptor.accept(io).await.map_err(|_| Over)?;
            talk(io, plan, seen, false).await.map(drop)
        }
        Protection::StartTls => {
            let (io, plan) = talk(io, plan, Arc::clone(&seen), true).await?;
            let io = acceptor.accept(io).await.map_err(|_| Over)?;
            let mut secured = Conversation {
                io: BufReader::new(io),
                plan,
                seen,
            };
            secured.serve(false).await.map(drop)
        }
    }
}

async fn talk<T: AsyncRead + AsyncWrite + Unpin>(
    io: T,
    plan: Plan,
    seen: Arc<Mutex<Seen>>,
    first: bool,
) -> std::result::Result<(T, Plan), Over> {
    let mut clear = Conversation {
        io: BufReader::new(io),
        plan,
        seen,
    };
    clear
        .say(At::Greeting, "220 mail.example.org ESMTP\r\n")
        .await?;
    clear.serve(first).await?;
    Ok((clear.io.into_inner(), clear.plan))
}

/// Serves one client; what was seen of it.
pub(super) async fn serve(io: impl AsyncRead + AsyncWrite + Unpin, plan: Plan) -> Seen {
    let seen: Arc<Mutex<Seen>> = Arc::default();
    let _ = run(io, plan, Arc::clone(&seen)).await;
    std::mem::take(&mut *seen.lock().unwrap())
}

/// A server that runs, and the client's end of its line.
pub(super) struct Running {
    pub(super) stream: Stream,
    rest: Rest,
}

/// The server's end.
pub(super) struct Rest {
    seen: Arc<Mutex<Seen>>,
    task: JoinHandle<()>,
}

impl Running {
    pub(super) fn split(self) -> (Stream, Rest) {
        (self.stream, self.rest)
    }
}

impl Rest {
    /// What the server saw, once it is over; one that has fallen silent is not waited for.
    pub(super) async fn seen(self) -> Seen {
        let _ = tokio::time::timeout(Duration::from_secs(3600), self.task).await;
        std::mem::take(&mut *self.seen.lock().unwrap())
    }
}

pub(super) fn start(plan: Plan) -> Running {
    let (ours, theirs) = duplex(16 * 1024);
    let seen: Arc<Mutex<Seen>> = Arc::default();
    let task = tokio::spawn({
        let seen = Arc::clone(&seen);
        async move { drop(run(theirs, plan, seen).await) }
    });
    Running {
        stream: Stream::new(ours, ([192, 0, 2, 25], 465).into()),
        rest: Rest { seen, task },
    }
}

/// What a back told while it worked.
#[derive(Default)]
pub(super) struct Told {
    pub(super) phases: Mutex<Vec<Phase>>,
    pub(super) committing: AtomicUsize,
    pub(super) refuse_commit: bool,
}

impl Progress for Told {
    fn phase(&self, phase: Phase) {
        self.phases.lock().unwrap().push(phase);
    }

    fn bytes(&self, done: u64, total: u64) {
        assert!(done <= total);
    }

    fn committing(&self) -> BoxFuture<'_, Result<()>> {
        Box::pin(async move {
            self.committing.fetch_add(1, Ordering::SeqCst);
            if self.refuse_commit {
                return Err(Error::new(crate::service::ErrorKind::SpoolFull, "as told"));
            }
            Ok(())
        })
    }
}

#[derive(Debug)]
struct UnsetClock;

impl Clock for UnsetClock {
    fn uptime(&self) -> Duration {
        Duration::from_secs(60)
    }

    fn boot(&self) -> String {
        String::new()
    }

    fn date(&self) -> Option<SystemTime> {
        None
    }
}

/// A certificate authority of our own.
pub(super) struct Authority {
    issuer: Issuer<'static, KeyPair>,
    pem: String,
}

impl Authority {
    /// Always with the same key, so that every plan is believed.
    pub(super) fn new() -> Self {
        static KEY: std::sync::OnceLock<(Vec<u8>, String)> = std::sync::OnceLock::new();
        let (key, pem) = KEY.get_or_init(|| {
            let key = KeyPair::generate().unwrap();
            let pem = Self::parameters().self_signed(&key).unwrap().pem();
            (key.serialize_der(), pem)
        });
        let key = KeyPair::try_from(key.as_slice()).unwrap();
        Self {
            issuer: Issuer::new(Self::parameters(), key),
            pem: pem.clone(),
        }
    }

    fn parameters() -> CertificateParams {
        let mut parameters = CertificateParams::default();
        parameters.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        parameters
            .distinguished_name
            .push(DnType::CommonName, "hayesd test authority");
        parameters
    }

    /// A server's side for this name, valid from and until the beginning of these years.
    pub(super) fn server(&self, host: &str, years: (i32, i32)) -> Arc<ServerConfig> {
        let key = KeyPair::generate().unwrap();
        let mut parameters = CertificateParams::new(vec![host.into()]).unwrap();
        parameters.not_before = date_time_ymd(years.0, 1, 1);
        parameters.not_after = date_time_ymd(years.1, 1, 1);
        let certificate = parameters.signed_by(&key, &self.issuer).unwrap();
        let provider = Arc::new(rustls::crypto::ring::default_provider());
        let config = ServerConfig::builder_with_provider(provider)
            .with_safe_default_protocol_versions()
            .unwrap()
            .with_no_client_auth()
            .with_single_cert(
                vec![certificate.der().clone()],
                PrivateKeyDer::Pkcs8(PrivatePkcs8KeyDer::from(key.serialize_der())),
            )
            .unwrap();
        Arc::new(config)
    }

    /// A client's side that believes this authority.
    pub(super) fn client(&self, clock_is_set: bool) -> Tls {
        let file = Temporary::new(self.pem.as_bytes());
        let clock: Arc<dyn Clock> = if clock_is_set {
            Arc::new(crate::clock::SystemClock)
        } else {
            Arc::new(UnsetClock)
        };
        Tls::load(&crate::net::Roots::File(file.0.clone()), clock).unwrap()
    }
}

/// A file that goes with the test.
pub(super) struct Temporary(pub(super) PathBuf);

impl Temporary {
    pub(super) fn new(bytes: &[u8]) -> Self {
        static COUNT: AtomicUsize = AtomicUsize::new(0);
        let count = COUNT.fetch_add(1, Ordering::Relaxed);
        let name = format!("hayesd-smtp-{}-{count}", std::process::id());
        let path = std::env::temp_dir().join(name);
        std::fs::write(&path, bytes).unwrap();
        Self(path)
    }

    pub(super) fn content(&self) -> Content {
        Content {
            path: self.0.clone(),
            size: std::fs::metadata(&self.0).unwrap().len(),
        }
    }
}

impl Drop for Temporary {
    fn drop(&mut self) {
        let _ = std::fs::remove_file(&self.0);
    }
}

pub(super) fn back() -> SmtpBack {
    SmtpBack::new(
        Dialer::new(Timeouts::default()),
        Authority::new().client(true),
        Disk::inline(),
    )
}

pub(super) fn request(protection: Protection) -> MailOpen {
    MailOpen {
        reach: Default::default(),
        server: Server {
            host: HOST.into(),
            port: 465,
            tls: protection,
        },
        credentials: Some(Credentials {
            user: "pump7".into(),
            password: Secret::new("Planted-Secret".into()),
            plain_auth: true,
            mechanism: Mechanism::default(),
        }),
        sender: "pump7@example.org".into(),
        recipients: vec![
            "a@example.org".into(),
            "b@example.org".into(),
            "c@example.org".into(),
        ],
        policy: RecipientPolicy::AnyAccepted,
        shape: Shape::default(),
        share: false,
        patience: None,
    }
}

pub(super) const MESSAGE: &[u8] = b"From: pump7@example.org\r\n\r\n.\r\nhigh\r\n..x\r\n";

/// Opens a session.
pub(super) async fn open(stream: Stream, request: &MailOpen, told: &Told) -> Result<Session> {
    let envelope = Envelope::check(request)?;
    back().open_over(stream, request, envelope, told).await
}

/// Sends a mail; what came of it and what the server saw.
pub(super) async fn send(plan: Plan, request: &MailOpen, told: &Told) -> (Result<Delivered>, Seen) {
    let (stream, rest) = start(plan).split();
    let file = Temporary::new(MESSAGE);
    let result = match open(stream, request, told).await {
        Ok(mut session) => session.finish(&file.content(), told).await,
        Err(error) => Err(error),
    };
    (result, rest.seen().await)
}
