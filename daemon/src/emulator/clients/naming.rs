//! What files are called that a mail brings: nothing in a mail's own names leads anywhere.

use crate::message::PackedFile;
use std::collections::BTreeSet;

/// Longer names are cut; a path of a SIMCom module has 254 bytes.
const LONGEST: usize = 120;

/// Characters that no name of a SIMCom module has (SIM7500/7600 AT Command Manual V1.12, file system), and `/`.
const FORBIDDEN: &str = "/\\:*?\"<>|,;";

/// The names of a mail's files, each once, whatever their case; and that of the mail itself.
pub(super) fn names(files: &[PackedFile]) -> (Vec<String>, String) {
    let mut taken = BTreeSet::new();
    let mut names = Vec::new();
    for (at, file) in files.iter().enumerate() {
        let wanted = match file.name.as_deref().map(clean) {
            Some(name) if !name.is_empty() => name,
            _ => format!("PART{:03}.{}", at + 1, extension(&file.media_type)),
        };
        names.push(once(&wanted, &mut taken));
    }
    let mail = (0..)
        .map(|number: u32| format!("EMAIL{number:03}.TXT"))
        .find(|name| !taken.contains(&name.to_lowercase()));
    (names, mail.unwrap_or_default())
}

/// A name without what no name may hold: the part behind the last separator, cut to what fits.
fn clean(name: &str) -> String {
    let last = name.rsplit(['/', '\\']).next().unwrap_or_default();
    let plain = |c: char| {
        if c.is_control() || FORBIDDEN.contains(c) {
            '_'
        } else {
            c
        }
    };
    let plain: String = last.chars().map(plain).collect();
    let starts = plain.trim_start_matches(|c: char| !c.is_alphanumeric() && c != '_');
    shorten(starts).trim_end_matches(['.', ' ']).to_owned()
}

/// Its beginning and its extension, together no longer than a name may be.
fn shorten(name: &str) -> String {
    if name.len() <= LONGEST {
        return name.to_owned();
    }
    let (stem, extension) = split(name);
    let extension = if extension.len() < LONGEST / 2 {
        extension
    } else {
        ""
    };
    let mut end = stem.len().min(LONGEST - extension.len());
    while !stem.is_char_boundary(end) {
        end -= 1;
    }
    format!("{}{extension}", &stem[..end])
}

/// What stands before the last dot, and the rest.
fn split(name: &str) -> (&str, &str) {
    name.split_at(name.rfind('.').unwrap_or(name.len()))
}

/// The name, with a number where it is taken.
fn once(name: &str, taken: &mut BTreeSet<String>) -> String {
    let (stem, extension) = split(name);
    let numbered = (1..).map(|number: u32| match number {
        1 => name.to_owned(),
        _ => format!("{stem}_{number}{extension}"),
    });
    let mut free = numbered.filter(|name| taken.insert(name.to_lowercase()));
    free.next().unwrap_or_default()
}

fn extension(media_type: &str) -> &'static str {
    match media_type {
        "text/plain" => "TXT",
        "text/html" => "HTM",
        "message/rfc822" => "EML",
        "image/jpeg" => "JPG",
        "image/png" => "PNG",
        "application/pdf" => "PDF",
        _ => "BIN",
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn file(name: Option<&str>) -> PackedFile {
        PackedFile {
            name: name.map(str::to_owned),
            media_type: "text/html".into(),
            bytes: Vec::new(),
        }
    }

    #[test]
    fn no_name_leads_anywhere_and_none_comes_twice() {
        let wanted = [
            Some("../../etc/passwd"),
            Some("C:\\x\\A.TXT"),
            Some("a.txt"),
            Some(".."),
            None,
            Some("email000.txt"),
            Some("a,b;c\u{0}.d."),
        ];
        let (names, mail) = names(&wanted.map(file));
        let expected = [
            "passwd",
            "A.TXT",
            "a_2.txt",
            "PART004.HTM",
            "PART005.HTM",
            "email000.txt",
            "a_b_c_.d",
        ];
        assert_eq!(names, expected);
        assert_eq!(mail, "EMAIL001.TXT");
    }

    proptest! {
        #[test]
        fn names_are_names(wanted in prop::collection::vec("\\PC{0,300}|[./\\\\a]{0,9}", 0..9)) {
            let files: Vec<_> = wanted.iter().map(|name| file(Some(name))).collect();
            let (names, mail) = names(&files);
            let mut seen = BTreeSet::from([mail.to_lowercase()]);
            for name in names {
                prop_assert!((1..=LONGEST + 12).contains(&name.len()), "{name}");
                prop_assert!(!name.contains(['/', '\\']) && !name.starts_with('.'), "{name}");
                prop_assert!(seen.insert(name.to_lowercase()), "{name}");
            }
        }
    }
}
