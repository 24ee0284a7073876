//! Every word and number with which a played SIMCom module says that something failed, and how it was
//! provoked: printed as a table, with those that nothing here provokes.

use anyhow::{Context as _, Result, ensure};
use hayes_tests::dovecot::{self, Dovecot};
use hayes_tests::equipment::Equipment;
use hayes_tests::ftpd::{self, FtpServer, Kind};
use hayes_tests::postfix::{self, Postfix};
use hayes_tests::process::show;
use hayes_tests::simcom::{self, Panel};
use hayes_tests::smtp::{Answer, SmtpServer, Step};
use hayes_tests::{ports, wait};
use std::io::{BufRead as _, BufReader, Write as _};
use std::net::{Ipv4Addr, Shutdown, TcpListener, TcpStream};

/// All that the manual has for mail.
const SMTP: &[&str] = &[
    "+SMTP: SUCCESS",
    "+SMTP: ONGOING",
    "+SMTP: PARAM ERROR",
    "+SMTP: NETWORK ERROR",
    "+SMTP: SERVER ERROR",
    "+SMTP: AUTH REQUIRED",
    "+SMTP: AUTH ERROR",
    "+SMTP: OVERSIZE",
];
/// For mailboxes.
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
/// For files.
const FTP: &[&str] = &[
    "201", "202", "203", "204", "205", "206", "207", "208", "209", "210", "211", "212", "213",
    "214",
];
/// For pages.
const HTTP: &[&str] = &["220", "221", "222", "223", "224", "225", "226", "227"];

/// What was provoked, and how it was told.
#[derive(Default)]
struct Table {
    provoked: Vec<&'static str>,
    text: String,
}

impl Table {
    /// The module said this when that was done to it.
    fn add(&mut self, code: &'static str, how: &'static str, said: String) -> Result<()> {
        ensure!(
            said.split(|c: char| !c.is_ascii_alphanumeric() && !"+: ".contains(c))
                .any(|part| { part.trim() == code || part.trim().ends_with(&format!(": {code}")) }),
            "{how}: {code} was to come, and came {said:?}"
        );
        self.text += &format!("{code:<26} {how:<60} {said}\n");
        self.provoked.push(code);
        Ok(())
    }

    /// Prints it, and what of `all` nothing provoked.
    fn print(&self, title: &str, all: &[&str]) {
        let missing = |code: &&&str| !self.provoked.contains(*code);
        let holes: Vec<_> = all.iter().filter(missing).collect();
        show(title, &format!("{}not provoked: {holes:?}", self.text));
    }
}

/// A port where nobody listens.
fn nobody() -> Result<u16> {
    ports::free()
}

/// A server that answers one step of the dialogue in its own way.
type Script = fn(Step) -> Answer;

/// Servers that fail at one step each.
fn scripted_mail(equipment: &mut Equipment, table: &mut Table) -> Result<()> {
    let scripts: [(&'static str, &'static str, Script); 7] = [
        (
            "+SMTP: SERVER ERROR",
            "the server closes instead of a greeting",
            |step| closes(step, Step::Connect),
        ),
        ("+SMTP: SERVER ERROR", "554 is its greeting", |step| {
            says(step, Step::Connect, "554 5.3.2 not now")
        }),
        ("+SMTP: SERVER ERROR", "it closes at MAIL", |step| {
            closes(step, Step::Mail)
        }),
        ("+SMTP: SERVER ERROR", "it refuses the recipient", |step| {
            says(step, Step::Rcpt, "550 5.1.1 who")
        }),
        (
            "+SMTP: SERVER ERROR",
            "it refuses the message for now",
            |step| says(step, Step::Message, "451 4.3.0 later"),
        ),
        ("+SMTP: AUTH REQUIRED", "530 to MAIL", |step| {
            says(step, Step::Mail, "530 5.7.0 authenticate first")
        }),
        ("+SMTP: SUCCESS", "it takes the mail", |_| Answer::Usual),
    ];
    for (code, how, script) in scripts {
        let server = SmtpServer::start(move |step, _| script(step))?;
        simcom::mail_server(equipment, server.port(), None)?;
        recipient(equipment)?;
        table.add(code, how, simcom::send(equipment)?)?;
    }
    Ok(())
}

