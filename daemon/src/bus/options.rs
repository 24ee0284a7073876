//! Options that every method which makes a job knows.

use super::dict::Dict;
use super::error::{Refused, Result};
use crate::job::Via;
use std::time::Duration;

/// Options that every method which makes a job knows.
#[derive(Debug, Default, PartialEq)]
pub(super) struct Options {
    /// A second call with it is the same job.
    pub(super) token: Option<String>,
    /// Ways out; empty: the account's.
    pub(super) via: Vec<Via>,
    /// Time for the whole job.
    pub(super) timeout: Option<Duration>,
}

/// The longest token, in bytes.
const LONGEST_TOKEN: usize = 128;

impl Options {
    /// Judges the options of a call that knows no others.
    pub(super) fn of(mut options: Dict<'_>) -> Result<Self> {
        let own = Self::take(&mut options)?;
        options.finish()?;
        Ok(own)
    }

    /// Takes these options; others may be left.
    pub(super) fn take(options: &mut Dict<'_>) -> Result<Self> {
        let token = options.text("token")?.map(str::to_owned);
        if token
            .as_ref()
            .is_some_and(|token| token.is_empty() || token.len() > LONGEST_TOKEN)
        {
            return Err(Refused::argument("the key `token` holds 1 to 128 bytes"));
        }
        let mut via = Vec::new();
        for way in options.texts("via")?.unwrap_or_default() {
            let way = way
                .parse()
                .map_err(|text| Refused::argument(format!("the key `via`: {text}")))?;
            if !via.contains(&way) {
                via.push(way);
            }
        }
        let timeout = options.u64("timeout_usec")?.map(Duration::from_micros);
        if timeout.is_some_and(|timeout| timeout.is_zero()) {
            return Err(Refused::argument("the key `timeout_usec` is 0"));
        }
        Ok(Self {
            token,
            via,
            timeout,
        })
    }
}
