//! Accounts as objects on the bus: those that there are.

use super::account::Account;
use super::announce::announce;
use super::path;
use super::requests::Requests;
use super::rights::Rights;
use super::view::Properties;
use crate::account::View;
use std::collections::BTreeMap;
use std::sync::{Arc, Weak};
use tokio::sync::{Mutex, watch};
use tracing::{debug, warn};
use zbus::Connection;
use zbus::object_server::Interface;

/// Exports accounts.
pub(super) struct AccountExporter {
    connection: Connection,
    requests: Requests,
    exported: Mutex<BTreeMap<String, watch::Sender<View>>>,
}

impl AccountExporter {
    /// Exports what there is, and from then on what comes.
    pub(super) async fn start(connection: Connection, requests: Requests) -> Arc<Self> {
        let mut changes = requests.world.book.changes();
        let exporter = Arc::new(Self {
            connection,
            requests,
            exported: Mutex::default(),
        });
        exporter.sync().await;
        let weak: Weak<Self> = Arc::downgrade(&exporter);
        tokio::spawn(async move {
            while changes.changed().await.is_ok() {
                match weak.upgrade() {
                    Some(exporter) => exporter.sync().await,
                    None => return,
                }
            }
        });
        exporter
    }

    /// Brings the bus in line with the book.
    pub(super) async fn sync(self: &Arc<Self>) {
        let mut exported = self.exported.lock().await;
        let mut views: BTreeMap<String, View> = self
            .requests
            .world
            .book
            .list()
            .into_iter()
            .map(|view| (view.name.clone(), view))
            .collect();
        let mut gone = Vec::new();
        for (name, shown) in exported.iter() {
            match views.remove(name) {
                Some(view) => {
                    shown.send_if_modified(|shown| {
                        let differs = *shown != view;
                        *shown = view;
                        differs
                    });
                }
                None => gone.push(name.clone()),
            }
        }
        for name in gone {
            exported.remove(&name);
            let path = path::account(&name);
            if let Err(error) = Rights::take::<Account>(&self.connection, &path).await {
                debug!(%path, "taking the account off the bus: {error}");
            }
        }
        for (name, view) in views {
            if let Some(shown) = self.export(&name, view).await {
                exported.insert(name, shown);
            }
        }
    }

    async fn export(self: &Arc<Self>, name: &str, view: View) -> Option<watch::Sender<View>> {
        let path = path::account(name);
        let told = view.changing();
        let (shown, seen) = watch::channel(view);
        let object = Account {
            name: name.to_owned(),
            view: seen.clone(),
            requests: self.requests.clone(),
            accounts: Arc::downgrade(self),
        };
        let rights = &self.requests.world.rights;
        if let Err(error) = rights.put(&self.connection, &path, object).await {
            warn!(%path, "the account can't be put on the bus: {error}");
            return None;
        }
        let connection = self.connection.clone();
        tokio::spawn(announce(connection, path, Account::name(), told, seen));
        Some(shown)
    }
}
