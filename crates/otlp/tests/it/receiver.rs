//! A receiver of OTLP: answers as it is told to, and reads what it gets by OpenTelemetry's schema.

use std::collections::VecDeque;
use std::io::Read as _;
use std::net::SocketAddr;
use std::sync::{Arc, Mutex};

use tokio::io::{AsyncRead, AsyncReadExt as _, AsyncWrite, AsyncWriteExt as _};
use tokio::net::{TcpListener, TcpStream};

use crate::schema::{Around, LogRecord, Metric, Span};

/// One request as it came.
#[derive(Clone, Debug)]
pub(crate) struct Request {
    pub(crate) head: String,
    pub(crate) body: Vec<u8>,
}

impl Request {
    pub(crate) fn path(&self) -> &str {
        self.head.split(' ').nth(1).unwrap()
    }

    pub(crate) fn header(&self, name: &str) -> Option<&str> {
        let mut lines = self.head.lines().filter_map(|line| line.split_once(':'));
        let found = lines.find(|(key, _)| key.eq_ignore_ascii_case(name));
        found.map(|(_, value)| value.trim())
    }

    fn message(&self) -> Vec<u8> {
        if self.header("content-encoding") != Some("gzip") {
            return self.body.clone();
        }
        let mut message = Vec::new();
        flate2::read::GzDecoder::new(&self.body[..])
            .read_to_end(&mut message)
            .unwrap();
        message
    }

    pub(crate) fn around(&self) -> Around {
        Around::read(&self.message())
    }

    pub(crate) fn spans(&self) -> Vec<Span> {
        self.around().items.into_iter().map(Span::of).collect()
    }

    pub(crate) fn logs(&self) -> Vec<LogRecord> {
        self.around().items.into_iter().map(LogRecord::of).collect()
    }

    pub(crate) fn metrics(&self) -> Vec<Metric> {
        self.around().items.into_iter().map(Metric::of).collect()
    }
}

/// What the receiver says to the next request: status, further head lines, body.
pub(crate) type Said = (u16, &'static str, Vec<u8>);

#[derive(Clone, Debug)]
pub(crate) struct Receiver {
    pub(crate) address: SocketAddr,
    seen: Arc<Mutex<Vec<Request>>>,
    says: Arc<Mutex<VecDeque<Said>>>,
}

impl Receiver {
    pub(crate) async fn start() -> Self {
        Self::on(TcpListener::bind("127.0.0.1:0").await.unwrap())
    }

    pub(crate) fn on(listener: TcpListener) -> Self {
        Self::over(listener, |stream| async { Some(stream) })
    }

    /// A receiver behind something that each connection passes first.
    pub(crate) fn over<S, F>(
        listener: TcpListener,
        accept: impl Fn(TcpStream) -> F + Send + 'static,
    ) -> Self
    where
        S: AsyncRead + AsyncWrite + Send + Unpin + 'static,
        F: Future<Output = Option<S>> + Send,
    {
        let receiver = Self {
            address: listener.local_addr().unwrap(),
            seen: Arc::default(),
            says: Arc::default(),
        };
        let serving = receiver.clone();
        tokio::task::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                if let Some(stream) = accept(stream).await {
                    let serving = serving.clone();
                    tokio::task::spawn(async move { serving.serve(stream).await });
                }
            }
        });
        receiver
    }

    pub(crate) fn url(&self, path: &str) -> String {
        format!("http://{}{path}", self.address)
    }

    /// The answers to come; after them it takes everything.
    pub(crate) fn say(&self, answers: impl IntoIterator<Item = Said>) {
        self.says.lock().unwrap().extend(answers);
    }

    pub(crate) fn seen(&self) -> Vec<Request> {
        self.seen.lock().unwrap().clone()
    }

    /// One connection, until its end.
    pub(crate) async fn serve(
        &self,
        mut stream: impl AsyncRead + AsyncWrite + Unpin,
    ) -> Option<()> {
        loop {
            let mut head = Vec::new();
            while !head.ends_with(b"\r\n\r\n") {
                head.push(stream.read_u8().await.ok()?);
            }
            let mut request = Request {
                head: String::from_utf8(head).unwrap(),
                body: Vec::new(),
            };
            let length = request.header("content-length")?.parse().unwrap();
            request.body.resize(length, 0);
            stream.read_exact(&mut request.body).await.ok()?;
            self.seen.lock().unwrap().push(request);
            let said = self.says.lock().unwrap().pop_front();
            let (status, more, body) = said.unwrap_or((200, "", Vec::new()));
            let head = format!(
                "HTTP/1.1 {status} Said\r\ncontent-length: {}\r\n{more}\r\n",
                body.len()
            );
            stream
                .write_all(&[head.as_bytes(), &body].concat())
                .await
                .ok()?;
        }
    }
}
