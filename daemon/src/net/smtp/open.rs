//! From a bare stream to a session with its recipients named.

use super::super::replies::Reply;
use super::super::stream::Stream;
use super::SmtpBack;
use super::connection::{Connection, Offers, hello_name};
use super::failure::{self, Step};
use super::kept::Use;
use super::session::Session;
use super::wire::Wire;
use crate::message::check_address;
use crate::service::{
    Certainty, Error, ErrorKind, Fault, MailOpen, Phase, Progress, RecipientPolicy, Result, Tls,
    Verdict,
};
use lettre::transport::smtp::commands::{Ehlo, Mail, Rcpt, Starttls};
use lettre::transport::smtp::extension::{ClientId, MailBodyParameter, MailParameter};
use std::time::Duration;
use tokio::time::timeout;

/// A connection that was kept and takes longer than this is given up: its link may have gone meanwhile, and a
/// new one costs nothing but time.
const PATIENCE: Duration = Duration::from_secs(30);

/// The code of a greeting that lets us in (RFC 5321 section 4.3.1).
const GREETING: u16 = 220;

/// Sender and recipients, judged: nothing in them can be taken for a command.
pub(super) struct Envelope {
    /// `None` for a bounce.
    sender: Option<lettre::Address>,
    recipients: Vec<lettre::Address>,
}

impl Envelope {
    /// InvalidArgument for a malformed address, no recipient, or a password that would go in clear.
    pub(super) fn check(request: &MailOpen) -> Result<Self> {
        if request.recipients.is_empty() {
            return Err(Error::new(ErrorKind::InvalidArgument, "no recipient"));
        }
        if let (Some(who), Tls::None) = (&request.credentials, request.server.tls)
            && !who.plain_auth
        {
            return Err(Error::new(
                ErrorKind::InvalidArgument,
                "the password would go in clear: use TLS, or allow it with plain_auth",
            ));
        }
        let sender = match request.sender.as_str() {
            "" => None,
            sender => Some(address(sender)?),
        };
        let recipients = request
            .recipients
            .iter()
            .map(|recipient| address(recipient))
            .collect::<Result<_>>()?;
        Ok(Self { sender, recipients })
    }
}

fn address(text: &str) -> Result<lettre::Address> {
    let text = check_address(text)?;
    let (local, domain) = text.rsplit_once('@').unwrap_or((&text, ""));
    // "dangerous" is unchecked: check_address is stricter than lettre.
    Ok(lettre::Address::new_dangerous(local, domain))
}

fn is_ascii(address: &lettre::Address) -> bool {
    let text: &str = address.as_ref();
    text.is_ascii()
}

impl SmtpBack {
    /// Opens a session over a connection that has carried another mail. `None`: there is none, or it is no good
    /// any more; nothing was sent, and what is wrong with the mail itself shows over a new one.
    pub(super) async fn open_again(
        &self,
        request: &MailOpen,
        envelope: &Envelope,
        progress: &dyn Progress,
    ) -> Option<Session> {
        let (mut connection, usage) = self.kept.take(request)?;
        progress.phase(Phase::Preparing);
        let naming = name_recipients(&mut connection, request, envelope);
        match timeout(PATIENCE, naming).await {
            Ok(Ok(verdicts)) if !verdicts.iter().any(is_for_now) => {
                let usage = Some((self.kept.clone(), usage));
                let disk = self.disk.clone();
                return Some(Session::new(connection, verdicts, disk, usage));
            }
            // Perhaps only because it has had so many already.
            Ok(Ok(_)) => drop(tokio::spawn(connection.quit())),
            Ok(Err(error)) => connection.leave(&error),
            // In the middle of something: it is closed.
            Err(_) => {}
        }
        None
    }

    /// Opens a session over a stream that is connected.
    pub(super) async fn open_over(
        &self,
        stream: Stream,
        request: &MailOpen,
        envelope: Envelope,
        progress: &dyn Progress,
    ) -> Result<Session> {
        let timeouts = self.dialer.timeouts.within(request.patience);
        let host = &request.server.host;
        let name = hello_name(stream.local());
        let wire = Wire::new(stream, timeouts);
        if request.server.tls == Tls::Implicit {
            wire.secure(&self.tls, host).await?;
        }
        wire.allow(timeouts.greeting);
        let greeting = wire.reply().await?;
        if greeting.code == GREETING {
            // Some wait for just that, whatever the server says next.
            progress.phase(Phase::Preparing);
        }
        if request.server.tls == Tls::StartTls {
            self.start_tls(&wire, &greeting, request, &name).await?;
        }
        // It is lettre that judges it.
        wire.replay(&greeting);
        let mut connection = Connection::hello(wire, &name, timeouts).await?;
        match introduce(&mut connection, request, &envelope, progress).await {
            Ok(verdicts) => {
                let usage = Use::of(request).map(|usage| (self.kept.clone(), usage));
                let disk = self.disk.clone();
                Ok(Session::new(connection, verdicts, disk, usage))
            }
            Err(error) => {
                connection.leave(&error);
                Err(error)
            }
        }
    }

