//! No text of the data becomes markup, in any field of any page.

use bongsu_console::{
    ActiveSilence, AlertDetail, AlertQuery, AlertRecord, Breaker, Channel, DeliveryOutcome,
    DeliveryRecord, Dependency, Event, Figure, FiringAlert, Http, Lang, LastReport, Level,
    LogLevel, LogLine, LogQuery, LogSeverity, LoggedErrors, MetricFamily, MetricSample, Missing,
    OpsError, ReportEntry, Route, RuleAlert, RuleGroup, RuleKind, RuleSeen, RuleState, Rules,
    Session, SessionState, Setting, Snapshot, Status, SymbolPnl, VenueSession,
    history::{History, Sample},
    pages::{
        alerts, config,
        forms::{Action, Form, Typed},
        logs, message, metrics, overview, reports, requests, rules, trends,
    },
};
use proptest::prelude::*;

use crate::{bare, chrome, markup, now, trend};

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
fn pages(t: &str, lang: Lang) -> Vec<(&'static str, String)> {
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
        recurrence: Some(text()),
        active: true,
        holds: vec![text()],
        held: 1,
        id: text(),
        matches: text(),
        until: now(),
        by: text(),
        reason: text(),
    }]);
    let found = AlertQuery {
        text: text(),
        ..AlertQuery::default()
    };
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
        help: text(),
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
    ] {
        sample.happened(event);
    }
    memory.push(now(), &sample);
    let stretch = memory.trend(range.until, range.span, range.columns());
    let trends = |asked, alerts| {
        trends::page(
            &chrome,
            &trends::Subject {
                range,
                text: asked,
                now: &s,
                trend: &stretch,
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
            alerts::page(&chrome, now(), &found, &records, &silences),
        ),
        (
            "no alerts",
            alerts::page(&chrome, now(), &found, &Err(failed()), &Err(failed())),
        ),
        ("requests", requests::page(&chrome, &routes)),
        ("no requests", requests::page(&chrome, &Err(failed()))),
        (
            "one report",
            reports::page(&chrome, Some(jiff::civil::date(2026, 5, 27)), &archive),
        ),
        ("logs", logs::page(&chrome, &tail, &lines)),
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

/// The page's tags are those that it has with a harmless text, and nothing may run inside them.
fn check(t: &str, lang: Lang) {
    for ((name, page), (_, plain)) in pages(t, lang).into_iter().zip(pages("plain", lang)) {
        let names = |page: &str| -> Vec<(String, Vec<String>)> {
            let (tags, _) = markup::read(page);
            let keys = tags.into_iter().map(|tag| {
                let keys = tag.attributes.into_iter().map(|(key, _)| key).collect();
                (tag.name, keys)
            });
            keys.collect()
        };
        assert_eq!(names(&page), names(&plain), "{name} with {t:?}");
    }
}

#[test]
fn hostile_texts() {
    for t in [
        "<script>alert(1)</script>",
        "</title><script>alert(1)</script>",
        "\" onmouseover=\"alert(1)",
        "' onfocus='alert(1)' autofocus='",
        "<img src=x onerror=alert(1)>",
        "<svg onload=alert(1)>",
        "</svg><style>*{display:none}</style>",
        "]]><!--",
        "-->",
        "{{ 7 * 7 }}",
        "&lt;b&gt;",
        "javascript:alert(1)",
        "\u{202e}\u{0}\u{feff}",
        "a\r\ndata: b",
        "`${1}`",
    ] {
        for lang in Lang::ALL {
            check(t, lang);
        }
    }
}

#[test]
fn no_address_is_made_of_data() {
    for (name, page) in pages("javascript:alert(1)", Lang::En) {
        let (tags, _) = markup::read(&page);
        for tag in tags {
            for (key, value) in tag.attributes {
                assert!(!key.starts_with("on") && key != "style", "{name}: {key}");
                if ["href", "src", "action"].contains(&key.as_str()) {
                    let ours = value.starts_with("/console") || value.starts_with('#');
                    assert!(ours, "{name}: {key}={value}");
                }
            }
            assert_ne!(tag.name, "style", "{name}");
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(24))]

    #[test]
    fn any_text(t in "[<>\"'&=/a-z가-힣\\x00-\\x1f{}-]{1,40}", ko in any::<bool>()) {
        check(&t, if ko { Lang::Ko } else { Lang::En });
    }
}
