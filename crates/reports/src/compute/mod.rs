//! The figures, pure: rows and dates in, numbers out.

pub mod book;
mod day;
mod fingerprint;
mod history;
mod performers;
mod portfolio;
mod reconcile;
pub mod replay;
pub mod risk;
mod rules;
mod spans;
mod summarise;
mod totals;
mod trade;
mod trading;

pub use fingerprint::{Digests, Fingerprint, RowHash};
pub use replay::{Replay, ReplayPlan, Snapshot, Split, Transfer};
pub(crate) use rules::canonical;
pub use spans::Base;
pub use summarise::{DayInputs, summarise};
pub use totals::Totals;
#[allow(unused_imports, reason = "the databases' readers need it")]
pub(crate) use trade::OwnedRow;
pub use trade::{Executed, Number, TradeRow};

/// An amount as a note has it.
fn amount(value: rust_decimal::Decimal) -> String {
    bongsu_text::grouped(&value.normalize().to_string())
}

#[cfg(test)]
mod tests;
