//! Hostile text stays text in every form.

use proptest::prelude::*;

use super::*;
use crate::render::{csv, slack, text};

const HOSTILE: [&str; 7] = [
    "<script>alert(1)</script>",
    "\"><img src=x onerror=alert(1)>",
    "' onmouseover='x' a='",
    "</title></style><svg onload=x>",
    "]]>&lt;b&gt;&amp;&#60;",
    "{{ 7*7 }}{% endfor %}",
    "\u{202e}gnp.exe\r\nBcc: a@b\u{0}",
];

/// The tags of a document, each as its name and the names of its attributes; `Err` where a tag
/// is not well-formed. A text that got out of its place would add a tag or an attribute.
fn tags(html: &str) -> Result<Vec<String>, String> {
    let mut tags = Vec::new();
    let mut rest = html;
    while let Some(at) = rest.find('<') {
        rest = &rest[at + 1..];
        let mut tag = String::new();
        let mut quote: Option<char> = None;
        let mut end = None;
        for (i, c) in rest.char_indices() {
            match (quote, c) {
                (None, '>') => {
                    end = Some(i);
                    break;
                }
                (None, '"' | '\'') => quote = Some(c),
                (None, '<') => return Err(format!("< within a tag: {}", &rest[..i])),
                (None, c) => tag.push(c),
                (Some(q), c) if q == c => quote = None,
                (Some(_), _) => {}
            }
        }
        let end =
            end.ok_or_else(|| format!("no end: {}", rest.chars().take(60).collect::<String>()))?;
        rest = &rest[end + 1..];
        tags.push(tag.split_whitespace().collect::<Vec<_>>().join(" "));
    }
    Ok(tags)
}

/// The tags without those of the charts, whose coordinates and number of elements depend on labels.
fn check_tags(html: &str, benign: &str) -> Result<(), TestCaseError> {
    let without_charts = |html: &str| -> Vec<String> {
        let tags = tags(html).unwrap();
        let mut inside = false;
        tags.into_iter()
            .filter(|tag| {
                inside = (inside || tag.starts_with("svg ")) && tag != "/svg";
                !inside
            })
            .collect()
    };
    let (got, want) = (without_charts(html), without_charts(benign));
    for (got, want) in got.iter().zip(&want) {
        prop_assert_eq!(got, want);
    }
    prop_assert_eq!(got.len(), want.len());
    Ok(())
}

fn check_html(text: &str) -> Result<(), TestCaseError> {
    let options = options(Lang::En);
    let (hostile, benign) = (with_texts(&format!("x{text}")), with_texts("xx"));
    // As many rows in both: that a mail fits its size by having fewer is another test's.
    let whole_mail = |summary: &DailySummary| {
        let view = build::view(summary, &options, Limits::MAIL);
        html::mail_html(&view, &[], &options)
    };
    check_tags(&whole_mail(&hostile), &whole_mail(&benign))?;
    check_tags(
        &html::page(&hostile, &options),
        &html::page(&benign, &options),
    )?;
    Ok(())
}

#[test]
fn hostile_text_adds_no_tag_and_no_attribute() {
    for text in HOSTILE {
        check_html(text).unwrap();
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 12, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn any_text_adds_no_tag_and_no_attribute(text in "[<>&\"'/=a \u{0}-\u{1f}한-]{0,24}") {
        check_html(&text)?;
    }

    #[test]
    fn any_text_stays_text_in_slack(text in "[<>&!|@#a*_`]{0,24}") {
        let message = slack::message(&with_texts(&text), &options(Lang::En));
        check_slack_texts(&message)?;
    }

    #[test]
    fn any_text_comes_back_from_csv(text in any::<String>()) {
        let summary = with_texts(&text);
        let csv = csv::csv(&summary, &options(Lang::En));
        let mut reader = ::csv::Reader::from_reader(csv.as_bytes());
        for row in reader.records() {
            let row = row.unwrap();
            prop_assert_eq!(row[1].strip_prefix('\'').unwrap_or(&row[1]), text.strip_prefix('\'').unwrap_or(&text));
        }
    }
}

/// No raw `<` or `>`, and every `&` starts one of the three entities.
fn check_slack_texts(value: &serde_json::Value) -> Result<(), TestCaseError> {
    match value {
        serde_json::Value::Object(map) => {
            let plain = map.get("type").is_some_and(|kind| kind == "plain_text");
            for (key, value) in map {
                match value.as_str() {
                    Some(text) if key == "text" && !plain => {
                        prop_assert!(!text.contains(['<', '>']), "{}", text);
                        for (at, _) in text.match_indices('&') {
                            let entity = ["&amp;", "&lt;", "&gt;"]
                                .iter()
                                .any(|e| text[at..].starts_with(e));
                            prop_assert!(entity, "{}", text);
                        }
                    }
                    _ => check_slack_texts(value)?,
                }
            }
        }
        serde_json::Value::Array(list) => {
            for value in list {
                check_slack_texts(value)?;
            }
        }
        _ => {}
    }
    Ok(())
}

#[test]
fn slack_turns_nothing_into_a_mention_or_a_link() {
    let message = slack::message(
        &with_texts("<!channel> <@U1> <http://x|y> & co"),
        &options(Lang::Ko),
    );
    check_slack_texts(&message).unwrap();
    for block in message["blocks"].as_array().unwrap() {
        let texts = [&block["text"]]
            .into_iter()
            .chain(block["fields"].as_array().into_iter().flatten());
        for text in texts.filter(|text| text["type"] == "mrkdwn") {
            assert_eq!(text["verbatim"], true);
        }
    }
}

#[test]
fn a_spreadsheet_sees_no_formula() {
    let cases = [
        ("=cmd|' /C calc'!A0", true),
        ("+1", true),
        ("-1", true),
        ("@SUM(A1)", true),
        ("\t=1", true),
        ("  =1", true),
        ("\r=1", true),
        ("＝1", true),
        ("005930", false),
        ("a=1", false),
    ];
    for (text, formula) in cases {
        let csv = csv::csv(&with_texts(text), &options(Lang::En));
        let mut reader = ::csv::Reader::from_reader(csv.as_bytes());
        let row = reader.records().next().unwrap().unwrap();
        for column in [1, 2, 3, 11, 12] {
            assert_eq!(
                row[column].starts_with('\''),
                formula,
                "{text:?} in column {column}"
            );
        }
    }
}

#[test]
fn plain_text_has_one_line_a_row_and_no_control_characters() {
    let benign = text::text(&with_texts("xx"), &options(Lang::En));
    let hostile = text::text(
        &with_texts("x\r\nBcc: a\u{0}\u{1b}[31m\u{202e}"),
        &options(Lang::En),
    );
    assert_eq!(hostile.lines().count(), benign.lines().count());
    assert!(
        !hostile
            .chars()
            .any(|c| (c.is_control() && c != '\n') || c == '\u{202e}')
    );
}
