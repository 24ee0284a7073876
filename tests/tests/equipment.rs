//! Serial equipment at a pseudo-terminal, hayesd as its module, a real server behind it.

use anyhow::{Context as _, Result, ensure};
use hayes_tests::equipment::Equipment;
use hayes_tests::message::Mail;
use hayes_tests::office::{Account, Office, Route};
use hayes_tests::ports;
use hayes_tests::postfix::{self, PASSWORD, Postfix};
use hayes_tests::quectel::{self, Kind, SslType};
use hayes_tests::smtp::{Answer, SmtpServer, Step};
use std::sync::{Arc, Mutex};
use std::thread::sleep;
use std::time::Duration;

/// A little more than the guard time of the escape, 1 s unless S12 says otherwise.
const GUARD: Duration = Duration::from_millis(1300);

const TO_ONE: &[(Kind, &str)] = &[(Kind::To, "one@example.org")];

/// Postfix, hayesd and equipment with the server set up.
async fn ready(ssl: SslType) -> Result<(Postfix, Office, Equipment)> {
    let postfix = Postfix::start()?;
    let office = Office::open(Route::Ip, &Account::of(&postfix)).await?;
    let mut equipment = office.equipment()?;
    equipment.ok("ATE0")?;
    let port = match ssl {
        SslType::None => postfix.ports().plain,
        SslType::Implicit => postfix.ports().implicit,
        SslType::StartTls => postfix.ports().starttls,
    };
    quectel::set_up(&mut equipment, port, ssl, Some(PASSWORD))?;
    Ok((postfix, office, equipment))
}

/// A mail without server fixture: the port is somebody else's.
async fn aimed_at(port: u16) -> Result<(Office, Equipment)> {
    let office = Office::open(Route::Ip, &Account::bare(port)).await?;
    let mut equipment = office.equipment()?;
    equipment.ok("ATE0")?;
    quectel::set_up(&mut equipment, port, SslType::None, None)?;
    quectel::recipients(&mut equipment, TO_ONE)?;
    quectel::body(&mut equipment, 0, b"text")?;
    Ok((office, equipment))
}

