//! What a server says that it can do, in its answer to CAPA (RFC 2449).

/// Capabilities. They have no case (RFC 2449 section 5).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Offers {
    /// It knows CAPA at all; where it doesn't, everything is worth a try.
    pub(super) known: bool,
    /// STLS (RFC 2595 section 4).
    pub(super) stls: bool,
    /// USER and PASS.
    pub(super) user: bool,
    /// SASL PLAIN (RFC 4616).
    pub(super) plain: bool,
    /// SASL XOAUTH2.
    pub(super) xoauth2: bool,
    /// Whatever it refuses for the credentials' sake it refuses with `[AUTH]` (RFC 3206 section 6).
    pub(super) auth_code: bool,
    pub(super) pipelining: bool,
    pub(super) top: bool,
}

impl Offers {
    /// Takes one line of the answer.
    pub(super) fn line(&mut self, line: &[u8]) {
        let line = line.to_ascii_uppercase();
        let mut words = line
            .split(|&byte| byte == b' ')
            .filter(|word| !word.is_empty());
        match words.next() {
            Some(b"STLS") => self.stls = true,
            Some(b"USER") => self.user = true,
            Some(b"AUTH-RESP-CODE") => self.auth_code = true,
            Some(b"PIPELINING") => self.pipelining = true,
            Some(b"TOP") => self.top = true,
            Some(b"SASL") => {
                for mechanism in words {
                    self.plain |= mechanism == b"PLAIN";
                    self.xoauth2 |= mechanism == b"XOAUTH2";
                }
            }
            _ => {}
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn offers_are_read_in_any_case() {
        let mut offers = Offers::default();
        for line in [
            "Top",
            "pipelining",
            "SASL  XOAUTH2 plain",
            "AUTH-RESP-CODE",
            "EXPIRE NEVER",
            "",
        ] {
            offers.line(line.as_bytes());
        }
        assert!(offers.top && offers.pipelining && offers.plain && offers.xoauth2);
        assert!(offers.auth_code && !offers.user && !offers.stls);
    }

    #[test]
    fn what_only_looks_so_is_no_offer() {
        let mut offers = Offers::default();
        for line in [
            "XSTLS",
            "STLSX",
            "IMPLEMENTATION USER",
            "SASL PLAINX",
            "USER\0",
        ] {
            offers.line(line.as_bytes());
        }
        assert_eq!(offers, Offers::default());
    }
}
