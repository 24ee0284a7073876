//! `org.hayesd1.Mail`.

use super::{Details, Options};
use zbus::{Fd, OwnedObjectPath};

/// What is told of a mail that is not settled.
pub type QueuedMail = Details;

/// Sends mail.
#[zbus::proxy(
    interface = "org.hayesd1.Mail",
    default_service = "org.hayesd1",
    default_path = "/org/hayesd1"
)]
pub trait Mail {
    /// Sends a text.
    fn send_simple(
        &self,
        account: &str,
        to: &str,
        subject: &str,
        text: &str,
        options: Options<'_>,
    ) -> zbus::Result<OwnedObjectPath>;
    /// Sends a mail with everything.
    fn send(
        &self,
        account: &str,
        message: Options<'_>,
        options: Options<'_>,
    ) -> zbus::Result<OwnedObjectPath>;
    /// Sends a message as it is, from a descriptor.
    fn send_raw(
        &self,
        account: &str,
        rcpt: &[&str],
        rfc5322: Fd<'_>,
        options: Options<'_>,
    ) -> zbus::Result<OwnedObjectPath>;
    /// Sends a message as it is.
    fn send_raw_bytes(
        &self,
        account: &str,
        rcpt: &[&str],
        rfc5322: &[u8],
        options: Options<'_>,
    ) -> zbus::Result<OwnedObjectPath>;
    /// Tries deferred mails now.
    fn flush(&self, account: &str, options: Options<'_>) -> zbus::Result<()>;
    /// Lists mails that are not settled.
    fn list_queue(
        &self,
        offset: u32,
        max: u32,
        options: Options<'_>,
    ) -> zbus::Result<Vec<QueuedMail>>;
    /// Mails that are not settled.
    #[zbus(property(emits_changed_signal = "false"))]
    fn queue_length(&self) -> zbus::Result<u32>;
    /// The account meant by an empty account argument.
    #[zbus(property(emits_changed_signal = "false"))]
    fn default_account(&self) -> zbus::Result<String>;
}
