//! The day's orders, from counters that only grow.

use bongsu_ops::Trades;
use jiff::{
    Timestamp,
    civil::Date,
    tz::{self, TimeZone},
};

/// What was counted of orders since the service began.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub(super) struct Counts {
    orders: f64,
    fills: f64,
    rejects: f64,
}

impl Counts {
    /// So many ended so. What is neither is under way, or was taken back.
    pub(super) fn add(&mut self, status: &str, count: f64) {
        self.orders += count;
        match status.to_ascii_lowercase().as_str() {
            "filled" | "executed" | "success" | "ok" | "completed" | "partially_filled" => {
                self.fills += count;
            }
            "rejected" | "failed" | "error" => self.rejects += count,
            _ => {}
        }
    }
}

/// A day in Korea so far.
#[derive(Debug, Default)]
pub(super) struct Day {
    of: Option<(Date, Timestamp)>,
    /// What was counted before it began.
    before: Counts,
    now: Option<Counts>,
}

impl Day {
    /// Takes what is counted now; nothing, where the service counts no orders.
    pub(super) fn push(&mut self, now: Timestamp, counts: Option<Counts>) {
        let today = now.to_zoned(TimeZone::fixed(tz::offset(9))).date();
        match self.of {
            Some((day, _)) if day == today => {}
            // The day of the start: nothing was counted before.
            None => self.of = Some((today, now)),
            Some(_) => {
                self.of = Some((today, now));
                self.before = self.now.unwrap_or_default();
            }
        }
        self.now = counts;
    }

    pub(super) fn so_far(&self) -> Option<Trades> {
        let ((_, since), now) = (self.of?, self.now?);
        let whole = |now: f64, before: f64| (now - before).max(0.0) as u64;
        Some(Trades {
            since,
            orders: whole(now.orders, self.before.orders),
            fills: whole(now.fills, self.before.fills),
            rejects: whole(now.rejects, self.before.rejects),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_day_in_korea_begins_anew() {
        let mut day = Day::default();
        assert_eq!(day.so_far(), None);
        let at = |text: &str| -> Timestamp { text.parse().unwrap() };
        let counted = |filled: f64, rejected: f64, open: f64| {
            let mut counts = Counts::default();
            counts.add("filled", filled);
            counts.add("REJECTED", rejected);
            counts.add("accepted", open);
            Some(counts)
        };
        let start = at("2026-05-28T10:00:00+09:00");
        day.push(start, None);
        assert_eq!(day.so_far(), None, "none is counted");
        day.push(at("2026-05-28T23:59:50+09:00"), counted(5.0, 2.0, 1.0));
        let trades = |since, orders, fills, rejects| {
            Some(Trades {
                since,
                orders,
                fills,
                rejects,
            })
        };
        assert_eq!(day.so_far(), trades(start, 8, 5, 2));
        let midnight = at("2026-05-29T00:00:00+09:00");
        day.push(midnight, counted(5.0, 2.0, 1.0));
        assert_eq!(day.so_far(), trades(midnight, 0, 0, 0));
        day.push(at("2026-05-29T09:00:00+09:00"), counted(6.0, 2.0, 1.0));
        assert_eq!(day.so_far(), trades(midnight, 1, 1, 0));
    }
}
