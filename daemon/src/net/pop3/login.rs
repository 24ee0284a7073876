//! Who we are: which way it is shown to a server, and the dialogue for each. No I/O.

use super::offers::Offers;
use super::status::Status;
use crate::service::{Credentials, Error, ErrorKind, Fault, Mechanism, Result, Tls};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use md5::{Digest, Md5};
use zeroize::Zeroizing;

/// A command line, CR LF included (RFC 2449 section 4); one with an initial response that would be longer is
/// sent without (RFC 5034 section 4).
const MAX_LINE: usize = 255;

/// A way to show credentials.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Way {
    /// A digest over the greeting's timestamp (RFC 1939 section 7).
    Apop(String),
    /// SASL PLAIN (RFC 4616).
    Plain,
    /// SASL XOAUTH2, as Google and Microsoft describe it.
    XOAuth2,
    /// USER and PASS.
    User,
}

/// Judges what needs no server. InvalidArgument for credentials that can't be sent, or not in clear.
pub(super) fn check(who: &Credentials, tls: Tls) -> Result<()> {
    let bad = |text: &str| Err(Error::new(ErrorKind::InvalidArgument, text));
    if who.user.is_empty() {
        return bad("a mailbox needs a user");
    }
    let forbidden = |text: &str| {
        text.bytes()
            .any(|byte| matches!(byte, b'\r' | b'\n' | 0 | 1))
    };
    if forbidden(&who.user) || forbidden(who.password.expose()) {
        return bad("a control character in user or password");
    }
    if who.mechanism == Mechanism::XOAuth2 && tls == Tls::None && !who.plain_auth {
        return bad(IN_CLEAR);
    }
    Ok(())
}

const IN_CLEAR: &str = "the password would go in clear: use TLS, or allow it with plain_auth";

/// The ways to try, best first. `timestamp` is the greeting's, if it may be believed.
pub(super) fn ways(
    who: &Credentials,
    tls: Tls,
    offers: &Offers,
    timestamp: Option<&str>,
) -> Result<Vec<Way>> {
    let none = || {
        Error::new(
            ErrorKind::AuthFailed,
            "the server offers no way to log in that is known here (PLAIN, XOAUTH2, USER, APOP)",
        )
        .by(Fault::Server)
    };
    if who.mechanism == Mechanism::XOAuth2 {
        let tried = offers.xoauth2 || !offers.known;
        return tried.then(|| vec![Way::XOAuth2]).ok_or_else(none);
    }
    // A name with a blank would end there.
    let apop = timestamp
        .filter(|_| !who.user.contains(' '))
        .map(|timestamp| Way::Apop(timestamp.to_owned()));
    let password = match offers {
        Offers { plain: true, .. } => Some(Way::Plain),
        Offers { user: true, .. } | Offers { known: false, .. } => Some(Way::User),
        _ => None,
    };
    let ways: Vec<Way> = match tls {
        Tls::None if who.plain_auth => apop.into_iter().chain(password).collect(),
        Tls::None => apop.into_iter().collect(),
        // A server may keep passwords in a form that APOP can't be answered from, and offer it all the same.
        _ => password.or(apop).into_iter().collect(),
    };
    match (ways.is_empty(), tls, who.plain_auth) {
        (false, ..) => Ok(ways),
        (true, Tls::None, false) => Err(Error::new(ErrorKind::InvalidArgument, IN_CLEAR)),
        (true, ..) => Err(none()),
    }
}

/// The timestamp of a greeting, angle brackets included: a message id as RFC 1939 section 7 wants it, and
/// nothing else, since a greeting made up freely tells about the password (CVE-2007-1558). `?` may stand for
/// a byte that was none of ours.
pub(super) fn timestamp(greeting: &str) -> Option<&str> {
    let begin = greeting.find('<')?;
    let end = begin + greeting.get(begin..)?.find('>')?;
    let inside = greeting.get(begin + 1..end)?;
    let (left, right) = inside.split_once('@')?;
    let good = |part: &str| {
        !part.is_empty()
            && part
                .bytes()
                .all(|byte| byte.is_ascii_graphic() && !matches!(byte, b'@' | b'<' | b'?'))
    };
    (good(left) && good(right))
        .then(|| greeting.get(begin..=end))
        .flatten()
}

