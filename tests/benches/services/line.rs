//! A file through the line of a played SIMCom module (`AT+CFTPPUT`, `AT+CFTPGET`), beside the same file by our
//! client called over D-Bus, and by curl, to and from the same vsftpd.

use crate::contest::Plan;
use crate::figures::{self, Used};
use crate::files::Tools;
use crate::hayesd::Hayesd;
use crate::tell;
use anyhow::{Context as _, Result, ensure};
use hayes_ldisc::discipline::stuffing;
use hayes_tests::equipment::Equipment;
use hayes_tests::ftpd::{PASSWORD, USER};
use hayes_tests::simcom;
use std::fs;
use std::time::{Duration, Instant};

/// The file on the server, and what `AT+CFTPPUT` and `AT+CFTPGET` call it.
const NAME: &str = "line";
const PATH: &str = "work/line";

/// Bytes that the equipment writes at a time.
const WRITE: usize = 64 << 10;

/// Only a guard against hanging.
const LONGEST: Duration = Duration::from_secs(600);

/// How long a process may go on after the last answer.
const AFTERWARDS: Duration = Duration::from_millis(200);

pub(crate) fn bench(plan: &Plan) -> Result<()> {
    let megabytes = plan.scale.file as f64 / 1e6;
    let up = format!("{megabytes} MB up, by the line");
    let down = format!("{megabytes} MB down, by the line");
    if !plan.wanted(&up) && !plan.wanted(&down) {
        return Ok(());
    }
    let mut stand = Stand::start(plan.scale.file)?;
    tell("")?;
    tell("| work | by | MB/s | wall, s | CPU, s | of it `hayes-ldisc` |")?;
    tell("|---|---|---|---|---|---|")?;
    if plan.wanted(&up) {
        let all: [(&str, Work); 3] = [
            ("hayesd, `AT+CFTPPUT`", Stand::put),
            ("hayesd, D-Bus", Stand::upload),
            ("curl", |stand| stand.tools.curl_up().map(plain)),
        ];
        stand.contest(plan, &up, &all)?;
    }
    if plan.wanted(&down) {
        // What the others fetch.
        stand.upload()?;
        stand.put()?;
        let all: [(&str, Work); 3] = [
            ("hayesd, `AT+CFTPGET`", Stand::get),
            ("hayesd, D-Bus", Stand::download),
            ("curl", |stand| stand.tools.curl_down().map(plain)),
        ];
        stand.contest(plan, &down, &all)?;
    }
    Ok(())
}

/// What was used; of the CPU, so much by the helper.
type Spent = (Used, f64);
type Work = fn(&mut Stand) -> Result<Option<Spent>>;

/// Where there is no helper.
fn plain(used: Option<Used>) -> Option<Spent> {
    used.map(|used| (used, 0.0))
}

struct Stand {
    tools: Tools,
    hayesd: Hayesd,
    equipment: Equipment,
    content: Vec<u8>,
    /// The same as it goes over the line.
    wire: Vec<u8>,
}

impl Stand {
    fn start(length: usize) -> Result<Self> {
        let tools = Tools::new(length, false)?;
        let hayesd = Hayesd::start(|site| {
            let (roots, ftp) = (tools.access.roots(), tools.access.endpoint(site)?);
            Ok(format!(
                "{roots}[account.run0]\nftp = {ftp}\n[emulator.panel]\ndevice = \"pty:panel\"\n\
                 dialect = \"simcom\"\nallow = [\"127.0.0.0/8\"]\n"
            ))
        })?;
        hayesd.run(async |client| {
            let path = "/org/hayesd1/emulator/panel";
            client.until(path, "Emulator", "State", "command").await
        })?;
        let mut equipment = Equipment::open(&hayesd.site().pty("panel"))?;
        equipment.set_patience(LONGEST);
        equipment.ok("ATE0")?;
        simcom::file_server(&mut equipment, tools.access.port, USER, PASSWORD)?;
        equipment.ok("AT+CFTPSERV=\"127.0.0.1\"")?;
        equipment.ok("AT+CFTPMODE=1")?;
        let content = tools.content()?;
        let mut wire = Vec::new();
        stuffing::encode(&content, &mut wire);
        wire.push(stuffing::END);
        Ok(Self {
            tools,
            hayesd,
            equipment,
            content,
            wire,
        })
    }

