//! The documentation, the typed proxies and what zbus really exports are the same interfaces.

use super::*;
use crate::disk::Disk;
use crate::job::{Backs, Jobs, Via};
use crate::service::MailBack;
use crate::{dialect, emulator, job, modem};
use hayes_dbus::{EmulatorProxy, JobProxy, MailProxy, ManagerProxy, ModemProxy};
use hayes_ldisc::record::{LineSettings, Wiring};
use std::collections::BTreeSet;
use std::path::Path;

struct NoWay;

impl Backs for NoWay {
    fn mail(&self, _: &Via) -> Option<Arc<dyn MailBack>> {
        None
    }
}

impl Stage {
    /// With a modem and an emulator whose helper is not there.
    async fn with_ports() -> Self {
        Self::set().await.and_ports().await
    }

    /// The same added.
    pub(super) async fn and_ports(self) -> Self {
        let stage = self;
        let disk = Disk::start().unwrap();
        let helper = stage.bus.folder.join("no-helper");
        let modem = modem::start(
            modem::Settings::new("l-te", "/dev/ttyUSB9"),
            &helper,
            disk.clone(),
        );
        let coming = stage
            .service
            .add_modem("l-te", "/dev/ttyUSB9")
            .await
            .unwrap();
        assert_eq!(
            stage.property::<String>(MODEM, "Modem", "State").await,
            "claiming"
        );
        coming.send_replace(Some(modem));
        let settings = job::Settings::new(stage.bus.folder.join("spool"));
        let jobs = Jobs::start(
            settings,
            disk.clone(),
            Arc::new(SystemClock),
            Arc::new(Book),
            Arc::new(NoWay),
        );
        let settings = emulator::Settings {
            name: "panel".into(),
            device: "pty:panel".into(),
            line: LineSettings::default(),
            wiring: Wiring::default(),
            dialect: &dialect::quectel::DIALECT,
            identity: dialect::quectel::DIALECT.played.identity.clone(),
            quirks: dialect::Quirks::default(),
            policy: Arc::new(emulator::Plainly(vec![Via::Ip])),
            memory_dir: stage.bus.folder.join("memory"),
            files_dir: stage.bus.folder.join("files"),
        };
        let emulator = emulator::start(settings, helper, jobs.await.unwrap(), disk);
        let settings = emulator.settings().clone();
        let coming = stage.service.add_emulator(settings).await.unwrap();
        assert_eq!(
            stage
                .property::<String>(EMULATOR, "Emulator", "State")
                .await,
            "absent"
        );
        coming.send_replace(Some(emulator));
        stage
    }
}

const MODEM: &str = "/org/hayesd1/modem/l_2dte";
const EMULATOR: &str = "/org/hayesd1/emulator/panel";

/// The attributes of a tag.
fn attribute<'a>(tag: &'a str, name: &str) -> Option<&'a str> {
    let (_, rest) = tag.split_once(&format!(" {name}=\""))?;
    rest.split_once('"').map(|(value, _)| value)
}

/// The members of one interface, one text each; arguments and annotations in the order in which they come.
pub(super) fn members(xml: &str, interface: &str) -> BTreeSet<String> {
    let mut text = xml.to_owned();
    while let (Some(start), Some(end)) = (text.find("<!--"), text.find("-->")) {
        text.replace_range(start..end + 3, "");
    }
    let (_, rest) = text
        .split_once(&format!("<interface name=\"{interface}\">"))
        .unwrap();
    let (inside, _) = rest.split_once("</interface>").unwrap();
    let mut all = BTreeSet::new();
    let mut member = String::new();
    for tag in inside.split('<').skip(1) {
        let tag = tag.split('>').next().unwrap();
        let value = |name| attribute(tag, name).unwrap_or_default();
        match tag.split([' ', '/']).next().unwrap() {
            kind @ ("method" | "signal" | "property") => {
                all.insert(std::mem::take(&mut member));
                member = format!(
                    "{kind} {} {}{}",
                    value("name"),
                    value("type"),
                    value("access")
                );
            }
            // Arguments of signals have no direction, or the only one that they can have.
            "arg" => {
                member += &format!(
                    " {}:{}:{}",
                    value("name"),
                    value("type"),
                    value("direction").replace("out", "")
                )
            }
            "annotation" => member += &format!(" ={}", value("value")),
            _ => {}
        }
    }
    all.insert(member);
    all.remove("");
    all
}

fn document(interface: &str) -> String {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join(format!("../dbus/{interface}.xml"));
    std::fs::read_to_string(path).unwrap()
}

pub(super) const INTERFACES: [(&str, &str); 9] = [
    ("org.hayesd1.Manager", "/org/hayesd1"),
    ("org.hayesd1.Mail", "/org/hayesd1"),
    ("org.hayesd1.Pop3", "/org/hayesd1"),
    ("org.hayesd1.Ftp", "/org/hayesd1"),
    ("org.hayesd1.Message", "/org/hayesd1/inbox/main/1"),
    ("org.hayesd1.Account", "/org/hayesd1/account/made"),
    ("org.hayesd1.Job", "/org/hayesd1/job/1"),
    ("org.hayesd1.Modem", MODEM),
    ("org.hayesd1.Emulator", EMULATOR),
];

