//! Whole configurations, good and bad.

use super::*;
use crate::service::Tls;
use hayes_ldisc::record::{Flow, Parity};
use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::PathBuf;
use std::time::Duration;

fn sources(texts: &[&str]) -> Sources {
    let mut sources = Sources::default();
    for (index, text) in texts.iter().enumerate() {
        sources.add(Source { path: format!("{index}.toml").into(), text: (*text).to_owned() });
    }
    sources
}

fn good(text: &str) -> Config {
    match parse(sources(&[text])) {
        Ok(loaded) => loaded.config,
        Err(problems) => panic!("{}", told(&problems)),
    }
}

fn told(problems: &[Problem]) -> String {
    problems.iter().map(|p| format!("{p}\n")).collect()
}

fn bad(texts: &[&str]) -> String {
    told(&parse(sources(texts)).expect_err("it must be refused"))
}

const WHOLE: &str = r#"
[daemon]
bus = "unix:path=/run/x"
state_dir = "/srv/hayesd"
helper = "spawn"
via = ["modem:lte", "ip"]
default_account = "alerts"
limits = { jobs = 8, spool = "1 GiB", waits = 2, message = "2 MiB" }
queue = { first = "5 s", longest = "10 min", expiry = "2 d" }
on_unknown = "fail"

[emulator.panel]
device = "pty:panel"
dialect = "quectel"
speed = 9600
framing = "7E1"
flow = "rtscts"
via = ["ip"]
lines = { dtr = "dcd", carrier = "none" }
identity = { model = "EC25" }

[modem.lte]
device = "/dev/serial/by-id/usb-Quectel_EC25-if02-port0"
apn = "internet"

[account.alerts]
from = "Pump 7 <pump7@example.org>"
smtp = { host = "smtp.example.org", tls = "starttls", user = "pump7", password = { credential = "alerts" } }

[tls]
roots = "/etc/ssl/own.pem"
"#;

#[test]
fn a_whole_configuration() {
    let config = good(WHOLE);
    let daemon = &config.daemon;
    assert_eq!(daemon.helper, Helper::Spawn);
    assert_eq!(daemon.via, [Via::Modem("lte".parse().unwrap()), Via::Ip]);
    assert_eq!(daemon.limits.spool, Size(1 << 30));
    assert_eq!(daemon.queue.longest.0, Duration::from_secs(600));
    let panel = &config.emulators[&"panel".parse::<Name>().unwrap()];
    assert_eq!(panel.device, Device::Pty("panel".into()));
    let line = panel.line();
    assert_eq!((line.speed, line.data_bits, line.parity, line.flow), (9600, 7, Parity::Even, Flow::RtsCts));
    let modem = &config.modems[&"lte".parse::<Name>().unwrap()];
    assert_eq!(modem.dialect, ModemDialect::Auto);
    let account = &config.accounts[&"alerts".parse::<Name>().unwrap()];
    assert_eq!(account.from.as_ref().unwrap().address, "pump7@example.org");
    let smtp = account.smtp.as_ref().unwrap();
    assert_eq!((smtp.port(Service::Smtp), smtp.tls), (587, Tls::StartTls));
}

#[test]
fn the_sample_parses_and_says_nothing_but_its_secret() {
    let text = include_str!("../../../packaging/hayesd.toml");
    let loaded = parse(sources(&[text])).unwrap_or_else(|problems| panic!("{}", told(&problems)));
    assert_eq!(told(&loaded.problems), "");
    // Each line that is commented out is good as well.
    let all: String = text
        .lines()
        .map(|line| line.strip_prefix('#').filter(|rest| !rest.starts_with(' ')).unwrap_or(line).to_owned() + "\n")
        .collect();
    assert_ne!(all, text);
    let loaded = parse(sources(&[&all])).unwrap_or_else(|problems| panic!("{}", told(&problems)));
    assert!(loaded.problems.iter().all(|p| p.severity == Severity::Warning));
}

