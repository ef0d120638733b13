//! Small pictures as SVG: an area over time, a bar against its limits, the beacon's fires.
//!
//! Colours come from the style sheet by class and sizes from attributes: the content security
//! policy allows no `style` attribute. Only numbers and fixed words are written, never data's text.

use std::fmt::{self, Write as _};

use crate::history::Band;

/// Markup that this crate wrote itself; templates take it as it is.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Markup(pub(crate) String);

impl fmt::Display for Markup {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl askama::filters::HtmlSafe for Markup {}

/// How an area chart is scaled.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) enum Scale {
    /// From zero to the greatest value.
    FromZero,
    /// From zero to this, or to the greatest value when that is more.
    Until(f64),
    /// From the least to the greatest value.
    Fit,
}

/// Space above and below the curve for its own width.
const EDGE: f64 = 1.5;
/// Heights are whole numbers of this part of a unit.
const TENTHS: u32 = 10;
/// Columns of a [`spark`].
const FEW: usize = 40;

/// Values over time: the average as a line, around it the band from least to greatest. Gaps stay
/// open, one lonely column is a dot. Decorative: the words beside it say what matters.
pub(crate) fn area(bands: &[Option<Band>], height: u32, scale: Scale) -> Markup {
    draw(bands, height, scale, true)
}

/// The same for a small place: fewer columns, no band.
pub(crate) fn spark(bands: &[Option<Band>], height: u32, scale: Scale) -> Markup {
    let each = bands.len().div_ceil(FEW).max(1);
    let few: Vec<_> = bands.chunks(each).map(merged).collect();
    draw(&few, height, scale, false)
}

/// Several columns as one.
fn merged(columns: &[Option<Band>]) -> Option<Band> {
    let known = || columns.iter().flatten();
    let count = known().count();
    let sum: f32 = known().map(|band| band.mean).sum();
    (count > 0).then(|| Band {
        min: known().map(|band| band.min).fold(f32::INFINITY, f32::min),
        max: known()
            .map(|band| band.max)
            .fold(f32::NEG_INFINITY, f32::max),
        mean: sum / count as f32,
    })
}

fn draw(bands: &[Option<Band>], height: u32, scale: Scale, with_band: bool) -> Markup {
    // One unit a column: whole numbers are short, and the style sheet stretches the picture.
    let width = bands.len().max(2) - 1;
    let mut out = open("area", width, height * TENTHS);
    let bottom = f64::from(height);
    if let Some((low, high)) = range(bands, scale) {
        let y = |value: f32| {
            let share = (f64::from(value) - low) / (high - low);
            let y = bottom - EDGE - share.clamp(0.0, 1.0) * (bottom - 2.0 * EDGE);
            (y * f64::from(TENTHS)).round() as i64
        };
        for (first, run) in &runs(bands) {
            if run.len() > 1 {
                let last = *first + run.len() - 1;
                let along = path(*first, run, y);
                let foot = height * TENTHS;
                let _ = write!(
                    out,
                    r#"<path class="fill" d="M{first} {foot}L{along}L{last} {foot}Z"/>"#
                );
                if with_band {
                    band(&mut out, *first, run, y);
                }
            }
            line(&mut out, *first, run, y, "line");
        }
    }
    out.push_str("</svg>");
    Markup(out)
}

/// The averages of a stretch: where the first is, and from each to the next in whole numbers, which is short.
fn path(first: usize, run: &[Band], y: impl Fn(f32) -> i64) -> String {
    let heights = run.iter().map(|band| y(band.mean));
    steps(first, 1, heights)
}

/// A place, and the steps from there through these heights, one column each.
fn steps(first: usize, column: i64, heights: impl IntoIterator<Item = i64>) -> String {
    let mut heights = heights.into_iter();
    let mut before = heights.next().unwrap_or_default();
    let mut path = format!("{first} {before}");
    let mut sep = "l";
    for height in heights {
        let step = height - before;
        let gap = if step < 0 { "" } else { " " };
        let _ = write!(path, "{sep}{column}{gap}{step}");
        (before, sep) = (height, " ");
    }
    path
}

