//! The README's blocks for a machine, as printed, on one that is booted: from nothing to a panel's first mail.

use anyhow::{Result, bail, ensure};
use hayes_tests::equipment::Equipment;
use hayes_tests::folder::Folder;
use hayes_tests::machine::{Machine, SystemBus};
use hayes_tests::package;
use hayes_tests::printed::{blocks, section};
use hayes_tests::quectel::{self, Kind, SslType};
use hayes_tests::smtp::SmtpServer;
use std::fs;

#[test]
fn from_nothing_to_the_first_mail() -> Result<()> {
    let folder = Folder::new("package")?;
    fs::copy(package::built()?, folder.join("hayesd_0.1.deb"))?;
    let Some(machine) = Machine::boot(SystemBus::Daemon, folder.path())? else {
        return Ok(());
    };
    let server = machine.in_network(SmtpServer::accept_all)?;
    let text = section("A panel on a serial port")?;
    let ([install, set_up], [configuration, _]) =
        (&blocks(text, "console")[..], &blocks(text, "toml")[..])
    else {
        bail!("not two blocks each");
    };

    machine.run(&format!("cd /package\n{install}"))?;
    // A port and a mail server that are there.
    let smtp = format!(
        "port = {}, tls = \"none\", plain_auth = true",
        server.port()
    );
    machine.configure(
        &configuration
            .replace("/dev/ttyS1", "pty:panel")
            .replace("smtp.example.org", "localhost")
            .replace("tls = \"implicit\"", &smtp),
    )?;
    machine.run(&format!("{{\n{set_up}}} <<END\ngeheim\nEND\n"))?;
    let ports = machine.run("hayesctl port list")?;
    ensure!(
        ports.contains("/dev/ttyS1") && ports.contains("keeps away"),
        "{ports}"
    );

    let mut panel = Equipment::open(&machine.pty("panel")?)?;
    panel.ok("ATE0")?;
    quectel::set_up(&mut panel, 25, SslType::None, None)?;
    panel.ok(r#"AT+QSMTPCFG="smtpserver","smtp.old-isp.example",25"#)?;
    quectel::recipients(&mut panel, &[(Kind::To, "one@example.org")])?;
    quectel::body(&mut panel, 0, b"Pressure is low.")?;
    let result = quectel::put(&mut panel)?;
    ensure!(result == "0,0", "{result}");
    let taken = server.taken();
    ensure!(taken.len() == 1 && taken[0].recipients == ["one@example.org"]);
    // NUL pump7 NUL geheim
    let auth = "AUTH PLAIN AHB1bXA3AGdlaGVpbQ==";
    ensure!(server.lines().iter().any(|line| line == auth));

    let [journal] = blocks(section("Administration")?, "console")[..] else {
        bail!("not one block");
    };
    let told = machine.run(journal)?;
    ensure!(
        told.contains("the emulator is started") && told.contains("job accepted"),
        "{told}"
    );
    Ok(())
}
