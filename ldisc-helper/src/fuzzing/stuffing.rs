//! Payload that may hold its own end: there and back, and however the wire is cut.

use crate::discipline::stuffing::{Decoder, END, LEAD, encode};

/// Any bytes are payload, and any bytes may come on the wire. The first one says how reads are cut.
pub fn fuzz_stuffing(input: &[u8]) {
    let Some((size, bytes)) = input.split_first() else {
        return;
    };
    let size = usize::from(*size).max(1);
    let mut wire = Vec::new();
    encode(bytes, &mut wire);
    assert!(wire.len() <= 2 * bytes.len());
    wire.push(END);
    assert_eq!(decode(&wire, size), (bytes.to_vec(), Some(wire.len())));

    let found = decode(bytes, size);
    assert_eq!(found, decode(bytes, usize::MAX));
    let end = found.1.map_or(bytes.len(), |end| end - 1);
    assert!(found.0.len() <= end);
    // What holds neither of the two is as it was.
    if !bytes[..end].contains(&LEAD) {
        assert_eq!(found.0, &bytes[..end]);
    }
}

/// The payload, and how much of the wire it and its end were.
fn decode(wire: &[u8], size: usize) -> (Vec<u8>, Option<usize>) {
    let (mut decoder, mut payload, mut at) = (Decoder::default(), Vec::new(), 0);
    for piece in wire.chunks(size) {
        let plain = decoder.plain(piece, 0xFF);
        assert!(!piece[..plain].iter().any(|byte| [LEAD, END].contains(byte)));
        let (taken, ended) = decoder.decode(piece, 0xFF, &mut payload);
        at += taken;
        if ended {
            return (payload, Some(at));
        }
        assert_eq!(taken, piece.len());
    }
    if decoder.release() {
        payload.push(LEAD);
    }
    (payload, None)
}
