//! Object paths: which object stands where.

use crate::inbox::MessageId;
use zbus::{ObjectPath, OwnedObjectPath};

/// The root of all our objects.
pub(super) const ROOT: &str = "/org/hayesd1";

/// One element of a path, escaped as `sd_bus_path_encode` does: what is not a letter or a digit becomes
/// `_` and two hexadecimal digits, and so does a digit in front; nothing becomes `_`.
fn escaped(name: &str) -> String {
    use std::fmt::Write;
    if name.is_empty() {
        return "_".into();
    }
    let mut out = String::with_capacity(name.len());
    for (index, byte) in name.bytes().enumerate() {
        let plain = byte.is_ascii_alphabetic() || (index > 0 && byte.is_ascii_digit());
        if plain {
            out.push(char::from(byte));
        } else {
            // Writing to a String does not fail.
            let _ = write!(out, "_{byte:02x}");
        }
    }
    out
}

fn under(folder: &str, element: &str) -> OwnedObjectPath {
    // What is made of letters, digits, `_` and `/` this way is a path.
    ObjectPath::from_string_unchecked(format!("{ROOT}/{folder}/{element}")).into()
}

/// `/org/hayesd1/modem/NAME`.
pub(super) fn modem(name: &str) -> OwnedObjectPath {
    under("modem", &escaped(name))
}

/// `/org/hayesd1/emulator/NAME`.
pub(super) fn emulator(name: &str) -> OwnedObjectPath {
    under("emulator", &escaped(name))
}

/// `/org/hayesd1/account/NAME`.
pub(super) fn account(name: &str) -> OwnedObjectPath {
    under("account", &escaped(name))
}

/// `/org/hayesd1/job/N`. Numbers stand as they are: a path's element may begin with a digit, it is only
/// sd-bus's escaping of names that avoids it.
pub(super) fn job(id: u32) -> OwnedObjectPath {
    under("job", &id.to_string())
}

/// `/org/hayesd1/inbox/ACCOUNT/N`.
pub(super) fn message(id: &MessageId) -> OwnedObjectPath {
    under("inbox", &format!("{}/{}", escaped(&id.account), id.number))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_escaped_as_sd_bus_does() {
        for (name, path) in [
            ("lte", "/org/hayesd1/modem/lte"),
            ("a-b_c", "/org/hayesd1/modem/a_2db_5fc"),
            ("4g", "/org/hayesd1/modem/_34g"),
            ("g4", "/org/hayesd1/modem/g4"),
            ("", "/org/hayesd1/modem/_"),
        ] {
            assert_eq!(modem(name).as_str(), path);
            assert!(ObjectPath::try_from(path).is_ok());
        }
        assert_eq!(job(12).as_str(), "/org/hayesd1/job/12");
        assert!(ObjectPath::try_from(job(12).as_str()).is_ok());
        let id = MessageId {
            account: "a-b".into(),
            number: 7,
        };
        assert_eq!(message(&id).as_str(), "/org/hayesd1/inbox/a_2db/7");
        assert!(ObjectPath::try_from(message(&id).as_str()).is_ok());
    }
}
