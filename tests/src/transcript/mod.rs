//! Transcripts: what a host sends and what a module answers, as text.
//!
//! ```text
//! # a comment
//! >> AT+CMEE?            the host sends this and CR
//! << +CMEE: 1            the module answers CR LF, this, CR LF
//! >>raw abc\x00<CTRL-Z>  the host sends this and nothing else
//! <<raw \r\n>            the module answers this and nothing else
//! ~ 1.2s                 time passes (s or ms)
//! @ mail 550 5.1.1 gone  something happens in the world around the module
//! ```
//!
//! Texts begin one blank behind the mark. In them stand C escapes (`\r \n \t \0 \\ \xHH`) and names of
//! control characters (`<CTRL-Z>`, `<ESC>`, `<BS>`, `<ETX>`, `<DLE>`, `<CR>`, `<LF>`, `<NUL>`), and
//! `<xN>` behind a character repeats it N times. What the world does is for the one who replays to
//! know; see [`World`].

pub mod driver;
pub mod module;
pub mod pty;
pub mod replay;
pub mod servers;
mod text;
mod typed;
pub mod wire;
pub mod world;

pub use wire::Wire;
pub use world::World;

pub(crate) use text::parse as bytes_of;

use anyhow::{Context, Result, bail};
use std::path::{Path, PathBuf};
use std::time::Duration;

/// A transcript.
#[derive(Clone, Debug)]
pub struct Transcript {
    /// Where it stands.
    pub path: PathBuf,
    /// What happens, in order.
    pub steps: Vec<Step>,
}

/// One line of a transcript that says something.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Step {
    /// Its number in the file, from 1.
    pub line: usize,
    /// What it says.
    pub event: Event,
}

/// What happens.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Event {
    /// The host sends this; the CR of a command line is not in it.
    Host {
        /// The text.
        bytes: Vec<u8>,
        /// Sent as it is.
        raw: bool,
    },
    /// The module answers this; CR LF before and after are not in it.
    Module {
        /// The text.
        bytes: Vec<u8>,
        /// Answered as it is.
        raw: bool,
    },
    /// Time passes.
    Wait(Duration),
    /// Something happens around the module.
    World(World),
}

impl Transcript {
    /// Reads a file.
    pub fn read(path: &Path) -> Result<Self> {
        let text = std::fs::read_to_string(path).with_context(|| path.display().to_string())?;
        Self::parse(path, &text)
    }

    /// All transcripts of a folder, ordered by name; with `TRANSCRIPT=NAME` in the environment only that one.
    pub fn all(folder: &Path) -> Result<Vec<Self>> {
        let only = std::env::var_os("TRANSCRIPT");
        let wanted = |path: &Path| only.is_none() || path.file_stem() == only.as_deref();
        let entries = std::fs::read_dir(folder).with_context(|| folder.display().to_string())?;
        let mut paths = Vec::new();
        for entry in entries {
            let path = entry?.path();
            if path.extension().is_some_and(|extension| extension == "txt") && wanted(&path) {
                paths.push(path);
            }
        }
        paths.sort();
        paths.iter().map(|path| Self::read(path)).collect()
    }

    /// Reads a text; `path` is for messages.
    pub fn parse(path: &Path, text: &str) -> Result<Self> {
        let mut steps = Vec::new();
        for (at, text) in text.lines().enumerate() {
            let line = at + 1;
            let event = event(text).with_context(|| format!("{}:{line}", path.display()))?;
            steps.extend(event.map(|event| Step { line, event }));
        }
        let path = path.to_owned();
        Ok(Self { path, steps })
    }

    /// Whether it says this of the world anywhere.
    pub fn says(&self, world: &World) -> bool {
        self.steps
            .iter()
            .any(|step| step.event == Event::World(world.clone()))
    }

