//! What sysfs tells of a device, and telling udev.

use super::device::Device;
use super::files::Place;
use crate::cli::exit::Exit;
use crate::cli::failure::{Failure, Result};
use crate::cli::out::Out;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

/// The rule by which ModemManager leaves a whole modem alone (its tag ID_MM_DEVICE_IGNORE), found by the USB
/// or PCI device that the port belongs to.
///
/// # Errors
/// The device is not there, or belongs to neither.
pub(super) fn modem_rule(place: &Place, device: &Device) -> Result<String> {
    let node = sysfs_node(place, device)?;
    for folder in node.ancestors() {
        if let (Some(vendor), Some(product)) = (
            attribute(folder, "idVendor"),
            attribute(folder, "idProduct"),
        ) {
            let serial = attribute(folder, "serial").filter(|serial| is_plain(serial));
            let serial = serial.map(|serial| format!(r#" ATTRS{{serial}}=="{serial}","#));
            return Ok(format!(
                r#"ACTION!="remove", SUBSYSTEMS=="usb", ATTRS{{idVendor}}=="{vendor}", ATTRS{{idProduct}}=="{product}",{} ENV{{ID_MM_DEVICE_IGNORE}}="1""#,
                serial.unwrap_or_default()
            ));
        }
        let subsystem = fs::read_link(folder.join("subsystem")).unwrap_or_default();
        let name = folder.file_name().unwrap_or_default().to_string_lossy();
        if subsystem.file_name().is_some_and(|last| last == "pci") && is_plain(&name) {
            return Ok(format!(
                r#"ACTION!="remove", SUBSYSTEMS=="pci", KERNELS=="{name}", ENV{{ID_MM_DEVICE_IGNORE}}="1""#
            ));
        }
    }
    Err(Failure::usage(format!(
        "{device}: belongs to no USB or PCI device; leave --whole-modem out"
    )))
}

/// The folder of a device in sysfs, links resolved.
fn sysfs_node(place: &Place, device: &Device) -> Result<PathBuf> {
    let node = place.root.join("dev").join(device.name());
    let real =
        fs::canonicalize(&node).map_err(|error| Failure::file(&node, &error, Exit::NoInput))?;
    let name = real.file_name().unwrap_or_default();
    ["tty", "wwan"]
        .iter()
        .find_map(|class| {
            let link = place.root.join("sys/class").join(class).join(name);
            fs::canonicalize(link).ok()
        })
        .ok_or_else(|| {
            let text = format!("{device}: is neither a tty nor a port of a modem");
            Failure::new(Exit::NoInput, text)
        })
}

/// An attribute that is there, plain enough for a rule.
fn attribute(folder: &Path, name: &str) -> Option<String> {
    let text = fs::read_to_string(folder.join(name)).ok()?;
    Some(text.trim().to_owned()).filter(|text| !text.is_empty())
}

fn is_plain(text: &str) -> bool {
    let plain = |c: char| c.is_ascii_alphanumeric() || "._:-".contains(c);
    !text.is_empty() && text.chars().all(plain)
}

/// Lets udev read its rules and look at the device again.
pub(super) fn apply(place: &Place, device: &Device, out: Out) {
    if !place.is_here() {
        return;
    }
    let name = format!("--name-match={device}");
    let calls: [&[&str]; 2] = [
        &["control", "--reload"],
        &["trigger", "--action=change", &name],
    ];
    for arguments in calls {
        let ran = Command::new("udevadm")
            .args(arguments)
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .status();
        match ran {
            Ok(status) if status.success() => {}
            // A device that is not there is judged when it comes.
            Ok(_) if arguments.first() == Some(&"trigger") => {}
            Ok(status) => out.note(&format!("udevadm {}: {status}", arguments.join(" "))),
            Err(error) => {
                out.note(&format!(
                    "udevadm: {error}; the rule holds once udev reads it"
                ));
                return;
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::os::unix::fs::symlink;

    /// A root with a USB modem, a PCI modem and a port of the board.
    fn root(name: &str) -> (Place, PathBuf) {
        let root = std::env::temp_dir().join(format!("hayesctl-{name}-{}", std::process::id()));
        let _ = fs::remove_dir_all(&root);
        let devices = root.join("sys/devices");
        let usb = devices.join("usb1/1-2");
        let pci = devices.join("pci0000:00/0000:02:00.0");
        for folder in [
            usb.join("1-2:1.2/ttyUSB2/tty/ttyUSB2"),
            pci.join("wwan/wwan0/wwan0at0"),
            devices.join("platform/serial8250/tty/ttyS1"),
            root.join("sys/class/tty"),
            root.join("sys/class/wwan"),
            root.join("sys/bus/pci"),
            root.join("dev/serial/by-id"),
        ] {
            fs::create_dir_all(folder).unwrap();
        }
        fs::write(usb.join("idVendor"), "2c7c\n").unwrap();
        fs::write(usb.join("idProduct"), "0125\n").unwrap();
        symlink(root.join("sys/bus/pci"), pci.join("subsystem")).unwrap();
        for (class, name, folder) in [
            ("tty", "ttyUSB2", usb.join("1-2:1.2/ttyUSB2/tty/ttyUSB2")),
            ("wwan", "wwan0at0", pci.join("wwan/wwan0/wwan0at0")),
            (
                "tty",
                "ttyS1",
                devices.join("platform/serial8250/tty/ttyS1"),
            ),
        ] {
            symlink(folder, root.join("sys/class").join(class).join(name)).unwrap();
            fs::write(root.join("dev").join(name), "").unwrap();
        }
        symlink("../../ttyUSB2", root.join("dev/serial/by-id/usb-EC25")).unwrap();
        (Place::new(&root), usb)
    }

    #[test]
    fn a_whole_modem_is_found_by_any_of_its_ports() {
        let (place, usb) = root("modem");
        let rule = |path: &str| modem_rule(&place, &path.parse().unwrap());
        let expected = r#"ACTION!="remove", SUBSYSTEMS=="usb", ATTRS{idVendor}=="2c7c", ATTRS{idProduct}=="0125", ENV{ID_MM_DEVICE_IGNORE}="1""#;
        assert_eq!(rule("/dev/ttyUSB2").unwrap(), expected);
        assert_eq!(rule("/dev/serial/by-id/usb-EC25").unwrap(), expected);
        fs::write(usb.join("serial"), "0123-AB\n").unwrap();
        assert!(
            rule("/dev/ttyUSB2")
                .unwrap()
                .contains(r#"ATTRS{serial}=="0123-AB""#)
        );
        // What a device says of itself is not written into a rule unseen.
        fs::write(usb.join("serial"), "x\", RUN+=\"/bin/sh").unwrap();
        assert_eq!(rule("/dev/ttyUSB2").unwrap(), expected);
        assert_eq!(
            rule("/dev/wwan0at0").unwrap(),
            r#"ACTION!="remove", SUBSYSTEMS=="pci", KERNELS=="0000:02:00.0", ENV{ID_MM_DEVICE_IGNORE}="1""#
        );
        assert_eq!(rule("/dev/ttyS1").unwrap_err().exit, Exit::Usage);
        assert_eq!(rule("/dev/ttyS9").unwrap_err().exit, Exit::NoInput);
        fs::remove_dir_all(&place.root).unwrap();
    }
}
