//! Both ends against each other, and against an end that does something wrong.

use super::*;

fn awaits(next: Next) -> (Vec<u8>, usize) {
    match next {
        Next::Await { say, count, .. } => (say, count),
        other => panic!("{other:?}"),
    }
}

fn packet(number: u8, content: &[u8], with_crc: bool) -> Vec<u8> {
    let mut packet = vec![if content.len() == LARGE { STX } else { SOH }];
    packet.extend([number, !number]);
    packet.extend(content);
    match with_crc {
        true => packet.extend(crc(content).to_be_bytes()),
        false => packet.push(sum(content)),
    }
    packet
}

/// Gives a receiver these bytes; what it says and wants at the end, and what it stored.
fn feed(receiver: &mut Receiver, bytes: &[u8], stored: &mut Vec<u8>) -> Next {
    let (mut rest, mut count) = (bytes, 1);
    loop {
        let (now, later) = rest.split_at(count);
        rest = later;
        let mut next = receiver.came(Came::Bytes(now));
        if let Next::Store(content) = &next {
            stored.extend(content);
            next = receiver.stored();
        }
        match &next {
            Next::Await { count: wanted, .. } if !rest.is_empty() => count = *wanted,
            _ => return next,
        }
    }
}

#[test]
fn checks_are_as_everybody_computes_them() {
    assert_eq!(crc(b"123456789"), 0x31C3);
    assert_eq!(crc(b""), 0);
    assert_eq!(sum(&[0xFF, 2, 0x80]), 0x81);
}

/// A file from one end to the other; each may be asked for a sum or for CRC-16.
fn through(content: &[u8], ask: u8) -> Vec<u8> {
    let (mut sender, first) = Sender::begin();
    assert_eq!(awaits(first), (vec![], 1));
    let (mut receiver, first) = Receiver::begin();
    assert_eq!(awaits(first), (vec![CRC], 1));
    if ask == NAK {
        for _ in 0..4 {
            receiver.came(Came::Silence);
        }
    }
    let mut stored = Vec::new();
    let mut to_sender = vec![ask];
    loop {
        let mut next = sender.came(Came::Bytes(&to_sender));
        if let Next::Read(from) = next {
            let from = usize::try_from(from).unwrap().min(content.len());
            let piece = &content[from..];
            next = sender.content(&piece[..piece.len().min(BLOCK)]);
        }
        if next == Next::Whole {
            return stored;
        }
        let (packet, _) = awaits(next);
        to_sender = match feed(&mut receiver, &packet, &mut stored) {
            Next::Whole => Receiver::finished(true).to_vec(),
            next => awaits(next).0,
        };
    }
}

#[test]
fn a_file_arrives_whatever_its_length() {
    for length in [0, 1, 127, 128, 129, 1024, 70_000] {
        let content: Vec<u8> = (0..length).map(|at: u32| (at * 7 % 251) as u8).collect();
        for ask in [CRC, NAK] {
            let stored = through(&content, ask);
            assert_eq!(stored[..content.len()], content, "{length}");
            assert_eq!(stored.len(), content.len().next_multiple_of(BLOCK));
            assert!(stored[content.len()..].iter().all(|byte| *byte == SUB));
        }
    }
}

#[test]
fn the_sender_says_the_same_again_when_it_is_not_understood() {
    let (mut sender, _) = Sender::begin();
    assert_eq!(
        sender.came(Came::Bytes(b"?")),
        one(&[], Duration::from_secs(60))
    );
    assert_eq!(sender.came(Came::Bytes(&[NAK])), Next::Read(0));
    let first = awaits(sender.content(b"abc")).0;
    assert_eq!(first.len(), 132);
    assert_eq!(&first[..7], [SOH, 1, 0xFE, b'a', b'b', b'c', SUB]);
    assert_eq!(awaits(sender.came(Came::Bytes(&[NAK]))).0, first);
    assert_eq!(awaits(sender.came(Came::Silence)).0, first);
    // What it does not know it does not answer.
    assert_eq!(awaits(sender.came(Came::Bytes(b"C"))).0, b"");
    assert_eq!(sender.came(Came::Bytes(&[ACK])), Next::Read(128));
    assert_eq!(awaits(sender.content(&[])).0, [EOT]);
    // Many receivers want to hear the end twice.
    assert_eq!(awaits(sender.came(Came::Bytes(&[NAK]))).0, [EOT]);
    assert_eq!(sender.came(Came::Bytes(&[ACK])), Next::Whole);
}

#[test]
fn the_sender_gives_up() {
    let (mut sender, _) = Sender::begin();
    assert_eq!(sender.came(Came::Silence), Next::Over(CANCEL));

    let (mut sender, _) = Sender::begin();
    sender.came(Came::Bytes(&[CRC]));
    let packet = awaits(sender.content(b"abc")).0;
    assert_eq!(packet.len(), 133);
    for _ in 1..TRIES {
        assert_eq!(awaits(sender.came(Came::Silence)).0, packet);
    }
    assert_eq!(sender.came(Came::Bytes(&[NAK])), Next::Over(CANCEL));

    // One that speaks another language.
    let (mut sender, _) = Sender::begin();
    let over = (0..NOISE).find(|_| sender.came(Came::Bytes(b"A")) == Next::Over(CANCEL));
    assert_eq!(over, Some(NOISE - 1));
}

