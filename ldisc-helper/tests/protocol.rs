//! What daemons must not send, and who must not send anything.

#![cfg(feature = "server")]

#[cfg(test)]
mod common;

use common::equipment::{Pair, write_all};
use common::{Helper, as_nobody, claim, is_root, until};
use hayes_ldisc::discipline::{Mode, Wait};
use hayes_ldisc::record::{Circuits, FromHelper, Header, MAX_PACKET, Refusal, Role, ToHelper};
use std::fs::{self, Permissions};
use std::os::unix::fs::PermissionsExt;

/// Packets that are no record of a daemon's.
fn nonsense() -> Vec<Vec<u8>> {
    let mut packet = Vec::new();
    ToHelper::Drain.encode(Header::default(), &mut packet);
    let mut trailing = packet.clone();
    trailing.push(0);
    let mut flags = packet.clone();
    flags[1] = 0xFF;
    let short = packet[..packet.len() - 1].to_vec();
    let mut ours = Vec::new();
    FromHelper::Overrun.encode(Header::default(), &mut ours);
    vec![
        b"\0".to_vec(),
        b"AT\r".to_vec(),
        vec![0xFF; 100],
        vec![0x03; MAX_PACKET + 1],
        vec![0x03; 100_000],
        trailing,
        flags,
        short,
        ours,
    ]
}

#[test]
fn nonsense_ends_its_connection_and_nothing_else() {
    let helper = Helper::start(&["--allow", "/dev/pts/*"]);
    let pair = Pair::new();
    let witness = helper.claimed(&pair.name, Role::Dte);
    for packet in nonsense() {
        // As the first record, and after a claim.
        let stranger = helper.connect();
        stranger.send_packet(&packet).unwrap();
        while let Some(packet) = stranger.receive() {
            let record = packet.record();
            let why = Refusal::Protocol;
            assert!(
                matches!(record, FromHelper::Refused { why: said, .. } if said == why),
                "{record:?}"
            );
        }
        let client = helper.claim("pty:panel", Role::Dce);
        client.expect_claimed();
        client.send_packet(&packet).unwrap();
        let text = client.expect_refused(Refusal::Protocol);
        assert!(!text.is_empty());
        client.expect_end();
    }
    write_all(&pair.master, b"RING");
    assert_eq!(witness.data(4), b"RING");
}

#[test]
fn records_out_of_place() {
    let helper = Helper::start(&[]);
    // Nothing goes before a claim.
    let mut client = helper.connect();
    client.send(&ToHelper::Drain);
    client.expect_refused(Refusal::Protocol);
    client.expect_end();
    // One claim a connection.
    let mut client = helper.claimed("pty:panel", Role::Dce);
    client.claim(&claim("pty:other", Role::Dce));
    client.expect_end();
    // A module's port is raw.
    let mut client = helper.claimed("pty:module", Role::Dte);
    let mode = Mode::Wait(Wait::default());
    client.send(&ToHelper::Mode { answers: 0, mode });
    client.expect_end();
    // Another version is told so.
    let client = helper.connect();
    let mut packet = Vec::new();
    let record = ToHelper::Claim(claim("pty:panel", Role::Dce));
    record.encode(Header::default(), &mut packet);
    packet[6] ^= 0xFF;
    client.send_packet(&packet).unwrap();
    let text = client.expect_refused(Refusal::Protocol);
    assert!(text.contains("version"), "{text}");
    client.expect_end();
}

#[test]
fn any_packets_at_all() {
    let helper = Helper::start(&[]);
    let bytes = common::pattern(64 * 1024);
    let mut at = 0;
    for round in 0..2000 {
        let length = 1 + usize::from(bytes[round % bytes.len()]) % 40;
        let mut packet: Vec<u8> = bytes
            .iter()
            .cycle()
            .skip(at)
            .take(length)
            .copied()
            .collect();
        at = (at + length) % bytes.len();
        // Near to a record.
        packet[0] %= 12;
        if let Some(flags) = packet.get_mut(1) {
            *flags %= 8;
        }
        let mut client = helper.connect();
        if round % 2 == 0 {
            client.claim(&claim("pty:panel", Role::Dce));
        }
        let _ = client.send_packet(&packet);
    }
    let mut client = helper.claimed("pty:last", Role::Dte);
    client.drain();
}

#[test]
fn a_daemon_that_hears_nothing_is_not_served_for_ever() {
    let helper = Helper::start(&[]);
    let client = helper.claimed("pty:panel", Role::Dce);
    let mut packet = Vec::new();
    ToHelper::Flush.encode(Header::default(), &mut packet);
    until("the connection's end", || {
        (0..1000).any(|_| client.send_packet(&packet).is_err())
    });
    let mut other = helper.claimed("pty:other", Role::Dte);
    other.drain();
}

#[test]
fn a_daemon_that_wants_everything_does_not_get_it() {
    let helper = Helper::start(&["--allow", "/dev/pts/*"]);
    let pairs: Vec<Pair> = (0..64).map(|_| Pair::new()).collect();
    for pair in &pairs {
        // Held for a daemon that went away.
        drop(helper.claimed(&pair.name, Role::Dce));
    }
    let client = helper.claim("pty:another", Role::Dce);
    let text = client.expect_refused(Refusal::NotAllowed);
    assert_eq!(text, "pty:another: more than 64 ports");
    client.expect_end();
    helper.claimed(&pairs[7].name, Role::Dce).drain();
}

#[test]
fn users_who_may_not_are_refused() {
    if !is_root("a connection of another user") {
        return;
    }
    let helper = Helper::start(&[]);
    // The socket's mode alone would let them in.
    fs::set_permissions(helper.socket(), Permissions::from_mode(0o666)).unwrap();
    as_nobody(|| {
        let client = helper.connect();
        let _ = client.send_packet(b"");
        client.expect_end();
        assert!(helper.log().contains("of user 65534"), "told in the log");
        drop(client);
    });
    let mut client = helper.claimed("pty:panel", Role::Dte);
    client.drain();
}

#[test]
fn circuits_that_a_pty_does_not_have_are_no_mistake() {
    let helper = Helper::start(&[]);
    let mut client = helper.claimed("pty:panel", Role::Dce);
    client.send(&ToHelper::SetCircuits(Circuits {
        ready: true,
        carrier: true,
        ring: false,
    }));
    client.send(&ToHelper::Break(std::time::Duration::from_millis(5)));
    client.drain();
}
