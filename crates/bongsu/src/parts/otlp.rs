//! What goes out to a receiver of OpenTelemetry's protocol, if there is one.

use std::{
    fmt,
    sync::{Arc, Mutex, OnceLock, PoisonError},
    time::Duration,
};

use bongsu_otlp::{Driver, Otlp, Snapshot};

use super::Start;
use crate::{Error, config::Problem, tasks::Stoppable};

/// How long the last of it may take at the end.
const PATIENCE: Duration = Duration::from_secs(5);

pub(crate) type Settings = ();
pub(crate) type Offer = Option<Arc<Export>>;

/// The way out.
pub(crate) struct Export {
    pub(crate) otlp: Otlp,
    driver: Mutex<Option<Driver>>,
    /// Makes a last snapshot of the metrics.
    pub(crate) metrics: OnceLock<Box<dyn Fn() -> Snapshot + Send + Sync>>,
}

impl fmt::Debug for Export {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Export").field(&self.otlp).finish()
    }
}

/// Builds it, before there is a log: what the log says goes out too.
pub(crate) async fn start(cx: &mut Start<'_>, (): Settings) -> Result<Offer, Error> {
    let (options, problems) = bongsu_setup::otlp::options(cx.config);
    cx.config.warnings.extend(problems);
    let Some(options) = options else {
        return Ok(None);
    };
    match Otlp::new(options) {
        Ok((otlp, driver)) => Ok(Some(Arc::new(Export {
            otlp,
            driver: Mutex::new(Some(driver)),
            metrics: OnceLock::new(),
        }))),
        // It may be meant for others: no reason not to start.
        Err(error) => {
            cx.config.warnings.push(Problem::new(
                "OTEL_EXPORTER_OTLP_ENDPOINT",
                format!("{error}; nothing is exported"),
            ));
            Ok(None)
        }
    }
}

/// Begins to send, until the very end.
pub(crate) fn run(cx: &mut Start<'_>, offer: &Offer) {
    let Some(export) = offer.clone() else { return };
    let driver = export
        .driver
        .lock()
        .unwrap_or_else(PoisonError::into_inner)
        .take();
    let Some(driver) = driver else { return };
    let sending = Stoppable::start(|stop| driver.run(stop, PATIENCE));
    cx.ends.push(async move {
        if let Some(snapshot) = export.metrics.get() {
            export.otlp.record_metrics(snapshot());
        }
        sending.finish("OTLP", PATIENCE * 2).await;
    });
}
