//! The sentence behind the engine, said a second time, plainly: **what is true, and not suppressed now,
//! has been told to everyone whom the rules name now; whoever was told of it hears of its end.** Random
//! timelines in which engine and sentence have to agree, with a real store under the restarts.
//!
//! `BONGSU_TEST_ORACLE_STEPS` sets how many steps are taken, `BONGSU_TEST_ORACLE_SEED` the first timeline.
#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

mod cases;
mod plain;
mod readers;
mod shared;
mod timeline;
mod world;

use bongsu_testkit::asked;
use timeline::{Step, shrink, timeline};
use world::World;

const STEPS: &str = "BONGSU_TEST_ORACLE_STEPS";
const SEED: &str = "BONGSU_TEST_ORACLE_SEED";

/// Plays a timeline; gives what is wrong, if anything is.
fn play(rules: u64, replicas: u64, steps: &[Step]) -> Result<(), String> {
    let mut world = World::new(rules, replicas);
    for (place, step) in steps.iter().enumerate() {
        world.step(*step);
        if let Some(wrong) = world.wrong.first() {
            return Err(format!("step {place} {step:?}: {wrong}"));
        }
    }
    Ok(())
}

/// Plays timelines of the seeds from `seed` on, so many steps in all.
fn agree(replicas: u64, mut seed: u64, mut left: u64) {
    while left > 0 {
        let steps = timeline(seed);
        left = left.saturating_sub(steps.len() as u64);
        if let Err(wrong) = play(seed, replicas, &steps) {
            let (steps, wrong) = shrink(steps, wrong, |steps| play(seed, replicas, steps).err());
            let steps: Vec<String> = steps.iter().map(|step| format!("{step:?},")).collect();
            panic!("rules {seed}: {wrong}\n{}", steps.join("\n"));
        }
        seed += 1;
    }
}

#[test]
fn engine_and_sentence_agree() {
    agree(1, asked(SEED, 1), asked(STEPS, 3_000));
}

#[test]
fn two_replicas_and_the_sentence_agree() {
    agree(2, asked(SEED, 1), asked(STEPS, 3_000) / 2);
}
