//! What a server says that it can do (RFC 2389 FEAT). No I/O.

use super::super::replies::Reply;

/// What matters here of a FEAT reply. Names have no case.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Features {
    /// MLST, and with it MLSD (RFC 3659 section 7.8).
    pub(super) mlsd: bool,
    /// REST STREAM: transfers can be resumed both ways (RFC 3659 section 5.4).
    pub(super) restart: bool,
    /// RFC 2640.
    pub(super) utf8: bool,
}

impl Features {
    /// Out of a 211 reply, whose first and last lines are words for people.
    pub(super) fn read(reply: &Reply) -> Self {
        let mut features = Self::default();
        for line in &reply.lines {
            let line = line.trim().to_ascii_uppercase();
            let mut words = line.split_ascii_whitespace();
            match (words.next(), words.next()) {
                (Some("MLST" | "MLSD"), _) => features.mlsd = true,
                (Some("REST"), Some("STREAM")) => features.restart = true,
                (Some("UTF8"), _) => features.utf8 = true,
                _ => {}
            }
        }
        features
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(lines: &[&str]) -> Features {
        Features::read(&Reply {
            code: 211,
            lines: lines.iter().map(|&line| line.into()).collect(),
        })
    }

    #[test]
    fn features_as_servers_write_them() {
        let all = Features {
            mlsd: true,
            restart: true,
            utf8: true,
        };
        assert_eq!(
            read(&[
                "Features:",
                " MDTM",
                " MLST type*;size*;modify*;",
                " REST STREAM",
                " UTF8",
                "End"
            ]),
            all
        );
        assert_eq!(
            read(&["Extensions supported:", "mlst size", "rest stream", "utf8"]),
            all
        );
        let vsftpd = read(&[
            "Features:",
            " EPRT",
            " EPSV",
            " MDTM",
            " PASV",
            " REST STREAM",
            " SIZE",
            " TVFS",
            "End",
        ]);
        assert!(vsftpd.restart && !vsftpd.mlsd && !vsftpd.utf8);
        assert_eq!(
            read(&["no features", " REST", " XMLST", " UTF-8"]),
            Features::default()
        );
    }
}
