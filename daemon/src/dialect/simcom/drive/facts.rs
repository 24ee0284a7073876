//! The tables of the driver: what a module says unasked, what it is set to, what never shows.

use super::super::names::{
    CFTPGET, CFTPGETFILE, CFTPLIST, CFTPPUTFILE, CFTPPW, CFTRANTX, CGREG, CHTTPACT, CPIN, CREG,
    CSOCKAUTH, POP3, POP3SRV, SMTP, SMTPAUTH,
};
use super::{mail, quirks};
use crate::at::response::{Announce, Urc};
use crate::modem::{ESCAPE_KEY, Exit, Facts, SecretValue, Service, Setup, Syntax};
use core::time::Duration;
use hayes_ldisc::discipline::stuffing;

const REGISTRATION: &[&str] = &["n", "ns*"];

/// What stands behind `+SMTP:` and `+POP3:` is words, never a number.
const WORDS: &[&str] = &["s"];

/// What comes unasked: registration, results of work that was answered `OK` before (reference 9.4), and
/// what a module says when it starts (1).
const URCS: &[Urc] = &[
    Urc::distinct(CREG, REGISTRATION),
    Urc::distinct(CGREG, REGISTRATION),
    // The answers of some commands look the same.
    Urc::alike(SMTP, WORDS),
    Urc::alike(POP3, WORDS),
    Urc::alike(CFTPGETFILE, &["n"]),
    Urc::alike(CFTPPUTFILE, &["n"]),
    Urc::alike(CFTPGET, &["n", "sn*"]),
    Urc::alike(CFTPLIST, &["n", "sn*"]),
    Urc::alike(CHTTPACT, &["n", "sn*"]),
    Urc::alike(CPIN, &["s"]),
    Urc::distinct("+SIMCARD", &["s"]),
    Urc::distinct("+CMTI", &["*"]),
    Urc::distinct("START", &[]),
    Urc::distinct("OPL UPDATING", &[]),
    Urc::distinct("PNN UPDATING", &[]),
    Urc::distinct("SMS DONE", &[]),
    Urc::distinct("CALL READY", &[]),
    Urc::distinct("PB DONE", &[]),
    Urc::distinct("RING", &[]),
];

/// Lines that announce counted bytes.
const ANNOUNCES: &[Announce] = &[
    announce(CFTPGET),
    announce(CFTPLIST),
    announce(CFTRANTX),
    announce(CHTTPACT),
];

const fn announce(name: &'static str) -> Announce {
    Announce {
        name,
        keyword: "DATA",
    }
}

/// The tables.
pub(super) static FACTS: Facts = Facts {
    syntax: Syntax {
        urcs: URCS,
        announces: ANNOUNCES,
        probe: "+CMEE?",
    },
    setup: &[
        Setup::required("E0V1Q0"),
        // Mail and mailboxes say `ERROR` whatever this is; files and SIM have numbers.
        Setup::required("+CMEE=1"),
        Setup::wished("+CREG=1"),
        Setup::wished("+CGREG=1"),
    ],
    // Reference 0.3 and 9.5.
    needs_sim: true,
    flow: "+IFC=2,2",
    services: &[
        Service {
            name: "mail",
            test: "+SMTPSRV=?",
            unless: OTHER_FAMILIES,
        },
        Service {
            name: "pop3",
            test: "+POP3SRV=?",
            unless: OTHER_FAMILIES,
        },
        Service {
            name: "ftp",
            test: "+CFTPSERV=?",
            unless: &[],
        },
    ],
    sending: mail::WATCHDOG,
    // SMTPBODY: ESC forgets the text. CFTPPUT and CHTTPACT take that for content and end with Ctrl-Z; so does a text,
    // which is sent by SMTPSEND only. A file that ends has to reach its server first.
    exits: &[
        ESCAPE_KEY,
        Exit {
            bytes: &[stuffing::END],
            within: Duration::from_secs(10),
        },
    ],
    // CFTRANRX.
    counted: super::letter::MOST_FILE_BYTES as u64,
    quirks: quirks::ALL,
    restart: "+CRESET",
    boot: Duration::from_secs(60),
    secrets: &[
        SecretValue::of(SMTPAUTH, 2),
        SecretValue::of(POP3SRV, 2),
        SecretValue::of(CFTPPW, 0),
        // The order of password and user differs between firmwares (reference 3.3).
        SecretValue::of(CSOCKAUTH, 2),
        SecretValue::of(CSOCKAUTH, 3),
        SecretValue::of(CPIN, 0),
        SecretValue::of(CPIN, 1),
        SecretValue::of("+CLCK", 2),
    ],
    refused_by_hand: &[
        "+SMTPBODY",
        "+POP3READ",
        "+CFTPGET",
        "+CFTPPUT",
        "+CFTPLIST",
        "+CHTTPACT",
        "+CFTRANRX",
        "+CFTRANTX",
        "+CTXFILE",
        "+CRXFILE",
        "+CIPSEND",
        "+CIPOPEN",
        "+CMGS",
        "+CMGW",
        "+CMUX",
        "+CATR",
        "+IPR",
        "+IFC",
        "+ICF",
        "+CPOF",
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

/// SIM800 and SIM900 know the first, SIM536x and later the second (reference 1.1 and 15): their mail
/// commands bear the same names and mean something else, or are not the ones to use.
const OTHER_FAMILIES: &[&str] = &["+EMAILCID=?", "+CSMTPSSRV=?"];