/// Logins and recipients that are refused.
fn mail_logins(equipment: &mut Equipment, table: &mut Table) -> Result<()> {
    let refusing = SmtpServer::start(|step, _| says(step, Step::Auth, "535 5.7.8 wrong password"))?;
    simcom::mail_server(equipment, refusing.port(), Some(("pump7", "wrong")))?;
    recipient(equipment)?;
    table.add("+SMTP: AUTH ERROR", "535 to AUTH", simcom::send(equipment)?)?;

    let postfix = Postfix::start()?;
    let login = Some((postfix::USER, postfix::PASSWORD));
    simcom::mail_server(equipment, postfix.ports().plain, login)?;
    equipment.ok(&format!("AT+SMTPRCPT=0,0,\"{}\"", postfix::REFUSED))?;
    table.add(
        "+SMTP: SERVER ERROR",
        "Postfix does not know the recipient",
        simcom::send(equipment)?,
    )?;
    Ok(())
}

/// Names who shall have the mail.
fn recipient(equipment: &mut Equipment) -> Result<()> {
    equipment
        .ok("AT+SMTPRCPT=0,0,\"one@example.org\"")
        .map(drop)
}

#[tokio::test]
async fn mail() -> Result<()> {
    let panel = Panel::open().await?;
    let mut equipment = panel.equipment()?;
    let mut table = Table::default();
    table.add(
        "+SMTP: PARAM ERROR",
        "nothing is set",
        simcom::send(&mut equipment)?,
    )?;

    simcom::mail_server(&mut equipment, nobody()?, None)?;
    recipient(&mut equipment)?;
    table.add(
        "+SMTP: NETWORK ERROR",
        "nobody listens",
        simcom::send(&mut equipment)?,
    )?;
    equipment.ok("AT+SMTPSRV=\"nowhere.invalid\"")?;
    table.add(
        "+SMTP: NETWORK ERROR",
        "there is no such host",
        simcom::send(&mut equipment)?,
    )?;

    scripted_mail(&mut equipment, &mut table)?;
    mail_logins(&mut equipment, &mut table)?;

    let silent = SmtpServer::start(|step, _| {
        if step == Step::Mail {
            Answer::Silence
        } else {
            Answer::Usual
        }
    })?;
    simcom::mail_server(&mut equipment, silent.port(), None)?;
    ensure!(equipment.command("AT+SMTPSEND")? == ["+SMTP: OK", "OK"]);
    table.add(
        "+SMTP: ONGOING",
        "a second one meanwhile",
        simcom::told(&mut equipment, "AT+SMTPSEND")?,
    )?;
    equipment.ok("AT+SMTPSTOP")?;

    let (half, rest) = (6_000_000, 4_500_000);
    simcom::put_file(&mut equipment, "C:/half", &vec![0; half])?;
    simcom::put_file(&mut equipment, "C:/rest", &vec![0; rest])?;
    equipment.ok("AT+FSCD=C:")?;
    equipment.ok("AT+SMTPFILE=1,\"half\"")?;
    let told = simcom::told(&mut equipment, "AT+SMTPFILE=2,\"rest\"")?;
    table.add("+SMTP: OVERSIZE", "attachments of 10.5 MB", told)?;
    table.print("mail", SMTP);
    Ok(())
}

fn closes(step: Step, at: Step) -> Answer {
    if step == at {
        Answer::Close
    } else {
        Answer::Usual
    }
}

fn says(step: Step, at: Step, line: &'static str) -> Answer {
    if step == at {
        Answer::Line(line)
    } else {
        Answer::Usual
    }
}

