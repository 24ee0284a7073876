//! Mailboxes of Dovecot.

use anyhow::{Context as _, Result, ensure};
use hayes_tests::dovecot::{self, Dovecot};
use hayes_tests::equipment::Equipment;
use hayes_tests::simcom::{self, Panel};
use hayes_tests::wait;
use std::time::Duration;

/// A mail as a server may have it, and the names of what must come of it besides its text.
fn letters(count: usize) -> Vec<Vec<u8>> {
    let part = |name: &str, text: &str| {
        format!(
            "--b\nContent-Type: application/octet-stream\n\
             Content-Disposition: attachment; filename=\"{name}\"\n\n{text}\n"
        )
    };
    let letter = |at: usize| -> Vec<u8> {
        let head = format!(
            "From: a@example.org\nDate: Mon, 17 Aug 2009 14:09:27 +0800\nSubject: number {at}\nMessage-ID: <{at}@example.org>\n"
        );
        match at % 8 {
            0 => format!("{head}\nplain text\n").into_bytes(),
            1 => {
                let parts = part("a.txt", "first") + &part("b.txt", "second");
                format!("{head}MIME-Version: 1.0\nContent-Type: multipart/mixed; boundary=b\n\n--b\nContent-Type: text/plain\n\ntext\n{parts}--b--\n").into_bytes()
            }
            2 => {
                let parts = part("../../../../etc/passwd", "x") + &part("EMAIL000.TXT", "y");
                format!("{head}MIME-Version: 1.0\nContent-Type: multipart/mixed; boundary=b\n\n{parts}--b--\n").into_bytes()
            }
            3 => [head.as_bytes(), b"\n8 bits: \xe9\xff\x80\n"].concat(),
            4 => format!("{head}\n").into_bytes(),
            5 => format!("{head}\n.\n..\nOK\nERROR\n").into_bytes(),
            6 => {
                let parts = part("", "no name")
                    + &part(&"n".repeat(300), "long")
                    + &part("C:\\a:b*c?.txt", "odd");
                format!("{head}MIME-Version: 1.0\nContent-Type: multipart/mixed; boundary=b\n\n{parts}--b--\n").into_bytes()
            }
            _ => format!(
                "{head}\n{}\n",
                "seventy characters of a line that comes again and again and again. \n"
                    .repeat(if at == 7 { 75_000 } else { 10 })
            )
            .into_bytes(),
        }
    };
    (0..count).map(letter).collect()
}

#[tokio::test]
async fn a_mailbox_of_many_kinds() -> Result<()> {
    let letters = letters(100);
    let dovecot = Dovecot::start(&letters)?;
    let (panel, mut time) = Panel::with_time().await?;
    let mut equipment = panel.equipment()?;
    equipment.set_patience(4 * wait::LONG);
    simcom::mailbox(
        &mut equipment,
        dovecot.ports().plain,
        dovecot::USER,
        dovecot::PASSWORD,
    )?;
    ensure!(simcom::told(&mut equipment, "AT+POP3IN")? == "+POP3: SUCCESS, OK");
    let listed = equipment.ok("AT+POP3LIST")?;
    ensure!(listed.len() == letters.len() + 2, "{listed:?}");
    let counted = equipment.ok("AT+POP3NUM")?;
    ensure!(
        counted[0]
            == listed[0].replacen(
                &format!(" {} ", letters.len()),
                &format!(" {}, ", letters.len()),
                1
            ),
        "{counted:?}"
    );
    for (number, letter) in (1..).zip(&letters) {
        let header = equipment.ok(&format!("AT+POP3HDR={number}"))?;
        let subject = format!("Subject: number {}", number - 1);
        ensure!(
            header[..3]
                == [
                    "From: a@example.org",
                    "Date: Mon, 17 Aug 2009 14:09:27 +0800",
                    subject.as_str()
                ],
            "{header:?}"
        );
        // Folders are called by the second: that of the mail before is over.
        time.pass(Duration::from_secs(1))?;
        is_stored(&mut equipment, number, letter).with_context(|| format!("mail {number}"))?;
    }
    deletes_when_it_says_so(&mut equipment, letters.len())
}

