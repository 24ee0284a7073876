//! What each rung of the recovery does.

use super::chat::{Chat, ChatError, Claiming, LONGEST_FILL, Result};
use super::ladder::Rung;
use super::line::Line;
use super::settings::Settings;
use super::startup;
use super::wire::Ports;
use crate::service::{Error, ErrorKind};
use core::time::Duration;
use tokio::time::{Instant, timeout};

/// How long a port that was given back may take to be ours again.
const RECLAIM: Duration = Duration::from_secs(10);

/// Tries one rung.
pub(super) async fn climb(
    chat: &mut Chat,
    rung: Rung,
    settings: &Settings,
    ports: &dyn Ports,
) -> Result<()> {
    match rung {
        Rung::Resync => chat.resync().await,
        Rung::Escape => {
            chat.escape().await?;
            for exit in chat.exits() {
                chat.exit(exit).await?;
            }
            chat.hang_up().await?;
            chat.resync().await
        }
        Rung::Reopen => {
            reopen(chat, ports).await?;
            startup::wake(chat, settings.line).await
        }
        Rung::Reset => {
            if !startup::call(chat).await? {
                // A data mode that counts takes the command for content.
                chat.suspects_counting();
                if chat.fill_up(LONGEST_FILL).await? {
                    return startup::wake(chat, settings.line).await;
                }
            }
            restart(chat, settings).await
        }
    }
}

/// Gives the port back and claims it again.
async fn reopen(chat: &mut Chat, ports: &dyn Ports) -> Result<()> {
    chat.release().await;
    let wire = ports.claim().await.map_err(ChatError::Port)?;
    chat.rewire(wire);
    match timeout(RECLAIM, chat.claimed()).await {
        Ok(Ok(Claiming::Ours { .. })) => Ok(()),
        Ok(Ok(Claiming::Refused { text, .. })) => {
            Err(ChatError::Port(Error::new(ErrorKind::PortBusy, text)))
        }
        Ok(Err(error)) => Err(error),
        Err(_) => Err(ChatError::Gone),
    }
}

/// Restarts the module and waits for it to come back. Its device may vanish meanwhile: that is expected,
/// and no reason to restart it again.
async fn restart(chat: &mut Chat, settings: &Settings) -> Result<()> {
    let Some(facts) = chat.facts() else {
        // Nobody knows what would restart a module that was never recognised.
        return Err(ChatError::Lost);
    };
    chat.shout(&Line::new(facts.restart)).await?;
    let until = Instant::now() + facts.boot;
    loop {
        match timeout(until - Instant::now(), back(chat, settings)).await {
            Ok(Ok(())) => return Ok(()),
            Ok(Err(ChatError::Gone)) => reappear(chat, until).await?,
            Ok(Err(ChatError::Restarted | ChatError::Lost)) if Instant::now() < until => {}
            Ok(Err(error)) => return Err(error),
            Err(_) => return Err(ChatError::Lost),
        }
    }
}

/// A module that restarts is silent for some seconds at least.
const SILENT: Duration = Duration::from_secs(3);

async fn back(chat: &mut Chat, settings: &Settings) -> Result<()> {
    match chat.listen(SILENT).await {
        Ok(()) | Err(ChatError::Restarted) => {}
        Err(error) => return Err(error),
    }
    startup::wake(chat, settings.line).await
}

async fn reappear(chat: &mut Chat, until: Instant) -> Result<()> {
    loop {
        match timeout(until - Instant::now(), chat.claimed()).await {
            Ok(Ok(Claiming::Ours { .. })) => return Ok(()),
            Ok(Ok(Claiming::Refused { .. }) | Err(ChatError::Gone)) => {}
            Ok(Err(error)) => return Err(error),
            Err(_) => return Err(ChatError::Gone),
        }
    }
}
