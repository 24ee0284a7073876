use super::*;

/// Each character typed by itself; every report is answered by the same mode at once.
fn typed(settings: &Command, text: &[u8]) -> (Vec<Found>, String) {
    let mut rig = Rig::new(Mode::Command(settings.clone()));
    for byte in text {
        assert_eq!(rig.read(&[*byte]), 1);
        if rig.discipline.is_stopped() {
            rig.mode(Mode::Command(settings.clone()));
        }
    }
    (rig.found(), rig.echo())
}

fn lines(text: &[u8]) -> Vec<Found> {
    typed(&command(), text).0
}

#[test]
fn a_line_is_what_stands_between_at_and_s3() {
    assert_eq!(lines(b"AT\r"), [line("AT")]);
    assert_eq!(lines(b"at+cmee=1\r"), [line("at+cmee=1")]);
    assert_eq!(lines(b"aTi\rAtI\r"), [line("aTi"), line("AtI")]);
    assert_eq!(lines(b"AT a \"\xE9\x80\"\r").len(), 1);
    assert_eq!(lines(b"AT"), []);
}

#[test]
fn what_stands_before_the_prefix_is_ignored() {
    assert_eq!(lines(b"xyzAT\r"), [line("AT")]);
    assert_eq!(lines(b"AAT\r"), [line("AT")]);
    assert_eq!(lines(b"aaAATZ\r"), [line("ATZ")]);
    assert_eq!(lines(b"A\rT\rAT\r"), [line("AT")]);
    assert_eq!(lines(b"TA\rhello\r"), []);
}

#[test]
fn empty_lines_and_a_stray_ctrl_z_are_no_news() {
    let (found, echo) = typed(&command(), b"\r\r\r\n\x1A\rAT\r");
    assert_eq!(found, [line("AT")]);
    assert_eq!(echo, "\r\r\r\rAT\r");
}

#[test]
fn one_line_feed_after_the_carriage_return_is_swallowed() {
    let (found, echo) = typed(&command(), b"AT\r\nATI\r\n\nATZ\r");
    assert_eq!(found, [line("AT"), line("ATI"), line("ATZ")]);
    assert_eq!(echo, "AT\rATI\r\nATZ\r");
}

#[test]
fn a_line_feed_ends_a_line_where_it_may() {
    let either = Command {
        line_feed: true,
        ..command()
    };
    let text = b"AT\nATI\r\nATZ\rAT\n\nA\nAT\n\rAT\r\n\nATI\n";
    let (found, echo) = typed(&either, text);
    let lines = ["AT", "ATI", "ATZ", "AT", "AT", "AT", "ATI"];
    assert_eq!(found, lines.map(line));
    // The LF of a CR LF is no end of its own, and an end without a line is no line.
    assert_eq!(echo, "AT\nATI\rATZ\rAT\n\nA\nAT\n\rAT\r\nATI\n");
    assert_eq!(typed(&command(), b"AT\nI\r").0, [line("ATI")]);
}

#[test]
fn s5_takes_the_last_character_back_but_not_the_prefix() {
    let (found, echo) = typed(&command(), b"ATX\x08\x08\x08I\r");
    assert_eq!(found, [line("ATI")]);
    assert_eq!(echo, "ATX\x08 \x08I\r");
    let (found, echo) = typed(&command(), b"A\x08T\rAT\r");
    assert_eq!(found, [line("AT")]);
    assert_eq!(echo, "A\x08 \x08T\rAT\r");
    let delete = Command {
        s5: 127,
        ..command()
    };
    let (found, echo) = typed(&delete, b"AT\x7FAB\x7F\r");
    assert_eq!(found, [line("ATA")]);
    assert_eq!(echo, "ATAB\x08 \x08\r");
}

#[test]
fn without_echo_nothing_comes_back() {
    let silent = Command {
        echo: false,
        ..command()
    };
    let (found, echo) = typed(&silent, b"xATX\x08I\r\rA/");
    assert_eq!(found, [line("ATI"), line("ATI")]);
    assert_eq!(echo, "");
}

#[test]
fn a_slash_repeats_the_last_line_at_once() {
    assert_eq!(lines(b"A/"), [line("AT")]);
    assert_eq!(
        lines(b"AT+CSQ\ra/A/\rAT\rA/"),
        [
            line("AT+CSQ"),
            line("AT+CSQ"),
            line("AT+CSQ"),
            line("AT"),
            line("AT")
        ]
    );
    assert_eq!(typed(&command(), b"ATI\rxA/").1, "ATI\rxA/");
}

