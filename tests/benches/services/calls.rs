//! Calls over D-Bus that are answered at once, beside a service that has nothing else.

use crate::bare::{self, Bare};
use crate::contest::Plan;
use crate::figures;
use crate::hayesd::Hayesd;
use crate::tell;
use anyhow::Result;
use hayes_tests::client::Map;
use std::time::Instant;
use tokio::task::JoinSet;
use zbus::Connection;

/// What is called, at the same path and with the same arguments at both.
#[derive(Clone, Copy)]
enum Call {
    Property,
    Method,
}

impl Call {
    async fn make(self, connection: &Connection, service: &str) -> zbus::Result<()> {
        let (path, manager) = ("/org/hayesd1", "org.hayesd1.Manager");
        match self {
            Self::Property => {
                let properties = Some("org.freedesktop.DBus.Properties");
                let body = (manager, "Version");
                connection
                    .call_method(Some(service), path, properties, "Get", &body)
                    .await?;
            }
            Self::Method => {
                let body = (Map::new(), 0_u32, 0_u32, Map::new());
                connection
                    .call_method(Some(service), path, Some(manager), "ListJobs", &body)
                    .await?;
            }
        }
        Ok(())
    }
}

/// Calls a second, and the service's CPU for each in microseconds.
#[derive(Clone, Copy)]
struct Speed {
    rate: f64,
    cpu: f64,
}

pub(crate) fn bench(plan: &Plan) -> Result<()> {
    let mut works = Vec::new();
    for (call, name) in [
        (Call::Property, "property `Version`"),
        (Call::Method, "method `ListJobs`, of none"),
    ] {
        for callers in [1, 16] {
            let work = format!("D-Bus, {name}, {callers} at a time");
            if plan.wanted(&work) {
                works.push((work, call, callers));
            }
        }
    }
    if works.is_empty() {
        return Ok(());
    }
    let mut hayesd = Hayesd::start(|_| {
        Ok("[account.run0]\nfrom = \"a@example.org\"\nsmtp = { host = \"127.0.0.1\", tls = \"none\" }\n".to_owned())
    })?;
    let bare = Bare::start(hayesd.site())?;
    let subjects = [
        ("org.hayesd1", hayesd.process()?),
        (bare::NAME, bare.process()),
    ];
    tell("")?;
    tell("| calls | hayesd, 1/s | bare, 1/s | ratio | hayesd, CPU us | bare, CPU us | ratio |")?;
    tell("|---|---|---|---|---|---|---|")?;
    for (work, call, callers) in works {
        let mut best: [Option<Speed>; 2] = [None; 2];
        for run in 0..plan.all_runs() {
            for ((service, process), best) in subjects.into_iter().zip(&mut best) {
                let speed = measure(&hayesd, plan.scale.calls, (service, process), call, callers)?;
                if run >= plan.scale.warm_up {
                    *best = Some(match *best {
                        None => speed,
                        Some(best) => Speed {
                            rate: best.rate.max(speed.rate),
                            cpu: best.cpu.min(speed.cpu),
                        },
                    });
                }
            }
        }
        if let [Some(ours), Some(bare)] = best {
            tell(&format!(
                "| {work} | {:.0} | {:.0} | {:.2} | {:.1} | {:.1} | {:.2} |",
                ours.rate,
                bare.rate,
                ours.rate / bare.rate,
                ours.cpu,
                bare.cpu,
                ours.cpu / bare.cpu,
            ))?;
        }
    }
    Ok(())
}

fn measure(
    hayesd: &Hayesd,
    calls: usize,
    (service, process): (&'static str, u32),
    call: Call,
    callers: usize,
) -> Result<Speed> {
    let before = figures::cpu(process)?;
    let begin = Instant::now();
    hayesd.run(async |client| {
        let mut all = JoinSet::new();
        for _ in 0..callers {
            let connection = client.connection().clone();
            all.spawn(async move {
                for _ in 0..calls / callers {
                    call.make(&connection, service).await?;
                }
                Ok::<_, zbus::Error>(())
            });
        }
        while let Some(ended) = all.join_next().await {
            ended??;
        }
        Ok(())
    })?;
    let calls = (calls / callers * callers) as f64;
    Ok(Speed {
        rate: calls / begin.elapsed().as_secs_f64(),
        cpu: (figures::cpu(process)? - before) / calls * 1e6,
    })
}
