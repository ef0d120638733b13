//! What happens to an alert, and why: pure, with the moment given by the caller.
//!
//! The rule behind all of it: **what is true, and not suppressed now, has been told to everyone whom the
//! rules name now; whoever was told of it hears of its end.** What is true is what fires; what was told
//! is one mark a key and channel. A decision is the difference between the two, so that asking again
//! without anything new ([`Policy::decide_again`]) gives what is still owed: what a silence, an
//! inhibition, a quiet time or flapping held back and holds back no more, what a channel that was off
//! has missed, whom a schedule names only now, and what is due to be repeated. Nothing is consumed by
//! being held back.
//!
//! [`Policy::decide`] looks at silences, inhibition, flapping, rules, schedules and cooldowns and
//! returns one [`Route`] a channel, each with its reason. It reserves the cooldown; the outcome of
//! the delivery confirms it ([`Policy::delivered`]) or gives it back ([`Policy::dead`]).
//!
//! ```
//! use std::time::Duration;
//! use bongsu_alerts::clock::{Now, Tick};
//! use bongsu_alerts::policy::{Policy, PolicyConfig, ChannelSpec, Suppressed, Verdict};
//! use bongsu_alerts::{Alert, AlertLevel, AlertStatus};
//!
//! let mut policy = Policy::new(PolicyConfig::default(), vec![ChannelSpec::new("slack", 1)]);
//! let mut now = Now { tick: Tick(0), wall: jiff::Timestamp::UNIX_EPOCH };
//! let alert = Alert::new(AlertLevel::Error, "db", "gone", "orders");
//! assert!(policy.decide(now, &alert, AlertStatus::Firing).routes[0].verdict.is_deliver());
//! now.tick = now.tick.after(Duration::from_secs(60));
//! let again = policy.decide(now, &alert, AlertStatus::Firing);
//! assert_eq!(again.routes[0].verdict, Verdict::Suppress(Suppressed::Cooldown));
//! ```

mod config;
mod decision;
mod flap;
mod hush;
mod inhibit;
mod key;
mod mark;
mod marks;
mod reason;
mod routes;
mod silence;
#[cfg(test)]
mod tests;

use std::sync::Arc;
use std::time::Duration;

pub use config::{ChannelSpec, PolicyConfig};
pub(crate) use decision::MetaDecision;
pub use decision::{Ask, Decision, PastMark, Route, Verdict};
pub use flap::FlapConfig;
pub use inhibit::InhibitConfig;
pub use reason::{Pass, Suppressed};
pub use silence::{Silence, Weekly};

use crate::AlertLevel;
use crate::alert::Alert;
use crate::channel::AlertStatus;
use crate::clock::{Now, Tick};
use crate::routing::Routing;
use crate::rule::AlertRule;
use flap::Flap;
use hush::Hush;
use inhibit::Inhibitor;
use key::KeyState;
use mark::Mark;
use marks::Marks;
use routes::Routes;

/// The state of all decisions: cooldowns, silences, what is firing. Bounded.
#[derive(Debug)]
pub struct Policy {
    /// What no routing replaces: rules and least levels of the code.
    own: (Vec<AlertRule>, Vec<(String, AlertLevel)>),
    /// Cooldown and repetition where neither a rule nor the routing says otherwise.
    pace: (Duration, Option<Duration>),
    routes: Routes,
    hush: Hush,
    marks: Marks,
    /// Decisions so far: the name of the last.
    tickets: u32,
}

/// Channels that one manager may have.
pub const MAX_CHANNELS: usize = 64;

impl Policy {
    /// A policy without history. Rules that name channels not in the list lose those; the manager's
    /// builder refuses them before.
    #[must_use]
    pub fn new(config: PolicyConfig, channels: Vec<ChannelSpec>) -> Self {
        let mut policy = Self {
            own: (config.rules, config.least),
            pace: (config.cooldown, config.repeat),
            routes: Routes::new(channels, config.cooldown, config.repeat),
            hush: Hush {
                silences: silence::Silences::new(config.max_silences, config.hours),
                inhibitor: config.inhibit.map(Inhibitor::new),
                flap: config.flap,
            },
            marks: Marks::new(config.max_keys),
            tickets: 0,
        };
        policy.reroute(config.routing);
        policy
    }

