//! One evaluation of an alerting rule: from what holds now, and what was known, to what is so.

use std::collections::BTreeMap;

use super::{Active, External, State};
use crate::{
    Element, Expression, Filling, Labels, Queried,
    file::{Alerting, Rule},
};

pub(super) struct Round<'a> {
    pub(super) rule: &'a Rule,
    pub(super) alerting: &'a Alerting,
    pub(super) limit: usize,
    pub(super) external: &'a External,
    pub(super) query: &'a dyn Fn(&Expression) -> Queried,
    pub(super) now_ms: i64,
}

impl Round<'_> {
    /// Brings what is active up to date, and gives the series `ALERTS` and `ALERTS_FOR_STATE`.
    pub(super) fn take(
        &self,
        active: &mut Vec<Active>,
        found: Vec<Element>,
    ) -> Result<Vec<(Labels, f64)>, String> {
        let mut holding: BTreeMap<Labels, Active> = BTreeMap::new();
        for element in found {
            let begun = self.begun(&element);
            if holding.insert(begun.labels.clone(), begun).is_some() {
                return Err(
                    "vector contains metrics with the same labelset after applying alert labels"
                        .to_owned(),
                );
            }
        }
        active.retain_mut(|alert| match holding.remove(&alert.labels) {
            Some(now) => {
                (alert.value, alert.annotations, alert.kept_ms) =
                    (now.value, now.annotations, None);
                true
            }
            None => self.keeps(alert),
        });
        active.extend(holding.into_values());
        let hold = millis(self.alerting.hold);
        for alert in active.iter_mut() {
            if alert.state == State::Pending && self.now_ms - alert.since_ms >= hold {
                (alert.state, alert.firing_ms) = (State::Firing, Some(self.now_ms));
            }
        }
        if self.limit > 0 && active.len() > self.limit {
            let count = active.len();
            active.clear();
            return Err(format!(
                "exceeded limit of {} with {count} alerts",
                self.limit
            ));
        }
        active.sort_by(|a, b| a.labels.cmp(&b.labels));
        Ok(active.iter().flat_map(series).collect())
    }

    /// Whether an alert that holds no more fires on.
    fn keeps(&self, alert: &mut Active) -> bool {
        if alert.state != State::Firing || self.alerting.keep.is_zero() {
            return false;
        }
        let since = *alert.kept_ms.get_or_insert(self.now_ms);
        self.now_ms - since < millis(self.alerting.keep)
    }

    fn begun(&self, element: &Element) -> Active {
        let filling = Filling {
            labels: &element.labels,
            value: element.value,
            external_labels: &self.external.labels,
            external_url: &self.external.url,
            query: self.query,
        };
        let own: Vec<(&str, String)> = self
            .rule
            .labels
            .iter()
            .map(|(name, text)| (name.as_str(), text.render(&filling)))
            .collect();
        let own = own.iter().map(|(name, text)| (*name, text.as_str()));
        let name = [("alertname", self.rule.name.as_str())];
        let found = element
            .labels
            .iter()
            .filter(|(name, _)| *name != "__name__");
        let annotations = self.alerting.annotations.iter();
        Active {
            labels: Labels::new(found.chain(own).chain(name)),
            annotations: annotations
                .map(|(name, text)| (name.clone(), text.render(&filling)))
                .collect(),
            value: element.value,
            state: State::Pending,
            since_ms: self.now_ms,
            firing_ms: None,
            kept_ms: None,
        }
    }
}

fn series(alert: &Active) -> [(Labels, f64); 2] {
    let named = |more: &[(&'static str, &'static str)]| {
        let own = alert.labels.iter();
        Labels::new(own.chain(more.iter().copied()))
    };
    let since = alert.since_ms.div_euclid(1_000) as f64;
    [
        (
            named(&[("__name__", "ALERTS"), ("alertstate", alert.state.as_str())]),
            1.0,
        ),
        (named(&[("__name__", "ALERTS_FOR_STATE")]), since),
    ]
}

fn millis(duration: std::time::Duration) -> i64 {
    i64::try_from(duration.as_millis()).unwrap_or(i64::MAX)
}
