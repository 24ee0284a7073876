//! What a command's code sees and may do.

use super::begun::{Apology, Begun};
use super::client::Client;
use super::memory::{Memory, Slot};
use super::op::{Done, Effect, FileError, MailEnd, MailId, Op};
use super::played;
use super::value::{Value, initial};
use super::xmodem::{Receiver, Sender};
use crate::at::{Format, ResultCode};
use crate::dialect::row::{Key, Parameter, Row};
use crate::dialect::state::{Activity, Event};
use crate::dialect::{Dialect, Identity, Played, Quirk, Quirks};
use hayes_ldisc::discipline::{Cause, Echo, Ends};
use hayes_ldisc::record::LineSettings;
use std::time::Duration;

/// A command as it was asked, its values fitted to its row.
#[derive(Clone, Debug)]
pub struct Call {
    /// Its row.
    pub row: &'static Row,
    /// Its key, where the row has keys.
    pub key: Option<&'static Key>,
    /// The set of values that was chosen, where there are several.
    pub index: Option<u32>,
    /// One for each parameter; `None` where it was left out and has no value for that.
    pub values: Vec<Option<Value>>,
}

impl Call {
    /// The number of a parameter, if it has one.
    pub fn number(&self, parameter: usize) -> Option<u32> {
        let value = self.values.get(parameter)?.as_ref()?;
        Some(value.as_number())
    }

    /// The bytes of a parameter, if it has some.
    pub fn text(&self, parameter: usize) -> Option<Vec<u8>> {
        let value = self.values.get(parameter)?.as_ref()?;
        Some(value.to_bytes())
    }
}

/// What a command came to.
#[derive(Debug)]
pub enum Outcome {
    /// It is done; the next command of the line may run.
    Ok,
    /// It failed; the line ends here.
    Refused(Refusal),
    /// The line ends with this.
    Result(ResultCode),
    /// It goes on when this has been done.
    Wait(Op, Resume),
    /// It takes data.
    Data(Box<DataMode>),
    /// The line ends here, and no result code comes any more: it was said ([`Run::say_result`]) before what
    /// was streamed behind it.
    Said,
    /// The line is done; then the module is silent so long, and starts anew.
    Restart {
        /// How long it is silent.
        silence: Duration,
        /// What it says after `OK`, before it is silent; empty: nothing.
        last_word: &'static str,
    },
}

/// How a command is refused.
#[derive(Clone, Copy, Debug, PartialEq, Eq, serde::Deserialize, serde::Serialize)]
pub enum Refusal {
    /// `ERROR`.
    Error,
    /// `+CME ERROR: …`, as `AT+CMEE` says (3GPP TS 27.007 section 9.1).
    Cme(u16),
}

/// How a command goes on when a request has been done.
pub type Resume = fn(&mut Run<'_>, &Call, Done) -> Outcome;

/// What a data mode was like when it ended.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Collected {
    /// Why it ended.
    pub cause: Cause,
    /// How many bytes came.
    pub count: u64,
    /// The bytes, where they were to be kept in memory: fewer than came where there were more than that.
    pub bytes: Vec<u8>,
    /// The checksum, where they went into a file.
    pub sum: u16,
    /// What went wrong with that file.
    pub failed: Option<FileError>,
}

/// A data mode from the equipment to the module.
#[derive(Debug)]
pub struct DataMode {
    /// How it may end.
    pub ends: Ends,
    /// Where the bytes go.
    pub into: Into,
    /// What is sent back meanwhile.
    pub echo: Echo,
    /// What follows it.
    pub then: fn(&mut Run<'_>, &Call, &Collected) -> Outcome,
}

/// Where the bytes of a data mode go.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Into {
    /// Into memory, at most so many.
    Memory(usize),
    /// Into the file that [`Op::Create`] began.
    File {
        /// Answer an `A` after so many bytes each.
        acknowledge: Option<u32>,
        /// With fewer bytes it becomes none.
        least: u64,
    },
    /// To the server that this client is connected to. Where that fails, or the client has no session, the
    /// bytes are thrown away; [`Op::Settle`] tells. The data mode's end must wait for something of the
    /// client, else it is aborted.
    Peer(Client),
}