    /// Runs everybody in turn and prints a line for each.
    fn contest(&mut self, plan: &Plan, work: &str, all: &[(&str, Work)]) -> Result<()> {
        let mut best: Vec<Option<Spent>> = vec![None; all.len()];
        for run in 0..plan.all_runs() {
            for ((_, once), best) in all.iter().zip(&mut best) {
                let spent = once(self)?;
                if run < plan.scale.warm_up {
                    continue;
                }
                *best = match (best.take(), spent) {
                    (Some(best), Some(spent)) => {
                        Some((best.0.better(spent.0), best.1.min(spent.1)))
                    }
                    (best, spent) => spent.or(best),
                };
            }
        }
        let megabytes = self.content.len() as f64 / 1e6;
        for (at, ((name, _), best)) in all.iter().zip(best).enumerate() {
            let work = if at == 0 { work } else { "" };
            let Some((used, helper)) = best else {
                tell(&format!("| {work} | {name} | | | | |"))?;
                continue;
            };
            let helper = match helper {
                0.0 => String::new(),
                helper => format!("{helper:.3}"),
            };
            let (speed, wall, cpu) = (megabytes / used.wall, used.wall, used.cpu);
            tell(&format!(
                "| {work} | {name} | {speed:.0} | {wall:.3} | {cpu:.3} | {helper} |"
            ))?;
        }
        Ok(())
    }

    /// What both processes use for something that the equipment does.
    fn measure(&mut self, work: impl FnOnce(&mut Self) -> Result<()>) -> Result<Option<Spent>> {
        let daemon = self.hayesd.process()?;
        let helper = self.hayesd.helper()?;
        figures::forget_peak(daemon)?;
        let before = (figures::cpu(daemon)?, figures::cpu(helper)?);
        let begin = Instant::now();
        work(self)?;
        let wall = begin.elapsed().as_secs_f64();
        std::thread::sleep(AFTERWARDS);
        let of_helper = figures::cpu(helper)? - before.1;
        let cpu = figures::cpu(daemon)? - before.0 + of_helper;
        let peak = figures::peak(daemon)?;
        Ok(Some((Used { wall, cpu, peak }, of_helper)))
    }

    fn put(&mut self) -> Result<Option<Spent>> {
        let spent = self.measure(|stand| {
            stand.equipment.send(format!("AT+CFTPPUT=\"{PATH}\"\r"))?;
            stand.equipment.expect("\r\n+CFTPPUT: BEGIN\r\n")?;
            for piece in stand.wire.chunks(WRITE) {
                stand.equipment.send(piece)?;
            }
            let lines = stand.equipment.result()?;
            ensure!(lines == ["OK"], "{lines:?}");
            Ok(())
        })?;
        let stored = fs::read(self.tools.stored(NAME)).context("what was sent")?;
        ensure!(stored == self.content, "another file was stored");
        Ok(spent)
    }

    fn get(&mut self) -> Result<Option<Spent>> {
        let mut came = Vec::new();
        let spent = self.measure(|stand| {
            came = simcom::get(&mut stand.equipment, PATH)?;
            Ok(())
        })?;
        ensure!(came == self.content, "another file came");
        Ok(spent)
    }

    fn upload(&mut self) -> Result<Option<Spent>> {
        let Self { tools, hayesd, .. } = self;
        Ok(plain(tools.upload(hayesd)?))
    }

    fn download(&mut self) -> Result<Option<Spent>> {
        let Self { tools, hayesd, .. } = self;
        Ok(plain(tools.download(hayesd)?))
    }
}
