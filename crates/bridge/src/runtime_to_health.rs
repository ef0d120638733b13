//! Tasks that hold the runtime's workers, in `/health` while it lasts; whoever follows that is alerted.

use std::time::Duration;

use async_trait::async_trait;
use bongsu_health::{Check, CheckError, CheckOutput, DependencyType, Importance, Probe};
use tokio::time::Instant;

use crate::runtime::Runtime;

/// The check's name.
const NAME: &str = "runtime";
const EVERY: Duration = Duration::from_secs(5);

/// The check; it is there from the first time on that it lasted.
pub fn check(runtime: Runtime) -> Check {
    let check = Check::from_probe(NAME, DependencyType::Service, Held(runtime));
    check.importance(Importance::Degrading).interval(EVERY)
}

struct Held(Runtime);

#[async_trait]
impl Probe for Held {
    async fn check(&self) -> Result<CheckOutput, CheckError> {
        let trouble = self.0.trouble(Instant::now());
        Ok(trouble.map_or_else(CheckOutput::ok, CheckOutput::degraded))
    }

    fn is_used(&self) -> bool {
        self.0.lasted()
    }
}