/// The averages of a stretch as a line.
pub(crate) fn line(
    out: &mut String,
    first: usize,
    run: &[Band],
    y: impl Fn(f32) -> i64,
    class: &'static str,
) {
    let along = path(first, run, y);
    let _ = if run.len() == 1 {
        // A line of no length with round ends is a dot, however the picture is stretched.
        write!(out, r#"<path class="{class} dot" d="M{along}h0"/>"#)
    } else {
        write!(out, r#"<path class="{class}" d="M{along}"/>"#)
    };
}

/// What lies between the least and the greatest of a stretch, where that can be seen.
pub(crate) fn band(out: &mut String, first: usize, run: &[Band], y: impl Fn(f32) -> i64) {
    const SEEN: i64 = 10;
    if run.len() == 1 || run.iter().all(|band| y(band.min) - y(band.max) <= SEEN) {
        return;
    }
    let above = steps(first, 1, run.iter().map(|band| y(band.max)));
    let below = steps(
        first + run.len() - 1,
        -1,
        run.iter().rev().map(|band| y(band.min)),
    );
    let _ = write!(out, r#"<path class="band" d="M{above}L{below}Z"/>"#);
}

/// The range to draw, never empty; none without a value.
fn range(bands: &[Option<Band>], scale: Scale) -> Option<(f64, f64)> {
    let known = || bands.iter().flatten();
    known().next()?;
    let least = known().map(|b| f64::from(b.min)).fold(f64::MAX, f64::min);
    let most = known().map(|b| f64::from(b.max)).fold(f64::MIN, f64::max);
    let (low, high) = match scale {
        Scale::FromZero => (least.min(0.0), most),
        Scale::Until(limit) => (least.min(0.0), most.max(limit)),
        Scale::Fit => (least, most),
    };
    if high - low > f64::EPSILON * high.abs().max(1.0) {
        Some((low, high))
    } else {
        // A level line: in the middle, or at the foot when it is zero.
        let room = high.abs().max(1.0);
        Some(match scale {
            Scale::Fit => (low - room, high + room),
            _ => (low, high + room),
        })
    }
}

/// The stretches without a gap, each with the column it begins at.
pub(crate) fn runs(bands: &[Option<Band>]) -> Vec<(usize, Vec<Band>)> {
    let mut out: Vec<(usize, Vec<Band>)> = Vec::new();
    let mut open = false;
    for (place, band) in bands.iter().enumerate() {
        match (band, open) {
            (Some(band), true) => {
                if let Some((_, run)) = out.last_mut() {
                    run.push(*band);
                }
            }
            (Some(band), false) => out.push((place, vec![*band])),
            (None, _) => {}
        }
        open = band.is_some();
    }
    out
}

/// A bar of `value` out of `full` with marks on it; `tone` is a class of the style sheet.
pub(crate) fn bar(value: Option<f64>, full: f64, marks: &[f64], tone: &'static str) -> Markup {
    const WIDTH: f64 = 100.0;
    let mut out = open("bar", 100, 8);
    let share = |v: f64| (v / full * WIDTH).clamp(0.0, WIDTH);
    out.push_str(r#"<rect class="track" width="100" height="8"/>"#);
    if let Some(value) = value.filter(|value| value.is_finite()) {
        let _ = write!(
            out,
            r#"<rect class="{tone}" width="{:.1}" height="8"/>"#,
            share(value)
        );
    }
    for mark in marks.iter().filter(|mark| **mark < full) {
        let _ = write!(
            out,
            r#"<rect class="mark" x="{:.1}" width=".7" height="8"/>"#,
            share(*mark) - 0.35
        );
    }
    out.push_str("</svg>");
    Markup(out)
}

/// Five beacon towers of which `lit` burn.
pub(crate) fn fires(lit: usize) -> Markup {
    let mut out = open("fires", 150, 56);
    for tower in 0..5 {
        let _ = write!(out, r#"<g transform="translate({} 0)">"#, tower * 30 + 3);
        if tower < lit {
            out.push_str(concat!(
                r#"<path class="flame" d="M12 2C13 9 20 12 20 20a8 8 0 0 1-16 0c0-5 3-7 4-11 1 2 2 3 3 4 1-4 0-7 1-11Z"/>"#,
                r#"<path class="core" d="M12 14c1 3 4 4 4 8a4 4 0 0 1-8 0c0-3 3-4 4-8Z"/>"#
            ));
        }
        out.push_str(concat!(
            r#"<path class="tower" d="M4 31h16l-2 4h-12ZM6.500 36h11l3 18h-17Z"/>"#,
            "</g>"
        ));
    }
    out.push_str("</svg>");
    Markup(out)
}

pub(crate) fn open(class: &'static str, width: usize, height: u32) -> String {
    let stretch = if class == "fires" {
        ""
    } else {
        r#" preserveAspectRatio="none""#
    };
    format!(
        r#"<svg class="{class}" viewBox="0 0 {width} {height}" aria-hidden="true" focusable="false"{stretch}>"#
    )
}

/// A column in which nothing moved.
#[cfg(test)]
pub(crate) fn level(value: f32) -> Option<Band> {
    Some(Band {
        min: value,
        max: value,
        mean: value,
    })
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::{level as band, *};

    #[track_caller]
    fn check(bands: &[Option<Band>], lines: usize, dots: usize) {
        let drawn = area(bands, 20, Scale::FromZero).to_string();
        assert_eq!(drawn.matches("class=\"line\"").count(), lines, "{drawn}");
        assert_eq!(drawn.matches("h0").count(), dots, "{drawn}");
    }

    #[test]
    fn gaps_stay_open() {
        let (a, b) = (band(1.0), band(2.0));
        check(&[], 0, 0);
        check(&[None, None], 0, 0);
        check(&[a, b, b], 1, 0);
        check(&[a, b, None, b, a], 2, 0);
        check(&[a, None, b, a], 1, 1);
    }

    #[test]
    fn a_level_line_is_drawn() {
        let level = area(&[band(5.0), band(5.0)], 21, Scale::Fit).to_string();
        assert!(level.contains("M0 105l1 0"), "{level}");
        let zero = area(&[band(0.0), band(0.0)], 20, Scale::FromZero).to_string();
        assert!(zero.contains("M0 185l1 0"), "{zero}");
    }

    #[test]
    fn fires_are_counted_in_shapes() {
        for lit in 0..=5 {
            let drawn = fires(lit).to_string();
            assert_eq!(drawn.matches("flame").count(), lit);
            assert_eq!(drawn.matches("tower").count(), 5);
        }
    }

    proptest! {
        #[test]
        fn no_value_leaves_the_picture(
            values in prop::collection::vec(prop::option::of(any::<f32>()), 0..60),
            value in any::<f64>(),
        ) {
            let bands: Vec<_> = values.into_iter().map(|v| v.filter(|v| v.is_finite()).and_then(band)).collect();
            for scale in [Scale::FromZero, Scale::Until(100.0), Scale::Fit] {
                let drawn = format!("{}{}", area(&bands, 20, scale), spark(&bands, 20, scale));
                prop_assert!(!drawn.contains("NaN") && !drawn.contains("inf"), "{drawn}");
            }
            let drawn = bar(Some(value), 100.0, &[70.0], "ok").to_string();
            prop_assert!(!drawn.contains("NaN") && !drawn.contains("inf"), "{drawn}");
        }
    }
}
