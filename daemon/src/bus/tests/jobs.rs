//! Jobs as objects: what is told of them, how many there are, what everybody sees.

use super::*;
use crate::bus::sample::snapshot;
use crate::job::{JobId, Origin, State};
use futures_core::Stream;
use std::future::poll_fn;
use std::pin::Pin;
use zbus::message::Type;
use zbus::{MatchRule, Message, MessageStream, OwnedObjectPath};

const ROOT: &str = "/org/hayesd1";

async fn next(stream: &mut MessageStream) -> Message {
    let next = poll_fn(|context| Pin::new(&mut *stream).poll_next(context));
    tokio::time::timeout(LONG, next)
        .await
        .expect("a signal")
        .unwrap()
        .unwrap()
}

impl Stage {
    async fn signals(&self, interface: &str, member: &str) -> MessageStream {
        let rule = MatchRule::builder()
            .msg_type(Type::Signal)
            .interface(interface)
            .member(member)
            .build()
            .unwrap();
        MessageStream::for_match_rule(rule, &self.caller, std::num::NonZeroUsize::new(1000))
            .await
            .unwrap()
    }

    async fn exported(&self) -> Vec<u32> {
        type Objects = HashMap<OwnedObjectPath, HashMap<String, Out>>;
        let manager = "org.freedesktop.DBus.ObjectManager";
        let reply = self
            .caller
            .call_method(Some(NAME), ROOT, Some(manager), "GetManagedObjects", &())
            .await
            .unwrap();
        let objects: Objects = reply.body().deserialize().unwrap();
        let mut ids: Vec<u32> = objects
            .keys()
            .filter_map(|path| {
                path.as_str()
                    .strip_prefix("/org/hayesd1/job/")?
                    .parse()
                    .ok()
            })
            .collect();
        ids.sort_unstable();
        ids
    }
}

#[tokio::test]
async fn changes_and_the_end_are_told() {
    let stage = Stage::set().await;
    let mut finished = stage.signals("org.hayesd1.Job", "Finished").await;
    let mut changed = stage
        .signals("org.freedesktop.DBus.Properties", "PropertiesChanged")
        .await;
    let mut added = stage
        .signals("org.freedesktop.DBus.ObjectManager", "InterfacesAdded")
        .await;
    let id = stage.store.add(snapshot(3));
    let (path, interfaces): (OwnedObjectPath, HashMap<String, Out>) =
        next(&mut added).await.body().deserialize().unwrap();
    assert_eq!(path.as_str(), "/org/hayesd1/job/3");
    assert_eq!(
        interfaces["org.hayesd1.Job"]["State"],
        OwnedVariant::try_from(Variant::from("queued")).unwrap()
    );

    stage.store.change(id, |job| {
        job.state = State::Done;
        job.attempts = 1;
        job.bytes_done = 100;
    });
    let message = next(&mut changed).await;
    let (interface, values, gone): (String, Out, Vec<String>) =
        message.body().deserialize().unwrap();
    assert_eq!((interface.as_str(), gone.len()), ("org.hayesd1.Job", 0));
    let mut names: Vec<_> = values.keys().map(String::as_str).collect();
    names.sort_unstable();
    assert_eq!(names, ["Attempts", "BytesDone", "Phase", "State"]);
    let message = next(&mut finished).await;
    assert_eq!(
        message.header().path().unwrap().as_str(),
        "/org/hayesd1/job/3"
    );
    let (state, error): (String, String) = message.body().deserialize().unwrap();
    assert_eq!((state.as_str(), error.as_str()), ("done", ""));
}

#[tokio::test]
async fn at_most_256_jobs_are_objects_active_ones_first_then_the_newest() {
    let store = Store::default();
    for id in 1..=300 {
        let state = if id <= 10 {
            State::Deferred
        } else {
            State::Done
        };
        store.add(crate::job::Snapshot {
            state,
            ..snapshot(id)
        });
    }
    let stage = Stage::with(store).await;
    let expected: Vec<u32> = (1..=10).chain(55..=300).collect();
    let end = tokio::time::Instant::now() + LONG;
    while stage.exported().await != expected {
        assert!(
            tokio::time::Instant::now() < end,
            "{:?}",
            stage.exported().await
        );
    }
    // A new one takes the place of the oldest that is over; its path is there when it is told.
    let path: OwnedObjectPath = {
        stage.store.add(snapshot(301));
        stage
            .call(ROOT, "Manager", "GetJob", &(301_u32, none()))
            .await
            .unwrap()
    };
    assert_eq!(stage.property::<u32>(&path, "Job", "Id").await, 301);
    let expected: Vec<u32> = (1..=10).chain(56..=301).collect();
    assert_eq!(stage.exported().await, expected);
    // All the others are listed.
    let all: Vec<(u32, Out)> = stage
        .call(
            ROOT,
            "Manager",
            "ListJobs",
            &(none(), 0_u32, 1000_u32, none()),
        )
        .await
        .unwrap();
    assert_eq!(all.len(), 301);
}

