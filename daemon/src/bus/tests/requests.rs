//! Mailboxes and files: what becomes of arguments, what comes back, and messages as objects.

use super::*;
use crate::inbox::{Inbox, MessageId};
use crate::job::Service as AccountService;
use crate::job::{
    Answer, Handled, JobId, ListedEntry, ListedMessage, Request, State, Summary, Tested, Upload,
};
use crate::service::{EntryKind, ErrorKind, Messages, Placing};
use hayes_dbus::{FtpProxy, JobProxy, MessageProxy, Pop3Proxy};
use std::fs::File;
use std::io::{Read, Seek, Write};
use std::os::fd::{AsFd, OwnedFd};

impl Stage {
    pub(super) async fn inbox(&self) -> Inbox {
        self.world.jobs.inbox().await.unwrap()
    }

    /// Messages come into the inbox of `main`.
    pub(super) async fn receive(&self, messages: &[(&str, &str)]) {
        let inbox = self.inbox().await;
        let mut receiving = inbox.receive("main").await.unwrap();
        for (place, (uid, text)) in messages.iter().enumerate() {
            let number = place as u32 + 1;
            receiving.expect(number, uid, 0).unwrap();
            let sink = receiving.begin(number).await.unwrap();
            sink.put(&mut text.as_bytes().to_vec()).await.unwrap();
            receiving.end(number, Ok(())).await.unwrap();
        }
        receiving.settle().await.unwrap();
    }

    fn asked(&self) -> Request {
        let requested = self.store.requested.lock().unwrap();
        requested.last().unwrap().request.clone()
    }

    fn requests(&self) -> usize {
        self.store.requested.lock().unwrap().len()
    }

    /// The result of a job of this kind that is done.
    async fn result(&self, path: zbus::OwnedObjectPath, summary: Summary, answer: Answer) -> Out {
        *self.store.answer.lock().unwrap() = answer;
        let id = JobId(self.requests() as u32);
        self.store.change(id, |job| {
            job.state = State::Done;
            job.summary = Some(summary);
        });
        let job = JobProxy::new(&self.caller, path).await.unwrap();
        let (state, result) = job.wait(1_000_000, none()).await.unwrap();
        assert_eq!(state, "done");
        result
    }
}

fn get<T: TryFrom<OwnedVariant>>(result: &mut Out, key: &str) -> T
where
    T::Error: std::fmt::Debug,
{
    result.remove(key).unwrap().try_into().unwrap()
}

fn with<'a>(key: &'a str, value: impl Into<Variant<'a>>) -> Map<'a> {
    Map::from([(key, value.into())])
}

fn file(bytes: &[u8]) -> File {
    let path = std::env::temp_dir().join(format!(
        "hayesd-request-{}-{:?}",
        std::process::id(),
        std::thread::current().id()
    ));
    let mut options = File::options();
    let options = options.read(true).write(true).create(true).truncate(true);
    let mut file = options.open(&path).unwrap();
    std::fs::remove_file(path).unwrap();
    file.write_all(bytes).unwrap();
    file.rewind().unwrap();
    file
}

#[tokio::test]
async fn what_is_in_a_mailbox_comes_back_typed() {
    let stage = Stage::set().await;
    let pop3 = Pop3Proxy::new(&stage.caller).await.unwrap();
    let path = pop3.check("", none()).await.unwrap();
    assert_eq!(stage.asked(), Request::Pop3Check);
    let kind: String = stage.property(path.as_str(), "Job", "Kind").await;
    assert_eq!(kind, "pop3-check");
    let listed = ListedMessage {
        uid: "u1".into(),
        number: 1,
        size: 700,
    };
    let summary = Summary {
        count: 1,
        bytes: 700,
    };
    let mut result = stage
        .result(path, summary, Answer::Messages(vec![listed]))
        .await;
    assert_eq!(get::<u32>(&mut result, "count"), 1);
    assert_eq!(get::<u64>(&mut result, "bytes"), 700);
    let messages: Vec<(String, u32, u64)> = get(&mut result, "messages");
    assert_eq!(messages, [("u1".into(), 1, 700)]);
    assert!(result.is_empty(), "{result:?}");

    let path = pop3.top("main", "u1", 3, none()).await.unwrap();
    let uid = "u1".to_owned();
    assert_eq!(stage.asked(), Request::Pop3Top { uid, lines: 3 });
    let answer = Answer::Bytes(b"Subject: \xff\0".to_vec());
    let mut result = stage.result(path, Summary::default(), answer).await;
    assert_eq!(
        get::<String>(&mut result, "text"),
        "Subject: \u{fffd}\u{fffd}"
    );
    assert_eq!(get::<Vec<u8>>(&mut result, "data"), b"Subject: \xff\0");
}

