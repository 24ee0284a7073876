//! What is wrong is said, where, and nothing stops for it.

use anyhow::{Context as _, Result, ensure};
use hayes_tests::client::{Client, Map, error_name};
use hayes_tests::office::{Account, Office, Route};
use hayes_tests::site::Site;
use hayes_tests::smtp::SmtpServer;
use std::fs;
use std::os::unix::fs::PermissionsExt as _;
use std::path::Path;
use zbus::Variant;

/// A configuration, the line that is wrong in it, and words that `hayesd check` has to use.
type Wrong = (String, u32, &'static [&'static str]);

/// Wrong whatever the machine.
const WRONG: &[(&str, u32, &[&str])] = &[
    ("[daemon]\nvai = ['ip']", 2, &["vai"]),
    ("[daemon]\nvia = ['pigeon']", 2, &["via", "pigeon"]),
    (
        "[daemon]\nqueue = { first = 'soon' }",
        2,
        &["first", "soon"],
    ),
    ("[daemon]\nbus = 7", 2, &["bus"]),
    ("[daemon", 1, &[]),
    (
        "[emulator.panel]\ndevice = '/dev/ttyS1'\ndialect = 'klingon'",
        3,
        &["dialect", "klingon"],
    ),
    (
        "[emulator.'a/b']\ndevice = '/dev/ttyS1'\ndialect = 'quectel'",
        1,
        &["a/b"],
    ),
    ("[modem.lte]\ndevice = 'ttyUSB0'", 2, &["device", "ttyUSB0"]),
    (
        "[account.a]\nfrom = 'a@example.org'\nsmtp = { host = 'h.example.org', port = 70000 }",
        3,
        &["port"],
    ),
    (
        "[account.a]\nfrom = 'a@example.org'\nsmtp = { host = 'h', user = 'u', password = 'geheim' }",
        3,
        &["password"],
    ),
    (
        "[account.a]\nfrom = 'a@example.org'\nsmtp = { host = 'h', tls = 'none', user = 'u', password = { file = '/s' } }",
        3,
        &["plain_auth", "in clear"],
    ),
];

/// Wrong because of what this machine has.
fn wrong_here(site: &Site) -> Result<Vec<Wrong>> {
    let account = |path: &Path| {
        format!(
            "[account.a]\nfrom = 'a@example.org'\nsmtp = {{ host = 'h', user = 'u', password = {{ file = '{}' }} }}",
            path.display()
        )
    };
    let emulator = |path: &Path| {
        format!(
            "[emulator.panel]\ndialect = 'quectel'\ndevice = '{}'",
            path.display()
        )
    };
    let file = site.folder().write("dev/file", "not a TTY")?;
    let readable = site.folder().write("readable", "secret")?;
    fs::set_permissions(&readable, fs::Permissions::from_mode(0o644))?;
    Ok(vec![
        (
            account(Path::new("/nowhere/secret")),
            3,
            &["/nowhere/secret"],
        ),
        (account(&readable), 3, &["readable"]),
        (emulator(&file), 3, &["regular file"]),
        (emulator(Path::new("/dev/null")), 3, &["/dev/null"]),
    ])
}

#[test]
fn check_names_file_line_and_key() -> Result<()> {
    let site = Site::new()?;
    let anywhere = WRONG
        .iter()
        .map(|&(config, line, words)| (config.to_owned(), line, words));
    for (config, line, words) in anywhere.chain(wrong_here(&site)?) {
        let path = site.folder().write("hayesd.toml", &config)?;
        let output = site.daemon_command(&["check"])?.output()?;
        let said = String::from_utf8([output.stdout, output.stderr].concat())?;
        ensure!(
            output.status.code() == Some(2),
            "{config}ended with {} and said {said}",
            output.status
        );
        let place = format!("{}:{line}", path.display());
        for word in words.iter().chain([&place.as_str()]) {
            ensure!(
                said.contains(word),
                "{config}is told as {said}\nwithout {word}"
            );
        }
        ensure!(!said.contains("geheim"), "a secret was printed: {said}");
    }
    Ok(())
}

#[test]
fn check_is_content_with_what_is_right() -> Result<()> {
    let site = Site::new()?;
    site.configure("[emulator.panel]\ndevice = \"pty:panel\"\ndialect = \"quectel\"\n")?;
    let output = site.daemon_command(&["check"])?.output()?;
    ensure!(output.status.success(), "{output:?}");
    Ok(())
}

/// The service itself does not start with a wrong configuration, and says the same.
#[test]
fn service_refuses_a_wrong_configuration() -> Result<()> {
    let site = Site::new()?;
    site.configure("vai = [\"ip\"]\n")?;
    let output = site.daemon_command(&[])?.output()?;
    ensure!(!output.status.success());
    let said = String::from_utf8([output.stdout, output.stderr].concat())?;
    ensure!(
        said.contains("vai") && said.contains("hayesd.toml:5"),
        "{said}"
    );
    Ok(())
}

