//! A trading engine under bongsu: what a service looks like when everything is watched.
//!
//! `cargo xtask demo` runs it; by hand:
//! `SERVICE_NAME=trading_engine DATABASE_URL=sqlite:engine.db cargo run -p bongsu --example trading_engine`

#![expect(
    unreachable_pub,
    reason = "modules of a program read better without pub(crate)"
)]

mod book;
mod broker;
mod db;
mod desk;
mod market;

use std::{process::ExitCode, sync::Arc, time::Duration};

use axum::{
    Json, Router,
    extract::{State, rejection::JsonRejection},
    http::StatusCode,
    response::{IntoResponse, Response},
    routing::post,
};
use bongsu::{Bongsu, Config, alerts::templates, log_business_event, log_error};
use desk::{Desk, Fill, Order, TradeError};
use serde_json::json;

#[derive(Clone)]
struct App {
    bongsu: Bongsu,
    desk: Arc<Desk>,
}

#[tokio::main]
async fn main() -> ExitCode {
    bongsu::exit_code(run().await)
}

async fn run() -> Result<(), bongsu::Error> {
    let config = Config::from_env()?;
    let path = config.sqlite_path().unwrap_or_else(|| "engine.db".into());
    // Before anybody looks for it. A failure is met again, and told, by the first query.
    let _told_later = db::create(&path);
    let bongsu = Bongsu::builder(config)
        .version(env!("CARGO_PKG_VERSION"))
        .start()
        .await?;
    let outgoing = bongsu.outgoing();
    let db = db::Db::new(path, bongsu.metrics().clone(), outgoing);
    let desk = Desk::new(
        db,
        broker::Broker::from_env(outgoing),
        outgoing.cache("prices"),
        bongsu.metrics().clone(),
        bongsu.alerts().clone(),
    );

    let market = market_loop(desk.clone());
    bongsu.spawn("market", |stop| async move {
        stop.until_stopped(market).await;
    });
    let app = Router::new()
        .route("/trade", post(trade))
        .route("/market/shock", post(shock))
        .route("/market/resume", post(resume))
        .route("/market/close", post(close))
        .with_state(App {
            bongsu: bongsu.clone(),
            desk,
        });
    bongsu.serve(app).await
}

async fn trade(
    State(app): State<App>,
    order: Result<Json<Order>, JsonRejection>,
) -> Result<Json<Fill>, Response> {
    let metrics = app.bongsu.metrics();
    let Json(order) = order.map_err(|rejection| {
        metrics.record_error("malformed_order", "warning");
        refused(rejection.status(), &rejection.body_text())
    })?;
    match app.desk.execute(&order).await {
        Ok(fill) => {
            metrics.record_trade(
                &fill.symbol,
                fill.side.as_str(),
                "filled",
                fill.amount_krw,
                fill.pnl_krw,
            );
            log_business_event!(
                "trade_executed",
                order_id = fill.order_id,
                symbol = fill.symbol,
                quantity = fill.quantity,
                price = fill.price
            );
            Ok(Json(fill))
        }
        Err(error @ TradeError::Db(_)) => {
            metrics.record_error(error.kind(), "error");
            log_error!(&error, symbol = order.symbol);
            let alert = templates::error("trading_engine", &error).metadata("symbol", order.symbol);
            if let Err(error) = app.bongsu.alerts().send_alert(alert).await {
                log_error!(&error);
            }
            Err(refused(
                StatusCode::SERVICE_UNAVAILABLE,
                "the order could not be stored, try again",
            ))
        }
        Err(error @ TradeError::Broker(_)) => {
            metrics.record_error(error.kind(), "error");
            log_error!(&error, symbol = order.symbol);
            Err(refused(StatusCode::BAD_GATEWAY, &error.to_string()))
        }
        Err(error) => {
            metrics.record_error(error.kind(), "warning");
            // An unknown symbol is the client's text: as a label it would be unbounded.
            let symbol = if matches!(error, TradeError::UnknownSymbol(_)) {
                "unknown"
            } else {
                &order.symbol
            };
            metrics.record_trade(symbol, order.side.as_str(), "rejected", 0, None);
            Err(refused(
                StatusCode::UNPROCESSABLE_ENTITY,
                &error.to_string(),
            ))
        }
    }
}

#[derive(serde::Deserialize)]
struct Shock {
    percent: f64,
}

async fn shock(State(app): State<App>, Json(shock): Json<Shock>) -> Result<StatusCode, Response> {
    app.desk.shock(shock.percent).await.map_err(unavailable)?;
    Ok(StatusCode::NO_CONTENT)
}

async fn resume(State(app): State<App>) -> StatusCode {
    app.desk.resume();
    StatusCode::NO_CONTENT
}

/// Closes the session and makes its report now instead of at 20:10.
async fn close(State(app): State<App>) -> Result<Json<serde_json::Value>, Response> {
    app.desk.close().await.map_err(unavailable)?;
    let report = app
        .bongsu
        .report_now(market::SESSION)
        .await
        .map_err(unavailable)?;
    Ok(Json(
        json!({ "session": market::SESSION.to_string(), "files": report.files }),
    ))
}

async fn market_loop(desk: Arc<Desk>) {
    let mut ticks = tokio::time::interval(Duration::from_secs(1));
    loop {
        ticks.tick().await;
        if let Err(error) = desk.tick().await {
            log_error!(&error);
        }
    }
}

fn refused(status: StatusCode, reason: &str) -> Response {
    (status, Json(json!({ "error": reason }))).into_response()
}

fn unavailable(error: impl std::error::Error + 'static) -> Response {
    log_error!(&error);
    refused(StatusCode::SERVICE_UNAVAILABLE, &error.to_string())
}
