//! Watching registration and signal (27.007 sections 7.2, 8.5, 10.1.20, 10.1.22).

use super::chat::{Chat, Result};
use super::expect::Expect;
use super::line::Line;
use super::snapshot::{Board, Registration};
use crate::at::response::{Value, named};

/// Where a module may be registered, the fastest first.
const NETWORKS: [(&str, &str); 3] = [
    ("+CEREG", "+CEREG?"),
    ("+CGREG", "+CGREG?"),
    ("+CREG", "+CREG?"),
];

/// The best `+CSQ` (27.007 section 8.5); 99 is unknown.
const BEST_RSSI: u32 = 31;

/// Reads both. A module that does not know a command is not asked for less.
pub(super) async fn look(chat: &mut Chat, board: &Board) -> Result<()> {
    let mut best = Registration::Unknown;
    for (name, read) in NETWORKS {
        let expect = Expect::line(name, &["nn*"]);
        let answer = chat.ask(&Line::new(read), expect).await?;
        let stat = answer
            .lines
            .first()
            .and_then(|line| named(line, name)?.nth(1)?.number());
        let found = stat.map_or(Registration::Unknown, Registration::from_stat);
        if best == Registration::Unknown || found.is_registered() {
            best = found;
        }
        if best.is_registered() {
            break;
        }
    }
    board.registration(best);
    let expect = Expect::line("+CSQ", &["n*"]);
    let answer = chat.ask(&Line::new("+CSQ"), expect).await?;
    let rssi = answer
        .lines
        .first()
        .and_then(|line| named(line, "+CSQ")?.next().and_then(Value::number));
    board.signal(rssi.map_or(0, percent));
    Ok(())
}

fn percent(rssi: u32) -> u32 {
    if rssi > BEST_RSSI {
        return 0;
    }
    rssi * 100 / BEST_RSSI
}

#[cfg(test)]
mod tests {
    #[test]
    fn signal_is_told_in_percent() {
        assert_eq!([0, 15, 31, 99].map(super::percent), [0, 48, 100, 0]);
    }
}
