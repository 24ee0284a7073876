//! The examples of hayesctl(1), as they are printed there.

use anyhow::{Result, ensure};
use hayes_tests::dovecot::{self, Dovecot};
use hayes_tests::ftpd::{self, FtpServer, Kind};
use hayes_tests::printed::{page_examples, shell};
use hayes_tests::process::{Process, as_root};
use hayes_tests::site::Site;
use hayes_tests::smtp::SmtpServer;
use hayes_tests::wait;
use std::fs;
use std::io::Write as _;
use std::process::Stdio;

/// An account that has everything, and a module that is played for a driver.
fn configuration(
    site: &Site,
    smtp: &SmtpServer,
    pop3: &Dovecot,
    ftp: &FtpServer,
) -> Result<String> {
    let mut roots = fs::read_to_string(pop3.authority().root())?;
    roots += &fs::read_to_string(ftp.authority().root())?;
    let roots = site.folder().write("roots.pem", roots)?;
    let pop_secret = site.secret("pop", dovecot::PASSWORD)?;
    let ftp_secret = site.secret("ftp", ftpd::PASSWORD)?;
    Ok(format!(
        "default_account = \"main\"\n[tls]\nroots = \"{}\"\n\
         [account.main]\nfrom = \"pump7@example.org\"\n\
         smtp = {{ host = \"127.0.0.1\", port = {}, tls = \"none\" }}\n\
         pop3 = {{ host = \"127.0.0.1\", port = {}, tls = \"starttls\", user = \"{}\", \
         password = {{ file = \"{}\" }} }}\n\
         ftp = {{ host = \"127.0.0.1\", port = {}, tls = \"starttls\", user = \"{}\", \
         password = {{ file = \"{}\" }} }}\n\
         [emulator.panel]\ndevice = \"pty:panel\"\ndialect = \"quectel\"\n\
         [modem.lte]\ndevice = \"{}\"\napn = \"internet\"\n",
        roots.display(),
        smtp.port(),
        pop3.ports().plain,
        dovecot::USER,
        pop_secret.display(),
        ftp.explicit(),
        ftpd::USER,
        ftp_secret.display(),
        site.pty("panel").display(),
    ))
}

/// What the examples find in their folder, and what they leave there.
const FILES: [(&str, &str); 3] = [
    ("work/pump.csv", "7,low\n"),
    ("work/report.txt", "Pressure is low.\n"),
    (
        "work/program",
        "#!/bin/sh\nprintf 'From: pump7@example.org\\nTo: two@example.org\\nSubject: composed\\n\\ntext\\n'\n",
    ),
];

#[tokio::test]
async fn examples_of_the_page_work() -> Result<()> {
    let smtp = SmtpServer::accept_all()?;
    let message = b"From: a@example.org\nSubject: new\n\ntext\n".to_vec();
    let pop3 = Dovecot::start(&[message])?;
    let ftp = FtpServer::start(Kind::Vsftpd)?;
    let mut site = Site::new()?;
    site.configure(&configuration(&site, &smtp, &pop3, &ftp)?)?;
    let client = site.start().await?;
    client
        .until("/org/hayesd1/modem/lte", "Modem", "State", "ready")
        .await?;
    for (name, text) in FILES {
        site.folder().write(name, text)?;
    }
    let work = site.folder().join("work");
    let run = |script: &str| -> Result<String> {
        let path = format!("PATH=\"$PATH:{}\"\n{script}", work.display());
        let mut child = shell(site.bus(), &path)?
            .current_dir(&work)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()?;
        // What asks for a password gets one.
        if let Some(mut stdin) = child.stdin.take() {
            let _ = stdin.write_all(b"geheim\n");
        }
        let output = child.wait_with_output()?;
        let told = String::from_utf8([output.stdout, output.stderr].concat())?;
        ensure!(output.status.success(), "{script}\n{told}");
        Ok(told)
    };
    run("chmod 755 program; mkdir log; echo 2026 > log/2026.csv")?;
    let copied = as_root("cp")
        .arg("-r")
        .arg(work.join("log"))
        .arg(ftp.file("../log"))
        .status()?;
    ensure!(copied.success(), "nothing to fetch");

    let mut traces = 0;
    for example in page_examples()? {
        if !example.starts_with("hayesctl trace ") {
            run(&example)?;
            continue;
        }
        traces += 1;
        let log = site.folder().join("trace.log");
        let trace = Process::start("trace", &mut shell(site.bus(), &example)?, &log)?;
        wait::until("a line of the trace", wait::LONG, || {
            run("hayesctl modem command lte AT+CSQ").ok()?;
            trace.log().contains("AT+CSQ").then_some(())
        })?;
    }
    ensure!(traces == 1);
    let subjects: Vec<_> = smtp
        .taken()
        .iter()
        .map(|mail| mail.header("Subject"))
        .collect();
    let sent = ["Pump 7", "composed"].map(|text| Some(text.to_owned()));
    ensure!(subjects == sent, "{subjects:?}");
    ensure!(fs::read_to_string(work.join("2026.csv"))? == "2026\n");
    ensure!(run("hayesctl account list")?.contains("alerts"));
    Ok(())
}
