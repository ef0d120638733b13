//! The exchange's hours as a figure: `bongsu_session{venue,kind}` is one while that session goes on.

use bongsu_metrics::{FamilyBuilder, Gauge, ServiceMetrics};
use bongsu_reports::calendar::{Calendar, Phase, Venue};
use jiff::Timestamp;

use crate::market_hours::MarketHours;

const PHASES: [Phase; 5] = [
    Phase::PreMarket,
    Phase::Regular,
    Phase::ClosingAuction,
    Phase::OffHours,
    Phase::AfterMarket,
];

/// Each session with its gauge.
#[derive(Debug)]
pub struct Sessions(Vec<(MarketHours, Gauge)>);

impl Sessions {
    /// Those of this calendar; none where the service has a gauge of that name that is of another shape.
    #[must_use]
    pub fn new(metrics: &ServiceMetrics, calendar: &Calendar) -> Self {
        let help = "Whether a session of the exchange goes on: 1 or 0.";
        let family = FamilyBuilder::new("bongsu_session", help).labels(&["venue", "kind"]);
        let family = match metrics.register_gauge(family) {
            Ok(family) => family,
            Err(error) => {
                tracing::warn!(%error, "rules: bongsu_session is not to be had");
                return Self(Vec::new());
            }
        };
        let both = [Venue::Krx, Venue::Nxt].into_iter();
        let all = both.flat_map(|venue| PHASES.map(|phase| (venue, phase)));
        let gauges = all.map(|(venue, phase)| {
            let hours = MarketHours::new(calendar).at(venue).during(phase);
            (hours, family.with(&[venue.as_str(), phase.as_str()]))
        });
        Self(gauges.collect())
    }

    /// Says which go on now.
    pub fn set(&self, now: Timestamp) {
        for (hours, gauge) in &self.0 {
            gauge.set(f64::from(u8::from(hours.contains(now))));
        }
    }
}

#[cfg(test)]
mod tests {
    use bongsu_metrics::visit::{Family, Sample, Value};

    use super::*;

    #[test]
    fn one_while_it_goes_on() {
        let metrics = ServiceMetrics::new("desk").unwrap();
        let sessions = Sessions::new(&metrics, &Calendar::default());
        for (at, regular, after) in [
            ("2026-11-30T10:00:00+09:00", 1.0, 0.0),
            ("2026-11-30T19:30:00+09:00", 0.0, 1.0),
            ("2026-11-29T10:00:00+09:00", 0.0, 0.0),
        ] {
            sessions.set(at.parse().unwrap());
            let mut found = std::collections::BTreeMap::new();
            metrics.visit(&mut |family: &Family<'_>, sample: &Sample<'_>| {
                if family.name() == "bongsu_session"
                    && let Value::Number(number) = sample.value()
                {
                    let name = (
                        sample.label("venue").unwrap(),
                        sample.label("kind").unwrap(),
                    );
                    found.insert(name, number.as_f64());
                }
            });
            let of = |venue: &str, kind: &str| found[&(venue.to_owned(), kind.to_owned())];
            assert_eq!(
                (of("KRX", "regular"), of("NXT", "after")),
                (regular, after),
                "{at}"
            );
        }
    }
}
