//! Time passes, attempts are made, and what arrives is read.

use super::*;

/// An attempt under way.
pub(super) struct Flight {
    pub(super) ends: Tick,
    /// What the other replica was asked, and for how long it is quiet once told.
    pub(super) asked: Option<(Topic, Duration)>,
    /// What the other has to know of it once it arrived.
    pub(super) gathered: Vec<(Duration, Topic)>,
    pub(super) id: Ulid,
    pub(super) place: Place,
    pub(super) body: Vec<u8>,
    pub(super) arrives: bool,
    pub(super) outcome: Outcome,
}

fn topic(job: &Job, ask: &SharedAsk) -> Topic {
    Topic {
        key: ask.key.to_string(),
        channel: CHANNELS[job.channel].0.to_owned(),
        target: job.target.as_str().to_owned(),
        level: ask.level,
        resolved: ask.resolved,
        falls: ask.falls,
        so: ask.so,
        age: ask.age,
    }
}

impl World {
    /// Lets time pass, as the dispatcher would.
    pub(super) fn pass(&mut self, seconds: u32) {
        let end = self.tick.after(Duration::from_secs(u64::from(seconds)));
        for _ in 0..200_000 {
            let flights = self.replicas.iter().flat_map(|it| &it.flights);
            let landing = flights.map(|it| it.ends).min().unwrap_or(Tick::NEVER);
            if landing <= self.tick {
                self.land(landing);
                continue;
            }
            let (mut busy, mut wake) = (false, Tick::NEVER);
            for of in self.all() {
                let (did, next) = self.dispatch(of);
                (busy, wake) = (busy || did, wake.min(next));
            }
            if busy || wake <= self.tick {
                if wake <= self.tick && !busy {
                    // As the dispatcher: what is due already comes with the next tick.
                    if self.tick >= end {
                        return;
                    }
                    self.tick = self.tick.after(Duration::from_millis(1));
                }
                continue;
            }
            let next = wake.min(landing);
            if next > end {
                self.tick = end;
                return;
            }
            self.tick = next;
        }
        self.wrong.push("the dispatcher spins".to_owned());
    }

    /// One round of a replica's dispatcher: whether there was anything, and when it comes back.
    pub(super) fn dispatch(&mut self, of: usize) -> (bool, Tick) {
        let now = self.now();
        let work = self.replicas[of].engine.poll(now);
        self.later(of, work.effects);
        let busy = !work.jobs.is_empty() || !work.escalations.is_empty();
        for job in work.jobs {
            self.begin(of, job);
        }
        for key in work.escalations {
            let effects = self.replicas[of].engine.escalate(now, &key);
            self.later(of, effects);
        }
        (busy, work.wake)
    }

    /// Asks the other replica first, if there is one.
    pub(super) fn begin(&mut self, of: usize, job: Job) {
        let now = self.now();
        let alone = self.replicas.len() == 1;
        let asked = job.shared.as_ref().filter(|_| !alone);
        let topic = asked.map(|ask| topic(&job, ask));
        if let (Some(topic), Some(ask)) = (&topic, &job.shared) {
            match self.shared.reserve(now.tick, topic, of) {
                Reservation::Mine => {}
                Reservation::Theirs(wait) => {
                    let engine = &mut self.replicas[of].engine;
                    engine.wait_for_replica(now, job.id, wait);
                    return;
                }
                Reservation::Told => {
                    let effects = self.replicas[of].engine.told_elsewhere(now, job.id);
                    self.later(of, effects);
                    return;
                }
                Reservation::Overtaken => {
                    let engine = &mut self.replicas[of].engine;
                    let effects = engine.overtaken(now, job.id, topic.so);
                    self.later(of, effects);
                    return;
                }
            }
            self.attempt(of, job.id, Some((topic.clone(), ask.cooldown)), &job);
        } else {
            self.attempt(of, job.id, None, &job);
        }
    }

