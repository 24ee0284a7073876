//! The context that the module's services use (reference 3.2, 3.3), and the port that data go to (3.6).

use super::super::names::{CATR, CGSOCKCONT, CSOCKAUTH, CSOCKSETPN};
use super::facts::FACTS;
use super::quirks;
use super::steps::set;
use crate::modem::{Chat, Expect, Line, Settings, until_answered};
use crate::service::{Result, Secret};

/// The context that is used; also the default of every service.
const CONTEXT: u32 = 1;

/// PAP.
const PAP: u32 = 1;

/// Sets what is configured. Services open the context themselves.
pub(super) async fn up(chat: &mut Chat, settings: &Settings) -> Result<()> {
    // It may have restarted without a word: in auto-baud mode it says none (reference 1, 16-A34). An echo would be
    // taken for answers, and failures would have no numbers.
    for setup in FACTS.setup.iter().filter(|setup| setup.required) {
        set(chat, &Line::new(setup.command), "set-up").await?;
    }
    if !settings.apn.is_empty() {
        let line = Line::new(CGSOCKCONT).number(CONTEXT).key("IP");
        set(chat, &line.text(&settings.apn)?, "access point").await?;
        let line = Line::new(CSOCKAUTH).number(CONTEXT);
        let line = if settings.apn_user.is_empty() {
            line.number(0_u32)
        } else {
            let none = Secret::new(String::new());
            let line = line.number(PAP);
            let password = settings.apn_password.as_ref().unwrap_or(&none);
            // Firmwares have both orders (reference 3.3).
            match quirks::user_comes_first(settings) {
                true => line.text(&settings.apn_user)?.secret(password)?,
                false => line.secret(password)?.text(&settings.apn_user)?,
            }
        };
        // Firmware without it knows no such access points.
        if settings.apn_user.is_empty() {
            until_answered(chat, &line, Expect::result()).await?;
        } else {
            set(chat, &line, "access point's user").await?;
        }
        let line = Line::new(CSOCKSETPN).number(CONTEXT);
        until_answered(chat, &line, Expect::result()).await?;
    }
    // Firmware without it has one port.
    let line = Line::new(CATR).number(port(&settings.device));
    until_answered(chat, &line, Expect::result()).await?;
    Ok(())
}

/// `<port>`: 1 is the UART, 0 all of them. A port of the USB kind may be the module's own, or a cable's.
fn port(device: &str) -> u32 {
    let name = device.rsplit('/').next().unwrap_or(device);
    let is_uart = ["ttyS", "ttyAMA", "ttymxc", "ttyO", "serial"]
        .iter()
        .any(|begin| name.starts_with(begin));
    u32::from(is_uart)
}

#[cfg(test)]
mod tests {
    #[test]
    fn the_port_follows_from_the_device() {
        for (device, number) in [
            ("/dev/ttyS1", 1),
            ("/dev/ttyAMA0", 1),
            ("/dev/ttyUSB2", 0),
            ("/dev/serial/by-id/usb-SimTech-if02-port0", 0),
            ("pty:lte", 0),
        ] {
            assert_eq!(super::port(device), number, "{device}");
        }
    }
}