/// What comes next in a dialogue.
#[derive(Debug)]
pub(super) enum Next {
    /// This line.
    Say(Zeroizing<String>),
    /// We are in.
    In,
    /// Refused, with these words; and what the server said of a token.
    Refused(String, Option<String>),
    /// The server asks for something that the way doesn't have.
    Lost,
}

/// One way's dialogue.
pub(super) struct Dialogue<'a> {
    way: &'a Way,
    who: &'a Credentials,
    /// Whether the user's name was taken (USER).
    named: bool,
    /// How often the proof was shown (SASL): with the command, or when asked for it.
    shown: u8,
    /// The server's reason, which XOAUTH2 gives before it refuses.
    reason: Option<String>,
}

impl<'a> Dialogue<'a> {
    pub(super) fn new(way: &'a Way, who: &'a Credentials) -> Self {
        Self {
            way,
            who,
            named: false,
            shown: 0,
            reason: None,
        }
    }

    /// The first line.
    pub(super) fn begin(&mut self) -> Zeroizing<String> {
        let mechanism = match self.way {
            Way::Apop(timestamp) => return apop(timestamp, self.who),
            Way::User => return Zeroizing::new(format!("USER {}", self.who.user)),
            Way::Plain => "AUTH PLAIN",
            Way::XOAuth2 => "AUTH XOAUTH2",
        };
        let line = Zeroizing::new(format!("{mechanism} {}", *self.proof()));
        if line.len() + 2 > MAX_LINE {
            return Zeroizing::new(mechanism.to_owned());
        }
        self.shown = 1;
        line
    }

    /// The server has answered.
    pub(super) fn answered(&mut self, status: Status) -> Next {
        match (status, self.way) {
            (Status::Done(_), Way::User) if !self.named => {
                self.named = true;
                Next::Say(Zeroizing::new(format!(
                    "PASS {}",
                    self.who.password.expose()
                )))
            }
            (Status::Done(_), Way::Plain | Way::XOAuth2) if self.shown == 0 => Next::Lost,
            (Status::Done(_), _) => Next::In,
            (Status::Refused(words), _) => Next::Refused(words, self.reason.take()),
            (Status::Challenge(text), Way::Plain | Way::XOAuth2) => self.challenged(&text),
            (Status::Challenge(_), _) => Next::Lost,
        }
    }

    /// Whether the server was told who we are, and shown no password.
    pub(super) fn showed_user_alone(&self) -> bool {
        *self.way == Way::User && !self.named
    }

    /// An empty challenge asks for the proof, with some servers even after they had it (RFC 1734 knew no
    /// initial response); with words it is XOAUTH2's way to say why not, and wants an empty line.
    fn challenged(&mut self, text: &str) -> Next {
        if text.is_empty() && self.shown < 2 {
            self.shown += 1;
            return Next::Say(self.proof());
        }
        if *self.way == Way::XOAuth2 && self.reason.is_none() && !text.is_empty() {
            let words = STANDARD.decode(text).unwrap_or_default();
            self.reason = Some(super::super::replies::printable(&words));
            return Next::Say(Zeroizing::new(String::new()));
        }
        Next::Lost
    }

    fn proof(&self) -> Zeroizing<String> {
        let (user, secret) = (&self.who.user, self.who.password.expose());
        let bare = Zeroizing::new(match self.way {
            Way::XOAuth2 => format!("user={user}\x01auth=Bearer {secret}\x01\x01"),
            _ => format!("\0{user}\0{secret}"),
        });
        Zeroizing::new(STANDARD.encode(bare.as_bytes()))
    }
}

