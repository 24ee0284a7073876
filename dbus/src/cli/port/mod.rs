//! `hayesctl port`: which devices the helper may open, and that ModemManager keeps away from them.

mod device;
mod files;
mod list;
mod rules;
mod udev;

use super::failure::{Failure, Result};
use super::out::Out;
use super::table::Table;
use clap::{Args, Subcommand};
use device::Device;
use files::Place;
use serde_json::{Value, json};
use std::path::PathBuf;

/// Where everything is.
#[derive(Args, Debug)]
pub(super) struct Root {
    /// Work below this folder instead of /, and leave udev alone
    #[arg(
        long,
        value_name = "FOLDER",
        default_value = "/",
        hide_default_value = true
    )]
    root: PathBuf,
}

/// Which serial ports hayesd may use; for root
///
/// The helper opens what /etc/hayesd/ports lists, a path or glob a line. ModemManager would open such ports
/// as well; a rule of udev in /etc/udev/rules.d/99-hayesd.rules keeps it away.
#[derive(Debug, Subcommand)]
pub(super) enum Port {
    /// Let hayesd use a port, and keep ModemManager away from it
    ///
    /// Where there is no list yet, one is made that allows what is allowed without a list, so that nothing
    /// that works stops. A ModemManager that has the port already lets go of it when the device is plugged in
    /// again, or when ModemManager is restarted.
    Add {
        /// The device, as in the configuration: /dev/ttyS1, or below /dev/serial/by-id
        device: Device,
        /// Keep ModemManager away from all ports of the modem that this one belongs to
        #[arg(long)]
        whole_modem: bool,
        /// Leave ModemManager alone
        #[arg(long, conflicts_with = "whole_modem")]
        no_rule: bool,
        #[command(flatten)]
        root: Root,
    },
    /// Take back what `add` did
    ///
    /// A port that hayesd has open stays open; it will not be opened again.
    Remove {
        /// The device, as it was added
        device: Device,
        #[command(flatten)]
        root: Root,
    },
    /// List what hayesd may use, and from what ModemManager keeps away
    List {
        #[command(flatten)]
        root: Root,
    },
}

impl Port {
    pub(super) fn run(self, out: Out) -> Result<()> {
        match self {
            Self::Add {
                device,
                whole_modem,
                no_rule,
                root,
            } => {
                let place = Place::new(&root.root);
                let rule = match (no_rule, whole_modem) {
                    (true, _) => None,
                    (false, false) => Some(device.port_rule()),
                    (false, true) => Some(udev::modem_rule(&place, &device)?),
                };
                add(&place, &device, rule.as_deref(), out)
            }
            Self::Remove { device, root } => remove(&Place::new(&root.root), &device, out),
            Self::List { root } => list(&Place::new(&root.root), out),
        }
    }
}

fn add(place: &Place, device: &Device, rule: Option<&str>, out: Out) -> Result<()> {
    let ports = place.read(&place.ports)?;
    if let Some(ports) = list::with(ports.as_deref(), device.path()) {
        place.write(&place.ports, &ports)?;
    }
    if let Some(rule) = rule {
        let rules = place.read(&place.rules)?.unwrap_or_default();
        place.write(&place.rules, &rules::with(&rules, device.path(), rule))?;
        udev::apply(place, device, out);
    }
    let told = json!({ "device": device.path(), "rule": rule });
    out.done(&told, || match rule {
        Some(_) => format!("{device}: hayesd may use it, ModemManager keeps away"),
        None => format!("{device}: hayesd may use it"),
    })
}

fn remove(place: &Place, device: &Device, out: Out) -> Result<()> {
    let ports = place.read(&place.ports)?.unwrap_or_default();
    let rules = place.read(&place.rules)?.unwrap_or_default();
    let (fewer_ports, fewer_rules) = (
        list::without(&ports, device.path()),
        rules::without(&rules, device.path()),
    );
    if fewer_ports.is_none() && fewer_rules.is_none() {
        let text = format!("{device}: was not added (hayesctl port list)");
        return Err(Failure::new(super::exit::Exit::NoInput, text));
    }
    if let Some(ports) = fewer_ports {
        place.write(&place.ports, &ports)?;
    }
    if let Some(rules) = fewer_rules {
        place.write(&place.rules, &rules)?;
        udev::apply(place, device, out);
    }
    let told = json!({ "device": device.path() });
    out.done(&told, || format!("{device}: taken off the list"))
}

fn list(place: &Place, out: Out) -> Result<()> {
    let ports = place.read(&place.ports)?;
    let rules = place.read(&place.rules)?.unwrap_or_default();
    let has_rule = |port: &str| rules::find(&rules, port).is_some();
    let listed: Vec<String> = match &ports {
        Some(ports) => list::entries(ports).map(str::to_owned).collect(),
        None => list::DEFAULT.map(str::to_owned).to_vec(),
    };
    let told: Value = listed
        .iter()
        .map(|port| json!({ "port": port, "rule": has_rule(port) }))
        .collect();
    out.result(&told, || {
        let mut table = Table::new(&["PORT", "MODEMMANAGER"]);
        for port in &listed {
            table.row([port, if has_rule(port) { "keeps away" } else { "" }]);
        }
        table.to_string()
    })
}
