//! Where a connection may go: the rules that hold for equipment. No I/O.

use super::{Error, ErrorKind, Result};
use serde::Deserialize;
use std::net::{IpAddr, SocketAddr};
use std::sync::Arc;

/// Ports below this are those of well-known services (RFC 6335 section 6).
const FIRST_FREE: u16 = 1024;

/// An entry of a list of destinations: which hosts, at which port.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(try_from = "String")]
pub struct Destination {
    /// Which hosts.
    pub hosts: Hosts,
    /// Which port; all without.
    pub port: Option<u16>,
}

/// The hosts of a [`Destination`].
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Hosts {
    /// All.
    Any,
    /// Those whose address begins with the first `bits` of this one.
    Network {
        /// The network's address; all further bits are 0.
        address: IpAddr,
        /// 0 to 32, or 0 to 128.
        bits: u8,
    },
    /// The one that is asked for by this name, whatever its address.
    Name(String),
}

impl Destination {
    fn is_at(&self, port: u16) -> bool {
        self.port.is_none_or(|own| own == port)
    }

    fn names(&self, host: &str) -> bool {
        match &self.hosts {
            Hosts::Any => true,
            Hosts::Network { .. } => false,
            Hosts::Name(name) => bare(name).eq_ignore_ascii_case(host),
        }
    }

    fn holds(&self, tested: IpAddr) -> bool {
        match (&self.hosts, tested) {
            (
                Hosts::Network {
                    address: IpAddr::V4(own),
                    bits,
                },
                IpAddr::V4(tested),
            ) => {
                let differing = own.to_bits() ^ tested.to_bits();
                differing.leading_zeros() >= u32::from(*bits)
            }
            (
                Hosts::Network {
                    address: IpAddr::V6(own),
                    bits,
                },
                IpAddr::V6(tested),
            ) => {
                let differing = own.to_bits() ^ tested.to_bits();
                differing.leading_zeros() >= u32::from(*bits)
            }
            _ => false,
        }
    }
}

/// A name as it is compared: without the dot of the root, an address without brackets.
fn bare(host: &str) -> &str {
    let inner = host
        .strip_prefix('[')
        .and_then(|rest| rest.strip_suffix(']'));
    inner.unwrap_or(host.strip_suffix('.').unwrap_or(host))
}

/// Where connections of one origin may go. Without rules, anywhere.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Reach(Option<Arc<Rules>>);

#[derive(Debug, PartialEq, Eq)]
struct Rules {
    emulator: String,
    allow: Vec<Destination>,
    deny: Vec<Destination>,
}

impl Reach {
    /// For equipment at an emulator: what `allow` lists; of all else what neither `deny` lists nor is this
    /// machine itself or its link: loopback, its own addresses, link-local ones, multicast.
    pub fn of_emulator(name: &str, allow: Vec<Destination>, deny: Vec<Destination>) -> Self {
        Self(Some(Arc::new(Rules {
            emulator: name.to_owned(),
            allow,
            deny,
        })))
    }

    /// Whether a connection may go to this address, which was found under this name; `is_own` says whether
    /// this machine has an address. NotAuthorized.
    pub fn check(
        &self,
        host: &str,
        address: IpAddr,
        port: u16,
        is_own: impl FnOnce(IpAddr) -> bool,
    ) -> Result<()> {
        let Some(rules) = &self.0 else {
            return Ok(());
        };
        // ::ffff:127.0.0.1 is 127.0.0.1.
        let address = address.to_canonical();
        let host = bare(host);
        let on = |list: &[Destination]| {
            list.iter()
                .any(|entry| entry.is_at(port) && (entry.names(host) || entry.holds(address)))
        };
        if on(&rules.allow) {
            return Ok(());
        }
        let why = if on(&rules.deny) {
            Some("`deny` lists it")
        } else {
            local(address).or_else(|| is_own(address).then_some("it is this machine itself"))
        };
        match why {
            None => Ok(()),
            Some(why) => Err(rules.refusal(host, Some(address), port, why)),
        }
    }

