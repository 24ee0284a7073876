//! The helper from the TTY to the daemon's socket, beside a program that does nothing but read and write.
//!
//! `cargo bench -p hayes-ldisc --bench helper [-- WORD]`, for the lines of the table that hold WORD. Both
//! run as processes of their own on a pseudo-terminal of their own; this process is the equipment and the
//! daemon. What it prints is Markdown, for BENCHMARKS.md.

mod helper;
mod process;
mod pump;
mod traffic;

use helper::Helper;
use process::Used;
use pump::Pump;
use std::io::Result;
use std::time::Duration;
use traffic::Load;

/// Each is run so often, in turn. Of time the best is given, since other work only makes it worse; of
/// counts the median.
const RUNS: usize = 7;

fn main() -> Result<()> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    if arguments.iter().any(|argument| argument == pump::ARGUMENT) {
        return pump::run();
    }
    // `cargo test --benches` only wants to know whether it runs.
    let brief = arguments.iter().any(|argument| argument == "--test");
    let word = arguments
        .iter()
        .find(|argument| !argument.starts_with("--"));
    let wanted = |name: &str| word.is_none_or(|word| name.contains(word));
    let total = if brief { 1 << 20 } else { 64 << 20 };
    say(&format!("{} Before: {}.", environment()?, load()?));
    say("");
    say(
        "| writes of | MB/s | of pump | CPU ms/MB | of pump | reads/MB | pump | wake-ups/MB | pump |",
    );
    say("|---|---|---|---|---|---|---|---|---|");
    for size in [16, 64, 256, 1024, 4096, 16 * 1024, 64 * 1024] {
        // Small writes cost the writer, not us.
        let bytes = total.min(size * 1_000_000);
        let name = format!("{size} B");
        if wanted(&name) {
            compare(&name, Load::Flood { size, bytes })?;
        }
    }
    let seconds = Duration::from_secs(if brief { 1 } else { 3 });
    let name = "11.5 kB/s, 12 B each";
    if wanted(name) {
        let every = Duration::from_nanos(1_041_667);
        let lasts = seconds;
        let size = 12;
        compare(name, Load::Steady { size, every, lasts })?;
    }
    let helper = Helper::start()?;
    let trips = if brief { 100 } else { 20_000 };
    let trip = helper.round_trips(trips)?;
    let before = helper.process.used()?;
    let rest = Duration::from_secs(if brief { 1 } else { 10 });
    std::thread::sleep(rest);
    let idle = helper.process.used()? - before;
    let (rest, wake_ups) = (rest.as_secs(), idle.wake_ups);
    let resident = helper.process.resident()?;
    let size = std::fs::metadata(helper::PROGRAM)?.len() / 1000;
    say("");
    say("| `AT` to `OK` | goal | wake-ups in idleness | resident | size of the program |");
    say("|---|---|---|---|---|");
    say(&format!(
        "| {trip:.1} us | 120 us | {wake_ups} in {rest} s | {resident} kB | {size} kB |"
    ));
    say("");
    say(&format!("After: {}.", load()?));
    Ok(())
}

/// What figures depend on: cores, kernel, priority.
fn environment() -> Result<String> {
    let cores = std::thread::available_parallelism()?;
    let kernel = std::fs::read_to_string("/proc/sys/kernel/osrelease")?;
    let stat = std::fs::read_to_string("/proc/self/stat")?;
    // The 19th field (proc(5)); the name in parentheses, which may hold anything, is the second.
    let rest = stat.rsplit(')').next().unwrap_or_default();
    let nice = rest.split_whitespace().nth(16).unwrap_or("?");
    Ok(format!(
        "{cores} cores, Linux {}, nice level {nice}.",
        kernel.trim()
    ))
}

/// Whatever else the machine does.
fn load() -> Result<String> {
    let averages = std::fs::read_to_string("/proc/loadavg")?;
    let minute = averages.split(' ').next().unwrap_or("?");
    Ok(format!("load average of a minute {minute}"))
}

/// One line of the table.
fn compare(name: &str, load: Load) -> Result<()> {
    let mut helper = Vec::new();
    let mut pump = Vec::new();
    for _ in 0..RUNS {
        let subject = Pump::start()?;
        pump.push(subject.measure(load)?);
        let subject = Helper::start()?;
        helper.push(subject.measure(load)?);
    }
    let of = |runs: &[Used], figure: fn(&Used) -> f64| {
        let mut figures: Vec<f64> = runs.iter().map(figure).collect();
        figures.sort_by(f64::total_cmp);
        figures
    };
    let (least, median, most) = (0, RUNS / 2, RUNS - 1);
    let both = |figure: fn(&Used) -> f64, place: usize| {
        (of(&helper, figure)[place], of(&pump, figure)[place])
    };
    let (speed, pump_speed) = both(Used::megabytes_per_second, most);
    let (cpu, pump_cpu) = both(Used::cpu_per_megabyte, least);
    let (reads, pump_reads) = both(Used::reads_per_megabyte, median);
    let (wakes, pump_wakes) = both(Used::wake_ups_per_megabyte, median);
    say(&format!(
        "| {name} | {speed:.3} | {:.2} | {:.2} | {:.2} | {reads:.0} | {pump_reads:.0} | {wakes:.0} | {pump_wakes:.0} |",
        speed / pump_speed,
        cpu * 1000.0,
        cpu / pump_cpu,
    ));
    Ok(())
}

#[allow(clippy::print_stdout, reason = "figures are what this program is for")]
fn say(line: &str) {
    println!("{line}");
}
