//! Money that comes and goes beside the trades, by kind.

use jiff::civil::Date;
use rust_decimal::Decimal;

/// What kind of money it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum FlowKind {
    /// Money put in.
    Deposit,
    /// Money taken out.
    Withdrawal,
    /// Money that came from, or went to, another account.
    Transfer,
    /// A dividend.
    Dividend,
    /// Interest.
    Interest,
    /// A fee that no trade has: of a loan, of the account.
    Fee,
    /// A tax that no trade has: on dividends, on gains.
    Tax,
    /// Cash for a fraction of a share, after a split or a consolidation.
    Fraction,
}

impl FlowKind {
    /// The kind of a word, English or Korean, whatever its case.
    #[must_use]
    pub fn parse(word: &str) -> Option<Self> {
        Some(match plain(word).as_str() {
            "deposit" | "입금" => Self::Deposit,
            "withdrawal" | "withdraw" | "출금" => Self::Withdrawal,
            "transfer" | "transfer_in" | "이체" | "대체" | "이체입금" | "대체입금" => {
                Self::Transfer
            }
            word if is_transfer_out(word) => Self::Transfer,
            "dividend" | "distribution" | "배당" | "배당금" | "분배금" => Self::Dividend,
            "interest" | "이자" | "예탁금이용료" => Self::Interest,
            "fee" | "loan_fee" | "수수료" | "대차수수료" => Self::Fee,
            "tax" | "세금" => Self::Tax,
            "fraction" | "cash_in_lieu" | "단주" | "단주대금" => Self::Fraction,
            _ => return None,
        })
    }

    /// It is earned or spent by the account itself, and so a part of its return: a deposit is none,
    /// a dividend is.
    #[must_use]
    pub fn is_income(self) -> bool {
        !matches!(self, Self::Deposit | Self::Withdrawal | Self::Transfer)
    }

    /// The amount with the kind's own sign: what is taken out, a fee and a tax are outflows, however
    /// they are written; of the others the sign is kept.
    #[must_use]
    pub fn signed(self, word: &str, amount: Decimal) -> Decimal {
        let out = matches!(self, Self::Withdrawal | Self::Fee | Self::Tax)
            || is_transfer_out(&plain(word));
        if out { -amount.abs() } else { amount }
    }
}

/// A word as it is compared.
fn plain(word: &str) -> String {
    word.trim().to_ascii_lowercase().replace([' ', '-'], "_")
}

/// Only the word tells whether a transfer came or went, where the amount has no sign.
fn is_transfer_out(word: &str) -> bool {
    matches!(word, "transfer_out" | "이체출금" | "대체출금")
}

/// Money that came (positive) or went, beside the trades.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Flow {
    /// The date in Korea.
    pub date: Date,
    /// In won.
    pub amount: Decimal,
    /// What it is.
    pub kind: FlowKind,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn kinds_and_their_signs() {
        for (word, amount, kind, signed) in [
            ("deposit", 5, FlowKind::Deposit, 5),
            ("Withdrawal", 5, FlowKind::Withdrawal, -5),
            ("출금", -5, FlowKind::Withdrawal, -5),
            ("transfer_out", 5, FlowKind::Transfer, -5),
            ("transfer in", 5, FlowKind::Transfer, 5),
            ("Transfer-Out", 5, FlowKind::Transfer, -5),
            (" transfer out ", -5, FlowKind::Transfer, -5),
            ("대체출금", 5, FlowKind::Transfer, -5),
            ("이체입금", 5, FlowKind::Transfer, 5),
            ("배당", 5, FlowKind::Dividend, 5),
            ("dividend", -5, FlowKind::Dividend, -5),
            ("loan-fee", 5, FlowKind::Fee, -5),
            ("tax", 5, FlowKind::Tax, -5),
            ("단주대금", 5, FlowKind::Fraction, 5),
        ] {
            let found = FlowKind::parse(word).unwrap();
            assert_eq!(found, kind, "{word}");
            assert_eq!(
                found.signed(word, Decimal::from(amount)),
                Decimal::from(signed),
                "{word}"
            );
        }
        assert_eq!(FlowKind::parse("gift"), None);
    }
}