/// What a command's code sees and may do. Information and result codes come out when the line is done.
pub struct Run<'a> {
    /// The dialect.
    pub dialect: &'static Dialect,
    /// What the module says that it is.
    pub identity: &'a Identity,
    pub(super) quirks: &'a Quirks,
    /// What it remembers.
    pub memory: &'a mut Memory,
    pub(super) line: &'a mut LineSettings,
    pub(super) configured: LineSettings,
    pub(super) stored: &'a mut Memory,
    pub(super) answer: &'a mut Vec<u8>,
    pub(super) urcs: &'a mut Vec<Vec<u8>>,
    pub(super) after: &'a mut Vec<Effect>,
    pub(super) before: &'a mut Vec<Effect>,
    pub(super) mail: &'a mut Option<MailId>,
    pub(super) apology: &'a mut Option<Apology>,
    pub(super) begun: &'a mut Vec<Begun>,
    pub(super) last_op: &'a mut u32,
    pub(super) tally: &'a mut super::data::Tally,
    pub(super) exchange: &'a mut Option<Exchange>,
}

/// Packets that are exchanged with the equipment until the line is over.
#[derive(Clone, Debug)]
pub enum Exchange {
    /// A file goes.
    Sending(Sender),
    /// One comes.
    Receiving(Receiver),
}

