//! The configuration as resolved, and the log level.

use askama::Template;
use jiff::Timestamp;

use super::{
    Chrome, Place,
    forms::{Action, Form, Typed},
    rendered,
};
use crate::{Figure, Lang, LogLevel, OpsError, Setting, format};

/// The page: the settings, and the log level in force.
#[must_use]
pub fn page(
    chrome: &Chrome,
    now: Timestamp,
    level: &Figure<LogLevel>,
    found: &Result<Vec<Setting>, OpsError>,
) -> String {
    let l = chrome.lang;
    rendered(&Page {
        c: chrome.at(Place::Config),
        l,
        level: match level {
            Figure::Known(level) => {
                let typed = Typed::default().with("directives", level.directives.as_str());
                Ok((
                    level.directives.as_str(),
                    level.until.map(|until| format::since(now, until, l)),
                    Form::new(Action::Level, l, &chrome.token, &typed).filter(),
                ))
            }
            Figure::Missing(missing) => Err(missing.words(l).into_owned()),
        },
        rows: found.as_ref().map_err(ToString::to_string),
    })
}

impl Page<'_> {
    /// The group that begins with this setting.
    fn begins<'s>(&self, all: &'s [Setting], at: &usize) -> Option<&'s str> {
        let group = |setting: &'s Setting| setting.group.pick(self.l);
        let before = at.checked_sub(1).and_then(|before| all.get(before));
        let now = all.get(*at).map(group).filter(|group| !group.is_empty());
        now.filter(|now| before.map(group) != Some(now))
    }
}

#[derive(Template)]
#[template(path = "config.html")]
struct Page<'a> {
    c: Chrome,
    l: Lang,
    level: Result<(&'a str, Option<String>, Form), String>,
    rows: Result<&'a Vec<Setting>, String>,
}
