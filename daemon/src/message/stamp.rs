//! What makes a message this one: its date and its Message-ID.

use crate::clock::Clock;
use lettre::message::header::{Date, Headers};
use std::time::SystemTime;

/// Date and Message-ID of a message.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Stamp {
    /// When it was written; `None` while this machine's clock was never set. The date then comes just
    /// before the mail goes out.
    pub date: Option<SystemTime>,
    /// `<left@right>` (RFC 5322 section 3.6.4).
    pub message_id: String,
}

impl Stamp {
    /// A fresh one for a message from this address.
    pub fn new(clock: &dyn Clock, from: &str) -> Self {
        let domain = from
            .rsplit_once('@')
            .map_or("localhost", |(_, domain)| domain);
        Self {
            date: clock.date(),
            message_id: format!("<{}@{domain}>", unique()),
        }
    }
}

/// 128 bits that nobody else has.
fn unique() -> String {
    let mut bits = [0_u8; 16];
    if rustls::crypto::ring::default_provider()
        .secure_random
        .fill(&mut bits)
        .is_err()
    {
        // No entropy yet, early in a boot: the addresses of this process and the time must do.
        use std::hash::{BuildHasher, RandomState};
        let (left, right) = bits.split_at_mut(8);
        left.copy_from_slice(&RandomState::new().hash_one(SystemTime::now()).to_ne_bytes());
        right.copy_from_slice(
            &RandomState::new()
                .hash_one(std::process::id())
                .to_ne_bytes(),
        );
    }
    bits.iter()
        .fold(String::with_capacity(32), |mut text, byte| {
            use std::fmt::Write;
            // Writing to a string can't fail.
            let _ = write!(text, "{byte:02x}");
            text
        })
}

/// The header line for this date, CR LF included (RFC 5322 section 3.6.1).
pub fn date_line(date: SystemTime) -> String {
    let mut headers = Headers::new();
    headers.set(Date::new(date));
    headers.to_string()
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::time::Duration;

    #[test]
    fn ids_differ_and_are_well_formed() {
        let clock = crate::clock::SystemClock;
        let one = Stamp::new(&clock, "pump7@example.org");
        let other = Stamp::new(&clock, "pump7@example.org");
        assert_ne!(one.message_id, other.message_id);
        assert!(one.message_id.ends_with("@example.org>"));
        assert_eq!(one.message_id.len(), "<@example.org>".len() + 32);
    }

    #[test]
    fn a_date_as_a_header() {
        let date = SystemTime::UNIX_EPOCH + Duration::from_secs(784_887_151);
        assert_eq!(date_line(date), "Date: Tue, 15 Nov 1994 08:12:31 +0000\r\n");
    }
}
