//! Charts as SVG, and as PNG for mails with the feature `charts`.
//!
//! One source for both: a [`Chart`] is plain data with a text alternative; [`Chart::svg`] draws it
//! with the colours of a [`Palette`] at the size of a [`Canvas`]. In a browser the palette may hold CSS
//! variables, so that one drawing follows light and dark.
//!
//! ```
//! use bongsu_reports::chart::{Canvas, Palette, charts};
//! use bongsu_reports::{DailySummary, render::RenderOptions};
//!
//! let charts = charts(&DailySummary::sample(), &RenderOptions::default());
//! let svg = charts[0].svg(&Canvas::MAIL, &Palette::LIGHT);
//! assert!(svg.starts_with("<svg"));
//! ```

mod axis;
mod bars;
mod data;
mod line;
#[cfg(feature = "charts")]
mod png;
mod svg;
#[cfg(test)]
mod tests;

pub use data::charts;
#[cfg(feature = "charts")]
pub use png::{PngError, png};

use bars::Bars;
use line::Line;

/// A chart of a report: data, title and text alternative.
#[derive(Debug, Clone, PartialEq)]
pub struct Chart {
    pub(crate) id: &'static str,
    pub(crate) title: &'static str,
    pub(crate) alt: String,
    body: Body,
}

#[derive(Debug, Clone, PartialEq)]
enum Body {
    Line(Line),
    Bars(Bars),
}

impl Chart {
    /// A short name: `equity`, `drawdown`, `pnl`, `intraday`.
    #[must_use]
    pub fn id(&self) -> &'static str {
        self.id
    }

    /// The heading.
    #[must_use]
    pub fn title(&self) -> &'static str {
        self.title
    }

    /// What the chart shows, in words.
    #[must_use]
    pub fn alt(&self) -> &str {
        &self.alt
    }

    /// Draws the chart. The result is a stand-alone SVG document without external references.
    #[must_use]
    pub fn svg(&self, canvas: &Canvas, palette: &Palette) -> String {
        match &self.body {
            Body::Line(line) => line.draw(&self.alt, canvas, palette),
            Body::Bars(bars) => bars.draw(&self.alt, canvas, palette),
        }
    }
}

/// The size of a drawing, in CSS pixels.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Canvas {
    /// Width.
    pub width: f64,
    /// Height of a line chart; a bar chart takes what its bars need.
    pub height: f64,
    /// Size of the labels.
    pub font_size: f64,
}

impl Canvas {
    /// For a mail: 600 wide, with labels that stay legible when a phone shrinks it.
    pub const MAIL: Self = Self {
        width: 600.0,
        height: 250.0,
        font_size: 15.0,
    };
    /// For a page on a desktop screen.
    pub const WIDE: Self = Self {
        width: 560.0,
        height: 250.0,
        font_size: 12.0,
    };
    /// For a page on a phone.
    pub const NARROW: Self = Self {
        width: 340.0,
        height: 210.0,
        font_size: 12.0,
    };
}

/// The colours and the font of a drawing, as attribute values: plain colours or CSS variables.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Palette {
    /// Painted behind everything; `none` for nothing.
    pub background: &'static str,
    /// Painted around a label that lies on a line: the colour of what is behind the drawing.
    pub halo: &'static str,
    /// Labels.
    pub text: &'static str,
    /// Axis labels.
    pub muted: &'static str,
    /// Grid lines.
    pub grid: &'static str,
    /// The zero line.
    pub axis: &'static str,
    /// The account's line.
    pub line: &'static str,
    /// The benchmark's line.
    pub reference: &'static str,
    /// Gains.
    pub up: &'static str,
    /// Losses.
    pub down: &'static str,
    /// The font's family list.
    pub font: &'static str,
}

impl Palette {
    /// Dark on white, gains red and losses blue.
    pub const LIGHT: Self = Self {
        background: "#ffffff",
        halo: "#ffffff",
        text: "#1b2430",
        muted: "#4a5563",
        grid: "#e6e9ee",
        axis: "#aab3bf",
        line: "#1f3a5f",
        reference: "#8a94a3",
        up: "#c92a2a",
        down: "#1864ab",
        font: "NanumSquare, sans-serif",
    };

    /// Follows the page's CSS variables.
    pub const PAGE: Self = Self {
        background: "none",
        halo: "var(--card)",
        text: "var(--ink)",
        muted: "var(--muted)",
        grid: "var(--grid)",
        axis: "var(--axis)",
        line: "var(--line)",
        reference: "var(--reference)",
        up: "var(--up)",
        down: "var(--down)",
        font: "inherit",
    };

    /// The same with other colours for gains and losses.
    #[must_use]
    pub fn gains(self, up: &'static str, down: &'static str) -> Self {
        Self { up, down, ..self }
    }
}
