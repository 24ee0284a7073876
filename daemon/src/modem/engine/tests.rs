//! The engine on an injected clock.

use super::{Engine, Event, NotReady, Syntax};
use crate::at::response::{Announce, Code, FinalResult, Urc};
use crate::modem::expect::{Expect, Prompt, Raw};
use core::time::Duration;
use hayes_ldisc::time::Time;
use proptest::prelude::*;

const SYNTAX: Syntax = Syntax {
    urcs: &[
        Urc {
            name: "+CREG",
            shapes: &["n", "ns*"],
            distinct: true,
        },
        Urc {
            name: "+QSMTPPUT",
            shapes: &["nn?"],
            distinct: true,
        },
        Urc {
            name: "+CPIN",
            shapes: &["s"],
            distinct: false,
        },
    ],
    announces: &[Announce {
        name: "+CFTPGET",
        keyword: "DATA",
    }],
    probe: "+CMEE?",
};

const CREG: Expect = Expect::line("+CREG", &["nn*"]);

/// An engine that has proved to be in step, its clock, and what it told since.
struct Bench {
    engine: Engine,
    now: Time,
    told: Vec<String>,
}

impl Bench {
    fn new() -> Self {
        let mut bench = Self {
            engine: Engine::new(SYNTAX),
            now: Time(1_000_000_000),
            told: Vec::new(),
        };
        bench.resync();
        assert_eq!(bench.probe(), "AT+CMEE?;+CMEE?");
        bench.says("+CMEE: 1\r\n+CMEE: 1\r\nOK\r\n");
        assert_eq!(bench.told(), ["in step"]);
        bench
    }

    fn start(&mut self, line: &str, expect: Expect) {
        self.engine
            .start(line.as_bytes(), expect, self.now)
            .unwrap();
        assert_eq!(self.engine.take_output(), [line.as_bytes(), b"\r"].concat());
    }

    fn says(&mut self, text: &str) {
        let told = &mut self.told;
        self.engine
            .received(text.as_bytes(), self.now, &mut |event| {
                told.push(name(&event))
            });
    }

    fn pass(&mut self, time: Duration) {
        let until = self.now + time;
        while let Some(at) = self.engine.next_deadline().filter(|at| *at <= until) {
            self.now = self.now.max(at);
            let told = &mut self.told;
            self.engine
                .timer(self.now, &mut |event| told.push(name(&event)));
        }
        self.now = until;
    }

    fn resync(&mut self) {
        self.engine.resync(self.now);
    }

    /// The next probe that the engine sends.
    fn probe(&mut self) -> String {
        self.pass(Duration::from_millis(200));
        String::from_utf8(self.engine.take_output())
            .unwrap()
            .trim_end()
            .to_owned()
    }

    fn told(&mut self) -> Vec<String> {
        std::mem::take(&mut self.told)
    }
}

fn name(event: &Event<'_>) -> String {
    let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
    match event {
        Event::Echo => "echo".into(),
        Event::Info(line) => format!("info {}", text(line)),
        Event::Final(result) => format!("final {result}"),
        Event::Prompt(line) => format!("prompt {}", text(line)),
        Event::Connected(line) => format!("connected {}", text(line)),
        Event::Data(bytes) => format!("data {}", text(bytes)),
        Event::Urc(line) => format!("urc {}", text(line)),
        Event::Late(bytes) => format!("late {}", text(bytes)),
        Event::Torn => "torn".into(),
        Event::TimedOut => "timed out".into(),
        Event::InStep => "in step".into(),
        Event::Lost => "lost".into(),
    }
}

#[test]
fn a_line_of_the_same_name_is_unsolicited_before_inside_and_after() {
    let mut bench = Bench::new();
    bench.says("\r\n+CREG: 1\r\n");
    bench.start("AT+CREG?", CREG);
    bench.says("\r\n+CREG: 2\r\nAT+CREG?\r\r\n+CREG: 5,\"1A2B\",\"01CD2E\",7\r\n");
    bench
        .says("\r\n+CREG: 2,1,\"1A2B\",\"01CD2E\",7\r\n\r\n+CREG: 3\r\n\r\nOK\r\n\r\n+CREG: 0\r\n");
    assert_eq!(
        bench.told(),
        [
            "urc +CREG: 1",
            "urc +CREG: 2",
            "echo",
            "urc +CREG: 5,\"1A2B\",\"01CD2E\",7",
            "info +CREG: 2,1,\"1A2B\",\"01CD2E\",7",
            "urc +CREG: 3",
            "final OK",
            "urc +CREG: 0",
        ]
    );
}

