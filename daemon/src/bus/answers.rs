//! What came back of requests, as `Job.Wait` returns it.

use super::error::{name_of, printable};
use super::path;
use super::view::Map;
use crate::inbox::MessageId;
use crate::job::{Answer, Handled, Kind, ListedEntry, Snapshot};
use crate::service::EntryKind;
use zbus::Variant;

/// The size of an entry that its server does not tell.
const NO_SIZE: u64 = u64::MAX;

/// Adds what came back to the result of a job that is done.
pub(super) fn add(map: &mut Map, snapshot: &Snapshot, answer: Answer) {
    if let Some(summary) = snapshot.summary {
        let counts = matches!(
            snapshot.kind,
            Kind::Pop3Check | Kind::Pop3Fetch | Kind::Pop3Delete | Kind::FtpList
        );
        if counts {
            map.insert("count", Variant::from(summary.count));
        }
        if !matches!(snapshot.kind, Kind::Pop3Delete | Kind::AccountTest) {
            map.insert("bytes", Variant::from(summary.bytes));
        }
    }
    match answer {
        Answer::Nothing => {}
        Answer::Messages(list) => {
            let rows = list.into_iter().map(|one| (one.uid, one.number, one.size));
            map.insert("messages", Variant::from(rows.collect::<Vec<_>>()));
        }
        Answer::Handled(list) => handled(map, snapshot, list),
        Answer::Entries(list) => {
            let rows: Vec<_> = list.into_iter().map(entry).collect();
            map.insert("entries", Variant::from(rows));
        }
        Answer::Bytes(bytes) if snapshot.kind == Kind::Pop3Top => {
            let text = printable(&String::from_utf8_lossy(&bytes));
            map.insert("text", Variant::from(text));
            map.insert("data", Variant::from(bytes));
        }
        Answer::Bytes(bytes) => {
            map.insert("data", Variant::from(bytes));
        }
        Answer::Tested(list) => {
            let rows: Vec<_> = list
                .into_iter()
                .map(|one| {
                    let failed = one.failed.unwrap_or_default();
                    (one.service.name(), failed, printable(&one.text))
                })
                .collect();
            map.insert("services", Variant::from(rows));
        }
    }
}

fn handled(map: &mut Map, snapshot: &Snapshot, list: Vec<Handled>) {
    let account = snapshot.account.clone().unwrap_or_default();
    let (mut fetched, mut failed) = (Vec::new(), Vec::new());
    for one in list {
        if let Some(number) = one.message {
            let id = MessageId {
                account: account.clone(),
                number,
            };
            fetched.push((one.uid, path::message(&id).into_inner()));
        } else if let Some((kind, text)) = one.error {
            failed.push((one.uid, name_of(kind), printable(&text)));
        }
    }
    if snapshot.kind == Kind::Pop3Fetch {
        map.insert("messages", Variant::from(fetched));
    }
    if !failed.is_empty() {
        map.insert("failed", Variant::from(failed));
    }
}

fn entry(one: ListedEntry) -> (String, &'static str, u64, i64) {
    let kind = match one.kind {
        EntryKind::File => "file",
        EntryKind::Folder => "folder",
        EntryKind::Link => "link",
        EntryKind::Other => "other",
    };
    (
        printable(&one.name),
        kind,
        one.size.unwrap_or(NO_SIZE),
        one.modified.unwrap_or(-1),
    )
}
