//! The Debian package, as `packaging/deb` builds it of the programs under test.

use crate::binaries;
use crate::folder::Folder;
use anyhow::{Context as _, Result, ensure};
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::OnceLock;

/// The package, built once a test process.
///
/// # Errors
/// It does not build; the text holds what was printed.
pub fn built() -> Result<PathBuf> {
    static PACKAGE: OnceLock<std::result::Result<PathBuf, String>> = OnceLock::new();
    PACKAGE
        .get_or_init(|| build().map_err(|error| format!("{error:#}")))
        .clone()
        .map_err(anyhow::Error::msg)
}

fn build() -> Result<PathBuf> {
    // target/PROFILE/hayesd
    let program = binaries::hayesd()?;
    let folder = program.parent().context("a program without folder")?;
    let target = folder.parent().context("a folder without target folder")?;
    let profile = if folder.ends_with("release") {
        "release"
    } else {
        "dev"
    };
    let mut command = Command::new(root().join("packaging/deb"));
    command
        .args([profile, "--no-build"])
        .env("CARGO_TARGET_DIR", target);
    binaries::forget_package(&mut command);
    let printed = run(&mut command)?;
    let path = printed
        .lines()
        .last()
        .context("packaging/deb prints no path")?;
    Ok(path.into())
}

/// The same package with another version, as an upgrade finds it.
///
/// # Errors
/// It can't be packed again.
pub fn of_version(package: &Path, version: &str, folder: &Folder) -> Result<PathBuf> {
    let tree = folder.join("tree");
    run(Command::new("dpkg-deb").arg("-R").arg(package).arg(&tree))?;
    let control = tree.join("DEBIAN/control");
    let text = std::fs::read_to_string(&control)?;
    let lines = text.lines().map(|line| match line.split_once(": ") {
        Some(("Version", _)) => format!("Version: {version}\n"),
        _ => format!("{line}\n"),
    });
    std::fs::write(&control, lines.collect::<String>())?;
    let packed = folder.join(format!("hayesd_{version}.deb"));
    run(Command::new("dpkg-deb")
        .args(["--root-owner-group", "-Znone", "-b"])
        .arg(&tree)
        .arg(&packed))?;
    Ok(packed)
}

/// The root of the repository.
pub fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("..")
}

/// Runs a command; what it printed to standard output.
///
/// # Errors
/// It is not there or fails; the text holds both of its outputs.
pub fn run(command: &mut Command) -> Result<String> {
    let output = command
        .output()
        .with_context(|| format!("{:?} does not start", command.get_program()))?;
    let text = String::from_utf8_lossy(&output.stdout).into_owned();
    ensure!(
        output.status.success(),
        "{command:?}: {}\n{text}{}",
        output.status,
        String::from_utf8_lossy(&output.stderr)
    );
    Ok(text)
}
