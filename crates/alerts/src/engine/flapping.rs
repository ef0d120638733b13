//! What flaps is held down; what it was in the end is told when it has stayed so for a while.

use std::collections::{BTreeSet, HashMap};
use std::sync::Arc;

use super::Engine;
use crate::alert::Alert;
use crate::channel::AlertStatus;
use crate::clock::{Now, Tick};
use crate::policy::Suppressed;
use crate::store::Accepted;

/// The last alert of each key that flaps.
#[derive(Debug, Default)]
pub(super) struct Flapping {
    held: HashMap<Arc<str>, (Tick, Arc<Accepted>)>,
    order: BTreeSet<(Tick, Arc<str>)>,
}

/// Keys that flap at once; the one held longest is forgotten.
const MAX_HELD: usize = 1_024;
/// Keys told at once; the dispatcher comes back for the rest after it looked at everything else.
const RELEASED: usize = 64;

impl Flapping {
    fn hold(&mut self, until: Tick, accepted: &Arc<Accepted>) {
        let key = &accepted.key;
        self.release(key);
        self.order.insert((until, Arc::clone(key)));
        self.held
            .insert(Arc::clone(key), (until, Arc::clone(accepted)));
        if self.held.len() > MAX_HELD
            && let Some((_, key)) = self.order.pop_first()
        {
            self.held.remove(&key);
        }
    }

    fn release(&mut self, key: &Arc<str>) {
        if let Some((until, _)) = self.held.remove(key) {
            self.order.remove(&(until, Arc::clone(key)));
        }
    }

    pub(super) fn due(&mut self, tick: Tick) -> Vec<(Alert, AlertStatus)> {
        let mut due = Vec::new();
        while due.len() < RELEASED
            && self.order.first().is_some_and(|(at, _)| *at <= tick)
            && let Some((_, key)) = self.order.pop_first()
        {
            if let Some((_, accepted)) = self.held.remove(&key) {
                due.push((accepted.alert.clone(), accepted.status));
            }
        }
        due
    }

    pub(super) fn next_wake(&self) -> Tick {
        self.order.first().map_or(Tick::NEVER, |(at, _)| *at)
    }
}

impl Engine {
    pub(super) fn hold_flapping(
        &mut self,
        now: Now,
        accepted: &Arc<Accepted>,
        hushed: Option<Suppressed>,
    ) {
        if hushed == Some(Suppressed::Flapping) {
            let until = now.tick.after(self.policy.flap_window());
            self.flapping.hold(until, accepted);
        } else if self.flapping.next_wake() != Tick::NEVER {
            self.flapping.release(&accepted.key);
        }
    }
}

#[cfg(test)]
mod tests {
    use ulid::Ulid;

    use super::*;
    use crate::AlertLevel;

    #[test]
    fn what_is_due_together_is_told_a_part_at_a_time() {
        let mut flapping = Flapping::default();
        for n in 0..=RELEASED {
            let alert = Alert::new(AlertLevel::Error, "t", "m", "src");
            let accepted = Accepted {
                id: Ulid::nil(),
                key: Arc::from(n.to_string()),
                status: AlertStatus::Firing,
                at: alert.timestamp,
                alert,
            };
            flapping.hold(Tick(5), &Arc::new(accepted));
        }
        assert_eq!(flapping.due(Tick(5)).len(), RELEASED);
        assert_eq!(flapping.next_wake(), Tick(5));
        assert_eq!(flapping.due(Tick(5)).len(), 1);
        assert_eq!(flapping.next_wake(), Tick::NEVER);
    }
}
