//! Alerts about the alerting itself.

use std::sync::Arc;

use super::{Effects, Engine};
use crate::AlertLevel;
use crate::alert::Alert;
use crate::channel::AlertStatus;
use crate::clock::Now;
use crate::event::AlertEvent;
use crate::outbox::{ChannelNews, Row, Whom};
use crate::store::{Accepted, Change};

/// The kind of an alert about the alerting itself.
pub(super) const KIND_META: &str = "alerting";

const TROUBLE: &str = "bongsu|channel|";
const LOST: &str = "bongsu|dead|";

/// Whether a key is that of an alert about a channel: nobody says that it is over, and it keeps no digest open.
pub(super) fn is_about_channel(key: &str) -> bool {
    key.starts_with(TROUBLE) || key.starts_with(LOST)
}

/// What the alert about messages that a channel lost goes by.
pub(super) fn lost_key(channel: &str) -> String {
    format!("{LOST}{channel}")
}

impl Engine {
    pub(super) fn channel_news(
        &mut self,
        now: Now,
        channel: usize,
        news: &ChannelNews,
        reason: String,
        meta: bool,
        effects: &mut Effects,
    ) {
        let id = Arc::clone(&self.channels[channel].id);
        // One of several is named; whom a channel reaches alone is the channel.
        let named = |whom: Whom| match whom {
            Whom::Channel => (String::new(), String::new()),
            Whom::Target(target) => {
                let name = &self.channels[channel].target_names[target];
                (format!(" for {name}"), format!("|{name}"))
            }
        };
        let (level, what, whom) = match *news {
            ChannelNews::Nothing => return,
            ChannelNews::Recovered => {
                let channel = id.to_string();
                effects
                    .events
                    .push(AlertEvent::ChannelRecovered { channel });
                return;
            }
            ChannelNews::Failing(whom) => (AlertLevel::Warning, "is failing", whom),
            ChannelNews::Broken(whom) => (AlertLevel::Error, "needs mending", whom),
        };
        let (whom_said, whom_key) = named(whom);
        let event = (id.to_string(), format!("{reason}{whom_said}"));
        effects.events.push(match news {
            ChannelNews::Broken(_) => AlertEvent::ChannelBroken {
                channel: event.0,
                reason: event.1,
            },
            _ => AlertEvent::ChannelFailing {
                channel: event.0,
                reason: event.1,
            },
        });
        self.detour_waiting(now, channel, whom, effects);
        if !meta {
            let title = format!("Alert channel {id} {what}{whom_said}");
            let key = format!("{TROUBLE}{id}{whom_key}");
            let alert = Alert::new(level, title, reason, "bongsu").key(key);
            self.meta_alert(now, channel, alert, effects);
        }
    }

    /// An alert about a channel, for every other channel.
    pub(super) fn meta_alert(
        &mut self,
        now: Now,
        about: usize,
        alert: Alert,
        effects: &mut Effects,
    ) {
        let alert = alert
            .kind(KIND_META)
            .tag("alerting")
            .timestamp(now.wall)
            .event()
            .metadata("channel", self.channels[about].id.to_string());
        let decision = self.policy.decide_meta(now, &alert, about);
        if decision.routes.is_empty() {
            return;
        }
        self.counters.meta_alerts += 1;
        let accepted = Arc::new(Accepted {
            id: self.ulid(now),
            alert,
            key: decision.key,
            status: AlertStatus::Firing,
            at: now.wall,
        });
        let mut deliveries = Vec::new();
        for (channel, cooldown, ticket) in decision.routes {
            for place in self.places_of(channel) {
                if let Some(waiting) = self.waits_already(place, cooldown, &accepted) {
                    deliveries.extend(self.renew(now, waiting, ticket));
                    continue;
                }
                let id = self.ulid(now);
                let row = Row {
                    ticket,
                    ..self.new_row(now, &accepted, place, cooldown)
                };
                deliveries.push(self.add(now, id, row, "alerting"));
            }
        }
        effects.changes.push(Change::Accept {
            accepted,
            deliveries,
        });
    }
}
