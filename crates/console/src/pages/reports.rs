//! The kept reports, with a preview.

use askama::Template;
use jiff::civil::Date;

use super::{
    Chrome, Place,
    forms::{Action, Form, Typed},
    rendered,
};
use crate::{Lang, OpsError, ReportEntry, format};

/// The page, with the report of `shown`, or else the newest, beside the list. The preview is a frame of its own address,
/// `/console/reports/<date>`, which is to be served in a sandbox.
#[must_use]
pub fn page(
    chrome: &Chrome,
    shown: Option<Date>,
    found: &Result<Vec<ReportEntry>, OpsError>,
) -> String {
    let (l, token) = (chrome.lang, &chrome.token);
    let from = shown.map(|date| date.to_string()).unwrap_or_default();
    let kept = found.iter().flatten().filter(|entry| entry.page);
    let shown = shown.or_else(|| kept.map(|entry| entry.session).max());
    let typed = Typed::default().with("from", from.as_str());
    rendered(&Page {
        c: chrome.at(Place::Reports),
        l,
        shown,
        rebuild: Form::new(Action::Rebuild, l, token, &typed),
        resend: shown.map(|date| {
            let typed = Typed::default().with("date", date.to_string());
            (date, Form::new(Action::Resend, l, token, &typed))
        }),
        rows: found
            .as_ref()
            .map(|all| all.iter().map(|entry| row(entry, shown)).collect())
            .map_err(ToString::to_string),
    })
}

#[derive(Template)]
#[template(path = "reports.html")]
struct Page<'a> {
    c: Chrome,
    l: Lang,
    shown: Option<Date>,
    rebuild: Form,
    /// Of the report that is shown.
    resend: Option<(Date, Form)>,
    rows: Result<Vec<Row<'a>>, String>,
}

struct Row<'a> {
    entry: &'a ReportEntry,
    when: Option<String>,
    chosen: bool,
}

fn row(entry: &ReportEntry, shown: Option<Date>) -> Row<'_> {
    Row {
        entry,
        when: entry.at.map(format::full),
        chosen: shown == Some(entry.session),
    }
}
