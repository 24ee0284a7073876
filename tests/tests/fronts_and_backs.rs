//! Every front with every back: equipment of one dialect, served by a module of another one. The daemon plays
//! the module of the equipment, drives another, and plays that as well; behind it are real servers.

use anyhow::{Context as _, Result, ensure};
use hayes_tests::client::Client;
use hayes_tests::content::noise;
use hayes_tests::dovecot::{self, Dovecot};
use hayes_tests::equipment::Equipment;
use hayes_tests::ftpd::{self, FtpServer};
use hayes_tests::message::Mail;
use hayes_tests::postfix::{self, Postfix};
use hayes_tests::site::Site;
use hayes_tests::{quectel, simcom, wait};

/// Equipment at `panel`, the module that serves it at `module`, and a driver between them.
struct Chain {
    site: Site,
    _client: Client,
}

impl Chain {
    /// `front` is the dialect of the equipment, `back` of the module, `via` the ways out of the former.
    async fn new(front: &str, back: &str, via: &str) -> Result<Self> {
        let mut site = Site::new()?;
        let module = site.pty("module");
        site.configure(&format!(
            "[emulator.panel]\ndevice = \"pty:panel\"\ndialect = \"{front}\"\nvia = {via}\n\
             allow = [\"127.0.0.0/8\", \"::1\", \"localhost\"]\n\
             [emulator.module]\ndevice = \"pty:module\"\ndialect = \"{back}\"\nvia = [\"ip\"]\n\
             allow = [\"127.0.0.0/8\", \"::1\"]\n\
             [modem.lte]\ndevice = \"{}\"\napn = \"internet\"\n",
            module.display()
        ))?;
        let client = site.start().await?;
        let path = "/org/hayesd1/modem/lte";
        client.until(path, "Modem", "State", "ready").await?;
        let dialect: String = client.property(path, "Modem", "Dialect").await?;
        ensure!(dialect == back, "{dialect}");
        Ok(Self {
            site,
            _client: client,
        })
    }

    fn equipment(&self) -> Result<Equipment> {
        let mut equipment = Equipment::open(&self.site.pty("panel"))?;
        // Each of its commands may be many of the module's.
        equipment.set_patience(4 * wait::LONG);
        equipment.ok("ATE0")?;
        equipment.ok("AT+CMEE=1")?;
        Ok(equipment)
    }
}

const SUBJECT: &str = "Report of pump 7";
const TEXT: &[u8] = b"line 1\r\n.\r\nOK\r\n";

/// To, Cc and Bcc of the mail that is sent.
fn recipients() -> [&'static str; 3] {
    [0, 3, 4].map(|at| postfix::RECIPIENTS[at])
}

/// A mail as a SIMCom module's equipment sends it; what it was told.
fn send_simcom(equipment: &mut Equipment, port: u16, file: &[u8]) -> Result<String> {
    let login = Some((postfix::USER, postfix::PASSWORD));
    simcom::mail_server(equipment, port, login)?;
    simcom::put_file(equipment, "C:/report.bin", file)?;
    equipment.ok("AT+FSCD=C:")?;
    equipment.ok("AT+SMTPFILE=1,\"report.bin\"")?;
    for (kind, recipient) in recipients().into_iter().enumerate() {
        equipment.ok(&format!("AT+SMTPRCPT={kind},0,\"{recipient}\",\"Desk\""))?;
    }
    equipment.ok(&format!("AT+SMTPSUB=\"{SUBJECT}\""))?;
    simcom::body(equipment, TEXT)?;
    simcom::send(equipment)
}

/// The same as a Quectel module's does it.
fn send_quectel(equipment: &mut Equipment, port: u16, file: &[u8]) -> Result<String> {
    let password = Some(postfix::PASSWORD);
    quectel::set_up(equipment, port, quectel::SslType::None, password)?;
    quectel::file(equipment, "RAM:report.bin", file)?;
    equipment.ok("AT+QSMTPATT=1,1,\"RAM:report.bin\"")?;
    let kinds = [quectel::Kind::To, quectel::Kind::Cc, quectel::Kind::Bcc];
    let list: Vec<_> = kinds.into_iter().zip(recipients()).collect();
    quectel::recipients(equipment, &list)?;
    equipment.ok(&format!("AT+QSMTPSUB=0,\"{SUBJECT}\""))?;
    quectel::body(equipment, 0, TEXT)?;
    quectel::put(equipment)
}

