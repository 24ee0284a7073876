//! What the spool keeps of a job besides its message: the header file.

use super::request::{Kind, Request, Service, Summary};
use super::schedule::{Age, millis};
use super::types::{Delivery, JobId, Origin, Outcome, RecipientState, State, Via};
use crate::message::{MAX_RECIPIENTS, check_address};
use crate::service::{Error, Interrupted, RecipientPolicy, Server, ServerReply, Shape};
use serde::{Deserialize, Serialize};
use std::time::Duration;

/// The form of the header file. Others are not read.
const VERSION: u32 = 2;
/// A longer header is none of ours: a thousand recipients, each with an error, take less.
pub(super) const MAX_RECORD: u64 = 4 << 20;

/// A job as it is saved.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Record {
    version: u32,
    pub(super) id: JobId,
    pub(super) origin: Origin,
    pub(super) work: Work,
    pub(super) route: SavedRoute,
    pub(super) via: Vec<Via>,
    pub(super) delivery: Delivery,
    pub(super) token: Option<String>,
    /// Milliseconds; the age at which the whole job is over.
    pub(super) timeout: Option<u64>,
    /// Milliseconds since 1970, by this machine's clock then.
    pub(super) created: u64,
    pub(super) age: Age,
    /// The age at which it is tried next.
    #[serde(with = "millis")]
    pub(super) due: Duration,
    pub(super) state: State,
    pub(super) attempts: u32,
    /// Failures in a row for want of a link, which are no attempts.
    pub(super) linkless: u32,
    /// An attempt has come to the step after which the server may have taken the mail unheard.
    pub(super) committing: bool,
    /// Whom what is in flight is for, where the back may tell after a restart what became of it: places
    /// among those recipients that the attempt was begun for.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub(super) in_flight: Vec<usize>,
    pub(super) possible_duplicate: bool,
    pub(super) last_via: Option<Via>,
    pub(super) error: Option<Error>,
    pub(super) reply: Option<ServerReply>,
}

/// What a job does.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub(super) enum Work {
    /// It sends a mail.
    Mail(Letter),
    /// It asks something of a server.
    Request(Asked),
}

/// A mail, but for its message.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Letter {
    pub(super) sender: String,
    pub(super) recipients: Vec<SavedRecipient>,
    pub(super) policy: RecipientPolicy,
    pub(super) shape: Shape,
    pub(super) needs_date: bool,
    /// How long its server may take for an answer.
    #[serde(skip)]
    pub(super) patience: Option<Duration>,
}

/// A request, but for the content of an upload.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Asked {
    pub(super) request: Request,
    /// The size of an upload's content, in bytes.
    pub(super) upload: Option<u64>,
    /// For a fetch: messages from this number on came after it was asked for.
    pub(super) since: u32,
    /// What came back, once it is done.
    pub(super) summary: Option<Summary>,
}

/// How a job gets its server, without secrets.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase", deny_unknown_fields)]
pub(super) enum SavedRoute {
    /// From an account.
    Account {
        /// Its name.
        name: String,
    },
    /// As the caller said.
    Direct {
        /// The server.
        server: Server,
        /// There were credentials; they are in memory only.
        login: bool,
    },
}

/// One recipient, as saved.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct SavedRecipient {
    pub(super) address: String,
    pub(super) settled: Settled,
    /// Why it was refused, or why not taken yet.
    pub(super) error: Option<Error>,
}

/// What became of a recipient.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub(super) enum Settled {
    /// Nothing final.
    Pending,
    /// The server took the mail for it, in an attempt that goes on for others.
    Taken,
    /// The server took the mail for it.
    Delivered,
    /// Refused for good.
    Refused,
}

impl SavedRecipient {
    pub(super) fn state(&self) -> RecipientState {
        RecipientState {
            address: self.address.clone(),
            outcome: match (self.settled, &self.error) {
                (Settled::Pending, error) => Outcome::Pending(error.clone()),
                (Settled::Taken | Settled::Delivered, _) => Outcome::Delivered,
                (Settled::Refused, Some(error)) => Outcome::Refused(error.clone()),
                (Settled::Refused, None) => {
                    Outcome::Refused(Error::new(crate::service::ErrorKind::Rejected, "refused"))
                }
            },
        }
    }
}

/// What a new record is made with.
pub(super) struct NewRecord {
    pub(super) id: JobId,
    pub(super) origin: Origin,
    pub(super) work: Work,
    pub(super) route: SavedRoute,
    pub(super) via: Vec<Via>,
    pub(super) delivery: Delivery,
    pub(super) token: Option<String>,
    pub(super) timeout: Option<Duration>,
    pub(super) created: u64,
    pub(super) age: Age,
}

impl Letter {
    /// A mail of which nothing is settled.
    pub(super) fn new(sender: String, recipients: Vec<String>, policy: RecipientPolicy) -> Self {
        let pending = |address| SavedRecipient {
            address,
            settled: Settled::Pending,
            error: None,
        };
        Self {
            sender,
            recipients: recipients.into_iter().map(pending).collect(),
            policy,
            shape: Shape::default(),
            needs_date: false,
            patience: None,
        }
    }

