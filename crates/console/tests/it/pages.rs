//! The other pages.

use std::task::{Context, Poll, Waker};

use bongsu_console::{
    AlertDetail, AlertQuery, AlertRecord, DeliveryOutcome, DeliveryRecord, Figure, Lang, Level,
    LogLevel, LogLine, LogQuery, LogSeverity, MaintenanceNow, MetricFamily, MetricSample, Missing,
    OpsError, Setting, SilencePreview,
    pages::{Notice, alerts, config, logs, message, metrics, reports, rules},
    testing::FakeSource,
};

use crate::{chrome, markup, now};

fn text(page: &str) -> String {
    let (_, text) = markup::read(page);
    text.split_whitespace().collect::<Vec<_>>().join(" ")
}

#[track_caller]
fn check(page: &str, parts: &[&str]) {
    let all = text(page);
    for part in parts {
        assert!(all.contains(part), "{part:?} in {all}");
    }
}

#[test]
fn every_delivery_says_what_became_of_it() {
    let delivery = |channel: &str, outcome, attempts| DeliveryRecord {
        id: String::new(),
        channel: channel.to_owned(),
        target: String::new(),
        outcome,
        attempts,
        at: Some(now()),
    };
    let record = AlertRecord {
        at: now(),
        key: "risk|var".to_owned(),
        level: Level::Critical,
        title: "VaR".to_owned(),
        message: String::new(),
        source: "risk_manager".to_owned(),
        resolved: false,
        detail: AlertDetail::default(),
        deliveries: vec![
            delivery("slack", DeliveryOutcome::Delivered, 1),
            delivery(
                "email",
                DeliveryOutcome::Dead("550 no such user".to_owned()),
                5,
            ),
            delivery(
                "teams",
                DeliveryOutcome::Suppressed("cooldown".to_owned()),
                0,
            ),
            delivery("webhook", DeliveryOutcome::Pending(None), 1),
        ],
    };
    let page = |lang| {
        let query = AlertQuery::default();
        let subject = alerts::Subject {
            query: &query,
            found: &Ok(vec![record.clone()]),
            silences: &Ok(vec![]),
            maintenance: &Ok(MaintenanceNow::default()),
            would_hold: &SilencePreview::default(),
        };
        alerts::page(&chrome(lang), now(), &subject)
    };
    check(
        &page(Lang::En),
        &[
            "2026-05-28 09:01:00",
            "✓ slack delivered 09:01:00",
            "✕ email given up 09:01:00 · attempts 5 550 no such user",
            "■ teams held back 09:01:00 cooldown",
            "◐ webhook under way",
        ],
    );
    check(
        &page(Lang::Ko),
        &["slack 전달됨", "email 포기", "teams 보류"],
    );
}

#[test]
fn a_request_can_be_followed() {
    let line = LogLine {
        at: now(),
        severity: LogSeverity::Error,
        logger: "trading::orders".to_owned(),
        message: "order rejected".to_owned(),
        request_id: Some("a/b&c".to_owned()),
        trace_id: None,
        place: Some("src/orders.rs:120".to_owned()),
        raw: r#"{"message":"order rejected"}"#.to_owned(),
        fields: vec![("symbol".to_owned(), "005930".to_owned())],
    };
    let page = logs::page(
        &chrome(Lang::En),
        &LogQuery::default(),
        &[],
        &Ok(vec![line.clone()]),
    );
    check(
        &page,
        &[
            "▲ error order rejected trading::orders symbol=005930 all of it",
            "a/b",
        ],
    );
    assert!(
        page.contains("href=\"/console/logs?request_id=a%2Fb%26c\""),
        "{page}"
    );
    // A field may have a column, and one request is read from its beginning.
    let later = LogLine {
        message: "order closed".to_owned(),
        ..line.clone()
    };
    let query = LogQuery {
        request_id: "a/b&c".to_owned(),
        ..LogQuery::default()
    };
    let page = logs::page(
        &chrome(Lang::En),
        &query,
        &["symbol"],
        &Ok(vec![later, line]),
    );
    check(
        &page,
        &[
            "When Level symbol Message Request",
            "▲ error 005930 order rejected trading::orders all of it",
        ],
    );
    let text = text(&page);
    assert!(
        text.find("order rejected") < text.find("order closed"),
        "{text}"
    );
}

