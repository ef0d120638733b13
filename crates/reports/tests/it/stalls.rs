//! A PostgreSQL server that stops to answer, at every moment of a report: the error comes in time and
//! names the server, and once it answers again so does the report.

use std::io::{Read as _, Write as _};
use std::net::{Shutdown, TcpListener, TcpStream};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::{Duration, Instant};

use bongsu_reports::source::postgres::PostgresSource;
use bongsu_reports::store::PostgresStore;
use bongsu_reports::{DailySummary, ReportGenerator};

use crate::month::{DAY, check_day};
use crate::postgres::with_month;

/// How long a statement may take in these tests: what is slower is an error as well.
const LIMIT: Duration = Duration::from_millis(50);

/// Between the clients and a server: lets so many messages of theirs through, and so many bytes of its
/// answers, and is silent from then on without closing anything.
struct Valve {
    port: u16,
    shared: Arc<Shared>,
}

#[derive(Default)]
struct Shared {
    asked: AtomicU64,
    answered: AtomicU64,
    /// What is let through of each.
    questions: AtomicU64,
    answers: AtomicU64,
    closed: AtomicBool,
}

impl Valve {
    fn before(server: u16) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let port = listener.local_addr().unwrap().port();
        let shared = Arc::new(Shared::default());
        let ours = Arc::clone(&shared);
        std::thread::spawn(move || {
            for client in listener.incoming() {
                if ours.closed.load(Ordering::SeqCst) {
                    return;
                }
                let (client, server) = (
                    client.unwrap(),
                    TcpStream::connect(("127.0.0.1", server)).unwrap(),
                );
                let (from, to) = (client.try_clone().unwrap(), server.try_clone().unwrap());
                let shared = Arc::clone(&ours);
                std::thread::spawn(move || {
                    carry(from, to, |_| {
                        let before = shared.asked.fetch_add(1, Ordering::SeqCst);
                        before < shared.questions.load(Ordering::SeqCst)
                    });
                });
                let shared = Arc::clone(&ours);
                std::thread::spawn(move || {
                    carry(server, client, |bytes| {
                        let before = shared.answered.fetch_add(bytes, Ordering::SeqCst);
                        before + bytes <= shared.answers.load(Ordering::SeqCst)
                    });
                });
            }
        });
        let valve = Self { port, shared };
        valve.open();
        valve
    }

    fn set(&self, questions: u64, answers: u64) {
        self.shared.questions.store(questions, Ordering::SeqCst);
        self.shared.answers.store(answers, Ordering::SeqCst);
        self.shared.asked.store(0, Ordering::SeqCst);
        self.shared.answered.store(0, Ordering::SeqCst);
    }

    fn open(&self) {
        self.set(u64::MAX, u64::MAX);
    }

    fn url(&self) -> String {
        format!("postgres://bongsu:hunter2@127.0.0.1:{}/bongsu", self.port)
    }

    fn generator(&self, limit: Duration) -> ReportGenerator {
        let source = PostgresSource::new(&self.url()).unwrap();
        let store = PostgresStore::new(&self.url()).unwrap();
        ReportGenerator::builder(source.statement_timeout(limit))
            .store(store.statement_timeout(limit))
            .build()
            .unwrap()
    }
}

impl Drop for Valve {
    fn drop(&mut self) {
        self.shared.closed.store(true, Ordering::SeqCst);
        let _woken = TcpStream::connect(("127.0.0.1", self.port));
    }
}

/// Carries bytes until one side is closed; once something was held back, everything is.
fn carry(mut from: TcpStream, mut to: TcpStream, passes: impl Fn(u64) -> bool) {
    let mut buffer = [0; 4_096];
    let mut silent = false;
    while let Ok(read @ 1..) = from.read(&mut buffer) {
        silent |= !passes(read as u64);
        if !silent && to.write_all(&buffer[..read]).is_err() {
            break;
        }
    }
    let _gone = to.shutdown(Shutdown::Both);
}

/// What a report comes to when the server falls silent: in time, and by the server's name.
async fn made(generator: &ReportGenerator, port: u16, when: &str) -> Option<DailySummary> {
    let begun = Instant::now();
    let made = generator.generate_daily_summary(DAY).await;
    let took = begun.elapsed();
    assert!(took < Duration::from_secs(60), "{when}: {took:?}");
    match made {
        Ok(summary) => Some(summary),
        Err(error) => {
            let text = error.chain();
            assert!(
                text.contains(&format!("127.0.0.1:{port}")),
                "{when}: {text}"
            );
            assert!(text.contains("answer"), "{when}: {text}");
            assert!(!text.contains("hunter2"), "{when}: {text}");
            None
        }
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_server_that_falls_silent_at_any_moment_is_told_in_time() {
    let server = with_month();
    let valve = Valve::before(server.port());
    // The first one makes the tables, the second one is like all that follow.
    for _ in 0..2 {
        valve.open();
        let fresh = valve.generator(Duration::from_secs(60));
        check_day(&made(&fresh, valve.port, "open").await.unwrap());
    }
    let asked = valve.shared.asked.load(Ordering::SeqCst);
    let answered = valve.shared.answered.load(Ordering::SeqCst);
    assert!(asked > 20 && answered > 20_000, "{asked} {answered}");
    let mut told = 0;
    for questions in (0..asked).step_by(2) {
        valve.set(questions, u64::MAX);
        let when = format!("after {questions} messages");
        let generator = valve.generator(LIMIT);
        told += u64::from(made(&generator, valve.port, &when).await.is_none());
    }
    for part in 0..8 {
        valve.set(u64::MAX, answered * part / 8);
        let when = format!("after {part} eighths of the answers");
        let generator = valve.generator(LIMIT);
        told += u64::from(made(&generator, valve.port, &when).await.is_none());
    }
    // An end of a transaction that nobody answers takes nothing from what was read.
    assert!(told > asked / 4, "{told} of {asked}");

    // A connection that was kept falls silent too; then the server answers again.
    valve.open();
    let kept = valve.generator(Duration::from_secs(2));
    check_day(&made_at_last(&kept, valve.port).await);
    valve.set(0, u64::MAX);
    assert!(made(&kept, valve.port, "kept").await.is_none());
    valve.open();
    check_day(&made_at_last(&kept, valve.port).await);
}

/// A machine under load may need more than one go.
async fn made_at_last(generator: &ReportGenerator, port: u16) -> DailySummary {
    for _ in 0..30 {
        if let Some(summary) = made(generator, port, "open").await {
            return summary;
        }
    }
    panic!("no report of a server that answers");
}
