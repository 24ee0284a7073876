use super::*;
use proptest::prelude::*;
use std::time::{Duration, SystemTime};

fn stamp() -> Stamp {
    Stamp {
        date: Some(SystemTime::UNIX_EPOCH + Duration::from_secs(784_887_151)),
        message_id: "<1@example.org>".into(),
    }
}

fn draft() -> Draft {
    Draft {
        from: Mailbox::parse("Pump 7 <pump7@example.org>").unwrap(),
        to: vec![Mailbox::new("a@example.org")],
        subject: "Alarm".into(),
        text: Text::Utf8("high water\n".into()),
        ..Draft::default()
    }
}

fn composed(draft: &Draft) -> String {
    String::from_utf8(compose(draft, &stamp()).unwrap().rfc5322).unwrap()
}

#[test]
fn a_plain_mail_reads_as_one_would_write_it() {
    assert_eq!(
        composed(&draft()),
        "Date: Tue, 15 Nov 1994 08:12:31 +0000\r\n\
         From: \"Pump 7\" <pump7@example.org>\r\n\
         To: a@example.org\r\n\
         Subject: Alarm\r\n\
         Message-ID: <1@example.org>\r\n\
         MIME-Version: 1.0\r\n\
         Content-Type: text/plain; charset=utf-8\r\n\
         Content-Transfer-Encoding: 7bit\r\n\
         \r\n\
         high water\r\n\r\n"
    );
}

#[test]
fn bcc_is_in_the_envelope_only() {
    let made = compose(
        &Draft {
            cc: vec![Mailbox::new("c@EXAMPLE.org"), Mailbox::new("a@example.org")],
            bcc: vec![Mailbox::new("hidden@example.org")],
            ..draft()
        },
        &stamp(),
    )
    .unwrap();
    assert_eq!(made.sender, "pump7@example.org");
    assert_eq!(
        made.recipients,
        ["a@example.org", "c@example.org", "hidden@example.org"]
    );
    let text = String::from_utf8(made.rfc5322).unwrap().to_lowercase();
    assert!(!text.contains("hidden") && !text.contains("bcc"));
}

#[test]
fn bytes_of_no_charset_go_unchanged() {
    let bytes = b"a\xFC\0\r\n.\r\nb\n".to_vec();
    let made = composed(&Draft {
        text: Text::Bytes(bytes.clone()),
        ..draft()
    });
    assert!(made.contains("charset=unknown-8bit") && made.contains("Encoding: base64"));
    let plain = decompose(made.as_bytes()).unwrap();
    assert_eq!(plain.text, Text::Bytes(bytes));
}

#[test]
fn ascii_bytes_go_as_text() {
    let made = composed(&Draft {
        text: Text::Bytes(b"a\nb".to_vec()),
        ..draft()
    });
    assert!(made.contains("charset=us-ascii") && made.ends_with("\r\n\r\na\r\nb\r\n"));
}

#[test]
fn html_stands_beside_the_text() {
    let made = composed(&Draft {
        html: Some("<p>high</p>".into()),
        attachments: vec![Attachment {
            name: "log.csv".into(),
            media_type: Some("text/csv".into()),
            bytes: b"1,2".to_vec(),
        }],
        ..draft()
    });
    assert!(made.contains("multipart/mixed") && made.contains("multipart/alternative"));
    assert!(made.contains("text/html; charset=utf-8") && made.contains("filename=\"log.csv\""));
    assert!(
        decompose(made.as_bytes())
            .unwrap_err()
            .text
            .contains("multipart/alternative")
    );
}

#[test]
fn own_headers() {
    let with = |name: &str, value: &str| {
        compose(
            &Draft {
                headers: vec![(name.into(), value.into())],
                ..draft()
            },
            &stamp(),
        )
    };
    let made = with("X-Site", "P\u{fc}mpwerk 7").unwrap();
    let text = String::from_utf8(made.rfc5322.clone()).unwrap();
    assert!(text.contains("X-Site: =?utf-8?q?P=C3=BCmpwerk_7?="));
    assert!(
        decompose(&made.rfc5322)
            .unwrap_err()
            .text
            .contains("X-Site")
    );
    for (name, value) in [
        ("", "x"),
        ("X Y", "x"),
        ("X:Y", "x"),
        ("X\r\nBcc", "x"),
        ("Bcc", "x@example.org"),
        ("bCC", "x@example.org"),
        ("Content-Type", "text/html"),
        ("date", "x"),
        ("X-A", "x\r\nBcc: y@example.org"),
        ("X-A", "x\ny"),
        ("X-A", "x\0"),
        ("X-\u{fc}", "x"),
    ] {
        assert_eq!(
            with(name, value).unwrap_err().kind,
            ErrorKind::InvalidArgument,
            "{name:?}: {value:?}"
        );
    }
}

