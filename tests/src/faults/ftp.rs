//! The FTP client in scripts.
//!
//! Settings: `tls=none|starttls|implicit`, `plain=yes`, `anonymous=yes`, `account=yes`, `active=yes`,
//! `reach=server`: equipment that may reach the server, and nothing else here. Verbs: `open`,
//! `get NAME [FROM]`, `get-text NAME`, `give-up NAME`, `put NAME TEXT`, `put-atomic …`, `put-text …`, `append …`,
//! `resume …`, `list [FOLDER]`, `raw [FOLDER]`, `size`, `modified`, `cd`, `remove`, `rmdir`, `mkdir NAME`,
//! `rename FROM TO`, `close`, `drop`. What they come to is shown as text, content with C escapes; a name or
//! text may have C escapes. Whatever came before an error is behind it: `(came: …)`.

use super::certificates::Certificates;
use super::pop3::protection;
use super::script::Settings;
use super::{Client, SECRET};
use crate::content::{Bytes, Taken, Told};
use crate::transcript::bytes_of;
use anyhow::{Context as _, Result, bail};
use hayesd::net::{Dialer, FtpBack, Timeouts};
use hayesd::service::{
    BoxFuture, Credentials, Entry, Error, FileBack as _, FileOpen, FileSession, Mechanism, Placing,
    Reach, Representation, Secret, Server, Sink,
};
use std::time::SystemTime;
use tokio::sync::oneshot;

/// A client for scripts.
///
/// # Errors
/// A setting means nothing.
pub fn client(
    settings: &Settings,
    port: u16,
    timeouts: Timeouts,
    certificates: &Certificates,
) -> Result<Box<dyn Client>> {
    let is = |key| settings.get(key) == Some("yes");
    let who = Credentials {
        user: "pump7".into(),
        password: Secret::new(SECRET.into()),
        mechanism: Mechanism::Password,
        plain_auth: is("plain"),
    };
    let reach = match settings.get("reach") {
        None => Reach::default(),
        Some("server") => {
            let server = format!("127.0.0.1:{port}").parse();
            Reach::of_emulator(
                "panel",
                vec![server.map_err(anyhow::Error::msg)?],
                Vec::new(),
            )
        }
        Some(other) => bail!("no reach {other}"),
    };
    let request = FileOpen {
        reach,
        server: Server {
            host: "localhost".into(),
            port,
            tls: protection(settings)?,
        },
        credentials: (!is("anonymous")).then_some(who),
        account: is("account").then(|| Secret::new("4711".into())),
        active: is("active"),
    };
    Ok(Box::new(Ftp {
        back: FtpBack::new(Dialer::new(timeouts), certificates.client(true)?),
        request,
        session: None,
    }))
}

struct Ftp {
    back: FtpBack,
    request: FileOpen,
    session: Option<Box<dyn FileSession>>,
}

impl Client for Ftp {
    fn perform<'a>(
        &'a mut self,
        verb: &'a str,
        argument: &'a str,
    ) -> BoxFuture<'a, Result<Result<String, Error>>> {
        Box::pin(async move {
            match verb {
                "open" => {
                    // Whoever opens anew has done with what was open.
                    self.session = None;
                    let opened = self.back.open(&self.request, &Told::default()).await;
                    return Ok(opened.map(|session| {
                        self.session = Some(session);
                        String::new()
                    }));
                }
                "drop" => {
                    self.session.take().context("nothing is open")?;
                    return Ok(Ok(String::new()));
                }
                "close" => {
                    let session = self.session.take().context("nothing is open")?;
                    session.close().await;
                    return Ok(Ok(String::new()));
                }
                _ => {}
            }
            let session = self.session.as_mut().context("nothing is open")?;
            let argument = String::from_utf8(bytes_of(argument)?)?;
            let (name, rest) = argument.split_once(' ').unwrap_or((&argument, ""));
            match verb {
                "put" | "put-atomic" | "put-text" | "append" | "resume" => {
                    Ok(put(session.as_mut(), verb, name, rest).await)
                }
                "get" | "get-text" => get(session.as_mut(), verb, name, rest).await,
                "give-up" => give_up(session.as_mut(), name).await,
                "list" => Ok(list(session.as_mut(), &argument).await),
                _ => step(session.as_mut(), verb, name, rest).await,
            }
        })
    }
}

