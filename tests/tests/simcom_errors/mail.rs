//! Sending mail.

use super::{Deaf, Table, nobody, panel};
use anyhow::{Result, ensure};
use hayes_tests::equipment::Equipment;
use hayes_tests::postfix::{self, Postfix};
use hayes_tests::simcom;
use hayes_tests::smtp::{Answer, SmtpServer, Step};
use hayes_tests::wait;

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
    let (panel, mut hours) = panel().await?;
    let mut equipment = panel.equipment()?;
    equipment.set_patience(2 * wait::LONG);
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

    let deaf = Deaf::listen()?;
    simcom::mail_server(&mut equipment, deaf.port, None)?;
    equipment.send("AT+SMTPSEND\r")?;
    table.add(
        "+SMTP: NETWORK ERROR",
        "the server takes no connection",
        hours.pass(&panel, &mut equipment).await?,
    )?;
    ensure!(equipment.result()? == ["ERROR"]);

    scripted_mail(&mut equipment, &mut table)?;
    mail_logins(&mut equipment, &mut table)?;

    // 16-A31: the greeting decides, whatever comes of EHLO.
    let mute = SmtpServer::start(|step, _| {
        if step == Step::Ehlo {
            Answer::Silence
        } else {
            Answer::Usual
        }
    })?;
    simcom::mail_server(&mut equipment, mute.port(), None)?;
    ensure!(equipment.command("AT+SMTPSEND")? == ["+SMTP: OK", "OK"]);
    equipment.ok("AT+SMTPSTOP")?;

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
    ensure!(equipment.command("AT+SMTPSEND")? == ["+SMTP: OK", "OK"]);
    table.add(
        "+SMTP: SERVER ERROR",
        "the server falls silent",
        hours.pass(&panel, &mut equipment).await?,
    )?;

    too_large(&mut equipment, &mut table)?;
    table.finish("mail", SMTP, &[])
}

/// Attachments of more than 10 MB.
fn too_large(equipment: &mut Equipment, table: &mut Table) -> Result<()> {
    let (half, rest) = (6_000_000, 4_500_000);
    simcom::put_file(equipment, "C:/half", &vec![0; half])?;
    simcom::put_file(equipment, "C:/rest", &vec![0; rest])?;
    equipment.ok("AT+FSCD=C:")?;
    equipment.ok("AT+SMTPFILE=1,\"half\"")?;
    let told = simcom::told(equipment, "AT+SMTPFILE=2,\"rest\"")?;
    table.add("+SMTP: OVERSIZE", "attachments of 10.5 MB", told)?;
    simcom::put_file(equipment, "C:/small", b"x")?;
    equipment.ok("AT+SMTPFILE=2,\"small\"")?;
    equipment.ok("AT+FSDEL=small")?;
    equipment.ok("AT+FSRENAME=rest,small")?;
    let told = simcom::send(equipment)?;
    table.add(
        "+SMTP: OVERSIZE",
        "one that has grown to 10.5 MB in all since it was attached",
        told,
    )
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
