//! A market that moves: one session replayed sixty times as fast, prices on a walk around where they opened.

use std::{
    collections::BTreeMap,
    sync::{Mutex, PoisonError},
    time::Duration,
};

use jiff::civil::{Date, DateTime, date};
use tokio::time::Instant;

/// The session after the seeded month.
pub const SESSION: Date = date(2026, 6, 1);
/// Seconds of the session that pass in one real second.
const SPEED: u32 = 60;
/// From 09:00 to 15:20, before the closing auction.
const LENGTH: Duration = Duration::from_secs(380 * 60);

pub struct Market {
    opened: Instant,
    state: Mutex<State>,
}

struct State {
    prices: BTreeMap<String, Quote>,
    /// A crash or a rally on top of the walk; 0 is none.
    shock_percent: f64,
    random: u64,
}

struct Quote {
    open: u64,
    /// How far the walk has led from the open: 0.01 is one percent above it.
    away: f64,
}

impl State {
    fn price(&self, quote: &Quote) -> u64 {
        let walked = quote.open as f64 * (1.0 + quote.away);
        on_tick(walked * (1.0 + self.shock_percent / 100.0))
    }
}

impl Market {
    /// Opens at the last closes.
    pub fn open(prices: BTreeMap<String, u64>) -> Self {
        let quoted = |(symbol, open)| (symbol, Quote { open, away: 0.0 });
        Self {
            opened: Instant::now(),
            state: Mutex::new(State {
                prices: prices.into_iter().map(quoted).collect(),
                shock_percent: 0.0,
                random: 0x5EED,
            }),
        }
    }

    /// Time of day in the replayed session, Korea time.
    pub fn now(&self) -> DateTime {
        let elapsed = (self.opened.elapsed() * SPEED).min(LENGTH);
        SESSION
            .at(9, 0, 0, 0)
            .saturating_add(jiff::SignedDuration::try_from(elapsed).unwrap_or_default())
    }

    pub fn price(&self, symbol: &str) -> Option<u64> {
        let state = self.lock();
        state.prices.get(symbol).map(|quote| state.price(quote))
    }

    pub fn prices(&self) -> BTreeMap<String, u64> {
        let state = self.lock();
        state
            .prices
            .iter()
            .map(|(symbol, quote)| (symbol.clone(), state.price(quote)))
            .collect()
    }

    /// Every price moves by up to half a percent, and a hundredth of its way back to the open: the longer it
    /// runs, the more a free walk would lose itself.
    pub fn tick(&self) {
        let mut state = self.lock();
        let State { prices, random, .. } = &mut *state;
        for quote in prices.values_mut() {
            // Marsaglia's xorshift64.
            *random ^= *random << 13;
            *random ^= *random >> 7;
            *random ^= *random << 17;
            let basis_points = (*random % 101) as f64 - 50.0;
            quote.away = quote.away * 0.99 + basis_points / 10_000.0;
        }
    }

    /// Moves every price by `percent` at once; 0 takes it back.
    pub fn shock(&self, percent: f64) {
        self.lock().shock_percent = percent.clamp(-99.0, 1_000.0);
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// The nearest tick of the exchange (KRX, since 2023-01-25). Rounding down would lose half a tick each time.
fn on_tick(price: f64) -> u64 {
    let tick = match price as u64 {
        0..2_000 => 1,
        2_000..5_000 => 5,
        5_000..20_000 => 10,
        20_000..50_000 => 50,
        50_000..200_000 => 100,
        200_000..500_000 => 500,
        _ => 1_000,
    };
    ((price / tick as f64).round() as u64 * tick).max(1)
}
