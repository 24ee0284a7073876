//! The helper's list: a path or glob a line, `#` begins a comment.

/// What the helper allows where there is no list.
pub(super) const DEFAULT: [&str; 7] = [
    "/dev/ttyS*",
    "/dev/ttyUSB*",
    "/dev/ttyACM*",
    "/dev/ttyAMA*",
    "/dev/ttymxc*",
    "/dev/serial/by-*/*",
    "/dev/wwan*at*",
];

/// What a new list begins with.
const HEAD: &str = "\
# Serial ports that hayesd may use: a path or a glob a line. Without this file, it may use the following.
";

/// The entries.
pub(super) fn entries(list: &str) -> impl Iterator<Item = &str> {
    list.lines()
        .map(|line| line.split('#').next().unwrap_or_default().trim())
        .filter(|entry| !entry.is_empty())
}

/// The list with an entry; `None` where it has it already. Without a list, what is allowed without one
/// stays allowed.
pub(super) fn with(list: Option<&str>, path: &str) -> Option<String> {
    let mut list = match list {
        Some(list) => list.to_owned(),
        None => {
            let default = DEFAULT.map(|line| format!("{line}\n"));
            format!("{HEAD}{}", default.concat())
        }
    };
    if entries(&list).any(|entry| entry == path) {
        return None;
    }
    if !list.is_empty() && !list.ends_with('\n') {
        list.push('\n');
    }
    list.push_str(path);
    list.push('\n');
    Some(list)
}

/// The list without an entry; `None` where it has no such.
pub(super) fn without(list: &str, path: &str) -> Option<String> {
    let is_it = |line: &str| entries(line).any(|entry| entry == path);
    if !list.lines().any(is_it) {
        return None;
    }
    let kept = list.split_inclusive('\n').filter(|line| !is_it(line));
    Some(kept.collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_new_list_allows_what_was_allowed() {
        let list = with(None, "/dev/modem0").unwrap();
        let all: Vec<&str> = entries(&list).collect();
        assert_eq!(all[..DEFAULT.len()], DEFAULT);
        assert_eq!(all[DEFAULT.len()..], ["/dev/modem0"]);
    }

    #[test]
    fn lines_of_others_stay_as_they_are() {
        let list = "# ours\n/dev/ttyS1 # panel\n\n/dev/ttyS2";
        let more = with(Some(list), "/dev/ttyS3").unwrap();
        assert_eq!(more, format!("{list}\n/dev/ttyS3\n"));
        assert_eq!(with(Some(&more), "/dev/ttyS1"), None);
        assert_eq!(without(&more, "/dev/ttyS3").unwrap(), format!("{list}\n"));
        assert_eq!(
            without(&more, "/dev/ttyS1").unwrap(),
            "# ours\n\n/dev/ttyS2\n/dev/ttyS3\n"
        );
        assert_eq!(without(&more, "/dev/ttyS"), None);
    }
}
