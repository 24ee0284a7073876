//! How SIMCom's WCDMA modules are driven: recognised, configured, asked to send mail, to fetch it, and to
//! move files.

mod bearer;
mod by_file;
mod clock;
mod facts;
mod files;
mod folder;
mod letter;
mod local_name;
mod mail;
mod mailbox;
mod message;
mod quirks;
mod steps;
mod store;
mod told;

#[cfg(test)]
mod tests;

use super::NAME;
use super::names::{CGREG, CPIN};
use crate::at::response::{Value, named};
use crate::modem::{
    Chat, Drive, Facts, FileModule, Identity, MailJob, MailboxModule, Notice, Outgoing,
    Registration, Sent, Settings,
};
use crate::service::{BoxFuture, FileOpen, MailOpen, MailboxOpen, Result};
use facts::FACTS;

/// The driver's side of the dialect.
#[derive(Debug)]
pub(super) struct Simcom;

impl Drive for Simcom {
    fn name(&self) -> &'static str {
        NAME
    }

    fn facts(&self) -> &'static Facts {
        &FACTS
    }

    /// SIM52xx and SIM53xx. The GSM modules (SIM800, SIM900) have another grammar under the same names, and
    /// SIM536x and later ones other names; [`FACTS`] has the tests that tell them apart where a dialect is
    /// configured.
    fn recognises(&self, identity: &Identity) -> bool {
        let maker = identity.manufacturer.to_ascii_uppercase();
        let model = identity.model.to_ascii_uppercase();
        let number = model.strip_prefix("SIMCOM_").unwrap_or(&model);
        let Some(digits) = number.strip_prefix("SIM5").and_then(|rest| rest.get(..3)) else {
            return false;
        };
        maker.contains("SIMCOM")
            && digits.bytes().all(|byte| byte.is_ascii_digit())
            && matches!(digits.as_bytes()[0], b'2' | b'3')
            && !digits.starts_with("36")
    }

    fn notice(&self, line: &[u8]) -> Option<Notice> {
        if line == b"START" {
            return Some(Notice::Restarted);
        }
        let state = named(line, CPIN).and_then(|mut values| values.next());
        if state.is_some_and(|state| state.text.eq_ignore_ascii_case(b"READY")) {
            return Some(Notice::SimReady);
        }
        // Of the two networks the packet one tells whether mail can pass.
        let stat = named(line, CGREG)?.next().and_then(Value::number)?;
        Some(Notice::Registration(Registration::from_stat(stat)))
    }

    fn mail_result(&self, line: &[u8]) -> Option<Sent> {
        mail::verdict(line)
    }

    fn is_sending<'a>(&'a self, chat: &'a mut Chat) -> BoxFuture<'a, Result<bool>> {
        Box::pin(mail::is_sending(chat))
    }

    fn check_mail(&self, open: &MailOpen) -> Result<()> {
        letter::check_envelope(open)
    }

    fn mail<'a>(
        &self,
        settings: &'a Settings,
        mail: &'a Outgoing,
    ) -> Result<Box<dyn MailJob + 'a>> {
        let letter = letter::Letter::new(mail)?;
        Ok(Box::new(mail::Job::new(settings, mail, letter)))
    }

    fn mailbox<'a>(
        &self,
        settings: &'a Settings,
        open: &'a MailboxOpen,
    ) -> Result<Box<dyn MailboxModule + 'a>> {
        letter::check_server(&open.server, Some(&open.credentials))?;
        Ok(Box::new(mailbox::Mailbox::new(settings, open)))
    }

    fn files<'a>(
        &self,
        settings: &'a Settings,
        open: &'a FileOpen,
    ) -> Result<Box<dyn FileModule + 'a>> {
        files::check(open)?;
        Ok(Box::new(files::Files::new(settings, open)))
    }
}
