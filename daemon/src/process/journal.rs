//! The journal, with message IDs for what the catalog explains.

use crate::catalog;
use tracing::{Event, Subscriber, span};
use tracing_journald::{Priority, PriorityMappings};
use tracing_subscriber::layer::{Context, Layer};
use tracing_subscriber::registry::LookupSpan;

/// What sends events to the journal.
pub(super) struct Journal(tracing_journald::Layer);

impl Journal {
    /// A way to the journal; fields are called `HAYESD_PORT` and so on.
    ///
    /// # Errors
    ///
    /// There is no journal here.
    pub(super) fn open() -> std::io::Result<Self> {
        let priorities = PriorityMappings {
            info: Priority::Informational,
            debug: Priority::Debug,
            ..PriorityMappings::new()
        };
        let layer = tracing_journald::layer()?
            .with_field_prefix(Some("HAYESD".into()))
            .with_priority_mappings(priorities);
        Ok(Self(layer))
    }
}

impl<S: Subscriber + for<'a> LookupSpan<'a>> Layer<S> for Journal {
    fn on_new_span(&self, attributes: &span::Attributes<'_>, id: &span::Id, ctx: Context<'_, S>) {
        self.0.on_new_span(attributes, id, ctx);
    }

    fn on_record(&self, id: &span::Id, values: &span::Record<'_>, ctx: Context<'_, S>) {
        self.0.on_record(id, values, ctx);
    }

    fn on_event(&self, event: &Event<'_>, ctx: Context<'_, S>) {
        let named = catalog::id_of(event.metadata().name()).and_then(|id| {
            Some(
                Self::open()
                    .ok()?
                    .0
                    .with_custom_fields([("MESSAGE_ID", id)]),
            )
        });
        // A field without the prefix is a layer's, for all its events. These are rare: each may have its own.
        match named {
            Some(layer) => layer.on_event(event, ctx),
            None => self.0.on_event(event, ctx),
        }
    }
}