#[tokio::test]
async fn what_is_documented_is_exported_and_the_other_way_round() {
    let stage = Stage::with_ports().await;
    stage.store.add(crate::bus::sample::snapshot(1));
    let _: zbus::OwnedObjectPath = stage
        .call("/org/hayesd1", "Manager", "GetJob", &(1_u32, none()))
        .await
        .unwrap();
    let host = Variant::from(Map::from([("host", Variant::from("h"))]));
    let made = ("made", Map::from([("ftp", host)]), none());
    let _: zbus::OwnedObjectPath = stage
        .call("/org/hayesd1", "Manager", "CreateAccount", &made)
        .await
        .unwrap();
    stage.receive(&[("a", "text")]).await;
    let _: zbus::OwnedObjectPath = stage
        .call("/org/hayesd1", "Pop3", "GetMessage", &("", "a", none()))
        .await
        .unwrap();
    for (interface, path) in INTERFACES {
        let introspectable = Some("org.freedesktop.DBus.Introspectable");
        let reply = stage
            .caller
            .call_method(Some(NAME), path, introspectable, "Introspect", &())
            .await
            .unwrap();
        let exported: String = reply.body().deserialize().unwrap();
        assert_eq!(
            members(&document(interface), interface),
            members(&exported, interface),
            "{interface}"
        );
    }
}

#[test]
fn every_member_and_every_argument_is_documented() {
    for (interface, _) in INTERFACES {
        let xml = document(interface);
        let mut before = "";
        for part in xml.split("-->") {
            let (code, comment) = part.split_once("<!--").unwrap_or((part, ""));
            let tags: Vec<_> = code.split('<').skip(1).collect();
            for tag in tags {
                let name = attribute(tag, "name").unwrap_or_default();
                match tag.split(' ').next().unwrap() {
                    kind @ ("method" | "signal" | "property") => {
                        assert!(before.contains(&format!("{name}:")), "{interface}.{name}");
                        assert!(before.contains("Since: "), "{interface}.{name}");
                        assert!(
                            kind != "method" || before.contains("Errors: "),
                            "{interface}.{name}"
                        );
                    }
                    "arg" => assert!(
                        before.contains(&format!("@{name}: ")),
                        "{interface}: {name} in {before}"
                    ),
                    _ => {}
                }
            }
            before = comment;
        }
    }
}

#[test]
fn every_kind_of_job_is_documented() {
    let words = document("org.hayesd1.Job");
    let words: BTreeSet<_> = words.split([' ', ',', '.', '\n']).collect();
    for kind in job::Kind::ALL {
        assert!(words.contains(kind.name()), "{}", kind.name());
    }
}

#[tokio::test]
async fn the_proxies_fit() {
    let stage = Stage::with_ports().await;
    let caller = &stage.caller;
    let manager = ManagerProxy::new(caller).await.unwrap();
    assert_eq!(manager.version().await.unwrap(), env!("CARGO_PKG_VERSION"));
    assert_eq!(manager.state().await.unwrap(), "ready");
    let mail = MailProxy::new(caller).await.unwrap();
    let path = mail
        .send_simple("", "a@example.org", "s", "t", none())
        .await
        .unwrap();
    let job = JobProxy::new(caller, path).await.unwrap();
    assert_eq!(job.wait(0, none()).await.unwrap().0, "queued");
    assert_eq!(
        (job.id().await.unwrap(), job.created_usec().await.unwrap()),
        (1, 0)
    );
    assert_eq!(
        manager.list_jobs(none(), 0, 9, none()).await.unwrap().len(),
        1
    );
    assert_eq!(mail.list_queue(0, 9, none()).await.unwrap().len(), 1);
    let modem = ModemProxy::new(caller, MODEM).await.unwrap();
    assert_eq!(modem.device().await.unwrap(), "/dev/ttyUSB9");
    let refused = modem.command("AT", 1_000_000, none()).await.unwrap_err();
    assert!(
        refused.to_string().starts_with("org.hayesd1.Error.NoModem"),
        "{refused}"
    );
    let refused = modem.reset("hammer", none()).await.unwrap_err();
    assert!(
        refused
            .to_string()
            .contains("resync, escape, reopen, reset"),
        "{refused}"
    );
    let emulator = EmulatorProxy::new(caller, EMULATOR).await.unwrap();
    assert_eq!(emulator.via().await.unwrap(), ["ip"]);
    emulator.stop(none()).await.unwrap();
    assert_eq!(emulator.state().await.unwrap(), "stopped");
    emulator.trace(none()).await.unwrap();
}
