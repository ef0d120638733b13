//! What can be wrong with a logging set-up.

use std::io;

/// Why logging could not be built, installed or changed.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum LoggingError {
    /// The level text is neither a level nor a filter.
    #[error(
        "unknown level `{given}`: use trace, debug, info, warn, error or off, or directives such as `info,my_crate::db=debug`"
    )]
    Level {
        /// The part that was not understood.
        given: String,
    },
    /// The filter text has the right shape but does not parse.
    #[error("level filter `{given}` does not parse")]
    Filter {
        /// The whole filter.
        given: String,
        /// What the parser said.
        #[source]
        source: tracing_subscriber::filter::ParseError,
    },
    /// The format text is unknown.
    #[error("unknown log format `{given}`: use json or pretty")]
    Format {
        /// What was given.
        given: String,
    },
    /// The preset text is unknown.
    #[error("unknown log preset `{given}`: use bongsu, ecs, otel, gcp or datadog")]
    Preset {
        /// What was given.
        given: String,
    },
    /// The daemon's text is unknown.
    #[error(
        "unknown log daemon `{given}`: use journald, syslog, either with `:/path/of/its/socket`, syslog:host:port, or syslog-tcp:host:port"
    )]
    Daemon {
        /// What was given.
        given: String,
    },
    /// A redaction pattern does not compile, or would compile to something huge.
    #[error("redaction pattern `{pattern}` is not usable")]
    Pattern {
        /// The pattern.
        pattern: String,
        /// What the compiler said.
        #[source]
        source: Box<dyn std::error::Error + Send + Sync>,
    },
    /// A setting is out of its range.
    #[error("{setting} {problem}")]
    Setting {
        /// The setter's name.
        setting: &'static str,
        /// What is wrong with the value.
        problem: String,
    },
    /// Another subscriber is the process's default already.
    #[error("a tracing subscriber is installed already")]
    AlreadyInstalled,
    /// The flusher thread could not be started.
    #[error("cannot start the log flusher thread")]
    Thread(#[source] io::Error),
    /// Several settings are wrong; all of them are listed.
    #[error("{}", join(.0))]
    Several(Vec<LoggingError>),
}

fn join(errors: &[LoggingError]) -> String {
    let texts: Vec<String> = errors.iter().map(ToString::to_string).collect();
    texts.join("; ")
}
