//! Arguments that nobody would give: of any type, at the edges of what the bus carries.

use crate::dice::Dice;
use anyhow::{Result, anyhow};
use nix::fcntl::OFlag;
use nix::pty::openpty;
use std::collections::VecDeque;
use std::fs::{self, File};
use std::io::Write as _;
use std::net::TcpListener;
use std::os::fd::OwnedFd;
use std::os::unix::fs::OpenOptionsExt as _;
use std::os::unix::net::{UnixDatagram, UnixStream};
use std::path::PathBuf;
use zbus::wire::{Array, Dict, Signature, StructureBuilder};
use zbus::{Fd, ObjectPath, Variant};

/// Keys with their types, as methods know them together: of jobs, transfers, mails, accounts, servers, lists;
/// and some that none knows.
const KEYS: [&[(&str, &str)]; 7] = [
    &[("token", "s"), ("via", "as"), ("timeout_usec", "t")],
    &[
        ("append", "b"),
        ("resume", "b"),
        ("atomic", "b"),
        ("size", "t"),
        ("delete", "b"),
        ("final", "b"),
    ],
    &[
        ("from", "s"),
        ("to", "as"),
        ("cc", "as"),
        ("bcc", "as"),
        ("reply-to", "s"),
        ("subject", "s"),
        ("text", "s"),
        ("html", "s"),
        ("headers", "a{ss}"),
        ("attachments", "a(ssay)"),
    ],
    &[
        ("from", "s"),
        ("smtp", "a{sv}"),
        ("pop3", "a{sv}"),
        ("ftp", "a{sv}"),
    ],
    &[
        ("host", "s"),
        ("port", "u"),
        ("tls", "s"),
        ("user", "s"),
        ("plain_auth", "b"),
        ("password", "s"),
    ],
    &[("state", "s"), ("kind", "s"), ("owner_uid", "u")],
    &[
        ("", "s"),
        ("Token", "s"),
        ("\u{202e}via", "as"),
        ("options", "a{sv}"),
    ],
];

/// Types to put where another one is expected.
const TYPES: [&str; 24] = [
    "y",
    "b",
    "n",
    "q",
    "i",
    "u",
    "x",
    "t",
    "d",
    "s",
    "o",
    "g",
    "h",
    "v",
    "as",
    "ay",
    "ah",
    "a{sv}",
    "a{ss}",
    "a(ssay)",
    "aa{sv}",
    "(isv)",
    "a{t(a{sv}v)}",
    "aaaaaaaaaaaaaaaaaaaaaaaas",
];

/// Words that mean something here, and some that do elsewhere.
const WORDS: [&str; 48] = [
    "",
    "main",
    "made",
    "nobody",
    "smtp",
    "pop3",
    "ftp",
    "ip",
    "modem:lte",
    "tunnel:lte",
    "modem:",
    "trace",
    "info",
    "implicit",
    "starttls",
    "none",
    "queued",
    "deferred",
    "mail",
    "resync",
    "reset",
    "one@example.org",
    "Pump 7 <pump7@example.org>",
    "undisclosed:;",
    "a@b, c@d, <e@f>",
    "\"\\\"\"@example.org",
    "@example.org",
    "one@[127.0.0.1]",
    "ü@exämple.org",
    "one@example.org\r\nRCPT TO:<two@example.org>",
    "<<<<<<>>>>>>",
    "((((((((((((((((",
    "=?utf-8?B?////?=",
    "=?utf-8?Q?=ZZ?=",
    "AT+QSMTPCFG=\"account\",\"u\",\"p\"",
    "AT;;;;+CMEE=",
    "+++",
    "A/",
    "\u{1a}\u{1b}",
    "../../../etc/passwd",
    "/dev/ttyUSB0",
    "/",
    "CON",
    "%s%n%x{}{0}",
    "\u{feff}\u{202e}\u{0301}",
    "\u{10ffff}\u{1f600}",
    "Subject: x\n\n.\n",
    "-1",
];

/// The bus carries 16 descriptors in a message, and hangs up on who sends more; an array may follow the last
/// of these.
const MOST_DESCRIPTORS: usize = 8;

/// So many pipes are held open, for readers to wait for.
const SILENT: usize = 4;

fn signature(text: &str) -> Result<Signature> {
    Signature::try_from(text).map_err(|error| anyhow!("{text}: {error}"))
}

/// Makes arguments.
#[derive(Debug)]
pub struct Arguments {
    dice: Dice,
    /// Paths of objects that are there.
    paths: Vec<String>,
    /// Descriptors in the arguments that are being made.
    given: usize,
    /// Other ends of what somebody is to wait for.
    silent: VecDeque<OwnedFd>,
    folder: PathBuf,
}