#[test]
fn an_answer_has_no_more_lines_than_it_may() {
    let mut bench = Bench::new();
    bench.start("AT+CREG?", CREG);
    bench.says("+CREG: 0,1\r\n+CREG: 0,5\r\nOK\r\n");
    assert_eq!(
        bench.told(),
        ["info +CREG: 0,1", "urc +CREG: 0,5", "final OK"]
    );
}

#[test]
fn results_are_never_substrings_and_foreign_lines_no_answer() {
    let mut bench = Bench::new();
    bench.start("AT+X=1", Expect::result());
    bench.says("+SMTP: OK\r\nNETWORK ERROR\r\nRING\r\n+CME ERROR: 664\r\n");
    assert_eq!(
        bench.told(),
        [
            "urc +SMTP: OK",
            "urc NETWORK ERROR",
            "urc RING",
            "final +CME ERROR: 664"
        ]
    );
    bench.start("AT+CPIN?", Expect::any());
    bench.says("+CPIN: READY\r\nOK\r\nOK\r\n");
    assert_eq!(bench.told(), ["info +CPIN: READY", "final OK", "late OK"]);
}

#[test]
fn every_kind_of_prompt() {
    let kinds = [
        (Prompt::Connect, "\r\nCONNECT\r\n"),
        (Prompt::Connect, "\r\nCONNECT 115200\r\n"),
        (Prompt::Bytes(b">"), "\r\n> "),
        (Prompt::Bytes(b">>"), "\r\n>> "),
        (Prompt::Line("+CFTPPUT: BEGIN"), "\r\n+CFTPPUT:BEGIN\r\n"),
        (
            Prompt::Line("Ok_Info_WaitingForData"),
            "\r\nOk_Info_WaitingForData\r\n",
        ),
    ];
    for (prompt, text) in kinds {
        let mut bench = Bench::new();
        let after = Duration::from_secs(7);
        bench.start("AT+PUT", Expect::result().taking(prompt, after));
        bench.says("\r\n+QIND: 1\r\n");
        bench.says(text);
        assert!(bench.engine.is_in_data());
        // However long writing takes.
        bench.pass(Duration::from_secs(1000));
        bench.engine.payload_written(bench.now);
        bench.pass(after - Duration::from_millis(1));
        bench.says("\r\nOK\r\n");
        assert_eq!(
            bench.told(),
            [
                "urc +QIND: 1",
                &format!("prompt {}", text.trim()),
                "final OK"
            ],
            "{text}"
        );
    }
}

#[test]
fn a_prompt_that_nobody_waits_for_is_no_prompt() {
    let mut bench = Bench::new();
    bench.start("AT+X", Expect::any());
    bench.says("\r\nCONNECT\r\n");
    assert_eq!(bench.told(), ["connected CONNECT"]);
}

#[test]
fn raw_bytes_are_counted() {
    let mut bench = Bench::new();
    bench.start("AT+QFREAD=1", Expect::result().sending(Raw::Connect(0)));
    bench.says("\r\nCONNECT 6\r\n\r\nOK\r\n\r\nOK\r\n");
    bench.start("AT+CFTPGET=\"a\"", Expect::result());
    bench.says("OK\r\n");
    bench.says("+CFTPGET: DATA,4\r\nOK\r\n\r\n+CFTPGET: 0\r\n");
    assert_eq!(
        bench.told(),
        [
            "info CONNECT 6",
            "data \r\nOK\r\n",
            "final OK",
            "final OK",
            "urc +CFTPGET: DATA,4",
            "data OK\r\n",
            "urc +CFTPGET: 0",
        ]
    );
}

#[test]
fn numeric_results_count_only_where_they_are_tolerated() {
    let mut bench = Bench::new();
    bench.start("ATE0V1Q0", Expect::any().or_numeric());
    bench.says("0\r");
    bench.start("AT+X", Expect::any());
    bench.says("0\r\nOK\r\n");
    assert_eq!(bench.told(), ["final OK", "info 0", "final OK"]);
}

#[test]
fn the_deadline_is_exact() {
    let mut bench = Bench::new();
    let within = Duration::from_secs(3);
    bench.start("AT+X", Expect::result().within(within));
    bench.pass(within - Duration::from_nanos(1));
    assert!(bench.told().is_empty());
    bench.pass(Duration::from_nanos(1));
    assert_eq!(bench.told(), ["timed out"]);
    let again = bench.engine.start(b"AT", Expect::result(), bench.now);
    assert_eq!(again, Err(NotReady));
    // A result that is late, and one that tells itself by its name.
    bench.says("OK\r\n+QSMTPPUT: 0,0\r\n");
    assert_eq!(bench.told(), ["late OK", "urc +QSMTPPUT: 0,0"]);
    assert_eq!(bench.engine.late_bytes(), 2);
}

