//! What equipment may reach, and what the configuration makes of what it asks for.

use anyhow::{Result, ensure};
use hayes_tests::client::Client;
use hayes_tests::equipment::Equipment;
use hayes_tests::quectel::{self, Kind, SslType};
use hayes_tests::site::Site;
use hayes_tests::smtp::SmtpServer;

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
