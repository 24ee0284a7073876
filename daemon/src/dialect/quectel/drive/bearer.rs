//! The bearer (TCP/IP note: `QICSGP`, `QIACT`, `QIDEACT`, `QIGETERROR`).

use super::super::codes::TCPIP;
use super::super::names::{QIACT, QICSGP, QIDEACT, QIGETERROR};
use super::steps::set;
use crate::at::response::{Value, named};
use crate::modem::{Chat, Expect, Line, Settings, until_answered};
use crate::service::{Error, ErrorKind, Fault, Result, Secret};
use core::time::Duration;

/// The context that is used; also the default of every service.
pub(super) const CONTEXT: u32 = 1;

/// Maximum response time of `QIACT` and `QIDEACT`.
const ACTIVATION: Duration = Duration::from_secs(150);
const DEACTIVATION: Duration = Duration::from_secs(40);

/// Contexts there are.
const CONTEXTS: usize = 16;

/// Brings the context up unless it is.
pub(super) async fn up(chat: &mut Chat, settings: &Settings) -> Result<()> {
    if is_active(chat).await? {
        return Ok(());
    }
    if !settings.apn.is_empty() {
        let none = Secret::new(String::new());
        let line = Line::new(QICSGP)
            .number(CONTEXT)
            .number(1_u32)
            .text(&settings.apn)?
            .text(&settings.apn_user)?
            .secret(settings.apn_password.as_ref().unwrap_or(&none))?
            .number(u32::from(!settings.apn_user.is_empty()));
        set(chat, &line, Expect::result(), TCPIP, "access point").await?;
    }
    if activate(chat).await? {
        return Ok(());
    }
    // After the network dropped it, a context must be deactivated before it can be activated again.
    down(chat).await?;
    if activate(chat).await? {
        return Ok(());
    }
    Err(why(chat).await)
}

/// Takes the context down; what uses it is broken off.
pub(super) async fn down(chat: &mut Chat) -> Result<()> {
    let line = Line::new(QIDEACT).number(CONTEXT);
    let expect = Expect::result().within(DEACTIVATION);
    chat.ask(&line, expect).await?;
    Ok(())
}

async fn is_active(chat: &mut Chat) -> Result<bool> {
    // Activating an active context answers ERROR, so it is looked at first.
    let expect = Expect::lines(QIACT, &["nn*"], CONTEXTS);
    let answer = until_answered(chat, &Line::new("+QIACT?"), expect).await?;
    Ok(answer.lines.iter().any(|line| {
        let mut values = named(line, QIACT).into_iter().flatten().map(Value::number);
        values.next() == Some(Some(CONTEXT)) && values.next() == Some(Some(1))
    }))
}

async fn activate(chat: &mut Chat) -> Result<bool> {
    let line = Line::new(QIACT).number(CONTEXT);
    let answer = chat.ask(&line, Expect::result().within(ACTIVATION)).await?;
    Ok(answer.result.is_ok())
}

/// Why it did not come up, in the module's words.
async fn why(chat: &mut Chat) -> Error {
    let expect = Expect::line(QIGETERROR, &["nv"]);
    let words = match chat.ask(&Line::new(QIGETERROR), expect).await {
        Ok(answer) => answer.lines.first().map_or_else(String::new, |line| {
            named(line, QIGETERROR)
                .map(|values| values.map(Value::to_text).collect::<Vec<_>>().join(" "))
                .unwrap_or_default()
        }),
        Err(error) => return error.into(),
    };
    let text = format!("modem, bearer: QIACT failed ({words})");
    Error::new(ErrorKind::NoNetwork, text).by(Fault::Link)
}
