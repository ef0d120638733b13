//! Whom the rules name, and what each channel is owed.

use std::time::Duration;

use super::key::{KeyState, Question};
use super::{Ask, ChannelSpec, Decision, MAX_CHANNELS, Suppressed, Verdict};
use crate::AlertLevel;
use crate::alert::Alert;
use crate::clock::{Now, Tick};
use crate::rule::{AlertRule, Escalation, Quiet};

#[derive(Debug)]
struct CompiledRule {
    rule: AlertRule,
    channels: Vec<u8>,
    escalations: Vec<(Duration, Vec<usize>)>,
}

/// Rules, and what holds on a channel whatever they say.
#[derive(Debug)]
pub(super) struct Routes {
    rules: Vec<CompiledRule>,
    /// By channel.
    least: Vec<AlertLevel>,
    channels: Vec<ChannelSpec>,
    disabled: u64,
    pub(super) cooldown: Duration,
    pub(super) repeat: Option<Duration>,
}

impl Routes {
    pub(super) const fn new(
        channels: Vec<ChannelSpec>,
        cooldown: Duration,
        repeat: Option<Duration>,
    ) -> Self {
        Self {
            rules: Vec::new(),
            least: Vec::new(),
            channels,
            disabled: 0,
            cooldown,
            repeat,
        }
    }

    /// Replaces rules and least levels.
    pub(super) fn reroute(
        &mut self,
        rules: impl Iterator<Item = AlertRule>,
        least: &[&(String, AlertLevel)],
    ) {
        self.rules = rules.map(|rule| compiled(rule, &self.channels)).collect();
        let least_of = |channel: &ChannelSpec| {
            let named = least.iter().filter(|(id, _)| *id == channel.id);
            let least = named.map(|(_, level)| *level).max();
            least.unwrap_or(AlertLevel::Info)
        };
        self.least = self.channels.iter().map(least_of).collect();
    }

    /// Who looks after an alert, by the first rule that applies and says it.
    pub(super) fn owner(&self, now: Now, alert: &Alert, key: &str) -> Option<&str> {
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

    /// What each channel is owed of an alert that fires.
    pub(super) fn firing(
        &self,
        (now, ticket, ask): (Now, u32, Ask),
        alert: &Alert,
        entry: &mut KeyState,
        decision: &mut Decision,
    ) {
        let hushed = decision.hushed;
        let mut seen = 0_u64;
        let mut matched = false;
        let worse = entry.told_worse(alert.level);
        let repeat = self.repeat.filter(|_| alert.lasts.is_none());
        let mut question = Question {
            tick: now.tick,
            ticket,
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
            if !rule.concerns(alert, &decision.key) {
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
                let bit = 1 << channel;
                let deaf = alert.level < self.least[place] && worse & bit == 0;
                if deaf || seen & bit != 0 {
                    continue;
                }
                seen |= bit;
                question.channel = channel;
                question.targets = self.channels[place].targets;
                question.hushed = hushed.or_else(|| self.off(place));
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
        if matched && worse & !seen == 0 {
            return;
        }
        question.cooldown = self.cooldown;
        (question.repeat, question.remind) = (repeat, None);
        // Without a rule everybody is told; and whoever believes something worse, rules or not.
        for (place, channel) in places(&self.channels) {
            let bit = 1 << channel;
            let hears = !matched && alert.level >= self.least[place];
            let asked = hears || worse & bit != 0;
            if !asked || seen & bit != 0 {
                continue;
            }
            question.channel = channel;
            question.targets = self.channels[place].targets;
            question.hushed = hushed.or_else(|| self.off(place));
            let verdict = entry.decide(&question, || Held::No);
            decision.next = earlier(decision.next, entry.next_telling(&question));
            decision.add(place, None, verdict);
        }
    }

    /// An end goes where the alert went, rules or not.
    pub(super) fn ended(
        &self,
        ticket: u32,
        ask: Ask,
        entry: &mut KeyState,
        decision: &mut Decision,
    ) {
        for (place, channel) in places(&self.channels) {
            let held = decision.hushed.or_else(|| self.off(place));
            let targets = self.channels[place].targets;
            let verdict = entry.resolve(ticket, (channel, targets), held, ask.again);
            decision.add(place, None, verdict);
        }
    }

    /// Where an alert about the channel `about` goes: every other channel that is on and was not told
    /// lately.
    pub(super) fn about_channel(
        &self,
        (now, ticket): (Now, u32),
        alert: &Alert,
        about: usize,
        entry: &mut KeyState,
    ) -> Vec<(usize, Duration, u32)> {
        let mut told = Vec::new();
        for (place, channel) in places(&self.channels) {
            let deaf = alert.level < self.least[place];
            if place == about || deaf || self.off(place).is_some() {
                continue;
            }
            let question = Question {
                tick: now.tick,
                ticket,
                channel,
                targets: self.channels[place].targets,
                level: alert.level,
                cooldown: self.cooldown,
                hushed: None,
                repeat: None,
                remind: None,
                ask: Ask::default(),
            };
            let verdict = entry.decide(&question, || Held::No);
            if let Some(Verdict::Deliver { ticket, .. }) = verdict {
                told.push((place, self.cooldown, ticket));
            }
        }
        told
    }

    pub(super) fn targets(&self, channel: usize) -> u16 {
        self.channels.get(channel).map_or(1, |spec| spec.targets)
    }

    pub(super) fn set_enabled(&mut self, channel: usize, enabled: bool) {
        let bit = 1_u64 << (channel % MAX_CHANNELS);
        if enabled {
            self.disabled &= !bit;
        } else {
            self.disabled |= bit;
        }
    }

    pub(super) const fn is_enabled(&self, channel: usize) -> bool {
        self.disabled & (1 << (channel % MAX_CHANNELS)) == 0
    }

    fn off(&self, channel: usize) -> Option<Suppressed> {
        (!self.is_enabled(channel)).then_some(Suppressed::Disabled)
    }

    pub(super) fn escalations(&self, rule: usize) -> &[(Duration, Vec<usize>)] {
        let rule = self.rules.get(rule);
        rule.map_or(&[], |compiled| compiled.escalations.as_slice())
    }

    pub(super) fn hears(&self, channel: usize, level: AlertLevel) -> bool {
        self.least.get(channel).is_none_or(|least| level >= *least)
    }

    pub(super) fn rules(&self) -> impl Iterator<Item = &AlertRule> {
        self.rules.iter().map(|compiled| &compiled.rule)
    }
}

/// The channels, as lists and as marks count them.
fn places(channels: &[ChannelSpec]) -> impl Iterator<Item = (usize, u8)> {
    (0..channels.len()).zip(0_u8..)
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

fn earlier(a: Option<Tick>, b: Option<Tick>) -> Option<Tick> {
    match (a, b) {
        (Some(a), Some(b)) => Some(a.min(b)),
        (a, b) => a.or(b),
    }
}

/// What a rule's quiet time or digest does with an alert that would go out.
pub(super) enum Held {
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
