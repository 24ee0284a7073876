//! The terminal: its width, and reading without echo.

use super::exit::Exit;
use super::failure::{Failure, Result};
use nix::sys::termios::{LocalFlags, SetArg, Termios, tcgetattr, tcsetattr};
use std::fs::File;
use std::io::{self, BufRead as _, BufReader, Write as _};
use std::os::fd::AsRawFd as _;

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
struct Unechoed<'a> {
    terminal: &'a File,
    before: Termios,
}

impl Drop for Unechoed<'_> {
    fn drop(&mut self) {
        let _ = tcsetattr(self.terminal, SetArg::TCSAFLUSH, &self.before);
    }
}

/// Asks at the controlling terminal for a line that is not shown.
///
/// # Errors
/// There is no terminal, or nothing was typed.
pub(super) fn ask(what: &str) -> Result<String> {
    let failed = |error: io::Error| Failure::new(Exit::Io, format!("the terminal: {error}"));
    let terminal = File::options()
        .read(true)
        .write(true)
        .open("/dev/tty")
        .map_err(failed)?;
    let before = tcgetattr(&terminal).map_err(|errno| failed(errno.into()))?;
    let mut silent = before.clone();
    silent.local_flags.remove(LocalFlags::ECHO);
    silent.local_flags.insert(LocalFlags::ECHONL);
    let unechoed = Unechoed {
        terminal: &terminal,
        before,
    };
    tcsetattr(&terminal, SetArg::TCSAFLUSH, &silent).map_err(|errno| failed(errno.into()))?;
    write!(&terminal, "{what}: ").map_err(failed)?;
    let mut line = String::new();
    BufReader::new(&terminal)
        .read_line(&mut line)
        .map_err(failed)?;
    drop(unechoed);
    if line.trim_end_matches(['\r', '\n']).is_empty() {
        return Err(Failure::usage("nothing was typed"));
    }
    Ok(line)
}
