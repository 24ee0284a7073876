//! Patterns for names: `*` stands for any characters but a slash, `?` for one, `{a,b}` for either.

/// Whether a pattern matches a whole name.
///
/// Braces don't nest. The time is bounded by pattern × name for each choice of braces.
pub(super) fn matches(pattern: &str, name: &str) -> bool {
    let Some((before, rest)) = pattern.split_once('{') else {
        return plain(pattern.as_bytes(), name.as_bytes());
    };
    let Some((choices, after)) = rest.split_once('}') else {
        return plain(pattern.as_bytes(), name.as_bytes());
    };
    choices
        .split(',')
        .any(|choice| matches(&format!("{before}{choice}{after}"), name))
}

/// Greedy matching with one point to come back to: linear but for the last `*`.
fn plain(pattern: &[u8], name: &[u8]) -> bool {
    let (mut p, mut n) = (0, 0);
    let mut back = None;
    loop {
        match (pattern.get(p), name.get(n)) {
            (Some(b'*'), _) => {
                back = Some((p, n));
                p += 1;
                continue;
            }
            (Some(b'?'), Some(c)) if *c != b'/' => {}
            (Some(a), Some(c)) if a == c => {}
            (None, None) => return true,
            _ => {
                // The last `*` takes one character more.
                let Some((star, taken)) = back else {
                    return false;
                };
                if name.get(taken).is_none_or(|&c| c == b'/') {
                    return false;
                }
                back = Some((star, taken + 1));
                (p, n) = (star + 1, taken + 1);
                continue;
            }
        }
        (p, n) = (p + 1, n + 1);
    }
}

#[cfg(test)]
mod tests {
    use super::matches;

    #[test]
    fn stars_stop_at_slashes() {
        let list = "/dev/tty{S,USB,ACM,AMA,mxc}*";
        assert!(matches(list, "/dev/ttyS0"));
        assert!(matches(list, "/dev/ttyUSB12"));
        assert!(!matches(list, "/dev/tty1"));
        assert!(!matches(list, "/dev/ttyS0/x"));
        assert!(matches("/dev/serial/by-*/*", "/dev/serial/by-id/usb-Q"));
        assert!(!matches("/dev/serial/by-*/*", "/dev/serial/by-id/a/b"));
        assert!(matches("/dev/wwan*at*", "/dev/wwan0at0"));
        assert!(!matches("/dev/wwan*at*", "/dev/wwan0qmi0"));
        assert!(matches("*.example.org", "smtp.example.org"));
        assert!(!matches("*.example.org", "example.org"));
        assert!(matches("a?c", "abc") && !matches("a?c", "ac"));
        assert!(matches("", "") && !matches("", "a") && matches("*", ""));
    }

    #[test]
    fn an_open_brace_is_a_character() {
        assert!(matches("a{b", "a{b"));
    }
}
