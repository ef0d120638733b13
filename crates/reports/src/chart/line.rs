//! A line over time, with an optional second line to compare with.

use std::fmt::Write as _;

use super::axis::{self, Unit};
use super::svg::{Anchor, Svg, clip, num, width};
use super::{Canvas, Palette};

/// More points than a screen shows apart are thinned to the extremes of each stretch.
const MAX_POINTS: usize = 400;

/// What a line chart shows.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Line {
    /// `(x, y)`, x ascending.
    pub(super) points: Vec<(f64, f64)>,
    /// The axis reaches at least this far.
    pub(super) x_range: Option<(f64, f64)>,
    pub(super) x_labels: Vec<(f64, String)>,
    pub(super) unit: Unit,
    pub(super) shape: Shape,
    /// The line's name, and a second line with its name.
    pub(super) name: String,
    pub(super) reference: Option<(String, Vec<(f64, f64)>)>,
    /// A label at a point: the last one, or the deepest.
    pub(super) mark: Option<((f64, f64), String)>,
}

/// How the line is drawn.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Shape {
    /// Straight from point to point on an axis that does not start at zero, so nothing is shaded.
    Level,
    /// At or below zero, shaded up to zero, in the colour of losses.
    Below,
    /// In steps around zero.
    Steps,
}

/// From data to pixels.
struct Plot {
    left: f64,
    right: f64,
    top: f64,
    bottom: f64,
    x: (f64, f64),
    y: (f64, f64),
}

impl Plot {
    fn at(&self, (x, y): (f64, f64)) -> (f64, f64) {
        let part = |value: f64, (low, high): (f64, f64)| {
            if high > low {
                (value - low) / (high - low)
            } else {
                0.5
            }
        };
        (
            self.left + part(x, self.x) * (self.right - self.left),
            self.bottom - part(y, self.y) * (self.bottom - self.top),
        )
    }
}

