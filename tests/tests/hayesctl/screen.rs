//! What a person sees and types.

use super::{site, with_account};
use anyhow::{Result, ensure};
use hayes_tests::hayesctl::{AtTerminal, command, run};
use hayes_tests::postfix::{self, Postfix};
use hayes_tests::smtp::{SmtpServer, Step};

#[tokio::test]
async fn progress_is_shown_and_taken_away() -> Result<()> {
    let (server, gate) = SmtpServer::gated()?;
    let (site, _client) = site(server.port()).await?;
    gate.close_at(Step::Message);
    let send = ["mail", "send", "--text", "x", "one@example.org"];
    let mut screen = AtTerminal::start(command(site.bus(), &send)?)?;
    screen.until("(ip)")?;
    gate.open();
    let (status, text) = screen.end()?;
    ensure!(status == Some(0), "{text}");
    let last = text.rsplit("\r\u{1b}[K").next().unwrap_or_default();
    ensure!(last == "sent: 250 2.0.0 Ok: queued (job 1)\r\n", "{text:?}");

    // Ctrl-C, as the terminal sends it.
    gate.close_at(Step::Message);
    let mut screen = AtTerminal::start(command(site.bus(), &send)?)?;
    screen.until("(ip)")?;
    screen.type_in("\u{3}")?;
    screen.until("hayesctl: interrupted; job 2 is cancelled")?;
    ensure!(screen.end()?.0 == Some(130));
    gate.open();

    let mut quiet = AtTerminal::start(command(site.bus(), &[&send[..], &["-q"]].concat())?)?;
    quiet.until("")?;
    ensure!(quiet.end()? == (Some(0), String::new()));
    Ok(())
}

/// A text that is typed, ended by Ctrl-D.
#[tokio::test]
async fn a_mail_is_typed() -> Result<()> {
    let server = SmtpServer::accept_all()?;
    let (site, _client) = site(server.port()).await?;
    let mut screen = AtTerminal::start(command(site.bus(), &["mail", "send", "one@example.org"])?)?;
    screen.until("Ctrl-D")?;
    screen.type_in("Pressure is low.\n\u{4}")?;
    let (status, text) = screen.end()?;
    ensure!(status == Some(0), "{text}");
    let message = String::from_utf8_lossy(&server.taken()[0].message).into_owned();
    ensure!(
        message.contains("\r\n\r\nPressure is low.\r\n"),
        "{message}"
    );
    Ok(())
}

#[tokio::test]
async fn a_password_is_not_shown() -> Result<()> {
    let postfix = Postfix::start()?;
    let (site, _client) = with_account(&postfix).await?;
    let secret = ["account", "secret", "made", "smtp"];
    let mut screen = AtTerminal::start(command(site.bus(), &secret)?)?;
    screen.until("Password of made for smtp: ")?;
    screen.type_in(&format!("{}\n", postfix::PASSWORD))?;
    let (status, text) = screen.end()?;
    ensure!(
        status == Some(0) && !text.contains(postfix::PASSWORD),
        "{text}"
    );
    run(site.bus(), &["account", "test", "made"])?.good()?;

    // Ctrl-C leaves the terminal as it was.
    let mut screen = AtTerminal::start(command(site.bus(), &secret)?)?;
    screen.until("Password of made for smtp: ")?;
    ensure!(!screen.echoes()?);
    screen.type_in("\u{3}")?;
    screen.until("hayesctl: interrupted")?;
    ensure!(screen.echoes()? && screen.end()?.0 == Some(130));
    Ok(())
}
