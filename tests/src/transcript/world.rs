//! What can happen around the module.

use super::text;
use anyhow::{Context, Result, bail};
use hayesd::service::{Error, ErrorKind, ServerReply};

/// What can happen around the module, and how a transcript is to be replayed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum World {
    /// `@ file NAME TEXT`: the module has this file.
    File(String, Vec<u8>),
    /// `@ mail ok`, `@ mail 550 TEXT`, `@ mail NoNetwork`: the mail that is being sent comes to this end.
    Mail(String),
    /// `@ pop3 …`, `@ ftp …`, `@ http …`: something about a server.
    Server(Service, Served),
    /// `@ hold`: what servers are asked is not answered from here on.
    Hold,
    /// `@ step`: the first thing that one was asked is.
    Step,
    /// `@ go`: all that they were asked is, and everything from here on.
    Go,
    /// `@ restart`: the daemon was restarted.
    Restart,
    /// `@ power-on`: the module is switched on just now; without, it has long been running.
    PowerOn,
    /// `@ exact`: all that the module answers is written here, echo included. Without, echo is not
    /// written, and it is replayed with echo and without.
    Exact,
    /// `@ emulator`: says nothing to a driver.
    EmulatorOnly,
}

/// A kind of server.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Service {
    /// With a mailbox.
    Pop3,
    /// With files.
    Ftp,
    /// With pages.
    Http,
}

/// What a server has, does next or was given.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Served {
    /// `mail TEXT`: one more message; `file PATH TEXT`: this file; `says TEXT`: this response.
    Holds(String, Vec<u8>),
    /// `has PATH TEXT`, `asked TEXT`: it was given this.
    Has(String, Vec<u8>),
    /// `fails KIND TEXT`: what it is asked next comes to nothing.
    Fails(String),
    /// `lost KIND TEXT`: what it is asked next, and the session is over.
    Loses(String),
    /// `refuses KIND TEXT`: what it is sent next.
    Refuses(String),
}

impl World {
    /// Whether it says how to replay the transcript, and nothing of the world.
    pub fn is_setting(&self) -> bool {
        matches!(self, Self::PowerOn | Self::Exact | Self::EmulatorOnly)
    }

    pub(super) fn parse(text: &str) -> Result<Self> {
        let (word, rest) = cut(text);
        Ok(match word {
            "file" => {
                let (name, content) = rest.split_once(' ').context("no content")?;
                Self::File(name.into(), text::parse(content)?)
            }
            "mail" => Self::Mail(rest.into()),
            "pop3" => Self::Server(Service::Pop3, served(rest)?),
            "ftp" => Self::Server(Service::Ftp, served(rest)?),
            "http" => Self::Server(Service::Http, served(rest)?),
            "hold" => Self::Hold,
            "step" => Self::Step,
            "go" => Self::Go,
            "restart" => Self::Restart,
            "power-on" => Self::PowerOn,
            "exact" => Self::Exact,
            "emulator" => Self::EmulatorOnly,
            _ => bail!("nothing of the world is called {word:?}"),
        })
    }
}

fn cut(text: &str) -> (&str, &str) {
    text.split_once(' ').unwrap_or((text, ""))
}

fn served(text: &str) -> Result<Served> {
    let (word, rest) = cut(text);
    let named = || -> Result<(String, Vec<u8>)> {
        let (name, content) = cut(rest);
        Ok((
            String::from_utf8(text::parse(name)?)?,
            text::parse(content)?,
        ))
    };
    let unnamed = || -> Result<(String, Vec<u8>)> { Ok((String::new(), text::parse(rest)?)) };
    Ok(match word {
        "mail" | "says" => {
            let (name, content) = unnamed()?;
            Served::Holds(name, content)
        }
        "file" => {
            let (name, content) = named()?;
            Served::Holds(name, content)
        }
        "asked" => {
            let (name, content) = unnamed()?;
            Served::Has(name, content)
        }
        "has" => {
            let (name, content) = named()?;
            Served::Has(name, content)
        }
        "fails" => Served::Fails(rest.into()),
        "lost" => Served::Loses(rest.into()),
        "refuses" => Served::Refuses(rest.into()),
        _ => bail!("a server does nothing that is called {word:?}"),
    })
}

/// `550 TEXT`: a server of mail said so. `KIND TEXT`: an error of this name; where the text begins with three
/// digits or `-ERR`, a server said so.
pub fn error(text: &str) -> Result<Error> {
    let (word, rest) = cut(text);
    if let Ok(code) = word.parse::<u16>() {
        let kind = match code {
            530 | 534 | 535 => ErrorKind::AuthFailed,
            400..=499 => ErrorKind::TemporaryFailure,
            _ => ErrorKind::Rejected,
        };
        let text = rest.to_owned();
        let reply = ServerReply { code, text };
        return Ok(Error::new(kind, "refused").with_reply(reply));
    }
    let kind = ErrorKind::ALL.into_iter().find(|kind| kind.name() == word);
    let kind = kind.with_context(|| format!("no error is called {word:?}"))?;
    let error = Error::new(kind, rest);
    let (code, words) = cut(rest);
    Ok(match (code, code.parse::<u16>()) {
        ("-ERR", _) => error.with_reply(ServerReply {
            code: 0,
            text: rest.into(),
        }),
        (_, Ok(code)) => error.with_reply(ServerReply {
            code,
            text: words.into(),
        }),
        _ => error,
    })
}
