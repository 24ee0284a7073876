//! Claiming a device, being refused it, giving it back.

#![cfg(feature = "server")]

#[cfg(test)]
mod common;

use common::equipment::{Pair, open, read_exactly, settings, speed, try_write, write_all};
use common::folder::Folder;
use common::{Helper, NOBODY, claim, is_root, pattern, until};
use hayes_ldisc::record::{FromHelper, LineSettings, Refusal, Role, ToHelper};
use nix::sys::signal::Signal;
use nix::sys::termios::{
    InputFlags, LocalFlags, SetArg, SpecialCharacterIndices, tcgetattr, tcsetattr,
};
use nix::unistd::{Uid, chown};
use std::os::unix::fs::symlink;

#[test]
fn given_back_as_it_was() {
    let helper = Helper::start(&["--allow", "/dev/pts/*"]);
    let pair = Pair::new();
    let mut termios = tcgetattr(&pair.slave).unwrap();
    termios.control_chars[SpecialCharacterIndices::VMIN as usize] = 9;
    tcsetattr(&pair.slave, SetArg::TCSANOW, &termios).unwrap();
    let before = settings(&pair.slave);

    let mut client = helper.claimed(&pair.name, Role::Dte);
    assert_ne!(settings(&pair.slave), before);
    let of = client.send(&ToHelper::Release);
    let done = FromHelper::Done {
        of,
        dropped: 0,
        failed: None,
    };
    assert_eq!(client.next().record(), done);
    client.expect_end();
    assert_eq!(settings(&pair.slave), before);

    // It can be had again, and is given back when the helper is told to end, too.
    let _client = helper.claimed(&pair.name, Role::Dte);
    assert_ne!(settings(&pair.slave), before);
    let (status, folder) = helper.end(Signal::SIGTERM);
    assert!(status.success());
    assert_eq!(settings(&pair.slave), before);
    let left = std::fs::read_dir(folder.path()).unwrap().count();
    assert_eq!(left, 0, "no socket is left");
}

#[test]
fn what_is_dropped_is_counted() {
    let helper = Helper::start(&["--allow", "/dev/pts/*"]);
    let pair = Pair::new();
    let mut client = helper.claimed(&pair.name, Role::Dte);
    // More than a pty takes while nobody reads it.
    for _ in 0..4 {
        client.send(&ToHelper::Write(&[b'x'; 32 * 1024]));
    }
    assert_eq!(read_exactly(&pair.master, 1), b"x");
    client.send(&ToHelper::Release);
    match client.next().record() {
        FromHelper::Done { dropped, .. } => {
            assert!((64 * 1024..128 * 1024).contains(&dropped), "{dropped}");
        }
        other => panic!("{other:?}"),
    }
    client.expect_end();
}

#[test]
fn a_release_is_answered_after_all_that_came_before_it() {
    let helper = Helper::start(&[]);
    let mut client = helper.claimed("pty:panel", Role::Dte);
    let peer = open(&helper.pty("panel"));
    client.expect_ready(true);
    // More than the daemon's socket holds.
    let bytes = pattern(500_000);
    let writer = std::thread::spawn(move || {
        let taken = bytes
            .chunks(4096)
            .take_while(|piece| try_write(&peer, piece));
        (taken.count(), peer)
    });
    until("a full socket", || helper.stats().bytes_in > 100_000);
    let of = client.send(&ToHelper::Release);
    until("the name to go", || !helper.pty("panel").exists());
    let answer = loop {
        let packet = client.next();
        match packet.record() {
            FromHelper::Data { .. } => {}
            other => break format!("{other:?}"),
        }
    };
    assert!(
        answer.starts_with(&format!("Done {{ of: {of},")),
        "{answer}"
    );
    client.expect_end();
    drop(client);
    assert!(writer.join().is_ok());
    helper.assert_idle();
}

#[test]
fn what_may_not_be_claimed() {
    let folder = Folder::new();
    let file = folder.path().join("file");
    std::fs::write(&file, "").unwrap();
    let file = file.to_str().unwrap().to_owned();
    let fifo = folder.path().join("fifo");
    nix::unistd::mkfifo(&fifo, nix::sys::stat::Mode::S_IRWXU).unwrap();
    let fifo = fifo.to_str().unwrap().to_owned();
    let list = ["--allow", "/dev/*", "--allow", &file, "--allow", &fifo];
    let helper = Helper::start(&list);
    for (device, words) in [
        (file.as_str(), "is not a character device"),
        (&fifo, "is not a character device"),
        ("/dev/null", "does not answer as a TTY"),
        ("/dev/console", "is a console"),
        ("/dev/tty", "is a console"),
        ("/dev/ptmx", "is a console"),
        ("/dev/pts/0", "is not allowed by /etc/hayesd/ports"),
        ("/etc/passwd", "is not allowed by /etc/hayesd/ports"),
        ("/dev/../etc/passwd", "is not an absolute path"),
        ("ttyS0", "is not an absolute path"),
        ("pty:", "is no name for a pseudo-terminal"),
        ("pty:../x", "is no name for a pseudo-terminal"),
        ("pty:/tmp/x", "is no name for a pseudo-terminal"),
    ] {
        let client = helper.claim(device, Role::Dce);
        let text = client.expect_refused(Refusal::NotAllowed);
        assert!(text.contains(words), "{text}");
        assert!(text.contains(device.trim_start_matches("pty:")), "{text}");
        client.expect_end();
    }
    assert_eq!(std::fs::read(&file).unwrap(), b"");
}

