//! The servers of a transcript: a mailbox, files, pages. They hold what it says, and fail as it says.

use super::world::{self, Served, Service};
use anyhow::{Context, Result, ensure};
use hayesd::dialect::volume::FileName;
use hayesd::emulator::{Client, Done, Fetch, Files, Op, Remote};
use hayesd::service::{Error, ErrorKind, ServerReply};
use std::collections::BTreeMap;
use std::time::SystemTime;

/// All servers that there are, whatever they are called.
#[derive(Debug, Default)]
pub struct Servers {
    messages: Vec<Message>,
    files: BTreeMap<String, Vec<u8>>,
    response: Vec<u8>,
    /// What was pushed.
    request: Vec<u8>,
    /// What is being fetched from or sent to.
    transfer: Option<Transfer>,
    failures: BTreeMap<Service, Failure>,
}

#[derive(Debug)]
struct Message {
    bytes: Vec<u8>,
    marked: bool,
}

#[derive(Debug)]
enum Transfer {
    /// The rest of what is fetched; `None` where there is no such file.
    Get(Option<Vec<u8>>),
    Put(String),
}

#[derive(Debug)]
struct Failure {
    error: Error,
    /// The session is over with it.
    lost: bool,
    /// It is of what was sent.
    settled: bool,
}

impl Servers {
    /// What a transcript says of a server.
    pub fn told(&mut self, service: Service, served: &Served) -> Result<()> {
        let (text, lost, settled) = match (service, served) {
            (_, Served::Fails(text)) => (text, false, false),
            (_, Served::Loses(text)) => (text, true, false),
            (_, Served::Refuses(text)) => (text, false, true),
            (Service::Pop3, Served::Holds(_, bytes)) => {
                let (bytes, marked) = (bytes.clone(), false);
                self.messages.push(Message { bytes, marked });
                return Ok(());
            }
            (Service::Ftp, Served::Holds(path, bytes)) => {
                self.files.insert(path.clone(), bytes.clone());
                return Ok(());
            }
            (Service::Http, Served::Holds(_, bytes)) => {
                self.response.clone_from(bytes);
                return Ok(());
            }
            (Service::Ftp, Served::Has(path, bytes)) => {
                let file = self.files.get(path);
                let file = file.with_context(|| format!("the server has no {path}"))?;
                return same(bytes, file);
            }
            (_, Served::Has(_, bytes)) => return same(bytes, &self.request),
        };
        let error = world::error(text)?;
        let failure = Failure {
            error,
            lost,
            settled,
        };
        self.failures.insert(service, failure);
        Ok(())
    }

    /// More of what is sent.
    pub fn push(&mut self, bytes: &[u8]) {
        self.request.extend(bytes);
    }

    /// A session is broken off.
    pub fn abort(&mut self, client: Client) {
        if client == Client::Mailbox {
            self.messages.iter_mut().for_each(|it| it.marked = false);
        }
    }

    /// What comes of this, if it is done by `now`; `files` are the module's.
    pub fn perform(&mut self, op: &Op, files: &mut Files, now: SystemTime) -> Option<Done> {
        if let Some(failed) = self.fails(op) {
            return Some(failed);
        }
        Some(match op {
            Op::MailboxStatus => self.status(),
            Op::MailboxList => {
                let there = self.there();
                Done::Listed(there.map(|(n, it)| (n, it.bytes.len() as u64)).collect())
            }
            Op::MailboxHeader(number) => match self.message(*number) {
                Some(message) => Done::Header(header(&message.bytes)),
                None => no_such_message(),
            },
            Op::MailboxFetch(fetch) => return self.fetch(fetch, files, now),
            Op::MailboxDelete(number) => match self.message(*number) {
                Some(message) => {
                    message.marked = true;
                    Done::Fine
                }
                None => no_such_message(),
            },
            Op::MailboxClose => {
                self.messages.retain(|message| !message.marked);
                Done::Fine
            }
            Op::FilesGet(remote) => {
                self.transfer = Some(Transfer::Get(self.files.get(&remote.path).cloned()));
                Done::Fine
            }
            Op::FilesPut(remote) => self.put(remote),
            Op::FilesList(_) => {
                let lines = self.files.iter().map(|(name, bytes)| {
                    let size = bytes.len();
                    format!("-rw-r--r-- 1 ftp ftp {size} Jan 01 2010 {name}\r\n")
                });
                let listing = lines.collect::<String>().into_bytes();
                self.transfer = Some(Transfer::Get(Some(listing)));
                Done::Fine
            }
            Op::FilesToModule(remote, name) => match self.files.get(&remote.path) {
                Some(bytes) => store(files, name.clone(), bytes),
                None => no_such_file(),
            },
            Op::FilesFromModule(remote, name) => match files.whole(name, u64::MAX) {
                Ok(bytes) => {
                    self.files.insert(remote.path.clone(), bytes);
                    Done::Fine
                }
                Err(error) => Done::Failed(error),
            },
            Op::Connect(_) => {
                self.request.clear();
                self.transfer = Some(Transfer::Get(Some(std::mem::take(&mut self.response))));
                Done::Fine
            }
            Op::Pull(_, most) => self.pull(*most),
            // The server has the request; its response is pulled.
            Op::Settle(Client::Socket) => Done::Fine,
            Op::Settle(_) => {
                if let Some(Transfer::Put(path)) = &self.transfer {
                    let bytes = std::mem::take(&mut self.request);
                    self.files.insert(path.clone(), bytes);
                    self.transfer = None;
                }
                Done::Fine
            }
            _ => Done::Fine,
        })
    }

