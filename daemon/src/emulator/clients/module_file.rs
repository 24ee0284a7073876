//! Files of the module, as what comes from a server and what goes to one.

use super::patience::Watch;
use crate::dialect::volume::FileName;
use crate::disk::Disk;
use crate::emulator::files::Writing;
use crate::emulator::op::{Done, FileError, Op};
use crate::emulator::world::World;
use crate::service::{BoxFuture, Error, ErrorKind, Result, Sink, Source};

/// Bytes that are read at once.
const PIECE: u32 = 64 << 10;

/// A file that comes: it shows under its name only when it is whole. Dropped before, it is gone.
pub(super) struct Incoming {
    /// `None` while the disk has it, and after it failed.
    file: Option<Writing>,
    disk: Disk,
    failed: Option<FileError>,
}

impl Drop for Incoming {
    fn drop(&mut self) {
        if let Some(file) = self.file.take() {
            // Forgetting it is work for the disk too.
            self.disk.post(move || drop(file));
        }
    }
}

impl Incoming {
    /// Begins it; one of its name makes way when it is whole.
    pub(super) async fn begin(
        world: &World,
        name: FileName,
    ) -> std::result::Result<Self, FileError> {
        let file = world
            .with_files(move |files| files.begin(&name, 0, true))
            .await?;
        Ok(Self {
            file: Some(file),
            disk: world.disk.clone(),
            failed: None,
        })
    }

    /// Where its bytes go.
    pub(super) fn sink<'a>(&'a mut self, watch: &'a Watch) -> IncomingSink<'a> {
        IncomingSink { file: self, watch }
    }

    /// What went wrong with it here.
    pub(super) fn failure(&self) -> Option<FileError> {
        self.failed
    }

    /// Adds to it.
    pub(super) async fn append(&mut self, bytes: Vec<u8>) -> std::result::Result<(), FileError> {
        let mut file = self.file.take().ok_or(FileError::Disk)?;
        let append = move || file.append(&bytes).map(|()| file);
        let appended = self.disk.run(append).await.unwrap_or(Err(FileError::Disk));
        match appended {
            Ok(file) => {
                self.file = Some(file);
                Ok(())
            }
            Err(error) => {
                self.failed = Some(error);
                Err(error)
            }
        }
    }

    /// It is whole: from now on it shows under its name, in the place of what was there.
    pub(super) async fn finish(mut self) -> std::result::Result<(), FileError> {
        let file = self.file.take().ok_or(FileError::Disk)?;
        let finished = self.disk.run(move || file.finish()).await;
        finished.unwrap_or(Err(FileError::Disk))
    }
}

/// The end of a transfer that the module's own disk is the reason for.
fn broken_off() -> Error {
    Error::new(ErrorKind::Internal, "the module's file system refused it")
}

pub(super) struct IncomingSink<'a> {
    file: &'a mut Incoming,
    watch: &'a Watch,
}

impl Sink for IncomingSink<'_> {
    fn put<'a>(&'a mut self, bytes: &'a mut Vec<u8>) -> BoxFuture<'a, Result<()>> {
        Box::pin(async move {
            self.watch.sign();
            let bytes = std::mem::take(bytes);
            self.file.append(bytes).await.map_err(|_| broken_off())
        })
    }
}

/// A file that goes.
pub(super) struct Outgoing<'a> {
    world: World,
    name: FileName,
    watch: &'a Watch,
    at: u64,
    size: u64,
    failed: Option<FileError>,
}

impl<'a> Outgoing<'a> {
    pub(super) async fn open(
        world: &World,
        name: FileName,
        watch: &'a Watch,
    ) -> std::result::Result<Self, FileError> {
        let size = match world.perform(Op::Look(name.clone())).await {
            Done::Found { size, folder, .. } if !folder => size,
            Done::Failed(error) => return Err(error),
            _ => return Err(FileError::NotFound),
        };
        Ok(Self {
            world: world.clone(),
            name,
            watch,
            at: 0,
            size,
            failed: None,
        })
    }

    /// What went wrong with it here.
    pub(super) fn failure(&self) -> Option<FileError> {
        self.failed
    }
}

impl Source for Outgoing<'_> {
    fn next<'a>(&'a mut self, into: &'a mut Vec<u8>) -> BoxFuture<'a, Result<()>> {
        Box::pin(async move {
            self.watch.sign();
            let left = u32::try_from(self.size - self.at)
                .unwrap_or(PIECE)
                .min(PIECE);
            let read = Op::Read {
                name: self.name.clone(),
                offset: self.at,
                length: left,
            };
            match self.world.perform(read).await {
                Done::Bytes(bytes) if left == 0 || !bytes.is_empty() => *into = bytes,
                Done::Failed(error) => {
                    self.failed = Some(error);
                    return Err(broken_off());
                }
                // It has become shorter meanwhile.
                _ => {
                    self.failed = Some(FileError::NotFound);
                    return Err(broken_off());
                }
            }
            self.at += into.len() as u64;
            Ok(())
        })
    }

    fn left(&self) -> Option<u64> {
        Some(self.size - self.at)
    }

    fn seek(&mut self, to: u64) -> BoxFuture<'_, Result<()>> {
        Box::pin(async move {
            if to > self.size {
                let text = format!("byte {to} of a file of {}", self.size);
                return Err(Error::new(ErrorKind::InvalidArgument, text));
            }
            self.at = to;
            Ok(())
        })
    }
}
