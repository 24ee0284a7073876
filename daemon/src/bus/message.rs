//! `org.hayesd1.Message`, at `/org/hayesd1/inbox/ACCOUNT/N`.

use super::dict::Dict;
use super::error::Result;
use super::view::{Map, microseconds};
use crate::inbox::{Inbox, Info, MessageId};
use crate::message;
use std::os::fd::OwnedFd;
use std::sync::Arc;
use zbus::{Variant, interface};

/// So much of a message is looked at for its header.
const HEADER: usize = 64 << 10;
/// So much is given at a time.
const MOST: u32 = 8 << 20;

/// A message on the bus.
pub(super) struct Message {
    pub(super) id: MessageId,
    pub(super) info: Arc<Info>,
    pub(super) inbox: Inbox,
}

#[interface(name = "org.hayesd1.Message", introspection_docs = false)]
impl Message {
    #[zbus(out_args("details"))]
    async fn describe(&self, options: Dict<'_>) -> Result<Map> {
        options.finish()?;
        let beginning = self.inbox.read(&self.id, 0, HEADER).await?;
        let seen = message::glance(&beginning);
        let mut map: Map = [
            ("account", Variant::from(self.id.account.clone())),
            ("uidl", Variant::from(self.info.uid.to_string())),
            ("size", Variant::from(self.info.size)),
            (
                "received_usec",
                Variant::from(microseconds(self.info.received)),
            ),
            ("from", Variant::from(seen.from)),
            ("to", Variant::from(seen.to)),
            ("subject", Variant::from(seen.subject)),
        ]
        .into();
        if let Some(date) = seen.date {
            map.insert("date_usec", Variant::from(microseconds(date)));
        }
        Ok(map)
    }

    #[zbus(out_args("rfc5322"))]
    async fn open(&self, options: Dict<'_>) -> Result<zbus::OwnedFd> {
        options.finish()?;
        let file = self.inbox.file(&self.id).await?;
        Ok(OwnedFd::from(file).into())
    }

    #[zbus(out_args("bytes"))]
    async fn read(&self, offset: u64, max: u32, options: Dict<'_>) -> Result<Vec<u8>> {
        options.finish()?;
        let most = max.min(MOST) as usize;
        Ok(self.inbox.read(&self.id, offset, most).await?)
    }

    async fn remove(&self, options: Dict<'_>) -> Result<()> {
        options.finish()?;
        Ok(self.inbox.remove(&self.id).await?)
    }

    #[zbus(property(emits_changed_signal = "const"))]
    fn size(&self) -> u64 {
        self.info.size
    }

    #[zbus(property(emits_changed_signal = "const"), name = "ReceivedUSec")]
    fn received_usec(&self) -> u64 {
        microseconds(self.info.received)
    }
}
