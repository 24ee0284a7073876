//! The numbers behind `+CME ERROR:` and in result lines.

use crate::dialect::Code;
use crate::service::Error;
use crate::service::ErrorKind::{
    AuthFailed, Busy, Cancelled, CertificateInvalid, ClockNotSet, Internal, InvalidArgument,
    ModemGone, NameNotFound, NoModem, NoNetwork, NotAuthorized, NotFound, NotSupported, PortBusy,
    Protocol, QuotaExceeded, Rejected, SpoolFull, TemporaryFailure, Timeout, TlsFailed, TooLarge,
    Unknown,
};

/// `<err>` of the SMTP commands; the words are those of the vendor's own header.
pub const MAIL: &[Code] = &[
    Code::new(651, "Unknown error", Unknown),
    Code::new(652, "SMTP busy", Busy),
    Code::new(653, "Failed to get IP address", NameNotFound),
    Code::new(654, "Network error", NoNetwork),
    Code::new(655, "Unsupported authentication type", NotSupported),
    Code::new(656, "Connection closed by server", NoNetwork),
    Code::new(657, "PDP context deactivated", NoNetwork),
    Code::new(658, "Timeout", Timeout),
    Code::new(659, "No recipient", InvalidArgument),
    Code::new(660, "Failed to send", NoNetwork),
    Code::new(661, "Failed to open file", NotFound),
    Code::new(662, "No memory", TooLarge),
    Code::new(663, "Failed to save attachment", TooLarge),
    Code::new(664, "Wrong parameter", InvalidArgument),
    Code::new(665, "SSL authentication failed", TlsFailed),
    Code::reply(666, "Service not available", 421, TemporaryFailure),
    Code::reply(667, "Mailbox busy", 450, TemporaryFailure),
    Code::reply(668, "Local error in processing", 451, TemporaryFailure),
    Code::reply(669, "Insufficient system storage", 452, TemporaryFailure),
    Code::reply(670, "Command not recognized", 500, Rejected),
    Code::reply(671, "Syntax error in parameters", 501, Rejected),
    Code::reply(672, "Command not implemented", 502, Rejected),
    Code::reply(673, "Bad sequence of commands", 503, Protocol),
    Code::reply(674, "Command parameter not implemented", 504, Rejected),
    Code::reply(675, "Domain does not accept mail", 521, Rejected),
    Code::reply(676, "Access denied", 530, AuthFailed),
    Code::reply(677, "Authentication failed", 535, AuthFailed),
    Code::reply(678, "Mailbox unavailable", 550, Rejected),
    Code::reply(679, "User not local", 551, Rejected),
    Code::reply(680, "Exceeded storage allocation", 552, Rejected),
    Code::reply(681, "Mailbox name not allowed", 553, Rejected),
    Code::reply(682, "Transaction failed", 554, Rejected),
];

/// Numbers of the FILE commands.
pub const FILE: &[Code] = &[
    Code::new(400, "Invalid input value", InvalidArgument),
    Code::new(401, "Larger than the size of the file", InvalidArgument),
    Code::new(402, "Read zero byte", NotFound),
    Code::new(403, "Drive full", SpoolFull),
    Code::new(405, "File not found", NotFound),
    Code::new(406, "Invalid file name", InvalidArgument),
    Code::new(407, "File already existed", InvalidArgument),
    Code::new(408, "Failed to create the file", SpoolFull),
    Code::new(409, "Failed to write the file", SpoolFull),
    Code::new(410, "Failed to open the file", NotFound),
    Code::new(411, "Failed to read the file", NotFound),
    Code::new(412, "Exceed the max length", TooLarge),
    Code::new(413, "Too many open files", Busy),
    Code::new(414, "Open the file in read only mode", InvalidArgument),
    Code::new(415, "Size of the file is unknown", NotFound),
    Code::new(416, "Invalid file handle", InvalidArgument),
    Code::new(417, "Failed to list files", NotFound),
    Code::new(418, "Failed to delete the file", NotFound),
    Code::new(419, "Failed to get disk information", NotFound),
    Code::new(420, "No space", SpoolFull),
    Code::new(421, "Time out", Timeout),
    Code::new(422, "File not found", NotFound),
    Code::new(423, "File too large", TooLarge),
    Code::new(424, "File already exists", InvalidArgument),
    Code::new(425, "Invalid parameter", InvalidArgument),
    Code::new(426, "File already opened", Busy),
    Code::new(427, "General error", Unknown),
];