/// A server that says one line, then answers lines as told; `None` closes.
fn scripted(
    greeting: &'static str,
    answer: impl Fn(&str) -> Option<String> + Send + Sync + 'static,
) -> Result<u16> {
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0))?;
    let port = listener.local_addr()?.port();
    std::thread::spawn(move || {
        for stream in listener.incoming().flatten() {
            // A client that goes away ends its session.
            let _ = session(&stream, greeting, &answer);
            let _ = stream.shutdown(Shutdown::Both);
        }
    });
    Ok(port)
}

fn session(
    mut stream: &TcpStream,
    greeting: &str,
    answer: impl Fn(&str) -> Option<String>,
) -> std::io::Result<()> {
    stream.write_all(greeting.as_bytes())?;
    for line in BufReader::new(stream).lines() {
        let Some(answer) = answer(&line?) else {
            return Ok(());
        };
        stream.write_all(answer.as_bytes())?;
    }
    Ok(())
}

#[tokio::test]
async fn mailboxes() -> Result<()> {
    let panel = Panel::open().await?;
    let mut equipment = panel.equipment()?;
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
    equipment.ok("AT+POP3GET=1")?;
    // The mail may be there before the next command is.
    let busy = equipment.command("AT+POP3NUM")?.join(", ");
    if busy.contains("ONGOING") {
        table.add(
            "+POP3: ONGOING",
            "another command while a mail is fetched",
            busy,
        )?;
        equipment.expect("EMAIL000.TXT\r\n")?;
    }
    fill(&mut equipment, 100_000)?;
    let told = simcom::fetch(&mut equipment, 2)?
        .err()
        .context("there is no room for it")?;
    table.add(
        "+POP3: FILE SYSTEM ERROR",
        "no room for a mail of 6 MB",
        told,
    )?;
    table.print("a mailbox", POP3);
    Ok(())
}

/// Leaves so many bytes of `C:`.
fn fill(equipment: &mut Equipment, left: usize) -> Result<()> {
    let lines = equipment.ok("AT+FSMEM")?;
    let numbers: Vec<usize> = lines[0]
        .split(|c: char| !c.is_ascii_digit())
        .filter_map(|number| number.parse().ok())
        .collect();
    let room = numbers[0] - numbers[1] - left;
    simcom::put_file(equipment, "C:/fill", &vec![0; room])
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
                if verb == "RETR" {
                    stream.write_all(&[0; 1000]).ok()?;
                }
                return None;
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
    let begun = |equipment: &mut Equipment, line: &str| -> Result<String> {
        equipment.ok(line)?;
        equipment.line()
    };
    table.add(
        "211",
        "vsftpd: there is no such file",
        begun(equipment, get)?,
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
    table.add(
        "206",
        "no room on the module",
        begun(equipment, "AT+CFTPGETFILE=\"work/large\",0")?,
    )?;
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
    let panel = Panel::open().await?;
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

    // One that never says anything: the transfer goes on behind its command.
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0))?;
    simcom::file_server(&mut equipment, listener.local_addr()?.port(), "u", "p")?;
    equipment.ok("AT+CFTPGETFILE=\"a\",0")?;
    table.add(
        "202",
        "a second transfer meanwhile",
        simcom::told(&mut equipment, get)?,
    )?;
    table.print("files", FTP);
    Ok(())
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

#[tokio::test]
async fn pages() -> Result<()> {
    let panel = Panel::open().await?;
    let mut equipment = panel.equipment()?;
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
    equipment.send(format!("AT+CHTTPACT=\"localhost\",{closing}\r"))?;
    equipment.expect("\r\n+CHTTPACT: REQUEST\r\n")?;
    equipment.send("GET / HTTP/1.1\r\n\r\n\x1A")?;
    ensure!(equipment.result()? == ["OK"]);
    table.add(
        "224",
        "the server closes without an answer",
        equipment.line()?,
    )?;
    table.print("pages", HTTP);
    Ok(())
}
