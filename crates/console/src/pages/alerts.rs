//! The history of alerts, with what became of every delivery.

use askama::Template;
use jiff::Timestamp;

use super::{
    Chrome, Place,
    forms::{Action, Form, Typed},
    overview::glyph,
    rendered,
};
use crate::{
    ActiveSilence, AlertQuery, AlertRecord, DeliveryOutcome, Lang, Level, OpsError, format,
};

/// The page: what `query` found, and the silences in force.
#[must_use]
pub fn page(
    chrome: &Chrome,
    now: Timestamp,
    query: &AlertQuery,
    found: &Result<Vec<AlertRecord>, OpsError>,
    silences: &Result<Vec<ActiveSilence>, OpsError>,
) -> String {
    let l = chrome.lang;
    rendered(&Page {
        levels: Level::WORST_FIRST.map(|level| {
            (
                level.as_str(),
                format::level(level, l),
                query.level == Some(level),
            )
        }),
        c: chrome.at(Place::Alerts),
        l,
        query,
        rows: found
            .as_ref()
            .map(|records| records.iter().map(|record| row(record, l)).collect())
            .map_err(ToString::to_string),
        silences: silences
            .as_ref()
            .map(|all| {
                let row = |silence| silence_row(silence, Typed::default(), chrome, now);
                all.iter().map(row).collect()
            })
            .map_err(ToString::to_string),
    })
}

#[derive(Template)]
#[template(path = "alerts.html")]
struct Page<'a> {
    c: Chrome,
    l: Lang,
    query: &'a AlertQuery,
    levels: [(&'static str, &'static str, bool); 4],
    rows: Result<Vec<Row<'a>>, String>,
    silences: Result<Vec<SilenceRow<'a>>, String>,
}

/// A silence, how much of it is left, and the form that ends it.
pub(super) type SilenceRow<'a> = (&'a ActiveSilence, String, Form);

pub(super) fn silence_row<'a>(
    silence: &'a ActiveSilence,
    typed: Typed,
    chrome: &Chrome,
    now: Timestamp,
) -> SilenceRow<'a> {
    let l = chrome.lang;
    let typed = typed.with("id", silence.id.as_str());
    let form = Form::new(Action::Unsilence, l, &chrome.token, &typed).inline(&*silence.matches);
    (silence, format::since(now, silence.until, l), form)
}

pub(super) struct Row<'a> {
    pub(super) record: &'a AlertRecord,
    pub(super) when: String,
    pub(super) class: &'static str,
    pub(super) glyph: &'static str,
    pub(super) level: &'static str,
    pub(super) deliveries: Vec<DeliveryRow<'a>>,
}

pub(super) struct DeliveryRow<'a> {
    pub(super) channel: &'a str,
    pub(super) target: &'a str,
    pub(super) class: &'static str,
    pub(super) glyph: &'static str,
    pub(super) outcome: &'static str,
    pub(super) why: &'a str,
    pub(super) attempts: u32,
    pub(super) when: Option<String>,
}

pub(super) fn row(record: &AlertRecord, l: Lang) -> Row<'_> {
    let deliveries = record.deliveries.iter().map(|delivery| {
        let (class, glyph, outcome, why) = match &delivery.outcome {
            DeliveryOutcome::Delivered => ("ok", "✓", l.pick("delivered", "전달됨"), ""),
            DeliveryOutcome::Pending(why) => (
                "warn",
                "◐",
                l.pick("under way", "전송 중"),
                why.as_deref().unwrap_or_default(),
            ),
            DeliveryOutcome::Suppressed(why) => {
                ("idle", "■", l.pick("held back", "보류"), why.as_str())
            }
            DeliveryOutcome::Digested => ("ok", "≡", l.pick("in a digest", "묶음 발송"), ""),
            DeliveryOutcome::Dead(why) => ("bad", "✕", l.pick("given up", "포기"), why.as_str()),
        };
        DeliveryRow {
            channel: &delivery.channel,
            target: &delivery.target,
            class,
            glyph,
            outcome,
            why,
            attempts: delivery.attempts,
            when: delivery.at.map(format::clock),
        }
    });
    Row {
        when: format::full(record.at),
        class: record.level.as_str(),
        glyph: glyph(record.level),
        level: format::level(record.level, l),
        deliveries: deliveries.collect(),
        record,
    }
}
