//! Delivered once, whatever happens.

use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use async_trait::async_trait;
use bongsu_reports::calendar::Krx;
use bongsu_reports::compute::Replay;
use bongsu_reports::deliver::{Claim, DeliveryKey, DeliveryState};
use bongsu_reports::source::sqlite::SqliteSource;
use bongsu_reports::source::{AccountHistory, QuoteQuery, Quotes};
use bongsu_reports::store::PostgresStore;
use bongsu_reports::{
    MemoryStore, RenderedReport, ReportEvent, ReportGenerator, ReportGeneratorBuilder, ReportSink,
    ReportSource, ReportStore, SinkError, SourceError, SourceState,
};
use jiff::civil::{Date, date};
use jiff::{SignedDuration, Timestamp};

use crate::month::DAY;
use crate::postgres::Postgres;
use crate::support::Month;

/// What a sink does with the next message.
type Answer = Box<dyn FnMut(u32) -> Result<(), SinkError> + Send>;

/// A channel that remembers what it sent. Clones share it.
#[derive(Clone)]
struct Inbox {
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
    fn new() -> Self {
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

/// A source or store whose reads hold the paused clock: time must not run on while another thread
/// reads the database.
#[derive(Debug)]
struct Held<T>(T);

fn hold<T: Send>(work: impl Future<Output = T> + Send) -> T {
    std::thread::scope(|scope| {
        let runtime = tokio::runtime::Builder::new_current_thread()
            .enable_all()
            .build()
            .unwrap();
        scope.spawn(move || runtime.block_on(work)).join().unwrap()
    })
}

#[async_trait]
impl<S: ReportSource> ReportSource for Held<S> {
    fn describe(&self) -> String {
        self.0.describe()
    }
    async fn history(&self, through: Date) -> Result<AccountHistory, SourceError> {
        hold(self.0.history(through))
    }
    async fn replay(
        &self,
        replay: Replay,
        through: Date,
        detail: Option<Date>,
    ) -> Result<Replay, SourceError> {
        hold(self.0.replay(replay, through, detail))
    }
    async fn quotes(&self, query: QuoteQuery) -> Result<Quotes, SourceError> {
        hold(self.0.quotes(query))
    }
    async fn backfilled(&self, last_id: i64, on_or_before: Date) -> Result<bool, SourceError> {
        hold(self.0.backfilled(last_id, on_or_before))
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
    ReportGenerator::builder(Held(source))
        .service("trading-engine", "test")
        .runtime_clock(start)
        .renderer(|summary| RenderedReport {
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
        })
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

#[test]
fn on_time_and_once() {
    paused(async {
        let month = Month::new();
        let inbox = Inbox::new();
        let log = Log::default();
        let start = evening(DAY) - SignedDuration::from_mins(30);
        let generator = builder(month.source(), start)
            .sink(inbox.clone())
            .observer(log.listener())
            .build()
            .unwrap();
        run_for(&generator, Duration::from_secs(29 * 60)).await;
        assert_eq!(inbox.count(), 0);
        run_for(&generator, Duration::from_secs(3 * 60)).await;
        assert_eq!(inbox.messages().len(), 1);
        let (id, text) = inbox.messages().remove(0);
        assert_eq!(text, DAY_TEXT);
        assert!(id.starts_with("daily.2026-05-28.r0."), "{id}");
        // The next day's comes, and nothing else until then.
        run_for(&generator, Duration::from_secs(24 * 3_600)).await;
        assert_eq!(inbox.count(), 2);
        // Nothing over the weekend.
        run_for(&generator, Duration::from_secs(60 * 3_600)).await;
        assert_eq!(inbox.count(), 2);
        assert_eq!(
            log.count(|event| matches!(event, ReportEvent::Completed { .. })),
            2
        );
        assert_eq!(
            log.count(|event| matches!(event, ReportEvent::Failed { .. })),
            0
        );
    });
}

#[test]
fn missed_sessions_are_caught_up_late_and_bounded() {
    paused(async {
        let month = Month::new();
        let memory = MemoryStore::new();
        let store = || memory.clone();
        let inbox = Inbox::new();
        // It runs once on the 21st and is then down until the 28th, past midnight.
        let first = builder(
            month.source(),
            evening(date(2026, 5, 21)) - SignedDuration::from_mins(1),
        )
        .store(store())
        .sink(inbox.clone())
        .build()
        .unwrap();
        run_for(&first, Duration::from_secs(120)).await;
        assert_eq!(inbox.count(), 1);
        let log = Log::default();
        let second = builder(month.source(), evening(DAY) + SignedDuration::from_hours(5))
            .store(store())
            .sink(inbox.clone())
            .observer(log.listener())
            .catch_up(3)
            .build()
            .unwrap();
        run_for(&second, Duration::from_secs(600)).await;
        let texts: Vec<String> = inbox.messages()[1..]
            .iter()
            .map(|(_, text)| text[..27].into())
            .collect();
        // The 22nd, 26th, 27th and 28th were sessions, the 25th was a holiday; three are the bound.
        assert_eq!(
            texts,
            [
                "2026-05-26 r0 late=true ok=",
                "2026-05-27 r0 late=true ok=",
                "2026-05-28 r0 late=true ok="
            ]
        );
        let skipped = log.0.lock().unwrap().iter().find_map(|event| match event {
            ReportEvent::Skipped { sessions } => Some(sessions.clone()),
            _ => None,
        });
        assert_eq!(skipped, Some(vec![date(2026, 5, 22)]));
        assert_eq!(
            log.count(|event| matches!(event, ReportEvent::Skipped { .. })),
            1
        );
    });
}

#[test]
fn a_temporary_holiday_is_skipped() {
    paused(async {
        let month = Month::new();
        let inbox = Inbox::new();
        let generator = builder(month.source(), evening(DAY) - SignedDuration::from_mins(5))
            .calendar(Krx::new().close(DAY, "temporary holiday"))
            .sink(inbox.clone())
            .build()
            .unwrap();
        run_for(&generator, Duration::from_secs(3_600)).await;
        assert_eq!(inbox.count(), 0);
        run_for(&generator, Duration::from_secs(24 * 3_600)).await;
        assert_eq!(inbox.count(), 1);
    });
}

#[test]
fn a_mail_server_down_for_hours() {
    paused(async {
        let month = Month::new();
        let end = tokio::time::Instant::now() + Duration::from_secs(5 * 3_600);
        let inbox = Inbox::answering(move |_| {
            if tokio::time::Instant::now() < end {
                return Err(SinkError::Transient {
                    reason: "connection refused".into(),
                    retry_after: None,
                });
            }
            Ok(())
        });
        let generator = builder(month.source(), evening(DAY) - SignedDuration::from_mins(5))
            .sink(inbox.clone())
            .build()
            .unwrap();
        run_for(&generator, Duration::from_secs(4 * 3_600)).await;
        assert_eq!(inbox.count(), 0);
        let tried = inbox.calls();
        assert!((8..=14).contains(&tried), "{tried} attempts in four hours");
        run_for(&generator, Duration::from_secs(2 * 3_600)).await;
        assert_eq!(inbox.messages().len(), 1);
        // The same report as was made at ten past eight, under the same id.
        assert_eq!(inbox.messages()[0].1, DAY_TEXT);
        let rows = generator.deliveries(DAY).await.unwrap();
        assert!(rows.all_delivered(), "{rows:?}");
    });
}

#[test]
fn a_channel_that_refuses_or_hangs_is_told_and_not_tried_again() {
    fn check(inbox: Inbox, expected: DeliveryState) {
        paused(async move {
            let month = Month::new();
            let log = Log::default();
            let generator = builder(month.source(), evening(DAY) - SignedDuration::from_mins(5))
                .sink(inbox.clone())
                .observer(log.listener())
                .build()
                .unwrap();
            run_for(&generator, Duration::from_secs(6 * 3_600)).await;
            let rows = generator.deliveries(DAY).await.unwrap();
            assert_eq!(rows.deliveries[0].state, expected, "{rows:?}");
            assert_eq!(inbox.calls(), 1);
            assert_eq!(
                log.count(|event| matches!(event, ReportEvent::Undelivered { .. })),
                1
            );
            assert_eq!(
                log.count(|event| matches!(event, ReportEvent::Completed { .. })),
                0
            );
        });
    }
    check(
        Inbox::answering(|_| {
            Err(SinkError::Permanent {
                reason: "550 no such user".into(),
            })
        }),
        DeliveryState::Failed,
    );
    let hanging = Inbox {
        hang: true,
        ..Inbox::new()
    };
    check(hanging, DeliveryState::Unknown);
}

/// A crash before the channel is called sends it later, one after it never does by itself.
#[test]
fn a_crash_at_each_step() {
    #[derive(Debug, Clone, Copy, PartialEq)]
    enum Crash {
        AfterKeeping,
        AfterClaiming,
        WhileSending,
    }
    fn check(crash: Crash, expected: DeliveryState, messages: usize) {
        paused(async move {
            let month = Month::new();
            let store = MemoryStore::new();
            let due = evening(DAY);
            store
                .baseline("daily", due - SignedDuration::from_hours(1))
                .await
                .unwrap();
            // The first process: it gets as far as the crash.
            let first = builder(month.source(), due)
                .store(store.clone())
                .build()
                .unwrap();
            let summary = first.generate_daily_summary(DAY).await.unwrap();
            first.send_daily_report(&summary).await; // no sink yet: it is only kept
            let key = DeliveryKey {
                report: "daily".into(),
                session: DAY,
                revision: 0,
                channel: "email".into(),
                recipient: "desk@example.com".into(),
            };
            let lease = due + SignedDuration::from_mins(2);
            if crash != Crash::AfterKeeping {
                let claim = store.claim(&key, "m", "dead", due, lease).await.unwrap();
                assert!(matches!(claim, Claim::Granted { .. }), "{claim:?}");
            }
            if crash == Crash::WhileSending {
                assert!(store.sending(&key, "dead", due).await.unwrap());
            }
            // The second process, at once.
            let inbox = Inbox::new();
            let log = Log::default();
            let second = builder(month.source(), due + SignedDuration::from_secs(5))
                .store(store.clone())
                .sink(inbox.clone())
                .observer(log.listener())
                .build()
                .unwrap();
            run_for(&second, Duration::from_secs(60)).await;
            let early = usize::from(crash == Crash::AfterKeeping);
            assert_eq!(
                inbox.count(),
                early,
                "{crash:?}: the dead one's lease still holds"
            );
            run_for(&second, Duration::from_secs(3_600)).await;
            let rows = second.deliveries(DAY).await.unwrap();
            assert_eq!(rows.deliveries[0].state, expected, "{crash:?}");
            assert_eq!(inbox.count(), messages, "{crash:?}");
            let told = log.count(|event| matches!(event, ReportEvent::Undelivered { .. }));
            assert_eq!(
                told,
                usize::from(expected == DeliveryState::Unknown),
                "{crash:?}"
            );
            // On request it goes out, under another id.
            second.resend(DAY).await.unwrap();
            assert_eq!(inbox.count(), messages + 1, "{crash:?}");
            let ids: Vec<_> = inbox.messages().into_iter().map(|(id, _)| id).collect();
            assert!(ids.last().unwrap().starts_with("again"), "{ids:?}");
        });
    }
    check(Crash::AfterKeeping, DeliveryState::Delivered, 1);
    check(Crash::AfterClaiming, DeliveryState::Delivered, 1);
    check(Crash::WhileSending, DeliveryState::Unknown, 0);
}

/// A source that cannot be read is told at once, then reported without a figure, then made good.
#[test]
fn a_source_that_is_gone_gives_a_report_that_says_so() {
    paused(async {
        let month = Month::new();
        let hidden = month.path.with_extension("hidden");
        std::fs::rename(&month.path, &hidden).unwrap();
        let inbox = Inbox::new();
        let log = Log::default();
        let generator = builder(month.source(), evening(DAY) - SignedDuration::from_mins(5))
            .sink(inbox.clone())
            .observer(log.listener())
            .build()
            .unwrap();
        run_for(&generator, Duration::from_secs(20 * 60)).await;
        assert_eq!(inbox.count(), 0, "it is still patient");
        assert_eq!(
            log.count(|event| matches!(event, ReportEvent::Failed { .. })),
            1
        );
        run_for(&generator, Duration::from_secs(60 * 60)).await;
        let texts = |inbox: &Inbox| -> Vec<String> {
            inbox.messages().into_iter().map(|(_, text)| text).collect()
        };
        assert_eq!(
            texts(&inbox),
            ["2026-05-28 r0 late=true ok=false realised=None"]
        );
        std::fs::rename(&hidden, &month.path).unwrap();
        run_for(&generator, Duration::from_secs(10 * 60)).await;
        assert_eq!(
            texts(&inbox)[1..],
            ["2026-05-28 r1 late=true ok=true realised=Some(\"-437085\")"]
        );
        run_for(&generator, Duration::from_secs(3_600)).await;
        assert_eq!(inbox.count(), 2);
    });
}

/// A shutdown in the middle of a delivery waits for it.
#[test]
fn a_shutdown_finishes_what_is_being_sent() {
    paused(async {
        let month = Month::new();
        let inbox = Inbox {
            slow: Duration::from_secs(30),
            ..Inbox::new()
        };
        let generator = builder(month.source(), evening(DAY) - SignedDuration::from_secs(10))
            .sink(inbox.clone())
            .build()
            .unwrap();
        let begun = tokio::time::Instant::now();
        generator
            .run_until(tokio::time::sleep(Duration::from_secs(20)))
            .await;
        let took = begun.elapsed();
        assert!((40..45).contains(&took.as_secs()), "{took:?}");
        assert_eq!(inbox.count(), 1);
        assert!(generator.deliveries(DAY).await.unwrap().all_delivered());
    });
}

#[tokio::test]
async fn recompute_is_a_revision_and_is_sent_only_on_request() {
    let month = Month::new();
    let inbox = Inbox::new();
    let folder = tempfile::tempdir().unwrap();
    let generator = builder(month.source(), evening(DAY))
        .sink(inbox.clone())
        .archive(folder.path())
        .build()
        .unwrap();
    let summary = generator.generate_daily_summary(DAY).await.unwrap();
    assert!(generator.send_daily_report(&summary).await.all_delivered());
    // The same again is not sent again.
    assert!(generator.send_daily_report(&summary).await.all_delivered());
    assert_eq!(inbox.count(), 1);
    month.execute(
        "UPDATE trades SET commission = commission + 1000 WHERE executed_at >= '2026-05-28'",
    );
    let revised = generator.recompute(DAY).await.unwrap();
    assert_eq!(revised.edition.revision, 1);
    assert_ne!(
        revised.trading_stats.realised,
        summary.trading_stats.realised
    );
    assert_eq!(inbox.count(), 1);
    assert!(generator.send_daily_report(&revised).await.all_delivered());
    assert_eq!(inbox.count(), 2);
    assert_eq!(generator.kept_summary(DAY).await.unwrap(), revised);
    for file in [
        "r0/summary.json",
        "r1/summary.json",
        "r1/report.txt",
        "r1/mail.html",
        "r1/fills.csv",
    ] {
        let path = folder.path().join("2026-05-28").join(file);
        assert!(path.exists(), "{}", path.display());
    }
}

/// Two replicas and one PostgreSQL: one report, on time, whoever is first.
#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn two_replicas_send_one_report() {
    let month = Month::new();
    let server = Postgres::start();
    let inbox = Inbox {
        recipients: vec!["desk@example.com".into(), "boss@example.com".into()],
        ..Inbox::new()
    };
    let start = evening(DAY) - SignedDuration::from_secs(2);
    let tasks: Vec<_> = (0..3)
        .map(|_| {
            let generator = builder(month.source(), start)
                .store(PostgresStore::new(&server.url()).unwrap())
                .sink(inbox.clone())
                .build()
                .unwrap();
            tokio::task::spawn(generator.run_schedule())
        })
        .collect();
    let deadline = tokio::time::Instant::now() + Duration::from_secs(40);
    while inbox.count() < 2 && tokio::time::Instant::now() < deadline {
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    // Whoever came second has looked by now, or looks in vain.
    tokio::time::sleep(Duration::from_secs(2)).await;
    for task in &tasks {
        assert!(!task.is_finished());
        task.abort();
    }
    let messages = inbox.messages();
    assert_eq!(messages.len(), 2, "{messages:?}");
    assert_eq!(inbox.calls(), 2);
    assert_ne!(messages[0].0, messages[1].0);
    let store = PostgresStore::new(&server.url()).unwrap();
    let rows = store.deliveries("daily", DAY).await.unwrap();
    assert!(
        rows.iter().all(|row| row.state == DeliveryState::Delivered),
        "{rows:?}"
    );
}
