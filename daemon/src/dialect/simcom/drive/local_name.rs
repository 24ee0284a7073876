//! What files are called in the module's memory (reference 8.1).

/// A name may have so many bytes; a whole path 254.
const MOST_NAME: usize = 60;

/// Whether a file of a server can have the same name in the module's memory, in our folder.
pub(super) fn is_local(name: &str) -> bool {
    let good = |c: char| !c.is_control() && !r#"\/:*?"<>|,;"#.contains(c);
    let begins = |c: char| c.is_alphanumeric() || c == '_';
    name.chars().next().is_some_and(begins)
        && !name.ends_with('.')
        && name.chars().all(good)
        && name.len() <= MOST_NAME
}

/// Names for files in our folder, as like the wanted ones as can be and no two alike: letters, digits, dots,
/// dashes and underscores, the first no dot or dash, the last no dot (reference 8.1).
pub(super) fn clean_names<'a>(wanted: impl Iterator<Item = &'a str>) -> Vec<String> {
    let mut names: Vec<String> = Vec::new();
    for wanted in wanted {
        let taken = |name: &str| names.iter().any(|other| other.eq_ignore_ascii_case(name));
        let mut nth = 1_u32;
        let mut name = clean(wanted, nth);
        while taken(&name) {
            nth += 1;
            name = clean(wanted, nth);
        }
        names.push(name);
    }
    names
}

fn clean(wanted: &str, nth: u32) -> String {
    let good = |c: char| c.is_ascii_alphanumeric() || matches!(c, '.' | '-' | '_');
    let safe: String = wanted
        .chars()
        .map(|c| if good(c) { c } else { '_' })
        .collect();
    let safe = safe.trim_start_matches(['.', '-']).trim_end_matches('.');
    let (stem, ending) = match safe.rfind('.') {
        Some(dot) if safe.len() - dot <= 8 => safe.split_at(dot),
        _ => (safe, ""),
    };
    let number = match nth {
        1 => String::new(),
        nth => format!("-{nth}"),
    };
    let room = MOST_NAME - ending.len() - number.len();
    let stem = if stem.is_empty() { "file" } else { stem };
    format!("{}{number}{ending}", &stem[..stem.len().min(room)])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_that_both_can_have() {
        for name in ["a", "report.txt", "_x-1 y", "\u{6d4b}\u{8bd5}.txt"] {
            assert!(is_local(name), "{name}");
        }
        let long = "x".repeat(61);
        for name in [
            "", ".a", "-a", "a.", "a:b", "a*", "a,b", "a;b", "a\\b", "a\nb", &long,
        ] {
            assert!(!is_local(name), "{name:?}");
        }
    }

    #[test]
    fn names_are_safe_short_and_unlike() {
        let wanted = [
            "report.txt",
            "Report.TXT",
            "../../etc/passwd",
            "F\u{fc}ll\"stand,1.csv",
            "",
            ".txt",
            "a.",
            "C:\\x;y",
        ];
        assert_eq!(
            clean_names(wanted.into_iter()),
            [
                "report.txt",
                "Report-2.TXT",
                "_.._etc_passwd",
                "F_ll_stand_1.csv",
                "file",
                "txt",
                "a",
                "C__x_y",
            ]
        );
        let long = "x".repeat(300);
        let names = clean_names([&long[..], &long].into_iter());
        assert_eq!(names[0].len(), MOST_NAME);
        assert!(names[1].ends_with("x-2") && names[1].len() == MOST_NAME);
    }
}