    fn check(&self) -> Result<(), String> {
        if !(1..=MAX_RECIPIENTS).contains(&self.recipients.len()) {
            return Err(format!("it has {} recipients", self.recipients.len()));
        }
        for recipient in &self.recipients {
            check_address(&recipient.address).map_err(|error| error.text)?;
        }
        if !self.sender.is_empty() {
            check_address(&self.sender).map_err(|error| error.text)?;
        }
        Ok(())
    }
}

impl Record {
    /// The recipients of a mail; of another job none.
    pub(super) fn recipients(&self) -> &[SavedRecipient] {
        match &self.work {
            Work::Mail(letter) => &letter.recipients,
            Work::Request(_) => &[],
        }
    }

    /// The same, to be changed.
    pub(super) fn recipients_mut(&mut self) -> &mut [SavedRecipient] {
        match &mut self.work {
            Work::Mail(letter) => &mut letter.recipients,
            Work::Request(_) => &mut [],
        }
    }

    /// Bytes of content in the spool.
    pub(super) fn size(&self) -> u64 {
        match &self.work {
            Work::Mail(letter) => letter.shape.size,
            Work::Request(asked) => asked.upload.unwrap_or_default(),
        }
    }

    /// Whether there is content in the spool until it is done.
    pub(super) fn has_content(&self) -> bool {
        match &self.work {
            Work::Mail(_) => true,
            Work::Request(asked) => asked.upload.is_some(),
        }
    }

    /// What it does.
    pub(super) fn kind(&self) -> Kind {
        match &self.work {
            Work::Mail(_) => Kind::Mail,
            Work::Request(asked) => Kind::of(&asked.request),
        }
    }

    /// The service that it needs first.
    pub(super) fn service(&self) -> Option<Service> {
        match &self.work {
            Work::Mail(_) => Some(Service::Smtp),
            Work::Request(asked) => asked.request.service(),
        }
    }

    /// The step is near after which the server may have the mail unheard; over this way out, for these.
    pub(super) fn commit(&mut self, via: Option<Via>, places: &[usize]) {
        self.committing = true;
        self.in_flight = places.to_vec();
        self.last_via = via.or(self.last_via.take());
    }

    /// It is behind us. Whether it was taken at all.
    pub(super) fn end_commit(&mut self) -> bool {
        self.in_flight = Vec::new();
        std::mem::take(&mut self.committing)
    }

    /// Those that the attempt which runs was begun for, in the order of its places.
    pub(super) fn asked(&mut self) -> impl Iterator<Item = &mut SavedRecipient> {
        self.recipients_mut()
            .iter_mut()
            .filter(|one| matches!(one.settled, Settled::Pending | Settled::Taken))
    }

    /// What to ask the back about that it was being sent over when the daemon died, at this age; `None`
    /// where the back cannot know.
    pub(super) fn interrupted(&self, age: Duration) -> Option<Interrupted> {
        let Work::Mail(letter) = &self.work else {
            return None;
        };
        let asked = letter
            .recipients
            .iter()
            .filter(|one| matches!(one.settled, Settled::Pending | Settled::Taken));
        let states: Vec<Settled> = asked.map(|one| one.settled).collect();
        let is_pending = |place: &usize| states.get(*place) == Some(&Settled::Pending);
        let known =
            self.committing && !self.in_flight.is_empty() && self.in_flight.iter().all(is_pending);
        known.then(|| Interrupted {
            recipients: states.len(),
            taken: (0..states.len())
                .filter(|place| states[*place] == Settled::Taken)
                .collect(),
            piece: self.in_flight.clone(),
            policy: letter.policy,
            // The age was marked when it was saved.
            since: age.saturating_sub(self.age.saved()),
        })
    }

    /// The recipients at these places, of those that the attempt which runs was begun for, have the mail.
    pub(super) fn mark_taken(&mut self, places: &[usize]) {
        for (place, one) in self.asked().enumerate() {
            if places.contains(&place) {
                one.settled = Settled::Taken;
                one.error = None;
            }
        }
    }

    /// The attempt is over: who has the mail keeps it.
    pub(super) fn keep_taken(&mut self) {
        for one in self.recipients_mut() {
            if one.settled == Settled::Taken {
                one.settled = Settled::Delivered;
            }
        }
    }

    pub(super) fn new(new: NewRecord) -> Self {
        Self {
            version: VERSION,
            id: new.id,
            origin: new.origin,
            work: new.work,
            route: new.route,
            via: new.via,
            delivery: new.delivery,
            token: new.token,
            timeout: new
                .timeout
                .map(|time| u64::try_from(time.as_millis()).unwrap_or(u64::MAX)),
            created: new.created,
            age: new.age,
            due: Duration::ZERO,
            state: State::Queued,
            attempts: 0,
            linkless: 0,
            committing: false,
            in_flight: Vec::new(),
            possible_duplicate: false,
            last_via: None,
            error: None,
            reply: None,
        }
    }

    /// The header file.
    pub(super) fn to_bytes(&self) -> Result<Vec<u8>, String> {
        serde_json::to_vec(self).map_err(|error| error.to_string())
    }

