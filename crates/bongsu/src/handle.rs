use std::{
    future::Future,
    sync::{Arc, Mutex, PoisonError},
};

use crate::{
    Builder, Config, Error, StopToken,
    parts::{self, Ends, Parts},
    tasks::Tasks,
};

/// The one handle of a monitored service; cheap to clone.
#[derive(Clone, Debug)]
pub struct Bongsu(pub(crate) Arc<Inner>);

#[derive(Debug)]
pub(crate) struct Inner {
    pub(crate) config: Config,
    pub(crate) parts: Parts,
    ends: Mutex<Option<Ends>>,
    pub(crate) tasks: Tasks,
}

impl Inner {
    pub(crate) fn new(config: Config, parts: Parts, ends: Ends, tasks: Tasks) -> Self {
        Self {
            config,
            parts,
            ends: Mutex::new(Some(ends)),
            tasks,
        }
    }
}

impl Bongsu {
    /// Everything from the environment: the common case.
    ///
    /// # Errors
    ///
    /// Every problem of the configuration at once, or the part that could not be set up.
    pub async fn from_env() -> Result<Self, Error> {
        Self::builder(Config::from_env()?).start().await
    }

    /// Starts from a configuration, to add checks, channels and rules.
    pub fn builder(config: Config) -> Builder {
        Builder::new(config)
    }

    /// The configuration as it was resolved.
    #[must_use]
    pub fn config(&self) -> &Config {
        &self.0.config
    }

    /// Runs a background task of the service. It is handed the token that says when the service is to
    /// end, and then has the grace period (`BONGSU_GRACE_SECONDS`) to end by itself; what is still
    /// running after that is cut off. A panic in it is logged under `name`. Spawned by a handler, it keeps
    /// the request's ids on its lines and on the calls that it makes.
    ///
    /// ```no_run
    /// # async fn next_order() {}
    /// # async fn run(bongsu: &bongsu::Bongsu) {
    /// bongsu.spawn("orders", |stop| async move {
    ///     while !stop.is_stopped() {
    ///         next_order().await; // is not cut off half-way
    ///     }
    /// });
    /// // Work that may be dropped at any time:
    /// bongsu.spawn("quotes", |stop| async move {
    ///     stop.until_stopped(async { /* for ever */ }).await;
    /// });
    /// # }
    /// ```
    pub fn spawn<F>(&self, name: &'static str, task: impl FnOnce(StopToken) -> F)
    where
        F: Future<Output = ()> + Send + 'static,
    {
        let tasks = &self.0.tasks;
        let work = task(tasks.stop_token());
        #[cfg(feature = "logging")]
        let work = bongsu_logging::in_current_context(work);
        tasks.work(name, work);
    }

    /// Says when the service is to end, for work that is not under [`spawn`](Self::spawn).
    #[must_use]
    pub fn stop_token(&self) -> StopToken {
        self.0.tasks.stop_token()
    }

    /// The orderly end, in the order in which things still need each other: the service's tasks, which
    /// have the grace period, resources, alerts (what is accepted gets its chance to be delivered), the
    /// log last. [`Bongsu::serve`] calls it; calling it twice does nothing.
    pub async fn shutdown(&self) {
        parts::health::drain(&self.0.parts.health);
        let ends = self
            .0
            .ends
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .take();
        let Some(ends) = ends else { return };
        self.0.tasks.ask(self.0.config.http.grace);
        self.0.tasks.stop().await;
        ends.finish().await;
    }
}
