//! The console's first screen, from a source that is the same at any time.

use bongsu_console::{
    Lang, assets,
    pages::{Chrome, overview},
    testing::FakeSource,
};

use bongsu_ops::ServiceDesk;

use crate::figure;

pub fn figures() {
    // 2026-11-27T02:00:00Z, a trading day.
    let at = jiff::Timestamp::from_second(1_795_744_800).expect("a time");
    let source = FakeSource::new(move || at);
    let runtime = tokio::runtime::Builder::new_current_thread().build();
    let snapshot = runtime.expect("a runtime").block_on(source.snapshot());
    let memory = source.memory();
    let trend = |span| memory.trend(snapshot.at, span, overview::COLUMNS);
    let (hour, day) = (trend(overview::SHORT), trend(overview::LONG));
    let chrome = Chrome::new(Lang::Ko, "t".repeat(64));
    let page = overview::page(&chrome, &snapshot, &hour, &day);
    figure("console_page_bytes", page.len() as f64);
    let assets = assets::STYLE.len() + assets::SCRIPT.len() + assets::ICON.len();
    figure("console_assets_bytes", assets as f64);
}
