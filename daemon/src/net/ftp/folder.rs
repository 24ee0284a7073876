//! Folders: what is in them, making and removing them.

use super::connection::Connection;
use super::failure::Step;
use super::listing::{Form, Listing};
use super::path;
use super::transfer::Received;
use crate::service::{BoxFuture, Entry, Error, ErrorKind, Representation, Result, Sink};

type Each<'a> = &'a mut (dyn FnMut(Entry) -> Result<()> + Send);

/// A listing's bytes are read as they come.
struct Reader<'a> {
    listing: Listing,
    each: Each<'a>,
    entries: u64,
}

impl Sink for Reader<'_> {
    fn put<'a>(&'a mut self, bytes: &'a mut Vec<u8>) -> BoxFuture<'a, Result<()>> {
        Box::pin(async move {
            let Self {
                listing,
                each,
                entries,
            } = self;
            let result = listing.read(bytes, &mut |entry| {
                *entries += 1;
                each(entry)
            });
            bytes.clear();
            result
        })
    }
}

impl Connection {
    /// What is in a folder.
    pub(super) async fn list(&mut self, folder: &str, each: Each<'_>) -> Result<()> {
        path::check_folder(folder)?;
        if self.features().await?.mlsd && !self.lacks.mlsd {
            let command = with("MLSD", folder);
            match self.read_listing(&command, Form::Mlsd, each).await {
                Err(error) if error.kind == ErrorKind::NotSupported && error.reply.is_some() => {
                    self.lacks.mlsd = true;
                }
                result => return result.map(drop),
            }
        }
        self.represent(Representation::Ascii).await?;
        if folder.is_empty() {
            return self.read_listing("LIST", Form::List, each).await.map(drop);
        }
        // Servers take LIST's argument for a pattern or for options, and list a folder that is not there as
        // an empty one: so we go there.
        let here = self.folder().await?;
        self.enter(folder).await?;
        self.back_to = Some(here);
        let result = self.read_listing("LIST", Form::List, each).await;
        if self.is_usable() && self.data.is_none() {
            self.go_back().await?;
        }
        result.map(drop)
    }

    async fn read_listing(&mut self, command: &str, form: Form, each: Each<'_>) -> Result<u64> {
        let now = self.tls.clock().date();
        let mut reader = Reader {
            listing: Listing::new(form, now),
            each,
            entries: 0,
        };
        let received = match self.begin(command, 0, Step::Find).await {
            Ok(_) => self.receive(&mut reader, Step::Find, |_| {}).await?,
            // "No files found": wu-ftpd and kin, for an empty folder.
            Err(error) if is_empty(&error) => return Ok(0),
            Err(error) => return Err(error),
        };
        self.end_listing(&received).await?;
        let Reader {
            listing,
            each,
            entries,
        } = reader;
        listing.end(each)?;
        Ok(entries)
    }

    async fn end_listing(&mut self, received: &Received) -> Result<()> {
        self.end(Step::Find).await?;
        if received.ended {
            Ok(())
        } else {
            Err(super::failure::truncated())
        }
    }

    /// The folder's listing as it comes.
    pub(super) async fn list_raw(&mut self, folder: &str, into: &mut dyn Sink) -> Result<u64> {
        path::check_folder(folder)?;
        if !folder.is_empty() {
            self.name(folder).await?;
        }
        self.represent(Representation::Ascii).await?;
        let command = with("LIST", &path::no_option(folder));
        self.begin(&command, 0, Step::Find).await?;
        let received = self.receive(into, Step::Find, |_| {}).await?;
        self.end_listing(&received).await?;
        Ok(received.bytes)
    }

    /// Makes a folder; one that is there already is told as that.
    pub(super) async fn make_folder(&mut self, folder: &str) -> Result<()> {
        self.name(folder).await?;
        let refusal = match self.done(&format!("MKD {folder}"), Step::Make).await {
            Ok(_) => return Ok(()),
            Err(error) => error,
        };
        let refused = refusal
            .reply
            .as_ref()
            .is_some_and(|reply| reply.code / 100 == 5);
        if refused && self.is_usable() && self.is_folder(folder).await? {
            let mut error = refusal;
            error.kind = ErrorKind::Rejected;
            error.text = format!("the folder {folder} exists already");
            return Err(error);
        }
        Err(refusal)
    }

    async fn is_folder(&mut self, folder: &str) -> Result<bool> {
        let Ok(here) = self.folder().await else {
            return Ok(false);
        };
        if self.enter(folder).await.is_err() {
            return Ok(false);
        }
        self.back_to = Some(here);
        self.go_back().await?;
        Ok(true)
    }
}

fn with(verb: &str, path: &str) -> String {
    if path.is_empty() {
        verb.to_owned()
    } else {
        format!("{verb} {path}")
    }
}

fn is_empty(error: &Error) -> bool {
    error.reply.as_ref().is_some_and(|reply| {
        let text = reply.text.to_ascii_lowercase();
        matches!(reply.code, 450 | 550) && text.contains("no files")
    })
}
