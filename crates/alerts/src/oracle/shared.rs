//! What replicas know of each other, as the Redis has it.

use std::collections::HashMap;
use std::time::Duration;

use crate::clock::Tick;
use crate::shared::{LEASE, LOOK_AGAIN, Reservation, Topic, said, touched};

#[derive(Debug, Clone, Copy)]
enum Held {
    Told { until: Tick },
    By { replica: usize, until: Tick },
}

#[derive(Debug, Default)]
pub(super) struct Shared(HashMap<(String, String), Held>);

fn name(topic: &Topic, said: &str) -> (String, String) {
    let Topic {
        key,
        channel,
        target,
        ..
    } = topic;
    (format!("{channel}:{target}:{key}"), said.to_owned())
}

impl Shared {
    /// A replica that lives renews what it has.
    pub(super) fn reserve(&mut self, now: Tick, topic: &Topic, of: usize) -> Reservation {
        let name = name(topic, &said(topic));
        match self.0.get(&name) {
            Some(Held::Told { until }) if *until > now => Reservation::Told,
            Some(Held::By { replica, until }) if *replica != of && *until > now => {
                Reservation::Theirs(LOOK_AGAIN)
            }
            _ => {
                let until = Tick::NEVER;
                self.0.insert(name, Held::By { replica: of, until });
                Reservation::Mine
            }
        }
    }

    pub(super) fn told(&mut self, now: Tick, topic: &Topic, cooldown: Duration) {
        let (covers, frees) = touched(topic);
        let until = now.after(cooldown);
        for said in covers {
            self.0.insert(name(topic, &said), Held::Told { until });
        }
        for said in frees {
            self.0.remove(&name(topic, &said));
        }
    }

    pub(super) fn release(&mut self, topic: &Topic, of: usize) {
        let name = name(topic, &said(topic));
        if matches!(self.0.get(&name), Some(Held::By { replica, .. }) if *replica == of) {
            self.0.remove(&name);
        }
    }

    /// What it had runs out by itself.
    pub(super) fn died(&mut self, now: Tick, of: usize) {
        for held in self.0.values_mut() {
            if let Held::By { replica, until } = held
                && *replica == of
            {
                *until = now.after(LEASE);
            }
        }
    }
}
