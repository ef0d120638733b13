//! The log's own spans and lines, with what it hides left out.

use bongsu_logging::LogHandle;
use bongsu_otlp::{Redact, TraceLayer};

use crate::parts::otlp::Offer;

/// The layer that records them, for the process's subscriber.
pub(crate) fn layer(offer: &Offer) -> Option<TraceLayer> {
    let export = offer.as_ref()?;
    Some(export.otlp.layer(bongsu_logging::propagation))
}

/// Begins to record: the log is there, and says what is secret.
pub(crate) fn begin(layer: Option<&TraceLayer>, log: &LogHandle) {
    if let Some(layer) = layer {
        layer.redact(Hidden(log.clone()));
    }
}

struct Hidden(LogHandle);

impl Redact for Hidden {
    fn hides(&self, key: &str) -> bool {
        self.0.hides(key)
    }

    fn mask(&self, text: &str) -> Option<String> {
        self.0.mask(text)
    }
}
