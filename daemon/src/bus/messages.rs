//! Which messages are objects on the bus: the newest, and those that somebody asked for.

use super::message::Message;
use super::path;
use super::rights::Rights;
use super::world::World;
use crate::inbox::{Inbox, MessageId};
use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::SystemTime;
use tokio::sync::Mutex;
use tokio::sync::broadcast::error::RecvError;
use tracing::{debug, warn};
use zbus::{Connection, OwnedObjectPath};

/// Messages that are objects at a time.
const MOST: usize = 256;

/// Exports messages.
pub(super) struct MessageExporter {
    connection: Connection,
    world: Arc<World>,
    exported: Mutex<Exported>,
}

#[derive(Debug, Default)]
struct Exported {
    messages: BTreeMap<MessageId, Worth>,
    /// Counts those that were asked for.
    turn: u64,
}

impl Exported {
    fn next_turn(&mut self) -> u64 {
        self.turn += 1;
        self.turn
    }
}

/// What makes a message stay an object longer than others, most important first.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
struct Worth {
    /// When it was last asked for; 0: never.
    asked: u64,
    received: SystemTime,
}

impl MessageExporter {
    /// Exports what there is once the inbox is open, and from then on what comes.
    pub(super) fn start(connection: Connection, world: Arc<World>) -> Arc<Self> {
        let exporter = Arc::new(Self {
            connection,
            world,
            exported: Mutex::default(),
        });
        tokio::spawn(exporter.clone().listen());
        exporter
    }

    async fn listen(self: Arc<Self>) {
        let Ok(inbox) = self.world.jobs.inbox().await else {
            return;
        };
        let mut changes = inbox.changes();
        self.export_all(&inbox).await;
        loop {
            match changes.recv().await {
                Ok(id) if inbox.get(&id).is_ok() => {
                    self.export(&id, false).await;
                }
                Ok(id) => self.forget(&id).await,
                Err(RecvError::Lagged(_)) => self.export_all(&inbox).await,
                Err(RecvError::Closed) => return,
            }
        }
    }

    /// As many as there is room for; those that are gone go.
    async fn export_all(&self, inbox: &Inbox) {
        let gone: Vec<_> = {
            let exported = self.exported.lock().await;
            let is_gone = |id: &&MessageId| inbox.get(id).is_err();
            exported.messages.keys().filter(is_gone).cloned().collect()
        };
        for id in gone {
            self.forget(&id).await;
        }
        for id in inbox.newest(MOST).iter().rev() {
            self.export(id, false).await;
        }
    }

    /// Makes a message an object, if it is not one already; `None` where there is no such message. The oldest
    /// makes room; one that is older still becomes an object only if somebody asked for it.
    pub(super) async fn export(&self, id: &MessageId, asked: bool) -> Option<OwnedObjectPath> {
        let inbox = self.world.jobs.inbox().await.ok()?;
        let info = inbox.get(id).ok()?;
        let path = path::message(id);
        let mut exported = self.exported.lock().await;
        let worth = Worth {
            asked: if asked { exported.next_turn() } else { 0 },
            received: info.received,
        };
        if let Some(before) = exported.messages.get_mut(id) {
            before.asked = before.asked.max(worth.asked);
            return Some(path);
        }
        if exported.messages.len() >= MOST {
            let least = exported
                .messages
                .iter()
                .map(|(id, worth)| (*worth, id.number, id.clone()))
                .min();
            match least {
                Some((least, number, oldest)) if (least, number) < (worth, id.number) => {
                    exported.messages.remove(&oldest);
                    self.unexport(&oldest).await;
                }
                _ => return Some(path),
            }
        }
        let object = Message {
            id: id.clone(),
            info,
            inbox,
        };
        if let Err(error) = self.world.rights.put(&self.connection, &path, object).await {
            warn!(%path, "the message can't be put on the bus: {error}");
            return None;
        }
        exported.messages.insert(id.clone(), worth);
        Some(path)
    }

    async fn unexport(&self, id: &MessageId) {
        let path = path::message(id);
        if let Err(error) = Rights::take::<Message>(&self.connection, &path).await {
            debug!(%path, "taking the message off the bus: {error}");
        }
    }

    /// A message was removed.
    async fn forget(&self, id: &MessageId) {
        let mut exported = self.exported.lock().await;
        if exported.messages.remove(id).is_some() {
            self.unexport(id).await;
        }
    }
}
