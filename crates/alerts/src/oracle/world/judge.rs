//! Nobody is told what is not so; everybody knows what is.

use super::*;

/// Time in which everything that is owed can be told: the longest pauses and quiet times are shorter.
const ENOUGH: u32 = 100 * 60;

impl World {
    /// Nobody is told what is not so, or is held back.
    pub(super) fn look_over(&mut self, of: usize, changes: &[Change]) {
        for change in changes {
            match change {
                Change::Accept {
                    accepted,
                    deliveries,
                } => {
                    for delivery in deliveries {
                        self.note_row(accepted, delivery);
                    }
                }
                Change::Add { delivery, accepted } => {
                    let key = self.unwritten_key(of, *accepted);
                    if let Some(place) = place_of(delivery) {
                        self.detours.insert(delivery.id);
                        self.rows.insert(delivery.id, (place, key));
                    }
                }
                Change::Move {
                    id,
                    state: DeliveryState::Dead,
                    ..
                } => self.excuse(of, *id),
                // What was said in between was merged into it.
                Change::Move {
                    id,
                    state: DeliveryState::Digested,
                    ..
                } => {
                    if let Some((place, key)) = self.rows.get(id) {
                        self.readers.news(*place, key);
                    }
                }
                _ => {}
            }
        }
    }

    pub(super) fn unwritten_key(&self, of: usize, accepted: Ulid) -> Arc<str> {
        let row = self.replicas[of]
            .engine
            .outbox
            .rows()
            .find(|(_, row)| row.accepted.id == accepted);
        row.map_or_else(|| Arc::from(""), |(_, row)| Arc::clone(&row.accepted.key))
    }

    pub(super) fn note_row(&mut self, accepted: &Accepted, delivery: &Delivery) {
        let Some(place) = place_of(delivery) else {
            return;
        };
        self.rows
            .insert(delivery.id, (place, Arc::clone(&accepted.key)));
        if delivery.state == DeliveryState::Digested {
            self.readers.news(place, &accepted.key);
        }
        if accepted.status == AlertStatus::Digest || accepted.alert.kind == "alerting" {
            return;
        }
        let (now, key, level) = (self.now(), &*accepted.key, accepted.alert.level);
        let truth = self.plain.truth(now, key);
        if accepted.status == AlertStatus::Resolved {
            if key != "oops" && truth.is_some() {
                self.wrong
                    .push(format!("{key} is told to be over, and fires"));
            }
            return;
        }
        let event = key == "oops";
        if !event && truth.map(|it| it.level) != Some(level) {
            self.wrong.push(format!(
                "{key} is told to fire at {level}, and is {truth:?}"
            ));
        }
        let detour = matches!(&*delivery.reason, "fallback" | "escalated");
        if detour {
            self.detours.insert(delivery.id);
        }
        let (named, _) = self.plain.named(now, key, level);
        let quiet = named.iter().any(|(it, quiet)| *it == place.0 && *quiet);
        let digest = delivery.state == DeliveryState::Digested;
        if self.plain.hushed(now, key, level) || (quiet && !digest && !detour) {
            self.wrong
                .push(format!("{key} is told {place:?} although it is held back"));
        }
        if self.plain.off[place.0] && !detour {
            self.wrong
                .push(format!("{key} is told {place:?}, which is off"));
        }
    }

    pub(super) fn excuse(&mut self, of: usize, id: Ulid) {
        let Some((place, key)) = self.rows.get(&id) else {
            return;
        };
        if &**key == DIGEST {
            for key in KEYS.iter().map(|it| it.0).chain(WATCHED) {
                self.excused.insert((*place, key.to_owned()), id);
            }
            self.excused.insert((*place, digest_of(of)), id);
            return;
        }
        self.excused.insert((*place, key.to_string()), id);
    }

    /// Everybody takes what comes, and nothing happens for a while: now all is known.
    pub(super) fn check(&mut self) {
        self.moods = [Mood::Well; 4];
        self.pass(ENOUGH);
        // A silence may have ended just now; what is wrong is wrong for longer.
        let mut wrong = self.disagreements();
        for _ in 0..2 {
            if wrong.is_empty() {
                return;
            }
            self.pass(400);
            let still = self.disagreements();
            wrong.retain(|it| still.contains(it));
        }
        self.wrong.extend(wrong);
    }

    pub(super) fn disagreements(&self) -> Vec<String> {
        let mut wrong = Vec::new();
        let fires = |key: &str| self.plain.truth(self.now(), key).is_some();
        for (place, of) in places().flat_map(|place| self.all().map(move |of| (place, of))) {
            let excused = self.excused.contains_key(&(place, digest_of(of)));
            let hears = !excused && !self.plain.off[place.0];
            if hears && self.readers.outlived(place, of, fires) {
                let name = CHANNELS[place.0].0;
                wrong.push(format!(
                    "{name} {place:?} has a digest of {of} that is over"
                ));
            }
        }
        for key in KEYS.iter().map(|it| it.0).chain(WATCHED) {
            for place in places() {
                let excused = self.excused.contains_key(&(place, key.to_owned()));
                if !excused && let Some(what) = self.disagreement(key, place) {
                    let believes = self.readers.belief(place, key);
                    wrong.push(format!(
                        "{key}: {} {} {what}, and believes {believes:?}",
                        CHANNELS[place.0].0, CHANNELS[place.0].1[place.1]
                    ));
                }
            }
        }
        wrong
    }

    pub(super) fn disagreement(&self, key: &str, place: Place) -> Option<String> {
        let now = self.now();
        let belief = self.readers.belief(place, key);
        let Some(truth) = self.plain.truth(now, key) else {
            let believes = matches!(belief, Some(Belief::Fires(_)));
            let hears = believes && !self.plain.off[place.0];
            return hears.then(|| "should know that it is over".to_owned());
        };
        if self.plain.hushed(now, key, truth.level) || self.plain.off[place.0] {
            return None;
        }
        let knows = match belief {
            Some(Belief::Fires(level)) => level.is_none_or(|level| level == truth.level),
            _ => false,
        };
        let (named, later) = self.plain.named(now, key, truth.level);
        let asked = named
            .iter()
            .any(|(channel, quiet)| *channel == place.0 && !quiet);
        // Somebody who could acknowledge has to have heard first.
        let escalates =
            later == Some(place.0) && !truth.acknowledged && self.plain.off == [false; 3];
        if (asked || escalates) && !knows {
            return Some(format!("should know that it fires at {}", truth.level));
        }
        let quiet = named
            .iter()
            .any(|(channel, quiet)| *channel == place.0 && *quiet);
        let worse = matches!(belief, Some(Belief::Fires(Some(level))) if level > truth.level);
        (worse && !quiet).then(|| format!("should know that it is {} only", truth.level))
    }
}

fn place_of(delivery: &Delivery) -> Option<Place> {
    let going = matches!(
        delivery.state,
        DeliveryState::Pending | DeliveryState::Digested
    );
    let channel = CHANNELS
        .iter()
        .position(|(id, _)| *id == &*delivery.channel)?;
    let target = CHANNELS[channel]
        .1
        .iter()
        .position(|it| *it == &*delivery.target)?;
    going.then_some((channel, target))
}