    pub(super) fn attempt(
        &mut self,
        of: usize,
        id: Ulid,
        asked: Option<(Topic, Duration)>,
        job: &Job,
    ) {
        let now = self.now();
        let message: Arc<Rendered> = match &job.message {
            Some(message) => Arc::clone(message),
            None => {
                let message = Arc::new(render(&job.notification, &job.target));
                let changes = self.replicas[of].engine.rendered(now, id, &message);
                self.wait_for(of, changes);
                message
            }
        };
        let names = CHANNELS[job.channel].1;
        let target = names
            .iter()
            .position(|it| *it == job.target.as_str())
            .unwrap();
        let place = (job.channel, target);
        let number = places().position(|it| it == place).unwrap();
        let said = "the timeline says so";
        let (arrives, outcome) = match self.moods[number] {
            Mood::Well => (true, Outcome::delivered()),
            Mood::Away => (false, Outcome::transient(said)),
            Mood::Busy => {
                let retry_after = Some(Duration::from_secs(300));
                let reason = said.to_owned();
                (
                    false,
                    Outcome::Transient {
                        reason,
                        retry_after,
                        maybe_delivered: false,
                    },
                )
            }
            Mood::Mute => (true, Outcome::unanswered(said)),
            Mood::Deaf => (false, Outcome::unanswered(said)),
            Mood::TargetBroken => (false, Outcome::target_broken(said)),
            Mood::ChannelBroken => (false, Outcome::broken(said)),
            Mood::Refuses => (false, Outcome::permanent(said)),
        };
        let takes = Duration::from_millis(self.random.word() % 4_000);
        let ends = self.tick.after(takes);
        let body = message.body.clone();
        self.replicas[of].flights.push(Flight {
            ends,
            asked,
            gathered: job
                .gathered
                .iter()
                .map(|ask| (ask.cooldown, topic(job, ask)))
                .collect(),
            id,
            place,
            body,
            arrives,
            outcome,
        });
    }

    pub(super) fn land(&mut self, at: Tick) {
        let found = self.all().find_map(|of| {
            let flights = &self.replicas[of].flights;
            let place = flights.iter().position(|it| it.ends == at)?;
            Some((of, place))
        });
        let Some((of, place)) = found else {
            return;
        };
        let flight = self.replicas[of].flights.swap_remove(place);
        self.arrive(of, &flight);
        let now = self.now();
        if let Some((topic, cooldown)) = &flight.asked {
            match flight.outcome {
                Outcome::Delivered { .. } => self.shared.told(now.tick, topic, *cooldown),
                _ => {
                    self.shared.release(topic, of);
                    self.doubt(&flight);
                }
            }
        }
        if let (Outcome::Delivered { .. }, Some(ask)) = (&flight.outcome, flight.gathered.first()) {
            let topics: Vec<Topic> = flight.gathered.iter().map(|it| it.1.clone()).collect();
            self.shared.gathered(now.tick, &topics, ask.0);
        }
        let engine = &mut self.replicas[of].engine;
        let effects = engine.settle(now, flight.id, flight.outcome);
        self.later(of, effects);
    }

    /// It arrived, and another replica does not know.
    pub(super) fn doubt(&mut self, flight: &Flight) {
        if flight.arrives
            && self.replicas.len() > 1
            && let Some((place, key)) = self.rows.get(&flight.id)
        {
            self.readers.doubt(*place, key);
        }
    }

    pub(super) fn arrive(&mut self, of: usize, flight: &Flight) {
        if !flight.arrives {
            return;
        }
        let place = flight.place;
        let excused = |key: &str| self.excused.contains_key(&(place, key.to_owned()));
        let told = (of, flight.id, flight.body.as_slice());
        let when = (self.now(), self.detours.contains(&flight.id));
        match self.readers.read(place, told, when, excused) {
            Ok(keys) => {
                for key in keys {
                    let about = (place, key);
                    if self
                        .excused
                        .get(&about)
                        .is_some_and(|lost| *lost < flight.id)
                    {
                        self.excused.remove(&about);
                    }
                }
            }
            Err(wrong) => self.wrong.push(wrong),
        }
    }
}