impl Line {
    pub(super) fn draw(&self, alt: &str, canvas: &Canvas, palette: &Palette) -> String {
        let font = canvas.font_size;
        let mut svg = Svg::new((canvas.width, canvas.height), alt, font, palette);
        let everything = || {
            self.points
                .iter()
                .chain(self.reference.iter().flat_map(|(_, points)| points))
        };
        let fold = |of: fn(&(f64, f64)) -> f64, with: fn(f64, f64) -> f64, start: f64| {
            everything().map(of).fold(start, with)
        };
        let (mut low, mut high) = (
            fold(|p| p.1, f64::min, f64::INFINITY),
            fold(|p| p.1, f64::max, f64::NEG_INFINITY),
        );
        if self.shape != Shape::Level {
            (low, high) = (low.min(0.0), high.max(0.0));
        }
        if !(low.is_finite() && high.is_finite()) {
            return svg.finish();
        }
        if high <= low {
            (low, high) = self.around(low);
        }
        let ticks = axis::ticks(low, high, if canvas.height < 200.0 { 3 } else { 4 });
        let labels: Vec<String> = ticks
            .iter()
            .map(|tick| axis::label(*tick, &ticks, self.unit))
            .collect();
        let label_width = labels
            .iter()
            .map(|text| width(text, font))
            .fold(0.0, f64::max);
        let legend = if self.reference.is_some() {
            font * 1.9
        } else {
            0.0
        };
        let plot = Plot {
            left: label_width + font * 0.7,
            right: canvas.width - font * 1.1,
            top: font * 0.9 + legend,
            bottom: canvas.height - font * 1.9,
            x: (
                fold(
                    |p| p.0,
                    f64::min,
                    self.x_range.map_or(f64::INFINITY, |range| range.0),
                ),
                fold(
                    |p| p.0,
                    f64::max,
                    self.x_range.map_or(f64::NEG_INFINITY, |range| range.1),
                ),
            ),
            y: (
                ticks.first().copied().unwrap_or(low),
                ticks.last().copied().unwrap_or(high),
            ),
        };
        self.grid(&mut svg, &plot, &ticks, &labels, font, palette);
        let colour = if self.shape == Shape::Below {
            palette.down
        } else {
            palette.line
        };
        self.area(&mut svg, &plot, colour);
        if let Some((_, points)) = &self.reference {
            let d = path(&thin(points), &plot, false);
            svg.path(
                &d,
                &stroke(palette.reference, 1.5, r#" stroke-dasharray="4 3""#),
            );
        }
        let d = path(&thin(&self.points), &plot, self.shape == Shape::Steps);
        svg.path(&d, &stroke(colour, 2.0, ""));
        self.mark(&mut svg, &plot, font, colour, palette);
        if legend > 0.0 {
            self.legend(&mut svg, (plot.left, plot.right), font, palette);
        }
        svg.finish()
    }

    /// The axis of a line that never moves.
    fn around(&self, value: f64) -> (f64, f64) {
        match (self.shape, self.unit) {
            (Shape::Below, Unit::Percent) => (value - 0.01, value),
            (Shape::Below | Shape::Steps, _) => (value - 1_000.0, value + 1_000.0),
            (Shape::Level, _) => {
                let pad = value.abs().max(1e-4) * 0.01;
                (value - pad, value + pad)
            }
        }
    }

    fn grid(
        &self,
        svg: &mut Svg,
        plot: &Plot,
        ticks: &[f64],
        labels: &[String],
        font: f64,
        palette: &Palette,
    ) {
        for (tick, label) in ticks.iter().zip(labels) {
            let (_, y) = plot.at((plot.x.0, *tick));
            let zero = tick.abs() < 1e-12 && self.shape != Shape::Level;
            let (stroke, width) = if zero {
                (palette.axis, 1.25)
            } else {
                (palette.grid, 1.0)
            };
            svg.line((plot.left, y), (plot.right, y), stroke, width);
            svg.text(
                (plot.left - font * 0.5, y + font * 0.35),
                Anchor::End,
                palette.muted,
                label,
            );
        }
        let mut free_from = f64::NEG_INFINITY;
        for (at, label) in &self.x_labels {
            let (x, _) = plot.at((*at, plot.y.0));
            let wide = width(label, font);
            let anchor = if x - wide / 2.0 < plot.left - font {
                Anchor::Start
            } else if x + wide / 2.0 > plot.right + font {
                Anchor::End
            } else {
                Anchor::Middle
            };
            let start = match anchor {
                Anchor::Start => x,
                Anchor::Middle => x - wide / 2.0,
                Anchor::End => x - wide,
            };
            if start < free_from {
                continue;
            }
            free_from = start + wide + font;
            svg.text((x, plot.bottom + font * 1.45), anchor, palette.muted, label);
        }
    }

    fn area(&self, svg: &mut Svg, plot: &Plot, colour: &str) {
        let (Some(first), Some(last)) = (self.points.first(), self.points.last()) else {
            return;
        };
        // A shaded area stands for an amount only when it ends at zero.
        if self.shape == Shape::Level {
            return;
        }
        let base = 0.0;
        let mut d = path(&thin(&self.points), plot, self.shape == Shape::Steps);
        let ((x1, y), (x0, _)) = (plot.at((last.0, base)), plot.at((first.0, base)));
        let _ = write!(d, "L{} {}L{} {}Z", num(x1), num(y), num(x0), num(y));
        svg.path(&d, &format!(r#"fill="{colour}" fill-opacity="0.1""#));
    }

    fn mark(&self, svg: &mut Svg, plot: &Plot, font: f64, colour: &str, palette: &Palette) {
        let Some((point, label)) = &self.mark else {
            return;
        };
        let (x, y) = plot.at(*point);
        svg.dot((x, y), 3.5, colour);
        let (wide, gap) = (width(label, font), font * 0.6);
        // Where the label hides the least of the lines, and stays within the plot.
        // The nearest first; farther ones are for where lines cross all over.
        let near = [
            (x - wide / 2.0, y - gap - font),
            (x - wide / 2.0, y + gap),
            (x - wide - gap, y - font / 2.0),
            (x + gap, y - font / 2.0),
        ];
        let right = plot.right - wide;
        let steps = (0..8).map(|step| gap + f64::from(step) * font * 0.75);
        let far = steps.clone().flat_map(|off| {
            let left = x - wide / 2.0;
            [
                (x - wide - off, y - font / 2.0),
                (x + off, y - font / 2.0),
                (x - wide - off, y - font),
                (x + off, y - font),
                (left, y - off - font),
                (left, y + off),
            ]
        });
        // Farthest from its dot: at the right edge.
        let edge = steps.flat_map(|off| [(right, y - off - font), (right, y + off)]);
        let places = near.into_iter().chain(far).chain(edge);
        let lines: Vec<(f64, f64)> = std::iter::once(&self.points)
            .chain(self.reference.iter().map(|(_, points)| points))
            .flat_map(|points| along(points, plot, self.shape == Shape::Steps))
            .collect();
        let hidden = |(left, top): (f64, f64)| {
            let outside = left < plot.left
                || left + wide > plot.right + 1.0
                || top < plot.top - font
                || top + font > plot.bottom + font * 0.2;
            let over = lines
                .iter()
                .filter(|(x, y)| {
                    (left..left + wide).contains(x) && (top - 2.0..top + font + 2.0).contains(y)
                })
                .count();
            over + if outside { 100_000 } else { 0 }
        };
        if let Some((left, top)) = places.min_by_key(|place| hidden(*place)) {
            let base = (left.max(plot.left), top + font * 0.88);
            svg.label(base, Anchor::Start, palette, label);
        }
    }

    fn legend(&self, svg: &mut Svg, (left, right): (f64, f64), font: f64, palette: &Palette) {
        let Some((name, _)) = &self.reference else {
            return;
        };
        let (dash, y) = (font * 1.5, font);
        // The account's name gives way: the benchmark's is short.
        let room = right - left - dash * 2.0 - font * 2.5 - width(name, font);
        let own = clip(&self.name, room.max(font * 3.0), font);
        svg.line(
            (left, y - font * 0.3),
            (left + dash, y - font * 0.3),
            palette.line,
            2.0,
        );
        svg.text(
            (left + dash + font * 0.5, y),
            Anchor::Start,
            palette.text,
            &own,
        );
        let second = left + dash + font * 2.0 + width(&own, font);
        let d = format!("M{} {}h{}", num(second), num(y - font * 0.3), num(dash));
        svg.path(
            &d,
            &stroke(palette.reference, 1.5, r#" stroke-dasharray="4 3""#),
        );
        svg.text(
            (second + dash + font * 0.5, y),
            Anchor::Start,
            palette.muted,
            name,
        );
    }
}

fn stroke(colour: &str, width: f64, more: &str) -> String {
    format!(
        r#"fill="none" stroke="{colour}" stroke-width="{}" stroke-linejoin="round" stroke-linecap="round"{more}"#,
        num(width)
    )
}

fn path(points: &[(f64, f64)], plot: &Plot, steps: bool) -> String {
    let mut d = String::with_capacity(points.len() * 14);
    for (i, point) in points.iter().enumerate() {
        let (x, y) = plot.at(*point);
        let _ = match (i, steps) {
            (0, _) => write!(d, "M{} {}", num(x), num(y)),
            (_, true) => write!(d, "H{}V{}", num(x), num(y)),
            (_, false) => write!(d, "L{} {}", num(x), num(y)),
        };
    }
    d
}

/// Pixels along a line, close enough together to see what a label would hide.
fn along(points: &[(f64, f64)], plot: &Plot, steps: bool) -> Vec<(f64, f64)> {
    let mut out = Vec::new();
    for pair in thin(points).windows(2) {
        let (from, to) = (plot.at(pair[0]), plot.at(pair[1]));
        let corner = if steps { (to.0, from.1) } else { from };
        for (a, b) in [(from, corner), (corner, to)] {
            let parts = ((b.0 - a.0).hypot(b.1 - a.1) / 3.0)
                .ceil()
                .clamp(1.0, 400.0) as u32;
            out.extend((0..=parts).map(|i| {
                let part = f64::from(i) / f64::from(parts);
                (a.0 + (b.0 - a.0) * part, a.1 + (b.1 - a.1) * part)
            }));
        }
    }
    out
}

/// Keeps the first, the lowest, the highest and the last of each stretch, so that no extreme is lost.
fn thin(points: &[(f64, f64)]) -> Vec<(f64, f64)> {
    if points.len() <= MAX_POINTS {
        return points.to_vec();
    }
    let stretch = points.len().div_ceil(MAX_POINTS / 4);
    let mut out = Vec::with_capacity(MAX_POINTS + 4);
    for chunk in points.chunks(stretch) {
        let index = |better: fn(f64, f64) -> bool| {
            (0..chunk.len()).fold(0, |best, i| {
                if better(chunk[i].1, chunk[best].1) {
                    i
                } else {
                    best
                }
            })
        };
        let mut keep = [0, index(|a, b| a < b), index(|a, b| a > b), chunk.len() - 1];
        keep.sort_unstable();
        for (i, at) in keep.into_iter().enumerate() {
            if i == 0 || keep[i - 1] != at {
                out.push(chunk[at]);
            }
        }
    }
    out
}
