//! What must hold for any bytes, for the fuzzer and for a short run in the tests.

use super::{Draft, Mailbox, Stamp, Text, compose, decompose, prepare};

/// Any bytes, taken for a message: what [`prepare`] lets through is fit for SMTP, and stays as it is when
/// prepared again; what [`decompose`] reads can be composed and reads the same.
pub fn fuzz_message(bytes: &[u8]) {
    let stamp = Stamp {
        date: None,
        message_id: "<fuzz@example.org>".into(),
    };
    if let Ok(prepared) = prepare(bytes.to_vec(), &stamp) {
        let made = &prepared.rfc5322;
        assert!(made.ends_with(b"\r\n") && !made.contains(&0));
        for (at, byte) in made.iter().enumerate() {
            match byte {
                b'\r' => assert_eq!(made.get(at + 1), Some(&b'\n')),
                b'\n' => assert!(at > 0 && made.get(at - 1) == Some(&b'\r')),
                _ => {}
            }
        }
        assert_eq!(prepared.shape.size, made.len() as u64);
        let again = prepare(made.clone(), &stamp);
        assert!(again.is_ok_and(|again| again.rfc5322 == *made));
    }
    if let Ok(plain) = decompose(bytes) {
        let draft = Draft {
            from: plain.from.clone(),
            to: vec![Mailbox::new("a@example.org")],
            text: plain.text.clone(),
            ..Draft::default()
        };
        if let Ok(composed) = compose(&draft, &stamp) {
            assert!(composed.rfc5322.is_ascii() || !plain.from.address.is_ascii());
            let again = decompose(&composed.rfc5322);
            assert!(
                again.is_ok_and(|again| again.from == plain.from && same(&again.text, &plain.text))
            );
        }
    }
}

/// The same but for the form of its line ends.
fn same(one: &Text, other: &Text) -> bool {
    let bytes = |text: &Text| match text {
        Text::Utf8(text) => text.as_bytes().to_vec(),
        Text::Bytes(bytes) => bytes.clone(),
    };
    let (one, other) = (bytes(one), bytes(other));
    let plain = |bytes: &[u8]| -> Vec<u8> {
        bytes
            .iter()
            .copied()
            .filter(|byte| *byte != b'\r')
            .collect()
    };
    one == other || plain(&one) == plain(&other)
}

/// Any text, taken for a list of mailboxes: what is read is shown so that it reads the same, and no address
/// of it can end an SMTP command.
pub fn fuzz_mailboxes(text: &str) {
    let Ok(list) = Mailbox::parse_list(text) else {
        return;
    };
    for mailbox in list {
        let shown = mailbox.to_string();
        assert_eq!(Mailbox::parse(&shown).as_ref(), Ok(&mailbox));
        let ends =
            |c: char| c.is_control() || matches!(c, '<' | '>') && !mailbox.address.starts_with('"');
        assert!(!mailbox.address.chars().any(ends));
    }
}
