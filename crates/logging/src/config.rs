//! What logging is made of.

use crate::LoggingError;
use crate::capture::Capture;
use crate::daemon::{self, LogDaemon};
use crate::filter::{Directives, Filter};
use crate::install::Logging;
use crate::layer::Limits;
use crate::limit::Rate;
use crate::preset::Preset;
use crate::redact::{DEFAULT_REDACTED_KEYS, Redactor};
use crate::scheme::{Layout, Parts, Scheme};
use crate::sink::buffer::Overflow;
use crate::sink::rotate::Rotation;
use std::fmt;
use std::io;
use std::path::PathBuf;
use std::str::FromStr;
use std::time::Duration;
use tracing_subscriber::{Layer, Registry};

/// The shape of the lines.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Format {
    /// One JSON object a line.
    #[default]
    Json,
    /// Text for people.
    Pretty,
}

impl FromStr for Format {
    type Err = LoggingError;

    fn from_str(s: &str) -> Result<Self, Self::Err> {
        match s.trim().to_ascii_lowercase().as_str() {
            "json" => Ok(Format::Json),
            "pretty" | "text" => Ok(Format::Pretty),
            _ => Err(LoggingError::Format {
                given: s.to_owned(),
            }),
        }
    }
}

/// Settings; [`build`](LoggingConfig::build) checks them all at once.
#[must_use = "a configuration does nothing until it is built"]
pub struct LoggingConfig {
    pub(crate) service: String,
    pub(crate) environment: String,
    level: String,
    format: Format,
    preset: Preset,
    ansi: Option<bool>,
    offset_minutes: i32,
    gcp_project: Option<String>,
    pub(crate) stdout: Option<bool>,
    pub(crate) dir: Option<PathBuf>,
    pub(crate) file_name: Option<String>,
    pub(crate) rotation: Rotation,
    pub(crate) writer: Option<Box<dyn io::Write + Send>>,
    pub(crate) daemon: Option<LogDaemon>,
    pub(crate) overflow: Overflow,
    pub(crate) buffer_bytes: usize,
    pub(crate) linger: Duration,
    pub(crate) shutdown: Duration,
    pub(crate) recent: Option<usize>,
    pub(crate) on_error: Option<OnError>,
    max_line: usize,
    max_value: Option<usize>,
    redacted: Vec<String>,
    allowed: Vec<String>,
    patterns: Vec<String>,
    rate: Option<Rate>,
    backtrace: bool,
    pub(crate) panic_hook: bool,
    pub(crate) bridge_log: bool,
    pub(crate) layers: Layers,
}

/// A line at level ERROR, as given to [`LoggingConfig::on_error`].
#[derive(Clone, Copy, Debug)]
#[non_exhaustive]
pub struct ErrorLine<'a> {
    /// Who logged it: the event's target.
    pub logger: &'a str,
    /// Where, if the event says so.
    pub file: Option<&'a str>,
    /// The line in that file.
    pub line: Option<u32>,
    /// The whole line as it is written, redacted, with its end.
    pub text: &'a [u8],
}

impl<'a> ErrorLine<'a> {
    /// A line of this logger that says no place.
    #[must_use]
    pub const fn new(logger: &'a str, text: &'a [u8]) -> Self {
        Self {
            logger,
            file: None,
            line: None,
            text,
        }
    }
}

/// Layers of others, beside this one.
#[derive(Default)]
pub(crate) struct Layers(pub(crate) Vec<Box<dyn Layer<Registry> + Send + Sync>>);

impl fmt::Debug for Layers {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} layers", self.0.len())
    }
}

/// What is called with ERROR lines.
pub(crate) struct OnError(pub(crate) Box<dyn Fn(&ErrorLine<'_>) + Send + Sync>);

impl fmt::Debug for OnError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("OnError(..)")
    }
}

impl fmt::Debug for LoggingConfig {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("LoggingConfig")
            .field("service", &self.service)
            .field("environment", &self.environment)
            .field("level", &self.level)
            .field("format", &self.format)
            .field("preset", &self.preset)
            .field("dir", &self.dir)
            .field("overflow", &self.overflow)
            .finish_non_exhaustive()
    }
}

