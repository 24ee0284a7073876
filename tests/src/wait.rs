//! Waiting for something to become true. A limit here is a guard against hanging, never an assertion
//! about speed: it is far above what the wait takes on a slow and busy machine.

use anyhow::{Result, bail};
use std::thread;
use std::time::{Duration, Instant};

/// The guard against hanging that fits nearly everything.
pub const LONG: Duration = Duration::from_secs(30);

/// Asks `ready` every 5 ms until it returns something.
///
/// # Errors
/// Nothing came within `limit`; the text says what was awaited.
pub fn until<T>(what: &str, limit: Duration, mut ready: impl FnMut() -> Option<T>) -> Result<T> {
    let start = Instant::now();
    loop {
        if let Some(value) = ready() {
            return Ok(value);
        }
        if start.elapsed() > limit {
            bail!("waited {limit:?} in vain for {what}");
        }
        thread::sleep(Duration::from_millis(5));
    }
}

/// The same in async code.
///
/// # Errors
/// As [`until`].
pub async fn until_async<T>(
    what: &str,
    limit: Duration,
    mut ready: impl AsyncFnMut() -> Option<T>,
) -> Result<T> {
    let start = Instant::now();
    loop {
        if let Some(value) = ready().await {
            return Ok(value);
        }
        if start.elapsed() > limit {
            bail!("waited {limit:?} in vain for {what}");
        }
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
}
