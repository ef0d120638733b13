//! Putting logging in force: for the process, or for a closure in a test.

use crate::LoggingError;
use crate::clock;
use crate::config::{Layers, LoggingConfig};
use crate::daemon::Daemon;
use crate::exit;
use crate::filter::Filter;
use crate::handle::{LogGuard, LogHandle};
use crate::layer::{Core, Limits, LogLayer};
use crate::panic;
use crate::recent::Recent;
use crate::scheme::Scheme;
use crate::sink::buffer::Shared;
use crate::sink::file::FileOutput;
use crate::sink::flusher::{self, Outputs};
use crate::sink::output::StreamOutput;
use crate::sink::{Direct, Sink};
use crate::voice::Voice;
use std::fs::File;
use std::io::{self, Write};
use std::os::fd::AsFd;
use std::sync::Arc;
use std::time::Duration;
use tracing_core::Dispatch;
use tracing_log::LogTracer;
use tracing_subscriber::layer::SubscriberExt;
use tracing_subscriber::registry::{LookupSpan, Registry};

/// Logging that was checked and is ready to be put in force.
#[derive(Debug)]
#[must_use = "logging is in force only after `install` or `with_default`"]
pub struct Logging {
    layer: LogLayer,
    guard: LogGuard,
    panic_hook: bool,
    bridge_log: bool,
    layers: Layers,
}

impl Logging {
    pub(crate) fn new(
        mut config: LoggingConfig,
        scheme: Scheme,
        limits: Limits,
        filter: Filter,
    ) -> Result<Logging, LoggingError> {
        let scheme = Arc::new(scheme);
        let recent = config.recent.map(Recent::new).map(Arc::new);
        let daemon = reach(&mut config)?;
        let sink = match config.writer.take() {
            Some(writer) => Sink::Direct(Direct::new(writer)),
            None => Sink::Buffered(start(
                &config,
                &scheme,
                limits.offset_seconds,
                recent.clone(),
            )?),
        };
        let shutdown: Duration = config.shutdown;
        let on_error = config.on_error.take();
        let core = Arc::new(Core::new(
            scheme, limits, filter, sink, daemon, recent, on_error,
        ));
        Ok(Logging {
            guard: LogGuard::new(LogHandle::new(Arc::clone(&core)), shutdown),
            layer: LogLayer { core },
            panic_hook: config.panic_hook,
            bridge_log: config.bridge_log,
            layers: config.layers,
        })
    }

    /// Makes this the process's logging: `tracing` events, `log` records, panics.
    ///
    /// # Errors
    ///
    /// [`LoggingError::AlreadyInstalled`] when a global subscriber is there; nothing is changed then.
    pub fn install(self) -> Result<LogGuard, LoggingError> {
        let core = Arc::clone(&self.layer.core);
        // A vector without any layer says that nothing is wanted at all.
        let dispatch = if self.layers.0.is_empty() {
            Dispatch::new(Registry::default().with(self.layer))
        } else {
            Dispatch::new(Registry::default().with(self.layers.0).with(self.layer))
        };
        tracing_core::dispatcher::set_global_default(dispatch)
            .map_err(|_| LoggingError::AlreadyInstalled)?;
        exit::flush_at_exit();
        if self.bridge_log {
            if LogTracer::init().is_err() {
                tracing::warn!(
                    "records of the log crate are not taken in: it has a logger already"
                );
            }
            core.follow_log_level();
        }
        if self.panic_hook {
            panic::install(Arc::downgrade(&core));
        }
        Ok(self.guard)
    }

    /// Runs a closure with this logging on the current thread, then flushes. The panic hook and the
    /// `log` bridge, being global, are left alone.
    pub fn with_default<R>(self, f: impl FnOnce() -> R) -> R {
        let guard = self.guard;
        let result = tracing::subscriber::with_default(Registry::default().with(self.layer), f);
        drop(guard);
        result
    }

    /// The handle, before logging is put in force.
    #[must_use]
    pub fn handle(&self) -> LogHandle {
        self.guard.handle()
    }

