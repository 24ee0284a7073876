//! What a message is known by in every session. No I/O.

use crate::message::fingerprint;
use crate::service::Certainty;
use std::borrow::Cow;

/// RFC 1939 section 7.
const MAX_UID: usize = 70;

/// A server's id as it may be passed on: 1 to 70 characters 0x21 to 0x7E. One that is longer or has others
/// is known by its digest, so that no message is out of reach for it.
pub(super) fn given(id: &[u8]) -> (Cow<'_, str>, Certainty) {
    let good = (1..=MAX_UID).contains(&id.len()) && id.iter().all(u8::is_ascii_graphic);
    match std::str::from_utf8(id) {
        Ok(id) if good => (id.into(), Certainty::Observed),
        _ => (fingerprint(id).into(), Certainty::Inferred),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ids_are_passed_on_where_they_are_ids() {
        let longest = "x".repeat(70);
        for id in ["a", "!~", "000214de4705", &longest] {
            assert_eq!(given(id.as_bytes()), (id.into(), Certainty::Observed));
        }
        let too_long = "x".repeat(71);
        let mut all = Vec::new();
        for id in [too_long.as_bytes(), b"a b", b"\x80", b"a\0"] {
            let (made, certainty) = given(id);
            assert_eq!((made.len(), certainty), (65, Certainty::Inferred));
            all.push(made);
        }
        all.dedup();
        assert_eq!(all.len(), 4);
    }
}
