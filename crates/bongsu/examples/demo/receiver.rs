//! Where the alerts go: a receiver that refuses the first two attempts at each disk alert.

use std::sync::{Arc, Mutex, PoisonError};

use axum::{Json, Router, extract::State, http::StatusCode, routing::post};
use serde_json::Value;
use tokio::{net::TcpListener, sync::mpsc};

use crate::Failure;

/// Attempts at a disk alert that are answered with 503.
const FAILED_ATTEMPTS: usize = 2;

#[derive(Clone, Debug)]
pub struct Delivery {
    /// The idempotency key, the same on every attempt.
    pub id: String,
    pub accepted: bool,
    pub body: Value,
}

#[derive(Clone)]
pub struct Receiver {
    pub port: u16,
    state: Arc<Mutex<Received>>,
}

#[derive(Default)]
struct Received {
    webhook: Vec<Delivery>,
    slack: Vec<Value>,
    arrivals: Option<mpsc::UnboundedSender<Value>>,
}

impl Receiver {
    /// Listens on a free port of the loopback interface; `arrivals` gets each accepted alert.
    pub async fn start(arrivals: mpsc::UnboundedSender<Value>) -> Result<Self, Failure> {
        let listener = TcpListener::bind("127.0.0.1:0")
            .await
            .map_err(Failure::from_error)?;
        let receiver = Self {
            port: listener.local_addr().map_err(Failure::from_error)?.port(),
            state: Arc::new(Mutex::new(Received {
                arrivals: Some(arrivals),
                ..Received::default()
            })),
        };
        let app = Router::new()
            .route("/webhook", post(webhook))
            .route("/slack", post(slack))
            .with_state(receiver.clone());
        tokio::task::spawn(async move { axum::serve(listener, app).await });
        Ok(receiver)
    }

    /// Every attempt on the webhook, in order.
    pub fn webhook(&self) -> Vec<Delivery> {
        self.lock().webhook.clone()
    }

    /// Every message to Slack.
    pub fn slack(&self) -> Vec<Value> {
        self.lock().slack.clone()
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, Received> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

async fn webhook(State(receiver): State<Receiver>, Json(body): Json<Value>) -> StatusCode {
    let text = |name: &str| body[name].as_str().unwrap_or_default().to_owned();
    let (id, disk) = (text("id"), text("title").contains("DISK"));
    let mut state = receiver.lock();
    let attempts = state
        .webhook
        .iter()
        .filter(|earlier| earlier.id == id)
        .count();
    let accepted = !disk || attempts >= FAILED_ATTEMPTS;
    state.webhook.push(Delivery {
        id,
        accepted,
        body: body.clone(),
    });
    if !accepted {
        return StatusCode::SERVICE_UNAVAILABLE;
    }
    if let Some(arrivals) = &state.arrivals {
        let _ = arrivals.send(body);
    }
    StatusCode::OK
}

async fn slack(State(receiver): State<Receiver>, Json(body): Json<Value>) -> &'static str {
    receiver.lock().slack.push(body);
    "ok"
}
