//! Requests of one shot: to a mailbox, to a file server, and to all that an account has.

use super::world::{Play, World, deferred, error, reply};
use crate::inbox::MessageId;
use crate::job::*;
use crate::service::{BoxFuture, EntryKind, ErrorKind, Placing, Result, Sink};
use std::sync::{Arc, Mutex};

fn ask(request: Request) -> RequestSubmission {
    RequestSubmission {
        origin: Origin::Bus { uid: 1000 },
        account: "alerts".into(),
        request,
        upload: None,
        into: None,
        via: Vec::new(),
        timeout: None,
        token: None,
    }
}

fn fetch(uids: &[&str], delete: bool) -> RequestSubmission {
    ask(Request::Pop3Fetch {
        uids: uids.iter().map(|uid| (*uid).to_owned()).collect(),
        delete,
    })
}

/// Carried out; what came of it.
async fn done(jobs: &Jobs, request: RequestSubmission) -> (Arc<Snapshot>, Answer) {
    let id = jobs.submit_request(request).await.unwrap();
    let seen = jobs.wait(id).await.unwrap();
    (seen, jobs.answer(id).await.unwrap())
}

fn inbox(jobs: &Jobs) -> Vec<String> {
    let list = jobs.inbox().list("alerts").into_iter().rev();
    list.map(|info| info.uid.to_string()).collect()
}

fn handled(
    uid: &str,
    message: Option<u32>,
    error: Option<ErrorKind>,
) -> (String, Option<u32>, Option<ErrorKind>) {
    (uid.into(), message, error)
}

fn told(answer: Answer) -> Vec<(String, Option<u32>, Option<ErrorKind>)> {
    let Answer::Handled(list) = answer else {
        panic!("{answer:?}");
    };
    let one = |one: Handled| (one.uid, one.message, one.error.map(|(kind, _)| kind));
    list.into_iter().map(one).collect()
}

#[tokio::test(start_paused = true)]
async fn a_mailbox_is_checked_and_looked_into_and_the_result_survives() {
    let world = World::new();
    world.mailbox.put("a", b"12345");
    world.mailbox.put("b", b"123");
    let jobs = world.start().await;
    let (seen, answer) = done(&jobs, ask(Request::Pop3Check)).await;
    assert_eq!((seen.state, seen.kind.name()), (State::Done, "pop3-check"));
    let summary = Summary { count: 2, bytes: 8 };
    assert_eq!((seen.summary, seen.bytes_total), (Some(summary), 0));
    let listed = |uid: &str, number, size| ListedMessage {
        uid: uid.into(),
        number,
        size,
    };
    let messages = Answer::Messages(vec![listed("a", 1, 5), listed("b", 2, 3)]);
    assert_eq!(answer, messages);
    let jobs = world.start().await;
    assert_eq!(jobs.get(seen.id).unwrap().summary, Some(summary));
    assert_eq!(jobs.answer(seen.id).await.unwrap(), messages);

    let top = |uid: &str| Request::Pop3Top {
        uid: uid.into(),
        lines: 3,
    };
    let (_, answer) = done(&jobs, ask(top("b"))).await;
    assert_eq!(answer, Answer::Bytes(b"3 lines of b\r\n".to_vec()));
    let (seen, _) = done(&jobs, ask(top("c"))).await;
    assert_eq!(seen.state, State::Failed);
    assert_eq!(seen.error.as_ref().unwrap().kind, ErrorKind::NotFound);
}

