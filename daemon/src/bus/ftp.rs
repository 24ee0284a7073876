//! `org.hayesd1.Ftp`, at `/org/hayesd1`.

use super::dict::Dict;
use super::error::{Refused, Result};
use super::fd_sink::FdSink;
use super::options::Options;
use super::requests::{Luggage, Requests};
use super::rights::Caller;
use crate::job::{Origin, Request, Upload};
use crate::service::{ErrorKind, Placing};
use std::os::fd::OwnedFd;
use zbus::message::Header;
use zbus::{Connection, OwnedObjectPath, interface};

/// Files on the bus.
pub(super) struct Ftp {
    pub(super) requests: Requests,
}

/// What `Upload` and its twin know besides the usual.
struct UploadOptions {
    placing: Placing,
    size: Option<u64>,
    usual: Options,
}

impl UploadOptions {
    fn of(mut options: Dict<'_>) -> Result<Self> {
        let mut is = |key: &str| options.bool(key).map(|value| value.unwrap_or(false));
        let placing = match (is("append")?, is("resume")?, is("atomic")?) {
            (false, false, false) => Placing::Replace,
            (true, false, false) => Placing::Append,
            (false, true, false) => Placing::Resume,
            (false, false, true) => Placing::Atomic,
            _ => {
                let text = "of the keys `append`, `resume` and `atomic`, one at most can be true";
                return Err(Refused::argument(text));
            }
        };
        Ok(Self {
            placing,
            size: options.u64("size")?,
            usual: Options::of(options)?,
        })
    }
}

/// What came is what was to come, if that was said.
fn check_size(said: Option<u64>, came: u64) -> Result<()> {
    match said {
        Some(size) if size != came => Err(Refused::argument(format!(
            "the key `size` says {size} bytes, but {came} came"
        ))),
        _ => Ok(()),
    }
}

impl Ftp {
    /// A descriptor becomes a file in the spool, of the size that was said, if it was.
    async fn copy(&self, caller: &Caller, fd: OwnedFd, said: Option<u64>) -> Result<Upload> {
        let world = &self.requests.world;
        let origin = Origin::Bus { uid: caller.uid };
        let place = world.jobs.upload_place(&origin).await?;
        let copied = world
            .copies
            .save(
                fd,
                place.path.clone(),
                place.most,
                caller.uid,
                move |came| check_size(said, came),
            )
            .await;
        match copied {
            Ok(size) => Ok(Upload::File(place.path, size)),
            Err(error) if error.is(ErrorKind::TooLarge) => {
                let text = format!("there is room for {} bytes only", place.most);
                Err(Refused::new(place.beyond, text))
            }
            Err(error) => Err(error),
        }
    }
}

fn upload(remote: &str, placing: Placing) -> Request {
    Request::FtpUpload {
        remote: remote.to_owned(),
        placing,
    }
}

#[interface(name = "org.hayesd1.Ftp", introspection_docs = false)]
impl Ftp {
    #[zbus(out_args("job"))]
    async fn upload(
        &self,
        #[zbus(header)] header: Header<'_>,
        #[zbus(connection)] connection: &Connection,
        account: &str,
        remote: &str,
        content: zbus::OwnedFd,
        options: Dict<'_>,
    ) -> Result<OwnedObjectPath> {
        let options = UploadOptions::of(options)?;
        let request = upload(remote, options.placing);
        request.check()?;
        let name = self.requests.world.account(account)?;
        self.requests.world.accounts.ftp(&name)?;
        let caller = self.requests.caller(&header, connection).await?;
        let content = OwnedFd::from(content);
        let made = self.copy(&caller, content, options.size).await?;
        let luggage = Luggage {
            upload: Some(made),
            into: None,
        };
        self.requests
            .submit(&caller, &name, request, luggage, options.usual)
            .await
    }

