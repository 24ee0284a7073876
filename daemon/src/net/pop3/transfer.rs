//! Messages on their way, several asked for at once where the server can do that (RFC 2449 section 6.6).

use super::connection::Connection;
use super::failure::Step;
use super::lists::Sizes;
use crate::service::{
    BoxFuture, Error, ErrorKind, Fault, Messages, Progress, Result, Sink, Wanted,
};

/// Commands that may be unanswered. Their bytes fit into any socket's buffer.
const MAX_COMMANDS: usize = 64;
/// Content that may be asked for and still to come, unless one message alone has more. What is asked for and
/// then not wanted has to be thrown away.
const MAX_BYTES: u64 = 256 * 1024;
/// What a message of unknown size counts for.
const UNKNOWN_SIZE: u64 = 32 * 1024;
/// A header is looked at so far.
const MAX_HEADER: usize = 64 * 1024;

/// What was asked for and not yet answered: bounded by commands and by bytes.
#[derive(Debug)]
pub(super) struct Flight {
    most: usize,
    commands: usize,
    bytes: u64,
}

impl Flight {
    pub(super) fn new(pipelining: bool) -> Self {
        Self {
            most: if pipelining { MAX_COMMANDS } else { 1 },
            commands: 0,
            bytes: 0,
        }
    }

    /// Whether an answer of this size may be asked for now. Then it counts.
    pub(super) fn take_off(&mut self, size: u64) -> bool {
        let fits = self.commands < self.most
            && (self.commands == 0 || self.bytes.saturating_add(size) <= MAX_BYTES);
        if fits {
            self.commands += 1;
            self.bytes = self.bytes.saturating_add(size);
        }
        fits
    }

    /// It was answered.
    pub(super) fn land(&mut self, size: u64) {
        self.commands = self.commands.saturating_sub(1);
        self.bytes = self.bytes.saturating_sub(size);
    }

    /// Worth asking for more: not for one at a time, which would be a packet each.
    pub(super) fn is_low(&self) -> bool {
        self.commands <= self.most / 2
    }
}

/// Asks as long as there is room, so that several commands go out in one write.
fn ask_more<T>(
    connection: &mut Connection,
    flight: &mut Flight,
    waiting: &mut std::iter::Peekable<impl Iterator<Item = T>>,
    size: impl Fn(&T) -> u64,
    line: impl Fn(&T) -> String,
) -> Result<()> {
    if !flight.is_low() {
        return Ok(());
    }
    while let Some(next) = waiting.next_if(|next| flight.take_off(size(next))) {
        connection.ask(&line(&next))?;
    }
    Ok(())
}

fn expected(wanted: &Wanted) -> u64 {
    match wanted.size {
        0 => UNKNOWN_SIZE,
        size => size,
    }
}

/// RETR of all of these.
pub(super) async fn fetch(
    connection: &mut Connection,
    wanted: &[Wanted],
    into: &mut dyn Messages,
    progress: &dyn Progress,
) -> Result<()> {
    let total = wanted
        .iter()
        .fold(0, |sum: u64, one| sum.saturating_add(one.size));
    let mut done: u64 = 0;
    progress.bytes(0, total);
    let mut flight = Flight::new(connection.offers.pipelining);
    let mut waiting = wanted.iter().peekable();
    for one in wanted {
        let line = |one: &&Wanted| format!("RETR {}", one.number);
        ask_more(
            connection,
            &mut flight,
            &mut waiting,
            |one| expected(one),
            line,
        )?;
        let outcome = match connection.answer(Step::Message).await {
            Ok(_) => {
                let sink = into.begin(one.number).await?;
                // What the server said of sizes is a hint, and may be less than what comes.
                let mut told = |count: usize| {
                    done = done.saturating_add(u64::try_from(count).unwrap_or(u64::MAX));
                    progress.bytes(if total == 0 { done } else { done.min(total) }, total);
                };
                connection.content(sink, &mut told).await?;
                Ok(())
            }
            Err(error) if is_answer(&error) => Err(error),
            Err(error) => return Err(error),
        };
        flight.land(expected(one));
        into.end(one.number, outcome).await?;
    }
    Ok(())
}