    /// STARTTLS (RFC 3207): whatever the server said in clear is forgotten but its greeting, which lettre
    /// wants to read.
    async fn start_tls(
        &self,
        wire: &Wire,
        greeting: &Reply,
        request: &MailOpen,
        name: &ClientId,
    ) -> Result<()> {
        let timeouts = self.dialer.timeouts.within(request.patience);
        let host = &request.server.host;
        expect(greeting, GREETING)?;
        let ask = async |command: String, code: u16| {
            wire.allow(timeouts.command);
            if wire.has_unasked() {
                let reply = wire.reply().await?;
                return Err(failure::from_reply(&reply, Step::Hello));
            }
            wire.write(command.as_bytes())
                .await
                .map_err(|error| failure::from_io(&error))?;
            let reply = wire.reply().await?;
            expect(&reply, code)?;
            Ok(reply)
        };
        let hello = ask(Ehlo::new(name.clone()).to_string(), 250).await?;
        if !Offers::read(&hello).starttls {
            return Err(Error::new(
                ErrorKind::TlsFailed,
                "the server offers no STARTTLS, or somebody on the way hides it",
            )
            .by(Fault::Server));
        }
        ask(Starttls.to_string(), 220).await?;
        wire.secure(&self.tls, host).await
    }
}

fn expect(reply: &Reply, code: u16) -> Result<()> {
    if reply.code == code {
        Ok(())
    } else {
        Err(failure::from_reply(reply, Step::Hello))
    }
}

/// Says who we are, and for whom the mail is.
async fn introduce(
    connection: &mut Connection,
    request: &MailOpen,
    envelope: &Envelope,
    progress: &dyn Progress,
) -> Result<Vec<Verdict>> {
    if let Some(who) = &request.credentials {
        progress.phase(Phase::Authenticating);
        connection.authenticate(who).await?;
    }
    progress.phase(Phase::Preparing);
    name_recipients(connection, request, envelope).await
}

async fn name_recipients(
    connection: &mut Connection,
    request: &MailOpen,
    envelope: &Envelope,
) -> Result<Vec<Verdict>> {
    let time = connection.timeouts.command;
    let parameters = mail_parameters(&connection.offers, request, envelope)?;
    let mail = Mail::new(envelope.sender.clone(), parameters);
    let reply = connection.command(mail, Step::Message, time).await?;
    if !reply.is_completed() {
        return Err(failure::from_reply(&reply, Step::Message));
    }
    let mut verdicts = Vec::with_capacity(envelope.recipients.len());
    for recipient in &envelope.recipients {
        let verdict = if is_ascii(recipient) || connection.offers.utf8 {
            name_one(connection, recipient.clone()).await?
        } else {
            Verdict::Refused(no_utf8())
        };
        if let (Verdict::Refused(why), RecipientPolicy::AllOrNone) = (&verdict, request.policy) {
            return Err(why.clone());
        }
        verdicts.push(verdict);
    }
    Ok(verdicts)
}

async fn name_one(connection: &mut Connection, recipient: lettre::Address) -> Result<Verdict> {
    let time = connection.timeouts.command;
    let rcpt = Rcpt::new(recipient, Vec::new());
    match connection.command(rcpt, Step::Recipient, time).await {
        Ok(reply) if reply.is_completed() => Ok(Verdict::Accepted(Certainty::Observed)),
        Ok(reply) => Err(failure::from_reply(&reply, Step::Recipient)),
        // 421 is about the connection, whatever it answers (RFC 5321 section 3.8).
        Err(error) => match &error.reply {
            Some(reply) if reply.code != 421 => Ok(Verdict::Refused(error)),
            _ => Err(error),
        },
    }
}

fn is_for_now(verdict: &Verdict) -> bool {
    matches!(verdict, Verdict::Refused(error) if error.is_temporary())
}

fn no_utf8() -> Error {
    Error::new(
        ErrorKind::NotSupported,
        "the server takes no UTF-8 in addresses and headers (SMTPUTF8)",
    )
    .by(Fault::Server)
}

fn mail_parameters(
    offers: &Offers,
    request: &MailOpen,
    envelope: &Envelope,
) -> Result<Vec<MailParameter>> {
    let mut parameters = Vec::new();
    let size = request.shape.size;
    if let Some(limit) = offers.size
        && size > limit
    {
        return Err(Error::new(
            ErrorKind::TooLarge,
            format!("the message has {size} bytes, the server takes {limit}"),
        )
        .by(Fault::Server));
    }
    if let (Ok(size @ 1..), Some(_)) = (usize::try_from(size), offers.size) {
        parameters.push(MailParameter::Size(size));
    }
    let sender_needs = envelope
        .sender
        .as_ref()
        .is_some_and(|sender| !is_ascii(sender));
    if (request.shape.utf8_headers || sender_needs) && !offers.utf8 {
        return Err(no_utf8());
    }
    let someone_needs = !envelope.recipients.iter().all(is_ascii);
    if offers.utf8 && (request.shape.utf8_headers || sender_needs || someone_needs) {
        parameters.push(MailParameter::SmtpUtfEight);
    }
    if request.shape.eight_bit || request.shape.utf8_headers {
        if !offers.eight_bit {
            return Err(Error::new(
                ErrorKind::NotSupported,
                "the server takes no bytes >= 0x80 (8BITMIME)",
            )
            .by(Fault::Server));
        }
        parameters.push(MailParameter::Body(MailBodyParameter::EightBitMime));
    }
    Ok(parameters)
}
