//! A session with files: one connection over many steps, kept alive between them.

use super::super::waiting::Waiting;
use super::FtpBack;
use super::connection::{Connection, failure_over};
use super::date;
use super::failure::Step;
use super::path;
use super::reply::for_people;
use crate::service::{
    BoxFuture, Entry, Error, ErrorKind, FileOpen, FileSession, Placing, Progress, Representation,
    Result, Sink, Source, Unwatched,
};
use std::time::SystemTime;
use tokio::runtime::Handle;

/// An open file session.
pub(super) struct Session {
    back: FtpBack,
    request: FileOpen,
    state: State,
    /// A folder was changed to: it must be found again after a reconnect.
    moved: bool,
}

enum State {
    /// Between two steps.
    Waiting(Waiting<Connection>),
    /// In a step; or one was dropped in its middle.
    Working(Box<Connection>),
    /// Over.
    Closed,
}

impl Session {
    pub(super) fn new(back: FtpBack, request: FileOpen, connection: Connection) -> Self {
        Self {
            back,
            request,
            state: State::Waiting(Waiting::new(connection)),
            moved: false,
        }
    }

    /// The connection, for one step; [`Session::rest`] comes after it.
    async fn work(&mut self) -> Result<&mut Connection> {
        match std::mem::replace(&mut self.state, State::Closed) {
            State::Closed => return Err(failure_over()),
            State::Waiting(waiting) => {
                self.state = State::Working(Box::new(waiting.end().await?));
            }
            // Not moved while it is mended: that may be given up as well.
            working @ State::Working(_) => self.state = working,
        }
        let State::Working(connection) = &mut self.state else {
            return Err(failure_over());
        };
        connection.settle().await?;
        Ok(connection)
    }

    /// After a step: from now on it is kept alive, if it lives.
    fn rest<T>(&mut self, result: Result<T>) -> Result<T> {
        self.state = match std::mem::replace(&mut self.state, State::Closed) {
            State::Working(mut connection) => {
                let in_transfer = connection.is_in_transfer();
                match connection.is_usable() {
                    // What is unsettled is settled before the next step, or when the session ends.
                    true if in_transfer => State::Working(connection),
                    true => State::Waiting(Waiting::new(*connection)),
                    false => State::Closed,
                }
            }
            state => state,
        };
        result
    }

    /// After a transfer that failed: whether it is worth another try, over a connection whose TLS sessions can
    /// be resumed as often as the server wants.
    async fn reconnect(&mut self, progress: &dyn Progress) -> Result<bool> {
        let State::Working(connection) = &mut self.state else {
            return Ok(false);
        };
        if !std::mem::take(&mut connection.no_reuse) || self.back.is_pinned(&self.request.server) {
            return Ok(false);
        }
        let folder = match self.moved {
            true => Some(connection.folder().await?),
            false => None,
        };
        self.back.pin(&self.request.server);
        tracing::info!(
            "{} refused data connections that resume TLS 1.3; TLS 1.2 is used for it",
            self.request.server.host
        );
        // The old one goes first: some servers allow one of each user.
        if let State::Working(old) = std::mem::replace(&mut self.state, State::Closed) {
            old.quit().await;
        }
        let mut connection = self.back.connect(&self.request, progress).await?;
        if let Some(folder) = folder {
            connection.enter(&folder).await?;
        }
        self.state = State::Working(Box::new(connection));
        Ok(true)
    }

    async fn try_upload(
        &mut self,
        path: &str,
        from: &mut dyn Source,
        how: (Placing, Representation),
        progress: &dyn Progress,
    ) -> Result<u64> {
        let before = from.left();
        let (placing, representation) = how;
        let connection = self.work().await?;
        let result = connection
            .upload(path, from, placing, representation, progress)
            .await;
        match result {
            Err(error) if !error.content_sent && self.reconnect(progress).await? => {
                if from.left() != before || before.is_none() {
                    // What was read was lost; where that can't be undone, the next job fares better.
                    from.seek(0).await.map_err(|_| error)?;
                }
                let connection = self.work().await?;
                connection
                    .upload(path, from, placing, representation, progress)
                    .await
            }
            result => result,
        }
    }

    async fn try_download(
        &mut self,
        path: &str,
        from: u64,
        into: &mut dyn Sink,
        representation: Representation,
        progress: &dyn Progress,
    ) -> Result<u64> {
        let connection = self.work().await?;
        let result = connection
            .download(path, from, into, representation, progress)
            .await;
        match result {
            Err(_) if self.reconnect(progress).await? => {
                let connection = self.work().await?;
                connection
                    .download(path, from, into, representation, progress)
                    .await
            }
            result => result,
        }
    }

    async fn try_list(
        &mut self,
        folder: &str,
        each: &mut (dyn FnMut(Entry) -> Result<()> + Send),
    ) -> Result<()> {
        let result = self.work().await?.list(folder, each).await;
        match result {
            Err(_) if self.reconnect(&Unwatched).await? => {
                self.work().await?.list(folder, each).await
            }
            result => result,
        }
    }

    async fn try_list_raw(&mut self, folder: &str, into: &mut dyn Sink) -> Result<u64> {
        let result = self.work().await?.list_raw(folder, into).await;
        match result {
            Err(_) if self.reconnect(&Unwatched).await? => {
                self.work().await?.list_raw(folder, into).await
            }
            result => result,
        }
    }

