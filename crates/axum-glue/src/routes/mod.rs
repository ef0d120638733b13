//! The operations endpoints as routers.

mod admin;
#[cfg(feature = "console")]
mod console;
#[cfg(feature = "health")]
mod health;
#[cfg(feature = "metrics")]
mod metrics;
mod origin;
mod paths;

pub use admin::admin_router;
#[cfg(feature = "console")]
pub use console::{ConsoleOptions, ConsolePublisher, console_router};
#[cfg(feature = "health")]
pub use health::{DetailPolicy, health_router};
#[cfg(feature = "metrics")]
pub use metrics::metrics_router;
pub use paths::{paths_clash, route_paths};

use axum::{
    Json,
    response::{IntoResponse, Response},
};

use crate::Refusal;

impl IntoResponse for Refusal {
    fn into_response(self) -> Response {
        (
            self.status,
            Json(serde_json::json!({ "error": self.reason })),
        )
            .into_response()
    }
}
