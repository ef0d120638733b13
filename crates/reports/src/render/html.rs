//! The mail and the stand-alone page.

use askama::Template;

use super::build::{self, Limits};
use super::options::{ColourScheme, RenderOptions};
use super::view::{Block, Tone, View};
use crate::chart::{Canvas, Palette};
use crate::i18n::Texts;
use crate::rendered::InlinePart;
use crate::summary::DailySummary;

/// A mail's HTML and the pictures it refers to.
pub(super) struct Mail {
    pub(super) html: String,
    pub(super) inline: Vec<InlinePart>,
}

/// A chart drawn twice, for wide and for narrow screens.
struct PageChart {
    id: &'static str,
    title: &'static str,
    wide: String,
    narrow: String,
}

#[derive(Template)]
#[template(path = "page.html")]
struct Page<'a> {
    view: &'a View,
    charts: Vec<PageChart>,
    t: &'static crate::i18n::Texts,
    gains: &'static Gains,
}

/// A chart as a picture of a mail.
struct MailChart<'a> {
    title: &'static str,
    alt: &'a str,
    cid: String,
}

#[derive(Template)]
#[template(path = "mail.html")]
struct MailPage<'a> {
    view: &'a View,
    charts: &'a [MailChart<'a>],
    gains: &'static Gains,
}

/// The colours of gains and losses, each with at least 4.5:1 against its background.
struct Gains {
    up: &'static str,
    down: &'static str,
    up_dark: &'static str,
    down_dark: &'static str,
}

impl Gains {
    fn of(options: &RenderOptions) -> &'static Self {
        match options.colours {
            ColourScheme::Korean => &Self {
                up: "#c92a2a",
                down: "#1864ab",
                up_dark: "#ff8787",
                down_dark: "#74b4f5",
            },
            ColourScheme::Western => &Self {
                up: "#1b7a43",
                down: "#c92a2a",
                up_dark: "#63d392",
                down_dark: "#ff8787",
            },
        }
    }

    /// The colour of a tone in the mail, where every style is inline.
    fn colour(&self, tone: &Tone) -> &'static str {
        match tone {
            Tone::Plain => "#1b2430",
            Tone::Up => self.up,
            Tone::Down => self.down,
            Tone::Muted => "#5b6776",
            Tone::Good => "#1b6e3c",
            Tone::Warn => "#8a5300",
            Tone::Bad => "#a61e1e",
        }
    }

    /// The background of a badge in the mail.
    fn tint(&self, tone: &Tone) -> &'static str {
        match tone {
            Tone::Good => "#e9f6ee",
            Tone::Warn => "#fff4dd",
            Tone::Bad => "#fdeaea",
            _ => "#eef1f5",
        }
    }
}

pub(super) fn page(summary: &DailySummary, options: &RenderOptions) -> String {
    let view = build::view(summary, options, Limits::PAGE);
    let charts = view
        .charts
        .iter()
        .map(|chart| PageChart {
            id: chart.id,
            title: chart.title,
            wide: chart.svg(&Canvas::WIDE, &Palette::PAGE),
            narrow: chart.svg(&Canvas::NARROW, &Palette::PAGE),
        })
        .collect();
    let page = Page {
        view: &view,
        charts,
        t: Texts::of(options.lang),
        gains: Gains::of(options),
    };
    page.render().unwrap_or_else(|_| plain(&view))
}

pub(super) fn mail(summary: &DailySummary, options: &RenderOptions) -> Mail {
    let inline = pictures(summary, options);
    Mail {
        html: fitting(summary, options, &inline),
        inline,
    }
}

/// The mail's HTML within its size: long names can make even few rows too long, so there are
/// fewer and fewer rows until it fits.
pub(super) fn fitting(
    summary: &DailySummary,
    options: &RenderOptions,
    inline: &[InlinePart],
) -> String {
    let mut limits = Limits::MAIL;
    for _ in 0..6 {
        let view = build::view(summary, options, limits);
        let html = mail_html(&view, inline, options);
        if html.len() <= super::MAX_MAIL_BYTES {
            return html;
        }
        limits = limits.halved();
    }
    let mut view = build::view(summary, options, limits);
    view.sections.clear();
    mail_html(&view, inline, options)
}

pub(super) fn mail_html(view: &View, inline: &[InlinePart], options: &RenderOptions) -> String {
    let charts: Vec<MailChart<'_>> = view
        .charts
        .iter()
        .filter_map(|chart| {
            let part = inline.iter().find(|part| part.cid.starts_with(chart.id))?;
            Some(MailChart {
                title: chart.title,
                alt: &chart.alt,
                cid: part.cid.clone(),
            })
        })
        .collect();
    let page = MailPage {
        view,
        charts: &charts,
        gains: Gains::of(options),
    };
    page.render().unwrap_or_else(|_| plain(view))
}

#[cfg(feature = "charts")]
fn pictures(summary: &DailySummary, options: &RenderOptions) -> Vec<InlinePart> {
    let gains = Gains::of(options);
    let palette = Palette::LIGHT.gains(gains.up, gains.down);
    let date = summary.session.date;
    let mut parts = Vec::new();
    // The line within the day is for the page: a mail stays short.
    let charts = crate::chart::charts(summary, options);
    for chart in charts.iter().filter(|chart| chart.id != "intraday") {
        match crate::chart::png(&chart.svg(&Canvas::MAIL, &palette), 2.0) {
            Ok(bytes) => parts.push(InlinePart {
                cid: format!("{}.{date}@report.bongsu", chart.id),
                mime: "image/png".into(),
                filename: format!("{}-{date}.png", chart.id),
                bytes,
            }),
            Err(error) => tracing::warn!(chart = chart.id, %error, "chart left out of the report"),
        }
    }
    parts
}

#[cfg(not(feature = "charts"))]
fn pictures(_: &DailySummary, _: &RenderOptions) -> Vec<InlinePart> {
    Vec::new()
}

/// What is left when a template fails, which it does only when memory runs out.
fn plain(view: &View) -> String {
    let text = format!("{}. {}", view.subject, view.headline);
    let text = text.replace('&', "&amp;").replace('<', "&lt;");
    format!(
        "<!doctype html><html lang=\"{}\"><meta charset=\"utf-8\"><p>{text}</p></html>",
        view.lang
    )
}