    /// The same for a connection that carries data beside one to `control`, at another port of that very
    /// address: where `allow` lists `control`, it lets its data through as well, since nobody knows its port
    /// beforehand. Not where `deny` names the port, and no port below 1024: no server takes data there, but
    /// other services listen. NotAuthorized.
    pub fn check_data(
        &self,
        host: &str,
        control: SocketAddr,
        port: u16,
        is_own: impl FnOnce(IpAddr) -> bool,
    ) -> Result<()> {
        let result = self.check(host, control.ip(), port, is_own);
        let (Err(_), Some(rules)) = (&result, &self.0) else {
            return result;
        };
        let (address, host) = (control.ip().to_canonical(), bare(host));
        let is_on = |list: &[Destination], judge: &dyn Fn(&Destination) -> bool| {
            let here = |entry: &&Destination| entry.names(host) || entry.holds(address);
            list.iter().filter(here).any(judge)
        };
        let allowed = is_on(&rules.allow, &|entry| entry.is_at(control.port()));
        let denied = is_on(&rules.deny, &|entry| entry.port == Some(port));
        match allowed && !denied && port >= FIRST_FREE {
            true => Ok(()),
            false => result,
        }
    }

    /// The same for a name that somebody else looks up: then only what the name itself says can be judged.
    /// NotAuthorized.
    pub fn check_name(&self, host: &str, port: u16) -> Result<()> {
        let Some(rules) = &self.0 else {
            return Ok(());
        };
        let host = bare(host);
        if let Ok(address) = host.parse() {
            return self.check(host, address, port, |_| false);
        }
        let on = |list: &[Destination]| {
            list.iter()
                .any(|entry| entry.is_at(port) && entry.names(host))
        };
        if on(&rules.allow) || !on(&rules.deny) {
            return Ok(());
        }
        Err(rules.refusal(host, None, port, "`deny` lists it"))
    }
}

impl Rules {
    fn refusal(&self, host: &str, address: Option<IpAddr>, port: u16, why: &str) -> Error {
        let shown: String = host
            .chars()
            .take(253)
            .flat_map(char::escape_debug)
            .collect();
        let at = match address {
            Some(address) if host.parse() != Ok(address) => format!(" ({address})"),
            _ => String::new(),
        };
        let emulator = &self.emulator;
        Error::new(
            ErrorKind::NotAuthorized,
            format!(
                "equipment at emulator {emulator} may not reach {shown}{at} at port {port}: {why} \
                 (`allow` of [emulator.{emulator}] can permit it)"
            ),
        )
    }
}

