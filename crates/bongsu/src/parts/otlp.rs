//! What goes out to a receiver of OpenTelemetry's protocol, if there is one.

use std::{
    fmt,
    sync::{Arc, Mutex, OnceLock, PoisonError},
    time::Duration,
};

use bongsu_otlp::{Attributes, Driver, Options, Otlp, Receiver, Signal, Snapshot};
use bongsu_trace::random;

use super::Start;
use crate::{
    Config, Error,
    config::{Problem, Secret},
    tasks::Stoppable,
};

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
    let Some(options) = options(cx.config) else {
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

/// What the configuration asks for; none where nobody receives anything.
fn options(config: &mut Config) -> Option<Options> {
    let traces = &config.traces;
    if traces.disabled {
        return None;
    }
    let mut certificates = None;
    let mut problem = None;
    if let Some(file) = &traces.certificate {
        match std::fs::read(file) {
            Ok(pem) => certificates = Some(pem),
            Err(error) => {
                problem = Some(Problem::new(
                    "OTEL_EXPORTER_OTLP_CERTIFICATE",
                    format!("cannot read {}: {error}; it is not used", file.display()),
                ));
            }
        }
    }
    let headers = traces.headers.as_ref().map(Secret::expose);
    let headers = headers.and_then(|headers| bongsu_config::pairs(headers).ok());
    let receiver = |place: usize, signal: Signal| {
        let own = traces.endpoints[place].as_ref();
        let mut receiver = match (own, &traces.endpoint) {
            (Some(own), _) => Receiver::new(own.clone()),
            (None, Some(base)) => Receiver::at_base(base, signal),
            (None, None) => return None,
        };
        let pairs = headers.iter().flatten();
        receiver.headers = pairs
            .map(|(name, value)| (name.clone(), Secret::new(value)))
            .collect();
        receiver.timeout = traces.timeout;
        receiver.gzip = traces.gzip;
        receiver.certificates = certificates.clone();
        traces.exported[place].then_some(receiver)
    };
    let mut options = Options::new(resource(config));
    options.traces = receiver(0, Signal::Traces);
    options.metrics = receiver(1, Signal::Metrics);
    options.logs = receiver(2, Signal::Logs);
    options.sampler = traces.sampler();
    options.slow = traces.slow;
    config.warnings.extend(problem);
    let anybody = [&options.traces, &options.metrics, &options.logs];
    anybody
        .iter()
        .any(|receiver| receiver.is_some())
        .then_some(options)
}

/// What is said of the service, what the environment says of it last.
fn resource(config: &Config) -> Attributes {
    let (service, traces) = (&config.service, &config.traces);
    let [high, low] = random::words();
    let instance = bongsu_trace::Hex::<32>::of(u128::from(high) << 64 | u128::from(low));
    let mut resource = Attributes::new()
        .with("service.name", &*service.name)
        .with("service.version", &*service.version)
        .with("service.instance.id", &*instance)
        .with("deployment.environment.name", &*service.environment)
        .with("process.pid", i64::from(std::process::id()))
        .with("telemetry.sdk.name", "bongsu")
        .with("telemetry.sdk.language", "rust")
        .with("telemetry.sdk.version", env!("CARGO_PKG_VERSION"));
    for (name, value) in &traces.resource {
        resource.set(name.clone(), &**value);
    }
    if let Some(name) = &traces.service_name {
        resource.set("service.name", &**name);
    }
    resource
}
