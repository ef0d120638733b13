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

mod flap;
mod inhibit;
mod marks;
mod reason;
mod silence;
#[cfg(test)]
mod tests;

use std::sync::Arc;
use std::time::Duration;

pub use flap::FlapConfig;
pub use inhibit::InhibitConfig;
pub use reason::{Pass, Suppressed};
pub use silence::{Silence, Weekly};

use crate::AlertLevel;
use crate::alert::Alert;
use crate::channel::AlertStatus;
use crate::clock::{Now, Tick};
use crate::routing::Routing;
use crate::rule::{AlertRule, Escalation, Quiet};
use flap::Flap;
use inhibit::Inhibitor;
use marks::{Marks, Question};

/// How the policy behaves where no rule says otherwise.
#[derive(Debug, Clone)]
pub struct PolicyConfig {
    /// Routes; none: every alert goes to every channel.
    pub rules: Vec<AlertRule>,
    /// What may be replaced later ([`Policy::reroute`]); its rules come first.
    pub routing: Routing,
    /// The least level that a channel is told of, by its name, whatever the rules say; a channel that
    /// was told of something worse hears of its fall and end all the same. Default: every level.
    pub least: Vec<(String, AlertLevel)>,
    /// How long the same alert stays quiet on a channel. Default: 15 minutes.
    pub cooldown: Duration,
    /// Whether and how a CRITICAL alert hides WARNINGs.
    pub inhibit: Option<InhibitConfig>,
    /// When an alert that comes and goes is held down. What was last sent of it is told when it has
    /// been the same for a whole [`FlapConfig::window`].
    pub flap: Option<FlapConfig>,
    /// How long after it was last told a condition that still fires, and that nobody acknowledged, is
    /// told again. None: never. Events are never repeated by default. Default: 6 hours.
    pub repeat: Option<Duration>,
    /// Keys remembered; past it the longest untouched is forgotten and counted. Default: 50,000.
    pub max_keys: usize,
    /// Silences at once. Default: 1,000.
    pub max_silences: usize,
    /// Hours by name, for silences that hold in them only.
    pub hours: Vec<(String, crate::schedule::SharedSchedule)>,
}

impl Default for PolicyConfig {
    fn default() -> Self {
        Self {
            rules: Vec::new(),
            routing: Routing::default(),
            least: Vec::new(),
            cooldown: Duration::from_secs(15 * 60),
            inhibit: Some(InhibitConfig::default()),
            flap: Some(FlapConfig::default()),
            repeat: Some(Duration::from_secs(6 * 3_600)),
            max_keys: 50_000,
            max_silences: 1_000,
            hours: Vec::new(),
        }
    }
}

/// What the policy has to know of a channel.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ChannelSpec {
    /// Its name.
    pub id: String,
    /// Deliveries that one message makes.
    pub targets: u16,
}

impl ChannelSpec {
    /// A channel with this many targets.
    #[must_use]
    pub fn new(id: impl Into<String>, targets: u16) -> Self {
        Self {
            id: id.into(),
            targets,
        }
    }
}

/// What happens to an alert on every channel that it concerns.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Decision {
    /// What the alert goes by.
    pub key: Arc<str>,
    /// One entry a channel, in the order of the rules.
    pub routes: Vec<Route>,
    /// What holds it back on every channel.
    pub hushed: Option<Suppressed>,
    /// When what holds it back, on every channel or on some, ends by itself at the earliest.
    pub until: Option<Tick>,
    /// When the answer may be another by itself: a schedule changes, something is to be repeated.
    pub next: Option<Tick>,
    /// The first rule that applies and escalates.
    pub escalates: Option<usize>,
}

/// How a decision came to be asked for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Ask {
    /// Nobody sent anything: only what is still owed is decided on, and nothing is counted.
    pub again: bool,
    /// Somebody knows of it.
    pub acknowledged: bool,
}

