//! Discord's message: one embed, nobody pinged.

use serde_json::{Value, json};

use crate::channel::{Content, Notification};
use crate::render::fit::{CUT, Unit, fit, verbatim};
use crate::render::view::{View, colour, machine_time};

const TITLE: usize = 256;
const DESCRIPTION: usize = 4_096;
const FIELDS: usize = 25;
const NAME: usize = 256;
const VALUE: usize = 1_024;
/// Of everything in the embed together.
const TOTAL: usize = 6_000;

/// Discord's markdown, escaped by a backslash where a link does not stand: inside of one nothing is
/// markup, and a backslash would be part of it.
fn markdown(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for (word, link) in words(text) {
        for c in word.chars() {
            match mark(c).filter(|_| !link) {
                Some(escaped) => out.push_str(escaped),
                None => out.push(c),
            }
        }
    }
    out
}

/// The text cut where white space begins and ends; of each piece whether it is a link.
fn words(text: &str) -> impl Iterator<Item = (&str, bool)> {
    let mut rest = text;
    std::iter::from_fn(move || {
        let space = rest.starts_with(char::is_whitespace);
        let end = rest
            .find(|c: char| c.is_whitespace() != space)
            .unwrap_or(rest.len());
        let (word, tail) = rest.split_at(end);
        rest = tail;
        (!word.is_empty()).then(|| (word, is_link(word)))
    })
}

/// What Discord makes a link of by itself, and nothing that ends one early.
fn is_link(word: &str) -> bool {
    let rest = word
        .strip_prefix("https://")
        .or_else(|| word.strip_prefix("http://"));
    rest.is_some_and(|rest| {
        !rest.is_empty()
            && rest
                .chars()
                .all(|c| c.is_alphanumeric() || "-._~:/?#@!$&'+,;=%".contains(c))
    })
}

const fn mark(c: char) -> Option<&'static str> {
    Some(match c {
        '\\' => "\\\\",
        '*' => "\\*",
        '_' => "\\_",
        '~' => "\\~",
        '`' => "\\`",
        '|' => "\\|",
        '>' => "\\>",
        '<' => "\\<",
        '#' => "\\#",
        '[' => "\\[",
        ']' => "\\]",
        '(' => "\\(",
        ')' => "\\)",
        '@' => "\\@",
        _ => return None,
    })
}

struct Budget {
    left: usize,
    truncated: bool,
}

impl Budget {
    /// Where Discord reads markdown.
    fn take(&mut self, text: &str, limit: usize) -> String {
        self.plain(&markdown(text), limit)
    }

    /// Where it reads none.
    fn plain(&mut self, text: &str, limit: usize) -> String {
        let mut fitted = fit(text, limit.min(self.left), Unit::Utf16, verbatim);
        if fitted.truncated {
            whole_escapes(&mut fitted.text);
        }
        self.left -= Unit::Utf16.len(&fitted.text);
        self.truncated |= fitted.truncated;
        fitted.text
    }
}

/// The message, and whether something was cut.
pub(crate) fn message(n: &Notification) -> (Value, bool) {
    let view = View::of(n);
    // What is not taken from the budget below: labels, the level, the time, the last field's note.
    let mut budget = Budget {
        left: TOTAL - 200,
        truncated: false,
    };
    let title = budget.take(&format!("[{}] {}", view.level, view.headline), TITLE);
    let footer = budget.plain(&view.footer, 200);
    let description = budget.take(&view.body, DESCRIPTION.min(3_500));
    let words = view.words;
    let mut fields = vec![field(words.level(), view.level_name, true)];
    let source = budget.take(&view.source, 200);
    if !source.is_empty() {
        fields.push(field(words.source(), &source, true));
    }
    fields.push(field(words.time(), &view.time, true));
    // The title is the link to the console.
    let tail: Vec<(&str, String)> = view
        .tail()
        .into_iter()
        .filter(|(label, _)| *label != words.console())
        .map(|(label, value)| (label, budget.take(value, 300)))
        .collect();
    let room = FIELDS - fields.len() - tail.len() - 1;
    let mut shown = 0;
    for (name, value) in view.facts.iter().take(room) {
        let share = (budget.left / (room - shown)).max(40);
        if budget.left < 80 {
            break;
        }
        let name = budget.take(name, NAME.min(share / 2));
        let value = budget.take(value, VALUE.min(share));
        fields.push(field(&name, &value, value.chars().count() <= 40));
        shown += 1;
    }
    if shown < view.facts.len() {
        budget.truncated = true;
        let note = words.left_out(view.facts.len() - shown);
        fields.push(field("…", &note, false));
    }
    for (label, value) in &tail {
        fields.push(field(label, value, false));
    }
    let colour = colour(n.alert.level, n.status);
    let mut json = json!({
        "username": "Alert Bot",
        "allowed_mentions": {"parse": []},
        "embeds": [{
            "title": title,
            "description": description,
            "color": u32::from_str_radix(colour.trim_start_matches('#'), 16).unwrap_or(0),
            "fields": fields,
            "footer": {"text": footer},
            "timestamp": machine_time(n.alert.timestamp),
        }],
    });
    if let Some(url) = &view.console {
        json["embeds"][0]["url"] = json!(url);
    }
    (json, budget.truncated)
}

