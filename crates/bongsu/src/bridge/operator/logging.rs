//! The log as an operator meets it.

use std::sync::Arc;

use async_trait::async_trait;
use bongsu_logging::LogHandle;
use bongsu_ops::{
    Figure, LogDesk, LogLevel, LogLevelNow, LogLine, LogQuery, Operator, OpsError, OpsResult,
    SetLogLevel, Snapshot,
};

use super::off;
use crate::{Config, parts::Parts};

#[derive(Clone, Debug)]
pub(super) struct Desk(LogHandle);

impl Desk {
    pub(super) fn new(_: &Config, parts: &Parts) -> Self {
        Self(parts.logs.handle.clone())
    }

    pub(super) fn join(&self, operator: Operator) -> Operator {
        operator.with_logs(Arc::new(self.clone()))
    }

    pub(super) fn fill(&self, snapshot: &mut Snapshot) {
        let lasts = self.0.level_lasts();
        snapshot.log_level = Figure::Known(LogLevel {
            directives: self.0.level(),
            until: lasts.map(|left| snapshot.at + left),
        });
    }

    fn now(&self) -> LogLevelNow {
        LogLevelNow {
            level: self.0.level(),
            lasts_seconds: self.0.level_lasts().map(|left| left.as_secs()),
        }
    }
}

#[async_trait]
impl LogDesk for Desk {
    async fn level(&self) -> OpsResult<LogLevelNow> {
        Ok(self.now())
    }

    async fn set_level(&self, asked: &SetLogLevel) -> OpsResult<LogLevelNow> {
        let set = self.0.set_level(&asked.level, asked.lasts());
        set.map_err(|error| OpsError::Invalid(error.to_string()))?;
        Ok(self.now())
    }

    async fn lines(&self, query: &LogQuery) -> OpsResult<Vec<LogLine>> {
        let query = query.clone();
        let tail = move |desk: &Self| bongsu_ops::logs::tail(&desk.0.recent(), &query);
        Ok(off(self, tail).await)
    }
}
