//! The way out: what is recorded goes into a bounded queue a signal, and one future sends it.

use std::cell::Cell;
use std::fmt;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use bongsu_trace::random::SplitMix;
use tokio::sync::Notify;
use tokio::time::{Instant, timeout, timeout_at};

use crate::batch::{Batcher, Counts, Limits, Next};
use crate::client::Client;
use crate::keep::Undecided;
use crate::layer::{ContextSource, TraceLayer};
use crate::metrics::Snapshot;
use crate::model::{Envelope, LogRecord, Span};
use crate::wire::Message;
use crate::{Options, OtlpError, Signal};

/// Takes what is to be exported, and never waits. Cheap to clone.
#[derive(Clone, Debug)]
pub struct Otlp(pub(crate) Arc<Shared>);

#[derive(Debug)]
pub(crate) struct Shared {
    pub(crate) options: Options,
    ways: [Way; 3],
    undecided: Mutex<Undecided>,
}

/// One signal's.
struct Way {
    signal: Signal,
    batcher: Mutex<Batcher>,
    wake: Notify,
    open: bool,
}

impl fmt::Debug for Way {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "{}: {}",
            self.signal,
            if self.open { "open" } else { "closed" }
        )
    }
}

/// What became of what one signal was given.
#[derive(Clone, Copy, Debug)]
#[non_exhaustive]
pub struct Statistics {
    /// Which.
    pub signal: Signal,
    /// What became of it.
    pub counts: Counts,
    /// Bytes that wait.
    pub waiting_bytes: usize,
}

/// Sends what [`Otlp`] is given; nothing goes out unless [`run`](Self::run) is driven.
#[derive(Debug)]
#[must_use = "nothing is sent unless it runs"]
pub struct Driver {
    shared: Arc<Shared>,
    envelope: Envelope,
    clients: [Option<Client>; 3],
}

impl Otlp {
    /// The way out, and who drives it. Nothing is connected to yet.
    ///
    /// # Errors
    /// A URL, a header or a certificate that cannot be used.
    pub fn new(options: Options) -> Result<(Self, Driver), OtlpError> {
        let envelope = Envelope::new(&options.resource);
        let client = |signal| {
            let receiver = options.receiver(signal);
            receiver
                .map(|receiver| Client::new(signal, receiver))
                .transpose()
        };
        let clients = [
            client(Signal::Traces)?,
            client(Signal::Metrics)?,
            client(Signal::Logs)?,
        ];
        let ways = Signal::ALL.map(|signal| Way {
            signal,
            batcher: Mutex::new(Batcher::new(match signal {
                // A snapshot is whole already.
                Signal::Metrics => Limits {
                    linger: Duration::ZERO,
                    ..options.limits
                },
                _ => options.limits,
            })),
            wake: Notify::new(),
            open: options.receiver(signal).is_some(),
        });
        let shared = Arc::new(Shared {
            options,
            ways,
            undecided: Mutex::default(),
        });
        let driver = Driver {
            shared: Arc::clone(&shared),
            envelope,
            clients,
        };
        Ok((Self(shared), driver))
    }

    /// A layer for `tracing` that records the service's spans and lines. `context` says in which trace
    /// something happens that is in no span; the layer records nothing until [`TraceLayer::redact`] was told
    /// what is secret.
    #[must_use]
    pub fn layer(&self, context: ContextSource) -> TraceLayer {
        TraceLayer::new(self.clone(), context)
    }

    /// Whether anybody receives this.
    #[must_use]
    pub fn exports(&self, signal: Signal) -> bool {
        self.0.way(signal).open
    }

    /// A span that is over, within a trace whose root is not.
    pub fn record(&self, span: &Span) {
        if !self.records() {
            return;
        }
        written(
            |m| span.write(m),
            |encoded| {
                if span.ids.sampled || self.0.undecided().add(span.ids.trace_id, encoded) {
                    self.0.push(Signal::Traces, encoded, 1);
                }
            },
        );
    }

    /// The span in which all of this process's part of a trace lies is over. Whether the trace is kept: it was
    /// chosen at its head, failed, was slow, or was to be [kept](Self::keep).
    pub fn record_root(&self, span: &Span) -> bool {
        if !self.records() {
            return false;
        }
        if !span.ids.sampled {
            let noticed = span.error.is_some() || span.elapsed >= self.0.options.slow;
            let decided = self.0.undecided().decide(span.ids.trace_id, noticed);
            let Some(trace) = decided else { return false };
            for span in trace.spans() {
                self.0.push(Signal::Traces, span, 1);
            }
            self.0.undecided().give_back(trace);
        }
        written(
            |m| span.write(m),
            |encoded| {
                self.0.push(Signal::Traces, encoded, 1);
            },
        );
        true
    }

    /// The trace is kept, whatever its end is like: something came of it.
    pub fn keep(&self, trace_id: u128) {
        if self.records() {
            self.0.undecided().keep(trace_id);
        }
    }