#[tokio::test]
async fn fetched_messages_are_objects_that_are_described_read_and_removed() {
    let stage = Stage::set().await;
    let pop3 = Pop3Proxy::new(&stage.caller).await.unwrap();
    let path = pop3
        .fetch("main", &["a", "x"], with("delete", true))
        .await
        .unwrap();
    let uids = vec!["a".to_owned(), "x".to_owned()];
    assert_eq!(stage.asked(), Request::Pop3Fetch { uids, delete: true });
    let text = "From: P <p@example.org>\r\nSubject: high\r\n\r\nbody\r\n";
    stage.receive(&[("a", text)]).await;
    let handled = |uid: &str, message, error| Handled {
        uid: uid.into(),
        message,
        error,
    };
    let answer = Answer::Handled(vec![
        handled("a", Some(1), None),
        handled("x", None, Some((ErrorKind::NotFound, "no such".into()))),
    ]);
    let mut result = stage.result(path, Summary::default(), answer).await;
    let failed: Vec<(String, String, String)> = get(&mut result, "failed");
    let name = "org.hayesd1.Error.NotFound";
    assert_eq!(failed, [("x".into(), name.into(), "no such".into())]);
    let messages: Vec<(String, zbus::OwnedObjectPath)> = get(&mut result, "messages");
    assert_eq!(messages[0].0, "a");

    let path = pop3.get_message("", "a", none()).await.unwrap();
    assert_eq!(path, messages[0].1);
    let message = MessageProxy::new(&stage.caller, path.clone())
        .await
        .unwrap();
    assert_eq!(message.size().await.unwrap(), text.len() as u64);
    assert!(message.received_usec().await.unwrap() > 0);
    let mut details = message.describe(none()).await.unwrap();
    assert_eq!(get::<String>(&mut details, "subject"), "high");
    assert_eq!(get::<String>(&mut details, "uidl"), "a");
    let bytes = message.read(6, 4, none()).await.unwrap();
    assert_eq!(bytes, &text.as_bytes()[6..10]);
    let mut whole = String::new();
    let mut opened = File::from(OwnedFd::from(message.open(none()).await.unwrap()));
    opened.read_to_string(&mut whole).unwrap();
    assert_eq!(whole, text);
    assert!(opened.write_all(b"x").is_err(), "it is for reading");
    let list = pop3.list_inbox("main", 0, 10, none()).await.unwrap();
    assert_eq!(list.len(), 1);
    message.remove(none()).await.unwrap();
    assert!(
        pop3.list_inbox("main", 0, 10, none())
            .await
            .unwrap()
            .is_empty()
    );
    let error = pop3.get_message("", "a", none()).await.unwrap_err();
    assert!(error.to_string().contains("Error.NotFound"), "{error}");
}

