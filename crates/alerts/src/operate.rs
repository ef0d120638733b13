//! What people do: acknowledge, silence, switch off, ask what would happen.

use std::time::Duration;

use crate::alert::Alert;
use crate::builder::BuildError;
use crate::clock::Now;
use crate::engine::{ChannelDecision, Engine, What};
use crate::manager::{AlertManager, ManageError, SHARED_PATIENCE};
use crate::policy::{Decision, Silence, Suppressed, Verdict};
use crate::routing::{Defaults, Routing};
use crate::rule::Matcher;
use crate::store::Change;

/// How long an acknowledgment is shared between replicas.
const KEEP_ACKNOWLEDGMENT: Duration = Duration::from_secs(72 * 3_600);

/// What would become of an alert; see [`AlertManager::explain`].
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct Explanation {
    /// What it goes by.
    pub key: String,
    /// What holds it back on every channel.
    pub held: Option<Suppressed>,
    /// When that, or what holds it back on one of them, ends by itself.
    pub held_until: Option<jiff::Timestamp>,
    /// What would happen on each channel, by which rule and why.
    pub channels: Vec<ChannelDecision>,
    /// How long after the first message who would be told if nobody acknowledged.
    pub escalations: Vec<(Duration, Vec<String>)>,
    /// How long the same alert would stay quiet where it goes out.
    pub cooldown: Option<Duration>,
    /// Who looks after it, by the rules.
    pub owner: Option<String>,
}

impl AlertManager {
    /// Notes that somebody knows: it is neither repeated nor escalated, on any replica, until it ends
    /// or gets worse.
    ///
    /// # Errors
    /// [`ManageError::NotFiring`] when nothing of the key fires here.
    pub async fn acknowledge(&self, key: &str, by: &str) -> Result<(), ManageError> {
        let now = self.core.clock.now();
        let effects = self.core.engine().acknowledge(now, key, by);
        if let Some(replicas) = &self.core.replicas {
            let shared = replicas.acknowledge(key, by, KEEP_ACKNOWLEDGMENT);
            self.shared(shared).await;
        }
        self.changed(effects, key).await
    }

    /// Takes an acknowledgment back: the clock of the escalation starts anew.
    ///
    /// # Errors
    /// [`ManageError::NotFiring`] when nothing of the key fires here.
    pub async fn unacknowledge(&self, key: &str, by: &str) -> Result<(), ManageError> {
        let now = self.core.clock.now();
        let effects = self.core.engine().unacknowledge(now, key, by);
        if let Some(replicas) = &self.core.replicas {
            self.shared(replicas.forget(key)).await;
        }
        self.changed(effects, key).await
    }

    async fn shared(&self, call: impl Future<Output = Result<(), crate::shared::SharedError>>) {
        let done = tokio::time::timeout(SHARED_PATIENCE, call).await;
        if !matches!(done, Ok(Ok(()))) {
            self.core.engine().counters.shared_unreachable += 1;
        }
    }

    async fn changed(
        &self,
        effects: Option<crate::engine::Effects>,
        key: &str,
    ) -> Result<(), ManageError> {
        let effects = effects.ok_or_else(|| ManageError::NotFiring {
            key: key.to_owned(),
        })?;
        self.core.wake.notify_one();
        self.core.tell(effects.events);
        self.commit(effects.changes).await
    }

    /// Keeps whoever would be told of matching alerts from being told until the silence ends. They
    /// fire all the same; what still fires at its end is told then, and the end of what was told
    /// before is told at once.
    ///
    /// # Errors
    /// [`ManageError::Silence`] when it ends in the past or before it begins, names hours that the
    /// manager does not know, or there are too many.
    pub async fn silence(&self, silence: Silence) -> Result<String, ManageError> {
        let now = self.core.clock.now();
        let refused = |reason: &str| {
            let reason = reason.to_owned();
            Err(ManageError::Silence { reason })
        };
        if silence.until <= now.wall {
            return refused("it ends in the past");
        }
        if silence.starts.is_some_and(|starts| starts >= silence.until) {
            return refused("it ends before it begins");
        }
        let known = self.hours();
        if let Some(name) = silence.during.as_ref().filter(|it| !known.contains(it)) {
            let known = match known.is_empty() {
                true => "none is known here".to_owned(),
                false => format!("known: {}", known.join(", ")),
            };
            return refused(&format!("it names the unknown hours {name:?} ({known})"));
        }
        let id = silence.id.clone();
        if !self.core.engine().silence(now, silence.clone()) {
            return refused("there are too many");
        }
        self.core.wake.notify_one();
        self.commit(vec![Change::Silence(silence)]).await?;
        Ok(id)
    }

    /// Ends a silence early; false when there is none of that id. What it held back, and still fires,
    /// is told.
    ///
    /// # Errors
    /// [`ManageError::Store`].
    pub async fn unsilence(&self, id: &str) -> Result<bool, ManageError> {
        let now = self.core.clock.now();
        let there = self.core.engine().unsilence(now, id);
        self.core.wake.notify_one();
        if there {
            self.commit(vec![Change::Unsilence(id.to_owned())]).await?;
        }
        Ok(there)
    }

    /// The silences that have not ended.
    #[must_use]
    pub fn silences(&self) -> Vec<Silence> {
        let now = self.core.clock.now();
        self.core.engine().policy.silences(now).cloned().collect()
    }

    /// The keys of the firing alerts that a silence holds back now; none when there is no silence of
    /// that id.
    #[must_use]
    pub fn silenced_by(&self, id: &str) -> Option<Vec<String>> {
        let now = self.core.clock.now();
        let engine = self.core.engine();
        let silence = engine.policy.silences(now).find(|it| it.id == id)?.clone();
        Some(engine.silenced_by(now, &silence))
    }

