//! Mail from a D-Bus caller to a real server, over IP and through a module: every test runs both ways.

use anyhow::{Context as _, Result, ensure};
use hayes_tests::client::{Map, timeout};
use hayes_tests::message::Mail;
use hayes_tests::office::{Account, Letter, Office, Route};
use hayes_tests::postfix::{self, Postfix};
use hayes_tests::smtp::{Answer, SmtpServer, Step};
use hayes_tests::{ports, wait};
use std::time::Duration;

/// Makes `NAME::by_ip` and `NAME::by_driver` of an async function that takes a route.
macro_rules! both_ways {
    ($($name:ident)*) => {$(
        mod $name {
            #[tokio::test]
            async fn by_ip() -> anyhow::Result<()> {
                super::$name(hayes_tests::office::Route::Ip).await
            }

            #[tokio::test]
            async fn by_driver() -> anyhow::Result<()> {
                super::$name(hayes_tests::office::Route::Driver).await
            }
        }
    )*};
}

both_ways! {
    implicit_tls starttls no_tls attachments_cc_and_bcc awkward_text longest_body
    wrong_password one_of_three_refused all_refused server_down server_silent certificate_of_another_host
    two_mails_one_after_the_other
}

const TO_ONE: &[&str] = &["one@example.org"];

fn short() -> Letter<'static> {
    Letter {
        to: TO_ONE,
        subject: "Pump 7",
        text: "pressure low",
        ..Letter::default()
    }
}

async fn arrives(route: Route, account: &Account, postfix: &Postfix) -> Result<()> {
    let office = Office::open(route, account).await?;
    let letter = short();
    let outcome = office.send(&letter).await?;
    ensure!(outcome.state == "done", "{outcome:?}");
    ensure!(
        outcome.error.is_empty() && outcome.rejected().is_empty(),
        "{outcome:?}"
    );
    letter.check(&postfix.mailbox("one@example.org").expect_one()?)?;
    Ok(())
}

async fn implicit_tls(route: Route) -> Result<()> {
    let postfix = Postfix::start()?;
    arrives(route, &Account::of(&postfix), &postfix).await
}

async fn starttls(route: Route) -> Result<()> {
    let postfix = Postfix::start()?;
    let account = Account {
        port: postfix.ports().starttls,
        tls: "starttls",
        ..Account::of(&postfix)
    };
    arrives(route, &account, &postfix).await
}

/// A password over a link that nothing protects goes out only where the account says so; one that does
/// not is a mistake in the configuration.
async fn no_tls(route: Route) -> Result<()> {
    let postfix = Postfix::start()?;
    let account = Account {
        port: postfix.ports().plain,
        tls: "none",
        plain_auth: true,
        ..Account::of(&postfix)
    };
    arrives(route, &account, &postfix).await
}

async fn attachments_cc_and_bcc(route: Route) -> Result<()> {
    let postfix = Postfix::start()?;
    let office = Office::open(route, &Account::of(&postfix)).await?;
    let every_byte: Vec<u8> = (0..=255).cycle().take(20_001).collect();
    let letter = Letter {
        to: &["one@example.org", "two@example.org"],
        cc: &["cc@example.org"],
        bcc: &["bcc@example.org"],
        subject: "Two files",
        text: "Both are attached.",
        attachments: &[
            ("log.txt", b"10:00 start\r\n10:05 stop\r\n"),
            ("trace.bin", &every_byte),
        ],
    };
    let outcome = office.send(&letter).await?;
    ensure!(outcome.state == "done", "{outcome:?}");
    // A module would print a Bcc field: whoever is there gets a mail of his own.
    let alone = Letter {
        to: &["bcc@example.org"],
        cc: &[],
        bcc: &[],
        ..letter.clone()
    };
    for name in ["one", "two", "cc", "bcc"] {
        let raw = postfix
            .mailbox(&format!("{name}@example.org"))
            .expect_one()?;
        let expected = match (name, route) {
            ("bcc", Route::Driver) => &alone,
            _ => &letter,
        };
        expected
            .check(&raw)
            .with_context(|| format!("what {name} got"))?;
    }
    Ok(())
}

/// The end of DATA, dots, long lines, what looks like AT, and text outside ASCII.
async fn awkward_text(route: Route) -> Result<()> {
    let postfix = Postfix::start()?;
    let office = Office::open(route, &Account::of(&postfix)).await?;
    let long = "x".repeat(3000);
    let text = format!(
        ".\r\n..\r\nfirst\r\n.\r\nQUIT\r\n.second\r\n+++\r\nAT+QSMTPPUT=300\r\n\r\nOK\r\nGrüße, 10 °C, 漢字\r\n{long}\r\n+++"
    );
    let letter = Letter {
        subject: "Käse \u{1F9C0} and \"quotes\"",
        text: &text,
        ..short()
    };
    let outcome = office.send(&letter).await?;
    ensure!(outcome.state == "done", "{outcome:?}");
    letter.check(&postfix.mailbox("one@example.org").expect_one()?)?;
    Ok(())
}

/// 10 240 bytes are the longest body that the module takes.
async fn longest_body(route: Route) -> Result<()> {
    let postfix = Postfix::start()?;
    let office = Office::open(route, &Account::of(&postfix)).await?;
    let line = "0123456789 pump 7 reports a body of the longest kind that fits.\r\n";
    let text: String = line.chars().cycle().take(10_239).chain(['!']).collect();
    let letter = Letter {
        text: &text,
        ..short()
    };
    let outcome = office.send(&letter).await?;
    ensure!(outcome.state == "done", "{outcome:?}");
    letter.check(&postfix.mailbox("one@example.org").expect_one()?)?;
    Ok(())
}

