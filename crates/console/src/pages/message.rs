//! Pages that say one thing: sign in, or why something was not done.

use askama::Template;

use super::{Chrome, rendered};
use crate::Lang;

/// The form that asks for the ops token; `problem` says why it is shown again.
#[must_use]
pub fn login(chrome: &Chrome, problem: Option<&str>) -> String {
    rendered(&Login {
        c: chrome.clone(),
        l: chrome.lang,
        problem,
    })
}

/// Says why something was not done, with a way back: to the first screen, and to `back` if it is not empty.
#[must_use]
pub fn refused(chrome: &Chrome, reason: &str, back: &str) -> String {
    rendered(&Refused {
        c: chrome.clone(),
        l: chrome.lang,
        reason,
        back,
    })
}

#[derive(Template)]
#[template(path = "login.html")]
struct Login<'a> {
    c: Chrome,
    l: Lang,
    problem: Option<&'a str>,
}

#[derive(Template)]
#[template(path = "refused.html")]
struct Refused<'a> {
    c: Chrome,
    l: Lang,
    reason: &'a str,
    back: &'a str,
}
