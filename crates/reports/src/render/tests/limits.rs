//! Gmail's and Slack's limits, on the sample and on far too much.

use super::*;
use crate::render::{MAX_MAIL_BYTES, render, slack};

fn check_slack(summary: &DailySummary, lang: Lang) {
    let message = slack::message(summary, &options(lang));
    let blocks = message["blocks"].as_array().unwrap();
    let chars = |value: &serde_json::Value| value.as_str().unwrap().chars().count();
    let mut total = chars(&message["text"]);
    assert!((3..=50).contains(&blocks.len()), "{} blocks", blocks.len());
    for block in blocks {
        let kind = block["type"].as_str().unwrap();
        let max = if kind == "header" { 150 } else { 3_000 };
        if block["text"].is_object() {
            let n = chars(&block["text"]["text"]);
            assert!((1..=max).contains(&n), "{kind} of {n} characters");
            total += n;
        }
        let fields = block["fields"].as_array().map_or(&[][..], Vec::as_slice);
        assert!(fields.len() <= 10);
        let elements = block["elements"].as_array().map_or(&[][..], Vec::as_slice);
        assert!(elements.len() <= 10);
        for text in fields.iter().chain(elements) {
            let n = chars(&text["text"]);
            assert!((1..=2_000).contains(&n), "field of {n} characters");
            total += n;
        }
    }
    assert!(total <= 9_000, "{total} characters in all");
    assert!(serde_json::to_string(&message).unwrap().is_ascii() || total > 0);
}

#[test]
fn slack_stays_within_its_limits() {
    for lang in [Lang::En, Lang::Ko] {
        for summary in [
            DailySummary::sample(),
            DailySummary::sample_unavailable(),
            huge(),
        ] {
            check_slack(&summary, lang);
        }
    }
}

#[test]
fn slack_says_the_key_figures_first() {
    let message = slack::message(&DailySummary::sample(), &options(Lang::En));
    assert!(
        message["text"]
            .as_str()
            .unwrap()
            .starts_with("Daily Trading Summary - 2026-05-28. Daily P&amp;L")
    );
    let fields = message["blocks"]
        .as_array()
        .unwrap()
        .iter()
        .find_map(|b| b["fields"].as_array())
        .unwrap();
    assert_eq!(fields[0]["text"], "*Daily P&amp;L*\n▼ -₩318,867");
}

#[test]
fn a_mail_is_never_clipped() {
    let huge = huge();
    for lang in [Lang::En, Lang::Ko] {
        let html = mail(&huge, &options(lang));
        assert!(html.len() <= MAX_MAIL_BYTES, "{} bytes", html.len());
        assert!(
            html.len() > 20_000,
            "the sections are still there: {} bytes",
            html.len()
        );
        assert!(html.trim_end().ends_with("</html>"));
    }
}

#[test]
fn what_is_left_out_is_counted() {
    let huge = huge();
    let page = html::page(&huge, &options(Lang::En));
    assert!(
        page.contains("and 14500 more"),
        "5,000 fills and 10,000 more, 500 shown"
    );
    assert!(
        page.contains("and 308 more"),
        "500 positions and 8 more, 200 shown"
    );
    assert!(page.contains("and 400 more"), "500 notes, 100 shown");
}

#[test]
fn a_whole_report_has_every_form() {
    let summary = DailySummary::sample();
    let report = render(&summary, &options(Lang::Ko));
    assert!(report.html.len() < MAX_MAIL_BYTES);
    assert!(report.preview_html.contains("<svg") && !report.preview_html.contains("cid:"));
    for part in [&report.text, &report.json, &report.csv] {
        assert!(!part.is_empty());
    }
    let cids: Vec<&str> = report
        .html
        .split("src=\"cid:")
        .skip(1)
        .filter_map(|s| s.split('"').next())
        .collect();
    let inline: Vec<&str> = report.inline.iter().map(|part| part.cid.as_str()).collect();
    assert_eq!(cids, inline, "each picture is shown once");
    #[cfg(feature = "charts")]
    {
        assert_eq!(inline.len(), 3);
        for part in &report.inline {
            assert_eq!(part.mime, "image/png");
            assert!(part.bytes.starts_with(b"\x89PNG"));
            assert!(part.bytes.len() < 150_000, "{} bytes", part.bytes.len());
        }
    }
    #[cfg(not(feature = "charts"))]
    assert!(inline.is_empty());
}
