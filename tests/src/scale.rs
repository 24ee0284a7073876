//! How much of a long test is run.

/// `short` in a usual run, `long` where `tests/run --all` asked for it.
pub fn of(short: usize, long: usize) -> usize {
    match std::env::var("HAYES_TESTS") {
        Ok(all) if all == "all" => long,
        _ => short,
    }
}
