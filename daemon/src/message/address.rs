//! Addresses and mailboxes, judged strictly: what passes here can go on an SMTP command line as it is.

use super::{invalid, no_controls};
use crate::service::Result;
use std::fmt;

/// RFC 5321 section 4.5.3.1.3 gives a path 256 octets, its angle brackets included.
const MAX_ADDRESS: usize = 254;
/// RFC 5321 section 4.5.3.1.1.
const MAX_LOCAL: usize = 64;
/// RFC 1035 section 2.3.4, as text without the root's dot.
const MAX_DOMAIN: usize = 253;
/// Longer lists are no mistake of a person.
const MAX_LIST: usize = 256 * 1024;
const MAX_NAME: usize = 512;

/// An address and the name of whom it belongs to.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
pub struct Mailbox {
    /// The name that readers see.
    pub name: Option<String>,
    /// The address, `local@domain`.
    pub address: String,
}

impl Mailbox {
    /// A mailbox without a name.
    pub fn new(address: impl Into<String>) -> Self {
        Self {
            name: None,
            address: address.into(),
        }
    }

    /// Reads `local@domain`, `Name <local@domain>` or `"Name" <local@domain>` (RFC 5322 section 3.4,
    /// without comments and groups). InvalidArgument for anything else.
    pub fn parse(text: &str) -> Result<Self> {
        match <[Self; 1]>::try_from(Self::parse_list(text)?) {
            Ok([mailbox]) => Ok(mailbox),
            Err(_) => Err(invalid("one address is expected here, not several")),
        }
    }

    /// Reads mailboxes separated by commas; at least one. InvalidArgument for anything else.
    pub fn parse_list(text: &str) -> Result<Vec<Self>> {
        if text.len() > MAX_LIST {
            return Err(invalid("the list of addresses is too long"));
        }
        let mut list = Vec::new();
        let mut rest = text;
        loop {
            let (mailbox, end) = one(rest)?;
            list.push(mailbox);
            match rest.get(end + 1..) {
                Some(more) => rest = more,
                None => return Ok(list),
            }
        }
    }

    /// The same, with its address judged and its domain in ASCII. InvalidArgument where that fails.
    pub fn checked(&self) -> Result<Self> {
        let name = match self.name.as_deref().map(str::trim) {
            None | Some("") => None,
            Some(name) => {
                no_controls("a name", name)?;
                if name.len() > MAX_NAME {
                    return Err(invalid("a name is too long"));
                }
                Some(name.to_owned())
            }
        };
        Ok(Self {
            name,
            address: check_address(&self.address)?,
        })
    }
}

impl fmt::Display for Mailbox {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Some(name) = &self.name else {
            return f.write_str(&self.address);
        };
        f.write_str("\"")?;
        for c in name.chars() {
            if matches!(c, '"' | '\\') {
                f.write_str("\\")?;
            }
            write!(f, "{c}")?;
        }
        write!(f, "\" <{}>", self.address)
    }
}

/// The first mailbox of a list, and where its comma stands (or the text ends).
fn one(text: &str) -> Result<(Mailbox, usize)> {
    let mut name = String::new();
    let mut address = None;
    let mut open = None;
    let mut quoted = false;
    let mut was_quoted = false;
    let mut escaped = false;
    let mut end = text.len();
    for (at, c) in text.char_indices() {
        if escaped {
            escaped = false;
        } else if quoted {
            match c {
                '\\' => {
                    escaped = true;
                    if open.is_none() {
                        continue;
                    }
                }
                '"' => quoted = false,
                _ => {}
            }
            if c == '"' && open.is_none() {
                continue;
            }
        } else {
            match (c, open) {
                ('"', None) => {
                    quoted = true;
                    was_quoted = true;
                    continue;
                }
                ('"', Some(_)) => quoted = true,
                (',', None) => {
                    end = at;
                    break;
                }
                ('<', None) if address.is_none() => {
                    open = Some(at + 1);
                    continue;
                }
                ('>', Some(from)) => {
                    address = text.get(from..at);
                    open = None;
                    continue;
                }
                ('<' | '>', _) => return Err(invalid("unbalanced angle brackets in an address")),
                _ => {}
            }
        }
        if open.is_none() {
            if address.is_some() && !c.is_whitespace() {
                return Err(invalid("an address is followed by something else"));
            }
            name.push(c);
        }
    }
    if quoted || open.is_some() {
        return Err(invalid("an address ends inside quotes or angle brackets"));
    }
    let mailbox = match address {
        Some(address) => Mailbox {
            name: Some(name),
            address: address.into(),
        },
        // A quoted local part: the quotes belong to the address.
        None if was_quoted => Mailbox::new(text.get(..end).unwrap_or_default().trim()),
        None => Mailbox::new(name.trim()),
    };
    Ok((mailbox.checked()?, end))
}

/// Judges an address by RFC 5321 section 4.1.2 and gives it back with its domain in lower-case ASCII (RFC
/// 5890). UTF-8 before the `@` is allowed (RFC 6531). InvalidArgument says what is wrong.
pub fn check_address(address: &str) -> Result<String> {
    no_controls("an address", address)?;
    let Some((local, domain)) = address.rsplit_once('@') else {
        return Err(invalid(if address.is_empty() {
            "an address is empty"
        } else {
            "an address has no @"
        }));
    };
    if address.len() > MAX_ADDRESS || local.len() > MAX_LOCAL {
        return Err(invalid("an address is too long"));
    }
    if !(is_dot_atom(local) || is_quoted_string(local)) {
        return Err(invalid("an address has something malformed before its @"));
    }
    let domain = if domain.starts_with('[') {
        is_literal(domain).then(|| domain.to_owned())
    } else {
        idna::domain_to_ascii(domain)
            .ok()
            .filter(|domain| is_host_name(domain))
    };
    match domain {
        Some(domain) if local.len() + 1 + domain.len() <= MAX_ADDRESS => {
            Ok(format!("{local}@{domain}"))
        }
        _ => Err(invalid("an address has a malformed domain")),
    }
}

