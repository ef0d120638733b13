//! Which rows are fills, and which break a rule and are left out.

use std::borrow::Cow;

use rust_decimal::Decimal;

use super::trade::{Executed, Number, TradeRow};
use crate::calendar::is_ticker;
use crate::money::Won;
use crate::summary::{QualityIssue, Side, Words};

/// A fill that passed every rule.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Fill {
    pub(super) side: Side,
    /// It says itself that it opens, or closes, a short position.
    pub(super) short: bool,
    pub(super) quantity: i64,
    pub(super) amount: Won,
    pub(super) commission: Won,
    pub(super) tax: Won,
    /// Something was not recorded and stands as computed or zero, in both languages.
    pub(super) incomplete: Option<(&'static str, &'static str)>,
}

/// Why a row was left out.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Refused {
    pub(super) issue: QualityIssue,
    pub(super) detail: Words,
}

fn refuse(en: impl Into<String>, ko: impl Into<String>) -> Refused {
    Refused {
        issue: QualityIssue::BadRow,
        detail: (en, ko).into(),
    }
}

/// Side, and whether the word itself speaks of a short position.
fn action(word: &str) -> Option<(Side, bool)> {
    match word {
        "BUY" => return Some((Side::Buy, false)),
        "SELL" => return Some((Side::Sell, false)),
        _ => {}
    }
    let word = word.trim().to_ascii_uppercase().replace([' ', '-'], "_");
    Some(match word.as_str() {
        "BUY" | "매수" | "현금매수" | "신용매수" => (Side::Buy, false),
        "SELL" | "매도" | "현금매도" | "신용매도" => (Side::Sell, false),
        "SHORT" | "SELL_SHORT" | "SHORT_SELL" | "공매도" => (Side::Sell, true),
        "COVER" | "BUY_TO_COVER" | "SHORT_COVER" | "환매수" => (Side::Buy, true),
        _ => return None,
    })
}

/// Does the status say that the order was executed?
fn says_filled(status: &str) -> bool {
    let status = status.trim();
    let is = |word: &&str| status.eq_ignore_ascii_case(word);
    ["EXECUTED", "FILLED", "체결", "전량체결", "체결완료"]
        .iter()
        .any(is)
}

/// A fill, nothing (an order that was never executed), or the rule that the row breaks.
///
/// A fill is `executed_quantity > 0` with a time, **whatever the status**: an order cancelled after
/// a partial fill did trade.
pub(super) fn check(row: &TradeRow<'_>) -> Result<Option<Fill>, Refused> {
    if let Some(column) = row.malformed {
        return Err(refuse(
            format!("unreadable {column}"),
            format!("{column} 값을 읽을 수 없음"),
        ));
    }
    let quantity = match row.quantity {
        Some(quantity) if quantity < 0 => {
            return Err(refuse(
                format!("negative executed quantity {quantity}"),
                format!("체결 수량이 음수({quantity})"),
            ));
        }
        Some(0) | None if says_filled(row.status) => {
            let status = row.status.trim();
            return Err(refuse(
                format!("status {status} without an executed quantity"),
                format!("상태는 {status}인데 체결 수량이 없음"),
            ));
        }
        Some(0) | None => return Ok(None),
        Some(quantity) => quantity,
    };
    match row.executed {
        Executed::At { .. } => {}
        Executed::Missing => return Err(refuse("fill without a time", "체결 시각이 없음")),
        Executed::Bad(text) => {
            return Err(refuse(
                format!("unreadable time {text:?}"),
                format!("체결 시각 {text:?}을(를) 읽을 수 없음"),
            ));
        }
    }
    let Some((side, short)) = action(row.action) else {
        return Err(refuse(
            format!("unknown action {:?}", row.action),
            format!("알 수 없는 매매 구분 {:?}", row.action),
        ));
    };
    if row.ticker.trim().is_empty() {
        return Err(refuse("no ticker", "종목 코드가 없음"));
    }
    let won = |number: Number<'_>, column: &str| {
        let value = number.won().map_err(|_| {
            refuse(
                format!("unreadable {column}"),
                format!("{column} 값을 읽을 수 없음"),
            )
        })?;
        match value {
            Some(value) if value.is_negative() => {
                let name = if column == "total_amount" {
                    "amount"
                } else {
                    column
                };
                Err(refuse(
                    format!("negative {name}"),
                    format!("{column} 값이 음수"),
                ))
            }
            value => Ok(value),
        }
    };
    let mut incomplete = None;
    let amount = match won(row.amount, "total_amount")? {
        Some(amount) => amount,
        None => {
            incomplete = Some((
                "amount not recorded: price × quantity used",
                "체결 금액 기록 없음: 가격 × 수량 사용",
            ));
            let price = row.price.decimal().ok_or_else(|| {
                refuse(
                    "neither an amount nor a price",
                    "체결 금액과 가격이 모두 없음",
                )
            })?;
            let amount = price
                .checked_mul(Decimal::from(quantity))
                .and_then(Won::from_decimal)
                .ok_or_else(|| refuse("amount out of range", "금액이 범위를 벗어남"))?;
            if amount.is_negative() {
                return Err(refuse("negative price", "가격이 음수"));
            }
            amount
        }
    };
    let (commission, tax) = (won(row.commission, "commission")?, won(row.tax, "tax")?);
    if commission.is_none() || (tax.is_none() && side == Side::Sell) {
        incomplete = incomplete.or(Some((
            "commission or tax not recorded: 0 used",
            "수수료 또는 거래세 기록 없음: 0으로 계산",
        )));
    }
    Ok(Some(Fill {
        side,
        short,
        quantity,
        amount,
        commission: commission.unwrap_or_default(),
        tax: tax.unwrap_or_default(),
        incomplete,
    }))
}

/// A ticker as the exchange writes it: `A005930` and `0009k0` of some interfaces are `005930` and
/// `0009K0`. What is no ticker of the exchange stays as it is.
pub(crate) fn canonical(ticker: &str) -> Cow<'_, str> {
    if is_ticker(ticker) {
        return Cow::Borrowed(ticker);
    }
    let trimmed = ticker.trim();
    let bare = match trimmed.strip_prefix(['A', 'a']) {
        Some(rest) if trimmed.len() == 7 => rest,
        _ => trimmed,
    };
    let upper = bare.to_ascii_uppercase();
    if is_ticker(&upper) {
        Cow::Owned(upper)
    } else {
        Cow::Borrowed(trimmed)
    }
}