impl Arguments {
    /// Makes them as the dice say; files are made in `folder`.
    pub fn new(dice: Dice, folder: PathBuf) -> Self {
        Self {
            dice,
            paths: Vec::new(),
            given: 0,
            silent: VecDeque::new(),
            folder,
        }
    }

    /// The dice.
    pub fn dice(&mut self) -> &mut Dice {
        &mut self.dice
    }

    /// From now on these are objects to be named.
    pub fn know(&mut self, paths: Vec<String>) {
        self.paths = paths;
    }

    /// Ends what was silent so far.
    pub fn end_silence(&mut self) {
        self.silent.clear();
    }

    /// Values for a method that takes these types; now and then too few, too many, or of other types.
    ///
    /// # Errors
    /// This machine has no more descriptors or files.
    pub fn of(&mut self, types: &[String]) -> Result<Vec<Variant<'static>>> {
        self.given = 0;
        let mut types: Vec<&str> = types.iter().map(String::as_str).collect();
        if self.dice.one_in(12) {
            match self.dice.below(3) {
                0 => drop(types.pop()),
                1 => types.push(*self.dice.pick(&TYPES)),
                _ if types.is_empty() => {}
                _ => {
                    let at = self.dice.below(types.len());
                    types[at] = *self.dice.pick(&TYPES);
                }
            }
        }
        types.into_iter().map(|kind| self.typed(kind, 0)).collect()
    }

    fn typed(&mut self, kind: &str, depth: usize) -> Result<Variant<'static>> {
        self.value(&signature(kind)?, depth)
    }

    /// A value of a type, so many containers deep.
    fn value(&mut self, kind: &Signature, depth: usize) -> Result<Variant<'static>> {
        let number = self.number();
        // What does not fit is cut off: any bits will do.
        Ok(match kind {
            Signature::U8 => Variant::U8(number as u8),
            Signature::Bool => Variant::Bool(self.dice.one_in(2)),
            Signature::I16 => Variant::I16(number as i16),
            Signature::U16 => Variant::U16(number as u16),
            Signature::I32 => Variant::I32(number as i32),
            Signature::U32 => Variant::U32(number as u32),
            Signature::I64 => Variant::I64(number as i64),
            Signature::U64 => Variant::U64(number),
            Signature::F64 => Variant::F64(f64::from_bits(number)),
            Signature::Str => Variant::from(self.text()),
            Signature::Signature => {
                let text: &&str = self.dice.pick(&TYPES);
                Variant::Signature(signature(text)?)
            }
            Signature::ObjectPath => Variant::ObjectPath(ObjectPath::try_from(self.path())?),
            Signature::Fd => Variant::Fd(Fd::from(self.descriptor()?)),
            Signature::Variant => Variant::Variant(Box::new(self.anything(depth + 1)?)),
            Signature::Array(item) => {
                let mut array = Array::new(item.signature());
                for _ in 0..self.count(item.signature(), depth) {
                    array.append(self.value(item.signature(), depth + 1)?)?;
                }
                Variant::Array(array)
            }
            Signature::Dict { key, value } => {
                let mut dict = Dict::new(key.signature(), value.signature());
                let is_options =
                    *key.signature() == Signature::Str && *value.signature() == Signature::Variant;
                let family = *self.dice.pick(&KEYS);
                let knows = is_options && !self.dice.one_in(4);
                for _ in 0..self.count(value.signature(), depth) {
                    let (key, value) = if knows {
                        self.option(family, depth + 1)?
                    } else {
                        let key = self.value(key.signature(), depth + 1)?;
                        (key, self.value(value.signature(), depth + 1)?)
                    };
                    dict.append(key, value)?;
                }
                Variant::Dict(dict)
            }
            Signature::Structure(fields) => {
                let mut structure = StructureBuilder::new();
                for field in fields.iter() {
                    structure.push_value(self.value(field, depth + 1)?);
                }
                Variant::Structure(structure.build()?)
            }
            other => anyhow::bail!("the bus has no type {other}"),
        })
    }

    /// One of these keys; mostly with a value of its type.
    fn option(
        &mut self,
        family: &[(&str, &str)],
        depth: usize,
    ) -> Result<(Variant<'static>, Variant<'static>)> {
        let &(name, kind) = self.dice.pick(family);
        let value = if self.dice.one_in(8) {
            self.anything(depth)?
        } else {
            self.typed(kind, depth)?
        };
        Ok((
            Variant::from(name.to_owned()),
            Variant::Variant(Box::new(value)),
        ))
    }

    /// A value of any type; now and then as deep as the bus lets it be (64 containers).
    fn anything(&mut self, depth: usize) -> Result<Variant<'static>> {
        if depth < 4 && self.dice.one_in(16) {
            let mut value = self.typed("s", 0)?;
            for _ in 0..self.dice.below(56) {
                value = Variant::Variant(Box::new(value));
            }
            return Ok(value);
        }
        let kind = *self
            .dice
            .pick(if depth > 4 { &TYPES[..12] } else { &TYPES });
        if kind.contains('h') && self.given > MOST_DESCRIPTORS {
            return self.typed("s", depth);
        }
        self.typed(kind, depth)
    }

    /// How many of these there are to be: few within others; many now and then where they are small.
    fn count(&mut self, item: &Signature, depth: usize) -> usize {
        let is_small = matches!(item, Signature::U8 | Signature::Str | Signature::Variant);
        match self.dice.below(64) {
            0 if depth == 0 && is_small => self.dice.below(4000),
            1 if *item == Signature::U8 => self.dice.below(200_000),
            2..24 => 0,
            _ if depth > 3 => self.dice.below(2),
            _ => self.dice.below(6),
        }
    }

    /// An edge, or any number.
    fn number(&mut self) -> u64 {
        match self.dice.below(4) {
            0 => self.dice.roll(),
            1 => u64::MAX,
            2 => {
                let edge = 1_u64 << self.dice.below(64);
                edge.wrapping_sub(self.dice.below(2) as u64)
            }
            _ => self.dice.below(20) as u64,
        }
    }

    fn text(&mut self) -> String {
        match self.dice.below(16) {
            0 => {
                let length = 1 << self.dice.below(17);
                self.dice
                    .pick(&["a", "ü", "\r\n", "\"", "@", ",", " ", "(", "<"])
                    .repeat(length)
            }
            1 => (0..self.dice.below(40))
                .map(|_| char::from_u32(self.dice.below(0x300) as u32 + 1).unwrap_or('?'))
                .collect(),
            2 => self.path(),
            // So that a call comes beyond the names that it gives.
            4..7 => "main".to_owned(),
            7..10 => "one@example.org".to_owned(),
            3 => [*self.dice.pick(&WORDS), *self.dice.pick(&WORDS)].concat(),
            _ => (*self.dice.pick(&WORDS)).to_owned(),
        }
    }

    /// An object's path; now and then of one that is not there.
    fn path(&mut self) -> String {
        if self.paths.is_empty() || self.dice.one_in(8) {
            const ABSENT: [&str; 6] = [
                "/",
                "/org/hayesd1/job/4294967296",
                "/org/hayesd1/job/0",
                "/org/hayesd1/inbox/main/1",
                "/org/hayesd1/account/_",
                "/a/b_c/d",
            ];
            return (*self.dice.pick(&ABSENT)).to_owned();
        }
        self.dice.pick(&self.paths).clone()
    }

    /// A descriptor of some kind.
    fn descriptor(&mut self) -> Result<OwnedFd> {
        self.given += 1;
        let open = |path: &str, flags: OFlag| {
            File::options()
                .read(true)
                .custom_flags(flags.bits())
                .open(path)
        };
        Ok(match self.dice.below(14) {
            0 => open("/dev/null", OFlag::empty())?.into(),
            1 => open("/dev/zero", OFlag::empty())?.into(),
            2 => open("/", OFlag::empty())?.into(),
            3 => open("/etc/passwd", OFlag::O_PATH)?.into(),
            4 => open("/proc/self/mem", OFlag::empty())?.into(),
            5 => TcpListener::bind("127.0.0.1:0")?.into(),
            6 => UnixDatagram::unbound()?.into(),
            7 => openpty(None, None)?.slave,
            8 => self.file(0)?.into(),
            // A hole, far larger than any limit.
            9 => self.file(1 << 40)?.into(),
            10 => {
                let (silent, theirs) = UnixStream::pair()?;
                self.hold(silent.into());
                theirs.into()
            }
            11 => {
                let (theirs, silent) = nix::unistd::pipe()?;
                self.hold(silent);
                theirs
            }
            // The wrong end.
            12 => nix::unistd::pipe()?.1,
            _ => {
                let (theirs, ours) = nix::unistd::pipe()?;
                let length = self.dice.below(5000);
                File::from(ours).write_all(&vec![b'x'; length])?;
                theirs
            }
        })
    }

    /// Keeps an end open, but not for ever.
    fn hold(&mut self, end: OwnedFd) {
        self.silent.push_back(end);
        if self.silent.len() > SILENT {
            self.silent.pop_front();
        }
    }

    fn file(&mut self, length: u64) -> Result<File> {
        let path = self.folder.join("given");
        let file = File::options()
            .read(true)
            .write(true)
            .create(true)
            .truncate(true)
            .open(&path)?;
        fs::remove_file(path)?;
        // A file system that has no such sizes gets one that it has.
        if file.set_len(length).is_err() {
            file.set_len(0)?;
        }
        Ok(file)
    }
}