async fn wrong_password(route: Route) -> Result<()> {
    let postfix = Postfix::start()?;
    let account = Account {
        password: Some("not the password"),
        ..Account::of(&postfix)
    };
    let office = Office::open(route, &account).await?;
    let outcome = office.send(&short()).await?;
    ensure!(outcome.state == "failed", "{outcome:?}");
    ensure!(outcome.error == "AuthFailed", "{outcome:?}");
    ensure!(postfix.mailbox("one@example.org").messages().is_empty());
    ensure!(!office.site.daemon_log().contains("not the password"));
    Ok(())
}

/// The other two get it, once, and the caller learns who did not.
async fn one_of_three_refused(route: Route) -> Result<()> {
    let postfix = Postfix::start()?;
    let office = Office::open(route, &Account::of(&postfix)).await?;
    let letter = Letter {
        to: &["one@example.org", postfix::REFUSED, "two@example.org"],
        ..short()
    };
    let outcome = office.send(&letter).await?;
    ensure!(outcome.state == "done", "{outcome:?}");
    let rejected = outcome.rejected();
    ensure!(
        rejected.len() == 1 && rejected[0].0 == postfix::REFUSED,
        "{rejected:?}"
    );
    ensure!(rejected[0].1.contains("550"), "{rejected:?}");
    for name in ["one", "two"] {
        postfix
            .mailbox(&format!("{name}@example.org"))
            .expect_one()?;
    }
    Ok(())
}

async fn all_refused(route: Route) -> Result<()> {
    let postfix = Postfix::start()?;
    let office = Office::open(route, &Account::of(&postfix)).await?;
    let letter = Letter {
        to: &[postfix::REFUSED],
        ..short()
    };
    let outcome = office.send(&letter).await?;
    ensure!(
        outcome.state == "failed" && outcome.error == "Rejected",
        "{outcome:?}"
    );
    Ok(())
}

/// Nobody listens: the mail waits for the link.
async fn server_down(route: Route) -> Result<()> {
    let office = Office::open(route, &Account::bare(ports::free()?)).await?;
    let job = office.client.send(short().message(), Map::new()).await?;
    office
        .client
        .until(&job, "Job", "State", "deferred")
        .await?;
    let error = office.client.error_of(&job).await?;
    ensure!(error == "NoNetwork", "{error}");
    Ok(())
}

/// The server takes the connection and says nothing: the job's own deadline ends it.
async fn server_silent(route: Route) -> Result<()> {
    let server = SmtpServer::start(|step, _| match step {
        Step::Connect => Answer::Silence,
        _ => Answer::Usual,
    })?;
    let office = Office::open(route, &Account::bare(server.port())).await?;
    let options = Map::from([timeout(Duration::from_secs(3))]);
    let job = office.client.send(short().message(), options).await?;
    wait::until("the server to be asked", wait::LONG, || {
        (server.connections() > 0).then_some(())
    })?;
    let outcome = office.client.wait(&job).await?;
    // Once the module was told to send, we can't know how far it came.
    let wanted = match route {
        Route::Ip => "Timeout",
        Route::Driver => "Unknown",
    };
    ensure!(
        outcome.state == "failed" && outcome.error == wanted,
        "{outcome:?}"
    );
    Ok(())
}

async fn certificate_of_another_host(route: Route) -> Result<()> {
    let postfix = Postfix::start()?;
    let account = Account {
        port: postfix.ports().other_host,
        ..Account::of(&postfix)
    };
    let office = Office::open(route, &account).await?;
    let outcome = office.send(&short()).await?;
    // A module has one number for all that can go wrong with TLS, some of which passes.
    let (state, error) = match route {
        Route::Ip => ("failed", "CertificateInvalid"),
        Route::Driver => ("deferred", "TlsFailed"),
    };
    ensure!(
        outcome.state == state && outcome.error == error,
        "{outcome:?}"
    );
    ensure!(
        !postfix.log().contains("sasl_username"),
        "it said who we are"
    );
    Ok(())
}

/// The second mail has nothing of the first.
async fn two_mails_one_after_the_other(route: Route) -> Result<()> {
    let postfix = Postfix::start()?;
    let office = Office::open(route, &Account::of(&postfix)).await?;
    let first = Letter {
        attachments: &[("first.txt", b"1")],
        cc: &["cc@example.org"],
        ..short()
    };
    let second = Letter {
        to: &["two@example.org"],
        subject: "the second",
        ..short()
    };
    let a = office.client.send(first.message(), Map::new()).await?;
    let b = office.client.send(second.message(), Map::new()).await?;
    office.client.done(&a).await?;
    office.client.done(&b).await?;
    first.check(&postfix.mailbox("one@example.org").expect_one()?)?;
    let raw = postfix.mailbox("two@example.org").expect_one()?;
    second.check(&raw)?;
    let ids = [postfix.mailbox("cc@example.org").expect_one()?, raw]
        .map(|raw| Mail::parse(&raw).map(|mail| mail.raw))
        .into_iter()
        .collect::<Result<Vec<_>>>()?;
    ensure!(ids[0] != ids[1]);
    Ok(())
}
