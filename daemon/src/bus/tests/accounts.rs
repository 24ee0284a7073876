//! Accounts as objects: made, changed, given secrets, removed.

use super::*;
use crate::job::{Accounts, Request, Service as Of};
use hayes_dbus::{AccountProxy, ManagerProxy};
use std::fs::File;
use std::io::{Seek, Write};
use std::os::fd::{AsFd, OwnedFd};
use zbus::fdo::ObjectManagerProxy;

const PATH: &str = "/org/hayesd1/account/al_2derts";

fn server<'a>(entries: &[(&'a str, Variant<'a>)]) -> Variant<'a> {
    let map: Map<'_> = entries
        .iter()
        .map(|(key, value)| (*key, value.try_clone().unwrap()))
        .collect();
    Variant::from(map)
}

fn settings() -> Map<'static> {
    let smtp = server(&[
        ("host", Variant::from("mail.example.org")),
        ("user", Variant::from("pump7")),
        ("tls", Variant::from("starttls")),
        ("port", Variant::from(2525_u32)),
    ]);
    Map::from([
        ("from", Variant::from("Pump 7 <pump7@example.org>")),
        ("smtp", smtp),
    ])
}

impl Stage {
    async fn create(&self, name: &str, settings: Map<'_>) -> Result<String, String> {
        let made: Result<zbus::OwnedObjectPath, _> = self
            .call(
                "/org/hayesd1",
                "Manager",
                "CreateAccount",
                &(name, settings, none()),
            )
            .await;
        made.map(|path| path.to_string())
    }

    /// The paths of all accounts that are objects.
    async fn accounts(&self) -> Vec<String> {
        let manager = ObjectManagerProxy::new(&self.caller, NAME, "/org/hayesd1").await;
        let objects = manager.unwrap().get_managed_objects().await.unwrap();
        let mut paths: Vec<_> = objects.keys().map(ToString::to_string).collect();
        paths.retain(|path| path.starts_with("/org/hayesd1/account/"));
        paths.sort();
        paths
    }

    async fn account(&self) -> AccountProxy<'_> {
        AccountProxy::new(&self.caller, PATH).await.unwrap()
    }

    fn password(&self) -> String {
        let mail = self.world.book.mail("al-erts").unwrap();
        mail.credentials.unwrap().password.expose().to_owned()
    }

    fn file(&self, bytes: &[u8]) -> File {
        let path = self.bus.folder.join("secret");
        let mut file = File::options()
            .read(true)
            .write(true)
            .create(true)
            .truncate(true)
            .open(path)
            .unwrap();
        file.write_all(bytes).unwrap();
        file.rewind().unwrap();
        file
    }
}

fn text(result: zbus::Result<()>) -> String {
    result
        .unwrap_err()
        .to_string()
        .replace("org.hayesd1.Error.", "")
}

#[tokio::test]
async fn an_account_lives_on_the_bus() {
    let stage = Stage::set().await;
    assert!(stage.accounts().await.is_empty());
    let manager = ManagerProxy::new(&stage.caller).await.unwrap();
    let path = manager
        .create_account("al-erts", settings(), none())
        .await
        .unwrap();
    assert_eq!(path.as_str(), PATH);
    assert_eq!(stage.accounts().await, [PATH]);
    let again = stage.create("al-erts", settings()).await.unwrap_err();
    assert!(again.starts_with("InvalidArgument: there is"), "{again}");

    let account = stage.account().await;
    assert_eq!(account.name().await.unwrap(), "al-erts");
    assert_eq!(account.services().await.unwrap(), ["smtp"]);
    assert!(!account.configured().await.unwrap());
    let fd = stage.file(b"Planted\n");
    account
        .set_secret("smtp", fd.as_fd().into(), none())
        .await
        .unwrap();
    assert_eq!(stage.password(), "Planted");

    let ftp = server(&[("host", Variant::from("ftp.example.org"))]);
    let change = Map::from([("ftp", ftp)]);
    let mut changes = account.receive_services_changed().await;
    account.configure(change, none()).await.unwrap();
    let seen = tokio::time::timeout(LONG, async {
        loop {
            let change = futures_core_next(&mut changes).await;
            if change.get().await.unwrap() == ["smtp", "ftp"] {
                return;
            }
        }
    });
    seen.await.expect("PropertiesChanged");
    assert_eq!(stage.password(), "Planted");

    account.test(none()).await.unwrap();
    let request = stage.store.requested.lock().unwrap().pop().unwrap();
    assert_eq!(
        (request.account.as_str(), request.request),
        ("al-erts", Request::AccountTest)
    );

    account.remove(none()).await.unwrap();
    assert!(stage.accounts().await.is_empty());
    assert!(stage.world.book.exists("al-erts").is_err());
    let gone = text(account.remove(none()).await);
    assert!(gone.contains("UnknownObject"), "{gone}");
}

