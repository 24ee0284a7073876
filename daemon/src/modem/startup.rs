//! Bringing a module to answer, recognising it, configuring it.
//!
//! Nothing is assumed: after a crash a module may be in data mode, at a prompt, at another speed, with
//! echo on, with numeric results or none.

use super::chat::{Chat, ChatError, Result};
use super::drive::Drive;
use super::expect::Expect;
use super::line::Line;
use super::settings::Settings;
use super::snapshot::{Board, Identity};
use crate::at::response::{FinalResult, split_name};
use crate::dialect;
use core::time::Duration;
use hayes_ldisc::record::{Flow, LineSettings};
use tokio::time::Instant;

/// How long a module gets to say `OK` to a greeting.
const GREETING: Duration = Duration::from_millis(500);

/// What a module said while nobody listened is over after so long without a byte.
const QUIET: Duration = Duration::from_millis(200);

/// A module that sends a file pauses no longer than this, most of the time.
const TALKS: Duration = Duration::from_secs(2);

/// A file that a module sends takes no longer; a module that talks on is none that does.
const LONGEST_STREAM: Duration = Duration::from_secs(900);

/// A module of which nothing is known is given the rest of a file for so long, in case that it counts.
const UNSURE: Duration = Duration::from_secs(10);

/// Speeds that modules are found at when the configured one is silent, the usual first.
const SPEEDS: [u32; 8] = [
    115_200, 9600, 57_600, 38_400, 19_200, 230_400, 460_800, 921_600,
];

/// Time for what only a module that has just started takes long for.
const SLOW: Duration = Duration::from_secs(15);

/// A SIM that is being read is ready within this time, and asked for so often.
const SIM: Duration = Duration::from_secs(30);
const SIM_AGAIN: Duration = Duration::from_secs(2);

/// Why a module cannot be used although it answers.
#[derive(Debug)]
pub(super) enum Unusable {
    /// The dialogue failed.
    Chat(ChatError),
    /// It is not what was expected; for a person.
    Wrong(String),
}

impl From<ChatError> for Unusable {
    fn from(error: ChatError) -> Self {
        Self::Chat(error)
    }
}

/// Brings a module in whatever state to answer, and in step.
pub(super) async fn wake(chat: &mut Chat, line: LineSettings) -> Result<()> {
    if !call(chat).await? {
        insist(chat, line).await?;
    }
    chat.resync().await
}

/// Hears a module out and greets it; whether it answered. It is not disturbed in what it does: one that is still
/// sending a file, for an earlier daemon perhaps, comes to its end.
pub(super) async fn call(chat: &mut Chat) -> Result<bool> {
    chat.begin_anew().await?;
    chat.listen_to_quiet(QUIET).await?;
    if greet(chat, 3).await? {
        return Ok(true);
    }
    if chat.hear_out(TALKS, LONGEST_STREAM).await? {
        return greet(chat, 3).await;
    }
    Ok(false)
}

/// Brings a module to answer that does not when it is greeted.
pub(super) async fn insist(chat: &mut Chat, line: LineSettings) -> Result<()> {
    if answers(chat, line).await? {
        return Ok(());
    }
    Err(ChatError::Lost)
}

async fn answers(chat: &mut Chat, line: LineSettings) -> Result<bool> {
    chat.note("no answer: leaves a data mode");
    chat.escape().await?;
    if greet(chat, 2).await? {
        return Ok(true);
    }
    for exit in chat.exits() {
        chat.exit(exit).await?;
        if greet(chat, 2).await? {
            return Ok(true);
        }
    }
    chat.hang_up().await?;
    if greet(chat, 2).await? || (chat.fill_up(UNSURE).await? && greet(chat, 3).await?) {
        return Ok(true);
    }
    sweep(chat, line).await
}

