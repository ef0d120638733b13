//! Serving with an orderly end: readiness drains first, requests finish, then a hard stop.

mod activity;
mod body;
mod connection;
mod counts;
mod descriptors;
mod io;
mod listener;
#[cfg(unix)]
mod place;
#[cfg(feature = "tls")]
mod tls;
mod websocket;

use std::{
    future::{Future, pending},
    pin::pin,
    sync::Arc,
    time::Duration,
};

use axum::Router;
use tokio::{
    sync::{Semaphore, watch},
    task::JoinSet,
    time::{Instant, interval_at, sleep, sleep_until},
};

pub(crate) use io::Handover;

pub use descriptors::{Descriptors, TooFewDescriptors};
pub(crate) use listener::Encrypted;
pub use listener::{Listener, Peer};
#[cfg(feature = "tls")]
pub use tls::{Tls, TlsError};

use counts::Counts;
use listener::Acceptor;

/// How [`serve`] ends and what it bounds.
///
/// Every limit on a client can be turned off with [`Duration::MAX`].
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct ServeOptions {
    /// How long to go on serving after the stop was asked for, so that a load balancer sees
    /// `/ready` say 503 and turns away. Default: 5 s.
    pub drain: Duration,
    /// How long open requests may then take to finish. Default: 25 s.
    pub grace: Duration,
    /// How long a client may take to send a request's head, the first from when it connected. Default: 10 s.
    pub header_timeout: Duration,
    /// How long a connection may be idle between two requests. Longer than the load balancers in front keep
    /// theirs, or they send a request into one that is just being closed. Default: 75 s.
    pub idle_timeout: Duration,
    /// How long a handler may have to wait for a request's body, all in all; each KiB that arrives gives
    /// another second. Then the request is answered with 408. Does not hold for gRPC, whose calls may be open as
    /// long as the two sides like. Default: 30 s.
    pub body_timeout: Duration,
    /// How long a client may take no byte of what is sent to it. Default: 60 s.
    pub write_timeout: Duration,
    /// Longest head of a request in bytes; a longer one is answered with 431. Default: 64 KiB.
    pub max_head: usize,
    /// Open connections a listener, WebSockets among them; further ones wait in the kernel's queue. Fewer
    /// where the process may not have as many descriptors ([`Descriptors`]). Default: 10,000.
    pub max_connections: usize,
}

impl Default for ServeOptions {
    fn default() -> Self {
        Self {
            drain: Duration::from_secs(5),
            grace: Duration::from_secs(25),
            header_timeout: Duration::from_secs(10),
            idle_timeout: Duration::from_secs(75),
            body_timeout: Duration::from_secs(30),
            write_timeout: Duration::from_secs(60),
            max_head: 64 * 1024,
            max_connections: 10_000,
        }
    }
}

/// How the serving ended.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
#[non_exhaustive]
pub struct ServeEnd {
    /// Connections cut off because the grace ran out, WebSockets among them; 0 after a clean stop.
    pub aborted: usize,
}

/// How far the end has come.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
enum Phase {
    Serving,
    /// No new connections; open ones finish until the deadline.
    Stopping(Instant),
    /// The deadline is over: what is still open is cut off.
    Cut,
}

/// How often clients that were too slow or made no sense are told of, when there were any.
const REPORT: Duration = Duration::from_secs(60);

/// Serves each router on its listener until `shutdown` completes; then calls `on_drain`,
/// serves on for [`ServeOptions::drain`], stops accepting and lets open requests finish for
/// [`ServeOptions::grace`]. Speaks HTTP/2 to whoever begins with it, over TLS or not (h2c with prior
/// knowledge), and otherwise HTTP/1.1 with upgrades: a WebSocket is told to close when the drain is
/// over, and has the grace for it.
///
/// Handlers see the peer's address as `ConnectInfo<SocketAddr>`, on a Unix socket [`Peer`] alone.
pub async fn serve<L: Into<Listener>>(
    listeners: Vec<(L, Router)>,
    options: ServeOptions,
    shutdown: impl Future<Output = ()>,
    on_drain: impl FnOnce(),
) -> ServeEnd {
    serve_until(listeners, options, shutdown, pending(), on_drain).await
}