#[test]
fn later_files_stand_over_earlier_ones() {
    let first = "[daemon]\nstate_dir = '/a'\non_unknown = 'fail'\n[modem.m]\ndevice = '/dev/ttyUSB1'\nspeed = 9600\n[[map]]\nservice = 'smtp'\nhost = 'a.example'\naccount = 'x'\n[account.x]\nfrom = 'x@example.org'\nsmtp = { host = 'mail.example.org' }\n";
    let second = "[daemon]\nstate_dir = '/b'\n[modem.m]\nspeed = 19200\n[[map]]\nservice = 'ftp'\nhost = 'b.example'\naccount = 'x'\n";
    let config = parse(sources(&[first, second])).unwrap().config;
    assert_eq!(config.daemon.state_dir, PathBuf::from("/b"));
    assert_eq!(config.daemon.on_unknown, OnUnknown::Fail);
    assert_eq!(config.modems.values().next().unwrap().speed, Speed(19200));
    assert_eq!(config.maps.len(), 2);

    let broken = bad(&[first, "\n[modem.m]\nspeed = 1\n"]);
    assert!(broken.starts_with("1.toml:3:9: modem.m.speed: 1 is not a speed"), "{broken}");
}

/// One line of configuration, the beginning of what is said about it.
#[test]
fn what_is_wrong_is_told_with_its_place_and_key() {
    let table = [
        ("[daemon", "0.toml:1:8: "),
        ("x = 1", "0.toml:1:1: x: unknown key `x`"),
        ("[daemon]\nbuss = 'system'", "0.toml:2:1: daemon.buss: unknown field `buss`, expected"),
        ("[daemon]\nbus = 'sistem'", "0.toml:2:7: daemon.bus: `sistem` is neither"),
        ("[daemon]\nbus = 5", "0.toml:2:7: daemon.bus: invalid type: integer `5`"),
        ("[daemon]\nlimits = { spool = '64 MB' }", "0.toml:2:20: daemon.limits.spool: `64 MB` is not a size"),
        ("[daemon]\nqueue = { first = 60 }", "0.toml:2:19: daemon.queue.first: invalid type: integer"),
        ("[daemon]\nqueue = { first = '99999999999999999999 s' }", "0.toml:2:19: daemon.queue.first: `9"),
        ("[daemon]\nqueue = { first = '2 h' }", "0.toml:2:1: daemon.queue: needs 0 < first"),
        ("[daemon]\nvia = []", "0.toml:2:1: daemon.via: needs at least one"),
        ("[daemon]\nvia = ['ip', 'ip']", "0.toml:2:1: daemon.via: names `ip` twice"),
        ("[daemon]\nvia = ['modem:x']", "0.toml:2:1: daemon.via: names modem `x`, but there is no [modem.x]"),
        ("[daemon]\nvia = ['tunnel']", "0.toml:2:8: daemon.via: `tunnel` is not a way out"),
        ("[daemon]\ndefault_account = 'a'", "0.toml:2:1: daemon.default_account: names account `a`"),
        ("[daemon]\nstate_dir = 'x'", "0.toml:2:1: daemon.state_dir: is not an absolute path"),
        ("[modem.'a b']\ndevice = '/dev/ttyS0'", "0.toml:1:8: modem.a b: `a b` is not a name"),
        ("[modem.a]\n", "0.toml:1:1: modem.a: missing field `device`"),
        ("[modem.a]\ndevice = 'ttyS0'", "0.toml:2:10: modem.a.device: `ttyS0` is not an absolute path"),
        ("[modem.a]\ndevice = '/dev/../etc/passwd'", "0.toml:2:10: modem.a.device: "),
        ("[modem.a]\ndevice = 'pty:/x/y'", "0.toml:2:1: modem.a.device: `pty:/x/y`: a pty at a path of its own needs"),
        ("[modem.a]\ndevice = '/dev/ttyS0'\nframing = '9N1'", "0.toml:3:11: modem.a.framing: `9N1` is not"),
        ("[modem.a]\ndevice = '/dev/ttyS0'\nflow = 'hard'", "0.toml:3:8: modem.a.flow: unknown variant `hard`"),
        ("[modem.a]\ndevice = '/dev/ttyS0'\ndialect = 'klingon'", "0.toml:3:11: modem.a.dialect: `klingon` is not a dialect"),
        ("[modem.a]\ndevice = '/dev/ttyS0'\napn = \"a\\rb\"", "0.toml:3:7: modem.a.apn: "),
        ("[modem.a]\ndevice = '/dev/ttyS0'\n[modem.b]\ndevice = '/dev/ttyS0'", "0.toml:4:1: modem.b.device: `/dev/ttyS0` is modem.a's device already"),
        ("[emulator.a]\ndevice = 'pty:a'", "0.toml:1:1: emulator.a: missing field `dialect`"),
        ("[emulator.a]\ndevice = 'pty:a'\ndialect = 'quectel'\nquirks = { x = 1 }", "0.toml:4:12: emulator.a.quirks.x: `x` is not a quirk"),
        ("[emulator.a]\ndevice = 'pty:a'\ndialect = 'quectel'\nallow = ['10.0.0.1/8']", "0.toml:4:10: emulator.a.allow: `10.0.0.1/8` is not a destination"),
        ("[account.a]\nfrom = 'a@example.org'", "0.toml:1:1: account.a: has no server"),
        ("[account.a]\nfrom = \"a@example.org\\r\\nBcc: b@example.org\"", "0.toml:2:8: account.a.from: "),
        ("[account.a]\nfrom = 'a@example.org, b@example.org'", "0.toml:2:8: account.a.from: "),
        ("[account.a]\nsmtp = { host = 'h' }", "0.toml:1:1: account.a: has smtp but no `from`"),
        ("[account.a]\nfrom = 'a@example.org'\nsmtp = { host = 'h h' }", "0.toml:3:17: account.a.smtp.host: "),
        ("[account.a]\nfrom = 'a@example.org'\nsmtp = { host = 'h', port = 0 }", "0.toml:3:29: account.a.smtp.port: "),
        ("[account.a]\nfrom = 'a@example.org'\nsmtp = { host = 'h', port = 70000 }", "0.toml:3:29: account.a.smtp.port: "),
        ("[account.a]\nfrom = 'a@example.org'\nsmtp = { host = 'h', user = 'u' }", "0.toml:3:1: account.a.smtp: needs both"),
        ("[account.a]\nfrom = 'a@example.org'\nsmtp = { host = 'h', tls = 'none', user = 'u', password = { file = '/x' } }", "0.toml:3:1: account.a.smtp: would send the password in clear"),
        ("[[map]]\nservice = 'smtp'\nhost = '*'\naccount = 'a'", "0.toml:1:3: map: names account `a`"),
        ("[tls]\nroots = 'mine'", "0.toml:2:9: tls.roots: `mine` is neither"),
    ];
    for (text, expected) in table {
        let said = bad(&[text]);
        assert!(said.starts_with(expected), "{text}\nsays    {said}expected {expected}");
    }
}

