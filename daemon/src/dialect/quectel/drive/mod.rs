//! How Quectel's modules are driven: recognised, configured, asked to send mail.
//!
//! Sources: SMTP AT Commands Manual V1.0 (order of commands: chapter 2), AT Commands Manual V2.0,
//! TCP/IP, FILE and SSL application notes of the family.

mod bearer;
mod errors;
mod files;
mod job;
mod letter;
mod server;
mod steps;

#[cfg(test)]
mod tests;

use super::names::{CEREG, CGREG, CREG, QICSGP, QSMTPCFG, QSMTPPUT};
use crate::at::response::{Urc, Value, named};
use crate::modem::{
    Chat, Drive, ESCAPE_KEY, Facts, Identity, MailJob, Notice, Outgoing, Registration, SecretValue,
    Sent, Service, Settings, Setup, Syntax,
};
use crate::service::{BoxFuture, MailOpen, Result};
use core::time::Duration;
use letter::Letter;

/// The driver's side of the dialect.
#[derive(Debug)]
pub(super) struct Quectel;

/// Models with this grammar of the mail commands. The GSM modules (M95, M66, MC60) have another one
/// under the same names and must not be driven with it.
const MODELS: [&str; 12] = [
    "EC20", "EC21", "EC25", "EG91", "EG95", "EG21", "EG25", "EM05", "UC20", "UC15", "AG35", "EC200",
];

const REGISTRATION: &[&str] = &["n", "ns*"];

/// AT Commands Manual V2.0 (unsolicited result codes), SMTP manual (`+QSMTPPUT`), TCP/IP note (`+QIURC`).
const URCS: &[Urc] = &[
    Urc::distinct(CREG, REGISTRATION),
    Urc::distinct(CGREG, REGISTRATION),
    Urc::distinct(CEREG, REGISTRATION),
    RESULT,
    Urc::distinct("+QIURC", &["*"]),
    Urc::distinct("+QIND", &["*"]),
    Urc::distinct("+QUSIM", &["n"]),
    Urc::distinct("+USIM", &["n"]),
    Urc::distinct("+CMTI", &["*"]),
    Urc::distinct("+CTZV", &["*"]),
    Urc::distinct("+QIACTEX", &["nn*"]),
    Urc::distinct("+QIDEACTEX", &["nn*"]),
    // Their answers look the same.
    Urc::alike("+CPIN", &["s"]),
    Urc::alike("+CFUN", &["n"]),
    Urc::distinct("RDY", &[]),
    Urc::distinct("RING", &[]),
    Urc::distinct("POWERED DOWN", &[]),
    Urc::distinct("NORMAL POWER DOWN", &[]),
];

/// How a sending ended.
const RESULT: Urc = Urc::distinct(QSMTPPUT, &["nn?"]);

static FACTS: Facts = Facts {
    syntax: Syntax {
        urcs: URCS,
        announces: &[],
        probe: "+CMEE?",
    },
    setup: &[
        Setup::required("E0V1Q0"),
        Setup::required("+CMEE=1"),
        Setup::wished("+CREG=1"),
        Setup::wished("+CGREG=1"),
        Setup::wished("+CEREG=1"),
    ],
    needs_sim: false,
    flow: "+IFC=2,2",
    services: &[Service {
        name: "mail",
        test: "+QSMTPCFG=?",
        unless: &[],
    }],
    sending: job::WATCHDOG,
    // All else that takes bytes gives up by itself (QFUPL, QSMTPBODY: their time).
    exits: &[ESCAPE_KEY],
    counted: 0,
    quirks: &[],
    restart: "+CFUN=1,1",
    boot: Duration::from_secs(90),
    secrets: &[
        SecretValue::under(QSMTPCFG, "account", 2),
        SecretValue::under("+QFTPCFG", "account", 2),
        SecretValue::of(QICSGP, 4),
        SecretValue::of("+CPIN", 0),
        SecretValue::of("+CPIN", 1),
        SecretValue::of("+CLCK", 2),
    ],
    refused_by_hand: &[
        "+QSMTPBODY",
        "+QFUPL",
        "+QFDWL",
        "+QFREAD",
        "+QFWRITE",
        "+QFTPPUT",
        "+QFTPGET",
        "+QFTPLIST",
        "+QFTPNLST",
        "+QFTPMLSD",
        "+QISEND",
        "+QIOPEN",
        "+CMGS",
        "+CMGW",
        "+CMUX",
        "+IPR",
        "+IFC",
        "+ICF",
        "+QPOWD",
        "A",
        "D",
        "E",
        "O",
        "Q",
        "S",
        "V",
        "Z",
        "&F",
    ],
};

impl Drive for Quectel {
    fn name(&self) -> &'static str {
        super::DIALECT.name
    }

    fn facts(&self) -> &'static Facts {
        &FACTS
    }

    fn recognises(&self, identity: &Identity) -> bool {
        let maker = identity.manufacturer.to_ascii_uppercase();
        let model = identity.model.to_ascii_uppercase();
        maker.starts_with("QUECTEL") && MODELS.iter().any(|known| model.starts_with(known))
    }

    fn notice(&self, line: &[u8]) -> Option<Notice> {
        if matches!(line, b"RDY" | b"POWERED DOWN" | b"NORMAL POWER DOWN") {
            return Some(Notice::Restarted);
        }
        // Of the three networks the packet one tells whether mail can pass.
        let mut values = named(line, CEREG).or_else(|| named(line, CGREG))?;
        let stat = values.next().and_then(Value::number)?;
        Some(Notice::Registration(Registration::from_stat(stat)))
    }

    fn mail_result(&self, line: &[u8]) -> Option<Sent> {
        RESULT.matches(line).then(|| job::verdict(line))
    }

    fn is_sending<'a>(&'a self, chat: &'a mut Chat) -> BoxFuture<'a, Result<bool>> {
        Box::pin(server::is_sending(chat))
    }

    fn check_mail(&self, open: &MailOpen) -> Result<()> {
        letter::check_envelope(open)
    }

    fn mail<'a>(
        &self,
        settings: &'a Settings,
        mail: &'a Outgoing,
    ) -> Result<Box<dyn MailJob + 'a>> {
        let letter = Letter::new(mail)?;
        Ok(Box::new(job::Job::new(settings, mail, letter)))
    }
}
