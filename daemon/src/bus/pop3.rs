//! `org.hayesd1.Pop3`, at `/org/hayesd1`.

use super::dict::Dict;
use super::error::{Refused, Result};
use super::messages::MessageExporter;
use super::options::Options;
use super::path;
use super::requests::Requests;
use super::view::{OwnedMap, microseconds, owned};
use crate::inbox::{Info, MessageId};
use crate::job::Request;
use crate::service::ErrorKind;
use std::sync::Arc;
use zbus::message::Header;
use zbus::{Connection, OwnedObjectPath, Variant, interface};

/// Mailboxes on the bus.
pub(super) struct Pop3 {
    pub(super) requests: Requests,
    pub(super) messages: Arc<MessageExporter>,
}

/// So many ids a call may name.
const MOST_UIDS: usize = 10_000;

fn uids(list: &[&str]) -> Result<Vec<String>> {
    if list.len() > MOST_UIDS {
        let text = format!("`uidl` names more than {MOST_UIDS} messages");
        return Err(Refused::argument(text));
    }
    Ok(list.iter().map(|uid| (*uid).to_owned()).collect())
}

#[interface(name = "org.hayesd1.Pop3", introspection_docs = false)]
impl Pop3 {
    #[zbus(out_args("job"))]
    async fn check(
        &self,
        #[zbus(header)] header: Header<'_>,
        #[zbus(connection)] connection: &Connection,
        account: &str,
        options: Dict<'_>,
    ) -> Result<OwnedObjectPath> {
        let options = Options::of(options)?;
        self.requests
            .ask(&header, connection, account, Request::Pop3Check, options)
            .await
    }

    #[zbus(out_args("job"))]
    async fn fetch(
        &self,
        #[zbus(header)] header: Header<'_>,
        #[zbus(connection)] connection: &Connection,
        account: &str,
        uidl: Vec<&str>,
        mut options: Dict<'_>,
    ) -> Result<OwnedObjectPath> {
        let delete = options.bool("delete")?.unwrap_or(false);
        let options = Options::of(options)?;
        let request = Request::Pop3Fetch {
            uids: uids(&uidl)?,
            delete,
        };
        self.requests
            .ask(&header, connection, account, request, options)
            .await
    }

    #[zbus(out_args("job"))]
    async fn top(
        &self,
        #[zbus(header)] header: Header<'_>,
        #[zbus(connection)] connection: &Connection,
        account: &str,
        uidl: &str,
        lines: u32,
        options: Dict<'_>,
    ) -> Result<OwnedObjectPath> {
        let options = Options::of(options)?;
        let request = Request::Pop3Top {
            uid: uidl.to_owned(),
            lines,
        };
        self.requests
            .ask(&header, connection, account, request, options)
            .await
    }

    #[zbus(out_args("job"))]
    async fn delete(
        &self,
        #[zbus(header)] header: Header<'_>,
        #[zbus(connection)] connection: &Connection,
        account: &str,
        uidl: Vec<&str>,
        options: Dict<'_>,
    ) -> Result<OwnedObjectPath> {
        let options = Options::of(options)?;
        let request = Request::Pop3Delete { uids: uids(&uidl)? };
        self.requests
            .ask(&header, connection, account, request, options)
            .await
    }

    #[zbus(out_args("messages"))]
    async fn list_inbox(
        &self,
        account: &str,
        offset: u32,
        max: u32,
        options: Dict<'_>,
    ) -> Result<Vec<OwnedMap>> {
        options.finish()?;
        let account = self.requests.world.account(account)?;
        let inbox = self.requests.world.jobs.inbox().await?;
        let list = inbox.list(&account);
        if list.is_empty() {
            // That of an account that is gone can still be read.
            self.requests.world.accounts.exists(&account)?;
        }
        let shown = list.into_iter().skip(offset as usize);
        Ok(shown
            .take(max.min(1000) as usize)
            .map(|info| row(&account, &info))
            .collect())
    }

    #[zbus(out_args("message"))]
    async fn get_message(
        &self,
        account: &str,
        uidl: &str,
        options: Dict<'_>,
    ) -> Result<OwnedObjectPath> {
        options.finish()?;
        let account = self.requests.world.account(account)?;
        let inbox = self.requests.world.jobs.inbox().await?;
        let missing = || {
            let shown: String = uidl.chars().take(70).flat_map(char::escape_debug).collect();
            let text = format!("the inbox of {account} has no message {shown}");
            Refused::new(ErrorKind::NotFound, text)
        };
        let id = inbox.by_uid(&account, uidl).ok_or_else(missing)?;
        self.messages.export(&id, true).await.ok_or_else(missing)
    }
}

/// A message in a list.
fn row(account: &str, info: &Info) -> OwnedMap {
    let id = MessageId {
        account: account.to_owned(),
        number: info.number,
    };
    owned(
        [
            ("path", Variant::from(path::message(&id).into_inner())),
            ("uidl", Variant::from(info.uid.to_string())),
            ("size", Variant::from(info.size)),
            ("received_usec", Variant::from(microseconds(info.received))),
        ]
        .into(),
    )
}
