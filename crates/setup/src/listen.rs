//! The sockets that `BONGSU_BIND` and `METRICS_PORT` stand for.

use std::{io, net::SocketAddr};

use bongsu_axum_glue::Listener;
use bongsu_config::{Bind, HttpConfig, env_var};
use tokio::net::{TcpListener, TcpSocket};

use crate::Error;

/// systemd's first descriptor.
const FIRST: i32 = 3;
/// More sockets than any unit has.
const MOST: i32 = 256;

/// The service's own sockets: one, or as many as its unit has.
///
/// # Errors
///
/// [`Error::Bind`] when one cannot be had, [`Error::Part`] when the certificate cannot be read.
pub async fn service(http: &HttpConfig) -> Result<Vec<Listener>, Error> {
    let failed = |source| Error::Bind {
        address: http.bind.to_string(),
        source,
    };
    let passed = passed();
    let listeners = match &http.bind {
        Bind::Address(address) => tcp(*address).map(|listener| vec![listener.into()]),
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
        let tls = tls.map_err(|error| Error::part("TLS", error))?;
        let encrypted = listeners.into_iter();
        return Ok(encrypted.map(|one| one.tls(tls.clone())).collect());
    }
    Ok(listeners)
}

/// How many connections may wait to be accepted, where the system allows as many (`net.core.somaxconn`). Of
/// a burst past tokio's own 128 the rest would wait a second for their client's next try.
const WAITING: u32 = 4_096;

fn tcp(address: SocketAddr) -> io::Result<TcpListener> {
    let socket = match address {
        SocketAddr::V4(_) => TcpSocket::new_v4()?,
        SocketAddr::V6(_) => TcpSocket::new_v6()?,
    };
    // An address that was left a moment ago; elsewhere it would mean one that somebody else still has.
    #[cfg(unix)]
    socket.set_reuseaddr(true)?;
    socket.bind(address)?;
    socket.listen(WAITING)
}

/// The operations', where they have a port of their own.
///
/// # Errors
///
/// [`Error::Bind`] when it cannot be listened on.
pub async fn operations(http: &HttpConfig) -> Result<Option<Listener>, Error> {
    let Some(port) = http.ops_port else {
        return Ok(None);
    };
    let address = SocketAddr::new(http.bind.ip(), port);
    let listener = tcp(address).map_err(|source| Error::Bind {
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

#[cfg(test)]
mod tests {
    use std::{net::TcpStream, time::Duration};

    use super::*;

    #[tokio::test]
    async fn a_burst_of_connections_waits_for_nobody_s_next_try() {
        for address in ["127.0.0.1:0", "[::1]:0"] {
            let listener = tcp(address.parse().unwrap()).unwrap();
            let at = listener.local_addr().unwrap();
            // Nobody accepts: past what may wait, none of them would ever come.
            let connected = tokio::task::spawn_blocking(move || {
                let one = |_| TcpStream::connect_timeout(&at, Duration::from_secs(30));
                (0..500).map(one).collect::<io::Result<Vec<_>>>()
            });
            assert_eq!(connected.await.unwrap().unwrap().len(), 500, "{address}");
        }
    }
}
