//! The one thread that writes.

use super::buffer::Shared;
use super::file::FileOutput;
use super::output::StreamOutput;
use super::{Counts, Loss};
use crate::clock;
use crate::layer::own_line;
use crate::scheme::Scheme;
use std::sync::{Arc, PoisonError};
use std::time::Instant;
use tracing_core::Level;

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

/// How a loss is said in the log.
#[derive(Debug)]
pub(crate) struct Voice {
    pub(crate) scheme: Arc<Scheme>,
    pub(crate) offset_seconds: i64,
}

impl Voice {
    pub(crate) fn lost(&self, lines: u64, why: &str) -> Vec<u8> {
        own_line(
            &self.scheme,
            self.offset_seconds,
            Level::WARN,
            &format!("{lines} log lines dropped: {why}"),
            &[("dropped", lines)],
        )
    }
}

/// stdout and the file.
#[derive(Debug)]
pub(crate) struct Outputs {
    pub(crate) stdout: Option<StreamOutput>,
    pub(crate) file: Option<FileOutput>,
    pub(crate) voice: Voice,
}

impl Outputs {
    /// Writes whole lines to each output; one that fails does not keep them from the other.
    pub(crate) fn write(&mut self, bytes: &[u8], lines: u64, now: Instant) -> Lost {
        let mut lost = Lost::default();
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
