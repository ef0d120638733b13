//! Gathering many alerts for a target into one message.

use std::borrow::Cow;
use std::fmt::Write as _;
use std::sync::Arc;
use std::time::Duration;

use ulid::Ulid;

use super::Engine;
use super::meta::is_about_channel;
use super::route::Take;
use crate::AlertLevel;
use crate::alert::Alert;
use crate::channel::{AlertStatus, DigestLine};
use crate::clock::{Now, Tick};
use crate::event::AlertEvent;
use crate::outbox::{Row, RowState};
use crate::store::{Accepted, Change, DIGEST_KEY, DeliveryState, Gathered};

/// A digest that gathers a storm goes out after this, so that one message tells much of it.
const STORM_GATHER: Duration = Duration::from_secs(5);

/// A target gathers two digests at most: what a storm brings must not wait for the morning.
#[derive(Debug, Clone, Copy)]
pub(super) enum Gathering {
    /// Because too much waits.
    Storm,
    /// Because a rule says so, until then.
    Until(Tick),
}

impl Gathering {
    const fn is_timed(self) -> bool {
        matches!(self, Self::Until(_))
    }
}

/// A target, and whether it is the digest of a rule.
pub(super) type Slot = (u8, u16, bool);

fn slot((channel, target): (usize, usize), into: Gathering) -> Slot {
    (
        u8::try_from(channel).unwrap_or(u8::MAX),
        u16::try_from(target).unwrap_or(u16::MAX),
        into.is_timed(),
    )
}

impl Engine {
    pub(super) fn open_digest(&self, place: (usize, usize), into: Gathering) -> Option<Ulid> {
        self.open_digests.get(&slot(place, into)).copied()
    }

    /// A digest of the last run goes on gathering.
    pub(super) fn reopen_digest(&mut self, place: (usize, usize), id: Ulid, waits: Duration) {
        let into = if waits > STORM_GATHER {
            Gathering::Until(Tick::NEVER)
        } else {
            Gathering::Storm
        };
        self.open_digests.insert(slot(place, into), id);
    }

    /// Puts an alert, or its end, into the digest that the target gathers, opening one if there is
    /// none.
    pub(super) fn gather(
        &mut self,
        (channel, target): (usize, usize),
        into: Gathering,
        (suppressed, cooldown): (u64, Duration),
        take: &mut Take<'_>,
    ) -> String {
        let parent = self.digest_parent((channel, target), into, take);
        let id = self.ulid(take.now);
        let mut delivery = self.record(
            take.now,
            id,
            (channel, Some(target)),
            DeliveryState::Digested,
            Cow::Borrowed("digest"),
        );
        delivery.parent = Some(parent);
        delivery.suppressed = suppressed;
        delivery.cooldown = cooldown;
        take.deliveries.push(delivery);
        if take.accepted.status == AlertStatus::Firing {
            self.policy.in_digest(&take.accepted.key, channel);
            self.keep_digest((channel, target), take);
        }
        let row = self.outbox.get_mut(parent);
        if let Some(gathered) = row.and_then(|row| row.digest.as_deref_mut()) {
            gathered.add(take.accepted, suppressed);
        }
        self.counters.channels[channel].digested += 1;
        take.before.events.push(AlertEvent::Digested {
            key: Arc::clone(&take.accepted.key),
            channel: self.channels[channel].id.to_string(),
        });
        parent.to_string()
    }

    /// What is said of a key goes into every digest that gathers still and tells of it, besides its own
    /// way: when it goes out, it says how things stand then.
    pub(super) fn gather_news(
        &mut self,
        place: (usize, usize),
        except: Option<Gathering>,
        take: &mut Take<'_>,
    ) {
        for into in [Gathering::Storm, Gathering::Until(Tick::NEVER)] {
            if except.is_some_and(|except| except.is_timed() == into.is_timed()) {
                continue;
            }
            let open = self.open_digest(place, into);
            let row = open.and_then(|id| self.outbox.get(id));
            let digest = row.and_then(|row| row.digest.as_ref());
            if digest.is_some_and(|digest| digest.tells(&take.accepted.key)) {
                self.gather(place, into, (0, Duration::ZERO), take);
            }
        }
    }

    fn digest_parent(
        &mut self,
        place: (usize, usize),
        into: Gathering,
        take: &mut Take<'_>,
    ) -> Ulid {
        if let Some(open) = self.open_digest(place, into) {
            return open;
        }
        let now = take.now;
        let until = match into {
            Gathering::Storm => now.tick.after(STORM_GATHER),
            Gathering::Until(until) => until,
        };
        let id = self.ulid(now);
        let accepted = Arc::new(Accepted {
            id: self.ulid(now),
            alert: digest_alert(now, &self.service),
            key: Arc::from(DIGEST_KEY),
            status: AlertStatus::Digest,
            at: now.wall,
        });
        let give_up = self.outbox.config.retry.give_up_after(AlertLevel::Error);
        let row = Row {
            next: until,
            deadline: until.after(give_up),
            digest: Some(Box::default()),
            urgency: AlertLevel::Error,
            state: take.state,
            ..self.new_row(now, &accepted, place, Duration::ZERO)
        };
        let delivery = self.add(now, id, row, "digest");
        self.open_digests.insert(slot(place, into), id);
        if take.state == RowState::Accepting {
            take.rows.push(id);
        }
        take.before.changes.push(Change::Accept {
            accepted,
            deliveries: vec![delivery],
        });
        id
    }

