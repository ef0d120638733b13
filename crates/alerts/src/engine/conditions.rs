//! What somebody says is so, compared with what fires.

use std::collections::HashSet;
use std::sync::Arc;

use super::Engine;
use super::claims::WATCHERS;
use crate::AlertLevel;
use crate::alert::Alert;
use crate::clock::Now;
use crate::store::{Accepted, ActiveAlert};

/// The difference between what is so and what fires.
#[derive(Debug, Default)]
pub(crate) struct Difference {
    /// What has to be sent: new, or of another level; each with the watcher that says so.
    pub(crate) send: Vec<(Arc<str>, Alert)>,
    /// What is not so any more.
    pub(crate) over: Vec<ActiveAlert>,
}

impl Engine {
    /// Compares, and confirms what is so already.
    pub(crate) fn compare(
        &mut self,
        now: Now,
        scope: &Arc<str>,
        holding: Vec<Alert>,
        unsure: &HashSet<String>,
    ) -> Difference {
        let mut difference = Difference::default();
        let mut named: HashSet<String> = unsure.clone();
        let mut concerned: Vec<Arc<str>> = Vec::new();
        for mut alert in holding {
            crate::limits::fit(&mut alert);
            let key: Arc<str> = Arc::from(alert.dedup_key());
            let again = !named.insert(key.to_string()) && concerned.contains(&key);
            if unsure.contains(&*key) && self.active.firing(&key).is_some() {
                self.confirm(now, scope, &key, alert, true);
                continue;
            }
            if again && !self.claims.is_worse(&key, scope, alert.level) {
                continue;
            }
            self.claims.hold(&key, scope, alert);
            if !again {
                concerned.push(key);
            }
        }
        for key in self.claims.keep_only(scope, &named) {
            self.leave_to_others(&key);
        }
        for key in concerned {
            let Some((whose, alert)) = self.claims.worst(&key) else {
                continue;
            };
            if self.join(&key, alert.level) {
                continue;
            }
            let known = self.active.firing(&key);
            if known.is_some_and(|watched| watched.accepted.alert.level == alert.level) {
                self.confirm(now, &whose, &key, alert, false);
            } else {
                difference.send.push((whose, alert));
            }
        }
        let over = self.active.iter().filter(|(key, watched)| {
            let ours = match &watched.scope {
                Some(of) => of == scope,
                // An earlier version did not note who it was: its kind says so.
                None => watched.adopted && watched.accepted.alert.kind == **scope,
            };
            let held = named.contains(&***key) || self.claims.any(key);
            ours && watched.ended.is_none() && !held
        });
        let over = over.map(|(key, watched)| self.export(now, key, watched));
        difference.over = over.collect();
        difference
    }

    /// One of its watchers holds it no more. Another has not looked since: what it says next decides, so that an end
    /// which one sees before the other is told once.
    fn leave_to_others(&mut self, key: &str) {
        if let Some((other, _)) = self.claims.worst(key)
            && let Some(watched) = self.active.get_mut(key)
        {
            watched.scope = Some(other);
        }
    }

    /// Whether it is an event that says at least as much: its watchers are named in it, and nothing is told.
    fn join(&mut self, key: &str, level: AlertLevel) -> bool {
        let Some(watched) = self.active.get_mut(key) else {
            return false;
        };
        let known = &watched.accepted;
        let event = watched.ended.is_none() && watched.ends.is_some();
        if !event || known.alert.level < level {
            return false;
        }
        let names = self.claims.names(key);
        let names = format!("{}, {names}", known.alert.kind);
        watched.accepted = Arc::new(Accepted {
            alert: known.alert.clone().metadata(WATCHERS, names),
            ..(**known).clone()
        });
        true
    }

    /// It is so still: its facts are the newest, and nothing is told because of that.
    fn confirm(&mut self, now: Now, scope: &Arc<str>, key: &str, alert: Alert, unsure: bool) {
        let Some(watched) = self.active.get_mut(key) else {
            return;
        };
        watched.last = now.wall;
        watched.scope = Some(Arc::clone(scope));
        watched.adopted = false;
        if !unsure {
            let known = &watched.accepted;
            watched.accepted = Arc::new(Accepted {
                id: known.id,
                alert,
                key: Arc::clone(&known.key),
                status: known.status,
                at: now.wall,
            });
        }
        let accepted = Arc::clone(&watched.accepted);
        self.policy
            .confirm(now.tick, &accepted.alert, &accepted.key);
    }
}
