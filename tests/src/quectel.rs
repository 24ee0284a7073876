//! What mail equipment types at a Quectel module, step by step, and what it must be answered.

use crate::equipment::Equipment;
use crate::postfix::USER;
use anyhow::{Result, ensure};

/// `<ssltype>` of `AT+QSMTPCFG`: how the server is reached.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SslType {
    /// Without TLS.
    None = 0,
    /// TLS from the first byte.
    Implicit = 1,
    /// STARTTLS.
    StartTls = 2,
}

/// Activates the bearer and names the server, the account (none without password) and the sender.
///
/// # Errors
/// A command did not answer as a module does.
pub fn set_up(
    equipment: &mut Equipment,
    port: u16,
    ssl: SslType,
    password: Option<&str>,
) -> Result<()> {
    equipment.ok(r#"AT+QICSGP=1,1,"internet","","",0"#)?;
    equipment.ok("AT+QIACT=1")?;
    equipment.ok(r#"AT+QSMTPCFG="contextid",1"#)?;
    set_up_again(equipment, port, ssl)?;
    if let Some(password) = password {
        equipment.ok(&format!(r#"AT+QSMTPCFG="account","{USER}","{password}""#))?;
    }
    equipment.ok(r#"AT+QSMTPCFG="sender","Pump 7","pump7@example.org""#)?;
    Ok(())
}

/// Names another server.
///
/// # Errors
/// As [`set_up`].
pub fn set_up_again(equipment: &mut Equipment, port: u16, ssl: SslType) -> Result<()> {
    equipment.ok(&format!(r#"AT+QSMTPCFG="ssltype",{}"#, ssl as u8))?;
    equipment.ok(r#"AT+QSMTPCFG="sslctxid",1"#)?;
    equipment.ok(&format!(r#"AT+QSMTPCFG="smtpserver","localhost",{port}"#))?;
    Ok(())
}

/// Kinds of `AT+QSMTPDST`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// To.
    To = 1,
    /// Cc.
    Cc = 2,
    /// Bcc.
    Bcc = 3,
}

/// Adds recipients.
///
/// # Errors
/// As [`set_up`].
pub fn recipients(equipment: &mut Equipment, list: &[(Kind, &str)]) -> Result<()> {
    for &(kind, address) in list {
        equipment.ok(&format!(r#"AT+QSMTPDST=1,{},"{address}""#, kind as u8))?;
    }
    Ok(())
}

/// Enters a body of exactly these bytes.
///
/// # Errors
/// As [`set_up`].
pub fn body(equipment: &mut Equipment, charset: u8, bytes: &[u8]) -> Result<()> {
    let length = bytes.len();
    upload(
        equipment,
        &format!("AT+QSMTPBODY={charset},{length},60"),
        bytes,
        &format!("+QSMTPBODY: {length}"),
    )
}

/// Uploads a file.
///
/// # Errors
/// As [`set_up`].
pub fn file(equipment: &mut Equipment, name: &str, bytes: &[u8]) -> Result<()> {
    let length = bytes.len();
    upload(
        equipment,
        &format!(r#"AT+QFUPL="{name}",{length},10"#),
        bytes,
        &format!("+QFUPL: {length},{:x}", checksum(bytes)),
    )
}

fn upload(equipment: &mut Equipment, command: &str, bytes: &[u8], told: &str) -> Result<()> {
    let lines = equipment.command(command)?;
    ensure!(
        lines.last().is_some_and(|last| last == "CONNECT"),
        "{command} answered {lines:?}"
    );
    equipment.send(bytes)?;
    let lines = equipment.result()?;
    ensure!(lines == [told, "OK"], "{command} ended with {lines:?}");
    Ok(())
}

/// The checksum of the FILE commands: exclusive or over big-endian pairs, an odd last byte on top.
fn checksum(bytes: &[u8]) -> u16 {
    bytes
        .chunks(2)
        .map(|pair| u16::from_be_bytes([pair[0], pair.get(1).copied().unwrap_or(0)]))
        .fold(0, |sum, pair| sum ^ pair)
}

/// `AT+QSMTPPUT`; returns the final `+QSMTPPUT: <err>,<protocol_error>` without its name.
///
/// # Errors
/// It was not begun, or told nothing.
pub fn put(equipment: &mut Equipment) -> Result<String> {
    equipment.ok("AT+QSMTPPUT=60")?;
    put_result(equipment)
}

/// What `+QSMTPPUT:` tells when it comes.
///
/// # Errors
/// It did not come.
pub fn put_result(equipment: &mut Equipment) -> Result<String> {
    loop {
        let line = equipment.line()?;
        if let Some(result) = line.strip_prefix("+QSMTPPUT: ") {
            return Ok(result.to_owned());
        }
    }
}
