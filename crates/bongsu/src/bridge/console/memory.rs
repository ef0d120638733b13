//! What the console remembers between two looks: the history, and figures that take time to have.

use std::{
    sync::{Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use bongsu_console::{
    Snapshot,
    history::{History, Sample, Trend},
};
use jiff::Timestamp;

#[derive(Debug, Default)]
pub(super) struct Memory(Mutex<State>);

#[derive(Debug)]
struct State {
    history: History,
    #[cfg(feature = "metrics")]
    minute: super::scrape::Minute,
    #[cfg(feature = "metrics")]
    http: bongsu_console::Http,
    #[cfg(feature = "metrics")]
    book: Book,
    #[cfg(feature = "alerts")]
    delivered: std::collections::BTreeMap<String, Timestamp>,
    #[cfg(feature = "reports")]
    closing: super::reports::Closing,
}

impl Default for State {
    fn default() -> Self {
        Self {
            history: History::new(),
            #[cfg(feature = "metrics")]
            minute: super::scrape::Minute::default(),
            #[cfg(feature = "metrics")]
            http: bongsu_console::Http::default(),
            #[cfg(feature = "metrics")]
            book: Book::default(),
            #[cfg(feature = "alerts")]
            delivered: std::collections::BTreeMap::new(),
            #[cfg(feature = "reports")]
            closing: super::reports::Closing::default(),
        }
    }
}

/// The book as the service recorded it in its metrics; none before the first reading.
#[cfg(feature = "metrics")]
#[derive(Debug, Default)]
struct Book {
    read: bool,
    value: Option<f64>,
    drawdown: Option<f64>,
    positions: Option<f64>,
    symbols: Vec<bongsu_console::SymbolPnl>,
}

/// Symbols that are remembered of the book: the screen shows fewer, and is made every other second.
#[cfg(feature = "metrics")]
const SYMBOLS: usize = 16;

/// The largest gains and losses.
#[cfg(feature = "metrics")]
fn largest<'a>(pnl: impl Iterator<Item = (&'a str, f64)>) -> Vec<bongsu_console::SymbolPnl> {
    let mut pnl: Vec<_> = pnl.collect();
    pnl.sort_by(|a, b| b.1.abs().total_cmp(&a.1.abs()));
    pnl.truncate(SYMBOLS);
    pnl.into_iter()
        .map(|(symbol, krw)| bongsu_console::SymbolPnl {
            symbol: symbol.to_owned(),
            pnl_krw: krw as i64,
        })
        .collect()
}

impl Memory {
    fn state(&self) -> MutexGuard<'_, State> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Reads the metrics.
    #[cfg(feature = "metrics")]
    pub(super) fn read(&self, now: Timestamp, metrics: &bongsu_metrics::ServiceMetrics) {
        use super::scrape;

        let families = scrape::parse(&metrics.export_metrics(), usize::MAX, scrape::is_followed);
        let counted = scrape::Counted::of(&families);
        let pnl = scrape::by_label(&families, "trade_pnl_krw", "symbol");
        let book = Book {
            read: true,
            value: scrape::gauge(&families, "portfolio_value_krw"),
            drawdown: scrape::gauge(&families, "portfolio_drawdown_percent"),
            positions: scrape::gauge(&families, "positions_active"),
            symbols: largest(pnl),
        };
        let mut state = self.state();
        state.http = state.minute.push(now, counted);
        state.book = book;
    }

    pub(super) fn keep(&self, now: Timestamp, sample: &Sample) {
        self.state().history.push(now, sample);
    }

    pub(super) fn trend(&self, now: Timestamp, span: Duration, columns: usize) -> Trend {
        self.state().history.trend(now, span, columns)
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
    pub(super) fn closed(&self, closing: super::reports::Closing) {
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
            let missing = || match state.book.read {
                true => Missing::NotRecorded,
                false => Missing::NotYet,
            };
            let whole =
                |value: Option<f64>| Figure::from_option(value.map(|v| v as i64), missing());
            let book = &mut snapshot.portfolio;
            book.value_krw = whole(state.book.value);
            book.drawdown_percent = Figure::from_option(state.book.drawdown, missing());
            book.positions = Figure::from_option(state.book.positions.map(|n| n as u64), missing());
            book.symbols.clone_from(&state.book.symbols);
        }
        #[cfg(feature = "reports")]
        state.closing.fill(snapshot);
    }
}
