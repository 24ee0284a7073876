//! Files of a server by way of the module's memory.

use super::files::{Bytes, get, nasty, open, put};
use super::{Fake, Got, Ignored, Mood, drive_with, up, with_quirk};
use crate::modem::Handle;
use crate::modem::tests::start::ready;
use crate::service::{BoxFuture, ErrorKind, Placing, Representation, Result, Source};

async fn by_file() -> (Fake, Handle) {
    let fake = Fake::default();
    let handle = drive_with(&fake, with_quirk("ftp_by_file", 1));
    ready(&handle).await;
    fake.memory().seen.clear();
    (fake, handle)
}

#[tokio::test(start_paused = true)]
async fn a_file_goes_up_and_down_by_the_modules_memory() {
    let (fake, handle) = by_file().await;
    let mut session = open(&handle).await;
    let bytes = nasty();
    let sent = put(&mut *session, "/in/a.bin", &bytes).await;
    assert_eq!(sent, Ok(bytes.len() as u64));
    assert!(fake.memory().server["/in/a.bin"] == bytes);
    assert!(get(&mut *session, "/in/a.bin").await.unwrap() == bytes);
    session.close().await;
    ready(&handle).await;
    let memory = fake.memory();
    assert!(memory.files.is_empty());
    let seen = &memory.seen[8..];
    let size = bytes.len();
    assert_eq!(
        seen,
        [
            "+CFTPTYPE=I",
            "+FSCD=C:/",
            "+FSMKDIR=hayesd",
            "+FSCD=C:/hayesd",
            "+FSDEL=*.*",
            // Room is looked for before anything is sent.
            "+FSMEM",
            &format!("+CFTRANRX=\"C:/hayesd/a.bin\",{size}"),
            "+CFTPPUTFILE=\"/in/a.bin\",0",
            "+CFTPTYPE=I",
            "+FSCD=C:/",
            "+FSMKDIR=hayesd",
            "+FSCD=C:/hayesd",
            "+FSDEL=*.*",
            "+FSMEM",
            "+CFTPGETFILE=\"/in/a.bin\",0",
            "+FSATTRI=a.bin",
            "+CFTRANTX=\"C:/hayesd/a.bin\"",
            "+CFTPPW=\"\"",
            "+FSCD=C:/hayesd",
            "+FSDEL=*.*",
            "+FSCD=C:/",
            "+FSRMDIR=hayesd",
        ]
    );
}

/// A module that does not know CFTPPUT and CFTPGET; one that only refuses them is taken at its word.
#[tokio::test(start_paused = true)]
async fn where_the_module_knows_nothing_else() {
    let (fake, handle) = up().await;
    for (command, test) in [("+CFTPPUT=\"", "+CFTPPUT=?"), ("+CFTPGET=\"", "+CFTPGET=?")] {
        fake.mood(command, 1, Mood::Says("\r\nERROR\r\n"));
        fake.mood(test, 1, Mood::Says("\r\nERROR\r\n"));
    }
    let mut session = open(&handle).await;
    assert_eq!(put(&mut *session, "a", b"content").await, Ok(7));
    assert_eq!(get(&mut *session, "a").await, Ok(b"content".to_vec()));
    assert_eq!(fake.count("+CFTPPUTFILE"), 1);
    assert_eq!(
        (fake.count("+CFTPGETFILE"), fake.count("+CFTPGET=")),
        (1, 0)
    );
    session.close().await;
    ready(&handle).await;
    assert!(fake.memory().files.is_empty());
    // It is known, and was refused.
    fake.memory().moods.clear();
    let mut session = open(&handle).await;
    fake.mood("+CFTPGET=\"", 1, Mood::Says("\r\nERROR\r\n"));
    let error = get(&mut *session, "a").await.unwrap_err();
    assert_eq!(error.kind, ErrorKind::Protocol);
    assert_eq!(fake.count("+CFTPGETFILE"), 1);
}

/// What fails leaves nothing behind, and is told as what it is.
#[tokio::test(start_paused = true)]
async fn nothing_is_left_of_what_failed() {
    for (command, said, kind) in [
        (
            "+CFTPPUTFILE",
            "\r\n+CME ERROR: 211\r\n",
            ErrorKind::Rejected,
        ),
        (
            "+CFTPPUTFILE",
            "\r\nOK\r\n\r\n+CFTPPUTFILE:208\r\n",
            ErrorKind::AuthFailed,
        ),
        ("+CFTPPUTFILE", "\r\nOK\r\n", ErrorKind::Timeout),
        ("+CFTRANRX", "\r\nERROR\r\n", ErrorKind::TooLarge),
        (
            "+CFTRANRX",
            "\r\nEFS HAVE NO ENOUGH MEMORY\r\n\r\nERROR\r\n",
            ErrorKind::TooLarge,
        ),
    ] {
        let (fake, handle) = by_file().await;
        fake.mood(command, 1, Mood::Says(said));
        let mut session = open(&handle).await;
        let error = put(&mut *session, "a", b"content").await.unwrap_err();
        assert_eq!(error.kind, kind, "{said:?}: {error}");
        session.close().await;
        ready(&handle).await;
        assert!(fake.memory().files.is_empty(), "{said:?}");
        assert_eq!(fake.count("+FSRMDIR=hayesd"), 1, "{said:?}");
    }
}

