//! The helper: the only process of hayesd that opens a TTY.

use std::process::ExitCode;

fn main() -> ExitCode {
    hayes_ldisc::server::main(std::env::args_os().skip(1))
}