    /// Whether it says what servers of mailboxes, files and pages do.
    pub fn has_servers(&self) -> bool {
        let is_of_one = |world: &World| {
            matches!(
                world,
                World::Server(..) | World::Hold | World::Step | World::Go
            )
        };
        self.steps
            .iter()
            .any(|step| matches!(&step.event, Event::World(world) if is_of_one(world)))
    }

    /// `FILE:LINE` of a step.
    pub fn place(&self, step: &Step) -> String {
        format!("{}:{}", self.path.display(), step.line)
    }
}

impl Event {
    /// The bytes on the line, if any: a command line with its CR, an answer with CR LF before and after.
    pub fn on_the_line(&self) -> Option<Vec<u8>> {
        match self {
            Self::Host { bytes, raw: true } | Self::Module { bytes, raw: true } => {
                Some(bytes.clone())
            }
            Self::Host { bytes, raw: false } => Some([bytes, &b"\r"[..]].concat()),
            Self::Module { bytes, raw: false } => Some([b"\r\n", &bytes[..], b"\r\n"].concat()),
            Self::Wait(_) | Self::World(_) => None,
        }
    }
}

fn event(line: &str) -> Result<Option<Event>> {
    if line.is_empty() || line.starts_with('#') {
        return Ok(None);
    }
    let (mark, rest) = line.split_once(' ').unwrap_or((line, ""));
    let (bytes, raw) = (|| text::parse(rest), mark.ends_with("raw"));
    Ok(Some(match mark {
        ">>" | ">>raw" => Event::Host {
            bytes: bytes()?,
            raw,
        },
        "<<" | "<<raw" => Event::Module {
            bytes: bytes()?,
            raw,
        },
        "~" => Event::Wait(duration(rest.trim())?),
        "@" => Event::World(World::parse(rest.trim())?),
        _ => bail!("neither >>, <<, >>raw, <<raw, ~, @ nor #: {line:?}"),
    }))
}

fn duration(text: &str) -> Result<Duration> {
    let (number, unit) = match text.strip_suffix("ms") {
        Some(number) => (number, 0.001),
        None => (text.strip_suffix('s').context("neither s nor ms")?, 1.0),
    };
    let seconds = number.parse::<f64>().context("no number")? * unit;
    Ok(Duration::try_from_secs_f64(seconds)?)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parse(text: &str) -> Result<Vec<Event>> {
        let transcript = Transcript::parse(Path::new("t.txt"), text)?;
        Ok(transcript
            .steps
            .into_iter()
            .map(|step| step.event)
            .collect())
    }

    #[test]
    fn every_kind_of_line() {
        let text = "# c\n>> AT\n<< OK\n\n>>raw a\\x00<CTRL-Z>b<x3>\n~ 1.2s\n~ 5ms\n@ mail ok\n@ file RAM:a b\n";
        let (raw, wait) = (true, Duration::from_millis);
        let expected = [
            Event::Host {
                bytes: b"AT".to_vec(),
                raw: false,
            },
            Event::Module {
                bytes: b"OK".to_vec(),
                raw: false,
            },
            Event::Host {
                bytes: b"a\0\x1abbb".to_vec(),
                raw,
            },
            Event::Wait(wait(1200)),
            Event::Wait(wait(5)),
            Event::World(World::Mail("ok".into())),
            Event::World(World::File("RAM:a".into(), b"b".to_vec())),
        ];
        assert_eq!(parse(text).unwrap(), expected);
        assert_eq!(expected[0].on_the_line().unwrap(), b"AT\r");
        assert_eq!(expected[1].on_the_line().unwrap(), b"\r\nOK\r\n");
    }

    #[test]
    fn a_mistake_names_file_and_line() {
        for (text, place) in [
            ("AT\n", "t.txt:1"),
            ("\n>> a\\q\n", "t.txt:2"),
            ("~ 3\n", "t.txt:1"),
            ("@ rain\n", "t.txt:1"),
        ] {
            let error = format!("{:#}", parse(text).unwrap_err());
            assert!(error.starts_with(place), "{error}");
        }
    }
}
