//! All that a call takes along of the trace that it is made in.

use std::sync::Arc;

use crate::TraceParent;

/// What a service passes on with each call that it makes on behalf of a request. Cheap to clone.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Propagation {
    /// The trace, and the span that makes the call.
    pub parent: TraceParent,
    /// The header `tracestate`, as [`tracestate`](crate::tracestate) made it.
    pub state: Option<Arc<str>>,
    /// The header `baggage`, as [`baggage`](crate::baggage()) made it.
    pub baggage: Option<Arc<str>>,
}

impl Propagation {
    /// A trace that nobody said more of.
    #[must_use]
    pub const fn new(parent: TraceParent) -> Self {
        Self {
            parent,
            state: None,
            baggage: None,
        }
    }

    /// Each header that a call carries, with its value.
    pub fn headers(&self) -> impl Iterator<Item = (&'static str, String)> {
        let more = [("tracestate", &self.state), ("baggage", &self.baggage)];
        let more = more
            .into_iter()
            .filter_map(|(name, value)| Some((name, value.as_deref()?.to_owned())));
        std::iter::once(("traceparent", self.parent.to_string())).chain(more)
    }
}

impl From<TraceParent> for Propagation {
    fn from(parent: TraceParent) -> Self {
        Self::new(parent)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn headers_that_are_not_there_are_not_sent() {
        let mut passed = Propagation::new(TraceParent::new(1, 2, true));
        let names =
            |passed: &Propagation| passed.headers().map(|(name, _)| name).collect::<Vec<_>>();
        assert_eq!(names(&passed), ["traceparent"]);
        passed.baggage = Some("a=1".into());
        assert_eq!(names(&passed), ["traceparent", "baggage"]);
        passed.state = Some("v=1".into());
        let all: Vec<_> = passed.headers().collect();
        assert_eq!(all[1], ("tracestate", "v=1".to_owned()));
        assert!(all[0].1.ends_with("-0000000000000002-01"));
    }
}
