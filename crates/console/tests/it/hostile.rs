//! Every page and fragment, made of one text in every field.

use bongsu_console::{
    ActiveSilence, AlertDetail, AlertQuery, AlertRecord, Breaker, Calls, Channel, DeliveryOutcome,
    DeliveryRecord, Dependency, Event, Explained, Figure, FiringAlert, Held, Http, Lang,
    LastReport, Level, LogLevel, LogLine, LogQuery, LogSeverity, LoggedErrors, Maintenance,
    MaintenanceNow, MetricFamily, MetricSample, Missing, OpsError, Position, ReportEntry, Route,
    RuleAlert, RuleFigure, RuleGroup, RuleKind, RuleSeen, RuleState, Rules, Session, SessionState,
    Setting, SilencePreview, Snapshot, Standing, Status, SymbolPnl, VenueSession,
    history::{History, Sample},
    pages::{
        alert, alerts, config,
        forms::{Action, Form, Typed},
        logs, message, metrics, overview, reports, requests, rules, trends,
    },
};

use bongsu_ops::{ChannelVerdict, EscalationStep};

use crate::{bare, chrome, now, trend};

/// A snapshot in which every text is `t`.
fn snapshot(t: &str) -> Snapshot {
    let text = || t.to_owned();
    let mut s = bare();
    s.service.name = text();
    s.service.version = text();
    s.service.environment = text();
    s.dependencies = Figure::Known(vec![Dependency {
        name: text(),
        kind: text(),
        status: Status::Degraded,
        required: true,
        latency_ms: Figure::Known(1.5),
        since: Missing::Failed(text()).into(),
        message: Some(text()),
    }]);
    s.alerts = Figure::Known(vec![FiringAlert {
        key: text(),
        level: Level::Critical,
        title: text(),
        message: text(),
        source: text(),
        since: now(),
        count: 2,
        acknowledged_by: Some(text()),
        silenced_until: Some(now()),
        standing: Default::default(),
        detail: AlertDetail::default(),
    }]);
    s.portfolio.held = Some(Held {
        session: jiff::civil::date(2026, 5, 27),
        positions: vec![Position {
            symbol: text(),
            name: Some(text()),
            quantity: text(),
            value_krw: None,
        }],
        omitted: 1,
    });
    s.maintenance = Some(Maintenance {
        id: text(),
        start: None,
        until: now(),
        active: true,
        holds: vec![text()],
        held: 1,
        by: text(),
        reason: text(),
    });
    s.channels = Figure::Known(vec![Channel {
        name: text(),
        queued: 1,
        delivered: 1,
        dead: 1,
        last_success: Missing::Failed(text()).into(),
        breaker: Breaker::Broken,
    }]);
    s.errors = Figure::Known(vec![LoggedErrors {
        place: text(),
        logger: text(),
        message: text(),
        count: 2,
        lately: 1,
        first: now(),
        last: now(),
        request_id: Some(text()),
    }]);
    s.http.p99_ms = Missing::Failed(text()).into();
    s.portfolio.symbols = vec![SymbolPnl {
        symbol: text(),
        name: Some(text()),
        pnl_krw: -1,
    }];
    s.venues = vec![VenueSession {
        venue: text(),
        phase: text(),
        session: Session {
            state: SessionState::Holiday(text()),
            changes_at: now(),
            began_at: None,
        },
    }];
    s.session = Figure::Known(Session {
        state: SessionState::Holiday(text()),
        changes_at: now(),
        began_at: None,
    });
    s.reports.last = Figure::Known(LastReport {
        session: jiff::civil::date(2026, 5, 27),
        at: now(),
        problem: Some(text()),
    });
    s.log_level = Figure::Known(LogLevel {
        directives: text(),
        until: Some(now()),
    });
    s
}

