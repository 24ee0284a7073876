//! What equipment may reach, and what the configuration makes of what it asks for.

use anyhow::{Result, ensure};
use hayes_tests::client::Client;
use hayes_tests::equipment::Equipment;
use hayes_tests::quectel::{self, Kind, SslType};
use hayes_tests::site::Site;
use hayes_tests::smtp::{Answer, SmtpServer, Step};
use hayes_tests::wait;

/// A site with this configuration and its emulator `panel`.
async fn site(config: &str) -> Result<(Site, Client)> {
    let mut site = Site::new()?;
    site.configure(config)?;
    let client = site.start().await?;
    let path = "/org/hayesd1/emulator/panel";
    client.until(path, "Emulator", "State", "command").await?;
    Ok((site, client))
}

/// Equipment with a mail composed for the server `localhost` at this port.
fn composed(site: &Site, port: u16) -> Result<Equipment> {
    let mut equipment = Equipment::open(&site.pty("panel"))?;
    equipment.ok("ATE0")?;
    quectel::set_up(&mut equipment, port, SslType::None, None)?;
    quectel::recipients(&mut equipment, &[(Kind::To, "one@example.org")])?;
    quectel::body(&mut equipment, 0, b"text")?;
    Ok(equipment)
}

const PANEL: &str = "[emulator.panel]\ndevice = \"pty:panel\"\ndialect = \"quectel\"\n";

#[tokio::test]
async fn equipment_reaches_this_machine_only_where_that_is_allowed() -> Result<()> {
    let (server, other) = (SmtpServer::accept_all()?, SmtpServer::accept_all()?);
    let allowed = server.port();
    let config = format!("{PANEL}allow = [\"127.0.0.1:{allowed}\", \"[::1]:{allowed}\"]\n");
    let (site, _client) = site(&config).await?;
    let mut equipment = composed(&site, allowed)?;
    ensure!(quectel::put(&mut equipment)? == "0,0");
    quectel::set_up_again(&mut equipment, other.port(), SslType::None)?;
    let told = quectel::put(&mut equipment)?;
    ensure!(told == "660,0", "{told}");
    ensure!(server.connections() == 1 && other.connections() == 0);
    let log = site.daemon_log();
    ensure!(log.contains("may not reach localhost"), "{log}");
    Ok(())
}

#[tokio::test]
async fn an_account_serves_equipment_that_asks_for_a_server_of_old() -> Result<()> {
    let server = SmtpServer::accept_all()?;
    let config = format!(
        "{PANEL}\n[account.main]\nfrom = \"Pump house <pumps@example.org>\"\n\
         smtp = {{ host = \"localhost\", port = {}, tls = \"none\" }}\n\
         [[map]]\nservice = \"smtp\"\nhost = \"LOCAL*\"\nport = 25\naccount = \"main\"\nrewrite_from = true\n",
        server.port()
    );
    let (site, _client) = site(&config).await?;
    let mut equipment = composed(&site, 25)?;
    ensure!(
        quectel::put(&mut equipment)? == "0,0",
        "{}",
        site.daemon_log()
    );
    let taken = server.taken();
    ensure!(taken.len() == 1 && taken[0].sender.contains("pumps@example.org"));
    let from = taken[0].header("From").unwrap_or_default();
    ensure!(from.contains("pumps@example.org"), "{from}");
    let reply_to = taken[0].header("Reply-To").unwrap_or_default();
    ensure!(reply_to.contains("pump7@example.org"), "{reply_to}");
    Ok(())
}

/// The server that the equipment names takes nobody: it is told success all the same, and when the mail is
/// refused, the account hears of it.
#[tokio::test]
async fn stored_mail_is_told_at_once_and_its_failure_is_reported() -> Result<()> {
    let refusing = SmtpServer::start(|step, _| match step {
        Step::Rcpt => Answer::Line("550 5.1.1 nobody here"),
        _ => Answer::Usual,
    })?;
    let office = SmtpServer::accept_all()?;
    let port = refusing.port();
    let config = format!(
        "{PANEL}delivery = \"store\"\nbounce_to = \"main\"\nallow = [\"127.0.0.0/8\", \"::1\"]\n\
         [account.main]\nfrom = \"pumps@example.org\"\n\
         smtp = {{ host = \"localhost\", port = {}, tls = \"none\" }}\n",
        office.port()
    );
    let (site, _client) = site(&config).await?;
    let mut equipment = composed(&site, port)?;
    ensure!(quectel::put(&mut equipment)? == "0,0");
    let taken = wait::until("the report", wait::LONG, || {
        Some(office.taken()).filter(|taken| !taken.is_empty())
    })?;
    let text = String::from_utf8_lossy(&taken[0].message).into_owned();
    ensure!(
        text.contains("Final-Recipient: rfc822; one@example.org"),
        "{text}"
    );
    ensure!(text.contains("Status: 5.1.1"), "{text}");
    ensure!(refusing.taken().is_empty());
    Ok(())
}