    /// Replaces the rules, least levels, standing silences and defaults of the routing before. What was told, and
    /// every cooldown under way, stays as it is.
    pub fn reroute(&mut self, routing: Routing) {
        let (rules, least) = &self.own;
        let rules = routing.rules.into_iter().chain(rules.iter().cloned());
        let least: Vec<_> = routing.least.iter().chain(least).collect();
        self.routes.reroute(rules, &least);
        let said = routing.defaults.map(|it| (it.cooldown, it.repeat));
        (self.routes.cooldown, self.routes.repeat) = said.unwrap_or(self.pace);
        self.hush.silences.stand(routing.silences);
    }

    /// The rules that no routing replaces.
    pub(crate) fn own_rules(&self) -> &[AlertRule] {
        &self.own.0
    }

    /// Who looks after an alert, by the first rule that applies and says it.
    pub(crate) fn owner(&self, now: Now, alert: &Alert, key: &str) -> Option<&str> {
        self.routes.owner(now, alert, key)
    }

    /// Decides on what was sent, and reserves the cooldown of what goes out.
    pub fn decide(&mut self, now: Now, alert: &Alert, status: AlertStatus) -> Decision {
        self.decide_as(now, alert, status, Ask::default())
    }

    /// Decides on what is still owed of an alert that fires, or that ended, although nobody sent
    /// anything: the difference between what is so and what was told. Asked twice, the second answer
    /// is empty.
    pub fn decide_again(
        &mut self,
        now: Now,
        alert: &Alert,
        status: AlertStatus,
        acknowledged: bool,
    ) -> Decision {
        let again = true;
        self.decide_as(
            now,
            alert,
            status,
            Ask {
                again,
                acknowledged,
            },
        )
    }

    /// As [`Policy::decide`], for somebody who knows how it came to be asked.
    pub fn decide_as(
        &mut self,
        now: Now,
        alert: &Alert,
        status: AlertStatus,
        ask: Ask,
    ) -> Decision {
        match &alert.key {
            Some(key) => self.decide_by(now, key, alert, status, ask),
            None => self.decide_by(now, &alert.dedup_key(), alert, status, ask),
        }
    }

    /// As [`Policy::decide_as`], for somebody who knows what the alert goes by.
    pub(crate) fn decide_by(
        &mut self,
        now: Now,
        key: &str,
        alert: &Alert,
        status: AlertStatus,
        ask: Ask,
    ) -> Decision {
        let ticket = self.ticket();
        let (key, entry) = self.marks.entry(key);
        let asked = (now, ticket, ask);
        decide(
            (&mut self.hush, &self.routes),
            asked,
            alert,
            status,
            (key, entry),
        )
    }

    /// Names a decision.
    const fn ticket(&mut self) -> u32 {
        self.tickets = self.tickets.wrapping_add(1);
        self.tickets
    }

    /// What would become of an alert if it were sent now, without acting: nothing is reserved, counted
    /// or remembered.
    pub fn explain(&mut self, now: Now, alert: &Alert, ask: Ask) -> Decision {
        let key: Arc<str> = Arc::from(alert.dedup_key());
        let mut entry = self.marks.get(&key).cloned().unwrap_or_default();
        let fires = self.hush.inhibitor.clone();
        let (firing, asked) = (AlertStatus::Firing, (now, self.tickets, ask));
        let parts = (&mut self.hush, &self.routes);
        let decision = decide(parts, asked, alert, firing, (key, &mut entry));
        self.hush.inhibitor = fires;
        decision
    }

    /// Where an alert about the channel `about` goes: every other channel that is on and was not told
    /// lately.
    pub(crate) fn decide_meta(&mut self, now: Now, alert: &Alert, about: usize) -> MetaDecision {
        let ticket = self.ticket();
        let (key, entry) = self.marks.entry(&alert.dedup_key());
        let routes = self
            .routes
            .about_channel((now, ticket), alert, about, entry);
        MetaDecision { key, routes }
    }

    /// One delivery of the key arrived: its cooldown runs from now.
    pub fn delivered(&mut self, tick: Tick, key: &str, channel: usize, ticket: u32) {
        if let Some(mark) = self.marks.mark(key, channel) {
            mark.delivered(tick, ticket);
        }
    }

