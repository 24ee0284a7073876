//! What the README prints works as printed.

use anyhow::{Context as _, Result, ensure};
use hayes_tests::site::Site;
use hayes_tests::smtp::SmtpServer;
use std::fs;
use std::os::unix::fs::PermissionsExt as _;
use std::process::Command;

const README: &str = include_str!("../../README.md");

/// The blocks that are fenced as this language.
fn blocks(language: &str) -> Vec<&'static str> {
    let fence = format!("```{language}\n");
    README
        .split(&fence)
        .skip(1)
        .filter_map(|rest| rest.split("```").next())
        .collect()
}

/// The configuration that is shown, with a secret that exists.
fn configuration(site: &Site) -> Result<String> {
    let secret = site.secret("alerts", "geheim")?;
    let block = blocks("toml")
        .first()
        .copied()
        .context("no configuration in the README")?;
    Ok(block.replace("/etc/hayesd/secret/alerts", &secret.to_string_lossy()))
}

#[test]
fn configuration_is_right() -> Result<()> {
    let site = Site::new()?;
    site.folder().write("hayesd.toml", configuration(&site)?)?;
    let output = site.daemon_command(&["check"])?.output()?;
    ensure!(
        output.status.success(),
        "{}",
        String::from_utf8_lossy(&output.stderr)
    );
    Ok(())
}

/// Puts a program in the examples' path that runs another with these arguments first.
fn program(site: &Site, name: &str, runs: &str) -> Result<()> {
    let script = format!("#!/bin/sh\nexec {runs} \"$@\"\n");
    let path = site.folder().write(format!("bin/{name}"), script)?;
    Ok(fs::set_permissions(
        path,
        fs::Permissions::from_mode(0o755),
    )?)
}

/// Every call, in their order, against the README's configuration with devices and servers
/// that are here.
#[tokio::test]
async fn examples_work() -> Result<()> {
    let server = SmtpServer::accept_all()?;
    let mut site = Site::new()?;
    let here = configuration(&site)?
        .replace("[daemon]\n", "")
        .replace(
            "/dev/serial/by-id/usb-Quectel_EC25-if02-port0",
            &site.pty("panel").to_string_lossy(),
        )
        .replace("/dev/ttyS1", "pty:panel")
        .replace(
            r#"via = ["ip", "modem:lte"]"#,
            "via = [\"ip\"]\nallow = [\"127.0.0.1\", \"::1\"]",
        )
        .replace("smtp.example.org", "localhost")
        .replace(
            r#"tls = "implicit""#,
            &format!(
                r#"port = {}, tls = "none", plain_auth = true"#,
                server.port()
            ),
        );
    site.configure(&here)?;
    let client = site.start().await?;
    client
        .until("/org/hayesd1/modem/lte", "Modem", "State", "ready")
        .await?;

    // The private bus takes the place of the system's.
    let address = site.bus().address();
    program(
        &site,
        "busctl",
        &format!("/usr/bin/busctl '--address={address}'"),
    )?;
    let hayesctl = hayes_tests::binaries::hayesctl()?;
    program(
        &site,
        "hayesctl",
        &format!("{} '--bus={address}'", hayesctl.display()),
    )?;
    let path = format!(
        "{}:{}",
        site.folder().join("bin").display(),
        std::env::var("PATH")?
    );
    let examples = blocks("sh");
    ensure!(examples.len() == 5, "{} examples", examples.len());
    let mut said = Vec::new();
    for example in examples {
        let output = Command::new("sh")
            .args(["-e", "-c", example])
            .env("PATH", &path)
            .output()?;
        let text = String::from_utf8([output.stdout, output.stderr].concat())?;
        ensure!(output.status.success(), "{example}{text}");
        said.push(text);
    }
    ensure!(said[0].trim() == r#"o "/org/hayesd1/job/1""#, "{said:?}");
    ensure!(
        said[1].starts_with(r#"sa{sv} "done" "#) && said[1].contains("s \"done\"\ns \"\"\n"),
        "{said:?}"
    );
    client.done("/org/hayesd1/job/2").await?;
    let recipients: Vec<String> = server
        .taken()
        .into_iter()
        .flat_map(|taken| taken.recipients)
        .collect();
    for name in ["one", "two", "bcc"] {
        ensure!(
            recipients.contains(&format!("{name}@example.org")),
            "{recipients:?}"
        );
    }
    ensure!(said[3].contains("+CSQ: "), "{said:?}");
    ensure!(
        said[4].starts_with("sent: 250 2.0.0 Ok: queued (job ")
            && said[4].contains("\n+CSQ: ")
            && said[4].contains("\nhayesd  "),
        "{said:?}"
    );
    Ok(())
}
