//! Which rows are fills, and which break a rule and are left out.

use rust_decimal::Decimal;
use rust_decimal::prelude::ToPrimitive as _;

use super::trade::{Executed, TradeRow};
use crate::summary::{QualityIssue, Side};

/// A fill that passed every rule.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Fill {
    pub(super) side: Side,
    pub(super) quantity: i64,
    pub(super) amount: i64,
    pub(super) commission: i64,
    pub(super) tax: i64,
    /// Something was not recorded and stands as computed or zero.
    pub(super) incomplete: Option<&'static str>,
}

/// Why a row was left out.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Refused {
    pub(super) issue: QualityIssue,
    pub(super) detail: String,
}

fn refuse(detail: impl Into<String>) -> Refused {
    Refused {
        issue: QualityIssue::BadRow,
        detail: detail.into(),
    }
}

/// A fill, nothing (an order that was never executed), or the rule that the row breaks.
///
/// A fill is `executed_quantity > 0` with a time, **whatever the status**: an order cancelled after
/// a partial fill did trade.
pub(super) fn check(row: &TradeRow<'_>) -> Result<Option<Fill>, Refused> {
    if let Some(column) = row.malformed {
        return Err(refuse(format!("unreadable {column}")));
    }
    let quantity = match row.quantity {
        Some(quantity) if quantity < 0 => {
            return Err(refuse(format!("negative executed quantity {quantity}")));
        }
        Some(0) | None if row.status.eq_ignore_ascii_case("EXECUTED") => {
            return Err(refuse("status EXECUTED without an executed quantity"));
        }
        Some(0) | None => return Ok(None),
        Some(quantity) => quantity,
    };
    match row.executed {
        Executed::At { .. } => {}
        Executed::Missing => return Err(refuse("fill without a time")),
        Executed::Bad(text) => return Err(refuse(format!("unreadable time {text:?}"))),
    }
    let side = match row.action {
        "BUY" => Side::Buy,
        "SELL" => Side::Sell,
        other if other.eq_ignore_ascii_case("buy") => Side::Buy,
        other if other.eq_ignore_ascii_case("sell") => Side::Sell,
        other => return Err(refuse(format!("unknown action {other:?}"))),
    };
    if row.ticker.is_empty() {
        return Err(refuse("no ticker"));
    }
    let mut incomplete = None;
    let amount = match row.amount {
        Some(amount) => amount,
        None => {
            incomplete = Some("amount not recorded: price × quantity used");
            let price = row
                .price
                .decimal()
                .ok_or_else(|| refuse("neither an amount nor a price"))?;
            price
                .checked_mul(Decimal::from(quantity))
                .and_then(|amount| amount.round().to_i64())
                .ok_or_else(|| refuse("amount out of range"))?
        }
    };
    for (name, value) in [
        ("amount", Some(amount)),
        ("commission", row.commission),
        ("tax", row.tax),
    ] {
        if value.is_some_and(|value| value < 0) {
            return Err(refuse(format!("negative {name}")));
        }
    }
    if row.commission.is_none() || (row.tax.is_none() && side == Side::Sell) {
        incomplete = incomplete.or(Some("commission or tax not recorded: 0 used"));
    }
    Ok(Some(Fill {
        side,
        quantity,
        amount,
        commission: row.commission.unwrap_or(0),
        tax: row.tax.unwrap_or(0),
        incomplete,
    }))
}
