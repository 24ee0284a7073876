//! An upload's content, out of the spool.

use crate::disk::Disk;
use crate::service::{BoxFuture, Error, ErrorKind, Result, Source};
use std::fs::File;
use std::io;
use std::os::unix::fs::{FileExt, OpenOptionsExt};
use std::path::PathBuf;
use std::sync::Arc;

/// Bytes that are read at a time, where the buffer has no room of its own.
const PIECE: usize = 64 << 10;

/// A file that is read on the disk's thread.
pub(super) struct FileSource {
    file: Arc<File>,
    disk: Disk,
    at: u64,
    size: u64,
}

impl FileSource {
    pub(super) async fn open(path: PathBuf, size: u64, disk: &Disk) -> Result<Self> {
        let open = move || {
            File::options()
                .read(true)
                .custom_flags(libc::O_NOFOLLOW)
                .open(path)
                .map_err(|error| failed(&error))
        };
        Ok(Self {
            file: Arc::new(disk.run(open).await??),
            disk: disk.clone(),
            at: 0,
            size,
        })
    }
}

fn failed(error: &io::Error) -> Error {
    let text = format!("what is to be uploaded can't be read: {error}");
    Error::new(ErrorKind::Internal, text)
}

impl Source for FileSource {
    fn next<'a>(&'a mut self, into: &'a mut Vec<u8>) -> BoxFuture<'a, Result<()>> {
        Box::pin(async move {
            let mut buffer = std::mem::take(into);
            let (file, at) = (Arc::clone(&self.file), self.at);
            let left = usize::try_from(self.size - at).unwrap_or(usize::MAX);
            let read = move || {
                let length = left.min(buffer.capacity().max(PIECE));
                buffer.resize(length, 0);
                file.read_exact_at(&mut buffer, at).map(|()| buffer)
            };
            *into = self.disk.run(read).await?.map_err(|error| failed(&error))?;
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
