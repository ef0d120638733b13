//! What somebody says is so, compared with what fires.

use std::collections::HashSet;
use std::sync::Arc;

use super::Engine;
use crate::alert::Alert;
use crate::clock::Now;
use crate::store::{Accepted, ActiveAlert};

/// The difference between what is so and what fires.
#[derive(Debug, Default)]
pub(crate) struct Difference {
    /// What has to be sent: new, or of another level.
    pub(crate) send: Vec<Alert>,
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
        for mut alert in holding {
            crate::limits::fit(&mut alert);
            let key = alert.dedup_key();
            let same = self.active.firing(&key).map(|watched| {
                unsure.contains(&key) || watched.accepted.alert.level == alert.level
            });
            if same == Some(true) {
                self.confirm(now, scope, &key, alert, unsure.contains(&key));
            } else {
                difference.send.push(alert);
            }
            named.insert(key);
        }
        let over = self.active.iter().filter(|(key, watched)| {
            let ours = match &watched.scope {
                Some(of) => of == scope,
                // An earlier version did not note who it was: its kind says so.
                None => watched.adopted && watched.accepted.alert.kind == **scope,
            };
            ours && watched.ended.is_none() && !named.contains(&***key)
        });
        let over = over.map(|(key, watched)| self.export(now, key, watched));
        difference.over = over.collect();
        difference
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
