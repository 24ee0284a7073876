//! What is shown of a job: its properties to everybody, its private side to its owner.

use super::error::{name_of, text_of};
use crate::job::{Origin, Outcome, Snapshot, State};
use std::collections::HashMap;
use std::time::{SystemTime, UNIX_EPOCH};
use zbus::{OwnedVariant, Variant};

/// An `a{sv}` that is returned.
pub(super) type Map = HashMap<&'static str, Variant<'static>>;

/// An `aa{sv}` needs values that own what they hold.
pub(super) type OwnedMap = HashMap<&'static str, OwnedVariant>;

/// A state whose changes are told as those of properties.
pub(super) trait Properties: Send + Sync + 'static {
    /// Properties that change, always the same ones in the same order; counters are not among them.
    fn changing(&self) -> Vec<(&'static str, Variant<'static>)>;
}

/// A time as D-Bus has it: microseconds since 1970.
pub(super) fn microseconds(time: SystemTime) -> u64 {
    let since = time.duration_since(UNIX_EPOCH).unwrap_or_default();
    u64::try_from(since.as_micros()).unwrap_or(u64::MAX)
}

/// The user who may see and end a job: whoever asked for it, or for equipment the daemon's own.
pub(super) fn owner(snapshot: &Snapshot) -> u32 {
    match snapshot.origin {
        Origin::Bus { uid } => uid,
        Origin::Emulator { .. } => nix::unistd::geteuid().as_raw(),
    }
}

/// `ErrorName`; empty without error.
pub(super) fn error_name(snapshot: &Snapshot) -> String {
    snapshot
        .error
        .as_ref()
        .map(|error| name_of(error.kind))
        .unwrap_or_default()
}

/// `Phase`; empty once it is over.
pub(super) fn phase(snapshot: &Snapshot) -> &'static str {
    if snapshot.state.is_final() {
        return "";
    }
    snapshot.phase.name()
}

/// `Via`; empty before one was tried.
pub(super) fn via(snapshot: &Snapshot) -> String {
    snapshot
        .via
        .as_ref()
        .map(ToString::to_string)
        .unwrap_or_default()
}

/// `NextAttemptUSec`; 0 where none is due.
pub(super) fn next_attempt(snapshot: &Snapshot) -> u64 {
    snapshot
        .next_attempt
        .filter(|_| snapshot.state == State::Deferred)
        .map_or(0, microseconds)
}

/// The properties that may change.
pub(super) fn changing(snapshot: &Snapshot) -> [(&'static str, Variant<'static>); 8] {
    [
        ("State", Variant::from(snapshot.state.name())),
        ("Phase", Variant::from(phase(snapshot))),
        ("Via", Variant::from(via(snapshot))),
        ("BytesTotal", Variant::from(snapshot.bytes_total)),
        ("Attempts", Variant::from(snapshot.attempts)),
        ("NextAttemptUSec", Variant::from(next_attempt(snapshot))),
        ("ErrorName", Variant::from(error_name(snapshot))),
        // Last, since it is told less often.
        ("BytesDone", Variant::from(snapshot.bytes_done)),
    ]
}

/// What everybody may see of a job, as `ListJobs` returns it.
pub(super) fn public(snapshot: &Snapshot) -> Map {
    let mut map: Map = [
        ("kind", Variant::from(snapshot.kind.name())),
        ("state", Variant::from(snapshot.state.name())),
        ("phase", Variant::from(phase(snapshot))),
        ("via", Variant::from(via(snapshot))),
        ("owner_uid", Variant::from(owner(snapshot))),
        ("bytes_done", Variant::from(snapshot.bytes_done)),
        ("bytes_total", Variant::from(snapshot.bytes_total)),
        ("attempts", Variant::from(snapshot.attempts)),
        (
            "created_usec",
            Variant::from(microseconds(snapshot.created)),
        ),
        ("next_attempt_usec", Variant::from(next_attempt(snapshot))),
    ]
    .into();
    let error = error_name(snapshot);
    if !error.is_empty() {
        map.insert("error_name", Variant::from(error));
    }
    map
}

/// What came of a job, as `Wait` returns it to its owner.
pub(super) fn result(snapshot: &Snapshot) -> Map {
    let mut map = Map::new();
    if let Some(error) = &snapshot.error {
        map.insert("error_name", Variant::from(name_of(error.kind)));
        map.insert("error_text", Variant::from(text_of(error)));
    }
    if let Some(reply) = &snapshot.reply {
        map.insert(
            "reply",
            Variant::from(reply.to_string().replace('\0', "\u{fffd}")),
        );
    }
    let rejected: Vec<_> = snapshot
        .rejected()
        .map(|(address, error)| (address.to_owned(), text_of(error)))
        .collect();
    if !rejected.is_empty() {
        map.insert("rejected", Variant::from(rejected));
    }
    if snapshot.possible_duplicate {
        map.insert("possible_duplicate", Variant::from(true));
    }
    map
}

/// Everything, for its owner.
pub(super) fn whole(snapshot: &Snapshot) -> Map {
    let mut map = public(snapshot);
    map.extend(result(snapshot));
    map.insert("id", Variant::from(snapshot.id.0));
    map.insert("sender", Variant::from(snapshot.sender.clone()));
    if let Origin::Emulator { name } = &snapshot.origin {
        map.insert("emulator", Variant::from(name.clone()));
    }
    if let Some(account) = &snapshot.account {
        map.insert("account", Variant::from(account.clone()));
    }
    let recipients: Vec<_> = snapshot
        .recipients
        .iter()
        .map(|one| {
            let (outcome, text) = match &one.outcome {
                Outcome::Pending(why) => ("pending", why.as_ref().map(text_of).unwrap_or_default()),
                Outcome::Delivered => ("delivered", String::new()),
                Outcome::Refused(error) => ("refused", text_of(error)),
            };
            (one.address.clone(), outcome, text)
        })
        .collect();
    map.insert("recipients", Variant::from(recipients));
    map
}

/// The same with values that own what they hold.
pub(super) fn owned(map: Map) -> OwnedMap {
    // Only descriptors can fail to be owned, and there are none.
    map.into_iter()
        .filter_map(|(key, value)| Some((key, value.try_into().ok()?)))
        .collect()
}