#[tokio::test(start_paused = true)]
async fn a_fetch_brings_each_message_once() {
    let world = World::new();
    for uid in ["a", "b", "c"] {
        world.mailbox.put(uid, uid.as_bytes());
    }
    let jobs = world.start().await;
    let (seen, answer) = done(&jobs, fetch(&["b", "x"], false)).await;
    assert_eq!(seen.summary, Some(Summary { count: 1, bytes: 1 }));
    let x = handled("x", None, Some(ErrorKind::NotFound));
    assert_eq!(told(answer), [handled("b", Some(1), None), x]);
    let (_, answer) = done(&jobs, fetch(&[], false)).await;
    let both = [handled("a", Some(2), None), handled("c", Some(3), None)];
    assert_eq!(told(answer), both);
    let jobs = world.start().await;
    let (_, answer) = done(&jobs, fetch(&[], true)).await;
    assert_eq!(told(answer), []);
    assert_eq!(world.mailbox.uids(), [""; 0], "what was fetched is deleted");
    assert_eq!(world.mailbox.0.lock().unwrap().fetched, ["b", "a", "c"]);
    assert_eq!(inbox(&jobs), ["b", "a", "c"]);
    let id = MessageId {
        account: "alerts".into(),
        number: 3,
    };
    assert_eq!(jobs.inbox().read(&id, 0, 10).await.unwrap(), b"c");
}

#[tokio::test(start_paused = true)]
async fn a_connection_that_breaks_leaves_nothing_half_there_and_nothing_is_lost() {
    for breaks_at in 0..3 {
        let world = World::new();
        for uid in ["a", "b", "c"] {
            world.mailbox.put(uid, &vec![uid.as_bytes()[0]; 400_000]);
        }
        world.mailbox.0.lock().unwrap().breaks_at = Some(breaks_at);
        let jobs = world.start().await;
        let id = jobs.submit_request(fetch(&[], true)).await.unwrap();
        deferred(&jobs, id).await;
        assert_eq!(inbox(&jobs).len(), breaks_at);
        assert_eq!(world.mailbox.uids().len(), 3, "nothing is deleted yet");
        // With or without a restart in between.
        let jobs = if breaks_at == 1 {
            world.start().await
        } else {
            jobs
        };
        let seen = jobs.wait(id).await.unwrap();
        assert_eq!((seen.state, seen.attempts), (State::Done, 2));
        assert_eq!(told(jobs.answer(id).await.unwrap()).len(), 3);
        assert_eq!(inbox(&jobs), ["a", "b", "c"]);
        assert_eq!(world.mailbox.uids(), [""; 0]);
        assert_eq!(world.mailbox.0.lock().unwrap().fetched, ["a", "b", "c"]);
    }
}

#[tokio::test(start_paused = true)]
async fn a_good_bye_without_an_answer_loses_and_repeats_nothing() {
    for deleted in [false, true] {
        let world = World::new();
        world.mailbox.put("a", b"1");
        world.mailbox.0.lock().unwrap().lost_goodbye = Some(deleted);
        let jobs = world.start().await;
        let (seen, _) = done(&jobs, fetch(&[], true)).await;
        assert_eq!((seen.state, seen.attempts), (State::Done, 2));
        assert_eq!(world.mailbox.uids(), [""; 0]);
        assert_eq!(inbox(&jobs), ["a"]);
        // The server may give the id again once it has forgotten the message.
        world.mailbox.put("a", b"2");
        done(&jobs, fetch(&[], true)).await;
        assert_eq!(inbox(&jobs), ["a", "a"]);
    }
}

#[tokio::test(start_paused = true)]
async fn of_messages_with_the_same_id_none_is_lost() {
    // Told apart by their sizes, or not at all: then all of them come again.
    for (second, fetched) in [(&b"longer"[..], 2), (b"else", 3)] {
        let world = World::new();
        world.mailbox.put("a", b"this");
        world.mailbox.put("a", second);
        world.mailbox.0.lock().unwrap().breaks_at = Some(1);
        let jobs = world.start().await;
        let (seen, answer) = done(&jobs, fetch(&[], true)).await;
        assert_eq!((seen.state, seen.attempts), (State::Done, 2));
        assert_eq!(world.mailbox.uids(), [""; 0]);
        assert_eq!(world.mailbox.0.lock().unwrap().fetched.len(), fetched);
        assert_eq!(inbox(&jobs), vec!["a"; fetched]);
        let told = told(answer);
        assert_eq!(told.len(), 2);
        assert_ne!(told[0].1, told[1].1, "each is told under its own number");
    }
}

