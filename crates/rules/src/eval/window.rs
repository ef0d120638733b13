//! Times: the steps of an evaluation, where a selector looks, and the samples of a range.

use super::tree::{At, Content, Node, Shift, Window};
use crate::{expression::EvalError, series::Sample};

/// How old a sample may be and still be a series' value: Prometheus' look-back.
pub(crate) const LOOK_BACK_MS: i64 = 5 * 60_000;

/// What is added to the far end of a look-back or a range. Prometheus 2, which the tests hold this against,
/// includes a sample that lies exactly there (0); Prometheus 3 does not (1).
const FAR_END_MS: i64 = 0;

/// The most steps of one evaluation; Prometheus' API gives 11,000 of them, a subquery may need more.
pub(crate) const MOST_SAMPLES: usize = 50_000_000;

/// The steps of an evaluation.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Times {
    pub(crate) start_ms: i64,
    pub(crate) end_ms: i64,
    pub(crate) step_ms: i64,
}

impl Times {
    pub(crate) fn new(start_ms: i64, end_ms: i64, step_ms: i64) -> Result<Self, EvalError> {
        if step_ms <= 0 {
            return Err(EvalError::Parameter("the step is not above 0".to_owned()));
        }
        if end_ms < start_ms {
            return Err(EvalError::Parameter(
                "the end lies before the start".to_owned(),
            ));
        }
        let times = Self {
            start_ms,
            end_ms,
            step_ms,
        };
        times.bounded()
    }

    pub(crate) const fn at(time_ms: i64) -> Self {
        Self {
            start_ms: time_ms,
            end_ms: time_ms,
            step_ms: 1,
        }
    }

    /// Those of a subquery: multiples of its step within its range, of which there may be none.
    pub(crate) fn within((from_ms, to_ms): (i64, i64), step_ms: i64) -> Result<Self, EvalError> {
        let mut start_ms = from_ms / step_ms * step_ms;
        if start_ms < from_ms {
            start_ms = start_ms.saturating_add(step_ms);
        }
        let times = Self {
            start_ms,
            end_ms: to_ms,
            step_ms,
        };
        times.bounded()
    }

    fn bounded(self) -> Result<Self, EvalError> {
        let steps = self.end_ms.saturating_sub(self.start_ms).max(0) / self.step_ms;
        match usize::try_from(steps) {
            Ok(steps) if steps < MOST_SAMPLES => Ok(self),
            _ => Err(EvalError::TooMuch {
                limit: MOST_SAMPLES,
            }),
        }
    }

    /// Whether it is one instant: the order of a vector is kept then.
    pub(crate) fn is_instant(self) -> bool {
        self.start_ms == self.end_ms
    }

    /// Whether there is no step: the start lies after the end.
    pub(crate) fn is_empty(self) -> bool {
        self.start_ms > self.end_ms
    }

    pub(crate) fn count(self) -> usize {
        if self.is_empty() {
            return 0;
        }
        // Bounded when it was made.
        usize::try_from((self.end_ms - self.start_ms) / self.step_ms).map_or(0, |it| it + 1)
    }

    /// The number of the step at a time, which is one of them.
    pub(crate) fn index(self, time_ms: i64) -> usize {
        usize::try_from((time_ms - self.start_ms) / self.step_ms).unwrap_or_default()
    }

    pub(crate) fn iter(self) -> impl Iterator<Item = i64> {
        let mut next = Some(self.start_ms);
        std::iter::from_fn(move || {
            let time = next.filter(|time| *time <= self.end_ms)?;
            next = time.checked_add(self.step_ms);
            Some(time)
        })
    }
}

/// The whole evaluation's ends, which `@ start()` and `@ end()` name.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Ends {
    pub(crate) start_ms: i64,
    pub(crate) end_ms: i64,
}

impl Shift {
    /// Where it looks at a time of evaluation.
    pub(crate) fn apply(self, time_ms: i64, ends: Ends) -> i64 {
        let at = match self.at {
            None => time_ms,
            Some(At::Time(fixed)) => fixed,
            Some(At::Start) => ends.start_ms,
            Some(At::End) => ends.end_ms,
        };
        at.saturating_sub(self.offset_ms)
    }
}

/// The oldest time that still counts, `length_ms` before another.
pub(crate) const fn far_end(time_ms: i64, length_ms: i64) -> i64 {
    time_ms.saturating_sub(length_ms).saturating_add(FAR_END_MS)
}

/// Which times of which selector an evaluation from one time to another asks for.
pub(crate) fn demand(
    node: &Node,
    times: (i64, i64),
    ends: Ends,
    ask: &mut dyn FnMut(usize, &Shift, i64, i64),
) {
    if let Node::Instant(instant) = node {
        let [from, to] = [times.0, times.1].map(|it| instant.shift.apply(it, ends));
        ask(
            instant.selector,
            &instant.shift,
            far_end(from, LOOK_BACK_MS),
            to,
        );
    }
    let (parts, window) = node.parts();
    for part in parts {
        demand(part, times, ends, ask);
    }
    if let Some(window) = window {
        let [from, to] = [times.0, times.1].map(|it| window.shift.apply(it, ends));
        let from = far_end(from, window.length_ms);
        match &window.of {
            Content::Selector(selector) => ask(*selector, &window.shift, from, to),
            Content::Subquery { inner, .. } => demand(inner, (from, to), ends, ask),
        }
    }
}

/// The samples of a range, as a function over time sees them: at least one, no stale mark.
pub(crate) struct Span<'a> {
    pub(crate) samples: &'a [Sample],
    /// The ends of the range, not of the samples.
    pub(crate) from_ms: i64,
    pub(crate) to_ms: i64,
    /// The time of evaluation.
    pub(crate) now_ms: i64,
    /// A function's other arguments.
    pub(crate) parameters: &'a [f64],
}

impl Span<'_> {
    pub(crate) fn first(&self) -> Sample {
        self.samples[0]
    }

    pub(crate) fn last(&self) -> Sample {
        self.samples[self.samples.len() - 1]
    }

    pub(crate) fn values(&self) -> impl Iterator<Item = f64> {
        self.samples.iter().map(|it| it.value)
    }

    /// Each value with the next.
    pub(crate) fn pairs(&self) -> impl Iterator<Item = (f64, f64)> {
        self.samples.windows(2).map(|it| (it[0].value, it[1].value))
    }
}

impl Window {
    /// The ends of the range at a time of evaluation.
    pub(crate) fn ends(&self, time_ms: i64, ends: Ends) -> (i64, i64) {
        let to_ms = self.shift.apply(time_ms, ends);
        (to_ms.saturating_sub(self.length_ms), to_ms)
    }
}