#[tokio::test]
async fn so_many_messages_are_objects_and_an_older_one_when_it_is_asked_for() {
    let stage = Stage::set().await;
    let uids: Vec<String> = (1..=300).map(|n| format!("u{n}")).collect();
    let messages: Vec<_> = uids.iter().map(|uid| (uid.as_str(), "x")).collect();
    stage.receive(&messages).await;
    let pop3 = Pop3Proxy::new(&stage.caller).await.unwrap();
    let path = pop3.get_message("main", "u1", none()).await.unwrap();
    let message = MessageProxy::new(&stage.caller, path).await.unwrap();
    assert_eq!(message.size().await.unwrap(), 1);
    let end = tokio::time::Instant::now() + LONG;
    loop {
        let manager = "org.freedesktop.DBus.ObjectManager";
        let reply = stage
            .caller
            .call_method(
                Some(NAME),
                "/org/hayesd1",
                Some(manager),
                "GetManagedObjects",
                &(),
            )
            .await
            .unwrap();
        let objects: HashMap<zbus::OwnedObjectPath, HashMap<String, Out>> =
            reply.body().deserialize().unwrap();
        let has = |number: u32| {
            let path = format!("/org/hayesd1/inbox/main/{number}");
            objects.keys().any(|one| one.as_str() == path)
        };
        let count = objects
            .keys()
            .filter(|path| path.starts_with("/org/hayesd1/inbox/main/"))
            .count();
        assert!(count <= 256);
        if count == 256 && has(300) {
            break;
        }
        assert!(tokio::time::Instant::now() < end, "{count}");
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
    let inbox = stage.inbox().await;
    let (account, number) = ("main".to_owned(), 300);
    assert!(inbox.get(&MessageId { account, number }).is_ok());
}

#[tokio::test]
async fn uploads_come_by_descriptor_or_as_bytes() {
    let stage = Stage::set().await;
    std::fs::create_dir_all(&stage.store.folder).unwrap();
    let ftp = FtpProxy::new(&stage.caller).await.unwrap();
    let content = file(b"12345");
    let options = Map::from([("atomic", true.into()), ("size", 5_u64.into())]);
    ftp.upload("main", "f", content.as_fd().into(), options)
        .await
        .unwrap();
    let remote = "f".to_owned();
    let placing = Placing::Atomic;
    assert_eq!(stage.asked(), Request::FtpUpload { remote, placing });
    {
        let requested = stage.store.requested.lock().unwrap();
        let Some(Upload::File(path, 5)) = &requested[0].upload else {
            panic!("{:?}", requested[0].upload);
        };
        assert_eq!(std::fs::read(path).unwrap(), b"12345");
    }
    ftp.upload_bytes("main", "f", b"678", with("append", true))
        .await
        .unwrap();
    {
        let requested = stage.store.requested.lock().unwrap();
        assert!(matches!(&requested[1].upload, Some(Upload::Bytes(bytes)) if bytes == b"678"));
    }

    let mut content = file(&vec![0; (1 << 20) + 1]);
    let refused = async |options, content: &File| {
        let error = ftp.upload("main", "f", content.as_fd().into(), options);
        error.await.unwrap_err().to_string()
    };
    let error = refused(none(), &content).await;
    assert!(error.contains("Error.QuotaExceeded"), "{error}");
    content.rewind().unwrap();
    content.set_len(3).unwrap();
    let error = refused(with("size", 4_u64), &content).await;
    assert!(error.contains("`size`"), "{error}");
    let both = Map::from([("append", true.into()), ("resume", true.into())]);
    let error = refused(both, &content).await;
    assert!(error.contains("Error.InvalidArgument"), "{error}");
    let error = refused(none(), &File::open("/").unwrap()).await;
    assert!(error.contains("a folder"), "{error}");
    assert_eq!(stage.requests(), 2);
    let left = std::fs::read_dir(&stage.store.folder).unwrap();
    let left = left.filter(|entry| {
        let name = entry.as_ref().unwrap().file_name();
        name.to_string_lossy().starts_with("upload-")
    });
    assert_eq!(left.count(), 1, "what was refused leaves nothing");
}

#[tokio::test]
async fn downloads_go_into_a_descriptor_or_come_back() {
    let stage = Stage::set().await;
    let ftp = FtpProxy::new(&stage.caller).await.unwrap();
    let mut into = file(b"12");
    ftp.download("main", "f", into.as_fd().into(), with("resume", true))
        .await
        .unwrap();
    let (remote, from, to_caller) = ("f".to_owned(), 2, true);
    let asked = Request::FtpDownload {
        remote,
        from,
        to_caller,
    };
    assert_eq!(stage.asked(), asked);
    let mut sink = stage.store.requested.lock().unwrap()[0]
        .into
        .take()
        .unwrap();
    sink.put(&mut b"345".to_vec()).await.unwrap();
    let mut all = String::new();
    into.rewind().unwrap();
    into.read_to_string(&mut all).unwrap();
    assert_eq!(all, "12345");
    let read_only = File::open("/proc/self/stat").unwrap();
    let error = ftp.download("main", "f", read_only.as_fd().into(), none());
    let error = error.await.unwrap_err().to_string();
    assert!(error.contains("not open for writing"), "{error}");

    let path = ftp.download_bytes("main", "f", none()).await.unwrap();
    let answer = Answer::Bytes(b"12345".to_vec());
    let summary = Summary { count: 1, bytes: 5 };
    // The second request of this stage.
    let mut result = stage.result(path, summary, answer).await;
    assert_eq!(get::<Vec<u8>>(&mut result, "data"), b"12345");
    assert_eq!(get::<u64>(&mut result, "bytes"), 5);
}

#[tokio::test]
async fn folders_and_tests_come_back_typed() {
    let stage = Stage::set().await;
    let ftp = FtpProxy::new(&stage.caller).await.unwrap();
    let path = ftp.list("main", "", none()).await.unwrap();
    let entry = |name: &str, kind, size, modified| ListedEntry {
        name: name.into(),
        kind,
        size,
        modified,
    };
    let answer = Answer::Entries(vec![
        entry("a", EntryKind::File, Some(5), Some(1_000_000_000)),
        entry("b", EntryKind::Folder, None, None),
    ]);
    let mut result = stage.result(path, Summary::default(), answer).await;
    let entries: Vec<(String, String, u64, i64)> = get(&mut result, "entries");
    let a = ("a".into(), "file".into(), 5, 1_000_000_000);
    assert_eq!(entries, [a, ("b".into(), "folder".into(), u64::MAX, -1)]);

    let path = ftp.rename("main", "a", "b", none()).await.unwrap();
    let (from, to) = ("a".to_owned(), "b".to_owned());
    assert_eq!(stage.asked(), Request::FtpRename { from, to });
    let tested = Tested {
        service: AccountService::Ftp,
        failed: Some("tls".into()),
        text: "no".into(),
    };
    let mut result = stage
        .result(path, Summary::default(), Answer::Tested(vec![tested]))
        .await;
    let services: Vec<(String, String, String)> = get(&mut result, "services");
    assert_eq!(services, [("ftp".into(), "tls".into(), "no".into())]);
    for options in [with("atomic", true), with("token", 7_u32)] {
        let error = ftp.make_directory("main", "d", options).await.unwrap_err();
        assert!(
            error.to_string().contains("Error.InvalidArgument"),
            "{error}"
        );
    }
}