/// What happens to an alert on one channel.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Route {
    /// The channel's place in the list given to [`Policy::new`].
    pub channel: usize,
    /// The rule's place in [`PolicyConfig::rules`]; none: no rule matched.
    pub rule: Option<usize>,
    /// What happens.
    pub verdict: Verdict,
}

/// What happens to an alert on one channel, and why.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Verdict {
    /// It goes out.
    Deliver {
        /// Why it may.
        why: Pass,
        /// How many of its key were held back since the last message.
        suppressed: u64,
        /// How long its key is quiet after delivery.
        cooldown: Duration,
        /// Names this decision when its outcome is known.
        ticket: u32,
    },
    /// It is told in a digest that goes out then.
    Digest {
        /// When the digest goes out.
        until: Tick,
        /// How many of its key were held back since the last message.
        suppressed: u64,
        /// How long its key is quiet.
        cooldown: Duration,
    },
    /// It stays in the history.
    Suppress(Suppressed),
}

impl Verdict {
    /// Whether it goes out by itself.
    #[must_use]
    pub const fn is_deliver(&self) -> bool {
        matches!(self, Self::Deliver { .. })
    }
}

#[derive(Debug)]
struct CompiledRule {
    rule: AlertRule,
    channels: Vec<u8>,
    escalations: Vec<(Duration, Vec<usize>)>,
}

/// The state of all decisions: cooldowns, silences, what is firing. Bounded.
#[derive(Debug)]
pub struct Policy {
    rules: Vec<CompiledRule>,
    /// By channel.
    least: Vec<AlertLevel>,
    /// What no routing replaces: rules and least levels of the code.
    own: (Vec<AlertRule>, Vec<(String, AlertLevel)>),
    cooldown: Duration,
    channels: Vec<ChannelSpec>,
    disabled: u64,
    marks: Marks,
    silences: silence::Silences,
    inhibitor: Option<Inhibitor>,
    flap: Option<FlapConfig>,
    repeat: Option<Duration>,
}

fn compiled(rule: AlertRule, channels: &[ChannelSpec]) -> CompiledRule {
    let place = |id: &String| channels.iter().position(|channel| channel.id == *id);
    let step = |Escalation { after, channels }: &Escalation| {
        (*after, channels.iter().filter_map(place).collect())
    };
    let told = rule.channels.iter().filter_map(place);
    CompiledRule {
        channels: told.filter_map(|index| u8::try_from(index).ok()).collect(),
        escalations: rule.escalations.iter().map(step).collect(),
        rule,
    }
}

/// Channels that one manager may have.
pub const MAX_CHANNELS: usize = 64;

impl Policy {
    /// A policy without history. Rules that name channels not in the list lose those; the manager's
    /// builder refuses them before.
    #[must_use]
    pub fn new(config: PolicyConfig, channels: Vec<ChannelSpec>) -> Self {
        let mut policy = Self {
            rules: Vec::new(),
            least: Vec::new(),
            own: (config.rules, config.least),
            cooldown: config.cooldown,
            channels,
            disabled: 0,
            marks: Marks::new(config.max_keys),
            silences: silence::Silences::new(config.max_silences, config.hours),
            inhibitor: config.inhibit.map(Inhibitor::new),
            flap: config.flap,
            repeat: config.repeat,
        };
        policy.reroute(config.routing);
        policy
    }

    /// Replaces the rules, least levels and standing silences of the routing before. What was told, and
    /// every cooldown, stays as it is.
    pub fn reroute(&mut self, routing: Routing) {
        let (rules, least) = &self.own;
        let rules = routing.rules.into_iter().chain(rules.iter().cloned());
        self.rules = rules.map(|rule| compiled(rule, &self.channels)).collect();
        let least_of = |channel: &ChannelSpec| {
            let of = |(id, _): &&(String, AlertLevel)| *id == channel.id;
            let all = routing.least.iter().chain(least);
            let least = all.filter(of).map(|(_, level)| *level);
            least.max().unwrap_or(AlertLevel::Info)
        };
        self.least = self.channels.iter().map(least_of).collect();
        self.silences.stand(routing.silences);
    }

