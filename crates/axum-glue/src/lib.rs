//! bongsu for axum: the request middleware, the operations endpoints, an orderly end.
//!
//! ```no_run
//! use axum::{Router, routing::get};
//! use bongsu_axum_glue::{MonitorLayer, ServeOptions, serve};
//!
//! # async fn run() -> Result<(), Box<dyn std::error::Error>> {
//! let app: Router = Router::new()
//!     .route("/", get(|| async { "hello" }))
//!     .layer(MonitorLayer::new());
//! let listener = tokio::net::TcpListener::bind("127.0.0.1:8000").await?;
//! let stop = async { let _ = tokio::signal::ctrl_c().await; };
//! serve(vec![(listener, app)], ServeOptions::default(), stop, || {}).await;
//! # Ok(()) }
//! ```
//!
//! [`admin_router`] lets an operator in, under an [`OpsPolicy`]; what it does comes through
//! [`bongsu_ops::Operator`].
//!
//! | feature | adds |
//! |---|---|
//! | `console` | [`console_router`]: `/console`, the ops console |
//! | `health` | [`health_router`]: `/health`, `/ready`, `/liveness`, `/startup` |
//! | `metrics` | [`metrics_router`]: `/metrics`; `MonitorLayer::metrics` |
//! | `tls` | [`Tls`]: TLS on a listener, with a certificate that may change |
//! | `logging` | the request's log context in [`MonitorLayer`] |

#![cfg_attr(docsrs, feature(doc_cfg))]

mod ids;
pub mod monitor;
mod operations;
mod policy;
mod proxies;
mod request_id;
pub mod routes;
mod serve;
mod trace_context;

pub use bongsu_trace::{Propagation, Sampler, SamplerError, TraceParent};
#[cfg(feature = "metrics")]
pub use routes::metrics_router;
#[cfg(feature = "console")]
pub use routes::{ConsoleOptions, ConsolePublisher, console_router};
#[cfg(feature = "health")]
pub use routes::{DetailPolicy, health_router};
#[cfg(feature = "tls")]
pub use serve::{Tls, TlsError};
pub use {
    ids::NotMonitored,
    monitor::{AccessLog, Failure, MonitorLayer, PanicEvent, RequestEnd},
    operations::{Marked, Operations},
    policy::{OpsPolicy, Refusal},
    proxies::TrustedProxies,
    request_id::{RequestId, X_REQUEST_ID},
    routes::{admin_router, paths_clash, route_paths},
    serve::{
        Descriptors, Listener, Peer, ServeEnd, ServeOptions, TooFewDescriptors, serve, serve_until,
    },
    trace_context::{TRACEPARENT, TraceContext},
};
