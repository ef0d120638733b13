//! What the workspace's tests share: a webhook receiver and patience.
#![expect(
    clippy::disallowed_methods,
    clippy::expect_used,
    clippy::unwrap_used,
    reason = "a library for tests, which fail by panicking"
)]

mod browser;

use std::{
    future::Future,
    sync::{Arc, Mutex},
    time::Duration,
};

use axum::{Json, Router, extract::State, routing::post};
use serde_json::Value;
use tokio::time::{Instant, sleep};

pub use browser::Browser;

/// How long anything that happens in the background may take.
pub const PATIENCE: Duration = Duration::from_secs(60);

/// Takes every webhook and keeps it.
#[derive(Clone, Debug, Default)]
pub struct Receiver(Arc<Mutex<Vec<Value>>>);

impl Receiver {
    /// Listens on a free port; gives the receiver and its URL.
    ///
    /// # Panics
    ///
    /// When no port can be had.
    pub async fn start() -> (Self, String) {
        let receiver = Self::default();
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("http://{}/hook", listener.local_addr().unwrap());
        let app = Router::new()
            .route("/hook", post(keep))
            .with_state(receiver.clone());
        tokio::spawn(async move { axum::serve(listener, app).await });
        (receiver, url)
    }

    /// Everything received so far.
    ///
    /// # Panics
    ///
    /// When a handler panicked.
    #[must_use]
    pub fn received(&self) -> Vec<Value> {
        self.0.lock().unwrap().clone()
    }
}

async fn keep(State(receiver): State<Receiver>, Json(body): Json<Value>) {
    receiver.0.lock().unwrap().push(body);
}

/// Looks again and again until something is there.
///
/// # Panics
///
/// After [`PATIENCE`].
pub async fn eventually<T, F: Future<Output = Option<T>>>(
    what: &str,
    mut look: impl FnMut() -> F,
) -> T {
    let deadline = Instant::now() + PATIENCE;
    loop {
        if let Some(found) = look().await {
            return found;
        }
        assert!(
            Instant::now() < deadline,
            "not seen within {PATIENCE:?}: {what}"
        );
        sleep(Duration::from_millis(20)).await;
    }
}