/// Why an address is of this machine or its link, if it is.
fn local(address: IpAddr) -> Option<&'static str> {
    let link_local = match address {
        IpAddr::V4(v4) => v4.is_link_local() || v4.is_broadcast(),
        IpAddr::V6(v6) => v6.is_unicast_link_local(),
    };
    if address.is_loopback() {
        Some("it is a loopback address")
    } else if address.is_unspecified() {
        // Linux takes it for loopback.
        Some("it is no address of anybody")
    } else if address.is_multicast() {
        Some("it is a multicast address")
    } else {
        link_local.then_some("it is a link-local address")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn reach(allow: &[&str], deny: &[&str]) -> Reach {
        let list = |texts: &[&str]| texts.iter().map(|text| text.parse().unwrap()).collect();
        Reach::of_emulator("panel", list(allow), list(deny))
    }

    /// 192.0.2.1 and 2001:db8::1 are this machine's.
    fn may(reach: &Reach, host: &str, address: &str, port: u16) -> bool {
        let own: [IpAddr; 2] = ["192.0.2.1".parse().unwrap(), "2001:db8::1".parse().unwrap()];
        let result = reach.check(host, address.parse().unwrap(), port, |it| own.contains(&it));
        if let Err(error) = &result {
            assert_eq!(error.kind, ErrorKind::NotAuthorized);
            assert!(!error.try_next() && !error.is_temporary());
        }
        result.is_ok()
    }

    #[test]
    fn without_lists_anything_but_this_machine_and_its_link() {
        let reach = reach(&[], &[]);
        for good in ["198.51.100.7", "10.1.2.3", "2001:db8::2", "fd00::1"] {
            assert!(may(&reach, "mail.example.org", good, 25), "{good}");
        }
        for bad in [
            "127.0.0.1",
            "127.9.9.9",
            "::1",
            "::ffff:127.0.0.1",
            "192.0.2.1",
            "::ffff:192.0.2.1",
            "2001:db8::1",
            "169.254.1.1",
            "fe80::1",
            "224.0.0.1",
            "ff02::1",
            "0.0.0.0",
            "::",
            "255.255.255.255",
        ] {
            assert!(!may(&reach, "mail.example.org", bad, 25), "{bad}");
        }
    }

    #[test]
    fn nothing_holds_for_who_has_no_rules() {
        assert!(may(&Reach::default(), "localhost", "127.0.0.1", 25));
        assert_eq!(Reach::default().check_name("127.0.0.1", 25), Ok(()));
    }

    #[test]
    fn allow_wins_over_deny_and_over_the_default() {
        let reach = reach(
            &["127.0.0.1:25", "10.1.0.0/16"],
            &["10.0.0.0/8", "[fd00::]:25"],
        );
        assert!(may(&reach, "x", "127.0.0.1", 25));
        assert!(!may(&reach, "x", "127.0.0.1", 587));
        assert!(may(&reach, "x", "10.1.255.1", 25));
        assert!(!may(&reach, "x", "10.2.0.1", 25));
        assert!(!may(&reach, "x", "::ffff:10.2.0.1", 25));
        assert!(may(&reach, "x", "11.0.0.0", 25));
        assert!(!may(&reach, "x", "fd00::", 25) && may(&reach, "x", "fd00::", 26));
    }

    #[test]
    fn only_what_is_listed() {
        let reach = reach(&["Mail.Example.org:25", "2001:db8:1::/48"], &["*"]);
        assert!(may(&reach, "mail.example.ORG", "198.51.100.7", 25));
        assert!(may(&reach, "mail.example.org.", "127.0.0.1", 25));
        assert!(!may(&reach, "mail.example.org", "198.51.100.7", 26));
        assert!(!may(&reach, "other.example.org", "198.51.100.7", 25));
        assert!(may(&reach, "x", "2001:db8:1::5", 1));
        assert!(!may(&reach, "x", "2001:db8:2::5", 1));
        assert!(may(&self::reach(&["*:25"], &["*"]), "x", "::1", 25));
    }

    #[test]
    fn names_that_a_module_looks_up() {
        let reach = reach(&["mail.example.org"], &["bad.example.org:1"]);
        assert_eq!(reach.check_name("other.example.org", 25), Ok(()));
        assert!(reach.check_name("bad.example.org", 1).is_err());
        assert_eq!(reach.check_name("bad.example.org", 2), Ok(()));
        assert!(reach.check_name("[::1]", 25).is_err());
        assert!(reach.check_name("127.0.0.1", 25).is_err());
        let none = self::reach(&["mail.example.org"], &["*"]);
        assert_eq!(none.check_name("MAIL.example.org", 25), Ok(()));
        assert!(none.check_name("other.example.org", 25).is_err());
    }

    #[test]
    fn data_goes_where_its_control_connection_may_go() {
        let of_control = |reach: &Reach, control: &str, port: u16| {
            let control = control.parse().unwrap();
            reach
                .check_data("ftp.example.org", control, port, |_| false)
                .is_ok()
        };
        let listed = reach(&["127.0.0.1:21"], &["10.0.0.0/8", "127.0.0.1:3306"]);
        assert!(of_control(&listed, "127.0.0.1:21", 40_000));
        assert!(of_control(&listed, "[::ffff:127.0.0.1]:21", 40_000));
        assert!(!may(&listed, "ftp.example.org", "127.0.0.1", 40_000));
        for (control, port) in [
            // Not listed itself, another address, another service, a port that is denied by its number.
            ("127.0.0.1:2121", 40_000),
            ("127.0.0.2:21", 40_000),
            ("127.0.0.1:21", 25),
            ("127.0.0.1:21", 3306),
            ("10.0.0.1:21", 40_000),
        ] {
            assert!(!of_control(&listed, control, port), "{control} {port}");
        }
        let named = reach(&["FTP.example.org:21"], &["*"]);
        assert!(of_control(&named, "198.51.100.7:21", 40_000));
        assert!(!of_control(&named, "198.51.100.7:22", 40_000));
        // What needs no leave needs none here.
        let open = reach(&[], &["198.51.100.7:40000"]);
        assert!(of_control(&open, "198.51.100.7:21", 20));
        assert!(!of_control(&open, "198.51.100.7:21", 40_000));
        assert!(of_control(&Reach::default(), "127.0.0.1:21", 25));
    }

    #[test]
    fn the_refusal_says_what_where_and_what_to_do() {
        let error = reach(&[], &[])
            .check("mail.example.org", "127.0.0.1".parse().unwrap(), 25, |_| {
                false
            })
            .unwrap_err();
        assert_eq!(
            error.text,
            "equipment at emulator panel may not reach mail.example.org (127.0.0.1) at port 25: it is a \
             loopback address (`allow` of [emulator.panel] can permit it)"
        );
    }
}
