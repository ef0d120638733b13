//! Delivered once, whatever happens.

mod failures;
mod replicas;
mod schedule;

use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use async_trait::async_trait;
use bongsu_reports::source::sqlite::SqliteSource;
use bongsu_reports::{
    DailySummary, RenderedReport, ReportEvent, ReportGenerator, ReportGeneratorBuilder, ReportSink,
    SinkError, SourceState,
};
use jiff::Timestamp;
use jiff::civil::Date;

/// What a sink does with the next message.
type Answer = Box<dyn FnMut(u32) -> Result<(), SinkError> + Send>;

/// A channel that remembers what it sent. Clones share it.
#[derive(Clone)]
pub(crate) struct Inbox {
    sent: Arc<Mutex<Vec<(String, String, String)>>>,
    calls: Arc<AtomicU32>,
    answer: Arc<Mutex<Answer>>,
    recipients: Vec<String>,
    hang: bool,
    slow: Duration,
}

impl std::fmt::Debug for Inbox {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Inbox")
    }
}

impl Inbox {
    pub(crate) fn new() -> Self {
        Self::answering(|_| Ok(()))
    }

    fn answering(answer: impl FnMut(u32) -> Result<(), SinkError> + Send + 'static) -> Self {
        Self {
            sent: Arc::default(),
            calls: Arc::default(),
            answer: Arc::new(Mutex::new(Box::new(answer))),
            recipients: vec!["desk@example.com".into()],
            hang: false,
            slow: Duration::ZERO,
        }
    }

    /// (message id, text) of everything that arrived.
    fn messages(&self) -> Vec<(String, String)> {
        let sent = self.sent.lock().unwrap();
        sent.iter()
            .map(|(_, id, text)| (id.clone(), text.clone()))
            .collect()
    }

    fn count(&self) -> usize {
        self.sent.lock().unwrap().len()
    }

    fn calls(&self) -> u32 {
        self.calls.load(Ordering::SeqCst)
    }
}

#[async_trait]
impl ReportSink for Inbox {
    fn name(&self) -> &str {
        "email"
    }

    fn recipients(&self) -> Vec<String> {
        self.recipients.clone()
    }

    async fn deliver(
        &self,
        report: &RenderedReport,
        recipient: &str,
        message_id: &str,
    ) -> Result<(), SinkError> {
        let call = self.calls.fetch_add(1, Ordering::SeqCst) + 1;
        if self.hang {
            std::future::pending::<()>().await;
        }
        tokio::time::sleep(self.slow).await;
        (self.answer.lock().unwrap())(call)?;
        self.sent.lock().unwrap().push((
            recipient.to_owned(),
            message_id.to_owned(),
            report.text.clone(),
        ));
        Ok(())
    }
}

/// Events in the order in which they came.
#[derive(Debug, Clone, Default)]
struct Log(Arc<Mutex<Vec<ReportEvent>>>);

impl Log {
    fn listener(&self) -> impl Fn(ReportEvent) + Send + Sync + 'static {
        let log = Arc::clone(&self.0);
        move |event| log.lock().unwrap().push(event)
    }

    fn count(&self, kind: fn(&ReportEvent) -> bool) -> usize {
        self.0
            .lock()
            .unwrap()
            .iter()
            .filter(|event| kind(event))
            .count()
    }
}

fn at(text: &str) -> Timestamp {
    text.parse().unwrap()
}

fn evening(date: Date) -> Timestamp {
    at(&format!("{date}T20:10:00+09:00"))
}

/// A generator on paused time: rendering is short, so that many can be made.
fn builder(source: SqliteSource, start: Timestamp) -> ReportGeneratorBuilder {
    ReportGenerator::builder(source)
        .service("trading-engine", "test")
        .runtime_clock(start)
        .renderer(short)
}

/// A renderer that takes no time.
pub(crate) fn short(summary: &DailySummary) -> RenderedReport {
    RenderedReport {
        subject: format!("Daily Trading Summary - {}", summary.session.date),
        html: String::new(),
        preview_html: String::new(),
        text: format!(
            "{} r{} late={} ok={} realised={:?}",
            summary.session.date,
            summary.edition.revision,
            summary.edition.late_since.is_some(),
            summary.source == SourceState::Ok,
            summary
                .trading_stats
                .realised
                .value()
                .map(|won| won.round().to_string())
        ),
        json: "{}".into(),
        csv: String::new(),
        slack_blocks: serde_json::Value::Null,
        inline: Vec::new(),
    }
}

/// Runs the schedule for so long on the paused clock.
async fn run_for(generator: &ReportGenerator, time: Duration) {
    tokio::time::timeout(time, generator.run_schedule())
        .await
        .unwrap_err();
}

const DAY_TEXT: &str = "2026-05-28 r0 late=false ok=true realised=Some(\"-437085\")";

fn paused<F: Future<Output = ()>>(test: F) {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .start_paused(true)
        .build()
        .unwrap();
    runtime.block_on(test);
}
