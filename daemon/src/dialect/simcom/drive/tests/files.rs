//! Files over the module.

use super::{Fake, Got, Ignored, Mood, up};
use crate::modem::Handle;
use crate::modem::tests::start::ready;
use crate::service::{
    BoxFuture, Credentials, EntryKind, Error, ErrorKind, FileBack, FileOpen, FileSession,
    Mechanism, Placing, Reach, Representation, Result, Secret, Server, Source, Tls,
};
use core::time::Duration;

pub(super) fn request() -> FileOpen {
    FileOpen {
        server: Server {
            host: "ftp.example.org".into(),
            port: 21,
            tls: Tls::None,
        },
        reach: Reach::default(),
        credentials: Some(Credentials {
            user: "pump7".into(),
            password: Secret::new("hush-hush".into()),
            plain_auth: true,
            mechanism: Mechanism::default(),
        }),
        account: None,
        active: false,
    }
}

pub(super) async fn open(handle: &Handle) -> Box<dyn FileSession> {
    let opened = FileBack::open(handle, &request(), &Ignored).await;
    opened.unwrap()
}

/// Gives these bytes, and then perhaps an error.
pub(super) struct Bytes(pub(super) Vec<u8>, pub(super) Option<Error>);

impl Source for Bytes {
    fn next<'a>(&'a mut self, into: &'a mut Vec<u8>) -> BoxFuture<'a, Result<()>> {
        Box::pin(async move {
            let count = into.capacity().min(self.0.len());
            into.clear();
            into.extend(self.0.drain(..count));
            match self.1.take() {
                Some(error) if count == 0 => Err(error),
                later => {
                    self.1 = later;
                    Ok(())
                }
            }
        })
    }

    fn left(&self) -> Option<u64> {
        Some(self.0.len() as u64)
    }

    fn seek(&mut self, _: u64) -> BoxFuture<'_, Result<()>> {
        Box::pin(async { Err(Error::new(ErrorKind::NotSupported, "")) })
    }
}

pub(super) async fn put(session: &mut dyn FileSession, path: &str, bytes: &[u8]) -> Result<u64> {
    let mut from = Bytes(bytes.to_vec(), None);
    let image = Representation::Image;
    session
        .upload(path, &mut from, Placing::Replace, image, &Ignored)
        .await
}

pub(super) async fn get(session: &mut dyn FileSession, path: &str) -> Result<Vec<u8>> {
    let mut got = Got::default();
    let image = Representation::Image;
    let count = session.download(path, 0, &mut got, image, &Ignored).await?;
    assert_eq!(count, got.0.len() as u64);
    Ok(got.0)
}

/// A file up and down.
pub(super) async fn everything(handle: &Handle) {
    let mut session = open(handle).await;
    put(&mut *session, "a", b"x").await.unwrap();
    get(&mut *session, "a").await.unwrap();
    session.close().await;
}

/// Every byte value, and runs of those that lead and end.
pub(super) fn nasty() -> Vec<u8> {
    let runs = [[0x03; 50], [0x1a; 50]].concat();
    let lines = b"\r\n+CFTPGET: 0\r\nOK\r\n\r\n+CME ERROR: 201\r\n".to_vec();
    let all = (0..=255).cycle().take(40_000).collect();
    [runs.clone(), all, lines, runs].concat()
}

#[tokio::test(start_paused = true)]
async fn a_file_goes_up_and_down() {
    for stuffs in [false, true] {
        let (fake, handle) = up().await;
        fake.memory().stuffs = stuffs;
        let mut session = open(&handle).await;
        assert_eq!(fake.memory().seen, Vec::<String>::new());
        let bytes = nasty();
        let sent = put(&mut *session, "/in/a.bin", &bytes).await.unwrap();
        assert_eq!(sent, bytes.len() as u64);
        assert!(fake.memory().server["/in/a.bin"] == bytes);
        assert!(
            get(&mut *session, "/in/a.bin").await.unwrap() == bytes,
            "{stuffs}"
        );
        session.close().await;
        ready(&handle).await;
        assert_eq!(
            fake.memory().seen,
            [
                "E0V1Q0",
                "+CMEE=1",
                "+CATR=1",
                "+CFTPSERV=\"ftp.example.org\"",
                "+CFTPPORT=21",
                // 16-A35: passive, whatever its default.
                "+CFTPMODE=1",
                "+CFTPUN=\"pump7\"",
                "+CFTPPW=\"hush-hush\"",
                "+CFTPTYPE=I",
                "+CFTPPUT=\"/in/a.bin\"",
                "+CFTPTYPE=I",
                "+CFTPGET=\"/in/a.bin\"",
                "+CFTPPW=\"\"",
            ]
        );
    }
}

