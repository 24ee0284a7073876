//! Every method of every object with arguments that nobody would give, from every kind of caller: the daemon
//! answers each call with an error that says whose fault it is, lives on, and holds no more than before.
//!
//! `HAYES_SEED=N` gives the same calls again.

use anyhow::{Context as _, Result, bail, ensure};
use hayes_tests::arguments::Arguments;
use hayes_tests::bus::Bus;
use hayes_tests::client::{Client, Map};
use hayes_tests::dice::Dice;
use hayes_tests::footprint::Footprint;
use hayes_tests::introspection::{self, Method};
use hayes_tests::process::show;
use hayes_tests::site::Site;
use hayes_tests::{ports, scale, stranger, wait};
use hayesd::service::ErrorKind;
use std::collections::{BTreeMap, HashMap};
use std::path::Path;
use std::time::Duration;
use tokio::task::JoinSet;
use zbus::wire::StructureBuilder;
use zbus::{Connection, DBusError as _, OwnedVariant, Variant};

const NAME: &str = "org.hayesd1";
const ROOT: &str = "/org/hayesd1";

/// `busctl` and sd-bus give up after so long.
const BUS_TIME: Duration = Duration::from_secs(25);

/// Calls under way at a time.
const AT_A_TIME: usize = 8;

/// How long a call may ask to wait, in microseconds: what is tested is not patience.
const LONGEST: u64 = 50_000;

/// Descriptors that may come besides: ports come and go.
const MORE_DESCRIPTORS: usize = 4;

/// Memory that may be gained once everything was used: what an allocator does not give back, not what is lost
/// by each of thousands of calls. In KiB.
const MORE_MEMORY: usize = 6 * 1024;

/// Errors of the bus and of the standard interfaces that tell a caller what is wrong with the call.
const STANDARD: [&str; 9] = [
    "AccessDenied",
    "InvalidArgs",
    "InvalidSignature",
    "UnknownInterface",
    "UnknownMethod",
    "UnknownObject",
    "UnknownProperty",
    "PropertyReadOnly",
    "LimitsExceeded",
];

/// The last part of an error's name; or what is wrong with it.
fn judged(error: &zbus::Error) -> std::result::Result<String, String> {
    let name = match error {
        zbus::Error::MethodError(name, ..) => name.to_string(),
        // How zbus hands on those of the standard interfaces.
        zbus::Error::FDO(error) => error.name().to_string(),
        other => return Err(format!("no answer: {other}")),
    };
    let is_ours = name.strip_prefix("org.hayesd1.Error.").is_some_and(|name| {
        let mut kinds = ErrorKind::ALL.into_iter();
        kinds.any(|kind| kind.name() == name && kind != ErrorKind::Internal)
    });
    let is_standard = name
        .strip_prefix("org.freedesktop.DBus.Error.")
        .is_some_and(|name| STANDARD.contains(&name));
    if !is_ours && !is_standard {
        return Err(error.to_string());
    }
    Ok(name.rsplit('.').next().unwrap_or_default().to_owned())
}

/// One kind of caller.
struct Caller {
    who: &'static str,
    /// In `hayesd`, or nobody at all; `None`: the daemon's own user.
    groups: Option<&'static [u32]>,
}

impl Caller {
    async fn connect(&self, bus: &Bus) -> Result<Connection> {
        match self.groups {
            Some(groups) => stranger::connect(bus, groups).await,
            None => bus.connect().await,
        }
    }
}

/// The daemon and who calls it.
struct Siege {
    site: Site,
    client: Client,
    callers: Vec<Caller>,
    arguments: Arguments,
}

/// Accounts whose servers are not there, equipment that never comes, a module on its port.
fn configuration(site: &Site) -> Result<String> {
    let secret = site.secret("password", "geheim")?;
    let server = |port| {
        format!(
            "{{ host = \"127.0.0.1\", port = {port}, tls = \"none\", plain_auth = true, user = \"u\", \
             password = {{ file = \"{}\" }} }}",
            secret.display()
        )
    };
    Ok(format!(
        "default_account = \"main\"\n\
         [account.main]\nfrom = \"pump7@example.org\"\nsmtp = {}\npop3 = {}\nftp = {}\n\
         [emulator.panel]\ndevice = \"pty:panel\"\ndialect = \"quectel\"\n\
         [modem.lte]\ndevice = \"{}\"\napn = \"internet\"\n",
        server(ports::free()?),
        server(ports::free()?),
        server(ports::free()?),
        site.pty("panel").display(),
    ))
}

