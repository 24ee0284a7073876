//! Where data goes: answers to PASV and EPSV, arguments of PORT and EPRT. No I/O.

use std::net::{IpAddr, SocketAddr};

/// The port in a 227 reply (RFC 959 section 4.1.2): six numbers, with or without brackets. The address in it
/// is not believed: behind a translating router it is wrong, and a hostile server would name somebody else.
pub(super) fn read_passive(text: &str) -> Option<u16> {
    let starts = text
        .char_indices()
        .filter(|&(at, c)| c.is_ascii_digit() && !preceded_by_digit(text, at));
    for (at, _) in starts {
        let numbers = read_six(text.get(at..).unwrap_or_default());
        if let Some([.., high, low]) = numbers {
            return Some(u16::from(high) << 8 | u16::from(low)).filter(|&port| port != 0);
        }
    }
    None
}

fn preceded_by_digit(text: &str, at: usize) -> bool {
    let before = at.checked_sub(1).and_then(|at| text.as_bytes().get(at));
    before.is_some_and(u8::is_ascii_digit)
}

fn read_six(text: &str) -> Option<[u8; 6]> {
    let mut numbers = [0; 6];
    let mut parts = text.splitn(6, ',');
    for (place, number) in numbers.iter_mut().enumerate() {
        let part = parts.next()?.trim_start();
        let digits = match place {
            5 => part
                .split(|c: char| !c.is_ascii_digit())
                .next()
                .unwrap_or_default(),
            _ => part,
        };
        if digits.is_empty() || !digits.bytes().all(|byte| byte.is_ascii_digit()) {
            return None;
        }
        *number = digits.parse().ok()?;
    }
    Some(numbers)
}

/// The port in a 229 reply (RFC 2428 section 3): `(<d><d><d>port<d>)`, any delimiter. Its other fields, empty
/// by the RFC, are not looked at.
pub(super) fn read_extended(text: &str) -> Option<u16> {
    let inside = text.rsplit_once('(')?.1.split_once(')')?.0;
    let delimiter = inside
        .chars()
        .next()
        .filter(|c| c.is_ascii_graphic() && !c.is_ascii_digit())?;
    let mut fields = inside.split(delimiter);
    let port = fields.nth(3)?;
    // The last delimiter must have come, or the number may be cut off.
    fields.next()?;
    if !port.bytes().all(|byte| byte.is_ascii_digit()) {
        return None;
    }
    port.parse().ok().filter(|&port| port != 0)
}

/// The command that asks the server to connect to this address of ours: PORT, or EPRT for IPv6.
pub(super) fn ask_to_connect(address: SocketAddr) -> String {
    let port = address.port();
    match address.ip().to_canonical() {
        IpAddr::V4(v4) => {
            let [a, b, c, d] = v4.octets();
            format!("PORT {a},{b},{c},{d},{},{}", port >> 8, port & 0xff)
        }
        IpAddr::V6(v6) => format!("EPRT |2|{v6}|{port}|"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn answers_to_pasv() {
        for (text, port) in [
            ("Entering Passive Mode (127,0,0,1,195,149).", Some(50_069)),
            ("Entering Passive Mode 10,0,0,1,4,1", Some(1025)),
            ("=192,0,2,1,0,21", Some(21)),
            ("Entering Passive Mode (10, 0, 0, 1, 4, 1)", Some(1025)),
            ("2 ways: 1,2,3,4,5,6", Some(1286)),
            ("(0,0,0,0,255,255)", Some(65_535)),
            ("(1,2,3,4,0,0)", None),
            ("(1,2,3,4,256,1)", None),
            ("(1,2,3,4,5)", None),
            ("(1,2,3,4,5,)", None),
            ("(1,2,3,4,-5,6)", None),
            ("Entering Passive Mode", None),
            ("", None),
            ("\u{661},2,3,4,5,6", None),
        ] {
            assert_eq!(read_passive(text), port, "{text}");
        }
    }

    #[test]
    fn answers_to_epsv() {
        for (text, port) in [
            ("Entering Extended Passive Mode (|||6446|)", Some(6446)),
            ("ok (!!!65535!)", Some(65_535)),
            ("(|1|192.0.2.9|21|)", Some(21)),
            ("(|||0|)", None),
            ("(|||65536|)", None),
            ("(|||6446)", None),
            ("(||6446|)", None),
            ("(|||+6446|)", None),
            ("(||||)", None),
            ("()", None),
            ("(1116446111)", None),
            ("6446", None),
        ] {
            assert_eq!(read_extended(text), port, "{text}");
        }
    }

    #[test]
    fn how_a_server_is_asked_to_connect() {
        let ask = |address: &str| ask_to_connect(address.parse().unwrap());
        assert_eq!(ask("192.0.2.7:50069"), "PORT 192,0,2,7,195,149");
        assert_eq!(ask("[2001:db8::7]:1025"), "EPRT |2|2001:db8::7|1025|");
        assert_eq!(ask("[::ffff:192.0.2.7]:1"), "PORT 192,0,2,7,0,1");
    }

    proptest! {
        #[test]
        fn any_text_is_no_panic(text in "\\PC{0,60}") {
            let _ = (read_passive(&text), read_extended(&text));
        }

        #[test]
        fn every_port_is_found(port in 1u16..) {
            let passive = format!("({},{},{},{},{},{})", 1, 2, 3, 4, port >> 8, port & 0xff);
            prop_assert_eq!(read_passive(&passive), Some(port));
            prop_assert_eq!(read_extended(&format!("x (|||{port}|)")), Some(port));
        }
    }
}
