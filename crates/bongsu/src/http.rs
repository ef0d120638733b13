//! The service's HTTP side: what is mounted where, and the orderly end.

use std::{future::Future, net::SocketAddr};

use axum::{Router, body::Body, extract::connect_info::IntoMakeServiceWithConnectInfo};
use bongsu_axum_glue::{
    Descriptors, Listener, MonitorLayer, Peer, ServeOptions, paths_clash, route_paths, serve_until,
};

use crate::{Bongsu, Error, stop::stop_signal};

impl Bongsu {
    /// `app` with the request middleware around it and, unless `METRICS_PORT` gives them a port
    /// of their own, with `/health`, `/ready`, `/liveness`, `/startup`, `/metrics`, `/admin` and
    /// `/console` beside its routes.
    ///
    /// For services that serve themselves; [`Bongsu::serve`] does this too. Without a token, `/admin` and
    /// `/console` are for the machine itself, so that the server has to say who is connected:
    /// [`Bongsu::make_service`] is this with that.
    ///
    /// # Panics
    ///
    /// When `app` has one of these routes itself and [`Builder::own_routes`](crate::Builder::own_routes) was not
    /// called; [`Bongsu::serve`] returns an error then.
    pub fn wrap(&self, app: Router) -> Router {
        if let Some(taken) = self.taken(&app) {
            panic!("{taken}");
        }
        let app = match self.config().http.ops_port {
            // In this order the fallback that remains is the service's, with its own layers around it.
            None => self.ops_beside(&app).merge(app),
            Some(_) => app,
        };
        app.layer(self.layer())
    }

    /// [`Bongsu::wrap`] for `axum::serve` on a TCP listener, with who is connected, which `/admin` and
    /// `/console` ask without a token. How it is served is shown at [`Bongsu::drain`].
    ///
    /// # Panics
    ///
    /// As [`Bongsu::wrap`].
    pub fn make_service(&self, app: Router) -> IntoMakeServiceWithConnectInfo<Router, SocketAddr> {
        self.wrap(app).into_make_service_with_connect_info()
    }

    /// The operations endpoints, but for those that `app` has itself.
    fn ops_beside(&self, app: &Router) -> Router {
        let ops = self.ops_router();
        let (ours, theirs) = (route_paths(&ops), route_paths(app));
        let mine = |path: &&String| !theirs.iter().any(|taken| paths_clash(path, taken));
        if ours.iter().all(|path| mine(&path)) {
            return ops;
        }
        let left = ours.iter().filter(mine);
        left.fold(Router::new(), |router, path| {
            router.route_service(path, ops.clone().into_service::<Body>())
        })
    }

    /// What is wrong with a service that has a route of the operations' itself, if it has and they are to be
    /// beside its own.
    fn taken(&self, app: &Router) -> Option<Error> {
        if self.config().http.ops_port.is_some() || self.0.parts.http.own_routes {
            return None;
        }
        let ours = route_paths(&self.ops_router());
        let mut theirs = route_paths(app).into_iter();
        let path = theirs.find(|taken| ours.iter().any(|path| paths_clash(path, taken)))?;
        Some(Error::Route { path })
    }

    /// The operations endpoints alone: health, metrics, and the console and
    /// [`/admin`](bongsu_axum_glue::admin_router) for those with the token, or without one for the
    /// machine itself.
    pub fn ops_router(&self) -> Router {
        let router = Router::new();
        let http = &self.0.parts.http;
        #[cfg(feature = "health")]
        let router = router.merge(bongsu_axum_glue::health_router(
            self.health().clone(),
            bongsu_setup::http::detail(self.config().http.health_detail, http.ops_token.as_ref()),
        ));
        #[cfg(feature = "metrics")]
        let router = if self.config().http.metrics {
            let policy = http.ops_token.clone().unwrap_or_default();
            router.merge(bongsu_axum_glue::metrics_router(
                self.metrics().clone(),
                policy,
            ))
        } else {
            router
        };
        #[cfg(feature = "console")]
        let router = match &self.0.parts.console {
            Some(console) => router.merge(console.router.clone()),
            None => router,
        };
        let policy = http.operators();
        router.merge(bongsu_axum_glue::admin_router(self.operator(), policy))
    }

    /// The request middleware alone.
    pub fn layer(&self) -> MonitorLayer {
        let http = &self.0.parts.http;
        let layer = http.layer.clone();
        #[cfg(feature = "metrics")]
        let layer = layer.metrics(self.metrics().clone());
        let Some(call) = http.on_panic.clone() else {
            return layer;
        };
        layer.on_panic(move |panic| call(panic))
    }

    /// Serves `app` on `BONGSU_BIND` until SIGTERM or Ctrl-C, then drains, lets open requests
    /// finish, and flushes alerts and logs. A second signal ends the waiting.
    ///
    /// # Errors
    ///
    /// When an address cannot be listened on, or the process may not have as many descriptors as it takes.
    pub async fn serve(&self, app: Router) -> Result<(), Error> {
        self.serve_until(app, stop_signal()).await
    }