    /// The rules that no routing replaces.
    pub(crate) fn own_rules(&self) -> &[AlertRule] {
        &self.own.0
    }

    /// Who looks after an alert, by the first rule that applies and says it.
    pub(crate) fn owner(&self, now: Now, alert: &Alert, key: &str) -> Option<&str> {
        for CompiledRule { rule, .. } in &self.rules {
            if !rule.concerns(alert, key) || !rule.is_active(now.wall) {
                continue;
            }
            if rule.owner.is_some() || !rule.proceed {
                return rule.owner.as_deref();
            }
        }
        None
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
        let key: Arc<str> = match &alert.key {
            Some(key) => Arc::from(key.as_str()),
            None => Arc::from(alert.dedup_key()),
        };
        let resolved = status == AlertStatus::Resolved;
        let hushed = self.hushed(now, alert, &key, resolved, ask.again);
        let mut decision = Decision {
            key,
            routes: Vec::new(),
            hushed: hushed.map(|(reason, _)| reason),
            until: hushed.map(|(_, until)| until),
            next: None,
            escalates: None,
        };
        if resolved {
            self.resolve_routes(now, ask, &mut decision);
        } else {
            self.firing_routes(now, alert, ask, &mut decision);
        }
        decision
    }

    /// What would become of an alert if it were sent now, without acting: nothing is reserved, counted
    /// or remembered.
    pub fn explain(&mut self, now: Now, alert: &Alert, ask: Ask) -> Decision {
        let key = alert.dedup_key();
        let before = self.marks.get(&key).cloned();
        let fires = self.inhibitor.clone();
        let decision = self.decide_as(now, alert, AlertStatus::Firing, ask);
        self.inhibitor = fires;
        self.marks.put_back(&key, before);
        decision
    }

    /// A reason that holds on every channel, and until when.
    fn hushed(
        &mut self,
        now: Now,
        alert: &Alert,
        key: &Arc<str>,
        resolved: bool,
        again: bool,
    ) -> Option<(Suppressed, Tick)> {
        if let Some(inhibitor) = self.inhibitor.as_mut().filter(|_| !again) {
            if resolved {
                inhibitor.over(key);
            } else {
                inhibitor.note(now.tick, alert, key);
            }
        }
        let flapping = match &self.flap {
            None => None,
            Some(_) if again => self.marks.flap_holds(now.tick, key),
            Some(flap) => self
                .marks
                .flapping(now.tick, key, resolved, alert.level, flap),
        };
        let flapping = flapping.map(|until| (Suppressed::Flapping, until));
        if resolved {
            // Whoever was told that it fires hears of its end, silence or not.
            return flapping;
        }
        if let Some(until) = self.silences.hold(now, alert, key) {
            return Some((Suppressed::Silence, until));
        }
        let hides = |inhibitor: &Inhibitor| inhibitor.hides(now.tick, alert, key);
        match self.inhibitor.as_ref().and_then(hides) {
            Some(until) => Some((Suppressed::Inhibited, until)),
            None => flapping,
        }
    }

