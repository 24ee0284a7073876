//! Pages.

use super::{Deaf, Hours, Table, nobody, panel, scripted};
use anyhow::{Result, ensure};
use hayes_tests::equipment::Equipment;
use hayes_tests::simcom::{self, Panel};
use hayes_tests::wait;

/// All that the manual has for pages.
const HTTP: &[&str] = &["220", "221", "222", "223", "224", "225", "226", "227"];

/// What nothing can provoke.
const HOLES: &[(&str, &str)] = &[
    (
        "220",
        "whatever a connection can end with has a number of its own",
    ),
    (
        "221",
        "a request has the line to itself up to its last line: another one waits behind it",
    ),
];

/// Sends a request, up to the answer to its end.
fn request(equipment: &mut Equipment, port: u16) -> Result<()> {
    equipment.send(format!("AT+CHTTPACT=\"localhost\",{port}\r"))?;
    equipment.expect("\r\n+CHTTPACT: REQUEST\r\n")?;
    equipment.send("GET / HTTP/1.1\r\n\r\n\x1A")?;
    ensure!(equipment.result()? == ["OK"]);
    Ok(())
}

/// Servers that take no connection, or say nothing.
async fn silence(
    panel: &Panel,
    equipment: &mut Equipment,
    hours: &mut Hours,
    table: &mut Table,
) -> Result<()> {
    let deaf = Deaf::listen()?;
    equipment.send(format!("AT+CHTTPACT=\"localhost\",{}\r", deaf.port))?;
    let told = hours.pass(panel, equipment).await?;
    table.add("223", "the server takes no connection", told)?;
    let silent = scripted("", |_| Some(String::new()))?;
    request(equipment, silent)?;
    let told = hours.pass(panel, equipment).await?;
    table.add("223", "it does not answer", told)
}

/// The daemon has no room for one more connection.
async fn no_room(table: &mut Table) -> Result<()> {
    let mut panel = Panel::open().await?;
    let mut equipment = panel.equipment()?;
    panel.site.daemon()?.may_open(false)?;
    let told = simcom::told(&mut equipment, "AT+CHTTPACT=\"127.0.0.1\",80")?;
    panel.site.daemon()?.may_open(true)?;
    table.add("225", "hayesd has no socket left for it", told)
}

#[tokio::test]
async fn pages() -> Result<()> {
    let (panel, mut hours) = panel().await?;
    let mut equipment = panel.equipment()?;
    equipment.set_patience(2 * wait::LONG);
    let mut table = Table::default();
    let ask = |equipment: &mut Equipment, host: &str, port: u16| {
        simcom::told(equipment, &format!("AT+CHTTPACT=\"{host}\",{port}"))
    };
    table.add(
        "227",
        "nobody listens",
        ask(&mut equipment, "localhost", nobody()?)?,
    )?;
    table.add(
        "222",
        "there is no such host",
        ask(&mut equipment, "nowhere.invalid", 80)?,
    )?;
    table.add("226", "port 0", ask(&mut equipment, "localhost", 0)?)?;
    let closing = scripted("", |line| (!line.is_empty()).then(String::new))?;
    request(&mut equipment, closing)?;
    table.add(
        "224",
        "the server closes without an answer",
        equipment.line()?,
    )?;
    silence(&panel, &mut equipment, &mut hours, &mut table).await?;
    no_room(&mut table).await?;
    table.finish("pages", HTTP, HOLES)
}
