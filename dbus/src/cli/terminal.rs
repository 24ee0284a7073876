//! The terminal: its width, and reading without echo.

use super::exit::Exit;
use super::failure::{Failure, Result};
use super::interrupt::Interrupts;
use nix::sys::termios::{LocalFlags, SetArg, Termios, tcgetattr, tcsetattr};
use std::fs::File;
use std::io::{self, BufRead as _, BufReader, Write as _};
use std::os::fd::AsRawFd as _;
use tokio::sync::oneshot;

/// Where nothing is known.
const USUAL_WIDTH: usize = 80;

nix::ioctl_read_bad!(window_size, nix::libc::TIOCGWINSZ, nix::libc::winsize);

/// Columns of the terminal that standard error is, less one, so that nothing wraps.
pub(super) fn width() -> usize {
    let mut size = nix::libc::winsize {
        ws_row: 0,
        ws_col: 0,
        ws_xpixel: 0,
        ws_ypixel: 0,
    };
    // SAFETY: TIOCGWINSZ writes one winsize, and there is one.
    let asked = unsafe { window_size(io::stderr().as_raw_fd(), &raw mut size) };
    match asked {
        Ok(_) if size.ws_col > 0 => usize::from(size.ws_col) - 1,
        _ => USUAL_WIDTH,
    }
}

/// Echo is off until this is dropped.
struct Unechoed {
    terminal: File,
    before: Termios,
}

impl Unechoed {
    fn begin(terminal: File) -> io::Result<Self> {
        let before = tcgetattr(&terminal)?;
        let mut silent = before.clone();
        silent.local_flags.remove(LocalFlags::ECHO);
        silent.local_flags.insert(LocalFlags::ECHONL);
        tcsetattr(&terminal, SetArg::TCSAFLUSH, &silent)?;
        Ok(Self { terminal, before })
    }
}

impl Drop for Unechoed {
    fn drop(&mut self) {
        let _ = tcsetattr(&self.terminal, SetArg::TCSAFLUSH, &self.before);
    }
}

/// Asks at the controlling terminal for a line that is not shown. Ctrl-C leaves the terminal as it was.
///
/// # Errors
/// There is no terminal, nothing was typed, or it was interrupted.
pub(super) async fn ask(what: &str) -> Result<String> {
    let failed = |error: io::Error| Failure::new(Exit::Io, format!("the terminal: {error}"));
    let mut interrupts = Interrupts::new()?;
    let terminal = File::options()
        .read(true)
        .write(true)
        .open("/dev/tty")
        .map_err(failed)?;
    let reader = terminal.try_clone().map_err(failed)?;
    let unechoed = Unechoed::begin(terminal).map_err(failed)?;
    write!(&unechoed.terminal, "{what}: ").map_err(failed)?;
    let (typed, line) = oneshot::channel();
    // Not waited for: it ends with the process, whatever it still reads.
    std::thread::spawn(move || {
        let mut line = String::new();
        let read = BufReader::new(reader).read_line(&mut line);
        typed.send(read.map(|_| line))
    });
    let line = interrupts.or(async { Ok(line.await) }).await?;
    drop(unechoed);
    let line = line.unwrap_or_else(|_| Ok(String::new())).map_err(failed)?;
    if line.trim_end_matches(['\r', '\n']).is_empty() {
        return Err(Failure::usage("nothing was typed"));
    }
    Ok(line)
}
