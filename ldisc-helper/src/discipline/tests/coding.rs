//! The coding against a machine of three lines, and there and back.

use super::super::stuffing::{Decoder, END, LEAD, encode};
use super::*;
use proptest::collection::vec;
use proptest::prelude::*;
use proptest::sample::select;

fn bytes() -> impl Strategy<Value = Vec<u8>> {
    let special = select(&[LEAD, END, LEAD, END, 0x1B, b'a', 0x9A][..]);
    let any = vec(any::<u8>(), 0..300);
    prop_oneof![any, vec(special, 0..200)]
}

/// What these pieces say, by the decoder.
fn decoded<'a>(pieces: impl Iterator<Item = &'a [u8]>) -> (Vec<u8>, bool) {
    let (mut decoder, mut payload) = (Decoder::default(), Vec::new());
    for piece in pieces {
        let (taken, ended) = decoder.decode(piece, 0xFF, &mut payload);
        if ended {
            return (payload, true);
        }
        assert_eq!(taken, piece.len());
    }
    if decoder.release() {
        payload.push(LEAD);
    }
    (payload, false)
}

/// The same, a byte at a time, as the vendor says it.
fn machine(wire: &[u8]) -> (Vec<u8>, bool) {
    let (mut payload, mut bytes) = (Vec::new(), wire.iter().copied().peekable());
    while let Some(byte) = bytes.next() {
        match (byte, bytes.peek()) {
            (LEAD, Some(&next @ (LEAD | END))) => payload.extend(bytes.next().map(|_| next)),
            (END, _) => return (payload, true),
            (other, _) => payload.push(other),
        }
    }
    (payload, false)
}

proptest! {
    #[test]
    fn coded_and_decoded_it_is_what_it_was(payload in bytes(), sizes in vec(1..80_usize, 1..6)) {
        let mut wire = Vec::new();
        encode(&payload, &mut wire);
        wire.push(END);
        prop_assert_eq!(decoded(cut(&wire, &sizes)), (payload, true));
    }

    #[test]
    fn what_comes_is_read_as_the_machine_reads_it(wire in bytes(), sizes in vec(1..80_usize, 1..6)) {
        prop_assert_eq!(decoded(cut(&wire, &sizes)), machine(&wire));
    }

    #[test]
    fn a_data_mode_finds_what_the_machine_finds(wire in bytes(), sizes in vec(1..80_usize, 1..6)) {
        let mut rig = Rig::data(Ends { in_band: Some(InBand::CtrlZStuffed), ..Ends::default() });
        for piece in cut(&wire, &sizes) {
            rig.read(piece);
        }
        let (payload, ended) = machine(&wire);
        rig.mode(Mode::Raw(Raw::default()));
        let count = payload.len() as u64;
        let mut found: Vec<_> = (count > 0).then_some(Found::Data(payload)).into_iter().collect();
        if ended {
            found.push(Found::End(Cause::CtrlZ, count));
        }
        prop_assert_eq!(rig.found(), found);
    }
}

/// In pieces of these sizes, again and again.
fn cut<'a>(wire: &'a [u8], sizes: &'a [usize]) -> impl Iterator<Item = &'a [u8]> {
    let (mut rest, mut sizes) = (wire, sizes.iter().cycle());
    core::iter::from_fn(move || {
        let size = rest.len().min(*sizes.next()?);
        let (piece, more) = rest.split_at(size);
        rest = more;
        (!piece.is_empty()).then_some(piece)
    })
}
