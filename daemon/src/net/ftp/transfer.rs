//! Content over a data connection, and what proves that it came whole.

use super::super::failure as net_failure;
use super::connection::Connection;
use super::data::{UNTIL_DATA_ENDS, stalled};
use super::failure::{self, Step, changed};
use super::listing::LARGEST_FILE;
use crate::service::{
    Error, ErrorKind, Fault, Phase, Progress, Representation, Result, Sink, Source,
};
use std::io;
use std::time::Duration;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::time::{Instant, timeout};

/// A buffer; half of it is passed on at least, but at the end and on slow links.
pub(super) const PIECE: usize = 256 * 1024;
/// What came on a slow link is passed on after this.
const PATIENCE: Duration = Duration::from_secs(1);
/// How long a server may take to close the data connection when all is done.
const GOODBYE: Duration = Duration::from_secs(5);

/// What came.
pub(super) struct Received {
    pub(super) bytes: u64,
    /// The server said that this was the end: by close_notify, or, without TLS, by closing.
    pub(super) ended: bool,
}

/// What failed of an upload.
enum Failed {
    Read(Error),
    Write(io::Error),
}

impl Connection {
    /// Reads the data connection to its end. What has come before something goes wrong is in `into`.
    pub(super) async fn receive(
        &mut self,
        into: &mut dyn Sink,
        step: Step,
        mut told: impl FnMut(u64),
    ) -> Result<Received> {
        let mut buffer = Vec::new();
        let mut bytes = 0;
        let mut passed_on = Instant::now();
        let mut read = passed_on;
        let ended = loop {
            if buffer.is_empty() && buffer.capacity() < PIECE {
                buffer = Vec::with_capacity(PIECE);
            }
            let patience = match buffer.is_empty() {
                true => UNTIL_DATA_ENDS,
                false => PATIENCE.saturating_sub(passed_on.elapsed()),
            };
            match timeout(patience, self.read_some(&mut buffer, read)).await {
                Ok(Ok(0)) => break true,
                Ok(Ok(count)) => {
                    bytes += count as u64;
                    read = Instant::now();
                    if buffer.len() < PIECE / 2 {
                        continue;
                    }
                }
                Ok(Err(error)) if self.is_cut(&error) => break false,
                Ok(Err(error)) => {
                    into.put(&mut buffer).await?;
                    told(bytes);
                    return Err(self.broken(&error, step).await);
                }
                // A slow link: what has come is passed on.
                Err(_) => {}
            }
            into.put(&mut buffer).await?;
            told(bytes);
            passed_on = Instant::now();
            // How long that took is not the server's fault.
            read = passed_on;
        };
        if !buffer.is_empty() {
            into.put(&mut buffer).await?;
        }
        told(bytes);
        self.say_end(ended).await;
        Ok(Received { bytes, ended })
    }

    /// The end, but nobody said that it is: without close_notify, or the server is content and never closes.
    fn is_cut(&self, error: &io::Error) -> bool {
        self.data.as_ref().is_some_and(|data| match error.kind() {
            io::ErrorKind::UnexpectedEof => data.secured,
            io::ErrorKind::TimedOut => data.is_accepted(),
            _ => false,
        })
    }

    /// Answers the server's close_notify with ours, without which some call the transfer aborted.
    async fn say_end(&mut self, ended: bool) {
        let within = GOODBYE;
        if let Some(data) = &mut self.data
            && let Some(stream) = &mut data.stream
            && data.secured
            && ended
        {
            stream.allow(within);
            // The content is here; what the server thinks of it comes on the control connection.
            let _ = stream.shutdown().await;
        }
    }