/// Greets a module so many times; whether it answered. The first greeting is bare: a module that
/// measures the speed may lose it.
async fn greet(chat: &mut Chat, times: u32) -> Result<bool> {
    let any = Expect::any().within(GREETING).or_numeric();
    for nth in 0..times {
        let line = Line::new(if nth == 0 { "" } else { "E0V1Q0" });
        match chat.nudge(&line, any).await {
            Ok(_) => return settle(chat).await,
            Err(ChatError::TimedOut(_) | ChatError::DataMode) => {}
            Err(error) => return Err(error),
        }
    }
    Ok(false)
}

/// No echo, results, in words. With `V0` before, its own result may still be a number.
async fn settle(chat: &mut Chat) -> Result<bool> {
    let any = Expect::any().or_numeric();
    match chat.nudge(&Line::new("E0V1Q0"), any).await {
        Ok(_) => Ok(true),
        Err(ChatError::TimedOut(_)) => Ok(false),
        Err(error) => Err(error),
    }
}

/// Looks for the module at other speeds, and brings it to the configured one.
async fn sweep(chat: &mut Chat, line: LineSettings) -> Result<bool> {
    for speed in SPEEDS.into_iter().filter(|speed| *speed != line.speed) {
        chat.configure(LineSettings { speed, ..line }).await?;
        if !greet(chat, 2).await? {
            continue;
        }
        let set = Line::new("+IPR").number(line.speed);
        match chat.nudge(&set, Expect::any()).await {
            Ok(_) | Err(ChatError::TimedOut(_)) => {}
            Err(error) => return Err(error),
        }
        chat.configure(line).await?;
        return greet(chat, 3).await;
    }
    chat.configure(line).await?;
    Ok(false)
}

/// Asks a module what it is.
pub(super) async fn identify(chat: &mut Chat) -> Result<Identity> {
    let mut identity = Identity {
        manufacturer: words(chat, "+CGMI").await?,
        model: words(chat, "+CGMM").await?,
        revision: words(chat, "+CGMR").await?,
    };
    if identity.manufacturer.is_empty() {
        let answer = chat.ask(&Line::new("I"), Expect::any()).await?;
        about(&answer.lines, &mut identity);
    }
    Ok(identity)
}

/// What `ATI` says: manufacturer, model, revision, a line each, perhaps with such a label before it.
fn about(lines: &[Vec<u8>], identity: &mut Identity) {
    let bare = lines
        .iter()
        .filter(|line| split_name(line).is_none() && !is_unsolicited(line));
    let parts = [
        ("Manufacturer:", &mut identity.manufacturer),
        ("Model:", &mut identity.model),
        ("Revision:", &mut identity.revision),
    ];
    let texts: Vec<String> = bare.map(|line| value_of(line)).collect();
    let labelled = |label: &str| {
        let of = |text: &String| Some(text.strip_prefix(label)?.trim().to_owned());
        texts.iter().find_map(of)
    };
    let has_labels = labelled(parts[0].0).is_some();
    for (nth, (label, part)) in parts.into_iter().enumerate() {
        let said = if has_labels {
            labelled(label)
        } else {
            texts.get(nth).cloned()
        };
        if part.is_empty() {
            *part = said.unwrap_or_default();
        }
    }
}

/// Whether some dialect knows the line as one that comes unasked, a bare one too: `PB DONE`.
fn is_unsolicited(line: &[u8]) -> bool {
    let urcs = |dialect: &&dialect::Dialect| {
        let urcs = dialect.drive.facts().syntax.urcs;
        urcs.iter().any(|urc| urc.matches(line))
    };
    dialect::ALL.iter().any(urcs)
}

/// The first line of a command's answer, without its name if it has one.
async fn words(chat: &mut Chat, command: &str) -> Result<String> {
    let answer = chat.ask(&Line::new(command), Expect::any()).await?;
    // No dialect says yet what is unsolicited: a line that bears another name is.
    let own = |line: &&Vec<u8>| {
        split_name(line).is_none_or(|(name, _)| name.eq_ignore_ascii_case(command.as_bytes()))
    };
    let said = |line: &&Vec<u8>| !is_unsolicited(line);
    let line = answer.lines.iter().filter(said).find(own);
    Ok(line.map(|line| value_of(line)).unwrap_or_default())
}