#[tokio::test]
async fn lists_can_be_filtered_and_cut() {
    let store = Store::default();
    for id in 1..=5 {
        let state = if id <= 2 {
            State::Failed
        } else {
            State::Queued
        };
        store.add(crate::job::Snapshot {
            state,
            ..snapshot(id)
        });
    }
    let stage = Stage::with(store).await;
    let list = async |filter: Map<'_>, offset: u32, max: u32| -> Result<Vec<u32>, String> {
        let jobs: Vec<(u32, Out)> = stage
            .call(ROOT, "Manager", "ListJobs", &(filter, offset, max, none()))
            .await?;
        Ok(jobs.into_iter().map(|(id, _)| id).collect())
    };
    assert_eq!(list(none(), 0, 10).await.unwrap(), [5, 4, 3, 2, 1]);
    assert_eq!(list(none(), 1, 2).await.unwrap(), [4, 3]);
    assert_eq!(
        list(Map::from([("state", Variant::from("failed"))]), 0, 10)
            .await
            .unwrap(),
        [2, 1]
    );
    assert_eq!(
        list(Map::from([("kind", Variant::from("ftp-list"))]), 0, 10).await,
        Ok(vec![])
    );
    for (key, wrong) in [("state", "faild"), ("kind", "letter")] {
        let error = list(Map::from([(key, Variant::from(wrong))]), 0, 10).await;
        assert!(error.unwrap_err().contains(&format!("`{key}`")));
    }
    assert!(
        list(Map::from([("colour", Variant::from("red"))]), 0, 10)
            .await
            .unwrap_err()
            .contains("`colour`")
    );
    assert_eq!(
        stage.property::<u32>(ROOT, "Manager", "JobsActive").await,
        3
    );
    assert_eq!(
        stage.property::<u64>(ROOT, "Manager", "SpoolBytes").await,
        4711
    );
    assert_eq!(stage.property::<u32>(ROOT, "Mail", "QueueLength").await, 3);
    let missing: Result<OwnedObjectPath, String> = stage
        .call(ROOT, "Manager", "GetJob", &(99_u32, none()))
        .await;
    assert!(missing.unwrap_err().starts_with("NotFound: "));
}

#[tokio::test]
async fn what_is_private_is_not_in_what_everybody_sees() {
    let store = Store::default();
    let id = store.add(crate::job::Snapshot {
        origin: Origin::Emulator {
            name: "panel".into(),
        },
        ..snapshot(1)
    });
    let stage = Stage::with(store).await;
    let jobs: Vec<(u32, Out)> = stage
        .call(
            ROOT,
            "Manager",
            "ListJobs",
            &(none(), 0_u32, 10_u32, none()),
        )
        .await
        .unwrap();
    let public = format!("{jobs:?}");
    assert!(!public.contains("example.org"), "{public}");
    let details: Out = stage
        .call("/org/hayesd1/job/1", "Job", "Describe", &(none(),))
        .await
        .unwrap();
    assert!(format!("{details:?}").contains("a@example.org"));
    assert_eq!(
        details["emulator"],
        OwnedVariant::try_from(Variant::from("panel")).unwrap()
    );
    stage.store.change(id, |job| job.state = State::Deferred);
    let () = stage
        .call(ROOT, "Mail", "Flush", &("", none()))
        .await
        .unwrap();
    assert_eq!(
        stage
            .property::<String>("/org/hayesd1/job/1", "Job", "State")
            .await,
        "queued"
    );
    let queue: Vec<Out> = stage
        .call(ROOT, "Mail", "ListQueue", &(0_u32, 10_u32, none()))
        .await
        .unwrap();
    assert_eq!(queue.len(), 1);
    assert!(queue[0].contains_key("recipients") && queue[0].contains_key("id"));
}

#[tokio::test]
async fn a_name_that_is_taken_is_an_error() {
    let stage = Stage::set().await;
    let second = Service::new(stage.bus.connect().await, stage.world.clone())
        .await
        .unwrap();
    assert_eq!(second.own().await, Err(zbus::Error::NameTaken));
}

#[tokio::test]
async fn ids_of_jobs_are_asked_for_by_number() {
    let stage = Stage::set().await;
    stage.store.add(snapshot(5));
    let id = JobId(5);
    let path: OwnedObjectPath = stage
        .call(ROOT, "Manager", "GetJob", &(id.0, none()))
        .await
        .unwrap();
    assert_eq!(stage.property::<u32>(&path, "Job", "Id").await, 5);
    assert_eq!(stage.property::<String>(&path, "Job", "Kind").await, "mail");
    assert_eq!(
        stage.property::<u64>(&path, "Job", "NextAttemptUSec").await,
        0
    );
}
