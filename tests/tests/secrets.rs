//! A password is where it has to be and nowhere else: in no log, trace, error or spool file.

use anyhow::{Context as _, Result, ensure};
use hayes_tests::client::Map;
use hayes_tests::office::{Account, Letter, Office, Route};
use hayes_tests::postfix::{PASSWORD, Postfix, USER};
use std::fs::{self, File};
use std::io::Read as _;
use std::path::Path;
use std::thread;
use zbus::OwnedFd;

/// Without padding, so that it is found inside a longer text as well.
fn base64(bytes: &[u8]) -> String {
    const DIGITS: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    bytes
        .chunks(3)
        .flat_map(|chunk| {
            let bits = chunk.iter().enumerate().fold(0, |bits, (index, &byte)| {
                bits | u32::from(byte) << (16 - 8 * index)
            });
            (0..=chunk.len())
                .map(move |digit| char::from(DIGITS[(bits >> (18 - 6 * digit)) as usize & 63]))
        })
        .collect()
}

fn look(place: &str, text: &[u8]) -> Result<()> {
    let forms = [
        PASSWORD.to_owned(),
        base64(PASSWORD.as_bytes()),
        base64(format!("\0{USER}\0{PASSWORD}").as_bytes()),
    ];
    for form in forms {
        let found = text
            .windows(form.len())
            .any(|window| window == form.as_bytes());
        ensure!(!found, "{place} holds the password as {form}");
    }
    Ok(())
}

fn look_in_files(folder: &Path) -> Result<()> {
    for entry in fs::read_dir(folder)? {
        let path = entry?.path();
        if path.is_dir() {
            look_in_files(&path)?;
        } else {
            look(&path.to_string_lossy(), &fs::read(&path)?)?;
        }
    }
    Ok(())
}

#[tokio::test]
async fn password_is_in_no_log_trace_or_spool_file() -> Result<()> {
    let postfix = Postfix::start()?;
    let mut office = Office::open(Route::Driver, &Account::of(&postfix)).await?;
    let client = office.client.clone();
    let () = client
        .call(
            "/org/hayesd1",
            "Manager",
            "SetLogLevel",
            &("trace", Map::new()),
        )
        .await?;
    let mut traces = Vec::new();
    for (path, interface) in [
        ("/org/hayesd1/modem/lte", "Modem"),
        ("/org/hayesd1/emulator/panel", "Emulator"),
    ] {
        let fd: OwnedFd = client
            .call(path, interface, "Trace", &(Map::new(),))
            .await?;
        let mut pipe = File::from(std::os::fd::OwnedFd::from(fd));
        traces.push(thread::spawn(move || {
            let mut text = Vec::new();
            pipe.read_to_end(&mut text).map(|_| text)
        }));
    }
    let letter = Letter {
        to: &["one@example.org"],
        subject: "secret",
        text: "nothing of it",
        ..Letter::default()
    };
    let job = client.send(letter.message(), Map::new()).await?;
    look_in_files(&office.site.state_dir())?;
    client.done(&job).await?;
    let directly = Map::from([("via", zbus::Variant::from(vec!["ip"]))]);
    let job = client.send(letter.message(), directly).await?;
    client.done(&job).await?;
    look_in_files(&office.site.state_dir())?;
    office.site.stop()?;
    look("the daemon's log", office.site.daemon_log().as_bytes())?;
    look("the helper's log", office.site.helper()?.log().as_bytes())?;
    for trace in traces {
        let text = trace.join().ok().context("a reader of a trace")??;
        ensure!(
            text.windows(7).any(|window| window == b"QSMTPCF"),
            "nothing was traced"
        );
        look("a trace", &text)?;
    }
    Ok(())
}
