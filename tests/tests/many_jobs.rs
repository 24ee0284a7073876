//! Ten thousand mails in the queue of the real daemon: it starts, and they take little memory.

use anyhow::{Context as _, Result, ensure};
use hayes_dbus::ManagerProxy;
use hayes_tests::client::{Client, Map};
use hayes_tests::process::show;
use hayes_tests::site::Site;
use hayes_tests::{ports, wait};
use std::fs;
use std::path::Path;
use std::time::{Duration, Instant};

const MANY: u32 = 10_000;

/// Nothing of it has its turn while we look.
const QUEUE: &str = r#"queue = { first = "1 h", longest = "1 h", expiry = "5 d" }"#;

/// How long the daemon took to have its name and to have opened its queue, and what it takes, in kB.
struct Started {
    name: Duration,
    ready: Duration,
    resident: u64,
    client: Client,
}

async fn start(site: &mut Site) -> Result<Started> {
    let begin = Instant::now();
    let client = site.start().await?;
    let name = begin.elapsed();
    client
        .until("/org/hayesd1", "Manager", "State", "ready")
        .await?;
    let ready = begin.elapsed();
    Ok(Started {
        name,
        ready,
        resident: resident(site)?,
        client,
    })
}

fn resident(site: &mut Site) -> Result<u64> {
    let status = fs::read_to_string(format!("/proc/{}/status", site.daemon()?.id()))?;
    let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:"));
    let number = line.and_then(|line| line.split_whitespace().next());
    Ok(number.context("no VmRSS")?.parse()?)
}

/// Another mail like that one.
fn copy(from: &Path, to: &Path, (old, new): (u32, u32)) -> Result<()> {
    fs::create_dir(to)?;
    let header = fs::read_to_string(from.join("header.json"))?;
    let own = header.replacen(&format!("\"id\":{old},"), &format!("\"id\":{new},"), 1);
    fs::write(to.join("header.json"), own)?;
    fs::hard_link(from.join("message.eml"), to.join("message.eml"))?;
    Ok(())
}

#[tokio::test]
async fn the_daemon_starts_with_ten_thousand_mails_in_its_queue() -> Result<()> {
    let mut site = Site::new()?;
    site.configure(&format!(
        "default_account = \"main\"\n{QUEUE}\n[account.main]\nfrom = \"pump7@example.org\"\n\
         smtp = {{ host = \"127.0.0.1\", port = {}, tls = \"none\" }}\n",
        ports::free()?
    ))?;
    let one = start(&mut site).await?;
    let to = "ops@example.org";
    let job = one
        .client
        .send_simple(to, "Pump 7", "high", Map::new())
        .await?;
    one.client.until(&job, "Job", "State", "deferred").await?;
    let resident_with_one = resident(&mut site)?;
    site.stop()?;
    let (_, number) = job.rsplit_once('/').context("a path")?;
    let first: u32 = number.parse()?;
    let jobs = site.state_dir().join("spool/jobs");
    for id in first + 1..first + MANY {
        let (from, to) = (jobs.join(first.to_string()), jobs.join(id.to_string()));
        copy(&from, &to, (first, id))?;
    }

    let many = start(&mut site).await?;
    let manager = ManagerProxy::new(many.client.connection()).await?;
    let deferred = wait::until_async("all jobs", wait::LONG, async || {
        let count: u32 = manager.jobs_deferred().await.ok()?;
        (count == MANY).then_some(count)
    });
    deferred.await?;
    let begin = Instant::now();
    let page = manager
        .list_jobs(Map::new(), MANY - 10, 100, Map::new())
        .await?;
    let listed = begin.elapsed();
    ensure!(
        page.len() == 10,
        "{} jobs at the end of the list",
        page.len()
    );
    let grown = resident(&mut site)?.saturating_sub(resident_with_one);
    show(
        "10 000 mails in the queue",
        &format!(
            "name on the bus after {:?}, ready after {:?} (with none: {:?}, {:?});\n\
             {} kB resident at first, {grown} kB more than with one; the end of the list after {listed:?}",
            many.name, many.ready, one.name, one.ready, many.resident
        ),
    );
    ensure!(grown < 40_000, "{grown} kB more than with one mail");

    // It is no lump: what comes now is taken, and the rest is there after another start.
    many.client
        .send_simple(to, "Pump 7", "still high", Map::new())
        .await?;
    site.kill()?;
    let again = start(&mut site).await?;
    let manager = ManagerProxy::new(again.client.connection()).await?;
    let end = manager
        .list_jobs(Map::new(), MANY - 10, 100, Map::new())
        .await?;
    ensure!(end.len() == 11, "{} jobs at the end of the list", end.len());
    Ok(())
}
