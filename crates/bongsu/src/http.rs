//! The service's HTTP side: what is mounted where, and the orderly end.

use std::{future::Future, net::SocketAddr, sync::Arc};

use axum::Router;
use bongsu_axum_glue::{MonitorLayer, OpsPolicy, ServeOptions, serve};
use tokio::net::TcpListener;

use crate::{Bongsu, Error, stop::stop_signal};

impl Bongsu {
    /// `app` with the request middleware around it and, unless `METRICS_PORT` gives them a port
    /// of their own, with `/health`, `/ready`, `/liveness`, `/startup`, `/metrics`, `/admin` and
    /// `/console` beside its routes.
    ///
    /// For services that serve themselves; [`Bongsu::serve`] does this too.
    pub fn wrap(&self, app: Router) -> Router {
        let app = match self.config().http.ops_port {
            None => app.merge(self.ops_router()),
            Some(_) => app,
        };
        app.layer(self.layer())
    }

    /// The operations endpoints alone: health, metrics, and the console and
    /// [`/admin`](bongsu_axum_glue::admin_router) for those with the token, or without one for the
    /// machine itself.
    pub fn ops_router(&self) -> Router {
        let router = Router::new();
        let token = self.0.parts.http.ops_token.clone();
        #[cfg(feature = "health")]
        let router = router.merge(bongsu_axum_glue::health_router(
            self.health().clone(),
            self.detail_policy(token.as_ref()),
        ));
        #[cfg(feature = "metrics")]
        let router = if self.config().http.metrics {
            let policy = token.clone().unwrap_or_default();
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
        let admin = Arc::new(crate::bridge::admin::Admin(self.clone()));
        let policy = token.unwrap_or_else(OpsPolicy::loopback);
        router.merge(bongsu_axum_glue::admin_router(admin, policy))
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
    /// finish, and flushes alerts and logs.
    ///
    /// # Errors
    ///
    /// When an address cannot be listened on.
    pub async fn serve(&self, app: Router) -> Result<(), Error> {
        self.serve_until(app, stop_signal()).await
    }

    /// [`Bongsu::serve`] with an end of the caller's choice.
    ///
    /// # Errors
    ///
    /// When an address cannot be listened on.
    pub async fn serve_until(
        &self,
        app: Router,
        stop: impl Future<Output = ()>,
    ) -> Result<(), Error> {
        let http = &self.config().http;
        let served = async {
            let mut listeners = vec![(listen(http.bind).await?, self.wrap(app))];
            if let Some(port) = http.ops_port {
                let address = SocketAddr::new(http.bind.ip(), port);
                let ops = self.ops_router().layer(self.layer());
                listeners.push((listen(address).await?, ops));
            }
            tracing::info!(address = %http.bind, "listening");
            let mut options = ServeOptions::default();
            options.drain = http.drain;
            options.grace = http.grace;
            let end = serve(listeners, options, stop, || self.begin_drain()).await;
            if end.aborted > 0 {
                tracing::warn!(connections = end.aborted, "cut off after the grace period");
            }
            Ok(())
        };
        let result = served.await;
        self.shutdown().await;
        result
    }

    fn begin_drain(&self) {
        tracing::info!("stopping: readiness says no");
        #[cfg(feature = "health")]
        self.health().drain();
        #[cfg(feature = "console")]
        if let Some(console) = &self.0.parts.console {
            console.end_live_pages();
        }
    }

    #[cfg(feature = "health")]
    fn detail_policy(&self, token: Option<&OpsPolicy>) -> bongsu_axum_glue::DetailPolicy {
        use bongsu_axum_glue::DetailPolicy;

        use crate::config::HealthDetail;
        match self.config().http.health_detail {
            HealthDetail::Always => DetailPolicy::Always,
            HealthDetail::Never => DetailPolicy::Never,
            HealthDetail::Loopback => DetailPolicy::Only(OpsPolicy::loopback()),
            HealthDetail::Token => token
                .cloned()
                .map_or(DetailPolicy::Never, DetailPolicy::Only),
        }
    }
}

async fn listen(address: SocketAddr) -> Result<TcpListener, Error> {
    let listener = TcpListener::bind(address).await;
    listener.map_err(|source| Error::Bind { address, source })
}