#[tokio::test(start_paused = true)]
async fn a_message_whose_id_another_one_has_is_not_taken_for_it() {
    let world = World::new();
    world.mailbox.put("a", b"first");
    let jobs = world.start().await;
    done(&jobs, fetch(&[], false)).await;
    world.mailbox.put("a", b"second one");
    let uids = vec!["a".to_owned()];
    let (seen, answer) = done(&jobs, ask(Request::Pop3Delete { uids })).await;
    assert_eq!(seen.summary, Some(Summary { count: 0, bytes: 0 }));
    let unclear = handled("a", None, Some(ErrorKind::Protocol));
    assert_eq!(told(answer), [unclear]);
    assert_eq!(world.mailbox.uids(), ["a", "a"], "neither is deleted");
    let jobs = world.start().await;
    let (seen, _) = done(&jobs, fetch(&[], true)).await;
    assert_eq!(
        seen.summary,
        Some(Summary {
            count: 1,
            bytes: 10
        })
    );
    assert_eq!(world.mailbox.0.lock().unwrap().fetched, ["a", "a"]);
    assert_eq!(world.mailbox.uids(), [""; 0]);
    assert_eq!(inbox(&jobs), ["a", "a"]);
}

#[tokio::test(start_paused = true)]
async fn messages_are_deleted_and_those_that_are_not_there_told() {
    let world = World::new();
    world.mailbox.put("a", b"1");
    world.mailbox.put("b", b"2");
    let jobs = world.start().await;
    let uids = vec!["a".to_owned(), "x".to_owned()];
    let (seen, answer) = done(&jobs, ask(Request::Pop3Delete { uids })).await;
    assert_eq!(seen.state, State::Done);
    let x = handled("x", None, Some(ErrorKind::NotFound));
    assert_eq!(told(answer), [handled("a", None, None), x]);
    assert_eq!(world.mailbox.uids(), ["b"]);
}

/// Keeps what it gets.
struct Kept(Arc<Mutex<Vec<u8>>>, bool);

impl Sink for Kept {
    fn put<'a>(&'a mut self, bytes: &'a mut Vec<u8>) -> BoxFuture<'a, Result<()>> {
        Box::pin(async move {
            if self.1 {
                return Err(error(ErrorKind::Internal));
            }
            self.0.lock().unwrap().append(bytes);
            Ok(())
        })
    }
}

fn upload(placing: Placing, content: Upload) -> RequestSubmission {
    RequestSubmission {
        upload: Some(content),
        ..ask(Request::FtpUpload {
            remote: "f".into(),
            placing,
        })
    }
}

#[tokio::test(start_paused = true)]
async fn an_upload_survives_a_restart_and_a_broken_connection() {
    let world = World::new();
    let bytes: Vec<u8> = (0..200_000_u32).map(|n| n as u8).collect();
    world.files.0.lock().unwrap().silent = true;
    let jobs = world.start().await;
    let origin = Origin::Bus { uid: 1000 };
    let UploadPlace { path, most, beyond } = jobs.upload_place(&origin).await.unwrap();
    assert_eq!(most, Limits::default().spool);
    assert_eq!(beyond, ErrorKind::QuotaExceeded);
    std::fs::write(&path, &bytes).unwrap();
    let content = Upload::File(path.clone(), bytes.len() as u64);
    let id = jobs
        .submit_request(upload(Placing::Atomic, content))
        .await
        .unwrap();
    assert!(!path.exists());
    assert_eq!(jobs.spool_bytes(), 200_000);
    let place = jobs.upload_place(&origin).await.unwrap();
    assert_eq!(place.most, Limits::default().spool - 200_000);
    {
        let mut kept = world.files.0.lock().unwrap();
        (kept.silent, kept.breaks_after) = (false, Some(7));
    }
    let jobs = world.start().await;
    let seen = jobs.wait(id).await.unwrap();
    assert_eq!((seen.state, seen.attempts), (State::Done, 2));
    assert_eq!((seen.bytes_done, seen.bytes_total), (200_000, 200_000));
    assert_eq!(world.files.0.lock().unwrap().files["f"], bytes);
    assert_eq!(jobs.spool_bytes(), 0);
}

