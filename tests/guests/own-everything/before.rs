//! A service that keeps its own log, panic hook, Ctrl-C, metrics recorder, health and fallback.

use std::panic;

use axum::{Json, Router, http::StatusCode, routing::get};
use metrics_exporter_prometheus::PrometheusBuilder;
use serde_json::json;
use tokio::net::TcpListener;
use tracing_subscriber::{
    EnvFilter, Layer as _, layer::SubscriberExt as _, util::SubscriberInitExt as _,
};

#[tokio::main]
async fn main() -> std::io::Result<()> {
    let own = PrometheusBuilder::new().build_recorder();
    let page = own.handle();
    metrics::set_global_recorder(own).expect("this is the first recorder");
    panic::set_hook(Box::new(|info| eprintln!("own hook: {info}")));
    tokio::spawn(async {
        let heard = tokio::signal::ctrl_c().await;
        eprintln!("own handler: {heard:?}");
    });

    let human = tracing_subscriber::fmt::layer().with_writer(std::io::stderr);
    tracing_subscriber::registry()
        .with(human.with_filter(EnvFilter::new("info")))
        .init();

    let app = Router::new()
        .route("/health", get(|| async { Json(json!({ "own": true })) }))
        .route("/metrics", get(move || async move { page.render() }))
        .route(
            "/orders",
            get(|| async {
                metrics::counter!("own_orders_total").increment(1);
                tracing::info!("an order was looked at");
                "none"
            }),
        )
        .route(
            "/panic",
            get(async || -> &'static str { panic!("on purpose") }),
        )
        .fallback(|| async { (StatusCode::NOT_FOUND, "own 404") });
    let listener = TcpListener::bind("0.0.0.0:8000").await?;
    axum::serve(listener, app).await
}