    /// Whether the silence of this id holds now: it has begun, and it is in its hours.
    #[must_use]
    pub fn silence_holds(&self, id: &str) -> bool {
        let now = self.core.clock.now();
        self.core.engine().policy.silence_holds(now, id)
    }

    /// The silence of this service that says that it is a maintenance: the one that holds now, else the next
    /// to come. It is kept as every silence is, so that it outlives the process and ends by itself; whoever
    /// decides whether the service is ready asks for it.
    #[must_use]
    pub fn maintenance(&self) -> Option<(Silence, bool)> {
        let now = self.core.clock.now();
        let engine = self.core.engine();
        let all = engine.policy.silences(now).filter(|it| it.maintenance);
        let seen = all.map(|it| (it, engine.policy.silence_holds(now, &it.id)));
        let first = seen.min_by_key(|(it, holds)| (!holds, it.starts, it.until));
        first.map(|(it, holds)| (it.clone(), holds))
    }

    /// The firing alerts that a silence would hold back whenever it holds, by their keys: what it is
    /// about, before it is made.
    #[must_use]
    pub fn matching(&self, matcher: &Matcher) -> Vec<String> {
        self.core.engine().matching(matcher)
    }

    /// The names of the hours that a silence may be limited to; see
    /// [`AlertManagerBuilder::hours`](crate::AlertManagerBuilder::hours).
    #[must_use]
    pub fn hours(&self) -> Vec<String> {
        let engine = self.core.engine();
        engine.policy.hours().map(str::to_owned).collect()
    }

    /// Replaces the routing that the builder was given: rules, least levels, standing silences, defaults. What was
    /// told, every cooldown and every escalation under way stay; what the new rules owe of what fires is
    /// told at once. Refused as a whole when anything of it is wrong.
    ///
    /// # Errors
    /// [`BuildError::Invalid`] names every mistake at once; the routing before holds on.
    pub fn reroute(&self, routing: Routing) -> Result<(), BuildError> {
        self.check_routing(&routing)?;
        let now = self.core.clock.now();
        self.core.engine().reroute(now, routing);
        self.core.wake.notify_one();
        Ok(())
    }

    /// Whether [`AlertManager::reroute`] would take this; nothing is changed.
    ///
    /// # Errors
    /// [`BuildError::Invalid`] names every mistake at once.
    pub fn check_routing(&self, routing: &Routing) -> Result<(), BuildError> {
        let (channels, hours) = (self.channel_ids(), self.hours());
        let engine = self.core.engine();
        let problems = routing.problems(engine.policy.own_rules(), &channels, &hours);
        match problems.is_empty() {
            true => Ok(()),
            false => Err(BuildError::Invalid { problems }),
        }
    }

    /// What holds now where no rule says otherwise.
    #[must_use]
    pub fn defaults(&self) -> Defaults {
        self.core.engine().defaults()
    }

    /// Switches a channel off, or on again. What it has missed, and still fires, is told then.
    ///
    /// # Errors
    /// [`ManageError::UnknownChannel`].
    pub fn set_channel_enabled(&self, channel: &str, enabled: bool) -> Result<(), ManageError> {
        let place = self.place(channel)?;
        let now = self.core.clock.now();
        self.core.engine().set_enabled(now, place, enabled);
        self.core.wake.notify_one();
        Ok(())
    }

    /// What would become of an alert if it were sent now: which rules and channels, what holds it
    /// back, who would be told if nobody acknowledged. Nothing is done, counted or remembered.
    #[must_use]
    pub fn explain(&self, alert: &Alert) -> Explanation {
        let now = self.core.clock.now();
        explanation(&mut self.core.engine(), now, alert)
    }
}

/// What would become of an alert; see [`AlertManager::explain`].
pub(crate) fn explanation(engine: &mut Engine, now: Now, alert: &Alert) -> Explanation {
    let mut alert = alert.clone();
    crate::limits::fit(&mut alert);
    let Decision {
        key,
        routes,
        hushed,
        until,
        escalates,
        ..
    } = engine.explain(now, &alert);
    let name = |channel: usize| engine.channels[channel].id.to_string();
    let mut cooldown = None;
    let channels = routes
        .into_iter()
        .map(|route| ChannelDecision {
            channel: name(route.channel),
            rule: route
                .rule
                .and_then(|rule| engine.policy.rule_id(rule))
                .map(str::to_owned),
            what: match route.verdict {
                Verdict::Suppress(reason) => What::Suppress(reason),
                Verdict::Digest { cooldown: it, .. } => {
                    cooldown = cooldown.max(Some(it));
                    What::Digest {
                        delivery_ids: Vec::new(),
                    }
                }
                Verdict::Deliver {
                    why, cooldown: it, ..
                } => {
                    cooldown = cooldown.max(Some(it));
                    What::Deliver {
                        why,
                        delivery_ids: Vec::new(),
                    }
                }
            },
        })
        .collect();
    let owner = engine.policy.owner(now, &alert, &key);
    let owner = owner.map(str::to_owned);
    let steps = escalates.map_or(&[][..], |rule| engine.policy.escalations(rule));
    let named = |places: &Vec<usize>| places.iter().map(|place| name(*place)).collect();
    Explanation {
        key: key.to_string(),
        held: hushed,
        held_until: until.map(|tick| now.wall_at(tick)),
        channels,
        escalations: steps
            .iter()
            .map(|(after, places)| (*after, named(places)))
            .collect(),
        cooldown,
        owner,
    }
}
