//! A session with its recipients named: it waits, then it sends, or it is given up.

use super::super::waiting::Waiting;
use super::connection::Connection;
use super::content;
use super::failure::{self, Step};
use super::kept::{Kept, Use};
use crate::disk::Disk;
use crate::service::{
    BoxFuture, Content, Delivered, Error, ErrorKind, MailSession, Phase, Progress, Result, Verdict,
};
use lettre::transport::smtp::commands::Data;
use tokio::runtime::Handle;

/// An open mail session.
pub(super) struct Session {
    verdicts: Vec<Verdict>,
    waiting: Option<Waiting<Connection>>,
    answered: Option<Connection>,
    disk: Disk,
    /// Where the connection goes afterwards, if it is to be used again.
    usage: Option<(Kept, Use)>,
}

impl Session {
    pub(super) fn new(
        connection: Connection,
        verdicts: Vec<Verdict>,
        disk: Disk,
        usage: Option<(Kept, Use)>,
    ) -> Self {
        Self {
            verdicts,
            waiting: Some(Waiting::new(connection)),
            answered: None,
            disk,
            usage,
        }
    }

    async fn connection(&mut self) -> Result<Connection> {
        match self.waiting.take() {
            Some(waiting) => waiting.end().await,
            None => Err(Error::new(
                ErrorKind::Internal,
                "the mail session has ended already",
            )),
        }
    }

    async fn send(&mut self, message: &Content, progress: &dyn Progress) -> Result<Delivered> {
        let mut connection = self.connection().await?;
        if let Some(refusal) = self.all_refused() {
            connection.quit().await;
            return Err(refusal);
        }
        progress.phase(Phase::Transferring);
        progress.bytes(0, message.size);
        let time = connection.timeouts.data;
        let reply = match connection.command(Data, Step::Message, time).await {
            Ok(reply) => reply,
            Err(error) => {
                connection.leave(&error);
                return Err(error);
            }
        };
        if reply.code != 354 {
            return Err(failure::from_reply(&reply, Step::Message));
        }
        content::send(&connection, message, &self.disk, progress)
            .await
            .map_err(Error::after_content)?;
        progress.committing().await.map_err(Error::after_content)?;
        progress.phase(Phase::Confirming);
        let reply = match connection.end_content().await {
            Ok(reply) if reply.is_completed() => reply,
            // 3xx is no verdict.
            Ok(reply) => {
                return Err(failure::unknown(&failure::from_reply(
                    &reply,
                    Step::Message,
                )));
            }
            Err(error) if error.reply.is_some() => {
                connection.leave(&error);
                return Err(error.after_content());
            }
            Err(error) => return Err(failure::unknown(&error)),
        };
        self.answered = Some(connection);
        Ok(Delivered {
            recipients: self.verdicts.clone(),
            reply: Some(reply.for_people()),
        })
    }

    fn all_refused(&self) -> Option<Error> {
        let mut first = None;
        for verdict in &self.verdicts {
            match verdict {
                Verdict::Accepted(_) => return None,
                Verdict::Refused(error) => first = first.or(Some(error)),
            }
        }
        first.cloned()
    }
}

/// The good-bye, or another mail, comes last: whoever holds the session until the verdict is on disk shows the server, and
/// its log, that the answer was not only read. Nobody waits for it.
impl Drop for Session {
    fn drop(&mut self) {
        if let (Some(connection), Ok(runtime)) = (self.answered.take(), Handle::try_current()) {
            match self.usage.take() {
                Some((kept, usage)) => kept.put(connection, usage),
                None => drop(runtime.spawn(connection.quit())),
            }
        }
    }
}

impl MailSession for Session {
    fn recipients(&self) -> &[Verdict] {
        &self.verdicts
    }

    fn finish<'a>(
        &'a mut self,
        message: &'a Content,
        progress: &'a dyn Progress,
    ) -> BoxFuture<'a, Result<Delivered>> {
        Box::pin(self.send(message, progress))
    }

    fn abort(mut self: Box<Self>) -> BoxFuture<'static, ()> {
        Box::pin(async move {
            if let Ok(connection) = self.connection().await {
                connection.quit().await;
            }
        })
    }
}
