//! Pages that say one thing: sign in, or why something was not done.

use askama::Template;

use super::{Chrome, forms::Form, rendered};
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

/// Says why something was not done, with the form as it was filled in, to be mended and sent again, and a
/// way back: to the first screen, and to `back` if it is not empty.
#[must_use]
pub fn refused(chrome: &Chrome, reason: &str, form: Option<&Form>, back: &str) -> String {
    rendered(&Refused {
        c: chrome.clone(),
        l: chrome.lang,
        reason,
        form,
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
    form: Option<&'a Form>,
    back: &'a str,
}
