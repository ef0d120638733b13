//! Timelines in which engine and sentence disagreed once, as short as they would get.

mod several;
mod single;

use super::play;
use super::timeline::Step;

fn agrees(rules: u64, steps: &[Step]) {
    assert_eq!(play(rules, 1, steps), Ok(()));
}

fn replicas_agree(rules: u64, steps: &[Step]) {
    assert_eq!(play(rules, 2, steps), Ok(()));
}
