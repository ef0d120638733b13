//! The other pages.

use std::task::{Context, Poll, Waker};

use bongsu_console::{
    ActiveSilence, AlertDetail, AlertQuery, AlertRecord, DeliveryOutcome, DeliveryRecord, Figure,
    Lang, Level, LogLevel, LogLine, LogQuery, LogSeverity, MaintenanceNow, MetricFamily,
    MetricSample, Missing, OpsError, ReportEntry, Setting, SilencePreview, Words,
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
            "■ teams held back 09:01:00 told a short while ago",
            "◐ webhook under way",
        ],
    );
    check(
        &page(Lang::Ko),
        &[
            "slack 전달됨",
            "email 포기",
            "teams 보류 09:01:00 방금 알림",
        ],
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
    assert!(page.contains("href=\"?request_id=a%2Fb%26c\""), "{page}");
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

/// Lines as a service writes them: a request's, an event's with a long text, a refusal in Korean.
fn lines(count: usize, said: &str) -> Vec<LogLine> {
    let of = |n: usize| {
        let id = format!("0f7a1c2e-5b3d-4e6f-8a90-{n:012}");
        let mut fields = vec![
            ("duration_ms".to_owned(), format!("{n}.481")),
            ("endpoint".to_owned(), "/orders/{id}".to_owned()),
            ("error".to_owned(), said.to_owned()),
            ("order_id".to_owned(), format!("ORD_{n:08}")),
            ("reason".to_owned(), "호가 단위가 맞지 않습니다".to_owned()),
            ("status".to_owned(), "422".to_owned()),
            ("symbol".to_owned(), "005930".to_owned()),
        ];
        fields.sort();
        let json = fields.iter().map(|(k, v)| format!("\"{k}\":\"{v}\""));
        let raw = format!(
            "{{{},\"request_id\":\"{id}\"}}",
            json.collect::<Vec<_>>().join(",")
        );
        LogLine {
            at: now() - std::time::Duration::from_secs(n as u64 / 3),
            severity: LogSeverity::Error,
            logger: "trading_engine::orders".to_owned(),
            message: format!("주문이 거부되었습니다: {said}"),
            request_id: Some(id),
            trace_id: Some(format!("{n:032x}")),
            place: Some("crates/orders/src/book.rs:120".to_owned()),
            fields,
            raw,
        }
    };
    (0..count).map(of).collect()
}

#[test]
fn a_page_of_the_log_is_light_and_leads_on_from_its_last_line() {
    let assets = bongsu_console::assets::STYLE.len() + bongsu_console::assets::SCRIPT.len();
    let long = "<b>&\"'".repeat(4_000);
    for (said, least) in [("tick size", 30), (&*"a\\tb".repeat(400), 5), (&long, 1)] {
        let all = lines(200, said);
        let query = LogQuery {
            limit: 200,
            ..LogQuery::default()
        };
        for columns in [&[][..], &["order_id", "symbol", "error"]] {
            let page = logs::page(&chrome(Lang::Ko), &query, columns, &Ok(all.clone()));
            let weight = page.len() + assets;
            assert!(weight < 100_000, "{weight} of {}", said.len());
            let shown = page.matches("<time ").count();
            assert!((least..200).contains(&shown), "{shown} of {}", said.len());
            // The next page begins where this one ends: three lines are of each second.
            let (last, skip) = (all[shown - 1].at, (shown - 1) % 3 + 1);
            let until = last.to_string().replace(':', "%3A");
            let next = format!("until={until}&#38;skip={skip}\"");
            assert!(page.contains(&next), "{next}");
        }
    }
    // What is cut there is whole in the file that it leads to.
    let page = logs::page(
        &chrome(Lang::En),
        &LogQuery::default(),
        &[],
        &Ok(lines(1, &long)),
    );
    assert!(page.contains("Download all of it") && !page.contains("Copy as JSON"));
    assert!(page.contains("/console/logs.jsonl?since="), "{page}");
    let page = logs::page(
        &chrome(Lang::En),
        &LogQuery::default(),
        &[],
        &Ok(lines(1, "short")),
    );
    assert!(page.contains("Copy as JSON") && !page.contains("Download all of it"));
    assert!(
        page.contains("<pre tabindex=\"0\">{\"duration_ms\":\"0.481\""),
        "{page}"
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
fn a_meaning_shows_its_code_and_silences_say_in_korean_what_they_hold() {
    let settings = Ok(vec![Setting {
        name: "BONGSU_BIND".to_owned(),
        value: None,
        set: false,
        help: Words {
            en: "where `serve` listens; `<b>`".to_owned(),
            ko: "`serve`가 받는 주소".to_owned(),
        },
        group: Words {
            en: "Service".to_owned(),
            ko: "서비스".to_owned(),
        },
    }]);
    let level = Missing::NotConfigured.into();
    let page = config::page(&chrome(Lang::En), now(), &level, &settings);
    let want = "where <code>serve</code> listens; <code>&#60;b&#62;</code>";
    assert!(page.contains(want), "{page}");
    let page = config::page(&chrome(Lang::Ko), now(), &level, &settings);
    assert!(page.contains("<code>serve</code>가 받는 주소"), "{page}");
    assert!(
        page.contains("서비스") && !page.contains("listens"),
        "{page}"
    );

    let silence = ActiveSilence {
        id: "S1".to_owned(),
        matches: Words {
            en: "source risk".to_owned(),
            ko: "출처 risk".to_owned(),
        },
        start: None,
        until: now(),
        recurrence: Some(Words {
            en: "in KRX regular".to_owned(),
            ko: "KRX regular 중".to_owned(),
        }),
        active: true,
        holds: Vec::new(),
        held: 0,
        by: "kim".to_owned(),
        reason: String::new(),
    };
    for (lang, want, other) in [
        (Lang::Ko, ["출처 risk", "KRX regular 중"], "source risk"),
        (Lang::En, ["source risk", "in KRX regular"], "출처"),
    ] {
        let subject = alerts::Subject {
            query: &AlertQuery::default(),
            found: &Ok(vec![]),
            silences: &Ok(vec![silence.clone()]),
            maintenance: &Ok(MaintenanceNow::default()),
            would_hold: &SilencePreview::default(),
        };
        let page = text(&alerts::page(&chrome(lang), now(), &subject));
        for part in want {
            assert!(page.contains(part), "{part} in {page}");
        }
        assert!(!page.contains(other), "{page}");
        // Nothing was looked for.
        let none = lang.pick("No alert yet.", "아직 알림이 없습니다.");
        assert!(page.contains(none), "{page}");
    }
}

#[test]
fn the_newest_report_is_shown_where_none_was_asked_for() {
    let entry = |day: i8, page| ReportEntry {
        session: jiff::civil::date(2026, 5, day),
        at: None,
        deliveries: Vec::new(),
        problem: None,
        page,
    };
    let shown = |asked, all: Vec<ReportEntry>| {
        let page = reports::page(&chrome(Lang::En), asked, &Ok(all));
        let (_, after) = page.split_once("<iframe sandbox src=\"/console/reports/")?;
        Some(after[..10].to_owned())
    };
    let all = || vec![entry(27, false), entry(26, true), entry(22, true)];
    assert_eq!(shown(None, all()).as_deref(), Some("2026-05-26"));
    let asked = Some(jiff::civil::date(2026, 5, 22));
    assert_eq!(shown(asked, all()).as_deref(), Some("2026-05-22"));
    assert_eq!(shown(None, vec![entry(27, false)]), None);
    assert_eq!(shown(None, Vec::new()), None);
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
            help: "".into(),
            group: "".into(),
        },
        Setting {
            name: "DATABASE_URL".to_owned(),
            value: None,
            set: false,
            help: "".into(),
            group: "".into(),
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