/// Of an empty file, and of names that are not ASCII.
#[tokio::test(start_paused = true)]
async fn odd_files() {
    let (fake, handle) = up().await;
    let mut session = open(&handle).await;
    assert_eq!(put(&mut *session, "empty", b"").await, Ok(0));
    assert_eq!(get(&mut *session, "empty").await, Ok(Vec::new()));
    put(&mut *session, "/testdir/\u{6d4b}\u{8bd5}.txt", b"x")
        .await
        .unwrap();
    let named = "+CFTPPUT={non-ascii}\"2F746573746469722FB2E2CAD42E747874\"";
    assert_eq!(fake.count(named), 1);
    let before = fake.count("+CFTPPUT");
    for (path, kind) in [
        ("a\"b", ErrorKind::NotSupported),
        ("\u{1f600}", ErrorKind::NotSupported),
        ("", ErrorKind::InvalidArgument),
    ] {
        let error = put(&mut *session, path, b"x").await.unwrap_err();
        assert_eq!(error.kind, kind, "{path:?}");
    }
    assert_eq!(fake.count("+CFTPPUT"), before);
    let mut got = Got::default();
    let ascii = Representation::Ascii;
    session
        .download("empty", 0, &mut got, ascii, &Ignored)
        .await
        .unwrap();
    assert_eq!(fake.count("+CFTPTYPE=A"), 1);
}

/// What the manual has no command for is refused before anything is sent.
#[tokio::test(start_paused = true)]
async fn what_there_is_no_command_for() {
    let (fake, handle) = up().await;
    let mut session = open(&handle).await;
    let mut errors = vec![
        session.remove("a").await.unwrap_err(),
        session.remove_folder("a").await.unwrap_err(),
        session.make_folder("a").await.unwrap_err(),
        session.rename("a", "b").await.unwrap_err(),
        session.change_folder("a").await.unwrap_err(),
        session.size("a").await.unwrap_err(),
        session.modified("a").await.unwrap_err(),
    ];
    for placing in [Placing::Append, Placing::Atomic, Placing::Resume] {
        let mut from = Bytes(b"x".to_vec(), None);
        let image = Representation::Image;
        let outcome = session
            .upload("a", &mut from, placing, image, &Ignored)
            .await;
        errors.push(outcome.unwrap_err());
    }
    let mut got = Got::default();
    let image = Representation::Image;
    errors.push(
        session
            .download("a", 1, &mut got, image, &Ignored)
            .await
            .unwrap_err(),
    );
    let mut secure = request();
    secure.server.tls = Tls::StartTls;
    let mut account = request();
    account.account = Some(Secret::new("x".into()));
    for request in [secure, account] {
        errors.push(
            FileBack::open(&handle, &request, &Ignored)
                .await
                .err()
                .unwrap(),
        );
    }
    for error in errors {
        assert!(
            error.kind == ErrorKind::NotSupported && error.try_next(),
            "{error}"
        );
    }
    session.close().await;
    assert_eq!(fake.memory().seen, Vec::<String>::new());
}

#[tokio::test(start_paused = true)]
async fn listings_where_the_module_has_them() {
    let (fake, handle) = up().await;
    let mut session = open(&handle).await;
    let mut names = Vec::new();
    let mut each = |entry: crate::service::Entry| {
        names.push((entry.name, entry.kind, entry.size));
        Ok(())
    };
    let error = session.list("/in", &mut each).await.unwrap_err();
    assert!(error.kind == ErrorKind::NotSupported && error.try_next());
    assert_eq!(fake.count("+CFTPLIST="), 1);
    fake.memory().answers.insert("+CFTPLIST=?", "\r\nOK\r\n");
    let lines = b"total 8\r\n-rw-r--r-- 1 u g 1234 Nov 22 2025 a.bin\r\n\
                  drwxr-xr-x 2 u g 4096 Nov 22 2025 sub\r\n";
    fake.memory().server.insert("/in".into(), lines.to_vec());
    session.list("/in", &mut each).await.unwrap();
    let file = ("a.bin".to_owned(), EntryKind::File, Some(1234));
    assert_eq!(names[0], file);
    assert_eq!((&names[1].0[..], names[1].1), ("sub", EntryKind::Folder));
}

