//! AT: the grammar of V.250, for both sides of the line. No I/O, no vendor.
//!
//! - [`line`] takes a command line apart: several commands, basic, S-registers, extended.
//! - [`parameter`] takes what stands behind `=` apart.
//! - [`format`] makes answers: verbose or numeric, framed by S3 and S4.
//! - [`response`] takes a module's answers apart: lines, prompts, raw data, results, values.

pub mod format;
pub mod line;
pub mod parameter;
pub mod response;

pub use format::{Format, ResultCode};
pub use line::{Command, Form, Malformed, Name};
pub use parameter::Parameter;
