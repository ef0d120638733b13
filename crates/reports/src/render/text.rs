//! The plain-text form: for mail readers without HTML, terminals and logs. At most 78 columns
//! where the content allows; Korean characters count two.

use super::build::{self, Limits};
use super::options::RenderOptions;
use super::view::{Block, Cell, Item, Section, Table};
use crate::summary::DailySummary;

const COLUMNS: usize = 78;

pub(super) fn text(summary: &DailySummary, options: &RenderOptions) -> String {
    let view = build::view(summary, options, Limits::TEXT);
    let mut out = Vec::new();
    out.push(format!("{} · {}", view.title, view.date));
    out.push("=".repeat(width(&out[0]).min(COLUMNS)));
    out.push(view.origin.join(" · "));
    out.push(view.generated.clone());
    for mark in &view.marks {
        out.push(format!("[!] {}", mark.text));
    }
    out.push(String::new());
    items(&mut out, std::slice::from_ref(&view.hero));
    items(&mut out, &view.returns);
    items(&mut out, &view.kpis);
    out.push(String::new());
    for check in &view.checks {
        let sign = match check.tone.sign() {
            "" => "[ ]",
            "✓" => "[OK]",
            _ => "[!]",
        };
        out.push(format!("{sign} {}", check.text));
    }
    for part in &view.sections {
        section(&mut out, part);
    }
    out.push(String::new());
    out.extend(view.footer.iter().map(|line| (*line).to_owned()));
    let mut text = out.join("\n");
    text.push('\n');
    text
}

fn section(out: &mut Vec<String>, section: &Section) {
    out.push(String::new());
    let heading = section.heading();
    let line = "-".repeat(width(&heading));
    out.extend([heading, line]);
    for (i, block) in section.blocks.iter().enumerate() {
        match block {
            Block::Items(list) => items(out, list),
            Block::Note(text) => out.push(text.clone()),
            Block::Table(rows) => {
                if i > 0 {
                    out.push(String::new());
                }
                if rows.caption != section.title {
                    out.push(format!("{}:", rows.caption));
                }
                table(out, rows);
            }
        }
    }
}

fn items(out: &mut Vec<String>, items: &[Item]) {
    let label = items
        .iter()
        .map(|item| width(&item.label))
        .max()
        .unwrap_or(0)
        .max(22);
    for item in items {
        out.push(format!(
            "{}  {}",
            pad(&item.label, label, false),
            item.cell.with_its_note()
        ));
    }
}

/// A cell in a row: with its note, as the row has room for both.
fn shown(cell: &Cell) -> String {
    match &cell.note {
        Some(note) if cell.tone == super::view::Tone::Muted => format!("{} ({note})", cell.shown()),
        Some(note) => format!("{} {note}", cell.shown()),
        None => cell.shown(),
    }
}

fn table(out: &mut Vec<String>, table: &Table) {
    if table.rows.is_empty() {
        out.push(format!("  {}", table.empty));
    } else {
        let rows: Vec<Vec<String>> = table
            .rows
            .iter()
            .map(|row| row.iter().map(shown).collect())
            .collect();
        let columns = table.columns.iter().enumerate();
        let widths: Vec<usize> = columns
            .map(|(i, column)| {
                let cells = rows
                    .iter()
                    .filter_map(|row| row.get(i))
                    .map(|cell| width(cell));
                cells.chain([width(column.title)]).max().unwrap_or(0)
            })
            .collect();
        let line = |cells: Vec<&str>| {
            let cells: Vec<String> = cells
                .iter()
                .zip(table.columns.iter().zip(&widths))
                .map(|(cell, (column, width))| pad(cell, *width, column.numeric))
                .collect();
            format!("  {}", cells.join("  ")).trim_end().to_owned()
        };
        out.push(line(
            table.columns.iter().map(|column| column.title).collect(),
        ));
        for row in &rows {
            out.push(line(row.iter().map(String::as_str).collect()));
        }
    }
    if let Some(more) = &table.more {
        out.push(format!("  {more}"));
    }
}

fn pad(text: &str, to: usize, right: bool) -> String {
    let gap = " ".repeat(to.saturating_sub(width(text)));
    if right {
        format!("{gap}{text}")
    } else {
        format!("{text}{gap}")
    }
}

/// Columns in a terminal: Hangul, Han, kana and full-width forms take two.
fn width(text: &str) -> usize {
    text.chars()
        .map(|c| match c {
            '\u{1100}'..='\u{115f}'
            | '\u{2e80}'..='\u{a4cf}'
            | '\u{ac00}'..='\u{d7a3}'
            | '\u{f900}'..='\u{faff}'
            | '\u{fe30}'..='\u{fe4f}'
            | '\u{ff00}'..='\u{ff60}'
            | '\u{ffe0}'..='\u{ffe6}'
            | '\u{1f300}'..='\u{1faff}'
            | '\u{20000}'..='\u{3fffd}' => 2,
            '\u{300}'..='\u{36f}' => 0,
            _ => 1,
        })
        .sum()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn korean_takes_two_columns() {
        assert_eq!(width("SK하이닉스"), 10);
        assert_eq!(pad("가", 4, true), "  가");
        assert_eq!(pad("가", 4, false), "가  ");
    }
}