    /// A command with a path, done or refused.
    async fn simple(&mut self, verb: &str, path: &str) -> Result<()> {
        let connection = self.work().await?;
        connection.name(path).await?;
        connection
            .done(&format!("{verb} {path}"), Step::Find)
            .await
            .map(drop)
    }
}

impl Drop for Session {
    fn drop(&mut self) {
        if let State::Working(connection) = std::mem::replace(&mut self.state, State::Closed)
            && let Ok(runtime) = Handle::try_current()
        {
            runtime.spawn(connection.abandon());
        }
    }
}

impl FileSession for Session {
    fn upload<'a>(
        &'a mut self,
        path: &'a str,
        from: &'a mut dyn Source,
        placing: Placing,
        representation: Representation,
        progress: &'a dyn Progress,
    ) -> BoxFuture<'a, Result<u64>> {
        Box::pin(async move {
            path::check(path)?;
            let how = (placing, representation);
            let result = self.try_upload(path, from, how, progress).await;
            self.rest(result)
        })
    }

    fn download<'a>(
        &'a mut self,
        path: &'a str,
        from: u64,
        into: &'a mut dyn Sink,
        representation: Representation,
        progress: &'a dyn Progress,
    ) -> BoxFuture<'a, Result<u64>> {
        Box::pin(async move {
            path::check(path)?;
            let result = self
                .try_download(path, from, into, representation, progress)
                .await;
            self.rest(result)
        })
    }

    fn list<'a>(
        &'a mut self,
        path: &'a str,
        each: &'a mut (dyn FnMut(Entry) -> Result<()> + Send),
    ) -> BoxFuture<'a, Result<()>> {
        Box::pin(async move {
            path::check_folder(path)?;
            let result = self.try_list(path, each).await;
            self.rest(result)
        })
    }

    fn list_raw<'a>(
        &'a mut self,
        path: &'a str,
        into: &'a mut dyn Sink,
    ) -> BoxFuture<'a, Result<u64>> {
        Box::pin(async move {
            path::check_folder(path)?;
            let result = self.try_list_raw(path, into).await;
            self.rest(result)
        })
    }

    fn size<'a>(&'a mut self, path: &'a str) -> BoxFuture<'a, Result<u64>> {
        Box::pin(async move {
            path::check(path)?;
            let result = async {
                let connection = self.work().await?;
                connection.name(path).await?;
                connection.size(path).await
            };
            let result = result.await;
            self.rest(result)
        })
    }

    fn modified<'a>(&'a mut self, path: &'a str) -> BoxFuture<'a, Result<SystemTime>> {
        Box::pin(async move {
            path::check(path)?;
            let result = async {
                let connection = self.work().await?;
                connection.name(path).await?;
                let line = format!("MDTM {path}");
                let reply = connection.done(&line, Step::Find).await?;
                let text = reply.lines.first().map_or("", |line| line.trim());
                date::read_stamp(text).ok_or_else(|| {
                    Error::new(
                        ErrorKind::Protocol,
                        "the server tells no time that there is",
                    )
                    .with_reply(for_people(&reply))
                })
            };
            let result = result.await;
            self.rest(result)
        })
    }

    fn change_folder<'a>(&'a mut self, path: &'a str) -> BoxFuture<'a, Result<()>> {
        Box::pin(async move {
            path::check(path)?;
            let result = async {
                let connection = self.work().await?;
                connection.name(path).await?;
                connection.enter(path).await
            };
            let result = result.await;
            self.moved |= result.is_ok();
            self.rest(result)
        })
    }

    fn remove<'a>(&'a mut self, path: &'a str) -> BoxFuture<'a, Result<()>> {
        Box::pin(async move {
            path::check(path)?;
            let result = self.simple("DELE", path).await;
            self.rest(result)
        })
    }

    fn remove_folder<'a>(&'a mut self, path: &'a str) -> BoxFuture<'a, Result<()>> {
        Box::pin(async move {
            path::check(path)?;
            let result = self.simple("RMD", path).await;
            self.rest(result)
        })
    }

    fn make_folder<'a>(&'a mut self, path: &'a str) -> BoxFuture<'a, Result<()>> {
        Box::pin(async move {
            path::check(path)?;
            let result = match self.work().await {
                Ok(connection) => connection.make_folder(path).await,
                Err(error) => Err(error),
            };
            self.rest(result)
        })
    }

    fn rename<'a>(&'a mut self, from: &'a str, to: &'a str) -> BoxFuture<'a, Result<()>> {
        Box::pin(async move {
            path::check(from)?;
            path::check(to)?;
            let result = async {
                let connection = self.work().await?;
                connection.name(from).await?;
                connection.name(to).await?;
                connection.move_to(from, to).await
            };
            let result = result.await;
            self.rest(result)
        })
    }

    fn close(mut self: Box<Self>) -> BoxFuture<'static, ()> {
        Box::pin(async move {
            if let Ok(connection) = self.work().await
                && connection.is_usable()
                && let State::Working(connection) =
                    std::mem::replace(&mut self.state, State::Closed)
            {
                connection.quit().await;
            }
        })
    }
}
