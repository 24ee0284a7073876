//! `pty:NAME`: opened and closed by software on the same machine, again and again.

#![cfg(feature = "server")]

#[cfg(test)]
mod common;

use common::equipment::{assert_nothing, leave_exclusive, open, read_exactly, try_open, write_all};
use common::folder::Folder;
use common::{Helper, NOBODY, as_nobody, command, is_root};
use hayes_ldisc::record::{Refusal, Role, ToHelper};
use nix::errno::Errno;
use nix::sys::signal::Signal;
use std::fs;
use std::io::Read;
use std::os::unix::fs::{MetadataExt, symlink};

fn mode(answers: u32) -> ToHelper<'static> {
    let mode = command();
    ToHelper::Mode { answers, mode }
}

#[test]
fn it_has_its_name_while_it_is_claimed() {
    let helper = Helper::start(&[]);
    let path = helper.pty("panel");
    let mut client = helper.claimed("pty:panel", Role::Dte);
    let node = fs::read_link(&path).unwrap();
    assert!(node.starts_with("/dev/pts"), "{node:?}");
    let about = fs::metadata(&path).unwrap();
    // 0660 where the group may have it, else for our user alone.
    assert!(matches!(about.mode() & 0o777, 0o660 | 0o600));
    if is_root("the group of a pty") && about.mode() & 0o777 == 0o660 {
        let group = nix::unistd::Group::from_name("dialout").unwrap().unwrap();
        assert_eq!(about.gid(), group.gid.as_raw());
    }
    // Whoever may open it can reach its name.
    let folder = fs::metadata(path.parent().unwrap()).unwrap();
    assert_eq!(folder.mode() & 0o777, 0o755);
    client.send(&ToHelper::Release);
    client.next();
    client.expect_end();
    assert!(fs::symlink_metadata(&path).is_err());

    // And it goes with the helper.
    let _client = helper.claimed("pty:panel", Role::Dte);
    assert!(path.exists());
    let (status, folder) = helper.end(Signal::SIGINT);
    assert!(status.success());
    assert!(fs::symlink_metadata(folder.path().join("pty/panel")).is_err());
}

#[test]
fn any_path_only_for_whoever_started_the_helper() {
    let folder = Folder::new();
    let path = folder.path().join("port");
    let device = format!("pty:{}", path.display());
    let helper = Helper::start(&[]);
    helper
        .claim(&device, Role::Dce)
        .expect_refused(Refusal::NotAllowed);
    let helper = Helper::start(&["--spawned"]);
    let _client = helper.claimed(&device, Role::Dce);
    assert!(path.exists());
    // But nobody's file becomes a name.
    let file = folder.path().join("file");
    fs::write(&file, "precious").unwrap();
    helper
        .claim(&format!("pty:{}", file.display()), Role::Dce)
        .expect_refused(Refusal::NotAllowed);
    assert_eq!(fs::read(&file).unwrap(), b"precious");
}

#[test]
fn opened_and_closed_and_nothing_stale() {
    let helper = Helper::start(&[]);
    let path = helper.pty("panel");
    let mut client = helper.claimed("pty:panel", Role::Dce);
    client.send(&mode(0));
    // Nobody is there: this is for nobody.
    client.send(&ToHelper::Write(b"early"));
    client.drain();

    let first = open(&path);
    client.expect_ready(true);
    assert_nothing(&first);
    write_all(&first, b"ATI\r");
    let answers = client.expect_line("ATI");
    client.send(&ToHelper::Write(b"more than he reads"));
    client.send(&mode(answers));
    client.drain();
    assert_eq!(read_exactly(&first, 4), b"more");
    // Half a line, then he goes.
    write_all(&first, b"AT+CPI");
    drop(first);
    client.expect_ready(false);
    client.send(&ToHelper::Write(b"for nobody"));
    client.drain();

    let second = open(&path);
    client.expect_ready(true);
    assert_nothing(&second);
    write_all(&second, b"AT\r");
    client.expect_line("AT");
    // What was sent before the close still counts.
    drop(second);
    client.expect_ready(false);
    client.assert_quiet();
}

#[test]
fn what_was_sent_before_the_close_still_counts() {
    let helper = Helper::start(&[]);
    let path = helper.pty("panel");
    let client = helper.claimed("pty:panel", Role::Dte);
    for round in 0..20 {
        let peer = open(&path);
        let bytes: Vec<u8> = (0..3000 + round * 100).map(|n| n as u8).collect();
        write_all(&peer, &bytes);
        drop(peer);
        client.expect_ready(true);
        assert_eq!(client.data(bytes.len()), bytes);
        client.expect_ready(false);
    }
}

