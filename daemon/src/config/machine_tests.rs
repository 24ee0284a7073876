//! Files, secrets and devices of this machine.

use super::tests::{sources, told};
use super::*;
use crate::job::OnUnknown;
use std::fs;
use std::os::unix::fs::{MetadataExt, PermissionsExt};
use std::path::PathBuf;

/// A folder that is removed with the value.
struct Folder(PathBuf);

impl Folder {
    fn new(name: &str) -> Self {
        let path =
            std::env::temp_dir().join(format!("hayesd-config-{name}-{}", std::process::id()));
        fs::create_dir_all(&path).unwrap();
        Self(path)
    }

    fn file(&self, name: &str, text: &str, mode: u32) -> PathBuf {
        let path = self.0.join(name);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(&path, text).unwrap();
        fs::set_permissions(&path, fs::Permissions::from_mode(mode)).unwrap();
        path
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        let _ = fs::remove_dir_all(&self.0);
    }
}

#[test]
fn files_beside_the_main_one() {
    let folder = Folder::new("dropins");
    let main = folder.file("hayesd.toml", "[daemon]\nstate_dir = '/a'\n", 0o644);
    folder.file("hayesd.d/20.toml", "[daemon]\nstate_dir = '/c'\n", 0o644);
    folder.file(
        "hayesd.d/10.toml",
        "[daemon]\nstate_dir = '/b'\non_unknown = 'fail'\n",
        0o644,
    );
    folder.file("hayesd.d/.hidden.toml", "wrong", 0o644);
    folder.file("hayesd.d/30.toml.bak", "wrong", 0o644);
    let config = load(&main).unwrap().config;
    assert_eq!(config.daemon.state_dir, PathBuf::from("/c"));
    assert_eq!(config.daemon.on_unknown, OnUnknown::Fail);

    let drop_in = folder.file("hayesd.d/20.toml", "\n[daemon]\nx = 1\n", 0o644);
    let said = told(&load(&main).expect_err("an unknown key"));
    assert!(
        said.starts_with(&format!("{}:3:1: daemon.x: ", drop_in.display())),
        "{said}"
    );

    let missing = told(&load(&folder.0.join("none.toml")).expect_err("no file"));
    assert!(
        missing.contains("none.toml") && missing.contains("No such file"),
        "{missing}"
    );
    fs::write(&main, b"[daemon]\n# \xff\n").unwrap();
    let said = told(&load(&main).expect_err("not UTF-8"));
    assert!(said.contains("line 2: not UTF-8"), "{said}");
}

fn machine() -> Machine {
    Machine {
        ports: "/nonexistent/ports".into(),
        ..Machine::here()
    }
}

fn read(path: PathBuf) -> Result<crate::service::Secret, String> {
    SecretSource::File(path).read(&machine())
}

#[test]
fn secrets_in_files() {
    let folder = Folder::new("secrets");
    let file = |name: &str, text: &str, mode| folder.file(name, text, mode);
    assert_eq!(
        read(file("a", "hunter2\n", 0o600)).unwrap().expose(),
        "hunter2"
    );
    assert_eq!(
        read(file("b", " two words ", 0o400)).unwrap().expose(),
        " two words "
    );
    for (name, text, mode, why) in [
        ("everybody", "x", 0o604, "lets everybody read it"),
        ("group", "x", 0o620, "lets others write it"),
        ("empty", "\n", 0o600, "empty"),
        ("lines", "a\nb\n", 0o600, "more than one line"),
        ("nul", "a\0b", 0o600, "NUL"),
    ] {
        let path = file(name, text, mode);
        let said = read(path.clone()).expect_err(name);
        assert!(
            said.starts_with(&path.display().to_string()) && said.contains(why),
            "{said}"
        );
    }
    let said = read(file("long", &"x".repeat(70_000), 0o600)).expect_err("long");
    assert!(
        said.contains("longer than 64 KiB") && !said.contains("xxx"),
        "{said}"
    );
    assert!(
        read(folder.0.clone())
            .expect_err("a folder")
            .contains("not a regular file")
    );
    assert!(
        read(folder.0.join("none"))
            .expect_err("missing")
            .contains("No such file")
    );
    assert!(
        read("/dev/null".into())
            .expect_err("a device")
            .contains("not a regular file")
    );
}

