//! Messages on their way into the inbox.

use super::folder::Folder;
use super::listing::{Arrival, Seen, sort_out};
use super::{Inbox, Info, LONGEST_UID, MessageId, Shared, failed};
use crate::catalog;
use crate::service::{BoxFuture, Error, ErrorKind, Messages, Result, Sink};
use std::collections::{HashMap, VecDeque};
use std::io;
use std::sync::Arc;
use std::time::{Duration, SystemTime, UNIX_EPOCH};
use tokio::sync::oneshot;

/// So many bytes of a message are kept until they are written.
const PIECE: usize = 256 << 10;
/// So many messages may be on their way to the disk while the next ones come.
const AHEAD: usize = 16;

/// One account's messages as they come: a listing first, then what it lacks.
pub struct Receiving {
    inbox: Inbox,
    account: String,
    folder: Folder,
    seen: Vec<Seen>,
    /// What is to come, by number in the session.
    expected: HashMap<u32, (Arc<str>, u64)>,
    current: Option<Coming>,
    storing: VecDeque<(Stored, oneshot::Receiver<io::Result<()>>)>,
    stored: Vec<Stored>,
    refused: Vec<Refused>,
}

/// What became of the messages that were to come.
#[derive(Debug, Default)]
pub struct Settled {
    /// Number in the session and message of each that is in the inbox now.
    pub stored: Vec<(u32, Arc<Info>)>,
    /// Those that would not come.
    pub refused: Vec<Refused>,
}

/// A message that would not come.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Refused {
    /// Its number in the session.
    pub number: u32,
    /// Its unique id.
    pub uid: Arc<str>,
    /// Why.
    pub error: Error,
}

/// Number in the session and message.
type Stored = (u32, Arc<Info>);

struct Coming {
    /// In the session.
    at: u32,
    number: u32,
    uid: Arc<str>,
    listed: u64,
    size: u64,
    kept: Vec<u8>,
    /// Some of it is on disk.
    begun: bool,
}

impl Inbox {
    /// Begins to receive messages of an account; `listing` follows for each that its server has.
    pub async fn receive(&self, account: &str) -> Result<Receiving> {
        let folder = self.account(account).await?;
        // What was given up before may still be on its way to the disk, and then counts.
        self.0.disk.run(|| ()).await?;
        Ok(Receiving {
            inbox: self.clone(),
            account: account.to_owned(),
            folder,
            seen: Vec::new(),
            expected: HashMap::new(),
            current: None,
            storing: VecDeque::new(),
            stored: Vec::new(),
            refused: Vec::new(),
        })
    }
}

impl Receiving {
    /// The server has this message.
    pub fn listed(&mut self, number: u32, uid: &str, size: u64) {
        let accounts = self.inbox.0.accounts();
        let known = accounts
            .get(&self.account)
            .and_then(|one| one.known.on_server.get_key_value(uid));
        self.seen.push(Seen {
            number,
            // A mailbox may have very many.
            uid: known.map_or_else(|| uid.into(), |(uid, _)| uid.clone()),
            size,
            arrival: Arrival::New,
        });
    }

    /// Every message was listed: says what is known of each. What the server does not have any more is noted,
    /// so that its id may come again for another message.
    pub async fn listing_is_complete(&mut self) -> Result<Vec<Seen>> {
        let mut seen = std::mem::take(&mut self.seen);
        let gone = {
            let accounts = self.inbox.0.accounts();
            match accounts.get(&self.account) {
                Some(one) => sort_out(&mut seen, &one.known.on_server),
                None => Vec::new(),
            }
        };
        self.gone(gone).await?;
        Ok(seen)
    }

    /// This message will be fetched. Protocol where its id is none.
    pub fn expect(&mut self, number: u32, uid: &str, listed: u64) -> Result<()> {
        if !(1..=LONGEST_UID).contains(&uid.len()) || !uid.bytes().all(|b| b.is_ascii_graphic()) {
            let text = format!("the unique id of message {number} is not one");
            return Err(Error::new(ErrorKind::Protocol, text));
        }
        self.expected.insert(number, (uid.into(), listed));
        Ok(())
    }