    /// Reads what there is; 0: the end. Something must come in time since the last read. The server's last word
    /// may come meanwhile.
    async fn read_some(&mut self, buffer: &mut Vec<u8>, last: Instant) -> io::Result<usize> {
        let within = self.dialer.timeouts.piece;
        loop {
            let Some(data) = &mut self.data else {
                return Err(io::ErrorKind::NotConnected.into());
            };
            let within = match data.is_accepted() {
                true => within.min(GOODBYE),
                false => within,
            };
            let Some(stream) = &mut data.stream else {
                return Err(io::ErrorKind::NotConnected.into());
            };
            stream.allow(within.saturating_sub(last.elapsed()));
            tokio::select! {
                biased;
                read = stream.read_buf(buffer) => {
                    data.used |= matches!(read, Ok(1..));
                    return read;
                }
                reply = self.channel.answer(), if data.verdict.is_none() => {
                    let reply = reply.map_err(io::Error::other)?;
                    let refused = reply.code >= 400;
                    if !(100..200).contains(&reply.code) {
                        data.verdict = Some(reply);
                    }
                    if refused {
                        return Err(io::ErrorKind::ConnectionAborted.into());
                    }
                }
            }
        }
    }

    /// Why data can't go on, in the server's words where it has any.
    async fn broken(&mut self, error: &io::Error, step: Step) -> Error {
        let error = match error.kind() {
            io::ErrorKind::TimedOut => stalled(),
            _ => net_failure::from_io(error),
        };
        self.last_words(error, step).await
    }

    /// Sends all that there is, and says that this was the end. Gives how much it was.
    pub(super) async fn send(
        &mut self,
        from: &mut dyn Source,
        mut told: impl FnMut(u64),
    ) -> Result<u64> {
        let mut buffer = Vec::with_capacity(PIECE);
        let mut next = Vec::with_capacity(PIECE);
        let mut bytes = 0;
        from.next(&mut buffer).await?;
        while !buffer.is_empty() {
            if next.capacity() < PIECE {
                next = Vec::with_capacity(PIECE);
            }
            // The next piece is read from disk while this one goes out.
            let writing = async { self.write_all(&buffer).await.map_err(Failed::Write) };
            let reading = async { from.next(&mut next).await.map_err(Failed::Read) };
            match tokio::try_join!(writing, reading) {
                Ok(_) => {}
                Err(Failed::Read(error)) => return Err(error),
                Err(Failed::Write(error)) => return Err(self.broken(&error, Step::Make).await),
            }
            bytes += buffer.len() as u64;
            told(bytes);
            std::mem::swap(&mut buffer, &mut next);
        }
        match self.say_all_sent().await {
            Ok(()) => Ok(bytes),
            Err(error) => Err(self.broken(&error, Step::Make).await),
        }
    }

    async fn write_all(&mut self, mut bytes: &[u8]) -> io::Result<()> {
        while !bytes.is_empty() {
            let count = self.write_some(bytes).await?;
            bytes = bytes.get(count..).unwrap_or_default();
        }
        Ok(())
    }

    async fn write_some(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let within = self.dialer.timeouts.piece;
        let Some(data) = &mut self.data else {
            return Err(io::ErrorKind::NotConnected.into());
        };
        let Some(stream) = &mut data.stream else {
            return Err(io::ErrorKind::NotConnected.into());
        };
        stream.allow(within);
        tokio::select! {
            biased;
            written = stream.write(bytes) => {
                data.used |= matches!(written, Ok(1..));
                match written {
                    Ok(0) => Err(io::ErrorKind::WriteZero.into()),
                    written => written,
                }
            }
            reply = self.channel.answer(), if data.verdict.is_none() => {
                // Before the end was sent there is nothing to say but that it will not take more.
                data.verdict = Some(reply.map_err(io::Error::other)?);
                Err(io::ErrorKind::ConnectionAborted.into())
            }
        }
    }

    /// close_notify, and the server's; without TLS, closing says it.
    async fn say_all_sent(&mut self) -> io::Result<()> {
        let within = self.dialer.timeouts.piece;
        let Some(data) = &mut self.data else {
            return Err(io::ErrorKind::NotConnected.into());
        };
        let Some(stream) = &mut data.stream else {
            return Err(io::ErrorKind::NotConnected.into());
        };
        stream.allow(within);
        stream.shutdown().await?;
        if !data.secured {
            data.stream = None;
            return Ok(());
        }
        // Closed with something unread, the socket would be reset, and the server might lose what it has
        // not read. The session tickets for the next transfer come here as well.
        stream.allow(GOODBYE);
        let mut drain = Vec::new();
        let ended = timeout(GOODBYE, async {
            loop {
                drain.clear();
                tokio::select! {
                    biased;
                    read = stream.read_buf(&mut drain) => if !matches!(read, Ok(1..)) {
                        return;
                    },
                    reply = self.channel.answer(), if data.verdict.is_none() => {
                        data.verdict = reply.ok();
                        return;
                    }
                }
            }
        });
        // Some never say good-bye; their verdict counts.
        let _ = ended.await;
        data.stream = None;
        Ok(())
    }

