//! `org.hayesd1.Pop3`.

use super::{Details, Options};
use zbus::OwnedObjectPath;

/// Looks after mailboxes.
#[zbus::proxy(
    interface = "org.hayesd1.Pop3",
    default_service = "org.hayesd1",
    default_path = "/org/hayesd1"
)]
pub trait Pop3 {
    /// Looks into a mailbox.
    fn check(&self, account: &str, options: Options<'_>) -> zbus::Result<OwnedObjectPath>;
    /// Fetches messages into the inbox.
    fn fetch(
        &self,
        account: &str,
        uidl: &[&str],
        options: Options<'_>,
    ) -> zbus::Result<OwnedObjectPath>;
    /// Fetches the beginning of a message.
    fn top(
        &self,
        account: &str,
        uidl: &str,
        lines: u32,
        options: Options<'_>,
    ) -> zbus::Result<OwnedObjectPath>;
    /// Deletes messages on the server.
    fn delete(
        &self,
        account: &str,
        uidl: &[&str],
        options: Options<'_>,
    ) -> zbus::Result<OwnedObjectPath>;
    /// Lists messages that were fetched.
    fn list_inbox(
        &self,
        account: &str,
        offset: u32,
        max: u32,
        options: Options<'_>,
    ) -> zbus::Result<Vec<Details>>;
    /// Finds a message that was fetched.
    fn get_message(
        &self,
        account: &str,
        uidl: &str,
        options: Options<'_>,
    ) -> zbus::Result<OwnedObjectPath>;
}
