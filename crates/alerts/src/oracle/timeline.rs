//! What may happen, in any order, and the shortest order that still fails.

use bongsu_trace::random::SplitMix;

use crate::AlertLevel;

/// How a target takes what is sent to it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Mood {
    Well,
    /// 503.
    Away,
    /// Asks for a pause.
    Busy,
    /// The answer is lost, after it arrived.
    Mute,
    /// The answer is lost, and it did not arrive.
    Deaf,
    TargetBroken,
    ChannelBroken,
    /// Refuses for good what comes now.
    Refuses,
}

/// What a silence is about.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum About {
    Key(usize),
    All,
    Mild,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Step {
    Fire(usize, AlertLevel),
    End(usize),
    /// A watcher says which of its conditions hold, one level a bit pair.
    Sync(u8),
    /// Minutes until it begins, and how long it lasts.
    Silence(About, u16, u16),
    Unsilence(usize),
    Acknowledge(usize),
    Unacknowledge(usize),
    Switch(usize, bool),
    Mood(usize, Mood),
    /// Seconds.
    Pass(u32),
    /// The wall clock is set by minutes.
    Jump(i16),
    /// Which replica, if there is a second; with what was written last, or without what nobody waited for.
    Restart(usize, bool),
    /// Everything works, nothing happens, and what should be known is looked at.
    Check,
}

const STEPS: u64 = 40;

/// The timeline of a seed.
pub(super) fn timeline(seed: u64) -> Vec<Step> {
    let mut random = SplitMix::new(seed.wrapping_mul(0x9e37_79b9_7f4a_7c15));
    let mut steps: Vec<Step> = (0..STEPS).map(|_| step(&mut random)).collect();
    steps.push(Step::Check);
    steps
}

fn below(random: &mut SplitMix, bound: u64) -> usize {
    usize::try_from(random.word() % bound).unwrap_or(0)
}

fn step(random: &mut SplitMix) -> Step {
    let minutes = |random: &mut SplitMix, most| u16::try_from(below(random, most)).unwrap_or(0);
    match below(random, 100) {
        0..26 => {
            let level = [0, 1, 1, 2, 2, 3, 3, 3][below(random, 8)];
            Step::Fire(
                below(random, super::plain::KEYS.len() as u64),
                AlertLevel::from_index(level),
            )
        }
        26..38 => Step::End(below(random, super::plain::KEYS.len() as u64)),
        38..42 => Step::Sync(u8::try_from(below(random, 256)).unwrap_or(0)),
        42..48 => {
            let about = match below(random, 4) {
                0 => About::All,
                1 => About::Mild,
                _ => About::Key(below(random, super::plain::KEYS.len() as u64)),
            };
            let starts = if below(random, 3) == 0 {
                minutes(random, 30)
            } else {
                0
            };
            Step::Silence(about, starts, 1 + minutes(random, 90))
        }
        48..51 => Step::Unsilence(below(random, 4)),
        51..54 => Step::Acknowledge(below(random, super::plain::KEYS.len() as u64)),
        54..56 => Step::Unacknowledge(below(random, super::plain::KEYS.len() as u64)),
        56..58 => Step::Switch(below(random, 3), below(random, 2) == 0),
        58..67 => {
            use Mood::{Away, Busy, ChannelBroken, Deaf, Mute, Refuses, TargetBroken, Well};
            let moods = [
                Well,
                Well,
                Away,
                Away,
                Busy,
                Mute,
                Deaf,
                TargetBroken,
                ChannelBroken,
                Refuses,
            ];
            Step::Mood(below(random, 4), moods[below(random, 10)])
        }
        67..91 => {
            let most = [2, 10, 60, 600, 3_600, 3 * 3_600][below(random, 6)];
            Step::Pass(1 + u32::try_from(below(random, most)).unwrap_or(0))
        }
        91..93 => Step::Jump(i16::try_from(below(random, 600)).unwrap_or(0) - 300),
        93..97 => Step::Restart(below(random, 2), below(random, 2) == 0),
        _ => Step::Check,
    }
}

/// Drops steps as long as what is left fails.
pub(super) fn shrink(
    mut steps: Vec<Step>,
    mut wrong: String,
    fails: impl Fn(&[Step]) -> Option<String>,
) -> (Vec<Step>, String) {
    let mut chunk = steps.len() / 2;
    while chunk > 0 {
        let mut from = 0;
        while from < steps.len() {
            let mut fewer = steps.clone();
            fewer.drain(from..(from + chunk).min(steps.len()));
            match fails(&fewer) {
                Some(still) => (steps, wrong) = (fewer, still),
                None => from += chunk,
            }
        }
        chunk /= 2;
    }
    (steps, wrong)
}
