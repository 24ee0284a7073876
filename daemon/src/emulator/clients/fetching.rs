//! A message of the mailbox into a folder of the module.

use super::module_file::Incoming;
use super::naming::names;
use super::patience::Watch;
use crate::dialect::volume::FileName;
use crate::emulator::client::Fetch;
use crate::emulator::op::{Done, FileError, Op};
use crate::emulator::world::World;
use crate::message::unpack;
use crate::service::{BoxFuture, Error, ErrorKind, MailboxSession, Messages, Result, Sink, Wanted};
use std::time::Duration;
use tokio::time::sleep;

/// A longer message is not stored.
const LONGEST: usize = 32 << 20;

/// A folder that is there already: the next second brings another name (16-A22). After so many that are taken
/// the clock was most likely set back, and nobody waits any longer for a second that is free.
const PATIENT: u32 = 3;
/// So many names are tried.
const TRIES: u32 = 10_000;

/// Fetches and stores it.
pub(super) async fn fetch(
    world: &World,
    session: &mut dyn MailboxSession,
    fetch: &Fetch,
    watch: &Watch,
) -> Result<Done> {
    let mut message = Message {
        bytes: Vec::new(),
        watch,
        too_long: false,
    };
    let wanted = [Wanted {
        number: fetch.number,
        size: 0,
    }];
    match session.fetch(&wanted, &mut message, watch).await {
        Ok(()) => {}
        Err(_) if message.too_long => return Ok(Done::Failed(FileError::NoSpace)),
        Err(error) => return Err(error),
    }
    let bytes = message.bytes;
    let stored = watch.ours(store(world, fetch, bytes)).await;
    Ok(stored.unwrap_or_else(Done::Failed))
}

async fn store(
    world: &World,
    fetch: &Fetch,
    bytes: Vec<u8>,
) -> std::result::Result<Done, FileError> {
    // Taking a large one apart takes a while.
    let unpacked = world.disk.run(move || unpack(&bytes)).await;
    let unpacked = unpacked.map_err(|_| FileError::Disk)?;
    let folder = folder(world, fetch).await?;
    let (names, mail) = names(&unpacked.files);
    let files = unpacked.files.into_iter().map(|file| file.bytes);
    let mut all: Vec<(String, Vec<u8>)> = names.into_iter().zip(files).collect();
    // Who sees the mail sees its attachments.
    all.push((mail.clone(), unpacked.mail));
    let half = Half(Some((world.clone(), folder.clone())));
    for (name, bytes) in all {
        let name = folder.child(name.as_bytes()).ok_or(FileError::Disk)?;
        let mut file = Incoming::begin(world, name).await?;
        file.append(bytes).await?;
        file.finish().await?;
    }
    half.whole();
    let file = mail.into_bytes();
    Ok(Done::Stored { folder, file })
}

/// A folder that has not got all that belongs into it. Dropped so, it goes away: nobody is told of it.
struct Half(Option<(World, FileName)>);

impl Half {
    fn whole(mut self) {
        self.0 = None;
    }
}

impl Drop for Half {
    fn drop(&mut self) {
        let Some((world, folder)) = self.0.take() else {
            return;
        };
        world.post_files(move |files| {
            files.perform(&Op::ClearFolder(folder.clone()));
            files.perform(&Op::RemoveFolder(folder));
        });
    }
}

/// A new folder, called by the module's time.
async fn folder(world: &World, fetch: &Fetch) -> std::result::Result<FileName, FileError> {
    for tries in 0..TRIES {
        let ahead = Duration::from_secs(tries.saturating_sub(PATIENT).into());
        let time = fetch.clock.local(world.jobs.now() + ahead).digits();
        let folder = fetch.parent.child(time.as_bytes());
        let folder = folder.ok_or(FileError::Disk)?;
        match world.perform(Op::MakeFolder(folder.clone())).await {
            Done::Failed(FileError::Exists) if tries < PATIENT => {
                sleep(Duration::from_secs(1)).await;
            }
            Done::Failed(FileError::Exists) => {}
            Done::Failed(FileError::NotFound) => {
                // Somebody has removed the folder of all mails.
                let parent = Op::MakeFolder(fetch.parent.clone());
                if let Done::Failed(error) = world.perform(parent).await {
                    return Err(error);
                }
            }
            Done::Failed(error) => return Err(error),
            _ => return Ok(folder),
        }
    }
    Err(FileError::Exists)
}

/// A message on its way.
struct Message<'a> {
    bytes: Vec<u8>,
    watch: &'a Watch,
    too_long: bool,
}

impl Sink for Message<'_> {
    fn put<'a>(&'a mut self, bytes: &'a mut Vec<u8>) -> BoxFuture<'a, Result<()>> {
        self.watch.sign();
        self.bytes.append(bytes);
        self.too_long = self.bytes.len() > LONGEST;
        let put = match self.too_long {
            true => Err(Error::new(ErrorKind::TooLarge, "the message is too long")),
            false => Ok(()),
        };
        Box::pin(async { put })
    }
}

impl Messages for Message<'_> {
    fn begin(&mut self, _: u32) -> BoxFuture<'_, Result<&mut dyn Sink>> {
        Box::pin(async {
            self.bytes.clear();
            let sink: &mut dyn Sink = self;
            Ok(sink)
        })
    }

    fn end<'a>(&'a mut self, _: u32, outcome: Result<()>) -> BoxFuture<'a, Result<()>> {
        Box::pin(async { outcome })
    }
}
