//! Everything of the day a report is about.

use std::sync::Arc;

use rust_decimal::Decimal;

use super::book::{Realised, Slot};
use super::rules::Fill;
use super::trade::{Executed, TradeRow};
use super::trading::Tally;
use crate::summary::{FillLine, QualityIssue, QualityNote, QualitySeverity};

/// Fills of one day kept in full; what is beyond is counted and still computed.
pub(crate) const MAX_FILLS: usize = 100_000;
/// Notes of one day kept; what is beyond is counted.
const MAX_NOTES: usize = 1_000;

/// Everything of the detailed day.
#[derive(Debug, Default)]
pub(crate) struct Day {
    /// As the report shows them, but for the companies' names.
    pub(crate) fills: Vec<FillLine>,
    /// The book's slot of each fill's ticker.
    pub(crate) slots: Vec<Slot>,
    /// The sales among the fills.
    pub(crate) sales: Vec<Sale>,
    pub(crate) fills_omitted: u64,
    pub(crate) tally: Tally,
    pub(crate) notes: Vec<QualityNote>,
    pub(crate) notes_omitted: u64,
    pub(crate) unfilled: u64,
    status: Option<Arc<str>>,
    strategy: Option<Arc<str>>,
}

/// A sale of the detailed day: its place among the fills, and what it realised.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Sale {
    pub(crate) fill: usize,
    pub(crate) realised: Realised,
}

impl Day {
    pub(crate) fn note(
        &mut self,
        severity: QualitySeverity,
        issue: QualityIssue,
        subject: impl Into<String>,
        detail: impl Into<String>,
    ) {
        if self.notes.len() < MAX_NOTES {
            self.notes.push(QualityNote {
                severity,
                issue,
                subject: subject.into(),
                detail: detail.into(),
            });
        } else {
            self.notes_omitted += 1;
        }
    }

    pub(super) fn record(
        &mut self,
        row: &TradeRow<'_>,
        fill: &Fill,
        (slot, ticker): (Slot, &Arc<str>),
        realised: Option<Realised>,
    ) {
        let Executed::At { at, .. } = row.executed else {
            return;
        };
        let price = row.price.decimal();
        if let Some(what) = fill.incomplete {
            self.note(
                QualitySeverity::Warning,
                QualityIssue::IncompleteRow,
                row.order_id,
                what,
            );
        } else if let Some(detail) = amount_mismatch(price, fill) {
            self.note(
                QualitySeverity::Warning,
                QualityIssue::AmountMismatch,
                row.order_id,
                detail,
            );
        }
        self.tally.add(slot, fill, realised);
        if self.fills.len() == MAX_FILLS {
            self.fills_omitted += 1;
            return;
        }
        if let Some(realised) = realised {
            self.sales.push(Sale {
                fill: self.fills.len(),
                realised,
            });
        }
        let amount = Decimal::from(fill.amount);
        let quantity = Decimal::from(fill.quantity);
        self.slots.push(slot);
        self.fills.push(FillLine {
            order_id: row.order_id.to_owned(),
            executed_at: at,
            ticker: Arc::clone(ticker),
            name: None,
            side: fill.side,
            quantity,
            price: price.unwrap_or_else(|| (amount / quantity).round_dp(2)),
            amount,
            commission: Decimal::from(fill.commission),
            tax: Decimal::from(fill.tax),
            status: shared(&mut self.status, row.status),
            strategy: row.strategy.map(|name| shared(&mut self.strategy, name)),
            realised: realised.map(|realised| realised.pnl.decimal()),
        });
    }
}

/// The text, shared with the last one where it is the same: a day has few statuses and strategies.
fn shared(last: &mut Option<Arc<str>>, text: &str) -> Arc<str> {
    match last {
        Some(last) if **last == *text => Arc::clone(last),
        _ => Arc::clone(last.insert(text.into())),
    }
}

/// The recorded amount against price × quantity; prices carry two decimals, so that each share may
/// be half a hundredth off, and amounts whole won.
fn amount_mismatch(price: Option<Decimal>, fill: &Fill) -> Option<String> {
    let price = price?;
    if agrees(price, fill) {
        return None;
    }
    let quantity = Decimal::from(fill.quantity);
    let expected = price.checked_mul(quantity)?;
    let slack = quantity.checked_mul(Decimal::new(5, 3))? + Decimal::ONE;
    let recorded = Decimal::from(fill.amount);
    ((recorded - expected).abs() > slack)
        .then(|| format!("amount {recorded} recorded, price × quantity is {expected}"))
}

/// The same question in whole thousandths of a won; `false` also where they do not suffice.
fn agrees(price: Decimal, fill: &Fill) -> bool {
    let (amount, quantity) = (i128::from(fill.amount), i128::from(fill.quantity));
    let scale = match price.scale() {
        0 => 1_000,
        1 => 100,
        2 => 10,
        _ => return false,
    };
    // A mantissa has 96 bits, and two numbers of 64 bits multiply to 128.
    i64::try_from(price.mantissa() * scale).is_ok_and(|price| {
        let gap = i128::from(price) * quantity - amount * 1_000;
        gap.abs() <= 5 * quantity + 1_000
    })
}