/// A change to a draft that makes it bad.
type Spoil = fn(&mut Draft);

#[test]
fn hostile_strings_are_refused() {
    let spoils: [Spoil; 14] = [
        |d| d.from.address.clear(),
        |d| d.from.address.push_str("\r\nRCPT TO:<x@y>"),
        |d| d.from.name = Some("a\nBcc: b".into()),
        |d| d.from.name = Some("a\0".into()),
        |d| d.to.clear(),
        |d| d.to.push(Mailbox::new("a@b> SIZE=1")),
        |d| d.to = vec![Mailbox::new("a@b"); MAX_RECIPIENTS + 1],
        |d| d.reply_to.push(Mailbox::new("a")),
        |d| d.subject.push_str("\rBcc: x@y"),
        |d| d.subject = "x".repeat(1_000_000),
        |d| d.subject = "\u{1b}[2J".into(),
        |d| d.attachments.push(file("a\r\nb", None)),
        |d| d.attachments.push(file("", None)),
        |d| d.attachments.push(file("a", Some("text/plain\r\nX: y"))),
    ];
    for (index, spoil) in spoils.iter().enumerate() {
        let mut draft = draft();
        spoil(&mut draft);
        let error = compose(&draft, &stamp()).unwrap_err();
        assert_eq!(error.kind, ErrorKind::InvalidArgument, "{index}");
    }
}

fn file(name: &str, media_type: Option<&str>) -> Attachment {
    Attachment {
        name: name.into(),
        media_type: media_type.map(Into::into),
        bytes: Vec::new(),
    }
}

#[test]
fn what_a_module_cannot_carry_is_named() {
    for (raw, what) in [
        ("From: a@b\r\nReply-To: c@d\r\n\r\n", "Reply-To"),
        ("From: a@b\r\nContent-Type: text/html\r\n\r\n<p>", "HTML"),
        ("From: a@b, c@d\r\n\r\n", "from more"),
        ("To: a@b\r\n\r\n", "no From"),
        ("From: a@b\r\nTo: g: a@b, c@d;\r\n\r\n", "group"),
        (
            "From: a@b\r\nContent-Transfer-Encoding: x-uuencode\r\n\r\nx",
            "x-uuencode",
        ),
        (
            "From: a@b\r\nContent-Type: text/plain; charset=x-odd\r\n\r\nx",
            "x-odd",
        ),
    ] {
        let error = decompose(raw.as_bytes()).unwrap_err();
        assert_eq!(error.kind, ErrorKind::NotSupported);
        assert!(error.text.contains(what), "{raw:?}: {}", error.text);
    }
}

#[test]
fn what_others_write_is_read() {
    let raw = "From: =?iso-8859-1?q?P=FCmp?= <p@example.org>\r\nTo: a@example.org\r\n\
        Subject: =?gb2312?b?1tDOxA==?=\r\nContent-Type: text/plain; charset=gb2312\r\n\r\n";
    let mut bytes = raw.as_bytes().to_vec();
    bytes.extend_from_slice(b"\xD6\xD0\r\n");
    let plain = decompose(&bytes).unwrap();
    assert_eq!(plain.from.name.as_deref(), Some("P\u{fc}mp"));
    assert_eq!(plain.text, Text::Utf8("\u{4e2d}".into()));
}

/// Names and subjects: anything that is no control character and does not begin or end with a blank.
fn words() -> impl Strategy<Value = String> {
    prop_oneof![
        "[a-zA-Z0-9 \"\\\\<>,;:@().=?_-]{1,120}",
        "\\PC{1,60}",
        "[\u{20}-\u{17f}]{1,90}",
        "[\u{4e00}-\u{9fa5} a]{1,60}",
    ]
    .prop_map(|text| text.replace(char::is_control, "").trim().to_owned())
    .prop_filter("something to see", |text| {
        // An encoded word typed by hand is meant to be one.
        !text.is_empty() && !text.contains("=?")
    })
}