#[test]
fn a_group_may_read_a_secret_only_if_it_is_ours() {
    let folder = Folder::new("groups");
    let path = folder.file("s", "x", 0o640);
    let of_root = fs::metadata(&path).unwrap().gid() == 0;
    let stranger = Machine {
        groups: vec![],
        ..machine()
    };
    let result = SecretSource::File(path.clone()).read(&stranger);
    assert_eq!(result.is_ok(), of_root, "{result:?}");
    assert!(SecretSource::File(path).read(&machine()).is_ok());
    let other = Machine {
        uid: 12_345,
        ..machine()
    };
    let path = folder.file("t", "x", 0o600);
    let owner = fs::metadata(&path).unwrap().uid();
    assert_eq!(SecretSource::File(path).read(&other).is_ok(), owner == 0);
}

#[test]
fn root_looks_for_the_user_of_the_service() {
    let folder = Folder::new("service");
    let path = folder.file("dir/secret", "x", 0o640);
    let (uid, gid) = {
        let meta = fs::metadata(&path).unwrap();
        (meta.uid(), meta.gid())
    };
    let check = |uid: u32, groups: Vec<u32>| {
        let service = User {
            name: "hayesd".into(),
            uid,
            groups,
        };
        let text = format!(
            "[account.a]\nfrom = 'a@example.org'\nsmtp = {{ host = 'h', user = 'u', password = {{ file = '{}' }} }}",
            path.display()
        );
        let mut loaded = parse(sources(&[&text])).unwrap();
        loaded.check_machine(&Machine {
            service: Some(service),
            ..machine()
        });
        let problems = &loaded.problems;
        assert!(problems.iter().all(|p| p.severity == Severity::Warning));
        told(problems)
    };
    let stranger = 54_321;
    assert_eq!(check(uid, vec![]), "");
    assert_eq!(check(stranger, vec![gid]), "");
    let said = check(stranger, vec![stranger]);
    let begin = format!(
        "0.toml:3:34: warning: account.a.smtp.password: {}: user hayesd can't read it (mode 0640, ",
        path.display()
    );
    assert!(said.starts_with(&begin), "{said}");
    let dir = path.parent().unwrap();
    fs::set_permissions(dir, fs::Permissions::from_mode(0o700)).unwrap();
    let said = check(stranger, vec![gid]);
    let end = format!("user hayesd can't enter {}", dir.display());
    assert!(said.trim_end().ends_with(&end), "{said}");
}

#[test]
fn root_looks_for_the_service_at_tokens_and_at_the_configuration_itself() {
    let folder = Folder::new("tokens");
    let token = folder.file("token", "ya29", 0o600);
    let program = folder.file("program", "#!/bin/sh\n", 0o744);
    let main = folder.file(
        "hayesd.toml",
        &format!(
            "[account.a]\npop3 = {{ host = 'h', user = 'u', token = {{ file = '{}' }} }}\n\
             [account.b]\npop3 = {{ host = 'h', user = 'u', token = {{ command = ['{}', 'x'] }} }}\n",
            token.display(),
            program.display()
        ),
        0o640,
    );
    let check = |uid: u32| {
        let mut loaded = load(&main).unwrap();
        loaded.check_machine(&Machine {
            service: Some(User {
                name: "hayesd".into(),
                uid,
                groups: vec![uid],
            }),
            ..machine()
        });
        let warnings = loaded.problems.iter();
        assert!(warnings.clone().all(|p| p.severity == Severity::Warning));
        warnings.map(ToString::to_string).collect::<Vec<_>>()
    };
    assert_eq!(check(fs::metadata(&main).unwrap().uid()), [""; 0]);
    let shown = |path: &PathBuf| path.display().to_string();
    let begins = [
        format!("warning: {}: user hayesd can't read it", shown(&main)),
        format!(
            "{}:2:34: warning: account.a.pop3.token: {}: user hayesd can't read it (mode 0600, ",
            shown(&main),
            shown(&token)
        ),
        format!(
            "{}:4:34: warning: account.b.pop3.token: {}: user hayesd can't run it (mode 0744, ",
            shown(&main),
            shown(&program)
        ),
    ];
    let said = check(54_321);
    assert_eq!(said.len(), begins.len(), "{said:#?}");
    for (said, begin) in said.iter().zip(&begins) {
        assert!(said.starts_with(begin), "{said}");
    }
}