#[test]
fn all_that_is_wrong_is_told_at_once() {
    let said = bad(&["[daemon]\nbus = 1\n[tls]\nroots = 2\n[modem.a]\nspeed = 3\n[account.b]\nfrom = 4\n"]);
    assert_eq!(said.lines().count(), 4, "{said}");
}

#[test]
fn a_secret_never_stands_in_the_configuration_nor_in_what_is_said() {
    for value in ["'hunter2'", "{ file = 'hunter2' }", "{ fil = 'hunter2' }", "['hunter2']", "77345", "7.7345", "{ credential = 'hunter2', file = '/hunter2' }"] {
        let text = format!("[account.a]\nfrom = 'a@example.org'\nsmtp = {{ host = 'h', user = 'u', password = {value} }}");
        let said = bad(&[&text]);
        assert!(said.contains("account.a.smtp.password"), "{said}");
        assert!(!said.contains("hunter2") && !said.contains("7345"), "{said}");
    }
}

#[test]
fn what_has_no_effect_yet_is_said() {
    let text = "[account.x]\nfrom = 'x@example.org'\npop3 = { host = 'p' }\nftp = { host = 'f' }\n\
        [emulator.a]\ndevice = 'pty:a'\ndialect = 'quectel'\ndelivery = 'store'\nbounce_to = 'x'\nallow = ['*']\ndeny = ['*']\nlisten = ['5000']\n\
        [[map]]\nservice = 'smtp'\nhost = '*.example'\naccount = 'x'\n";
    let loaded = parse(sources(&[text])).unwrap();
    let mut keys: Vec<_> = loaded.problems.iter().map(|p| p.key.as_str()).collect();
    keys.sort_unstable();
    assert_eq!(
        keys,
        ["account.x.ftp", "account.x.pop3", "emulator.a.allow", "emulator.a.bounce_to", "emulator.a.delivery", "emulator.a.deny", "emulator.a.listen", "map"]
    );
    assert!(loaded.problems.iter().all(|p| p.severity == Severity::Warning && p.place.is_some()));
}

