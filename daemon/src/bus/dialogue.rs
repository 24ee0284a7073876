//! `Trace`: the dialogue of a port as text lines in a pipe.

use super::error::{Refused, Result};
use crate::service::ErrorKind;
use crate::trace::{Direction, Entry, Trace};
use nix::fcntl::OFlag;
use std::os::fd::OwnedFd;
use std::time::{SystemTime, UNIX_EPOCH};
use tokio::io::{AsyncWriteExt, Interest};
use tokio::net::unix::pipe::Sender;
use tokio::sync::broadcast::error::RecvError;

/// Who is at the port's other end.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Peer {
    /// A module; what goes out are commands.
    Module,
    /// Equipment; what comes in are commands.
    Equipment,
}

/// Watchers of one port at a time.
const MOST: usize = 8;

/// Starts watching; returns the end of a pipe from which the lines can be read until it is closed.
///
/// # Errors
///
/// `Busy` where eight watch already; `Internal` without descriptors.
pub(super) fn start(trace: &Trace, peer: Peer) -> Result<OwnedFd> {
    if trace.watchers() >= MOST {
        return Err(Refused::new(
            ErrorKind::Busy,
            "eight watch this port already",
        ));
    }
    let failed =
        |error: std::io::Error| Refused::new(ErrorKind::Internal, format!("a pipe: {error}"));
    let (theirs, ours) =
        nix::unistd::pipe2(OFlag::O_CLOEXEC).map_err(|errno| failed(errno.into()))?;
    let ours = Sender::from_owned_fd(ours).map_err(failed)?;
    let entries = trace.watch();
    tokio::spawn(feed(entries, ours, peer));
    Ok(theirs)
}

async fn feed(mut entries: tokio::sync::broadcast::Receiver<Entry>, mut pipe: Sender, peer: Peer) {
    loop {
        let entry = tokio::select! {
            entry = entries.recv() => entry,
            // The reader closed its end.
            _ = pipe.ready(Interest::ERROR) => return,
        };
        let text = match entry {
            Ok(entry) => line(&entry, peer),
            Err(RecvError::Lagged(missed)) => {
                format!("-- {missed} entries were missed, the reader is slow\n")
            }
            Err(RecvError::Closed) => return,
        };
        if pipe.write_all(text.as_bytes()).await.is_err() {
            return;
        }
    }
}

/// A line as transcripts have it: `>>` for what the host says, `<<` for what the module says.
fn line(entry: &Entry, peer: Peer) -> String {
    let arrow = match (entry.direction, peer) {
        (Direction::Note, _) => "--",
        (Direction::Out, Peer::Module) | (Direction::In, Peer::Equipment) => ">>",
        (Direction::In, Peer::Module) | (Direction::Out, Peer::Equipment) => "<<",
    };
    format!(
        "{} {arrow} {}\n",
        time_of_day(entry.at),
        entry.text.replace('\n', "\\n")
    )
}

/// `HH:MM:SS.mmm`, UTC.
fn time_of_day(at: SystemTime) -> String {
    let since = at.duration_since(UNIX_EPOCH).unwrap_or_default();
    let seconds = since.as_secs() % 86_400;
    let (hours, minutes, seconds) = (seconds / 3600, seconds / 60 % 60, seconds % 60);
    format!(
        "{hours:02}:{minutes:02}:{seconds:02}.{:03}",
        since.subsec_millis()
    )
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::fs::File;
    use std::io::{BufRead, BufReader};
    use std::time::Duration;

    #[test]
    fn lines_are_as_in_transcripts() {
        let at = UNIX_EPOCH + Duration::from_millis(86_400_000 * 3 + 3_723_004);
        let entry = |direction| Entry {
            at,
            direction,
            text: "AT\\r".into(),
        };
        assert_eq!(
            line(&entry(Direction::Out), Peer::Module),
            "01:02:03.004 >> AT\\r\n"
        );
        assert_eq!(
            line(&entry(Direction::Out), Peer::Equipment),
            "01:02:03.004 << AT\\r\n"
        );
        assert_eq!(
            line(&entry(Direction::In), Peer::Equipment),
            "01:02:03.004 >> AT\\r\n"
        );
        assert_eq!(
            line(&entry(Direction::Note), Peer::Module),
            "01:02:03.004 -- AT\\r\n"
        );
    }

    #[tokio::test]
    async fn what_is_told_arrives_and_watching_ends_with_the_reader() {
        let trace = Trace::default();
        let reader = start(&trace, Peer::Module).unwrap();
        assert!(trace.is_watched());
        trace.bytes(Direction::Out, b"AT\r");
        trace.bytes(Direction::In, b"\r\nOK\r\n");
        let lines = tokio::task::spawn_blocking(move || {
            let mut lines = BufReader::new(File::from(reader)).lines();
            [
                lines.next().unwrap().unwrap(),
                lines.next().unwrap().unwrap(),
            ]
        });
        let lines = lines.await.unwrap();
        assert!(
            lines[0].ends_with(" >> AT\\r") && lines[1].ends_with(" << \\r\\nOK\\r\\n"),
            "{lines:?}"
        );
        while trace.is_watched() {
            tokio::task::yield_now().await;
        }
    }

    #[tokio::test]
    async fn nobody_can_watch_a_hundred_times() {
        let trace = Trace::default();
        let readers: Vec<_> = (0..MOST)
            .map(|_| start(&trace, Peer::Module).unwrap())
            .collect();
        assert!(start(&trace, Peer::Module).is_err());
        drop(readers);
    }

    #[tokio::test]
    async fn a_reader_that_never_reads_misses_entries_and_stops_nobody() {
        let trace = Trace::default();
        let reader = start(&trace, Peer::Module).unwrap();
        for _ in 0..1000 {
            trace.bytes(Direction::Out, &[b'x'; 500]);
            tokio::task::yield_now().await;
        }
        drop(trace);
        let text = tokio::task::spawn_blocking(move || std::io::read_to_string(File::from(reader)));
        let text = text.await.unwrap().unwrap();
        assert!(text.contains("entries were missed") && text.lines().count() < 1000);
    }
}
