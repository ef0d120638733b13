//! From a summary to every form of a report: mail, page, text, Slack, JSON, CSV.
//!
//! ```
//! use bongsu_reports::DailySummary;
//! use bongsu_reports::render::{RenderOptions, render};
//!
//! let report = render(&DailySummary::sample(), &RenderOptions::default());
//! assert_eq!(report.subject, "Daily Trading Summary - 2026-05-28");
//! assert!(report.html.len() < 102 * 1024);
//! ```
//!
//! Everything is drawn from one model of headings, figures and tables, so that no form says
//! something else than the others. A figure that is missing is "–" with its reason. Texts that came
//! from elsewhere (alert titles, names, order ids) are cut to a line and escaped by each form for itself.

mod build;
mod checks;
mod csv;
pub(crate) mod format;
mod html;
mod json;
mod options;
mod sections;
mod slack;
#[cfg(test)]
mod tests;
mod text;
mod view;

pub(crate) use format::Direction;
pub use options::{ColourScheme, RenderOptions, Units, UnknownColourScheme, UnknownUnits};

use crate::rendered::RenderedReport;
use crate::summary::DailySummary;

/// The most a mail's HTML may take: Gmail cuts off what is beyond 102 KB.
pub const MAX_MAIL_BYTES: usize = 100 * 1024;

/// Draws a report in every form.
///
/// It never fails: what cannot be drawn is left out (a chart) or said in plain text.
#[must_use]
pub fn render(summary: &DailySummary, options: &RenderOptions) -> RenderedReport {
    let mail = html::mail(summary, options);
    RenderedReport {
        subject: build::subject(summary, crate::i18n::Texts::of(options.lang)),
        html: mail.html,
        preview_html: html::page(summary, options),
        text: text::text(summary, options),
        json: json::json(summary),
        csv: csv::csv(summary, options),
        slack_blocks: slack::message(summary, options),
        inline: mail.inline,
    }
}
