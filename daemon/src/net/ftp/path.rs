//! What may go into a command, and what a path of ours is put together from. No I/O.

use crate::service::{Error, ErrorKind, Result};

/// Longer than any file system's; a command line must end somewhere.
const MAX_PATH: usize = 4096;

/// A path for a command: not empty, and nothing in it that could end the line. InvalidArgument.
pub(super) fn check(path: &str) -> Result<()> {
    if path.is_empty() {
        return Err(bad("the remote path is empty"));
    }
    check_folder(path)
}

/// The same for a folder; the empty path is the one that the session is in. InvalidArgument.
pub(super) fn check_folder(path: &str) -> Result<()> {
    if path.len() > MAX_PATH {
        return Err(bad("the remote path is too long"));
    }
    // One more would be a command of its own; CR NUL and Telnet's IAC never occur in UTF-8 without
    // control characters.
    if path.chars().any(char::is_control) {
        return Err(bad("the remote path holds a control character"));
    }
    Ok(())
}

/// User, password or account. InvalidArgument; the text does not tell the value.
pub(super) fn check_word(what: &str, word: &str) -> Result<()> {
    if word.len() > MAX_PATH {
        return Err(bad(&format!("the {what} is too long")));
    }
    if word.chars().any(char::is_control) {
        return Err(bad(&format!("the {what} holds a control character")));
    }
    Ok(())
}

fn bad(text: &str) -> Error {
    Error::new(ErrorKind::InvalidArgument, text)
}

/// The path of another name in the same folder.
pub(super) fn beside(path: &str, name: &str) -> String {
    match path.rfind('/') {
        Some(at) => format!("{}{name}", path.get(..=at).unwrap_or_default()),
        None => name.to_owned(),
    }
}

/// A path that is no option: servers hand a LIST's argument to their `ls`.
pub(super) fn no_option(path: &str) -> String {
    if path.starts_with('-') {
        format!("./{path}")
    } else {
        path.to_owned()
    }
}

/// The folder's name in a 257 reply (RFC 959 appendix II): in quotes, a quote in it doubled. `None` where it
/// can't be told, or can't be said again.
pub(super) fn read_quoted(text: &str) -> Option<String> {
    let rest = text.split_once('"')?.1;
    let mut path = String::new();
    let mut chars = rest.chars().peekable();
    loop {
        match chars.next()? {
            '"' if chars.peek() == Some(&'"') => {
                chars.next();
                path.push('"');
            }
            '"' => break,
            other => path.push(other),
        }
    }
    let can_be_said = check(&path).is_ok() && !path.contains(char::REPLACEMENT_CHARACTER);
    can_be_said.then_some(path)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_in_a_path_ends_a_command() {
        for path in [
            "",
            "a\r\nDELE b",
            "a\nb",
            "a\rb",
            "a\0b",
            "\u{1b}[2J",
            "a\u{85}b",
            "a\u{7f}",
        ] {
            let error = check(path).unwrap_err();
            assert_eq!(error.kind, ErrorKind::InvalidArgument, "{path:?}");
        }
        assert!(check(&"x".repeat(MAX_PATH + 1)).is_err());
        for path in [
            "a",
            "/a/b c",
            "\u{e4}\u{6f22}",
            "../x",
            "-la",
            "a\"b",
            "%0d%0a",
        ] {
            assert!(check(path).is_ok(), "{path:?}");
        }
        assert!(check_folder("").is_ok());
        let error = check_word("password", "geheim\r\n").unwrap_err();
        assert!(!error.text.contains("geheim"));
    }

    #[test]
    fn other_names_of_the_same_folder() {
        assert_eq!(beside("b", "x"), "x");
        assert_eq!(beside("/b", "x"), "/x");
        assert_eq!(beside("a/\u{e4}/b", "x"), "a/\u{e4}/x");
    }

    #[test]
    fn folders_as_servers_tell_them() {
        assert_eq!(
            read_quoted("\"/a b\" is the current directory").as_deref(),
            Some("/a b")
        );
        assert_eq!(read_quoted("\"/a\"\"b\"").as_deref(), Some("/a\"b"));
        assert_eq!(
            read_quoted("PWD is \"\\C:\\x\"").as_deref(),
            Some("\\C:\\x")
        );
        for bad in ["/a", "\"/a", "\"\"", "\"/\u{fffd}\"", ""] {
            assert_eq!(read_quoted(bad), None, "{bad}");
        }
    }
}