    /// Takes what waits for a target, untried and below CRITICAL, into its digest.
    pub(super) fn fold_waiting(&mut self, (channel, target): (usize, usize), take: &mut Take<'_>) {
        let place = (channel, target);
        if self.open_digest(place, Gathering::Storm).is_some() {
            return;
        }
        let parent = self.digest_parent(place, Gathering::Storm, take);
        let waiting: Vec<Ulid> = self.outbox.queues[channel]
            .normal_ids(target)
            .filter(|id| {
                self.outbox.get(*id).is_some_and(|row| {
                    row.attempt == 0
                        && row.digest.is_none()
                        && !row.detour
                        && row.accepted.status == AlertStatus::Firing
                })
            })
            .collect();
        for id in waiting {
            self.fold(id, parent, take);
        }
    }

    /// Takes a delivery into a digest, and the end that waits for it.
    fn fold(&mut self, id: Ulid, parent: Ulid, take: &mut Take<'_>) {
        let now = take.now;
        // What else waited for it waits for the digest now.
        let mut next = Some(id);
        while let Some(id) = next {
            let Some(row) = self.outbox.remove_into(id, Some(parent)) else {
                return;
            };
            let channel = usize::from(row.channel);
            let digest = self.outbox.get_mut(parent);
            if let Some(gathered) = digest.and_then(|row| row.digest.as_deref_mut()) {
                gathered.add(&row.accepted, row.suppressed);
            }
            self.policy
                .digested(now.tick, &row.accepted.key, channel, row.ticket);
            if !is_about_channel(&row.accepted.key) {
                self.policy.in_digest(&row.accepted.key, channel);
            }
            self.counters.channels[channel].digested += 1;
            take.before.changes.push(Change::Move {
                id,
                state: DeliveryState::Digested,
                reason: Cow::Borrowed("digest"),
                attempt: 0,
                next_at: now.wall,
                deadline: now.wall_at(row.deadline),
                parent: Some(parent),
                at: now.wall,
            });
            take.before.events.push(AlertEvent::Digested {
                key: Arc::clone(&row.accepted.key),
                channel: self.channels[channel].id.to_string(),
            });
            next = self.outbox.end_behind(parent, &row.accepted.key);
        }
    }
}

pub(super) fn digest_alert(now: Now, service: &str) -> Alert {
    Alert::new(AlertLevel::Info, "Alert digest", "", service)
        .kind("digest")
        .timestamp(now.wall)
        .key(DIGEST_KEY)
}

/// The digest as a message: an alert that sums up, and the lines, the worst first.
pub(super) fn digest_content(
    now: Now,
    service: &str,
    accepted: &Accepted,
    gathered: &Gathered,
) -> (Alert, Vec<DigestLine>) {
    let mut lines: Vec<DigestLine> = gathered.lines().cloned().collect();
    lines.sort_by(|a, b| {
        (b.level, b.count)
            .cmp(&(a.level, a.count))
            .then_with(|| a.first.cmp(&b.first))
    });
    let mut by_level = AlertLevel::ALL.map(|level| gathered.beyond(level));
    let unnamed: u64 = by_level.iter().sum();
    for line in &lines {
        by_level[line.level.index()] += line.count;
    }
    let total: u64 = by_level.iter().sum();
    let over = lines.iter().filter(|line| line.ended.is_some()).count();
    let mut alert = digest_alert(now, service);
    alert.id.clone_from(&accepted.alert.id);
    alert.timestamp = accepted.alert.timestamp;
    alert.level = gathered.worst().unwrap_or(AlertLevel::Info);
    alert.title = match total {
        1 => format!("1 alert from {service}"),
        _ => format!("{total} alerts from {service}"),
    };
    let parts: Vec<String> = AlertLevel::ALL
        .into_iter()
        .rev()
        .filter(|level| by_level[level.index()] > 0)
        .map(|level| format!("{} {level}", by_level[level.index()]))
        .collect();
    alert.message = format!("Gathered alerts: {}.", parts.join(", "));
    if unnamed > 0 {
        let _ = write!(
            alert.message,
            " {unnamed} of them are of keys without a line."
        );
    }
    if over > 0 {
        let _ = write!(alert.message, " Of the keys below {over} are over.");
    }
    (alert, lines)
}