#[test]
fn a_line_may_be_as_long_as_it_may() {
    let longest = [b"AT", &[b'1'; 20][..]].concat();
    let text = [&longest[..], b"\r"].concat();
    assert_eq!(lines(&text), [Found::Line(longest.clone())]);
    let longer = [&longest[..], b"1\rA/AT\r"].concat();
    let found = [Found::TooLong, Found::TooLong, line("AT")];
    assert_eq!(lines(&longer), found);
    let taken_back = [&longest[..], b"1\x08\x08\x08\rAT\r"].concat();
    let (found, echo) = typed(&command(), &taken_back);
    assert_eq!(found, [Found::TooLong, line("AT")]);
    assert!(!echo.contains('\x08'), "nothing of it is taken back");
}

#[test]
fn control_characters_are_not_part_of_a_line() {
    assert_eq!(lines(b"A\0T\rAT\0+\x1B\x1AC\nSQ\x11\r"), [line("AT+CSQ")]);
}

#[test]
fn the_parity_bit_is_no_part_of_a_character() {
    let mut rig = Rig::new(Mode::Command(command()));
    rig.discipline.set_line(true, Duration::ZERO);
    let even: Vec<u8> = b"ATI\r"
        .iter()
        .map(|byte| byte | u8::try_from(byte.count_ones() % 2).unwrap() << 7)
        .collect();
    assert_ne!(even, b"ATI\r");
    rig.read(&even);
    assert_eq!(rig.found(), [line("ATI")]);
    assert_eq!(rig.echo(), "ATI\r");
}

#[test]
fn keys_count_only_outside_a_line() {
    let settings = Command {
        keys: Keys::Of(*b"#,,,"),
        ..command()
    };
    let (found, echo) = typed(&settings, b"#AT#,\rA#x,");
    let keys = [b'#', b'#', b','].map(Found::Key);
    assert_eq!(found[0], keys[0]);
    assert_eq!(found[1], line("AT#,"));
    assert_eq!(found[2..], keys[1..]);
    assert_eq!(echo, "AT#,\rAx");
}

#[test]
fn waiting_reports_keys_and_leaves_the_rest_unread() {
    let mut rig = Rig::new(Mode::Wait(Wait {
        keys: Keys::Of([0x1B; 4]),
    }));
    assert_eq!(rig.read(b"AT\r"), 3);
    assert_eq!(rig.read(b"x\x1By"), 2);
    assert_eq!(rig.found(), [Found::Key(0x1B)]);
    assert_eq!(rig.log.unread, b"AT\rx");
    assert_eq!(rig.read(b"\x1B"), 0);
}

#[test]
fn the_line_feed_of_the_line_aborts_nothing() {
    let mut rig = Rig::new(Mode::Command(command()));
    rig.read(b"ATD1\r");
    rig.mode(Mode::Wait(Wait { keys: Keys::Any }));
    assert_eq!(rig.read(b"\n"), 1);
    assert_eq!(rig.found(), [line("ATD1")]);
    rig.read(b"\n");
    assert_eq!(rig.found(), [Found::Key(b'\n')]);
}

#[test]
fn nothing_is_taken_while_stopped() {
    let mut rig = Rig::new(Mode::Command(command()));
    assert_eq!(rig.read(b"AT\rATI\r"), 3);
    assert_eq!(rig.read(b"ATI\r"), 0);
    assert_eq!(rig.discipline.next_deadline(), None);
}

#[test]
fn keys_and_line_feeds_have_a_parity_bit_too() {
    let mut rig = Rig::new(Mode::Command(command()));
    rig.discipline.set_line(true, Duration::ZERO);
    rig.read(b"ATD\x8D");
    rig.mode(Mode::Wait(Wait {
        keys: Keys::Of([0x1B; 4]),
    }));
    assert_eq!(rig.read(b"\x8A"), 1);
    assert_eq!(rig.read(b"\x9B"), 1);
    assert_eq!(rig.found(), [line("ATD"), Found::Key(0x1B)]);
    assert_eq!(rig.log.unread, b"");
}
