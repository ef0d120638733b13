//! The history of alerts, with what became of every delivery.

use askama::Template;
use jiff::Timestamp;

use super::{
    Chrome, Place,
    alert::held,
    forms::{Action, Form, Typed},
    maintenance::Card,
    overview::glyph,
    rendered,
};
use crate::{
    ActiveSilence, AlertQuery, AlertRecord, DeliveryOutcome, Lang, Level, MaintenanceNow, OpsError,
    SilencePreview, format,
};

/// What the page shows.
#[derive(Debug)]
pub struct Subject<'a> {
    /// What was asked for.
    pub query: &'a AlertQuery,
    /// What it found.
    pub found: &'a Result<Vec<AlertRecord>, OpsError>,
    /// The silences in force.
    pub silences: &'a Result<Vec<ActiveSilence>, OpsError>,
    /// The maintenance that has not ended.
    pub maintenance: &'a Result<MaintenanceNow, OpsError>,
    /// What one would hold now.
    pub would_hold: &'a SilencePreview,
}

/// The page.
#[must_use]
pub fn page(chrome: &Chrome, now: Timestamp, subject: &Subject<'_>) -> String {
    let l = chrome.lang;
    let query = subject.query;
    let maintenance = subject.maintenance.as_ref().ok();
    let maintenance = maintenance.map(|it| it.maintenance.as_ref());
    // It is a silence too, and has a card of its own.
    let is_card =
        |silence: &ActiveSilence| maintenance.flatten().is_some_and(|it| it.id == silence.id);
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
        rows: match subject.found {
            Ok(records) => Ok(records.iter().map(|record| row(record, l)).collect()),
            Err(why) => Err(why.to_string()),
        },
        maintenance: maintenance.map(|it| Card::new(chrome, it, subject.would_hold)),
        silences: match subject.silences {
            Ok(all) => {
                let row = |silence| silence_row(silence, Typed::default(), chrome, now);
                Ok(all.iter().filter(|it| !is_card(it)).map(row).collect())
            }
            Err(why) => Err(why.to_string()),
        },
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
    maintenance: Option<Card<'a>>,
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
    let form =
        Form::new(Action::Unsilence, l, &chrome.token, &typed).inline(silence.matches.pick(l));
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
                ("idle", "■", l.pick("held back", "보류"), held(why, l))
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
