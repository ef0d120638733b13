//! A service whose tests start it in their own process.

use axum::{Router, routing::get};
use bongsu::{Bongsu, Config, Error};
use tokio::net::TcpListener;

/// A started service and where it listens.
pub struct Service {
    /// What its tests look at.
    pub bongsu: Bongsu,
    /// A port that was free.
    pub port: u16,
}

/// Starts it on any free port of the loopback interface.
///
/// # Errors
///
/// When it cannot be started.
pub async fn start(name: &str, data: &str) -> Result<Service, Error> {
    let vars = std::collections::BTreeMap::from([
        ("SERVICE_NAME", name.to_owned()),
        ("BONGSU_DATA_DIR", data.to_owned()),
    ]);
    let bongsu = Bongsu::builder(Config::from_vars(&vars)?).start().await?;
    let own = name.to_owned();
    let app = bongsu.wrap(Router::new().route("/name", get(move || async move { own })));
    let listener = TcpListener::bind("127.0.0.1:0").await;
    let listener = listener.expect("a free port of the loopback interface");
    let port = listener.local_addr().expect("a bound address").port();
    tokio::spawn(async move { axum::serve(listener, app).await });
    Ok(Service { bongsu, port })
}
