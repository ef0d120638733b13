//! The figures, pure: rows and dates in, numbers out.

pub mod book;
mod day;
mod history;
mod performers;
mod portfolio;
mod reconcile;
pub mod replay;
pub mod risk;
mod rules;
mod summarise;
mod trade;
mod trading;

pub use replay::{Replay, ReplayPlan, Snapshot, Split};
pub use summarise::{DayInputs, summarise};
pub use trade::{Executed, Number, TradeRow};

#[cfg(test)]
mod tests;
