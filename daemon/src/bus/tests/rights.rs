//! Who may call what: every method, as every kind of caller.

use super::interfaces::{INTERFACES, members};
use super::*;
use crate::bus::rights::members::{MEMBERS, Need};
use crate::bus::rights::{Action, Rights};
use crate::bus::sample::snapshot;
use crate::job::Service as AccountService;
use crate::job::{Origin, Snapshot};
use std::collections::BTreeSet;
use std::path::Path;
use std::sync::Mutex;
use zbus::interface;
use zbus::proxy::MethodFlags;

/// The job of a user who is not there.
fn of_another() -> Snapshot {
    Snapshot {
        origin: Origin::Bus { uid: 4242 },
        ..snapshot(1)
    }
}

impl Stage {
    /// Everything that can be an object; whoever calls is who these rights say.
    async fn full(rights: Rights) -> Self {
        let stage = Self::judged(Store::default(), rights)
            .await
            .and_ports()
            .await;
        stage.store.add(of_another());
        let server = account::ServerSettings {
            host: "h.example.org".into(),
            port: None,
            tls: None,
            user: None,
            plain_auth: false,
        };
        let servers = [(AccountService::Ftp, Some(server))].into();
        let made = account::Change {
            from: None,
            servers,
        };
        stage.world.book.create("made", made).await.unwrap();
        stage.receive(&[("a", "text")]).await;
        for (interface, path) in INTERFACES {
            stage.appears(interface, path).await;
        }
        stage
    }

    /// Waits until an object is there.
    async fn appears(&self, interface: &str, path: &str) {
        let there = async {
            while !self.introspect(path).await.contains(interface) {
                tokio::task::yield_now().await;
            }
        };
        tokio::time::timeout(LONG, there).await.expect(path);
    }

    async fn introspect(&self, path: &str) -> String {
        let introspectable = Some("org.freedesktop.DBus.Introspectable");
        let reply = self
            .caller
            .call_method(Some(NAME), path, introspectable, "Introspect", &())
            .await;
        reply.map_or_else(
            |_| String::new(),
            |reply| reply.body().deserialize().unwrap(),
        )
    }

    /// What a method says to a call without arguments: whoever may not call it doesn't hear that they lack.
    async fn knock(&self, interface: &str, member: &str) -> String {
        let name = format!("org.hayesd1.{interface}");
        let (_, path) = INTERFACES.iter().find(|(known, _)| *known == name).unwrap();
        let said = call::<_, ()>(&self.caller, path, interface, member, &()).await;
        said.expect_err("no method of ours is without arguments")
    }
}

fn all() -> impl Iterator<Item = (&'static str, &'static str, Need)> {
    let rows = MEMBERS.iter();
    rows.flat_map(|(interface, members)| {
        members
            .iter()
            .map(|(name, need)| (*interface, *name, *need))
    })
}

#[tokio::test]
async fn every_method_that_is_exported_is_in_the_table_and_the_other_way_round() {
    let stage = Stage::full(Rights::default()).await;
    for (interface, path) in INTERFACES {
        let exported: BTreeSet<_> = members(&stage.introspect(path).await, interface)
            .iter()
            .filter_map(|text| {
                text.strip_prefix("method ")?
                    .split(' ')
                    .next()
                    .map(str::to_owned)
            })
            .collect();
        let listed: BTreeSet<_> = all()
            .filter(|(name, ..)| format!("org.hayesd1.{name}") == interface)
            .map(|(_, member, _)| member.to_owned())
            .collect();
        assert_eq!(exported, listed, "{interface}");
    }
    assert_eq!(MEMBERS.len(), INTERFACES.len());
}

fn dbus_file(name: &str) -> String {
    let path = Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("../dbus")
        .join(name);
    std::fs::read_to_string(path).unwrap()
}