fn mailbox() -> impl Strategy<Value = Mailbox> {
    (
        "([a-z0-9_+-]{1,5}[.]){0,3}",
        "[a-z0-9]{1,10}",
        proptest::option::of(words()),
    )
        .prop_map(|(local, host, name)| Mailbox {
            name,
            address: format!("{local}x@{host}.example.org"),
        })
}

fn text() -> impl Strategy<Value = Text> {
    prop_oneof![
        "(\\PC|\n){0,300}".prop_map(Text::Utf8),
        "([ -~]|\n|\t|\\.){0,300}".prop_map(Text::Utf8),
        any::<String>().prop_map(Text::Utf8),
        prop::collection::vec(any::<u8>(), 0..300).prop_map(Text::Bytes),
        "[ -~]{900,2100}".prop_map(Text::Utf8),
    ]
}

/// The text as every reader gets it: with line ends of a mail.
fn canonical(text: &Text) -> Text {
    let ended = |text: &str| text.replace("\r\n", "\n").replace('\n', "\r\n");
    match text {
        Text::Utf8(text) => Text::Utf8(ended(text)),
        Text::Bytes(bytes) if bytes.is_ascii() => {
            Text::Utf8(ended(std::str::from_utf8(bytes).unwrap()))
        }
        Text::Bytes(bytes) => Text::Bytes(bytes.clone()),
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 400, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn what_is_composed_is_decomposed(
        from in mailbox(),
        to in prop::collection::vec(mailbox(), 1..5),
        cc in prop::collection::vec(mailbox(), 0..3),
        subject in proptest::option::of(words()),
        text in text(),
        files in prop::collection::vec((words(), prop::collection::vec(any::<u8>(), 0..200)), 0..3),
    ) {
        let draft = Draft {
            from, to, cc, text,
            subject: subject.unwrap_or_default(),
            attachments: files.into_iter().map(|(name, bytes)| Attachment {
                name: name.chars().take(60).collect::<String>().trim().to_owned(),
                media_type: Some("application/octet-stream".into()),
                bytes,
            }).collect(),
            ..Draft::default()
        };
        let made = compose(&draft, &stamp()).unwrap();
        prop_assert!(made.rfc5322.is_ascii());
        prop_assert!(made.rfc5322.ends_with(b"\r\n"));
        for line in made.rfc5322.split(|&b| b == b'\n') {
            prop_assert!(line.len() <= 999);
        }
        let prepared = prepare(made.rfc5322.clone(), &stamp()).unwrap();
        prop_assert_eq!(&prepared.rfc5322, &made.rfc5322, "composed messages are fit as they are");
        let plain = decompose(&made.rfc5322).unwrap();
        prop_assert_eq!(&plain.from, &draft.from);
        prop_assert_eq!(&plain.to, &draft.to);
        prop_assert_eq!(&plain.cc, &draft.cc);
        prop_assert_eq!(&plain.subject, &draft.subject);
        prop_assert_eq!(&plain.attachments, &draft.attachments);
        prop_assert_eq!(&plain.text, &canonical(&draft.text));
    }

    #[test]
    fn any_bytes(raw in prop::collection::vec(any::<u8>(), 0..600), line in any::<String>()) {
        fuzz_message(&raw);
        fuzz_mailboxes(&line);
    }

    #[test]
    fn likely_bytes(
        head in "((From|To|Cc|Bcc|Subject|Date|Content-Type|X): ?[ -~]{0,30}\r?\n( [a-z]{0,5}\n)?){0,5}",
        from in "[a-z\"<>@., ]{0,20}",
        body in "[ -~\r\n.=]{0,80}",
        list in "([a-z]{0,3}[\"<>@,.\\\\ ]{0,2}){0,8}",
    ) {
        fuzz_message(format!("{head}\n{body}").as_bytes());
        fuzz_message(format!("From: x@example.org\r\n{head}\n{body}").as_bytes());
        fuzz_message(format!("From: {from}\r\n\r\n{body}").as_bytes());
        fuzz_mailboxes(&list);
        fuzz_mailboxes(&format!("{list}@b.org"));
    }
}
