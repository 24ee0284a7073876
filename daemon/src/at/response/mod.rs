//! What a module says, cut into lines, prompts and raw data, and read tolerantly. No I/O, no clock.
//!
//! A cut piece has no meaning yet: whether a line is an answer or unsolicited depends on the command in
//! flight, which [`crate::modem::Engine`] knows. Sources: V.250 section 5.7 (result codes and their
//! framing), 27.007 section 9.2 (`+CME ERROR`), 27.005 section 3.2.5 (`+CMS ERROR`).

mod block;
mod cutter;
mod fuzz;
mod result;
mod shape;
mod values;

pub use cutter::{Cutter, MAX_LINE, Piece};
pub use fuzz::fuzz_response;
pub use result::{Code, FinalResult, connect};
pub use shape::{Announce, Urc, fits};
pub use values::{Value, Values, named, split_name};
