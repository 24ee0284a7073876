//! Files of vsftpd.

use super::content;
use anyhow::{Context as _, Result, ensure};
use hayes_tests::equipment::Equipment;
use hayes_tests::ftpd::{self, FtpServer, Kind};
use hayes_tests::simcom::{self, Panel};
use hayes_tests::wait;

/// Bytes of a large file.
const LARGE: usize = 5 << 20;

/// Text with line ends as the network has them, and what is stuffed at each place of a line.
fn text(length: usize) -> Vec<u8> {
    let lines = (0..).flat_map(|at: usize| {
        let stuffed = [&b""[..], b"\x03", b"\x1A", b"\x03\x1A", b"\x1A\x03\x03"][at % 5];
        let blanks = vec![b' '; at % 77];
        [stuffed, &blanks, b"line ", stuffed, b"\r\n"].concat()
    });
    let mut bytes: Vec<u8> = lines.take(length).collect();
    bytes.extend(b"\r\n");
    bytes
}

/// Sends `content` in writes of so many bytes, and fetches it again.
fn up_and_down(
    equipment: &mut Equipment,
    server: &FtpServer,
    content: &[u8],
    size: usize,
) -> Result<()> {
    let path = format!("work/{size}.bin");
    let lines = simcom::put(equipment, &path, content, size)?;
    ensure!(lines == ["OK"], "{path}: {lines:?}; {}", server.log());
    let stored = std::fs::read(server.file(&format!("{size}.bin")))?;
    ensure!(stored == content, "{path} is not what was sent");
    let back = simcom::get(equipment, &path)?;
    ensure!(back == content, "{path} is not what was stored");
    Ok(())
}

/// A server, and equipment that knows it.
async fn ftp() -> Result<(FtpServer, Panel, Equipment)> {
    let server = FtpServer::start(Kind::Vsftpd)?;
    let panel = Panel::open().await?;
    let mut equipment = panel.equipment()?;
    equipment.set_patience(4 * wait::LONG);
    let port = server.explicit();
    simcom::file_server(&mut equipment, port, ftpd::USER, ftpd::PASSWORD)?;
    Ok((server, panel, equipment))
}

/// Up and down, byte for byte the same, in both modes and types, however the writes are cut.
#[tokio::test]
async fn large_files_with_every_byte() -> Result<()> {
    let (server, _panel, mut equipment) = ftp().await?;
    let (large, small) = (content(LARGE), content(70_000));
    for mode in [1, 0] {
        equipment.ok(&format!("AT+CFTPMODE={mode}"))?;
        for (content, size) in [(&small, 1), (&large, 7), (&large, 1024), (&large, 65536)] {
            up_and_down(&mut equipment, &server, content, size)
                .with_context(|| format!("mode {mode}"))?;
        }
        // The lines of a text are the network's on the line, and the server's own where it has them.
        equipment.ok("AT+CFTPTYPE=A")?;
        let text = text(500_000);
        ensure!(simcom::put(&mut equipment, "work/a.txt", &text, 1000)? == ["OK"]);
        let stored = std::fs::read(server.file("a.txt"))?;
        let own: Vec<u8> = text.iter().copied().filter(|byte| *byte != b'\r').collect();
        ensure!(stored == own, "mode {mode}: another text is stored");
        ensure!(
            simcom::get(&mut equipment, "work/a.txt")? == text,
            "mode {mode}: the text is another one"
        );
        equipment.ok("AT+CFTPTYPE=I")?;
    }
    Ok(())
}

/// By files of the module, through its folders.
#[tokio::test]
async fn files_of_the_module() -> Result<()> {
    let (server, _panel, mut equipment) = ftp().await?;
    let picture = content(70_000);
    simcom::put_file(&mut equipment, "C:/Picture/p.jpg", &picture)?;
    equipment.ok("AT+CFTPPUTFILE=\"work/p.jpg\",1")?;
    ensure!(equipment.line()? == "+CFTPPUTFILE: 0");
    ensure!(std::fs::read(server.file("p.jpg"))? == picture);
    equipment.ok("AT+CFTPGETFILE=\"work/p.jpg\",2")?;
    ensure!(equipment.line()? == "+CFTPGETFILE: 0");
    ensure!(simcom::take_file(&mut equipment, "C:/Video/p.jpg")? == picture);
    Ok(())
}

/// The daemon dies in the middle of an upload: what is still sent is eaten to its end, and then there is an
/// error; nothing of it is taken for a command.
#[tokio::test]
async fn killed_in_an_upload() -> Result<()> {
    let (server, mut panel, mut equipment) = ftp().await?;
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
