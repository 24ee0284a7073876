//! Server, account and TLS (SMTP manual: `QSMTPCFG`; SSL note: `QSSLCFG`).
//!
//! Nothing of this survives the module's restart, so all of it is sent each time.

use super::super::codes::MAIL;
use super::super::names::{QSMTPCFG, QSSLCFG};
use super::bearer::CONTEXT;
use super::files;
use super::letter::Letter;
use super::steps::set;
use crate::modem::{Chat, Expect, Line, Outgoing, Settings, until_answered};
use crate::service::{Credentials, ErrorKind, Mechanism, Result, Secret, Tls};

/// The TLS context that is used; also the default.
const TLS_CONTEXT: u32 = 1;

/// Where the roots lie; volatile, so that nothing is left behind.
const ROOTS: &str = "RAM:hayesd-roots.pem";

/// Sets everything that all mails to one server share.
pub(super) async fn configure(
    chat: &mut Chat,
    settings: &Settings,
    mail: &Outgoing,
    letter: &Letter<'_>,
) -> Result<()> {
    let server = &mail.open.server;
    context(chat).await?;
    config(chat, config_line("ssltype").number(ssl_type(server.tls))).await?;
    if server.tls != Tls::None {
        tls(chat, settings).await?;
    }
    let line = config_line("smtpserver")
        .text(&server.host)?
        .number(server.port);
    config(chat, line).await?;
    let nobody = Credentials {
        user: String::new(),
        password: Secret::new(String::new()),
        plain_auth: false,
        mechanism: Mechanism::default(),
    };
    let who = mail.open.credentials.as_ref().unwrap_or(&nobody);
    let line = config_line("account")
        .text(&who.user)?
        .secret(&who.password)?;
    config(chat, line).await?;
    let line = config_line("sender")
        .text(&letter.sender_name)?
        .text(&mail.open.sender)?;
    config(chat, line).await
}

/// Names the bearer; the first setting of each mail.
async fn context(chat: &mut Chat) -> Result<()> {
    config(chat, config_line("contextid").number(CONTEXT)).await
}

/// Whether a mail is being sent: then the module refuses every setting (652), also one that changes
/// nothing.
pub(super) async fn is_sending(chat: &mut Chat) -> Result<bool> {
    match context(chat).await {
        Ok(()) => Ok(false),
        Err(error) if error.kind == ErrorKind::Busy => Ok(true),
        Err(error) => Err(error),
    }
}

/// `<ssltype>`.
fn ssl_type(tls: Tls) -> u32 {
    match tls {
        Tls::None => 0,
        Tls::Implicit => 1,
        Tls::StartTls => 2,
    }
}

async fn tls(chat: &mut Chat, settings: &Settings) -> Result<()> {
    config(chat, config_line("sslctxid").number(TLS_CONTEXT)).await?;
    let verify = settings.roots.is_some();
    if let Some(roots) = &settings.roots {
        files::replace(chat, ROOTS, roots).await?;
        let line = tls_line("cacert").text(ROOTS)?;
        set(chat, &line, Expect::result(), MAIL, "TLS roots").await?;
    } else {
        tracing::debug!(port = %settings.name, "the module has no roots and cannot verify servers");
    }
    // All versions and suites that the module has: the server chooses the best of them.
    let must = [
        tls_line("sslversion").number(4_u32),
        tls_line("ciphersuite").bare("0XFFFF"),
        tls_line("seclevel").number(u32::from(verify)),
    ];
    for line in must {
        set(chat, &line, Expect::result(), MAIL, "TLS").await?;
    }
    // Off by default, and hosted providers need SNI; a module's clock is often not set. Old firmware
    // knows neither key.
    for line in [
        tls_line("sni").number(1_u32),
        tls_line("ignorelocaltime").number(1_u32),
    ] {
        until_answered(chat, &line, Expect::result()).await?;
    }
    Ok(())
}

fn config_line(key: &'static str) -> Line {
    Line::new(QSMTPCFG).key(key)
}

fn tls_line(key: &'static str) -> Line {
    Line::new(QSSLCFG).key(key).number(TLS_CONTEXT)
}

async fn config(chat: &mut Chat, line: Line) -> Result<()> {
    set(chat, &line, Expect::result(), MAIL, "settings")
        .await
        .map(drop)
}
