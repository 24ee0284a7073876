//! Files of a server.

use super::module::Module;
use super::{Deaf, Hours, Table, fill, nobody, panel, scripted};
use anyhow::{Context as _, Result};
use hayes_tests::equipment::Equipment;
use hayes_tests::ftpd::{self, FtpServer, Kind};
use hayes_tests::simcom::{self, Panel};
use hayes_tests::site::Site;
use hayes_tests::terminal::Terminal;
use hayes_tests::wait;
use std::io::Write as _;
use std::net::{Ipv4Addr, TcpListener};

/// All that the manual has for files.
const FTP: &[&str] = &[
    "201", "202", "203", "204", "205", "206", "207", "208", "209", "210", "211", "212", "213",
    "214",
];

/// What nothing can provoke.
const HOLES: &[(&str, &str)] = &[(
    "209",
    "good-bye is said behind the result: whatever the server answers to it, the file is there",
)];

/// Servers that take no connection, or say nothing, while another transfer is begun.
async fn silence(
    panel: &Panel,
    equipment: &mut Equipment,
    hours: &mut Hours,
    table: &mut Table,
) -> Result<()> {
    let deaf = Deaf::listen()?;
    simcom::file_server(equipment, deaf.port, "u", "p")?;
    equipment.send("AT+CFTPGET=\"a\"\r")?;
    let told = hours.pass(panel, equipment).await?;
    table.add("204", "the server takes no connection", told)?;
    let silent = scripted("", |_| Some(String::new()))?;
    simcom::file_server(equipment, silent, "u", "p")?;
    equipment.ok("AT+CFTPGETFILE=\"a\",0")?;
    let told = simcom::told(equipment, "AT+CFTPGET=\"a\"")?;
    table.add("202", "a second transfer meanwhile", told)?;
    let told = hours.pass(panel, equipment).await?;
    table.add("204", "the server does not greet", told)
}

/// What another module on the way says of a transfer.
async fn by_a_module(table: &mut Table) -> Result<()> {
    let site = Site::new()?;
    let device = site.device("ttyS7");
    let (_terminal, far_end) = Terminal::plug_in(&device)?;
    let module = Module::start(far_end);
    let more = format!(
        "via = [\"modem:lte\"]\n[modem.lte]\ndevice = \"{}\"\n",
        device.display()
    );
    let panel = Panel::on(site, &more).await?;
    let path = "/org/hayesd1/modem/lte";
    panel.client.until(path, "Modem", "State", "ready").await?;
    let mut equipment = panel.equipment()?;
    equipment.set_patience(2 * wait::LONG);
    simcom::file_server(&mut equipment, 21, "u", "p")?;
    for (code, file, how) in [
        ("201", "213", "a module on the way can't say its name (213)"),
        (
            "212",
            "212",
            "a module on the way has no memory for it (212)",
        ),
    ] {
        let told = simcom::told(&mut equipment, &format!("AT+CFTPGET=\"{file}\""))?;
        table.add(code, how, told)?;
    }
    drop(equipment);
    module.stop()
}

/// A server of files whose data connection ends in the middle, with nothing said.
fn cut_off() -> Result<u16> {
    let data = TcpListener::bind((Ipv4Addr::LOCALHOST, 0))?;
    let at = data.local_addr()?.port();
    scripted("220 ready\r\n", move |line| {
        let verb = line
            .split(' ')
            .next()
            .unwrap_or_default()
            .to_ascii_uppercase();
        Some(match verb.as_str() {
            "USER" => "331 password\r\n".into(),
            "PASS" => "230 in\r\n".into(),
            "TYPE" => "200 ok\r\n".into(),
            "EPSV" => format!("229 passive (|||{at}|)\r\n"),
            "RETR" | "STOR" => {
                let (mut stream, _) = data.accept().ok()?;
                if verb == "STOR" {
                    return None;
                }
                stream.write_all(&[0; 1000]).ok()?;
                "150 here it comes\r\n\0".into()
            }
            _ => "502 what\r\n".into(),
        })
    })
}

