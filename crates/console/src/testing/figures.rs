//! Figures that follow from a moment alone.

use std::time::Duration;

use jiff::{SignedDuration, Timestamp};

use super::{alerts::alerts, logs};
use crate::{
    Breaker, Channel, Dependency, Figure, Held, Http, LastReport, Missing, Portfolio, Position,
    Reports, Service, Session, SessionState, Snapshot, Status, SymbolPnl, Trades, Usage,
    VenueSession,
};

/// A slow wave around `middle` that two calls at one time agree on.
pub(super) fn wave(at: Timestamp, seconds: f64, middle: f64, swing: f64) -> f64 {
    let t = at.as_second() as f64;
    let (slow, quick) = (t / seconds, t / seconds * 7.3);
    middle + swing * (slow.sin() + 0.25 * quick.sin() + 0.1 * (quick * 3.1).sin())
}

pub(super) fn figures(at: Timestamp) -> Snapshot {
    let service = Service {
        name: "trading-engine".to_owned(),
        version: "2.4.1".to_owned(),
        environment: "production".to_owned(),
        uptime: Duration::from_secs(3 * 86_400 + 7_260),
    };
    let value = wave(at, 9_000.0, 1_284_300_000.0, 9_400_000.0);
    let pnl = wave(at, 4_000.0, 4_900_000.0, 2_100_000.0);
    const GIB: u64 = 1 << 30;
    Snapshot {
        dependencies: Figure::Known(dependencies(at)),
        alerts: Figure::Known(alerts(at)),
        channels: Figure::Known(channels(at)),
        http: Http {
            requests_per_second: Figure::Known(wave(at, 700.0, 182.0, 40.0)),
            error_ratio: Figure::Known(wave(at, 900.0, 0.004, 0.002).max(0.0)),
            p50_ms: Figure::Known(wave(at, 500.0, 3.1, 0.4)),
            p95_ms: Figure::Known(wave(at, 500.0, 14.0, 3.0)),
            p99_ms: Figure::Known(wave(at, 500.0, 38.0, 12.0)),
            in_flight: Figure::Known(7),
        },
        errors: Figure::Known(vec![
            logs::errors(at, logs::PLACE, "order rejected: insufficient margin", 3),
            logs::errors(
                at,
                "src/broker.rs:88",
                "the broker did not answer in 2 s",
                0,
            ),
        ]),
        host: Usage {
            cpu_percent: Figure::Known(wave(at, 600.0, 41.0, 11.0)),
            memory_percent: Figure::Known(wave(at, 5_000.0, 63.0, 4.0)),
            memory_used_bytes: Figure::Known(10 * GIB),
            memory_total_bytes: Figure::Known(16 * GIB),
            disk_percent: Figure::Known(71.4),
            disk_free_bytes: Figure::Known(57 * GIB),
        },
        container: Usage {
            cpu_percent: Figure::Known(wave(at, 600.0, 58.0, 14.0)),
            memory_percent: Figure::Known(wave(at, 5_000.0, 82.5, 1.0)),
            memory_used_bytes: Figure::Known(GIB * 33 / 10),
            memory_total_bytes: Figure::Known(4 * GIB),
            disk_percent: Missing::NotConfigured.into(),
            disk_free_bytes: Missing::NotConfigured.into(),
        },
        portfolio: Portfolio {
            value_krw: Figure::Known(value as i64),
            drawdown_percent: Figure::Known(wave(at, 9_000.0, 12.4, 1.2)),
            halt_percent: Some(28.0),
            day_pnl_krw: Figure::Known(pnl as i64),
            day_pnl_percent: Figure::Known(pnl / value * 100.0),
            positions: Figure::Known(14),
            symbols: [
                ("005930", 3_120_000),
                ("000660", -1_845_000),
                ("035720", 912_500),
                ("051910", -402_000),
                ("068270", 11_000),
            ]
            .map(|(symbol, pnl_krw)| SymbolPnl {
                symbol: symbol.to_owned(),
                name: match symbol {
                    "005930" => Some("삼성전자"),
                    "000660" => Some("SK하이닉스"),
                    "035720" => Some("카카오"),
                    _ => None,
                }
                .map(str::to_owned),
                pnl_krw,
            })
            .to_vec(),
            trades: Some(Trades {
                since: at - SignedDuration::from_mins(61),
                orders: 1_284,
                fills: 1_207,
                rejects: 31,
            }),
            held: Some(Held {
                session: jiff::civil::date(2026, 5, 27),
                positions: [
                    ("005930", Some("삼성전자"), "1200", 84_000_000),
                    ("000660", Some("SK하이닉스"), "300", 61_500_000),
                    ("0009K0", None, "50", 1_250_000),
                ]
                .map(|(symbol, name, quantity, value)| Position {
                    symbol: symbol.to_owned(),
                    name: name.map(str::to_owned),
                    quantity: quantity.to_owned(),
                    value_krw: Some(value),
                })
                .to_vec(),
                omitted: 0,
            }),
        },
        lag_ms: Figure::Known(wave(at, 300.0, 2.0, 1.0).max(0.1)),
        session: Figure::Known(Session {
            state: SessionState::Open,
            changes_at: at + SignedDuration::from_mins(389),
            began_at: Some(at - SignedDuration::from_mins(1)),
        }),
        venues: [("KRX", "regular", 389), ("NXT", "regular", 379)]
            .map(|(venue, phase, minutes)| VenueSession {
                venue: venue.to_owned(),
                phase: phase.to_owned(),
                session: Session {
                    state: SessionState::Open,
                    changes_at: at + SignedDuration::from_mins(minutes),
                    began_at: None,
                },
            })
            .to_vec(),
        reports: Reports {
            next: Figure::Known(at + SignedDuration::from_hours(11)),
            last: Figure::Known(LastReport {
                session: jiff::civil::date(2026, 5, 27),
                at: at - SignedDuration::from_hours(13),
                problem: None,
            }),
        },
        ..Snapshot::new(at, service)
    }
}

fn dependencies(at: Timestamp) -> Vec<Dependency> {
    let one =
        |name: &str, kind: &str, status, required, latency: f64, since, message: Option<&str>| {
            Dependency {
                name: name.to_owned(),
                kind: kind.to_owned(),
                status,
                required,
                latency_ms: Figure::Known(wave(at, 400.0, latency, latency / 4.0)),
                since: Figure::Known(at - SignedDuration::from_secs(since)),
                message: message.map(str::to_owned),
            }
        };
    vec![
        one(
            "postgres",
            "database",
            Status::Healthy,
            true,
            1.8,
            260_000,
            None,
        ),
        one("redis", "cache", Status::Healthy, false, 0.4, 260_000, None),
        one(
            "kis-broker-api",
            "external_api",
            Status::Degraded,
            true,
            640.0,
            380,
            Some("answers slowly: 640 ms against 200 ms"),
        ),
        one(
            "market-data-feed",
            "service",
            Status::Healthy,
            true,
            6.0,
            86_000,
            None,
        ),
        one(
            "order-gateway",
            "service",
            Status::Healthy,
            true,
            3.0,
            260_000,
            None,
        ),
    ]
}

fn channels(at: Timestamp) -> Vec<Channel> {
    let one = |name: &str, queued, dead, ago, breaker| Channel {
        name: name.to_owned(),
        queued,
        delivered: 120,
        dead,
        last_success: Figure::Known(at - SignedDuration::from_secs(ago)),
        breaker,
    };
    vec![
        one("slack", 0, 0, 42, Breaker::Closed),
        one("email", 3, 1, 1_900, Breaker::Open),
        one("webhook", 0, 0, 42, Breaker::Closed),
    ]
}