fn check_mail(postfix: &Postfix, file: &[u8]) -> Result<()> {
    let [to, cc, bcc] = recipients();
    for recipient in recipients() {
        let mail = Mail::parse(&postfix.mailbox(recipient).expect_one()?)?;
        let (to_all, copies) = (mail.to.join(", "), mail.cc.join(", "));
        if recipient == bcc {
            // A mail of his own.
            ensure!(to_all == bcc && copies.is_empty(), "{to_all}; {copies}");
        } else {
            ensure!(to_all == to && copies == cc, "{to_all}; {copies}");
            ensure!(!mail.mentions(bcc), "{recipient} sees {bcc}");
        }
        ensure!(mail.subject == SUBJECT, "{}", mail.subject);
        ensure!(mail.from == ["pump7@example.org"], "{:?}", mail.from);
        let text = mail.text()?;
        ensure!(text == "line 1\n.\nOK", "{text:?}");
        let (name, bytes) = mail.attachments.first().context("no attachment")?;
        ensure!(name == "report.bin" && bytes == file, "{name}");
    }
    Ok(())
}

type Send = fn(&mut Equipment, u16, &[u8]) -> Result<String>;

#[tokio::test]
async fn mail_of_every_equipment_by_every_module() -> Result<()> {
    let file = noise(30_000, 5);
    let fronts: [(&str, Send, &str); 2] = [
        ("simcom", send_simcom, "+SMTP: SUCCESS"),
        ("quectel", send_quectel, "0,0"),
    ];
    for (front, send, success) in fronts {
        for back in ["quectel", "simcom"] {
            let postfix = Postfix::start()?;
            let chain = Chain::new(front, back, "[\"modem:lte\"]").await?;
            let mut equipment = chain.equipment()?;
            let told = send(&mut equipment, postfix.ports().plain, &file)
                .with_context(|| format!("{front} by {back}"))?;
            ensure!(told == success, "{front} by {back}: {told}");
            check_mail(&postfix, &file).with_context(|| format!("{front} by {back}"))?;
        }
    }
    Ok(())
}

/// What a server refuses comes back through both dialects, and the next mail goes.
#[tokio::test]
async fn a_refusal_comes_back_by_another_module() -> Result<()> {
    let postfix = Postfix::start()?;
    let chain = Chain::new("simcom", "quectel", "[\"modem:lte\"]").await?;
    let mut equipment = chain.equipment()?;
    let port = postfix.ports().plain;
    simcom::mail_server(&mut equipment, port, Some((postfix::USER, "wrong")))?;
    equipment.ok(&format!("AT+SMTPRCPT=0,0,\"{}\"", postfix::RECIPIENTS[0]))?;
    let told = simcom::send(&mut equipment)?;
    ensure!(told == "+SMTP: AUTH ERROR", "{told}");
    let login = Some((postfix::USER, postfix::PASSWORD));
    simcom::mail_server(&mut equipment, port, login)?;
    equipment.ok(&format!("AT+SMTPRCPT=0,0,\"{}\"", postfix::REFUSED))?;
    let told = simcom::send(&mut equipment)?;
    ensure!(told == "+SMTP: SERVER ERROR", "{told}");
    equipment.ok(&format!("AT+SMTPRCPT=0,0,\"{}\"", postfix::RECIPIENTS[0]))?;
    let told = simcom::send(&mut equipment)?;
    ensure!(told == "+SMTP: SUCCESS", "{told}");
    postfix.mailbox(postfix::RECIPIENTS[0]).expect_one()?;
    Ok(())
}

const MAILS: [&str; 2] = [
    "From: a@example.org\nDate: Mon, 17 Aug 2009 14:09:27 +0800\nSubject: one\n\nplain\n",
    "From: b@example.org\nDate: Mon, 17 Aug 2009 14:09:28 +0800\nSubject: two\n\
     MIME-Version: 1.0\nContent-Type: multipart/mixed; boundary=b\n\n--b\n\
     Content-Type: text/plain\n\nsee there\n--b\nContent-Type: application/octet-stream\n\
     Content-Disposition: attachment; filename=log.csv\n\n1;2\n--b--\n",
];

