//! The requests of the last minute, from counters that only grow.

use std::collections::VecDeque;

use jiff::Timestamp;

use crate::{Figure, Http, Missing};

/// What was counted of requests until a moment.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Counted {
    requests: f64,
    failed: f64,
    in_flight: Option<f64>,
    /// Upper bound in seconds and requests up to it, the lowest first.
    buckets: Vec<(f64, f64)>,
}

impl Counted {
    /// So many requests were answered, with a 5xx or not.
    pub fn requests(&mut self, count: f64, failed: bool) {
        self.requests += count;
        if failed {
            self.failed += count;
        }
    }

    /// So many are under way.
    pub fn in_flight(&mut self, count: f64) {
        self.in_flight = Some(count);
    }

    /// So many took up to `bound` seconds.
    pub fn up_to(&mut self, bound: f64, count: f64) {
        self.add(bound, count);
    }

    fn add(&mut self, bound: f64, count: f64) {
        match self.buckets.iter_mut().find(|(known, _)| *known == bound) {
            Some((_, sum)) => *sum += count,
            None => self.buckets.push((bound, count)),
        }
    }
}

/// The counts of the last minute.
#[derive(Debug, Default)]
pub struct Minute(VecDeque<(Timestamp, Counted)>);

impl Minute {
    const SECONDS: f64 = 60.0;

    /// Takes the counts of now and tells of the minute that they end.
    pub fn push(&mut self, now: Timestamp, counted: Counted) -> Http {
        let mut counted = counted;
        counted.buckets.sort_by(|a, b| a.0.total_cmp(&b.0));
        self.0.push_back((now, counted));
        let age = |at: Timestamp| now.duration_since(at).as_secs_f64();
        // The newest that is a minute old stays, as the other end.
        while self
            .0
            .get(1)
            .is_some_and(|(at, _)| age(*at) >= Self::SECONDS)
            || self.0.len() > 64
        {
            self.0.pop_front();
        }
        match (self.0.front(), self.0.back()) {
            (Some((at, before)), Some((_, after))) if age(*at) > 0.0 => {
                between(before, after, age(*at))
            }
            _ => Http::default(),
        }
    }
}

fn between(before: &Counted, after: &Counted, seconds: f64) -> Http {
    let requests = (after.requests - before.requests).max(0.0);
    let failed = (after.failed - before.failed).max(0.0);
    let quiet = || Missing::Failed("no requests in the last minute".to_owned());
    let counts: Vec<(f64, f64)> = after
        .buckets
        .iter()
        .map(|(bound, count)| {
            let earlier = before.buckets.iter().find(|(known, _)| known == bound);
            (*bound, count - earlier.map_or(0.0, |(_, count)| *count))
        })
        .collect();
    let millis = |share| Figure::from_option(quantile(&counts, share).map(|s| s * 1000.0), quiet());
    Http {
        requests_per_second: Figure::Known(requests / seconds),
        error_ratio: Figure::from_option((requests > 0.0).then(|| failed / requests), quiet()),
        p50_ms: millis(0.5),
        p95_ms: millis(0.95),
        p99_ms: millis(0.99),
        in_flight: Figure::from_option(
            after.in_flight.map(|n| n.max(0.0) as u64),
            Missing::NotRecorded,
        ),
    }
}

/// The value below which `share` of the observations lie, taken to be spread evenly inside a bucket,
/// as Prometheus' `histogram_quantile` does; in the last bucket, its lower bound.
fn quantile(buckets: &[(f64, f64)], share: f64) -> Option<f64> {
    let (_, all) = buckets.last().filter(|(_, all)| *all > 0.0)?;
    let wanted = share * all;
    let (mut lower, mut below) = (0.0, 0.0);
    for &(upper, count) in buckets {
        if count >= wanted && count > below {
            if upper.is_infinite() {
                return Some(lower);
            }
            return Some(lower + (upper - lower) * (wanted - below) / (count - below));
        }
        (lower, below) = (upper, count);
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A hundred requests, ten of which failed.
    fn hundred() -> Counted {
        let mut counted = Counted::default();
        counted.requests(90.0, false);
        counted.requests(10.0, true);
        for (bound, count) in [(0.1, 50.0), (f64::INFINITY, 100.0), (0.2, 100.0)] {
            counted.up_to(bound, count);
        }
        counted
    }

    #[test]
    fn a_minute_of_requests() {
        let at = |second| Timestamp::from_second(second).unwrap();
        let mut minute = Minute::default();
        let first = minute.push(at(0), Counted::default());
        assert_eq!(first, Http::default());
        let http = minute.push(at(10), hundred());
        let near = |figure: &Figure<f64>, want: f64| {
            let got = *figure.value().unwrap();
            assert!((got - want).abs() < 1e-9, "{got} is not {want}");
        };
        near(&http.requests_per_second, 10.0);
        near(&http.error_ratio, 0.1);
        near(&http.p50_ms, 100.0);
        near(&http.p95_ms, 190.0);
        // Seven more readings without a request: the minute is quiet.
        let mut http = http;
        for step in 2..=8 {
            http = minute.push(at(step * 10), hundred());
        }
        near(&http.requests_per_second, 0.0);
        assert!(http.error_ratio.value().is_none() && http.p99_ms.value().is_none());
        assert!(minute.0.len() <= 8);
    }

    #[test]
    fn quantiles_in_the_last_bucket() {
        let buckets = [(1.0, 1.0), (f64::INFINITY, 10.0)];
        assert_eq!(quantile(&buckets, 0.99), Some(1.0));
        assert_eq!(quantile(&buckets, 0.05), Some(0.5));
        assert_eq!(quantile(&[], 0.5), None);
        assert_eq!(quantile(&[(1.0, 0.0)], 0.5), None);
    }
}