    /// One delivery of the key will never arrive; when that was the last hope, the cooldown is given
    /// back, so that the next alert passes.
    pub fn dead(&mut self, tick: Tick, key: &str, channel: usize, ticket: u32) {
        if let Some(mark) = self.marks.mark(key, channel) {
            mark.dead(tick, ticket);
        }
    }

    /// The level at which a channel's readers believe that a key fires, once what was decided last arrives.
    pub(crate) fn told(&self, key: &str, channel: usize) -> Option<AlertLevel> {
        self.marks.peek(key, channel)?.told()
    }

    /// The level at which a channel was told that a key fires, before what was decided last.
    pub(crate) fn told_before(&self, key: &str, channel: usize) -> Option<AlertLevel> {
        self.marks.peek(key, channel)?.before()
    }

    /// Notes that a channel is told of a firing key on a way of its own, an escalation or a fallback,
    /// so that it hears of the end as well. Gives the ticket.
    pub fn tell(
        &mut self,
        key: &str,
        channel: usize,
        level: AlertLevel,
        cooldown: Duration,
    ) -> u32 {
        let targets = self.routes.targets(channel);
        let place = u8::try_from(channel).unwrap_or(u8::MAX);
        let ticket = self.ticket();
        let (_, entry) = self.marks.entry(key);
        entry.tell(ticket, (place, targets), level, cooldown);
        ticket
    }

    /// Whether somebody believes that the key fires.
    #[must_use]
    pub fn is_told(&self, key: &str) -> bool {
        self.worst_told(key).is_some()
    }

    /// The worst level that somebody believes to fire.
    #[must_use]
    pub fn worst_told(&self, key: &str) -> Option<AlertLevel> {
        self.marks.get(key)?.worst_told()
    }

    /// A bit for each channel whose readers believe that the key fires because a digest said so, and one for
    /// each where a digest says it, whatever they were told after it.
    pub(crate) fn gathered_on(&self, key: &str) -> (u64, u64) {
        self.marks.get(key).map_or((0, 0), key::KeyState::gathered)
    }

    /// Whether a digest tells a channel's readers of any key that fires still.
    #[must_use]
    pub fn believes_digest(&self, channel: usize) -> bool {
        self.marks.any_in_digest(channel)
    }

    /// A digest tells a channel's readers of the key, besides what it was told on its own way.
    pub(crate) fn in_digest(&mut self, key: &str, channel: usize) {
        if let Some(mark) = self.marks.mark(key, channel) {
            mark.in_digest();
        }
    }

    /// Whether an alert hides others while it fires.
    pub(crate) fn may_hide(&self, alert: &Alert) -> bool {
        let inhibitor = self.hush.inhibitor.as_ref();
        inhibitor.is_some_and(|inhibitor| inhibitor.may_hide(alert))
    }

    /// An alert still fires: it goes on hiding others.
    pub(crate) fn confirm(&mut self, tick: Tick, alert: &Alert, key: &Arc<str>) {
        if let Some(inhibitor) = &mut self.hush.inhibitor {
            inhibitor.note(tick, alert, key);
        }
    }

    /// The key was held down as flapping when the last run ended.
    pub(crate) fn recover_flap(
        &mut self,
        now: Now,
        key: &Arc<str>,
        until: Tick,
        (level, resolved): (AlertLevel, bool),
    ) {
        if let Some(flap) = &self.hush.flap {
            let until = until.min(now.tick.after(flap.window));
            let flap = Flap::held(until, level, resolved);
            self.marks.entry(key).1.recover_flap(flap);
        }
    }

    /// Whether the silence of this id holds now.
    pub(crate) fn silence_holds(&self, now: Now, id: &str) -> bool {
        self.hush.silences.holds_now(now, id)
    }

    /// The alert of the key was put into a digest on the channel: told, for the cooldown's purposes.
    pub fn digested(&mut self, tick: Tick, key: &str, channel: usize, ticket: u32) {
        if let Some(mark) = self.marks.mark(key, channel) {
            mark.digested(tick, ticket);
        }
    }

