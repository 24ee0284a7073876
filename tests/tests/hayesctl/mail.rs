//! `hayesctl mail` and `job`.

use super::{interrupt, site};
use anyhow::{Context as _, Result, ensure};
use hayes_tests::gate::Gate;
use hayes_tests::hayesctl::{command, ended, run, run_with};
use hayes_tests::postfix::{self, Postfix};
use hayes_tests::site::Site;
use hayes_tests::smtp::{Answer, SmtpServer, Step};
use std::fs;
use std::process::Stdio;

#[tokio::test]
async fn a_mail_goes_on_its_whole_way() -> Result<()> {
    let postfix = Postfix::start()?;
    let mut site = Site::new()?;
    let secret = site.secret("smtp", postfix::PASSWORD)?;
    site.configure(&format!(
        "default_account = \"main\"\n[tls]\nroots = \"{}\"\n[account.main]\nfrom = \"pump7@example.org\"\n\
         smtp = {{ host = \"127.0.0.1\", port = {}, tls = \"implicit\", user = \"{}\", \
         password = {{ file = \"{}\" }} }}\n",
        postfix.authority().root().display(),
        postfix.ports().implicit,
        postfix::USER,
        secret.display(),
    ))?;
    let _client = site.start().await?;
    let log = site.folder().write("pump.csv", "time;bar\n1;2.5\n")?;
    let sent = run_with(
        site.bus(),
        &[
            "mail",
            "send",
            "-s",
            "Grüße",
            "-A",
            &log.to_string_lossy(),
            "--bcc",
            "bcc@example.org",
            "--cc",
            "cc@example.org, \"Three, T.\" <three@example.org>",
            "Ann <one@example.org>",
            "two@example.org",
        ],
        "Der Druck ist tief.\n".as_bytes(),
    )?
    .good()?;
    ensure!(
        sent.text().starts_with("sent: 2") && sent.text().ends_with("(job 1)\n"),
        "{sent:?}"
    );
    ensure!(sent.stderr.is_empty(), "no terminal, no progress: {sent:?}");
    for recipient in postfix::RECIPIENTS {
        let message = postfix.mailbox(recipient).expect_one()?;
        let text = String::from_utf8_lossy(&message).into_owned();
        ensure!(
            text.contains("pump.csv") && text.contains("text/csv"),
            "{text}"
        );
        ensure!(
            !text.contains("bcc@example.org\r\n") || recipient.starts_with("bcc"),
            "{text}"
        );
    }
    // One that is refused is told, with the server's words, and so are the others' names.
    let sent = run(
        site.bus(),
        &[
            "mail",
            "send",
            "--text",
            "x",
            "one@example.org",
            postfix::REFUSED,
        ],
    )?;
    sent.bad(69, "nobody@example.org: ")?;
    ensure!(sent.stderr.contains("550 "), "{sent:?}");
    let sent = run(
        site.bus(),
        &["--json", "mail", "send", "--text", "x", postfix::REFUSED],
    )?;
    let told = sent.json()?;
    ensure!(
        sent.status == Some(69) && told["job"] == 3 && told["state"] == "failed",
        "{told}"
    );
    ensure!(
        told["error"]["name"] == "org.hayesd1.Error.Rejected",
        "{told}"
    );
    ensure!(told["rejected"][0]["address"] == postfix::REFUSED, "{told}");
    Ok(())
}

#[tokio::test]
async fn whole_messages_go_as_they_are() -> Result<()> {
    let server = SmtpServer::accept_all()?;
    let (site, _client) = site(server.port()).await?;
    let message = b"From: pump7@example.org\nTo: one@example.org\nCc: A <cc@example.org>\n\
        Bcc: bcc@example.org\nSubject: raw\n\n.\nfirst\n.second\n";
    run_with(site.bus(), &["mail", "send", "-t", "-i"], message)?.good()?;
    // A file instead of a pipe is passed as it is.
    let path = site.folder().write("message", message)?;
    let child = command(
        site.bus(),
        &["mail", "send", "--raw", "two@example.org", "--json"],
    )?
    .stdin(Stdio::from(fs::File::open(path)?))
    .spawn()?;
    let told = ended(child)?.good()?.json()?;
    ensure!(
        told["state"] == "done" && told["reply"] == "250 2.0.0 Ok: queued",
        "{told}"
    );
    let taken = server.taken();
    let recipients: Vec<_> = taken.iter().map(|one| one.recipients.clone()).collect();
    ensure!(
        recipients
            == [
                vec!["one@example.org", "cc@example.org", "bcc@example.org"],
                vec!["two@example.org"]
            ],
        "{recipients:?}"
    );
    for one in taken {
        let text = String::from_utf8(one.message)?;
        ensure!(
            text.ends_with("\r\n\r\n.\r\nfirst\r\n.second\r\n"),
            "{text:?}"
        );
        ensure!(!text.contains("Bcc"), "{text:?}");
    }
    run_with(
        site.bus(),
        &["mail", "send", "-t"],
        b"Subject: x\n\nTo: one@example.org\n",
    )?
    .bad(64, "no recipient")?;
    // Programs leave From to sendmail, and so to us.
    let message = b"To: one@example.org\nSubject: x\n\nFrom: nobody\n";
    run_with(site.bus(), &["mail", "send", "-t"], message)?.good()?;
    let taken = server.taken();
    let last = taken.last().context("a mail")?;
    ensure!(
        last.header("From").as_deref() == Some("\"Pump 7\" <pump7@example.org>"),
        "{last:?}"
    );
    Ok(())
}

