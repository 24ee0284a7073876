//! A result on its way into its file: lines of JSON, or bytes as they come.

use crate::job::Shared;
use crate::job::request::{Answer, Request};
use crate::job::types::JobId;
use crate::service::{BoxFuture, Error, ErrorKind, Result, Sink};
use serde::Serialize;
use serde::de::DeserializeOwned;
use std::sync::{Arc, Mutex, PoisonError};

/// So much is kept until it is written.
const PIECE: usize = 64 << 10;
/// A result as large as this is read, and no larger one.
const LARGEST: u64 = 64 << 20;

/// A result that is being written.
pub(super) struct Sheet {
    shared: Arc<Shared>,
    id: JobId,
    kept: Vec<u8>,
    size: u64,
    most: u64,
    failed: Arc<Mutex<Option<Error>>>,
}

impl Sheet {
    /// Begins one, of at most so many bytes.
    pub(super) async fn begin(shared: &Arc<Shared>, id: JobId, most: u64) -> Result<Self> {
        let spool = shared.spool.clone();
        shared.disk.run(move || spool.begin_result(id)).await??;
        Ok(Self {
            shared: Arc::clone(shared),
            id,
            kept: Vec::new(),
            size: 0,
            most: most.min(LARGEST),
            failed: Arc::default(),
        })
    }

    /// A line. It does not wait for the disk: lines come from the network, which is slower.
    pub(super) fn line(&mut self, value: &impl Serialize) -> Result<()> {
        let before = self.kept.len();
        serde_json::to_writer(&mut self.kept, value)
            .map_err(|error| Error::new(ErrorKind::Internal, format!("a result: {error}")))?;
        self.kept.push(b'\n');
        self.grown(self.kept.len() - before)
    }

    fn grown(&mut self, by: usize) -> Result<()> {
        self.size += by as u64;
        if self.size > self.most {
            let text = format!("the result has more than {} bytes", self.most);
            return Err(Error::new(ErrorKind::TooLarge, text).after_content());
        }
        if self.kept.len() >= PIECE {
            self.write();
        }
        match &*self.failed.lock().unwrap_or_else(PoisonError::into_inner) {
            Some(error) => Err(error.clone()),
            None => Ok(()),
        }
    }

    fn write(&mut self) {
        let kept = std::mem::take(&mut self.kept);
        let (spool, id, failed) = (self.shared.spool.clone(), self.id, self.failed.clone());
        self.shared.disk.post(move || {
            if let Err(error) = spool.more_result(id, &kept) {
                let mut failed = failed.lock().unwrap_or_else(PoisonError::into_inner);
                failed.get_or_insert(error);
            }
        });
    }

    /// All is there: it is the job's result from now on, for good. Gives its size in bytes.
    pub(super) async fn end(mut self) -> Result<u64> {
        self.write();
        let (spool, id, failed) = (self.shared.spool.clone(), self.id, self.failed.clone());
        let end = move || {
            let failed = failed.lock().unwrap_or_else(PoisonError::into_inner).take();
            match failed {
                Some(error) => Err(error),
                None => spool.end_result(id),
            }
        };
        self.shared.disk.run(end).await??;
        Ok(self.size)
    }
}

impl Sink for Sheet {
    fn put<'a>(&'a mut self, bytes: &'a mut Vec<u8>) -> BoxFuture<'a, Result<()>> {
        Box::pin(async move {
            let size = bytes.len();
            self.kept.append(bytes);
            self.grown(size)
        })
    }
}

/// Reads the result of a request that is done. It blocks.
pub(in crate::job) fn read(shared: &Shared, id: JobId, request: &Request) -> Result<Answer> {
    let bytes = shared.spool.result(id, LARGEST)?;
    Ok(match request {
        Request::Pop3Check => Answer::Messages(lines(&bytes)?),
        Request::Pop3Fetch { .. } | Request::Pop3Delete { .. } => Answer::Handled(lines(&bytes)?),
        Request::FtpList { .. } => Answer::Entries(lines(&bytes)?),
        Request::AccountTest => Answer::Tested(lines(&bytes)?),
        Request::Pop3Top { .. }
        | Request::FtpDownload {
            to_caller: false, ..
        } => Answer::Bytes(bytes),
        Request::FtpDownload { .. }
        | Request::FtpUpload { .. }
        | Request::FtpRemove { .. }
        | Request::FtpMakeDirectory { .. }
        | Request::FtpRename { .. } => Answer::Nothing,
    })
}

fn lines<T: DeserializeOwned>(bytes: &[u8]) -> Result<Vec<T>> {
    serde_json::Deserializer::from_slice(bytes)
        .into_iter()
        .collect::<std::result::Result<_, _>>()
        .map_err(|error| {
            let text = format!("the result can't be read: {error}");
            Error::new(ErrorKind::Internal, text)
        })
}
