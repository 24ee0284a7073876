//! Equipment written for a SIMCom module, over a pseudo-terminal, with real servers.

use anyhow::{Context as _, Result, ensure};
use hayes_tests::content::noise;
use hayes_tests::dovecot::{self, Dovecot};
use hayes_tests::equipment::Equipment;
use hayes_tests::ftpd::{self, FtpServer, Kind};
use hayes_tests::message::Mail;
use hayes_tests::postfix::{self, Postfix};
use hayes_tests::simcom::{self, Panel};
use hayes_tests::{scale, wait};
use std::io::{Read as _, Write as _};
use std::net::{Ipv4Addr, TcpListener};
use std::time::Duration;

/// Bytes of a large file.
const LARGE: usize = 5 << 20;

/// Every byte value, runs of ETX and of Ctrl-Z, and noise.
fn content(length: usize) -> Vec<u8> {
    let mut bytes: Vec<u8> = (0..=255).collect();
    for run in [1, 2, 3, 255, 1024, 5000] {
        bytes.extend(vec![0x03; run]);
        bytes.extend(vec![0x1A; run]);
        bytes.extend([0x03, 0x1A].repeat(run));
        bytes.extend([0x1A, 0x03].repeat(run));
    }
    bytes.extend(noise(length.saturating_sub(bytes.len()), 7));
    bytes.truncate(length);
    bytes
}

#[tokio::test]
async fn mail_with_attachments_copies_and_lines() -> Result<()> {
    let postfix = Postfix::start()?;
    let panel = Panel::open().await?;
    let mut equipment = panel.equipment()?;
    let login = Some((postfix::USER, postfix::PASSWORD));
    simcom::mail_server(&mut equipment, postfix.ports().plain, login)?;
    let report = noise(30_000, 1);
    simcom::put_file(&mut equipment, "C:/report.bin", &report)?;
    simcom::put_file(&mut equipment, "C:/Picture/gate.jpg", &content(20_000))?;
    equipment.ok("AT+FSCD=C:")?;
    equipment.ok("AT+SMTPFILE=1,\"report.bin\"")?;
    equipment.ok("AT+FSCD=C:/Picture")?;
    equipment.ok("AT+SMTPFILE=2,\"gate.jpg\"")?;
    let [to, cc, bcc] = [0, 1, 2].map(|at| postfix::RECIPIENTS[at]);
    equipment.ok(&format!("AT+SMTPRCPT=0,0,\"{to}\",\"Desk\""))?;
    equipment.ok(&format!("AT+SMTPRCPT=1,0,\"{cc}\""))?;
    equipment.ok(&format!("AT+SMTPRCPT=2,0,\"{bcc}\""))?;
    equipment.ok("AT+SMTPSUB=\"Report of pump 7\"")?;
    simcom::body(
        &mut equipment,
        b"line 1\r\nlnie\x08\x08\x08ine 2\r\n.\r\nOK\r\n",
    )?;
    let told = simcom::send(&mut equipment)?;
    ensure!(told == "+SMTP: SUCCESS", "{told}");
    for recipient in [to, cc, bcc] {
        let raw = postfix.mailbox(recipient).expect_one()?;
        let mail = Mail::parse(&raw)?;
        let text = mail.text()?;
        ensure!(text.contains("line 1"), "{text:?}");
        ensure!(text.contains("line 2"), "{text:?}");
        let raw = String::from_utf8_lossy(&raw);
        ensure!(
            raw.contains("Report of pump 7") && raw.contains("Pump 7"),
            "{raw}"
        );
        ensure!(!raw.contains(bcc) || recipient == bcc, "{raw}");
        ensure!(
            raw.contains("report.bin") && raw.contains("gate.jpg"),
            "{raw}"
        );
    }
    Ok(())
}

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
    let letters = letters(scale::of(9, 100));
    let dovecot = Dovecot::start(&letters)?;
    let panel = Panel::open().await?;
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
        let (folder, file) = simcom::fetch(&mut equipment, number)?
            .map_err(anyhow::Error::msg)
            .with_context(|| format!("mail {number}"))?;
        ensure!(
            folder.starts_with("C:/Email/") && folder.len() == 22,
            "{folder}"
        );
        let names = simcom::files(&mut equipment, &folder)?;
        ensure!(names.contains(&file), "{file} is not among {names:?}");
        let text = simcom::take_file(&mut equipment, &format!("{folder}{file}"))?;
        let kind = (number - 1) % 8;
        let expected = match kind {
            1 => 3,
            2 => 3,
            6 => 4,
            _ => 1,
        };
        ensure!(names.len() == expected, "mail {number}: {names:?}");
        for name in &names {
            ensure!(!name.contains(['/', '\\', ':', '*', '?']), "{name}");
        }
        if expected == 1 {
            let body = letter
                .split(|byte| *byte == b'\n')
                .collect::<Vec<_>>()
                .join(&b"\r\n"[..]);
            let end = &body[body.len().saturating_sub(4000)..];
            ensure!(
                text.ends_with(end.trim_ascii_end())
                    || text.trim_ascii_end().ends_with(end.trim_ascii_end()),
                "mail {number} ended \"{}\"",
                text[text.len().saturating_sub(100)..].escape_ascii()
            );
        }
    }
    deletes_when_it_says_so(&mut equipment, letters.len())
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

