//! A mail: MIME with a plain and an HTML part, byte-identical for one notification.

use std::time::SystemTime;

use lettre::Message;
use lettre::message::header::{ContentType, HeaderName, HeaderValue};
use lettre::message::{Attachment, Mailbox, MultiPart, SinglePart};

use crate::AlertLevel;
use crate::channel::{Content, Notification, RenderError};
use crate::render::fit::{Fitted, Unit, fit, html, one_line, verbatim};
use crate::render::view::{View, colour};

const SUBJECT: usize = 200;
const TEXT: usize = 64 * 1024;
const FACTS: usize = 50;
const FACT: usize = 2_000;

/// Who writes to whom.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Addresses<'a> {
    /// The sender.
    pub(crate) from: &'a Mailbox,
    /// The one recipient.
    pub(crate) to: &'a Mailbox,
}

/// The subject: `[LEVEL] title`, on one line.
#[must_use]
pub(crate) fn subject(view: &View) -> Fitted {
    fit(
        &format!("[{}] {}", view.level, view.headline),
        SUBJECT,
        Unit::Chars,
        verbatim,
    )
}

/// The whole message of an alert, and whether something was cut.
///
/// # Errors
/// When a header cannot be encoded.
pub(crate) fn alert(
    n: &Notification,
    addresses: Addresses<'_>,
) -> Result<(Vec<u8>, bool), RenderError> {
    let view = View::of(n);
    let subject = subject(&view);
    let (text, text_cut) = plain(&view);
    let (page, page_cut) = page(&view, colour(n.alert.level, n.status));
    let mut builder = head(addresses, &subject.text, &n.delivery_id)
        .date(n.alert.timestamp.into())
        // Firing and resolved messages of one key hang together in a mail reader.
        .references(thread(&n.alert.dedup_key(), addresses.from));
    if n.alert.level == AlertLevel::Critical {
        builder = builder.raw_header(raw("X-Priority", "1")?);
    }
    let message = builder
        .multipart(
            MultiPart::alternative()
                .boundary(boundary(&n.delivery_id, 0))
                .singlepart(SinglePart::plain(text))
                .singlepart(SinglePart::html(page)),
        )
        .map_err(unbuildable)?;
    Ok((
        message.formatted(),
        subject.truncated || text_cut || page_cut,
    ))
}

/// The message of neutral content: plain text, and HTML with its pictures when there is any.
///
/// # Errors
/// When a header or a part cannot be encoded.
pub(crate) fn content(
    content: &Content,
    id: &str,
    at: SystemTime,
    addresses: Addresses<'_>,
) -> Result<Vec<u8>, RenderError> {
    let subject = fit(&one_line(&content.subject), SUBJECT, Unit::Chars, verbatim).text;
    let builder = head(addresses, &subject, id).date(at);
    let text = SinglePart::plain(content.text.clone());
    let body = MultiPart::alternative()
        .boundary(boundary(id, 0))
        .singlepart(text);
    let body = match &content.html {
        None => body,
        Some(html) if content.inline.is_empty() => body.singlepart(SinglePart::html(html.clone())),
        Some(html) => {
            let mut related = MultiPart::related()
                .boundary(boundary(id, 1))
                .singlepart(SinglePart::html(html.clone()));
            for part in &content.inline {
                let mime = ContentType::parse(&part.mime)
                    .map_err(|_| RenderError::new(format!("{:?} is no media type", part.mime)))?;
                related = related.singlepart(
                    Attachment::new_inline_with_name(one_line(&part.cid), one_line(&part.filename))
                        .body(part.bytes.clone(), mime),
                );
            }
            body.multipart(related)
        }
    };
    Ok(builder.multipart(body).map_err(unbuildable)?.formatted())
}

fn head(addresses: Addresses<'_>, subject: &str, id: &str) -> lettre::message::MessageBuilder {
    let builder = Message::builder()
        .from(addresses.from.clone())
        .to(addresses.to.clone())
        .subject(subject)
        .message_id(Some(message_id(id, addresses.from)));
    match raw("Auto-Submitted", "auto-generated") {
        Ok(header) => builder.raw_header(header),
        Err(_) => builder,
    }
}

/// `<ulid@sender's host>`: what a receiver may tell duplicates by.
fn message_id(id: &str, from: &Mailbox) -> String {
    let id: String = id
        .chars()
        .filter(|c| c.is_ascii_alphanumeric() || "-_.+=".contains(*c))
        .take(120)
        .collect();
    format!("<{id}@{}>", from.email.domain())
}

