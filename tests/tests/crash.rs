//! `kill -9` of the daemon, again and again: no accepted mail is lost, none goes twice unless the server's
//! answer was never read, and equipment loses at most the command in flight.

use anyhow::{Result, anyhow, ensure};
use hayes_tests::client::{Client, Map};
use hayes_tests::equipment::Equipment;
use hayes_tests::module::Module;
use hayes_tests::office::{Account, Office, Route};
use hayes_tests::process::show;
use hayes_tests::quectel::{self, Kind, SslType};
use hayes_tests::site::Site;
use hayes_tests::smtp::{Answer, SmtpServer, Step, Taken};
use hayes_tests::terminal::Terminal;
use hayes_tests::{scale, wait};
use std::thread::sleep;
use std::time::{Duration, Instant};

/// A retry soon, so that the test is not all waiting.
const QUEUE: &str = r#"queue = { first = "1 s", longest = "1 s", expiry = "1 h" }"#;

/// A server that takes its time at each step, so that kills fall between all of them.
fn unhurried() -> Result<SmtpServer> {
    SmtpServer::start(|_, _| {
        sleep(Duration::from_millis(4));
        Answer::Usual
    })
}

async fn send(client: &Client, number: usize) -> Result<String> {
    let subject = format!("number {number}");
    Ok(client
        .send_simple("one@example.org", &subject, "text", Map::new())
        .await?)
}

fn copies(server: &SmtpServer, number: usize) -> Vec<Taken> {
    let subject = format!("number {number}");
    let mut taken = server.taken();
    taken.retain(|one| one.accepted && one.header("Subject").as_deref() == Some(&subject));
    taken
}

/// Kills at `points` moments that lie evenly between `Send`'s answer and the delivery, in `sites` sites at
/// once: most of a point is waiting.
fn kill_between_send_and_delivery(route: Route, points: usize, sites: usize) -> Result<()> {
    let site = |first: usize| {
        let runtime = tokio::runtime::Builder::new_current_thread()
            .enable_all()
            .build()?;
        let numbers: Vec<_> = (first..points).step_by(sites).collect();
        runtime.block_on(kill_at(route, &numbers, points))
    };
    std::thread::scope(|scope| {
        let running: Vec<_> = (0..sites)
            .map(|first| scope.spawn(move || site(first)))
            .collect();
        let ends = running.into_iter().map(|one| {
            one.join()
                .unwrap_or_else(|_| Err(anyhow!("a site's thread panicked")))
        });
        // All are waited for, whatever the first says.
        ends.collect::<Vec<_>>().into_iter().collect()
    })
}

/// Kills at these of `points` moments, each for the mail of its number.
async fn kill_at(route: Route, numbers: &[usize], points: usize) -> Result<()> {
    let server = unhurried()?;
    let mut office = Office::open_with(route, &Account::bare(server.port()), QUEUE).await?;

    let begin = Instant::now();
    let job = send(&office.client, points).await?;
    office.client.done(&job).await?;
    let whole = begin.elapsed();

    let mut jobs = Vec::new();
    for &number in numbers {
        jobs.push(send(&office.client, number).await?);
        let share = f64::from(u32::try_from(number)?) / f64::from(u32::try_from(points)?);
        sleep(whole.mul_f64(share));
        office.crash().await?;
        // A module is asked who it is first: the kills are for the mail.
        office.ready().await?;
    }
    wait::until("every mail to arrive", 4 * wait::LONG, || {
        let arrived = |&number| !copies(&server, number).is_empty();
        numbers.iter().all(arrived).then_some(())
    })?;
    // What is sent once more comes now, and not when the test is over.
    wait::until_async("the queue to be empty", wait::LONG, async || {
        let length = office
            .client
            .property("/org/hayesd1", "Mail", "QueueLength");
        let length: Result<u32> = length.await;
        (length.ok()? == 0).then_some(())
    })
    .await?;

    let mut twice = 0;
    for (&number, job) in numbers.iter().zip(&jobs) {
        let copies = copies(&server, number);
        let earlier = copies.split_last().map_or(&[][..], |(_, earlier)| earlier);
        if earlier.is_empty() {
            continue;
        }
        match route {
            Route::Ip => went_twice_unread(number, &copies, earlier)?,
            // The played module may have read what the driver was never told; then it is said so.
            Route::Driver => {
                let outcome = office.client.wait(job).await?;
                ensure!(
                    outcome.result.contains_key("possible_duplicate"),
                    "number {number} went twice, and nobody is told: {outcome:?}"
                );
            }
        }
        twice += earlier.len();
    }
    // How many is chance: several mails are under way at each kill, and each that the server has taken and
    // not yet answered goes twice. That it is only those was looked at above.
    let kills = numbers.len();
    let told =
        format!("{kills} kills within {whole:?}, {twice} copies where the answer was unread");
    show("crash", &told);
    Ok(())
}

