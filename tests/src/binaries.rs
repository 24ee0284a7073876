//! Where the programs under test are.

use anyhow::{Context as _, Result, bail};
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::OnceLock;

/// The daemon, built with `hayesd try`.
///
/// # Errors
/// It does not build.
pub fn hayesd() -> Result<PathBuf> {
    Ok(folder()?.join("hayesd"))
}

/// The helper.
///
/// # Errors
/// It does not build.
pub fn hayes_ldisc() -> Result<PathBuf> {
    Ok(folder()?.join("hayes-ldisc"))
}

/// The program for people.
///
/// # Errors
/// It does not build.
pub fn hayesctl() -> Result<PathBuf> {
    Ok(folder()?.join("hayesctl"))
}

/// An example of `dbus/examples`, built.
///
/// # Errors
/// It does not build.
pub fn example(name: &str) -> Result<PathBuf> {
    let folder = folder()?;
    // Of the workspace, so that the programs' own dependencies do.
    build(&folder, &["--example", name])?;
    Ok(folder.join("examples").join(name))
}

/// Cargo builds a package's own programs before its tests, but not another package's: so that one
/// `cargo test -p hayes-tests` never runs a stale daemon, they are built here, once a test process.
/// `tests/run` has built them and names the folder by `HAYES_BIN`.
fn folder() -> Result<PathBuf> {
    static FOLDER: OnceLock<std::result::Result<PathBuf, String>> = OnceLock::new();
    FOLDER
        .get_or_init(|| find().map_err(|error| format!("{error:#}")))
        .clone()
        .map_err(anyhow::Error::msg)
}

fn find() -> Result<PathBuf> {
    if let Some(folder) = std::env::var_os("HAYES_BIN") {
        return Ok(folder.into());
    }
    // target/PROFILE/deps/TEST
    let test = std::env::current_exe()?;
    let folder = test
        .ancestors()
        .nth(2)
        .context("a test binary without target folder")?
        .to_owned();
    build(&folder, &["--bins"])?;
    Ok(folder)
}

/// Builds this of the workspace into the folder of a profile.
fn build(folder: &Path, what: &[&str]) -> Result<()> {
    let mut cargo = Command::new(env!("CARGO"));
    cargo
        .args(["build", "--quiet", "--workspace"])
        .args(what)
        .arg("--target-dir")
        .arg(folder.parent().context("no target folder")?)
        .current_dir(concat!(env!("CARGO_MANIFEST_DIR"), "/.."));
    forget_package(&mut cargo);
    if folder.ends_with("release") {
        cargo.arg("--release");
    }
    let status = cargo.status().context("cargo does not start")?;
    if !status.success() {
        bail!("{} does not build", what.join(" "));
    }
    Ok(())
}

/// Takes from a command what cargo tells a test of its package. It is not for another build: ring's build
/// script looks at it, and ring and all above it would be built anew, by that build and by the next one in
/// turn.
pub fn forget_package(command: &mut Command) {
    for (name, _) in std::env::vars_os() {
        if is_of_this_package(&name.to_string_lossy()) {
            command.env_remove(name);
        }
    }
}

/// Whether cargo sets this variable for one package, not the user for all.
fn is_of_this_package(name: &str) -> bool {
    const PREFIXES: [&str; 3] = ["CARGO_PKG_", "CARGO_MANIFEST_", "CARGO_BIN_"];
    const NAMES: [&str; 4] = [
        "CARGO_CRATE_NAME",
        "CARGO_PRIMARY_PACKAGE",
        "CARGO_TARGET_TMPDIR",
        "OUT_DIR",
    ];
    PREFIXES.iter().any(|prefix| name.starts_with(prefix)) || NAMES.contains(&name)
}
