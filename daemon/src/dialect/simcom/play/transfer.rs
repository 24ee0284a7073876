//! Files between server and module: `CFTPGETFILE`, `CFTPPUTFILE`.

use super::ftp::{TRANSFER, WRONG, remote};
use super::told::{self, Phase};
use super::{network, path};
use crate::dialect::state::Event;
use crate::dialect::volume::FileName;
use crate::emulator::{Call, Done, FileError, Op, Outcome, Refusal, Run};

/// `<dir>` 1 to 8; 0 is the current folder (16-A17).
const FOLDERS: [&[u8]; 8] = [
    b"C:/Picture",
    b"C:/Video",
    b"C:/VideoCall",
    b"D:/Picture",
    b"D:/Video",
    b"D:/VideoCall",
    b"C:/Audio",
    b"D:/Audio",
];

/// The network is not there.
const NO_NETWORK: Refusal = Refusal::Cme(214);
/// A file of the module cannot be read.
const UNREADABLE: Refusal = Refusal::Cme(205);

/// The file of the module: it has the last name of the path on the server.
fn local(run: &Run<'_>, call: &Call, remote: &str) -> Option<FileName> {
    let number = usize::try_from(call.number(1)?).ok()?;
    let folder = match number.checked_sub(1) {
        Some(at) => path::folder(run, FOLDERS.get(at)?)?,
        None => path::current(run),
    };
    let name = remote.rsplit('/').next().unwrap_or(remote).as_bytes();
    // No drive may stand before it: it is one name.
    path::is_name(name).then(|| path::within(run, &folder, name))?
}

/// `AT+CFTPGETFILE="<filepath>",<dir>`: `OK`, and later whether it is there.
pub(super) fn get(run: &mut Run<'_>, call: &Call) -> Outcome {
    let remote = match remote(run, call) {
        Ok(remote) => remote,
        Err(refusal) => return Outcome::Refused(refusal),
    };
    let Some(file) = local(run, call, &remote.path) else {
        return Outcome::Refused(WRONG);
    };
    if !network::is_attached(run) {
        return Outcome::Refused(NO_NETWORK);
    }
    run.happens(&TRANSFER, Event::Accepted, &[]);
    run.begin(&TRANSFER, Op::FilesToModule(Box::new(remote), file), ended);
    Outcome::Ok
}

/// `AT+CFTPPUTFILE="<filepath>",<dir>`.
pub(super) fn put(run: &mut Run<'_>, call: &Call) -> Outcome {
    let remote = match remote(run, call) {
        Ok(remote) => remote,
        Err(refusal) => return Outcome::Refused(refusal),
    };
    match local(run, call, &remote.path) {
        Some(file) => Outcome::Wait(Op::Look(file), looked),
        None => Outcome::Refused(WRONG),
    }
}

fn looked(run: &mut Run<'_>, call: &Call, done: Done) -> Outcome {
    let Done::Found { name, folder, .. } = done else {
        return Outcome::Refused(UNREADABLE);
    };
    if folder {
        return Outcome::Refused(UNREADABLE);
    }
    if !network::is_attached(run) {
        return Outcome::Refused(NO_NETWORK);
    }
    match remote(run, call) {
        Ok(remote) => {
            run.happens(&TRANSFER, Event::Begun, &[]);
            let op = Op::FilesFromModule(Box::new(remote), name);
            run.begin(&TRANSFER, op, ended);
            Outcome::Ok
        }
        Err(refusal) => Outcome::Refused(refusal),
    }
}

fn ended(run: &mut Run<'_>, done: Done) {
    let getting = run.state(&TRANSFER) == "getting";
    let code = match done {
        Done::Fine => 0,
        Done::Refused(error) => told::of_transfer(&error, Phase::Opening),
        Done::Lost(error) => told::of_transfer(&error, Phase::Moving),
        Done::Failed(FileError::NotFound) if !getting => 205,
        Done::Failed(FileError::Disk) if !getting => 205,
        Done::Failed(_) => 206,
        _ => 201,
    };
    finished(run, code);
}

fn finished(run: &mut Run<'_>, code: u16) {
    let words = [("{err}", code.to_string())];
    run.happens(&TRANSFER, Event::Finished, &words);
}

/// The daemon was restarted, and the connection is gone with it.
pub(super) fn interrupted(run: &mut Run<'_>) {
    finished(run, 214);
}
