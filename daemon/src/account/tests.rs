//! Accounts as callers make, change and lose them.

use super::*;
use crate::config::{Config, Machine};
use crate::disk::Disk;
use crate::emulator::Policy as _;
use crate::job::{Accounts, Service};
use crate::service::{ErrorKind, Mechanism, Secret, Tls};
use std::collections::BTreeMap;
use std::os::unix::fs::PermissionsExt;
use std::path::PathBuf;

struct Stage {
    folder: PathBuf,
    machine: Machine,
}

impl Drop for Stage {
    fn drop(&mut self) {
        let _ = std::fs::remove_dir_all(&self.folder);
    }
}

impl Stage {
    fn new(name: &str) -> Self {
        let folder =
            std::env::temp_dir().join(format!("hayesd-book-{name}-{}", std::process::id()));
        std::fs::create_dir(&folder).unwrap();
        let machine = Machine {
            credentials: Some(folder.clone()),
            ..Machine::here()
        };
        Self { folder, machine }
    }

    /// As after a start of the daemon.
    fn book(&self) -> Book {
        let folder = self.folder.join("accounts");
        let book = Book::new(folder, self.machine.clone(), Disk::inline());
        book.load();
        book
    }

    fn config(&self, text: &str) -> Config {
        let path = self.folder.join("hayesd.toml");
        std::fs::write(&path, text).unwrap();
        crate::config::load(&path).unwrap().config
    }
}

fn server(host: &str, user: &str) -> Option<ServerSettings> {
    Some(ServerSettings {
        host: host.into(),
        user: Some(user.into()),
        ..ServerSettings::default()
    })
}

fn change(servers: &[(Service, Option<ServerSettings>)]) -> Change {
    Change {
        from: Some("pump7@example.org".into()),
        servers: servers.iter().cloned().collect(),
    }
}

fn text(secret: &str) -> Kept {
    Kept::Text(Secret::new(secret.into()))
}

async fn kind<T: std::fmt::Debug>(
    result: impl Future<Output = crate::service::Result<T>>,
) -> ErrorKind {
    result.await.unwrap_err().kind
}

#[tokio::test]
async fn an_account_is_made_and_survives() {
    let stage = Stage::new("made");
    let book = stage.book();
    let mut changes = book.changes();
    changes.borrow_and_update();
    let mail = change(&[(Service::Smtp, server("mail.example.org", "pump7"))]);
    book.create("alerts", mail.clone()).await.unwrap();
    assert!(changes.has_changed().unwrap());
    assert_eq!(
        kind(book.create("alerts", mail.clone())).await,
        ErrorKind::InvalidArgument
    );
    for bad in ["", "../x", "a b", ".", &"a".repeat(33)] {
        assert_eq!(
            kind(book.create(bad, mail.clone())).await,
            ErrorKind::InvalidArgument
        );
    }
    let missing = book.mail("alerts").unwrap_err();
    assert!(missing.text.contains("SetSecret"), "{}", missing.text);
    book.set_secret("alerts", Service::Smtp, text("Planted"))
        .await
        .unwrap();
    for book in [book, stage.book()] {
        let mail = book.mail("alerts").unwrap();
        assert_eq!((mail.server.port, mail.server.tls), (465, Tls::Implicit));
        let who = mail.credentials.unwrap();
        assert_eq!(
            (who.user.as_str(), who.password.expose()),
            ("pump7", "Planted")
        );
        assert_eq!(who.mechanism, Mechanism::Password);
        assert_eq!(book.pop3("alerts").unwrap_err().kind, ErrorKind::NotFound);
        assert!(!format!("{book:?}").contains("Planted"));
        let view = View {
            name: "alerts".into(),
            configured: false,
            services: vec![Service::Smtp],
        };
        assert_eq!(book.list(), [view]);
    }
    let book = stage.book();
    book.remove("alerts").await.unwrap();
    assert_eq!(kind(book.remove("alerts")).await, ErrorKind::NotFound);
    assert_eq!(book.exists("alerts").unwrap_err().kind, ErrorKind::NotFound);
    assert!(stage.book().list().is_empty());
}