    /// Sets a cooldown as it was before a restart.
    pub fn recover(&mut self, tick: Tick, past: PastMark) {
        if let Ok(channel) = u8::try_from(past.channel) {
            let mark = Mark::past(channel, tick, &past);
            self.marks.entry(&past.key).1.recover(mark);
        }
    }

    /// The key is firing as far as the channel's readers know.
    pub(crate) fn recover_firing(
        &mut self,
        tick: Tick,
        key: &Arc<str>,
        channel: usize,
        level: AlertLevel,
    ) {
        let cooldown = self.cooldown();
        if let Ok(channel) = u8::try_from(channel) {
            let (_, entry) = self.marks.entry(key);
            entry.recover_firing(tick, channel, level, cooldown);
        }
    }

    /// Adds a silence; false when there are too many.
    pub fn silence(&mut self, now: Now, silence: Silence) -> bool {
        self.hush.silences.add(now, silence)
    }

    /// Ends a silence; false when there is none of that id.
    pub fn unsilence(&mut self, id: &str) -> bool {
        self.hush.silences.remove(id)
    }

    /// The names of the hours that a silence may be limited to.
    pub fn hours(&self) -> impl Iterator<Item = &str> {
        self.hush.silences.hours()
    }

    /// The silences that have not ended.
    pub fn silences(&self, now: Now) -> impl Iterator<Item = &Silence> {
        self.hush.silences.live(now)
    }

    /// Switches a channel off (its alerts stay in the history) or on again.
    pub fn set_enabled(&mut self, channel: usize, enabled: bool) {
        self.routes.set_enabled(channel, enabled);
    }

    /// Whether a channel is on.
    #[must_use]
    pub const fn is_enabled(&self, channel: usize) -> bool {
        self.routes.is_enabled(channel)
    }

    /// The escalation steps of a rule: how long after the first message, and to which channels.
    #[must_use]
    pub fn escalations(&self, rule: usize) -> &[(Duration, Vec<usize>)] {
        self.routes.escalations(rule)
    }

    /// Whether a channel is told of alerts of this level at all.
    #[must_use]
    pub fn hears(&self, channel: usize, level: AlertLevel) -> bool {
        self.routes.hears(channel, level)
    }

    /// The name of a rule.
    #[must_use]
    pub fn rule_id(&self, rule: usize) -> Option<&str> {
        self.routes.rules().nth(rule).map(|rule| rule.id.as_str())
    }

    /// How long an alert stays quiet on a channel where no rule says otherwise.
    #[must_use]
    pub const fn cooldown(&self) -> Duration {
        self.routes.cooldown
    }

    /// How long after it was last told a condition that still fires is told again, where no rule says otherwise.
    #[must_use]
    pub const fn repeat(&self) -> Option<Duration> {
        self.routes.repeat
    }

    /// The place of a rule.
    #[must_use]
    pub fn rule_index(&self, id: &str) -> Option<usize> {
        self.routes.rules().position(|rule| rule.id == id)
    }

    /// Rules that are on, and all rules.
    #[must_use]
    pub fn rule_counts(&self) -> (usize, usize) {
        let active = self.routes.rules().filter(|rule| rule.enabled).count();
        (active, self.routes.rules().count())
    }

    /// Keys remembered now, and keys forgotten because there were too many.
    #[must_use]
    pub fn key_counts(&self) -> (usize, u64) {
        (self.marks.len(), self.marks.evicted())
    }
}

/// A decision on what is known of a key.
fn decide(
    (hush, routes): (&mut Hush, &Routes),
    (now, ticket, ask): (Now, u32, Ask),
    alert: &Alert,
    status: AlertStatus,
    (key, entry): (Arc<str>, &mut KeyState),
) -> Decision {
    let resolved = status == AlertStatus::Resolved;
    let hushed = hush.of(now, (alert, &key, resolved), ask, entry);
    let mut decision = Decision {
        key,
        routes: Vec::new(),
        hushed: hushed.map(|(reason, _)| reason),
        until: hushed.map(|(_, until)| until),
        next: None,
        escalates: None,
    };
    if resolved {
        routes.ended(ticket, ask, entry, &mut decision);
    } else {
        routes.firing((now, ticket, ask), alert, entry, &mut decision);
    }
    decision
}