    /// Reads a header file; what is wrong with it otherwise. Nothing in it is believed: it may come from a
    /// disk that failed, or from another version.
    pub(super) fn read(bytes: &[u8]) -> Result<Self, String> {
        let mut record: Self = serde_json::from_slice(bytes).map_err(|error| error.to_string())?;
        if record.version != VERSION {
            return Err(format!("its version is {}", record.version));
        }
        // There may be thousands of them in memory.
        record.via.shrink_to_fit();
        if let Work::Mail(letter) = &mut record.work {
            letter.recipients.shrink_to_fit();
            letter.check()?;
        }
        Ok(record)
    }

    /// A report on another mail: nobody is told when it comes to nothing itself.
    pub(super) fn is_bounce(&self) -> bool {
        matches!(&self.work, Work::Mail(letter) if letter.sender.is_empty())
            && matches!(self.origin, Origin::Emulator { .. })
    }

    /// The account that it uses.
    pub(super) fn account(&self) -> Option<&str> {
        match &self.route {
            SavedRoute::Account { name } => Some(name),
            SavedRoute::Direct { .. } => None,
        }
    }

    /// The emulator whose equipment asked for it.
    pub(super) fn emulator(&self) -> Option<&str> {
        match &self.origin {
            Origin::Emulator { name } => Some(name),
            Origin::Bus { .. } => None,
        }
    }

    /// The age at which the whole job is over.
    pub(super) fn deadline(&self) -> Option<Duration> {
        self.timeout.map(Duration::from_millis)
    }
}

/// For the fuzzer: any bytes are read or refused, and what is read is written so that it reads the same.
pub fn fuzz_spool_header(bytes: &[u8]) {
    if let Ok(record) = Record::read(bytes) {
        let written = record.to_bytes();
        assert!(written.is_ok(), "a record that was read can be written");
        let again = written.and_then(|bytes| Record::read(&bytes));
        assert_eq!(again.as_ref(), Ok(&record));
    }
}

#[cfg(test)]
pub(super) mod tests {
    use super::*;
    use crate::service::ErrorKind;
    use proptest::prelude::*;

    pub(in crate::job) fn record(id: u32) -> Record {
        let mut letter = Letter::new(
            "pump7@example.org".into(),
            vec!["a@example.org".into(), "b@example.org".into()],
            RecipientPolicy::AnyAccepted,
        );
        letter.shape.size = 4;
        Record::new(NewRecord {
            id: JobId(id),
            origin: Origin::Bus { uid: 1000 },
            work: Work::Mail(letter),
            route: SavedRoute::Account {
                name: "alerts".into(),
            },
            via: vec![Via::Modem("lte".into()), Via::Ip],
            delivery: Delivery::Queue,
            token: Some("t".into()),
            timeout: Some(Duration::from_secs(60)),
            created: 1_700_000_000_000,
            age: Age::new(Duration::from_secs(5), "boot"),
        })
    }

    /// The same asks for something.
    pub(in crate::job) fn asking(request: Request) -> Record {
        Record {
            work: Work::Request(Asked {
                request,
                upload: None,
                since: 1,
                summary: None,
            }),
            ..record(7)
        }
    }

    #[test]
    fn a_record_reads_as_it_was_written() {
        let mut record = record(7);
        record.error = Some(
            Error::new(ErrorKind::TemporaryFailure, "refused for now").with_reply(ServerReply {
                code: 451,
                text: "4.7.1 greylisted".into(),
            }),
        );
        record.recipients_mut()[1].settled = Settled::Refused;
        let bytes = record.to_bytes().unwrap();
        assert_eq!(Record::read(&bytes).unwrap(), record);
        fuzz_spool_header(&bytes);
    }

    #[test]
    fn foreign_headers_are_refused() {
        let good = String::from_utf8(record(7).to_bytes().unwrap()).unwrap();
        assert!(Record::read(good.as_bytes()).is_ok());
        for (from, to) in [
            ("\"version\":2", "\"version\":1"),
            ("\"version\":2", "\"version\":2,\"more\":1"),
            ("a@example.org", "a@example.org\\r\\nRCPT TO:<x@y>"),
            ("pump7@example.org", "pump7"),
            ("modem:lte", "modem:"),
            ("\"queued\"", "\"lost\""),
            ("\"id\":7", "\"id\":-7"),
        ] {
            let bad = good.replace(from, to);
            assert_ne!(bad, good, "{from}");
            assert!(Record::read(bad.as_bytes()).is_err(), "{to}");
        }
        for cut in 0..good.len() {
            assert!(Record::read(&good.as_bytes()[..cut]).is_err());
        }
    }

    proptest! {
        #[test]
        fn any_bytes(bytes in prop::collection::vec(any::<u8>(), 0..200)) {
            fuzz_spool_header(&bytes);
        }

        #[test]
        fn a_changed_header(at in 0_usize..700, byte in any::<u8>()) {
            let mut bytes = record(7).to_bytes().unwrap();
            let at = at % bytes.len();
            bytes[at] = byte;
            fuzz_spool_header(&bytes);
        }
    }
}