#[tokio::test]
async fn a_secret_is_not_shown_to_another_server() {
    let stage = Stage::new("another");
    let book = stage.book();
    let servers = [
        (Service::Smtp, server("mail.example.org", "pump7")),
        (Service::Ftp, server("ftp.example.org", "pump7")),
    ];
    book.create("a", change(&servers)).await.unwrap();
    for service in [Service::Smtp, Service::Ftp] {
        book.set_secret("a", service, text("Planted"))
            .await
            .unwrap();
    }
    assert_eq!(
        kind(book.set_secret("a", Service::Pop3, text("x"))).await,
        ErrorKind::InvalidArgument
    );
    let mut same = server("mail.example.org", "pump7");
    same.as_mut().unwrap().port = Some(2465);
    book.configure("a", change(&[(Service::Smtp, same)]))
        .await
        .unwrap();
    assert_eq!(book.mail("a").unwrap().server.port, 2465);
    let elsewhere = server("mail.example.com", "pump7");
    book.configure("a", change(&[(Service::Smtp, elsewhere)]))
        .await
        .unwrap();
    for book in [&book, &stage.book()] {
        assert_eq!(
            book.mail("a").unwrap_err().kind,
            ErrorKind::TemporaryFailure
        );
        assert!(book.ftp("a").unwrap().credentials.is_some());
    }
    let wrong = change(&[(Service::Ftp, server("h h", "pump7"))]);
    assert_eq!(
        kind(book.configure("a", wrong)).await,
        ErrorKind::InvalidArgument
    );
    assert_eq!(book.ftp("a").unwrap().server.host, "ftp.example.org");
    book.configure("a", change(&[(Service::Smtp, None)]))
        .await
        .unwrap();
    assert_eq!(book.mail("a").unwrap_err().kind, ErrorKind::NotFound);
    let nothing = change(&[(Service::Ftp, None)]);
    assert_eq!(
        kind(book.configure("a", nothing)).await,
        ErrorKind::InvalidArgument
    );
}

#[tokio::test]
async fn a_credential_is_read_at_each_start() {
    let stage = Stage::new("credential");
    let book = stage.book();
    let servers = [(Service::Ftp, server("ftp.example.org", "pump7"))];
    book.create("a", change(&servers)).await.unwrap();
    let credential = || Kept::Credential("ftp.pass".parse().unwrap());
    assert_eq!(
        kind(book.set_secret("a", Service::Ftp, credential())).await,
        ErrorKind::NotFound
    );
    let password = |book: &Book| {
        let who = book.ftp("a").unwrap().credentials.unwrap();
        who.password.expose().to_owned()
    };
    std::fs::write(stage.folder.join("ftp.pass"), "one\n").unwrap();
    book.set_secret("a", Service::Ftp, credential())
        .await
        .unwrap();
    assert_eq!(password(&book), "one");
    std::fs::write(stage.folder.join("ftp.pass"), "two\n").unwrap();
    assert_eq!(password(&stage.book()), "two");
}

#[tokio::test]
async fn what_is_configured_stays_as_it_is() {
    let stage = Stage::new("configured");
    let book = stage.book();
    let servers = [(Service::Ftp, server("made.example.org", "pump7"))];
    book.create("a", change(&servers)).await.unwrap();
    let config = stage.config("[account.a]\nftp = { host = 'configured.example.org' }\n");
    book.replace(configured(&config, &stage.machine));
    assert_eq!(book.ftp("a").unwrap().server.host, "configured.example.org");
    assert!(book.list()[0].configured);
    let tries = [
        book.configure("a", change(&servers)).await,
        book.set_secret("a", Service::Ftp, text("x")).await,
        book.remove("a").await,
    ];
    for tried in tries {
        let error = tried.unwrap_err();
        assert_eq!(error.kind, ErrorKind::NotSupported);
        assert!(error.text.contains("configuration"), "{}", error.text);
    }
    assert_eq!(
        kind(book.create("a", change(&servers))).await,
        ErrorKind::InvalidArgument
    );
    // Gone from the configuration, the other one is back.
    book.replace(BTreeMap::new());
    let missing = book.ftp("a").unwrap_err();
    assert!(missing.text.contains("SetSecret"), "{}", missing.text);
}