pub(super) async fn with_file() -> (Fake, Handle, Box<dyn FileSession>) {
    let (fake, handle) = up().await;
    fake.memory().server.insert("a".into(), b"content".to_vec());
    let session = open(&handle).await;
    (fake, handle, session)
}

/// 16-A10, 16-A13, 16-A14: blanks, commas, zeros; `OK` before, behind or not at all.
#[tokio::test(start_paused = true)]
async fn a10_a13_a14_blocks_of_every_kind() {
    for said in [
        "\r\nOK\r\n\r\n+CFTPGET: DATA,7\r\ncontent\r\n+CFTPGET: 0\r\n",
        "\r\nOK\r\n\r\n+CFTPGET: DATA, 7,\r\ncontent\r\n+CFTPGET:0\r\n",
        "\r\nOK\r\n\r\n+CFTPGET:DATA,007\r\ncontent\r\n\r\n+CFTPGET: 0\r\n",
        "\r\n+CFTPGET: DATA,7\r\ncontent\r\n+CFTPGET: 0\r\n\r\nOK\r\n",
        "\r\n+CFTPGET: DATA,7\r\ncontent\r\n+CFTPGET: 0\r\n",
        "\r\nOK\r\n\r\n+CFTPGET: DATA,4\r\ncont\r\n+CREG: 5\r\n\r\n+CFTPGET: DATA,3\r\nent\r\n+CFTPGET: 0\r\n",
        "\r\nOK\r\n\r\n+CFTPGET: DATA,7\r\ncontent\x1a\r\n+CFTPGET: 0\r\n",
    ] {
        let (fake, handle, mut session) = with_file().await;
        fake.mood("+CFTPGET", 1, Mood::Says(said));
        assert_eq!(
            get(&mut *session, "a").await,
            Ok(b"content".to_vec()),
            "{said:?}"
        );
        // In step, whatever was left out.
        assert_eq!(
            get(&mut *session, "a").await,
            Ok(b"content".to_vec()),
            "{said:?}"
        );
        drop(handle);
    }
}

/// Numbers at once, in the end of a transfer, and after the data.
#[tokio::test(start_paused = true)]
async fn every_number_wherever_it_comes() {
    use ErrorKind::*;
    for (number, kind) in [
        (201, Protocol),
        (202, Busy),
        (203, NameNotFound),
        (204, Timeout),
        (205, Protocol),
        (206, TooLarge),
        (207, Busy),
        (208, AuthFailed),
        (209, Protocol),
        (210, NoNetwork),
        (211, Rejected),
        (212, TooLarge),
        (213, NotSupported),
        (214, NoNetwork),
        (219, Timeout),
        (30, NoNetwork),
        (999, Protocol),
    ] {
        let (fake, _handle, mut session) = with_file().await;
        let coded: &'static str = format!("\r\n+CME ERROR: {number}\r\n").leak();
        for command in ["+CFTPPUT", "+CFTPGET"] {
            fake.mood(command, 3, Mood::Says(coded));
        }
        let error = get(&mut *session, "a").await.unwrap_err();
        assert_eq!(error.kind, kind, "GET {number}: {error}");
        let error = put(&mut *session, "b", b"x").await.unwrap_err();
        assert_eq!(error.kind, kind, "PUT {number}: {error}");
        fake.memory().moods.clear();
        // 16-A29: the same after the data.
        fake.memory().upload_ends = coded;
        let ends = format!("\r\n+CFTPGET: {number}\r\n");
        fake.memory().download_ends = ends.leak();
        if number == 209 {
            // The logout comes after all of it.
            assert_eq!(put(&mut *session, "b", b"x").await, Ok(1));
            assert_eq!(get(&mut *session, "a").await, Ok(b"content".to_vec()));
            continue;
        }
        let error = put(&mut *session, "b", b"x").await.unwrap_err();
        assert_eq!(error.kind, kind, "PUT {number}: {error}");
        let error = get(&mut *session, "a").await.unwrap_err();
        let kind = if number == 30 { Protocol } else { kind };
        assert_eq!(error.kind, kind, "GET {number}: {error}");
        assert!(error.text.contains(&number.to_string()), "{error}");
    }
}