fn is_dot_atom(local: &str) -> bool {
    local.split('.').all(|atom| {
        !atom.is_empty()
            && atom.chars().all(|c| {
                c.is_ascii_alphanumeric()
                    || "!#$%&'*+-/=?^_`{|}~".contains(c)
                    || (!c.is_ascii() && !c.is_whitespace())
            })
    })
}

fn is_quoted_string(local: &str) -> bool {
    let Some(inner) = local
        .strip_prefix('"')
        .and_then(|rest| rest.strip_suffix('"'))
    else {
        return false;
    };
    let mut chars = inner.chars();
    while let Some(c) = chars.next() {
        let good = match c {
            '"' => false,
            '\\' => chars.next().is_some_and(|c| (' '..='~').contains(&c)),
            _ => (' '..='~').contains(&c),
        };
        if !good {
            return false;
        }
    }
    true
}

fn is_literal(domain: &str) -> bool {
    let Some(inner) = domain
        .strip_prefix('[')
        .and_then(|rest| rest.strip_suffix(']'))
    else {
        return false;
    };
    match inner.strip_prefix("IPv6:") {
        Some(six) => six.parse::<std::net::Ipv6Addr>().is_ok(),
        None => inner.parse::<std::net::Ipv4Addr>().is_ok(),
    }
}

fn is_host_name(domain: &str) -> bool {
    !domain.is_empty()
        && domain.len() <= MAX_DOMAIN
        && domain.split('.').all(|label| {
            (1..=63).contains(&label.len())
                && !label.starts_with('-')
                && !label.ends_with('-')
                && label
                    .bytes()
                    .all(|byte| byte.is_ascii_alphanumeric() || byte == b'-')
        })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn good_addresses() {
        for (given, kept) in [
            ("pump7@example.org", "pump7@example.org"),
            ("a.b+c@EXAMPLE.org", "a.b+c@example.org"),
            ("\"a b\\\"@c\"@example.org", "\"a b\\\"@c\"@example.org"),
            ("root@localhost", "root@localhost"),
            ("x@[192.0.2.1]", "x@[192.0.2.1]"),
            ("x@[IPv6:2001:db8::1]", "x@[IPv6:2001:db8::1]"),
            ("x@b\u{fc}cher.example", "x@xn--bcher-kva.example"),
            ("b\u{fc}cher@example.org", "b\u{fc}cher@example.org"),
        ] {
            assert_eq!(check_address(given).unwrap(), kept);
        }
    }

    #[test]
    fn bad_addresses() {
        let long = format!("{}@example.org", "a".repeat(65));
        let long_domain = format!("a@{}", ["b".repeat(60).as_str(); 5].join("."));
        for bad in [
            "",
            "a",
            "@",
            "a@",
            "@b",
            "a@@b",
            "a b@c.org",
            "a@b c",
            ".a@b",
            "a.@b",
            "a..b@c",
            "a@.b",
            "a@b.",
            "a@b..c",
            "a@-b",
            "a@b-",
            "a@b_c",
            "a\r\n@b",
            "a@b\r\nRCPT TO:<x@y>",
            "a\0@b",
            "a>@b",
            "a@b>",
            "<a@b>",
            "a@b,c@d",
            "\"a@b",
            "\"a\"b\"@c",
            "\"\u{7f}\"@c",
            "a@[1.2.3]",
            "a@[IPv6:1]",
            "a@[192.0.2.1",
            "a@b:c",
            "a,b@c",
            "a@\u{2028}b",
            &long,
            &long_domain,
        ] {
            let error = check_address(bad).unwrap_err();
            assert_eq!(error.kind.name(), "InvalidArgument", "{bad:?}");
        }
    }

    #[test]
    fn mailboxes() {
        let named = |name: &str, address: &str| Mailbox {
            name: Some(name.into()),
            address: address.into(),
        };
        assert_eq!(
            Mailbox::parse_list(
                "a@b.org, Pump 7 <p@b.org>,\"Last, \\\"First\\\"\" <l@b.org> , \"q,q\"@b.org,<x@y.org>"
            )
            .unwrap(),
            [
                Mailbox::new("a@b.org"),
                named("Pump 7", "p@b.org"),
                named("Last, \"First\"", "l@b.org"),
                Mailbox::new("\"q,q\"@b.org"),
                Mailbox::new("x@y.org"),
            ]
        );
        for bad in [
            "",
            ",",
            "a@b,",
            "a@b c@d",
            "<a@b",
            "a@b>",
            "A <a@b> B",
            "A <a@b> <c@d>",
            "\"A <a@b>",
            "A",
            "A <>",
            "A\r\nBcc: x <a@b>",
            "g: a@b, c@d;",
            "a@b (comment)",
        ] {
            assert!(Mailbox::parse_list(bad).is_err(), "{bad:?}");
        }
        assert!(Mailbox::parse("a@b, c@d").is_err());
        assert!(Mailbox::parse(&"a".repeat(1_000_000)).is_err());
    }

    #[test]
    fn what_is_shown_is_read_back() {
        let mailbox = Mailbox {
            name: Some("P\u{fc}mp \"7\", \\ <x>".into()),
            address: "\"a,<b\"@example.org".into(),
        };
        assert_eq!(Mailbox::parse(&mailbox.to_string()).unwrap(), mailbox);
    }
}