/// A report, as text.
pub(crate) fn content(content: &Content) -> Value {
    let mut budget = Budget {
        left: TOTAL,
        truncated: false,
    };
    json!({
        "username": "Daily Report Bot",
        "allowed_mentions": {"parse": []},
        "embeds": [{
            "title": budget.take(&content.subject, TITLE),
            "description": budget.take(&content.text, DESCRIPTION),
        }],
    })
}

/// Takes away a backslash that a cut has parted from what it escapes.
fn whole_escapes(text: &mut String) {
    let end = text.strip_suffix(CUT).map_or(text.len(), str::len);
    let slashes = text[..end].chars().rev().take_while(|c| *c == '\\').count();
    if slashes % 2 == 1 {
        text.remove(end - 1);
    }
}

/// Discord refuses an empty name or value.
fn field(name: &str, value: &str, inline: bool) -> Value {
    let filled = |text: &str| {
        if text.trim().is_empty() {
            "–".to_owned()
        } else {
            text.to_owned()
        }
    };
    json!({"name": filled(name), "value": filled(value), "inline": inline})
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::render::samples;

    #[test]
    fn korean() {
        let (message, truncated) = message(&samples::korean());
        assert!(!truncated);
        assert_eq!(
            message,
            json!({
                "username": "Alert Bot",
                "allowed_mentions": {"parse": []},
                "embeds": [{
                    "title": "\\[CRITICAL\\] trading-engine/production: 거래 중단: 위험 한도 초과",
                    "description": "일일 손실이 한도를 넘었습니다.\n모든 주문을 멈춥니다.",
                    "color": 0x0099_0000,
                    "fields": [
                        {"name": "Level", "value": "CRITICAL", "inline": true},
                        {"name": "Source", "value": "risk\\_manager", "inline": true},
                        {"name": "Time", "value": "2025-11-22 17:26:40 KST", "inline": true},
                        {"name": "손실률", "value": "-3.25", "inline": true},
                        {"name": "종목", "value": "005930 삼성전자", "inline": true},
                        {"name": "Tags", "value": "trading\\_halt, critical", "inline": false},
                    ],
                    "footer": {"text": "trading-engine (production)"},
                    "timestamp": "2025-11-22T08:26:40Z",
                }],
            })
        );
    }

    #[test]
    fn hostile_text_is_inert() {
        let (message, _) = message(&samples::hostile());
        let description = message["embeds"][0]["description"].as_str().unwrap();
        assert!(
            description.contains("\\[x\\]\\(http://evil\\) \\*b\\*"),
            "{description}"
        );
        assert!(description.contains("\\@everyone"));
    }

    /// A link is shown as it was written, and still goes where it went.
    #[test]
    fn links_stay_whole_and_the_rest_stays_inert() {
        let check = |text: &str, want: &str| assert_eq!(markdown(text), want, "{text}");
        let link = "https://wiki.example.com/run_book_1/db_down?x=a_b#c_d";
        check(link, link);
        check(
            &format!("see_it: {link}\nand *more*"),
            &format!("see\\_it: {link}\nand \\*more\\*"),
        );
        check("http://a_b", "http://a_b");
        // What could end a link early, or begin another form of it, is no link.
        check("https://x/*a*", "https://x/\\*a\\*");
        check("[x](https://evil_x)", "\\[x\\]\\(https://evil\\_x\\)");
        check("https://x/<@1>", "https://x/\\<\\@1\\>");
        check("https://", "https://");
        check("ftp://a_b", "ftp://a\\_b");
    }

    #[test]
    fn a_cut_leaves_no_half_an_escape() {
        for limit in 16..40 {
            let mut budget = Budget {
                left: 100,
                truncated: false,
            };
            let text = budget.take(&"*".repeat(50), limit);
            let kept = text.strip_suffix(CUT).unwrap();
            assert_eq!(
                kept.matches('\\').count(),
                kept.matches('*').count(),
                "{text}"
            );
        }
    }

    #[test]
    fn limits() {
        for n in [
            samples::huge(),
            samples::digest(),
            samples::resolved(),
            samples::hostile(),
        ] {
            let (message, _) = message(&n);
            let embed = &message["embeds"][0];
            let len = |value: &Value| Unit::Utf16.len(value.as_str().unwrap());
            let fields = embed["fields"].as_array().unwrap();
            assert!(fields.len() <= FIELDS && len(&embed["title"]) <= TITLE);
            assert!(len(&embed["description"]) <= DESCRIPTION);
            let mut total =
                len(&embed["title"]) + len(&embed["description"]) + len(&embed["footer"]["text"]);
            for field in fields {
                assert!((1..=NAME).contains(&len(&field["name"])));
                assert!((1..=VALUE).contains(&len(&field["value"])));
                total += len(&field["name"]) + len(&field["value"]);
            }
            assert!(total <= TOTAL, "{total}");
        }
        assert!(message(&samples::huge()).1);
    }
}
