//! The FTP client against real servers: vsftpd and ProFTPD, both of which insist that data connections resume
//! the control connection's TLS session.

use anyhow::{Context as _, Result, anyhow, bail, ensure};
use hayes_tests::content::{Bytes, Compared, Pattern, Stuck, Taken, Told, noise};
use hayes_tests::ftpd::{FtpServer, Kind, PASSWORD, USER};
use hayes_tests::process::show;
use hayes_tests::{scale, wait};
use hayesd::clock::SystemClock;
use hayesd::net::{Dialer, FtpBack, Roots, Tls};
use hayesd::service::{
    Credentials, Entry, EntryKind, ErrorKind, FileBack as _, FileOpen, FileSession, Mechanism,
    Placing, Representation, Secret, Server, Tls as Protection,
};
use std::fs;
use std::hash::{BuildHasher as _, RandomState};
use std::sync::Arc;
use std::time::{Duration, SystemTime};

const IMAGE: Representation = Representation::Image;

fn back(server: &FtpServer) -> Result<FtpBack> {
    let roots = Roots::File(server.authority().root().clone());
    let tls = Tls::load(&roots, Arc::new(SystemClock))?;
    Ok(FtpBack::new(Dialer::default(), tls))
}

fn request(server: &FtpServer, tls: Protection) -> FileOpen {
    FileOpen {
        reach: Default::default(),
        server: Server {
            host: "127.0.0.1".into(),
            port: match tls {
                Protection::Implicit => server.implicit(),
                Protection::StartTls | Protection::None => server.explicit(),
            },
            tls,
        },
        credentials: Some(Credentials {
            user: USER.into(),
            password: Secret::new(PASSWORD.into()),
            mechanism: Mechanism::Password,
            plain_auth: true,
        }),
        account: None,
        active: false,
    }
}

async fn open(server: &FtpServer, tls: Protection) -> Result<Box<dyn FileSession>> {
    let request = request(server, tls);
    let mut session = back(server)?.open(&request, &Told::default()).await?;
    session.change_folder("work").await?;
    Ok(session)
}

async fn put(session: &mut dyn FileSession, name: &str, bytes: &[u8], how: Placing) -> Result<u64> {
    let mut from = Bytes::new(bytes);
    let told = Told::default();
    Ok(session.upload(name, &mut from, how, IMAGE, &told).await?)
}

async fn get(session: &mut dyn FileSession, name: &str, from: u64) -> Result<Vec<u8>> {
    let mut into = Taken::default();
    let told = Told::default();
    let count = session
        .download(name, from, &mut into, IMAGE, &told)
        .await?;
    ensure!(count == into.0.len() as u64, "{count} bytes");
    let told = told.bytes.lock().map(|bytes| *bytes).ok();
    ensure!(told == Some((from + count, from + count)), "{told:?}");
    Ok(into.0)
}

async fn names(session: &mut dyn FileSession, folder: &str) -> Result<Vec<Entry>> {
    let mut entries = Vec::new();
    let mut each = |entry| {
        entries.push(entry);
        Ok(())
    };
    session.list(folder, &mut each).await?;
    entries.sort_by(|a, b| a.name.cmp(&b.name));
    Ok(entries)
}

fn kind<T>(result: hayesd::service::Result<T>) -> Option<ErrorKind> {
    result.err().map(|error| error.kind)
}