    /// [`Bongsu::serve`] with an end of the caller's choice.
    ///
    /// # Errors
    ///
    /// As [`Bongsu::serve`].
    pub async fn serve_until(
        &self,
        app: Router,
        stop: impl Future<Output = ()>,
    ) -> Result<(), Error> {
        let served = match bongsu_setup::http::service(&self.config().http).await {
            Ok(listeners) => self.serve_listeners(listeners, app, stop).await,
            Err(error) => Err(error.into()),
        };
        self.shutdown().await;
        served
    }

    /// [`Bongsu::serve`] on sockets of the caller's own, TCP or Unix, one or several, in place of
    /// `BONGSU_BIND`. `METRICS_PORT` has its own all the same.
    ///
    /// # Errors
    ///
    /// As [`Bongsu::serve`].
    pub async fn serve_on(
        &self,
        listeners: impl IntoIterator<Item = Listener>,
        app: Router,
        stop: impl Future<Output = ()>,
    ) -> Result<(), Error> {
        let listeners = listeners.into_iter().collect();
        let served = self.serve_listeners(listeners, app, stop).await;
        self.shutdown().await;
        served
    }

    /// What is listened on, the operations' port last, with the ports that the system chose where they were left to
    /// it (`BONGSU_BIND=127.0.0.1:0`); waits until it is. Nothing when the service serves itself and never calls
    /// [`Bongsu::serve`]: then this waits for ever.
    ///
    /// ```no_run
    /// # async fn run(bongsu: bongsu::Bongsu, app: axum::Router) {
    /// let serving = bongsu.clone();
    /// let served = tokio::spawn(async move { serving.serve(app).await });
    /// let address = bongsu.listening().await[0].address();
    /// # }
    /// ```
    pub async fn listening(&self) -> Vec<Peer> {
        let mut listening = self.0.parts.http.listening.subscribe();
        let found = listening.wait_for(|all| !all.is_empty()).await;
        // The handle holds the sender.
        found.map(|all| all.clone()).unwrap_or_default()
    }

    async fn serve_listeners(
        &self,
        listeners: Vec<Listener>,
        app: Router,
        stop: impl Future<Output = ()>,
    ) -> Result<(), Error> {
        let http = &self.config().http;
        let ops = bongsu_setup::http::operations(http).await?;
        if let Some(taken) = self.taken(&app) {
            return Err(taken);
        }
        let room = Descriptors::of_process().suffice();
        room.map_err(|error| Error::setup("serve", error))?;
        let mut listening = Vec::new();
        for (listener, what) in listeners
            .iter()
            .map(|listener| (listener, "listening"))
            .chain(
                ops.iter()
                    .map(|listener| (listener, "listening for operations")),
            )
        {
            tracing::info!(address = %listener, "{what}");
            listening.extend(listener.address().ok());
        }
        self.0.parts.http.listening.send_replace(listening);
        let app = self.wrap(app);
        let mut served: Vec<_> = listeners
            .into_iter()
            .map(|listener| (listener, app.clone()))
            .collect();
        served.extend(ops.map(|listener| (listener, self.ops_router().layer(self.layer()))));
        let mut options = ServeOptions::default();
        options.drain = http.drain;
        options.grace = http.grace;
        options.idle_timeout = http.keep_alive;
        let hurry = async {
            stop_signal().await;
            tracing::warn!("asked to stop once more: nothing is waited for");
        };
        let end = serve_until(served, options, stop, hurry, || self.drain()).await;
        if end.aborted > 0 {
            tracing::warn!(connections = end.aborted, "cut off after the grace period");
        }
        Ok(())
    }

    /// Says that the service is about to end: `/ready` answers 503, and the console's live pages end, for which
    /// a server that waits for its connections would wait as long as somebody looks on. [`Bongsu::serve`] calls
    /// it; a service with a server of its own calls it first:
    ///
    /// ```no_run
    /// # async fn run(listener: tokio::net::TcpListener, bongsu: bongsu::Bongsu) -> std::io::Result<()> {
    /// # let app = axum::Router::new();
    /// let stopping = bongsu.clone();
    /// axum::serve(listener, bongsu.make_service(app))
    ///     .with_graceful_shutdown(async move {
    ///         bongsu::stop_signal().await;
    ///         stopping.drain();
    ///     })
    ///     .await?;
    /// bongsu.shutdown().await;
    /// # Ok(()) }
    /// ```
    pub fn drain(&self) {
        tracing::info!("stopping: readiness says no");
        #[cfg(feature = "health")]
        self.health().drain();
        #[cfg(feature = "console")]
        if let Some(console) = &self.0.parts.console {
            console.end_live_pages();
        }
    }
}
