//! What is different from the report that was kept before, and further accounts.

use std::collections::BTreeMap;

use jiff::Timestamp;
use jiff::civil::Date;
use rust_decimal::Decimal;

use super::{ReportError, ReportGenerator};
use crate::figure::Figure;
use crate::summary::{AccountSection, Change, DailySummary, QualityIssue};

impl ReportGenerator {
    /// Tells what differs from the report of the session that is kept, if there is one with figures.
    pub(super) async fn compare(&self, summary: &mut DailySummary) {
        // A report that cannot be read back is no reason to make none.
        if let Ok(before) = self.kept_summary(summary.session.date).await {
            summary.changes = changes(&before, summary);
        }
    }

    /// As [`ReportGenerator::compare`], where rows of before were found to have changed.
    pub(super) async fn compare_if_rebuilt(&self, summary: &mut DailySummary) {
        let mut notes = summary.data_quality.iter();
        if notes.any(|note| note.issue == QualityIssue::SnapshotRebuilt) {
            self.compare(summary).await;
        }
    }

    /// The sections of the further accounts.
    pub(super) async fn accounts(
        &self,
        date: Date,
        now: Timestamp,
    ) -> Result<Vec<AccountSection>, ReportError> {
        let mut sections = Vec::new();
        for (name, generator) in &self.inner.accounts {
            let summary = match Box::pin(generator.compute(date, now)).await {
                Ok(summary) => summary,
                // The others' figures are none the worse for it.
                Err(error) if error.is_unknown_account() => {
                    generator.unavailable(date, &error).await
                }
                Err(error) => return Err(error),
            };
            sections.push(AccountSection {
                account: name.clone(),
                trading_stats: summary.trading_stats,
                portfolio_stats: summary.portfolio_stats,
                risk_metrics: summary.risk_metrics,
                reconciliation: summary.reconciliation,
                data_quality: summary.data_quality,
            });
        }
        Ok(sections)
    }
}

/// The figures a reader has seen that are others now, and the positions.
fn changes(before: &DailySummary, after: &DailySummary) -> Vec<Change> {
    fn shown<T: ToString>(figure: &Figure<T>) -> String {
        figure
            .value()
            .map_or_else(|| "–".to_owned(), ToString::to_string)
    }
    fn figures(summary: &DailySummary) -> [(&'static str, String); 6] {
        let (trading, portfolio) = (&summary.trading_stats, &summary.portfolio_stats);
        let won =
            |figure: &Figure<Decimal>| shown(&figure.clone().map(|won| won.round().normalize()));
        [
            ("equity", won(&portfolio.equity)),
            ("daily_pnl", won(&portfolio.daily_pnl)),
            ("fills", shown(&trading.fills)),
            ("realised", won(&trading.realised)),
            ("cash", won(&portfolio.cash)),
            ("invested", won(&portfolio.invested)),
        ]
    }
    let mut found: Vec<Change> = figures(before)
        .into_iter()
        .zip(figures(after))
        .filter(|((_, before), (_, after))| before != after)
        .map(|((what, before), (_, after))| Change {
            what: what.to_owned(),
            before,
            after,
        })
        .collect();
    let mut shares: BTreeMap<&str, (Decimal, Decimal)> = BTreeMap::new();
    for held in &before.portfolio_stats.positions {
        shares.entry(&held.ticker).or_default().0 = held.quantity;
    }
    for held in &after.portfolio_stats.positions {
        shares.entry(&held.ticker).or_default().1 = held.quantity;
    }
    let moved = shares
        .into_iter()
        .filter(|(_, (before, after))| before != after);
    found.extend(moved.map(|(ticker, (before, after))| Change {
        what: ticker.to_owned(),
        before: before.normalize().to_string(),
        after: after.normalize().to_string(),
    }));
    found
}
