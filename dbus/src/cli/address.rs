//! Mailboxes in header fields (RFC 5322, 3.4): which there are, and their addresses. What an address is
//! worth, hayesd judges.

/// The mailboxes of a list: cut at its commas, groups without their names.
pub(super) fn mailboxes(list: &str) -> Vec<String> {
    let mut found = Vec::new();
    let mut current = String::new();
    let mut scan = Scan::default();
    for c in list.chars() {
        match (scan.step(c), c) {
            // The name of a group ends, or the group does.
            (Place::Outside, ':') => current.clear(),
            (Place::Outside, ',' | ';') => found.push(std::mem::take(&mut current)),
            _ => current.push(c),
        }
    }
    found.push(current);
    found.retain_mut(|one| {
        *one = one.trim().to_owned();
        !one.is_empty()
    });
    found
}

/// The address of a mailbox: what stands in its last angle brackets, else all but comments and blanks.
pub(super) fn address(mailbox: &str) -> String {
    let mut scan = Scan::default();
    let (mut bare, mut inner) = (String::new(), None);
    for c in mailbox.chars() {
        let place = scan.step(c);
        match (place, c) {
            (Place::Angle, '<') => inner = Some(String::new()),
            (Place::Angle, c) => {
                if let Some(inner) = &mut inner {
                    inner.push(c);
                }
            }
            (Place::Comment, _) | (Place::Outside, '>') => {}
            (Place::Outside, c) if c.is_whitespace() => {}
            (_, c) => bare.push(c),
        }
    }
    let address = inner.unwrap_or(bare);
    // A route before the address is obsolete (4.4).
    match address.rsplit_once(':') {
        Some((route, address)) if route.starts_with('@') => address.trim().to_owned(),
        _ => address.trim().to_owned(),
    }
}

/// Where a character stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Place {
    Outside,
    Quoted,
    Comment,
    Angle,
}

/// Follows quotes, comments and brackets.
#[derive(Default)]
struct Scan {
    quoted: bool,
    escaped: bool,
    comments: usize,
    angle: bool,
}

impl Scan {
    /// Where this character stands; opening brackets belong to what they open.
    fn step(&mut self, c: char) -> Place {
        let before = self.place();
        if std::mem::take(&mut self.escaped) {
            return before;
        }
        if self.quoted || self.comments > 0 {
            match c {
                '\\' => self.escaped = true,
                '"' if self.quoted => self.quoted = false,
                '(' if !self.quoted => self.comments += 1,
                ')' if !self.quoted => self.comments -= 1,
                _ => {}
            }
            return before;
        }
        match c {
            '(' => self.comments = 1,
            '"' => self.quoted = true,
            '<' => self.angle = true,
            '>' => self.angle = false,
            _ => {}
        }
        self.place()
    }

    fn place(&self) -> Place {
        if self.comments > 0 {
            Place::Comment
        } else if self.angle {
            Place::Angle
        } else if self.quoted {
            Place::Quoted
        } else {
            Place::Outside
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn addresses(list: &str) -> Vec<String> {
        mailboxes(list).iter().map(|one| address(one)).collect()
    }

    #[test]
    fn lists_are_cut_at_commas_that_separate() {
        assert_eq!(
            mailboxes(r#""Last, First" <a@example.org>, b@example.org (one, two) ,,"#),
            [
                r#""Last, First" <a@example.org>"#,
                "b@example.org (one, two)"
            ]
        );
        assert!(mailboxes(" , ").is_empty());
    }

    #[test]
    fn addresses_are_found_in_all_that_a_mailbox_can_be() {
        for (list, found) in [
            ("a@example.org", vec!["a@example.org"]),
            ("Ann <a@example.org>", vec!["a@example.org"]),
            (
                "a@example.org (Ann (the one)), b@example.org",
                vec!["a@example.org", "b@example.org"],
            ),
            (
                r#""x <no@example.org>" <a@example.org>"#,
                vec!["a@example.org"],
            ),
            (r#""a\"b"@example.org"#, vec![r#""a\"b"@example.org"#]),
            (r#"<"a,b"@example.org>"#, vec![r#""a,b"@example.org"#]),
            (
                "All: a@example.org, B <b@example.org>; c@example.org",
                vec!["a@example.org", "b@example.org", "c@example.org"],
            ),
            ("undisclosed-recipients:;", vec![]),
            ("<@relay.example.org:a@example.org>", vec!["a@example.org"]),
            ("a (half", vec!["a"]),
            ("Ann <a@example.org", vec!["a@example.org"]),
        ] {
            assert_eq!(addresses(list), found, "{list}");
        }
    }
}