    /// The bare layer, for a subscriber that is put together by hand. Its level filter acts for the whole
    /// subscriber, as a global filter does. The panic hook and the `log` bridge are left alone. What the
    /// layer of the global subscriber still holds is written when the process ends.
    pub fn into_layer(self) -> (LogLayer, LogGuard) {
        exit::flush_at_exit();
        (self.layer, self.guard)
    }
}

/// Says that `LogLayer` fits any registry; a compile-time check.
#[expect(dead_code, reason = "checked by the compiler, never called")]
fn fits<S: tracing_core::Subscriber + for<'a> LookupSpan<'a>>(layer: LogLayer) {
    fn is_layer<S: tracing_core::Subscriber>(_: impl tracing_subscriber::Layer<S>) {}
    is_layer::<S>(layer);
}

/// The way to the daemon, if lines go to one; stdout takes its place where it is out of reach.
fn reach(config: &mut LoggingConfig) -> Result<Option<Daemon>, LoggingError> {
    let Some(place) = config.daemon.clone() else {
        return Ok(None);
    };
    let (daemon, error) = Daemon::start(place, &config.service)?;
    if let Some(error) = &error {
        let _stderr_may_be_closed = writeln!(
            io::stderr(),
            "warning: cannot reach the log daemon: {error}; logging to stdout too"
        );
    }
    config.stdout.get_or_insert(error.is_some());
    Ok(Some(daemon))
}

/// Opens the outputs and starts the flusher.
fn start(
    config: &LoggingConfig,
    scheme: &Arc<Scheme>,
    offset_seconds: i64,
    recent: Option<Arc<Recent>>,
) -> Result<Arc<Shared>, LoggingError> {
    let shared = Arc::new(Shared::new(
        config.buffer_bytes,
        config.overflow,
        config.linger,
    ));
    let mut file = None;
    let mut stdout = config.stdout.unwrap_or(true);
    if let Some(dir) = &config.dir {
        let name = config
            .file_name
            .clone()
            .unwrap_or_else(|| format!("{}.log", file_stem(&config.service)));
        let path = dir.join(name);
        let (output, error) = FileOutput::new(
            path.clone(),
            config.rotation.clone(),
            offset_seconds,
            Arc::clone(&shared.file),
            clock::instant(),
        );
        if let Some(error) = error {
            stdout = true;
            // The one word on stderr: the log itself may have nowhere to go.
            let _stderr_may_be_closed = writeln!(
                io::stderr(),
                "warning: cannot write the log file {}: {error}; logging to stdout",
                path.display()
            );
        }
        file = Some(output);
    }
    let stdout = if stdout {
        // The raw descriptor: `io::stdout` buffers by line and locks.
        io::stdout()
            .as_fd()
            .try_clone_to_owned()
            .ok()
            .map(|fd| StreamOutput::new(File::from(fd)))
    } else {
        None
    };
    let outputs = Outputs {
        recent,
        stdout,
        file,
        voice: Voice {
            scheme: Arc::clone(scheme),
            offset_seconds,
        },
    };
    shared.park(outputs);
    flush(&shared).map_err(LoggingError::Thread)?;
    Ok(shared)
}

/// Starts the thread that writes.
fn flush(shared: &Arc<Shared>) -> io::Result<()> {
    let flusher = Arc::clone(shared);
    let thread = std::thread::Builder::new().name(panic::FLUSHER.to_owned());
    let started = thread.spawn(move || {
        let outputs = flusher.unpark();
        if let Some(outputs) = outputs {
            flusher::run(&flusher, outputs);
        }
    });
    started.map(drop)
}

/// Starts it again, if it has ended. Without a thread lines go on to be written by whoever logs them.
pub(crate) fn resume(shared: &Arc<Shared>) {
    if shared.set_closed(false) && flush(shared).is_err() {
        shared.set_closed(true);
    }
}

/// A service's name as a file name.
fn file_stem(service: &str) -> String {
    let stem: String = service
        .chars()
        .map(|c| {
            if c.is_alphanumeric() || "-_.".contains(c) {
                c
            } else {
                '_'
            }
        })
        .collect();
    match stem.trim_start_matches('.') {
        "" => "service".to_owned(),
        stem => stem.to_owned(),
    }
}