/// The next item of a stream.
async fn futures_core_next<S: futures_core::Stream + Unpin>(stream: &mut S) -> S::Item {
    std::future::poll_fn(|context| std::pin::Pin::new(&mut *stream).poll_next(context))
        .await
        .unwrap()
}

#[tokio::test]
async fn settings_that_are_wrong_are_named_and_make_nothing() {
    let stage = Stage::set().await;
    let host = ("host", Variant::from("h"));
    let from = ("from", Variant::from("a@example.org"));
    let one = |entry: (&'static str, Variant<'static>)| {
        Map::from([
            from.clone_entry(),
            ("smtp", server(&[host.clone_entry(), entry])),
        ])
    };
    let wrong = [
        (Map::new(), "needs a server"),
        (
            Map::from([("nome", Variant::from("x"))]),
            "`nome` is not known",
        ),
        (
            Map::from([("from", Variant::from(7_u32))]),
            "`from` is of type `s`, not `u`",
        ),
        (
            Map::from([("smtp", Variant::from("h"))]),
            "`smtp` is of type `a{sv}`, not `s`",
        ),
        (
            Map::from([("password", Variant::from("Planted"))]),
            "SetSecret",
        ),
        (
            Map::from([("smtp", server(&[host.clone_entry()]))]),
            "`from`: an account with smtp needs it",
        ),
        (
            Map::from([("pop3", server(&[host.clone_entry()]))]),
            "`pop3.user`: a mailbox needs it",
        ),
        (
            Map::from([("ftp", server(&[("port", Variant::from(21_u32))]))]),
            "`ftp.host` is needed",
        ),
        (
            one(("password", Variant::from("Planted"))),
            "`smtp.password`: a secret is no setting",
        ),
        (
            one(("token", Variant::from("Planted"))),
            "`smtp.token`: a secret",
        ),
        (
            one(("port", Variant::from("smtps"))),
            "`smtp.port` is of type `u`, not `s`",
        ),
        (one(("port", Variant::from(0_u32))), "`smtp.port`"),
        (one(("tls", Variant::from("ssl"))), "`smtp.tls`"),
        (
            one(("tsl", Variant::from("none"))),
            "`smtp.tsl` is not known",
        ),
        (one(("user", Variant::from("a\r\nb"))), "`smtp.user`"),
    ];
    for (settings, why) in wrong {
        let error = stage.create("al-erts", settings).await.unwrap_err();
        assert!(
            error.starts_with("InvalidArgument: ") && error.contains(why),
            "{why}: {error}"
        );
        assert!(!error.contains("Planted"), "{error}");
    }
    for name in ["", "../a", "a/b", "\u{fc}", &"x".repeat(33)] {
        let error = stage.create(name, settings()).await.unwrap_err();
        assert!(error.starts_with("InvalidArgument: "), "{error}");
    }
    assert!(stage.accounts().await.is_empty());
    assert!(!stage.bus.folder.join("accounts").exists());
}

trait CloneEntry<'a> {
    fn clone_entry(&self) -> (&'a str, Variant<'a>);
}