#[test]
fn no_late_answer_passes_for_the_probes() {
    let mut bench = Bench::new();
    bench.start("AT+CMEE?", Expect::line("+CMEE", &["n"]));
    bench.pass(Duration::from_secs(60));
    bench.resync();
    assert_eq!(bench.probe(), "AT+CMEE?;+CMEE?;+CMEE?");
    // The late answer looks as alike as any can.
    bench.says("+CMEE: 1\r\nOK\r\n");
    bench.pass(Duration::from_secs(1));
    assert_eq!(bench.probe(), "AT+CMEE?;+CMEE?;+CMEE?;+CMEE?");
    // The first probe's answer, late: not the second one's.
    bench.says(&"+CMEE: 1\r\n".repeat(3));
    bench.says("OK\r\n");
    assert!(!bench.engine.is_idle());
    bench.says(&"+CMEE: 1\r\n".repeat(4));
    bench.says("+CREG: 1\r\nOK\r\n");
    assert!(bench.engine.is_idle());
    let told = bench.told();
    assert!(
        !told.iter().any(|told| told.starts_with("info")),
        "{told:?}"
    );
    assert_eq!(told.last().map(String::as_str), Some("in step"));
}

#[test]
fn a_module_that_talks_without_end_is_probed_all_the_same() {
    let mut bench = Bench::new();
    bench.resync();
    for _ in 0..50 {
        bench.says("noise\r\n");
        bench.pass(Duration::from_millis(100));
    }
    assert!(bench.engine.take_output().starts_with(b"AT+CMEE?;"));
}

#[test]
fn a_resync_without_an_answer_ends_after_half_a_minute() {
    let mut bench = Bench::new();
    bench.resync();
    let before = bench.now;
    bench.pass(Duration::from_secs(32));
    assert!(bench.told().is_empty());
    bench.pass(Duration::from_secs(2));
    assert_eq!(bench.told(), ["lost"]);
    assert!(bench.now - before > Duration::from_secs(30));
    assert_eq!(bench.engine.next_deadline(), None);
}

#[test]
fn codes_are_told_as_the_module_says_them() {
    let mut bench = Bench::new();
    bench.start("AT+X", Expect::result());
    let mut result = None;
    bench.engine.received(
        b"+CME ERROR: SIM not inserted\r\n",
        bench.now,
        &mut |event| {
            if let Event::Final(is) = event {
                result = Some(is);
            }
        },
    );
    let words = "SIM not inserted".to_owned();
    assert_eq!(result, Some(FinalResult::Cme(Code::Text(words))));
}

proptest! {
    #[test]
    fn any_split_of_the_answers_gives_the_same_events(
        cuts in proptest::collection::vec(0_usize..200, 0..12),
        prompt in any::<bool>(),
    ) {
        let text = "\r\n+CREG: 1\r\nAT+CREG?\r\r\n+CREG: 0,1\r\n\r\n> > \r\n+CFTPGET: DATA,9\r\n\r\nOK\r\n> x\
                    \r\n+CREG: 5\r\n\r\nOK\r\n\r\n+QSMTPPUT: 678,550\r\n\r\nOK\r\n";
        let expect = if prompt { CREG.taking(Prompt::Bytes(b">"), CREG.after) } else { CREG };
        let run = |cuts: &[usize]| {
            let mut bench = Bench::new();
            bench.start("AT+CREG?", expect);
            let mut cuts: Vec<_> = cuts.iter().map(|cut| cut % text.len()).collect();
            cuts.sort_unstable();
            cuts.push(text.len());
            let mut from = 0;
            for cut in cuts {
                bench.says(&text[from..cut]);
                from = cut;
            }
            let mut told: Vec<String> = Vec::new();
            for event in bench.told() {
                match (event.strip_prefix("data "), told.last_mut()) {
                    (Some(more), Some(last)) if last.starts_with("data ") => last.push_str(more),
                    _ => told.push(event),
                }
            }
            told
        };
        let whole = run(&[]);
        prop_assert!(whole.contains(&"info +CREG: 0,1".to_owned()));
        prop_assert!(whole.contains(&"data \r\nOK\r\n> x".to_owned()));
        prop_assert_eq!(run(&cuts), whole);
    }
}
