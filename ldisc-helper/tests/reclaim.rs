//! A claimed device vanishes and comes back.

#![cfg(feature = "server")]

#[cfg(test)]
mod common;

use common::equipment::{Pair, lead, read_exactly, write_all};
use common::folder::Folder;
use common::{Helper, NOBODY, as_nobody, is_root};
use hayes_ldisc::record::{FromHelper, LineSettings, Refusal, Role, ToHelper};
use std::fs::{self, Permissions};
use std::os::unix::fs::{PermissionsExt, symlink};
use std::path::PathBuf;

/// A device under a name of its own in this folder, and the helper, which may claim it.
fn named() -> (Folder, PathBuf, String, Helper, Pair) {
    let folder = Folder::new();
    let link = folder.path().join("port");
    let device = link.display().to_string();
    let helper = Helper::start(&["--allow", &device]);
    let pair = Pair::new();
    lead(&link, &pair);
    (folder, link, device, helper, pair)
}

#[test]
fn it_is_claimed_again_under_its_name() {
    let folder = Folder::new();
    let by_id = folder.path().join("by-id");
    let link = by_id.join("usb-module");
    let device = link.display().to_string();
    let helper = Helper::start(&["--allow", &device]);
    fs::create_dir(&by_id).unwrap();
    let mut pair = Pair::new();
    lead(&link, &pair);
    let mut client = helper.claimed(&device, Role::Dte);
    let descriptors = helper.descriptors();
    for round in 0..20 {
        write_all(&pair.master, b"RING");
        assert_eq!(client.data(4), b"RING");
        // The folder goes with its last entry, and comes with its first.
        fs::remove_file(&link).unwrap();
        fs::remove_dir(&by_id).unwrap();
        let _gone = pair.vanish();
        client.expect_hangup();
        client.expect_refused(Refusal::Absent);
        if round == 0 {
            helper.assert_idle_but_for_others();
        }
        pair = Pair::new();
        fs::create_dir(&by_id).unwrap();
        lead(&link, &pair);
        let claimed = client.expect_claimed();
        assert!(claimed.circuits.ready);
        client.send(&ToHelper::Write(b"AT\r"));
        assert_eq!(read_exactly(&pair.master, 3), b"AT\r");
    }
    assert_eq!(helper.descriptors(), descriptors);
    helper.assert_idle_but_for_others();
}

#[test]
fn a_name_that_leads_nowhere_for_a_while() {
    let folder = Folder::new();
    let link = folder.path().join("port");
    let device = link.display().to_string();
    let helper = Helper::start(&["--allow", &device]);
    // Absent from the first.
    let client = helper.claim(&device, Role::Dte);
    let text = client.expect_refused(Refusal::Absent);
    assert!(text.starts_with(&device), "{text}");
    helper.assert_idle_but_for_others();
    let pair = Pair::new();
    lead(&link, &pair);
    assert!(!client.expect_claimed().kept);
    // The node goes, the name stays.
    let _gone = pair.vanish();
    client.expect_hangup();
    client.expect_refused(Refusal::Absent);
    helper.assert_idle_but_for_others();
    let pair = Pair::new();
    let fresh = folder.path().join("fresh");
    lead(&fresh, &pair);
    fs::rename(&fresh, &link).unwrap();
    client.expect_claimed();
    write_all(&pair.master, b"RING");
    assert_eq!(client.data(4), b"RING");
}

#[test]
fn settings_of_the_last_configure_come_back_with_it() {
    let (_folder, link, device, helper, pair) = named();
    let mut client = helper.claimed(&device, Role::Dte);
    client.send(&ToHelper::Configure(LineSettings {
        speed: 9600,
        ..LineSettings::default()
    }));
    client.drain();
    fs::remove_file(&link).unwrap();
    let _gone = pair.vanish();
    client.expect_hangup();
    client.expect_refused(Refusal::Absent);
    let pair = Pair::new();
    lead(&link, &pair);
    client.expect_claimed();
    assert_eq!(common::equipment::speed(&pair.slave), 9600);
}

#[test]
fn settings_of_a_claim_while_it_is_away_are_those_it_comes_back_with() {
    let (_folder, link, device, helper, pair) = named();
    let client = helper.claimed(&device, Role::Dte);
    fs::remove_file(&link).unwrap();
    let _gone = pair.vanish();
    client.expect_hangup();
    client.expect_refused(Refusal::Absent);
    drop(client);
    let mut client = helper.connect();
    let mut asked = common::claim(&device, Role::Dte);
    asked.line.speed = 19_200;
    client.claim(&asked);
    assert!(client.expect_claimed().kept);
    client.expect_hangup();
    let pair = Pair::new();
    lead(&link, &pair);
    client.expect_claimed();
    assert_eq!(common::equipment::speed(&pair.slave), 19_200);
}

#[test]
fn a_node_that_is_not_ours_yet_is_had_when_it_becomes_so() {
    if !is_root("a helper without rights") {
        return;
    }
    let folder = Folder::new();
    let helper = Helper::start_as(Some(NOBODY), folder, &["--allow", "/dev/pts/*"]);
    as_nobody(|| {
        let pair = Pair::new();
        let set = |mode: u32| fs::set_permissions(&pair.name, Permissions::from_mode(mode));
        // As udev leaves it for a moment.
        set(0o000).unwrap();
        let client = helper.claim(&pair.name, Role::Dte);
        let text = client.expect_refused(Refusal::Absent);
        assert!(text.contains("Permission denied"), "{text}");
        helper.assert_idle_but_for_others();
        set(0o600).unwrap();
        client.expect_claimed();
    });
}

#[test]
fn what_comes_back_as_something_else_is_refused() {
    let (_folder, link, device, helper, pair) = named();
    let client = helper.claimed(&device, Role::Dte);
    fs::remove_file(&link).unwrap();
    let _gone = pair.vanish();
    client.expect_hangup();
    client.expect_refused(Refusal::Absent);
    symlink("/dev/null", &link).unwrap();
    client.expect_refused(Refusal::NotAllowed);
    client.expect_end();
}

#[test]
fn a_daemon_that_comes_back_meanwhile_is_told() {
    let (_folder, link, device, helper, pair) = named();
    drop(helper.claimed(&device, Role::Dte));
    let client = helper.claim(&device, Role::Dte);
    assert!(client.expect_claimed().kept);
    fs::remove_file(&link).unwrap();
    let _gone = pair.vanish();
    client.expect_hangup();
    client.expect_refused(Refusal::Absent);
    drop(client);
    let client = helper.claim(&device, Role::Dte);
    assert!(client.expect_claimed().kept);
    assert_eq!(client.next().record(), FromHelper::Hangup);
    let pair = Pair::new();
    lead(&link, &pair);
    client.expect_claimed();
}

/// Whoever it goes to takes nothing: what comes waits in the device, and nothing of it stands before the hang-up.
#[test]
fn a_device_that_is_held_hangs_up_all_the_same() {
    let (_folder, link, device, helper, pair) = named();
    let mut client = helper.claimed(&device, Role::Dte);
    client.send(&ToHelper::Hold(true));
    client.drain();
    write_all(&pair.master, b"held");
    helper.assert_idle_but_for_others();
    fs::remove_file(&link).unwrap();
    let _gone = pair.vanish();
    client.expect_hangup();
}
