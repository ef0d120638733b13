//! A service whose tests start it in their own process.

use axum::{Router, routing::get};
use tokio::net::TcpListener;

/// A started service and where it listens.
pub struct Service {
    /// A port that was free.
    pub port: u16,
}

/// Starts it on any free port of the loopback interface.
pub async fn start(name: &str) -> Service {
    let own = name.to_owned();
    let app = Router::new().route("/name", get(move || async move { own }));
    let listener = TcpListener::bind("127.0.0.1:0").await;
    let listener = listener.expect("a free port of the loopback interface");
    let port = listener.local_addr().expect("a bound address").port();
    tokio::spawn(async move { axum::serve(listener, app).await });
    Service { port }
}
