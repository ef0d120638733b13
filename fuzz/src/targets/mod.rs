//! What is fed.

#[path = "../../../crates/logging/tests/it/any_event.rs"]
mod any_event;
mod calendar;
mod environment;
mod far_side;
mod request;
mod wire;

use std::fmt::Debug;

/// Takes an input to its outcome, in as many words as outcomes are to be told apart; an error is a fault found.
pub(crate) type Check = Box<dyn FnMut(&[u8]) -> Result<String, String>>;

/// One of them.
pub(crate) struct Target {
    pub(crate) name: &'static str,
    /// What its inputs are made of.
    pub(crate) words: &'static [&'static [u8]],
    pub(crate) prepare: fn() -> Check,
}

pub(crate) const ALL: &[Target] = &[
    Target {
        name: "traceparent",
        words: &[b"00-", b"-01", b"-00", b"ff-", b"cc-"],
        prepare: traceparent,
    },
    Target {
        name: "calendar",
        words: calendar::WORDS,
        prepare: calendar::prepare,
    },
    Target {
        name: "environment",
        words: environment::WORDS,
        prepare: environment::prepare,
    },
    Target {
        name: "log_line",
        words: &[],
        prepare: log_line,
    },
    Target {
        name: "request",
        words: request::WORDS,
        prepare: request::prepare,
    },
    Target {
        name: "wire",
        words: request::WORDS,
        prepare: wire::prepare,
    },
    Target {
        name: "far_side",
        words: far_side::WORDS,
        prepare: far_side::prepare,
    },
];

/// A header that is taken is given on as it was meant.
fn traceparent() -> Check {
    use bongsu_trace::TraceParent;

    Box::new(|bytes| match TraceParent::parse(bytes) {
        Ok(parent) => {
            let again = TraceParent::parse(parent.to_string().as_bytes());
            match again == Ok(parent) {
                true => Ok("taken".to_owned()),
                false => Err(format!("{parent} is read as {again:?}")),
            }
        }
        Err(error) => Ok(word(&error)),
    })
}

/// An event is one line of JSON, whatever is in it.
fn log_line() -> Check {
    Box::new(|bytes| {
        any_event::check(bytes, true);
        Ok(String::new())
    })
}

/// An error's kind, without what it quotes.
fn word(error: &impl Debug) -> String {
    let text = format!("{error:?}");
    let end = text.find(|c: char| !c.is_alphanumeric());
    text[..end.unwrap_or(text.len())].to_owned()
}