impl LoggingConfig {
    /// JSON lines on stdout at level `info`.
    pub fn new(service_name: impl Into<String>, environment: impl Into<String>) -> LoggingConfig {
        LoggingConfig {
            service: service_name.into(),
            environment: environment.into(),
            level: "info".to_owned(),
            format: Format::Json,
            preset: Preset::Bongsu,
            ansi: None,
            offset_minutes: 0,
            gcp_project: None,
            stdout: None,
            dir: None,
            file_name: None,
            rotation: Rotation::default(),
            writer: None,
            daemon: None,
            overflow: Overflow::default(),
            buffer_bytes: 4 * 1024 * 1024,
            linger: Duration::from_millis(50),
            shutdown: Duration::from_secs(5),
            recent: None,
            on_error: None,
            max_line: 16 * 1024 - 1,
            max_value: None,
            redacted: DEFAULT_REDACTED_KEYS
                .iter()
                .map(|k| (*k).to_owned())
                .collect(),
            allowed: Vec::new(),
            patterns: Vec::new(),
            rate: None,
            backtrace: false,
            panic_hook: true,
            bridge_log: true,
            layers: Layers::default(),
        }
    }

    /// What is logged, in `EnvFilter` syntax: `info`, `info,my_crate::db=debug`. Default `info`.
    /// Python's `WARNING` and `CRITICAL` are understood.
    pub fn level(mut self, level: &str) -> Self {
        level.clone_into(&mut self.level);
        self
    }

    /// JSON or text. Default JSON.
    pub fn format(mut self, format: Format) -> Self {
        self.format = format;
        self
    }

    /// The names of the fixed JSON keys. Default [`Preset::Bongsu`].
    pub fn preset(mut self, preset: Preset) -> Self {
        self.preset = preset;
        self
    }

    /// Colours in text. Default: when stdout is a terminal and there is no file.
    pub fn ansi(mut self, ansi: bool) -> Self {
        self.ansi = Some(ansi);
        self
    }

    /// Timestamps in this offset from UTC, in minutes (`540` for Seoul). Default 0, written `Z`.
    pub fn utc_offset_minutes(mut self, minutes: i32) -> Self {
        self.offset_minutes = minutes;
        self
    }

    /// The project that trace ids belong to under [`Preset::Gcp`].
    pub fn gcp_project(mut self, project: impl Into<String>) -> Self {
        self.gcp_project = Some(project.into());
        self
    }

    /// Whether lines go to stdout. Default yes, unless a writer is given.
    pub fn stdout(mut self, on: bool) -> Self {
        self.stdout = Some(on);
        self
    }

    /// Also writes `<service>.log` in this folder, which is made when missing. A folder that cannot be
    /// written is a warning on stderr, lines go on to stdout, and `stats()` counts what the file missed.
    pub fn dir(mut self, dir: Option<PathBuf>) -> Self {
        self.dir = dir;
        self
    }

    /// Keeps the newest lines in memory too, at most `bytes` of them, for
    /// [`LogHandle::recent`](crate::LogHandle::recent): on the logging thread, at no cost to whoever
    /// logs. Default: none are kept. A [`writer`](LoggingConfig::writer) goes without.
    pub fn recent(mut self, bytes: usize) -> Self {
        self.recent = (bytes > 0).then_some(bytes);
        self
    }

