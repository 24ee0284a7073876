//! What systemd is told: `sd_notify(3)`, the protocol alone.

use std::ffi::OsStr;
use std::fmt::Write;
use std::io;
use std::os::linux::net::SocketAddrExt;
use std::os::unix::ffi::OsStrExt;
use std::os::unix::net::{SocketAddr, UnixDatagram};
use std::time::Duration;

/// The way to the service manager; a manager that is not there is told nothing.
#[derive(Debug, Default)]
pub struct Notify {
    socket: Option<UnixDatagram>,
    watchdog: Option<Duration>,
}

impl Notify {
    /// As the environment says (`NOTIFY_SOCKET`, `WATCHDOG_USEC`, `WATCHDOG_PID`). A socket that can't be
    /// reached counts as none.
    pub fn from_environment() -> Self {
        let socket = std::env::var_os("NOTIFY_SOCKET").and_then(|name| connect(&name).ok());
        let variable = |name| std::env::var(name).ok();
        let is_ours =
            variable("WATCHDOG_PID").is_none_or(|pid| pid == std::process::id().to_string());
        let period = variable("WATCHDOG_USEC")
            .filter(|_| is_ours)
            .and_then(|usec| usec.parse().ok());
        let watchdog = period.filter(|&usec| usec > 0).map(Duration::from_micros);
        Self { socket, watchdog }
    }

    /// How often [`Notify::alive`] must be called at least; `None`: nobody watches.
    pub fn watchdog(&self) -> Option<Duration> {
        self.watchdog
    }

    /// Start-up, or reloading, is over; `status` is what `systemctl status` shows.
    pub fn ready(&self, status: &str) {
        self.send(&format!("READY=1\nSTATUS={}\n", one_line(status)));
    }

    /// What `systemctl status` shows.
    pub fn status(&self, status: &str) {
        self.send(&format!("STATUS={}\n", one_line(status)));
    }

    /// The configuration is read again; [`Notify::ready`] must follow.
    pub fn reloading(&self) {
        // systemd wants to know which request this answers (sd_notify(3), MONOTONIC_USEC).
        let now = nix::time::clock_gettime(nix::time::ClockId::CLOCK_MONOTONIC);
        let mut text = String::from("RELOADING=1\n");
        if let Ok(now) = now.map(Duration::from) {
            let _ = writeln!(text, "MONOTONIC_USEC={}", now.as_micros());
        }
        self.send(&text);
    }

    /// The event loop turns.
    pub fn alive(&self) {
        self.send("WATCHDOG=1\n");
    }

    /// We are about to end.
    pub fn stopping(&self, status: &str) {
        self.send(&format!("STOPPING=1\nSTATUS={}\n", one_line(status)));
    }

    fn send(&self, text: &str) {
        if let Some(socket) = &self.socket {
            // A manager that went away, or is too busy for a moment, is no reason to fail.
            let _ = socket.send(text.as_bytes());
        }
    }
}

fn one_line(text: &str) -> String {
    text.replace('\n', " ")
}

fn connect(name: &OsStr) -> io::Result<UnixDatagram> {
    let address = match name.as_bytes().split_first() {
        Some((b'@', name)) => SocketAddr::from_abstract_name(name)?,
        _ => SocketAddr::from_pathname(name)?,
    };
    let socket = UnixDatagram::unbound()?;
    socket.connect_addr(&address)?;
    socket.set_nonblocking(true)?;
    Ok(socket)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_said_arrives_whole() {
        let (ours, theirs) = UnixDatagram::pair().unwrap();
        let notify = Notify {
            socket: Some(ours),
            watchdog: None,
        };
        let mut buffer = [0; 256];
        let mut next = || {
            let n = theirs.recv(&mut buffer).unwrap();
            String::from_utf8_lossy(&buffer[..n]).into_owned()
        };
        notify.ready("two\nlines");
        assert_eq!(next(), "READY=1\nSTATUS=two lines\n");
        notify.reloading();
        let said = next();
        let (first, second) = said.split_once('\n').unwrap();
        assert_eq!(first, "RELOADING=1");
        let usec = second.strip_prefix("MONOTONIC_USEC=").unwrap().trim_end();
        assert!(usec.parse::<u64>().unwrap() > 0);
        notify.alive();
        assert_eq!(next(), "WATCHDOG=1\n");
        notify.stopping("bye");
        assert_eq!(next(), "STOPPING=1\nSTATUS=bye\n");
    }

    #[test]
    fn a_full_or_missing_manager_does_not_stop_us() {
        let (ours, _theirs) = UnixDatagram::pair().unwrap();
        ours.set_nonblocking(true).unwrap();
        let notify = Notify {
            socket: Some(ours),
            watchdog: None,
        };
        for _ in 0..10_000 {
            notify.alive();
        }
        Notify::default().ready("");
    }

    #[test]
    fn names_of_both_kinds_are_reached() {
        let name = format!("hayesd-notify-test-{}", std::process::id());
        let address = SocketAddr::from_abstract_name(&name).unwrap();
        let server = UnixDatagram::bind_addr(&address).unwrap();
        connect(OsStr::new(&format!("@{name}")))
            .unwrap()
            .send(b"x")
            .unwrap();
        assert_eq!(server.recv(&mut [0; 8]).unwrap(), 1);
        assert!(connect(OsStr::new("/nonexistent/notify")).is_err());
    }
}
