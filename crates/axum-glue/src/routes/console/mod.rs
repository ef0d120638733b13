//! `/console`: the ops console's pages, its live updates and its actions.

mod actions;
mod guard;
mod live;
mod session;
mod views;
mod visit;

use std::{fmt, sync::Arc, time::Duration};

use axum::{
    Router,
    extract::DefaultBodyLimit,
    middleware::{from_fn, from_fn_with_state},
    response::Redirect,
    routing::{get, post},
};
use bongsu_console::{Memory, Operator, history::Trend, pages::overview};
use jiff::Timestamp;
use tokio::sync::{Semaphore, watch};
use uuid::Uuid;

use crate::{Operations, OpsPolicy};

pub use live::ConsolePublisher;

/// Most bytes of a form.
const MAX_FORM: usize = 16 * 1024;

/// How the console is served.
#[derive(Clone, Debug)]
pub struct ConsoleOptions {
    tick: Duration,
    clients: usize,
}

impl Default for ConsoleOptions {
    fn default() -> Self {
        Self {
            tick: Duration::from_secs(2),
            clients: 1_024,
        }
    }
}

impl ConsoleOptions {
    /// Time between two updates of the live page. Default: 2 s; at least 100 ms.
    #[must_use]
    pub fn tick(mut self, tick: Duration) -> Self {
        self.tick = tick.max(Duration::from_millis(100));
        self
    }

    /// Live pages served at once; one more gets 503 and stays as loaded. Default: 1,024.
    #[must_use]
    pub fn clients(mut self, most: usize) -> Self {
        self.clients = most.min(Semaphore::MAX_PERMITS);
        self
    }
}

/// The console under `/console`, and the future that keeps its live pages up to date. What `memory` holds is
/// drawn; who runs the service keeps samples of its figures there.
///
/// Everything except the style sheet, the script and the icon needs `policy`'s consent. Where that
/// is a token, a browser gives it once through a form and keeps a session derived from it for
/// twelve hours; scripts send `Authorization` as elsewhere. [`OpsPolicy::open`] is for a network
/// that is as closed as the console's reader needs it: any browser on it may act.
///
/// Actions are plain forms. Each is refused unless it comes from a page of this console, and each
/// is told to the log under the target `audit`.
///
/// Live updates need the publisher to run; without it the pages are as loaded. It renders once a
/// tick however many look on, and not at all when nobody does. A client that does not read keeps
/// no more than the newest update from being freed.
///
/// ```
/// use std::sync::Arc;
/// use bongsu_axum_glue::{ConsoleOptions, OpsPolicy, console_router};
/// use bongsu_console::testing::FakeSource;
///
/// let source = Arc::new(FakeSource::new(jiff::Timestamp::now));
/// let (router, publisher) =
///     console_router(source.operator(), source.memory(), OpsPolicy::loopback(), ConsoleOptions::default());
/// let app: axum::Router = router;
/// let updates = publisher.run(); // spawn it beside the server
/// # drop((app, updates));
/// ```
pub fn console_router<S: Clone + Send + Sync + 'static>(
    operator: Operator,
    memory: Arc<Memory>,
    policy: OpsPolicy,
    options: ConsoleOptions,
) -> (Router<S>, ConsolePublisher) {
    let (frames, live) = watch::channel(None);
    let console = Arc::new(Console {
        operator,
        memory,
        policy,
        ended: session::Ended::default(),
        form_token: form_token(),
        live,
        clients: Arc::new(Semaphore::new(options.clients)),
    });
    let guarded = Router::new()
        .route("/console", get(views::overview))
        .route("/console/", get(async || Redirect::permanent("/console")))
        .route("/console/alerts", get(views::alerts))
        .route("/console/trends", get(views::trends))
        .route("/console/requests", get(views::requests))
        .route("/console/logs", get(views::logs))
        .route("/console/logs.jsonl", get(views::log_file))
        .route("/console/metrics", get(views::metrics))
        .route("/console/rules", get(views::rules))
        .route("/console/rules/reload", post(actions::reload_rules))
        .route("/console/reports", get(views::reports))
        .route("/console/reports/{session}", get(views::report))
        .route("/console/reports/{session}/{form}", get(views::report_file))
        .route("/console/config", get(views::config))
        .route("/console/events", get(live::events))
        .route("/console/acknowledge", post(actions::acknowledge))
        .route("/console/unacknowledge", post(actions::unacknowledge))
        .route("/console/resolve", post(actions::resolve))
        .route("/console/rebuild", post(actions::rebuild))
        .route("/console/resend", post(actions::resend))
        .route("/console/test", post(actions::test_channel))
        .route("/console/silence", post(actions::silence))
        .route("/console/unsilence", post(actions::unsilence))
        .route("/console/maintenance", post(actions::maintain))
        .route("/console/maintenance/end", post(actions::end_maintenance))
        .route("/console/level", post(actions::level))
        .route("/console/logout", post(actions::logout))
        // On the routes alone: `layer` would wrap the fallback too, which a merge makes the service's.
        .route_layer(from_fn_with_state(console.clone(), guard::admit));
    let open = Router::new()
        .route("/console/login", post(actions::login))
        .route("/console/lang", get(views::lang))
        .route("/console/style.css", get(views::style))
        .route("/console/app.js", get(views::script))
        .route("/console/icon.svg", get(views::icon));
    let router = guarded
        .merge(open)
        .route_layer(DefaultBodyLimit::max(MAX_FORM))
        .route_layer(from_fn(guard::headers))
        .route_layer(Operations)
        .with_state(console.clone());
    let publisher = ConsolePublisher::new(console, frames, options.tick);
    (router, publisher)
}

/// What the handlers share.
struct Console {
    operator: Operator,
    memory: Arc<Memory>,
    policy: OpsPolicy,
    /// Sessions that were signed out of.
    ended: session::Ended,
    /// Proves that a form was made by this process.
    form_token: String,
    live: watch::Receiver<Option<Arc<live::Frame>>>,
    clients: Arc<Semaphore>,
}

impl Console {
    /// The last hour and the last day, or what there is of them.
    fn trends(&self, now: Timestamp) -> [Trend; 2] {
        let known = self.memory.known(now);
        [overview::SHORT, overview::LONG].map(|span| {
            let (span, columns) = overview::covered(span, known);
            self.memory.trend(now, span, columns)
        })
    }
}

impl fmt::Debug for Console {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Console").finish_non_exhaustive()
    }
}

/// 244 random bits.
fn form_token() -> String {
    format!("{}{}", Uuid::new_v4().simple(), Uuid::new_v4().simple())
}