#[test]
fn another_users_pseudo_terminal_is_refused() {
    if !is_root("another user's pseudo-terminal") {
        return;
    }
    let helper = Helper::start(&["--allow", "/dev/pts/*"]);
    let pair = Pair::new();
    chown(pair.name.as_str(), Some(Uid::from_raw(NOBODY)), None).unwrap();
    let client = helper.claim(&pair.name, Role::Dce);
    let text = client.expect_refused(Refusal::NotAllowed);
    assert_eq!(
        text,
        format!("{} is a pseudo-terminal of another user", pair.name)
    );
    client.expect_end();
}

#[test]
fn a_port_has_one_connection() {
    let helper = Helper::start(&["--allow", "/dev/pts/*"]);
    let pair = Pair::new();
    let mut first = helper.claimed(&pair.name, Role::Dte);
    let second = helper.claim(&pair.name, Role::Dte);
    second.expect_refused(Refusal::Taken);
    second.expect_end();
    first.drain();
}

#[test]
fn a_device_under_two_names_is_one_device() {
    let folder = Folder::new();
    let link = folder.path().join("link");
    let link = link.to_str().unwrap();
    let helper = Helper::start(&["--allow", "/dev/pts/*", "--allow", link]);
    let pair = Pair::new();
    symlink(&pair.name, link).unwrap();
    let mut first = helper.claimed(&pair.name, Role::Dte);
    let second = helper.claim(link, Role::Dte);
    second.expect_refused(Refusal::Busy);
    first.send(&ToHelper::Release);
    second.expect_claimed();
}

#[test]
fn a_busy_device_is_had_when_the_other_lets_go_of_it() {
    let helper = Helper::start(&["--allow", "/dev/pts/*"]);
    let pair = Pair::new();
    let other = std::fs::File::open(&pair.name).unwrap();
    other.try_lock().unwrap();
    let client = helper.claim(&pair.name, Role::Dte);
    let text = client.expect_refused(Refusal::Busy);
    assert_eq!(text, format!("{} is locked", pair.name));
    // Trying is no reason to try again.
    helper.assert_idle_but_for_others();
    drop(other);
    let claimed = client.expect_claimed();
    assert!(!claimed.kept);
    write_all(&pair.master, b"RING");
    assert_eq!(client.data(4), b"RING");
}

#[test]
fn whatever_somebody_set_meanwhile_is_raw_again_with_new_settings() {
    let helper = Helper::start(&["--allow", "/dev/pts/*"]);
    let pair = Pair::new();
    let mut client = helper.claimed(&pair.name, Role::Dte);
    let ours = settings(&pair.slave);
    let read_sizes = || {
        let set = tcgetattr(&pair.slave).unwrap().control_chars;
        let at = |which| set[which as usize];
        use SpecialCharacterIndices::{VMIN, VTIME};
        (at(VMIN), at(VTIME))
    };
    assert_eq!(read_sizes(), (1, 0));
    // As by stty(1).
    let mut other = tcgetattr(&pair.slave).unwrap();
    other.control_chars[SpecialCharacterIndices::VMIN as usize] = 64;
    other.control_chars[SpecialCharacterIndices::VTIME as usize] = 5;
    other.local_flags |= LocalFlags::ICANON | LocalFlags::ECHO;
    other.input_flags |= InputFlags::ICRNL | InputFlags::IXON;
    tcsetattr(&pair.slave, SetArg::TCSANOW, &other).unwrap();
    assert_ne!(settings(&pair.slave), ours);
    client.send(&ToHelper::Configure(LineSettings::default()));
    client.drain();
    assert_eq!(read_sizes(), (1, 0));
    assert_eq!(settings(&pair.slave), ours);
    write_all(&pair.master, b"RING\r");
    assert_eq!(client.data(5), b"RING\r");
}

#[test]
fn settings_take_effect_after_what_was_written_before_them() {
    let helper = Helper::start(&["--allow", "/dev/pts/*"]);
    let pair = Pair::new();
    let mut client = helper.connect();
    let line = LineSettings {
        speed: 9600,
        ..LineSettings::default()
    };
    let mut asked = claim(&pair.name, Role::Dte);
    asked.line = line;
    client.claim(&asked);
    client.expect_claimed();
    assert_eq!(speed(&pair.slave), 9600);
    client.send(&ToHelper::Write(b"OK"));
    client.send(&ToHelper::Configure(LineSettings {
        speed: 57_600,
        ..line
    }));
    client.drain();
    assert_eq!(speed(&pair.slave), 57_600);
    assert_eq!(read_exactly(&pair.master, 2), b"OK");
}
