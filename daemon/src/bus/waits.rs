//! How many calls of `Job.Wait` a user has going on.

use super::error::{Refused, Result};
use super::rights::Caller;
use crate::service::ErrorKind;
use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};

/// Counts by user.
#[derive(Clone, Debug, Default)]
pub(super) struct Waits {
    counts: Arc<Mutex<HashMap<u32, u32>>>,
}

/// One call, counted while it is alive.
#[derive(Debug)]
pub(super) struct Waiting {
    uid: u32,
    waits: Waits,
}

impl Waits {
    /// All calls that are going on.
    #[cfg(test)]
    pub(super) fn count(&self) -> u32 {
        self.counts.lock().unwrap().values().sum()
    }

    /// Counts one more.
    ///
    /// # Errors
    ///
    /// `QuotaExceeded` where the caller has `most` already; root has no limit.
    pub(super) fn begin(&self, caller: &Caller, most: u32) -> Result<Waiting> {
        let mut counts = self.counts.lock().unwrap_or_else(PoisonError::into_inner);
        let count = counts.entry(caller.uid).or_default();
        if *count >= most && caller.uid != 0 {
            let text = format!("{most} calls of Wait are going on already");
            return Err(Refused::new(ErrorKind::QuotaExceeded, text));
        }
        *count += 1;
        Ok(Waiting {
            uid: caller.uid,
            waits: self.clone(),
        })
    }
}

impl Drop for Waiting {
    fn drop(&mut self) {
        let mut counts = self
            .waits
            .counts
            .lock()
            .unwrap_or_else(PoisonError::into_inner);
        if let Some(count) = counts.get_mut(&self.uid) {
            *count -= 1;
            if *count == 0 {
                counts.remove(&self.uid);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::rights::Standing;
    use super::*;
    use zbus::names::OwnedUniqueName;

    #[test]
    fn each_user_has_so_many_and_root_any() {
        let caller = |uid| Caller {
            uid,
            name: OwnedUniqueName::try_from(":1.1").unwrap(),
            standing: Standing::Stranger,
        };
        let waits = Waits::default();
        let first = waits.begin(&caller(7), 2).unwrap();
        let _second = waits.begin(&caller(7), 2).unwrap();
        assert!(waits.begin(&caller(7), 2).is_err());
        assert!(waits.begin(&caller(8), 2).is_ok());
        drop(first);
        let _third = waits.begin(&caller(7), 2).unwrap();
        let roots: Vec<_> = (0..5)
            .map(|_| waits.begin(&caller(0), 2).unwrap())
            .collect();
        drop(roots);
        assert_eq!(waits.counts.lock().unwrap().len(), 1);
    }
}