    /// Called with every line at level ERROR, on the thread that logs it: it must neither block nor
    /// log. Default: nothing.
    pub fn on_error(mut self, call: impl Fn(&ErrorLine<'_>) + Send + Sync + 'static) -> Self {
        self.on_error = Some(OnError(Box::new(call)));
        self
    }

    /// The file's name in the folder. Default `<service>.log`.
    pub fn file_name(mut self, name: impl Into<String>) -> Self {
        self.file_name = Some(name.into());
        self
    }

    /// When the file is rotated and what is kept. Default [`Rotation::default`]: bounded in every way.
    pub fn rotation(mut self, rotation: Rotation) -> Self {
        self.rotation = rotation;
        self
    }

    /// Lines go into the capture, as they are logged, instead of stdout.
    pub fn capture(self, capture: &Capture) -> Self {
        self.writer(capture.clone())
    }

    /// Lines go into this writer instead of stdout and file: one `write_all` a line, on the logging
    /// thread and under a lock: the writer must not log. For tests and special stores.
    pub fn writer(mut self, writer: impl io::Write + Send + 'static) -> Self {
        self.writer = Some(Box::new(writer));
        self
    }

    /// Lines go to a daemon of the system, from a thread of its own, instead of stdout, and into the file if there is one.
    /// One that cannot be reached is a warning on stderr: lines go to stdout as well then, and it is tried again with each
    /// of them. What it does not take is counted as `daemon_error`.
    pub fn daemon(mut self, daemon: Option<LogDaemon>) -> Self {
        self.daemon = daemon;
        self
    }

    /// What happens to a line that finds the buffer full. Default [`Overflow::DropNewest`].
    pub fn overflow(mut self, overflow: Overflow) -> Self {
        self.overflow = overflow;
        self
    }

    /// Bytes of lines waiting for the flusher at most (it holds as many again while it writes).
    /// Default 4 MiB.
    pub fn buffer_bytes(mut self, bytes: usize) -> Self {
        self.buffer_bytes = bytes;
        self
    }

    /// How long a line may wait for others before it is written. Default 50 ms. An
    /// ERROR is written before whoever logs it goes on, so that a process that ends at once has said why;
    /// more than 200 of them a second, or an output that hangs, hold nobody up.
    pub fn flush_interval(mut self, interval: Duration) -> Self {
        self.linger = interval;
        self
    }

    /// How long dropping the guard waits for the last lines. Default 5 s.
    pub fn shutdown_timeout(mut self, timeout: Duration) -> Self {
        self.shutdown = timeout;
        self
    }

    /// Longest line with its newline, 1 KiB to 1 MiB. Default 16383: container runtimes split at 16 KiB.
    /// What does not fit is cut and the line says `"truncated":true`.
    pub fn max_line_bytes(mut self, bytes: usize) -> Self {
        self.max_line = bytes;
        self
    }

    /// Longest single value. Default half the line.
    pub fn max_value_bytes(mut self, bytes: usize) -> Self {
        self.max_value = Some(bytes);
        self
    }

    /// Redacts one more key. [`DEFAULT_REDACTED_KEYS`] says how names match.
    pub fn redact_key(mut self, key: impl Into<String>) -> Self {
        self.redacted.push(key.into());
        self
    }

    /// Takes a key off the redaction list.
    pub fn allow_key(mut self, key: impl Into<String>) -> Self {
        self.allowed.push(key.into());
        self
    }

    /// Redacts what matches in any text value; [`patterns`](crate::patterns) has ready ones. Byte-wise
    /// regular expressions without look-around; linear in the text, but every text is looked at.
    pub fn redact_pattern(mut self, pattern: impl Into<String>) -> Self {
        self.patterns.push(pattern.into());
        self
    }

    /// At most `burst` lines at once from one callsite, then `burst` per `period` evenly. The next line
    /// that passes says how many were `suppressed`. Default: no limit.
    pub fn rate_limit(mut self, burst: u32, period: Duration) -> Self {
        self.rate = Some(Rate {
            burst,
            interval: period.checked_div(burst).unwrap_or_default(),
        });
        self
    }

    /// Adds a backtrace to exceptions and panics. Default no: taking one costs tens of microseconds.
    pub fn backtrace(mut self, on: bool) -> Self {
        self.backtrace = on;
        self
    }

    /// Whether `install` sets a panic hook that logs, flushes and counts, then runs the one before; in place
    /// of the standard library's it writes the panic to standard error as one line of the log.
    /// Default yes.
    pub fn panic_hook(mut self, on: bool) -> Self {
        self.panic_hook = on;
        self
    }

    /// Whether `install` takes records of the `log` crate in. Default yes.
    pub fn bridge_log(mut self, on: bool) -> Self {
        self.bridge_log = on;
        self
    }

    /// Installs another layer beside this one, as for OpenTelemetry or Sentry; this log's level filters
    /// for it too. Of use to `install` alone. Default: none.
    pub fn layer(mut self, layer: impl Layer<Registry> + Send + Sync + 'static) -> Self {
        self.layers.0.push(layer.boxed());
        self
    }

    /// Checks everything.
    ///
    /// # Errors
    ///
    /// Every setting that is wrong, all at once.
    pub fn build(mut self) -> Result<Logging, LoggingError> {
        let mut errors = Vec::new();
        let refuse = |ok: bool, setting: &'static str, problem: &str| {
            (!ok).then(|| LoggingError::Setting {
                setting,
                problem: problem.to_owned(),
            })
        };
        errors.extend(refuse(
            (1024..=1 << 20).contains(&self.max_line),
            "max_line_bytes",
            "must be between 1024 and 1048576",
        ));
        errors.extend(refuse(
            self.daemon.is_none() || self.max_line <= daemon::LONGEST,
            "max_line_bytes",
            "must not be more than 60000 with a daemon, for which a line is a datagram",
        ));
        errors.extend(refuse(
            self.max_value.is_none_or(|v| v >= 16),
            "max_value_bytes",
            "must be 16 at least",
        ));
        errors.extend(refuse(
            self.buffer_bytes >= self.max_line,
            "buffer_bytes",
            "must hold one line at least",
        ));
        errors.extend(refuse(
            !self.linger.is_zero(),
            "flush_interval",
            "must not be zero",
        ));
        errors.extend(refuse(
            self.rate
                .is_none_or(|r| r.burst > 0 && !r.interval.is_zero()),
            "rate_limit",
            "needs a burst and a period above zero",
        ));
        errors.extend(refuse(
            (-1439..=1439).contains(&self.offset_minutes),
            "utc_offset_minutes",
            "must be less than a day",
        ));
        errors.extend(refuse(
            self.file_name
                .as_ref()
                .is_none_or(|name| is_file_name(name)),
            "file_name",
            "must be a plain file name",
        ));
        errors.extend(refuse(
            self.rotation.max_bytes.is_none_or(|n| n >= 1024),
            "rotation",
            "must allow files of 1024 bytes at least",
        ));
        let directives = Directives::parse(&self.level)
            .map_err(|e| errors.push(e))
            .ok();
        let redactor = Redactor::new(
            std::mem::take(&mut self.redacted),
            &self.allowed,
            &self.patterns,
        )
        .map_err(|e| errors.extend(e))
        .ok();
        let (Some(directives), Some(redactor), true) = (directives, redactor, errors.is_empty())
        else {
            return Err(match errors.len() {
                1 => errors.remove(0),
                _ => LoggingError::Several(errors),
            });
        };
        let to_stdout = self
            .stdout
            .unwrap_or(self.writer.is_none() && self.daemon.is_none());
        let ansi = self.ansi.unwrap_or_else(|| {
            to_stdout && self.dir.is_none() && io::IsTerminal::is_terminal(&io::stdout())
        });
        let scheme = Scheme::new(Parts {
            preset: self.preset,
            layout: match self.format {
                Format::Json => Layout::Json,
                Format::Pretty => Layout::Pretty { ansi },
            },
            redactor,
            service: &self.service,
            environment: &self.environment,
            offset_minutes: self.offset_minutes,
            gcp_project: self.gcp_project.as_deref(),
        });
        let limits = Limits {
            line: self.max_line,
            value: self.max_value.unwrap_or(self.max_line / 2),
            rate: self.rate,
            backtrace: self.backtrace,
            offset_seconds: i64::from(self.offset_minutes) * 60,
        };
        Logging::new(self, scheme, limits, Filter::new(directives))
    }
}

fn is_file_name(name: &str) -> bool {
    !name.is_empty() && name != "." && name != ".." && !name.contains(['/', '\\', '\0'])
}
