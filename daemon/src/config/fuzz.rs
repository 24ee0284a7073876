//! What the fuzzer calls.

use super::{Source, Sources, parse};

/// Parses any bytes as one or two files (cut at a form feed): nothing may panic, every problem must
/// have a place inside its file, and a secret's table must never be printed with its value.
pub fn config(bytes: &[u8]) {
    let Ok(text) = std::str::from_utf8(bytes) else {
        return;
    };
    let mut sources = Sources::default();
    let mut lines = Vec::new();
    for (index, part) in text.splitn(2, '\x0c').enumerate() {
        lines.push(part.matches('\n').count() + 1);
        sources.add(Source {
            path: index.to_string().into(),
            text: part.to_owned(),
        });
    }
    let problems = match parse(sources) {
        Ok(loaded) => loaded.problems,
        Err(problems) => {
            assert!(!problems.is_empty(), "refused without a word");
            problems
        }
    };
    for problem in problems {
        if let Some(place) = &problem.place {
            let index: usize = place.file.to_string_lossy().parse().unwrap_or(usize::MAX);
            assert!(
                lines.get(index).is_some_and(|&last| place.line <= last),
                "{problem} is nowhere"
            );
        }
        assert!(!problem.to_string().is_empty());
    }
}
