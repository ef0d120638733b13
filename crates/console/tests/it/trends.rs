//! Any stretch of the last 24 hours.

use std::time::Duration;

use bongsu_console::{
    AlertDetail, AlertRecord, Event, Lang, Level, OpsError, RuleFigure, assets,
    history::{History, Sample, Series},
    pages::trends::{self, Range, Subject},
};
use jiff::Timestamp;

use crate::{at, bare, chrome, markup, now};

fn text(page: &str) -> String {
    let (_, text) = markup::read(page);
    text.split_whitespace().collect::<Vec<_>>().join(" ")
}

fn before(seconds: u64) -> Timestamp {
    now() - Duration::from_secs(seconds)
}

/// Two hours with 4 requests a second, 40 ten minutes ago; a deploy at half past eight.
fn history() -> History {
    let mut history = History::new();
    for back in (0..720).rev() {
        let mut sample = Sample::default();
        let is_peak = (60..66).contains(&back);
        sample.set(Series::Requests, Some(if is_peak { 40.0 } else { 4.0 }));
        sample.set(Series::HostCpu, Some(12.0));
        for (series, ms) in [
            (Series::P50, 3.0),
            (Series::P95, 20.0),
            (Series::P99, 1_500.0),
        ] {
            sample.set(series, Some(ms));
        }
        sample.set_dependency("broker", 8.0);
        match back {
            719 => sample.happened(Event::Started("1.2.2".to_owned())),
            186 => sample.happened(Event::Started("1.2.3".to_owned())),
            6 => sample.happened(Event::Session {
                venue: "KRX".to_owned(),
                phase: "regular".to_owned(),
                open: true,
            }),
            _ => {}
        }
        history.push(before(back * 10), &sample);
    }
    history
}

fn record(seconds: u64, resolved: bool) -> AlertRecord {
    AlertRecord {
        at: before(seconds),
        key: "broker|slow".to_owned(),
        level: Level::Error,
        title: "broker is slow".to_owned(),
        message: String::new(),
        source: "health".to_owned(),
        resolved,
        detail: AlertDetail::default(),
        deliveries: Vec::new(),
    }
}

fn page(
    range: Range,
    asked: &str,
    lang: Lang,
    alerts: &Result<Vec<AlertRecord>, OpsError>,
) -> String {
    let trend = history().trend(range.until, range.span, range.columns());
    let subject = Subject {
        lead: None,
        range,
        text: asked,
        now: &bare(),
        trend: &trend,
        alerts,
    };
    trends::page(&chrome(lang), &subject)
}

fn asked(range: &str) -> Range {
    Range::asked(now(), range, "", "")
}

/// What the read-out says of a chart's column, counted from the right.
fn column(page: &str, name: &str, back: usize) -> String {
    let (tags, _) = markup::read(page);
    let of = |tag: &markup::Tag, key: &str| {
        let found = tag.attributes.iter().find(|(name, _)| name == key);
        found.map(|(_, value)| value.clone())
    };
    let plot = tags
        .iter()
        .find(|tag| {
            of(tag, "data-columns").is_some() && of(tag, "aria-label").as_deref() == Some(name)
        })
        .unwrap();
    let columns = of(plot, "data-columns").unwrap();
    columns.rsplit('|').nth(back).unwrap().to_owned()
}

