use super::{Allow, Kind, judge, judge_at, patterns};
use crate::record::Refusal;
use nix::sys::stat::fstat;
use std::fs::{self, File, Permissions};
use std::os::unix::fs::{PermissionsExt, symlink};
use std::path::{Path, PathBuf};

/// A folder of its own, removed at the end.
struct Folder(PathBuf);

impl Folder {
    fn new(name: &str) -> Self {
        let path =
            std::env::temp_dir().join(format!("hayes-ldisc-allow-{name}-{}", std::process::id()));
        fs::create_dir_all(&path).unwrap();
        Self(path)
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        let _ = fs::remove_dir_all(&self.0);
    }
}

fn refused(result: Result<impl std::fmt::Debug, super::Refused>) -> String {
    let refused = result.unwrap_err();
    assert_eq!(refused.why, Refusal::NotAllowed);
    refused.text
}

#[test]
fn without_a_list_the_usual_ports_are_allowed() {
    let allow = Allow::new("/nonexistent/ports", Vec::new());
    for device in [
        "/dev/ttyS0",
        "/dev/ttyUSB3",
        "/dev/ttyACM0",
        "/dev/ttyAMA1",
        "/dev/ttymxc2",
        "/dev/serial/by-id/usb-Quectel_EC25-if02-port0",
        "/dev/serial/by-path/pci-0000:00:14.0-usb-0:2:1.2-port0",
        "/dev/wwan0at0",
    ] {
        assert_eq!(allow.check(device), Ok(()), "{device}");
    }
    for device in [
        "/dev/tty1",
        "/dev/pts/3",
        "/dev/mem",
        "/dev/wwan0mbim0",
        "ttyS0",
        "/dev/serial/by-id/..",
        "/dev/serial/by-id/../ttyS0",
        "/dev/ttyS0/../mem",
        "/dev/ttyS\0",
        "/dev/serial/by-id/x\nhayes-ldisc: all is well",
        "",
    ] {
        assert!(allow.check(device).is_err(), "{device}");
    }
}

#[test]
fn the_command_line_allows_beside_the_list() {
    let allow = Allow::new("/nonexistent/ports", vec!["/tmp/port-*".into()]);
    assert_eq!(allow.check("/tmp/port-a"), Ok(()));
    assert_eq!(allow.check("/dev/ttyUSB0"), Ok(()));
    assert!(allow.check("/tmp/other").is_err());
}

#[test]
fn a_list_that_others_can_write_allows_nothing() {
    let folder = Folder::new("writable");
    let file = folder.0.join("ports");
    fs::write(&file, "/dev/ttyUSB0\n").unwrap();
    fs::set_permissions(&file, Permissions::from_mode(0o664)).unwrap();
    let text = refused(Allow::new(&file, Vec::new()).check("/dev/ttyUSB0"));
    assert!(text.contains("must belong to root"), "{text}");
    // A folder under that name is no list either.
    let text = refused(Allow::new(&folder.0, Vec::new()).check("/dev/ttyUSB0"));
    assert!(text.contains("not a regular file"), "{text}");
}

#[test]
fn a_list_counts_only_if_root_wrote_it() {
    let folder = Folder::new("root");
    let file = folder.0.join("ports");
    fs::write(
        &file,
        "# the panel\n/dev/ttyUSB[01] # left\n\n/dev/ttyAMA*\n",
    )
    .unwrap();
    fs::set_permissions(&file, Permissions::from_mode(0o644)).unwrap();
    let allow = Allow::new(&file, Vec::new());
    if fstat(File::open(&file).unwrap()).unwrap().st_uid == 0 {
        assert_eq!(allow.check("/dev/ttyUSB1"), Ok(()));
        assert_eq!(allow.check("/dev/ttyAMA0"), Ok(()));
        let text = refused(allow.check("/dev/ttyS1"));
        assert!(text.starts_with("/dev/ttyS1 is not allowed by"), "{text}");
        // Read anew at each claim.
        fs::write(&file, "/dev/ttyS1\n").unwrap();
        assert_eq!(allow.check("/dev/ttyS1"), Ok(()));
    } else {
        assert!(refused(allow.check("/dev/ttyUSB1")).contains("must belong to root"));
    }
}

#[test]
fn a_line_that_is_not_understood_is_named() {
    let file = Path::new("ports");
    assert_eq!(patterns("/a\n #x\n/b*#y\n", file).unwrap(), ["/a", "/b*"]);
    let text = refused(patterns("/a\ntty{S,USB}*\n", file));
    assert!(text.starts_with("ports:2: "), "{text}");
    assert!(patterns("/dev/tty{S,USB}*\n", file).is_err());
}

#[test]
fn only_character_devices_that_are_nobodys_console() {
    let text = refused(judge(File::open("/").unwrap(), "/x"));
    assert_eq!(text, "/x is not a character device");
    let text = refused(judge(File::open("/dev/ptmx").unwrap(), "/x"));
    assert_eq!(text, "/x is a console or a virtual terminal");
    // Whether it answers as a TTY is seen later.
    assert_eq!(judge(File::open("/dev/null").unwrap(), "/x"), Ok(Kind::Tty));
}

#[test]
fn sysfs_tells_consoles_and_wwan_ports() {
    let folder = Folder::new("sysfs");
    let node = folder.0.join("dev/char/1:3");
    fs::create_dir_all(folder.0.join("class/tty/console")).unwrap();
    fs::create_dir_all(node.parent().unwrap()).unwrap();
    let null = || File::open("/dev/null").unwrap();

    fs::create_dir_all(folder.0.join("devices/wwan/wwan0at0")).unwrap();
    symlink("../../devices/wwan/wwan0at0", &node).unwrap();
    symlink("../../class/wwan", node.join("subsystem")).unwrap();
    assert_eq!(judge_at(&folder.0, null(), "/x"), Ok(Kind::Wwan));

    fs::write(folder.0.join("class/tty/console/active"), "tty0 wwan0at0\n").unwrap();
    let text = refused(judge_at(&folder.0, null(), "/x"));
    assert_eq!(text, "/x is the kernel's console");
}
