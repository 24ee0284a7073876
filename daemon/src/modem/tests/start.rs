//! Coming up, whatever the module was left in.

use super::fake::{Fake, Mood};
use super::wire::MemoryPorts;
use crate::disk::Disk;
use crate::modem::{Handle, Registration, Rung, Settings, Snapshot, State, start_over};
use core::time::Duration;
use std::sync::Arc;

/// A driver with this module at the other end.
pub(crate) fn drive(fake: &Fake) -> Handle {
    drive_with(fake, Settings::new("lte", "/dev/ttyUSB2"))
}

pub(crate) fn drive_with(fake: &Fake, settings: Settings) -> Handle {
    let (ports, far_ends) = MemoryPorts::new();
    tokio::spawn(fake.clone().play(far_ends));
    start_over(settings, Arc::new(ports), Disk::start().unwrap())
}

/// Waits for a state; so long at most.
pub(crate) async fn reaches(handle: &Handle, state: State, within: Duration) -> Snapshot {
    let mut watch = handle.watch();
    let reached = watch.wait_for(|now| now.state == state);
    match tokio::time::timeout(within, reached).await {
        Ok(snapshot) => snapshot.unwrap().clone(),
        Err(_) => panic!("{:?}", *handle.watch().borrow()),
    }
}

pub(crate) async fn ready(handle: &Handle) -> Snapshot {
    reaches(handle, State::Ready, Duration::from_secs(60)).await
}

#[tokio::test(start_paused = true)]
async fn comes_up_and_tells_what_it_found() {
    let fake = Fake::default();
    let handle = drive(&fake);
    let snapshot = ready(&handle).await;
    assert_eq!(snapshot.dialect(), "quectel");
    assert_eq!(snapshot.identity.manufacturer, "Quectel");
    assert_eq!(snapshot.identity.model, "EC25");
    assert_eq!(snapshot.identity.revision, "EC25EFAR02A09M4G");
    assert_eq!(snapshot.registration, Registration::Home);
    assert_eq!(snapshot.signal, 100);
    assert_eq!(&*snapshot.services, ["mail"]);
    assert_eq!(snapshot.rung, None);
    assert!(!fake.memory().echo);
    assert!(fake.count("+CMEE=1") == 1);
}

#[tokio::test(start_paused = true)]
async fn copes_with_what_a_crash_left_behind() {
    type Setting = fn(&Fake);
    let cases: &[(&str, Setting)] = &[
        ("no results", |fake| fake.memory().quiet = true),
        ("numeric results", |fake| fake.memory().verbose = false),
        ("neither echo nor words", |fake| {
            fake.memory().echo = false;
            fake.memory().verbose = false;
        }),
        ("data mode", |fake| {
            fake.memory().data_left = 100_000;
            fake.memory().after_data = "\r\n+QSMTPBODY: 12\r\n\r\nOK\r\n".into();
        }),
        ("text prompt", |fake| fake.memory().at_prompt = true),
        ("another speed", |fake| fake.memory().speed = 9600),
        ("slow to begin", |fake| {
            fake.mood("", 2, Mood::Mute);
        }),
        ("chatty", |fake| {
            fake.mood(
                "",
                9,
                Mood::Preceded("\r\n+QIND: SMS DONE\r\n\r\n+CREG: 5\r\n".into()),
            );
        }),
    ];
    for (name, set) in cases {
        let fake = Fake::default();
        set(&fake);
        let handle = drive(&fake);
        let snapshot = ready(&handle).await;
        assert_eq!(snapshot.dialect(), "quectel", "{name}");
        assert_eq!(snapshot.identity.model, "EC25", "{name}");
        let memory = fake.memory();
        assert!(!memory.echo && memory.verbose && !memory.quiet, "{name}");
        assert_eq!(memory.line_speed, 115_200, "{name}");
        assert_eq!(memory.speed, 115_200, "{name}");
        assert_eq!(memory.reopened, 1, "{name}");
    }
}

#[tokio::test(start_paused = true)]
async fn an_unknown_module_is_not_driven() {
    let fake = Fake::default();
    fake.memory().model = "M95";
    let handle = drive(&fake);
    let snapshot = reaches(&handle, State::Failed, Duration::from_secs(60)).await;
    assert!(snapshot.reason.contains("M95"), "{}", snapshot.reason);
    assert_eq!(fake.count("+QSMTP"), 0);
}

#[tokio::test(start_paused = true)]
async fn registration_follows_what_the_module_says() {
    let fake = Fake::default();
    let handle = drive(&fake);
    ready(&handle).await;
    fake.mood("+CSQ", 1, Mood::Preceded("\r\n+CEREG: 5\r\n".into()));
    handle
        .command("AT+CSQ", Duration::from_secs(5))
        .await
        .unwrap();
    assert_eq!(handle.watch().borrow().registration, Registration::Roaming);
}

