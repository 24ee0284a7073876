//! What the module's numbers mean to whoever asked for the mail.

use super::super::codes;
use crate::dialect::Code;
use crate::modem::to_driver;
use crate::service::{Error, ErrorKind, Fault, ServerReply};

/// Numbers of `+QSMTPPUT` after which the server may have the content although the module reports a
/// failure: the link was lost, or the time was over, at a moment that it does not tell. 654 is not among
/// them: a failed connection comes with it, and a mail cut off before its last dot is dropped.
const MAYBE_SENT: [u16; 5] = [651, 656, 657, 658, 660];

/// The error of `+QSMTPPUT: err,protocol`; `None` for success.
pub(super) fn of_put(err: u32, protocol: u32) -> Option<Error> {
    if err == 0 {
        return None;
    }
    let number = u16::try_from(err).unwrap_or(u16::MAX);
    let protocol = u16::try_from(protocol).unwrap_or(0);
    let code = Code::find(codes::MAIL, number);
    let words = code.map_or("a number that the manual does not know", |code| code.text);
    let text = format!("modem, +QSMTPPUT: {err},{protocol} ({words})");
    let reply = match (protocol, code) {
        (0, Some(code)) => code.reply,
        (protocol, _) => protocol,
    };
    if reply != 0 {
        return Some(by_server(text, reply, code));
    }
    let kind = code.map_or(ErrorKind::Unknown, |code| code.kind);
    let (kind, fault) = match kind {
        ErrorKind::Unknown => (ErrorKind::Unknown, Fault::Module),
        kind => to_driver(kind),
    };
    let mut error = Error::new(kind, text).by(fault);
    error.content_sent = code.is_none() || MAYBE_SENT.contains(&number);
    Some(error)
}

/// The server was the reason. 682 stands for 554 and for every reply without a number of its own.
fn by_server(text: String, reply: u16, code: Option<&Code>) -> Error {
    let own = code
        .filter(|code| code.reply == reply)
        .map(|code| code.kind);
    let kind = own.unwrap_or(match reply {
        530 | 534 | 535 | 538 => ErrorKind::AuthFailed,
        400..=499 => ErrorKind::TemporaryFailure,
        _ => ErrorKind::Rejected,
    });
    Error::new(kind, text).with_reply(ServerReply {
        code: reply,
        text: "(the modem does not tell the server's words)".into(),
    })
}