impl Siege {
    async fn lay(seed: u64) -> Result<Self> {
        let mut callers = vec![Caller {
            who: "the daemon's own user",
            groups: None,
        }];
        let mut site = match stranger::possible() {
            Ok(()) => {
                callers.push(Caller {
                    who: "a stranger",
                    groups: Some(&[]),
                });
                callers.push(Caller {
                    who: "a member",
                    groups: Some(&[stranger::GROUP]),
                });
                let policy = concat!(
                    env!("CARGO_MANIFEST_DIR"),
                    "/../dbus/org.hayesd1.polkit.conf"
                );
                let mut site = Site::on(Bus::like_system(Path::new(policy))?)?;
                site.make_group()?;
                site
            }
            Err(why) => {
                show("skipped: strangers and members", &format!("{why:#}"));
                Site::new()?
            }
        };
        site.configure(&configuration(&site)?)?;
        let client = site.start().await?;
        client
            .until("/org/hayesd1/modem/lte", "Modem", "State", "ready")
            .await?;
        let arguments = Arguments::new(Dice::new(seed), site.folder().path().to_owned());
        Ok(Self {
            site,
            client,
            callers,
            arguments,
        })
    }

    /// So many calls by each caller, on connections that go again.
    async fn storm(&mut self, calls: usize) -> Result<()> {
        for index in 0..self.callers.len() {
            let connection = self.callers[index].connect(self.site.bus()).await?;
            let methods = introspection::methods(&connection).await?;
            let who = self.callers[index].who;
            ensure!(methods.len() > 60, "{who} sees {methods:?}");
            let tally = self
                .fire(&connection, methods, calls)
                .await
                .with_context(|| format!("by {who}"))?;
            show(who, &format!("{tally:?}"));
            // Nonsense that is all refused at the door would prove little.
            for answer in ["done", "InvalidArgument", "InvalidArgs"] {
                ensure!(tally.contains_key(answer), "{who} never had {answer}");
            }
            // One that nobody waits for any more.
            let message = zbus::Message::method_call("/org/hayesd1/job/1", "Wait")
                .destination(NAME)
                .interface("org.hayesd1.Job")
                .build(&(u64::MAX, Map::new()))?;
            connection.send(&message).await?;
        }
        self.tidy().await?;
        ensure!(self.site.daemon()?.is_running(), "the daemon has ended");
        Ok(())
    }

    /// Tells how often which answer came.
    async fn fire(
        &mut self,
        connection: &Connection,
        methods: Vec<Method>,
        calls: usize,
    ) -> Result<Tally> {
        let paths = methods.iter().map(|method| method.path.clone()).collect();
        self.arguments.know(paths);
        // Jobs are many, methods are few: each is to have its turn.
        let mut kinds = BTreeMap::<_, Vec<Method>>::new();
        for method in methods {
            let key = (method.interface.clone(), method.name.clone());
            kinds.entry(key).or_default().push(method);
        }
        let kinds: Vec<_> = kinds.into_values().collect();
        let (mut tally, mut under_way) = (Tally::new(), JoinSet::new());
        for _ in 0..calls {
            let alike = self.arguments.dice().below(kinds.len());
            let method = self.arguments.dice().pick(&kinds[alike]).clone();
            let values = self.arguments.of(&method.arguments)?;
            let values = bounded(&method, values);
            if under_way.len() >= AT_A_TIME {
                settled(&mut tally, under_way.join_next().await)?;
            }
            under_way.spawn(call(connection.clone(), method, values));
        }
        self.arguments.end_silence();
        while let Some(result) = under_way.join_next().await {
            settled(&mut tally, Some(result))?;
        }
        Ok(tally)
    }