#[test]
fn a_look_at_it_is_told() {
    let helper = Helper::start(&[]);
    let path = helper.pty("panel");
    let client = helper.claimed("pty:panel", Role::Dte);
    drop(try_open(&path).unwrap());
    client.expect_ready(true);
    client.expect_ready(false);
    // With two users, the last one counts.
    let one = open(&path);
    let two = open(&path);
    client.expect_ready(true);
    drop(one);
    write_all(&two, b"still here");
    assert_eq!(client.data(10), b"still here");
    drop(two);
    client.expect_ready(false);
}

#[test]
fn nothing_spins() {
    let helper = Helper::start(&[]);
    helper.assert_idle();
    let path = helper.pty("panel");
    let client = helper.claimed("pty:panel", Role::Dce);
    helper.assert_idle();
    let before = helper.stats();
    const ROUNDS: usize = 50;
    for _ in 0..ROUNDS {
        let peer = open(&path);
        client.expect_ready(true);
        drop(peer);
        client.expect_ready(false);
    }
    let after = helper.stats();
    let wake_ups = after.wake_ups - before.wake_ups;
    assert!(wake_ups <= 3 * ROUNDS + 1, "{wake_ups} in {ROUNDS} rounds");
    helper.assert_idle();
    // Open, and nothing happens.
    let _peer = open(&path);
    client.expect_ready(true);
    helper.assert_idle();
    // Somebody writes what nobody reads: command mode is not set, so it is kept.
    write_all(&_peer, b"AT\r");
    helper.assert_idle();
}

#[test]
fn descriptors_stay_the_same() {
    let helper = Helper::start(&[]);
    let path = helper.pty("panel");
    let client = helper.claimed("pty:panel", Role::Dte);
    drop(open(&path));
    client.expect_ready(true);
    client.expect_ready(false);
    let before = helper.descriptors();
    for round in 0..200 {
        let peer = open(&path);
        client.expect_ready(true);
        write_all(&peer, b"hello");
        assert_eq!(client.data(5), b"hello");
        if round % 2 == 0 {
            leave_exclusive(&peer);
        }
        drop(peer);
        client.expect_ready(false);
    }
    assert_eq!(helper.descriptors(), before);
    // As well after 200 claims.
    for _ in 0..200 {
        let mut client = helper.claimed("pty:other", Role::Dte);
        client.send(&ToHelper::Release);
        client.next();
        client.expect_end();
    }
    assert_eq!(helper.descriptors(), before);
}

#[test]
fn exclusivity_left_behind_stops_nobody() {
    // Once the helper is as unprivileged as its user, once it is root's.
    for user in [Some(NOBODY), None] {
        if user.is_some() && !is_root("a helper without rights") {
            continue;
        }
        let helper = Helper::start_as(user, Folder::new(), &[]);
        let path = helper.pty("panel");
        let client = helper.claimed("pty:panel", Role::Dte);
        if user.is_none() && is_root("") {
            let nobody = nix::unistd::Uid::from_raw(NOBODY);
            nix::unistd::chown(&path, Some(nobody), None).unwrap();
        }
        as_nobody(|| {
            let peer = open(&path);
            client.expect_ready(true);
            leave_exclusive(&peer);
            let refused = try_open(&path).unwrap_err();
            assert_eq!(refused.raw_os_error(), Some(Errno::EBUSY as i32));
            drop(peer);
            client.expect_ready(false);
            // The name leads to one that can be opened.
            let next = open(&path);
            client.expect_ready(true);
            write_all(&next, b"here");
            assert_eq!(client.data(4), b"here");
        });
        client.expect_ready(false);
    }
}

#[test]
fn a_helper_that_was_killed_leaves_a_name_that_the_next_one_takes() {
    let helper = Helper::start(&[]);
    let first = helper.claimed("pty:panel", Role::Dte);
    let path = helper.pty("panel");
    let mut peer = open(&path);
    first.expect_ready(true);
    let before = fs::read_link(&path).unwrap();
    let (_, folder) = helper.end(Signal::SIGKILL);
    first.expect_end();
    assert_eq!(fs::read_link(&path).unwrap(), before);
    assert_eq!(peer.read(&mut [0; 16]).unwrap(), 0, "hung up");
    drop(peer);

    let helper = Helper::start_as(None, folder, &[]);
    let client = helper.claimed("pty:panel", Role::Dte);
    let peer = open(&path);
    client.expect_ready(true);
    write_all(&peer, b"again");
    assert_eq!(client.data(5), b"again");
}

#[test]
fn a_name_that_is_someone_elses_file_stays_his() {
    let helper = Helper::start(&[]);
    let pty = helper.pty("panel");
    fs::create_dir(pty.parent().unwrap()).unwrap();
    symlink("/etc/passwd", &pty).unwrap();
    helper
        .claim("pty:panel", Role::Dce)
        .expect_refused(Refusal::NotAllowed);
    assert_eq!(fs::read_link(&pty).unwrap().to_str(), Some("/etc/passwd"));
}