    /// The server has deleted these messages, by unique id and number here.
    pub async fn deleted(&mut self, messages: Vec<(Arc<str>, u32)>) -> Result<()> {
        self.gone(messages).await
    }

    async fn gone(&mut self, messages: Vec<(Arc<str>, u32)>) -> Result<()> {
        use std::fmt::Write;
        let mut lines = String::new();
        if let Some(one) = self.inbox.0.accounts().get_mut(&self.account) {
            for (uid, number) in &messages {
                // In memory first: a log that is written anew meanwhile says it as well.
                if one.known.forget(uid, *number) {
                    // Writing to a String does not fail.
                    let _ = writeln!(lines, "gone {number} .");
                }
            }
        }
        if lines.is_empty() {
            return Ok(());
        }
        let folder = self.folder.clone();
        self.inbox
            .0
            .disk
            .run(move || folder.note(&lines))
            .await?
            .map_err(|error| failed("the log of an inbox can't be written", &error))?;
        self.inbox.noted(&self.account, messages.len());
        Ok(())
    }

    /// Waits until all that came is on disk, for good, and shows it.
    pub async fn settle(&mut self) -> Result<Settled> {
        let mut result = Ok(());
        while !self.storing.is_empty() {
            if let Err(error) = self.oldest().await {
                result = Err(error);
            }
        }
        // Also where nothing came now: what came before may not be safe yet, and is about to be deleted.
        let folder = self.folder.clone();
        self.inbox
            .0
            .disk
            .run(move || folder.sync_messages())
            .await?
            .map_err(|error| failed("messages can't be saved", &error))?;
        let stored = std::mem::take(&mut self.stored);
        self.inbox.0.show(&self.account, &stored);
        let refused = std::mem::take(&mut self.refused);
        result.map(|()| Settled { stored, refused })
    }

    /// Waits for the message that has been on its way to the disk for the longest time.
    async fn oldest(&mut self) -> Result<()> {
        let Some((_, answer)) = self.storing.front_mut() else {
            return Ok(());
        };
        let answer = answer.await;
        let Some((stored, _)) = self.storing.pop_front() else {
            return Ok(());
        };
        match answer {
            Ok(Ok(())) => {
                self.stored.push(stored);
                Ok(())
            }
            Ok(Err(error)) => Err(failed("a message can't be saved", &error)),
            Err(_) => Err(Error::new(
                ErrorKind::Internal,
                "saving a message was given up half-way",
            )),
        }
    }

    fn new_number(&self) -> Result<u32> {
        let mut accounts = self.inbox.0.accounts();
        let one = accounts
            .get_mut(&self.account)
            .ok_or_else(|| Error::new(ErrorKind::Internal, "the inbox is gone"))?;
        let number = one.known.next;
        one.known.next = number
            .checked_add(1)
            .ok_or_else(|| Error::new(ErrorKind::Internal, "all message numbers are used up"))?;
        Ok(number)
    }

    fn drop_current(&mut self) {
        if let Some(current) = self.current.take()
            && current.begun
        {
            let folder = self.folder.clone();
            self.inbox
                .0
                .disk
                .post(move || folder.drop_incoming(current.number));
        }
    }

    async fn store(&mut self, current: Coming) -> Result<()> {
        let now = SystemTime::now()
            .duration_since(UNIX_EPOCH)
            .unwrap_or_default();
        let info = Arc::new(Info {
            number: current.number,
            uid: current.uid,
            listed: current.listed,
            size: current.size,
            received: UNIX_EPOCH + Duration::from_secs(now.as_secs()),
        });
        let (tell, answer) = oneshot::channel();
        let (folder, stored) = (self.folder.clone(), info.clone());
        self.inbox.0.disk.post(move || {
            let result = folder
                .write(stored.number, &current.kept, !current.begun)
                .and_then(|()| folder.finish(&stored))
                .inspect_err(|_| folder.drop_incoming(stored.number));
            let _ = tell.send(result);
        });
        self.storing.push_back(((current.at, info), answer));
        if self.storing.len() > AHEAD {
            self.oldest().await?;
        }
        Ok(())
    }
}