/// A stable name for everything about one key.
fn thread(key: &str, from: &Mailbox) -> String {
    // FNV-1a: a name for a thread, not a defence.
    let hash = bongsu_trace::fnv(key.as_bytes());
    format!("<alert-{hash:016x}@{}>", from.email.domain())
}

/// `=_` occurs in no encoded body, so a boundary never collides with content.
fn boundary(id: &str, part: u8) -> String {
    let id: String = id
        .chars()
        .filter(char::is_ascii_alphanumeric)
        .take(40)
        .collect();
    format!("=_bongsu_{id}_{part}")
}

fn raw(name: &str, value: &str) -> Result<HeaderValue, RenderError> {
    let name = HeaderName::new_from_ascii(name.to_owned())
        .map_err(|_| RenderError::new("a header's name is not ASCII"))?;
    Ok(HeaderValue::new(name, value.to_owned()))
}

fn unbuildable(error: lettre::error::Error) -> RenderError {
    RenderError::new(error.to_string())
}

fn plain(view: &View) -> (String, bool) {
    let body = fit(&view.body, TEXT, Unit::Bytes, verbatim);
    let mut cut = body.truncated;
    let mut text = format!(
        "{}\n\n{}\n\nLevel: {}\nSource: {}\nTime: {}\n",
        view.headline, body.text, view.level, view.source, view.time
    );
    for (name, value) in view.facts.iter().take(FACTS) {
        let (name, value) = (
            fit(name, 200, Unit::Chars, verbatim),
            fit(value, FACT, Unit::Chars, verbatim),
        );
        cut |= name.truncated || value.truncated;
        text.push_str(&format!("{}: {}\n", name.text, value.text));
    }
    if view.facts.len() > FACTS {
        cut = true;
        text.push_str(&more(view));
        text.push('\n');
    }
    if !view.tags.is_empty() {
        let tags = fit(&view.tags, FACT, Unit::Chars, verbatim);
        cut |= tags.truncated;
        text.push_str(&format!("Tags: {}\n", tags.text));
    }
    text.push_str("\n-- \n");
    text.push_str(&view.footer);
    text.push('\n');
    (text, cut)
}

fn more(view: &View) -> String {
    format!(
        "{} more facts left out [truncated]",
        view.facts.len() - FACTS
    )
}

fn page(view: &View, colour: &str) -> (String, bool) {
    let mut cut = false;
    let mut esc = |text: &str, limit: usize| {
        let fitted = fit(text, limit, Unit::Bytes, html);
        cut |= fitted.truncated;
        fitted.text
    };
    let mut rows = String::new();
    let mut row = |name: &str, value: &str| {
        rows.push_str(&format!(
            "<tr><th style=\"text-align:left;vertical-align:top;padding:4px 12px 4px 0;color:#555;font-weight:600\">{name}</th>\
             <td style=\"padding:4px 0;white-space:pre-wrap;word-break:break-word\">{value}</td></tr>\n"
        ));
    };
    row("Level", view.level);
    row("Source", &esc(&view.source, FACT));
    row("Time", &view.time);
    for (name, value) in view.facts.iter().take(FACTS) {
        row(&esc(name, 1_000), &esc(value, 4 * FACT));
    }
    if view.facts.len() > FACTS {
        row("…", &more(view));
    }
    if !view.tags.is_empty() {
        row("Tags", &esc(&view.tags, 4 * FACT));
    }
    let (title, body, footer) = (
        esc(&view.headline, 4_000),
        esc(&view.body, TEXT),
        esc(&view.footer, FACT),
    );
    let page = format!(
        "<!DOCTYPE html>\n<html><head><meta charset=\"utf-8\"><title>{title}</title></head>\n\
         <body style=\"margin:0;padding:16px;background:#f4f4f4;font-family:-apple-system,'Apple SD Gothic Neo','Malgun Gothic','Noto Sans KR',Arial,sans-serif;font-size:14px;color:#222\">\n\
         <div style=\"max-width:640px;margin:0 auto;background:#fff;border-top:6px solid {colour};padding:20px\">\n\
         <h1 style=\"font-size:18px;margin:0 0 12px;color:{colour}\">{title}</h1>\n\
         <p style=\"white-space:pre-wrap;word-break:break-word;margin:0 0 16px\">{body}</p>\n\
         <table style=\"border-collapse:collapse;font-size:13px\">\n{rows}</table>\n\
         <p style=\"color:#888;font-size:12px;margin:16px 0 0\">{footer}</p>\n\
         </div></body></html>\n"
    );
    (page, cut)
}