/// Up and down, in any pieces, in both modes and types.
#[tokio::test]
async fn large_files_with_every_byte() -> Result<()> {
    let server = FtpServer::start(Kind::Vsftpd)?;
    let panel = Panel::open().await?;
    let mut equipment = panel.equipment()?;
    equipment.set_patience(4 * wait::LONG);
    simcom::file_server(
        &mut equipment,
        server.explicit(),
        ftpd::USER,
        ftpd::PASSWORD,
    )?;
    let large = content(LARGE);
    let small = content(70_000);
    for (mode, content, size) in [
        (1, &large, 1 << 20),
        (0, &small, 1),
        (1, &small, 4097),
        (0, &small, 3),
    ] {
        equipment.ok(&format!("AT+CFTPMODE={mode}"))?;
        let path = format!("work/{mode}-{size}.bin");
        let lines = simcom::put(&mut equipment, &path, content, size)?;
        ensure!(lines == ["OK"], "{path}: {lines:?}; {}", server.log());
        let stored = std::fs::read(server.file(&format!("{mode}-{size}.bin")))?;
        ensure!(stored == *content, "{path} is not what was sent");
        let back = simcom::get(&mut equipment, &path)?;
        ensure!(back == *content, "{path} is not what was stored");
    }
    equipment.ok("AT+CFTPTYPE=A")?;
    let text = b"line 1\r\nline 2\r\n";
    ensure!(simcom::put(&mut equipment, "work/a.txt", text, 5)? == ["OK"]);
    ensure!(simcom::get(&mut equipment, "work/a.txt")? == text);
    // By files of the module, through its folders.
    equipment.ok("AT+CFTPTYPE=I")?;
    simcom::put_file(&mut equipment, "C:/Picture/p.jpg", &small)?;
    equipment.ok("AT+CFTPPUTFILE=\"work/p.jpg\",1")?;
    ensure!(equipment.line()? == "+CFTPPUTFILE: 0");
    ensure!(std::fs::read(server.file("p.jpg"))? == small);
    equipment.ok("AT+CFTPGETFILE=\"work/p.jpg\",2")?;
    ensure!(equipment.line()? == "+CFTPGETFILE: 0");
    ensure!(simcom::take_file(&mut equipment, "C:/Video/p.jpg")? == small);
    Ok(())
}

/// A server of pages: this response to each request, which it gives back.
fn pages(response: Vec<u8>) -> Result<(u16, std::sync::mpsc::Receiver<Vec<u8>>)> {
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0))?;
    let port = listener.local_addr()?.port();
    let (asked, asks) = std::sync::mpsc::channel();
    std::thread::spawn(move || {
        for mut stream in listener.incoming().flatten() {
            let mut request = Vec::new();
            let mut buffer = [0; 4096];
            while !request.windows(4).any(|part| part == b"\r\n\r\n") {
                match stream.read(&mut buffer) {
                    Ok(n) if n > 0 => request.extend(&buffer[..n]),
                    _ => break,
                }
            }
            // A client that goes away, or a test that is over.
            let _ = (stream.write_all(&response), asked.send(request));
        }
    });
    Ok((port, asks))
}

#[tokio::test]
async fn a_page_comes_as_it_is() -> Result<()> {
    let body = content(50_000);
    let head = format!("HTTP/1.1 200 OK\r\nContent-Length: {}\r\n\r\n", body.len());
    let response = [head.as_bytes(), &body].concat();
    let (port, asks) = pages(response.clone())?;
    let panel = Panel::open().await?;
    let mut equipment = panel.equipment()?;
    for _ in 0..2 {
        equipment.send(format!("AT+CHTTPACT=\"localhost\",{port}\r"))?;
        equipment.expect("\r\n+CHTTPACT: REQUEST\r\n")?;
        let request = b"GET /a?b=\x03\x1A HTTP/1.1\r\nHost: www.example.org\r\n\r\n";
        let mut wire = Vec::new();
        hayes_ldisc::discipline::stuffing::encode(request, &mut wire);
        wire.push(hayes_ldisc::discipline::stuffing::END);
        equipment.send(&wire)?;
        ensure!(equipment.result()? == ["OK"]);
        let came = simcom::blocks(&mut equipment, "+CHTTPACT")?;
        ensure!(came == response, "{} bytes", came.len());
        ensure!(asks.recv_timeout(wait::LONG)? == request);
    }
    Ok(())
}

/// The daemon dies in the middle of an upload: what is still sent is eaten to its end, and then there is an
/// error; nothing of it is taken for a command.
#[tokio::test]
async fn killed_in_an_upload() -> Result<()> {
    let server = FtpServer::start(Kind::Vsftpd)?;
    let mut panel = Panel::open().await?;
    let mut equipment = panel.equipment()?;
    equipment.set_patience(4 * wait::LONG);
    simcom::file_server(
        &mut equipment,
        server.explicit(),
        ftpd::USER,
        ftpd::PASSWORD,
    )?;
    equipment.ok("AT+CFTPMODE=1")?;
    equipment.send("AT+CFTPPUT=\"work/killed.bin\"\r")?;
    equipment.expect("\r\n+CFTPPUT: BEGIN\r\n")?;
    equipment.send(vec![b'x'; 100_000])?;
    panel.crash().await?;
    equipment.send(b"\r\nAT+CFTPPUT=\"work/second.bin\"\r\n\x03\x1AATZ\r\n\x1A")?;
    let lines = equipment.result()?;
    ensure!(
        lines == ["+CME ERROR: 214"] || lines == ["+CME ERROR: 210"],
        "{lines:?}"
    );
    ensure!(!server.file("second.bin").exists());
    // All settings are there, and it works again.
    panel.ready().await?;
    ensure!(simcom::put(&mut equipment, "work/killed.bin", b"whole", 5)? == ["OK"]);
    ensure!(std::fs::read(server.file("killed.bin"))? == b"whole");
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
