//! A source without a service: for tests of whoever mounts the console, and to look at it.

use std::{
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use async_trait::async_trait;
use bongsu_ops::{
    AboutAlert, AlertDesk, EndSilence, LogDesk, LogLevelNow, MetricDesk, RebuildReports, Rebuilt,
    Reloaded, ReportDeliveries, ReportDesk, ReportForm, RuleDesk, ServiceDesk, SetLogLevel,
    SilencePreview,
};
use jiff::{SignedDuration, Timestamp, civil::Date};

use crate::{
    ActiveSilence, AlertDetail, AlertQuery, AlertRecord, Breaker, Channel, DeliveryOutcome,
    DeliveryRecord, Dependency, Figure, FiringAlert, Http, LastReport, Level, LogLevel, LogLine,
    LogQuery, LogSeverity, LoggedErrors, Memory, MetricFamily, MetricSample, Missing, NewSilence,
    Operator, OpsError, Portfolio, Recorder, ReportEntry, Reports, Route, RuleAlert, RuleGroup,
    RuleKind, RuleMemory, RuleSeen, RuleState, Rules, Service, Session, SessionState, Setting,
    Snapshot, Status, SymbolPnl, Usage, VenueSession,
    history::{RESOLUTION, SLOTS, Sample},
};

/// Answers with figures that follow from its clock alone, and keeps what it was asked to do.
///
/// ```
/// use bongsu_console::testing::FakeSource;
///
/// let source = FakeSource::new(|| jiff::Timestamp::UNIX_EPOCH);
/// assert!(source.actions().is_empty());
/// ```
pub struct FakeSource {
    clock: Box<dyn Fn() -> Timestamp + Send + Sync>,
    memory: Arc<Memory>,
    state: Mutex<State>,
}

struct State {
    alerts: Vec<FiringAlert>,
    silences: Vec<ActiveSilence>,
    level: LogLevel,
    actions: Vec<String>,
}

impl std::fmt::Debug for FakeSource {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("FakeSource").finish_non_exhaustive()
    }
}

impl FakeSource {
    /// A source at the time that `clock` tells, with a day behind it.
    pub fn new(clock: impl Fn() -> Timestamp + Send + Sync + 'static) -> Self {
        let now = clock();
        let memory = Memory::default();
        let mut recorder = Recorder::default();
        for back in (1..SLOTS as i64).rev() {
            let at = now - SignedDuration::from_secs(back * RESOLUTION.as_secs() as i64);
            memory.keep(at, &recorder.sample(&figures(at)));
        }
        Self {
            clock: Box::new(clock),
            memory: Arc::new(memory),
            state: Mutex::new(State {
                alerts: alerts(now),
                silences: Vec::new(),
                level: LogLevel {
                    directives: "info".to_owned(),
                    until: None,
                },
                actions: Vec::new(),
            }),
        }
    }

    /// Lets these alerts fire and no others.
    pub fn set_alerts(&self, alerts: Vec<FiringAlert>) {
        self.state().alerts = alerts;
    }

    /// It as an operator meets it.
    #[must_use]
    pub fn operator(self: &Arc<Self>) -> Operator {
        Operator::new(self.clone())
            .with_alerts(self.clone())
            .with_logs(self.clone())
            .with_metrics(self.clone())
            .with_reports(self.clone())
            .with_rules(self.clone())
    }

    /// The day behind it.
    #[must_use]
    pub fn memory(&self) -> Arc<Memory> {
        Arc::clone(&self.memory)
    }

