//! Which ports a device belongs to: it has several names.

use super::ports::Ports;
use crate::disk::Disk;
use crate::service::{Error, ErrorKind, Result};
use std::path::{Path, PathBuf};

/// Has the ports at this device look at it now. NotFound.
pub(super) async fn look_at(device: PathBuf, ports: &Ports, disk: &Disk) -> Result<()> {
    let (modems, emulators) = (ports.modems(), ports.emulators());
    let of_modems = modems.values().map(|modem| modem.device().to_owned());
    let of_emulators = emulators.iter().map(|one| one.settings().device.clone());
    let configured: Vec<String> = of_modems.chain(of_emulators).collect();
    let shown = device.display().to_string();
    let are_it = disk.run(move || which(&configured, &device)).await?;
    if !are_it.contains(&true) {
        let text = format!("no port has the device {shown}");
        return Err(Error::new(ErrorKind::NotFound, text));
    }
    let (of_modems, of_emulators) = are_it.split_at(modems.len());
    let its_modems = modems.values().zip(of_modems).filter(|(_, is_it)| **is_it);
    its_modems.for_each(|(modem, _)| modem.look());
    let its_emulators = emulators.iter().zip(of_emulators);
    its_emulators
        .filter(|(_, is_it)| **is_it)
        .for_each(|(emulator, _)| emulator.look());
    Ok(())
}

/// Says of each of these devices, as they are configured, whether it is this one. It looks names up: not on
/// the event loop.
fn which(configured: &[String], device: &Path) -> Vec<bool> {
    let real = device.canonicalize().ok();
    let is_it = |own: &String| {
        let own = Path::new(own);
        own == device || (real.is_some() && own.canonicalize().ok() == real)
    };
    configured.iter().map(is_it).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::fs;

    #[test]
    fn a_device_is_known_by_all_its_names() {
        let folder = std::env::temp_dir().join(format!("hayesd-devices-{}", std::process::id()));
        fs::create_dir(&folder).unwrap();
        let path = |name: &str| folder.join(name).display().to_string();
        fs::write(path("ttyUSB2"), "").unwrap();
        fs::write(path("ttyUSB3"), "").unwrap();
        std::os::unix::fs::symlink("ttyUSB2", path("by-id")).unwrap();
        let configured = ["pty:panel".into(), path("by-id"), path("ttyUSB3")];
        let of = |name: &str| which(&configured, Path::new(&path(name)));
        assert_eq!(of("ttyUSB2"), [false, true, false]);
        assert_eq!(of("by-id"), [false, true, false]);
        assert_eq!(of("ttyUSB4"), [false; 3]);
        fs::remove_file(path("ttyUSB3")).unwrap();
        assert_eq!(
            of("ttyUSB3"),
            [false, false, true],
            "gone, but known by its name"
        );
        fs::remove_dir_all(folder).unwrap();
    }
}
