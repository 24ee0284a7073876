//! Jobs: requests with progress, a deadline, cancellation and a result. Mails lie in the spool.

mod types;

pub use types::{
    Accounts, Backs, Delivery, JobId, Kind, Limits, MailAccount, MailSubmission, OnUnknown, Origin,
    Outcome, RecipientState, Route, Snapshot, State, Via,
};
