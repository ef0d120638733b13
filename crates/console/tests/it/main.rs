//! The pages as a browser gets them.
#![expect(clippy::unwrap_used, reason = "tests fail by panicking")]

mod escaping;
mod hostile;
mod markup;
mod overview;
mod pages;
mod trends;

use std::time::Duration;

use bongsu_console::{
    Lang, Service, Snapshot,
    history::{History, Sample, Trend},
    pages::{Chrome, overview as view},
};
use jiff::Timestamp;

fn at(text: &str) -> Timestamp {
    text.parse().unwrap()
}

/// One minute past nine in Seoul.
fn now() -> Timestamp {
    at("2026-05-28T00:01:00Z")
}

fn chrome(lang: Lang) -> Chrome {
    Chrome::new(lang, "form-token")
}

fn bare() -> Snapshot {
    let service = Service {
        name: "trading-engine".to_owned(),
        version: "1.2.3".to_owned(),
        environment: "production".to_owned(),
        uptime: Duration::from_secs(90),
    };
    Snapshot::new(now(), service)
}

/// Two hours of the snapshot, unchanged.
fn trend(snapshot: &Snapshot) -> Trend {
    let mut history = History::new();
    let sample = Sample::of(snapshot);
    for back in (0..720).rev() {
        history.push(now() - Duration::from_secs(back * 10), &sample);
    }
    history.trend(now(), view::SHORT, view::COLUMNS)
}

fn overview_page(snapshot: &Snapshot, lang: Lang) -> String {
    let trend = trend(snapshot);
    view::page(&chrome(lang), snapshot, &trend, &trend)
}
