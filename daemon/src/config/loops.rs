//! Emulators that would be served by themselves: the modem that serves them is on their own pty.

use super::{Config, Device, Helper, Name};
use crate::job::Via;
use std::path::Path;

/// Each emulator that is served by itself, with the modems by which it comes back.
pub(super) fn find(config: &Config) -> Vec<(&Name, Vec<&Name>)> {
    config
        .emulators
        .keys()
        .filter_map(|name| Some((name, way_back(config, name)?)))
        .collect()
}

/// The modems between an emulator and itself.
fn way_back<'a>(config: &'a Config, start: &'a Name) -> Option<Vec<&'a Name>> {
    let mut seen = vec![start];
    // Emulators to look at, each with the modems that lead to it.
    let mut open = vec![(start, Vec::new())];
    while let Some((emulator, way)) = open.pop() {
        for modem in modems_of(config, emulator) {
            let Some(next) = emulator_under(config, modem) else {
                continue;
            };
            let mut way = way.clone();
            way.push(modem);
            if next == start {
                return Some(way);
            }
            if !seen.contains(&next) {
                seen.push(next);
                open.push((next, way));
            }
        }
    }
    None
}

fn modems_of<'a>(config: &'a Config, emulator: &Name) -> impl Iterator<Item = &'a Name> {
    let own = config
        .emulators
        .get(emulator)
        .map(|e| e.via.as_slice())
        .unwrap_or_default();
    // Without ways of its own, an account that is meant for it may have some.
    let accounts = config.maps.iter().filter(move |map| {
        own.is_empty() && map.emulator.as_ref().is_none_or(|only| only == emulator)
    });
    let mapped = accounts.filter_map(|map| config.accounts.get(map.account.as_ref()?));
    let mut via: Vec<&Via> = mapped.flat_map(|account| &account.via).collect();
    via.extend(match own.is_empty() {
        true => config.daemon.via.as_slice(),
        false => own,
    });
    let used = move |modem: &&Name| {
        via.iter()
            .any(|via| matches!(via, Via::Modem(name) if name == modem.as_str()))
    };
    config.modems.keys().filter(used)
}

/// The emulator whose pty a modem's device is.
fn emulator_under<'a>(config: &'a Config, modem: &Name) -> Option<&'a Name> {
    let Device::Path(device) = &config.modems.get(modem)?.device else {
        return None;
    };
    let is_on = |pty: &Device| match (pty, &config.daemon.helper) {
        (Device::Path(_), _) => false,
        (_, Helper::Socket(socket)) => socket.parent().is_some_and(|dir| pty.path(dir) == *device),
        // Where a helper of our own will put its socket is not known yet.
        (Device::Pty(name), Helper::Spawn) => device.ends_with(Path::new("pty").join(name)),
    };
    config
        .emulators
        .iter()
        .find(|(_, e)| is_on(&e.device))
        .map(|(name, _)| name)
}
