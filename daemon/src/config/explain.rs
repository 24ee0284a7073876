//! Every key in one table: what `hayesd check --explain` prints. A test holds it against the types.

use super::quirks;
use std::fmt::Write;

/// A key of the configuration.
pub(super) struct Key {
    /// Its name in its table.
    pub(super) name: &'static str,
    /// What may stand there.
    pub(super) values: &'static str,
    /// What holds without it, as it would be written; empty: nothing, or as the text says.
    pub(super) default: &'static str,
    /// What it means.
    pub(super) text: &'static str,
}

/// A table of the configuration.
pub(super) struct Table {
    /// Its header.
    pub(super) header: &'static str,
    /// What it is for.
    pub(super) text: &'static str,
    /// Its keys.
    pub(super) keys: &'static [Key],
}

const fn key(
    name: &'static str,
    values: &'static str,
    default: &'static str,
    text: &'static str,
) -> Key {
    Key {
        name,
        values,
        default,
        text,
    }
}

const SPEED: Key = key("speed", "50 to 4000000", "115200", "Bits a second");
const FRAMING: Key = key(
    "framing",
    "data bits, parity, stop bits",
    "\"8N1\"",
    "7 or 8, N O or E, 1 or 2",
);
const FLOW: Key = key("flow", "none rtscts xonxoff", "\"none\"", "Flow control");

