//! A mail: MIME with a plain and an HTML part, byte-identical for one notification.

use std::time::{Duration, SystemTime};

use jiff::Timestamp;
use lettre::Message;
use lettre::message::header::{ContentType, HeaderName, HeaderValue};
use lettre::message::{Attachment, Mailbox, MultiPart, SinglePart};

use crate::AlertLevel;
use crate::channel::{AlertStatus, Content, Notification, RenderError};
use crate::render::fit::{Fitted, Unit, fit, one_line, verbatim};
use crate::render::view::View;

mod page;

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

/// The subject: `[CRITICAL] orders/production: title`, on one line.
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
    let (page, page_cut) = page::page(&view, n.presentation.language, shade(n));
    let mut builder = head(addresses, &subject.text, &n.delivery_id)
        .date(date(n.alert.timestamp))
        // Firing and resolved messages of one key hang together in a mail reader.
        .references(thread(n, addresses.from));
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

/// What a `Date` header can say: from 1970 to 9999. The text says the time itself.
fn date(at: Timestamp) -> SystemTime {
    const LAST: i64 = 253_402_300_799;
    let seconds = at.as_second().clamp(0, LAST);
    SystemTime::UNIX_EPOCH + Duration::from_secs(seconds.unsigned_abs())
}

/// The message of neutral content: plain text, and HTML with its pictures when there is any.
///
/// # Errors
/// When a header or a part cannot be encoded.
pub(crate) fn content(
    content: &Content,
    id: &str,
    at: Timestamp,
    addresses: Addresses<'_>,
) -> Result<Vec<u8>, RenderError> {
    let subject = fit(&one_line(&content.subject), SUBJECT, Unit::Chars, verbatim).text;
    let builder = head(addresses, &subject, id).date(date(at));
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

/// A stable name for everything about one key of one service in one environment.
fn thread(n: &Notification, from: &Mailbox) -> String {
    let key = n.alert.dedup_key();
    let mut hash = 0xcbf2_9ce4_8422_2325_u64;
    // FNV-1a: a name for a thread, not a defence. No byte of UTF-8 is 0xff: it parts the parts.
    for part in [&n.service, &n.environment, &key] {
        for byte in part.bytes().chain([0xff]) {
            hash = (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3);
        }
    }
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
    let words = view.words;
    let mut text = format!(
        "{}\n\n{}\n\n{}: {}\n{}: {}\n{}: {}\n",
        view.headline,
        body.text,
        words.level(),
        view.level_name,
        words.source(),
        view.source,
        words.time(),
        view.time
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
        text.push_str(&words.left_out(view.facts.len() - FACTS));
        text.push('\n');
    }
    for (label, value) in view.tail() {
        let value = fit(value, FACT, Unit::Chars, verbatim);
        cut |= value.truncated;
        text.push_str(&format!("{label}: {}\n", value.text));
    }
    text.push_str("\n-- \n");
    text.push_str(&view.footer);
    text.push('\n');
    (text, cut)
}

/// The colour that stands for the level, dark enough to be read on white and on black.
const fn shade(n: &Notification) -> &'static str {
    if matches!(n.status, AlertStatus::Resolved) {
        return "#2e8540";
    }
    match n.alert.level {
        AlertLevel::Info => "#2e8540",
        AlertLevel::Warning => "#c77700",
        AlertLevel::Error => "#d93025",
        AlertLevel::Critical => "#b3001b",
    }
}

#[cfg(test)]
mod tests;
