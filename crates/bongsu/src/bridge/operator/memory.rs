//! What is remembered between two looks: figures that take time to have.

use std::sync::{Mutex, MutexGuard, PoisonError};

use bongsu_console::Snapshot;
#[allow(unused_imports, reason = "what is remembered depends on the features")]
use jiff::Timestamp;

#[derive(Debug, Default)]
pub(super) struct Memory(Mutex<State>);

#[derive(Debug, Default)]
struct State {
    #[cfg(feature = "metrics")]
    minute: bongsu_console::minute::Minute,
    #[cfg(feature = "metrics")]
    http: bongsu_console::Http,
    /// None before the first reading.
    #[cfg(feature = "metrics")]
    book: Option<super::figures::Figures>,
    #[cfg(feature = "alerts")]
    delivered: std::collections::BTreeMap<String, Timestamp>,
    #[cfg(feature = "reports")]
    closing: super::closing::Closing,
}

impl Memory {
    fn state(&self) -> MutexGuard<'_, State> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Reads the metrics.
    #[cfg(feature = "metrics")]
    pub(super) fn read(&self, now: Timestamp, metrics: &bongsu_metrics::ServiceMetrics) {
        let mut figures = super::figures::Figures::of(metrics);
        let counted = std::mem::take(&mut figures.counted);
        let mut state = self.state();
        state.http = state.minute.push(now, counted);
        state.book = Some(figures);
    }

    #[cfg(feature = "alerts")]
    pub(super) fn delivered(&self, channel: String, at: Timestamp) {
        self.state().delivered.insert(channel, at);
    }

    #[cfg(feature = "alerts")]
    pub(super) fn last_delivery(&self, channel: &str) -> Option<Timestamp> {
        self.state().delivered.get(channel).copied()
    }

    #[cfg(feature = "reports")]
    pub(super) fn closed(&self, closing: super::closing::Closing) {
        self.state().closing = closing;
    }

    /// Puts in what is remembered.
    #[allow(
        unused_variables,
        reason = "what is remembered depends on the features"
    )]
    pub(super) fn fill(&self, snapshot: &mut Snapshot) {
        let state = self.state();
        #[cfg(feature = "metrics")]
        {
            use bongsu_console::{Figure, Missing};

            snapshot.http = state.http.clone();
            let none = super::figures::Figures::default();
            let (read, missing) = match &state.book {
                Some(read) => (read, Missing::NotRecorded),
                None => (&none, Missing::NotYet),
            };
            let whole =
                |value: Option<f64>| Figure::from_option(value.map(|v| v as i64), missing.clone());
            let book = &mut snapshot.portfolio;
            book.value_krw = whole(read.value);
            book.drawdown_percent = Figure::from_option(read.drawdown, missing.clone());
            book.positions = Figure::from_option(read.positions.map(|n| n as u64), missing.clone());
            book.halt_percent = read.halt;
            book.symbols.clone_from(&read.symbols);
        }
        #[cfg(feature = "reports")]
        state.closing.fill(snapshot);
    }
}
