//! Where equipment may connect to, and where it may listen.

use super::value::{Host, parsed_from_string};
use crate::service::{Destination, Hosts};
use serde::Deserialize;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};
use std::str::FromStr;

impl FromStr for Destination {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let wrong = || {
            format!(
                "`{}` is not a destination: \"*\", a host, an address or a network like \"10.0.0.0/8\", with or without \":port\"",
                text.escape_default()
            )
        };
        let (hosts, port) = split_port(text).ok_or_else(wrong)?;
        let port = match port {
            Some(port) => Some(
                port.parse()
                    .ok()
                    .filter(|&port| port != 0)
                    .ok_or_else(wrong)?,
            ),
            None => None,
        };
        let hosts = parse_hosts(hosts).ok_or_else(wrong)?;
        Ok(Self { hosts, port })
    }
}

/// Splits `host:port`, `[v6]:port` and `[v6]`; a bare IPv6 address has no port.
fn split_port(text: &str) -> Option<(&str, Option<&str>)> {
    if let Some(rest) = text.strip_prefix('[') {
        let (host, rest) = rest.split_once(']')?;
        return match rest {
            "" => Some((host, None)),
            _ => Some((host, Some(rest.strip_prefix(':')?))),
        };
    }
    match text.split_once(':') {
        Some((host, port)) if !port.contains(':') => Some((host, Some(port))),
        _ => Some((text, None)),
    }
}

fn parse_hosts(text: &str) -> Option<Hosts> {
    if text == "*" {
        return Some(Hosts::Any);
    }
    if let Ok(address) = text.parse::<IpAddr>() {
        let bits = if address.is_ipv4() { 32 } else { 128 };
        return Some(Hosts::Network { address, bits });
    }
    if let Some((address, bits)) = text.split_once('/') {
        let bits = bits.parse().ok()?;
        // `10.1.2.3/8` is more often a slip than meant.
        return network(address.parse().ok()?, bits).filter(
            |hosts| matches!(hosts, Hosts::Network { address: a, .. } if Ok(*a) == address.parse()),
        );
    }
    let host: Host = text.parse().ok()?;
    Some(Hosts::Name(host.as_str().to_owned()))
}

fn network(address: IpAddr, bits: u8) -> Option<Hosts> {
    let address = match address {
        IpAddr::V4(a) if bits <= 32 => {
            let mask = u32::MAX.checked_shl(32 - u32::from(bits)).unwrap_or(0);
            IpAddr::V4(Ipv4Addr::from_bits(a.to_bits() & mask))
        }
        IpAddr::V6(a) if bits <= 128 => {
            let mask = u128::MAX.checked_shl(128 - u32::from(bits)).unwrap_or(0);
            IpAddr::V6(Ipv6Addr::from_bits(a.to_bits() & mask))
        }
        _ => return None,
    };
    Some(Hosts::Network { address, bits })
}

/// Ports that equipment may listen on: `5000` or `5000-5010`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(try_from = "String")]
pub struct PortRange {
    /// The first port, not 0.
    pub first: u16,
    /// The last port, not before the first.
    pub last: u16,
}

impl FromStr for PortRange {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let (first, last) = text.split_once('-').unwrap_or((text, text));
        match (first.parse(), last.parse()) {
            (Ok(first), Ok(last)) if 0 < first && first <= last => Ok(Self { first, last }),
            _ => Err(format!(
                "`{}` is not a range of ports like \"5000-5010\"",
                text.escape_default()
            )),
        }
    }
}

parsed_from_string!(Destination, PortRange);

#[cfg(test)]
mod tests {
    use super::*;

    fn hosts(text: &str) -> Option<Hosts> {
        text.parse::<Destination>().ok().map(|d| d.hosts)
    }

    #[test]
    fn destinations() {
        let d: Destination = "127.0.0.1:25".parse().unwrap();
        assert_eq!(d.port, Some(25));
        assert_eq!(hosts("*"), Some(Hosts::Any));
        assert_eq!(
            hosts("10.0.0.0/8"),
            Some(Hosts::Network {
                address: [10, 0, 0, 0].into(),
                bits: 8
            })
        );
        assert_eq!(
            hosts("0.0.0.0/0"),
            Some(Hosts::Network {
                address: [0; 4].into(),
                bits: 0
            })
        );
        assert!(
            hosts("fd00::/8").is_some() && hosts("[::1]:25").is_some() && hosts("::/0").is_some()
        );
        assert!(matches!(
            hosts("mail.example.org:587"),
            Some(Hosts::Name(_))
        ));
        for wrong in [
            "",
            ":25",
            "10.1.2.3/8",
            "10.0.0.0/33",
            "a b",
            "x:0",
            "x:65536",
            "[::1",
            "[::1]25",
            "1.2.3.4:",
        ] {
            assert_eq!(hosts(wrong), None, "{wrong}");
        }
    }

    #[test]
    fn ranges() {
        let range: PortRange = "5000-5010".parse().unwrap();
        assert_eq!((range.first, range.last), (5000, 5010));
        assert!("5000".parse::<PortRange>().is_ok());
        for wrong in ["", "0", "5-4", "1-", "-1", "70000"] {
            assert!(wrong.parse::<PortRange>().is_err(), "{wrong}");
        }
    }
}
