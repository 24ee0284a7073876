//! What a vendor's folder gives the driver: tables, and how its services are asked for.

use super::chat::Chat;
use super::engine::Syntax;
use super::mail::{Batch, Outgoing};
use super::report::Report;
use super::session::{FileModule, MailboxModule, no_command};
use super::settings::Settings;
use super::snapshot::{Identity, Registration};
use crate::dialect::Quirk;
use crate::service::{BoxFuture, FileOpen, MailOpen, MailboxOpen, Result, ServerReply};
use core::time::Duration;
use std::fmt::Debug;

/// How a sending ended; the server's word where the module tells it.
pub type Sent = Result<Option<ServerReply>>;

/// How one vendor's modules are driven.
pub trait Drive: Debug + Send + Sync {
    /// The dialect's name in the configuration.
    fn name(&self) -> &'static str;

    /// Its tables.
    fn facts(&self) -> &'static Facts;

    /// Whether a module that says this of itself speaks this dialect.
    fn recognises(&self, identity: &Identity) -> bool;

    /// What an unsolicited line says to the driver as such.
    fn notice(&self, line: &[u8]) -> Option<Notice>;

    /// What a line says of the sending of a mail, as [`MailJob::send`] returns it; `None` for any other line.
    fn mail_result(&self, line: &[u8]) -> Option<Sent>;

    /// Whether the module is still sending a mail; asked without disturbing that.
    fn is_sending<'a>(&'a self, chat: &'a mut Chat) -> BoxFuture<'a, Result<bool>>;

    /// Whether a mail with this envelope can be carried at all, as far as can be known without the
    /// message and without sending anything. `NotSupported` or `TooLarge` if not.
    fn check_mail(&self, open: &MailOpen) -> Result<()>;

    /// The way to send this mail. `NotSupported` or `TooLarge` where the module could not carry it.
    fn mail<'a>(&self, settings: &'a Settings, mail: &'a Outgoing)
    -> Result<Box<dyn MailJob + 'a>>;

    /// The way to this mailbox. `NotSupported` or `TooLarge` where the module has none, or not such one;
    /// nothing is sent to find that out.
    fn mailbox<'a>(
        &self,
        _settings: &'a Settings,
        _open: &'a MailboxOpen,
    ) -> Result<Box<dyn MailboxModule + 'a>> {
        Err(no_command("for mailboxes"))
    }

    /// The way to this file server; the same.
    fn files<'a>(
        &self,
        _settings: &'a Settings,
        _open: &'a FileOpen,
    ) -> Result<Box<dyn FileModule + 'a>> {
        Err(no_command("for files"))
    }
}

/// The tables of a dialect's driver.
#[derive(Debug)]
pub struct Facts {
    /// How lines are told apart.
    pub syntax: Syntax,
    /// Sent in this order to a module that answers, without `AT`.
    pub setup: &'static [Setup],
    /// Its commands need a SIM that is ready, those that say what it can do, too.
    pub needs_sim: bool,
    /// What tells it to heed RTS and to use CTS, without `AT`; empty: it needs none.
    pub flow: &'static str,
    /// What a module can do, by the test command that it must know.
    pub services: &'static [Service],
    /// The longest time from the command that sends a mail to its result.
    pub sending: Duration,
    /// What ends its data modes, for a module in which nobody knows what goes on; the mildest first. Where several
    /// dialects may be spoken all of theirs are tried.
    pub exits: &'static [Exit],
    /// The most bytes that a data mode may count which nothing else ends; 0 where there is none, or it gives up.
    pub counted: u64,
    /// What its firmware does one way or the other.
    pub quirks: &'static [Quirk],
    /// What restarts the module, without `AT`.
    pub restart: &'static str,
    /// How long it may take to come back.
    pub boot: Duration,
    /// Values that never show, in commands of people and in answers.
    pub secrets: &'static [SecretValue],
    /// Commands that people may not send: they end in data mode, change the line under us, or switch
    /// the module off. Names as [`crate::at::Name`] spells them: `+IPR`, `E`, `&F`.
    pub refused_by_hand: &'static [&'static str],
}

/// What may end a data mode.
#[derive(Clone, Copy, Debug)]
pub struct Exit {
    /// What is sent.
    pub bytes: &'static [u8],
    /// How long the module may take to say something to it.
    pub within: Duration,
}

/// ESC leaves a prompt for a text (27.005 section 3.5.1); CR, since to a module without one that was half a line.
pub const ESCAPE_KEY: Exit = Exit {
    bytes: b"\x1b\r",
    within: Duration::from_millis(300),
};

/// A command that configures a module.
#[derive(Debug)]
pub struct Setup {
    /// Without `AT`.
    pub command: &'static str,
    /// Without it the module cannot be driven; else a refusal is only noted.
    pub required: bool,
}

impl Setup {
    /// One without which the module cannot be driven.
    pub const fn required(command: &'static str) -> Self {
        Self {
            command,
            required: true,
        }
    }

    /// One that a module may refuse.
    pub const fn wished(command: &'static str) -> Self {
        Self {
            command,
            required: false,
        }
    }
}

/// Something that a module can do.
#[derive(Debug)]
pub struct Service {
    /// Its name in `Modem.Services`.
    pub name: &'static str,
    /// The test command, without `AT`.
    pub test: &'static str,
    /// Test commands, without `AT`, of which none may be known: modules of another family have commands of
    /// the same names with another meaning.
    pub unless: &'static [&'static str],
}

/// A value that never shows.
#[derive(Debug)]
pub struct SecretValue {
    /// The command's or line's name with its sign.
    pub name: &'static str,
    /// The first value, where only such lines hold a secret; else empty.
    pub key: &'static str,
    /// Its place, counted from 0.
    pub place: usize,
}

impl SecretValue {
    /// A value of every line of this name.
    pub const fn of(name: &'static str, place: usize) -> Self {
        Self::under(name, "", place)
    }

    /// A value of the lines of this name whose first value is `key`.
    pub const fn under(name: &'static str, key: &'static str, place: usize) -> Self {
        Self { name, key, place }
    }
}

/// What an unsolicited line says.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Notice {
    /// Registration changed.
    Registration(Registration),
    /// The module has restarted: nothing that was set holds.
    Restarted,
    /// The SIM is ready now: the module may be able to do more.
    SimReady,
}

/// One mail on its way through a module. Steps are called in this order; [`Self::compose`] and
/// [`Self::send`] once for each batch of recipients, [`Self::clean`] always.
pub trait MailJob: Send {
    /// Everything that all batches share: bearer, server, account, files.
    fn prepare<'a>(
        &'a mut self,
        chat: &'a mut Chat,
        report: &'a Report,
    ) -> BoxFuture<'a, Result<()>>;

    /// Composes the mail for these recipients.
    fn compose<'a>(
        &'a mut self,
        chat: &'a mut Chat,
        batch: &'a Batch,
        report: &'a Report,
    ) -> BoxFuture<'a, Result<()>>;

    /// Sends what was composed and waits for the result; the server's word where the module tells it.
    fn send<'a>(&'a mut self, chat: &'a mut Chat, report: &'a Report) -> BoxFuture<'a, Sent>;

    /// Leaves nothing behind in the module, however the mail ended. Must do without the module if that
    /// is gone.
    fn clean<'a>(&'a mut self, chat: &'a mut Chat) -> BoxFuture<'a, ()>;
}