#[tokio::test]
async fn mail_by_every_kind_of_tls() -> Result<()> {
    let (postfix, _office, mut equipment) = ready(SslType::None).await?;
    let ports = postfix.ports();
    let kinds = [
        (SslType::None, ports.plain),
        (SslType::Implicit, ports.implicit),
        (SslType::StartTls, ports.starttls),
    ];
    quectel::recipients(&mut equipment, TO_ONE)?;
    equipment.ok(r#"AT+QSMTPSUB=0,"TEST SMTP""#)?;
    quectel::body(&mut equipment, 0, b"What is composed survives the sending.")?;
    for (index, (ssl, port)) in kinds.into_iter().enumerate() {
        quectel::set_up_again(&mut equipment, port, ssl)?;
        ensure!(quectel::put(&mut equipment)? == "0,0", "{ssl:?}");
        let messages = postfix.mailbox("one@example.org").expect(index + 1)?;
        let mail = Mail::parse(messages.last().context("the mail")?)?;
        ensure!(mail.subject == "TEST SMTP");
        ensure!(mail.text()? == "What is composed survives the sending.");
    }
    Ok(())
}

#[tokio::test]
async fn two_attachments_cc_and_bcc() -> Result<()> {
    let (postfix, _office, mut equipment) = ready(SslType::Implicit).await?;
    let binary: Vec<u8> = (0..=255).rev().cycle().take(7001).collect();
    quectel::file(&mut equipment, "RAM:test.txt", b"a text file\r\n")?;
    quectel::file(&mut equipment, "trace.bin", &binary)?;
    quectel::recipients(
        &mut equipment,
        &[
            (Kind::To, "one@example.org"),
            (Kind::Cc, "cc@example.org"),
            (Kind::Bcc, "bcc@example.org"),
        ],
    )?;
    quectel::body(&mut equipment, 0, b"See both.")?;
    equipment.ok(r#"AT+QSMTPATT=1,1,"RAM:test.txt""#)?;
    equipment.ok(r#"AT+QSMTPATT=1,2,"trace.bin""#)?;
    ensure!(quectel::put(&mut equipment)? == "0,0");
    for name in ["one", "cc", "bcc"] {
        let raw = postfix
            .mailbox(&format!("{name}@example.org"))
            .expect_one()?;
        let mail = Mail::parse(&raw)?;
        ensure!(mail.to == ["one@example.org"] && mail.cc == ["cc@example.org"]);
        ensure!(mail.text()? == "See both.");
        ensure!(mail.attachments.len() == 2, "{:?}", mail.attachments);
        ensure!(mail.attachments[0] == ("test.txt".into(), b"a text file\r\n".to_vec()));
        ensure!(mail.attachments[1] == ("trace.bin".into(), binary.clone()));
        ensure!(!mail.mentions("\nbcc:"));
        ensure!(
            name == "bcc" || !mail.mentions("bcc@example.org"),
            "{name} sees bcc"
        );
    }
    Ok(())
}

/// Bytes that no charset explains go as they came.
#[tokio::test]
async fn end_of_data_nul_and_8_bit_bytes_arrive_as_they_were() -> Result<()> {
    let (postfix, _office, mut equipment) = ready(SslType::Implicit).await?;
    let mut bytes = b".\r\nfirst\r\n.\r\nQUIT\r\n..\r\n".to_vec();
    bytes.extend(0..=255);
    bytes.extend(b"\r\n.\r\n");
    quectel::recipients(&mut equipment, TO_ONE)?;
    quectel::body(&mut equipment, 0, &bytes)?;
    ensure!(quectel::put(&mut equipment)? == "0,0");
    let mail = Mail::parse(&postfix.mailbox("one@example.org").expect_one()?)?;
    ensure!(mail.text == bytes, "{}", mail.text.escape_ascii());
    ensure!(
        mail.charset.as_deref() == Some("unknown-8bit"),
        "{:?}",
        mail.charset
    );
    Ok(())
}

#[tokio::test]
async fn charsets_become_utf_8() -> Result<()> {
    let (postfix, _office, mut equipment) = ready(SslType::Implicit).await?;
    quectel::recipients(&mut equipment, TO_ONE)?;
    // 你好 in GB2312.
    equipment.ok("AT+QSMTPSUB=2,\"C4E3BAC3\"")?;
    quectel::body(&mut equipment, 2, b"\xC4\xE3\xBA\xC3, pump")?;
    ensure!(quectel::put(&mut equipment)? == "0,0");
    let mail = Mail::parse(&postfix.mailbox("one@example.org").expect_one()?)?;
    ensure!(
        mail.subject == "你好" && mail.text()? == "你好, pump",
        "{mail:?}"
    );
    Ok(())
}

#[tokio::test]
async fn pluses_inside_a_burst_are_text() -> Result<()> {
    let (postfix, _office, mut equipment) = ready(SslType::Implicit).await?;
    let mut text = b"+++ at the beginning, \r\n+++\r\n in a line, ".to_vec();
    text.extend([b'+'; 4095]);
    text.extend(b" many, and at the end +++");
    quectel::recipients(&mut equipment, TO_ONE)?;
    quectel::body(&mut equipment, 0, &text)?;
    ensure!(quectel::put(&mut equipment)? == "0,0");
    let mail = Mail::parse(&postfix.mailbox("one@example.org").expect_one()?)?;
    ensure!(
        mail.text()?.as_bytes()
            == text
                .as_slice()
                .split(|&b| b == b'\r')
                .collect::<Vec<_>>()
                .concat()
    );
    Ok(())
}

#[tokio::test]
async fn pluses_between_two_silences_end_the_body() -> Result<()> {
    let (postfix, _office, mut equipment) = ready(SslType::Implicit).await?;
    quectel::recipients(&mut equipment, TO_ONE)?;
    equipment.send("AT+QSMTPBODY=0,1000,60\r")?;
    equipment.expect("CONNECT\r\n")?;
    equipment.send("short of what was announced")?;
    sleep(GUARD);
    equipment.send("+++")?;
    // The guard is silence: the answer comes after it.
    ensure!(equipment.result()? == ["+QSMTPBODY: 27", "OK"]);
    equipment.ok("AT")?;
    ensure!(equipment.command("ATO")? == ["NO CARRIER"]);
    ensure!(quectel::put(&mut equipment)? == "0,0");
    let mail = Mail::parse(&postfix.mailbox("one@example.org").expect_one()?)?;
    ensure!(mail.text()? == "short of what was announced");
    Ok(())
}

#[tokio::test]
async fn input_time_ends_the_body() -> Result<()> {
    let (_postfix, _office, mut equipment) = ready(SslType::Implicit).await?;
    equipment.send("AT+QSMTPBODY=0,1000,1\r")?;
    equipment.expect("CONNECT\r\n")?;
    equipment.send("too slow")?;
    ensure!(equipment.result()? == ["+QSMTPBODY: 8", "OK"]);
    equipment.ok("AT")?;
    Ok(())
}

#[tokio::test]
async fn the_longest_body_fits_and_one_byte_more_does_not() -> Result<()> {
    let (postfix, _office, mut equipment) = ready(SslType::Implicit).await?;
    let line = "0123456789 a body of the longest kind that fits into it.\r\n";
    let text: String = line.chars().cycle().take(10_239).chain(['!']).collect();
    quectel::recipients(&mut equipment, TO_ONE)?;
    quectel::body(&mut equipment, 0, text.as_bytes())?;
    ensure!(equipment.command("AT+QSMTPBODY=0,10241,60")? == ["+CME ERROR: 664"]);
    ensure!(quectel::put(&mut equipment)? == "0,0");
    let mail = Mail::parse(&postfix.mailbox("one@example.org").expect_one()?)?;
    ensure!(mail.text()? == text.replace("\r\n", "\n"));
    Ok(())
}

#[tokio::test]
async fn wrong_password_is_677_535() -> Result<()> {
    let (_postfix, _office, mut equipment) = ready(SslType::Implicit).await?;
    equipment.ok(&format!(
        r#"AT+QSMTPCFG="account","{}","wrong""#,
        postfix::USER
    ))?;
    quectel::recipients(&mut equipment, TO_ONE)?;
    quectel::body(&mut equipment, 0, b"text")?;
    ensure!(quectel::put(&mut equipment)? == "677,535");
    equipment.ok("AT")?;
    Ok(())
}

#[tokio::test]
async fn one_refused_recipient_refuses_the_mail_for_all() -> Result<()> {
    let (postfix, _office, mut equipment) = ready(SslType::Implicit).await?;
    let list = [
        (Kind::To, "one@example.org"),
        (Kind::To, postfix::REFUSED),
        (Kind::Cc, "two@example.org"),
    ];
    quectel::recipients(&mut equipment, &list)?;
    quectel::body(&mut equipment, 0, b"text")?;
    ensure!(quectel::put(&mut equipment)? == "678,550");
    // A mail that was taken is delivered before this one, by the same queue.
    equipment.ok(&format!(r#"AT+QSMTPDST=0,1,"{}""#, postfix::REFUSED))?;
    ensure!(quectel::put(&mut equipment)? == "0,0");
    postfix.mailbox("one@example.org").expect_one()?;
    postfix.mailbox("two@example.org").expect_one()?;
    Ok(())
}

#[tokio::test]
async fn server_down_is_654() -> Result<()> {
    let (_office, mut equipment) = aimed_at(ports::free()?).await?;
    ensure!(quectel::put(&mut equipment)? == "654,0");
    Ok(())
}

#[tokio::test]
async fn silent_server_is_658_after_the_timeout_that_was_asked_for() -> Result<()> {
    let server = SmtpServer::start(|step, _| match step {
        Step::Connect => Answer::Silence,
        _ => Answer::Usual,
    })?;
    let (_office, mut equipment) = aimed_at(server.port()).await?;
    equipment.ok("AT+QSMTPPUT=60")?;
    // Busy meanwhile, but not deaf.
    ensure!(equipment.command("AT+QSMTPCLR")? == ["+CME ERROR: 652"]);
    equipment.ok("AT")?;
    equipment.set_patience(Duration::from_secs(120));
    ensure!(quectel::put_result(&mut equipment)? == "658,0");
    Ok(())
}

#[tokio::test]
async fn certificate_of_another_host_is_665() -> Result<()> {
    let (postfix, _office, mut equipment) = ready(SslType::Implicit).await?;
    quectel::set_up_again(
        &mut equipment,
        postfix.ports().other_host,
        SslType::Implicit,
    )?;
    // What the equipment asks for does not count: certificates are always verified.
    equipment.ok(r#"AT+QSSLCFG="seclevel",1,0"#)?;
    quectel::recipients(&mut equipment, TO_ONE)?;
    quectel::body(&mut equipment, 0, b"text")?;
    ensure!(quectel::put(&mut equipment)? == "665,0");
    ensure!(
        !postfix.log().contains("sasl_username"),
        "it said who we are"
    );
    Ok(())
}

/// Every reply code of the reference, at the step where a server would give it.
#[tokio::test]
async fn reply_codes_become_the_modules_numbers() -> Result<()> {
    let script = Arc::new(Mutex::new((Step::Other, "")));
    let shared = Arc::clone(&script);
    let server = SmtpServer::start(move |step, _| match *shared.lock().unwrap() {
        (at, line) if at == step => Answer::Line(line),
        _ => Answer::Usual,
    })?;
    let (_office, mut equipment) = aimed_at(server.port()).await?;
    let cases = [
        (Step::Mail, "421 4.3.2 closing", "666,421"),
        (Step::Rcpt, "450 4.2.1 busy", "667,450"),
        (Step::Message, "451 4.3.0 error", "668,451"),
        (Step::Mail, "452 4.3.1 full", "669,452"),
        (Step::Mail, "500 5.5.1 what", "670,500"),
        (Step::Mail, "501 5.5.4 syntax", "671,501"),
        (Step::Data, "502 5.5.1 no", "672,502"),
        (Step::Rcpt, "503 5.5.1 sequence", "673,503"),
        (Step::Mail, "504 5.5.4 parameter", "674,504"),
        (Step::Rcpt, "521 5.3.2 no mail here", "675,521"),
        (Step::Mail, "530 5.7.0 AUTH first", "676,530"),
        (Step::Rcpt, "550 5.1.1 unknown", "678,550"),
        (Step::Rcpt, "551 5.7.1 not local", "679,551"),
        (Step::Message, "552 5.3.4 too big", "680,552"),
        (Step::Rcpt, "553 5.1.3 name", "681,553"),
        (Step::Message, "554 5.7.1 spam", "682,554"),
        (Step::Mail, "555 5.5.4 parameters", "682,555"),
    ];
    for (step, line, wanted) in cases {
        *script.lock().unwrap() = (step, line);
        let told = quectel::put(&mut equipment)?;
        ensure!(
            told == wanted,
            "{line} at {step:?} became {told}, not {wanted}"
        );
    }
    *script.lock().unwrap() = (Step::Other, "");
    ensure!(quectel::put(&mut equipment)? == "0,0");
    ensure!(server.taken().iter().filter(|taken| taken.accepted).count() == 1);
    Ok(())
}

#[tokio::test]
async fn commands_typed_ahead_are_answered_one_by_one() -> Result<()> {
    let (_office, mut equipment) = aimed_at(ports::free()?).await?;
    equipment.ok("ATE1")?;
    equipment.send("AT+CMEE?\rAT+CMEE=7\rATE0\rAT+CMEE?\rAT\r")?;
    let wanted = "AT+CMEE?\r\r\n+CMEE: 1\r\n\r\nOK\r\nAT+CMEE=7\r\r\nERROR\r\n";
    let came = equipment.expect("ERROR\r\n")?;
    ensure!(came.ends_with(wanted.as_bytes()), "{}", came.escape_ascii());
    let came = equipment.expect("OK\r\n")?;
    ensure!(came == b"ATE0\r\r\nOK\r\n", "{}", came.escape_ascii());
    // From the next byte on there is no echo.
    let came = equipment.expect("OK\r\n\r\nOK\r\n")?;
    ensure!(
        came == b"\r\n+CMEE: 1\r\n\r\nOK\r\n\r\nOK\r\n",
        "{}",
        came.escape_ascii()
    );
    Ok(())
}

#[tokio::test]
async fn a_body_in_the_same_write_as_its_command_loses_nothing() -> Result<()> {
    let (postfix, _office, mut equipment) = ready(SslType::Implicit).await?;
    quectel::recipients(&mut equipment, TO_ONE)?;
    equipment.send("AT+QSMTPBODY=0,11,60\rhello worldAT+QSMTPPUT=60\r")?;
    ensure!(equipment.result()? == ["CONNECT"]);
    ensure!(equipment.result()? == ["+QSMTPBODY: 11", "OK"]);
    ensure!(equipment.result()? == ["OK"]);
    ensure!(quectel::put_result(&mut equipment)? == "0,0");
    let mail = Mail::parse(&postfix.mailbox("one@example.org").expect_one()?)?;
    ensure!(mail.text()? == "hello world");
    Ok(())
}

/// A clear error each time, and the session goes on.
#[tokio::test]
async fn nonsense_is_refused_and_the_session_goes_on() -> Result<()> {
    let (office, mut equipment) = aimed_at(ports::free()?).await?;
    let long = format!("AT+QSMTPSUB=0,\"{}\"", "x".repeat(5000));
    let lines: &[&[u8]] = &[
        long.as_bytes(),
        b"AT+QSMTPSUB=0,\"\xff\xfe\x80",
        b"AT+QSMTPCFG=\"smtpserver\",\"host",
        b"AT+QSMTPCFG=\"smtpserver\",\"localhost\",65536",
        b"AT+QSMTPCFG=\"smtpserver\",\"localhost\",99999999999999999999",
        b"AT+QSMTPCFG=\"nothing\",1",
        b"AT+QSMTPDST=1,1,\"a@example.org\",1,2,3,4,5,6,7,8,9",
        b"AT+QSMTPDST=2,1,\"a@example.org\"",
        b"AT+QSMTPDST=1,4,\"a@example.org\"",
        b"AT+QSMTPBODY=0,0",
        b"AT+QSMTPBODY=0,-1",
        b"AT+QSMTPBODY=4,10",
        b"AT+QSMTPPUT=59",
        b"AT+QSMTPPUT=65536",
        b"AT+QSMTPATT=1,1,\"../../etc/passwd\"",
        b"AT+NOSUCH=1",
        b"AT=",
        b"ATS",
        b"AT;;;+",
    ];
    for line in lines {
        equipment.send(line)?;
        let answer = equipment.command("")?;
        let last = answer.last().map(String::as_str).unwrap_or_default();
        ensure!(
            last == "ERROR" || last.starts_with("+CME ERROR: "),
            "{} answered {answer:?}",
            line.escape_ascii()
        );
        equipment.ok("AT")?;
    }
    ensure!(!office.site.daemon_log().contains("panicked"));
    Ok(())
}
