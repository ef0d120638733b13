//! Bars to both sides of zero: one a symbol.

use super::svg::{Anchor, Svg, clip, width};
use super::{Canvas, Palette};

/// What a bar chart shows.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Bars {
    pub(super) bars: Vec<Bar>,
    /// Said under the bars: "and 12 more".
    pub(super) more: Option<String>,
}

/// One bar: its name, its length, and its figure as text with sign and arrow.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Bar {
    pub(super) label: String,
    pub(super) value: f64,
    pub(super) text: String,
}

impl Bars {
    pub(super) fn draw(&self, alt: &str, canvas: &Canvas, palette: &Palette) -> String {
        let font = canvas.font_size;
        // Few bars fill the height of the line charts beside them.
        let row = (canvas.height / (self.bars.len() + 1) as f64).clamp(font * 2.1, font * 2.8);
        let footer = if self.more.is_some() { row } else { 0.0 };
        let height = (row * self.bars.len().max(1) as f64 + font * 0.8 + footer).max(row * 2.0);
        let mut svg = Svg::new((canvas.width, height), alt, font, palette);
        let widest = |text: fn(&Bar) -> &str| {
            self.bars
                .iter()
                .map(|bar| width(text(bar), font))
                .fold(0.0, f64::max)
        };
        let names = widest(|bar| &bar.label).min(canvas.width * 0.34);
        let figures = widest(|bar| &bar.text);
        let (left, right) = (names + font * 0.8, canvas.width - figures - font * 0.8);
        let low = self.bars.iter().map(|bar| bar.value).fold(0.0, f64::min);
        let high = self.bars.iter().map(|bar| bar.value).fold(0.0, f64::max);
        let scale = if high > low {
            (right - left).max(1.0) / (high - low)
        } else {
            0.0
        };
        let zero = left - low * scale;
        for (i, bar) in self.bars.iter().enumerate() {
            let top = font * 0.4 + row * i as f64;
            let base = top + row / 2.0 + font * 0.35;
            let colour = if bar.value < 0.0 {
                palette.down
            } else {
                palette.up
            };
            svg.text(
                (0.0, base),
                Anchor::Start,
                palette.text,
                &clip(&bar.label, names, font),
            );
            // A bar is never so thin that nobody sees it.
            let length = (bar.value.abs() * scale).max(1.5);
            let start = if bar.value < 0.0 { zero - length } else { zero };
            svg.rect((start, top + row * 0.18), (length, row * 0.64), colour);
            svg.text((canvas.width, base), Anchor::End, colour, &bar.text);
        }
        let bottom = font * 0.4 + row * self.bars.len() as f64;
        svg.line((zero, font * 0.4), (zero, bottom), palette.axis, 1.25);
        if let Some(more) = &self.more {
            svg.text(
                (0.0, bottom + font * 1.3),
                Anchor::Start,
                palette.muted,
                more,
            );
        }
        svg.finish()
    }
}