#[tokio::test(start_paused = true)]
async fn a_dead_module_fails_rung_by_rung_and_is_tried_again() {
    let fake = Fake::default();
    fake.memory().dead = true;
    let mut settings = Settings::new("lte", "/dev/ttyUSB2");
    settings.drive = Some(crate::dialect::ALL[0].drive);
    let handle = drive_with(&fake, settings);
    let mut watch = handle.watch();
    let mut rungs = Vec::new();
    let seen = async {
        loop {
            watch.changed().await.unwrap();
            let now = watch.borrow_and_update().clone();
            if let Some(rung) = now.rung
                && rungs.last() != Some(&rung)
            {
                rungs.push(rung);
            }
            if now.state == State::Failed {
                return now;
            }
        }
    };
    let failed = tokio::time::timeout(Duration::from_secs(600), seen)
        .await
        .unwrap();
    assert!(!failed.reason.is_empty());
    assert_eq!(rungs, [Rung::Reopen, Rung::Reset]);
    fake.memory().dead = false;
    reaches(&handle, State::Ready, Duration::from_secs(120)).await;
}

#[tokio::test(start_paused = true)]
async fn a_failed_module_can_be_reset_by_hand() {
    let fake = Fake::default();
    fake.memory().model = "M95";
    let handle = drive(&fake);
    reaches(&handle, State::Failed, Duration::from_secs(60)).await;
    fake.memory().model = "EC25";
    handle.reset(Rung::Reopen).await.unwrap();
    reaches(&handle, State::Ready, Duration::from_secs(30)).await;
    assert_eq!(fake.memory().reopened, 2);
}

#[tokio::test(start_paused = true)]
async fn enable_switches_off_and_on() {
    let fake = Fake::default();
    let handle = drive(&fake);
    ready(&handle).await;
    handle.enable(false).await.unwrap();
    reaches(&handle, State::Disabled, Duration::from_secs(5)).await;
    handle.enable(false).await.unwrap();
    let error = handle
        .command("AT", Duration::from_secs(1))
        .await
        .unwrap_err();
    assert_eq!(error.kind, crate::service::ErrorKind::NoModem);
    handle.enable(true).await.unwrap();
    ready(&handle).await;
    assert_eq!(fake.memory().reopened, 2);
}

#[tokio::test(start_paused = true)]
async fn a_device_that_is_reported_is_claimed_at_once() {
    use super::wire::Given;
    use crate::modem::Incoming;
    use hayes_ldisc::record::Refusal;
    use tokio::time::Instant;

    // Refused for good, and waited for by the helper.
    for (why, state) in [
        (Refusal::NotAllowed, State::Refused),
        (Refusal::Busy, State::Refused),
        (Refusal::Absent, State::Absent),
    ] {
        let (ports, mut far_ends) = MemoryPorts::new();
        let settings = Settings::new("lte", "/dev/ttyUSB2");
        let handle = start_over(settings, Arc::new(ports), Disk::start().unwrap());
        let first = far_ends.recv().await.unwrap();
        let text = "no".into();
        let refused = Given::Event(Incoming::Refused { why, text });
        first.to_driver.send(refused).unwrap();
        reaches(&handle, state, Duration::from_secs(1)).await;
        let before = Instant::now();
        handle.look();
        let _second = far_ends.recv().await.unwrap();
        assert_eq!(before.elapsed(), Duration::ZERO, "{why:?}");
    }
    // One that is there is left alone.
    let fake = Fake::default();
    let handle = drive(&fake);
    ready(&handle).await;
    handle.look();
    assert_eq!(ready(&handle).await.registration, Registration::Home);
    assert_eq!(fake.memory().reopened, 1);
}

#[tokio::test(start_paused = true)]
async fn a_device_that_others_still_drive_is_not_asked_for() {
    use crate::modem::Snapshot;
    use tokio::sync::watch;

    let (ports, mut far_ends) = MemoryPorts::new();
    let (one, one_seen) = watch::channel(Snapshot::default());
    let (two, two_seen) = watch::channel(Snapshot::default());
    let handle = crate::modem::begin(
        vec![one_seen, two_seen],
        Settings::new("lte", "/dev/ttyUSB2"),
        Arc::new(ports),
        Disk::start().unwrap(),
    );
    drop(two);
    tokio::time::sleep(Duration::from_secs(600)).await;
    assert!(far_ends.try_recv().is_err());
    // Switched off and on meanwhile, it waits still.
    handle.enable(false).await.unwrap();
    reaches(&handle, State::Disabled, Duration::from_secs(1)).await;
    handle.enable(true).await.unwrap();
    reaches(&handle, State::Claiming, Duration::from_secs(1)).await;
    tokio::time::sleep(Duration::from_secs(600)).await;
    assert!(far_ends.try_recv().is_err());
    drop(one);
    far_ends.recv().await.unwrap();
}