    /// What was asked for, in words.
    #[must_use]
    pub fn actions(&self) -> Vec<String> {
        self.state().actions.clone()
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[async_trait]
impl ServiceDesk for FakeSource {
    async fn snapshot(&self) -> Snapshot {
        let now = (self.clock)();
        let mut snapshot = figures(now);
        self.memory.keep(now, &Sample::of(&snapshot));
        let state = self.state();
        snapshot.alerts = Figure::Known(state.alerts.clone());
        snapshot.log_level = Figure::Known(state.level.clone());
        snapshot
    }

    async fn settings(&self) -> Result<Vec<Setting>, OpsError> {
        let setting = |name: &str, value: Option<&str>, set, help: &str| Setting {
            name: name.to_owned(),
            value: value.map(str::to_owned),
            set,
            help: help.to_owned(),
        };
        Ok(vec![
            setting(
                "SERVICE_NAME",
                Some("trading-engine"),
                true,
                "names the service",
            ),
            setting("LOG_LEVEL", Some("info"), false, "what is logged"),
            setting(
                "SLACK_WEBHOOK_URL",
                Some("***"),
                true,
                "where Slack takes alerts",
            ),
            setting("DATABASE_URL", None, false, "the database of the service"),
        ])
    }
}

#[async_trait]
impl AlertDesk for FakeSource {
    async fn firing(&self) -> Result<Vec<FiringAlert>, OpsError> {
        Ok(self.state().alerts.clone())
    }

    async fn history(&self, query: &AlertQuery) -> Result<Vec<AlertRecord>, OpsError> {
        let text = query.text.to_lowercase();
        let state = self.state();
        let found = state.alerts.iter().filter(|alert| {
            let said = [&alert.title, &alert.key, &alert.source];
            Some(alert.level) >= query.level
                && said.iter().any(|said| said.to_lowercase().contains(&text))
        });
        Ok(found.take(query.limit).map(record).collect())
    }

    async fn silences(&self) -> Result<Vec<ActiveSilence>, OpsError> {
        Ok(self.state().silences.clone())
    }

    async fn acknowledge(&self, asked: &AboutAlert) -> Result<(), OpsError> {
        let AboutAlert { key, by, .. } = asked;
        let mut state = self.state();
        let found = state.alerts.iter_mut().find(|alert| alert.key == *key);
        let alert = found.ok_or_else(|| OpsError::no_such("firing alert"))?;
        alert.acknowledged_by = Some(by.clone());
        state.actions.push(format!("acknowledge {key} by {by}"));
        Ok(())
    }

    async fn silence(&self, asked: &NewSilence) -> Result<ActiveSilence, OpsError> {
        let (start, until) = asked.span((self.clock)())?;
        let about = self.preview_silence(asked).await?;
        let mut state = self.state();
        let held = state.alerts.iter_mut();
        for alert in held.filter(|alert| about.holds.contains(&alert.key)) {
            alert.silenced_until = Some(until);
        }
        let key = about.matches.clone();
        let silence = ActiveSilence {
            id: format!("S{}", state.silences.len()),
            matches: about.matches,
            start: asked.start,
            until,
            recurrence: None,
            active: true,
            holds: about.holds,
            held: about.held,
            by: asked.by.clone(),
            reason: asked.comment.clone(),
        };
        let minutes = until.duration_since(start).as_mins();
        let (by, why) = (&asked.by, &asked.comment);
        state
            .actions
            .push(format!("silence {key} for {minutes} min by {by}: {why}"));
        state.silences.push(silence.clone());
        Ok(silence)
    }

    async fn preview_silence(&self, asked: &NewSilence) -> Result<SilencePreview, OpsError> {
        let is = |wanted: &Option<String>, found: &str| {
            wanted.as_ref().is_none_or(|wanted| wanted == found)
        };
        let state = self.state();
        let held = state.alerts.iter().filter(|alert| {
            is(&asked.key, &alert.key)
                && is(&asked.source, &alert.source)
                && alert.level <= asked.levels().1
                && asked
                    .tag
                    .as_ref()
                    .is_none_or(|tag| alert.detail.tags.contains(tag))
        });
        let holds: Vec<String> = held.map(|alert| alert.key.clone()).collect();
        let words = [&asked.key, &asked.source, &asked.tag];
        let words: Vec<&str> = words.into_iter().flatten().map(String::as_str).collect();
        Ok(SilencePreview {
            matches: words.join(", "),
            held: holds.len(),
            holds,
        })
    }

    async fn unacknowledge(&self, asked: &AboutAlert) -> Result<(), OpsError> {
        let AboutAlert { key, by, .. } = asked;
        let mut state = self.state();
        let found = state.alerts.iter_mut().find(|alert| alert.key == *key);
        let alert = found.ok_or_else(|| OpsError::no_such("firing alert"))?;
        alert.acknowledged_by = None;
        state.actions.push(format!("unacknowledge {key} by {by}"));
        Ok(())
    }

    async fn resolve(&self, asked: &AboutAlert) -> Result<usize, OpsError> {
        let AboutAlert { key, by, .. } = asked;
        let mut state = self.state();
        let before = state.alerts.len();
        state.alerts.retain(|alert| alert.key != *key);
        if state.alerts.len() == before {
            return Err(OpsError::no_such("firing alert"));
        }
        state.actions.push(format!("resolve {key} by {by}"));
        Ok(1)
    }

    async fn unsilence(&self, asked: &EndSilence) -> Result<(), OpsError> {
        let EndSilence { id, by, .. } = asked;
        let mut state = self.state();
        state.silences.retain(|silence| silence.id != *id);
        state.actions.push(format!("unsilence {id} by {by}"));
        Ok(())
    }

    async fn test_channel(&self, channel: &str) -> Result<bongsu_ops::Tested, OpsError> {
        if channel != "slack" {
            return Err(OpsError::Failed(format!(
                "{channel}: the server refused it"
            )));
        }
        self.state().actions.push(format!("test {channel}"));
        Ok(bongsu_ops::Tested {
            channel: channel.to_owned(),
            outcome: "delivered".to_owned(),
        })
    }
}

#[async_trait]
impl LogDesk for FakeSource {
    async fn lines(&self, query: &LogQuery) -> Result<Vec<LogLine>, OpsError> {
        let text = query.text.to_lowercase();
        let lines = logs((self.clock)()).into_iter();
        let said = lines.filter(|line| line.raw.to_lowercase().contains(&text));
        Ok(bongsu_ops::logs::select(said, query))
    }

    async fn set_level(&self, asked: &SetLogLevel) -> Result<LogLevelNow, OpsError> {
        let mut state = self.state();
        state.level = LogLevel {
            directives: asked.level.clone(),
            until: asked.lasts().map(|lasts| (self.clock)() + lasts),
        };
        state.actions.push(format!("level {}", asked.level));
        Ok(LogLevelNow {
            level: asked.level.clone(),
            lasts_seconds: asked.for_seconds,
        })
    }
}

#[async_trait]
impl MetricDesk for FakeSource {
    async fn routes(&self) -> Result<Vec<Route>, OpsError> {
        let now = (self.clock)();
        let route = |method: &str, endpoint: &str, errors: f64, middle: f64| Route {
            method: method.to_owned(),
            endpoint: endpoint.to_owned(),
            http: Http {
                requests_per_second: Figure::Known(wave(now, 700.0, 40.0, 9.0)),
                error_ratio: Figure::Known(errors),
                p50_ms: Figure::Known(middle),
                p95_ms: Figure::Known(middle * 4.0),
                p99_ms: Figure::Known(middle * 9.0),
                in_flight: Figure::default(),
            },
        };
        Ok(vec![
            route("GET", "/quotes/{symbol}", 0.0, 2.1),
            route("POST", "/orders", 0.062, 18.0),
            route("DELETE", "/orders/{id}", 0.012, 4.0),
        ])
    }

    async fn families(&self, samples: usize) -> Result<Vec<MetricFamily>, OpsError> {
        let mut families = metrics();
        for family in &mut families {
            family.omitted = family.samples.len().saturating_sub(samples);
            family.samples.truncate(samples);
        }
        Ok(families)
    }
}

#[async_trait]
impl RuleDesk for FakeSource {
    async fn rules(&self) -> Result<Rules, OpsError> {
        Ok(rules((self.clock)()))
    }

    async fn reload(&self) -> Result<Reloaded, OpsError> {
        self.state().actions.push("reload rules".to_owned());
        Ok(Reloaded {
            file: "shipped, rules/*.yml".to_owned(),
            rules: 4,
            silences: 0,
            warnings: Vec::new(),
            needs_restart: Vec::new(),
        })
    }
}

/// One rule of each state.
fn rules(at: Timestamp) -> Rules {
    let alert = |level: f64, state, minutes: i64| {
        let since = at - SignedDuration::from_mins(minutes);
        let labels = [
            ("alertname", "StaleFeed"),
            ("severity", "critical"),
            ("venue", "KRX"),
        ];
        RuleAlert {
            labels: labels
                .map(|(name, value)| (name.to_owned(), value.to_owned()))
                .into(),
            value: level.to_string(),
            state,
            since,
            firing_since: (state == RuleState::Firing).then_some(since),
            summary: Some("KRX 시세가 3분째 오지 않습니다".to_owned()),
        }
    };
    let rule = |name: &str, expression: &str, state, minutes: f64| RuleSeen {
        state,
        for_seconds: minutes * 60.0,
        ..RuleSeen::new(name, RuleKind::Alert, expression)
    };
    let feed = RuleSeen {
        elements: 2,
        active: vec![
            alert(187.0, RuleState::Firing, 3),
            alert(64.5, RuleState::Pending, 1),
        ],
        ..rule(
            "StaleFeed",
            "time() - feed_last_tick_timestamp_seconds > 60 and on () bongsu_session{venue=\"KRX\",kind=\"regular\"} == 1",
            RuleState::Firing,
            1.0,
        )
    };
    let failed = RuleSeen {
        error: Some("found duplicate series for the match group {} on the right side".to_owned()),
        ..rule(
            "BrokerSlow",
            "broker_seconds / broker_limit > 1",
            RuleState::Inactive,
            5.0,
        )
    };
    let recorded = RuleSeen {
        elements: 12,
        state: RuleState::Inactive,
        ..RuleSeen::new(
            "job:http_requests:rate5m",
            RuleKind::Record,
            "sum by (job) (rate(http_requests_total[5m]))",
        )
    };
    let quiet = rule(
        "TradingHalt",
        "portfolio_drawdown_percent > portfolio_halt_drawdown_percent",
        RuleState::Inactive,
        1.0,
    );
    let group = |file: &str, name: &str, rules| RuleGroup {
        file: file.to_owned(),
        name: name.to_owned(),
        interval_seconds: 15.0,
        last_evaluation: Some(at - SignedDuration::from_secs(4)),
        rules,
    };
    Rules {
        groups: vec![
            group("shipped", "bongsu-trading", vec![quiet, recorded]),
            group("rules/desk.yml", "desk", vec![feed, failed]),
        ],
        memory: RuleMemory {
            series: 1_240,
            samples: 892_800,
            bytes: 1_100_000,
            reach_seconds: 3_600.0,
            refused: 0,
            forgotten: 0,
        },
    }
}

#[async_trait]
impl ReportDesk for FakeSource {
    async fn archive(&self) -> Result<Vec<ReportEntry>, OpsError> {
        let entry = |day, problem: Option<&str>| ReportEntry {
            session: jiff::civil::date(2026, 5, day),
            at: None,
            deliveries: vec![("email ops@example.com".to_owned(), "delivered".to_owned())],
            problem: problem.map(str::to_owned),
            page: problem.is_none(),
        };
        Ok(vec![
            entry(27, None),
            entry(26, Some("the source did not answer")),
        ])
    }

    async fn page(&self, session: Date) -> Result<String, OpsError> {
        if session == jiff::civil::date(2026, 5, 27) {
            return Ok(format!(
                "<!doctype html><title>{session}</title><h1>{session}</h1>"
            ));
        }
        Err(OpsError::no_such("report"))
    }

    async fn preview(&self, session: Date, form: ReportForm) -> Result<String, OpsError> {
        self.page(session).await?;
        Ok(format!("{form:?} of {session}"))
    }

    async fn resend(&self, session: Date) -> Result<ReportDeliveries, OpsError> {
        self.page(session).await?;
        self.state().actions.push(format!("resend {session}"));
        Ok(ReportDeliveries {
            session,
            deliveries: Vec::new(),
        })
    }

    async fn rebuild(&self, asked: &RebuildReports) -> Result<Rebuilt, OpsError> {
        let from = asked.from.map_or("all".to_owned(), |from| from.to_string());
        self.state()
            .actions
            .push(format!("rebuild {from} by {}", asked.by));
        Ok(Rebuilt {
            from: asked.from,
            rows: 1_234,
        })
    }
}

/// A slow wave around `middle` that two calls at one time agree on.
fn wave(at: Timestamp, seconds: f64, middle: f64, swing: f64) -> f64 {
    let t = at.as_second() as f64;
    let (slow, quick) = (t / seconds, t / seconds * 7.3);
    middle + swing * (slow.sin() + 0.25 * quick.sin() + 0.1 * (quick * 3.1).sin())
}

fn figures(at: Timestamp) -> Snapshot {
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
            errors(at, PLACE, "order rejected: insufficient margin", 3),
            errors(
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
                name: (symbol == "005930").then(|| "삼성전자".to_owned()),
                pnl_krw,
            })
            .to_vec(),
        },
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

fn alerts(at: Timestamp) -> Vec<FiringAlert> {
    let one =
        |key: &str, level, title: &str, message: &str, source: &str, ago, count| FiringAlert {
            key: key.to_owned(),
            level,
            title: title.to_owned(),
            message: message.to_owned(),
            source: source.to_owned(),
            since: at - SignedDuration::from_secs(ago),
            count,
            acknowledged_by: None,
            silenced_until: None,
            standing: Default::default(),
            detail: AlertDetail::default(),
        };
    vec![
        one(
            "risk|var",
            Level::Critical,
            "Risk Threshold Breach: value_at_risk",
            "Current value 4.31 exceeds the threshold of 3.80",
            "risk_manager",
            134,
            3,
        ),
        FiringAlert {
            acknowledged_by: Some("minji".to_owned()),
            ..one(
                "health|kis-broker-api",
                Level::Warning,
                "kis-broker-api is degraded",
                "answers slowly: 640 ms against 200 ms",
                "trading-engine",
                380,
                1,
            )
        },
        one(
            "resource|memory",
            Level::Warning,
            "High MEMORY Usage",
            "82.5 % of the container's limit is in use (threshold 80 %)",
            "resource_monitor",
            2_700,
            5,
        ),
    ]
}

fn errors(at: Timestamp, place: &str, message: &str, lately: u64) -> LoggedErrors {
    LoggedErrors {
        place: place.to_owned(),
        logger: "trading::orders".to_owned(),
        message: message.to_owned(),
        count: 12,
        lately,
        first: at - SignedDuration::from_mins(190),
        last: at - SignedDuration::from_secs(40),
        request_id: Some("7f3c9a10-0000-4000-8000-000000000001".to_owned()),
    }
}

fn record(alert: &FiringAlert) -> AlertRecord {
    let delivery = |channel: &str, outcome, attempts| DeliveryRecord {
        id: String::new(),
        channel: channel.to_owned(),
        target: String::new(),
        outcome,
        attempts,
        at: Some(alert.since),
    };
    AlertRecord {
        at: alert.since,
        key: alert.key.clone(),
        level: alert.level,
        title: alert.title.clone(),
        message: alert.message.clone(),
        source: alert.source.clone(),
        resolved: false,
        detail: alert.detail.clone(),
        deliveries: vec![
            delivery("slack", DeliveryOutcome::Delivered, 1),
            delivery(
                "email",
                DeliveryOutcome::Dead("the server refused the recipient".to_owned()),
                5,
            ),
            delivery(
                "webhook",
                DeliveryOutcome::Suppressed("the same was told a short while ago".to_owned()),
                0,
            ),
        ],
    }
}

/// Where its lines are written.
const PLACE: &str = "src/orders.rs:120";

fn logs(at: Timestamp) -> Vec<LogLine> {
    let lines = [
        (LogSeverity::Info, "order accepted", "trading::orders"),
        (
            LogSeverity::Warn,
            "broker answered slowly",
            "trading::broker",
        ),
        (LogSeverity::Info, "request served", "bongsu::http"),
        (
            LogSeverity::Error,
            "order rejected: insufficient margin",
            "trading::orders",
        ),
        (LogSeverity::Debug, "quote refreshed", "trading::market"),
    ];
    (0..200_i64)
        .map(|i| {
            let (severity, message, logger) = lines[(i * i % 11 % 5) as usize];
            LogLine {
                at: at - SignedDuration::from_millis(i * 730),
                severity,
                logger: logger.to_owned(),
                message: message.to_owned(),
                trace_id: None,
                place: Some(PLACE.to_owned()),
                raw: format!(r#"{{"message":"{message}","file":"{PLACE}"}}"#),
                request_id: (i % 3 != 0).then(|| format!("7f3c9a10-0000-4000-8000-{:012}", i / 4)),
                fields: vec![("symbol".to_owned(), "005930".to_owned())],
            }
        })
        .collect()
}

fn metrics() -> Vec<MetricFamily> {
    let family = |name: &str, kind: &str, help: &str, labels: &[&str], values: &[(&str, f64)]| {
        let samples = values.iter().map(|(label, value)| MetricSample {
            suffix: String::new(),
            labels: labels
                .iter()
                .map(|name| ((*name).to_owned(), (*label).to_owned()))
                .collect(),
            value: *value,
        });
        MetricFamily {
            name: name.to_owned(),
            kind: kind.to_owned(),
            help: help.to_owned(),
            labels: labels.iter().map(|name| (*name).to_owned()).collect(),
            samples: samples.collect(),
            omitted: 0,
        }
    };
    vec![
        family(
            "positions_active",
            "gauge",
            "Open positions",
            &[],
            &[("", 14.0)],
        ),
        family(
            "cache_hits_total",
            "counter",
            "Cache hits",
            &["cache_name"],
            &[("quotes", 120_431.0), ("orders", 8_112.0)],
        ),
        family(
            "value_at_risk_krw",
            "gauge",
            "Value at risk",
            &["confidence"],
            &[],
        ),
    ]
}
