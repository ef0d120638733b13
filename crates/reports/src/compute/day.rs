//! Everything of the day a report is about.

use std::sync::Arc;

use rust_decimal::Decimal;

use super::book::{Moved, Realised, Slot};
use super::rules::Fill;
use super::trade::{Executed, TradeRow};
use super::trading::Tally;
use crate::money::Won;
use crate::summary::{
    FillLine, QualityIssue, QualityNote, QualitySeverity, Side, UnfilledOrder, Words,
};

/// Fills of one day kept in full; what is beyond is counted and still computed.
pub(crate) const MAX_FILLS: usize = 100_000;
/// Orders without a fill that are shown; what is beyond is counted.
const MAX_ORDERS: usize = 200;
/// Notes of one day kept; what is beyond is counted.
const MAX_NOTES: usize = 1_000;

/// Everything of the detailed day.
#[derive(Debug, Default, Clone)]
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
    /// The first of them, as the report shows them.
    pub(crate) orders: Vec<UnfilledOrder>,
    /// Fills of fewer shares than were ordered.
    pub(crate) partial: u64,
    /// What the fills cost more than at the prices ordered, and the amount of those that had one.
    pub(crate) slippage: Won,
    pub(crate) slippage_of: Won,
    pub(crate) slippage_fills: u64,
    venue: Option<Arc<str>>,
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
        detail: impl Into<Words>,
    ) {
        if self.notes.len() < MAX_NOTES {
            self.notes
                .push(QualityNote::new(severity, issue, subject, detail));
        } else {
            self.notes_omitted += 1;
        }
    }

    pub(super) fn record(
        &mut self,
        row: &TradeRow<'_>,
        fill: &Fill,
        moved: &Moved,
        ticker: &Arc<str>,
    ) {
        let (slot, realised) = (moved.slot, moved.realised);
        let Executed::At { at, .. } = row.executed else {
            return;
        };
        let price = row.price.decimal();
        if let Some(what) = fill.incomplete {
            self.note(
                QualitySeverity::Warning,
                QualityIssue::IncompleteRow,
                row.name(),
                what,
            );
        } else if let Some(detail) = amount_mismatch(price, fill) {
            self.note(
                QualitySeverity::Warning,
                QualityIssue::AmountMismatch,
                row.name(),
                detail,
            );
        }
        if let Some(ordered) = row.ordered.filter(|ordered| *ordered > 0) {
            if fill.quantity > ordered {
                self.note(
                    QualitySeverity::Warning,
                    QualityIssue::Overfilled,
                    row.name(),
                    (
                        format!("{} shares executed, {ordered} ordered", fill.quantity),
                        format!("주문 {ordered}주, 체결 {}주", fill.quantity),
                    ),
                );
            }
            self.partial += u64::from(fill.quantity < ordered);
        }
        self.slip(row, fill);
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
        let amount = fill.amount.decimal();
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
            commission: fill.commission.decimal(),
            tax: fill.tax.decimal(),
            ordered: row.ordered.map(Decimal::from),
            order_price: row.order_price.decimal().map(|price| price.normalize()),
            venue: row.venue.map(|name| shared(&mut self.venue, name)),
            status: shared(&mut self.status, row.status),
            strategy: row.strategy.map(|name| shared(&mut self.strategy, name)),
            realised: realised.map(|realised| realised.pnl.decimal()),
        });
    }
}

impl Day {
    /// An order that came to nothing.
    pub(super) fn unfilled(&mut self, row: &TradeRow<'_>) {
        self.unfilled += 1;
        if self.orders.len() < MAX_ORDERS {
            self.orders.push(UnfilledOrder {
                order_id: row.order_id.to_owned(),
                ticker: super::canonical(row.ticker).into_owned(),
                name: None,
                action: row.action.to_owned(),
                quantity: row.ordered.map(Decimal::from),
                price: row.order_price.decimal().map(|price| price.normalize()),
                status: row.status.to_owned(),
                reason: row.reason.map(str::to_owned),
            });
        }
    }

    /// What the fill cost more, or brought in less, than at the price ordered.
    fn slip(&mut self, row: &TradeRow<'_>, fill: &Fill) {
        let ordered = row
            .order_price
            .decimal()
            .filter(|price| price.is_sign_positive());
        let Some(ordered) = ordered
            .filter(|price| !price.is_zero())
            .and_then(Won::from_decimal)
        else {
            return;
        };
        let wanted = ordered.times(fill.quantity);
        self.slippage += match fill.side {
            Side::Buy => fill.amount - wanted,
            Side::Sell => wanted - fill.amount,
        };
        self.slippage_of += wanted;
        self.slippage_fills += 1;
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
fn amount_mismatch(price: Option<Decimal>, fill: &Fill) -> Option<Words> {
    let price = price?;
    if agrees(price, fill) {
        return None;
    }
    let quantity = Decimal::from(fill.quantity);
    let expected = price.checked_mul(quantity)?;
    let slack = quantity.checked_mul(Decimal::new(5, 3))? + Decimal::ONE;
    let recorded = fill.amount.decimal();
    ((recorded - expected).abs() > slack).then(|| {
        let [recorded, expected] = [recorded, expected].map(super::amount);
        (
            format!("amount {recorded} recorded, price × quantity is {expected}"),
            format!("기록된 금액 {recorded}, 가격 × 수량 {expected}"),
        )
            .into()
    })
}

/// The same question in whole thousandths of a won; `false` also where they do not suffice.
fn agrees(price: Decimal, fill: &Fill) -> bool {
    let quantity = i128::from(fill.quantity);
    let Some(amount) = fill.amount.thousandths() else {
        return false;
    };
    let scale = match price.scale() {
        0 => 1_000,
        1 => 100,
        2 => 10,
        _ => return false,
    };
    // A mantissa has 96 bits, and two numbers of 64 bits multiply to 128.
    i64::try_from(price.mantissa() * scale).is_ok_and(|price| {
        let gap = i128::from(price) * quantity - amount;
        gap.abs() <= 5 * quantity + 1_000
    })
}