impl<'a> CloneEntry<'a> for (&'a str, Variant<'a>) {
    fn clone_entry(&self) -> (&'a str, Variant<'a>) {
        (self.0, self.1.try_clone().unwrap())
    }
}

#[tokio::test]
async fn a_secret_comes_by_descriptor_or_not_at_all() {
    let stage = Stage::set().await;
    stage.create("al-erts", settings()).await.unwrap();
    let account = stage.account().await;
    let give = async |kind: &str, fd: OwnedFd| {
        let fd = zbus::Fd::from(fd);
        account.set_secret(kind, fd, none()).await
    };
    let (read, write) = nix::unistd::pipe().unwrap();
    File::from(write).write_all(b"by pipe\n").unwrap();
    give("smtp", read).await.unwrap();
    assert_eq!(stage.password(), "by pipe");
    let longest = vec![b'x'; 4096];
    give("smtp", stage.file(&longest).into()).await.unwrap();

    let (_read, write) = nix::unistd::pipe().unwrap();
    let not_read = File::options()
        .write(true)
        .open(stage.bus.folder.join("secret"))
        .unwrap();
    let open = |path: &str| OwnedFd::from(File::open(path).unwrap());
    let descriptors = [
        (open("/"), "the descriptor is a folder"),
        (write, "the descriptor is not open for reading"),
        (not_read.into(), "the descriptor is not open for reading"),
        (open("/dev/null"), "the descriptor is a device"),
    ];
    for (fd, why) in descriptors {
        let error = text(give("smtp", fd).await);
        let why = format!("InvalidArgument: {why}");
        assert!(error.contains(&why), "{why}: {error}");
    }
    for (kind, bytes, why) in [
        ("imap", &b"x"[..], "InvalidArgument: the kind"),
        ("pop3", b"x", "InvalidArgument: account al-erts has no pop3"),
        (
            "smtp",
            b"",
            "InvalidArgument: the secret in the descriptor: empty",
        ),
        (
            "smtp",
            b"Planted\nPlanted\n",
            "InvalidArgument: the secret in the descriptor: holds a NUL or more than one line",
        ),
        ("smtp", &[b'x'; 4097], "TooLarge: more than 4096 bytes"),
    ] {
        let error = text(give(kind, stage.file(bytes).into()).await);
        assert!(error.contains(why), "{why}: {error}");
        assert!(!error.contains("Planted"), "{error}");
    }
    assert_eq!(stage.password().len(), 4096);

    for (credential, why) in [
        (
            "../etc/shadow",
            "InvalidArgument: `../etc/shadow` is not the name",
        ),
        ("", "InvalidArgument: "),
        ("nobody.passed.it", "NotFound: "),
    ] {
        let result = account.set_secret_from_credential("smtp", credential, none());
        let error = text(result.await);
        assert!(error.contains(why), "{why}: {error}");
    }
}

#[tokio::test]
async fn what_is_configured_is_shown_and_left_alone() {
    let stage = Stage::set().await;
    let path = stage.bus.folder.join("hayesd.toml");
    std::fs::write(&path, "[account.al-erts]\nftp = { host = 'h' }\n").unwrap();
    let config = crate::config::load(&path).unwrap().config;
    let configured = account::configured(&config, &Machine::here());
    stage.world.book.replace(configured);
    tokio::time::timeout(LONG, async {
        while stage.accounts().await.is_empty() {
            tokio::task::yield_now().await;
        }
    })
    .await
    .expect("the object");
    let account = stage.account().await;
    assert!(account.configured().await.unwrap());
    let fd = stage.file(b"x");
    for error in [
        text(account.configure(settings(), none()).await),
        text(account.set_secret("ftp", fd.as_fd().into(), none()).await),
        text(account.remove(none()).await),
    ] {
        let why = "NotSupported: account al-erts stands in the configuration";
        assert!(error.contains(why), "{error}");
    }
    assert!(stage.world.book.ftp("al-erts").is_ok());
    assert_eq!(Of::Ftp.name(), account.services().await.unwrap()[0]);
}
