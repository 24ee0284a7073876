//! Writes the manual page and the completions of `hayesctl` into a folder, from the definitions that it
//! reads its command line by: for whoever makes a package.
//!
//!     cargo run -p hayes-dbus --features cli --example pages -- FOLDER

mod man;

use clap_complete::Shell;
use std::fs;
use std::io::{self, Write as _};
use std::path::Path;
use std::process::ExitCode;

/// Shells, and where their completions go.
const SHELLS: [(Shell, &str); 3] = [
    (Shell::Bash, "bash/hayesctl"),
    (Shell::Zsh, "zsh/_hayesctl"),
    (Shell::Fish, "fish/hayesctl.fish"),
];

fn main() -> ExitCode {
    let Some(folder) = std::env::args_os().nth(1) else {
        let _ = writeln!(io::stderr(), "usage: pages FOLDER");
        return ExitCode::from(64);
    };
    match write_all(Path::new(&folder)) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            let _ = writeln!(io::stderr(), "{}: {error}", folder.display());
            ExitCode::FAILURE
        }
    }
}

/// `FOLDER/man/hayesctl.1`, `FOLDER/bash/hayesctl` and so on.
fn write_all(folder: &Path) -> io::Result<()> {
    write(&folder.join("man/hayesctl.1"), &man::page()?)?;
    for (shell, path) in SHELLS {
        write(&folder.join(path), &completion(shell))?;
    }
    Ok(())
}

fn write(path: &Path, content: &[u8]) -> io::Result<()> {
    if let Some(folder) = path.parent() {
        fs::create_dir_all(folder)?;
    }
    fs::write(path, content)
}

fn completion(shell: Shell) -> Vec<u8> {
    let mut script = Vec::new();
    clap_complete::generate(
        shell,
        &mut hayes_dbus::cli::command(),
        "hayesctl",
        &mut script,
    );
    script
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::process::{Command, Output};

    fn folder(name: &str) -> std::path::PathBuf {
        let folder =
            std::env::temp_dir().join(format!("hayes-pages-{name}-{}", std::process::id()));
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

    fn said(output: &Output) -> String {
        let text = [&output.stdout[..], &output.stderr].concat();
        String::from_utf8(text).unwrap()
    }

    #[test]
    fn bash_completes_commands_and_options() {
        let folder = folder("bash");
        for (words, wanted) in [
            ("hayesctl ma", "mail"),
            ("hayesctl mail fl", "flush"),
            ("hayesctl mail send --subj", "--subject"),
            ("hayesctl account secret x po", "pop3"),
            ("hayesctl modem reset lte re", "resync reopen reset"),
        ] {
            let script = format!(
                "source {}/bash/hayesctl; COMP_WORDS=({words}); COMP_CWORD=$((${{#COMP_WORDS[@]}}-1)); \
                 _hayesctl hayesctl \"${{COMP_WORDS[COMP_CWORD]}}\" \"${{COMP_WORDS[COMP_CWORD-1]}}\"; \
                 echo \"${{COMPREPLY[@]}}\"",
                folder.display()
            );
            let output = Command::new("bash").args(["-c", &script]).output().unwrap();
            assert_eq!(said(&output).trim(), wanted, "{words}");
        }
        fs::remove_dir_all(folder).unwrap();
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
}
