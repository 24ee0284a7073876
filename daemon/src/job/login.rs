//! The credentials of a stored mail whose server the equipment named itself: they are on disk for as long as
//! the mail is, since it is retried after a restart and nobody could ask the equipment again. A file of its
//! own, 0600 in a folder 0700, so that the header never holds a secret; it goes when the job is over.

use crate::service::{Credentials, Mechanism, Secret};
use serde::{Deserialize, Serialize};
use zeroize::Zeroizing;

/// A longer file is none of ours.
pub(super) const MAX_LOGIN: u64 = 64 << 10;

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Saved<Text> {
    user: Text,
    password: Text,
    token: bool,
    plain_auth: bool,
}

/// The file for these credentials.
pub(super) fn write(login: &Credentials) -> Zeroizing<Vec<u8>> {
    let saved = Saved {
        user: login.user.as_str(),
        password: login.password.expose(),
        token: login.mechanism == Mechanism::XOAuth2,
        plain_auth: login.plain_auth,
    };
    // Texts and truths can always be written.
    Zeroizing::new(serde_json::to_vec(&saved).unwrap_or_default())
}

/// The credentials of a file; `None` where it holds none.
pub(super) fn read(bytes: Vec<u8>) -> Option<Credentials> {
    let bytes = Zeroizing::new(bytes);
    let saved: Saved<String> = serde_json::from_slice(&bytes).ok()?;
    Some(Credentials {
        user: saved.user,
        password: Secret::new(saved.password),
        mechanism: match saved.token {
            true => Mechanism::XOAuth2,
            false => Mechanism::Password,
        },
        plain_auth: saved.plain_auth,
    })
}
