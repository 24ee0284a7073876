//! What the README and the manual pages print for people to type.

use crate::binaries;
use crate::bus::Bus;
use crate::folder::Folder;
use anyhow::{Context as _, Result, ensure};
use std::fs;
use std::process::Command;

/// The whole README.
pub const README: &str = include_str!("../../README.md");

/// What stands in the README between this heading and the next one of its kind.
///
/// # Errors
/// There is no such heading.
pub fn section(title: &str) -> Result<&'static str> {
    README
        .split("\n## ")
        .find_map(|section| section.strip_prefix(title)?.strip_prefix('\n'))
        .with_context(|| format!("the README has no section {title:?}"))
}

/// The fenced blocks of a text, each with its language: `sh` is run on a private bus, `console` on a
/// machine with the package, `toml` is configuration.
pub fn fenced(text: &'static str) -> impl Iterator<Item = (&'static str, &'static str)> {
    text.split("```")
        .skip(1)
        .step_by(2)
        .filter_map(|block| block.split_once('\n'))
}

/// The fenced blocks of one language.
pub fn blocks(text: &'static str, language: &str) -> Vec<&'static str> {
    fenced(text)
        .filter_map(|(of, block)| (of == language).then_some(block))
        .collect()
}

/// The examples of hayesctl(1), as they are read.
///
/// # Errors
/// The page can't be made, or has none.
pub fn page_examples() -> Result<Vec<String>> {
    let folder = Folder::new("pages")?;
    let status = Command::new(binaries::example("pages")?)
        .arg(folder.path())
        .status()?;
    ensure!(status.success(), "no manual page: {status}");
    let page = fs::read_to_string(folder.join("man/hayesctl.1"))?;
    let (_, examples) = page.split_once("\n.SH EXAMPLES\n").context("no examples")?;
    let shown = examples
        .split("\n.nf\n")
        .skip(1)
        .filter_map(|rest| rest.split_once("\n.fi"))
        .map(|(example, _)| example.replace("\\-", "-").replace("\\*(Aq", "'"))
        .collect();
    Ok(shown)
}

/// A shell that runs what is printed, where this bus takes the place of the system's and `hayesctl` is the
/// one under test.
///
/// # Errors
/// The programs do not build.
pub fn shell(bus: &Bus, script: &str) -> Result<Command> {
    let hayesctl = binaries::hayesctl()?;
    let folder = hayesctl.parent().context("a program without folder")?;
    let path = format!("{}:{}", folder.display(), std::env::var("PATH")?);
    let mut command = Command::new("sh");
    command
        .args(["-e", "-c", script])
        .env("PATH", path)
        .env("DBUS_SYSTEM_BUS_ADDRESS", bus.address());
    binaries::forget_package(&mut command);
    Ok(command)
}
