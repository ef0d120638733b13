//! A trace that nobody chose is kept when something came of it.

use std::time::Duration;

use bongsu_otlp::{
    Attributes, Options, Otlp, Propagation, Receiver as To, Redact, Sampler, Span, TraceParent,
};
use jiff::Timestamp;
use tracing::{error, info_span};
use tracing_subscriber::layer::SubscriberExt as _;

use crate::receiver::Receiver;

struct Nothing;

impl Redact for Nothing {
    fn hides(&self, _: &str) -> bool {
        false
    }

    fn mask(&self, _: &str) -> Option<String> {
        None
    }
}

fn unsampled() -> Option<Propagation> {
    Some(TraceParent::new(7, 8, false).into())
}

fn nowhere() -> Option<Propagation> {
    None
}

/// Names of the spans that arrive, and what the root was told.
async fn kept(sampler: Sampler, work: impl FnOnce(&Otlp)) -> Vec<String> {
    let receiver = Receiver::start().await;
    let mut options = Options::new(Attributes::new());
    options.traces = Some(To::new(receiver.url("/v1/traces")));
    options.sampler = sampler;
    let (otlp, driver) = Otlp::new(options).unwrap();
    work(&otlp);
    driver.run(async {}, Duration::from_secs(30)).await;
    let seen = receiver.seen();
    seen.iter()
        .flat_map(|request| request.spans())
        .map(|span| span.name)
        .collect()
}

/// A request of the trace that takes so long, with a span of its own in it.
fn request(otlp: &Otlp, took: Duration, status: u16, says: bool) -> bool {
    let layer = otlp.layer(unsampled);
    layer.redact(Nothing);
    tracing::subscriber::with_default(tracing_subscriber::registry().with(layer), || {
        info_span!("inner").in_scope(|| {
            if says {
                error!("an alert comes of it");
            }
        });
    });
    let mut root = Span::new(
        TraceParent::new(7, 8, false),
        "root",
        Timestamp::now(),
        took,
    );
    root.error = (status >= 500).then(String::new);
    otlp.record_root(&root)
}

#[tokio::test]
async fn what_failed_was_slow_or_said_so() {
    let quick = Duration::from_millis(10);
    for (took, status, says, want) in [
        (quick, 200, false, false),
        (quick, 503, false, true),
        (Duration::from_secs(2), 200, false, true),
        (quick, 200, true, true),
    ] {
        let names = kept(Sampler::default(), |otlp| {
            assert_eq!(request(otlp, took, status, says), want);
        })
        .await;
        let all: &[&str] = if want { &["inner", "root"] } else { &[] };
        assert_eq!(names, all, "{took:?} {status} {says}");
    }
    let asked = kept(Sampler::default(), |otlp| {
        otlp.keep(7);
        assert!(request(otlp, quick, 200, false));
    });
    assert_eq!(asked.await, ["inner", "root"]);
    let off = kept(Sampler::share(0.0), |otlp| {
        assert!(!request(otlp, quick, 503, true));
    });
    assert!(off.await.is_empty(), "what is off altogether stays off");
}

#[tokio::test]
async fn work_outside_of_a_request_is_a_trace_of_its_own() {
    for (sampler, fails, want) in [
        (Sampler::default(), false, true),
        (Sampler::share(0.0).heed_parent(true), false, false),
        (Sampler::share(0.0).heed_parent(true), true, true),
    ] {
        let names = kept(sampler, |otlp| {
            let layer = otlp.layer(nowhere);
            layer.redact(Nothing);
            tracing::subscriber::with_default(tracing_subscriber::registry().with(layer), || {
                let job = info_span!("job");
                let _in = job.enter();
                info_span!("step").in_scope(|| {});
                if fails {
                    error!("failed");
                }
            });
        })
        .await;
        let all: &[&str] = if want { &["step", "job"] } else { &[] };
        assert_eq!(names, all, "{sampler:?} {fails}");
    }
}
