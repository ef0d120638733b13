//! The figures, pure: rows and dates in, numbers out.

pub mod book;
mod history;
mod performers;
mod portfolio;
mod reconcile;
pub mod replay;
pub mod risk;
mod rules;
mod summarise;
mod trading;

pub use replay::{Executed, Number, Replay, ReplayPlan, Snapshot, Split, TradeRow};
pub use summarise::{DayInputs, summarise};

#[cfg(test)]
mod tests;
