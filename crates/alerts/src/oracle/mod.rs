//! The sentence behind the engine, said a second time, plainly: **what is true, and not suppressed now,
//! has been told to everyone whom the rules name now; whoever was told of it hears of its end.** Random
//! timelines in which engine and sentence have to agree, with a real store under the restarts.
//!
//! `BONGSU_TEST_ORACLE_STEPS` sets how many steps are taken, `BONGSU_TEST_ORACLE_SEED` the first timeline,
//! `BONGSU_TEST_ORACLE_REPLICAS` how many processes go through it.
#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

mod cases;
mod plain;
mod readers;
mod shared;
mod timeline;
mod world;

use timeline::{Step, shrink, timeline};
use world::World;

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

#[expect(
    clippy::disallowed_methods,
    reason = "the environment is how somebody asks for a longer run"
)]
fn asked(name: &str, otherwise: u64) -> u64 {
    let asked = std::env::var(name).ok();
    asked.map_or(otherwise, |asked| asked.parse().unwrap())
}

#[test]
fn engine_and_sentence_agree() {
    let mut left = asked("BONGSU_TEST_ORACLE_STEPS", 3_000);
    let mut seed = asked("BONGSU_TEST_ORACLE_SEED", 1);
    let replicas = asked("BONGSU_TEST_ORACLE_REPLICAS", 1);
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