    fn firing_routes(&mut self, now: Now, alert: &Alert, ask: Ask, decision: &mut Decision) {
        let (key, hushed) = (Arc::clone(&decision.key), decision.hushed);
        let mut seen = 0_u64;
        let mut matched = false;
        let entry = self.marks.entry(now.tick, &key);
        let worse: Vec<usize> = entry.told_worse(alert.level).collect();
        let repeat = self.repeat.filter(|_| alert.lasts.is_none());
        let mut question = Question {
            tick: now.tick,
            channel: 0,
            targets: 1,
            level: alert.level,
            cooldown: self.cooldown,
            hushed: None,
            repeat,
            remind: None,
            ask,
        };
        for (rule_place, compiled) in self.rules.iter().enumerate() {
            let rule = &compiled.rule;
            if !rule.concerns(alert, &key) {
                continue;
            }
            decision.next = earlier(decision.next, rule.next_change(now));
            if !rule.is_active(now.wall) {
                continue;
            }
            matched = true;
            if decision.escalates.is_none() && !compiled.escalations.is_empty() {
                decision.escalates = Some(rule_place);
            }
            question.cooldown = rule.cooldown.unwrap_or(self.cooldown);
            question.repeat = rule.repeat.unwrap_or(repeat);
            question.remind = rule.remind;
            for &channel in &compiled.channels {
                let place = usize::from(channel);
                let deaf = alert.level < self.least[place] && !worse.contains(&place);
                if deaf || seen & (1 << channel) != 0 {
                    continue;
                }
                seen |= 1 << channel;
                question.channel = channel;
                question.targets = self.channels[usize::from(channel)].targets;
                question.hushed = hushed.or_else(|| disabled(self.disabled, channel));
                let mut quiet_until = None;
                let verdict = entry.decide(&question, || {
                    let held = held_for(rule, now, alert.level);
                    if let Held::Quiet(until) = held {
                        quiet_until = Some(until);
                    }
                    held
                });
                decision.until = earlier(decision.until, quiet_until);
                decision.next = earlier(decision.next, entry.next_telling(&question));
                decision.add(place, Some(rule_place), verdict);
            }
            if !rule.proceed {
                break;
            }
        }
        question.cooldown = self.cooldown;
        (question.repeat, question.remind) = (repeat, None);
        // Without a rule everybody is told; and whoever believes something worse, rules or not.
        for (place, spec) in self.channels.iter().enumerate() {
            let channel = u8::try_from(place).unwrap_or(u8::MAX);
            let hears = !matched && alert.level >= self.least[place];
            let asked = hears || worse.contains(&place);
            if !asked || seen & (1 << channel) != 0 {
                continue;
            }
            question.channel = channel;
            question.targets = spec.targets;
            question.hushed = hushed.or_else(|| disabled(self.disabled, channel));
            let verdict = entry.decide(&question, || Held::No);
            decision.next = earlier(decision.next, entry.next_telling(&question));
            decision.add(place, None, verdict);
        }
    }

    /// A resolve goes where the alert went, rules or not.
    fn resolve_routes(&mut self, now: Now, ask: Ask, decision: &mut Decision) {
        let entry = self.marks.entry(now.tick, &decision.key);
        for (place, spec) in self.channels.iter().enumerate() {
            let channel = u8::try_from(place).unwrap_or(u8::MAX);
            let held = decision.hushed.or_else(|| disabled(self.disabled, channel));
            let verdict = entry.resolve(channel, spec.targets, held, ask.again);
            if let Some(verdict) = verdict {
                decision.routes.push(Route {
                    channel: place,
                    rule: None,
                    verdict,
                });
            }
        }
    }

