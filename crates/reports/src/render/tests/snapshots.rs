//! The sample report word for word. To accept a change on purpose, copy `sample.*.txt` and
//! `sample.*.slack.json` of the example `preview` here.

use super::*;
use crate::render::{csv, json, slack, text};

fn check(name: &str, got: &str, want: &str) {
    for (i, (got, want)) in got.lines().zip(want.lines()).enumerate() {
        assert_eq!(got, want, "{name}, line {}", i + 1);
    }
    assert_eq!(
        got.lines().count(),
        want.lines().count(),
        "{name}: number of lines"
    );
}

#[test]
fn text_of_the_sample() {
    let summary = DailySummary::sample();
    check(
        "English",
        &text::text(&summary, &options(Lang::En)),
        include_str!("../snapshots/sample.en.txt"),
    );
    check(
        "Korean",
        &text::text(&summary, &options(Lang::Ko)),
        include_str!("../snapshots/sample.ko.txt"),
    );
}

#[test]
fn slack_of_the_sample() {
    let got = slack::message(&DailySummary::sample(), &options(Lang::En));
    check(
        "Slack",
        &serde_json::to_string_pretty(&got).unwrap(),
        include_str!("../snapshots/sample.en.slack.json"),
    );
    assert_eq!(got["username"], "Daily Report Bot");
    assert_eq!(got["icon_emoji"], ":bar_chart:");
}

#[test]
fn json_is_the_summary_itself() {
    for summary in [DailySummary::sample(), DailySummary::sample_unavailable()] {
        let json = json::json(&summary);
        assert_eq!(
            serde_json::from_str::<DailySummary>(&json).unwrap(),
            summary
        );
        let value: serde_json::Value = serde_json::from_str(&json).unwrap();
        for key in [
            "trading_stats",
            "portfolio_stats",
            "risk_metrics",
            "system_health",
            "top_performers",
            "alerts_summary",
        ] {
            assert!(value[key].is_object(), "{key}");
        }
    }
}

#[test]
fn csv_has_every_fill() {
    let summary = DailySummary::sample();
    let text = csv::csv(&summary, &options(Lang::En));
    let mut reader = ::csv::Reader::from_reader(text.as_bytes());
    let header = reader.headers().unwrap().clone();
    assert_eq!(&header[0], "executed_at");
    assert_eq!(&header[10], "realised_pnl");
    let rows: Vec<_> = reader.records().map(Result::unwrap).collect();
    assert_eq!(rows.len(), summary.fills.len());
    for (row, fill) in rows.iter().zip(&summary.fills) {
        assert_eq!(row[0].parse::<jiff::Timestamp>().unwrap(), fill.executed_at);
        assert!(row[0].ends_with("+09:00"));
        assert_eq!(row[1], fill.order_id);
        assert_eq!(
            row[7].parse::<rust_decimal::Decimal>().unwrap(),
            fill.amount
        );
        let realised = fill
            .realised
            .map(|r| r.normalize().to_string())
            .unwrap_or_default();
        assert_eq!(row[10], realised, "numbers stay numbers, a loss too");
    }
    let with_mark = csv::csv(&summary, &options(Lang::Ko).csv_bom(true));
    assert_eq!(with_mark.strip_prefix('\u{feff}'), Some(text.as_str()));
}
