//! What is written, by its content.

use super::*;
use std::process::{Command, Output};

pub(super) fn folder(name: &str) -> std::path::PathBuf {
    let folder = std::env::temp_dir().join(format!("hayes-pages-{name}-{}", std::process::id()));
    write_all(&folder).unwrap();
    folder
}

/// Every command that can be given, as words.
fn leaves(command: &clap::Command) -> Vec<String> {
    let mut found = Vec::new();
    for sub in command
        .get_subcommands()
        .filter(|sub| sub.get_name() != "help")
    {
        let name = format!("{} {}", command.get_name(), sub.get_name());
        if sub.has_subcommands() {
            let deeper = leaves(sub);
            found.extend(
                deeper
                    .iter()
                    .map(|words| format!("{} {words}", command.get_name())),
            );
        } else {
            found.push(name);
        }
    }
    found
}

pub(super) fn said(output: &Output) -> String {
    let text = [&output.stdout[..], &output.stderr].concat();
    String::from_utf8(text).unwrap()
}

#[test]
fn every_shell_knows_every_command() {
    for (shell, _) in SHELLS {
        let script = String::from_utf8(completion(shell)).unwrap();
        for words in leaves(&hayes_dbus::cli::command()) {
            let last = words.rsplit(' ').next().unwrap();
            assert!(script.contains(last), "{shell}: {words}");
        }
    }
}

#[test]
fn the_manual_page_has_every_command_option_and_error() {
    let page = String::from_utf8(man::page().unwrap()).unwrap();
    let plain = page
        .replace("\\-", "-")
        .replace("\\fB", "")
        .replace("\\fR", "");
    assert!(page.is_ascii(), "roff reads no UTF-8");
    let command = hayes_dbus::cli::command();
    for words in leaves(&command) {
        assert!(plain.contains(&words), "{words}");
    }
    for (name, _) in hayes_dbus::cli::errors() {
        assert!(plain.contains(name), "{name}");
    }
    for option in ["--json", "--no-wait", "--whole-modem", "--read-recipients"] {
        assert!(plain.contains(option), "{option}");
    }
    // Once each: what all jobs take is not repeated with each command.
    assert_eq!(
        plain.matches("--no-wait\n").count() + plain.matches("--no-wait ").count(),
        1
    );
}

#[test]
fn groff_has_nothing_to_complain_about() {
    let folder = folder("man");
    let output = Command::new("groff")
        .args(["-man", "-Tutf8", "-ww", "-P-cbou"])
        .arg(folder.join("man/hayesctl.1"))
        .output()
        .expect("groff-base is not installed");
    assert!(output.status.success(), "{}", said(&output));
    assert!(output.stderr.is_empty(), "{}", said(&output));
    let text = said(&output);
    for words in ["EXIT STATUS", "hayesctl mail send"] {
        assert!(text.contains(words), "{text}");
    }
    fs::remove_dir_all(folder).unwrap();
}
