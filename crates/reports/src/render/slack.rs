//! A Slack message: the key figures and what needs attention, within Slack's limits.
//!
//! Limits of Block Kit: 50 blocks, 150 characters in a header, 3,000 in a section's text, 10
//! fields of 2,000 each; besides, 9,000 characters in all so that a message stays readable.

use serde_json::{Value, json};

use super::build::{self, Limits};
use super::options::RenderOptions;
use super::view::{Block, Cell, Item, Tone, View};
use crate::summary::DailySummary;

const MAX_BLOCKS: usize = 50;
const MAX_HEADER: usize = 150;
const MAX_SECTION: usize = 3_000;
const MAX_FIELD: usize = 2_000;
const MAX_FIELDS: usize = 10;
/// Of all texts together.
const MAX_TOTAL: usize = 9_000;

pub(super) fn message(summary: &DailySummary, options: &RenderOptions) -> Value {
    let view = build::view(summary, options, Limits::MAIL);
    let fallback = cut(
        escape(&format!("{}. {}", view.subject, view.headline)),
        MAX_SECTION,
    );
    let mut blocks = Blocks {
        list: Vec::new(),
        left: MAX_TOTAL.saturating_sub(chars(&fallback)),
    };
    blocks.header(&format!("{} · {}", view.title, view.date));
    blocks.context(&format!(
        "{} · {}",
        escape(&view.origin.join(" · ")),
        escape(&view.generated)
    ));
    for mark in &view.marks {
        blocks.section(&format!("{} *{}*", emoji(mark.tone), escape(&mark.text)));
    }
    let mut figures = vec![&view.hero];
    figures.extend(&view.returns);
    figures.extend(&view.kpis);
    blocks.fields(&figures);
    blocks.divider();
    let checks: Vec<String> = view
        .checks
        .iter()
        .map(|check| format!("{} {}", emoji(check.tone), escape(&check.text)))
        .collect();
    blocks.section(&checks.join("\n"));
    for id in ["performers", "risk", "alerts", "quality"] {
        blocks.digest(&view, id);
    }
    blocks.context(&escape(&view.footer.join(" ")));
    json!({
        "username": "Daily Report Bot",
        "icon_emoji": ":bar_chart:",
        "text": fallback,
        "blocks": blocks.list,
    })
}

fn emoji(tone: Tone) -> &'static str {
    match tone {
        Tone::Good => ":white_check_mark:",
        Tone::Warn => ":warning:",
        Tone::Bad => ":red_circle:",
        Tone::Plain | Tone::Up | Tone::Down | Tone::Muted => ":information_source:",
    }
}

/// Blocks within the limits: what does not fit any more is left out.
struct Blocks {
    list: Vec<Value>,
    left: usize,
}

impl Blocks {
    /// Adds a block that holds `text` characters, if it still fits.
    fn push(&mut self, size: usize, block: Value) {
        if self.list.len() < MAX_BLOCKS && size <= self.left {
            self.left -= size;
            self.list.push(block);
        }
    }

    fn header(&mut self, text: &str) {
        let text = cut(text.to_owned(), MAX_HEADER);
        self.push(
            chars(&text),
            json!({ "type": "header", "text": { "type": "plain_text", "text": text } }),
        );
    }

    fn section(&mut self, text: &str) {
        if !text.trim().is_empty() {
            let text = cut(text.to_owned(), MAX_SECTION);
            self.push(
                chars(&text),
                json!({ "type": "section", "text": mrkdwn(&text) }),
            );
        }
    }

    fn context(&mut self, text: &str) {
        let text = cut(text.to_owned(), MAX_FIELD);
        self.push(
            chars(&text),
            json!({ "type": "context", "elements": [mrkdwn(&text)] }),
        );
    }

    fn divider(&mut self) {
        self.push(0, json!({ "type": "divider" }));
    }

    fn fields(&mut self, items: &[&Item]) {
        for some in items.chunks(MAX_FIELDS) {
            let texts: Vec<String> = some
                .iter()
                .map(|item| {
                    cut(
                        format!("*{}*\n{}", escape(&item.label), cell(&item.cell)),
                        MAX_FIELD,
                    )
                })
                .collect();
            let size = texts.iter().map(|text| chars(text)).sum();
            let fields: Vec<Value> = texts.iter().map(|text| mrkdwn(text)).collect();
            self.push(size, json!({ "type": "section", "fields": fields }));
        }
    }

    /// A view's section in a few lines: its tables row by row, and its figures.
    fn digest(&mut self, view: &View, id: &str) {
        let Some(section) = view.section(id) else {
            return;
        };
        let mut lines = vec![format!("*{}*", escape(&section.heading()))];
        for block in &section.blocks {
            match block {
                Block::Items(items) => {
                    let known: Vec<String> = items
                        .iter()
                        .filter(|item| item.cell.tone != Tone::Muted)
                        .map(|item| format!("{} {}", escape(&item.label), cell(&item.cell)))
                        .collect();
                    if !known.is_empty() {
                        lines.push(known.join(" · "));
                    }
                }
                Block::Note(text) => lines.push(escape(text)),
                Block::Table(table) => {
                    if table.rows.is_empty() {
                        lines.push(format!(
                            "{}: {}",
                            escape(table.caption),
                            escape(&table.empty)
                        ));
                        continue;
                    }
                    if table.caption != section.title {
                        lines.push(format!("_{}_", escape(table.caption)));
                    }
                    for row in &table.rows {
                        let shown = table.cells(row).filter(|(column, _)| !column.minor);
                        let shown = shown.map(|(column, shown)| {
                            match column.labelled && shown.tone == Tone::Plain {
                                true => format!("{} {}", escape(column.title), cell(shown)),
                                false => cell(shown),
                            }
                        });
                        lines.push(format!("• {}", shown.collect::<Vec<_>>().join(" · ")));
                    }
                    lines.extend(table.more.as_deref().map(escape));
                }
            }
        }
        self.section(&lines.join("\n"));
    }
}

fn cell(cell: &Cell) -> String {
    escape(&cell.with_its_note())
}

/// `verbatim` keeps Slack from turning names and addresses in the text into links and mentions.
fn mrkdwn(text: &str) -> Value {
    json!({ "type": "mrkdwn", "text": text, "verbatim": true })
}

/// The three characters with a meaning in Slack's markup. Without `<`, no mention and no link.
pub(super) fn escape(text: &str) -> String {
    text.replace('&', "&amp;")
        .replace('<', "&lt;")
        .replace('>', "&gt;")
}

fn chars(text: &str) -> usize {
    text.chars().count()
}

/// Cuts escaped text without leaving half an entity.
fn cut(text: String, max: usize) -> String {
    if chars(&text) <= max {
        return text;
    }
    let mut short: String = text.chars().take(max - 1).collect();
    if let Some(at) = short.rfind('&')
        && !short[at..].contains(';')
    {
        short.truncate(at);
    }
    short.push('…');
    short
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn cutting_keeps_entities_whole() {
        assert_eq!(cut("a&amp;b".into(), 7), "a&amp;b");
        assert_eq!(cut("a&amp;bcd".into(), 7), "a&amp;…");
        assert_eq!(cut("a&amp;bcd".into(), 6), "a…");
    }
}
