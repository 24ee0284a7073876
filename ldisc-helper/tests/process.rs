//! The process: its arguments, its socket, its end.

#![cfg(feature = "server")]

#[cfg(test)]
mod common;

use common::client::Client;
use common::equipment::{Pair, settings};
use common::folder::Folder;
use common::{Helper, PROGRAM, claim, run, until};
use hayes_ldisc::record::{Refusal, Role, ToHelper};
use nix::libc;
use nix::sys::signal::Signal;
use nix::sys::socket::{
    AddressFamily, Backlog, SockFlag, SockType, UnixAddr, bind, listen, socket,
};
use std::fs;
use std::io::Write;
use std::os::fd::AsRawFd;
use std::os::unix::process::CommandExt;
use std::process::{Command, Stdio};

#[test]
fn arguments() {
    let help = run(&["--help"]);
    assert!(help.status.success());
    for option in ["--socket", "--allow", "--orphan", "--spawned"] {
        assert!(String::from_utf8_lossy(&help.stdout).contains(option));
    }
    let version = run(&["--version"]);
    let expected = format!("hayes-ldisc {}\n", env!("CARGO_PKG_VERSION"));
    assert_eq!(String::from_utf8_lossy(&version.stdout), expected);
    let wrong = run(&["--sockets", "/tmp/x"]);
    assert_eq!(wrong.status.code(), Some(2));
    assert!(String::from_utf8_lossy(&wrong.stderr).contains("--sockets"));
    // Nobody passed a socket.
    let none = run(&[]);
    assert_eq!(none.status.code(), Some(1));
    assert!(String::from_utf8_lossy(&none.stderr).contains("--socket PATH"));
}

#[test]
fn a_stale_socket_is_replaced_and_nothing_else() {
    let helper = Helper::start(&[]);
    let path = helper.socket().to_str().unwrap().to_owned();
    let second = run(&["--socket", &path]);
    assert_eq!(second.status.code(), Some(1));
    let text = String::from_utf8_lossy(&second.stderr).into_owned();
    assert!(text.contains(&path) && text.contains("in use"), "{text}");
    helper.claimed("pty:panel", Role::Dte).drain();

    // Killed, it leaves its socket behind; the next one takes its place.
    let (_, folder) = helper.end(Signal::SIGKILL);
    assert!(fs::exists(&path).unwrap());
    let helper = Helper::start_as(None, folder, &[]);
    helper.claimed("pty:panel", Role::Dte).drain();

    let file = helper.folder().path().join("file");
    fs::write(&file, "precious").unwrap();
    let third = run(&["--socket", file.to_str().unwrap()]);
    assert_eq!(third.status.code(), Some(1));
    assert_eq!(fs::read(&file).unwrap(), b"precious");
}

#[test]
fn a_socket_that_was_passed() {
    let folder = Folder::new();
    let path = folder.path().join("passed.sock");
    // Without CLOEXEC and blocking, as a careless service manager would pass it.
    let flags = SockFlag::empty();
    let listener = socket(AddressFamily::Unix, SockType::SeqPacket, flags, None).unwrap();
    bind(listener.as_raw_fd(), &UnixAddr::new(&path).unwrap()).unwrap();
    listen(&listener, Backlog::new(5).unwrap()).unwrap();
    let mut command = Command::new("/bin/sh");
    command
        .args(["-c", "LISTEN_PID=$$ LISTEN_FDS=1 exec \"$0\"", PROGRAM])
        .stdin(Stdio::null());
    let number = listener.as_raw_fd();
    // SAFETY: dup2 may be called between fork and exec.
    unsafe {
        command.pre_exec(move || match libc::dup2(number, 3) {
            3 => Ok(()),
            _ => Err(std::io::Error::last_os_error()),
        });
    }
    let mut child = command.spawn().unwrap();
    let mut client = Client::connect(&path);
    client.claim(&claim("pty:panel", Role::Dce));
    client.expect_claimed();
    client.drain();
    // The name is beside the socket, wherever that is.
    assert!(folder.path().join("pty/panel").exists());
    let pid = nix::unistd::Pid::from_raw(child.id() as i32);
    nix::sys::signal::kill(pid, Signal::SIGTERM).unwrap();
    assert!(child.wait().unwrap().success());
    // The socket is the service manager's.
    assert!(path.exists());
    assert!(fs::symlink_metadata(folder.path().join("pty/panel")).is_err());
}

#[test]
fn a_spawned_helper_ends_with_whoever_started_it() {
    let mut helper = Helper::start(&["--spawned", "--allow", "/dev/pts/*"]);
    let pair = Pair::new();
    let before = settings(&pair.slave);
    let _tty = helper.claimed(&pair.name, Role::Dte);
    let _pty = helper.claimed("pty:panel", Role::Dce);
    let name = helper.pty("panel");
    assert!(name.exists());
    assert_ne!(settings(&pair.slave), before);
    helper.stdin = None;
    assert!(helper.wait().success());
    assert_eq!(settings(&pair.slave), before);
    assert!(fs::symlink_metadata(name).is_err());
    assert!(!helper.socket().exists());
}

#[test]
fn what_whoever_started_it_said_before_he_ended_does_not_matter() {
    let mut helper = Helper::start(&["--spawned"]);
    let mut stdin = helper.stdin.take().unwrap();
    // Stopped, so that it finds the words and their end at once.
    helper.signal(Signal::SIGSTOP);
    stdin.write_all(&[b'x'; 1000]).unwrap();
    drop(stdin);
    helper.signal(Signal::SIGCONT);
    assert!(helper.wait().success());
}

/// Told before the claim, it holds for the claim, in whatever order the loop hears of both.
#[test]
fn whoever_started_it_may_name_other_devices_later() {
    let mut helper = Helper::start(&["--spawned", "--allow", "/nonexistent/tty"]);
    let mut stdin = helper.stdin.take().unwrap();
    let pair = Pair::new();
    for allowed in [false, true, false, true] {
        let list = match allowed {
            true => format!("/nonexistent/tty\n{}\n\n", pair.name),
            false => "/nonexistent/tty\n\n".to_owned(),
        };
        helper.signal(Signal::SIGSTOP);
        stdin.write_all(list.as_bytes()).unwrap();
        let mut client = helper.claim(&pair.name, Role::Dte);
        helper.signal(Signal::SIGCONT);
        if allowed {
            client.expect_claimed();
            client.send(&ToHelper::Release);
        } else {
            client.expect_refused(Refusal::NotAllowed);
        }
    }
}

#[test]
fn others_do_not_care_about_their_standard_input() {
    let mut helper = Helper::start(&[]);
    helper.stdin = None;
    helper.assert_idle();
    helper.claimed("pty:panel", Role::Dte).drain();
}

#[test]
fn connections_that_claim_nothing() {
    let helper = Helper::start(&[]);
    let idle: Vec<Client> = (0..64).map(|_| helper.connect()).collect();
    // One more than is borne.
    let refused = helper.connect();
    refused.expect_end();
    drop(idle);
    until("room", || {
        let mut client = helper.connect();
        let packet = client.try_claim("pty:panel");
        packet.is_some()
    });
}
