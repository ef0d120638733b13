//! Sums over every fill since the first one: what a period had is the difference of two of them.

use jiff::civil::Date;
use serde::{Deserialize, Serialize};

use super::book::{Realised, Trip};
use super::rules::Fill;
use crate::money::Won;
use crate::summary::Side;

/// Running sums over all fills, positions closed included.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Totals {
    pub(crate) fills: u64,
    pub(crate) bought: Won,
    pub(crate) sold: Won,
    pub(crate) commission: Won,
    pub(crate) tax: Won,
    pub(crate) realised: Won,
    pub(crate) wins: u64,
    pub(crate) losses: u64,
    pub(crate) even: u64,
    pub(crate) gross_profit: Won,
    pub(crate) gross_loss: Won,
    /// Positions closed to the last share, of those whose opening is known.
    pub(crate) trips: u64,
    pub(crate) trips_won: u64,
    pub(crate) trips_profit: Won,
    pub(crate) trips_loss: Won,
    /// Days they were open, added up.
    pub(crate) trip_days: u64,
}

impl Totals {
    pub(super) fn add(&mut self, fill: &Fill, realised: Option<Realised>) {
        self.fills += 1;
        match fill.side {
            Side::Buy => self.bought += fill.amount,
            Side::Sell => self.sold += fill.amount,
        }
        self.commission += fill.commission;
        self.tax += fill.tax;
        let Some(Realised { pnl, .. }) = realised else {
            return;
        };
        self.realised += pnl;
        if pnl.is_positive() {
            self.wins += 1;
            self.gross_profit += pnl;
        } else if pnl.is_negative() {
            self.losses += 1;
            self.gross_loss += Won::ZERO - pnl;
        } else {
            self.even += 1;
        }
    }

    pub(super) fn close(&mut self, trip: Trip, on: Date) {
        let Some(opened) = trip.opened else {
            return;
        };
        self.trips += 1;
        let days = opened.until(on).map_or(0, |span| span.get_days());
        self.trip_days += u64::try_from(days).unwrap_or(0);
        if trip.pnl.is_positive() {
            self.trips_won += 1;
            self.trips_profit += trip.pnl;
        } else {
            self.trips_loss += Won::ZERO - trip.pnl;
        }
    }

    /// What came after `earlier`.
    pub(crate) fn since(self, earlier: Self) -> Self {
        Self {
            fills: self.fills.saturating_sub(earlier.fills),
            bought: self.bought - earlier.bought,
            sold: self.sold - earlier.sold,
            commission: self.commission - earlier.commission,
            tax: self.tax - earlier.tax,
            realised: self.realised - earlier.realised,
            wins: self.wins.saturating_sub(earlier.wins),
            losses: self.losses.saturating_sub(earlier.losses),
            even: self.even.saturating_sub(earlier.even),
            gross_profit: self.gross_profit - earlier.gross_profit,
            gross_loss: self.gross_loss - earlier.gross_loss,
            trips: self.trips.saturating_sub(earlier.trips),
            trips_won: self.trips_won.saturating_sub(earlier.trips_won),
            trips_profit: self.trips_profit - earlier.trips_profit,
            trips_loss: self.trips_loss - earlier.trips_loss,
            trip_days: self.trip_days.saturating_sub(earlier.trip_days),
        }
    }
}
