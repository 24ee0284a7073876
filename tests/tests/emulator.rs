//! An emulator from outside: switched off and on, reset, counted.

use anyhow::{Context, Result, ensure};
use hayes_tests::equipment::Equipment;
use hayes_tests::site::Site;
use hayes_tests::transcript::pty::Bench;
use hayes_tests::wait;
use hayesd::dialect::quectel::DIALECT;
use hayesd::emulator::State;
use std::path::PathBuf;

const STARTED: &str = "\r\nRDY\r\n\r\n+CFUN: 1\r\n\r\n+CPIN: READY\r\n\r\n+QUSIM: 1\r\n\r\n+QIND: SMS DONE\r\n\r\n+QIND: PB DONE\r\n";

async fn panel(site: &Site) -> Result<(Bench, PathBuf)> {
    let bench = Bench::start(&DIALECT, &site.helper_socket(), "panel").await?;
    Ok((
        bench,
        site.helper_socket().with_file_name("pty").join("panel"),
    ))
}

/// Talks to the emulator from another thread, since it runs in this one.
async fn talk<T: Send + 'static>(
    mut equipment: Equipment,
    talk: impl FnOnce(&mut Equipment) -> Result<T> + Send + 'static,
) -> Result<(Equipment, T)> {
    let talked = tokio::task::spawn_blocking(move || {
        let said = talk(&mut equipment)?;
        Ok((equipment, said))
    });
    talked.await?
}

#[tokio::test]
async fn stopped_it_gives_its_port_back_and_forgets() -> Result<()> {
    let site = Site::new()?;
    let (bench, pty) = panel(&site).await?;
    let equipment = Equipment::open(&pty)?;
    let set = |it: &mut Equipment| it.ok("AT+CREG=1;+QSMTPDST=1,1,\"a@example.org\"");
    let (equipment, _) = talk(equipment, set).await?;
    let seen = bench.until(|view| view.commands == 1).await?;
    ensure!(
        seen.dtr && seen.bytes_in == 39 && seen.bytes_out == 6,
        "{seen:?}"
    );
    drop(equipment);
    bench.until(|view| !view.dtr).await?;

    bench.emulator()?.stop().await?;
    bench.until(|view| view.state == State::Stopped).await?;
    wait::until("the pty's name to go", wait::LONG, || {
        (!pty.exists()).then_some(())
    })?;

    bench.emulator()?.start().await?;
    bench.until(|view| view.state == State::Command).await?;
    let equipment = Equipment::open(&pty)?;
    // What it said when it was switched on was perhaps said before anybody was there.
    let (_, answer) = talk(equipment, |it| it.ok("AT+QSMTPDST?")).await?;
    ensure!(
        !answer.iter().any(|line| line.contains("example.org")),
        "{answer:?}"
    );
    Ok(())
}

#[tokio::test]
async fn reset_is_a_power_cycle() -> Result<()> {
    let site = Site::new()?;
    let (bench, pty) = panel(&site).await?;
    let equipment = Equipment::open(&pty)?;
    bench.until(|view| view.dtr).await?;
    let send = |it: &mut Equipment| {
        it.ok("AT+QSMTPCFG=\"smtpserver\",\"smtp.example.org\"")?;
        it.ok("AT+QSMTPCFG=\"sender\",\"\",\"a@example.org\"")?;
        it.ok("AT+QSMTPDST=1,1,\"b@example.org\"")?;
        it.ok("AT+QSMTPPUT=60")
    };
    let (equipment, _) = talk(equipment, send).await?;
    let jobs = bench.jobs().list(|_| true);
    let job = jobs.first().context("no mail was taken")?;
    // The way out waits to be told what to do, so the mail is under way.
    bench.emulator()?.reset().await?;
    let look = |it: &mut Equipment| {
        it.expect(STARTED)?;
        it.ok("AT+QSMTPDST?")
    };
    let (equipment, _) = talk(equipment, look).await?;
    let job = bench.jobs().wait(job.id).await?;
    ensure!(job.state == hayesd::job::State::Cancelled, "{job:?}");

    // In the middle of data: an error for it, and what follows is a command again.
    let enter = |it: &mut Equipment| {
        it.send("AT+QSMTPBODY=0,100,60\r")?;
        it.expect("CONNECT\r\n")?;
        it.send("some")
    };
    let (equipment, ()) = talk(equipment, enter).await?;
    bench.until(|view| view.state == State::Data).await?;
    bench.emulator()?.reset().await?;
    let look = |it: &mut Equipment| {
        it.expect(format!("\r\nERROR\r\n{STARTED}"))?;
        it.ok("AT")
    };
    talk(equipment, look).await?;
    Ok(())
}