/// [`serve`], with an end of the patience: once `hurry` completes, as when somebody presses Ctrl-C for the
/// second time, there is no more drain and no more grace.
pub async fn serve_until<L: Into<Listener>>(
    listeners: Vec<(L, Router)>,
    options: ServeOptions,
    shutdown: impl Future<Output = ()>,
    hurry: impl Future<Output = ()>,
    on_drain: impl FnOnce(),
) -> ServeEnd {
    let listeners: Vec<_> = listeners
        .into_iter()
        .map(|(listener, app)| (listener.into(), app))
        .collect();
    let shares =
        Descriptors::of_process().shares(listeners.iter().map(|(l, _)| l.is_for_operations()));
    let (phase, phases) = watch::channel(Phase::Serving);
    let counts = Arc::new(Counts::default());
    let mut servers = JoinSet::new();
    for ((listener, app), share) in listeners.into_iter().zip(shares) {
        let mut options = options.clone();
        options.max_connections = options.max_connections.min(share).max(1);
        let server = Server {
            // Makes every handler a route now; left undone, axum does it anew for each request.
            app: app.with_state(()),
            options: Arc::new(options),
            phases: phases.clone(),
            counts: Arc::clone(&counts),
        };
        servers.spawn(listen(listener, server));
    }
    let mut hurry = pin!(hurry);
    {
        let mut shutdown = pin!(shutdown);
        let mut report = interval_at(Instant::now() + REPORT, REPORT);
        loop {
            tokio::select! {
                () = &mut shutdown => break,
                _ = report.tick() => counts.report(),
            }
        }
    }
    on_drain();
    let patient = tokio::select! {
        () = sleep(options.drain) => true,
        () = &mut hurry => false,
    };
    let grace = if patient {
        options.grace
    } else {
        Duration::ZERO
    };
    phase.send_replace(Phase::Stopping(far(Instant::now(), grace)));
    let mut ended = pin!(servers.join_all());
    let cut_off = tokio::select! {
        cut_off = &mut ended => cut_off,
        () = &mut hurry, if patient => {
            phase.send_replace(Phase::Stopping(Instant::now()));
            ended.await
        }
    };
    phase.send_replace(Phase::Cut);
    counts.report();
    ServeEnd {
        aborted: cut_off.into_iter().sum(),
    }
}

/// What all connections of a listener share.
#[derive(Clone)]
struct Server {
    app: Router,
    options: Arc<ServeOptions>,
    phases: watch::Receiver<Phase>,
    counts: Arc<Counts>,
}

/// One listener from its first connection to its last; returns how many were cut off.
async fn listen(listener: Listener, server: Server) -> usize {
    let most = server.options.max_connections.min(Semaphore::MAX_PERMITS);
    let most = u32::try_from(most).unwrap_or(u32::MAX);
    let permits = Arc::new(Semaphore::new(most as usize));
    let mut connections = JoinSet::new();
    if let Some(upkeep) = listener.upkeep() {
        connections.spawn(upkeep);
    }
    let mut acceptor = Acceptor::new(listener, Arc::clone(&permits));
    let mut stopping = pin!(stopping(server.phases.clone()));
    loop {
        tokio::select! {
            () = &mut stopping => break,
            accepted = acceptor.accept() => {
                connections.spawn(connection::drive(accepted, server.clone()));
            }
            Some(_) = connections.join_next() => {}
        }
    }
    drop(acceptor);
    // A connection's permit goes when its socket does, an upgraded one's too.
    finished(&permits, most, server.phases).await;
    let aborted = most as usize - permits.available_permits();
    connections.shutdown().await;
    aborted
}

/// Completes when the server stops.
async fn stopping(mut phases: watch::Receiver<Phase>) {
    // The sender is gone only when the whole server is.
    let _ = phases.wait_for(|phase| *phase != Phase::Serving).await;
}

/// Completes when every permit is back, or the deadline is over, which may be moved up.
async fn finished(permits: &Semaphore, most: u32, mut phases: watch::Receiver<Phase>) {
    loop {
        let deadline = match *phases.borrow_and_update() {
            Phase::Stopping(deadline) => deadline,
            Phase::Serving | Phase::Cut => return,
        };
        tokio::select! {
            _all = permits.acquire_many(most) => return,
            () = sleep_until(deadline) => return,
            changed = phases.changed() => if changed.is_err() { return },
        }
    }
}

/// The moment so long after another, or one that nobody lives to see.
fn far(from: Instant, wait: Duration) -> Instant {
    const YEAR: Duration = Duration::from_secs(365 * 24 * 3600);
    from.checked_add(wait).unwrap_or_else(|| from + 30 * YEAR)
}
