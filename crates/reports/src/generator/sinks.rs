//! To whom reports go: exchanged while the generator runs.

use std::{
    collections::BTreeSet,
    sync::{Arc, PoisonError, RwLock},
};

use super::{BuildError, ReportGenerator};
use crate::deliver::ReportSink;

type All = Vec<Arc<dyn ReportSink>>;

/// The channels, the same for the generators of accounts and of longer spans.
#[derive(Clone, Debug, Default)]
pub(crate) struct Sinks(Arc<RwLock<All>>);

impl Sinks {
    pub(super) fn add(&self, sink: Arc<dyn ReportSink>) {
        self.replace(|all| all.push(sink));
    }

    /// Those that there are now: whoever is in the middle of a report goes on with them.
    pub(crate) fn now(&self) -> All {
        let all = self.0.read().unwrap_or_else(PoisonError::into_inner);
        all.clone()
    }

    fn replace(&self, change: impl FnOnce(&mut All)) {
        change(&mut self.0.write().unwrap_or_else(PoisonError::into_inner));
    }
}

/// What is wrong with channels beside each other.
pub(super) fn problems(sinks: &[Arc<dyn ReportSink>]) -> Vec<String> {
    let mut names = BTreeSet::new();
    let twice = sinks
        .iter()
        .filter(|sink| !names.insert(sink.name().to_owned()));
    twice
        .map(|sink| format!("two channels are named {:?}", sink.name()))
        .collect()
}

impl ReportGenerator {
    /// Takes out the channels of these names and puts in others, from the next report or attempt on. A report that
    /// was sent already is not sent to them.
    ///
    /// # Errors
    ///
    /// Two channels would have one name: all stay as they are.
    pub fn exchange_sinks<S: ReportSink>(
        &self,
        gone: &[String],
        new: impl IntoIterator<Item = S>,
    ) -> Result<(), BuildError> {
        let mut all = self.inner.sinks.now();
        all.retain(|sink| !gone.iter().any(|name| name == sink.name()));
        all.extend(
            new.into_iter()
                .map(|sink| Arc::new(sink) as Arc<dyn ReportSink>),
        );
        let problems = problems(&all);
        if !problems.is_empty() {
            return Err(BuildError { problems });
        }
        self.inner.sinks.replace(|held| *held = all);
        Ok(())
    }
}