#[tokio::test]
async fn a_token_is_fetched_anew_for_each_login() {
    let stage = Stage::new("token");
    let token = stage.folder.join("token");
    let config = stage.config(&format!(
        "[account.a]\nfrom = 'a@example.org'\nsmtp = {{ host = 'h', user = 'u', token = {{ file = '{0}' }} }}\n\
         pop3 = {{ host = 'h', user = 'u', token = {{ command = ['/bin/cat', '{0}'] }} }}\n",
        token.display()
    ));
    let book = stage.book();
    book.replace(configured(&config, &stage.machine));
    for now in ["ya29.one", "ya29.two"] {
        std::fs::write(&token, format!("{now}\n")).unwrap();
        std::fs::set_permissions(&token, std::fs::Permissions::from_mode(0o600)).unwrap();
        let mail = book.mail("a").unwrap().credentials.unwrap();
        assert_eq!(mail.mechanism, Mechanism::XOAuth2);
        assert_eq!(mail.password.expose(), "");
        let proved = book.prove("a", Service::Smtp, mail).await.unwrap();
        assert_eq!(proved.password.expose(), now);
        let pop3 = book.pop3("a").unwrap().credentials;
        let proved = book.prove("a", Service::Pop3, pop3).await.unwrap();
        assert_eq!(proved.password.expose(), now);
    }
    std::fs::remove_file(&token).unwrap();
    let pop3 = book.pop3("a").unwrap().credentials;
    let error = book.prove("a", Service::Pop3, pop3).await.unwrap_err();
    assert_eq!(error.kind, ErrorKind::TemporaryFailure);
    assert!(error.text.contains("No such file"), "{}", error.text);
}

#[tokio::test]
async fn a_full_disk_changes_nothing() {
    let stage = Stage::new("full");
    // A file where the folder should be.
    std::fs::write(stage.folder.join("accounts"), "").unwrap();
    let book = stage.book();
    let servers = [(Service::Ftp, server("ftp.example.org", "pump7"))];
    assert_eq!(
        kind(book.create("a", change(&servers))).await,
        ErrorKind::Internal
    );
    assert!(book.list().is_empty());
}

#[tokio::test]
async fn a_map_may_name_an_account_that_a_caller_makes() {
    let stage = Stage::new("map");
    let book = stage.book();
    let config = stage.config(
        "[[map]]\nservice = 'smtp'\nhost = 'smtp.old.example'\naccount = 'new'\nrewrite_from = true\n",
    );
    book.set_equipment(Equipment::of(&config));
    let asked = crate::service::Server {
        host: "smtp.old.example".into(),
        port: 25,
        tls: Tls::None,
    };
    let error = book.account("panel", &asked).unwrap_err();
    assert_eq!(error.kind, ErrorKind::NotFound);
    let said = "a [[map]] names account `new`: there is no account `new`";
    assert_eq!(error.text, said);
    let smtp = change(&[(Service::Smtp, server("mail.example.org", "u"))]);
    book.create("new", smtp).await.unwrap();
    // Without its secret it can't be used, which is said as well.
    assert!(book.account("panel", &asked).is_err());
    book.set_secret("new", Service::Smtp, text("x"))
        .await
        .unwrap();
    let mapped = book.account("panel", &asked).unwrap().unwrap();
    assert_eq!(mapped.account, "new");
    assert_eq!(mapped.from.unwrap().address, "pump7@example.org");
}

#[tokio::test]
async fn mailboxes_files_and_web_servers_are_mapped_each_for_itself() {
    let stage = Stage::new("maps");
    let book = stage.book();
    let config = stage.config(
        "[[map]]\nservice = 'pop3'\nhost = '*'\naccount = 'new'\n\
         [[map]]\nservice = 'http'\nhost = 'api.old.example'\nport = 80\nserver = 'https://api.example.org'\n\
         [[map]]\nservice = 'ftp'\nhost = '*.old.example'\nemulator = 'panel'\naccount = 'new'\n\
         [emulator.panel]\ndevice = '/dev/ttyS1'\ndialect = 'quectel'\n",
    );
    book.set_equipment(Equipment::of(&config));
    let asked = |host: &str, port| crate::service::Server {
        host: host.into(),
        port,
        tls: Tls::None,
    };
    let old = asked("api.old.example", 80);
    let missing = book.served_by("panel", Service::Pop3, &old);
    assert_eq!(missing.unwrap_err().kind, ErrorKind::NotFound);
    book.create("new", change(&[(Service::Pop3, server("h", "u"))]))
        .await
        .unwrap();
    book.set_secret("new", Service::Pop3, text("x"))
        .await
        .unwrap();
    let by = |emulator, service, server| book.served_by(emulator, service, server).unwrap();
    let new = Some("new".to_owned());
    assert_eq!(by("panel", Service::Pop3, &old), new);
    assert_eq!(by("panel", Service::Ftp, &old), new);
    assert_eq!(by("other", Service::Ftp, &old), None);
    let ftp = asked("ftp.example.org", 21);
    assert_eq!(by("panel", Service::Ftp, &ftp), None);
    let web = crate::service::Server {
        host: "api.example.org".into(),
        port: 443,
        tls: Tls::Implicit,
    };
    assert_eq!(book.http("panel", &old), Some(web));
    assert_eq!(book.http("panel", &asked("api.old.example", 8080)), None);
}
