//! What a renderer hands to a sink.

use serde::{Deserialize, Serialize};

/// One report in every form a channel may want.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct RenderedReport {
    /// The mail's subject, `Daily Trading Summary - YYYY-MM-DD`.
    pub subject: String,
    /// The mail's HTML, CSS inlined, charts as `cid:` references to [`RenderedReport::inline`].
    pub html: String,
    /// A stand-alone page with inline SVG charts for a browser.
    pub preview_html: String,
    /// The plain-text form.
    pub text: String,
    /// The summary as JSON, pretty-printed.
    pub json: String,
    /// The day's fills as CSV with a header line.
    pub csv: String,
    /// Slack's message body (`blocks` and the rest).
    pub slack_blocks: serde_json::Value,
    /// The charts as files to embed.
    pub inline: Vec<InlinePart>,
}

/// A file embedded in the mail and referenced as `cid:{cid}`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct InlinePart {
    /// The content id, without angle brackets.
    pub cid: String,
    /// The media type, such as `image/png`.
    pub mime: String,
    /// The file name shown to the reader.
    pub filename: String,
    /// The bytes.
    pub bytes: Vec<u8>,
}
