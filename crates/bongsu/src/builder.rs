use std::{future::Future, pin::Pin, sync::Arc};

use crate::{
    Bongsu, Config, Error,
    handle::Inner,
    parts::{self, Settings},
    tasks::Tasks,
};

/// Adds what a configuration cannot say: the version, checks, channels, rules, and whatever a part's
/// own builder can do.
///
/// ```no_run
/// use bongsu::{Bongsu, Config, health::{Check, CheckOutput, DependencyType}};
///
/// # async fn run() -> Result<(), bongsu::Error> {
/// let broker = Check::new("broker", DependencyType::ExternalApi, || async {
///     Ok(CheckOutput::ok())
/// });
/// let bongsu = Bongsu::builder(Config::from_env()?)
///     .version(env!("CARGO_PKG_VERSION"))
///     .check(broker)
///     .start()
///     .await?;
/// # Ok(()) }
/// ```
#[derive(Debug)]
#[must_use = "call start()"]
pub struct Builder {
    pub(crate) config: Config,
    pub(crate) settings: Settings,
}

impl Builder {
    pub(crate) fn new(config: Config) -> Self {
        Self {
            config,
            settings: Settings::default(),
        }
    }

    /// The service's own version, shown in `/health` and `service_info`. Default: `unknown`.
    pub fn version(mut self, version: impl Into<String>) -> Self {
        self.config.service.version = version.into();
        self
    }

    /// Builds every part, installs the log and the metrics recorder, and starts what runs in
    /// the background.
    ///
    /// A process may start more than once, tests in parallel say: each start has its own handle. What
    /// a process has once, the log and the recorder of the `metrics` macros, is the first start's and
    /// shared. Each start needs a `BONGSU_DATA_DIR` of its own.
    ///
    /// # Errors
    ///
    /// When a part refuses its settings; nothing is left running then.
    pub async fn start(self) -> Result<Bongsu, Error> {
        // What is borrowed inside stays out of the caller's future: beside an async closure the compiler cannot
        // tell that such a one may be sent to another thread.
        let started: Pin<Box<dyn Future<Output = _> + Send>> = Box::pin(self.begin());
        started.await
    }

    async fn begin(self) -> Result<Bongsu, Error> {
        let tasks = Tasks::default();
        match parts::start(self.config, self.settings, &tasks).await {
            Ok((config, parts, ends)) => {
                Ok(Bongsu(Arc::new(Inner::new(config, parts, ends, tasks))))
            }
            Err(error) => {
                tasks.stop().await;
                Err(error)
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use crate::{Bongsu, Builder, Config, Error};

    fn sent<T: Send>(_: T) {}

    #[test]
    fn a_start_may_be_spawned() {
        let _ = |builder: Builder| sent(builder.start());
    }

    #[test]
    fn a_start_may_be_spawned_beside_an_async_closure() {
        async fn whole(config: Config) -> Result<usize, Error> {
            let bongsu = Bongsu::builder(config).start().await?;
            let looked = async |path: &str| path.len() + bongsu.config().service.name.len();
            let length = looked("/ready").await;
            bongsu.shutdown().await;
            Ok(length)
        }
        let _ = |config: Config| sent(whole(config));
        let _ = |builder: Builder| {
            sent(async move {
                let get = async |path: &'static str| path.len();
                let bongsu = builder.start().await?;
                get("/ready").await;
                bongsu.shutdown().await;
                Ok::<_, Error>(get("/metrics").await)
            });
        };
        let _ = |builders: Vec<Builder>| {
            sent(async move {
                let start = async |builder: Builder| builder.start().await;
                for builder in builders {
                    start(builder).await?.shutdown().await;
                }
                Ok::<_, Error>(())
            });
        };
    }

    #[cfg(feature = "axum")]
    #[test]
    fn serving_may_be_spawned_beside_an_async_closure() {
        let _ = |bongsu: Bongsu, app: axum::Router| {
            sent(async move {
                let serve = async |app: axum::Router| bongsu.serve_until(app, async {}).await;
                serve(app.clone()).await?;
                bongsu.serve(app).await
            });
        };
    }
}
