//! `hayesctl port` on a booted machine: the helper's list, and udev, which hears of it and has it in its database.

use anyhow::{Result, ensure};
use hayes_tests::machine::{Machine, SystemBus};

/// A terminal of the kernel's that is none but has a name, and that nobody uses.
const TERMINAL: &str = "/dev/tty63";

/// A panel on a port that only the helper's list can allow.
const PANEL: &str = "[emulator.panel]\ndevice = \"/dev/panel\"\ndialect = \"quectel\"\n";

/// Waits until the panel's port is in this state, and says what it was instead.
fn until_panel(machine: &Machine, state: &str) -> Result<()> {
    machine.until(&format!(
        "busctl get-property org.hayesd1 /org/hayesd1/emulator/panel org.hayesd1.Emulator State | grep {state}"
    ))
}

#[test]
fn a_port_is_allowed_and_taken_back() -> Result<()> {
    let Some(machine) = Machine::with_package(SystemBus::Daemon)? else {
        return Ok(());
    };
    // A line whose near end is the helper's own: it opens no pseudo-terminal of others.
    machine.run(
        "systemd-run --quiet --uid=hayes-ldisc -p RuntimeDirectory=line \
             socat pty,rawer,link=/run/line/near pty,rawer,link=/run/line/far
         until test -e /run/line/near && test -e /run/line/far; do sleep 0.05; done
         ln -s $(readlink /run/line/near) /dev/panel",
    )?;
    machine.configure(PANEL)?;
    machine.run("systemctl restart hayesd")?;
    until_panel(&machine, "refused")?;
    machine.until("journalctl --no-pager -x -u hayesd | grep 'hayesctl port add'")?;

    // Without udev, it says what it could not do, and does the rest.
    let told = machine.run("hayesctl port add /dev/panel")?;
    ensure!(told.contains("udevadm control --reload"), "{told}");
    let list = machine.run("cat /etc/hayesd/ports")?;
    ensure!(
        list.contains("/dev/ttyUSB*\n") && list.ends_with("\n/dev/panel\n"),
        "{list}"
    );
    machine.run("systemctl reload hayesd")?;
    until_panel(&machine, "command")?;

    // A port that is open stays so; it is not opened again.
    machine.run("hayesctl port remove /dev/panel && systemctl restart hayesd")?;
    until_panel(&machine, "command")?;
    for method in ["Stop", "Start"] {
        machine.run(&format!(
            "busctl call org.hayesd1 /org/hayesd1/emulator/panel org.hayesd1.Emulator {method} 'a{{sv}}' 0"
        ))?;
    }
    until_panel(&machine, "refused")?;
    let twice = machine.try_run("hayesctl port remove /dev/panel")?;
    ensure!(twice.status.code() == Some(66), "{twice:?}");
    let stranger = machine.try_run_as("one", "hayesctl port add /dev/panel || echo status $?")?;
    ensure!(
        stranger.contains("only root may write it") && stranger.contains("status 77"),
        "{stranger}"
    );
    udev(&machine)
}

/// udev runs in no container by itself, since what devices do is told by the system's own. Here it may: it hears of
/// a terminal that is on every Linux with a console.
fn udev(machine: &Machine) -> Result<()> {
    if !machine.path("/sys/class/tty/tty63").exists() {
        hayes_tests::process::show("skipped: udev", "the kernel has no virtual terminals");
        return Ok(());
    }
    machine.run(&format!(
        "mount -o remount,rw /sys && mount -o remount,rw /sys/devices
         test -e {TERMINAL} || mknod {TERMINAL} c 4 63
         systemctl start systemd-udevd && systemctl is-active systemd-udevd"
    ))?;
    let known = || {
        machine.run(&format!(
            "udevadm settle && udevadm info -q property {TERMINAL}"
        ))
    };
    let before = known()?;
    ensure!(!before.contains("ID_MM"), "{before}");
    // Once as what it is for the kernel, once as what a rule calls it.
    machine.run(&format!(
        "echo 'KERNEL==\"tty63\", SYMLINK+=\"serial/by-id/panel\"' > /etc/udev/rules.d/60-panel.rules
         udevadm control --reload && udevadm trigger --action=change {TERMINAL} && udevadm settle"
    ))?;
    for device in [TERMINAL, "/dev/serial/by-id/panel"] {
        let told = machine.run(&format!("hayesctl port add {device}"))?;
        ensure!(!told.contains("udevadm"), "{told}");
        let properties = known()?;
        ensure!(
            properties.contains("ID_MM_PORT_IGNORE=1\n"),
            "{device}: {properties}"
        );
        machine.run(&format!("hayesctl port remove {device}"))?;
        let properties = known()?;
        ensure!(!properties.contains("ID_MM"), "{device}: {properties}");
    }
    Ok(())
}