/// Everything may be reached by the rules of both files, and nothing else.
#[test]
fn the_policies_of_the_bus_list_every_member() {
    let standard = [
        ("Introspectable", "Introspect"),
        ("ObjectManager", "GetManagedObjects"),
        ("Peer", "GetMachineId"),
        ("Peer", "Ping"),
        ("Properties", "Get"),
        ("Properties", "GetAll"),
    ];
    let standard = standard.map(|(name, member)| (format!("org.freedesktop.DBus.{name}"), member));
    let ours = all().map(|(name, member, _)| (format!("org.hayesd1.{name}"), member));
    let wanted: BTreeSet<_> = ours
        .chain(standard)
        .map(|(interface, member)| {
            format!(
                "<allow send_destination=\"org.hayesd1\" send_interface=\"{interface}\" send_member=\"{member}\"/>"
            )
        })
        .collect();
    for (file, whose) in [
        ("org.hayesd1.conf", "<policy group=\"hayesd\">"),
        ("org.hayesd1.polkit.conf", "<policy context=\"default\">"),
    ] {
        let text = dbus_file(file);
        let (_, part) = text.split_once(whose).unwrap();
        let (part, _) = part.split_once("</policy>").unwrap();
        let listed: BTreeSet<_> = part
            .lines()
            .map(|line| line.trim().to_owned())
            .filter(|line| line.starts_with("<allow"))
            .collect();
        assert_eq!(listed, wanted, "{file}");
        let denied = "<deny send_destination=\"org.hayesd1\"/>";
        assert!(text.contains(denied), "{file}");
    }
}

/// What is said of a method's errors.
fn errors_of(interface: &str, member: &str) -> String {
    let xml = dbus_file(&format!("org.hayesd1.{interface}.xml"));
    let (before, _) = xml
        .split_once(&format!("<method name=\"{member}\">"))
        .unwrap();
    let (_, words) = before.rsplit_once("Errors: ").unwrap();
    words.split_whitespace().collect::<Vec<_>>().join(" ")
}

#[test]
fn what_a_method_asks_is_documented() {
    for (interface, member, need) in all() {
        let action = match need {
            Need::Nothing => continue,
            Need::Job => Action::ManageJobs,
            Need::Action(action) => action,
        };
        let words = format!("without {}", action.id());
        assert!(
            errors_of(interface, member).contains(&words),
            "{interface}.{member}"
        );
    }
}

#[test]
fn polkit_knows_every_action() {
    let text = dbus_file("org.hayesd1.policy");
    for action in Action::ALL {
        assert!(text.contains(&format!("<action id=\"{}\">", action.id())));
    }
    assert_eq!(text.matches("<action ").count(), Action::ALL.len());
}

#[tokio::test]
async fn a_stranger_may_know_what_everybody_may_and_call_nothing() {
    let stage = Stage::full(Rights::with(vec![], None)).await;
    for (interface, member, need) in all() {
        let said = stage.knock(interface, member).await;
        let refused = said.starts_with("NotAuthorized: ");
        // Whose job it is shows once the arguments are read.
        assert_eq!(
            refused,
            matches!(need, Need::Action(_)),
            "{interface}.{member}: {said}"
        );
    }
    for (member, arguments) in [
        ("Cancel", none()),
        ("Describe", none()),
        ("Retry", none()),
        ("Release", none()),
    ] {
        let said: Result<(), _> = stage
            .call("/org/hayesd1/job/1", "Job", member, &(arguments,))
            .await;
        assert!(said.unwrap_err().starts_with("NotAuthorized: "), "{member}");
    }
    let said: Result<(), _> = stage
        .call("/org/hayesd1/job/1", "Job", "Wait", &(0_u64, none()))
        .await;
    assert!(said.unwrap_err().starts_with("NotAuthorized: "));
    let queue: Vec<Out> = stage
        .call("/org/hayesd1", "Mail", "ListQueue", &(0_u32, 9_u32, none()))
        .await
        .unwrap();
    assert!(queue[0].contains_key("state") && !queue[0].contains_key("recipients"));
}

