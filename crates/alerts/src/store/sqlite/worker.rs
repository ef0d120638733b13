//! A named OS thread with a bounded queue that it empties in one go.

use std::io;
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::thread::{self, JoinHandle};
use std::time::Duration;

use crate::store::StoreError;

/// The queue's other end.
pub(super) struct Jobs<T> {
    queue: Mutex<Queue<T>>,
    more: Condvar,
}

struct Queue<T> {
    waiting: Vec<T>,
    closed: bool,
    max: usize,
}

impl<T> Jobs<T> {
    fn lock(&self) -> MutexGuard<'_, Queue<T>> {
        self.queue.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Everything that waits; nothing, when nothing came for so long; none: closed and empty.
    pub(super) fn take(&self, patience: Duration) -> Option<Vec<T>> {
        let mut queue = self.lock();
        while queue.waiting.is_empty() {
            if queue.closed {
                return None;
            }
            let (woken, waited) = self
                .more
                .wait_timeout(queue, patience)
                .unwrap_or_else(PoisonError::into_inner);
            queue = woken;
            if waited.timed_out() {
                break;
            }
        }
        Some(std::mem::take(&mut queue.waiting))
    }

    /// Whether nothing waits, and more may still come.
    pub(super) fn is_idle(&self) -> bool {
        let queue = self.lock();
        queue.waiting.is_empty() && !queue.closed
    }
}

pub(super) struct Worker<T> {
    jobs: Arc<Jobs<T>>,
    thread: Mutex<Option<JoinHandle<()>>>,
}

impl<T: Send + 'static> Worker<T> {
    pub(super) fn start(
        name: &str,
        max: usize,
        run: impl FnOnce(&Jobs<T>) + Send + 'static,
    ) -> io::Result<Self> {
        let jobs = Arc::new(Jobs {
            queue: Mutex::new(Queue {
                waiting: Vec::new(),
                closed: false,
                max,
            }),
            more: Condvar::new(),
        });
        let theirs = Arc::clone(&jobs);
        let thread = thread::Builder::new()
            .name(name.to_owned())
            .spawn(move || run(&theirs))?;
        Ok(Self {
            jobs,
            thread: Mutex::new(Some(thread)),
        })
    }
}

impl<T> Worker<T> {
    /// Hands a job over, or gives it back.
    pub(super) fn push(&self, job: T) -> Result<(), (T, StoreError)> {
        let mut queue = self.jobs.lock();
        if queue.closed {
            return Err((job, StoreError::Closed));
        }
        if queue.waiting.len() >= queue.max {
            return Err((job, StoreError::Busy));
        }
        queue.waiting.push(job);
        drop(queue);
        self.jobs.more.notify_one();
        Ok(())
    }

    /// Takes no more jobs and waits until those that wait are done.
    pub(super) fn close(&self) {
        self.jobs.lock().closed = true;
        self.jobs.more.notify_all();
        let thread = self
            .thread
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .take();
        if let Some(thread) = thread
            // A callback may hold the last handle; the thread cannot wait for itself.
            && thread.thread().id() != thread::current().id()
        {
            let _ = thread.join();
        }
    }
}

impl<T> Drop for Worker<T> {
    fn drop(&mut self) {
        self.close();
    }
}
