//! `Job.Wait` in every race.

use super::*;
use crate::bus::sample::snapshot;
use crate::job::{JobId, Outcome, RecipientState, State};
use crate::service::{Error, ErrorKind, ServerReply};

const JOB: &str = "/org/hayesd1/job/7";
const ID: JobId = JobId(7);
const FOR_EVER: u64 = u64::MAX;

type Waited = Result<(String, Out), String>;

/// A stage with job 7 exported.
async fn stage(state: State) -> Stage {
    let store = Store::default();
    let mut job = snapshot(ID.0);
    job.state = state;
    store.add(job);
    let stage = Stage::with(store).await;
    let _: zbus::OwnedObjectPath = stage
        .call("/org/hayesd1", "Manager", "GetJob", &(ID.0, none()))
        .await
        .unwrap();
    stage
}

impl Stage {
    async fn wait(&self, usec: u64, options: Map<'_>) -> Waited {
        self.call(JOB, "Job", "Wait", &(usec, options)).await
    }

    /// A call of Wait in a task of its own, on a connection of its own, under way.
    async fn waiting(
        &self,
        options: Map<'static>,
    ) -> (tokio::task::JoinHandle<Waited>, Connection) {
        let caller = self.bus.connect().await;
        let before = self.world.waits.count();
        let other = caller.clone();
        let task =
            tokio::spawn(
                async move { call(&other, JOB, "Job", "Wait", &(FOR_EVER, options)).await },
            );
        until(|| self.world.waits.count() > before).await;
        (task, caller)
    }
}

async fn until(what: impl Fn() -> bool) {
    let end = tokio::time::Instant::now() + LONG;
    while !what() {
        assert!(tokio::time::Instant::now() < end, "it did not come");
        tokio::time::sleep(Duration::from_millis(1)).await;
    }
}

#[tokio::test]
async fn a_job_that_is_done_already_answers_at_once() {
    let stage = stage(State::Done).await;
    assert_eq!(stage.wait(0, none()).await.unwrap().0, "done");
    assert_eq!(stage.wait(FOR_EVER, none()).await.unwrap().0, "done");
}

#[tokio::test]
async fn a_job_that_ends_meanwhile_answers_with_its_result() {
    let stage = stage(State::Running).await;
    let (task, _caller) = stage.waiting(none()).await;
    stage.store.change(ID, |job| {
        job.state = State::Done;
        job.reply = Some(ServerReply {
            code: 250,
            text: "2.0.0 Ok".into(),
        });
        let reply = ServerReply {
            code: 550,
            text: "5.1.1 who?".into(),
        };
        job.recipients = vec![
            RecipientState {
                address: "a@example.org".into(),
                outcome: Outcome::Delivered,
            },
            RecipientState {
                address: "b@example.org".into(),
                outcome: Outcome::Refused(
                    Error::new(ErrorKind::Rejected, "refused").with_reply(reply),
                ),
            },
        ];
    });
    let (state, mut result) = task.await.unwrap().unwrap();
    assert_eq!(state, "done");
    assert_eq!(
        String::try_from(result.remove("reply").unwrap()).unwrap(),
        "250 2.0.0 Ok"
    );
    let rejected: Vec<(String, String)> = result.remove("rejected").unwrap().try_into().unwrap();
    assert_eq!(
        rejected,
        [("b@example.org".into(), "refused: 550 5.1.1 who?".into())]
    );
}

#[tokio::test]
async fn it_does_not_matter_when_the_job_ends() {
    for delay in [0, 1, 2, 5, 10] {
        let stage = stage(State::Running).await;
        let store = stage.store.clone();
        let ends = async {
            for _ in 0..delay {
                tokio::task::yield_now().await;
            }
            store.change(ID, |job| job.state = State::Failed);
        };
        let (waited, ()) = tokio::join!(stage.wait(FOR_EVER, none()), ends);
        assert_eq!(waited.unwrap().0, "failed");
    }
}

#[tokio::test]
async fn time_that_is_over_is_no_failure() {
    let stage = stage(State::Running).await;
    assert_eq!(stage.wait(0, none()).await.unwrap().0, "running");
    assert_eq!(stage.wait(1000, none()).await.unwrap().0, "running");
}

#[tokio::test]
async fn a_deferred_job_rests_unless_only_its_end_counts() {
    let stage = stage(State::Deferred).await;
    stage.store.change(ID, |job| {
        job.error = Some(Error::new(ErrorKind::NoNetwork, "no route"))
    });
    let (state, mut result) = stage.wait(FOR_EVER, none()).await.unwrap();
    assert_eq!(state, "deferred");
    let name = String::try_from(result.remove("error_name").unwrap()).unwrap();
    assert_eq!(name, "org.hayesd1.Error.NoNetwork");
    let (task, _caller) = stage
        .waiting(Map::from([("final", Variant::from(true))]))
        .await;
    stage.store.change(ID, |job| job.state = State::Running);
    stage.store.change(ID, |job| job.state = State::Done);
    assert_eq!(task.await.unwrap().unwrap().0, "done");
}

#[tokio::test]
async fn a_job_that_is_cancelled_answers_all_who_wait() {
    let stage = stage(State::Running).await;
    let (one, _caller) = stage.waiting(none()).await;
    let (two, _other) = stage.waiting(none()).await;
    let () = stage.call(JOB, "Job", "Cancel", &(none(),)).await.unwrap();
    for task in [one, two] {
        let (state, result) = task.await.unwrap().unwrap();
        assert_eq!(state, "cancelled");
        assert!(result.contains_key("error_text"));
    }
}

#[tokio::test]
async fn a_job_that_is_forgotten_is_no_longer_waited_for() {
    let stage = stage(State::Running).await;
    let (task, _caller) = stage.waiting(none()).await;
    let () = stage.call(JOB, "Job", "Release", &(none(),)).await.unwrap();
    assert!(task.await.unwrap().unwrap_err().starts_with("NotFound: "));
    until(|| stage.world.waits.count() == 0).await;
    // The object goes as well.
    let end = tokio::time::Instant::now() + LONG;
    loop {
        match stage.wait(0, none()).await {
            Err(said) if said.contains("UnknownObject") => break,
            other => assert!(tokio::time::Instant::now() < end, "{other:?}"),
        }
    }
}

#[tokio::test]
async fn a_caller_that_vanishes_is_no_longer_counted() {
    let stage = stage(State::Running).await;
    let (task, caller) = stage.waiting(none()).await;
    assert_eq!(stage.world.waits.count(), 1);
    task.abort();
    caller.close().await.unwrap();
    until(|| stage.world.waits.count() == 0).await;
    // The job goes on.
    assert_eq!(stage.wait(0, none()).await.unwrap().0, "running");
}

#[tokio::test]
async fn options_are_judged() {
    let stage = stage(State::Running).await;
    let said = stage
        .wait(0, Map::from([("end", Variant::from(true))]))
        .await
        .unwrap_err();
    assert!(
        said.starts_with("InvalidArgument: ") && said.contains("`end`"),
        "{said}"
    );
}
