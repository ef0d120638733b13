//! Rules of bongsu's own whose trouble a part tells as well: one key for both, so that it is told once.

use std::{cmp::Reverse, collections::BTreeMap};

use bongsu_alerts::{AlertLevel, store::ActiveAlert, templates};
use bongsu_rules::Active;

/// How a rule finds the part's alert of the same trouble.
#[derive(Clone, Copy, Debug)]
enum Same {
    /// The check that its label `name` names.
    Check,
    /// The threshold of this resource.
    Threshold(&'static str),
    /// Whatever fires of this kind, the worst first.
    AnyOf(&'static str),
}

/// The rule, the part that tells of the same, and by which alert.
const ALL: [(&str, &str, Same); 8] = [
    ("DependencyDown", "health", Same::Check),
    ("ServiceDegraded", "health", Same::AnyOf("health")),
    ("ServiceUnhealthy", "health", Same::AnyOf("health")),
    ("DiskAlmostFull", "resources", Same::Threshold("disk")),
    ("HighCPUUsage", "resources", Same::Threshold("cpu")),
    ("HighMemoryUsage", "resources", Same::Threshold("memory")),
    ("PanicsCaught", "axum", Same::AnyOf("panic")),
    ("ReportMissed", "reports", Same::AnyOf("report")),
];

/// The keys that rules share with parts.
#[derive(Clone, Debug, Default)]
pub struct Shared {
    rules: Vec<(&'static str, Same)>,
    /// What was chosen of several, by the alert's fingerprint, for as long as the rule fires.
    chosen: BTreeMap<u64, String>,
}

impl Shared {
    /// With the parts that there are: `health`, `resources`, `axum`, `reports`.
    #[must_use]
    pub fn with(there: impl Fn(&str) -> bool) -> Self {
        let all = ALL.iter().filter(|(_, part, _)| there(part));
        Self {
            rules: all.map(|(rule, _, same)| (*rule, *same)).collect(),
            chosen: BTreeMap::new(),
        }
    }

    /// Whether what else fires has to be known for a rule's key.
    pub(super) fn asks(&self, rule: &str) -> bool {
        matches!(self.of(rule), Some(Same::AnyOf(_)))
    }

    fn of(&self, rule: &str) -> Option<Same> {
        let found = self.rules.iter().find(|(name, _)| *name == rule);
        found.map(|(_, same)| *same)
    }

    /// The key under which a rule's alert is told; none: it has one of its own. `firing` is what fires already.
    pub(super) fn key(
        &mut self,
        rule: &str,
        active: &Active,
        firing: &[ActiveAlert],
    ) -> Option<String> {
        match self.of(rule)? {
            Same::Check => Some(format!("health|{}", active.labels.get("name"))),
            Same::Threshold(resource) => {
                let alert = templates::resource(resource, AlertLevel::Info, 0.0, 0.0);
                Some(alert.dedup_key())
            }
            Same::AnyOf(kind) => self.choose(kind, active.fingerprint(), firing),
        }
    }

    /// The one that was chosen before while it fires, else the worst; what was chosen stays while there is none.
    fn choose(&mut self, kind: &str, rule: u64, firing: &[ActiveAlert]) -> Option<String> {
        let of_kind = |it: &&ActiveAlert| {
            let own = it.key.split_once('|').map(|(begins, _)| begins);
            it.ended.is_none() && (it.alert.kind == kind || own == Some(kind))
        };
        let chosen = self.chosen.get(&rule);
        let still = |it: &ActiveAlert| chosen == Some(&it.key);
        let by = |it: &&ActiveAlert| (still(it), it.alert.level, Reverse(it.key.clone()));
        if let Some(best) = firing.iter().filter(of_kind).max_by_key(by) {
            self.chosen.insert(rule, best.key.clone());
        }
        self.chosen.get(&rule).cloned()
    }

    /// Forgets what was chosen for what fires no more.
    pub(super) fn keep_only(&mut self, firing: impl Fn(u64) -> bool) {
        self.chosen.retain(|rule, _| firing(*rule));
    }
}
