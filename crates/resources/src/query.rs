//! Questions that take longer than a sample: asked on short-lived threads, answered to
//! an `async` caller, bounded in number.

use std::path::{Path, PathBuf};
use std::sync::atomic::Ordering::{AcqRel, Relaxed};
use std::sync::atomic::{AtomicU64, AtomicUsize};
use std::sync::{Arc, mpsc};
use std::time::Duration;

use tokio::sync::oneshot;

use crate::clock;
use crate::connections::{self, NetworkConnections};
use crate::disk::{self, DiskProbe};
use crate::error::{DiskError, QueryError};
use crate::monitor::ResourceMonitor;
use crate::sample::DiskFigures;
use crate::top::{self, ProcessInfo, ProcessSort};

/// Threads that may be answering (or hanging) at one moment.
const MAX_RUNNING: usize = 32;

/// How long a file system may take.
const DISK_TIMEOUT: Duration = Duration::from_secs(2);

/// Counts the running queries.
#[derive(Debug, Default)]
pub(crate) struct Queries {
    running: AtomicUsize,
    refused: AtomicU64,
}

/// One running query.
struct Permit(Arc<Queries>);

impl Drop for Permit {
    fn drop(&mut self) {
        self.0.running.fetch_sub(1, AcqRel);
    }
}

impl Queries {
    pub(crate) fn refused(&self) -> u64 {
        self.refused.load(Relaxed)
    }

    fn permit(self: &Arc<Self>) -> Option<Permit> {
        let more = |n: usize| (n < MAX_RUNNING).then_some(n + 1);
        let free = self.running.fetch_update(AcqRel, Relaxed, more).is_ok();
        free.then(|| Permit(Arc::clone(self)))
    }

    fn refuse(&self) {
        self.refused.fetch_add(1, Relaxed);
    }

    /// Runs `work` on a thread of its own. The permit is given back before the answer is
    /// delivered, so that who has it may ask again.
    fn spawn<T>(
        self: &Arc<Self>,
        work: impl FnOnce() -> T + Send + 'static,
        deliver: impl FnOnce(T) + Send + 'static,
    ) -> Result<(), QueryError> {
        let permit = self.permit().ok_or(QueryError::Busy)?;
        let thread = std::thread::Builder::new().name("bongsu-query".to_owned());
        let run = move || {
            let answer = work();
            drop(permit);
            deliver(answer);
        };
        thread.spawn(run).map(drop).map_err(QueryError::Thread)
    }

    async fn ask<T: Send + 'static>(
        self: &Arc<Self>,
        work: impl FnOnce() -> T + Send + 'static,
    ) -> Result<T, QueryError> {
        let (answer, receive) = oneshot::channel();
        // the caller may have gone, which is no failure of the query
        let asked = self.spawn(work, move |value| drop(answer.send(value)));
        if matches!(asked, Err(QueryError::Busy)) {
            self.refuse();
        }
        asked?;
        receive.await.map_err(|_| QueryError::Lost)
    }
}

impl ResourceMonitor {
    /// The `n` processes that use most, most first. CPU figures are measured over 250 ms,
    /// so the answer takes a little longer than that.
    ///
    /// # Errors
    ///
    /// [`QueryError`] when too many queries run or the system cannot be read.
    pub async fn top_processes(
        &self,
        n: usize,
        by: ProcessSort,
    ) -> Result<Vec<ProcessInfo>, QueryError> {
        Ok(self.shared.queries.ask(move || top::top(n, by)).await??)
    }

    /// Size and use of the file systems that hold these paths, each with its own answer
    /// or error; a file system that hangs is [`DiskError::TimedOut`] after 2 s.
    pub async fn disk_usage<P: AsRef<Path>>(
        &self,
        paths: impl IntoIterator<Item = P>,
    ) -> Vec<(PathBuf, Result<DiskFigures, DiskError>)> {
        let paths: Vec<PathBuf> = paths
            .into_iter()
            .map(|p| p.as_ref().to_path_buf())
            .collect();
        let (queries, probe) = (
            Arc::clone(&self.shared.queries),
            Arc::clone(&self.shared.probe),
        );
        let asked = paths.clone();
        let answer = self
            .shared
            .queries
            .ask(move || disk_answers(&queries, &probe, &asked))
            .await;
        let answers = answer.unwrap_or_else(|error| {
            let why = match error {
                QueryError::Busy => DiskError::Busy,
                other => DiskError::Other(other.to_string()),
            };
            vec![Err(why); paths.len()]
        });
        paths.into_iter().zip(answers).collect()
    }

    /// The TCP and UDP sockets of the machine (of this network namespace).
    ///
    /// # Errors
    ///
    /// [`QueryError`] when too many queries run or on systems other than Linux.
    pub async fn network_connections(&self) -> Result<NetworkConnections, QueryError> {
        Ok(self.shared.queries.ask(connections::all).await??)
    }
}

/// Asks about all paths at once, as far as the bound allows; the rest as answers come in.
/// A path that finds no room within the timeout is [`DiskError::Busy`].
fn disk_answers(
    queries: &Arc<Queries>,
    probe: &Arc<dyn DiskProbe>,
    paths: &[PathBuf],
) -> Vec<Result<DiskFigures, DiskError>> {
    let (answer, receive) = mpsc::channel();
    let deadline = clock::monotonic() + DISK_TIMEOUT;
    let next = || receive.recv_timeout(deadline.saturating_duration_since(clock::monotonic()));
    let mut answers = vec![Err(DiskError::TimedOut); paths.len()];
    let mut store = |(at, figures): (usize, Result<DiskFigures, DiskError>)| {
        if let Some(slot) = answers.get_mut(at) {
            *slot = figures;
        }
    };
    let mut outstanding = 0;
    for (at, path) in paths.iter().enumerate() {
        let refused = loop {
            let (answer, probe, path) = (answer.clone(), Arc::clone(probe), path.clone());
            let work = move || (at, disk::ask(&*probe, &path));
            // nobody listens any more after the timeout
            match queries.spawn(work, move |figures| drop(answer.send(figures))) {
                Ok(()) => break None,
                Err(QueryError::Busy) if outstanding > 0 => match next() {
                    Ok(figures) => {
                        outstanding -= 1;
                        store(figures);
                    }
                    Err(_) => break Some(DiskError::Busy),
                },
                Err(QueryError::Busy) => break Some(DiskError::Busy),
                Err(other) => break Some(DiskError::Other(other.to_string())),
            }
        };
        match refused {
            None => outstanding += 1,
            Some(error) => {
                queries.refuse();
                store((at, Err(error)));
            }
        }
    }
    while outstanding > 0 {
        let Ok(figures) = next() else { break };
        outstanding -= 1;
        store(figures);
    }
    answers
}

#[cfg(test)]
mod tests;
