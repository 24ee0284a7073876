//! Asking polkit, where it runs.

use std::collections::HashMap;
use std::time::Duration;
use zbus::names::UniqueName;
use zbus::{Connection, Variant, proxy};

/// A person may have to type a password.
const LONGEST: Duration = Duration::from_secs(300);

/// `CheckAuthorization` may ask the user.
const ALLOW_INTERACTION: u32 = 1;

/// What the names of polkit's own errors begin with; others tell that it is not there.
const OWN_ERRORS: &str = "org.freedesktop.PolicyKit1.Error.";

/// The part of polkit that is asked.
#[proxy(
    interface = "org.freedesktop.PolicyKit1.Authority",
    default_service = "org.freedesktop.PolicyKit1",
    default_path = "/org/freedesktop/PolicyKit1/Authority"
)]
trait Authority {
    fn check_authorization(
        &self,
        subject: (&str, HashMap<&str, Variant<'_>>),
        action_id: &str,
        details: HashMap<&str, &str>,
        flags: u32,
        cancellation_id: &str,
    ) -> zbus::Result<(bool, bool, HashMap<String, String>)>;
}

/// What polkit says.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Verdict {
    /// The caller may.
    Yes,
    /// The caller may not.
    No,
    /// The caller may if somebody shows who he is, which the call did not allow to be asked for.
    Challenge,
    /// It does not run here, or does not answer.
    Absent,
}

/// Whether whoever has this name on the bus may do what this action's name stands for.
pub(super) async fn ask(
    connection: &Connection,
    caller: &UniqueName<'_>,
    action: &str,
    interactive: bool,
) -> Verdict {
    let answer = tokio::time::timeout(LONGEST, async {
        let subject = HashMap::from([("name", Variant::from(caller.as_str()))]);
        let flags = if interactive { ALLOW_INTERACTION } else { 0 };
        AuthorityProxy::new(connection)
            .await?
            .check_authorization(
                ("system-bus-name", subject),
                action,
                HashMap::new(),
                flags,
                "",
            )
            .await
    });
    match answer.await {
        Ok(Ok((true, _, _))) => Verdict::Yes,
        Ok(Ok((false, true, _))) => Verdict::Challenge,
        Ok(Ok((false, false, _))) => Verdict::No,
        Ok(Err(error)) => {
            match &error {
                // It runs, but not as it should for us.
                zbus::Error::MethodError(name, ..) if name.starts_with(OWN_ERRORS) => {
                    tracing::warn!("polkit does not answer: {error}");
                }
                _ => tracing::debug!("polkit: {error}"),
            }
            Verdict::Absent
        }
        Err(_) => Verdict::Absent,
    }
}