#[test]
fn accounts_that_are_named_may_be_made_by_callers() {
    let folder = Folder::new("made");
    let check = || {
        let text = format!(
            "[daemon]\nstate_dir = '{}'\ndefault_account = 'a'\n\
             [emulator.e]\ndevice = 'pty:e'\ndialect = 'quectel'\ndelivery = 'store'\nbounce_to = 'b'\n\
             [account.c]\nfrom = 'c@example.org'\nsmtp = {{ host = 'h' }}\n\
             [[map]]\nservice = 'smtp'\nhost = 'x'\naccount = 'c'\n\
             [[map]]\nservice = 'smtp'\nhost = '*'\naccount = 'a'\n",
            folder.0.display()
        );
        let mut loaded = parse(sources(&[&text])).unwrap_or_else(|p| panic!("{}", told(&p)));
        loaded.check_machine(&machine());
        told(&loaded.problems)
    };
    assert_eq!(
        check(),
        "0.toml:3:1: warning: daemon.default_account: names account `a`: there is no [account.a], and no \
         caller has made one yet\n\
         0.toml:8:1: warning: emulator.e.bounce_to: names account `b`: there is no [account.b], and no caller \
         has made one yet\n\
         0.toml:19:1: warning: map.account: names account `a`: there is no [account.a], and no caller has \
         made one yet\n"
    );
    folder.file("accounts/a.json", "{}", 0o600);
    let said = check();
    assert!(said.lines().count() == 1 && said.contains("`b`"), "{said}");
}

#[test]
fn a_secret_may_belong_to_the_user_of_the_service() {
    let folder = Folder::new("owned");
    let path = folder.file("s", "x", 0o640);
    let meta = fs::metadata(&path).unwrap();
    let root = Machine {
        uid: 12_345,
        groups: vec![],
        service: Some(User {
            name: "hayesd".into(),
            uid: meta.uid(),
            groups: vec![meta.gid()],
        }),
        ..machine()
    };
    assert!(SecretSource::File(path).read(&root).is_ok());
}

#[test]
fn users_of_this_machine() {
    let root = User::named("root").unwrap();
    assert!(root.uid == 0 && root.groups.contains(&0), "{root:?}");
    assert_eq!(User::named("no-such-user"), None);
}

#[test]
fn credentials() {
    let folder = Folder::new("credentials");
    folder.file("alerts", "hunter2", 0o440);
    let source = SecretSource::Credential("alerts".parse().unwrap());
    let with = Machine {
        credentials: Some(folder.0.clone()),
        ..machine()
    };
    assert_eq!(source.read(&with).unwrap().expose(), "hunter2");
    let without = Machine {
        credentials: None,
        ..machine()
    };
    assert!(
        source
            .read(&without)
            .expect_err("none")
            .contains("LoadCredential=alerts:")
    );
    assert!("../x".parse::<CredentialName>().is_err() && "..".parse::<CredentialName>().is_err());
}

#[test]
fn devices_on_this_machine() {
    let folder = Folder::new("devices");
    let file = folder.file("file", "", 0o600);
    let check = |text: &str, machine: &Machine| {
        let mut loaded = parse(sources(&[text])).unwrap_or_else(|p| panic!("{}", told(&p)));
        loaded.check_machine(machine);
        assert!(
            loaded
                .problems
                .iter()
                .all(|p| p.severity == Severity::Machine)
        );
        told(&loaded.problems)
    };
    let of = |device: &str| format!("[modem.m]\ndevice = '{device}'\n");

    let said = check(&of(&file.display().to_string()), &machine());
    assert!(
        said.starts_with("0.toml:2:1: modem.m.device: ") && said.contains("is a regular file"),
        "{said}"
    );
    let said = check(&of("/dev/null"), &machine());
    assert!(said.contains("the helper will refuse it"), "{said}");
    assert_eq!(check(&of("/dev/ttyUSB77"), &machine()), "");

    let list = folder.file("ports", "# ours\n/dev/ttyX*\n", 0o644);
    let listed = Machine {
        ports: list,
        ..machine()
    };
    assert_eq!(check(&of("/dev/ttyX1"), &listed), "");
    assert!(check(&of("/dev/ttyUSB77"), &listed).contains("the helper will refuse it"));

    let said = check(
        "[account.a]\nfrom = 'a@example.org'\nsmtp = { host = 'h', user = 'u', password = { file = '/nonexistent' } }",
        &machine(),
    );
    assert!(
        said.starts_with("0.toml:3:34: account.a.smtp.password: /nonexistent: No such file"),
        "{said}"
    );
}