/// What a real server refuses, and what the module itself has no file or no room for.
fn vsftpd(equipment: &mut Equipment, table: &mut Table, get: &str) -> Result<()> {
    let server = FtpServer::start(Kind::Vsftpd)?;
    simcom::file_server(equipment, server.explicit(), ftpd::USER, "wrong")?;
    table.add(
        "208",
        "vsftpd: wrong password",
        simcom::told(equipment, get)?,
    )?;
    simcom::file_server(equipment, server.explicit(), ftpd::USER, ftpd::PASSWORD)?;
    table.add(
        "211",
        "vsftpd: there is no such file",
        // 16-A13: it was never begun.
        simcom::told(equipment, get)?,
    )?;
    let lines = simcom::put(equipment, "a", b"x", 9);
    let said = match lines {
        Ok(lines) => lines.join(", "),
        // It was refused before anything was sent.
        Err(error) => format!("{error:#}"),
    };
    table.add("211", "vsftpd: no permission to write there", said)?;
    table.add(
        "205",
        "no such file on the module",
        simcom::told(equipment, "AT+CFTPPUTFILE=\"work/none\",0")?,
    )?;
    std::fs::write(server.file("large"), vec![0; 2_000_000]).or_else(|_| put_large(equipment))?;
    fill(equipment, 10_000)?;
    equipment.ok("AT+CFTPGETFILE=\"work/large\",0")?;
    let told = equipment.line()?;
    table.add("206", "no room on the module", told)?;
    Ok(())
}

/// Servers that are gone in the middle.
fn servers_that_go(equipment: &mut Equipment, table: &mut Table, get: &str) -> Result<()> {
    simcom::file_server(equipment, cut_off()?, "u", "p")?;
    equipment.ok(get)?;
    let broken = simcom::blocks(equipment, "+CFTPGET")
        .err()
        .context("it was cut off")?;
    table.add(
        "210",
        "the server is gone in the middle of a file",
        word(&broken),
    )?;
    let lines = simcom::put(equipment, "b", &vec![b'x'; 200_000], 4096)?;
    table.add(
        "210",
        "the server is gone when an upload begins",
        lines.join(", "),
    )?;
    Ok(())
}

#[tokio::test]
async fn files() -> Result<()> {
    let (panel, mut hours) = panel().await?;
    let mut equipment = panel.equipment()?;
    equipment.set_patience(2 * wait::LONG);
    let mut table = Table::default();
    let get = "AT+CFTPGET=\"work/a\"";
    table.add(
        "207",
        "no server is set",
        simcom::told(&mut equipment, get)?,
    )?;
    simcom::file_server(&mut equipment, nobody()?, "u", "p")?;
    equipment.ok("AT+CFTPMODE=1")?;
    table.add("214", "nobody listens", simcom::told(&mut equipment, get)?)?;
    equipment.ok("AT+CFTPSERV=\"nowhere.invalid\"")?;
    table.add(
        "203",
        "there is no such host",
        simcom::told(&mut equipment, get)?,
    )?;
    table.add(
        "213",
        "a path of no characters",
        simcom::told(&mut equipment, "AT+CFTPGET=\"\"")?,
    )?;

    vsftpd(&mut equipment, &mut table, get)?;
    servers_that_go(&mut equipment, &mut table, get)?;

    silence(&panel, &mut equipment, &mut hours, &mut table).await?;
    by_a_module(&mut table).await?;
    table.finish("files", FTP, HOLES)
}

/// The number of the line that an error tells.
fn word(error: &anyhow::Error) -> String {
    let text = error.to_string();
    text.split(" after ").next().unwrap_or_default().to_owned()
}

/// A file of 2 MB on the server, whose folder is not ours to write in.
fn put_large(equipment: &mut Equipment) -> std::io::Result<()> {
    let lines = simcom::put(equipment, "work/large", &vec![0; 2_000_000], 1 << 16);
    match lines {
        Ok(lines) if lines == ["OK"] => Ok(()),
        other => Err(std::io::Error::other(format!("{other:?}"))),
    }
}