#[tokio::test]
async fn a_member_may_do_all_but_administer() {
    let group = nix::unistd::getegid().as_raw();
    let stage = Stage::full(Rights::with(vec![], Some(group))).await;
    for (interface, member, need) in all() {
        let said = stage.knock(interface, member).await;
        let refused = said.starts_with("NotAuthorized: only root ");
        assert_eq!(
            refused,
            need == Need::Action(Action::Administer),
            "{interface}.{member}: {said}"
        );
    }
    let details: Out = stage
        .call("/org/hayesd1/job/1", "Job", "Describe", &(none(),))
        .await
        .unwrap();
    assert!(details.contains_key("recipients"));
    let queue: Vec<Out> = stage
        .call("/org/hayesd1", "Mail", "ListQueue", &(0_u32, 9_u32, none()))
        .await
        .unwrap();
    assert!(queue[0].contains_key("recipients"));
}

/// Answers as a test says, and keeps what it was asked.
struct Polkit {
    answer: Arc<Mutex<(bool, bool)>>,
    asked: Arc<Mutex<Vec<(String, String, u32)>>>,
}

#[interface(name = "org.freedesktop.PolicyKit1.Authority")]
impl Polkit {
    fn check_authorization(
        &self,
        subject: (String, Out),
        action_id: String,
        _details: HashMap<String, String>,
        flags: u32,
        _cancellation_id: String,
    ) -> (bool, bool, HashMap<String, String>) {
        let name = subject.1["name"].try_clone().unwrap();
        let subject = format!("{} {}", subject.0, String::try_from(name).unwrap());
        self.asked.lock().unwrap().push((subject, action_id, flags));
        let (yes, challenge) = *self.answer.lock().unwrap();
        (yes, challenge, HashMap::new())
    }
}

#[tokio::test]
async fn polkit_is_asked_for_strangers() {
    let stage = Stage::full(Rights::with(vec![], None)).await;
    let (answer, asked) = (
        Arc::new(Mutex::new((true, false))),
        Arc::new(Mutex::default()),
    );
    let authority = stage.bus.connect().await;
    let polkit = Polkit {
        answer: answer.clone(),
        asked: asked.clone(),
    };
    let server = authority.object_server();
    server
        .at("/org/freedesktop/PolicyKit1/Authority", polkit)
        .await
        .unwrap();
    authority
        .request_name("org.freedesktop.PolicyKit1")
        .await
        .unwrap();
    let subject = format!("system-bus-name {}", stage.caller.unique_name().unwrap());
    for (interface, member, need) in all() {
        asked.lock().unwrap().clear();
        let said = stage.knock(interface, member).await;
        assert!(
            !said.starts_with("NotAuthorized"),
            "{interface}.{member}: {said}"
        );
        let wanted: Vec<_> = match need {
            Need::Action(action) => vec![(subject.clone(), action.id().to_owned(), 0)],
            Need::Nothing | Need::Job => vec![],
        };
        assert_eq!(*asked.lock().unwrap(), wanted, "{interface}.{member}");
    }
    let details: Out = stage
        .call("/org/hayesd1/job/1", "Job", "Describe", &(none(),))
        .await
        .unwrap();
    assert!(details.contains_key("recipients"));

    *answer.lock().unwrap() = (false, false);
    let said = stage.knock("Manager", "Reload").await;
    assert_eq!(
        said,
        "NotAuthorized: polkit does not allow it (org.hayesd1.administer)"
    );
    *answer.lock().unwrap() = (false, true);
    let said = stage.knock("Mail", "Send").await;
    assert!(
        said.contains("authenticate (org.hayesd1.send-mail)"),
        "{said}"
    );

    // A call may let polkit ask the person behind it.
    *answer.lock().unwrap() = (true, false);
    let manager = zbus::Proxy::new(&stage.caller, NAME, "/org/hayesd1", "org.hayesd1.Manager")
        .await
        .unwrap();
    let flags = MethodFlags::ALLOW_INTERACTIVE_AUTH;
    let said: zbus::Result<Option<()>> = manager.call_with_flags("Reload", flags, &()).await;
    assert!(said.is_err());
    assert_eq!(asked.lock().unwrap().last().unwrap().2, 1);
}