/// A session held over many steps, each kind of them.
async fn every_step(server: &FtpServer, tls: Protection) -> Result<()> {
    let mut session = open(server, tls).await?;
    let session = &mut *session;
    let content = noise(300_000, 7);
    ensure!(put(session, "one.bin", &content, Placing::Replace).await? == 300_000);
    ensure!(fs::read(server.file("one.bin"))? == content);
    ensure!(session.size("one.bin").await? == 300_000);
    let age = SystemTime::now().duration_since(session.modified("one.bin").await?);
    ensure!(age.is_ok_and(|age| age < Duration::from_secs(3600)));
    ensure!(get(session, "one.bin", 0).await? == content);
    ensure!(get(session, "one.bin", 123_457).await? == content[123_457..]);
    ensure!(get(session, "one.bin", 300_000).await?.is_empty());
    ensure!(put(session, "empty", b"", Placing::Replace).await? == 0);
    ensure!(get(session, "empty", 0).await?.is_empty());

    ensure!(put(session, "one.bin", b"more", Placing::Append).await? == 300_004);
    ensure!(fs::read(server.file("one.bin"))? == [&content[..], b"more"].concat());
    let other = noise(200_000, 8);
    ensure!(put(session, "one.bin", &other, Placing::Atomic).await? == 200_000);
    ensure!(fs::read(server.file("one.bin"))? == other);
    ensure!(put(session, "two.bin", &other[..70_001], Placing::Replace).await? == 70_001);
    ensure!(put(session, "two.bin", &other, Placing::Resume).await? == 200_000);
    ensure!(fs::read(server.file("two.bin"))? == other);
    ensure!(put(session, "two.bin", &other, Placing::Resume).await? == 200_000);
    ensure!(put(session, "three.bin", &other, Placing::Resume).await? == 200_000);

    session.make_folder("in box").await?;
    let again = session
        .make_folder("in box")
        .await
        .err()
        .context("made twice")?;
    ensure!(
        again.kind == ErrorKind::Rejected && again.text.contains("exists"),
        "{again}"
    );
    ensure!(put(session, "in box/ä b.txt", b"text", Placing::Atomic).await? == 4);
    let inside = names(session, "in box").await?;
    ensure!(
        inside.len() == 1 && inside[0].name == "ä b.txt",
        "{inside:?}"
    );
    ensure!((inside[0].kind, inside[0].size) == (EntryKind::File, Some(4)));
    let here = names(session, "").await?;
    let found: Vec<_> = here
        .iter()
        .map(|entry| (entry.name.as_str(), entry.kind))
        .collect();
    ensure!(
        found
            == [
                ("empty", EntryKind::File),
                ("in box", EntryKind::Folder),
                ("one.bin", EntryKind::File),
                ("three.bin", EntryKind::File),
                ("two.bin", EntryKind::File),
            ],
        "{found:?}"
    );
    let mut raw = Taken::default();
    session.list_raw("", &mut raw).await?;
    ensure!(String::from_utf8_lossy(&raw.0).contains("three.bin"));

    session.rename("in box/ä b.txt", "moved.txt").await?;
    ensure!(fs::read(server.file("moved.txt"))? == b"text");
    session.remove("moved.txt").await?;
    session.remove_folder("in box").await?;
    for name in ["one.bin", "two.bin", "three.bin", "empty"] {
        session.remove(name).await?;
    }
    ensure!(names(session, "").await?.is_empty());
    what_is_refused(session).await
}

async fn what_is_refused(session: &mut dyn FileSession) -> Result<()> {
    let missing = Some(ErrorKind::NotFound);
    ensure!(kind(session.size("missing").await) == missing);
    ensure!(kind(session.remove("missing").await) == missing);
    ensure!(kind(session.change_folder("missing").await) == missing);
    ensure!(kind(session.rename("missing", "x").await) == missing);
    ensure!(kind(session.list("missing", &mut |_| Ok(())).await) == missing);
    let told = Told::default();
    let mut into = Taken::default();
    let result = session
        .download("missing", 0, &mut into, IMAGE, &told)
        .await;
    ensure!(kind(result) == missing);
    for path in ["a\r\nDELE b", "a\0b", "", "a\nb"] {
        let bad = Some(ErrorKind::InvalidArgument);
        ensure!(kind(session.remove(path).await) == bad, "{path:?}");
        let mut from = Bytes::new("x");
        let result = session
            .upload(path, &mut from, Placing::Replace, IMAGE, &told)
            .await;
        ensure!(kind(result) == bad, "{path:?}");
    }
    Ok(())
}

