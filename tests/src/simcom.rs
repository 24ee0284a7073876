//! What equipment types at a SIMCom module, step by step, and what it must be answered.

use crate::client::Client;
use crate::equipment::Equipment;
use crate::faketime::FakeTime;
use crate::site::Site;
use anyhow::{Context as _, Result, bail, ensure};
use std::ffi::OsStr;

/// A running site with one emulator (`panel`) that reaches this machine.
pub struct Panel {
    /// The processes.
    pub site: Site,
    /// A caller.
    pub client: Client,
}

impl Panel {
    /// Starts it.
    ///
    /// # Errors
    /// Something does not start; the log says what.
    pub async fn open() -> Result<Self> {
        Self::on(Site::new()?, "").await
    }

    /// The same on a site that is there already; `more` are further keys of the emulator, and tables behind it.
    ///
    /// # Errors
    /// As [`Panel::open`].
    pub async fn on(mut site: Site, more: &str) -> Result<Self> {
        site.configure(&format!(
            "[emulator.panel]\ndevice = \"pty:panel\"\ndialect = \"simcom\"\n\
             allow = [\"127.0.0.0/8\", \"::1\"]\n{more}",
        ))?;
        let client = site.start().await?;
        let panel = Self { site, client };
        panel.ready().await?;
        Ok(panel)
    }

    /// The same, for whose daemon time passes as the test says.
    ///
    /// # Errors
    /// As [`Panel::open`]; libfaketime is not installed.
    pub async fn with_time() -> Result<(Self, FakeTime)> {
        let mut site = Site::new()?;
        let time = FakeTime::running(site.folder())?;
        let variables = time.environment();
        let variables: Vec<(&str, &OsStr)> = variables
            .iter()
            .map(|(name, value)| (*name, value.as_os_str()))
            .collect();
        site.set_environment(&variables);
        Ok((Self::on(site, "").await?, time))
    }

    /// Waits until equipment is served.
    ///
    /// # Errors
    /// It is not for a long time.
    pub async fn ready(&self) -> Result<()> {
        let path = "/org/hayesd1/emulator/panel";
        self.client
            .until(path, "Emulator", "State", "command")
            .await
    }

    /// `kill -9` of the daemon, and a new one.
    ///
    /// # Errors
    /// It does not come back.
    pub async fn crash(&mut self) -> Result<()> {
        self.site.kill()?;
        self.client = self.site.start().await?;
        Ok(())
    }

    /// Equipment at its port, without echo and with numbers for errors.
    ///
    /// # Errors
    /// It does not open, or does not answer as a module does.
    pub fn equipment(&self) -> Result<Equipment> {
        let mut equipment = Equipment::open(&self.site.pty("panel"))?;
        equipment.ok("ATE0")?;
        equipment.ok("AT+CMEE=1")?;
        Ok(equipment)
    }
}

/// Names the server of mail and the sender.
///
/// # Errors
/// A command did not answer as a module does.
pub fn mail_server(
    equipment: &mut Equipment,
    port: u16,
    login: Option<(&str, &str)>,
) -> Result<()> {
    equipment.ok(&format!("AT+SMTPSRV=\"localhost\",{port}"))?;
    match login {
        Some((user, password)) => {
            equipment.ok(&format!("AT+SMTPAUTH=1,\"{user}\",\"{password}\""))?
        }
        None => equipment.ok("AT+SMTPAUTH=0")?,
    };
    equipment.ok("AT+SMTPFROM=\"pump7@example.org\",\"Pump 7\"")?;
    Ok(())
}

/// Names the server of a mailbox.
///
/// # Errors
/// As [`mail_server`].
pub fn mailbox(equipment: &mut Equipment, port: u16, user: &str, password: &str) -> Result<()> {
    let line = format!("AT+POP3SRV=\"localhost\",\"{user}\",\"{password}\",{port}");
    equipment.ok(&line).map(drop)
}

/// Names the server of files.
///
/// # Errors
/// As [`mail_server`].
pub fn file_server(equipment: &mut Equipment, port: u16, user: &str, password: &str) -> Result<()> {
    equipment.ok("AT+CFTPSERV=\"localhost\"")?;
    equipment.ok(&format!("AT+CFTPPORT={port}"))?;
    equipment.ok(&format!("AT+CFTPUN=\"{user}\""))?;
    equipment.ok(&format!("AT+CFTPPW=\"{password}\""))?;
    Ok(())
}

/// Enters a body by its prompt.
///
/// # Errors
/// As [`mail_server`].
pub fn body(equipment: &mut Equipment, text: &[u8]) -> Result<()> {
    equipment.send("AT+SMTPBODY\r")?;
    equipment.expect("\r\n>> ")?;
    equipment.send([text, b"\x1A"].concat())?;
    let lines = equipment.result()?;
    ensure!(lines == ["OK"], "the body ended with {lines:?}");
    Ok(())
}

