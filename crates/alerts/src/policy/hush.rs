//! What holds an alert back on every channel, and until when.

use super::flap::FlapConfig;
use super::inhibit::Inhibitor;
use super::key::KeyState;
use super::silence::Silences;
use super::{Ask, Suppressed};
use crate::alert::Alert;
use crate::clock::{Now, Tick};
use std::sync::Arc;

#[derive(Debug)]
pub(super) struct Hush {
    pub(super) silences: Silences,
    pub(super) inhibitor: Option<Inhibitor>,
    pub(super) flap: Option<FlapConfig>,
}

impl Hush {
    /// Notes what came, unless nobody sent anything, and gives what holds it back.
    pub(super) fn of(
        &mut self,
        now: Now,
        (alert, key, resolved): (&Alert, &Arc<str>, bool),
        ask: Ask,
        entry: &mut KeyState,
    ) -> Option<(Suppressed, Tick)> {
        if let Some(inhibitor) = self.inhibitor.as_mut().filter(|_| !ask.again) {
            if resolved {
                inhibitor.over(key);
            } else {
                inhibitor.note(now.tick, alert, key);
            }
        }
        let flapping = match &self.flap {
            None => None,
            Some(_) if ask.again => entry.flap_holds(now.tick),
            Some(flap) => entry.flapping(now.tick, resolved, alert.level, flap),
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
}
