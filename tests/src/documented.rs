//! What the files of interfaces, `dbus/*.xml`, say of each method.

use crate::introspection::{self, Method};
use crate::package;
use anyhow::{Context as _, Result};
use std::fs;

/// A method as its file describes it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Documented {
    /// The method; a file says nothing of its object's path, which is `/` here.
    pub method: Method,
    /// The action without which it answers `NotAuthorized`, such as `org.hayesd1.send-mail`.
    pub action: Option<String>,
}

/// All methods of all interfaces, in the order of the files.
///
/// # Errors
/// A file can't be read, or has a method without a comment.
pub fn methods() -> Result<Vec<Documented>> {
    let mut files = Vec::new();
    for entry in fs::read_dir(package::root().join("dbus"))? {
        let path = entry?.path();
        if path.extension().is_some_and(|extension| extension == "xml") {
            files.push(path);
        }
    }
    files.sort();
    let mut all = Vec::new();
    for file in files {
        let xml = fs::read_to_string(&file)?;
        for method in introspection::of_tree(&xml) {
            let action = action(&xml, &method.name)
                .with_context(|| format!("{}: {}", file.display(), method.name))?;
            all.push(Documented { method, action });
        }
    }
    Ok(all)
}

/// From the comment before a method: `NotAuthorized (…without ACTION)`, wherever its lines are broken.
fn action(xml: &str, method: &str) -> Result<Option<String>> {
    let (before, _) = xml
        .split_once(&format!("<method name=\"{method}\">"))
        .context("not where it was")?;
    let comment = before.rsplit("<!--").next().unwrap_or_default();
    let (comment, _) = comment.split_once("-->").context("no comment")?;
    let comment: Vec<&str> = comment.split_whitespace().collect();
    let comment = comment.join(" ");
    let Some((_, why)) = comment.split_once(" NotAuthorized (") else {
        return Ok(None);
    };
    let (why, _) = why.split_once(')').context("a bracket stays open")?;
    Ok(why.split_once("without ").map(|(_, name)| name.to_owned()))
}
