//! Neutral content, such as a report, and which channels carry it in what form.

/// What a channel takes besides alerts; see [`Channel::carries`](super::Channel::carries).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
#[non_exhaustive]
pub struct Carries {
    /// The form in which a report arrives; none: the channel carries alerts alone.
    pub report: Option<ReportForm>,
    /// Whether a report comes only to those who name the channel: it is one for machines, or not
    /// for people's eyes first.
    pub if_asked: bool,
}

impl Carries {
    /// Alerts and nothing else.
    pub const ALERTS: Self = Self {
        report: None,
        if_asked: true,
    };

    /// Reports too, in this form.
    #[must_use]
    pub const fn reports(form: ReportForm) -> Self {
        Self {
            report: Some(form),
            if_asked: false,
        }
    }

    /// Only where somebody names the channel.
    #[must_use]
    pub const fn if_asked(mut self) -> Self {
        self.if_asked = true;
        self
    }
}

/// What of a [`Content`] a channel shows.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum ReportForm {
    /// [`Content::text`].
    Text,
    /// [`Content::html`] with its pictures.
    Html,
    /// [`Content::slack_blocks`].
    Blocks,
    /// [`Content::json`]: for machines.
    Json,
}

/// Neutral rendered content, such as a report: a channel picks the form it can carry.
#[derive(Debug, Clone, PartialEq, Default)]
#[non_exhaustive]
pub struct Content {
    /// One line.
    pub subject: String,
    /// Plain text, always there.
    pub text: String,
    /// A mail's HTML; pictures by `cid:`.
    pub html: Option<String>,
    /// The pictures.
    pub inline: Vec<InlinePart>,
    /// Slack's blocks (an array) or a whole message (an object).
    pub slack_blocks: Option<serde_json::Value>,
    /// For machines.
    pub json: Option<serde_json::Value>,
    /// The idempotency key, and the local part of a mail's Message-ID.
    pub message_id: String,
}

impl Content {
    /// A subject on one line, and the plain text.
    ///
    /// ```
    /// use bongsu_alerts::Content;
    ///
    /// let report = Content::new("Daily Trading Summary - 2026-11-23", "net +1,234,000 KRW")
    ///     .html("<p>net +1,234,000 KRW</p>")
    ///     .message_id("report-2026-11-23");
    /// assert_eq!(report.json, None);
    /// ```
    #[must_use]
    pub fn new(subject: impl Into<String>, text: impl Into<String>) -> Self {
        Self {
            subject: subject.into(),
            text: text.into(),
            ..Self::default()
        }
    }

    /// Sets a mail's HTML. Default none.
    #[must_use]
    pub fn html(mut self, html: impl Into<String>) -> Self {
        self.html = Some(html.into());
        self
    }

    /// Adds a picture for the HTML.
    #[must_use]
    pub fn inline(mut self, part: InlinePart) -> Self {
        self.inline.push(part);
        self
    }

    /// Sets Slack's blocks, or a whole message. Default none.
    #[must_use]
    pub fn slack_blocks(mut self, blocks: serde_json::Value) -> Self {
        self.slack_blocks = Some(blocks);
        self
    }

    /// Sets the form for machines. Default none.
    #[must_use]
    pub fn json(mut self, json: serde_json::Value) -> Self {
        self.json = Some(json);
        self
    }

    /// Sets the idempotency key. Default empty: the attempt's own.
    #[must_use]
    pub fn message_id(mut self, id: impl Into<String>) -> Self {
        self.message_id = id.into();
        self
    }
}

/// A picture or file inside a mail.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
#[non_exhaustive]
pub struct InlinePart {
    /// The name after `cid:`.
    pub cid: String,
    /// The media type.
    pub mime: String,
    /// The name when saved.
    pub filename: String,
    /// The bytes.
    pub bytes: Vec<u8>,
}

impl InlinePart {
    /// A picture of a media type, under the name that the HTML calls it by after `cid:`.
    #[must_use]
    pub fn new(
        cid: impl Into<String>,
        mime: impl Into<String>,
        filename: impl Into<String>,
        bytes: impl Into<Vec<u8>>,
    ) -> Self {
        Self {
            cid: cid.into(),
            mime: mime.into(),
            filename: filename.into(),
            bytes: bytes.into(),
        }
    }
}
