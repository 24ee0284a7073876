//! `hayesctl`: hayesd for people and for scripts.

use std::process::ExitCode;

fn main() -> ExitCode {
    hayes_dbus::cli::main(std::env::args_os())
}
