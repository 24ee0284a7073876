//! Peers that do what real ones rarely do: every script of `tests/faults`.

use anyhow::Result;
use hayes_tests::faults::{check_folder, ftp, inbox, pop3, smtp};

#[tokio::test]
async fn pop3_servers() -> Result<()> {
    check_folder("pop3", pop3::client).await
}

#[tokio::test]
async fn pop3_servers_and_the_inbox() -> Result<()> {
    check_folder("inbox", inbox::client).await
}

#[tokio::test]
async fn ftp_servers() -> Result<()> {
    check_folder("ftp", ftp::client).await
}

#[tokio::test]
async fn tls_peers() -> Result<()> {
    check_folder("tls", pop3::client).await
}

#[tokio::test]
async fn smtp_servers() -> Result<()> {
    check_folder("smtp", smtp::client).await
}
