//! A connection that reads no further than it has to until TLS is up.
//!
//! What somebody on the way slips in behind the plain answer to STARTTLS must not be taken for the
//! server's words after the handshake. lettre's reader would keep it in its buffer; reading byte by
//! byte leaves it on the socket, where the handshake trips over it.

use std::io;
use std::net::SocketAddr;
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::task::{Context, Poll, ready};
use std::time::Duration;

use lettre::transport::smtp::client::AsyncTokioStream;
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::net::{TcpStream, lookup_host};

/// Says that the connection is encrypted, and may be read in larger pieces.
#[derive(Debug, Clone)]
pub(super) struct Encrypted(Arc<AtomicBool>);

impl Encrypted {
    pub(super) fn set(&self) {
        self.0.store(true, Ordering::Relaxed);
    }
}

#[derive(Debug)]
pub(super) struct Wire {
    tcp: TcpStream,
    encrypted: Encrypted,
}

impl Wire {
    /// Tries each of the host's addresses for `limit`.
    pub(super) async fn connect(
        host: &str,
        port: u16,
        limit: Duration,
    ) -> io::Result<(Self, Encrypted)> {
        let mut last = io::Error::new(io::ErrorKind::NotFound, "the host has no address");
        for address in lookup_host((host, port)).await? {
            match tokio::time::timeout(limit, TcpStream::connect(address)).await {
                Ok(Ok(tcp)) => {
                    let encrypted = Encrypted(Arc::default());
                    let wire = Self {
                        tcp,
                        encrypted: encrypted.clone(),
                    };
                    return Ok((wire, encrypted));
                }
                Ok(Err(error)) => last = error,
                Err(_) => last = io::Error::new(io::ErrorKind::TimedOut, "no connection in time"),
            }
        }
        Err(last)
    }
}

impl AsyncRead for Wire {
    fn poll_read(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buf: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        if self.encrypted.0.load(Ordering::Relaxed) || buf.remaining() == 0 {
            return Pin::new(&mut self.tcp).poll_read(cx, buf);
        }
        let mut byte = [0];
        let mut one = ReadBuf::new(&mut byte);
        ready!(Pin::new(&mut self.tcp).poll_read(cx, &mut one))?;
        buf.put_slice(one.filled());
        Poll::Ready(Ok(()))
    }
}

impl AsyncWrite for Wire {
    fn poll_write(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buf: &[u8],
    ) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.tcp).poll_write(cx, buf)
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.tcp).poll_flush(cx)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.tcp).poll_shutdown(cx)
    }
}

impl AsyncTokioStream for Wire {
    fn peer_addr(&self) -> io::Result<SocketAddr> {
        self.tcp.peer_addr()
    }
}
