//! Who may call what on a booted machine: root, a member of the group `hayesd` and a stranger call every method
//! that the files of interfaces describe; under both buses, by the policy of the package, by the one for polkit
//! without polkit, and with it.

use anyhow::{Context as _, Result, bail, ensure};
use hayes_tests::client::{Client, Map};
use hayes_tests::documented::{self, Documented};
use hayes_tests::introspection::Method;
use hayes_tests::machine::{Machine, SystemBus};
use hayes_tests::machine_bus::Caller;
use hayes_tests::pop3::{Held, Pop3Server};
use hayes_tests::wait;
use std::fs::{self, File};
use std::os::fd::OwnedFd;
use std::time::Duration;
use zbus::wire::{Signature, StructureBuilder};
use zbus::{DBusError as _, Fd, OwnedObjectPath, Variant};

const NAME: &str = "org.hayesd1";
const ROOT: &str = "/org/hayesd1";

/// What came of a call.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Answer {
    /// The bus did not let it through.
    RefusedByBus,
    /// The daemon says `NotAuthorized`.
    NotAuthorized,
    /// The method itself answered, if only that it can't do this.
    Answered,
}

use Answer::{Answered, NotAuthorized, RefusedByBus};

/// Methods of every object on a bus, with what they take, and whether others than root may call them.
const STANDARD: [(&str, &str, &[&str], bool); 7] = [
    ("Introspectable", "Introspect", &[], true),
    ("ObjectManager", "GetManagedObjects", &[], true),
    ("Peer", "Ping", &[], true),
    ("Peer", "GetMachineId", &[], true),
    (
        "Properties",
        "Get",
        &["org.hayesd1.Manager", "Version"],
        true,
    ),
    ("Properties", "GetAll", &["org.hayesd1.Manager"], true),
    ("Properties", "Set", &[], false),
];

/// A machine with an object of every kind.
struct Scene {
    machine: Machine,
    root: Caller,
    pop3: Pop3Server,
    methods: Vec<Documented>,
}

impl Scene {
    async fn set(machine: Machine) -> Result<Self> {
        let pop3 = machine.in_network(|| Pop3Server::start(Duration::ZERO))?;
        machine.configure(&format!(
            "[account.alerts]\nfrom = \"pump7@example.org\"\n\
             smtp = {{ host = \"localhost\", tls = \"none\", port = 25 }}\n\
             pop3 = {{ host = \"localhost\", tls = \"none\", port = {}, user = \"u\", plain_auth = true, \
             password = {{ file = \"/etc/hayesd/secret/alerts\" }} }}\n\
             [emulator.panel]\ndevice = \"pty:panel\"\ndialect = \"quectel\"\n\
             [modem.lte]\ndevice = \"/dev/ttyUSB9\"\n",
            pop3.port()
        ))?;
        machine.run(
            "echo geheim | install -m 640 -g hayesd /dev/stdin /etc/hayesd/secret/alerts
             systemctl stop hayesd && chmod 640 /etc/hayesd/hayesd.toml",
        )?;
        let methods = documented::methods()?;
        ensure!(methods.len() > 40, "{methods:?}");
        Ok(Self {
            root: machine.caller("root").await?,
            machine,
            pop3,
            methods,
        })
    }

    /// Calls every method of every interface as somebody, and compares what comes with what has to. `others` is
    /// what comes of the methods that all objects have.
    async fn try_all(
        &self,
        who: &Caller,
        expected: impl Fn(Option<&str>) -> Answer,
        others: impl Fn(bool) -> Answer,
    ) -> Result<()> {
        let (job, message) = (self.job().await?, self.message().await?);
        let mut wrong = Vec::new();
        let mut judge = |method: &Method, answer: (Answer, String), expected: Answer| {
            if answer.0 != expected {
                let (interface, name) = (&method.interface, &method.name);
                wrong.push(format!("{interface}.{name}: {answer:?}, not {expected:?}"));
            }
        };
        for (interface, name, arguments, is_open) in STANDARD {
            let method = Method {
                path: ROOT.into(),
                interface: format!("org.freedesktop.DBus.{interface}"),
                name: name.into(),
                arguments: Vec::new(),
            };
            let values = arguments.iter().map(|&text| Variant::from(text)).collect();
            judge(
                &method,
                call(who.client(), &method, values).await?,
                others(is_open),
            );
        }
        // Those come last whose object is gone then.
        let (last, first): (Vec<_>, Vec<_>) = (self.methods.iter())
            .partition(|known| ["Release", "Remove"].contains(&known.method.name.as_str()));
        for known in first.into_iter().chain(last) {
            let mut method = known.method.clone();
            method.path = match method.interface.rsplit('.').next() {
                Some("Manager" | "Mail" | "Pop3" | "Ftp") => ROOT.to_owned(),
                Some("Account") => format!("{ROOT}/account/alerts"),
                Some("Emulator") => format!("{ROOT}/emulator/panel"),
                Some("Modem") => format!("{ROOT}/modem/lte"),
                Some("Job") => job.clone(),
                Some("Message") => message.clone(),
                _ => bail!("no object has {}", method.interface),
            };
            let values = method.arguments.iter().map(|kind| least(kind));
            let values = values.collect::<Result<_>>()?;
            let answer = call(who.client(), &method, values).await?;
            judge(&method, answer, expected(known.action.as_deref()));
        }
        ensure!(wrong.is_empty(), "{}", wrong.join("\n"));
        Ok(())
    }