fn apop(timestamp: &str, who: &Credentials) -> Zeroizing<String> {
    let mut digest = Md5::new();
    digest.update(timestamp.as_bytes());
    digest.update(who.password.expose().as_bytes());
    let hex: String = digest
        .finalize()
        .iter()
        .map(|byte| format!("{byte:02x}"))
        .collect();
    Zeroizing::new(format!("APOP {} {hex}", who.user))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::service::Secret;

    fn who(user: &str, secret: &str) -> Credentials {
        Credentials {
            user: user.into(),
            password: Secret::new(secret.into()),
            mechanism: Mechanism::Password,
            plain_auth: false,
        }
    }

    fn done() -> Status {
        Status::Done(String::new())
    }

    fn challenge(text: &str) -> Status {
        Status::Challenge(text.into())
    }

    fn said(next: Next) -> String {
        match next {
            Next::Say(line) => line.to_string(),
            other => panic!("{other:?}"),
        }
    }

    #[test]
    fn the_digest_of_rfc_1939() {
        let greeting = "POP3 server ready <1896.697170952@dbc.mtview.ca.us>";
        let way = Way::Apop(timestamp(greeting).unwrap().into());
        let who = who("mrose", "tanstaaf");
        let mut dialogue = Dialogue::new(&way, &who);
        assert_eq!(
            *dialogue.begin(),
            "APOP mrose c4c9334bac560ecc979e58001b3e22fb"
        );
        assert!(matches!(dialogue.answered(done()), Next::In));
    }

    #[test]
    fn a_timestamp_is_a_message_id() {
        assert_eq!(timestamp("<1@b>"), Some("<1@b>"));
        for greeting in [
            "", "<", "<>", "<a>", "<@>", "<a@>", "a@b>", "<a b@c>", "<a@b@c>", "<??@b>",
        ] {
            assert_eq!(timestamp(greeting), None, "{greeting}");
        }
    }

    #[test]
    fn user_and_pass() {
        let who = who("pump7", "two words");
        let mut dialogue = Dialogue::new(&Way::User, &who);
        assert_eq!(*dialogue.begin(), "USER pump7");
        assert_eq!(said(dialogue.answered(done())), "PASS two words");
        assert!(matches!(dialogue.answered(done()), Next::In));
        assert!(!dialogue.showed_user_alone());
        let mut dialogue = Dialogue::new(&Way::User, &who);
        dialogue.begin();
        assert!(matches!(dialogue.answered(challenge("")), Next::Lost));
        assert!(dialogue.showed_user_alone());
    }

    #[test]
    fn plain_with_and_without_initial_response() {
        // RFC 4616 section 4, without authorization identity.
        let short = who("tim", "tanstaaftanstaaf");
        let mut dialogue = Dialogue::new(&Way::Plain, &short);
        assert_eq!(*dialogue.begin(), "AUTH PLAIN AHRpbQB0YW5zdGFhZnRhbnN0YWFm");
        // A server that knows no initial response asks.
        assert_eq!(
            said(dialogue.answered(challenge(""))),
            "AHRpbQB0YW5zdGFhZnRhbnN0YWFm"
        );
        assert!(matches!(dialogue.answered(challenge("")), Next::Lost));
        let long = who("tim", &"x".repeat(200));
        let mut dialogue = Dialogue::new(&Way::Plain, &long);
        assert_eq!(*dialogue.begin(), "AUTH PLAIN");
        assert!(said(dialogue.answered(challenge(""))).len() > 255);
        let mut dialogue = Dialogue::new(&Way::Plain, &long);
        dialogue.begin();
        assert!(matches!(dialogue.answered(done()), Next::Lost));
    }

    #[test]
    fn a_token_that_is_refused_says_why() {
        let who = Credentials {
            mechanism: Mechanism::XOAuth2,
            ..who(
                "someuser@example.org",
                "ya29.vF9dft4qmTc2Nvb3RlckBhdHRhdmlzdGEuY29tCg",
            )
        };
        let mut dialogue = Dialogue::new(&Way::XOAuth2, &who);
        assert_eq!(
            *dialogue.begin(),
            "AUTH XOAUTH2 dXNlcj1zb21ldXNlckBleGFtcGxlLm9yZwFhdXRoPUJlYXJlciB5YTI5LnZGOWRmdDRx\
             bVRjMk52YjNSbGNrQmhkSFJoZG1semRHRXVZMjl0Q2cBAQ=="
        );
        assert_eq!(
            said(dialogue.answered(challenge("eyJzdGF0dXMiOiI0MDAifQ=="))),
            ""
        );
        match dialogue.answered(Status::Refused("no".into())) {
            Next::Refused(_, Some(reason)) => assert_eq!(reason, "{\"status\":\"400\"}"),
            other => panic!("{other:?}"),
        }
    }

    #[test]
    fn which_way_is_gone() {
        let offers = |plain, user, known| Offers {
            plain,
            user,
            known,
            ..Offers::default()
        };
        let apop = || Way::Apop("<1@b>".into());
        let stamp = Some("<1@b>");
        let closed = who("a", "b");
        let open = Credentials {
            plain_auth: true,
            ..closed.clone()
        };
        let ways = |who, tls, offers, stamp| ways(who, tls, &offers, stamp).unwrap();
        use Tls::{Implicit, None as Clear};
        for (who, tls, offers, stamp, expected) in [
            (
                &closed,
                Implicit,
                offers(true, true, true),
                stamp,
                vec![Way::Plain],
            ),
            (
                &closed,
                Implicit,
                offers(false, true, true),
                stamp,
                vec![Way::User],
            ),
            (
                &closed,
                Implicit,
                offers(false, false, true),
                stamp,
                vec![apop()],
            ),
            (
                &closed,
                Implicit,
                offers(false, false, false),
                None,
                vec![Way::User],
            ),
            (
                &closed,
                Clear,
                offers(true, true, true),
                stamp,
                vec![apop()],
            ),
            (
                &open,
                Clear,
                offers(true, true, true),
                stamp,
                vec![apop(), Way::Plain],
            ),
            (
                &open,
                Clear,
                offers(false, false, false),
                None,
                vec![Way::User],
            ),
        ] {
            assert_eq!(ways(who, tls, offers, stamp), expected);
        }
    }

    #[test]
    fn a_password_never_goes_in_clear_unasked() {
        let closed = who("a", "b");
        let all = Offers {
            plain: true,
            user: true,
            xoauth2: true,
            known: true,
            ..Offers::default()
        };
        let error = ways(&closed, Tls::None, &all, None).unwrap_err();
        assert_eq!(error.kind, ErrorKind::InvalidArgument);
        let token = Credentials {
            mechanism: Mechanism::XOAuth2,
            ..closed.clone()
        };
        let error = check(&token, Tls::None).unwrap_err();
        assert_eq!(error.kind, ErrorKind::InvalidArgument);
        assert!(check(&token, Tls::StartTls).is_ok() && check(&closed, Tls::None).is_ok());
        let nothing = Offers {
            known: true,
            ..Offers::default()
        };
        let error = ways(&token, Tls::Implicit, &nothing, Some("<1@b>")).unwrap_err();
        assert_eq!(error.kind, ErrorKind::AuthFailed);
    }

    #[test]
    fn what_would_be_another_command_is_refused() {
        for (user, secret) in [
            ("", "x"),
            ("a\r\nDELE 1", "x"),
            ("a", "x\n"),
            ("a\0b", "x"),
            ("a", "x\x01auth=Bearer y"),
        ] {
            let error = check(&who(user, secret), Tls::Implicit).unwrap_err();
            assert_eq!(error.kind, ErrorKind::InvalidArgument);
        }
    }
}
