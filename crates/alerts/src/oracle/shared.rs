//! What replicas know of each other, as the Redis has it.

use std::collections::HashMap;
use std::time::Duration;

use crate::clock::Tick;
use crate::shared::{LATE, LEASE, LOOK_AGAIN, Reservation, Topic, covered_by, said, so};

/// A key at a target of a channel.
type About = (String, String, String);

#[derive(Debug, Default)]
pub(super) struct Shared {
    /// What was told last, when, and for how long nobody tells it again.
    told: HashMap<About, (&'static str, Tick, Duration)>,
    /// Whose turn it is, and until when.
    turns: HashMap<About, (usize, Tick)>,
}

fn about(topic: &Topic) -> About {
    let Topic {
        key,
        channel,
        target,
        ..
    } = topic;
    (channel.clone(), target.clone(), key.clone())
}

impl Shared {
    /// A replica that lives renews what it has.
    pub(super) fn reserve(&mut self, now: Tick, topic: &Topic, of: usize) -> Reservation {
        let about = about(topic);
        if let Some((told, at, cooldown)) = self.told.get(&about) {
            let age = now.since(*at);
            let since = age <= topic.age;
            let kept = age <= *cooldown + LATE;
            if kept && (since || age <= *cooldown) && covered_by(topic).contains(told) {
                return Reservation::Told;
            }
            if kept && since && *told == so(topic) {
                return Reservation::Overtaken;
            }
        }
        match self.turns.get(&about) {
            Some((replica, until)) if *replica != of && *until > now => {
                Reservation::Theirs(LOOK_AGAIN)
            }
            _ => {
                self.turns.insert(about, (of, Tick::NEVER));
                Reservation::Mine
            }
        }
    }

    pub(super) fn told(&mut self, now: Tick, topic: &Topic, cooldown: Duration) {
        self.turns.remove(&about(topic));
        self.told.insert(about(topic), (said(topic), now, cooldown));
    }

    pub(super) fn gathered(&mut self, now: Tick, topics: &[Topic], cooldown: Duration) {
        for topic in topics {
            self.told.insert(about(topic), (said(topic), now, cooldown));
        }
    }

    pub(super) fn release(&mut self, topic: &Topic, of: usize) {
        let about = about(topic);
        if self
            .turns
            .get(&about)
            .is_some_and(|(whose, _)| *whose == of)
        {
            self.turns.remove(&about);
        }
    }

    /// What it had runs out by itself.
    pub(super) fn died(&mut self, now: Tick, of: usize) {
        for (whose, until) in self.turns.values_mut() {
            if *whose == of {
                *until = now.after(LEASE);
            }
        }
    }
}
