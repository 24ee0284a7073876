//! What each method asks of its caller. A method that is not here can't be called.

use super::action::Action;

/// What a method asks of its caller.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::bus) enum Need {
    /// Nothing: it tells what everybody may know.
    Nothing,
    /// To be the job's owner, or to be allowed [`Action::ManageJobs`]; the object knows its owner, and asks.
    Job,
    /// To be allowed this.
    Action(Action),
}

use Action::{Administer, ReadMail, SendMail, TransferFiles};
use Need::{Action as May, Job, Nothing};

/// Interfaces, after `org.hayesd1.`, with their methods.
pub(in crate::bus) const MEMBERS: [(&str, &[(&str, Need)]); 9] = [
    (
        "Manager",
        &[
            ("Reload", May(Administer)),
            ("ReportDevice", May(Administer)),
            ("SetLogLevel", May(Administer)),
            ("CreateAccount", May(Administer)),
            ("ListJobs", Nothing),
            ("GetJob", Nothing),
        ],
    ),
    (
        "Mail",
        &[
            ("SendSimple", May(SendMail)),
            ("Send", May(SendMail)),
            ("SendRaw", May(SendMail)),
            ("SendRawBytes", May(SendMail)),
            ("Flush", May(SendMail)),
            // Of other users' mails it shows what everybody may know.
            ("ListQueue", Nothing),
        ],
    ),
    (
        "Pop3",
        &[
            ("Check", May(ReadMail)),
            ("Fetch", May(ReadMail)),
            ("Top", May(ReadMail)),
            ("Delete", May(ReadMail)),
            ("ListInbox", May(ReadMail)),
            ("GetMessage", May(ReadMail)),
        ],
    ),
    (
        "Message",
        &[
            ("Describe", May(ReadMail)),
            ("Open", May(ReadMail)),
            ("Read", May(ReadMail)),
            ("Remove", May(ReadMail)),
        ],
    ),
    (
        "Ftp",
        &[
            ("Upload", May(TransferFiles)),
            ("UploadBytes", May(TransferFiles)),
            ("Download", May(TransferFiles)),
            ("DownloadBytes", May(TransferFiles)),
            ("List", May(TransferFiles)),
            ("Remove", May(TransferFiles)),
            ("MakeDirectory", May(TransferFiles)),
            ("Rename", May(TransferFiles)),
        ],
    ),
    (
        "Job",
        &[
            ("Wait", Job),
            ("Cancel", Job),
            ("Describe", Job),
            ("Retry", Job),
            ("Release", Job),
        ],
    ),
    (
        "Modem",
        &[
            ("Command", May(Administer)),
            ("Reset", May(Administer)),
            ("Enable", May(Administer)),
            ("Trace", May(Administer)),
        ],
    ),
    (
        "Emulator",
        &[
            ("Start", May(Administer)),
            ("Stop", May(Administer)),
            ("Reset", May(Administer)),
            ("Trace", May(Administer)),
        ],
    ),
    (
        "Account",
        &[
            ("Configure", May(Administer)),
            ("SetSecret", May(Administer)),
            ("SetSecretFromCredential", May(Administer)),
            ("Remove", May(Administer)),
            ("Test", May(SendMail)),
        ],
    ),
];

/// What a method asks; `None` for one that is not ours.
pub(in crate::bus) fn need(interface: &str, member: &str) -> Option<Need> {
    let interface = interface.strip_prefix("org.hayesd1.")?;
    let (_, members) = MEMBERS.iter().find(|(name, _)| *name == interface)?;
    members
        .iter()
        .find(|(name, _)| *name == member)
        .map(|&(_, need)| need)
}
