//! What a port is and how its line is set.

use super::value::parsed_from_string;
use hayes_ldisc::record::{DtrInput, Flow, LineSettings, Parity, Wiring};
use serde::Deserialize;
use std::fmt;
use std::path::{Path, PathBuf};
use std::str::FromStr;

/// A device as the helper knows it.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Deserialize)]
#[serde(try_from = "String")]
pub enum Device {
    /// A TTY by its absolute path.
    Path(PathBuf),
    /// `pty:NAME`: a pseudo-terminal that the helper makes under this name, or with `helper = "spawn"`
    /// at this absolute path.
    Pty(String),
}

impl FromStr for Device {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let shown = text.escape_default();
        if text.len() > 255 || text.contains(char::is_control) {
            return Err(format!("`{shown}` is not a device"));
        }
        let absolute = |path: &str| {
            path.len() > 1 && path.starts_with('/') && !path.split('/').any(|part| part == "..")
        };
        if let Some(name) = text.strip_prefix("pty:") {
            if absolute(name) || name.parse::<super::Name>().is_ok() {
                return Ok(Self::Pty(name.to_owned()));
            }
            return Err(format!(
                "`{shown}`: after `pty:` comes a name or an absolute path"
            ));
        }
        if absolute(text) {
            return Ok(Self::Path(PathBuf::from(text)));
        }
        Err(format!("`{shown}` is not an absolute path, nor `pty:NAME`"))
    }
}

impl fmt::Display for Device {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Path(path) => write!(f, "{}", path.display()),
            Self::Pty(name) => write!(f, "pty:{name}"),
        }
    }
}

impl Device {
    /// Where a program on this machine opens the device, with the helper's socket in `beside`.
    pub fn path(&self, beside: &Path) -> PathBuf {
        match self {
            Self::Path(path) => path.clone(),
            // Joining an absolute path replaces what it is joined to.
            Self::Pty(name) => beside.join("pty").join(name),
        }
    }
}

/// Data bits, parity and stop bits, written as `8N1`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(try_from = "String")]
pub struct Framing {
    /// 7 or 8.
    pub data_bits: u8,
    /// The parity bit.
    pub parity: Parity,
    /// 1 or 2.
    pub stop_bits: u8,
}

impl FromStr for Framing {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let wrong = || {
            format!(
                "`{}` is not a framing: 7 or 8, then N, O or E, then 1 or 2, as in \"8N1\"",
                text.escape_default()
            )
        };
        let &[data_bits @ (b'7' | b'8'), parity, stop_bits @ (b'1' | b'2')] = text.as_bytes()
        else {
            return Err(wrong());
        };
        let parity = match parity {
            b'N' | b'n' => Parity::None,
            b'O' | b'o' => Parity::Odd,
            b'E' | b'e' => Parity::Even,
            _ => return Err(wrong()),
        };
        Ok(Self {
            data_bits: data_bits - b'0',
            parity,
            stop_bits: stop_bits - b'0',
        })
    }
}

/// Flow control.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum FlowControl {
    /// None.
    #[default]
    None,
    /// By the circuits RTS and CTS.
    RtsCts,
    /// By the characters DC1 and DC3.
    XonXoff,
}

/// Bits a second, 50 to 4 000 000.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(try_from = "u32")]
pub struct Speed(pub u32);

impl TryFrom<u32> for Speed {
    type Error = String;

    fn try_from(bits: u32) -> Result<Self, String> {
        if (50..=4_000_000).contains(&bits) {
            return Ok(Self(bits));
        }
        Err(format!(
            "{bits} is not a speed: 50 to 4000000 bits a second"
        ))
    }
}

/// The settings of a line as the helper takes them.
pub(super) fn settings(speed: Speed, framing: Framing, flow: FlowControl) -> LineSettings {
    LineSettings {
        speed: speed.0,
        data_bits: framing.data_bits,
        parity: framing.parity,
        stop_bits: framing.stop_bits,
        flow: match flow {
            FlowControl::None => Flow::None,
            FlowControl::RtsCts => Flow::RtsCts,
            FlowControl::XonXoff => Flow::XonXoff,
        },
    }
}

/// How the modem circuits of an emulator's TTY are wired.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Lines {
    /// The input that shows the equipment's DTR.
    pub dtr: DtrWiring,
    /// How we show carrier.
    pub carrier: CarrierWiring,
}

/// The input that shows the equipment's DTR.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum DtrWiring {
    /// Our DSR, as a null modem cable has it.
    #[default]
    Dsr,
    /// Our DCD.
    Dcd,
    /// Not wired.
    None,
}

/// How we show carrier.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum CarrierWiring {
    /// On our DTR, which a null modem cable leads to the equipment's DCD.
    #[default]
    Dtr,
    /// Not at all.
    None,
}

impl From<Lines> for Wiring {
    fn from(lines: Lines) -> Self {
        Self {
            dtr: match lines.dtr {
                DtrWiring::Dsr => DtrInput::Dsr,
                DtrWiring::Dcd => DtrInput::Dcd,
                DtrWiring::None => DtrInput::None,
            },
            carrier: lines.carrier == CarrierWiring::Dtr,
        }
    }
}

parsed_from_string!(Device, Framing);
