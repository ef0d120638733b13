//! Writing SVG: numbers, text and the few elements the charts need.

use std::fmt::Write as _;

use super::Palette;

/// An SVG document under construction.
#[derive(Debug)]
pub(super) struct Svg {
    out: String,
}

/// Where a text stands in relation to its point.
#[derive(Debug, Clone, Copy)]
pub(super) enum Anchor {
    Start,
    Middle,
    End,
}

impl Svg {
    pub(super) fn new(
        (width, height): (f64, f64),
        alt: &str,
        font_size: f64,
        palette: &Palette,
    ) -> Self {
        let mut out = String::with_capacity(4_096);
        let (w, h) = (num(width), num(height));
        let _ = write!(
            out,
            r#"<svg xmlns="http://www.w3.org/2000/svg" width="{w}" height="{h}" viewBox="0 0 {w} {h}" role="img" aria-label="{}" font-family="{}" font-size="{}">"#,
            escape_attribute(alt),
            palette.font,
            num(font_size),
        );
        if palette.background != "none" {
            let _ = write!(
                out,
                r#"<rect width="{w}" height="{h}" fill="{}"/>"#,
                palette.background
            );
        }
        Self { out }
    }

    pub(super) fn text(&mut self, (x, y): (f64, f64), anchor: Anchor, fill: &str, text: &str) {
        let anchor = match anchor {
            Anchor::Start => "start",
            Anchor::Middle => "middle",
            Anchor::End => "end",
        };
        let _ = write!(
            self.out,
            r#"<text x="{}" y="{}" text-anchor="{anchor}" fill="{fill}">{}</text>"#,
            num(x),
            num(y),
            escape(text)
        );
    }

    /// A text that stays legible on top of a line.
    pub(super) fn label(
        &mut self,
        (x, y): (f64, f64),
        anchor: Anchor,
        palette: &Palette,
        text: &str,
    ) {
        let _ = write!(
            self.out,
            r#"<g stroke="{}" stroke-width="4" stroke-linejoin="round" paint-order="stroke" font-weight="bold">"#,
            palette.halo
        );
        self.text((x, y), anchor, palette.text, text);
        self.out.push_str("</g>");
    }

    pub(super) fn line(
        &mut self,
        (x1, y1): (f64, f64),
        (x2, y2): (f64, f64),
        stroke: &str,
        width: f64,
    ) {
        let _ = write!(
            self.out,
            r#"<line x1="{}" y1="{}" x2="{}" y2="{}" stroke="{stroke}" stroke-width="{}"/>"#,
            num(x1),
            num(y1),
            num(x2),
            num(y2),
            num(width)
        );
    }

    pub(super) fn rect(&mut self, (x, y): (f64, f64), (width, height): (f64, f64), fill: &str) {
        let _ = write!(
            self.out,
            r#"<rect x="{}" y="{}" width="{}" height="{}" rx="2" fill="{fill}"/>"#,
            num(x),
            num(y),
            num(width),
            num(height)
        );
    }

    pub(super) fn dot(&mut self, (x, y): (f64, f64), radius: f64, fill: &str) {
        let _ = write!(
            self.out,
            r#"<circle cx="{}" cy="{}" r="{}" fill="{fill}"/>"#,
            num(x),
            num(y),
            num(radius)
        );
    }

    pub(super) fn path(&mut self, d: &str, attributes: &str) {
        let _ = write!(self.out, r#"<path d="{d}" {attributes}/>"#);
    }

    pub(super) fn finish(mut self) -> String {
        self.out.push_str("</svg>");
        self.out
    }
}

/// A coordinate with at most two decimals; what is not finite is 0, so that a drawing always parses.
pub(super) fn num(value: f64) -> String {
    if !value.is_finite() {
        return "0".into();
    }
    let text = format!("{value:.2}");
    let text = text.trim_end_matches('0').trim_end_matches('.');
    if text == "-0" {
        "0".into()
    } else {
        text.to_owned()
    }
}

/// Escapes for XML; what the embedded font cannot draw becomes `?`.
pub(super) fn escape(text: &str) -> String {
    escaped(text, drawable)
}

/// Escapes for an XML attribute that nobody draws: every character that XML allows stays.
fn escape_attribute(text: &str) -> String {
    escaped(text, |c| {
        !c.is_control() && !matches!(c, '\u{fffe}' | '\u{ffff}')
    })
}

fn escaped(text: &str, keep: fn(char) -> bool) -> String {
    let mut out = String::with_capacity(text.len());
    for c in text.chars() {
        match c {
            '&' => out.push_str("&amp;"),
            '<' => out.push_str("&lt;"),
            '>' => out.push_str("&gt;"),
            '"' => out.push_str("&quot;"),
            '\'' => out.push_str("&#39;"),
            c if keep(c) => out.push(c),
            _ => out.push('?'),
        }
    }
    out
}

/// The characters that the embedded font has and a chart may use.
pub(super) fn drawable(c: char) -> bool {
    matches!(c, ' '..='~' | '\u{ac00}'..='\u{d7a3}' | '–' | '·' | '…' | '▲' | '▼' | '₩' | '×' | '±' | '→')
}

/// A generous estimate of a text's width.
pub(super) fn width(text: &str, font_size: f64) -> f64 {
    text.chars()
        .map(|c| match c {
            ' ' | ',' | '.' | '·' | ':' | '|' | '(' | ')' | '-' => 0.34,
            'm' | 'w' | 'M' | 'W' | '%' => 0.9,
            ' '..='~' => 0.61,
            _ => 0.95,
        })
        .sum::<f64>()
        * font_size
}

/// Cuts a text to a width, ending in `…`.
pub(super) fn clip(text: &str, max: f64, font_size: f64) -> String {
    if width(text, font_size) <= max {
        return text.to_owned();
    }
    let mut out = String::new();
    for c in text.chars() {
        out.push(c);
        if width(&out, font_size) + font_size > max {
            break;
        }
    }
    format!("{}…", out.trim_end())
}