/// Quirk Q12: what moved nothing is tried three times after some numbers; what moved something never.
#[tokio::test(start_paused = true)]
async fn q12_the_first_attempts_fail() {
    let (fake, _handle, mut session) = with_file().await;
    for command in ["+CFTPPUT", "+CFTPGET"] {
        fake.mood(command, 2, Mood::Says("\r\n+CME ERROR: 214\r\n"));
    }
    assert_eq!(get(&mut *session, "a").await, Ok(b"content".to_vec()));
    assert_eq!(put(&mut *session, "b", b"x").await, Ok(1));
    assert_eq!(fake.memory().server["b"], b"x");
    assert_eq!((fake.count("+CFTPGET"), fake.count("+CFTPPUT")), (3, 3));
    fake.memory().download_ends = "\r\n+CFTPGET: 210\r\n";
    get(&mut *session, "a").await.unwrap_err();
    fake.memory().upload_ends = "\r\n+CME ERROR: 210\r\n";
    put(&mut *session, "b", b"x").await.unwrap_err();
    assert_eq!((fake.count("+CFTPGET"), fake.count("+CFTPPUT")), (4, 4));
}

/// A transfer that breaks off on our side leaves the module's data mode, and does not pass for a file.
#[tokio::test(start_paused = true)]
async fn an_upload_that_breaks_off_leaves_the_data_mode() {
    let (fake, handle, mut session) = with_file().await;
    let error = Error::new(ErrorKind::Internal, "the disk is gone");
    let mut from = Bytes(b"half\x03".to_vec(), Some(error));
    let image = Representation::Image;
    let outcome = session
        .upload("b", &mut from, Placing::Replace, image, &Ignored)
        .await;
    assert_eq!(outcome.unwrap_err().text, "the disk is gone");
    // The module is in step again for whoever comes next.
    assert_eq!(get(&mut *session, "a").await, Ok(b"content".to_vec()));
    session.close().await;
    ready(&handle).await;
    assert_eq!(fake.memory().server["b"], b"half\x03\x1b");
}

/// Its prompt comes when nobody waits for it any more: the data mode is left, and nothing is taken for data.
#[tokio::test(start_paused = true)]
async fn a_prompt_that_comes_too_late() {
    let (fake, _handle, mut session) = with_file().await;
    fake.mood("+CFTPPUT", 1, Mood::Late(Duration::from_secs(91)));
    let error = put(&mut *session, "b", b"x").await.unwrap_err();
    assert_eq!(error.kind, ErrorKind::Timeout);
    assert_eq!(get(&mut *session, "a").await, Ok(b"content".to_vec()));
}

/// Silence at any step ends in an error or is overcome, and the next transfer goes.
#[tokio::test(start_paused = true)]
async fn silence_at_each_step() {
    for step in [
        "+CATR",
        "+CFTPSERV",
        "+CFTPPW",
        "+CFTPTYPE",
        "+CFTPGET",
        "+CFTPPUT",
    ] {
        let (fake, _handle, mut session) = with_file().await;
        fake.mood(step, 3, Mood::Mute);
        let work = async {
            get(&mut *session, "a").await?;
            put(&mut *session, "b", b"x").await
        };
        let outcome = tokio::time::timeout(Duration::from_secs(900), work).await;
        let error = outcome.expect(step).expect_err(step);
        assert_eq!(error.kind, ErrorKind::Timeout, "{step} {error}");
        fake.memory().moods.clear();
        assert_eq!(
            get(&mut *session, "a").await,
            Ok(b"content".to_vec()),
            "{step}"
        );
        assert_eq!(put(&mut *session, "b", b"x").await, Ok(1), "{step}");
    }
}

/// A stream that stops in the middle is an error, and what it was worth is told.
#[tokio::test(start_paused = true)]
async fn a_stream_that_stops() {
    let (fake, _handle, mut session) = with_file().await;
    let said = "\r\nOK\r\n\r\n+CFTPGET: DATA,7\r\ncont";
    fake.mood("+CFTPGET", 1, Mood::Says(said));
    let error = get(&mut *session, "a").await.unwrap_err();
    assert_eq!(error.kind, ErrorKind::Timeout);
}