#[test]
fn a_chart_says_its_values_in_words_on_its_axis_and_by_column() {
    let page = page(asked("1h"), "", Lang::En, &Ok(vec![]));
    let words = text(&page);
    for part in [
        "Requests a second 40.0 30.0 20.0 10.0 0",
        "last 4.00 · least 4.00 · most 40.0",
        "08:01 08:16 08:31 08:46 09:01",
        "CPU, host 100% 75.0% 50.0% 25.0% 0.0%",
        "Duration of requests p99 p95 p50",
        "Answer time: broker",
        "Nothing recorded in this stretch: Requests that failed (5xx) · Firing alerts",
    ] {
        assert!(words.contains(part), "{part:?} in {words}");
    }
    assert_eq!(column(&page, "Requests a second", 0), "4.00");
    assert_eq!(column(&page, "Requests a second", 15), "40.0");
    assert_eq!(
        column(&page, "Duration of requests", 0),
        "p99 1.50 s · p95 20.0 ms · p50 3.00 ms"
    );
    // The limits of usage are drawn: 70 and 90 of 100 %.
    assert!(page.contains(r#"class="limit warn" d="M0 120H"#), "{page}");
    assert!(page.contains(r#"class="limit bad" d="M0 40H"#), "{page}");
}

#[test]
fn what_happened_stands_beside_the_figures() {
    let alerts = Ok(vec![
        record(30, true),
        record(600, false),
        record(7_000, false),
    ]);
    let hour = page(asked("1h"), "", Lang::En, &alerts);
    let words = text(&hour);
    let happened = words.split("What happened").nth(1).unwrap();
    let want = [
        "✓over: broker is slow",
        "●KRX regular session",
        "▲error: broker is slow",
        "◆started, version 1.2.3",
    ];
    let places: Vec<_> = want.iter().map(|part| happened.find(part)).collect();
    assert!(places.iter().all(Option::is_some), "{happened}");
    assert!(places.is_sorted(), "the newest first: {happened}");
    assert_eq!(happened.matches("broker is slow").count(), 2, "{happened}");
    assert!(hour.contains("/console/alerts?key=broker%7Cslow"), "{hour}");
    // On the chart, where it happened: ten minutes ago is the sixteenth column from the right.
    assert!(hour.contains(r#"class="at bad" d="M74 0v400"#), "{hour}");
    assert!(hour.contains("74\t▲ error: broker is slow"), "{hour}");
    // In the longer stretch the version before is known, so that it was a deploy.
    let six = text(&page(asked("6h"), "", Lang::Ko, &alerts));
    assert!(six.contains("◆배포 1.2.2 → 1.2.3"), "{six}");
    assert!(six.contains("●KRX 정규장"), "{six}");
}

#[test]
fn a_stretch_that_has_ended_is_not_read_again_and_a_word_narrows() {
    let until = at("2026-05-28T00:00:00Z");
    let range = Range::asked(now(), "", "2026-05-28T08:30", "2026-05-28T09:00");
    assert_eq!(range.until, until);
    let page = page(
        range,
        "broker",
        Lang::En,
        &Err(OpsError::Unavailable("alerts")),
    );
    assert!(!page.contains("data-refresh"), "{page}");
    let words = text(&page);
    assert!(words.contains("Answer time: broker"), "{words}");
    assert!(!words.contains("Requests a second"), "{words}");
    assert!(
        words.contains("this service runs without alerts"),
        "{words}"
    );
    assert!(page.contains(r#"value="2026-05-28T08:30:00""#), "{page}");
    let hour = super::trends::page(asked("1h"), "", Lang::En, &Ok(vec![]));
    assert_eq!(hour.matches("data-refresh").count(), 2);
}

#[test]
fn the_page_is_light() {
    let mut history = History::new();
    for back in (0..8_640).rev() {
        let mut sample = Sample::default();
        for series in Series::ALL {
            sample.set(series, Some(1_284_300_000.0 + f64::from(back % 97)));
        }
        history.push(before(u64::from(back as u32) * 10), &sample);
    }
    let range = asked("24h");
    let trend = history.trend(range.until, range.span, range.columns());
    let alerts = Ok((0..200).map(|i| record(i * 100, i % 2 == 0)).collect());
    let subject = Subject {
        lead: None,
        range,
        text: "",
        now: &bare(),
        trend: &trend,
        alerts: &alerts,
    };
    let page = trends::page(&chrome(Lang::En), &subject);
    assert!(page.contains("not shown here: 150"));
    let all = page.len() + assets::STYLE.len() + assets::SCRIPT.len();
    assert!(all < 100 * 1024, "{} of {all} bytes", page.len());
}

#[test]
fn what_an_alert_is_about_comes_first_with_its_limit() {
    let history = history();
    let s = bare();
    let range = Range::asked(now(), "1h", "", "");
    let trend = history.trend(range.until, range.span, range.columns());
    let page = |lead: &trends::Lead, lang| {
        let subject = Subject {
            range,
            text: "",
            now: &s,
            trend: &trend,
            lead: Some(lead),
            alerts: &Ok(vec![]),
        };
        trends::page(&chrome(lang), &subject)
    };
    let detail = |kind: &str, facts: &[(&str, serde_json::Value)]| AlertDetail {
        kind: kind.to_owned(),
        metadata: facts
            .iter()
            .map(|(name, value)| ((*name).to_owned(), value.clone()))
            .collect(),
        ..AlertDetail::default()
    };
    let slow = detail(
        "health",
        &[
            ("dependency", "broker".into()),
            ("threshold_ms", 5.0.into()),
        ],
    );
    let slow = trends::Lead::new("health|broker", "broker is degraded", before(60), &slow);
    let shown = page(&slow, Lang::En);
    let first = shown.split("<figure").nth(1).unwrap();
    for part in ["is-lead", "Answer time: broker", "class=\"limit bad\""] {
        assert!(first.contains(part), "{part}: {first}");
    }
    assert_eq!(shown.matches("is-lead").count(), 1);
    assert!(
        shown.contains("href=\"/console/alerts?key=health%7Cbroker\""),
        "{shown}"
    );
    // The stretches that lie a click away lead on from the same alert.
    assert!(
        shown.contains("range=6h&amp;key=health%7Cbroker"),
        "{shown}"
    );

    // What a rule measures is drawn of its own memory.
    let rule = detail("rule", &[("alertname", "StaleFeed".into())]);
    let mut rule = trends::Lead::new("rule:1", "no ticks", before(60), &rule);
    let moment = |back, value| (before(back), value);
    rule.rule = Some(RuleFigure {
        expression: "age_seconds > 60".to_owned(),
        measured: vec![moment(120, 30.0), moment(0, 187.0)],
        limit: vec![moment(120, 60.0), moment(0, 60.0)],
    });
    let shown = page(&rule, Lang::Ko);
    let first = shown.split("<figure").nth(1).unwrap();
    for part in [
        "StaleFeed",
        "age_seconds &#62; 60",
        "class=\"limit bad\"",
        "187",
    ] {
        assert!(first.contains(part), "{part}: {first}");
    }

    // One that is about no figure says so, and leads back all the same.
    let other = trends::Lead::new("error|x", "Error in x", before(60), &detail("error", &[]));
    let shown = page(&other, Lang::En);
    assert!(
        shown.contains("none of the figures") && !shown.contains("is-lead"),
        "{shown}"
    );
}
