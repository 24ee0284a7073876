//! FTP (manual, chapter FTP): the rows, the states, the settings.

use super::smtp::step;
use super::{SERVER_PATIENCE, path, stream, transfer};
use crate::dialect::row::{Parameter, Row, Test, Write};
use crate::dialect::simcom::names::{
    CFTPGET, CFTPGETFILE, CFTPLIST, CFTPMODE, CFTPPORT, CFTPPUT, CFTPPUTFILE, CFTPPW, CFTPSERV,
    CFTPTYPE, CFTPUN,
};
use crate::dialect::state::{Activity, Event, Guard};
use crate::emulator::{Call, FileServer, Refusal, Remote, Run, Value};
use crate::service::{Credentials, Mechanism, Representation, Secret, Server, Tls};

/// A transfer between server and module, behind its line (reference section 10). Those between server and
/// equipment own the line.
pub(super) const TRANSFER: Activity = Activity {
    name: "ftp",
    steps: &[
        step("idle", Event::Accepted, "getting", ""),
        step("idle", Event::Begun, "putting", ""),
        step("getting", Event::Finished, "idle", "+CFTPGETFILE: {err}"),
        step("putting", Event::Finished, "idle", "+CFTPPUTFILE: {err}"),
    ],
};

/// Wrong parameter.
pub(super) const WRONG: Refusal = Refusal::Cme(213);
/// Something that must be set first is not.
const NOT_SET: Refusal = Refusal::Cme(207);

/// One transfer at a time.
const IDLE: Guard = Guard {
    activity: &TRANSFER,
    states: &["idle"],
    otherwise: Refusal::Cme(202),
};

const PATH: Parameter = Parameter::free("FILEPATH", 1, 1024);
const FOLDER: Parameter = Parameter::number("dir", &[(0, 8)], 0);
/// Later firmware has more numbers there.
const MORE: Parameter = Parameter::number("more", &[(0, u32::MAX)], 0).optional();

const fn setting(name: &'static str, parameters: &'static [Parameter]) -> Row {
    Row {
        invalid: WRONG,
        ..Row::setting(name, parameters)
    }
}

const fn transfer(name: &'static str, parameters: &'static [Parameter]) -> Row {
    Row {
        parameters,
        invalid: WRONG,
        guard: Some(IDLE),
        ..Row::named(name)
    }
}

pub(super) const ROWS: &[Row] = &[
    setting(CFTPPORT, &[Parameter::number("port", &[(1, 65535)], 21)]),
    setting(CFTPMODE, &[Parameter::number("mode", &[(0, 1)], 0)]),
    Row {
        test: Test::Text("(A,I)"),
        ..setting(CFTPTYPE, &[Parameter::word("type", &["I", "A"])])
    },
    Row {
        test: Test::Text("\"ADDRESS\""),
        ..setting(CFTPSERV, &[Parameter::text("address", 1, 128)])
    },
    Row {
        test: Test::Text("\"NAME\""),
        ..setting(CFTPUN, &[Parameter::text("name", 1, 128)])
    },
    Row {
        test: Test::Text("\"password\""),
        ..setting(CFTPPW, &[Parameter::text("password", 0, 128).hidden()])
    },
    Row {
        test: Test::Text("[{non-ascii}] \"FILEPATH\", (0-8)"),
        write: Write::Act(transfer::get),
        ..transfer(CFTPGETFILE, &[PATH, FOLDER, MORE])
    },
    Row {
        test: Test::Text("[{non-ascii}] \"FILEPATH\", (0-8)"),
        write: Write::Act(transfer::put),
        ..transfer(CFTPPUTFILE, &[PATH, FOLDER, MORE])
    },
    Row {
        test: Test::Text("[{non-ascii}] \"FILEPATH\""),
        write: Write::Act(stream::get),
        ..transfer(CFTPGET, &[PATH, MORE, MORE])
    },
    Row {
        test: Test::Text("[{non-ascii}] \"FILEPATH\""),
        write: Write::Act(stream::list),
        ..transfer(CFTPLIST, &[PATH])
    },
    Row {
        test: Test::Text("[{non-ascii}] \"FILEPATH\""),
        write: Write::Act(stream::put),
        ..transfer(CFTPPUT, &[PATH, MORE])
    },
];

/// The longest path on a server, in bytes of UTF-8.
const LONGEST: usize = 256;

/// The first value of a setting.
fn set(run: &Run<'_>, row: &str) -> Option<Value> {
    let row = run.row(row)?;
    let values = run.values(row, None, None, row.parameters);
    values.into_iter().next()
}

/// The file on the server that the first parameter names.
pub(super) fn remote(run: &Run<'_>, call: &Call) -> Result<Remote, Refusal> {
    let path = call.text(0).and_then(|written| path::text(run, &written));
    let path = path.and_then(|path| String::from_utf8(path).ok());
    let is_path =
        |path: &String| (1..=LONGEST).contains(&path.len()) && !path.chars().any(char::is_control);
    let path = path.filter(is_path).ok_or(WRONG)?;
    let text = |row| {
        let bytes = set(run, row).map(|value| value.to_bytes());
        String::from_utf8(bytes.unwrap_or_default()).map_err(|_| WRONG)
    };
    let number = |row| set(run, row).map_or(0, |value| value.as_number());
    let (host, user) = (text(CFTPSERV)?, text(CFTPUN)?);
    if host.is_empty() || user.is_empty() {
        return Err(NOT_SET);
    }
    // 16-A35: active where it was not set otherwise, unless the configuration says that it may not be.
    let active = number(CFTPMODE) == 0 && run.quirk(&super::FORCE_PASSIVE) == 0;
    Ok(Remote {
        on: FileServer {
            server: Server {
                host,
                port: u16::try_from(number(CFTPPORT)).map_err(|_| WRONG)?,
                tls: Tls::None,
            },
            credentials: Some(Credentials {
                user,
                password: Secret::new(text(CFTPPW)?),
                // The module knows no TLS, and the equipment said so.
                plain_auth: true,
                mechanism: Mechanism::default(),
            }),
            active,
            patience: SERVER_PATIENCE,
        },
        path,
        representation: match text(CFTPTYPE)?.as_str() {
            "A" => Representation::Ascii,
            _ => Representation::Image,
        },
    })
}