#[test]
fn either_end_may_cancel_but_not_by_one_byte() {
    let (mut sender, _) = Sender::begin();
    sender.came(Came::Bytes(&[CRC]));
    sender.content(b"abc");
    for byte in [CAN, b'x', CAN] {
        awaits(sender.came(Came::Bytes(&[byte])));
    }
    assert_eq!(sender.came(Came::Bytes(&[CAN])), Next::Over(&[]));

    let (mut receiver, _) = Receiver::begin();
    awaits(receiver.came(Came::Bytes(&[CAN])));
    assert_eq!(receiver.came(Came::Bytes(&[CAN])), Next::Over(&[]));
}

#[test]
fn large_packets_and_small_ones() {
    let (mut receiver, _) = Receiver::begin();
    let (large, small) = ([b'l'; LARGE], [b's'; BLOCK]);
    let mut stored = Vec::new();
    for (number, content) in [(1, &large[..]), (2, &small), (3, &large)] {
        let next = feed(&mut receiver, &packet(number, content, true), &mut stored);
        assert_eq!(next, one(&[ACK], PATIENCE));
    }
    assert_eq!(stored, [&large[..], &small, &large].concat());
    assert_eq!(feed(&mut receiver, &[EOT], &mut stored), Next::Whole);
}

#[test]
fn numbers_wrap() {
    let (mut receiver, _) = Receiver::begin();
    let mut stored = Vec::new();
    for number in 1..=600_u32 {
        let content = [number as u8; BLOCK];
        let packet = packet(number as u8, &content, true);
        let next = feed(&mut receiver, &packet, &mut stored);
        assert_eq!(next, one(&[ACK], PATIENCE), "{number}");
    }
    assert_eq!(stored.len(), 600 * BLOCK);
}

#[test]
fn a_packet_that_came_before_is_not_stored_twice() {
    let (mut receiver, _) = Receiver::begin();
    let mut stored = Vec::new();
    let first = packet(1, &[b'a'; BLOCK], true);
    for _ in 0..3 {
        let next = feed(&mut receiver, &first, &mut stored);
        assert_eq!(next, one(&[ACK], PATIENCE));
    }
    assert_eq!(stored, [b'a'; BLOCK]);
    // One that leaves another out is beyond help.
    let third = packet(3, &[b'c'; BLOCK], true);
    let next = feed(&mut receiver, &third, &mut stored);
    assert_eq!(next, Next::Over(CANCEL));
    let (mut receiver, _) = Receiver::begin();
    let zero = packet(0, &[b'0'; BLOCK], true);
    assert_eq!(feed(&mut receiver, &zero, &mut stored), Next::Over(CANCEL));
}

#[test]
fn what_is_spoilt_is_asked_for_again_once_the_line_is_silent() {
    let good = packet(1, &[b'a'; BLOCK], true);
    for at in 1..good.len() {
        let (mut receiver, _) = Receiver::begin();
        let mut stored = Vec::new();
        let mut bad = good.clone();
        bad[at] ^= 0x10;
        let next = feed(&mut receiver, &bad, &mut stored);
        assert_eq!(next, one(&[], GAP), "{at}");
        // Noise behind it is left out, too.
        assert_eq!(receiver.came(Came::Bytes(&[SOH])), one(&[], GAP));
        let (say, _) = awaits(receiver.came(Came::Silence));
        assert_eq!(say, [CRC], "nothing has come yet: {at}");
        let next = feed(&mut receiver, &good, &mut stored);
        assert_eq!((next, stored), (one(&[ACK], PATIENCE), vec![b'a'; BLOCK]));
    }
}

#[test]
fn the_receiver_asks_for_a_sum_where_crc_is_not_known_and_then_gives_up() {
    let (mut receiver, _) = Receiver::begin();
    let mut said = Vec::new();
    loop {
        match receiver.came(Came::Silence) {
            Next::Await { say, .. } => said.extend(say),
            next => {
                assert_eq!(next, Next::Over(CANCEL));
                break;
            }
        }
    }
    assert_eq!(said, b"CCC\x15\x15\x15\x15\x15\x15");

    // A packet that breaks off.
    let (mut receiver, _) = Receiver::begin();
    let mut stored = Vec::new();
    feed(&mut receiver, &packet(1, &[b'a'; BLOCK], true), &mut stored);
    receiver.came(Came::Bytes(&[SOH]));
    assert_eq!(receiver.came(Came::Silence), one(&[NAK], PATIENCE));
    let next = feed(&mut receiver, &packet(2, &[b'b'; BLOCK], true), &mut stored);
    assert_eq!(next, one(&[ACK], PATIENCE));
}
