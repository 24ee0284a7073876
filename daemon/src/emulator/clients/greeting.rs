//! Waits until the server of a mail has greeted us.

use super::Desk;
use crate::emulator::op::{Done, MailId, OpId};
use crate::emulator::world::{World, end};
use crate::job::{Delivery, JobId, Snapshot};
use crate::service::{Error, ErrorKind, Phase};

pub(super) async fn wait(world: World, mail: MailId, id: OpId, desk: Desk) {
    let done = match greeted(&world, mail).await {
        Ok(()) => Done::Fine,
        Err(error) => Done::Refused(error),
    };
    desk.answer(id, done);
}

async fn greeted(world: &World, mail: MailId) -> Result<(), Error> {
    let gone = || Error::new(ErrorKind::Unknown, "the mail is not known any more");
    let mut view = world.jobs.watch(JobId(mail.0)).ok_or_else(gone)?;
    let seen = view.wait_for(|job| has_greeted(job) || job.state.is_final());
    let job = seen.await.map_err(|_| gone())?.clone();
    if job.state.is_final() {
        return end(&job);
    }
    Ok(())
}

/// Modules do not tell the greeting: it follows from what they tell later.
fn has_greeted(job: &Snapshot) -> bool {
    job.delivery == Delivery::Queue
        || matches!(
            job.phase,
            Phase::Authenticating | Phase::Preparing | Phase::Transferring | Phase::Confirming
        )
}
