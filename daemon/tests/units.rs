//! The units as systemd judges them. Where systemd-analyze is not installed, a test says so and passes.

use std::fs;
use std::io::{self, Write};
use std::path::{Path, PathBuf};
use std::process::{Command, Output};

fn units() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../systemd")
}

/// Runs systemd-analyze; `None` where there is none.
fn analyze(arguments: &[&str]) -> Option<Output> {
    match Command::new("systemd-analyze").args(arguments).output() {
        Ok(output) => Some(output),
        Err(error) => {
            let _ = writeln!(io::stderr(), "skipped: systemd-analyze: {error}");
            None
        }
    }
}

fn told(output: &Output) -> String {
    format!(
        "{}{}",
        String::from_utf8_lossy(&output.stdout),
        String::from_utf8_lossy(&output.stderr)
    )
}

#[test]
fn the_sandbox_is_tight() {
    // The threshold is ten times the score that is shown.
    for (unit, threshold) in [("hayesd.service", 15), ("hayes-ldisc.service", 10)] {
        let path = units().join(unit);
        let limit = format!("--threshold={threshold}");
        let Some(output) = analyze(&[
            "security",
            "--offline=yes",
            &limit,
            &path.display().to_string(),
        ]) else {
            return;
        };
        assert!(output.status.success(), "{unit}: {}", told(&output));
    }
}

#[test]
fn the_units_are_understood() {
    // The programs need not be installed for that.
    let folder = std::env::temp_dir().join(format!("hayesd-units-{}", std::process::id()));
    fs::create_dir_all(&folder).unwrap();
    let names = [
        "hayesd.service",
        "hayes-ldisc.service",
        "hayes-ldisc.socket",
    ];
    for name in names {
        let text = fs::read_to_string(units().join(name)).unwrap();
        let text = text
            .replace("/usr/sbin/hayesd", "/bin/true")
            .replace("/usr/sbin/hayes-ldisc", "/bin/true");
        fs::write(folder.join(name), text).unwrap();
    }
    let paths: Vec<_> = names
        .iter()
        .map(|name| folder.join(name).display().to_string())
        .collect();
    let mut arguments = vec!["verify", "--man=no", "--recursive-errors=no"];
    arguments.extend(paths.iter().map(String::as_str));
    let output = analyze(&arguments);
    fs::remove_dir_all(&folder).unwrap();
    if let Some(output) = output {
        let told = told(&output);
        let ours: Vec<_> = told
            .lines()
            .filter(|line| names.iter().any(|name| line.contains(name)))
            .collect();
        assert!(output.status.success() && ours.is_empty(), "{told}");
    }
}

/// What the units and the programs must agree about.
#[test]
fn paths_and_names_agree() {
    let read = |name: &str| fs::read_to_string(units().join(name)).unwrap();
    let socket = "/run/hayes-ldisc/ldisc.sock";
    assert!(read("hayes-ldisc.socket").contains(&format!("ListenSequentialPacket={socket}\n")));
    let hayesd::config::Helper::Socket(default) = hayesd::config::Helper::default() else {
        panic!("the default helper is not a socket");
    };
    assert_eq!(default, Path::new(socket));
    assert!(read("hayesd.service").contains(&format!("BusName={}\n", hayesd::bus::NAME)));
    assert!(read("hayesd.tmpfiles").contains("d /run/hayes-ldisc "));
    let activation = Path::new(env!("CARGO_MANIFEST_DIR")).join("../dbus/org.hayesd1.service");
    let activation = fs::read_to_string(activation).unwrap();
    assert!(
        activation.contains("Name=org.hayesd1\n")
            && activation.contains("SystemdService=hayesd.service\n")
    );
}
