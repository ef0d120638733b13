//! The card of the maintenance: under way or to come, or the form that begins one.

use askama::{Template, filters::HtmlSafe};
use bongsu_ops::{Maintenance, SilencePreview};

use super::{
    Chrome,
    forms::{Action, Form, Typed},
};
use crate::{Lang, format};

#[derive(Template)]
#[template(path = "maintenance.html")]
pub(super) struct Card<'a> {
    l: Lang,
    now: Option<Shown<'a>>,
    would_hold: &'a SilencePreview,
    form: Form,
}

impl HtmlSafe for Card<'_> {}

/// A maintenance in words.
pub(super) struct Shown<'a> {
    pub(super) it: &'a Maintenance,
    pub(super) until: String,
    pub(super) from: Option<String>,
}

impl<'a> Shown<'a> {
    pub(super) fn new(it: &'a Maintenance) -> Self {
        let from = it.start.filter(|_| !it.active);
        Self {
            until: format::day_time(it.until),
            from: from.map(format::day_time),
            it,
        }
    }
}

impl<'a> Card<'a> {
    pub(super) fn new(
        chrome: &Chrome,
        now: Option<&'a Maintenance>,
        would_hold: &'a SilencePreview,
    ) -> Self {
        let action = match now {
            Some(_) => Action::EndMaintenance,
            None => Action::Maintain,
        };
        let form = Form::new(action, chrome.lang, &chrome.token, &Typed::default());
        Self {
            l: chrome.lang,
            now: now.map(Shown::new),
            would_hold,
            form: form.filter(),
        }
    }
}
