//! From a connection to a line: who may connect, what is claimed, and by whom it was held before.

use super::connection::{Connection, Received};
use super::device::Wanted;
use super::line::Line;
use super::token::Source as From;
use super::{Server, clock, log};
use crate::record::{Claim, FromHelper, Refusal, ToHelper};
use mio::unix::SourceFd;
use mio::{Interest, Token};
use std::os::fd::{AsFd, AsRawFd};
use std::time::Duration;

/// Connections that have not claimed anything. A daemon claims at once.
const MOST_STRANGERS: usize = 64;

/// Ports at once, those included that wait for a daemon to come back. More than any machine has; but a
/// pseudo-terminal costs only a name, and an inotify instance, of which a user has 128.
const MOST_LINES: usize = 64;

/// How long no connection is taken after one could not be.
const PAUSE: Duration = Duration::from_secs(1);

impl Server {
    pub(super) fn accept(&mut self) {
        loop {
            let fd = match self.listener.accept() {
                Ok(Some(fd)) => fd,
                Ok(None) => return,
                Err(error) => {
                    // No descriptors, no memory: it may be better later.
                    log(format_args!("accept: {error}"));
                    self.accept_at = Some(clock() + PAUSE);
                    return;
                }
            };
            if self.strangers.iter().count() >= MOST_STRANGERS {
                log("refused: too many connections that claim nothing");
                continue;
            }
            if let Some(index) = self.shelter(Connection::new(fd), Interest::READABLE) {
                // Usually its claim is there already.
                self.meet(index);
            }
        }
    }

    /// Keeps a connection that has no line (yet, or any more).
    pub(super) fn shelter(&mut self, connection: Connection, interest: Interest) -> Option<usize> {
        let index = self.strangers.next();
        let fd = connection.as_fd().as_raw_fd();
        let token = Token::from(From::Stranger(index));
        let registry = self.poll.registry();
        if let Err(error) = registry.register(&mut SourceFd(&fd), token, interest) {
            log(format_args!("epoll: {error}"));
            return None;
        }
        self.strangers.insert(connection);
        Some(index)
    }

    /// It has no place in the loop by its old token any more.
    pub(super) fn unregister(&self, connection: &Connection) {
        let fd = connection.as_fd().as_raw_fd();
        let _ = self.poll.registry().deregister(&mut SourceFd(&fd));
    }

    /// A connection's first record has to be its claim.
    pub(super) fn meet(&mut self, index: usize) {
        let Some(stranger) = self.strangers.get_mut(index) else {
            return;
        };
        if stranger.leaves {
            if stranger.flush() || !stranger.is_connected(&mut self.packet) {
                self.strangers.remove(index);
            }
            return;
        }
        let length = match stranger.receive(&mut self.packet) {
            Received::Packet(length) => length,
            Received::Nothing => return,
            Received::TooLong | Received::Closed => {
                self.strangers.remove(index);
                return;
            }
        };
        let Some(mut stranger) = self.strangers.remove(index) else {
            return;
        };
        self.unregister(&stranger);
        // The claim is read while the packet's memory is used for other lines.
        let packet = self.packet[..length].to_vec();
        let text = match ToHelper::decode(&packet) {
            Ok((_, ToHelper::Claim(claim))) => return self.claim(stranger, &claim),
            Ok(_) => "the first record is no claim".to_owned(),
            Err(error) => error.to_string(),
        };
        log(format_args!("daemon: {text}"));
        refuse(&mut stranger, Refusal::Protocol, &text);
    }

    fn claim(&mut self, mut connection: Connection, claim: &Claim<'_>) {
        // What he said before this claim came holds for it; his end is told by the loop once more.
        self.hear_parent();
        let now = clock();
        let wanted = Wanted {
            device: claim.device.to_owned(),
            line: claim.line,
            role: claim.role,
            wiring: claim.wiring,
        };
        if !self.lines.iter().any(Line::has_daemon) {
            let until = now + self.orphan;
            for line in self.lines.iter_mut() {
                line.daemon_is_back(until);
            }
        }
        let same = |line: &Line| line.wanted.device == wanted.device;
        if let Some(index) = self.lines.position(same) {
            // A daemon that is back may be quicker than the news that it was gone.
            self.hear(index);
            match self.lines.get_mut(index) {
                Some(line) if line.has_daemon() => {
                    let text = format!("{} is claimed by another connection", wanted.device);
                    return refuse(&mut connection, Refusal::Taken, &text);
                }
                Some(line) if line.is_for(&wanted) => {
                    line.attach(connection, claim, now);
                    return;
                }
                // Another role: nothing of what was going on fits.
                _ => drop(self.lines.remove(index)),
            }
        }
        if self.lines.iter().count() >= MOST_LINES {
            let text = format!("{}: more than {MOST_LINES} ports", wanted.device);
            log(&text);
            return refuse(&mut connection, Refusal::NotAllowed, &text);
        }
        let index = self.lines.next();
        let mut line = Line::new(index, claim, wanted, connection, now);
        line.seek(&self.context().1);
        self.lines.insert(line);
    }
}

/// Refuses a connection that has nothing yet; it ends with that.
fn refuse(connection: &mut Connection, why: Refusal, text: &str) {
    connection.send(1, &FromHelper::Refused { why, text });
}
