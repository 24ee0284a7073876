use super::Tty;
use super::ioctl;
use crate::allow::Allow;
use crate::record::{LineSettings, Refusal, Role, Wiring};
use crate::refused::Refused;
use nix::pty::{OpenptyResult, openpty};
use nix::unistd::ttyname;
use std::fs::{self, File};
use std::os::fd::AsFd;

fn claim(device: &str, line: LineSettings) -> Result<Tty, Refused> {
    let allow = Allow::new("/nonexistent", vec!["/dev/*".into(), "/dev/pts/*".into()]);
    Tty::claim(device, &allow, line, Role::Dce, Wiring::default())
}

fn pty() -> (OpenptyResult, String) {
    let pair = openpty(None, None).unwrap();
    let name = ttyname(&pair.slave).unwrap();
    (pair, name.to_str().unwrap().to_owned())
}

/// Everything that can be given back.
fn state(fd: impl AsFd) -> (Vec<u32>, Vec<u8>, bool) {
    let termios = ioctl::termios(&fd).unwrap();
    (
        vec![
            termios.c_iflag,
            termios.c_oflag,
            termios.c_cflag,
            termios.c_lflag,
            termios.c_ispeed,
            termios.c_ospeed,
        ],
        termios.c_cc.to_vec(),
        ioctl::is_exclusive(&fd).unwrap(),
    )
}

#[test]
fn claimed_and_given_back_as_it_was() {
    let (pair, name) = pty();
    let mut odd = ioctl::termios(&pair.slave).unwrap();
    odd.c_cc[libc::VMIN] = 7;
    odd.c_cflag |= libc::HUPCL;
    ioctl::set_termios(&pair.slave, &odd).unwrap();
    let before = state(&pair.slave);
    let line = LineSettings {
        speed: 12_345,
        ..LineSettings::default()
    };
    let tty = claim(&name, line).unwrap();
    let during = state(&pair.slave);
    assert_ne!(before, during);
    assert!(during.2);
    assert_eq!(during.0[5], 12_345);
    drop(tty);
    assert_eq!(state(&pair.slave), before);
    // And it can be had again.
    claim(&name, line).unwrap();
}

#[test]
fn one_at_a_time() {
    let (pair, name) = pty();
    let tty = claim(&name, LineSettings::default()).unwrap();
    let refused = claim(&name, LineSettings::default()).unwrap_err();
    assert_eq!(refused.why, Refusal::Busy);
    assert!(!refused.is_final());
    drop(tty);

    // Someone who locks it as other programs do.
    let other = File::open(&name).unwrap();
    other.try_lock().unwrap();
    let refused = claim(&name, LineSettings::default()).unwrap_err();
    assert_eq!(refused.text, format!("{name} is locked"));
    other.unlock().unwrap();

    // Someone who holds it exclusively, and lets root pass.
    ioctl::set_exclusive(&pair.slave, true).unwrap();
    let refused = claim(&name, LineSettings::default()).unwrap_err();
    assert_eq!(refused.why, Refusal::Busy);
    // Nothing of his was touched.
    assert!(ioctl::is_exclusive(&pair.slave).unwrap());
}

#[test]
fn what_is_no_tty_is_refused() {
    for (device, words) in [
        ("/dev/null", "does not answer as a TTY"),
        ("/dev/shm", "is not a character device"),
        ("/dev/tty", "is a console or a virtual terminal"),
        ("/dev/console", "is a console or a virtual terminal"),
        ("/dev/ptmx", "is a console or a virtual terminal"),
    ] {
        let refused = claim(device, LineSettings::default()).unwrap_err();
        assert_eq!(refused.why, Refusal::NotAllowed, "{refused}");
        assert!(refused.is_final());
        assert!(refused.text.contains(words), "{refused}");
    }
}

#[test]
fn a_symlink_is_followed_and_the_node_judged() {
    let folder = std::env::temp_dir().join(format!("hayes-ldisc-tty-{}", std::process::id()));
    fs::create_dir_all(&folder).unwrap();
    let link = folder.join("port");
    let device = link.to_str().unwrap();
    let allow = Allow::new("/nonexistent", vec![device.to_owned()]);
    let claim = || {
        let line = LineSettings::default();
        Tty::claim(device, &allow, line, Role::Dte, Wiring::default())
    };
    assert_eq!(claim().unwrap_err().why, Refusal::Absent);
    fs::write(&link, "").unwrap();
    let refused = claim().unwrap_err();
    assert_eq!(refused.text, format!("{device} is not a character device"));
    fs::remove_file(&link).unwrap();
    let (_pair, name) = pty();
    std::os::unix::fs::symlink(name, &link).unwrap();
    claim().unwrap();
    fs::remove_dir_all(folder).unwrap();
}

#[test]
fn settings_that_make_no_sense() {
    let (_pair, name) = pty();
    for line in [
        LineSettings {
            speed: 0,
            ..LineSettings::default()
        },
        LineSettings {
            data_bits: 9,
            ..LineSettings::default()
        },
        LineSettings {
            stop_bits: 3,
            ..LineSettings::default()
        },
    ] {
        let refused = claim(&name, line).unwrap_err();
        assert_eq!(refused.why, Refusal::Settings, "{refused}");
    }
}

#[test]
fn a_tty_without_circuits_is_normal() {
    let (_pair, name) = pty();
    let mut tty = claim(&name, LineSettings::default()).unwrap();
    assert!(tty.circuits().ready);
    tty.set_circuits(tty.circuits()).unwrap();
    assert!(!tty.has_lost());
    assert_eq!(tty.output_left(), 0);
    tty.drop_output().unwrap();
}
