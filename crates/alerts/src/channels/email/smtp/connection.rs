//! Bytes to and from a server: replies whole and bounded, TLS on demand.

use std::io;
use std::sync::Arc;
use std::time::Duration;

use rustls::ClientConfig;
use rustls::pki_types::ServerName;
use tokio::io::{AsyncRead, AsyncReadExt as _, AsyncWrite, AsyncWriteExt as _};
use tokio::net::{TcpStream, lookup_host};
use tokio_rustls::TlsConnector;

use super::reply::{Reply, line};

/// The longest reply.
const MAX_REPLY: usize = 64 * 1024;

trait Stream: AsyncRead + AsyncWrite + Send + Sync + Unpin {}

impl<S: AsyncRead + AsyncWrite + Send + Sync + Unpin> Stream for S {}

/// Why there is no reply.
#[derive(Debug)]
pub(super) enum Failure {
    /// The connection failed.
    Lost(io::Error),
    /// TLS itself said no: a certificate, a version.
    Tls(String),
    /// What came is no reply.
    Garbled(String),
}

impl From<io::Error> for Failure {
    fn from(error: io::Error) -> Self {
        match error
            .get_ref()
            .and_then(|inner| inner.downcast_ref::<rustls::Error>())
        {
            Some(tls) => Self::Tls(tls.to_string()),
            None => Self::Lost(error),
        }
    }
}

/// A connection, encrypted or not.
pub(super) struct Connection {
    stream: Box<dyn Stream>,
    /// Bytes that came and were not read yet.
    unread: Vec<u8>,
    encrypted: bool,
}

impl Connection {
    /// Tries each of the host's addresses for `limit`.
    pub(super) async fn open(host: &str, port: u16, limit: Duration) -> io::Result<Self> {
        let mut last = io::Error::new(io::ErrorKind::NotFound, "the host has no address");
        for address in lookup_host((host, port)).await? {
            match tokio::time::timeout(limit, TcpStream::connect(address)).await {
                Ok(Ok(tcp)) => return Ok(Self::over(Box::new(tcp))),
                Ok(Err(error)) => last = error,
                Err(_) => last = io::Error::new(io::ErrorKind::TimedOut, "no connection in time"),
            }
        }
        Err(last)
    }

    fn over(stream: Box<dyn Stream>) -> Self {
        Self {
            stream,
            unread: Vec::new(),
            encrypted: false,
        }
    }

    pub(super) const fn is_encrypted(&self) -> bool {
        self.encrypted
    }

    /// Whether the server has spoken without being asked. What somebody on the way slips in behind
    /// the plain answer to STARTTLS must not be taken for the server's words after the handshake.
    pub(super) const fn has_unread(&self) -> bool {
        !self.unread.is_empty()
    }

    pub(super) async fn encrypt(
        self,
        config: Arc<ClientConfig>,
        name: ServerName<'static>,
    ) -> Result<Self, Failure> {
        let tls = TlsConnector::from(config)
            .connect(name, self.stream)
            .await?;
        Ok(Self {
            encrypted: true,
            ..Self::over(Box::new(tls))
        })
    }

    pub(super) async fn write(&mut self, bytes: &[u8]) -> Result<(), Failure> {
        self.stream.write_all(bytes).await?;
        Ok(self.stream.flush().await?)
    }

    /// One command and its reply.
    pub(super) async fn command(&mut self, command: &str) -> Result<Reply, Failure> {
        self.write(format!("{command}\r\n").as_bytes()).await?;
        self.reply().await
    }

    /// The next reply. Its last line has the code.
    pub(super) async fn reply(&mut self) -> Result<Reply, Failure> {
        let mut lines = Vec::new();
        let mut total = 0;
        loop {
            let bytes = self.line().await?;
            total += bytes.len();
            let Some((code, more, text)) = line(&bytes) else {
                return Err(Failure::Garbled(super::reply::lossy(&bytes)));
            };
            lines.push(text);
            if !more {
                return Ok(Reply { code, lines });
            }
            if total > MAX_REPLY {
                return Err(Failure::Garbled("a reply without an end".to_owned()));
            }
        }
    }

    /// Up to the end of the line, which some servers end by a bare line feed.
    async fn line(&mut self) -> Result<Vec<u8>, Failure> {
        let mut searched = 0;
        loop {
            if let Some(at) = self.unread[searched..]
                .iter()
                .position(|byte| *byte == b'\n')
            {
                let mut line: Vec<u8> = self.unread.drain(..=searched + at).collect();
                line.pop();
                if line.last() == Some(&b'\r') {
                    line.pop();
                }
                return Ok(line);
            }
            searched = self.unread.len();
            if searched > MAX_REPLY {
                return Err(Failure::Garbled("a line without an end".to_owned()));
            }
            let mut chunk = [0; 4_096];
            let read = self.stream.read(&mut chunk).await?;
            if read == 0 {
                let gone = "the server closed the connection";
                return Err(io::Error::new(io::ErrorKind::UnexpectedEof, gone).into());
            }
            self.unread.extend_from_slice(&chunk[..read]);
        }
    }
}
