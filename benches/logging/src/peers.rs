//! The loggers under test, each as a thing that runs a scenario.

use bongsu_logging::LoggingConfig;
use std::io;
use tracing::subscriber::with_default;
use tracing_subscriber::Registry;
use tracing_subscriber::layer::SubscriberExt;

/// A scenario in the terms of `tracing`.
pub type Scenario<'a> = &'a mut dyn FnMut();

pub struct Peer {
    pub name: &'static str,
    run: Box<dyn Fn(Scenario<'_>)>,
}

impl Peer {
    pub fn run(&self, mut scenario: impl FnMut()) {
        (self.run)(&mut scenario);
    }
}

fn peer(name: &'static str, run: impl Fn(Scenario<'_>) + 'static) -> Peer {
    Peer {
        name,
        run: Box::new(run),
    }
}

pub fn bongsu_config() -> LoggingConfig {
    LoggingConfig::new("trading-engine", "production")
}

/// Every `tracing` peer, writing to nowhere.
pub fn null_peers() -> Vec<Peer> {
    vec![
        bongsu_null(),
        peer("fmt_json", |scenario| {
            let subscriber = tracing_subscriber::fmt()
                .json()
                .with_writer(io::sink)
                .finish();
            with_default(subscriber, scenario);
        }),
        peer("json_subscriber", |scenario| {
            let layer = json_subscriber::fmt::layer().with_writer(io::sink);
            with_default(Registry::default().with(layer), scenario);
        }),
        peer("flat_json", |scenario| {
            let layer = tracing_flat_json::FlatJsonLayer::new(io::sink);
            with_default(Registry::default().with(layer), scenario);
        }),
    ]
}

pub fn bongsu_null() -> Peer {
    peer("bongsu", |scenario| {
        let logging = bongsu_config()
            .writer(io::sink())
            .build()
            .expect("a valid set-up");
        logging.with_default(scenario);
    })
}

/// slog has its own front: the same event, its two spans as two child loggers.
pub fn slog_logger(out: impl io::Write + Send + 'static) -> slog::Logger {
    use slog::{Drain, Logger, o};
    let drain = std::sync::Mutex::new(slog_json::Json::default(out)).fuse();
    let root = Logger::root(
        drain,
        o!("service_name" => "trading-engine", "environment" => "production"),
    );
    let outer = root.new(o!("method" => "POST", "path" => "/orders", "request_id" => "3f2a9c1e"));
    outer.new(o!("account" => 42, "strategy" => "momentum"))
}
