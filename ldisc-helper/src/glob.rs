//! Patterns of the list of ports, as in glob(7): `*`, `?` and `[a-z]` match within one part of a path,
//! never a `/`.

/// Whether `name` matches `pattern` whole.
pub(crate) fn matches(pattern: &[u8], name: &[u8]) -> bool {
    // Where to go on when the tail of a `*` did not match: pattern after the star, name one further.
    let mut again: Option<(usize, usize)> = None;
    let (mut p, mut n) = (0, 0);
    loop {
        if pattern.get(p) == Some(&b'*') {
            p += 1;
            again = Some((p, n));
            continue;
        }
        let step = match (pattern.get(p), name.get(n)) {
            (None, None) => return true,
            (Some(b'?'), Some(&c)) if c != b'/' => Some(1),
            (Some(b'['), Some(&c)) if c != b'/' => set(&pattern[p..], c),
            (Some(&wanted), Some(&c)) if wanted == c => Some(1),
            _ => None,
        };
        if let Some(length) = step {
            p += length;
            n += 1;
            continue;
        }
        match again {
            Some((star, from)) if name.get(from).is_some_and(|&c| c != b'/') => {
                again = Some((star, from + 1));
                (p, n) = (star, from + 1);
            }
            _ => return false,
        }
    }
}

/// The length of the set at the front of `pattern` if `c` is in it.
fn set(pattern: &[u8], c: u8) -> Option<usize> {
    let negated = matches!(pattern.get(1), Some(b'!'));
    let start = if negated { 2 } else { 1 };
    // A `]` directly after the bracket is a member.
    let end = start + 1 + pattern.get(start + 1..)?.iter().position(|&c| c == b']')?;
    let members = &pattern[start..end];
    let mut found = false;
    let mut at = 0;
    while at < members.len() {
        if members.get(at + 1) == Some(&b'-') && at + 2 < members.len() {
            found |= (members[at]..=members[at + 2]).contains(&c);
            at += 3;
        } else {
            found |= members[at] == c;
            at += 1;
        }
    }
    (found != negated).then_some(end + 1)
}

#[cfg(test)]
mod tests {
    use super::matches;

    #[track_caller]
    fn yes(pattern: &str, name: &str) {
        assert!(matches(pattern.as_bytes(), name.as_bytes()));
    }

    #[track_caller]
    fn no(pattern: &str, name: &str) {
        assert!(!matches(pattern.as_bytes(), name.as_bytes()));
    }

    #[test]
    fn literal() {
        yes("/dev/ttyS1", "/dev/ttyS1");
        no("/dev/ttyS1", "/dev/ttyS10");
        no("/dev/ttyS10", "/dev/ttyS1");
        no("/dev/ttyS1", "");
    }

    #[test]
    fn star_stays_in_its_part() {
        yes("/dev/ttyUSB*", "/dev/ttyUSB");
        yes("/dev/ttyUSB*", "/dev/ttyUSB12");
        yes("/dev/wwan*at*", "/dev/wwan0at0");
        yes(
            "/dev/serial/by-*/*",
            "/dev/serial/by-id/usb-Quectel_EC25-if02-port0",
        );
        no("/dev/ttyUSB*", "/dev/ttyUSB/../mem");
        no("/dev/*", "/dev/pts/1");
        no("/dev/wwan*at*", "/dev/wwan0qmi0");
    }

    #[test]
    fn star_gives_back_what_it_took() {
        yes("a*b*c", "abxbyc");
        no("a*b*c", "abxby");
        yes("**a", "aaa");
    }

    #[test]
    fn one_character_and_sets() {
        yes("tty?", "ttyA");
        no("tty?", "tty/");
        no("tty?", "tty");
        yes("ttyUSB[0-3]", "ttyUSB2");
        no("ttyUSB[0-3]", "ttyUSB4");
        yes("tty[!0-9]", "ttyS");
        no("tty[!0-9]", "tty1");
        no("tty[/]x", "tty/x");
        yes("[]]", "]");
        no("[ab", "a");
    }
}
