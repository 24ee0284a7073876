//! The vendor's numbers, each to our taxonomy.

use super::errors::of_put;
use super::steps::refusal;
use super::{Quectel, URCS};
use crate::at::response::{Code, FinalResult};
use crate::dialect::quectel::codes::MAIL;
use crate::modem::{Drive, Identity, Notice, Registration};
use crate::service::{ErrorKind, Fault};

/// `<err>`, `<protocol_error>`, what it is to us, whose fault, whether content may have been taken.
const PUT: &[(u32, u32, ErrorKind, Fault, bool)] = {
    use ErrorKind::*;
    use Fault::{Link, Module, Server};
    &[
        (651, 0, Unknown, Module, true),
        (652, 0, Busy, Module, false),
        (653, 0, NameNotFound, Link, false),
        (654, 0, NoNetwork, Link, false),
        (655, 0, NotSupported, Module, false),
        (656, 0, NoNetwork, Link, true),
        (657, 0, NoNetwork, Link, true),
        (658, 0, Timeout, Link, true),
        (659, 0, NotSupported, Module, false),
        (660, 0, NoNetwork, Link, true),
        (661, 0, Protocol, Module, false),
        (662, 0, TooLarge, Module, false),
        (663, 0, TooLarge, Module, false),
        (664, 0, NotSupported, Module, false),
        (665, 0, TlsFailed, Server, false),
        (666, 421, TemporaryFailure, Server, false),
        (667, 450, TemporaryFailure, Server, false),
        (668, 451, TemporaryFailure, Server, false),
        (669, 452, TemporaryFailure, Server, false),
        (670, 500, Rejected, Server, false),
        (671, 501, Rejected, Server, false),
        (672, 502, Rejected, Server, false),
        (673, 503, Protocol, Server, false),
        (674, 504, Rejected, Server, false),
        (675, 521, Rejected, Server, false),
        (676, 530, AuthFailed, Server, false),
        (677, 535, AuthFailed, Server, false),
        (678, 550, Rejected, Server, false),
        (679, 551, Rejected, Server, false),
        (680, 552, Rejected, Server, false),
        (681, 553, Rejected, Server, false),
        (682, 554, Rejected, Server, false),
        // 682 stands for every other reply as well.
        (682, 432, TemporaryFailure, Server, false),
        (682, 534, AuthFailed, Server, false),
        (682, 556, Rejected, Server, false),
        // A reply counts even with a number that names another reason.
        (660, 450, TemporaryFailure, Server, false),
        // Firmware newer than the manual.
        (699, 0, Unknown, Module, true),
        (699, 451, TemporaryFailure, Server, false),
    ]
};

#[test]
fn every_number_has_its_meaning() {
    for &(err, protocol, kind, fault, content_sent) in PUT {
        let error = of_put(err, protocol).unwrap();
        assert_eq!(error.kind, kind, "{err},{protocol}");
        assert_eq!(error.fault, fault, "{err},{protocol}");
        assert_eq!(error.content_sent, content_sent, "{err},{protocol}");
        let code = error
            .reply
            .as_ref()
            .map_or(0, |reply| u32::from(reply.code));
        assert_eq!(code, protocol, "{err},{protocol}");
        assert!(error.text.contains(&err.to_string()), "{error}");
    }
    assert_eq!(of_put(0, 0), None);
    for code in MAIL {
        let number = u32::from(code.number);
        assert!(PUT.iter().any(|row| row.0 == number), "{number} is missing");
        // Some firmware leaves the reply out.
        assert!(of_put(number, 0).is_some());
    }
}

#[test]
fn a_reply_without_its_number_is_the_one_that_the_table_names() {
    let error = of_put(678, 0).unwrap();
    assert_eq!(error.kind, ErrorKind::Rejected);
    assert_eq!(error.reply.unwrap().code, 550);
}

#[test]
fn refused_commands_keep_the_modules_words() {
    let cases = [
        (FinalResult::Error, ErrorKind::Protocol, "ERROR"),
        (
            FinalResult::Cme(Code::Number(664)),
            ErrorKind::NotSupported,
            "+CME ERROR: 664 (Wrong parameter)",
        ),
        (
            FinalResult::Cme(Code::Number(10)),
            ErrorKind::NoModem,
            "+CME ERROR: 10 (SIM not inserted)",
        ),
        (
            FinalResult::Cme(Code::Text("odd".into())),
            ErrorKind::Protocol,
            "+CME ERROR: odd",
        ),
        (FinalResult::NoCarrier, ErrorKind::Protocol, "NO CARRIER"),
    ];
    for (result, kind, words) in cases {
        let error = refusal(&result, MAIL, "test");
        assert_eq!((error.kind, error.fault), (kind, Fault::Module));
        assert!(error.text.ends_with(words), "{error}");
        assert!(!error.content_sent);
    }
}

#[test]
fn modules_are_recognised() {
    let identity = |manufacturer: &str, model: &str| Identity {
        manufacturer: manufacturer.into(),
        model: model.into(),
        revision: String::new(),
    };
    for (manufacturer, model, expected) in [
        ("Quectel", "EC25", true),
        ("Quectel", "EG25", true),
        ("QUECTEL", "EC21-E", true),
        ("Quectel_Ltd", "EC200U", true),
        ("Quectel", "M95", false),
        ("Quectel", "MC60", false),
        ("SIMCOM INCORPORATED", "EC25", false),
        ("", "", false),
    ] {
        let found = Quectel.recognises(&identity(manufacturer, model));
        assert_eq!(found, expected, "{manufacturer} {model}");
    }
}

#[test]
fn unsolicited_lines() {
    let known = |line: &[u8]| URCS.iter().any(|urc| urc.matches(line));
    for line in [
        "+CREG: 1",
        "+CGREG: 1,\"1A2B\",\"01CD2E\"",
        "+QSMTPPUT: 0,0",
        "+QSMTPPUT:678,550",
        "+QIURC: \"pdpdeact\",1",
        "+QIND: PB DONE",
        "+CPIN: READY",
        "RDY",
    ] {
        assert!(known(line.as_bytes()), "{line}");
    }
    for line in ["+CREG: 0,1", "+QSMTPPUT: (60-65535)", "+QFUPL: 6,0", "OK"] {
        assert!(!known(line.as_bytes()), "{line}");
    }
    assert_eq!(Quectel.notice(b"RDY"), Some(Notice::Restarted));
    assert_eq!(
        Quectel.notice(b"+CEREG: 5"),
        Some(Notice::Registration(Registration::Roaming))
    );
    assert_eq!(Quectel.notice(b"+QIND: PB DONE"), None);
}
