//! From a file to the steps of both sides.

use super::data::DataStep;
use crate::transcript::bytes_of;
use anyhow::{Context as _, Result, bail, ensure};
use std::fs;
use std::path::Path;
use std::time::Duration;

/// A script.
#[derive(Clone, Debug)]
pub struct Script {
    /// The file's name without its end.
    pub name: String,
    /// What both sides begin with.
    pub settings: Settings,
    /// What the client does, in order.
    pub client: Vec<Action>,
    /// What the server does, in order.
    pub server: Vec<(usize, Step)>,
}

/// What holds for the whole of a script.
#[derive(Clone, Debug, Default)]
pub struct Settings {
    /// How long the client waits for anything; without, so long that it never matters.
    pub limit: Option<Duration>,
    /// Words for the client, `key=value` each.
    pub client: Vec<(String, String)>,
    /// Sizes of the pieces that the server writes; the script runs once for each.
    pub chunks: Vec<usize>,
}

impl Settings {
    /// The client's setting of this name.
    pub fn get(&self, key: &str) -> Option<&str> {
        let found = self.client.iter().find(|(name, _)| name == key);
        found.map(|(_, value)| value.as_str())
    }
}

/// One thing that the client does.
#[derive(Clone, Debug)]
pub struct Action {
    pub(super) line: usize,
    pub(super) verb: String,
    pub(super) argument: String,
    pub(super) expected: Expected,
}

/// What comes of it.
#[derive(Clone, Debug)]
pub(super) enum Expected {
    /// It succeeds, with this outcome if one is given.
    Ok(Option<String>),
    /// This error (its name on D-Bus), with these words in its text.
    Error(String, Option<String>),
}

/// One thing that the server does.
#[derive(Clone, Debug)]
pub enum Step {
    /// Writes these bytes so many times, `{n}` in them replaced by 1, 2, 3 …
    Say(Vec<u8>, usize),
    /// Reads a line that matches.
    Hear(String),
    /// Reads whatever comes next, once.
    Swallow,
    /// Does nothing for so long.
    Wait(Duration),
    /// Begins TLS with this certificate; `true`: as a session that is resumed.
    Tls(String, bool),
    /// Begins TLS, which comes to nothing.
    NoTls(String),
    /// Ends the connection as is proper, TLS too.
    Close,
    /// Closes the connection with nothing said about it.
    Cut,
    /// Waits until the client has closed.
    Gone,
    /// Takes the next connection.
    Accept,
    /// Something on the connection for data.
    Data(DataStep),
}

impl Script {
    /// Reads one.
    ///
    /// # Errors
    /// A line means nothing; the text says which.
    pub fn read(path: &Path) -> Result<Self> {
        let name = path.file_stem().context("a name")?.to_string_lossy();
        let mut script = Self {
            name: name.into_owned(),
            settings: Settings::default(),
            client: Vec::new(),
            server: Vec::new(),
        };
        script.lines(path)?;
        ensure!(
            !script.client.is_empty(),
            "{}: the client does nothing",
            path.display()
        );
        Ok(script)
    }

    fn lines(&mut self, path: &Path) -> Result<()> {
        let text = fs::read_to_string(path).with_context(|| path.display().to_string())?;
        for (number, line) in (1..).zip(text.lines()) {
            self.line(path, number, line)
                .with_context(|| format!("{}:{number}: {line}", path.display()))?;
        }
        Ok(())
    }