#[tokio::test(start_paused = true)]
async fn an_append_that_broke_off_is_not_done_twice() {
    let world = World::new();
    world.files.0.lock().unwrap().breaks_after = Some(2);
    let jobs = world.start().await;
    let append = upload(Placing::Append, Upload::Bytes(b"1234".to_vec()));
    let (seen, _) = done(&jobs, append).await;
    assert_eq!(seen.state, State::Failed);
    assert_eq!(seen.error.as_ref().unwrap().kind, ErrorKind::Unknown);
    assert_eq!(world.files.0.lock().unwrap().placed, [Placing::Append]);
}

fn download(from: u64, into: Option<Box<dyn Sink>>) -> RequestSubmission {
    let to_caller = into.is_some();
    RequestSubmission {
        into,
        ..ask(Request::FtpDownload {
            remote: "f".into(),
            from,
            to_caller,
        })
    }
}

#[tokio::test(start_paused = true)]
async fn a_download_goes_on_where_it_broke_off() {
    let world = World::new();
    let content = b"0123456789".to_vec();
    world
        .files
        .0
        .lock()
        .unwrap()
        .files
        .insert("f".into(), content.clone());
    let jobs = world.start().await;
    world.files.0.lock().unwrap().breaks_after = Some(4);
    let got = Arc::new(Mutex::new(Vec::new()));
    let sink = || Some(Box::new(Kept(got.clone(), false)) as Box<dyn Sink>);
    let (seen, _) = done(&jobs, download(1, sink())).await;
    assert_eq!((seen.state, seen.attempts), (State::Done, 2));
    assert_eq!(*got.lock().unwrap(), content[1..]);
    let (_, answer) = done(&jobs, download(0, None)).await;
    assert_eq!(answer, Answer::Bytes(content));

    // The caller's descriptor fails: that is nothing that time heals.
    let full = Some(Box::new(Kept(got.clone(), true)) as Box<dyn Sink>);
    let (seen, _) = done(&jobs, download(0, full)).await;
    assert_eq!((seen.state, seen.attempts), (State::Failed, 1));
    assert_eq!(
        seen.error.as_ref().unwrap().kind,
        ErrorKind::InvalidArgument
    );

    // A restart loses the descriptor.
    world.files.0.lock().unwrap().silent = true;
    let id = jobs.submit_request(download(0, sink())).await.unwrap();
    let jobs = world.start().await;
    let seen = jobs.wait(id).await.unwrap();
    assert_eq!(seen.state, State::Failed);
    let text = &seen.error.as_ref().unwrap().text;
    assert!(text.contains("descriptor"), "{text}");

    // More than a result holds.
    {
        let mut kept = world.files.0.lock().unwrap();
        kept.silent = false;
        kept.files.insert("f".into(), vec![0; (1 << 20) + 1]);
    }
    let (seen, _) = done(&jobs, download(0, None)).await;
    assert_eq!(seen.error.as_ref().unwrap().kind, ErrorKind::TooLarge);
}

