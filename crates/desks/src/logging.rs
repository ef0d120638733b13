//! The log as an operator meets it.

use std::sync::{Arc, Mutex, PoisonError};

use async_trait::async_trait;
use bongsu_logging::LogHandle;
use bongsu_ops::{
    Figure, LogDesk, LogLevel, LogLevelNow, LogLine, LogQuery, LoggedErrors, Missing, Operator,
    OpsError, OpsResult, SetLogLevel, Snapshot,
};
use jiff::Timestamp;

use crate::{Part, off};

/// Places in the code whose errors are remembered.
const PLACES: usize = 20;

/// The log, and the errors that were read of it last: it takes a while where there is much. Cheap to
/// clone.
#[derive(Clone, Debug)]
pub struct Logs {
    logs: LogHandle,
    /// None before the first reading.
    errors: Arc<Mutex<Option<Vec<LoggedErrors>>>>,
}

impl Logs {
    /// What this log says.
    #[must_use]
    pub fn new(logs: LogHandle) -> Self {
        Self {
            logs,
            errors: Arc::default(),
        }
    }

    fn now(&self) -> LogLevelNow {
        LogLevelNow {
            level: self.logs.level(),
            lasts_seconds: self.logs.level_lasts().map(|left| left.as_secs()),
        }
    }
}

impl Part for Logs {
    fn join(&self, operator: Operator) -> Operator {
        operator.with_logs(Arc::new(self.clone()))
    }

    /// Reads the errors in the log that is kept.
    fn read(&self, now: Timestamp) {
        let errors = bongsu_ops::logs::errors(&self.logs.recent(), now, PLACES);
        *self.errors.lock().unwrap_or_else(PoisonError::into_inner) = Some(errors);
    }

    fn fill(&self, snapshot: &mut Snapshot) {
        let lasts = self.logs.level_lasts();
        snapshot.log_level = Figure::Known(LogLevel {
            directives: self.logs.level(),
            until: lasts.map(|left| snapshot.at + left),
        });
        let errors = self.errors.lock().unwrap_or_else(PoisonError::into_inner);
        snapshot.errors = Figure::from_option(errors.clone(), Missing::NotYet);
    }
}

#[async_trait]
impl LogDesk for Logs {
    async fn level(&self) -> OpsResult<LogLevelNow> {
        Ok(self.now())
    }

    async fn set_level(&self, asked: &SetLogLevel) -> OpsResult<LogLevelNow> {
        let set = self.logs.set_level(&asked.level, asked.lasts());
        set.map_err(|error| OpsError::Invalid(error.to_string()))?;
        Ok(self.now())
    }

    async fn lines(&self, query: &LogQuery) -> OpsResult<Vec<LogLine>> {
        let query = query.clone();
        let tail = move |desk: &Self| bongsu_ops::logs::tail(&desk.logs.recent(), &query);
        Ok(off(self, tail).await)
    }
}
