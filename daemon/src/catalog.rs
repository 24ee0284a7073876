//! Messages that somebody should act on: `journalctl -x` shows what packaging/hayesd.catalog says of them.
//!
//! Such a message has one of these as its event's name (`name:` of the macros of `tracing`).

/// The configuration is wrong.
pub(crate) const CONFIGURATION: &str = "configuration";
/// The helper does not give a port.
pub(crate) const PORT: &str = "port";
/// A module does not answer, whatever was tried.
pub(crate) const MODEM: &str = "modem";
/// Mail of equipment was not delivered, and will not be.
pub(crate) const UNDELIVERED: &str = "undelivered";
/// The disk does not take what has to be kept.
pub(crate) const DISK: &str = "disk";
/// A job on disk can't be read.
pub(crate) const CORRUPT: &str = "corrupt";
/// An account can't be used.
pub(crate) const ACCOUNT: &str = "account";

/// The names above and their IDs (journald's `MESSAGE_ID`).
const MESSAGES: [(&str, &str); 7] = [
    (CONFIGURATION, "4b408b1305fb4d119a1104c7e7df37cb"),
    (PORT, "32b2db2b0e504752a55602c678953500"),
    (MODEM, "df5cf6fc9ece40948846cd102af7ed3c"),
    (UNDELIVERED, "b86582b313cc41898e013765ccbeb49e"),
    (DISK, "165f91048a7c42838300ef2cd9a992be"),
    (CORRUPT, "176c5273c229468dbd506de29ae763fd"),
    (ACCOUNT, "46f70c6ffe38466dab10932f51f25ba0"),
];

/// A message's ID, by its event's name.
pub(crate) fn id_of(name: &str) -> Option<&'static str> {
    let found = MESSAGES.iter().find(|(message, _)| *message == name);
    found.map(|(_, id)| *id)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_catalog_has_every_message_and_no_other() {
        let catalog = include_str!("../../packaging/hayesd.catalog");
        let mut explained: Vec<_> = catalog
            .lines()
            .filter_map(|line| line.strip_prefix("-- "))
            .collect();
        let mut ids: Vec<_> = MESSAGES.iter().map(|(_, id)| *id).collect();
        explained.sort_unstable();
        ids.sort_unstable();
        assert_eq!(explained, ids);
    }
}