#[tokio::test(start_paused = true)]
async fn folders_are_listed_and_changed() {
    let world = World::new();
    let jobs = world.start().await;
    let (seen, _) = done(&jobs, ask(Request::FtpMakeDirectory { remote: "d".into() })).await;
    assert_eq!(seen.state, State::Done);
    let rename = Request::FtpRename {
        from: "d".into(),
        to: "e".into(),
    };
    done(&jobs, ask(rename)).await;
    let list = Request::FtpList {
        folder: String::new(),
    };
    let (_, answer) = done(&jobs, ask(list)).await;
    let entry = ListedEntry {
        name: "e".into(),
        kind: EntryKind::File,
        size: Some(0),
        modified: Some(1_000_000_000),
    };
    assert_eq!(answer, Answer::Entries(vec![entry]));
    let remove = || ask(Request::FtpRemove { remote: "e".into() });
    assert_eq!(done(&jobs, remove()).await.0.state, State::Done);
    let (seen, _) = done(&jobs, remove()).await;
    assert_eq!(seen.error.as_ref().unwrap().kind, ErrorKind::NotFound);
    assert_eq!(seen.reply.as_ref().unwrap().code, 550);
}

#[tokio::test(start_paused = true)]
async fn a_test_names_the_step_that_failed_and_tries_every_server() {
    let world = World::new();
    let jobs = world.start().await;
    let (seen, answer) = done(&jobs, ask(Request::AccountTest)).await;
    assert_eq!(seen.state, State::Done, "{:?}", seen.error);
    let Answer::Tested(list) = answer else {
        panic!("{answer:?}");
    };
    assert!(list.iter().all(|one| one.failed.is_none()));
    assert_eq!(list.len(), 3);

    world.ip.play([Play::Fail(error(ErrorKind::NameNotFound))]);
    world.mailbox.0.lock().unwrap().refuses = Some(reply(535));
    let (seen, answer) = done(&jobs, ask(Request::AccountTest)).await;
    assert_eq!((seen.state, seen.attempts), (State::Failed, 1));
    assert!(
        seen.error
            .as_ref()
            .unwrap()
            .text
            .starts_with("smtp: resolve:")
    );
    let Answer::Tested(list) = answer else {
        panic!("{answer:?}");
    };
    let failed: Vec<_> = list.iter().map(|one| one.failed.as_deref()).collect();
    assert_eq!(failed, [Some("resolve"), Some("authenticate"), None]);
}

#[tokio::test(start_paused = true)]
async fn what_no_server_may_see_is_refused_at_once() {
    let world = World::new();
    let jobs = world.start().await;
    let refused = async |request| {
        let error = jobs.submit_request(ask(request)).await.unwrap_err();
        error.kind
    };
    let remote = |text: &str| Request::FtpRemove {
        remote: text.into(),
    };
    for path in ["", "a\r\nDELE b", "a\0", "a\u{85}", &"x".repeat(4097)] {
        assert_eq!(refused(remote(path)).await, ErrorKind::InvalidArgument);
    }
    for uid in ["", "a b", "a\n", &"x".repeat(71), "\u{fc}"] {
        let uids = vec![uid.to_owned()];
        let request = Request::Pop3Delete { uids };
        assert_eq!(refused(request).await, ErrorKind::InvalidArgument);
    }
    let unknown = RequestSubmission {
        account: "nobody".into(),
        ..ask(Request::Pop3Check)
    };
    let error = jobs.submit_request(unknown).await.unwrap_err();
    assert_eq!(error.kind, ErrorKind::NotFound);
    assert!(jobs.list(|_| true).is_empty());
}

#[tokio::test(start_paused = true)]
async fn a_token_makes_a_request_idempotent_and_the_second_upload_leaves_nothing() {
    let world = World::new();
    let jobs = world.start().await;
    let mut ids = Vec::new();
    for _ in 0..3 {
        let origin = Origin::Bus { uid: 1000 };
        let path = jobs.upload_place(&origin).await.unwrap().path;
        std::fs::write(&path, b"x").unwrap();
        let request = RequestSubmission {
            token: Some("t".into()),
            ..upload(Placing::Replace, Upload::File(path, 1))
        };
        ids.push(jobs.submit_request(request).await.unwrap());
    }
    assert!(ids.windows(2).all(|pair| pair[0] == pair[1]));
    jobs.wait(ids[0]).await.unwrap();
    assert_eq!(world.names("tmp"), [""; 0]);
    assert_eq!(world.files.0.lock().unwrap().placed.len(), 1);
}