#[tokio::test]
async fn vsftpd_every_step() -> Result<()> {
    let server = FtpServer::start(Kind::Vsftpd)?;
    for tls in [Protection::None, Protection::StartTls, Protection::Implicit] {
        every_step(&server, tls)
            .await
            .with_context(|| format!("{tls:?}"))?;
    }
    Ok(())
}

#[tokio::test]
async fn proftpd_every_step() -> Result<()> {
    let server = FtpServer::start(Kind::Proftpd)?;
    for tls in [Protection::None, Protection::StartTls, Protection::Implicit] {
        every_step(&server, tls)
            .await
            .with_context(|| format!("{tls:?}"))?;
    }
    Ok(())
}

#[tokio::test]
async fn many_transfers_over_one_session() -> Result<()> {
    for kind in [Kind::Vsftpd, Kind::Proftpd] {
        let server = FtpServer::start(kind)?;
        // Each transfer takes a TLS 1.3 ticket, tickets are used once, and ProFTPD gives none with an upload:
        // when there are none left it refuses, and from then on it is TLS 1.2.
        let mut session = open(&server, Protection::StartTls).await?;
        for round in 0..25_u64 {
            let content = noise(40_000, round + 1);
            put(&mut *session, "round", &content, Placing::Replace).await?;
            ensure!(get(&mut *session, "round", 0).await? == content, "{round}");
        }
        session.close().await;
        if kind == Kind::Proftpd {
            let log = server.log();
            for version in ["TLSv1.3", "TLSv1.2"] {
                let line = format!("{version} data connection accepted");
                ensure!(log.contains(&line), "{version}");
            }
        }
    }
    Ok(())
}

#[tokio::test]
async fn the_server_connects_to_us() -> Result<()> {
    for kind in [Kind::Vsftpd, Kind::Proftpd] {
        let server = FtpServer::start(kind)?;
        for tls in [Protection::None, Protection::StartTls] {
            let mut request = request(&server, tls);
            request.active = true;
            let mut session = back(&server)?.open(&request, &Told::default()).await?;
            session.change_folder("work").await?;
            let content = noise(100_000, 3);
            put(&mut *session, "active", &content, Placing::Atomic).await?;
            ensure!(get(&mut *session, "active", 0).await? == content);
            ensure!(names(&mut *session, "").await?.len() == 1);
            session.remove("active").await?;
        }
    }
    Ok(())
}

#[tokio::test]
async fn who_may_not() -> Result<()> {
    for server in [
        FtpServer::start(Kind::Vsftpd)?,
        FtpServer::start(Kind::Proftpd)?,
    ] {
        let mut wrong = request(&server, Protection::StartTls);
        if let Some(who) = &mut wrong.credentials {
            who.password = Secret::new("falsch".into());
        }
        let told = Told::default();
        let error = back(&server)?
            .open(&wrong, &told)
            .await
            .err()
            .context("logged in")?;
        ensure!(
            error.kind == ErrorKind::AuthFailed && error.reply.is_some(),
            "{error}"
        );
        let mut clear = request(&server, Protection::None);
        if let Some(who) = &mut clear.credentials {
            who.plain_auth = false;
        }
        let error = back(&server)?
            .open(&clear, &told)
            .await
            .err()
            .context("in clear")?;
        ensure!(error.kind == ErrorKind::InvalidArgument);
        let stranger = Tls::load(&Roots::System, Arc::new(SystemClock))?;
        let back = FtpBack::new(Dialer::default(), stranger);
        let good = request(&server, Protection::StartTls);
        let error = back.open(&good, &told).await.err().context("believed")?;
        ensure!(error.kind == ErrorKind::CertificateInvalid, "{error}");
    }
    Ok(())
}