    /// Fetches a file.
    pub(super) async fn download(
        &mut self,
        path: &str,
        from: u64,
        into: &mut dyn Sink,
        representation: Representation,
        progress: &dyn Progress,
    ) -> Result<u64> {
        self.name(path).await?;
        let mut total = 0;
        if from > 0 {
            no_text(representation)?;
            match self.size_if_told(path).await? {
                Some(size) if size < from => {
                    return Err(Error::new(
                        ErrorKind::InvalidArgument,
                        format!("the server's file has {size} bytes, fewer than are here already"),
                    ));
                }
                Some(size) if size == from => {
                    progress.bytes(from, from);
                    return Ok(0);
                }
                size => total = size.unwrap_or(0),
            }
        }
        self.represent(representation).await?;
        let reply = self
            .begin(&format!("RETR {path}"), from, Step::Find)
            .await?;
        if total == 0 {
            total = from + size_in_words(reply.lines.first().map_or("", String::as_str));
        }
        progress.phase(Phase::Transferring);
        let told = |bytes| progress.bytes(from + bytes, total.max(from + bytes));
        let received = self.receive(into, Step::Find, told).await?;
        progress.phase(Phase::Confirming);
        self.end(Step::Find).await?;
        self.prove(path, from, &received, representation).await?;
        Ok(received.bytes)
    }

    /// Compares what came with what the server has.
    async fn prove(
        &mut self,
        path: &str,
        from: u64,
        received: &Received,
        representation: Representation,
    ) -> Result<()> {
        let size = match representation {
            Representation::Image => self.size_if_told(path).await?,
            Representation::Ascii => None,
        };
        let here = from + received.bytes;
        match size {
            Some(size) if size == here => Ok(()),
            Some(size) if size == received.bytes => Err(Error::new(
                ErrorKind::Protocol,
                "the server sent the file from its beginning although it agreed to go on",
            )),
            Some(size) if size > here && !received.ended => Err(failure::truncated()),
            Some(size) => Err(changed(format!(
                "the file changed while it was fetched: {here} bytes came, the server has {size}"
            ))
            .by(Fault::Server)),
            None if received.ended => Ok(()),
            None => Err(failure::truncated()),
        }
    }
}

/// In TYPE A the same place has another number at either end.
pub(super) fn no_text(representation: Representation) -> Result<()> {
    match representation {
        Representation::Image => Ok(()),
        Representation::Ascii => Err(Error::new(
            ErrorKind::InvalidArgument,
            "a transfer of text (TYPE A) can't be resumed",
        )),
    }
}

/// "Opening BINARY mode data connection for x (4711 bytes)": for progress only; 0 where it is not told.
fn size_in_words(text: &str) -> u64 {
    let Some((before, _)) = text.rsplit_once(" bytes") else {
        return 0;
    };
    let number = before.rsplit(['(', ' ']).next().unwrap_or_default();
    let size = number.parse().unwrap_or(0);
    if size > LARGEST_FILE { 0 } else { size }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sizes_in_words() {
        for (text, size) in [
            (
                "Opening BINARY mode data connection for x (4711 bytes).",
                4711,
            ),
            (
                "Opening BINARY mode data connection for (9 bytes) (12 bytes)",
                12,
            ),
            ("4711 bytes to download", 4711),
            ("(99999999999999999999999 bytes)", 0),
            ("Accepted data connection", 0),
            (" bytes", 0),
            ("", 0),
        ] {
            assert_eq!(size_in_words(text), size, "{text}");
        }
    }
}
