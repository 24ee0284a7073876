//! The tables of the driver: what a module says unasked, what it is set to, what never shows.

use super::super::names::{
    CFTPGET, CFTPGETFILE, CFTPLIST, CFTPPUTFILE, CFTPPW, CFTRANTX, CGREG, CHTTPACT, CPIN, CREG,
    CSOCKAUTH, POP3, POP3SRV, SMTP, SMTPAUTH,
};
use super::mail;
use crate::at::response::{Announce, Urc};
use crate::modem::{Facts, SecretValue, Service, Setup, Syntax};
use core::time::Duration;

const REGISTRATION: &[&str] = &["n", "ns*"];

/// What stands behind `+SMTP:` and `+POP3:` is words, never a number.
const WORDS: &[&str] = &["s"];

/// What comes unasked: registration, results of work that was answered `OK` before (reference 9.4), and
/// what a module says when it starts (1).
const URCS: &[Urc] = &[
    distinct(CREG, REGISTRATION),
    distinct(CGREG, REGISTRATION),
    // The answers of some commands look the same.
    alike(SMTP, WORDS),
    alike(POP3, WORDS),
    alike(CFTPGETFILE, &["n"]),
    alike(CFTPPUTFILE, &["n"]),
    alike(CFTPGET, &["n", "sn*"]),
    alike(CFTPLIST, &["n", "sn*"]),
    alike(CHTTPACT, &["n", "sn*"]),
    alike(CPIN, &["s"]),
    distinct("+SIMCARD", &["s"]),
    distinct("+CMTI", &["*"]),
    distinct("START", &[]),
    distinct("OPL UPDATING", &[]),
    distinct("PNN UPDATING", &[]),
    distinct("SMS DONE", &[]),
    distinct("CALL READY", &[]),
    distinct("PB DONE", &[]),
    distinct("RING", &[]),
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

const fn distinct(name: &'static str, shapes: &'static [&'static str]) -> Urc {
    Urc {
        name,
        shapes,
        distinct: true,
    }
}

const fn alike(name: &'static str, shapes: &'static [&'static str]) -> Urc {
    Urc {
        name,
        shapes,
        distinct: false,
    }
}

const fn required(command: &'static str) -> Setup {
    Setup {
        command,
        required: true,
    }
}

const fn wished(command: &'static str) -> Setup {
    Setup {
        command,
        required: false,
    }
}

const fn secret(name: &'static str, place: usize) -> SecretValue {
    SecretValue {
        name,
        key: "",
        place,
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
        required("E0V1Q0"),
        // Mail and mailboxes say `ERROR` whatever this is; files and SIM have numbers.
        required("+CMEE=1"),
        wished("+CREG=1"),
        wished("+CGREG=1"),
    ],
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
    restart: "+CRESET",
    boot: Duration::from_secs(60),
    secrets: &[
        secret(SMTPAUTH, 2),
        secret(POP3SRV, 2),
        secret(CFTPPW, 0),
        // The order of password and user differs between firmwares (reference 3.3).
        secret(CSOCKAUTH, 2),
        secret(CSOCKAUTH, 3),
        secret(CPIN, 0),
        secret(CPIN, 1),
        secret("+CLCK", 2),
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
