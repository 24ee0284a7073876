//! Mail by Postfix.

use super::content;
use anyhow::{Result, ensure};
use hayes_tests::content::noise;
use hayes_tests::message::Mail;
use hayes_tests::postfix::{self, Postfix};
use hayes_tests::simcom::{self, Panel};

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
