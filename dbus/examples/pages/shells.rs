//! Completions, asked of the shells themselves.

use super::fish;
use super::tests::{folder, said};
use clap::{Arg, Command as Definition};
use std::collections::BTreeSet;
use std::fs;
use std::io::Write as _;
use std::path::Path;
use std::process::{Command, Stdio};

/// A shell that hangs fails; in seconds.
const LONGEST: &str = "120";

/// Offers what bash calls the function for, a line of words for each line of input.
const BASH: &str = r#"source "$0"; while IFS= read -r line; do
    COMP_WORDS=($line); [[ $line != *" " ]] || COMP_WORDS+=("")
    COMP_CWORD=$((${#COMP_WORDS[@]}-1)); COMPREPLY=()
    _hayesctl hayesctl "${COMP_WORDS[COMP_CWORD]}" "${COMP_WORDS[COMP_CWORD-1]}"
    echo "${COMPREPLY[*]}"
done"#;

const FISH: &str = r#"source $argv[1]; while read -l line
    string join -- ' ' (complete -C "$line" | string replace -r '\t.*' '')
end; true"#;

const ZSH: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/examples/pages/zsh.zsh");

type Words = BTreeSet<String>;

/// What a shell offers at the end of each of these lines.
fn offered(command: &mut Command, lines: &[&str]) -> Vec<Words> {
    let mut child = command
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .expect("timeout of coreutils");
    let mut stdin = child.stdin.take().unwrap();
    let text = lines.join("\n") + "\n";
    let writer = std::thread::spawn(move || stdin.write_all(text.as_bytes()));
    let output = child.wait_with_output().unwrap();
    // Who does not read to the end is found by its answers.
    let _ = writer.join().unwrap();
    assert!(output.status.success(), "{}", said(&output));
    assert!(output.stderr.is_empty(), "{}", said(&output));
    let separators = |c: char| c.is_whitespace() || c == '<' || c == '>';
    let words = |line: &str| {
        let words = line.split(separators).filter(|word| !word.is_empty());
        words.map(str::to_owned).collect()
    };
    let answers: Vec<Words> = said(&output).lines().map(words).collect();
    assert_eq!(answers.len(), lines.len(), "{}", said(&output));
    answers
}

/// A shell with nobody's configuration.
fn shell(arguments: &[&str], home: &Path) -> Command {
    let mut command = Command::new("timeout");
    command
        .arg(LONGEST)
        .args(arguments)
        .env("HOME", home)
        .current_dir(home);
    command
}

/// What is to be offered: a line, and all words of one kind there.
struct Case {
    line: String,
    kind: Kind,
    wanted: Words,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Kind {
    /// Commands, and values of arguments.
    Words,
    /// Long options.
    Options,
}

/// Every place of the command line where words are known: commands, options and values.
fn cases(command: &Definition, path: &str) -> Vec<Case> {
    let mut found = Vec::new();
    let mut case = |line: String, kind, wanted: Words| {
        found.push(Case { line, kind, wanted });
    };
    if command.has_subcommands() {
        let mut names: Words = command
            .get_subcommands()
            .map(|sub| sub.get_name().to_owned())
            .collect();
        names.insert("help".into());
        case(format!("{path} "), Kind::Words, names);
    } else {
        let visible = command.get_arguments().filter(|one| !one.is_hide_set());
        let options: Words = visible
            .filter_map(Arg::get_long)
            .map(|long| format!("--{long}"))
            .collect();
        case(format!("{path} --"), Kind::Options, options);
        for (index, argument) in command.get_positionals().enumerate() {
            let values: Words = fish::names(argument).into_iter().collect();
            if !values.is_empty() {
                let line = format!("{path} {}", "x ".repeat(index));
                case(line, Kind::Words, values);
            }
        }
    }
    for sub in command
        .get_subcommands()
        .filter(|sub| sub.get_name() != "help")
    {
        found.extend(cases(sub, &format!("{path} {}", sub.get_name())));
    }
    found
}

/// Asks a shell at each place.
fn completes_everything(arguments: &[&str], name: &str) {
    let folder = folder(name);
    let arguments: Vec<String> = arguments
        .iter()
        .map(|one| one.replace("FOLDER", &folder.to_string_lossy()))
        .collect();
    let arguments: Vec<&str> = arguments.iter().map(String::as_str).collect();
    let mut definition = hayes_dbus::cli::command();
    definition.build();
    let cases = cases(&definition, "hayesctl");
    assert!(cases.len() > 50, "{}", cases.len());
    let mut lines: Vec<&str> = cases.iter().map(|case| case.line.as_str()).collect();
    // What is begun is gone on with, also after options; a file where one is wanted.
    fs::write(folder.join("wanted.csv"), "").unwrap();
    let begun = [
        ("hayesctl ma", "mail"),
        ("hayesctl --json mail fl", "flush"),
        ("hayesctl mail send --subj", "--subject"),
        ("hayesctl account secret x po", "pop3"),
        ("hayesctl mail send -A want", "wanted.csv"),
        ("hayesctl mail send --text-file want", "wanted.csv"),
    ];
    lines.extend(begun.iter().map(|(line, _)| line));
    let answers = offered(&mut shell(&arguments, &folder), &lines);
    for (case, answer) in cases.iter().zip(&answers) {
        let is_option = |word: &String| word.starts_with('-');
        let of_kind = answer
            .iter()
            .filter(|word| is_option(word) == (case.kind == Kind::Options))
            .cloned()
            .collect::<Words>();
        assert_eq!(of_kind, case.wanted, "{name}: {}", case.line);
    }
    for ((line, wanted), answer) in begun.iter().zip(answers.iter().skip(cases.len())) {
        assert!(
            answer.len() == 1 && answer.contains(*wanted),
            "{name}: {line}: {answer:?}"
        );
    }
    fs::remove_dir_all(folder).unwrap();
}

#[test]
fn bash_completes_everything() {
    completes_everything(
        &["bash", "--norc", "-c", BASH, "FOLDER/bash/hayesctl"],
        "bash",
    );
}

#[test]
fn fish_completes_everything() {
    let script = "FOLDER/fish/hayesctl.fish";
    completes_everything(&["fish", "--no-config", "-c", FISH, script], "fish");
}

#[test]
fn zsh_completes_everything() {
    completes_everything(&["zsh", "-f", ZSH, "FOLDER/zsh"], "zsh");
}