/// Quirk Q12: the first transfers after a start fail.
#[tokio::test(start_paused = true)]
async fn q12_by_file_the_first_attempts_fail() {
    let (fake, handle) = by_file().await;
    fake.memory().server.insert("a".into(), b"content".to_vec());
    let failed = "\r\nOK\r\n\r\n+CFTPGETFILE: 210\r\n";
    fake.mood("+CFTPGETFILE", 2, Mood::Says(failed));
    let mut session = open(&handle).await;
    assert_eq!(get(&mut *session, "a").await, Ok(b"content".to_vec()));
    assert_eq!(fake.count("+CFTPGETFILE"), 3);
}

/// Bytes whose number nobody knows before.
struct Unknown(Bytes);

impl Source for Unknown {
    fn next<'a>(&'a mut self, into: &'a mut Vec<u8>) -> BoxFuture<'a, Result<()>> {
        self.0.next(into)
    }

    fn left(&self) -> Option<u64> {
        None
    }

    fn seek(&mut self, to: u64) -> BoxFuture<'_, Result<()>> {
        self.0.seek(to)
    }
}

#[tokio::test(start_paused = true)]
async fn what_has_no_place_there() {
    let (fake, handle) = by_file().await;
    let mut session = open(&handle).await;
    let before = fake.count("+CFTRANRX");
    for (path, bytes, kind) in [
        ("/in/.hidden", &b"x"[..], ErrorKind::NotSupported),
        ("/in/a:b", b"x", ErrorKind::NotSupported),
        ("/in/", b"x", ErrorKind::NotSupported),
        ("empty", b"", ErrorKind::NotSupported),
    ] {
        let error = put(&mut *session, path, bytes).await.unwrap_err();
        assert_eq!(error.kind, kind, "{path}");
    }
    fake.memory().room = 20_000;
    let error = put(&mut *session, "a", &[0; 10_000]).await.unwrap_err();
    assert!(
        error.kind == ErrorKind::TooLarge && error.try_next(),
        "{error}"
    );
    assert_eq!(fake.count("+CFTRANRX"), before);
    let mut send = async |bytes: usize| {
        let mut from = Unknown(Bytes(vec![7; bytes], None));
        let image = Representation::Image;
        let sent = session.upload("a", &mut from, Placing::Replace, image, &Ignored);
        sent.await
    };
    assert_eq!(send(3000).await, Ok(3000));
    assert_eq!(
        send((1 << 20) + 1).await.unwrap_err().kind,
        ErrorKind::TooLarge
    );
    assert_eq!(fake.memory().server["a"], [7; 3000]);
}

/// The module's memory has no room for it; the server has no such file.
#[tokio::test(start_paused = true)]
async fn what_the_module_cannot_fetch() {
    let (fake, handle) = by_file().await;
    let mut session = open(&handle).await;
    let error = get(&mut *session, "none").await.unwrap_err();
    assert_eq!(error.kind, ErrorKind::Rejected);
    let large = vec![0; 2 << 20];
    fake.memory().server.insert("large".into(), large);
    let error = get(&mut *session, "large").await.unwrap_err();
    assert_eq!(error.kind, ErrorKind::TooLarge);
    let mut got = Got::default();
    let ascii = Representation::Ascii;
    fake.memory().server.insert("a".into(), b"x".to_vec());
    let got_it = session.download("a", 0, &mut got, ascii, &Ignored);
    assert_eq!(got_it.await, Ok(1));
    assert_eq!(fake.count("+CFTPTYPE=A"), 1);
}

/// 16-A18, 16-A19: the charset of a path is the one that is configured.
#[tokio::test(start_paused = true)]
async fn a19_the_charset_of_paths_is_configured() {
    for (number, digits) in [(0, "B2E2CAD42E747874"), (1, "E6B58BE8AF952E747874")] {
        let fake = Fake::default();
        let handle = drive_with(&fake, with_quirk("non_ascii", number));
        ready(&handle).await;
        let mut session = open(&handle).await;
        put(&mut *session, "\u{6d4b}\u{8bd5}.txt", b"x")
            .await
            .unwrap();
        let line = format!("+CFTPPUT={{non-ascii}}\"{digits}\"");
        assert_eq!(fake.count(&line), 1, "{line}");
    }
}

/// Firmwares have the password first, or the user (reference 3.3).
#[tokio::test(start_paused = true)]
async fn who_we_are_to_the_access_point_in_either_order() {
    for (number, texts) in [(0, "\"hush\",\"me\""), (1, "\"me\",\"hush\"")] {
        let fake = Fake::default();
        let mut settings = with_quirk("csockauth", number);
        settings.apn = "internet".into();
        settings.apn_user = "me".into();
        settings.apn_password = Some(crate::service::Secret::new("hush".into()));
        let handle = drive_with(&fake, settings);
        ready(&handle).await;
        let mut session = open(&handle).await;
        put(&mut *session, "a", b"x").await.unwrap();
        assert_eq!(fake.count(&format!("+CSOCKAUTH=1,1,{texts}")), 1);
    }
}
