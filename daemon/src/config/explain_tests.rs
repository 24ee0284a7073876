//! The table of keys against the types.

use super::explain::{TABLES, explain};
use super::quirks::{tables, unless_configured, values};
use super::*;
use std::collections::BTreeSet;

/// The keys that a type takes, out of serde's own complaint about another one.
fn keys_of<T: for<'de> Deserialize<'de>>(needed: &str) -> BTreeSet<String> {
    let text = format!("no_such_key = 0\n{needed}");
    let error = toml::from_str::<T>(&text)
        .err()
        .expect("an unknown key is an error");
    let message = error.message().to_owned();
    let (_, expected) = message
        .split_once("expected")
        .unwrap_or_else(|| panic!("{message}"));
    expected
        .split('`')
        .skip(1)
        .step_by(2)
        .map(str::to_owned)
        .collect()
}

#[test]
fn every_key_is_explained_and_every_explained_key_exists() {
    let types = [
        keys_of::<Daemon>(""),
        keys_of::<Limits>(""),
        keys_of::<Queue>(""),
        keys_of::<Emulator>(""),
        keys_of::<Lines>(""),
        keys_of::<Identity>(""),
        keys_of::<Modem>(""),
        keys_of::<Account>(""),
        keys_of::<Endpoint>(""),
        keys_of::<Map>(""),
        keys_of::<TlsSettings>(""),
    ];
    for (table, keys) in TABLES.iter().zip(types) {
        let explained: BTreeSet<_> = table.keys.iter().map(|k| k.name.to_owned()).collect();
        assert_eq!(explained, keys, "{}", table.header);
    }
}

#[test]
fn defaults_are_what_holds_without_the_key() {
    let needed = |header: &str| match header {
        "[emulator.NAME]" => "device = '/dev/ttyS1'\ndialect = 'quectel'\n",
        "[modem.NAME]" => "device = '/dev/ttyS2'\n",
        "account.NAME.smtp, .pop3, .ftp" => "host = 'smtp.example.org'\n",
        "[[map]]" => "service = 'smtp'\nhost = '*'\naccount = 'a'\n",
        _ => "",
    };
    for table in &TABLES {
        let needed = needed(table.header);
        let written: String = table
            .keys
            .iter()
            .filter(|k| !k.default.is_empty())
            .map(|k| format!("{} = {}\n", k.name, k.default))
            .collect();
        let with = format!("{needed}{written}");
        fn same<T: for<'de> Deserialize<'de> + PartialEq + std::fmt::Debug>(
            without: &str,
            with: &str,
        ) {
            assert_eq!(
                toml::from_str::<T>(without).unwrap(),
                toml::from_str::<T>(with).unwrap()
            );
        }
        match table.header {
            "[daemon]" => same::<Daemon>(needed, &with),
            "daemon.limits" => same::<Limits>(needed, &with),
            "daemon.queue" => same::<Queue>(needed, &with),
            "[emulator.NAME]" => same::<Emulator>(needed, &with),
            "emulator.NAME.lines" => same::<Lines>(needed, &with),
            "emulator.NAME.identity" => same::<Identity>(needed, &with),
            "[modem.NAME]" => same::<Modem>(needed, &with),
            "[account.NAME]" => same::<Account>(needed, &with),
            "account.NAME.smtp, .pop3, .ftp" => same::<Endpoint>(needed, &with),
            "[[map]]" => same::<Map>(needed, &with),
            "[tls]" => same::<TlsSettings>(needed, &with),
            other => panic!("{other} has no type here"),
        }
    }
}

#[test]
fn explaining_names_every_key() {
    let text = explain();
    for key in TABLES.iter().flat_map(|table| table.keys) {
        assert!(
            text.contains(key.name) && text.contains(key.text),
            "{}",
            key.name
        );
    }
}

/// hayesd.toml(5), as it stands in the repository.
const MANUAL: &str = concat!(
    env!("CARGO_MANIFEST_DIR"),
    "/../packaging/man/hayesd.toml.5"
);
const TABLE: &str = ".\\\" From the program's own table; a test compares.\n";
const END: &str = ".\\\" End of the table.\n";

/// All keys in man(7).
fn keys_as_manual() -> String {
    let roff = |text: &str| text.replace('\\', "\\e").replace('-', "\\-");
    let mut out = String::new();
    for table in &TABLES {
        out += &format!(".SS {}\n", roff(table.header));
        if !table.text.is_empty() {
            out += &format!("{}.\n", roff(table.text));
        }
        for key in table.keys {
            let default = if key.default.is_empty() {
                String::new()
            } else {
                format!(" [{}]", roff(key.default))
            };
            let (name, values) = (roff(key.name), roff(key.values));
            out += &format!(".TP\n\\fB{name}\\fR: \\fI{values}\\fR{default}\n");
            out += &format!("{}.\n", roff(key.text));
        }
    }
    for (header, quirks) in tables().filter(|(_, quirks)| !quirks.is_empty()) {
        out += &format!(".SS {}\n", roff(&header));
        for quirk in quirks {
            let (values, default) = (values(quirk), roff(&unless_configured(quirk)));
            let (name, values) = (roff(quirk.name), roff(&values));
            out += &format!(".TP\n\\fB{name}\\fR: \\fI{values}\\fR [{default}]\n");
            out += &format!("{}.\n", roff(quirk.text));
        }
    }
    out
}

#[test]
fn the_manual_page_has_every_key() {
    let page = std::fs::read_to_string(MANUAL).unwrap();
    let (before, rest) = page.split_once(TABLE).unwrap();
    let (table, after) = rest.split_once(END).unwrap();
    let wanted = keys_as_manual();
    if table != wanted && std::env::var_os("HAYES_WRITE").is_some() {
        std::fs::write(MANUAL, [before, TABLE, &wanted, END, after].concat()).unwrap();
        return;
    }
    assert!(
        table == wanted,
        "HAYES_WRITE=1 cargo test -p hayesd --lib manual_page   writes the page anew, with\n{wanted}"
    );
}
