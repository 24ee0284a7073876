//! AT → OK through helper and daemon, both in their release build, over a pseudo-terminal; how often both
//! wake up when nothing happens; what they weigh. `cargo bench -p hayes-tests --bench round_trip`

use anyhow::{Context as _, Result};
use hayes_tests::binaries;
use hayes_tests::equipment::Equipment;
use hayes_tests::process::Process;
use hayes_tests::site::Site;
use hayes_tests::wakeups;
use std::fs;
use std::io::Write as _;
use std::thread::sleep;
use std::time::{Duration, Instant};

/// Exchanges that are measured, after some that are not.
const EXCHANGES: usize = 20_000;
const WARM_UP: usize = 2_000;
/// How long both are left alone.
const IDLE: Duration = Duration::from_secs(10);

fn main() -> Result<()> {
    // `cargo test --benches` only wants to know that it runs.
    let exchanges = match std::env::args().any(|argument| argument == "--bench") {
        true => EXCHANGES,
        false => 100,
    };
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()?;
    let mut site = Site::new()?;
    site.configure("[emulator.panel]\ndevice = \"pty:panel\"\ndialect = \"quectel\"\n")?;
    let client = runtime.block_on(site.start())?;
    let path = "/org/hayesd1/emulator/panel";
    runtime.block_on(client.until(path, "Emulator", "State", "command"))?;
    drop(client);

    let mut equipment = Equipment::open(&site.pty("panel"))?;
    equipment.ok("ATE0")?;
    let mut times = round_trips(&mut equipment, exchanges)?;
    times.sort_unstable();
    tell(&format!("AT → OK, {exchanges} times, one after the other:"))?;
    for (name, share) in [("median", 0.5), ("99 %", 0.99), ("slowest", 1.0)] {
        let time = percentile(&times, share).context("no exchange")?;
        tell(&format!("  {name:8} {:7.1} µs", time.as_secs_f64() * 1e6))?;
    }
    idle(&mut site, "equipment connected")?;
    drop(equipment);
    idle(&mut site, "nobody connected")?;
    tell("Resident memory (Rss; Pss shares common pages out), after all that:")?;
    memory("hayes-ldisc", site.helper()?)?;
    memory("hayesd", site.daemon()?)?;
    tell("Size of the program:")?;
    for path in [binaries::hayes_ldisc()?, binaries::hayesd()?] {
        let size = fs::metadata(&path)?.len();
        let name = path.file_name().unwrap_or_default().to_string_lossy();
        tell(&format!("  {name:12} {:8.1} KiB", size as f64 / 1024.0))?;
    }
    Ok(())
}

fn round_trips(equipment: &mut Equipment, count: usize) -> Result<Vec<Duration>> {
    let mut times = Vec::with_capacity(count);
    for number in 0..WARM_UP.min(count) + count {
        let begin = Instant::now();
        equipment.send("AT\r")?;
        equipment.expect("OK\r\n")?;
        if number >= WARM_UP.min(count) {
            times.push(begin.elapsed());
        }
    }
    Ok(times)
}

fn percentile(sorted: &[Duration], share: f64) -> Option<Duration> {
    let last = sorted.len().checked_sub(1)?;
    sorted.get((last as f64 * share) as usize).copied()
}

fn idle(site: &mut Site, what: &str) -> Result<()> {
    let ids = [
        ("hayes-ldisc", site.helper()?.id()),
        ("hayesd", site.daemon()?.id()),
    ];
    sleep(Duration::from_secs(1));
    let mut before = Vec::new();
    for (_, id) in ids {
        before.push(wakeups::of(id)?);
    }
    sleep(IDLE);
    tell(&format!("Wake-ups in {IDLE:?}, {what}:"))?;
    for ((name, id), before) in ids.into_iter().zip(before) {
        tell(&format!("  {name:12} {:4}", wakeups::of(id)? - before))?;
    }
    Ok(())
}

fn memory(name: &str, process: &Process) -> Result<()> {
    let rollup = fs::read_to_string(format!("/proc/{}/smaps_rollup", process.id()))?;
    let field = |name: &str| {
        rollup
            .lines()
            .find_map(|line| line.strip_prefix(name)?.split_whitespace().next())
            .unwrap_or("?")
    };
    tell(&format!(
        "  {name:12} Rss {:>6} KiB, Pss {:>6} KiB, private {:>6} KiB",
        field("Rss:"),
        field("Pss:"),
        field("Private_Dirty:")
    ))
}

fn tell(line: &str) -> Result<()> {
    writeln!(std::io::stdout(), "{line}")?;
    Ok(())
}
