//! `org.hayesd1.Ftp`.

use super::Options;
use zbus::{Fd, OwnedObjectPath};

/// Moves files.
#[zbus::proxy(
    interface = "org.hayesd1.Ftp",
    default_service = "org.hayesd1",
    default_path = "/org/hayesd1"
)]
pub trait Ftp {
    /// Sends a file from a descriptor.
    fn upload(
        &self,
        account: &str,
        remote: &str,
        content: Fd<'_>,
        options: Options<'_>,
    ) -> zbus::Result<OwnedObjectPath>;
    /// Sends a file.
    fn upload_bytes(
        &self,
        account: &str,
        remote: &str,
        content: &[u8],
        options: Options<'_>,
    ) -> zbus::Result<OwnedObjectPath>;
    /// Fetches a file into a descriptor.
    fn download(
        &self,
        account: &str,
        remote: &str,
        into: Fd<'_>,
        options: Options<'_>,
    ) -> zbus::Result<OwnedObjectPath>;
    /// Fetches a small file.
    fn download_bytes(
        &self,
        account: &str,
        remote: &str,
        options: Options<'_>,
    ) -> zbus::Result<OwnedObjectPath>;
    /// Lists a folder.
    fn list(
        &self,
        account: &str,
        folder: &str,
        options: Options<'_>,
    ) -> zbus::Result<OwnedObjectPath>;
    /// Removes a file.
    fn remove(
        &self,
        account: &str,
        remote: &str,
        options: Options<'_>,
    ) -> zbus::Result<OwnedObjectPath>;
    /// Makes a folder.
    fn make_directory(
        &self,
        account: &str,
        remote: &str,
        options: Options<'_>,
    ) -> zbus::Result<OwnedObjectPath>;
    /// Gives a file or folder another name.
    fn rename(
        &self,
        account: &str,
        from: &str,
        to: &str,
        options: Options<'_>,
    ) -> zbus::Result<OwnedObjectPath>;
}
