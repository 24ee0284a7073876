//! Callers who are somebody else, and a group for them. All of it needs root.

use crate::bus::Bus;
use crate::folder::Folder;
use anyhow::{Context as _, Result, bail};
use nix::unistd::{Uid, User};
use std::ffi::CString;
use std::fs;
use std::io;
use std::os::unix::ffi::OsStrExt as _;
use std::os::unix::net::UnixStream;
use std::os::unix::process::CommandExt as _;
use std::path::Path;
use std::process::Command;
use std::thread;

/// The number that [`group_file`] gives its group.
pub const GROUP: u32 = 64_711;

/// Connects to a bus as the user `nobody`, in these groups alone.
///
/// # Errors
/// We are not root, or the bus refuses that user.
pub async fn connect(bus: &Bus, groups: &[u32]) -> Result<zbus::Connection> {
    let nobody = User::from_name("nobody")?.context("no user nobody")?;
    let (uid, gid) = (nobody.uid.as_raw(), nobody.gid.as_raw());
    let (socket, groups) = (bus.socket(), groups.to_vec());
    // The kernel notes a peer's user and groups when it connects. They are a thread's own, as long as the
    // calls of libc are not used, which change all threads: so one thread becomes nobody, and ends.
    let connected = thread::spawn(move || {
        become_other(uid, gid, &groups)?;
        UnixStream::connect(socket)
    });
    let stream = match connected.join() {
        Ok(stream) => stream.context("connecting as nobody")?,
        Err(_) => bail!("the thread that connects as nobody"),
    };
    let builder = zbus::connection::Builder::unix_stream(stream).user_id(uid);
    Ok(builder.build().await?)
}

fn become_other(uid: u32, gid: u32, groups: &[u32]) -> io::Result<()> {
    let done = |result: libc::c_long| match result {
        0 => Ok(()),
        _ => Err(io::Error::last_os_error()),
    };
    // SAFETY: bare system calls; the pointer is to `groups`, which lives on, and its length is told.
    unsafe {
        done(libc::syscall(
            libc::SYS_setgroups,
            groups.len(),
            groups.as_ptr(),
        ))?;
        done(libc::syscall(libc::SYS_setresgid, gid, gid, gid))?;
        done(libc::syscall(libc::SYS_setresuid, uid, uid, uid))
    }
}

/// Whether this process may be others, and say that a group is there: whoever skips tests without says why.
///
/// # Errors
/// What is lacking, for a person.
pub fn possible() -> Result<()> {
    if !Uid::effective().is_root() {
        bail!("callers of other users need root");
    }
    let folder = Folder::new("group")?;
    let file = group_file(&folder)?;
    let mut probe = Command::new("true");
    with_groups(&mut probe, &file)?;
    let status = probe.status().context("no mount namespace of our own")?;
    if !status.success() {
        bail!("a file cannot be laid over /etc/group: {status}");
    }
    Ok(())
}

/// Writes what `/etc/group` holds, and the group `hayesd`, which the package makes.
///
/// # Errors
/// The file cannot be written.
pub fn group_file(folder: &Folder) -> Result<std::path::PathBuf> {
    let groups = fs::read_to_string("/etc/group")?;
    let others: Vec<_> = groups
        .lines()
        .filter(|line| !line.starts_with("hayesd:"))
        .collect();
    folder.write(
        "group",
        format!("{}\nhayesd:x:{GROUP}:\n", others.join("\n")),
    )
}

/// Has a command see this file as `/etc/group`, in a mount namespace of its own.
///
/// # Errors
/// The path cannot be told to the kernel.
pub fn with_groups(command: &mut Command, file: &Path) -> Result<()> {
    let file = CString::new(file.as_os_str().as_bytes())?;
    // SAFETY: between fork and exec only system calls are made, on strings made before.
    unsafe {
        command.pre_exec(move || lay_over(&file));
    }
    Ok(())
}

fn lay_over(file: &CString) -> io::Result<()> {
    let done = |result: libc::c_int| match result {
        0 => Ok(()),
        _ => Err(io::Error::last_os_error()),
    };
    let none = std::ptr::null();
    // SAFETY: bare system calls; every pointer is null or to a string that ends in NUL and lives on.
    unsafe {
        done(libc::unshare(libc::CLONE_NEWNS))?;
        let private = libc::MS_REC | libc::MS_PRIVATE;
        done(libc::mount(none, c"/".as_ptr(), none, private, none.cast()))?;
        let target = c"/etc/group".as_ptr();
        done(libc::mount(
            file.as_ptr(),
            target,
            none,
            libc::MS_BIND,
            none.cast(),
        ))
    }
}