    /// A line of the log.
    pub fn record_log(&self, record: &LogRecord) {
        if self.exports(Signal::Logs) {
            written(
                |m| record.write(m),
                |encoded| {
                    self.0.push(Signal::Logs, encoded, 1);
                },
            );
        }
    }

    /// All metrics as they are now; an older snapshot that still waits is superseded.
    pub fn record_metrics(&self, snapshot: Snapshot) {
        if self.exports(Signal::Metrics) && snapshot.points > 0 {
            lock(&self.0.way(Signal::Metrics).batcher).supersede();
            self.0
                .push(Signal::Metrics, &snapshot.bytes, snapshot.points);
        }
    }

    /// What became of it all, for each signal that somebody receives.
    pub fn statistics(&self) -> impl Iterator<Item = Statistics> + use<'_> {
        let ways = self.0.ways.iter().filter(|way| way.open);
        ways.map(|way| {
            let undecided = match way.signal {
                Signal::Traces => self.0.undecided().lost,
                _ => 0,
            };
            let batcher = lock(&way.batcher);
            let mut counts = batcher.counts;
            counts.overflowed += undecided;
            Statistics {
                signal: way.signal,
                counts,
                waiting_bytes: batcher.bytes(),
            }
        })
    }

    /// Whether there is a trace to record at all.
    pub(crate) fn records(&self) -> bool {
        self.exports(Signal::Traces) && !self.0.options.sampler.is_off()
    }
}

impl Shared {
    fn way(&self, signal: Signal) -> &Way {
        &self.ways[signal as usize]
    }

    fn undecided(&self) -> MutexGuard<'_, Undecided> {
        lock(&self.undecided)
    }

    fn push(&self, signal: Signal, bytes: &[u8], count: u32) {
        let way = self.way(signal);
        if lock(&way.batcher).push(Instant::now(), bytes, count) {
            way.wake.notify_one();
        }
    }
}

impl Driver {
    /// Sends until `stop`, then what is left, for `patience` at most; what remains then is counted as lost.
    pub async fn run(self, stop: impl Future<Output = ()>, patience: Duration) {
        let Self {
            shared,
            envelope,
            mut clients,
        } = self;
        let [traces, metrics, logs] = &mut clients;
        let all = async {
            tokio::join!(
                drive(&shared.ways[0], traces.as_mut(), &envelope),
                drive(&shared.ways[1], metrics.as_mut(), &envelope),
                drive(&shared.ways[2], logs.as_mut(), &envelope),
            )
        };
        let mut all = std::pin::pin!(all);
        tokio::select! {
            _ = &mut all => {}
            () = stop => {
                for way in &shared.ways {
                    lock(&way.batcher).hurry();
                    way.wake.notify_one();
                }
                let _in_time = timeout(patience, all).await;
            }
        }
        for way in &shared.ways {
            let lost = lock(&way.batcher).give_up();
            if lost > 0 {
                tracing::warn!(signal = %way.signal, lost, "not exported before the end");
            }
        }
    }
}

/// One signal, one request at a time, until the end is asked for and nothing is left.
async fn drive(way: &Way, client: Option<&mut Client>, envelope: &Envelope) {
    let Some(client) = client else { return };
    let mut said: Option<String> = None;
    loop {
        let next = {
            let mut batcher = lock(&way.batcher);
            match batcher.next(Instant::now()) {
                Next::Idle if batcher.is_ending() && batcher.is_empty() => return,
                next => next,
            }
        };
        match next {
            Next::Send(items) => {
                let (answer, problem) = client.send(envelope.around(&items)).await;
                let spread = SplitMix::random().unit();
                lock(&way.batcher).settle(Instant::now(), &answer, spread);
                tell(way.signal, &mut said, problem);
            }
            Next::Wait(until) => tokio::select! {
                _woken = timeout_at(until, way.wake.notified()) => {}
                () = client.idle() => {}
            },
            Next::Idle => tokio::select! {
                () = way.wake.notified() => {}
                () = client.idle() => {}
            },
        }
    }
}

/// A line when something changes, and none for what goes on as before.
fn tell(signal: Signal, said: &mut Option<String>, problem: Option<String>) {
    if *said == problem {
        return;
    }
    match &problem {
        Some(problem) => tracing::warn!(%signal, problem, "the receiver of OTLP did not take all"),
        None => tracing::info!(%signal, "the receiver of OTLP takes all again"),
    }
    *said = problem;
}

thread_local! {
    /// Where things are written before they wait.
    static WRITTEN: Cell<Vec<u8>> = const { Cell::new(Vec::new()) };
}

/// Bytes of memory for it that a thread keeps.
const SPARE_BYTES: usize = 16 << 10;

/// Hands on what is written, in memory that is there for the next.
fn written(write: impl FnOnce(&mut Message), hand_on: impl FnOnce(&[u8])) {
    let mut message = Message(WRITTEN.try_with(Cell::take).unwrap_or_default());
    message.0.clear();
    write(&mut message);
    hand_on(&message.0);
    if message.0.capacity() <= SPARE_BYTES {
        let _thread_is_ending = WRITTEN.try_with(|spare| spare.set(message.0));
    }
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