impl Run<'_> {
    /// The tables of the emulator.
    pub fn played(&self) -> &'static Played {
        self.dialect.played
    }

    /// The number of a quirk's value ([`Quirks::get`]).
    pub fn quirk(&self, quirk: &Quirk) -> u32 {
        self.quirks.get(quirk)
    }

    /// Echo in a data mode that has it where command mode has it (`E`).
    pub fn echo(&self) -> Echo {
        match self.setting("E") {
            0 => Echo::None,
            _ => Echo::All,
        }
    }

    /// The row of this name.
    pub fn row(&self, name: &str) -> Option<&'static Row> {
        played::find(self.dialect, name.as_bytes())
    }

    /// How answers are framed at this moment.
    pub fn format(&self) -> Format {
        played::format(self.dialect, self.memory)
    }

    /// Answers a piece of information; LF separates its lines.
    pub fn say(&mut self, text: impl AsRef<[u8]>) {
        self.format().information(text.as_ref(), self.answer);
    }

    /// Answers bytes as they are.
    pub fn say_raw(&mut self, bytes: &[u8]) {
        self.answer.extend(bytes);
    }

    /// Answers a result code without ending the line, such as `CONNECT` before data.
    pub fn say_result(&mut self, code: ResultCode) {
        self.format().result(code, self.answer);
    }

    /// Says an unsolicited line, as soon as the equipment is between two lines.
    pub fn tell(&mut self, text: impl AsRef<[u8]>) {
        let mut line = Vec::new();
        self.format().information(text.as_ref(), &mut line);
        self.urcs.push(line);
    }

    /// Sets the line up as the memory says now (`+IPR`, `+IFC`), once the answer has left.
    pub fn configure(&mut self) {
        let line = played::line(self.dialect, self.memory, self.configured);
        if line != *self.line {
            *self.line = line;
            self.after.push(Effect::Configure(line));
        }
    }

    /// Shows the circuits as the memory says now (`&C`), once the answer has left.
    pub fn show_circuits(&mut self) {
        let circuits = played::circuits(self.dialect, self.memory);
        self.after.push(Effect::SetCircuits(circuits));
    }

    /// The value of a parameter: what was set, else its initial one.
    pub fn value(&self, slot: &Slot, parameter: &Parameter) -> Value {
        let set = self.memory.get(slot).cloned();
        set.unwrap_or_else(|| initial(parameter))
    }

    /// The values under a row's key, or of the row itself.
    pub fn values(
        &self,
        row: &Row,
        key: Option<&Key>,
        index: Option<u32>,
        parameters: &'static [Parameter],
    ) -> Vec<Value> {
        let value = |parameter: &Parameter| {
            self.value(&Slot::at(row, key, index, parameter.name), parameter)
        };
        parameters.iter().map(value).collect()
    }

    /// The first value of the row of this name; 0 where there is no such row.
    pub fn setting(&self, row: &str) -> u32 {
        played::setting(self.dialect, self.memory, row)
    }

    /// The value of an S-register; 0 where there is no such register.
    pub fn register(&self, number: u16) -> u32 {
        played::register(self.dialect, self.memory, number)
    }

    /// How a data mode may always end: by the escape, and by DTR where `&D` says so.
    pub fn ends(&self) -> Ends {
        Ends {
            escape: Some(played::escape(self.dialect, self.memory)),
            dtr: self.setting("&D") != 0,
            ..Ends::default()
        }
    }

    /// The speed of the line.
    pub fn speed(&self) -> u32 {
        self.line.speed
    }

    /// The rows of a list, such as the recipients.
    pub fn list(&self, row: &str) -> Vec<Vec<Value>> {
        match self.memory.get(&Slot::of(row, "list")) {
            Some(Value::List(rows)) => rows.clone(),
            _ => Vec::new(),
        }
    }

    /// Sets the rows of a list.
    pub fn set_list(&mut self, row: &str, rows: Vec<Vec<Value>>) {
        let slot = Slot::of(row, "list");
        if rows.is_empty() {
            self.memory.unset(&slot);
        } else {
            self.memory.set(slot, Value::List(rows));
        }
    }

    /// The state of an activity.
    pub fn state(&self, activity: &Activity) -> &'static str {
        let saved = self.memory.get(&Slot::of("state", activity.name));
        let saved = saved.map(Value::to_bytes).unwrap_or_default();
        let mut states = activity.steps.iter().map(|step| step.to);
        let known = states.find(|state| state.as_bytes() == saved);
        known.unwrap_or_else(|| activity.first())
    }

    /// Takes an activity one step further and says what its row says, with each `{…}` of `words`
    /// filled in. An event that the state has no row for changes nothing.
    pub fn happens(&mut self, activity: &Activity, on: Event, words: &[(&str, String)]) {
        let Some(step) = activity.step(self.state(activity), on) else {
            return;
        };
        let slot = Slot::of("state", activity.name);
        self.memory.set(slot, Value::text(step.to));
        if !step.say.is_empty() {
            let mut text = String::from(step.say);
            for (word, value) in words {
                text = text.replace(word, value);
            }
            self.tell(text);
        }
    }

    /// The mail whose result is owed is cancelled; whether there was one.
    pub fn drops_mail(&mut self) -> bool {
        let mail = self.mail.take();
        self.after.extend(mail.map(Effect::Cancel));
        mail.is_some()
    }

    /// The mail whose result is still owed.
    pub fn owes_mail(&mut self, mail: MailId) {
        *self.mail = Some(mail);
        self.memory.touch();
    }

    /// Whether the result of a mail is still owed.
    pub fn has_mail(&self) -> bool {
        self.mail.is_some()
    }

    /// What has passed through since the line began: counts and checksums of data that is given out.
    pub fn tally(&mut self) -> &mut super::data::Tally {
        self.tally
    }

    /// The packets that this line exchanges with the equipment, in one data mode after the other.
    pub fn exchange(&mut self) -> &mut Option<Exchange> {
        self.exchange
    }

    /// Takes the settings of the user profile from the stored one (`Z`), or back to their initial
    /// values (`&F`).
    pub fn reset_profile(&mut self, to_stored: bool) {
        let empty = Memory::default();
        let from = if to_stored { &*self.stored } else { &empty };
        played::reset_profile(self.dialect, from, self.memory);
    }

    /// The user profile as it is now, to be stored (`&W`).
    pub fn profile(&mut self) -> Vec<u8> {
        *self.stored = played::profile(self.dialect, self.memory);
        // A map with string keys can always be written.
        serde_json::to_vec(self.stored).unwrap_or_default()
    }
}

/// What a dialect says when a mail that it accepted came to its end.
pub type MailEnded = fn(&mut Run<'_>, &MailEnd);
