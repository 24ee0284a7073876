//! Writes the manual page and the completions of `hayesctl` into a folder, from the definitions that it
//! reads its command line by: for whoever makes a package.
//!
//!     cargo run -p hayes-dbus --features cli --example pages -- FOLDER

mod fish;
mod man;
#[cfg(test)]
mod shells;
#[cfg(test)]
mod tests;

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
    let mut command = hayes_dbus::cli::command();
    let mut script = Vec::new();
    clap_complete::generate(shell, &mut command, "hayesctl", &mut script);
    if shell == Shell::Fish {
        script.extend(fish::values(&command).into_bytes());
    }
    script
}
