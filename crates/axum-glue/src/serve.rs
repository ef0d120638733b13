//! Serving with an orderly end: readiness drains first, requests finish, then a hard stop.

use std::{
    convert::Infallible, future::Future, io, net::SocketAddr, pin::pin, sync::Arc, time::Duration,
};

use axum::{Router, body::Body, extract::ConnectInfo};
use http::Request;
use hyper::{body::Incoming, server::conn::http1, service::service_fn};
use hyper_util::rt::{TokioIo, TokioTimer};
use tokio::{
    net::{TcpListener, TcpStream},
    sync::{OwnedSemaphorePermit, Semaphore, watch},
    task::JoinSet,
    time::{Instant, sleep, timeout_at},
};
use tower_service::Service;

/// How [`serve`] ends and what it bounds.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct ServeOptions {
    /// How long to go on serving after the stop was asked for, so that a load balancer sees
    /// `/ready` say 503 and turns away. Default: 5 s.
    pub drain: Duration,
    /// How long open requests may then take to finish. Default: 25 s.
    pub grace: Duration,
    /// How long a client may take to send a request's head. Default: 10 s.
    pub header_timeout: Duration,
    /// Longest head of a request in bytes; a longer one is answered with 431. Default: 64 KiB.
    pub max_head: usize,
    /// Open connections a listener; further ones wait in the kernel's queue. Default: 10,000.
    pub max_connections: usize,
}

impl Default for ServeOptions {
    fn default() -> Self {
        Self {
            drain: Duration::from_secs(5),
            grace: Duration::from_secs(25),
            header_timeout: Duration::from_secs(10),
            max_head: 64 * 1024,
            max_connections: 10_000,
        }
    }
}

/// How the serving ended.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
#[non_exhaustive]
pub struct ServeEnd {
    /// Connections cut off because the grace ran out; 0 after a clean stop.
    pub aborted: usize,
}

#[derive(Clone, Copy, Debug, Eq, PartialEq)]
enum Phase {
    Serving,
    /// No new connections; open ones finish until the deadline.
    Stopping(Instant),
}

/// Serves each router on its listener until `shutdown` completes; then calls `on_drain`,
/// serves on for [`ServeOptions::drain`], stops accepting and lets open requests finish for
/// [`ServeOptions::grace`]. Speaks HTTP/1.1 with upgrades (WebSockets).
///
/// Handlers see the peer's address as `ConnectInfo<SocketAddr>`.
pub async fn serve(
    listeners: Vec<(TcpListener, Router)>,
    options: ServeOptions,
    shutdown: impl Future<Output = ()>,
    on_drain: impl FnOnce(),
) -> ServeEnd {
    let (phase, phases) = watch::channel(Phase::Serving);
    let mut servers = JoinSet::new();
    for (listener, app) in listeners {
        // Makes every handler a route now; left undone, axum does it anew for each request.
        let app = app.with_state(());
        servers.spawn(listen(listener, app, options.clone(), phases.clone()));
    }
    shutdown.await;
    on_drain();
    sleep(options.drain).await;
    phase.send_replace(Phase::Stopping(Instant::now() + options.grace));
    let aborted = servers.join_all().await.into_iter().sum();
    ServeEnd { aborted }
}

/// One listener from its first connection to its last; returns how many were cut off.
async fn listen(
    listener: TcpListener,
    app: Router,
    options: ServeOptions,
    phases: watch::Receiver<Phase>,
) -> usize {
    let permits = Arc::new(Semaphore::new(options.max_connections));
    let mut connections = JoinSet::new();
    let mut stopping = pin!(stopping(phases.clone()));
    let deadline = loop {
        tokio::select! {
            deadline = &mut stopping => break deadline,
            (permit, stream, peer) = accept(&listener, &permits) => {
                let builder = http_1(&options);
                connections.spawn(connection(
                    stream, peer, app.clone(), builder, phases.clone(), permit,
                ));
            }
            Some(_) = connections.join_next() => {}
        }
    };
    drop(listener);
    let finished = async { while connections.join_next().await.is_some() {} };
    let _ = timeout_at(deadline, finished).await;
    let aborted = connections.len();
    connections.shutdown().await;
    aborted
}

/// Completes when the server stops; gives the deadline for open requests.
async fn stopping(mut phases: watch::Receiver<Phase>) -> Instant {
    match phases
        .wait_for(|phase| *phase != Phase::Serving)
        .await
        .as_deref()
    {
        Ok(Phase::Stopping(deadline)) => *deadline,
        // The sender is gone only when the whole server is.
        Ok(Phase::Serving) | Err(_) => Instant::now(),
    }
}

/// The next connection; running out of descriptors pauses instead of ending the service.
async fn accept(
    listener: &TcpListener,
    permits: &Arc<Semaphore>,
) -> (Option<OwnedSemaphorePermit>, TcpStream, SocketAddr) {
    // The semaphore is never closed, so `None` does not happen.
    let permit = permits.clone().acquire_owned().await.ok();
    loop {
        match listener.accept().await {
            Ok((stream, peer)) => return (permit, stream, peer),
            Err(error) if is_connection_error(&error) => {}
            Err(error) => {
                tracing::error!(%error, "cannot accept connections, trying again in 1 s");
                sleep(Duration::from_secs(1)).await;
            }
        }
    }
}

fn is_connection_error(error: &io::Error) -> bool {
    matches!(
        error.kind(),
        io::ErrorKind::ConnectionRefused
            | io::ErrorKind::ConnectionAborted
            | io::ErrorKind::ConnectionReset
    )
}

fn http_1(options: &ServeOptions) -> http1::Builder {
    let mut builder = http1::Builder::new();
    builder
        .timer(TokioTimer::new())
        .header_read_timeout(options.header_timeout)
        .max_header_size(options.max_head);
    builder
}

async fn connection(
    stream: TcpStream,
    peer: SocketAddr,
    app: Router,
    builder: http1::Builder,
    phases: watch::Receiver<Phase>,
    _permit: Option<OwnedSemaphorePermit>,
) {
    // Small responses must not wait for the peer's acknowledgment.
    let _ = stream.set_nodelay(true);
    let service = service_fn(move |mut request: Request<Incoming>| {
        request.extensions_mut().insert(ConnectInfo(peer));
        let mut app = app.clone();
        async move {
            let response = app.call(request.map(Body::new)).await;
            Ok::<_, Infallible>(response.unwrap_or_else(|never| match never {}))
        }
    });
    let mut connection = pin!(
        builder
            .serve_connection(TokioIo::new(stream), service)
            .with_upgrades()
    );
    let ended = tokio::select! {
        ended = &mut connection => ended,
        _ = stopping(phases) => {
            connection.as_mut().graceful_shutdown();
            connection.await
        }
    };
    if let Err(error) = ended {
        tracing::debug!(%error, "connection ended early");
    }
}
