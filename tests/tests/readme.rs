//! What the README prints works as printed: here what needs a bus and no more, in `booted_readme.rs` what
//! needs a machine.

use anyhow::{Result, ensure};
use hayes_tests::client::{Client, Map};
use hayes_tests::equipment::Equipment;
use hayes_tests::printed::{README, blocks, fenced, section, shell};
use hayes_tests::process::Process;
use hayes_tests::quectel::{self, Kind, SslType};
use hayes_tests::site::Site;
use hayes_tests::smtp::{Answer, SmtpServer, Step};
use hayes_tests::wait;
use std::fs;
use std::path::Path;

const PANEL: &str = "A panel on a serial port";
const PROGRAMS: &str = "Programs that send mail";
const ADMINISTRATION: &str = "Administration";

/// The two files that are shown, with a secret that exists.
fn configuration(site: &Site) -> Result<[String; 2]> {
    let secret = site.secret("alerts", "geheim")?;
    let shown = blocks(section(PANEL)?, "toml");
    ensure!(shown.len() == 2, "{} configurations", shown.len());
    let main = shown[0].replace("/etc/hayesd/secret/alerts", &secret.to_string_lossy());
    Ok([main, shown[1].to_owned()])
}

/// A site with the README's configuration: account, panel, map; with `lte`, also a modem, which is the one
/// that is played for the panel. Devices and servers are some that are here.
async fn site(server: &SmtpServer, lte: bool) -> Result<(Site, Client)> {
    let mut site = Site::new()?;
    let [main, more] = configuration(&site)?;
    let main = main
        .replace("[daemon]\n", "")
        .replace("/dev/ttyS1", "pty:panel")
        .replace("smtp.example.org", "localhost")
        .replace(
            r#"tls = "implicit""#,
            &format!(
                r#"port = {}, tls = "none", plain_auth = true"#,
                server.port()
            ),
        );
    site.configure(&main)?;
    if lte {
        let device = site.pty("panel");
        let more = more
            .replace(
                "/dev/serial/by-id/usb-Quectel_EC25-if02-port0",
                &device.to_string_lossy(),
            )
            .replace(r#"["ip", "modem:lte"]"#, r#"["ip"]"#);
        site.folder().write("hayesd.d/lte.toml", more)?;
    }
    let client = site.start().await?;
    let (path, interface, state) = match lte {
        true => ("/org/hayesd1/modem/lte", "Modem", "ready"),
        false => ("/org/hayesd1/emulator/panel", "Emulator", "command"),
    };
    client.until(path, interface, "State", state).await?;
    Ok((site, client))
}

/// Runs a block to its end; what it printed.
fn run(site: &Site, block: &str) -> Result<String> {
    let output = shell(site.bus(), block)?
        .current_dir(concat!(env!("CARGO_MANIFEST_DIR"), "/.."))
        .output()?;
    let text = String::from_utf8([output.stdout, output.stderr].concat())?;
    ensure!(output.status.success(), "{block}{text}");
    Ok(text)
}

#[test]
fn every_block_is_run() -> Result<()> {
    let (mut of_sections, mut known) = (0, true);
    for title in [PANEL, PROGRAMS, ADMINISTRATION] {
        of_sections += fenced(section(title)?).count();
    }
    for (language, block) in fenced(README) {
        known &= ["sh", "console", "toml"].contains(&language) && !block.is_empty();
    }
    ensure!(known, "a block of a language that no test runs");
    ensure!(
        fenced(README).count() == of_sections,
        "a block in a section that no test runs"
    );
    Ok(())
}

#[test]
fn configuration_is_right() -> Result<()> {
    let site = Site::new()?;
    let [main, more] = configuration(&site)?;
    site.folder().write("hayesd.toml", main)?;
    site.folder().write("hayesd.d/lte.toml", more)?;
    let output = site.daemon_command(&["check"])?.output()?;
    ensure!(
        output.status.success(),
        "{}",
        String::from_utf8_lossy(&output.stderr)
    );
    Ok(())
}

/// The panel sends a mail to a server that is no more, and the trace shows how.
#[tokio::test]
async fn the_panel_s_first_mail_is_seen() -> Result<()> {
    let server = SmtpServer::accept_all()?;
    let (site, _client) = site(&server, false).await?;
    let [block] = blocks(section(PANEL)?, "sh")[..] else {
        anyhow::bail!("not one block");
    };
    let log = site.folder().join("trace.log");
    let trace = Process::start("trace", &mut shell(site.bus(), block)?, &log)?;
    let mut panel = Equipment::open(&site.pty("panel"))?;
    panel.ok("ATE0")?;
    wait::until("the trace", wait::LONG, || {
        panel.ok("AT").ok()?;
        trace.log().contains("AT").then_some(())
    })?;
    quectel::set_up(&mut panel, 25, SslType::None, None)?;
    panel.ok(r#"AT+QSMTPCFG="smtpserver","smtp.old-isp.example",25"#)?;
    quectel::recipients(&mut panel, &[(Kind::To, "one@example.org")])?;
    quectel::body(&mut panel, 0, b"Pressure is low.")?;
    ensure!(quectel::put(&mut panel)? == "0,0", "{}", site.daemon_log());
    wait::until("the result in the trace", wait::LONG, || {
        trace.log().contains("+QSMTPPUT: 0,0").then_some(())
    })?;
    let taken = server.taken();
    ensure!(taken.len() == 1 && taken[0].recipients == ["one@example.org"]);
    Ok(())
}

#[tokio::test]
async fn programs_send_mail() -> Result<()> {
    let server = SmtpServer::accept_all()?;
    let (site, client) = site(&server, true).await?;
    // Where the example in C is built to.
    fs::create_dir_all(Path::new(env!("CARGO_MANIFEST_DIR")).join("../target"))?;
    let mut told = Vec::new();
    for block in blocks(section(PROGRAMS)?, "sh") {
        told.push(run(&site, block)?);
    }
    ensure!(told.len() == 5, "{} blocks", told.len());
    for job in 1..=3 {
        let words = format!("/org/hayesd1/job/{job}: done\n");
        ensure!(told[0].contains(&words), "{told:?}");
    }
    ensure!(told[2].trim() == r#"o "/org/hayesd1/job/5""#, "{told:?}");
    ensure!(
        told[3].starts_with(r#"sa{sv} "done" "#) && told[3].contains("s \"done\"\ns \"\"\n"),
        "{told:?}"
    );
    client.done("/org/hayesd1/job/6").await?;
    let taken = server.taken();
    // By the modem, whoever is to be seen by nobody gets a mail of his own.
    ensure!(taken.len() >= 6, "{} mails", taken.len());
    let recipients: Vec<String> = taken.into_iter().flat_map(|mail| mail.recipients).collect();
    for name in ["one", "two", "bcc"] {
        let address = format!("{name}@example.org");
        ensure!(recipients.contains(&address), "{recipients:?}");
    }
    Ok(())
}

#[tokio::test]
async fn the_queue_is_looked_at_and_emptied() -> Result<()> {
    let server = SmtpServer::start(|step, _| match step {
        Step::Rcpt => Answer::Line("451 4.3.2 Not now"),
        _ => Answer::Usual,
    })?;
    let (site, client) = site(&server, false).await?;
    let job = client
        .send_simple("one@example.org", "Pump 7", "Pressure is low.", Map::new())
        .await?;
    ensure!(client.wait(&job).await?.state == "deferred");
    let [block] = blocks(section(ADMINISTRATION)?, "sh")[..] else {
        anyhow::bail!("not one block");
    };
    let told = run(&site, block)?;
    for words in ["one@example.org", "deferred", "451 4.3.2 Not now"] {
        ensure!(told.contains(words), "{words}: {told}");
    }
    ensure!(client.wait(&job).await?.state == "cancelled");
    Ok(())
}

/// `hayesctl modem command` of the README's text.
#[tokio::test]
async fn a_module_answers_questions() -> Result<()> {
    let server = SmtpServer::accept_all()?;
    let (site, _client) = site(&server, true).await?;
    let command = "hayesctl modem command lte AT+CSQ";
    ensure!(section(ADMINISTRATION)?.contains(&format!("`{command}`")));
    ensure!(run(&site, command)?.contains("+CSQ: "));
    Ok(())
}
