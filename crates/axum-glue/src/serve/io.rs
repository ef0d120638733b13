//! A connection's socket: it tells what goes over it, and holds the connection's place among all.

use std::{
    fmt, io,
    pin::Pin,
    sync::{
        Arc, Mutex, PoisonError,
        atomic::{AtomicU8, Ordering::Relaxed},
    },
    task::{Context, Poll, ready},
};

use bytes::{Bytes, BytesMut};
use tokio::{
    io::{AsyncRead, AsyncReadExt, AsyncWrite, ReadBuf},
    sync::{OwnedSemaphorePermit, watch},
};

use super::{
    Phase,
    activity::Activity,
    websocket::{Frames, GOING_AWAY},
};

/// What a connection was handed over to.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(super) enum Upgrade {
    None,
    Other,
    WebSocket,
}

/// What the socket and the service know of one connection.
#[derive(Debug)]
pub(super) struct Shared {
    pub(super) activity: Activity,
    upgrade: AtomicU8,
    on_panic: OnPanic,
}

/// What to do when whoever took the connection over panics.
#[derive(Default)]
struct OnPanic(Mutex<Option<Box<dyn FnOnce() + Send>>>);

impl fmt::Debug for OnPanic {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("OnPanic")
    }
}

impl OnPanic {
    fn replace(&self, with: Option<Box<dyn FnOnce() + Send>>) -> Option<Box<dyn FnOnce() + Send>> {
        let mut kept = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        std::mem::replace(&mut *kept, with)
    }
}

/// Among a request's extensions: whom to tell of a panic after an upgrade.
#[derive(Clone, Debug)]
pub(crate) struct Handover(Arc<Shared>);

impl Handover {
    pub(super) fn of(shared: &Arc<Shared>) -> Self {
        Self(Arc::clone(shared))
    }

    /// Calls this once if whoever takes the connection over drops it in a panic.
    pub(crate) fn on_panic(&self, call: impl FnOnce() + Send + 'static) {
        self.0.on_panic.replace(Some(Box::new(call)));
    }
}

impl Shared {
    pub(super) fn new(activity: Activity) -> Self {
        Self {
            activity,
            upgrade: AtomicU8::new(Upgrade::None as u8),
            on_panic: OnPanic::default(),
        }
    }

    pub(super) fn upgraded(&self, to: Upgrade) {
        self.upgrade.store(to as u8, Relaxed);
    }

    fn upgrade(&self) -> Upgrade {
        match self.upgrade.load(Relaxed) {
            0 => Upgrade::None,
            1 => Upgrade::Other,
            _ => Upgrade::WebSocket,
        }
    }
}

type Change = Pin<Box<dyn Future<Output = ()> + Send + Sync>>;

/// The socket, until whoever it was handed over to is done with it.
pub(super) struct Watched<S> {
    stream: S,
    shared: Arc<Shared>,
    _permit: Option<OwnedSemaphorePermit>,
    phases: watch::Receiver<Phase>,
    /// Once it is handed over: the phase's next change.
    change: Option<Change>,
    frames: Frames,
    told_to_close: bool,
    /// What was read to find out what the client speaks.
    first: Bytes,
}

/// What an HTTP/2 client says first (RFC 9113, 3.4).
const PREFACE: &[u8] = b"PRI * HTTP/2.0";

impl<S: AsyncRead + Unpin> Watched<S> {
    /// Reads what the client says first, to be read again, and tells whether it is HTTP/2; nothing if the client
    /// has left.
    pub(super) async fn speaks_http_2(&mut self) -> io::Result<Option<bool>> {
        let mut said = BytesMut::with_capacity(1_024);
        let http_2 = loop {
            if self.stream.read_buf(&mut said).await? == 0 {
                break None;
            }
            if !said.starts_with(&PREFACE[..said.len().min(PREFACE.len())]) {
                break Some(false);
            }
            if said.len() >= PREFACE.len() {
                self.shared.activity.speaks_http_2();
                break Some(true);
            }
        };
        self.first = said.freeze();
        Ok(http_2)
    }
}

impl<S> Watched<S> {
    pub(super) fn new(
        stream: S,
        shared: Arc<Shared>,
        permit: Option<OwnedSemaphorePermit>,
        phases: watch::Receiver<Phase>,
    ) -> Self {
        Self {
            stream,
            shared,
            _permit: permit,
            phases,
            change: None,
            frames: Frames::default(),
            told_to_close: false,
            first: Bytes::new(),
        }
    }

    /// What an upgraded connection, which nobody else watches, is to do about the server's end.
    fn poll_phase(&mut self, cx: &mut Context<'_>) -> Phase {
        loop {
            if let Some(change) = &mut self.change {
                if change.as_mut().poll(cx).is_pending() {
                    return *self.phases.borrow();
                }
                self.change = None;
            }
            let phase = *self.phases.borrow_and_update();
            // Without a server there is nobody to wait for.
            if phase == Phase::Cut || self.phases.has_changed().is_err() {
                return Phase::Cut;
            }
            let mut phases = self.phases.clone();
            self.change = Some(Box::pin(async move {
                let _ = phases.changed().await;
            }));
        }
    }
}

impl<S> Drop for Watched<S> {
    fn drop(&mut self) {
        if self.shared.upgrade() != Upgrade::None
            && std::thread::panicking()
            && let Some(call) = self.shared.on_panic.replace(None)
        {
            call();
        }
    }
}

fn cut_off() -> io::Error {
    io::Error::new(io::ErrorKind::ConnectionAborted, "the server has stopped")
}

impl<S: AsyncRead + Unpin> AsyncRead for Watched<S> {
    fn poll_read(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buf: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        let this = self.get_mut();
        let upgrade = this.shared.upgrade();
        if upgrade != Upgrade::None {
            match this.poll_phase(cx) {
                Phase::Serving => {}
                Phase::Cut => return Poll::Ready(Err(cut_off())),
                Phase::Stopping(_) => {
                    let may = upgrade == Upgrade::WebSocket && this.frames.is_between();
                    if may && !this.told_to_close && buf.remaining() >= GOING_AWAY.len() {
                        this.told_to_close = true;
                        buf.put_slice(&GOING_AWAY);
                        return Poll::Ready(Ok(()));
                    }
                }
            }
        }
        if !this.first.is_empty() {
            let first = this.first.split_to(this.first.len().min(buf.remaining()));
            buf.put_slice(&first);
            return Poll::Ready(Ok(()));
        }
        let before = buf.filled().len();
        ready!(Pin::new(&mut this.stream).poll_read(cx, buf))?;
        let read = &buf.filled()[before..];
        match upgrade {
            Upgrade::None if !read.is_empty() => this.shared.activity.received(),
            Upgrade::WebSocket => this.frames.push(read),
            Upgrade::None | Upgrade::Other => {}
        }
        Poll::Ready(Ok(()))
    }
}

impl<S: AsyncWrite + Unpin> AsyncWrite for Watched<S> {
    fn poll_write(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buf: &[u8],
    ) -> Poll<io::Result<usize>> {
        let written = Pin::new(&mut self.stream).poll_write(cx, buf);
        self.shared.activity.sent(written.is_ready());
        written
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        bufs: &[io::IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        let written = Pin::new(&mut self.stream).poll_write_vectored(cx, bufs);
        self.shared.activity.sent(written.is_ready());
        written
    }

    fn is_write_vectored(&self) -> bool {
        self.stream.is_write_vectored()
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_flush(cx)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_shutdown(cx)
    }
}