/// The queue keeps a mail that the server refuses for now: that is success, and `queue`, `job` and `--final`
/// say more.
#[tokio::test]
async fn a_mail_in_the_queue_is_not_sent_again() -> Result<()> {
    let gate = Gate::default();
    let pass = gate.clone();
    let server = SmtpServer::start(move |step, _| {
        pass.pass(step);
        match step {
            Step::Rcpt => Answer::Line("450 4.2.1 mailbox \u{1b}[2Jis busy"),
            _ => Answer::Usual,
        }
    })?;
    let (site, client) = site(server.port()).await?;
    let send = ["mail", "send", "--text", "x", "one@example.org"];
    let sent = run(site.bus(), &send)?.good()?;
    ensure!(
        sent.text()
            .starts_with("job 1 is in the queue and tried again at 2")
            && sent.text().contains("450 4.2.1"),
        "{sent:?}"
    );
    let queue = run(site.bus(), &["mail", "queue"])?.good()?.text();
    ensure!(
        queue.lines().count() == 2
            && queue.contains("  1  deferred  ")
            && queue.contains("one@example.org"),
        "{queue}"
    );
    ensure!(!queue.contains('\u{1b}'), "{queue:?}");
    let queue = run(site.bus(), &["--json", "mail", "queue"])?
        .good()?
        .json()?;
    ensure!(
        queue[0]["id"] == 1 && queue[0]["recipients"][0]["outcome"] == "pending",
        "{queue}"
    );
    run(site.bus(), &["job", "wait", "1"])?.bad(75, "deferred: ")?;
    run(
        site.bus(),
        &["job", "wait", "--final", "--timeout", "1", "1"],
    )?
    .bad(75, "deferred: the server refused")?;

    // To the end: it is cancelled by somebody else.
    let waiting = command(site.bus(), &[&send[..], &["--final"]].concat())?.spawn()?;
    client
        .until("/org/hayesd1/job/2", "Job", "State", "deferred")
        .await?;
    run(site.bus(), &["job", "cancel", "1", "2"])?.good()?;
    ended(waiting)?.bad(69, "(job 2)")?;
    let shown = run(site.bus(), &["job", "show", "2"])?.good()?.text();
    ensure!(
        shown.contains("state          cancelled") || shown.contains("cancelled"),
        "{shown}"
    );

    // Retried by hand, and by all.
    run(site.bus(), &send)?.good()?;
    gate.close_at(Step::Connect);
    run(site.bus(), &["job", "retry", "3"])?.good()?;
    gate.reached()?;
    run(site.bus(), &["job", "release", "3"])?.bad(75, "(job 3)")?;
    gate.open();
    client
        .until("/org/hayesd1/job/3", "Job", "State", "deferred")
        .await?;
    gate.close_at(Step::Connect);
    run(site.bus(), &["mail", "flush"])?.good()?;
    gate.reached()?;
    gate.open();
    run(site.bus(), &["job", "cancel", "3"])?.good()?;
    let list = run(
        site.bus(),
        &["job", "list", "--state", "cancelled", "--kind", "mail"],
    )?;
    ensure!(list.good()?.text().lines().count() == 4);
    run(site.bus(), &["job", "release", "1", "2", "3"])?.good()?;
    let list = run(site.bus(), &["--json", "job", "list"])?.good()?;
    ensure!(list.json()? == serde_json::json!([]), "{list:?}");
    let none = run(site.bus(), &["job", "show", "1"])?;
    none.bad(66, "1")
}

