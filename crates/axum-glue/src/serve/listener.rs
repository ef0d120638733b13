//! What is listened on, and the next connection of it.

use std::{
    fmt, io,
    net::SocketAddr,
    pin::Pin,
    sync::Arc,
    task::{Context, Poll},
    time::Duration,
};

use axum::{
    extract::{ConnectInfo, connect_info::Connected},
    serve::IncomingStream,
};
use http::Extensions;
#[cfg(unix)]
use tokio::net::{UnixListener, UnixStream};
use tokio::{
    io::{AsyncRead, AsyncWrite, ReadBuf},
    net::{TcpListener, TcpStream},
    sync::{OwnedSemaphorePermit, Semaphore},
    time::{Instant, sleep_until},
};

/// Something that connections come from: a TCP or a Unix socket, the service's own or inherited.
///
/// ```no_run
/// use bongsu_axum_glue::Listener;
///
/// # async fn listen() -> std::io::Result<()> {
/// let tcp = Listener::from(tokio::net::TcpListener::bind("127.0.0.1:0").await?);
/// # #[cfg(unix)]
/// let unix = Listener::unix("/run/service.sock")?;
/// # Ok(()) }
/// ```
#[derive(Debug)]
pub struct Listener {
    kind: Kind,
    operations: bool,
    /// Kept for its end.
    #[cfg(unix)]
    pub(super) file: Option<super::place::SocketFile>,
    #[cfg(feature = "tls")]
    tls: Option<super::Tls>,
}

#[derive(Debug)]
enum Kind {
    Tcp(TcpListener),
    #[cfg(unix)]
    Unix(UnixListener),
}

impl From<TcpListener> for Listener {
    fn from(listener: TcpListener) -> Self {
        Self::new(Kind::Tcp(listener))
    }
}

#[cfg(unix)]
impl From<UnixListener> for Listener {
    fn from(listener: UnixListener) -> Self {
        Self::new(Kind::Unix(listener))
    }
}

impl Listener {
    fn new(kind: Kind) -> Self {
        Self {
            kind,
            operations: false,
            #[cfg(unix)]
            file: None,
            #[cfg(feature = "tls")]
            tls: None,
        }
    }

    /// Says that probes, scrapes and operators come here: however many connections the service's own
    /// listeners have, descriptors for these are kept back.
    #[must_use]
    pub fn for_operations(mut self) -> Self {
        self.operations = true;
        self
    }

    /// Speaks TLS on it.
    #[cfg(feature = "tls")]
    #[must_use]
    pub fn tls(mut self, tls: super::Tls) -> Self {
        self.tls = Some(tls);
        self
    }

    /// What has to go on while it is listened on.
    pub(super) fn upkeep(&self) -> Option<impl Future<Output = ()> + Send + 'static> {
        #[cfg(feature = "tls")]
        return self.tls.clone().map(super::Tls::follow);
        #[cfg(not(feature = "tls"))]
        None::<std::future::Ready<()>>
    }

    pub(super) fn is_for_operations(&self) -> bool {
        self.operations
    }

    /// The address that is listened on, with the port that the system chose where it was left to it.
    ///
    /// # Errors
    ///
    /// When the system does not say.
    pub fn address(&self) -> io::Result<Peer> {
        match &self.kind {
            Kind::Tcp(listener) => listener.local_addr().map(Peer::Tcp),
            #[cfg(unix)]
            Kind::Unix(_) => Ok(Peer::Unix),
        }
    }

    async fn accept(&self) -> io::Result<(Incoming, Peer)> {
        let (stream, peer) = self.accept_plain().await?;
        let incoming = Incoming {
            stream,
            #[cfg(feature = "tls")]
            tls: self.tls.as_ref().map(super::Tls::acceptor),
        };
        Ok((incoming, peer))
    }

    async fn accept_plain(&self) -> io::Result<(Stream, Peer)> {
        match &self.kind {
            Kind::Tcp(listener) => {
                let (stream, peer) = listener.accept().await?;
                // Small responses must not wait for the peer's acknowledgment.
                let _ = stream.set_nodelay(true);
                Ok((Stream::Tcp(stream), Peer::Tcp(peer)))
            }
            #[cfg(unix)]
            Kind::Unix(listener) => {
                let (stream, _) = listener.accept().await?;
                Ok((Stream::Unix(stream), Peer::Unix))
            }
        }
    }
}

/// The address, or `unix:` and the file's name.
impl fmt::Display for Listener {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.kind {
            Kind::Tcp(listener) => match listener.local_addr() {
                Ok(address) => address.fmt(f),
                Err(error) => error.fmt(f),
            },
            #[cfg(unix)]
            Kind::Unix(listener) => {
                let address = listener.local_addr();
                let path = address.as_ref().ok().and_then(|at| at.as_pathname());
                match path {
                    Some(path) => write!(f, "unix:{}", path.display()),
                    None => Peer::Unix.fmt(f),
                }
            }
        }
    }
}

/// Who is at the other end of a connection. Among the extensions of each request that [`serve`](crate::serve)
/// hands on.
#[derive(Clone, Copy, Debug, Eq, Hash, PartialEq)]
#[non_exhaustive]
pub enum Peer {
    /// Somebody at this address.
    Tcp(SocketAddr),
    /// A process of this machine that may open the socket's file.
    Unix,
}

