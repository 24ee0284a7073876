//! Sends a mail through hayesd and waits for what becomes of it; with the proxies of `hayes-dbus`.
//!
//!     cargo run --example send -- ACCOUNT TO SUBJECT TEXT
//!
//! Ends with 0 if the mail was delivered, with 75 if hayesd goes on trying, else with 1.

use hayes_dbus::{JobProxy, MailProxy, Options};
use std::io::{Write as _, stderr, stdout};
use std::process::ExitCode;

const LATER: u8 = 75;

/// How long a call waits; then it is made again.
const TURN_USEC: u64 = 20_000_000;

#[tokio::main(flavor = "current_thread")]
async fn main() -> std::io::Result<ExitCode> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let [account, to, subject, text] = &arguments[..] else {
        writeln!(stderr(), "usage: send ACCOUNT TO SUBJECT TEXT")?;
        return Ok(ExitCode::from(64));
    };
    match send(account, to, subject, text).await {
        Ok((told, status)) => {
            stdout().write_all(told.as_bytes())?;
            Ok(status)
        }
        Err(zbus::Error::MethodError(name, text, _)) => {
            writeln!(stderr(), "{name}: {}", text.unwrap_or_default())?;
            Ok(ExitCode::FAILURE)
        }
        Err(error) => {
            writeln!(stderr(), "the bus: {error}")?;
            Ok(ExitCode::FAILURE)
        }
    }
}

/// Sends it; how it ended, in words and as an exit status.
async fn send(
    account: &str,
    to: &str,
    subject: &str,
    text: &str,
) -> zbus::Result<(String, ExitCode)> {
    let bus = zbus::Connection::system().await?;
    let mail = MailProxy::new(&bus).await?;
    // When this returns, the mail is on disk.
    let path = mail
        .send_simple(account, to, subject, text, Options::new())
        .await?;

    let job = JobProxy::new(&bus, &path).await?;
    let (state, result) = loop {
        let (state, result) = job.wait(TURN_USEC, Options::new()).await?;
        if !matches!(&state[..], "queued" | "running") {
            break (state, result);
        }
    };

    let mut told = format!("{path}: {state}\n");
    for key in ["reply", "error_name", "error_text"] {
        if let Some(value) = result.get(key) {
            told += &format!("{key}: {}\n", <&str>::try_from(value)?);
        }
    }
    let status = match &state[..] {
        "done" => ExitCode::SUCCESS,
        "deferred" => ExitCode::from(LATER),
        _ => ExitCode::FAILURE,
    };
    Ok((told, status))
}
