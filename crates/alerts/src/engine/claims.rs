//! What several watchers say of one key: it is as bad as the worst of them says, and over when the last of
//! them says no more.

use std::collections::{HashMap, HashSet};
use std::sync::Arc;

use crate::AlertLevel;
use crate::alert::Alert;

/// The fact that names the watchers of a key, where there are several.
pub(super) const WATCHERS: &str = "watchers";

/// What the watchers hold, by key: each watcher once, in the order in which they came.
#[derive(Debug, Default)]
pub(super) struct Claims(HashMap<Arc<str>, Vec<(Arc<str>, Alert)>>);

impl Claims {
    /// A watcher says, or said before the last restart, that it holds.
    pub(super) fn hold(&mut self, key: &Arc<str>, scope: &Arc<str>, alert: Alert) {
        let claims = self.0.entry(Arc::clone(key)).or_default();
        match claims.iter_mut().find(|(of, _)| of == scope) {
            Some((_, held)) => *held = alert,
            None => claims.push((Arc::clone(scope), alert)),
        }
    }

    /// Whether a watcher says worse than it said of the same key before.
    pub(super) fn is_worse(&self, key: &str, scope: &Arc<str>, than: AlertLevel) -> bool {
        let claims = self.0.get(key).map_or(&[][..], Vec::as_slice);
        let own = claims.iter().find(|(of, _)| of == scope);
        own.is_none_or(|(_, held)| than > held.level)
    }

    /// A watcher holds nothing but these. Gives the keys that it gave up and another still holds.
    pub(super) fn keep_only(&mut self, scope: &Arc<str>, named: &HashSet<String>) -> Vec<Arc<str>> {
        let mut left = Vec::new();
        self.0.retain(|key, claims| {
            if named.contains(&**key) {
                return true;
            }
            let before = claims.len();
            claims.retain(|(of, _)| of != scope);
            if claims.len() < before && !claims.is_empty() {
                left.push(Arc::clone(key));
            }
            !claims.is_empty()
        });
        left
    }

    /// Whether a watcher holds it.
    pub(super) fn any(&self, key: &str) -> bool {
        self.0.contains_key(key)
    }

    /// The worst that is said of a key, and who says it; the first of several that say the same. Where
    /// there are several watchers, all of them are named.
    pub(super) fn worst(&self, key: &str) -> Option<(Arc<str>, Alert)> {
        let claims = self.0.get(key)?;
        let worse = |a, b| if level(b) > level(a) { b } else { a };
        let (scope, alert) = claims.iter().reduce(worse)?;
        let mut alert = alert.clone();
        if claims.len() > 1 {
            alert = alert.metadata(WATCHERS, self.names(key));
        }
        Some((Arc::clone(scope), alert))
    }

    /// Who holds it.
    pub(super) fn names(&self, key: &str) -> String {
        let claims = self.0.get(key).map_or(&[][..], Vec::as_slice);
        let names: Vec<&str> = claims.iter().map(|(of, _)| &**of).collect();
        names.join(", ")
    }
}

const fn level((_, alert): &(Arc<str>, Alert)) -> AlertLevel {
    alert.level
}
