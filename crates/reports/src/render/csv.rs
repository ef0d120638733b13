//! The day's fills as CSV (RFC 4180), safe to open in a spreadsheet.

use crate::render::options::RenderOptions;
use crate::summary::{DailySummary, FillLine, Side};

const HEADER: [&str; 13] = [
    "executed_at",
    "order_id",
    "ticker",
    "name",
    "side",
    "quantity",
    "price",
    "amount",
    "commission",
    "tax",
    "realised_pnl",
    "status",
    "strategy",
];

pub(super) fn csv(summary: &DailySummary, options: &RenderOptions) -> String {
    let mut out = String::with_capacity(160 * (summary.fills.len() + 1));
    if options.csv_bom {
        out.push('\u{feff}');
    }
    line(&mut out, HEADER.map(str::to_owned));
    for fill in &summary.fills {
        line(&mut out, cells(fill, options));
    }
    out
}

fn cells(fill: &FillLine, options: &RenderOptions) -> [String; 13] {
    let at = fill
        .executed_at
        .to_zoned(options.zone.clone())
        .strftime("%Y-%m-%dT%H:%M:%S%.f%:z")
        .to_string();
    let side = match fill.side {
        Side::Buy => "buy",
        Side::Sell => "sell",
    };
    [
        at,
        words(&fill.order_id),
        words(&fill.ticker),
        words(fill.name.as_deref().unwrap_or_default()),
        side.to_owned(),
        fill.quantity.normalize().to_string(),
        fill.price.normalize().to_string(),
        fill.amount.normalize().to_string(),
        fill.commission.normalize().to_string(),
        fill.tax.normalize().to_string(),
        fill.realised
            .map(|realised| realised.normalize().to_string())
            .unwrap_or_default(),
        words(&fill.status),
        words(fill.strategy.as_deref().unwrap_or_default()),
    ]
}

/// Text that a spreadsheet would take for a formula gets an apostrophe in front.
fn words(text: &str) -> String {
    let formula = |c: char| {
        matches!(
            c,
            '=' | '+' | '-' | '@' | '\t' | '\r' | '\n' | '＝' | '＋' | '－' | '＠'
        )
    };
    match text
        .chars()
        .find(|c| !matches!(c, ' ' | '\u{a0}' | '\u{3000}' | '\u{feff}'))
    {
        Some(first) if formula(first) => format!("'{text}"),
        _ => text.to_owned(),
    }
}

fn line(out: &mut String, cells: [String; 13]) {
    for (i, cell) in cells.iter().enumerate() {
        if i > 0 {
            out.push(',');
        }
        if cell.contains([',', '"', '\n', '\r', ';', '\t']) {
            out.push('"');
            out.push_str(&cell.replace('"', "\"\""));
            out.push('"');
        } else {
            out.push_str(cell);
        }
    }
    out.push_str("\r\n");
}
