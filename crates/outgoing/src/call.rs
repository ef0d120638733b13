//! One call, from before it is sent to the end of its answer.

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use bongsu_trace::{Propagation, TraceParent, random};
use tokio::time::Instant;

use crate::host::{Labels, PassOn};
use crate::{Status, Target};

/// In what a call is made.
#[derive(Clone, Debug, Default)]
#[non_exhaustive]
pub struct Context {
    /// The trace, with the span that makes the call.
    pub propagation: Option<Propagation>,
    /// The id of the request that the call is made for.
    pub request_id: Option<String>,
}

/// A call that is over.
#[derive(Clone, Copy, Debug)]
#[non_exhaustive]
pub struct CallEnd<'a> {
    /// What was called.
    pub target: &'a Target,
    /// How it ended: an answer that was cut off half-way is not its status, but what cut it.
    pub status: Status,
    /// Until the head of the answer, or until it was clear that there is none.
    pub waited: Duration,
    /// Until it was over, the answer's body too.
    pub elapsed: Duration,
    /// The call's own span, if it was made in a trace.
    pub ids: Option<TraceParent>,
    /// The span that made it.
    pub parent: Option<u64>,
}

type Source = Arc<dyn Fn() -> Context + Send + Sync>;
type OnEnd = Arc<dyn Fn(&CallEnd<'_>) + Send + Sync>;
type Policy = Arc<dyn Fn(&str) -> PassOn + Send + Sync>;

/// What all calls share. Cheap to clone.
#[derive(Clone, Default)]
pub struct Outgoing {
    context: Option<Source>,
    on_end: Option<OnEnd>,
    pass_on: Option<Policy>,
    labels: Arc<Labels>,
}

impl fmt::Debug for Outgoing {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Outgoing").finish_non_exhaustive()
    }
}

const METHODS: [&str; 9] = [
    "GET", "POST", "PUT", "DELETE", "HEAD", "OPTIONS", "PATCH", "CONNECT", "TRACE",
];

impl Outgoing {
    /// Nothing is passed on, and nobody is told.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// Where ids come from, asked on the thread that makes the call.
    #[must_use]
    pub fn context(mut self, source: impl Fn() -> Context + Send + Sync + 'static) -> Self {
        self.context = Some(Arc::new(source));
        self
    }

    /// Called at each call's end, after what was there before; must not block.
    #[must_use]
    pub fn on_end(mut self, call: impl Fn(&CallEnd<'_>) + Send + Sync + 'static) -> Self {
        self.on_end = Some(match self.on_end.take() {
            Some(before) => Arc::new(move |end: &CallEnd<'_>| {
                before(end);
                call(end);
            }),
            None => Arc::new(call),
        });
        self
    }

    /// What goes along to which host. Default: ids to all, `baggage` to hosts of one's own.
    ///
    /// ```
    /// use bongsu_outgoing::{Outgoing, PassOn, is_own};
    ///
    /// let outgoing = Outgoing::new().pass_on(|host| match host {
    ///     "api.partner.example" => PassOn::Everything,
    ///     host if is_own(host) => PassOn::Everything,
    ///     _ => PassOn::Nothing,
    /// });
    /// # let _ = outgoing;
    /// ```
    #[must_use]
    pub fn pass_on(mut self, policy: impl Fn(&str) -> PassOn + Send + Sync + 'static) -> Self {
        self.pass_on = Some(Arc::new(policy));
        self
    }

    /// A call over HTTP begins: who watches it, and the headers that go with it. For a client without a layer here.
    pub fn begin(&self, method: &str, host: &str) -> (Call, Vec<(&'static str, String)>) {
        let known = METHODS.into_iter().find(|known| *known == method);
        let target = Target::Http {
            host: host.to_owned(),
            label: self.labels.of(host),
            method: known.unwrap_or("other"),
        };
        let (call, propagation, request_id) = self.start(target);
        let pass_on = match &self.pass_on {
            Some(policy) => policy(host),
            None => PassOn::to(host),
        };
        let mut headers = Vec::new();
        if pass_on == PassOn::Nothing {
            return (call, headers);
        }
        if let Some(mut passed) = propagation {
            if pass_on == PassOn::Ids {
                passed.baggage = None;
            }
            headers.extend(passed.headers());
        }
        headers.extend(request_id.map(|id| ("x-request-id", id)));
        (call, headers)
    }

    /// A call begins, and what may go along with it.
    pub(crate) fn start(&self, target: Target) -> (Call, Option<Propagation>, Option<String>) {
        let context = self.context.as_ref().map(|source| source());
        let context = context.unwrap_or_default();
        let parent = context.propagation.as_ref().map(|passed| passed.parent);
        let ids = parent.map(|parent| {
            let [span_id] = random::words();
            parent.child(span_id)
        });
        let call = Call {
            on_end: self.on_end.clone(),
            target,
            ids,
            parent: parent.map(|parent| parent.span_id),
            start: Instant::now(),
            head: None,
        };
        let passed = context.propagation.zip(ids).map(|(mut passed, ids)| {
            passed.parent = ids;
            passed
        });
        (call, passed, context.request_id)
    }

    /// [`begin`](Self::begin) for a request with these headers, which win over the context's.
    #[cfg(any(feature = "reqwest", feature = "tower"))]
    pub(crate) fn begin_request(
        &self,
        method: &str,
        host: &str,
        headers: &mut http::HeaderMap,
    ) -> Call {
        let (mut call, passed) = self.begin(method, host);
        // A trace of the caller's own choice: what is here does not belong to it.
        let own = headers.contains_key("traceparent");
        if own {
            (call.ids, call.parent) = (None, None);
        }
        for (name, value) in passed {
            let name = http::HeaderName::from_static(name);
            if (own && name.as_str().starts_with("trace")) || headers.contains_key(&name) {
                continue;
            }
            if let Ok(value) = http::HeaderValue::try_from(value) {
                headers.insert(name, value);
            }
        }
        call
    }
}

/// A call under way; dropped, it was given up.
#[must_use = "a call that is dropped counts as given up"]
pub struct Call {
    on_end: Option<OnEnd>,
    pub(crate) target: Target,
    ids: Option<TraceParent>,
    parent: Option<u64>,
    start: Instant,
    /// What the head of the answer said, and when.
    head: Option<(Status, Duration)>,
}

impl fmt::Debug for Call {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Call({})", self.target)
    }
}

impl Call {
    /// The head of the answer is there; its body may be long in coming. A call that is dropped from now on ended with
    /// this status.
    pub fn answered(&mut self, status: impl Into<Status>) {
        self.head = Some((status.into(), self.start.elapsed()));
    }

    /// It was answered whole, or will not be.
    pub fn end(mut self, status: impl Into<Status>) {
        self.tell(status.into());
    }

    fn tell(&mut self, status: Status) {
        let Some(on_end) = self.on_end.take() else {
            return;
        };
        let elapsed = self.start.elapsed();
        on_end(&CallEnd {
            target: &self.target,
            status,
            waited: self.head.map_or(elapsed, |(_, waited)| waited),
            elapsed,
            ids: self.ids,
            parent: self.parent,
        });
    }
}

impl Drop for Call {
    fn drop(&mut self) {
        let given_up = match std::thread::panicking() {
            true => Status::Failed,
            false => Status::Cancelled,
        };
        self.tell(self.head.map_or(given_up, |(status, _)| status));
    }
}
