//! Live updates: rendered once, read by many.

use std::{convert::Infallible, sync::Arc, time::Duration};

use axum::{
    body::Body,
    response::{IntoResponse, Response},
};
use bongsu_console::{
    Lang,
    pages::{Chrome, overview},
};
use bytes::Bytes;
use futures_util::stream;
use http::{HeaderValue, StatusCode, header};
use tokio::{
    sync::{OwnedSemaphorePermit, watch},
    time::{Instant, MissedTickBehavior, interval, timeout_at},
};

use super::{Console, visit::Visit};
use crate::Refusal;

/// After so long a browser has to come in again, so that a session's end is its end.
const LONGEST: Duration = Duration::from_secs(3600);

/// One update in every language, as it goes over the wire.
#[derive(Debug)]
pub(super) struct Frame {
    en: Bytes,
    ko: Bytes,
}

impl Frame {
    fn of(&self, lang: Lang) -> Bytes {
        match lang {
            Lang::En => self.en.clone(),
            Lang::Ko => self.ko.clone(),
        }
    }
}

/// Keeps the live pages up to date.
#[derive(Debug)]
#[must_use = "nothing is updated until it runs"]
pub struct ConsolePublisher {
    console: Arc<Console>,
    frames: watch::Sender<Option<Arc<Frame>>>,
    tick: Duration,
}

impl ConsolePublisher {
    pub(super) fn new(
        console: Arc<Console>,
        frames: watch::Sender<Option<Arc<Frame>>>,
        tick: Duration,
    ) -> Self {
        Self {
            console,
            frames,
            tick,
        }
    }

    /// Runs until it is dropped, which ends the live pages' streams: drop it before the server
    /// waits for its connections.
    pub async fn run(self) {
        let mut ticks = interval(self.tick);
        ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
        loop {
            ticks.tick().await;
            // The console itself holds one.
            if self.frames.receiver_count() > 1 {
                let frame = self.render().await;
                self.frames.send_replace(Some(Arc::new(frame)));
            }
        }
    }

    async fn render(&self) -> Frame {
        let snapshot = self.console.operator.service().snapshot().await;
        let [hour, day] = self.console.trends(snapshot.at);
        let [en, ko] = Lang::ALL.map(|lang| {
            let chrome = Chrome::new(lang, &self.console.form_token);
            event(&overview::fragment(&chrome, &snapshot, &hour, &day))
        });
        Frame { en, ko }
    }
}

/// An event of the stream. A lone carriage return ends a line there too: none may pass.
fn event(data: &str) -> Bytes {
    let mut out = String::with_capacity(data.len() + data.len() / 8);
    for line in data.split(['\n', '\r']).filter(|line| !line.is_empty()) {
        out.push_str("data: ");
        out.push_str(line);
        out.push('\n');
    }
    out.push('\n');
    out.into()
}

/// The stream of updates.
pub(super) async fn events(visit: Visit) -> Response {
    let console = &visit.console;
    let Ok(permit) = console.clients.clone().try_acquire_owned() else {
        let mut response = Refusal {
            status: StatusCode::SERVICE_UNAVAILABLE,
            reason: "too many live pages",
        }
        .into_response();
        let wait = HeaderValue::from_static("30");
        response.headers_mut().insert(header::RETRY_AFTER, wait);
        return response;
    };
    let mut frames = console.live.clone();
    // What is there was made for others, perhaps long ago.
    frames.mark_unchanged();
    let client = Client {
        frames,
        lang: visit.asked.lang.parse().unwrap_or_default(),
        until: Instant::now() + LONGEST,
        greeted: false,
        _permit: permit,
    };
    let updates = stream::unfold(client, async |mut client| {
        let bytes = client.next().await?;
        Some((Ok::<_, Infallible>(bytes), client))
    });
    let headers = [
        (header::CONTENT_TYPE, "text/event-stream"),
        // A proxy in front must not collect the stream.
        (header::HeaderName::from_static("x-accel-buffering"), "no"),
    ];
    (headers, Body::from_stream(updates)).into_response()
}

struct Client {
    frames: watch::Receiver<Option<Arc<Frame>>>,
    lang: Lang,
    until: Instant,
    greeted: bool,
    _permit: OwnedSemaphorePermit,
}

impl Client {
    /// The next bytes; none when the publisher is gone or the time is over.
    async fn next(&mut self) -> Option<Bytes> {
        if !self.greeted {
            self.greeted = true;
            return Some(Bytes::from_static(b"retry: 2000\n\n"));
        }
        loop {
            timeout_at(self.until, self.frames.changed())
                .await
                .ok()?
                .ok()?;
            if let Some(frame) = &*self.frames.borrow_and_update() {
                return Some(frame.of(self.lang));
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_line_end_leaves_its_event() {
        let check = |data, want: &str| assert_eq!(event(data), want.as_bytes());
        check("a", "data: a\n\n");
        check("a\nb", "data: a\ndata: b\n\n");
        check(
            "a\revent: x\r\n\r\ndata: y",
            "data: a\ndata: event: x\ndata: data: y\n\n",
        );
        check("", "\n");
    }
}
