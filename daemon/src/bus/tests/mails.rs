//! Arguments of `Mail`, good and bad.

use super::*;
use crate::job::Via;
use std::io::Write;
use zbus::OwnedObjectPath;

const ROOT: &str = "/org/hayesd1";

type Sent = Result<OwnedObjectPath, String>;

impl Stage {
    async fn simple(&self, account: &str, to: &str, subject: &str, options: Map<'_>) -> Sent {
        self.call(
            ROOT,
            "Mail",
            "SendSimple",
            &(account, to, subject, "text", options),
        )
        .await
    }

    async fn send(&self, message: Map<'_>) -> Sent {
        self.call(ROOT, "Mail", "Send", &("", message, none()))
            .await
    }

    async fn raw(&self, rcpt: &[&str], message: &[u8]) -> Sent {
        self.call(ROOT, "Mail", "SendRawBytes", &("", rcpt, message, none()))
            .await
    }

    fn submitted(&self) -> usize {
        self.store.submitted.lock().unwrap().len()
    }
}

#[tokio::test]
async fn a_simple_mail_with_all_options() {
    let stage = Stage::set().await;
    let options = Map::from([
        ("token", Variant::from("alarm-1")),
        ("via", Variant::from(vec!["modem:lte", "ip"])),
        ("timeout_usec", Variant::from(5_000_000_u64)),
    ]);
    let path = stage
        .simple("main", "A <a@example.org>, b@example.org", "Grüße", options)
        .await
        .unwrap();
    assert_eq!(path.as_str(), "/org/hayesd1/job/1");
    assert_eq!(
        stage.property::<String>(&path, "Job", "State").await,
        "queued"
    );
    let submitted = stage.store.submitted.lock().unwrap();
    let mail = &submitted[0];
    assert_eq!(mail.recipients, ["a@example.org", "b@example.org"]);
    assert_eq!(mail.sender, "pump7@example.org");
    assert_eq!(mail.via, [Via::Modem("lte".into()), Via::Ip]);
    assert_eq!(mail.timeout, Some(Duration::from_secs(5)));
    assert_eq!(mail.token.as_deref(), Some("alarm-1"));
    let text = String::from_utf8(mail.message.clone()).unwrap();
    assert!(
        text.contains("To: ") && text.contains("From: \"Pump 7\" <pump7@example.org>"),
        "{text}"
    );
}

#[tokio::test]
async fn a_mail_with_everything() {
    let stage = Stage::set().await;
    let message = Map::from([
        ("from", Variant::from("Other <other@example.org>")),
        ("to", Variant::from(vec!["a@example.org"])),
        ("cc", Variant::from(vec!["B <b@example.org>"])),
        ("bcc", Variant::from(vec!["hidden@example.org"])),
        ("reply-to", Variant::from("r@example.org")),
        ("subject", Variant::from("s")),
        ("text", Variant::from("t")),
        ("html", Variant::from("<p>t</p>")),
        ("headers", Variant::from(HashMap::from([("X-Pump", "7")]))),
        (
            "attachments",
            Variant::from(vec![
                ("a.bin", "", vec![0_u8; 300_000]),
                ("b.txt", "text/plain", vec![65_u8]),
            ]),
        ),
    ]);
    stage.send(message).await.unwrap();
    let submitted = stage.store.submitted.lock().unwrap();
    let mail = &submitted[0];
    assert_eq!(mail.sender, "other@example.org");
    assert_eq!(
        mail.recipients,
        ["a@example.org", "b@example.org", "hidden@example.org"]
    );
    let text = String::from_utf8(mail.message.clone()).unwrap();
    for part in [
        "X-Pump: 7",
        "a.bin",
        "b.txt",
        "<p>",
        "Reply-To: r@example.org",
    ] {
        assert!(text.contains(part), "{part}");
    }
    assert!(!text.contains("hidden@example.org"));
}

#[tokio::test]
async fn a_raw_mail_by_descriptor() {
    let stage = Stage::set().await;
    let message = b"From: pump7@example.org\r\nSubject: x\r\n\r\nbody\r\n";
    let (read, write) = nix::unistd::pipe().unwrap();
    std::fs::File::from(write).write_all(message).unwrap();
    let fd = zbus::OwnedFd::from(read);
    let sent: Sent = stage
        .call(
            ROOT,
            "Mail",
            "SendRaw",
            &("", &["a@example.org"][..], fd, none()),
        )
        .await;
    sent.unwrap();
    assert_eq!(stage.store.submitted.lock().unwrap()[0].message, message);

    let fd = || {
        zbus::OwnedFd::from(std::os::fd::OwnedFd::from(
            std::fs::File::open("/").unwrap(),
        ))
    };
    let sent: Sent = stage
        .call(
            ROOT,
            "Mail",
            "SendRaw",
            &("", &["a@example.org"][..], fd(), none()),
        )
        .await;
    assert!(
        sent.unwrap_err()
            .starts_with("InvalidArgument: the descriptor is a folder")
    );
    assert_eq!(stage.submitted(), 1);
}