    /// Where an alert about the channel `about` goes: every other channel that is on and was not told
    /// lately.
    pub(crate) fn decide_meta(&mut self, now: Now, alert: &Alert, about: usize) -> MetaDecision {
        let key: Arc<str> = Arc::from(alert.dedup_key());
        let entry = self.marks.entry(now.tick, &key);
        let mut routes = Vec::new();
        for (place, spec) in self.channels.iter().enumerate() {
            let channel = u8::try_from(place).unwrap_or(u8::MAX);
            let deaf = alert.level < self.least[place];
            if place == about || deaf || disabled(self.disabled, channel).is_some() {
                continue;
            }
            let question = Question {
                tick: now.tick,
                channel,
                targets: spec.targets,
                level: alert.level,
                cooldown: self.cooldown,
                hushed: None,
                repeat: None,
                remind: None,
                ask: Ask::default(),
            };
            let verdict = entry.decide(&question, || Held::No);
            if let Some(Verdict::Deliver { ticket, .. }) = verdict {
                routes.push((place, self.cooldown, ticket));
            }
        }
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

    /// Notes that a channel is told of a firing key on a way of its own, an escalation or a fallback,
    /// so that it hears of the end as well. Gives the ticket.
    pub fn tell(
        &mut self,
        tick: Tick,
        key: &Arc<str>,
        channel: usize,
        level: AlertLevel,
        cooldown: Duration,
    ) -> u32 {
        let targets = self.channels.get(channel).map_or(1, |spec| spec.targets);
        let place = u8::try_from(channel).unwrap_or(u8::MAX);
        self.marks
            .entry(tick, key)
            .tell(place, targets, level, cooldown)
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

    /// Whether a channel's readers believe that the key fires because a digest said so.
    #[must_use]
    pub fn was_gathered(&self, key: &str, channel: usize) -> bool {
        self.marks
            .peek(key, channel)
            .is_some_and(marks::Mark::gathered)
    }

    /// Whether a channel's readers believe of any key that it fires because a digest said so.
    #[must_use]
    pub fn believes_digest(&self, channel: usize) -> bool {
        self.marks.any_gathered(channel)
    }

    /// An alert still fires: it goes on hiding others.
    pub(crate) fn confirm(&mut self, tick: Tick, alert: &Alert, key: &Arc<str>) {
        if let Some(inhibitor) = &mut self.inhibitor {
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
        if let Some(flap) = &self.flap {
            let until = until.min(now.tick.after(flap.window));
            let flap = Flap::held(until, level, resolved);
            self.marks.recover_flap(now.tick, key, flap);
        }
    }

    /// Whether the silence of this id holds now.
    pub(crate) fn silence_holds(&self, now: Now, id: &str) -> bool {
        self.silences.holds_now(now, id)
    }

    /// The alert of the key was put into a digest on the channel: told, for the cooldown's purposes.
    pub fn digested(&mut self, tick: Tick, key: &str, channel: usize, ticket: u32) {
        if let Some(mark) = self.marks.mark(key, channel) {
            mark.digested(tick, ticket);
        }
    }

    /// Sets a cooldown as it was before a restart.
    pub fn recover(&mut self, tick: Tick, past: PastMark) {
        self.marks.recover(tick, past);
    }

    /// The key is firing as far as the channel's readers know.
    pub(crate) fn recover_firing(
        &mut self,
        tick: Tick,
        key: &Arc<str>,
        channel: usize,
        level: AlertLevel,
    ) {
        self.marks.firing(tick, key, channel, level);
    }

    /// Adds a silence; false when there are too many.
    pub fn silence(&mut self, now: Now, silence: Silence) -> bool {
        self.silences.add(now, silence)
    }

    /// Ends a silence; false when there is none of that id.
    pub fn unsilence(&mut self, id: &str) -> bool {
        self.silences.remove(id)
    }

    /// The names of the hours that a silence may be limited to.
    pub fn hours(&self) -> impl Iterator<Item = &str> {
        self.silences.hours()
    }

    /// The silences that have not ended.
    pub fn silences(&self, now: Now) -> impl Iterator<Item = &Silence> {
        self.silences.live(now)
    }

    /// Switches a channel off (its alerts stay in the history) or on again.
    pub fn set_enabled(&mut self, channel: usize, enabled: bool) {
        let bit = 1_u64 << (channel % MAX_CHANNELS);
        if enabled {
            self.disabled &= !bit;
        } else {
            self.disabled |= bit;
        }
    }

    /// Whether a channel is on.
    #[must_use]
    pub fn is_enabled(&self, channel: usize) -> bool {
        self.disabled & (1 << (channel % MAX_CHANNELS)) == 0
    }

    /// The escalation steps of a rule: how long after the first message, and to which channels.
    #[must_use]
    pub fn escalations(&self, rule: usize) -> &[(Duration, Vec<usize>)] {
        self.rules
            .get(rule)
            .map_or(&[], |compiled| compiled.escalations.as_slice())
    }

    /// Whether a channel is told of alerts of this level at all.
    #[must_use]
    pub fn hears(&self, channel: usize, level: AlertLevel) -> bool {
        self.least.get(channel).is_none_or(|least| level >= *least)
    }

    /// The name of a rule.
    #[must_use]
    pub fn rule_id(&self, rule: usize) -> Option<&str> {
        self.rules
            .get(rule)
            .map(|compiled| compiled.rule.id.as_str())
    }

    /// How long an alert stays quiet on a channel where no rule says otherwise.
    #[must_use]
    pub const fn cooldown(&self) -> Duration {
        self.cooldown
    }

    /// The place of a rule.
    #[must_use]
    pub fn rule_index(&self, id: &str) -> Option<usize> {
        self.rules.iter().position(|rule| rule.rule.id == id)
    }

    /// Rules that are on, and all rules.
    #[must_use]
    pub fn rule_counts(&self) -> (usize, usize) {
        let active = self.rules.iter().filter(|rule| rule.rule.enabled).count();
        (active, self.rules.len())
    }

    /// Keys remembered now, and keys forgotten because there were too many.
    #[must_use]
    pub fn key_counts(&self) -> (usize, u64) {
        (self.marks.len(), self.marks.evicted())
    }
}

/// Where an alert about a channel goes, how long it is quiet there then, and the ticket.
#[derive(Debug)]
pub(crate) struct MetaDecision {
    pub(crate) key: Arc<str>,
    pub(crate) routes: Vec<(usize, Duration, u32)>,
}

/// A cooldown or a firing state that outlives a restart.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PastMark {
    /// What the alert goes by.
    pub key: Arc<str>,
    /// The channel's place.
    pub channel: usize,
    /// The level that was told.
    pub level: AlertLevel,
    /// When it arrived.
    pub at: Tick,
    /// How long a cooldown of it is.
    pub cooldown: Duration,
    /// Deliveries still on their way.
    pub outstanding: u16,
    /// Alerts of the key held back since.
    pub suppressed: u64,
    /// Whether the last message said that it is firing.
    pub firing: bool,
    /// Whether that was in a digest.
    pub gathered: bool,
}

impl Decision {
    fn add(&mut self, channel: usize, rule: Option<usize>, verdict: Option<Verdict>) {
        if let Some(verdict) = verdict {
            self.routes.push(Route {
                channel,
                rule,
                verdict,
            });
        }
    }
}

fn earlier(a: Option<Tick>, b: Option<Tick>) -> Option<Tick> {
    match (a, b) {
        (Some(a), Some(b)) => Some(a.min(b)),
        (a, b) => a.or(b),
    }
}

fn disabled(mask: u64, channel: u8) -> Option<Suppressed> {
    (mask & (1 << channel) != 0).then_some(Suppressed::Disabled)
}

/// What a rule's quiet time or digest does with an alert that would go out.
enum Held {
    No,
    Quiet(Tick),
    Until(Tick),
}

fn held_for(rule: &AlertRule, now: Now, level: AlertLevel) -> Held {
    if level == AlertLevel::Critical {
        return Held::No;
    }
    if let Some((schedule, then)) = &rule.quiet
        && schedule.contains(now.wall)
    {
        let end = quiet_end(schedule.next_change(now.wall), now);
        return match then {
            Quiet::Suppress => Held::Quiet(end),
            Quiet::Digest => Held::Until(end),
        };
    }
    match rule.digest {
        Some(every) => Held::Until(now.tick.after(every)),
        None => Held::No,
    }
}

/// A schedule that cannot say when it ends is asked again this often.
const UNKNOWN_QUIET: Duration = Duration::from_secs(3_600);
/// No digest waits longer, whatever a schedule says.
const LONGEST_QUIET: Duration = Duration::from_secs(4 * 86_400);

fn quiet_end(change: Option<jiff::Timestamp>, now: Now) -> Tick {
    match change {
        Some(at) => now
            .tick_at(at)
            .clamp(now.tick, now.tick.after(LONGEST_QUIET)),
        None => now.tick.after(UNKNOWN_QUIET),
    }
}
