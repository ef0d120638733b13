//! Spans of `tracing`, recorded by one and the other.

#![expect(clippy::disallowed_methods, reason = "it takes the time")]

use std::time::{Duration, Instant};

use bongsu_logging::{LogHandle, Logging, LoggingConfig};
use bongsu_otlp::{Attributes, Options, Otlp, Receiver, Redact, Sampler, Signal};
use bongsu_secret::Secret;
use opentelemetry::trace::TracerProvider as _;
use opentelemetry_otlp::{Protocol, SpanExporter, WithExportConfig as _};
use opentelemetry_sdk::Resource;
use opentelemetry_sdk::trace::{Sampler as PeersSampler, SdkTracerProvider};
use rustix::time::ClockId;
use tracing::info_span;
use tracing_subscriber::layer::SubscriberExt as _;
use tracing_subscriber::util::SubscriberInitExt as _;

use crate::{child, cost, cpu_time};

pub const NAMES: [&str; 7] = [
    "registry",
    "off",
    "not_kept",
    "kept",
    "opentelemetry_off",
    "opentelemetry_not_kept",
    "opentelemetry_kept",
];

/// Traces of ten spans in a round: as many spans as the peer's queue has places.
const TRACES: usize = 200;
const PACED: Duration = Duration::from_secs(5);

/// What of the way out must be waited for.
enum Way {
    None,
    Ours(Otlp),
    Peers(SdkTracerProvider),
}

impl Way {
    /// Until all of it is there.
    fn flush(&self) {
        match self {
            Self::None => {}
            Self::Ours(otlp) => {
                while otlp.statistics().any(|it| it.waiting_bytes > 0) {
                    std::thread::sleep(Duration::from_millis(5));
                }
            }
            Self::Peers(provider) => provider.force_flush().expect("the receiver answers"),
        }
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

/// Our way out, driven by a thread of its own.
pub fn otlp(receiver: &str, sampler: Sampler) -> Otlp {
    let mut options = Options::new(Attributes::new().with("service.name", "bench"));
    let base = Secret::new(format!("http://{receiver}"));
    options.traces = Some(Receiver::at_base(&base, Signal::Traces));
    options.sampler = sampler;
    options.limits.linger = Duration::from_millis(50);
    let (otlp, driver) = Otlp::new(options).expect("valid options");
    std::thread::spawn(move || {
        let driven = driver.run(std::future::pending(), Duration::ZERO);
        runtime().block_on(driven);
    });
    otlp
}

pub fn runtime() -> tokio::runtime::Runtime {
    tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .expect("a runtime")
}

fn ours(receiver: &str, sampler: Sampler) -> (Way, Option<Logging>) {
    let log = LoggingConfig::new("bench", "production").stdout(false);
    let log = log.build().expect("a valid set-up");
    let otlp = otlp(receiver, sampler);
    let layer = otlp.layer(|| None);
    layer.redact(Hidden(log.handle()));
    tracing_subscriber::registry().with(layer).init();
    (Way::Ours(otlp), Some(log))
}

fn peers(receiver: &str, sampler: PeersSampler) -> (Way, Option<Logging>) {
    let exporter = SpanExporter::builder()
        .with_http()
        .with_protocol(Protocol::HttpBinary)
        .with_endpoint(format!("http://{receiver}/v1/traces"))
        .build()
        .expect("a valid exporter");
    let resource = Resource::builder().with_service_name("bench").build();
    let provider = SdkTracerProvider::builder()
        .with_batch_exporter(exporter)
        .with_sampler(PeersSampler::ParentBased(Box::new(sampler)))
        .with_resource(resource)
        .build();
    let layer = tracing_opentelemetry::layer().with_tracer(provider.tracer("bench"));
    tracing_subscriber::registry().with(layer).init();
    (Way::Peers(provider), None)
}

fn way(variant: &str, receiver: &str) -> (Way, Option<Logging>) {
    match variant {
        "registry" => {
            tracing_subscriber::registry().init();
            (Way::None, None)
        }
        "off" => ours(receiver, Sampler::share(0.0)),
        "not_kept" => ours(receiver, Sampler::share(0.0).heed_parent(true)),
        "kept" => ours(receiver, Sampler::default()),
        "opentelemetry_off" => peers(receiver, PeersSampler::AlwaysOff),
        "opentelemetry_not_kept" => peers(receiver, PeersSampler::TraceIdRatioBased(0.0)),
        "opentelemetry_kept" => peers(receiver, PeersSampler::AlwaysOn),
        other => panic!("no variant {other:?}"),
    }
}

/// Ten spans.
fn trace(number: u64) {
    info_span!("order", order = number, symbol = "005930").in_scope(|| {
        for step in 0..9_u64 {
            info_span!("step", order = step, symbol = "005930").in_scope(|| {
                std::hint::black_box(step);
            });
        }
    });
}

pub fn answer(variant: &str, receiver: &str) {
    let (way, _log) = way(variant, receiver);
    child::answer(|| {
        let cost = cost(TRACES * 10, || (0..TRACES as u64).for_each(trace));
        way.flush();
        cost
    });
}

/// A trace of ten spans each millisecond; the share of a core of the exporter, and of all of it.
pub fn pace(variant: &str, receiver: &str) {
    let (way, _log) = way(variant, receiver);
    child::answer(|| {
        let before = [ClockId::ThreadCPUTime, ClockId::ProcessCPUTime].map(cpu_time);
        let begun = Instant::now();
        let mut number = 0;
        while begun.elapsed() < PACED {
            while Duration::from_millis(number) < begun.elapsed() {
                trace(number);
                number += 1;
            }
            std::thread::sleep(Duration::from_micros(500));
        }
        let elapsed = begun.elapsed().as_secs_f64();
        let thread = cpu_time(ClockId::ThreadCPUTime) - before[0];
        way.flush();
        let whole = cpu_time(ClockId::ProcessCPUTime) - before[1];
        let percent = |took: Duration| took.as_secs_f64() / elapsed * 100.0;
        [percent(whole.saturating_sub(thread)), percent(whole)]
    });
}