    fn line(&mut self, path: &Path, number: usize, line: &str) -> Result<()> {
        if line.is_empty() || line.starts_with('#') {
            return Ok(());
        }
        if let Some(action) = line.strip_prefix("> ") {
            self.client.push(action_of(number, action)?);
            return Ok(());
        }
        let (verb, rest) = line.split_once(' ').unwrap_or((line, ""));
        let step = match verb {
            "use" => return self.lines(&path.with_file_name(format!("_{rest}"))),
            "limit" => {
                self.settings.limit = Some(duration(rest)?);
                return Ok(());
            }
            "client" => {
                for word in rest.split(' ') {
                    let (key, value) = word.split_once('=').context("key=value")?;
                    self.settings.client.push((key.into(), value.into()));
                }
                return Ok(());
            }
            "chunks" => {
                let sizes: Result<Vec<usize>, _> = rest.split(' ').map(str::parse).collect();
                self.settings.chunks = sizes?;
                return Ok(());
            }
            "S:" | "S" => {
                let mut bytes = bytes_of(rest)?;
                bytes.extend_from_slice(b"\r\n");
                Step::Say(bytes, 1)
            }
            "S-raw:" => Step::Say(bytes_of(rest)?, 1),
            "S-times:" => {
                let (times, text) = rest.split_once(' ').context("how often, and what")?;
                let mut bytes = bytes_of(text)?;
                bytes.extend_from_slice(b"\r\n");
                Step::Say(bytes, times.parse()?)
            }
            "C:" | "C" => Step::Hear(rest.to_owned()),
            "swallow" => Step::Swallow,
            "wait" => Step::Wait(duration(rest)?),
            "tls" => match rest.split_once(' ') {
                Some((certificate, "resumed")) => Step::Tls(certificate.into(), true),
                Some((certificate, "fails")) => Step::NoTls(certificate.into()),
                None => Step::Tls(rest.into(), false),
                Some(_) => bail!("resumed or fails"),
            },
            "close" => Step::Close,
            "cut" => Step::Cut,
            "gone" => Step::Gone,
            "accept" => Step::Accept,
            "data" | "D:" | "D" | "D-raw:" | "D-times:" | "D-end:" => {
                Step::Data(DataStep::read(verb, rest)?)
            }
            _ => bail!("{verb} means nothing"),
        };
        self.server.push((number, step));
        Ok(())
    }
}

fn action_of(line: usize, text: &str) -> Result<Action> {
    let (action, expected) = text.split_once(" => ").context("=> and what comes of it")?;
    let (verb, argument) = action.split_once(' ').unwrap_or((action, ""));
    let (kind, words) = expected.split_once(' ').unwrap_or((expected, ""));
    let words = (!words.is_empty()).then(|| words.to_owned());
    let expected = match kind {
        "ok" => Expected::Ok(words),
        "error" => {
            let words = words.context("which error")?;
            match words.split_once(' ') {
                Some((kind, words)) => Expected::Error(kind.into(), Some(words.into())),
                None => Expected::Error(words, None),
            }
        }
        _ => bail!("ok or error"),
    };
    Ok(Action {
        line,
        verb: verb.into(),
        argument: argument.into(),
        expected,
    })
}

fn duration(text: &str) -> Result<Duration> {
    if let Some(number) = text.strip_suffix("ms") {
        return Ok(Duration::from_millis(number.parse()?));
    }
    let number = text.strip_suffix('s').context("a time: 300ms, 2s")?;
    Ok(Duration::from_secs(number.parse()?))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::folder::Folder;

    fn read(text: &str) -> Result<Script> {
        let folder = Folder::new("script")?;
        folder.write("_login", "S: +OK\nC: USER *\n")?;
        Script::read(&folder.write("some-fault.txt", text)?)
    }

    #[test]
    fn a_script_is_both_sides() {
        let script = read(concat!(
            "# what it is about\nlimit 300ms\nclient tls=none plain=yes\nchunks 1 2\n\n> open => ok\n",
            "use login\nS-raw: a\\x00b\nS-times: 3 {n} x\ntls good\ntls good resumed\ncut\n",
            "> fetch 1 2 => error Timeout fell silent\n> list => ok 1 a 2\n"
        ))
        .unwrap();
        assert_eq!(script.name, "some-fault");
        assert_eq!(script.settings.limit, Some(Duration::from_millis(300)));
        assert_eq!(script.settings.get("plain"), Some("yes"));
        assert_eq!(script.settings.chunks, [1, 2]);
        assert_eq!((script.client.len(), script.server.len()), (3, 7));
        assert_eq!(script.client[1].argument, "1 2");
        assert!(matches!(&script.client[1].expected,
            Expected::Error(kind, Some(words)) if kind == "Timeout" && words == "fell silent"));
        assert!(matches!(&script.server[2].1, Step::Say(bytes, 1) if bytes == b"a\0b"));
    }

    #[test]
    fn what_means_nothing_is_told() {
        for text in ["", "X: a", "> open", "> open => maybe", "S: \\q", "limit 3"] {
            assert!(read(&format!("{text}\n")).is_err(), "{text}");
        }
    }
}