#[test]
fn loops() {
    let direct = "[emulator.a]\ndevice = 'pty:a'\ndialect = 'quectel'\nvia = ['ip', 'modem:m']\n[modem.m]\ndevice = '/run/hayes-ldisc/pty/a'\n";
    let said = bad(&[direct]);
    assert!(said.starts_with("0.toml:4:1: emulator.a.via: leads back to emulator `a` itself, by modem:m"), "{said}");

    let by_default = "[daemon]\nhelper = 'spawn'\nvia = ['modem:m']\n[emulator.a]\ndevice = 'pty:/tmp/panel'\ndialect = 'quectel'\n[modem.m]\ndevice = '/tmp/panel'\n";
    assert!(bad(&[by_default]).contains("leads back"));

    let long = "[emulator.a]\ndevice = 'pty:a'\ndialect = 'quectel'\nvia = ['modem:n']\n[emulator.b]\ndevice = 'pty:b'\ndialect = 'quectel'\nvia = ['modem:m']\n[modem.m]\ndevice = '/run/hayes-ldisc/pty/a'\n[modem.n]\ndevice = '/run/hayes-ldisc/pty/b'\n";
    let said = bad(&[long]);
    assert!(said.contains("emulator `a` itself, by modem:n, modem:m"), "{said}");

    // A modem on an emulator's pty is fine as long as that emulator goes another way.
    good("[emulator.a]\ndevice = 'pty:a'\ndialect = 'quectel'\n[modem.m]\ndevice = '/run/hayes-ldisc/pty/a'\n");
}

/// A folder that is removed with the value.
struct Folder(PathBuf);

