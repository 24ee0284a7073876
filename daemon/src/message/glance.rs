//! A look at a message's header, for somebody who chooses among messages. Nothing in it is believed.

use super::Mailbox;
use mail_parser::{Address, MessageParser};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

/// What a header says; empty where it does not.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Glance {
    /// Who it says it is from, as mailboxes separated by commas.
    pub from: String,
    /// Whom it says it is to.
    pub to: String,
    /// Its subject, decoded, on one line.
    pub subject: String,
    /// When it says it was written.
    pub date: Option<SystemTime>,
}

/// The longest text that is shown, in characters.
const LONGEST: usize = 1000;

/// Looks at the beginning of a message.
pub fn glance(beginning: &[u8]) -> Glance {
    let Some(message) = MessageParser::default().parse_headers(beginning) else {
        return Glance::default();
    };
    let seconds = message.date().map(|date| date.to_timestamp());
    Glance {
        from: mailboxes(message.from()),
        to: mailboxes(message.to()),
        subject: shown(message.subject().unwrap_or_default()),
        date: seconds
            .and_then(|seconds| u64::try_from(seconds).ok())
            .and_then(|seconds| UNIX_EPOCH.checked_add(Duration::from_secs(seconds))),
    }
}

/// Without control characters, and not endless.
fn shown(text: &str) -> String {
    let visible = |c: char| if c.is_control() { ' ' } else { c };
    text.chars().take(LONGEST).map(visible).collect()
}

fn mailboxes(address: Option<&Address<'_>>) -> String {
    let each = address.into_iter().flat_map(Address::iter);
    let shown_each = each.take(100).map(|one| {
        let mailbox = Mailbox {
            name: one.name().map(shown),
            address: shown(one.address().unwrap_or_default()),
        };
        mailbox.to_string()
    });
    shown(&shown_each.collect::<Vec<_>>().join(", "))
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn what_a_header_says() {
        let message = b"From: =?utf-8?q?P=C3=BCmp?= <pump@example.org>\r\nTo: a@example.org, B <b@example.org>\r\n\
            Subject: =?utf-8?q?too\r\n high=0D=0Anow?=\r\nDate: Tue, 14 Nov 2023 22:13:20 +0000\r\n\r\nSubject: not this\r\n";
        let seen = glance(message);
        assert!(seen.from.contains("<pump@example.org>"), "{}", seen.from);
        assert!(seen.to.contains("a@example.org") && seen.to.contains("<b@example.org>"));
        assert!(!seen.subject.contains(['\r', '\n']), "{:?}", seen.subject);
        let date = UNIX_EPOCH + Duration::from_secs(1_700_000_000);
        assert_eq!(seen.date, Some(date));
        assert_eq!(glance(b"no header"), Glance::default());
    }

    proptest! {
        #[test]
        fn any_bytes(bytes in prop::collection::vec(any::<u8>(), 0..300)) {
            let seen = glance(&bytes);
            prop_assert!(!seen.subject.contains(char::is_control));
        }
    }
}