/// At most 64 printable characters of a line, without `+NAME:` and quotes.
fn value_of(line: &[u8]) -> String {
    let value = split_name(line).map_or(line, |(_, value)| value);
    String::from_utf8_lossy(value)
        .trim()
        .trim_matches('"')
        .chars()
        .filter(|c| !c.is_control())
        .take(64)
        .collect()
}

/// Recognises a module and configures it.
pub(super) async fn configure(
    chat: &mut Chat,
    settings: &Settings,
    board: &Board,
) -> std::result::Result<(), Unusable> {
    let identity = identify(chat).await?;
    let recognised = || {
        dialect::ALL
            .iter()
            .map(|dialect| dialect.drive)
            .find(|drive| drive.recognises(&identity))
    };
    let Some(drive) = settings.drive.or_else(recognised) else {
        return Err(Unusable::Wrong(format!(
            "no dialect knows this module: {:?} {:?}",
            identity.manufacturer, identity.model
        )));
    };
    chat.set_drive(Some(drive));
    set_up(chat, drive).await?;
    let flow = drive.facts().flow;
    if settings.line.flow == Flow::RtsCts && !flow.is_empty() {
        // A module that does not know it has it wired, or has none.
        chat.ask(&Line::new(flow), Expect::result()).await?;
    }
    if drive.facts().needs_sim {
        until_sim(chat).await?;
    }
    // They are asked for now, whatever was said before.
    chat.take_sim_ready();
    let services = services(chat, drive).await?;
    board.module(drive, identity, &services);
    Ok(())
}

/// Waits for a SIM that is being read. One that waits for a person, or that there is none of, is not waited for: when
/// it is ready after all, the module says so.
async fn until_sim(chat: &mut Chat) -> Result<()> {
    let until = Instant::now() + SIM;
    loop {
        let expect = Expect::line("+CPIN", &["s"]).within(SLOW);
        let answer = chat.ask(&Line::new("+CPIN?"), expect).await?;
        // 27.007 section 9.2: SIM failure, SIM busy.
        let soon = matches!(answer.result.number(), Some(13 | 14));
        if !soon || Instant::now() >= until {
            return Ok(());
        }
        chat.listen(SIM_AGAIN).await?;
    }
}

/// What a module can do, asked anew.
pub(super) async fn look_anew(
    chat: &mut Chat,
    drive: &'static dyn Drive,
    board: &Board,
) -> Result<()> {
    let services = services(chat, drive).await?;
    let identity = board.read(|now| Identity::clone(&now.identity));
    board.module(drive, identity, &services);
    Ok(())
}

/// Sends the dialect's set-up. Also after a person's command, which may have changed any of it.
pub(super) async fn set_up(
    chat: &mut Chat,
    drive: &'static dyn Drive,
) -> std::result::Result<(), Unusable> {
    for setup in drive.facts().setup {
        let line = Line::new(setup.command);
        let answer = chat.ask(&line, Expect::result().within(SLOW)).await?;
        if setup.required && !answer.result.is_ok() {
            return Err(Unusable::Wrong(format!(
                "the module answers {} to {}",
                answer.result,
                line.shown()
            )));
        }
    }
    Ok(())
}

async fn services(chat: &mut Chat, drive: &'static dyn Drive) -> Result<Vec<&'static str>> {
    let mut services = Vec::new();
    for service in drive.facts().services {
        let mut has = knows(chat, service.test).await?;
        for other in service.unless {
            has = has && !knows(chat, other).await?;
        }
        if has {
            services.push(service.name);
        }
    }
    Ok(services)
}

/// Whether the module knows a command, by its test form.
async fn knows(chat: &mut Chat, test: &str) -> Result<bool> {
    let answer = chat.ask(&Line::new(test), Expect::any()).await?;
    Ok(answer.result == FinalResult::Ok)
}