/// Fetches a mail: a folder of its own holds its text and its attachments, and nothing is anywhere else.
fn is_stored(equipment: &mut Equipment, number: usize, letter: &[u8]) -> Result<()> {
    let (folder, file) = simcom::fetch(equipment, number)?.map_err(anyhow::Error::msg)?;
    ensure!(
        folder.starts_with("C:/Email/") && folder.len() == 22,
        "{folder}"
    );
    let names = simcom::files(equipment, &folder)?;
    ensure!(names.contains(&file), "{file} is not among {names:?}");
    let kind = (number - 1) % 8;
    let expected = match kind {
        1 | 2 => 3,
        6 => 4,
        _ => 1,
    };
    ensure!(names.len() == expected, "{names:?}");
    for name in &names {
        ensure!(!name.contains(['/', '\\', ':', '*', '?']), "{name}");
    }
    if kind == 1 {
        for (name, content) in [("a.txt", &b"first"[..]), ("b.txt", b"second")] {
            let stored = simcom::take_file(equipment, &format!("{folder}{name}"))?;
            ensure!(stored == content, "{name}: {}", stored.escape_ascii());
        }
    }
    let text = simcom::take_file(equipment, &format!("{folder}{file}"))?;
    let body = letter
        .split(|byte| *byte == b'\n')
        .collect::<Vec<_>>()
        .join(&b"\r\n"[..]);
    let end = body[body.len().saturating_sub(4000)..].trim_ascii_end();
    ensure!(
        expected > 1 || text.trim_ascii_end().ends_with(end),
        "it ended \"{}\"",
        text[text.len().saturating_sub(100)..].escape_ascii()
    );
    Ok(())
}

/// A mail is deleted by `AT+POP3OUT`, and by nothing else.
fn deletes_when_it_says_so(equipment: &mut Equipment, count: usize) -> Result<()> {
    ensure!(simcom::told(equipment, "AT+POP3DEL=1")? == "+POP3: SUCCESS, OK");
    ensure!(simcom::told(equipment, "AT+POP3OUT")? == "+POP3: SUCCESS, OK");
    ensure!(simcom::told(equipment, "AT+POP3IN")? == "+POP3: SUCCESS, OK");
    let counted = equipment.ok("AT+POP3NUM")?;
    let left = format!("+POP3: {}, ", count - 1);
    ensure!(counted[0].starts_with(&left), "{counted:?}");
    // Dropped: nothing more is deleted.
    ensure!(simcom::told(equipment, "AT+POP3DEL=1")? == "+POP3: SUCCESS, OK");
    equipment.ok("AT+POP3STOP")?;
    ensure!(simcom::told(equipment, "AT+POP3IN")? == "+POP3: SUCCESS, OK");
    ensure!(equipment.ok("AT+POP3NUM")?[0].starts_with(&left));
    Ok(())
}

/// The daemon dies while a mailbox is open: the session is over, nothing was deleted, and it is told.
#[tokio::test]
async fn killed_in_a_mailbox() -> Result<()> {
    let dovecot = Dovecot::start(&letters(3))?;
    let mut panel = Panel::open().await?;
    let mut equipment = panel.equipment()?;
    simcom::mailbox(
        &mut equipment,
        dovecot.ports().plain,
        dovecot::USER,
        dovecot::PASSWORD,
    )?;
    ensure!(simcom::told(&mut equipment, "AT+POP3IN")? == "+POP3: SUCCESS, OK");
    ensure!(simcom::told(&mut equipment, "AT+POP3DEL=1")? == "+POP3: SUCCESS, OK");
    panel.crash().await?;
    panel.ready().await?;
    let lines = equipment.command("AT+POP3NUM")?;
    ensure!(
        lines.last().is_some_and(|last| last == "ERROR"),
        "{lines:?}"
    );
    let lines = equipment.command("AT+POP3OUT")?;
    ensure!(
        lines.last().is_some_and(|last| last == "ERROR"),
        "{lines:?}"
    );
    ensure!(simcom::told(&mut equipment, "AT+POP3IN")? == "+POP3: SUCCESS, OK");
    let counted = equipment.ok("AT+POP3NUM")?;
    ensure!(counted[0].starts_with("+POP3: 3, "), "{counted:?}");
    // In the middle of a fetch that was answered: its end is told, as a failure.
    equipment.ok("AT+POP3GET=1")?;
    panel.crash().await?;
    let told = equipment.line()?;
    ensure!(told.starts_with("+POP3: "), "{told}");
    let quiet = equipment.collect(Duration::from_millis(300))?;
    ensure!(
        told == "+POP3: SUCCESS" || quiet.is_empty(),
        "{told}, then {}",
        quiet.escape_ascii()
    );
    Ok(())
}