#[tokio::test]
async fn a_transfer_that_is_given_up_leaves_the_session_usable() -> Result<()> {
    for kind in [Kind::Vsftpd, Kind::Proftpd] {
        let server = FtpServer::start(kind)?;
        for tls in [Protection::None, Protection::StartTls] {
            let mut session = open(&server, tls).await?;
            let content = noise(20 << 20, 5);
            put(&mut *session, "big", &content, Placing::Replace).await?;
            let mut stuck = Stuck(1 << 20);
            let told = Told::default();
            {
                let fetching = session.download("big", 0, &mut stuck, IMAGE, &told);
                let some = wait::until_async("some of it", wait::LONG, async || {
                    (told.bytes.lock().ok()?.0 > 0).then_some(())
                });
                tokio::select! {
                    result = fetching => bail!("it ended: {result:?}"),
                    some = some => some?,
                }
            }
            ensure!(session.size("big").await? == 20 << 20, "{kind:?} {tls:?}");
            // A disk that fails in the middle of an upload, and no trace left of it.
            let mut broken = Bytes::new(&content[..5 << 20]).failing_at(3 << 20);
            let result = session
                .upload("half", &mut broken, Placing::Atomic, IMAGE, &told)
                .await;
            ensure!(self::kind(result) == Some(ErrorKind::Internal));
            let left: Vec<_> = names(&mut *session, "").await?;
            ensure!(left.len() == 1 && left[0].name == "big", "{left:?}");
            ensure!(get(&mut *session, "big", 15 << 20).await? == content[15 << 20..]);
            session.remove("big").await?;
        }
    }
    Ok(())
}

/// A large file up and down, each way cut off somewhere and gone on with in a new session. What comes back is
/// compared with what was sent byte by byte, in its place: that says all that a checksum would.
#[tokio::test]
async fn large_files_go_on_after_a_cut() -> Result<()> {
    let size = scale::of(24 << 20, 1 << 30) as u64;
    for kind in [Kind::Vsftpd, Kind::Proftpd] {
        let server = FtpServer::start(kind)?;
        for tls in [Protection::None, Protection::StartTls] {
            // Anywhere in the middle half.
            let somewhere = RandomState::new().hash_one(0) % (size / 2) + size / 4;
            let told = Told::default();
            let reached = async || {
                wait::until_async("enough of it", 10 * wait::LONG, async || {
                    // What stands still has passed on all but a buffer.
                    (told.bytes.lock().ok()?.0 + (1 << 20) >= somewhere).then_some(())
                })
                .await
            };
            let mut session = open(&server, tls).await?;
            let mut from = Pattern::new(size).stopping_at(somewhere);
            tokio::select! {
                result = session.upload("big", &mut from, Placing::Replace, IMAGE, &told) => {
                    bail!("it ended: {result:?}");
                }
                result = reached() => result?,
            }
            drop(session);
            let mut session = open(&server, tls).await?;
            let there = session.size("big").await?;
            ensure!(there > 0 && there < size, "{there} of {size}");
            let mut from = Pattern::new(size);
            let sent = session.upload("big", &mut from, Placing::Resume, IMAGE, &told);
            ensure!(sent.await? == size);

            let mut into = Compared::stopping_at(somewhere);
            *told.bytes.lock().map_err(|_| anyhow!("poisoned"))? = (0, 0);
            tokio::select! {
                result = session.download("big", 0, &mut into, IMAGE, &told) => {
                    bail!("it ended: {result:?}");
                }
                result = reached() => result?,
            }
            drop(session);
            let mut session = open(&server, tls).await?;
            let here = into.at;
            into.stops_at = u64::MAX;
            ensure!(here > 0 && here < size, "{here} of {size}");
            let rest = session.download("big", here, &mut into, IMAGE, &told);
            ensure!(rest.await? == size - here && into.at == size);
            show(
                &format!("{kind:?}, {tls:?}: {size} bytes up and down"),
                &format!("up went on at {there}, down at {here}"),
            );
            session.remove("big").await?;
        }
    }
    Ok(())
}