#[tokio::test]
async fn bad_arguments_are_refused_and_leave_nothing_behind() {
    let stage = Stage::set().await;
    let long = "x".repeat(1 << 20);
    let good = "a@example.org";
    for (account, to, subject) in [
        ("main", "", "s"),
        ("main", "nobody", "s"),
        ("main", "a@example.org\r\nRCPT TO:<b@example.org>", "s"),
        ("main", "a@example.org\n", "s"),
        ("main", long.as_str(), "s"),
        ("main", good, "s\r\nBcc: b@example.org"),
        ("main", good, "s\nx"),
        ("main", good, long.as_str()),
    ] {
        let said = stage
            .simple(account, to, subject, none())
            .await
            .unwrap_err();
        assert!(said.starts_with("InvalidArgument: "), "{said:.200}");
        assert!(said.len() < 1000, "{} bytes", said.len());
    }
    for account in ["other", &long, "a\nb"] {
        let said = stage.simple(account, good, "s", none()).await.unwrap_err();
        assert!(
            said.starts_with("NotFound: ") && said.len() < 1000,
            "{said:.200}"
        );
    }
    assert_eq!(stage.submitted(), 0);
}

#[tokio::test]
async fn options_are_judged_by_key() {
    let stage = Stage::set().await;
    let good = "a@example.org";
    for (key, value, why) in [
        ("tokken", Variant::from("x"), "`tokken` is not known"),
        (
            "token",
            Variant::from(1_u32),
            "`token` is of type `s`, not `u`",
        ),
        ("token", Variant::from(""), "`token` holds 1 to 128 bytes"),
        ("via", Variant::from("ip"), "`via` is of type `as`, not `s`"),
        ("via", Variant::from(vec!["pigeon"]), "`via`: \"pigeon\""),
        ("timeout_usec", Variant::from(0_u64), "`timeout_usec` is 0"),
        (
            "timeout_usec",
            Variant::from(1_i64),
            "`timeout_usec` is of type `t`, not `x`",
        ),
    ] {
        let said = stage
            .simple("", good, "s", Map::from([(key, value)]))
            .await
            .unwrap_err();
        assert!(
            said.starts_with("InvalidArgument: ") && said.contains(why),
            "{said}"
        );
    }
    assert_eq!(stage.submitted(), 0);
}

#[tokio::test]
async fn messages_are_judged_by_key() {
    let stage = Stage::set().await;
    let good = "a@example.org";
    for (key, value, why) in [
        ("to", Variant::from(vec!["a@example.org\r\n"]), ""),
        (
            "to",
            Variant::from("a@example.org"),
            "`to` is of type `as`, not `s`",
        ),
        ("subject", Variant::from("a\rb"), ""),
        (
            "headers",
            Variant::from(HashMap::from([("X: a\r\nBcc", "b@example.org")])),
            "",
        ),
        (
            "headers",
            Variant::from(HashMap::from([("X", "a\r\nBcc: b@example.org")])),
            "",
        ),
        (
            "attachments",
            Variant::from(vec![("a\r\nb", "", vec![1_u8])]),
            "",
        ),
        ("body", Variant::from("x"), "`body` is not known"),
    ] {
        let mut message = Map::from([("to", Variant::from(vec![good]))]);
        message.insert(key, value);
        let said = stage.send(message).await.unwrap_err();
        assert!(
            said.starts_with("InvalidArgument: ") && said.contains(why),
            "{key}: {said}"
        );
    }
    assert!(
        stage
            .send(none())
            .await
            .unwrap_err()
            .starts_with("InvalidArgument: ")
    );
    for rcpt in [&[][..], &[""], &["a@example.org", "b@example.org>\r\nDATA"]] {
        let said = stage
            .raw(rcpt, b"From: a@example.org\r\n\r\n")
            .await
            .unwrap_err();
        assert!(said.starts_with("InvalidArgument: "), "{said}");
    }
    assert_eq!(stage.submitted(), 0);
}

#[tokio::test]
async fn a_message_over_the_limit_is_too_large() {
    let stage = Stage::set().await;
    let message = vec![b'x'; (1 << 20) + 1];
    let said = stage.raw(&["a@example.org"], &message).await.unwrap_err();
    assert!(said.starts_with("TooLarge: "), "{said}");
    let mut mail = Map::from([("to", Variant::from(vec!["a@example.org"]))]);
    mail.insert("attachments", Variant::from(vec![("a", "", message)]));
    let said = stage.send(mail).await.unwrap_err();
    assert!(said.starts_with("TooLarge: "), "{said}");
    // Within the limit as it is, beyond it in base64.
    let mut mail = Map::from([("to", Variant::from(vec!["a@example.org"]))]);
    mail.insert(
        "attachments",
        Variant::from(vec![("a", "", vec![0_u8; 1_000_000])]),
    );
    let said = stage.send(mail).await.unwrap_err();
    assert!(said.starts_with("TooLarge: "), "{said}");
    assert_eq!(stage.submitted(), 0);
}

#[tokio::test]
async fn without_a_default_account_one_must_be_named() {
    let stage = Stage::set().await;
    stage.world.set_settings(Settings {
        default_account: None,
        ..stage.world.settings()
    });
    let said = stage
        .simple("", "a@example.org", "s", none())
        .await
        .unwrap_err();
    assert!(
        said.starts_with("NotFound: ") && said.contains("default_account"),
        "{said}"
    );
    stage
        .simple("main", "a@example.org", "s", none())
        .await
        .unwrap();
}

#[tokio::test]
async fn a_default_account_that_nobody_has_made_yet_is_said() {
    let stage = Stage::set().await;
    stage.world.set_settings(Settings {
        default_account: Some("later".into()),
        ..stage.world.settings()
    });
    let said = stage
        .simple("", "a@example.org", "s", none())
        .await
        .unwrap_err();
    let words = "NotFound: no account is named, and the default_account of the configuration, `later`, is not there";
    assert!(said.starts_with(words), "{said}");
}