    fn fails(&mut self, op: &Op) -> Option<Done> {
        let service = match op.client()? {
            Client::Mail => return None,
            Client::Mailbox => Service::Pop3,
            Client::Files => Service::Ftp,
            Client::Socket => Service::Http,
        };
        let failure = self.failures.get(&service)?;
        if failure.settled && !matches!(op, Op::Settle(_)) {
            return None;
        }
        let Failure { error, lost, .. } = self.failures.remove(&service)?;
        if lost {
            op.client()
                .into_iter()
                .for_each(|client| self.abort(client));
            return Some(Done::Lost(error));
        }
        Some(Done::Refused(error))
    }

    /// The messages that are not marked, with their numbers.
    fn there(&self) -> impl Iterator<Item = (u32, &Message)> {
        (1..).zip(&self.messages).filter(|(_, it)| !it.marked)
    }

    fn message(&mut self, number: u32) -> Option<&mut Message> {
        let at = usize::try_from(number).ok()?.checked_sub(1)?;
        self.messages.get_mut(at).filter(|it| !it.marked)
    }

    fn status(&self) -> Done {
        let sizes: Vec<_> = self.there().map(|(_, it)| it.bytes.len() as u64).collect();
        Done::Status {
            count: u32::try_from(sizes.len()).unwrap_or(u32::MAX),
            bytes: sizes.iter().sum(),
        }
    }

    /// The message as one file, in a folder of its own. Where there is one already, it is not done yet.
    fn fetch(&mut self, fetch: &Fetch, files: &mut Files, now: SystemTime) -> Option<Done> {
        let Some(message) = self.message(fetch.number) else {
            return Some(no_such_message());
        };
        let time = fetch.clock.local(now);
        let folder = format!(
            "{:02}{:02}{:02}{:02}{:02}{:02}",
            time.year % 100,
            time.month,
            time.day,
            time.hour,
            time.minute,
            time.second
        );
        let folder = fetch.parent.child(folder.as_bytes())?;
        if matches!(
            files.perform(&Op::Look(folder.clone())),
            Some(Done::Found { .. })
        ) {
            return None;
        }
        files.perform(&Op::MakeFolder(folder.clone()))?;
        let name = b"EMAIL000.TXT";
        let stored = store(files, folder.child(name)?, &message.bytes);
        let file = name.to_vec();
        Some(match stored {
            Done::Fine => Done::Stored { folder, file },
            other => other,
        })
    }

    fn put(&mut self, remote: &Remote) -> Done {
        self.request.clear();
        self.transfer = Some(Transfer::Put(remote.path.clone()));
        Done::Fine
    }

    fn pull(&mut self, most: u32) -> Done {
        match &mut self.transfer {
            Some(Transfer::Get(Some(rest))) => {
                let most = usize::try_from(most).unwrap_or(usize::MAX).min(rest.len());
                Done::Bytes(rest.drain(..most).collect())
            }
            Some(Transfer::Get(None)) => no_such_file(),
            _ => Done::Bytes(Vec::new()),
        }
    }
}

fn same(expected: &[u8], came: &[u8]) -> Result<()> {
    ensure!(
        expected == came,
        "the server was to have \"{}\", and has \"{}\"",
        expected.escape_ascii(),
        came.escape_ascii()
    );
    Ok(())
}

fn header(message: &[u8]) -> Vec<u8> {
    let end = message.windows(4).position(|at| at == b"\r\n\r\n");
    message[..end.map_or(message.len(), |end| end + 2)].to_vec()
}

fn refused(kind: ErrorKind, code: u16, text: &str) -> Done {
    let text = text.to_owned();
    Done::Refused(Error::new(kind, "refused").with_reply(ServerReply { code, text }))
}

fn no_such_message() -> Done {
    refused(ErrorKind::Rejected, 0, "-ERR there is no such message")
}

fn no_such_file() -> Done {
    refused(ErrorKind::NotFound, 550, "no such file")
}

fn store(files: &mut Files, name: FileName, content: &[u8]) -> Done {
    let create = Op::Create {
        name,
        size: content.len() as u64,
        replace: true,
    };
    for op in [create, Op::Append(content.to_vec()), Op::Finish] {
        match files.perform(&op) {
            Some(Done::Fine) => {}
            Some(failed) => return failed,
            None => return Done::Failed(hayesd::emulator::FileError::Disk),
        }
    }
    Done::Fine
}