impl Folder {
    fn new(name: &str) -> Self {
        let path = std::env::temp_dir().join(format!("hayesd-config-{name}-{}", std::process::id()));
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
    folder.file("hayesd.d/10.toml", "[daemon]\nstate_dir = '/b'\non_unknown = 'fail'\n", 0o644);
    folder.file("hayesd.d/.hidden.toml", "wrong", 0o644);
    folder.file("hayesd.d/30.toml.bak", "wrong", 0o644);
    let config = load(&main).unwrap().config;
    assert_eq!(config.daemon.state_dir, PathBuf::from("/c"));
    assert_eq!(config.daemon.on_unknown, OnUnknown::Fail);

    let drop_in = folder.file("hayesd.d/20.toml", "\n[daemon]\nx = 1\n", 0o644);
    let said = told(&load(&main).expect_err("an unknown key"));
    assert!(said.starts_with(&format!("{}:3:1: daemon.x: ", drop_in.display())), "{said}");

    let missing = told(&load(&folder.0.join("none.toml")).expect_err("no file"));
    assert!(missing.contains("none.toml") && missing.contains("No such file"), "{missing}");
    fs::write(&main, b"[daemon]\n# \xff\n").unwrap();
    let said = told(&load(&main).expect_err("not UTF-8"));
    assert!(said.contains("line 2: not UTF-8"), "{said}");
}

fn machine() -> Machine {
    Machine { ports: "/nonexistent/ports".into(), ..Machine::here() }
}

fn read(path: PathBuf) -> Result<crate::service::Secret, String> {
    SecretSource::File(path).read(&machine())
}

#[test]
fn secrets_in_files() {
    let folder = Folder::new("secrets");
    let file = |name: &str, text: &str, mode| folder.file(name, text, mode);
    assert_eq!(read(file("a", "hunter2\n", 0o600)).unwrap().expose(), "hunter2");
    assert_eq!(read(file("b", " two words ", 0o400)).unwrap().expose(), " two words ");
    for (name, text, mode, why) in [
        ("everybody", "x", 0o604, "lets everybody read it"),
        ("group", "x", 0o620, "lets others write it"),
        ("empty", "\n", 0o600, "empty"),
        ("lines", "a\nb\n", 0o600, "more than one line"),
        ("nul", "a\0b", 0o600, "NUL"),
    ] {
        let path = file(name, text, mode);
        let said = read(path.clone()).expect_err(name);
        assert!(said.starts_with(&path.display().to_string()) && said.contains(why), "{said}");
    }
    let said = read(file("long", &"x".repeat(70_000), 0o600)).expect_err("long");
    assert!(said.contains("longer than 64 KiB") && !said.contains("xxx"), "{said}");
    assert!(read(folder.0.clone()).expect_err("a folder").contains("not a regular file"));
    assert!(read(folder.0.join("none")).expect_err("missing").contains("No such file"));
    assert!(read("/dev/null".into()).expect_err("a device").contains("not a regular file"));
}

#[test]
fn a_group_may_read_a_secret_only_if_it_is_ours() {
    let folder = Folder::new("groups");
    let path = folder.file("s", "x", 0o640);
    let of_root = std::os::unix::fs::MetadataExt::gid(&fs::metadata(&path).unwrap()) == 0;
    let stranger = Machine { groups: vec![], ..machine() };
    let result = SecretSource::File(path.clone()).read(&stranger);
    assert_eq!(result.is_ok(), of_root, "{result:?}");
    assert!(SecretSource::File(path).read(&machine()).is_ok());
    let other = Machine { uid: 12_345, ..machine() };
    let path = folder.file("t", "x", 0o600);
    let owner = std::os::unix::fs::MetadataExt::uid(&fs::metadata(&path).unwrap());
    assert_eq!(SecretSource::File(path).read(&other).is_ok(), owner == 0);
}

#[test]
fn credentials() {
    let folder = Folder::new("credentials");
    folder.file("alerts", "hunter2", 0o440);
    let source = SecretSource::Credential("alerts".parse().unwrap());
    let with = Machine { credentials: Some(folder.0.clone()), ..machine() };
    assert_eq!(source.read(&with).unwrap().expose(), "hunter2");
    let without = Machine { credentials: None, ..machine() };
    assert!(source.read(&without).expect_err("none").contains("LoadCredential=alerts:"));
    assert!("../x".parse::<CredentialName>().is_err() && "..".parse::<CredentialName>().is_err());
}

#[test]
fn devices_on_this_machine() {
    let folder = Folder::new("devices");
    let file = folder.file("file", "", 0o600);
    let check = |text: &str, machine: &Machine| {
        let mut loaded = parse(sources(&[text])).unwrap_or_else(|p| panic!("{}", told(&p)));
        loaded.check_machine(machine);
        assert!(loaded.problems.iter().all(|p| p.severity == Severity::Machine));
        told(&loaded.problems)
    };
    let of = |device: &str| format!("[modem.m]\ndevice = '{device}'\n");

    let said = check(&of(&file.display().to_string()), &machine());
    assert!(said.starts_with("0.toml:2:1: modem.m.device: ") && said.contains("is a regular file"), "{said}");
    let said = check(&of("/dev/null"), &machine());
    assert!(said.contains("the helper will refuse it"), "{said}");
    assert_eq!(check(&of("/dev/ttyUSB77"), &machine()), "");

    let list = folder.file("ports", "# ours\n/dev/ttyX*\n", 0o644);
    let listed = Machine { ports: list, ..machine() };
    assert_eq!(check(&of("/dev/ttyX1"), &listed), "");
    assert!(check(&of("/dev/ttyUSB77"), &listed).contains("the helper will refuse it"));

    let said = check("[account.a]\nfrom = 'a@example.org'\nsmtp = { host = 'h', user = 'u', password = { file = '/nonexistent' } }", &machine());
    assert!(said.starts_with("0.toml:3:1: account.a.smtp.password: /nonexistent: No such file"), "{said}");
}

#[test]
fn any_text_is_parsed_or_refused() {
    for text in ["", "\u{c}", "[", "a=", "[daemon]\n\u{c}[daemon]", "map = 1", "emulator = 1", "emulator.x = 1", WHOLE] {
        fuzz::config(text.as_bytes());
    }
    let whole = WHOLE.as_bytes();
    for cut in 0..whole.len() {
        fuzz::config(&whole[..cut]);
        let mut changed = whole.to_vec();
        changed[cut] = changed[cut].wrapping_mul(31).wrapping_add(7) & 0x7f;
        fuzz::config(&changed);
    }
    fuzz::config("[".repeat(100_000).as_bytes());
    fuzz::config(format!("a = {}", "[".repeat(100_000)).as_bytes());
}