impl Peer {
    /// Who sent the request with these extensions, where the server says so: [`serve`](crate::serve) does, and
    /// `axum::serve` with `into_make_service_with_connect_info::<SocketAddr>()`, or, as on a Unix socket there is
    /// no such address, `::<Peer>()`.
    #[must_use]
    pub fn of(extensions: &Extensions) -> Option<Self> {
        let peer = extensions.get::<Self>().copied();
        let connected = || extensions.get::<ConnectInfo<Self>>().map(|of| of.0);
        let address = || {
            let address = extensions.get::<ConnectInfo<SocketAddr>>();
            address.map(|of| Self::Tcp(of.0))
        };
        peer.or_else(connected).or_else(address)
    }

    /// The address, where there is one.
    #[must_use]
    pub fn address(&self) -> Option<SocketAddr> {
        match *self {
            Self::Tcp(address) => Some(address),
            Self::Unix => None,
        }
    }

    /// Whether it is this machine itself.
    #[must_use]
    pub fn is_local(&self) -> bool {
        match self {
            Self::Tcp(address) => address.ip().to_canonical().is_loopback(),
            Self::Unix => true,
        }
    }
}

impl Connected<IncomingStream<'_, TcpListener>> for Peer {
    fn connect_info(stream: IncomingStream<'_, TcpListener>) -> Self {
        Self::Tcp(*stream.remote_addr())
    }
}

#[cfg(unix)]
impl Connected<IncomingStream<'_, UnixListener>> for Peer {
    fn connect_info(_: IncomingStream<'_, UnixListener>) -> Self {
        Self::Unix
    }
}

impl fmt::Display for Peer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Tcp(address) => address.fmt(f),
            Self::Unix => f.write_str("unix socket"),
        }
    }
}

/// Among a request's extensions: it came over TLS of our own.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Encrypted;

/// A connection that has yet to agree on TLS where that is spoken.
pub(super) struct Incoming {
    stream: Stream,
    #[cfg(feature = "tls")]
    tls: Option<tokio_rustls::TlsAcceptor>,
}

impl Incoming {
    pub(super) fn is_encrypted(&self) -> bool {
        #[cfg(feature = "tls")]
        return self.tls.is_some();
        #[cfg(not(feature = "tls"))]
        false
    }

    pub(super) async fn handshake(self) -> io::Result<Stream> {
        #[cfg(feature = "tls")]
        if let Some(tls) = self.tls {
            let stream = tls.accept(self.stream).await?;
            return Ok(Stream::Tls(Box::new(stream)));
        }
        Ok(self.stream)
    }
}

/// A connection's socket.
#[derive(Debug)]
pub(super) enum Stream {
    Tcp(TcpStream),
    #[cfg(unix)]
    Unix(UnixStream),
    #[cfg(feature = "tls")]
    Tls(Box<tokio_rustls::server::TlsStream<Stream>>),
}

/// Calls the same of whichever socket it is.
macro_rules! each {
    ($stream:expr, $inner:ident => $call:expr) => {
        match $stream {
            Stream::Tcp($inner) => $call,
            #[cfg(unix)]
            Stream::Unix($inner) => $call,
            #[cfg(feature = "tls")]
            Stream::Tls($inner) => $call,
        }
    };
}

impl AsyncRead for Stream {
    fn poll_read(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buf: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        each!(self.get_mut(), inner => Pin::new(inner).poll_read(cx, buf))
    }
}

impl AsyncWrite for Stream {
    fn poll_write(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buf: &[u8],
    ) -> Poll<io::Result<usize>> {
        each!(self.get_mut(), inner => Pin::new(inner).poll_write(cx, buf))
    }

    fn poll_write_vectored(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        bufs: &[io::IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        each!(self.get_mut(), inner => Pin::new(inner).poll_write_vectored(cx, bufs))
    }

    fn is_write_vectored(&self) -> bool {
        each!(self, inner => inner.is_write_vectored())
    }

    fn poll_flush(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        each!(self.get_mut(), inner => Pin::new(inner).poll_flush(cx))
    }

    fn poll_shutdown(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        each!(self.get_mut(), inner => Pin::new(inner).poll_shutdown(cx))
    }
}

/// A connection that was accepted, with its place among all.
pub(super) struct Accepted {
    pub(super) stream: Incoming,
    pub(super) peer: Peer,
    pub(super) permit: Option<OwnedSemaphorePermit>,
}

/// How long to rest when there are no descriptors left.
const REST: Duration = Duration::from_secs(1);

/// Accepts one after the other. Whoever waits for the next may stop and begin again: what was found out
/// about the last attempt is kept here.
#[derive(Debug)]
pub(super) struct Acceptor {
    listener: Listener,
    permits: Arc<Semaphore>,
    again: Option<Instant>,
}

impl Acceptor {
    pub(super) fn new(listener: Listener, permits: Arc<Semaphore>) -> Self {
        Self {
            listener,
            permits,
            again: None,
        }
    }

    /// The next connection; running out of descriptors pauses instead of ending the service.
    pub(super) async fn accept(&mut self) -> Accepted {
        // The semaphore is never closed, so `None` does not happen.
        let permit = self.permits.clone().acquire_owned().await.ok();
        loop {
            if let Some(again) = self.again {
                sleep_until(again).await;
                self.again = None;
            }
            match self.listener.accept().await {
                Ok((stream, peer)) => {
                    return Accepted {
                        stream,
                        peer,
                        permit,
                    };
                }
                Err(error) if is_connection_error(&error) => {}
                Err(error) => {
                    tracing::error!(%error, "cannot accept connections, trying again in 1 s");
                    self.again = Some(Instant::now() + REST);
                }
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