/// The server refused this, and goes on with the next.
fn is_answer(error: &Error) -> bool {
    error.reply.is_some() && error.kind != ErrorKind::Protocol
}

/// TOP of one.
pub(super) async fn top(
    connection: &mut Connection,
    number: u32,
    lines: u32,
    into: &mut dyn Sink,
) -> Result<()> {
    if connection.offers.known && !connection.offers.top {
        return Err(Error::new(
            ErrorKind::NotSupported,
            "the server gives whole messages only (no TOP)",
        )
        .by(Fault::Server));
    }
    connection
        .command(&format!("TOP {number} {lines}"), Step::Message)
        .await?;
    connection.content(into, &mut |_| {}).await
}

/// DELE of all of these. The first refusal is the result; the others are marked nonetheless.
pub(super) async fn delete(connection: &mut Connection, numbers: &[u32]) -> Result<()> {
    let mut flight = Flight::new(connection.offers.pipelining);
    let mut waiting = numbers.iter().peekable();
    let mut result = Ok(());
    for _ in numbers {
        let line = |number: &&u32| format!("DELE {number}");
        ask_more(connection, &mut flight, &mut waiting, |_| 0, line)?;
        match connection.answer(Step::Message).await {
            Ok(_) => {}
            Err(error) if is_answer(&error) => result = result.and(Err(error)),
            Err(error) => return Err(error),
        }
        flight.land(0);
    }
    result
}

/// What hears of every message's header.
type EachHeader<'a> = &'a mut (dyn FnMut(u32, u64, &[u8]) -> Result<()> + Send);

/// The headers of all messages, by TOP, or from the whole messages where the server has no TOP.
pub(super) async fn headers(
    connection: &mut Connection,
    sizes: &Sizes,
    each: EachHeader<'_>,
) -> Result<()> {
    let whole = connection.offers.known && !connection.offers.top;
    let cost = |&(_, size): &(u32, u64)| {
        if whole {
            size
        } else {
            size.min(UNKNOWN_SIZE / 8)
        }
    };
    let mut flight = Flight::new(connection.offers.pipelining);
    let mut waiting = sizes.iter().peekable();
    let mut header = Header::default();
    for (number, size) in sizes.iter() {
        let line = |(number, _): &(u32, u64)| {
            if whole {
                format!("RETR {number}")
            } else {
                format!("TOP {number} 0")
            }
        };
        ask_more(connection, &mut flight, &mut waiting, cost, line)?;
        connection.answer(Step::Message).await?;
        header.bytes.clear();
        connection.content(&mut header, &mut |_| {}).await?;
        flight.land(cost(&(number, size)));
        each(number, size, &header.bytes)?;
    }
    Ok(())
}

/// Keeps a message's beginning.
#[derive(Default)]
struct Header {
    bytes: Vec<u8>,
}

impl Sink for Header {
    fn put<'a>(&'a mut self, bytes: &'a mut Vec<u8>) -> BoxFuture<'a, Result<()>> {
        let room = MAX_HEADER.saturating_sub(self.bytes.len());
        self.bytes
            .extend_from_slice(bytes.get(..room.min(bytes.len())).unwrap_or_default());
        bytes.clear();
        Box::pin(async { Ok(()) })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_by_one_without_pipelining() {
        let mut flight = Flight::new(false);
        assert!(flight.take_off(10) && !flight.take_off(0));
        assert!(!flight.is_low());
        flight.land(10);
        assert!(flight.is_low() && flight.take_off(u64::MAX));
    }

    #[test]
    fn a_flight_is_bounded() {
        let mut flight = Flight::new(true);
        let mut count = 0;
        while flight.take_off(100) {
            count += 1;
        }
        assert_eq!(count, MAX_COMMANDS);
        let mut flight = Flight::new(true);
        // One that is too large by itself goes alone.
        assert!(flight.take_off(MAX_BYTES * 10) && !flight.take_off(1));
        flight.land(MAX_BYTES * 10);
        assert!(flight.take_off(MAX_BYTES / 2) && flight.take_off(MAX_BYTES / 2));
        assert!(!flight.take_off(1));
    }
}
