//! A device as the configuration, the helper's list and udev's rules name it.

use std::fmt;
use std::str::FromStr;

/// A path below `/dev`; it may be a glob.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(in crate::cli) struct Device(String);

/// What has a meaning of its own in the list or in a rule.
const SPECIAL: [char; 9] = ['"', '\'', '\\', '|', '#', '{', '}', '$', '%'];

impl FromStr for Device {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        if text.starts_with("pty:") {
            return Err("pseudo-terminals of hayesd need no entry".into());
        }
        let Some(name) = text.strip_prefix("/dev/") else {
            return Err("a device is a path below /dev".into());
        };
        if name.split('/').any(|part| matches!(part, "" | "." | "..")) {
            return Err("the path must be plain: no `..`, no empty part".into());
        }
        let odd = |c: char| c.is_whitespace() || c.is_control() || SPECIAL.contains(&c);
        if let Some(c) = text.chars().find(|&c| odd(c)) {
            return Err(format!("{c:?} cannot stand in a list of ports"));
        }
        Ok(Self(text.to_owned()))
    }
}

impl Device {
    /// The whole path.
    pub(super) fn path(&self) -> &str {
        &self.0
    }

    /// The path below `/dev`.
    pub(super) fn name(&self) -> &str {
        self.0.strip_prefix("/dev/").unwrap_or(&self.0)
    }

    /// The rule by which ModemManager leaves this port alone. Kernel names are matched as such, all others
    /// are links that earlier rules have made (udev(7), SYMLINK).
    pub(super) fn port_rule(&self) -> String {
        let name = self.name();
        let is_kernels =
            !name.contains('/') && (name.starts_with("tty") || name.starts_with("wwan"));
        let key = if is_kernels { "KERNEL" } else { "SYMLINK" };
        format!(r#"ACTION!="remove", {key}=="{name}", ENV{{ID_MM_PORT_IGNORE}}="1""#)
    }
}

impl fmt::Display for Device {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rules_match_by_the_name_that_was_given() {
        let rule = |path: &str| path.parse::<Device>().unwrap().port_rule();
        assert_eq!(
            rule("/dev/ttyUSB2"),
            r#"ACTION!="remove", KERNEL=="ttyUSB2", ENV{ID_MM_PORT_IGNORE}="1""#
        );
        assert_eq!(
            rule("/dev/serial/by-id/usb-Quectel_EC25-if02-port0"),
            r#"ACTION!="remove", SYMLINK=="serial/by-id/usb-Quectel_EC25-if02-port0", ENV{ID_MM_PORT_IGNORE}="1""#
        );
        assert!(rule("/dev/modem0").contains("SYMLINK"));
        assert!(rule("/dev/wwan0at0").contains("KERNEL"));
    }

    #[test]
    fn what_could_be_read_otherwise_is_refused() {
        for text in [
            "ttyS1",
            "/etc/passwd",
            "/dev/../etc/passwd",
            "/dev/",
            "/dev//ttyS1",
            "/dev/tty\"S1",
            "/dev/ttyS1\n/dev/mem",
            "/dev/tty S1",
            "/dev/ttyS1|ttyS2",
            "/dev/{a,b}",
            "/dev/#",
            "pty:panel",
            "",
        ] {
            assert!(text.parse::<Device>().is_err(), "{text:?}");
        }
        assert!("/dev/ttyUSB[0-3]".parse::<Device>().is_ok());
    }
}
