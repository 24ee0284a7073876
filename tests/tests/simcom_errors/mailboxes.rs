//! A mailbox.

use super::{Deaf, Hours, Table, fill, nobody, panel, scripted};
use anyhow::{Context as _, Result, ensure};
use hayes_tests::dovecot::{self, Dovecot};
use hayes_tests::equipment::Equipment;
use hayes_tests::simcom::{self, Panel};
use hayes_tests::wait;

/// All that the manual has for mailboxes.
const POP3: &[&str] = &[
    "+POP3: SUCCESS",
    "+POP3: ONGOING",
    "+POP3: NETWORK ERROR",
    "+POP3: SERVER ERROR",
    "+POP3: INVALID UN",
    "+POP3: INVALID UNPWD",
    "+POP3: FILE SYSTEM ERROR",
    "+POP3: FAILURE",
];

/// A server of mailboxes that refuses this step of a login.
fn choosy(step: &'static str) -> Result<u16> {
    scripted("+OK ready\r\n", move |line| {
        let no = line.starts_with(step) || line.starts_with("CAPA");
        Some(if no { "-ERR no\r\n" } else { "+OK\r\n" }.to_owned())
    })
}

/// A server that falls silent when it is asked for a mail.
fn silent_at_retr() -> Result<u16> {
    scripted("+OK ready\r\n", |line| {
        let words: Vec<_> = line.split(' ').collect();
        Some(match words[..] {
            ["USER" | "PASS" | "NOOP", ..] => "+OK\r\n".into(),
            ["STAT"] => "+OK 1 5\r\n".into(),
            ["LIST"] => "+OK\r\n1 5\r\n.\r\n".into(),
            ["LIST", number] => format!("+OK {number} 5\r\n"),
            ["RETR", _] => String::new(),
            _ => "-ERR what\r\n".into(),
        })
    })
}

/// Servers that take no connection, or say nothing any more.
async fn silence(
    panel: &Panel,
    equipment: &mut Equipment,
    hours: &mut Hours,
    table: &mut Table,
) -> Result<()> {
    let deaf = Deaf::listen()?;
    simcom::mailbox(equipment, deaf.port, "u", "p")?;
    equipment.send("AT+POP3IN\r")?;
    let told = hours.pass(panel, equipment).await?;
    table.add("+POP3: NETWORK ERROR", "it takes no connection", told)?;
    ensure!(equipment.result()? == ["ERROR"]);

    let silent = scripted("", |_| Some(String::new()))?;
    simcom::mailbox(equipment, silent, "u", "p")?;
    equipment.send("AT+POP3IN\r")?;
    let told = hours.pass(panel, equipment).await?;
    table.add("+POP3: SERVER ERROR", "it does not greet", told)?;
    ensure!(equipment.result()? == ["ERROR"]);

    simcom::mailbox(equipment, silent_at_retr()?, "u", "p")?;
    equipment.ok("AT+POP3IN")?;
    equipment.ok("AT+POP3GET=1")?;
    table.add(
        "+POP3: ONGOING",
        "another command while a mail is fetched",
        simcom::told(equipment, "AT+POP3NUM")?,
    )?;
    let told = hours.pass(panel, equipment).await?;
    table.add("+POP3: SERVER ERROR", "it falls silent in a mail", told)
}

#[tokio::test]
async fn mailboxes() -> Result<()> {
    let (panel, mut hours) = panel().await?;
    let mut equipment = panel.equipment()?;
    equipment.set_patience(2 * wait::LONG);
    let mut table = Table::default();
    let open = |equipment: &mut Equipment, port, user: &str, password: &str| {
        simcom::mailbox(equipment, port, user, password)?;
        simcom::told(equipment, "AT+POP3IN")
    };
    let said = open(&mut equipment, nobody()?, "u", "p")?;
    table.add("+POP3: NETWORK ERROR", "nobody listens", said)?;
    let wrong = scripted("nonsense\r\n", |_| None)?;
    table.add(
        "+POP3: SERVER ERROR",
        "a greeting of another protocol",
        open(&mut equipment, wrong, "u", "p")?,
    )?;
    let closing = scripted("+OK ready\r\n", |_| None)?;
    table.add(
        "+POP3: SERVER ERROR",
        "it closes after its greeting",
        open(&mut equipment, closing, "u", "p")?,
    )?;

    let said = open(&mut equipment, choosy("USER")?, "u", "p")?;
    table.add("+POP3: INVALID UN", "the server refuses USER", said)?;
    let said = open(&mut equipment, choosy("PASS")?, "u", "p")?;
    table.add("+POP3: INVALID UNPWD", "it refuses PASS", said)?;

    silence(&panel, &mut equipment, &mut hours, &mut table).await?;

    let large = [
        b"Subject: large\n\n".to_vec(),
        b"line of a large mail\n".repeat(300_000),
    ]
    .concat();
    let dovecot = Dovecot::start(&[b"Subject: a\n\nb\n".to_vec(), large])?;
    let port = dovecot.ports().plain;
    let said = open(&mut equipment, port, dovecot::USER, "wrong")?;
    table.add("+POP3: INVALID UNPWD", "Dovecot: wrong password", said)?;
    let said = open(&mut equipment, port, "nobody", dovecot::PASSWORD)?;
    table.add("+POP3: INVALID UNPWD", "Dovecot: unknown user", said)?;
    let said = open(&mut equipment, port, dovecot::USER, dovecot::PASSWORD)?;
    table.add("+POP3: SUCCESS", "Dovecot: right password", said)?;
    table.add(
        "+POP3: SERVER ERROR",
        "a number of no mail",
        simcom::told(&mut equipment, "AT+POP3DEL=9")?,
    )?;
    let told = simcom::fetch(&mut equipment, 9)?
        .err()
        .context("there is no such mail")?;
    table.add(
        "+POP3: FAILURE",
        "a mail that there is not is fetched",
        told,
    )?;
    fill(&mut equipment, 100_000)?;
    let told = simcom::fetch(&mut equipment, 2)?
        .err()
        .context("there is no room for it")?;
    table.add(
        "+POP3: FILE SYSTEM ERROR",
        "no room for a mail of 6 MB",
        told,
    )?;
    table.finish("a mailbox", POP3, &[])
}
