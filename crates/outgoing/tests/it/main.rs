//! Calls to real servers on the loopback interface, and to none.
#![expect(
    clippy::disallowed_methods,
    clippy::unwrap_used,
    reason = "a test fails by panicking, and its servers are tasks"
)]

mod failures;
mod headers;
mod layer;
mod queries;
mod servers;

use std::sync::{Arc, Mutex};
use std::time::Duration;

use bongsu_outgoing::{Context, Outgoing, Propagation};
use bongsu_trace::TraceParent;

/// What was told of a call.
#[derive(Clone, Debug)]
struct End {
    said: String,
    ids: Option<TraceParent>,
    parent: Option<u64>,
    waited: Duration,
    elapsed: Duration,
}

/// What was told so far.
#[derive(Clone, Default)]
struct Ends(Arc<Mutex<Vec<End>>>);

impl Ends {
    fn all(&self) -> Vec<End> {
        self.0.lock().unwrap().clone()
    }

    fn said(&self) -> Vec<String> {
        self.all().into_iter().map(|end| end.said).collect()
    }
}

/// Calls of a request with everything that could go along.
fn watched() -> (Outgoing, Ends) {
    let ends = Ends::default();
    let seen = ends.clone();
    let outgoing = Outgoing::new()
        .context(|| {
            let mut passed = Propagation::new(TraceParent::new(0xaf, 0xb7, true));
            passed.state = Some("vendor=1".into());
            passed.baggage = Some("desk=seoul".into());
            let mut context = Context::default();
            context.propagation = Some(passed);
            context.request_id = Some("r-1".to_owned());
            context
        })
        .on_end(move |end| {
            seen.0.lock().unwrap().push(End {
                said: format!("{} {}", end.target, end.status),
                ids: end.ids,
                parent: end.parent,
                waited: end.waited,
                elapsed: end.elapsed,
            });
        });
    (outgoing, ends)
}

fn client() -> reqwest::Client {
    reqwest::Client::builder().no_proxy().build().unwrap()
}
