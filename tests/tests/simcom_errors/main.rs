//! Every word and number with which a played SIMCom module says that something failed, and how it was
//! provoked: printed as a table, with those that no input can provoke, and why.

mod files;
mod mail;
mod mailboxes;
mod module;
mod pages;

use anyhow::{Context as _, Result, bail, ensure};
use hayes_tests::equipment::Equipment;
use hayes_tests::faketime::FakeTime;
use hayes_tests::process::show;
use hayes_tests::simcom::{self, Panel};
use hayes_tests::{ports, wait};
use nix::sys::socket::{
    AddressFamily, Backlog, SockFlag, SockType, SockaddrIn, bind, getsockname, listen, socket,
};
use std::io::{BufRead as _, BufReader, Write as _};
use std::net::{Ipv4Addr, Shutdown, TcpListener, TcpStream};
use std::os::fd::{AsRawFd as _, OwnedFd};
use std::time::Duration;

/// What was provoked, and how it was told.
#[derive(Default)]
struct Table {
    rows: Vec<Row>,
}

struct Row {
    code: &'static str,
    how: &'static str,
    said: String,
}

impl Table {
    /// The module said this when that was done to it.
    fn add(&mut self, code: &'static str, how: &'static str, said: String) -> Result<()> {
        ensure!(
            said.split(|c: char| !c.is_ascii_alphanumeric() && !"+: ".contains(c))
                .any(|part| part.trim() == code || part.trim().ends_with(&format!(": {code}"))),
            "{how}: {code} was to come, and came {said:?}"
        );
        self.rows.push(Row { code, how, said });
        Ok(())
    }

    /// Prints all codes of a chapter, in the manual's order: how each was provoked, or why nothing can do that.
    ///
    /// # Errors
    /// One was neither provoked nor is it among the `holes`; or it is both, or not of the manual.
    fn finish(&self, title: &str, all: &[&str], holes: &[(&str, &str)]) -> Result<()> {
        let mut text = String::new();
        for code in all {
            let rows: Vec<_> = self.rows.iter().filter(|row| row.code == *code).collect();
            let hole = holes.iter().find(|(hole, _)| hole == code);
            match hole {
                Some((_, why)) if rows.is_empty() => text += &format!("{code:<26} never: {why}\n"),
                Some(_) => bail!("{code} was provoked, and is said to be a hole"),
                None => ensure!(!rows.is_empty(), "nothing provoked {code}"),
            }
            for Row { how, said, .. } in rows {
                text += &format!("{code:<26} {how:<60} {said}\n");
            }
        }
        show(title, &text);
        let codes = self.rows.iter().map(|row| row.code);
        for code in codes.chain(holes.iter().map(|(code, _)| *code)) {
            ensure!(all.contains(&code), "the manual has no {code}");
        }
        Ok(())
    }
}

/// A panel for whose daemon time passes as the test says.
async fn panel() -> Result<(Panel, Hours)> {
    let (panel, time) = Panel::with_time().await?;
    Ok((panel, Hours(time)))
}

/// The time of a panel.
struct Hours(FakeTime);

impl Hours {
    /// Longer than the module waits for a server that says nothing.
    const LONG: Duration = Duration::from_secs(130);

    /// Lets time pass until the equipment is told something: the daemon may be on its way to the server still,
    /// and looks at the clock when something wakes it.
    async fn pass(&mut self, panel: &Panel, equipment: &mut Equipment) -> Result<String> {
        for _ in 0..100 {
            self.0.pass(Self::LONG)?;
            let path = "/org/hayesd1/emulator/panel";
            let state = panel.client.property::<String>(path, "Emulator", "State");
            state.await.context("the daemon is asked something")?;
            equipment.set_patience(Duration::from_millis(100));
            let line = equipment.line();
            equipment.set_patience(2 * wait::LONG);
            if let Ok(line) = line {
                return Ok(line);
            }
        }
        bail!("nothing is told however long it takes")
    }
}

/// A port where nobody listens.
fn nobody() -> Result<u16> {
    ports::free()
}

/// A port where somebody listens who takes no connection; it is so as long as this lives.
struct Deaf {
    port: u16,
    _listener: OwnedFd,
    _first: TcpStream,
}

impl Deaf {
    fn listen() -> Result<Self> {
        let (family, kind) = (AddressFamily::Inet, SockType::Stream);
        let listener = socket(family, kind, SockFlag::SOCK_CLOEXEC, None)?;
        bind(listener.as_raw_fd(), &SockaddrIn::new(127, 0, 0, 1, 0))?;
        listen(&listener, Backlog::new(0)?)?;
        let port = getsockname::<SockaddrIn>(listener.as_raw_fd())?.port();
        // The only one that there is room for.
        let first = TcpStream::connect((Ipv4Addr::LOCALHOST, port))?;
        Ok(Self {
            port,
            _listener: listener,
            _first: first,
        })
    }
}

/// A server that says one line, then answers lines as told; `None` closes, and so does NUL behind an answer.
fn scripted(
    greeting: &'static str,
    answer: impl Fn(&str) -> Option<String> + Send + Sync + 'static,
) -> Result<u16> {
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0))?;
    let port = listener.local_addr()?.port();
    std::thread::spawn(move || {
        for stream in listener.incoming().flatten() {
            // A client that goes away ends its session.
            let _ = session(&stream, greeting, &answer);
            let _ = stream.shutdown(Shutdown::Both);
        }
    });
    Ok(port)
}

fn session(
    mut stream: &TcpStream,
    greeting: &str,
    answer: impl Fn(&str) -> Option<String>,
) -> std::io::Result<()> {
    stream.write_all(greeting.as_bytes())?;
    for line in BufReader::new(stream).lines() {
        let Some(answer) = answer(&line?) else {
            return Ok(());
        };
        let last = answer.strip_suffix('\0');
        stream.write_all(last.unwrap_or(&answer).as_bytes())?;
        if last.is_some() {
            return Ok(());
        }
    }
    Ok(())
}

/// Leaves so many bytes of `C:`.
fn fill(equipment: &mut Equipment, left: usize) -> Result<()> {
    let lines = equipment.ok("AT+FSMEM")?;
    let numbers: Vec<usize> = lines[0]
        .split(|c: char| !c.is_ascii_digit())
        .filter_map(|number| number.parse().ok())
        .collect();
    let room = numbers[0] - numbers[1] - left;
    simcom::put_file(equipment, "C:/fill", &vec![0; room])
}
