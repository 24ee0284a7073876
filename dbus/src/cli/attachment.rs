//! Files that go with a mail.

use super::content::Content;
use super::exit::Exit;
use super::failure::{Failure, Result};
use super::out::Out;
use std::path::{Path, PathBuf};

/// What a mail may have all in all: the bus takes no longer messages than 32 MiB, and as many bytes are
/// what hayesd takes unless it is configured otherwise.
pub(super) const MOST: u64 = 24 * 1024 * 1024;

/// Media types by the ending of a name, for what equipment and its owners send.
const TYPES: &[(&str, &str)] = &[
    ("csv", "text/csv"),
    ("gif", "image/gif"),
    ("gz", "application/gzip"),
    ("htm", "text/html"),
    ("html", "text/html"),
    ("jpeg", "image/jpeg"),
    ("jpg", "image/jpeg"),
    ("json", "application/json"),
    ("log", "text/plain"),
    ("pdf", "application/pdf"),
    ("png", "image/png"),
    ("svg", "image/svg+xml"),
    ("txt", "text/plain"),
    ("xml", "application/xml"),
    ("zip", "application/zip"),
];

/// Name, media type (empty: not known) and content.
pub(super) type Attachment = (String, &'static str, Vec<u8>);

/// Reads files to attach.
///
/// # Errors
/// One cannot be read, or together they are too large for a mail.
pub(super) fn read(paths: &[PathBuf], out: Out) -> Result<Vec<Attachment>> {
    let mut room = MOST;
    let mut attachments = Vec::new();
    for path in paths {
        let read = Content::open(path, room, out).and_then(|content| content.bytes(path, room));
        let bytes = read.map_err(|error| {
            if error.exit != Exit::Data {
                return error;
            }
            let text = format!(
                "{}: the attachments have more than {MOST} bytes together; compose the message yourself \
                 and send it with --raw",
                path.display()
            );
            Failure::new(Exit::Data, text)
        })?;
        room -= bytes.len() as u64;
        attachments.push((name(path), media_type(path), bytes));
    }
    Ok(attachments)
}

fn name(path: &Path) -> String {
    let name = path.file_name().unwrap_or(path.as_os_str());
    name.to_string_lossy().into_owned()
}

fn media_type(path: &Path) -> &'static str {
    let ending = path.extension().unwrap_or_default().to_string_lossy();
    let ending = ending.to_ascii_lowercase();
    let found = TYPES.iter().find(|(known, _)| *known == ending);
    found.map_or("", |(_, media_type)| media_type)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_tell_types() {
        assert_eq!(media_type(Path::new("/x/A.CSV")), "text/csv");
        assert_eq!(media_type(Path::new("report.tar.gz")), "application/gzip");
        assert_eq!(media_type(Path::new("/x.d/none")), "");
        assert_eq!(name(Path::new("/x/A.CSV")), "A.CSV");
    }
}
