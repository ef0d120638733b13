use std::{error::Error as StdError, process::ExitCode};

use crate::config::ConfigError;

/// Why the monitoring, or the service under it, could not start.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// The configuration is wrong; all problems at once.
    #[error(transparent)]
    Config(#[from] ConfigError),
    /// An address or a socket cannot be listened on.
    #[error("cannot listen on {address}{}", hint(source))]
    Bind {
        /// The address, or the socket as `BONGSU_BIND` has it.
        address: String,
        /// What the system said.
        #[source]
        source: std::io::Error,
    },
    /// The service has a route that the operations have too.
    #[error(
        "{path} is a route of the service already: take it out, set METRICS_PORT, which gives the operations a \
         port of their own, or leave it to the service with Builder::own_routes()"
    )]
    Route {
        /// The route.
        path: String,
    },
    /// A part refused its settings.
    #[error("cannot set up {part}")]
    Setup {
        /// Which part: logging, metrics, health, resources, alerts or reports.
        part: &'static str,
        /// Why.
        #[source]
        source: Box<dyn StdError + Send + Sync>,
    },
    /// There is no report: no `DATABASE_URL`, or no figures.
    #[error("no report")]
    Report(#[source] Box<dyn StdError + Send + Sync>),
    /// The service's own failure, passed through [`Error::service`].
    #[error(transparent)]
    Service(Box<dyn StdError + Send + Sync>),
}

impl From<bongsu_setup::Error> for Error {
    fn from(error: bongsu_setup::Error) -> Self {
        match error {
            bongsu_setup::Error::Config(error) => Self::Config(error),
            bongsu_setup::Error::Bind { address, source } => Self::Bind { address, source },
            bongsu_setup::Error::Part { part, source } => Self::Setup { part, source },
            other => Self::Service(other.into()),
        }
    }
}

fn hint(error: &std::io::Error) -> &'static str {
    match error.kind() {
        std::io::ErrorKind::AddrInUse => "; is another process using it?",
        _ => "",
    }
}

impl Error {
    /// Wraps a failure of the service itself, so that `main` can report both alike.
    pub fn service(error: impl Into<Box<dyn StdError + Send + Sync>>) -> Self {
        Self::Service(error.into())
    }

    #[allow(dead_code, reason = "which parts exist depends on the features")]
    pub(crate) fn setup(
        part: &'static str,
        source: impl Into<Box<dyn StdError + Send + Sync>>,
    ) -> Self {
        Self::Setup {
            part,
            source: source.into(),
        }
    }

    /// The error and its causes on one line, separated by colons.
    #[must_use]
    pub fn chain(&self) -> String {
        bongsu_text::chain(self)
    }
}

/// The exit code of a service's `main`; a failure is printed on standard error.
///
/// 0 after a clean end, 2 when the configuration is wrong or a route is taken, 1 for everything else.
///
/// ```no_run
/// # async fn run() -> Result<(), bongsu::Error> { Ok(()) }
/// #[tokio::main]
/// async fn main() -> std::process::ExitCode {
///     bongsu::exit_code(run().await)
/// }
/// ```
#[expect(
    clippy::print_stderr,
    reason = "the log may not be up when this is needed"
)]
pub fn exit_code(result: Result<(), Error>) -> ExitCode {
    match result {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("error: {}", error.chain());
            let corrected = matches!(error, Error::Config(_) | Error::Route { .. });
            ExitCode::from(if corrected { 2 } else { 1 })
        }
    }
}
