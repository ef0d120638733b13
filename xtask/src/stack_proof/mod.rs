//! `cargo xtask stack-proof`: the stack started and stopped as docs/stack.md says, on an engine of its own,
//! and looked at from outside.

mod checks;
mod engine;
mod images;
mod wait;

use std::{path::Path, time::Instant};

use engine::Engine;

use crate::{
    packages,
    run::{Failure, complain, say, variable},
};

pub(crate) fn prove() -> Result<(), Failure> {
    let mut clock = Clock::start();
    let engine = match can_be_proven().and_then(|()| Engine::start()) {
        Ok(engine) => engine,
        // In CI nothing is left out in silence; on a developer's machine it is said.
        Err(reason) if variable("CI").is_some_and(|value| value == "true") => return Err(reason),
        Err(reason) => {
            complain(&format!("the stack was not proven: {}", reason.0));
            return Ok(());
        }
    };
    clock.say("an engine of its own");
    images::compose(&engine)?;
    images::make(&engine)?;
    clock.say("images made on this machine");
    checks::run_all(&engine, &mut clock)
}

fn can_be_proven() -> Result<(), Failure> {
    if !packages::is_root() {
        return Err(Failure(
            "a Docker engine can be started by root alone".into(),
        ));
    }
    if !Path::new("/etc/debian_version").exists() {
        return Err(Failure(
            "its images are made of a Debian's own packages".into(),
        ));
    }
    packages::ensure_for_stack()
}

/// Says what was seen, and when.
struct Clock(Instant);

impl Clock {
    #[expect(clippy::disallowed_methods, reason = "shows how long each step took")]
    fn start() -> Self {
        Self(Instant::now())
    }

    fn say(&mut self, what: &str) {
        say(&format!(
            "{:>5.0} s  {what}",
            self.0.elapsed().as_secs_f64()
        ));
    }

    fn seconds(&self) -> f64 {
        self.0.elapsed().as_secs_f64()
    }
}