/// Only the answer to the last copy was read, and all are one message.
fn went_twice_unread(number: usize, copies: &[Taken], earlier: &[Taken]) -> Result<()> {
    for copy in earlier {
        ensure!(
            !copy.answer_was_read,
            "number {number} was sent again after it was known to be delivered"
        );
        ensure!(
            copy.header("Message-ID") == copies[0].header("Message-ID"),
            "number {number} is another message each time"
        );
    }
    Ok(())
}

#[test]
fn kills_between_send_and_delivery_by_ip() -> Result<()> {
    kill_between_send_and_delivery(Route::Ip, scale::of(200, 2000), 2)
}

#[test]
fn kills_between_send_and_delivery_by_driver() -> Result<()> {
    kill_between_send_and_delivery(Route::Driver, scale::of(200, 2000), 5)
}

/// An office and its equipment, with a mail composed but for its body.
async fn composed(server: &SmtpServer) -> Result<(Office, Equipment)> {
    let office = Office::open(Route::Ip, &Account::bare(server.port())).await?;
    let mut equipment = office.equipment()?;
    equipment.ok("ATE0")?;
    quectel::set_up(&mut equipment, server.port(), SslType::None, None)?;
    quectel::recipients(&mut equipment, &[(Kind::To, "one@example.org")])?;
    equipment.ok(r#"AT+QSMTPSUB=0,"number 1""#)?;
    Ok((office, equipment))
}

/// The settings are those that were made before the daemon died.
fn settings_are_kept(equipment: &mut Equipment, server: &SmtpServer) -> Result<()> {
    let server = format!(r#"+QSMTPCFG: "smtpserver","localhost",{}"#, server.port());
    let lines = equipment.ok(r#"AT+QSMTPCFG="smtpserver""#)?;
    ensure!(lines == [server.as_str(), "OK"], "{lines:?}");
    let lines = equipment.ok("AT+QSMTPDST?")?;
    ensure!(
        lines == [r#"+QSMTPDST: 1,"one@example.org""#, "OK"],
        "{lines:?}"
    );
    let lines = equipment.ok("AT+QIACT?")?;
    ensure!(lines.len() == 2, "{lines:?}");
    Ok(())
}

/// At several points of a body: the rest of it goes nowhere, above all not to the command interpreter.
#[tokio::test]
async fn kill_in_the_middle_of_a_body() -> Result<()> {
    let server = SmtpServer::accept_all()?;
    let (mut office, mut equipment) = composed(&server).await?;
    let name = std::fs::read_link(office.site.pty("panel"))?;
    let body =
        b"first line\r\nAT+QSMTPDST=0\r\nAT+QIDEACT=1\r\nATE1\r\nAT+QSMTPPUT=60\r\nlast line\r\n";
    // Also at once after the prompt, by which the helper knows what it is a prompt for.
    for sent_before in [0, 0, 0, 0, 1, 12, 30, body.len() - 1] {
        let (before, after) = body.split_at(sent_before);
        equipment.send(format!("AT+QSMTPBODY=0,{},60\r", body.len()))?;
        equipment.expect("CONNECT\r\n")?;
        equipment.send(before)?;
        office.site.kill()?;
        equipment.send(after)?;
        office.client = office.site.start().await?;
        let lines = equipment.result()?;
        let last = lines.last().map(String::as_str).unwrap_or_default();
        ensure!(
            last.starts_with("+CME ERROR: ") || last == "ERROR",
            "{lines:?}"
        );
        settings_are_kept(&mut equipment, &server)?;
    }
    ensure!(
        std::fs::read_link(office.site.pty("panel"))? == name,
        "another terminal has the name"
    );
    ensure!(server.connections() == 0, "the body was run");

    quectel::body(&mut equipment, 0, b"text")?;
    ensure!(quectel::put(&mut equipment)? == "0,0");
    ensure!(copies(&server, 1).len() == 1);
    Ok(())
}

/// At each step of the session with the server: equipment is told, sends again what was told to have
/// failed, and the mail is there.
#[tokio::test]
async fn kill_while_a_mail_is_put() -> Result<()> {
    let (server, gate) = SmtpServer::gated()?;
    let (mut office, mut equipment) = composed(&server).await?;
    quectel::body(&mut equipment, 0, b"text")?;
    let steps = [
        Step::Connect,
        Step::Ehlo,
        Step::Mail,
        Step::Rcpt,
        Step::Data,
        Step::Message,
        Step::Answered,
    ];
    let mut unread = 0;
    for step in steps {
        let before = copies(&server, 1).len();
        gate.close_at(step);
        equipment.ok("AT+QSMTPPUT=60")?;
        gate.reached()?;
        office.site.kill()?;
        gate.open();
        office.client = office.site.start().await?;
        let told = quectel::put_result(&mut equipment)?;
        let after_first = copies(&server, 1);
        settings_are_kept(&mut equipment, &server)?;
        let first = after_first.len() - before;
        if told == "0,0" {
            ensure!(first == 1, "told success at {step:?}, but {first} came");
            continue;
        }
        ensure!(
            first == 0 || matches!(step, Step::Message | Step::Answered),
            "{step:?}: {told}"
        );
        unread += first;
        ensure!(
            quectel::put(&mut equipment)? == "0,0",
            "the next mail after {step:?}"
        );
        ensure!(copies(&server, 1).len() == before + first + 1, "{step:?}");
    }
    show(
        "crash",
        &format!("{unread} copies where the answer was unread"),
    );
    Ok(())
}

const LTE: &str = "/org/hayesd1/modem/lte";

/// A daemon whose only way out is a module that a test plays.
async fn with_module() -> Result<(Site, Client, Terminal, Module)> {
    let mut site = Site::new()?;
    let path = site.device("ttyModem");
    let (terminal, far_end) = Terminal::plug_in(&path)?;
    let module = Module::start(far_end);
    site.configure(&format!(
        r#"via = ["modem:lte"]
default_account = "main"

[account.main]
from = "Pump 7 <pump7@example.org>"
smtp = {{ host = "smtp.example.org", port = 25, tls = "none" }}

[modem.lte]
device = "{}"
"#,
        path.display()
    ))?;
    let client = site.start().await?;
    client.until(LTE, "Modem", "State", "ready").await?;
    Ok((site, client, terminal, module))
}

/// A module goes on sending when the daemon dies, and tells its result to whoever has the port then: while
/// nobody listens, or after the next daemon has come. Either way the mail is known to be sent, or not.
#[tokio::test]
async fn a_module_tells_its_result_to_the_next_daemon() -> Result<()> {
    for (result, while_dead, state) in [
        ("0,0", true, "done"),
        ("0,0", false, "done"),
        ("678,550", true, "failed"),
    ] {
        let (mut site, client, _terminal, module) = with_module().await?;
        let job = send(&client, 1).await?;
        module.reached("+QSMTPPUT", 1)?;
        site.kill()?;
        if while_dead {
            module.sending_ends(result)?;
        }
        let client = site.start().await?;
        if !while_dead {
            // It is asked whether it is still sending: before that it took settings only for the mail.
            let asked = r#"+QSMTPCFG="contextid""#;
            module.reached(asked, 2)?;
            module.sending_ends(result)?;
        }
        client.until(LTE, "Modem", "State", "ready").await?;
        let outcome = client.wait(&job).await?;
        ensure!(outcome.state == state, "{result}: {outcome:?}");
        ensure!(
            !outcome.result.contains_key("possible_duplicate"),
            "{result}: {outcome:?}"
        );
        // The next one is another one.
        let next = send(&client, 2).await?;
        module.reached("+QSMTPPUT", 2)?;
        module.sending_ends("0,0")?;
        client.done(&next).await?;
        ensure!(module.count("+QSMTPPUT") == 2, "a mail was sent twice");
        module.stop()?;
    }
    Ok(())
}

/// What the module told is lost: the mail is sent again, and said to be so.
#[tokio::test]
async fn a_result_that_nobody_heard_is_unknown() -> Result<()> {
    let (mut site, client, _terminal, module) = with_module().await?;
    let job = send(&client, 1).await?;
    module.reached("+QSMTPPUT", 1)?;
    site.kill()?;
    // The port goes with its holder, and with it what is said meanwhile.
    site.helper()?.kill()?;
    module.sending_ends("0,0")?;
    site.start_helper()?;
    let client = site.start().await?;
    // What a holder leaves behind that is killed as well (TIOCEXCL) keeps the next one out.
    client.until(LTE, "Modem", "State", "refused").await?;
    let outcome = client.wait(&job).await?;
    ensure!(outcome.state == "deferred", "{outcome:?}");
    ensure!(
        outcome.result.contains_key("possible_duplicate"),
        "{outcome:?}"
    );
    module.stop()
}