    /// No job is left, no account, and none ended by a mistake of ours.
    async fn tidy(&self) -> Result<()> {
        let client = &self.client;
        loop {
            let arguments = (Map::new(), 0_u32, 1000_u32, Map::new());
            let jobs: Vec<(u32, HashMap<String, OwnedVariant>)> =
                client.call(ROOT, "Manager", "ListJobs", &arguments).await?;
            if jobs.is_empty() {
                break;
            }
            for (id, job) in jobs {
                let error = job.get("error_name");
                ensure!(
                    error.is_none_or(|name| !format!("{name:?}").contains("Internal")),
                    "job {id}: {job:?}"
                );
                let path = format!("/org/hayesd1/job/{id}");
                let options = (Map::new(),);
                // It is put on the bus for whoever asks.
                let _: zbus::OwnedObjectPath = client
                    .call(ROOT, "Manager", "GetJob", &(id, Map::new()))
                    .await?;
                let () = client.call(&path, "Job", "Cancel", &options).await?;
                let () = client.call(&path, "Job", "Release", &options).await?;
            }
        }
        for method in introspection::methods(client.connection()).await? {
            if method.interface == "org.hayesd1.Account" && method.name == "Remove" {
                // Refused of the one that the configuration has.
                let arguments = (Map::new(),);
                let _: zbus::Result<()> = client
                    .call(&method.path, "Account", "Remove", &arguments)
                    .await;
            }
        }
        Ok(())
    }

    /// What the daemon holds once nothing is under way.
    async fn footprint(&mut self, most: usize) -> Result<Footprint> {
        let process = self.site.daemon()?.id();
        wait::until_async("descriptors to be closed", wait::LONG, async || {
            let now = Footprint::of(process).ok()?;
            (now.descriptors <= most).then_some(now)
        })
        .await
        .with_context(|| format!("{:?}", Footprint::of(process)))
    }
}

/// A call that is to wait does not do so for long.
fn bounded(method: &Method, mut values: Vec<Variant<'static>>) -> Vec<Variant<'static>> {
    for value in &mut values {
        if let Variant::U64(time) = value
            && ["Wait", "Command"].contains(&method.name.as_str())
        {
            *time %= LONGEST;
        }
    }
    values
}

/// How often which answer came, by the last part of its name.
type Tally = BTreeMap<String, usize>;

type Settled = std::result::Result<Result<String>, tokio::task::JoinError>;

fn settled(tally: &mut Tally, one: Option<Settled>) -> Result<()> {
    let answer = one.context("no call is under way")???;
    *tally.entry(answer).or_default() += 1;
    Ok(())
}

async fn call(
    connection: Connection,
    method: Method,
    values: Vec<Variant<'static>>,
) -> Result<String> {
    let (path, interface) = (method.path.as_str(), Some(method.interface.as_str()));
    let what = || {
        let text = format!("{path} {interface:?} {}({values:?})", method.name);
        text.chars().take(2000).collect::<String>()
    };
    let mut body = StructureBuilder::new();
    for value in &values {
        body.push_value(value.try_clone()?);
    }
    let name = Some(NAME);
    let answer = async {
        if values.is_empty() {
            connection
                .call_method(name, path, interface, method.name.as_str(), &())
                .await
        } else {
            let body = body.build()?;
            connection
                .call_method(name, path, interface, method.name.as_str(), &body)
                .await
        }
    };
    let Ok(answer) = tokio::time::timeout(BUS_TIME, answer).await else {
        bail!("not answered within {BUS_TIME:?}: {}", what());
    };
    match answer {
        Ok(_) => Ok("done".to_owned()),
        Err(error) => judged(&error).map_err(|why| anyhow::anyhow!("{why}, to {}", what())),
    }
}

#[tokio::test]
async fn every_method_withstands_what_nobody_would_say() -> Result<()> {
    let seed = Dice::seed();
    show("seed", &format!("HAYES_SEED={seed}"));
    let mut siege = Siege::lay(seed).await?;
    let calls = scale::of(200, 2000);
    // What is made at first use is made now.
    siege.storm(calls).await?;
    let before = siege.footprint(usize::MAX).await?;
    for _ in 0..scale::of(2, 5) {
        siege.storm(calls).await?;
        let after = siege.footprint(usize::MAX).await?;
        show("now", &format!("{after:?}"));
    }
    let after = siege
        .footprint(before.descriptors + MORE_DESCRIPTORS)
        .await?;
    show("before and after", &format!("{before:?}\n{after:?}"));
    ensure!(
        after.memory <= before.memory + MORE_MEMORY,
        "HAYES_SEED={seed}: {before:?}, then {after:?}"
    );
    siege.site.stop()
}
