//! Whole configurations, good and bad.

use super::wrong::WRONG;
use super::*;
use crate::job::{OnUnknown, Via};
use crate::service::Tls;
use hayes_ldisc::record::{Flow, Parity};
use std::path::PathBuf;
use std::time::Duration;

pub(super) fn sources(texts: &[&str]) -> Sources {
    let mut sources = Sources::default();
    for (index, text) in texts.iter().enumerate() {
        sources.add(Source {
            path: format!("{index}.toml").into(),
            text: (*text).to_owned(),
        });
    }
    sources
}

fn good(text: &str) -> Config {
    match parse(sources(&[text])) {
        Ok(loaded) => loaded.config,
        Err(problems) => panic!("{}", told(&problems)),
    }
}

pub(super) fn told(problems: &[Problem]) -> String {
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
    assert_eq!(daemon.via, [Via::Modem("lte".into()), Via::Ip]);
    assert_eq!(daemon.limits.spool, Size(1 << 30));
    assert_eq!(daemon.queue.longest.0, Duration::from_secs(600));
    let panel = &config.emulators[&"panel".parse::<Name>().unwrap()];
    assert_eq!(panel.device, Device::Pty("panel".into()));
    let line = panel.line();
    assert_eq!(
        (line.speed, line.data_bits, line.parity, line.flow),
        (9600, 7, Parity::Even, Flow::RtsCts)
    );
    let modem = &config.modems[&"lte".parse::<Name>().unwrap()];
    assert_eq!(modem.dialect, ModemDialect::Auto);
    let account = &config.accounts[&"alerts".parse::<Name>().unwrap()];
    assert_eq!(
        account.from.as_ref().unwrap().0.address,
        "pump7@example.org"
    );
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
        .map(|line| {
            line.strip_prefix('#')
                .filter(|rest| !rest.starts_with(' '))
                .unwrap_or(line)
                .to_owned()
                + "\n"
        })
        .collect();
    assert_ne!(all, text);
    let loaded = parse(sources(&[&all])).unwrap_or_else(|problems| panic!("{}", told(&problems)));
    assert!(
        loaded
            .problems
            .iter()
            .all(|p| p.severity == Severity::Warning)
    );
}

#[test]
fn later_files_stand_over_earlier_ones() {
    let first = "[daemon]\nstate_dir = '/a'\non_unknown = 'fail'\n[modem.m]\ndevice = '/dev/ttyUSB1'\nspeed = 9600\n[[map]]\nservice = 'smtp'\nhost = 'a.example'\naccount = 'x'\n[account.x]\nfrom = 'x@example.org'\nsmtp = { host = 'mail.example.org' }\n";
    let second = "[daemon]\nstate_dir = '/b'\n[modem.m]\nspeed = 19200\n[[map]]\nservice = 'smtp'\nhost = 'b.example'\naccount = 'x'\n";
    let config = parse(sources(&[first, second])).unwrap().config;
    assert_eq!(config.daemon.state_dir, PathBuf::from("/b"));
    assert_eq!(config.daemon.on_unknown, OnUnknown::Fail);
    assert_eq!(config.modems.values().next().unwrap().speed, Speed(19200));
    assert_eq!(config.maps.len(), 2);

    let broken = bad(&[first, "\n[modem.m]\nspeed = 1\n"]);
    assert!(
        broken.starts_with("1.toml:3:9: modem.m.speed: 1 is not a speed"),
        "{broken}"
    );
}

#[test]
fn what_is_wrong_is_told_with_its_place_and_key() {
    let mut wrong = String::new();
    for (text, expected) in WRONG {
        let said = bad(&[text]);
        if !said.starts_with(expected) {
            wrong += &format!("{text}\nsays    {said}expected {expected}\n\n");
        }
    }
    assert_eq!(wrong, "");
}

#[test]
fn all_that_is_wrong_is_told_at_once() {
    let said = bad(&[
        "[daemon]\nbus = 1\n[tls]\nroots = 2\n[modem.a]\nspeed = 3\n[account.b]\nfrom = 4\n",
    ]);
    assert_eq!(said.lines().count(), 4, "{said}");
}

#[test]
fn a_secret_never_stands_in_the_configuration_nor_in_what_is_said() {
    for value in [
        "'hunter2'",
        "{ file = 'hunter2' }",
        "{ fil = 'hunter2' }",
        "['hunter2']",
        "77345",
        "7.7345",
        "{ credential = 'hunter2', file = '/hunter2' }",
    ] {
        let text = format!(
            "[account.a]\nfrom = 'a@example.org'\nsmtp = {{ host = 'h', user = 'u', password = {value} }}"
        );
        let said = bad(&[&text]);
        assert!(said.contains("account.a.smtp.password"), "{said}");
        assert!(
            !said.contains("hunter2") && !said.contains("7345"),
            "{said}"
        );
    }
}

#[test]
fn what_has_no_effect_yet_is_said() {
    let text = "[account.x]\nfrom = 'x@example.org'\npop3 = { host = 'p' }\nsmtp = { host = 's' }\nftp = { host = 'f' }\n\
        [emulator.a]\ndevice = 'pty:a'\ndialect = 'quectel'\nbounce_to = 'x'\nlisten = ['5000']\n";
    let loaded = parse(sources(&[text])).unwrap();
    let mut keys: Vec<_> = loaded.problems.iter().map(|p| p.key.as_str()).collect();
    keys.sort_unstable();
    assert_eq!(keys, ["emulator.a.bounce_to", "emulator.a.listen"]);
    assert!(
        loaded
            .problems
            .iter()
            .all(|p| p.severity == Severity::Warning && p.place.is_some())
    );
}

#[test]
fn loops() {
    let direct = "[emulator.a]\ndevice = 'pty:a'\ndialect = 'quectel'\nvia = ['ip', 'modem:m']\n[modem.m]\ndevice = '/run/hayes-ldisc/pty/a'\n";
    let said = bad(&[direct]);
    assert!(
        said.starts_with(
            "0.toml:4:1: emulator.a.via: leads back to emulator `a` itself, by modem:m"
        ),
        "{said}"
    );

    let by_default = "[daemon]\nhelper = 'spawn'\nvia = ['modem:m']\n[emulator.a]\ndevice = 'pty:/tmp/panel'\ndialect = 'quectel'\n[modem.m]\ndevice = '/tmp/panel'\n";
    assert!(bad(&[by_default]).contains("leads back"));

    let long = "[emulator.a]\ndevice = 'pty:a'\ndialect = 'quectel'\nvia = ['modem:n']\n[emulator.b]\ndevice = 'pty:b'\ndialect = 'quectel'\nvia = ['modem:m']\n[modem.m]\ndevice = '/run/hayes-ldisc/pty/a'\n[modem.n]\ndevice = '/run/hayes-ldisc/pty/b'\n";
    let said = bad(&[long]);
    assert!(
        said.contains("emulator `a` itself, by modem:n, modem:m"),
        "{said}"
    );

    // A modem on an emulator's pty is fine as long as that emulator goes another way.
    good(
        "[emulator.a]\ndevice = 'pty:a'\ndialect = 'quectel'\n[modem.m]\ndevice = '/run/hayes-ldisc/pty/a'\n",
    );
}

#[test]
fn any_text_is_parsed_or_refused() {
    for text in [
        "",
        "\u{c}",
        "[",
        "a=",
        "[daemon]\n\u{c}[daemon]",
        "map = 1",
        "emulator = 1",
        "emulator.x = 1",
        WHOLE,
    ] {
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