/// All tables.
pub(super) const TABLES: [Table; 11] = [
    Table {
        header: "[daemon]",
        text: "All optional",
        keys: &[
            key(
                "bus",
                "system, or a D-Bus address",
                "\"system\"",
                "The bus to serve on; needs a restart",
            ),
            key(
                "state_dir",
                "path",
                "\"/var/lib/hayesd\"",
                "Spool, inbox, module memories and files; needs a restart",
            ),
            key(
                "helper",
                "socket, or spawn",
                "\"/run/hayes-ldisc/ldisc.sock\"",
                "The process that opens TTYs (spawn: hayesd starts it, it allows the configured devices); needs a restart",
            ),
            key(
                "via",
                "list of ip, modem:NAME",
                "[\"ip\"]",
                "The ways out, tried in this order",
            ),
            key(
                "default_account",
                "account",
                "",
                "The account meant by an empty account argument; one of this configuration, or one that a caller made",
            ),
            key("limits", "table", "{}", "See below"),
            key("queue", "table", "{}", "See below"),
            key(
                "on_unknown",
                "retry fail",
                "\"retry\"",
                "A mail that was sent and whose result never came: tried again and marked as a possible duplicate, or failed",
            ),
        ],
    },
    Table {
        header: "daemon.limits",
        text: "For each user; root is exempt from all but message",
        keys: &[
            key("jobs", "number", "64", "Active jobs"),
            key("spool", "size", "\"64 MiB\"", "Room in the spool"),
            key("waits", "number", "16", "Calls of Job.Wait at a time"),
            key("message", "size", "\"32 MiB\"", "The largest message"),
        ],
    },
    Table {
        header: "daemon.queue",
        text: "When a mail that could not be delivered is tried again",
        keys: &[
            key(
                "first",
                "time",
                "\"60 s\"",
                "The first pause; later ones grow quadratically",
            ),
            key("longest", "time", "\"1 h\"", "The longest pause"),
            key(
                "expiry",
                "time",
                "\"5 d\"",
                "Time in the queue after which it is given up",
            ),
        ],
    },
    Table {
        header: "[emulator.NAME]",
        text: "Equipment is at this port; hayesd plays the module for it",
        keys: &[
            key(
                "device",
                "path, or pty:NAME",
                "",
                "Needed. pty:NAME makes a pseudo-terminal pty/NAME beside the helper's socket",
            ),
            key(
                "dialect",
                "name",
                "",
                "Needed. The AT language that the equipment speaks",
            ),
            SPEED,
            FRAMING,
            FLOW,
            key(
                "via",
                "list of ip, modem:NAME",
                "[]",
                "The ways out; empty: as daemon.via",
            ),
            key(
                "delivery",
                "through store",
                "\"through\"",
                "through: the result is the server's own; store: success is told when the mail is in the spool, then it is retried",
            ),
            key(
                "bounce_to",
                "account",
                "",
                "With store: the account that mail which could not be delivered is reported to",
            ),
            key("lines", "table", "{}", "See below"),
            key("identity", "table", "{}", "See below"),
            key(
                "allow",
                "list of destinations",
                "[]",
                "Reachable although it is loopback, this machine, link-local, multicast or denied; by address, network or name, with or without :port. An FTP server that it lists gets its data connections too, at ports from 1024 on",
            ),
            key(
                "deny",
                "list of destinations",
                "[]",
                "Not reachable: \"*\", host, address or network, with or without :port; a modem looks names up itself: there, only names are judged",
            ),
            key(
                "listen",
                "list of ports",
                "[]",
                "Ports that it may listen on, \"5000-5010\" (not yet in effect)",
            ),
            key(
                "quirks",
                "table",
                "{}",
                "The dialect's own settings, see below",
            ),
        ],
    },
    Table {
        header: "emulator.NAME.lines",
        text: "How the modem circuits are wired; ignored where the TTY has none",
        keys: &[
            key(
                "dtr",
                "dsr dcd none",
                "\"dsr\"",
                "The input that shows the equipment's DTR",
            ),
            key(
                "carrier",
                "dtr none",
                "\"dtr\"",
                "The output on which we show carrier",
            ),
        ],
    },
    Table {
        header: "emulator.NAME.identity",
        text: "What ATI and its friends answer; the dialect's own where absent",
        keys: &[
            key("manufacturer", "text", "", "AT+GMI"),
            key("model", "text", "", "AT+GMM"),
            key("revision", "text", "", "AT+GMR"),
            key("serial", "text", "", "The serial number"),
            key("imei", "text", "", "AT+GSN"),
        ],
    },
    Table {
        header: "[modem.NAME]",
        text: "A module is at this port; hayesd drives it",
        keys: &[
            key(
                "device",
                "path, or pty:NAME",
                "",
                "Needed. A path that stays the same, under /dev/serial/by-id, is best",
            ),
            key(
                "dialect",
                "auto, or a name",
                "\"auto\"",
                "auto: the module is asked",
            ),
            SPEED,
            FRAMING,
            FLOW,
            key(
                "apn",
                "name",
                "\"\"",
                "The access point; empty: what the module has",
            ),
            key("apn_user", "text", "", "Our name there"),
            key("apn_password", "secret", "", "Our password there"),
            key(
                "on_unknown",
                "retry fail",
                "",
                "As daemon.on_unknown, for this modem",
            ),
            key(
                "quirks",
                "table",
                "{}",
                "The dialect's own settings, see below; dialect must be a name",
            ),
        ],
    },
    Table {
        header: "[account.NAME]",
        text: "Servers, and who we are to them; at least one of them",
        keys: &[
            key(
                "from",
                "mailbox",
                "",
                "The sender of its mails; needed where there is smtp",
            ),
            key(
                "via",
                "list of ip, modem:NAME",
                "[]",
                "The ways out; empty: as daemon.via",
            ),
            key("smtp", "table", "", "Where mail is handed in, see below"),
            key("pop3", "table", "", "Where mail is fetched"),
            key("ftp", "table", "", "Where files are"),
        ],
    },
    Table {
        header: "account.NAME.smtp, .pop3, .ftp",
        text: "A server",
        keys: &[
            key("host", "name or address", "", "Needed"),
            key(
                "port",
                "1 to 65535",
                "",
                "The service's own: 465, 587, 25; 995, 110; 990, 21",
            ),
            key(
                "tls",
                "implicit starttls none",
                "\"implicit\"",
                "How the connection is protected",
            ),
            key(
                "user",
                "text",
                "",
                "Our name there; without, we do not authenticate",
            ),
            key(
                "password",
                "secret",
                "",
                "{ credential = \"NAME\" } (systemd's LoadCredential) or { file = \"/PATH\" }",
            ),
            key(
                "token",
                "token",
                "",
                "In the place of password: an OAuth 2.0 bearer token (XOAUTH2), fetched at each login; { file = \"/PATH\" } or { command = [\"/PROGRAM\", \"ARGUMENT\"] }, which prints it within 20 s, without a shell; smtp and pop3",
            ),
            key(
                "plain_auth",
                "true false",
                "false",
                "Send password or token even with tls = \"none\"",
            ),
        ],
    },
    Table {
        header: "[[map]]",
        text: "Equipment that asks for this is served by that account or server; the first that fits",
        keys: &[
            key(
                "service",
                "smtp pop3 ftp http",
                "",
                "Needed. The service that it asks for",
            ),
            key(
                "host",
                "pattern",
                "",
                "Needed. The server that it names; * and ?",
            ),
            key(
                "port",
                "1 to 65535",
                "",
                "The port that it names; any without",
            ),
            key("emulator", "emulator", "", "Only this one's equipment"),
            key(
                "account",
                "account",
                "",
                "The account; needed for all but http",
            ),
            key(
                "server",
                "https://HOST[:PORT] http://HOST[:PORT]",
                "",
                "The server; needed for http. What equipment writes goes there as it is, its Host field too; https puts TLS under it",
            ),
            key(
                "rewrite_from",
                "true false",
                "false",
                "Sender and From become the account's, the equipment's own goes to Reply-To; smtp",
            ),
        ],
    },
    Table {
        header: "[tls]",
        text: "",
        keys: &[key(
            "roots",
            "system, or a PEM file",
            "\"system\"",
            "The certificates that are trusted; where the system has none, those built in",
        )],
    },
];

/// All keys with their values, defaults and meanings, then each dialect's quirks, for people.
pub fn explain() -> String {
    let mut out = String::from(
        "Values in capitals stand for names of your own: 1 to 32 of A-Z a-z 0-9 _ -\n\
         time: \"60 s\" (ms s min h d)   size: \"64 MiB\" (B KiB MiB GiB)\n",
    );
    for table in &TABLES {
        // Writing to a String does not fail.
        let _ = writeln!(out, "\n{}", table.header);
        if !table.text.is_empty() {
            let _ = writeln!(out, "    {}", table.text);
        }
        for key in table.keys {
            let _ = write!(out, "  {:<16} {}", key.name, key.values);
            if !key.default.is_empty() {
                let _ = write!(out, " [{}]", key.default);
            }
            let _ = writeln!(out, "\n{:19}{}", "", key.text);
        }
    }
    for (header, quirks) in quirks::tables() {
        let _ = writeln!(out, "\n{header}");
        for quirk in quirks {
            let (values, default) = (quirks::values(quirk), quirks::unless_configured(quirk));
            let _ = writeln!(out, "  {:<16} {values} [{default}]", quirk.name);
            let _ = writeln!(out, "{:19}{}", "", quirk.text);
        }
        if quirks.is_empty() {
            out.push_str("  none\n");
        }
    }
    out
}
