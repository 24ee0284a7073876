//! One line of an answer to MLSD (RFC 3659 section 7.2): facts, a blank, the name.

use super::super::date;
use super::{Line, entry};
use crate::service::EntryKind;

/// `None` for what is no such line.
pub(super) fn read(line: &str) -> Option<Line> {
    // Some servers put a blank before a line without facts only, some before each.
    let line = line.strip_prefix(' ').unwrap_or(line);
    let (facts, name) = line.split_once(' ')?;
    if name.is_empty() || !(facts.is_empty() || facts.ends_with(';')) {
        return None;
    }
    let mut kind = EntryKind::Other;
    let mut size = None;
    let mut modified = None;
    for fact in facts.split(';').filter(|fact| !fact.is_empty()) {
        let (key, value) = fact.split_once('=')?;
        match key.to_ascii_lowercase().as_str() {
            "type" => match value.to_ascii_lowercase().as_str() {
                "file" => kind = EntryKind::File,
                "dir" => kind = EntryKind::Folder,
                "cdir" | "pdir" => return Some(Line::Known),
                link if link.starts_with("os.unix=s") => kind = EntryKind::Link,
                _ => {}
            },
            "size" => size = value.parse().ok(),
            "modify" => modified = date::read_stamp(value),
            _ => {}
        }
    }
    // A folder's size is of no use to anybody, and servers disagree on what it means.
    let size = size.filter(|_| kind != EntryKind::Folder);
    Some(entry(name, kind, size, modified))
}