async fn step(
    session: &mut dyn FileSession,
    verb: &str,
    name: &str,
    rest: &str,
) -> Result<Result<String, Error>> {
    let done = |()| String::new();
    Ok(match verb {
        "raw" => {
            let mut into = Taken::default();
            let count = session.list_raw(name, &mut into).await;
            count.map(|_| into.0.escape_ascii().to_string())
        }
        "size" => session.size(name).await.map(|size| size.to_string()),
        "modified" => session.modified(name).await.map(|time| {
            let since = time.duration_since(SystemTime::UNIX_EPOCH);
            since.unwrap_or_default().as_secs().to_string()
        }),
        "cd" => session.change_folder(name).await.map(done),
        "remove" => session.remove(name).await.map(done),
        "rmdir" => session.remove_folder(name).await.map(done),
        "mkdir" => session.make_folder(name).await.map(done),
        "rename" => session.rename(name, rest).await.map(done),
        _ => bail!("{verb} means nothing"),
    })
}

async fn put(
    session: &mut dyn FileSession,
    verb: &str,
    name: &str,
    text: &str,
) -> Result<String, Error> {
    let placing = match verb {
        "put-atomic" => Placing::Atomic,
        "append" => Placing::Append,
        "resume" => Placing::Resume,
        _ => Placing::Replace,
    };
    // `MIB*`: enough to fill every buffer on the way.
    let mut from = match text {
        "MIB*" => Bytes::new(vec![b'x'; 16 << 20]),
        "FAILS" => Bytes::new("half of it and more").failing_at(10),
        text => Bytes::new(text),
    };
    let told = Told::default();
    let size = session.upload(name, &mut from, placing, representation(verb), &told);
    size.await.map(|size| size.to_string())
}

fn representation(verb: &str) -> Representation {
    if verb.ends_with("-text") {
        Representation::Ascii
    } else {
        Representation::Image
    }
}

async fn get(
    session: &mut dyn FileSession,
    verb: &str,
    name: &str,
    from: &str,
) -> Result<Result<String, Error>> {
    let from = if from.is_empty() { 0 } else { from.parse()? };
    let mut into = Taken::default();
    let told = Told::default();
    let how = representation(verb);
    let count = session.download(name, from, &mut into, how, &told).await;
    let came = into.0.escape_ascii().to_string();
    Ok(match count {
        Ok(count) if count == into.0.len() as u64 => Ok(came),
        Ok(count) => bail!("{count} bytes are told, {} came", into.0.len()),
        Err(mut error) => {
            if !came.is_empty() {
                error.text = format!("{} (came: {came})", error.text);
            }
            Err(error)
        }
    })
}

/// Fetches, and stops in the middle, once the first bytes have come.
async fn give_up(session: &mut dyn FileSession, name: &str) -> Result<Result<String, Error>> {
    let (came, some) = oneshot::channel();
    let mut into = Never(Some(came));
    let told = Told::default();
    let fetching = session.download(name, 0, &mut into, Representation::Image, &told);
    tokio::select! {
        result = fetching => match result {
            Ok(_) => bail!("it ended"),
            Err(error) => Ok(Err(error)),
        },
        _ = some => Ok(Ok(String::new())),
    }
}

/// Says that there is something to take, and never takes it.
struct Never(Option<oneshot::Sender<()>>);

impl Sink for Never {
    fn put<'a>(&'a mut self, _: &'a mut Vec<u8>) -> BoxFuture<'a, Result<(), Error>> {
        if let Some(came) = self.0.take() {
            let _ = came.send(());
        }
        Box::pin(std::future::pending())
    }
}

async fn list(session: &mut dyn FileSession, folder: &str) -> Result<String, Error> {
    let mut rows = Vec::new();
    let mut each = |entry: Entry| {
        let size = entry.size.map(|size| format!(" {size}"));
        rows.push(format!(
            "{} {:?}{}",
            entry.name,
            entry.kind,
            size.unwrap_or_default()
        ));
        Ok(())
    };
    session.list(folder, &mut each).await?;
    Ok(rows.join(", "))
}