/// General numbers (3GPP TS 27.007 section 9.2).
pub const CME: &[Code] = &[
    Code::new(0, "Phone failure", ModemGone),
    Code::new(1, "No connection to phone", ModemGone),
    Code::new(2, "Phone-adaptor link reserved", Busy),
    Code::new(3, "Operation not allowed", InvalidArgument),
    Code::new(4, "Operation not supported", NotSupported),
    Code::new(5, "PH-SIM PIN required", NoModem),
    Code::new(6, "PH-FSIM PIN required", NoModem),
    Code::new(7, "PH-FSIM PUK required", NoModem),
    Code::new(10, "SIM not inserted", NoModem),
    Code::new(11, "SIM PIN required", NoModem),
    Code::new(12, "SIM PUK required", NoModem),
    Code::new(13, "SIM failure", NoModem),
    Code::new(14, "SIM busy", Busy),
    Code::new(15, "SIM wrong", NoModem),
    Code::new(16, "Incorrect password", AuthFailed),
    Code::new(17, "SIM PIN2 required", NoModem),
    Code::new(18, "SIM PUK2 required", NoModem),
    Code::new(20, "Memory full", TooLarge),
    Code::new(21, "Invalid index", InvalidArgument),
    Code::new(22, "Not found", NotFound),
    Code::new(23, "Memory failure", ModemGone),
    Code::new(24, "Text string too long", TooLarge),
    Code::new(25, "Invalid characters in text string", InvalidArgument),
    Code::new(26, "Dial string too long", TooLarge),
    Code::new(27, "Invalid characters in dial string", InvalidArgument),
    Code::new(30, "No network service", NoNetwork),
    Code::new(31, "Network timeout", Timeout),
    Code::new(32, "Network not allowed - emergency calls only", NoNetwork),
    Code::new(40, "Network personalization PIN required", NoModem),
    Code::new(41, "Network personalization PUK required", NoModem),
    Code::new(42, "Network subset personalization PIN required", NoModem),
    Code::new(43, "Network subset personalization PUK required", NoModem),
    Code::new(44, "Service provider personalization PIN required", NoModem),
    Code::new(45, "Service provider personalization PUK required", NoModem),
    Code::new(46, "Corporate personalization PIN required", NoModem),
    Code::new(47, "Corporate personalization PUK required", NoModem),
    Code::new(901, "Audio unknown error", Unknown),
    Code::new(902, "Audio invalid parameters", InvalidArgument),
    Code::new(903, "Audio operation not supported", NotSupported),
    Code::new(904, "Audio device busy", Busy),
];

/// `<err>` of `+QIGETERROR`, for the last TCP/IP command.
pub const TCPIP: &[Code] = &[
    Code::new(550, "unknown error", Unknown),
    Code::new(551, "operation blocked", Busy),
    Code::new(552, "invalid parameters", InvalidArgument),
    Code::new(553, "memory not enough", TooLarge),
    Code::new(554, "create socket failed", NoNetwork),
    Code::new(555, "operation not supported", NotSupported),
    Code::new(556, "socket bind failed", NoNetwork),
    Code::new(557, "socket listen failed", NoNetwork),
    Code::new(558, "socket write failed", NoNetwork),
    Code::new(559, "socket read failed", NoNetwork),
    Code::new(560, "socket accept failed", NoNetwork),
    Code::new(561, "open pdp context failed", NoNetwork),
    Code::new(562, "close pdp context failed", NoNetwork),
    Code::new(563, "socket identity has been used", Busy),
    Code::new(564, "dns busy", Busy),
    Code::new(565, "dns parse failed", NameNotFound),
    Code::new(566, "socket connect failed", NoNetwork),
    Code::new(567, "socket has been closed", NoNetwork),
    Code::new(568, "operation busy", Busy),
    Code::new(569, "operation timeout", Timeout),
    Code::new(570, "pdp context broken down", NoNetwork),
    Code::new(571, "cancel send", NoNetwork),
    Code::new(572, "operation not allowed", InvalidArgument),
    Code::new(573, "apn not configured", NoNetwork),
    Code::new(574, "port busy", Busy),
];

/// `<err>` and `<protocol_error>` of `+QSMTPPUT` for what became of a mail.
pub fn of_mail(error: &Error) -> (u16, u16) {
    if let Some(reply) = error.reply.as_ref().filter(|reply| reply.code >= 400) {
        let row = MAIL.iter().find(|code| code.reply == reply.code);
        let number = match row {
            Some(code) => code.number,
            // Refused credentials have a number of their own, whatever the server's reply.
            None if error.kind == AuthFailed => 677,
            None => 682,
        };
        return (number, reply.code);
    }
    match error.kind {
        NameNotFound => (653, 0),
        NoNetwork | NoModem | ModemGone | PortBusy => (654, 0),
        Timeout => (658, 0),
        NotFound => (661, 0),
        TooLarge | SpoolFull | QuotaExceeded => (662, 0),
        InvalidArgument => (664, 0),
        TlsFailed | CertificateInvalid | ClockNotSet => (665, 0),
        // The server named no way to log in that we know; had it refused, there would be a reply.
        AuthFailed => (655, 0),
        Protocol => (656, 0),
        Rejected => (682, 554),
        Busy | TemporaryFailure | Cancelled | NotAuthorized | NotSupported => (660, 0),
        Unknown | Internal => (651, 0),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::service::ServerReply;

    fn told(kind: crate::service::ErrorKind, code: u16) -> (u16, u16) {
        let text = String::new();
        of_mail(&Error::new(kind, "").with_reply(ServerReply { code, text }))
    }

    #[test]
    fn each_reply_has_its_number() {
        for code in MAIL.iter().filter(|code| code.reply != 0) {
            assert_eq!(told(code.kind, code.reply), (code.number, code.reply));
        }
    }

    #[test]
    fn other_replies_are_failed_transactions() {
        assert_eq!(told(Rejected, 571), (682, 571));
        assert_eq!(told(TemporaryFailure, 454), (682, 454));
        assert_eq!(told(AuthFailed, 534), (677, 534));
    }

    #[test]
    fn what_never_reached_a_server_has_no_reply() {
        for (kind, number) in [
            (NoNetwork, 654),
            (NameNotFound, 653),
            (Timeout, 658),
            (CertificateInvalid, 665),
            (AuthFailed, 655),
            (NotSupported, 660),
            (Unknown, 651),
            (Cancelled, 660),
        ] {
            assert_eq!(of_mail(&Error::new(kind, "")), (number, 0));
        }
    }

    #[test]
    fn no_number_stands_twice() {
        let mut numbers: Vec<u16> = [MAIL, FILE, CME, TCPIP]
            .concat()
            .iter()
            .map(|it| it.number)
            .collect();
        let count = numbers.len();
        numbers.sort_unstable();
        numbers.dedup();
        assert_eq!(numbers.len(), count);
    }
}