    #[zbus(out_args("job"))]
    async fn upload_bytes(
        &self,
        #[zbus(header)] header: Header<'_>,
        #[zbus(connection)] connection: &Connection,
        account: &str,
        remote: &str,
        content: &[u8],
        options: Dict<'_>,
    ) -> Result<OwnedObjectPath> {
        let options = UploadOptions::of(options)?;
        check_size(options.size, content.len() as u64)?;
        let caller = self.requests.caller(&header, connection).await?;
        let luggage = Luggage {
            upload: Some(Upload::Bytes(content.to_vec())),
            into: None,
        };
        let request = upload(remote, options.placing);
        self.requests
            .submit(&caller, account, request, luggage, options.usual)
            .await
    }

    #[zbus(out_args("job"))]
    async fn download(
        &self,
        #[zbus(header)] header: Header<'_>,
        #[zbus(connection)] connection: &Connection,
        account: &str,
        remote: &str,
        into: zbus::OwnedFd,
        mut options: Dict<'_>,
    ) -> Result<OwnedObjectPath> {
        let resume = options.bool("resume")?.unwrap_or(false);
        let options = Options::of(options)?;
        let caller = self.requests.caller(&header, connection).await?;
        let into = OwnedFd::from(into);
        let copies = &self.requests.world.copies;
        let judged = copies.run(caller.uid, move || FdSink::new(into, resume));
        let (sink, from) = judged.await?;
        let request = Request::FtpDownload {
            remote: remote.to_owned(),
            from,
            to_caller: true,
        };
        let luggage = Luggage {
            upload: None,
            into: Some(Box::new(sink)),
        };
        self.requests
            .submit(&caller, account, request, luggage, options)
            .await
    }

    #[zbus(out_args("job"))]
    async fn download_bytes(
        &self,
        #[zbus(header)] header: Header<'_>,
        #[zbus(connection)] connection: &Connection,
        account: &str,
        remote: &str,
        options: Dict<'_>,
    ) -> Result<OwnedObjectPath> {
        let options = Options::of(options)?;
        let request = Request::FtpDownload {
            remote: remote.to_owned(),
            from: 0,
            to_caller: false,
        };
        self.requests
            .ask(&header, connection, account, request, options)
            .await
    }

    #[zbus(out_args("job"))]
    async fn list(
        &self,
        #[zbus(header)] header: Header<'_>,
        #[zbus(connection)] connection: &Connection,
        account: &str,
        folder: &str,
        options: Dict<'_>,
    ) -> Result<OwnedObjectPath> {
        let options = Options::of(options)?;
        let request = Request::FtpList {
            folder: folder.to_owned(),
        };
        self.requests
            .ask(&header, connection, account, request, options)
            .await
    }

    #[zbus(out_args("job"))]
    async fn remove(
        &self,
        #[zbus(header)] header: Header<'_>,
        #[zbus(connection)] connection: &Connection,
        account: &str,
        remote: &str,
        options: Dict<'_>,
    ) -> Result<OwnedObjectPath> {
        let options = Options::of(options)?;
        let request = Request::FtpRemove {
            remote: remote.to_owned(),
        };
        self.requests
            .ask(&header, connection, account, request, options)
            .await
    }

    #[zbus(out_args("job"))]
    async fn make_directory(
        &self,
        #[zbus(header)] header: Header<'_>,
        #[zbus(connection)] connection: &Connection,
        account: &str,
        remote: &str,
        options: Dict<'_>,
    ) -> Result<OwnedObjectPath> {
        let options = Options::of(options)?;
        let request = Request::FtpMakeDirectory {
            remote: remote.to_owned(),
        };
        self.requests
            .ask(&header, connection, account, request, options)
            .await
    }

    #[zbus(out_args("job"))]
    async fn rename(
        &self,
        #[zbus(header)] header: Header<'_>,
        #[zbus(connection)] connection: &Connection,
        account: &str,
        from: &str,
        to: &str,
        options: Dict<'_>,
    ) -> Result<OwnedObjectPath> {
        let options = Options::of(options)?;
        let request = Request::FtpRename {
            from: from.to_owned(),
            to: to.to_owned(),
        };
        self.requests
            .ask(&header, connection, account, request, options)
            .await
    }
}
