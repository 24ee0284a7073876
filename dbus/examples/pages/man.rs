//! hayesctl(1).

use clap::{Arg, Command};
use clap_mangen::Man;
use clap_mangen::roff::{Inline, Roff, bold, italic, roman};
use hayes_dbus::cli;
use std::io;

/// The heading of options that all commands have which make a job: they are told once.
const JOB: &str = "Job options";

/// What stands in no definition.
const JSON: &[&str] = &[
    "With --json, standard output has one JSON value, also where a command fails (trace: one a line). Keys do not \
     change their meaning; new ones may come.",
    "A command that makes a job: an object with job (its number), state, and the keys of the job's result as \
     org.hayesd1 names them: error_name, error_text, reply, possible_duplicate, count, bytes, text, and arrays of \
     objects: messages (uidl, number, size; of fetch uidl, path), entries (name, type, size, mtime; null where the \
     server does not tell), rejected (address, why), failed (uidl, error_name, error_text), services (service, \
     failed_at, why).",
    "mail queue and job list: an array of objects with id, kind, state, phase, via, owner_uid, bytes_done, \
     bytes_total, attempts, created_usec, next_attempt_usec; of one's own also sender, account, emulator, \
     recipients (address, outcome, why). job show: one such object. pop3 list: an array with path, uidl, size, \
     received_usec; pop3 show: account, uidl, size, received_usec, from, to, subject, date_usec, text.",
    "modem, emulator and account list: an array of objects with name and the object's properties in lower case, as \
     bytes_in for BytesIn; show: one of them. modem command: lines. status: version, state, clock_trusted, \
     jobs_active, jobs_deferred, spool_bytes, queue_length, default_account, modems, emulators. port list: port, \
     rule; port add: device, rule. trace: time, from (host, module or empty), text. All others: an object that \
     says what was done to what.",
    "An error: an object with error, in it name (the D-Bus name; empty for an error of hayesctl), text and exit \
     (the exit status); beside it job, state and what the job's result had.",
    "Times that end in _usec are microseconds since 1970, sizes are bytes.",
];

const EXAMPLES: &[(&str, &str)] = &[
    (
        "Send a report with a file",
        "hayesctl mail send -s 'Pump 7' -A pump.csv one@example.org < report.txt",
    ),
    (
        "Send what a program composed, as sendmail does",
        "program | hayesctl mail send -t",
    ),
    (
        "Look what still waits, and try it now",
        "hayesctl mail queue && hayesctl mail flush",
    ),
    (
        "Fetch new mail and delete it on the server",
        "hayesctl pop3 fetch --delete",
    ),
    (
        "Fetch a file, going on with what is there",
        "hayesctl ftp get --resume log/2026.csv",
    ),
    (
        "Ask a module for its signal",
        "hayesctl modem command lte AT+CSQ",
    ),
    ("Watch a panel talk", "hayesctl trace panel"),
    (
        "Make an account",
        "hayesctl account add alerts --from pump7@example.org --smtp smtp.example.org,user=pump7\n\
         hayesctl account secret alerts smtp",
    ),
];

const FILES: &[(&str, &str)] = &[
    (
        "/etc/hayesd/ports",
        "devices that the helper may open; port add and remove write it",
    ),
    (
        "/etc/udev/rules.d/99-hayesd.rules",
        "keeps ModemManager away; port add and remove write it",
    ),
];

/// The whole page.
pub(super) fn page() -> io::Result<Vec<u8>> {
    let mut command = cli::command().disable_help_subcommand(true);
    command.build();
    let man = Man::new(command.clone()).manual("hayesd");
    let mut page = Vec::new();
    man.render_title(&mut page)?;
    man.render_name_section(&mut page)?;
    man.render_synopsis_section(&mut page)?;
    man.render_description_section(&mut page)?;
    let mut roff = Roff::new();
    heading(&mut roff, "OPTIONS");
    options(
        &mut roff,
        command.get_arguments().filter(|arg| arg.get_id() != "help"),
    );
    heading(&mut roff, "COMMANDS");
    let (groups, others): (Vec<_>, Vec<_>) = command
        .get_subcommands()
        .partition(|one| one.has_subcommands());
    for one in groups {
        group(&mut roff, one);
    }
    roff.control("SS", ["Others"]);
    for one in others {
        roff.control("PP", []);
        leaf(&mut roff, one);
    }
    heading(&mut roff, "JOB OPTIONS");
    roff.text([roman(
        "Commands that ask a server or a module make a job. They take as well:",
    )]);
    options(&mut roff, job_options(&command).into_iter());
    heading(&mut roff, "JSON");
    for text in JSON {
        roff.control("PP", []);
        roff.text([roman(*text)]);
    }
    status(&mut roff);
    pairs(&mut roff, "FILES", FILES);
    examples(&mut roff);
    heading(&mut roff, "SEE ALSO");
    roff.text([roman(
        "hayesd(8), hayes-ldisc(8), hayesd.toml(5), org.hayesd1(5), sysexits.h(3head)",
    )]);
    roff.to_writer(&mut page)?;
    Ok(page)
}

fn heading(roff: &mut Roff, text: &str) {
    roff.control("SH", [text]);
}

/// A group of commands.
fn group(roff: &mut Roff, group: &Command) {
    roff.control("SS", [format!("hayesctl {}", group.get_name()).as_str()]);
    about(roff, group);
    for sub in group.get_subcommands() {
        roff.control("PP", []);
        leaf(roff, sub);
    }
}