#[test]
fn what_could_not_be_had_says_why() {
    let failed = || OpsError::Unavailable("the log");
    let en = chrome(Lang::En);
    let why = ["– this service runs without the log"];
    check(
        &logs::page(&en, &LogQuery::default(), &[], &Err(failed())),
        &why,
    );
    check(&metrics::page(&en, "", &Err(failed())), &why);
    check(&reports::page(&en, None, &Err(failed())), &why);
    let level = Missing::NotConfigured.into();
    check(&config::page(&en, now(), &level, &Err(failed())), &why);
}

#[test]
fn metrics_are_found_by_name_and_by_help() {
    let family = |name: &str, help: &str| MetricFamily {
        name: name.to_owned(),
        kind: "counter".to_owned(),
        help: help.to_owned(),
        labels: vec!["side".to_owned()],
        samples: vec![MetricSample {
            suffix: String::new(),
            labels: vec![("side".to_owned(), "buy".to_owned())],
            value: 1_234.0,
        }],
        omitted: 0,
    };
    let all = Ok(vec![
        family("trades_total", "Fills"),
        family("errors_total", "Faults"),
    ]);
    let names = |filter| {
        let page = text(&metrics::page(&chrome(Lang::En), filter, &all));
        ["trades_total", "errors_total"].map(|name| page.contains(name))
    };
    assert_eq!(names(""), [true, true]);
    assert_eq!(names("TRADES"), [true, false]);
    assert_eq!(names("faults"), [false, true]);
    check(
        &metrics::page(&chrome(Lang::En), "", &all),
        &["trades_total counter 1,234 Fills · labels: side {side=&#34;buy&#34;} 1,234"],
    );
}

#[test]
fn the_level_in_force_and_the_settings() {
    let level = Figure::Known(LogLevel {
        directives: "debug".to_owned(),
        until: Some(now() + std::time::Duration::from_secs(600)),
    });
    let settings = Ok(vec![
        Setting {
            name: "SLACK_WEBHOOK_URL".to_owned(),
            value: Some("***".to_owned()),
            set: true,
            help: String::new(),
        },
        Setting {
            name: "DATABASE_URL".to_owned(),
            value: None,
            set: false,
            help: String::new(),
        },
    ]);
    check(
        &config::page(&chrome(Lang::En), now(), &level, &settings),
        &[
            "debug goes back in 10m",
            "SLACK_WEBHOOK_URL *** set",
            "DATABASE_URL – not set default",
        ],
    );
}

#[test]
fn every_rule_says_what_it_sees() {
    let operator = std::sync::Arc::new(FakeSource::new(now)).operator();
    let mut asked = operator.rules().rules();
    let Poll::Ready(found) = asked.as_mut().poll(&mut Context::from_waker(Waker::noop())) else {
        panic!("it waits for nothing")
    };
    check(
        &rules::page(&chrome(Lang::En), now(), &found),
        &[
            "▲ 1 firing · ✕ 1 failing · 4 rules · memory: 1,240 series, 1.05 MiB",
            "▲ fires StaleFeed for 1m",
            "▲fires 187 severity=&#34;critical&#34; venue=&#34;KRX&#34;for 3m",
            "◐pending 64.5",
            "rules/desk.yml:14s ago",
            "✕ fails BrokerSlow",
            "found duplicate series",
            "● quiet TradingHalt",
            "≡ records job:http_requests:rate5m",
            "12 elements",
        ],
    );
    check(
        &rules::page(&chrome(Lang::Ko), now(), &found),
        &[
            "▲ 1 발생",
            "4개 규칙",
            "▲ 발생 StaleFeed",
            "✕ 실패 BrokerSlow",
            "다시 읽기",
        ],
    );
    let none = rules::page(
        &chrome(Lang::En),
        now(),
        &Err(OpsError::Unavailable("rules")),
    );
    check(&none, &["– this service runs without rules"]);
}

#[test]
fn what_was_done_is_said_and_announced() {
    let mut chrome = chrome(Lang::Ko);
    chrome.notice = Notice::parse("silenced");
    let page = message::refused(&chrome, "그런 알림이 없습니다", None, "");
    assert!(page.contains("<p class=\"notice\" role=\"status\">"));
    check(&page, &["알림을 멈췄습니다.", "✕ 그런 알림이 없습니다"]);
    assert_eq!(Notice::parse("<script>"), None);
}
