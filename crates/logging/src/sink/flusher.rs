//! The one thread that writes.

use super::buffer::Shared;
use super::file::FileOutput;
use super::output::StreamOutput;
use super::{Counts, Loss};
use crate::clock;
use crate::recent::Recent;
use crate::voice::Voice;
use std::sync::{Arc, PoisonError};
use std::time::Instant;

/// Lines lost by the outputs in one go.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Lost {
    pub(crate) stdout: u64,
    pub(crate) file: u64,
    pub(crate) unavailable: u64,
}

impl Lost {
    pub(crate) fn add_to(&self, counts: &mut Counts) {
        counts.lost[Loss::Stdout as usize] += self.stdout;
        counts.lost[Loss::File as usize] += self.file;
        counts.lost[Loss::FileUnavailable as usize] += self.unavailable;
    }
}

/// stdout, the file, and the newest lines in memory.
#[derive(Debug)]
pub(crate) struct Outputs {
    pub(crate) recent: Option<Arc<Recent>>,
    pub(crate) stdout: Option<StreamOutput>,
    pub(crate) file: Option<FileOutput>,
    pub(crate) voice: Voice,
}

impl Outputs {
    /// Writes whole lines to each output; one that fails does not keep them from the other.
    pub(crate) fn write(&mut self, bytes: &[u8], lines: u64, now: Instant) -> Lost {
        let mut lost = Lost::default();
        // First: memory does not hang as a disk may.
        if let Some(recent) = &self.recent {
            recent.keep(bytes);
        }
        if let Some(stdout) = &mut self.stdout {
            lost.stdout = stdout.write(bytes, lines, now, &self.voice);
        }
        if let Some(file) = &mut self.file {
            let n = file.write(bytes, lines, now, &self.voice);
            if file.ever_opened() {
                lost.file = n;
            } else {
                lost.unavailable = n;
            }
        }
        lost
    }

    pub(crate) fn reopen(&mut self, now: Instant) {
        if let Some(file) = &mut self.file {
            file.reopen(now);
        }
    }
}

/// The flusher's loop; ends when the guard is dropped.
pub(crate) fn run(shared: &Shared, mut outputs: Outputs) {
    let mut back = Vec::new();
    loop {
        let taken = shared.take(&mut back);
        let now = clock::instant();
        if taken.reopen {
            outputs.reopen(now);
        }
        let mut lost = Lost::default();
        if !back.is_empty() {
            lost = outputs.write(&back, taken.lines, now);
        }
        for (lines, why) in taken.unsaid.into_iter().zip([
            "the buffer was full",
            "the buffer stayed full past the timeout",
        ]) {
            if lines > 0 {
                let note = outputs.voice.lost(lines, why);
                outputs.write(&note, 0, now);
            }
        }
        shared.finish(taken.lines, &lost);
        if taken.closing {
            let mut parked = shared
                .outputs
                .lock()
                .unwrap_or_else(PoisonError::into_inner);
            if shared.close() {
                *parked = Some(outputs);
                return;
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::buffer::Overflow;
    use super::super::rotate::Rotation;
    use super::super::sweep::FileFigures;
    use super::*;
    use crate::scheme::Scheme;
    use std::sync::atomic::Ordering::Relaxed;
    use std::time::Duration;
    use tracing_core::Level;

    /// Lines go in where the layer puts them; the layer itself is too slow without optimisation to make
    /// two million of them in a test.
    #[test]
    fn two_million_lines_through_rotation_are_all_accounted_for() {
        const THREADS: usize = 4;
        const EACH: usize = 500_000;
        let dir = tempfile::tempdir().unwrap();
        let figures = Arc::<FileFigures>::default();
        let (file, error) = FileOutput::new(
            dir.path().join("svc.log"),
            Rotation::never().max_bytes(1 << 20),
            0,
            Arc::clone(&figures),
            clock::instant(),
        );
        assert!(error.is_none());
        let outputs = Outputs {
            recent: None,
            stdout: None,
            file: Some(file),
            voice: Voice {
                scheme: Arc::new(Scheme::for_tests()),
                offset_seconds: 0,
            },
        };
        let shared = Shared::new(256 * 1024, Overflow::Block, Duration::from_millis(50));
        std::thread::scope(|scope| {
            scope.spawn(|| run(&shared, outputs));
            let producers: Vec<_> = (0..THREADS)
                .map(|thread| {
                    let shared = &shared;
                    scope.spawn(move || {
                        for n in 0..EACH {
                            shared.push(Level::INFO, format!("{thread} {n}\n").as_bytes());
                        }
                    })
                })
                .collect();
            for producer in producers {
                producer.join().unwrap();
            }
            shared.request_close();
        });
        let mut names: Vec<_> = std::fs::read_dir(dir.path())
            .unwrap()
            .map(|entry| entry.unwrap().path())
            .collect();
        assert_eq!(names.len() as u64, figures.rotations.load(Relaxed) + 1);
        assert!(names.len() > 10);
        // Rotated files by name, which is by age; the active one is the last.
        names.sort_by_key(|path| (path.ends_with("svc.log"), path.clone()));
        let mut next = [0usize; THREADS];
        for name in names {
            let text = std::fs::read_to_string(name).unwrap();
            assert!(text.len() <= 1 << 20 && text.ends_with('\n'));
            for line in text.lines() {
                let (thread, n) = line.split_once(' ').unwrap();
                let thread: usize = thread.parse().unwrap();
                assert_eq!(n.parse(), Ok(next[thread]), "in order, none missing");
                next[thread] += 1;
            }
        }
        assert_eq!(next, [EACH; THREADS]);
        assert_eq!(
            shared.counts().events,
            [0, 0, (THREADS * EACH) as u64, 0, 0]
        );
    }
}
