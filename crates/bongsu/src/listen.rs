//! The sockets that `BONGSU_BIND` and `METRICS_PORT` stand for.

use std::{io, net::SocketAddr};

use bongsu_axum_glue::Listener;
use tokio::net::TcpListener;

use crate::{
    Error,
    config::{Bind, HttpConfig, env_var},
};

/// systemd's first descriptor.
const FIRST: i32 = 3;
/// More sockets than any unit has.
const MOST: i32 = 256;

/// The service's own: one, or as many as its unit has.
pub(crate) async fn service(http: &HttpConfig) -> Result<Vec<Listener>, Error> {
    let failed = |source| Error::Bind {
        address: http.bind.to_string(),
        source,
    };
    let passed = passed();
    let listeners = match &http.bind {
        Bind::Address(address) => TcpListener::bind(address)
            .await
            .map(|listener| vec![listener.into()]),
        Bind::Unix(path) => unix(path).map(|listener| vec![listener]),
        Bind::Descriptor(number) => inherited(*number).map(|listener| vec![listener]),
        Bind::Systemd if passed == 0 => Err(io::Error::other(
            "LISTEN_FDS is not set for this process; the unit needs a .socket beside it",
        )),
        Bind::Systemd => (FIRST..FIRST + passed).map(inherited).collect(),
        _ => Err(io::ErrorKind::Unsupported.into()),
    };
    if passed > 0 && !matches!(http.bind, Bind::Systemd | Bind::Descriptor(_)) {
        tracing::warn!(
            sockets = passed,
            "systemd has sockets for this service and nobody serves them; BONGSU_BIND=systemd does"
        );
    }
    let listeners = listeners.map_err(failed)?;
    #[cfg(feature = "tls")]
    if let (Some(certificate), Some(key)) = (&http.tls_certificate, &http.tls_key) {
        let tls = bongsu_axum_glue::Tls::from_files(certificate, key);
        let tls = tls.map_err(|error| Error::setup("TLS", error))?;
        let encrypted = listeners.into_iter();
        return Ok(encrypted.map(|one| one.tls(tls.clone())).collect());
    }
    Ok(listeners)
}

/// The operations', where they have a port of their own.
pub(crate) async fn operations(http: &HttpConfig) -> Result<Option<Listener>, Error> {
    let Some(port) = http.ops_port else {
        return Ok(None);
    };
    let address = SocketAddr::new(http.bind.ip(), port);
    let listener = TcpListener::bind(address).await;
    let listener = listener.map_err(|source| Error::Bind {
        address: address.to_string(),
        source,
    })?;
    Ok(Some(Listener::from(listener).for_operations()))
}

/// How many sockets systemd has passed to this very process.
fn passed() -> i32 {
    let number = |name| env_var(name)?.parse::<i32>().ok();
    let ours = number("LISTEN_PID").and_then(|pid| u32::try_from(pid).ok());
    if ours != Some(std::process::id()) {
        return 0;
    }
    number("LISTEN_FDS").unwrap_or(0).clamp(0, MOST)
}

#[cfg(unix)]
fn unix(path: &std::path::Path) -> io::Result<Listener> {
    Listener::unix(path)
}

#[cfg(unix)]
fn inherited(number: i32) -> io::Result<Listener> {
    Listener::inherited(number)
}

#[cfg(not(unix))]
fn unix(_: &std::path::Path) -> io::Result<Listener> {
    Err(io::ErrorKind::Unsupported.into())
}

#[cfg(not(unix))]
fn inherited(_: i32) -> io::Result<Listener> {
    Err(io::ErrorKind::Unsupported.into())
}