    /// A job of root's.
    async fn job(&self) -> Result<String> {
        let root = self.root.client();
        let mail = ("alerts", "one@example.org", "Alarm", "text", Map::new());
        let job: OwnedObjectPath = root.call(ROOT, "Mail", "SendSimple", &mail).await?;
        Ok(job.to_string())
    }

    /// A message that was not there before.
    async fn message(&self) -> Result<String> {
        let root = self.root.client();
        let uid = {
            let mut mailbox = self.pop3.mailbox();
            let uid = format!("uid{}", mailbox.len());
            mailbox.push(Held {
                uid: uid.clone(),
                text: "Subject: x\r\n\r\ntext\r\n".into(),
            });
            uid
        };
        let fetch = ("alerts", &[uid.as_str()][..], Map::new());
        let job: OwnedObjectPath = root.call(ROOT, "Pop3", "Fetch", &fetch).await?;
        root.done(job.as_str()).await?;
        let get = ("alerts", uid.as_str(), Map::new());
        let message: OwnedObjectPath = root.call(ROOT, "Pop3", "GetMessage", &get).await?;
        Ok(message.to_string())
    }
}

/// The least that is of a type.
fn least(kind: &str) -> Result<Variant<'static>> {
    let signature = Signature::try_from(kind).map_err(|error| anyhow::anyhow!("{error}"))?;
    Ok(match signature {
        Signature::Str => Variant::from("alerts"),
        Signature::Bool => Variant::from(false),
        Signature::U32 => Variant::from(0_u32),
        Signature::U64 => Variant::from(0_u64),
        Signature::Fd => Variant::from(Fd::from(OwnedFd::from(File::open("/dev/null")?))),
        Signature::Array(item) => Variant::Array(zbus::wire::Array::new(item.signature())),
        Signature::Dict { key, value } => {
            Variant::Dict(zbus::wire::Dict::new(key.signature(), value.signature()))
        }
        other => bail!("a method takes {other}"),
    })
}

/// What came, with the error's text.
async fn call(
    client: &Client,
    method: &Method,
    values: Vec<Variant<'_>>,
) -> Result<(Answer, String)> {
    let connection = client.connection();
    let (name, path) = (method.name.as_str(), method.path.as_str());
    let interface = Some(method.interface.as_str());
    let answer = if values.is_empty() {
        let called = connection.call_method(Some(NAME), path, interface, name, &());
        called.await
    } else {
        let mut body = StructureBuilder::new();
        for value in values {
            body.push_value(value);
        }
        let body = body.build()?;
        let called = connection.call_method(Some(NAME), path, interface, name, &body);
        called.await
    };
    let Err(error) = answer else {
        return Ok((Answered, String::new()));
    };
    let name = match &error {
        zbus::Error::MethodError(name, ..) => name.to_string(),
        zbus::Error::FDO(error) => error.name().to_string(),
        other => bail!("{method:?}: {other}"),
    };
    let answer = match name.as_str() {
        "org.freedesktop.DBus.Error.AccessDenied" => RefusedByBus,
        "org.hayesd1.Error.NotAuthorized" => NotAuthorized,
        "org.freedesktop.DBus.Error.InvalidArgs" if method.name == "Set" => Answered,
        ours if ours.starts_with("org.hayesd1.Error.") => Answered,
        _ => bail!("{method:?}: {error}"),
    };
    Ok((answer, error.to_string()))
}