/// Its usage, what it does, its own options.
fn leaf(roff: &mut Roff, command: &Command) {
    let mut line = vec![bold(command.get_bin_name().unwrap_or(command.get_name()))];
    let own = || {
        command.get_arguments().filter(|arg| {
            !arg.is_global_set()
                && !arg.is_hide_set()
                && arg.get_help_heading() != Some(JOB)
                && !matches!(arg.get_id().as_str(), "help" | "version")
        })
    };
    if own().any(|arg| !arg.is_positional()) {
        line.push(roman(" [options]"));
    }
    if command
        .get_arguments()
        .any(|arg| arg.get_help_heading() == Some(JOB))
    {
        line.push(roman(" [job options]"));
    }
    for arg in own().filter(|arg| arg.is_positional()) {
        let dots = match arg.get_num_args() {
            Some(range) if range.max_values() > 1 => "...",
            _ => "",
        };
        let (open, close) = if arg.is_required_set() {
            ("", "")
        } else {
            ("[", "]")
        };
        line.push(roman(format!(" {open}")));
        line.push(italic(value_name(arg)));
        line.push(roman(format!("{dots}{close}")));
    }
    roff.text(line);
    roff.control("RS", ["4"]);
    about(roff, command);
    options(roff, own());
    roff.control("RE", []);
}

fn about(roff: &mut Roff, command: &Command) {
    let text = command.get_long_about().or(command.get_about());
    for (index, paragraph) in text
        .map(ToString::to_string)
        .unwrap_or_default()
        .split("\n\n")
        .enumerate()
    {
        if index > 0 {
            roff.control("PP", []);
        }
        let end = if paragraph.ends_with('.') { "" } else { "." };
        roff.text([roman(format!("{paragraph}{end}"))]);
    }
}

fn value_name(arg: &Arg) -> String {
    let names = arg.get_value_names().unwrap_or_default();
    match names.first() {
        Some(name) => name.to_string(),
        None => arg.get_id().to_string().to_uppercase(),
    }
}

fn options<'a>(roff: &mut Roff, args: impl Iterator<Item = &'a Arg>) {
    for arg in args {
        // A positional argument that says nothing but its name needs no line.
        let Some(help) = arg.get_long_help().or(arg.get_help()) else {
            continue;
        };
        roff.control("TP", []);
        roff.text(term(arg));
        let mut text = help.to_string();
        let values: Vec<String> = arg
            .get_possible_values()
            .iter()
            .map(|value| value.get_name().to_owned())
            .collect();
        if !values.is_empty() && arg.get_action().takes_values() {
            text.push_str(&format!(": {}", values.join(", ")));
        }
        let default: Vec<_> = arg
            .get_default_values()
            .iter()
            .map(|value| value.to_string_lossy())
            .collect();
        if !default.is_empty()
            && !arg.is_hide_default_value_set()
            && arg.get_action().takes_values()
        {
            text.push_str(&format!(" (without: {})", default.join(" ")));
        }
        roff.text([roman(text)]);
    }
}

/// `-s`, `--subject` *SUBJECT*.
fn term(arg: &Arg) -> Vec<Inline> {
    let mut term = Vec::new();
    if let Some(short) = arg.get_short() {
        term.push(bold(format!("-{short}")));
    }
    if let Some(long) = arg.get_long() {
        if !term.is_empty() {
            term.push(roman(", "));
        }
        term.push(bold(format!("--{long}")));
    }
    if arg.is_positional() || arg.get_action().takes_values() {
        if !term.is_empty() {
            term.push(roman(" "));
        }
        term.push(italic(value_name(arg)));
    }
    term
}

/// The options of the first command that has them.
fn job_options(command: &Command) -> Vec<&Arg> {
    let own: Vec<&Arg> = command
        .get_arguments()
        .filter(|arg| arg.get_help_heading() == Some(JOB))
        .collect();
    if !own.is_empty() {
        return own;
    }
    let deeper = command.get_subcommands().map(job_options);
    deeper
        .into_iter()
        .find(|found| !found.is_empty())
        .unwrap_or_default()
}

fn status(roff: &mut Roff) {
    heading(roff, "EXIT STATUS");
    roff.text([roman(
        "That of sysexits.h, with the errors of org.hayesd1.Error that end with it:",
    )]);
    for (status, meaning) in cli::STATUSES {
        roff.control("TP", []);
        roff.text([bold(status.to_string())]);
        let errors: Vec<&str> = cli::errors()
            .filter(|&(_, of)| of == status)
            .map(|(name, _)| name)
            .collect();
        let errors = match errors[..] {
            [] => String::new(),
            _ => format!(" ({})", errors.join(", ")),
        };
        roff.text([roman(format!("{meaning}{errors}"))]);
    }
}

fn pairs(roff: &mut Roff, title: &str, pairs: &[(&str, &str)]) {
    heading(roff, title);
    for (term, text) in pairs {
        roff.control("TP", []);
        roff.text([bold(*term)]);
        roff.text([roman(*text)]);
    }
}

fn examples(roff: &mut Roff) {
    heading(roff, "EXAMPLES");
    for (what, lines) in EXAMPLES {
        roff.control("PP", []);
        roff.text([roman(format!("{what}:"))]);
        roff.control("RS", ["4"]);
        roff.control("nf", []);
        for line in lines.lines() {
            roff.text([roman(line)]);
        }
        roff.control("fi", []);
        roff.control("RE", []);
    }
}