fn check_mailbox(equipment: &mut Equipment, port: u16) -> Result<()> {
    simcom::mailbox(equipment, port, dovecot::USER, dovecot::PASSWORD)?;
    ensure!(simcom::told(equipment, "AT+POP3IN")? == "+POP3: SUCCESS, OK");
    let listed = equipment.ok("AT+POP3LIST")?;
    ensure!(listed[0].starts_with("+POP3: 2 "), "{listed:?}");
    let header = equipment.ok("AT+POP3HDR=2")?;
    ensure!(header[2] == "Subject: two", "{header:?}");
    let (folder, file) = simcom::fetch(equipment, 2)?.map_err(anyhow::Error::msg)?;
    let names = simcom::files(equipment, &folder)?;
    ensure!(
        names.len() == 2 && names.contains(&"log.csv".to_owned()),
        "{names:?}"
    );
    let text = simcom::take_file(equipment, &format!("{folder}{file}"))?;
    ensure!(text.windows(9).any(|part| part == b"see there"));
    let log = simcom::take_file(equipment, &format!("{folder}log.csv"))?;
    ensure!(log == b"1;2", "{}", log.escape_ascii());
    ensure!(simcom::told(equipment, "AT+POP3DEL=1")? == "+POP3: SUCCESS, OK");
    ensure!(simcom::told(equipment, "AT+POP3OUT")? == "+POP3: SUCCESS, OK");
    ensure!(simcom::told(equipment, "AT+POP3IN")? == "+POP3: SUCCESS, OK");
    let counted = equipment.ok("AT+POP3NUM")?;
    ensure!(counted[0].starts_with("+POP3: 1, "), "{counted:?}");
    equipment.ok("AT+POP3STOP")?;
    Ok(())
}

fn check_files(equipment: &mut Equipment, server: &FtpServer) -> Result<()> {
    simcom::file_server(equipment, server.explicit(), ftpd::USER, ftpd::PASSWORD)?;
    equipment.ok("AT+CFTPMODE=1")?;
    let content = [vec![0x03; 500], vec![0x1a; 500], noise(50_000, 9)].concat();
    let told = simcom::put(equipment, "work/a.bin", &content, 1000)?;
    ensure!(told == ["OK"], "{told:?}");
    ensure!(std::fs::read(server.file("a.bin"))? == content);
    ensure!(simcom::get(equipment, "work/a.bin")? == content);
    equipment.ok("AT+CFTPGETFILE=\"work/a.bin\",1")?;
    let told = equipment.line()?;
    ensure!(told == "+CFTPGETFILE: 0", "{told}");
    ensure!(simcom::take_file(equipment, "C:/Picture/a.bin")? == content);
    let told = equipment.command("AT+CFTPGET=\"work/none\"")?;
    ensure!(told == ["+CME ERROR: 211"], "{told:?}");
    Ok(())
}

/// What a module has commands for goes through it, and for the rest there is the next way.
#[tokio::test]
async fn mailbox_and_files_by_every_module() -> Result<()> {
    let ways = [
        ("simcom", "[\"modem:lte\"]"),
        ("quectel", "[\"modem:lte\", \"ip\"]"),
    ];
    for (back, via) in ways {
        let dovecot = Dovecot::start(&MAILS.map(|text| text.as_bytes().to_vec()))?;
        let server = FtpServer::start(ftpd::Kind::Vsftpd)?;
        let chain = Chain::new("simcom", back, via).await?;
        let mut equipment = chain.equipment()?;
        check_mailbox(&mut equipment, dovecot.ports().plain).with_context(|| back.to_owned())?;
        check_files(&mut equipment, &server).with_context(|| back.to_owned())?;
    }
    Ok(())
}

/// Our Quectel driver has no commands for mailboxes, files and HTTP: the equipment hears so in its own words,
/// at once, and goes on.
#[tokio::test]
async fn what_a_module_cannot_do_is_told() -> Result<()> {
    let chain = Chain::new("simcom", "quectel", "[\"modem:lte\"]").await?;
    let mut equipment = chain.equipment()?;
    simcom::mailbox(&mut equipment, 110, "pump7", "x")?;
    simcom::file_server(&mut equipment, 21, "pump7", "x")?;
    simcom::put_file(&mut equipment, "C:/Picture/a.bin", b"x")?;
    for (command, told) in [
        ("AT+POP3IN", &["+POP3: SERVER ERROR", "ERROR"][..]),
        ("AT+POP3NUM", &["ERROR"]),
        ("AT+CFTPPUT=\"a.bin\"", &["+CME ERROR: 201"]),
        ("AT+CFTPGET=\"a.bin\"", &["+CME ERROR: 201"]),
        ("AT+CFTPLIST=\"/\"", &["+CME ERROR: 201"]),
        ("AT+CHTTPACT=\"localhost\",80", &["+CME ERROR: 227"]),
    ] {
        let lines = equipment.command(command)?;
        ensure!(lines == told, "{command}: {lines:?}");
    }
    for name in ["CFTPGETFILE", "CFTPPUTFILE"] {
        equipment.ok(&format!("AT+{name}=\"a.bin\",1"))?;
        let told = equipment.line()?;
        ensure!(told == format!("+{name}: 201"), "{told}");
    }
    Ok(())
}