/// Every page with `t` wherever a text goes.
pub(crate) fn pages(t: &str, lang: Lang) -> Vec<(&'static str, String)> {
    let text = || t.to_owned();
    let mut chrome = chrome(lang);
    chrome.token = text();
    chrome.here = text();
    let s = snapshot(t);
    let history = trend(&s);
    let record = |outcome| AlertRecord {
        at: now(),
        key: text(),
        level: Level::Error,
        title: text(),
        message: text(),
        source: text(),
        resolved: true,
        detail: AlertDetail::default(),
        deliveries: vec![DeliveryRecord {
            id: text(),
            channel: text(),
            target: text(),
            outcome,
            attempts: 3,
            at: Some(now()),
        }],
    };
    let records = Ok(vec![
        record(DeliveryOutcome::Dead(text())),
        record(DeliveryOutcome::Suppressed(text())),
        record(DeliveryOutcome::Pending(Some(text()))),
    ]);
    let silences = Ok(vec![ActiveSilence {
        start: None,
        recurrence: Some(t.into()),
        active: true,
        holds: vec![text()],
        held: 1,
        id: text(),
        matches: t.into(),
        until: now(),
        by: text(),
        reason: text(),
    }]);
    let found = AlertQuery {
        text: text(),
        ..AlertQuery::default()
    };
    let under_way = Ok(MaintenanceNow {
        maintenance: s.maintenance.clone(),
    });
    let would_hold = SilencePreview {
        matches: t.into(),
        holds: vec![text()],
        held: 9,
    };
    let firing = s.alerts.value().unwrap().first().cloned();
    let firing = firing.map(|alert| FiringAlert {
        standing: Standing {
            channels: vec![text()],
            held: Some(text()),
            runbook: Some(text()),
            ..Standing::default()
        },
        detail: AlertDetail {
            kind: "rule".to_owned(),
            metadata: ["request_id", "trace_id", t]
                .map(|name| (name.to_owned(), serde_json::Value::String(text())))
                .into(),
            tags: vec![text()],
            ..AlertDetail::default()
        },
        ..alert
    });
    let explained = Explained {
        key: text(),
        channels: vec![ChannelVerdict {
            channel: text(),
            rule: Some(text()),
            decision: "deliver",
            reason: "new",
        }],
        escalations: vec![EscalationStep {
            after_seconds: 60,
            channels: vec![text()],
        }],
        held: Some(text()),
        held_until: None,
        silences: vec![text()],
        cooldown_seconds: None,
    };
    let scopes: Vec<_> = [
        alert::Scope::Key,
        alert::Scope::Source,
        alert::Scope::Tag(text()),
    ]
    .into_iter()
    .map(|scope| {
        let preview = SilencePreview {
            matches: t.into(),
            holds: vec![text(), text()],
            held: 2,
        };
        (scope, preview)
    })
    .collect();
    let lines = Ok(vec![LogLine {
        at: now(),
        severity: LogSeverity::Warn,
        logger: text(),
        message: text(),
        request_id: Some(text()),
        trace_id: Some(text()),
        place: Some(text()),
        fields: vec![(text(), text())],
        raw: text(),
    }]);
    let tail = LogQuery {
        text: text(),
        request_id: text(),
        trace_id: text(),
        target: text(),
        field: Some((text(), text())),
        ..LogQuery::default()
    };
    let families = Ok(vec![MetricFamily {
        name: text(),
        kind: text(),
        help: text(),
        labels: vec![text()],
        samples: vec![MetricSample {
            suffix: text(),
            labels: vec![(text(), text())],
            value: 0.5,
        }],
        omitted: 1,
    }]);
    let archive = Ok(vec![ReportEntry {
        session: jiff::civil::date(2026, 5, 27),
        at: Some(now()),
        deliveries: vec![(text(), text())],
        problem: Some(text()),
        page: true,
    }]);
    let settings = Ok(vec![Setting {
        name: text(),
        value: Some(text()),
        set: true,
        // What stands between backticks is shown as code, on purpose; it is tried by itself.
        help: t.replace('`', "").as_str().into(),
        group: t.into(),
    }]);
    let failed = || OpsError::Failed(text());
    let typed = Typed::default()
        .with("key", t)
        .with("by", t)
        .with("reason", t);
    let form = Form::new(Action::Silence, lang, t, &typed);
    let routes = Ok(vec![Route {
        method: text(),
        endpoint: text(),
        http: Http {
            p99_ms: Missing::Failed(text()).into(),
            ..Http::default()
        },
    }]);
    let calls = Ok(vec![Calls {
        host: text(),
        method: text(),
        http: Http::default(),
    }]);
    let seen = RuleSeen {
        error: Some(text()),
        active: vec![RuleAlert {
            labels: [(text(), text())].into(),
            value: text(),
            state: RuleState::Firing,
            since: now(),
            firing_since: None,
            summary: Some(text()),
        }],
        ..RuleSeen::new(t, RuleKind::Alert, t)
    };
    let in_force = Ok(Rules {
        groups: vec![RuleGroup {
            file: text(),
            name: text(),
            rules: vec![seen],
            ..RuleGroup::default()
        }],
        ..Rules::default()
    });
    let (query, would_hold) = (&found, &would_hold);
    fn subject<'a>(
        query: &'a AlertQuery,
        would_hold: &'a SilencePreview,
        found: &'a Result<Vec<AlertRecord>, OpsError>,
        silences: &'a Result<Vec<ActiveSilence>, OpsError>,
        maintenance: &'a Result<MaintenanceNow, OpsError>,
    ) -> alerts::Subject<'a> {
        alerts::Subject {
            query,
            found,
            silences,
            maintenance,
            would_hold,
        }
    }
    let range = trends::Range::asked(now(), "15m", "", "");
    let mut memory = History::new();
    let mut sample = Sample::of(&s);
    for event in [
        Event::Started("1".to_owned()),
        Event::Started(text()),
        Event::Level(text()),
        Event::Session {
            venue: text(),
            phase: text(),
            open: true,
        },
        Event::Maintenance {
            by: text(),
            begins: true,
        },
    ] {
        sample.happened(event);
    }
    memory.push(now(), &sample);
    let stretch = memory.trend(range.until, range.span, range.columns());
    let detail = AlertDetail {
        kind: "rule".to_owned(),
        metadata: [("alertname".to_owned(), serde_json::Value::String(text()))].into(),
        ..AlertDetail::default()
    };
    let mut lead = trends::Lead::new(t, t, now(), &detail);
    lead.rule = Some(RuleFigure {
        expression: text(),
        measured: vec![(now(), 1.0)],
        limit: vec![(now(), 2.0)],
    });
    let trends = |asked, alerts| {
        trends::page(
            &chrome,
            &trends::Subject {
                range,
                text: asked,
                now: &s,
                trend: &stretch,
                lead: Some(&lead),
                alerts,
            },
        )
    };
    vec![
        ("trends", trends("", &records)),
        ("trends found", trends(t, &Err(failed()))),
        ("rules", rules::page(&chrome, now(), &in_force)),
        ("no rules", rules::page(&chrome, now(), &Err(failed()))),
        ("overview", overview::page(&chrome, &s, &history, &history)),
        (
            "fragment",
            overview::fragment(&chrome, &s, &history, &history),
        ),
        (
            "alerts",
            alerts::page(
                &chrome,
                now(),
                &subject(query, would_hold, &records, &silences, &under_way),
            ),
        ),
        (
            "no alerts",
            alerts::page(
                &chrome,
                now(),
                &subject(
                    query,
                    would_hold,
                    &Err(failed()),
                    &Err(failed()),
                    &Ok(MaintenanceNow::default()),
                ),
            ),
        ),
        (
            "alert",
            alert::page(
                &chrome,
                now(),
                &alert::Subject {
                    key: t,
                    firing: firing.as_ref(),
                    history: &records,
                    explained: Some(&explained),
                    silences: silences.as_ref().unwrap(),
                    scopes: &scopes,
                },
            ),
        ),
        (
            "an alert that is over",
            alert::page(
                &chrome,
                now(),
                &alert::Subject {
                    key: t,
                    firing: None,
                    history: &Err(failed()),
                    explained: None,
                    silences: &[],
                    scopes: &[],
                },
            ),
        ),
        ("requests", requests::page(&chrome, &routes, &calls)),
        (
            "no requests",
            requests::page(&chrome, &Err(failed()), &Err(failed())),
        ),
        (
            "one report",
            reports::page(&chrome, Some(jiff::civil::date(2026, 5, 27)), &archive),
        ),
        ("logs", logs::page(&chrome, &tail, &[t], &lines)),
        ("metrics", metrics::page(&chrome, "", &families)),
        ("metrics found", metrics::page(&chrome, t, &families)),
        ("reports", reports::page(&chrome, None, &archive)),
        (
            "config",
            config::page(&chrome, now(), &s.log_level, &settings),
        ),
        ("login", message::login(&chrome, Some(t))),
        (
            "refused",
            message::refused(&chrome, t, Some(&form), "/console/alerts"),
        ),
    ]
}