/// A device that the helper refuses does not keep the others from working.
#[tokio::test]
async fn refused_device_is_a_state_not_an_end() -> Result<()> {
    let mut site = Site::new()?;
    let file = site.folder().write("dev/file", "not a TTY")?;
    site.configure(&format!(
        "[emulator.file]\ndevice = \"{}\"\ndialect = \"quectel\"\n\
         [emulator.outside]\ndevice = \"/dev/ttyS0\"\ndialect = \"quectel\"\n\
         [emulator.panel]\ndevice = \"pty:panel\"\ndialect = \"quectel\"\n",
        file.display()
    ))?;
    let client = site.start().await?;
    for (name, state) in [("file", "refused"), ("panel", "command")] {
        let path = format!("/org/hayesd1/emulator/{name}");
        client.until(&path, "Emulator", "State", state).await?;
    }
    Ok(())
}

async fn refused(client: &Client, what: &str, message: Map<'_>, wanted: &str) -> Result<()> {
    let error = client
        .send(message, Map::new())
        .await
        .err()
        .with_context(|| format!("{what} was taken"))?;
    let name = error_name(&error).with_context(|| format!("{what}: {error}"))?;
    ensure!(name == wanted, "{what} is {name}, not {wanted}: {error}");
    Ok(())
}

/// Messages that `Mail.Send` must refuse, and as what.
fn refusable() -> Vec<(&'static str, Map<'static>)> {
    let long = "x".repeat(1 << 20);
    let to = |list: &[&str]| {
        let list: Vec<String> = list.iter().map(|&one| one.to_owned()).collect();
        ("to", Variant::from(list))
    };
    let good = || to(&["one@example.org"]);
    let subject = |text: &str| ("subject", Variant::from(text.to_owned()));
    let text = || ("text", Variant::from("text"));
    vec![
        ("no recipient", Map::from([text()])),
        ("an empty list", Map::from([to(&[]), text()])),
        ("an empty address", Map::from([to(&[""]), text()])),
        ("no address", Map::from([to(&["nobody"]), text()])),
        (
            "CR LF in an address",
            Map::from([to(&["a@example.org>\r\nRCPT TO:<b@example.org"]), text()]),
        ),
        (
            "CR LF after an address",
            Map::from([to(&["a@example.org\r\nBcc: b@example.org"]), text()]),
        ),
        (
            "a NUL-free address of 1 MB",
            Map::from([to(&[&format!("{long}@example.org")]), text()]),
        ),
        (
            "CR LF in the subject",
            Map::from([good(), subject("a\r\nBcc: b@example.org"), text()]),
        ),
        (
            "a subject of 1 MB",
            Map::from([good(), subject(&long), text()]),
        ),
        (
            "an unknown key",
            Map::from([good(), text(), ("tetx", Variant::from("x"))]),
        ),
        (
            "a number as text",
            Map::from([good(), ("text", Variant::from(7_u32))]),
        ),
        (
            "a string as list",
            Map::from([("to", Variant::from("one@example.org")), text()]),
        ),
        (
            "a foreign sender with CR LF",
            Map::from([good(), text(), ("from", Variant::from("a@example.org\r\n"))]),
        ),
    ]
}

#[tokio::test]
async fn bad_arguments_on_the_bus() -> Result<()> {
    let server = SmtpServer::accept_all()?;
    let office = Office::open(Route::Ip, &Account::bare(server.port())).await?;
    let client = &office.client;
    let invalid = "InvalidArgument";
    for (what, message) in refusable() {
        refused(client, what, message, invalid).await?;
    }
    let simple = |to: &'static str, subject: &'static str| {
        client.send_simple(to, subject, "text", Map::new())
    };
    for (to, subject) in [
        ("", "s"),
        ("one@example.org\r\n.", "s"),
        ("one@example.org", "a\nb"),
        ("<<>>", "s"),
    ] {
        let error = simple(to, subject).await.err().context("it was taken")?;
        ensure!(
            error_name(&error).as_deref() == Some(invalid),
            "{to:?}, {subject:?}: {error}"
        );
    }
    let unknown: zbus::Result<zbus::OwnedObjectPath> = client
        .call(
            "/org/hayesd1",
            "Mail",
            "SendSimple",
            &("nobody", "one@example.org", "s", "t", Map::new()),
        )
        .await;
    let error = unknown.err().context("an unknown account was taken")?;
    ensure!(error_name(&error).as_deref() == Some("NotFound"), "{error}");

    // After all that, a mail goes through; and it is the only one.
    let job = client
        .send_simple("one@example.org", "good", "text", Map::new())
        .await?;
    client.done(&job).await?;
    ensure!(server.taken().len() == 1 && server.connections() == 1);
    ensure!(!office.site.daemon_log().contains("panicked"));
    Ok(())
}

/// A text of 1 MB is a mail like any other.
#[tokio::test]
async fn one_megabyte_of_text_arrives() -> Result<()> {
    let server = SmtpServer::accept_all()?;
    let office = Office::open(Route::Ip, &Account::bare(server.port())).await?;
    let text = "0123456789abcde\n".repeat(1 << 16);
    let job = office
        .client
        .send_simple("one@example.org", "long", &text, Map::new())
        .await?;
    office.client.done(&job).await?;
    let taken = server.taken();
    ensure!(taken.len() == 1 && taken[0].message.len() > 1 << 20);
    Ok(())
}