#[tokio::test]
async fn ctrl_c_cancels_the_job_and_no_wait_leaves_it() -> Result<()> {
    let (server, gate) = SmtpServer::gated()?;
    let (site, client) = site(server.port()).await?;
    let send = ["mail", "send", "--text", "x", "one@example.org"];
    gate.close_at(Step::Data);
    let child = command(site.bus(), &send)?.spawn()?;
    gate.reached()?;
    interrupt(&child)?;
    ended(child)?.bad(130, "interrupted; job 1 is cancelled")?;
    gate.open();
    let state: String = client
        .property("/org/hayesd1/job/1", "Job", "State")
        .await?;
    ensure!(state == "cancelled" && server.taken().is_empty(), "{state}");

    // What is still being read was never a mail.
    let mut child = command(site.bus(), &["mail", "send", "one@example.org"])?
        .stdin(Stdio::piped())
        .spawn()?;
    let mut stdin = child.stdin.take().context("a pipe")?;
    std::io::Write::write_all(&mut stdin, &[b'x'; 100_000])?;
    interrupt(&child)?;
    ensure!(ended(child)?.status.is_none());
    drop(stdin);

    gate.close_at(Step::Data);
    let told = run(
        site.bus(),
        &[&send[..], &["--no-wait", "--token", "t-1"]].concat(),
    )?
    .good()?;
    ensure!(told.text() == "2\n", "{told:?}");
    gate.reached()?;
    // The same token is the same job.
    let again = run(
        site.bus(),
        &[&send[..], &["--no-wait", "--token", "t-1"]].concat(),
    )?
    .good()?;
    ensure!(again.text() == "2\n", "{again:?}");
    let waiting = command(site.bus(), &["job", "wait", "2"])?.spawn()?;
    gate.open();
    ensure!(ended(waiting)?.good()?.text() == "job 2 is done\n");
    // What is done is not said to be cancelled; what is cancelled may be cancelled again.
    run(site.bus(), &["job", "cancel", "2"])?.bad(69, "it is over: done (job 2)")?;
    run(site.bus(), &["job", "cancel", "1"])?.good()?;
    ensure!(server.taken().len() == 1);
    Ok(())
}

/// The daemon dies while a mail is on its way, and comes back: the call goes on as if nothing had been.
#[tokio::test]
async fn a_daemon_that_comes_back_is_waited_for() -> Result<()> {
    let (server, gate) = SmtpServer::gated()?;
    let (mut site, _client) = site(server.port()).await?;
    gate.close_at(Step::Mail);
    let child = command(
        site.bus(),
        &["mail", "send", "--text", "x", "one@example.org"],
    )?
    .spawn()?;
    gate.reached()?;
    site.kill()?;
    gate.open();
    let _client = site.start().await?;
    let sent = ended(child)?.good()?;
    ensure!(sent.text().contains("(job 1)"), "{sent:?}");
    ensure!(
        sent.stderr.contains("went away") && sent.stderr.contains("waiting for it"),
        "{sent:?}"
    );
    ensure!(server.taken().iter().filter(|one| one.accepted).count() == 1);
    Ok(())
}

/// So does a bus that is killed: hayesd and hayesctl find each other on the next one.
#[tokio::test]
async fn a_bus_that_comes_back_is_waited_for() -> Result<()> {
    let (server, gate) = SmtpServer::gated()?;
    let (mut site, _client) = site(server.port()).await?;
    gate.close_at(Step::Mail);
    let send = ["mail", "send", "--text", "x", "one@example.org"];
    let child = command(site.bus(), &send)?.spawn()?;
    gate.reached()?;
    site.bus_mut().restart()?;
    site.kill()?;
    gate.open();
    let _client = site.start().await?;
    let sent = ended(child)?.good()?;
    ensure!(sent.text().contains("(job 1)"), "{sent:?}");
    ensure!(sent.stderr.contains("went away"), "{sent:?}");
    ensure!(server.taken().iter().filter(|one| one.accepted).count() == 1);
    Ok(())
}

/// hayesd reads four descriptors of a user at a time; sixteen calls at once are all served.
#[tokio::test]
async fn a_crowd_is_served() -> Result<()> {
    let server = SmtpServer::accept_all()?;
    let (site, _client) = site(server.port()).await?;
    let message = site
        .folder()
        .write("message", b"From: pump7@example.org\n\nPressure is low.\n")?;
    let children: Vec<_> = (0..16)
        .map(|_| {
            let raw = ["mail", "send", "--raw", "one@example.org"];
            let mut call = command(site.bus(), &raw)?;
            Ok(call.stdin(fs::File::open(&message)?).spawn()?)
        })
        .collect::<Result<_>>()?;
    for child in children {
        ended(child)?.good()?;
    }
    ensure!(server.taken().len() == 16);
    Ok(())
}
