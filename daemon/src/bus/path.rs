//! Object paths: which object stands where.

use zbus::{ObjectPath, OwnedObjectPath};

/// The root of all our objects.
pub(super) const ROOT: &str = "/org/hayesd1";

/// `/org/hayesd1/job/N`. Numbers stand as they are: a path's element may begin with a digit, it is only
/// sd-bus's escaping of names that avoids it.
pub(super) fn job(id: u32) -> OwnedObjectPath {
    // Letters, digits and slashes make a path.
    ObjectPath::from_string_unchecked(format!("{ROOT}/job/{id}")).into()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_job_has_its_number_in_its_path() {
        assert_eq!(job(12).as_str(), "/org/hayesd1/job/12");
        assert!(ObjectPath::try_from(job(12).as_str()).is_ok());
    }
}