/// What the policy of the package makes of callers. Who may call starts the daemon.
async fn by_group(scene: &Scene) -> Result<()> {
    let machine = &scene.machine;
    let ping = "busctl call org.hayesd1 /org/hayesd1 org.freedesktop.DBus.Peer Ping";
    let refused = machine.try_run_as("one", ping)?;
    ensure!(
        refused.contains("enied") || refused.contains("not allowed"),
        "{refused}"
    );
    machine.run(&format!("{ping} && systemctl is-active hayesd"))?;
    let stranger = machine.caller("one").await?;
    let nothing = |_: Option<&str>| RefusedByBus;
    scene
        .try_all(&stranger, nothing, |_| RefusedByBus)
        .await
        .context("a stranger")?;

    machine.run("usermod -a -G hayesd one")?;
    a_member_sends(machine)?;
    let member = machine.caller("one").await?;
    let all_but_administer = |action: Option<&str>| match action {
        Some("org.hayesd1.administer") => NotAuthorized,
        _ => Answered,
    };
    let standard = |is_open| if is_open { Answered } else { RefusedByBus };
    scene
        .try_all(&member, all_but_administer, standard)
        .await
        .context("a member")?;
    scene
        .try_all(&scene.root, |_| Answered, |_| Answered)
        .await
        .context("root")?;
    machine.run("gpasswd -d one hayesd")?;
    Ok(())
}

/// As people do it, by busctl; the mail arrives.
fn a_member_sends(machine: &Machine) -> Result<()> {
    let send = "busctl call org.hayesd1 /org/hayesd1 org.hayesd1.Mail SendSimple 'ssssa{sv}' \
                alerts one@example.org Alarm 'Pressure is low.' 0";
    let answer = machine.try_run_as("one", send)?;
    let job = answer
        .trim()
        .strip_prefix("o ")
        .with_context(|| answer.clone())?;
    let wait = format!("busctl call org.hayesd1 {job} org.hayesd1.Job Wait 'ta{{sv}}' 20000000 0");
    let ended = machine.try_run_as("one", &wait)?;
    ensure!(ended.starts_with("sa{sv} \"done\""), "{ended}");
    machine.until("grep 'Pressure is low.' /var/mail/one")?;
    let id = job.trim_matches('"').rsplit('/').next().unwrap_or_default();
    machine.until(&format!(
        "journalctl --no-pager -o cat -u hayesd HAYESD_JOB={id} | grep done"
    ))
}

const RULES: &str = r#"
polkit.addRule(function(action, subject) {
    var may = ["org.hayesd1.read-mail", "org.hayesd1.manage-jobs"];
    if (subject.user == "one" && may.indexOf(action.id) >= 0)
        return polkit.Result.YES;
});
"#;

/// The policy for polkit, as the README says to put it in place: everybody may ask.
async fn by_polkit(scene: &Scene) -> Result<()> {
    let machine = &scene.machine;
    machine.run(
        "cp /usr/share/doc/hayesd/examples/org.hayesd1.polkit.conf /etc/dbus-1/system.d/
         systemctl mask --runtime --quiet polkit && systemctl reload dbus",
    )?;
    let stranger = machine.caller("one").await?;
    let standard = |is_open| if is_open { Answered } else { RefusedByBus };
    let open = |action: Option<&str>| action.map_or(Answered, |_| NotAuthorized);
    scene
        .try_all(&stranger, open, standard)
        .await
        .context("no polkit")?;

    machine.run("systemctl unmask --runtime --quiet polkit")?;
    let rules = machine.path("/etc/polkit-1/rules.d/50-one.rules");
    fs::write(&rules, RULES)?;
    let granted = |action: Option<&str>| match action {
        None | Some("org.hayesd1.read-mail" | "org.hayesd1.manage-jobs") => Answered,
        Some(_) => NotAuthorized,
    };
    scene
        .try_all(&stranger, granted, standard)
        .await
        .context("a rule of polkit")?;

    // polkit watches the folder, but not so that it would know at once.
    fs::remove_file(&rules)?;
    let list = ("alerts", 0_u32, 0_u32, Map::new());
    let told = wait::until_async("the rule to be forgotten", wait::LONG, async || {
        let listed = stranger.client().call(ROOT, "Pop3", "ListInbox", &list);
        let listed: zbus::Result<Vec<std::collections::HashMap<String, zbus::OwnedVariant>>> =
            listed.await;
        listed.err()
    })
    .await?
    .to_string();
    ensure!(
        told.contains("polkit wants somebody to authenticate (org.hayesd1.read-mail)"),
        "{told}"
    );
    scene
        .try_all(&stranger, open, standard)
        .await
        .context("polkit without a rule")
}

async fn callers(bus: SystemBus) -> Result<()> {
    let Some(machine) = Machine::with_package(bus)? else {
        return Ok(());
    };
    let is_broker = machine
        .run("cat /proc/[0-9]*/comm")?
        .contains("dbus-broker");
    ensure!(is_broker == (bus == SystemBus::Broker));
    let scene = Scene::set(machine).await?;
    by_group(&scene).await?;
    by_polkit(&scene).await
}

#[tokio::test]
async fn callers_by_dbus_daemon() -> Result<()> {
    callers(SystemBus::Daemon).await
}

#[tokio::test]
async fn callers_by_dbus_broker() -> Result<()> {
    callers(SystemBus::Broker).await
}
