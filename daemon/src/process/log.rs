//! The log: the journal where our standard error goes there, standard error elsewhere.

use super::journal::Journal;
use std::io;
use std::os::unix::fs::MetadataExt;
use std::str::FromStr;
use std::sync::atomic::{AtomicU8, Ordering};
use tracing::level_filters::LevelFilter;
use tracing::metadata::Metadata;
use tracing::subscriber::Interest;
use tracing_subscriber::layer::{Context, Filter, Layer, SubscriberExt};
use tracing_subscriber::util::SubscriberInitExt;

/// How much is told.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
#[repr(u8)]
pub enum Level {
    /// What fails.
    Error,
    /// What may fail later.
    Warning,
    /// What happens.
    Info,
    /// How it happens.
    Debug,
    /// Every step.
    Trace,
}

impl Level {
    const ALL: [Self; 5] = [
        Self::Error,
        Self::Warning,
        Self::Info,
        Self::Debug,
        Self::Trace,
    ];

    fn filter(self) -> LevelFilter {
        match self {
            Self::Error => LevelFilter::ERROR,
            Self::Warning => LevelFilter::WARN,
            Self::Info => LevelFilter::INFO,
            Self::Debug => LevelFilter::DEBUG,
            Self::Trace => LevelFilter::TRACE,
        }
    }
}

impl FromStr for Level {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        match text {
            "error" => Ok(Self::Error),
            "warning" => Ok(Self::Warning),
            "info" => Ok(Self::Info),
            "debug" => Ok(Self::Debug),
            "trace" => Ok(Self::Trace),
            _ => Err(format!(
                "`{}` is not a level: error, warning, info, debug, trace",
                text.chars()
                    .take(64)
                    .flat_map(char::escape_debug)
                    .collect::<String>()
            )),
        }
    }
}

/// The level that holds now.
static LEVEL: AtomicU8 = AtomicU8::new(Level::Info as u8);

fn level() -> Level {
    Level::ALL
        .get(usize::from(LEVEL.load(Ordering::Relaxed)))
        .copied()
        .unwrap_or(Level::Info)
}

/// Changes how much is told, from now on.
pub fn set_level(level: Level) {
    LEVEL.store(level as u8, Ordering::Relaxed);
    tracing::callsite::rebuild_interest_cache();
}

/// Starts logging, for the whole process; a second call changes nothing.
///
/// Fields named `port` and `job` become `HAYESD_PORT` and `HAYESD_JOB` in the journal.
pub fn start() {
    let journal = goes_to_journal().then(Journal::open).and_then(Result::ok);
    // Field by field, since the two layers are of different types.
    let journal = journal.map(|layer| layer.with_filter(Ours));
    let stderr = journal.is_none().then(|| {
        tracing_subscriber::fmt::layer()
            .with_writer(io::stderr)
            .with_target(false)
            .with_filter(Ours)
    });
    let _ = tracing_subscriber::registry()
        .with(journal)
        .with(stderr)
        .try_init();
}

/// Whether our standard error is the journal's stream (systemd.exec(5), `$JOURNAL_STREAM`): only then the
/// journal is where people look for what we say.
fn goes_to_journal() -> bool {
    let Ok(stream) = std::env::var("JOURNAL_STREAM") else {
        return false;
    };
    std::fs::metadata("/proc/self/fd/2")
        .is_ok_and(|meta| stream == format!("{}:{}", meta.dev(), meta.ino()))
}

/// Our own crates up to the level, others only from a warning on: they would tell what callers sent.
struct Ours;

impl Ours {
    fn lets(meta: &Metadata<'_>) -> bool {
        let most = if meta.target().starts_with("hayes") {
            level().filter()
        } else {
            level().filter().min(LevelFilter::WARN)
        };
        *meta.level() <= most
    }
}

impl<S> Filter<S> for Ours {
    fn enabled(&self, meta: &Metadata<'_>, _: &Context<'_, S>) -> bool {
        Self::lets(meta)
    }

    fn callsite_enabled(&self, meta: &'static Metadata<'static>) -> Interest {
        if Self::lets(meta) {
            Interest::always()
        } else {
            Interest::never()
        }
    }

    fn max_level_hint(&self) -> Option<LevelFilter> {
        Some(level().filter())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::io::Write;
    use std::sync::{Arc, Mutex};

    #[derive(Clone, Default)]
    struct Sink(Arc<Mutex<Vec<u8>>>);

    impl Write for Sink {
        fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
            self.0.lock().unwrap().extend_from_slice(bytes);
            Ok(bytes.len())
        }

        fn flush(&mut self) -> io::Result<()> {
            Ok(())
        }
    }

    #[test]
    fn the_level_is_ours_and_changes_at_once() {
        let sink = Sink::default();
        let writer = sink.clone();
        let layer = tracing_subscriber::fmt::layer()
            .with_writer(move || writer.clone())
            .with_filter(Ours);
        let said = || String::from_utf8(sink.0.lock().unwrap().clone()).unwrap();
        tracing::subscriber::with_default(tracing_subscriber::registry().with(layer), || {
            let speak = |round: u8| {
                tracing::debug!("debug{round}");
                tracing::info!(target: "zbus::connection", "foreign{round}");
                tracing::warn!(target: "zbus::connection", "warning{round}");
            };
            speak(1);
            set_level(Level::Debug);
            speak(2);
            set_level(Level::Error);
            speak(3);
            set_level(Level::Info);
        });
        let said = said();
        for (word, is_there) in [
            ("debug1", false),
            ("warning1", true),
            ("debug2", true),
            ("warning2", true),
            ("debug3", false),
            ("warning3", false),
            ("foreign", false),
        ] {
            assert_eq!(said.contains(word), is_there, "{word}: {said}");
        }
    }

    #[test]
    fn names_of_levels() {
        assert_eq!("debug".parse(), Ok(Level::Debug));
        assert!("loud".parse::<Level>().is_err());
    }
}