/// Puts a file onto the module.
///
/// # Errors
/// As [`mail_server`].
pub fn put_file(equipment: &mut Equipment, path: &str, content: &[u8]) -> Result<()> {
    equipment.send(format!("AT+CFTRANRX=\"{path}\",{}\r", content.len()))?;
    equipment.expect("\r\n>")?;
    equipment.send(content)?;
    let lines = equipment.result()?;
    ensure!(lines == ["OK"], "{path} ended with {lines:?}");
    Ok(())
}

/// Takes a file from the module.
///
/// # Errors
/// As [`mail_server`].
pub fn take_file(equipment: &mut Equipment, path: &str) -> Result<Vec<u8>> {
    equipment.send(format!("AT+CFTRANTX=\"{path}\"\r"))?;
    let content = blocks(equipment, "+CFTRANTX")?;
    let lines = equipment.result()?;
    ensure!(lines == ["OK"], "{path} ended with {lines:?}");
    Ok(content)
}

/// `AT+SMTPSEND`; how it was answered, or what its line told later.
///
/// # Errors
/// It told nothing.
pub fn send(equipment: &mut Equipment) -> Result<String> {
    let lines = equipment.command("AT+SMTPSEND")?;
    match lines.iter().map(String::as_str).collect::<Vec<_>>()[..] {
        ["+SMTP: OK", "OK"] => equipment.line(),
        [told, "ERROR"] => Ok(format!("{told}, at once")),
        _ => bail!("AT+SMTPSEND answered {lines:?}"),
    }
}

/// What a command of one line of information tells, or its error.
///
/// # Errors
/// It did not answer as a module does.
pub fn told(equipment: &mut Equipment, command: &str) -> Result<String> {
    let lines = equipment.command(command)?;
    Ok(lines.join(", "))
}

/// `AT+POP3GET`: the folder and the name of the mail, or what it told instead.
///
/// # Errors
/// It told nothing.
pub fn fetch(
    equipment: &mut Equipment,
    number: usize,
) -> Result<std::result::Result<(String, String), String>> {
    let lines = equipment.command(&format!("AT+POP3GET={number}"))?;
    if lines != ["OK"] {
        return Ok(Err(lines.join(", ")));
    }
    let told = equipment.line()?;
    if told != "+POP3: SUCCESS" {
        return Ok(Err(told));
    }
    let place = equipment.line()?;
    let (folder, name) = place.split_once(", ").with_context(|| place.clone())?;
    Ok(Ok((folder.into(), name.into())))
}

/// The names of the files in a folder of the module.
///
/// # Errors
/// As [`mail_server`].
pub fn files(equipment: &mut Equipment, folder: &str) -> Result<Vec<String>> {
    equipment.ok(&format!("AT+FSCD={folder}"))?;
    let lines = equipment.ok("AT+FSLS=2")?;
    let names = lines
        .iter()
        .filter(|line| *line != "OK" && !line.starts_with("+FSLS"));
    Ok(names.cloned().collect())
}

/// Sends content to the server of files: as it is coded on the line, in writes of so many bytes. Gives what it
/// was answered at the end.
///
/// # Errors
/// It was not asked for.
pub fn put(
    equipment: &mut Equipment,
    path: &str,
    content: &[u8],
    size: usize,
) -> Result<Vec<String>> {
    equipment.send(format!("AT+CFTPPUT=\"{path}\"\r"))?;
    equipment.expect("\r\n+CFTPPUT: BEGIN\r\n")?;
    let mut wire = Vec::new();
    hayes_ldisc::discipline::stuffing::encode(content, &mut wire);
    wire.push(hayes_ldisc::discipline::stuffing::END);
    for piece in wire.chunks(size) {
        equipment.send(piece)?;
    }
    equipment.result()
}

/// Fetches content from the server of files.
///
/// # Errors
/// It did not come to its end.
pub fn get(equipment: &mut Equipment, path: &str) -> Result<Vec<u8>> {
    let lines = equipment.command(&format!("AT+CFTPGET=\"{path}\""))?;
    ensure!(lines == ["OK"], "{lines:?}");
    blocks(equipment, "+CFTPGET")
}

/// Bytes in blocks, each announced by its length; `NAME: 0` ends them.
///
/// # Errors
/// They ended otherwise.
pub fn blocks(equipment: &mut Equipment, name: &str) -> Result<Vec<u8>> {
    let mut content = Vec::new();
    loop {
        let line = equipment.line()?;
        let text = line
            .strip_prefix(name)
            .and_then(|rest| rest.strip_prefix(": "));
        match text {
            Some("0") => return Ok(content),
            Some(text) if text.starts_with("DATA,") => {
                let length = text["DATA,".len()..].parse()?;
                content.extend(equipment.exactly(length)?);
            }
            _ => bail!("{line} after {} bytes", content.len()),
        }
    }
}