impl Messages for Receiving {
    fn begin(&mut self, number: u32) -> BoxFuture<'_, Result<&mut dyn Sink>> {
        Box::pin(async move {
            self.drop_current();
            let (uid, listed) = self.expected.get(&number).cloned().ok_or_else(|| {
                let text = format!("message {number} came though nobody asked for it");
                Error::new(ErrorKind::Protocol, text)
            })?;
            self.current = Some(Coming {
                at: number,
                number: self.new_number()?,
                uid,
                listed,
                size: 0,
                kept: Vec::new(),
                begun: false,
            });
            let sink: &mut dyn Sink = self;
            Ok(sink)
        })
    }

    fn end<'a>(&'a mut self, number: u32, outcome: Result<()>) -> BoxFuture<'a, Result<()>> {
        Box::pin(async move {
            if let Err(error) = outcome {
                self.drop_current();
                if let Some((uid, _)) = self.expected.remove(&number) {
                    self.refused.push(Refused { number, uid, error });
                }
                return Ok(());
            }
            self.expected.remove(&number);
            match self.current.take() {
                Some(current) => self.store(current).await,
                None => Ok(()),
            }
        })
    }
}

impl Sink for Receiving {
    fn put<'a>(&'a mut self, bytes: &'a mut Vec<u8>) -> BoxFuture<'a, Result<()>> {
        Box::pin(async move {
            let Some(current) = &mut self.current else {
                return Err(Error::new(ErrorKind::Internal, "bytes of no message"));
            };
            current.size += bytes.len() as u64;
            if current.kept.is_empty() {
                std::mem::swap(&mut current.kept, bytes);
                bytes.clear();
            } else {
                current.kept.append(bytes);
            }
            if current.kept.len() < PIECE {
                return Ok(());
            }
            let (folder, number) = (self.folder.clone(), current.number);
            let kept = std::mem::take(&mut current.kept);
            let first = !std::mem::replace(&mut current.begun, true);
            let write = move || folder.write(number, &kept, first).map(|()| kept);
            let mut kept = self
                .inbox
                .0
                .disk
                .run(write)
                .await?
                .map_err(|error| failed("a message can't be saved", &error))?;
            kept.clear();
            current.kept = kept;
            Ok(())
        })
    }
}

impl Drop for Receiving {
    /// What came whole is ours, though nobody waited for it.
    fn drop(&mut self) {
        self.drop_current();
        if self.stored.is_empty() && self.storing.is_empty() {
            return;
        }
        let (shared, folder) = (Arc::clone(&self.inbox.0), self.folder.clone());
        let account = self.account.clone();
        let mut stored = std::mem::take(&mut self.stored);
        let storing = std::mem::take(&mut self.storing);
        self.inbox.0.disk.post(move || {
            // They were handed in before, so each has its answer by now.
            let whole = storing.into_iter().filter_map(|(stored, mut answer)| {
                matches!(answer.try_recv(), Ok(Ok(()))).then_some(stored)
            });
            stored.extend(whole);
            if let Err(error) = folder.sync_messages() {
                tracing::warn!(name: catalog::DISK, account, %error, "fetched messages can't be synced");
            }
            shared.show(&account, &stored);
        });
    }
}

impl Shared {
    /// These messages are in the inbox.
    fn show(&self, account: &str, stored: &[Stored]) {
        if let Some(one) = self.accounts().get_mut(account) {
            for (_, info) in stored {
                one.known
                    .remember(info.uid.clone(), info.number, Some(info.listed));
                one.known.messages.insert(info.number, Arc::clone(info));
            }
        }
        for (_, info) in stored {
            let (account, number) = (account.to_owned(), info.number);
            // Nobody need listen.
            let _ = self.changes.send(MessageId { account, number });
        }
    }
}
