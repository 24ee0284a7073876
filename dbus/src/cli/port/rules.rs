//! The file of udev's rules: a comment that names the port, then its rule.

/// What a new file begins with.
const HEAD: &str = "# Written by `hayesctl port`: ModemManager leaves these ports to hayesd.\n";

/// The comment before a rule.
fn mark(path: &str) -> String {
    format!("# port {path}")
}

/// The rule of a port.
pub(super) fn find<'a>(rules: &'a str, path: &str) -> Option<&'a str> {
    let mark = mark(path);
    let mut lines = rules.lines();
    lines.find(|line| *line == mark)?;
    lines.next()
}

/// The rules with this one of a port, in the place of one that it had.
pub(super) fn with(rules: &str, path: &str, rule: &str) -> String {
    let mut all = match without(rules, path) {
        Some(others) => others,
        None if rules.is_empty() => HEAD.to_owned(),
        None => rules.to_owned(),
    };
    if !all.ends_with('\n') {
        all.push('\n');
    }
    all.push_str(&format!("{}\n{rule}\n", mark(path)));
    all
}

/// The rules without that of a port; `None` where it has none.
pub(super) fn without(rules: &str, path: &str) -> Option<String> {
    find(rules, path)?;
    let mark = mark(path);
    let mut kept = String::new();
    let mut lines = rules.lines();
    while let Some(line) = lines.next() {
        if line == mark {
            lines.next();
        } else {
            kept.push_str(line);
            kept.push('\n');
        }
    }
    Some(kept)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_port_has_one_rule() {
        let one = with("", "/dev/ttyUSB2", "A");
        assert_eq!(one, format!("{HEAD}# port /dev/ttyUSB2\nA\n"));
        let two = with(&one, "/dev/ttyUSB3", "B");
        assert_eq!(find(&two, "/dev/ttyUSB2"), Some("A"));
        assert_eq!(find(&two, "/dev/ttyUSB"), None);
        let changed = with(&two, "/dev/ttyUSB2", "C");
        assert_eq!(
            changed,
            format!("{HEAD}# port /dev/ttyUSB3\nB\n# port /dev/ttyUSB2\nC\n")
        );
        let fewer = without(&changed, "/dev/ttyUSB3").unwrap();
        assert_eq!(without(&fewer, "/dev/ttyUSB2").unwrap(), HEAD);
        assert_eq!(without(HEAD, "/dev/ttyUSB2"), None);
    }
}
