//! What callers may be allowed.

use super::caller::Standing;

/// Something to be allowed; polkit knows it by [`Action::id`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::bus) enum Action {
    /// Send mail by an account, and try accounts out.
    SendMail,
    /// Read and delete what is in an account's mailbox and in our inbox.
    ReadMail,
    /// Read and change the files on an account's server.
    TransferFiles,
    /// See the private side of other users' jobs, and end them.
    ManageJobs,
    /// Everything else: accounts, secrets, modems, emulators, the daemon itself.
    Administer,
}

impl Action {
    /// All there are.
    #[cfg(test)]
    pub(in crate::bus) const ALL: [Self; 5] = [
        Self::SendMail,
        Self::ReadMail,
        Self::TransferFiles,
        Self::ManageJobs,
        Self::Administer,
    ];

    /// Its name in polkit's `.policy` file.
    pub(in crate::bus) fn id(self) -> &'static str {
        match self {
            Self::SendMail => "org.hayesd1.send-mail",
            Self::ReadMail => "org.hayesd1.read-mail",
            Self::TransferFiles => "org.hayesd1.transfer-files",
            Self::ManageJobs => "org.hayesd1.manage-jobs",
            Self::Administer => "org.hayesd1.administer",
        }
    }

    /// Whether it is allowed without asking anybody.
    pub(super) fn is_granted_to(self, standing: Standing) -> bool {
        match standing {
            Standing::Admin => true,
            Standing::Member => self != Self::Administer,
            Standing::Stranger => false,
        }
    }
}
