//! gRPC's unary calls, as far as OTLP needs them: one message there, one message back, trailers.
//!
//! Over one connection of HTTP/2 for each signal, which nothing but the signal's own future drives.
//!
//! <https://github.com/grpc/grpc/blob/master/doc/PROTOCOL-HTTP2.md>

use std::fmt;
use std::pin::{Pin, pin};
use std::sync::Arc;
use std::time::Duration;

use bongsu_connect::{OffRuntime, Target};
use bytes::{BufMut as _, Bytes, BytesMut};
use h2::client::SendRequest;
use http::{HeaderMap, HeaderName, HeaderValue, Request, StatusCode, Uri, header};
use reqwest::Url;
use rustls::ClientConfig;
use rustls::pki_types::pem::PemObject as _;
use rustls::pki_types::{CertificateDer, PrivateKeyDer, ServerName};
use rustls_platform_verifier::Verifier;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::time::timeout;
use tokio_rustls::TlsConnector;

use super::grpc_status::{self, Reply};
use super::{USER_AGENT, gzip, keep};
use crate::batch::Answer;
use crate::{Receiver, Signal};

/// Flag and length before a message.
const PREFIX: usize = 5;

const ENCODING: HeaderName = HeaderName::from_static("grpc-encoding");
const TIMEOUT: HeaderName = HeaderName::from_static("grpc-timeout");

pub(crate) struct Client {
    target: Target,
    tls: Option<(TlsConnector, ServerName<'static>)>,
    off: OffRuntime,
    uri: Uri,
    headers: HeaderMap,
    gzip: bool,
    timeout: Duration,
    open: Option<Open>,
}

/// A connection.
struct Open {
    send: SendRequest<Bytes>,
    /// Its reading and writing, which is over when it is.
    driver: Pin<Box<dyn Future<Output = ()> + Send>>,
}

/// Why there was no answer, in words.
struct NoAnswer(String);

impl<E: std::error::Error> From<E> for NoAnswer {
    fn from(error: E) -> Self {
        Self(bongsu_text::chain(&error))
    }
}

trait Stream: AsyncRead + AsyncWrite + Send + Unpin {}
impl<T: AsyncRead + AsyncWrite + Send + Unpin> Stream for T {}

impl Client {
    /// A client for the receiver at the URL's host and port; gRPC has paths of its own.
    pub(super) fn new(
        signal: Signal,
        url: &Url,
        own: HeaderMap,
        receiver: &Receiver,
    ) -> Result<Self, String> {
        let host = url.host_str().unwrap_or_default();
        let host = host.trim_start_matches('[').trim_end_matches(']');
        let target = Target {
            host: host.to_owned(),
            port: url.port_or_known_default().unwrap_or(4317),
        };
        let tls = match url.scheme() {
            "https" => {
                let name = ServerName::try_from(target.host.clone());
                let name = name.map_err(|error| error.to_string())?;
                Some((connector(receiver)?, name))
            }
            _ => None,
        };
        let uri = Uri::builder()
            .scheme(url.scheme())
            .authority(target.to_string())
            .path_and_query(signal.method())
            .build()
            .map_err(|error| error.to_string())?;
        let mut headers = HeaderMap::new();
        for (name, value) in [
            (header::CONTENT_TYPE, "application/grpc"),
            (header::TE, "trailers"),
            (header::USER_AGENT, USER_AGENT),
        ] {
            headers.insert(name, HeaderValue::from_static(value));
        }
        if receiver.gzip {
            headers.insert(ENCODING, HeaderValue::from_static("gzip"));
        }
        // At most eight digits.
        let millis = receiver.timeout.as_millis().clamp(1, 99_999_999);
        if let Ok(value) = HeaderValue::try_from(format!("{millis}m")) {
            headers.insert(TIMEOUT, value);
        }
        headers.extend(own);
        Ok(Self {
            target,
            tls,
            off: OffRuntime::default(),
            uri,
            headers,
            gzip: receiver.gzip,
            timeout: receiver.timeout,
            open: None,
        })
    }

    /// One call.
    pub(super) async fn send(&mut self, message: &[u8]) -> (Answer, Option<String>) {
        let message = framed(message, self.gzip);
        let reply = match timeout(self.timeout, self.call(message)).await {
            Ok(reply) => reply,
            Err(_) => Err(NoAnswer(format!("no answer within {:?}", self.timeout))),
        };
        match reply {
            Ok(reply) => grpc_status::read(&reply),
            // Whether it arrived is not known: once too often is better than never.
            Err(NoAnswer(why)) => {
                self.open = None;
                (Answer::Later(None), Some(why))
            }
        }
    }

    /// Until there is no connection.
    pub(super) async fn idle(&mut self) {
        if let Some(open) = &mut self.open {
            open.driver.as_mut().await;
            self.open = None;
        }
    }

    async fn call(&mut self, message: Bytes) -> Result<Reply, NoAnswer> {
        let mut open = match self.open.take() {
            Some(open) => open,
            None => self.connect().await?,
        };
        let mut request = Request::post(self.uri.clone()).body(())?;
        *request.headers_mut() = self.headers.clone();
        let mut talk = pin!(talk(open.send.clone(), request, message));
        let reply = tokio::select! {
            biased;
            reply = &mut talk => {
                self.open = Some(open);
                reply
            }
            // What of the answer came before the end is there.
            () = &mut open.driver => talk.await,
        };
        reply.map_err(NoAnswer::from)
    }

    async fn connect(&mut self) -> Result<Open, NoAnswer> {
        let (socket, _) = self.target.connect(&self.off).await?;
        socket.set_nodelay(true)?;
        let stream: Box<dyn Stream> = match &self.tls {
            Some((connector, name)) => Box::new(connector.connect(name.clone(), socket).await?),
            None => Box::new(socket),
        };
        let mut builder = h2::client::Builder::new();
        builder.enable_push(false);
        let (send, connection) = builder.handshake(stream).await?;
        let driver = Box::pin(async move {
            // Those who talk over it hear why it ended.
            let _ended = connection.await;
        });
        Ok(Open { send, driver })
    }
}

impl fmt::Debug for Client {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Client")
            .field("target", &self.target)
            .field("tls", &self.tls.is_some())
            .field("headers", &self.headers)
            .finish_non_exhaustive()
    }
}

/// A message with its prefix.
fn framed(message: &[u8], packed: bool) -> Bytes {
    let packed = packed.then(|| gzip(message)).flatten();
    let content = packed.as_deref().unwrap_or(message);
    let mut framed = BytesMut::with_capacity(PREFIX + content.len());
    framed.put_u8(packed.is_some().into());
    framed.put_u32(content.len() as u32);
    framed.put_slice(content);
    framed.freeze()
}

/// The call on a connection that somebody else drives.
async fn talk(
    send: SendRequest<Bytes>,
    request: Request<()>,
    message: Bytes,
) -> Result<Reply, h2::Error> {
    let (response, mut stream) = send.ready().await?.send_request(request, false)?;
    stream.send_data(message, true)?;
    let (head, mut body) = response.await?.into_parts();
    if head.status != StatusCode::OK {
        return Ok(Reply::http(head.status));
    }
    let mut content = Vec::new();
    while let Some(chunk) = body.data().await {
        let chunk = chunk?;
        body.flow_control().release_capacity(chunk.len())?;
        let _all_is_read = keep(&mut content, &chunk);
    }
    // Where nothing but a status is said, it is said in the head.
    let trailers = match head.headers.contains_key(grpc_status::STATUS) {
        true => head.headers,
        false => body.trailers().await?.unwrap_or_default(),
    };
    Ok(Reply::grpc(&trailers, content))
}

/// Knows receivers by the system's certificates and those that are trusted besides, and shows its own.
fn connector(receiver: &Receiver) -> Result<TlsConnector, String> {
    let own = certificates(receiver.certificates.as_deref().unwrap_or_default())?;
    if receiver.certificates.is_some() && own.is_empty() {
        return Err("no certificate in it".to_owned());
    }
    let provider = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
    let builder = ClientConfig::builder_with_provider(Arc::clone(&provider))
        .with_safe_default_protocol_versions()
        .map_err(|error| error.to_string())?;
    let verifier = Verifier::new_with_extra_roots(own, provider);
    let verifier = verifier.map_err(|error| error.to_string())?;
    let builder = builder
        .dangerous()
        .with_custom_certificate_verifier(Arc::new(verifier));
    let mut config = match &receiver.identity {
        None => builder.with_no_client_auth(),
        Some(own) => {
            let key = PrivateKeyDer::from_pem_slice(&own.key).map_err(|error| error.to_string())?;
            builder
                .with_client_auth_cert(certificates(&own.certificates)?, key)
                .map_err(|error| error.to_string())?
        }
    };
    config.alpn_protocols = vec![b"h2".to_vec()];
    Ok(TlsConnector::from(Arc::new(config)))
}

fn certificates(pem: &[u8]) -> Result<Vec<CertificateDer<'static>>, String> {
    let all = CertificateDer::pem_slice_iter(pem).collect::<Result<_, _>>();
    all.map_err(|error| error.to_string())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_message_has_its_prefix() {
        assert_eq!(framed(b"", false), [0, 0, 0, 0, 0][..]);
        assert_eq!(framed(b"abc", false), b"\0\0\0\0\x03abc"[..]);
        let packed = framed(&[7; 10_000], true);
        assert!(packed.len() < 200);
        assert_eq!(packed[0], 1);
        let length = u32::from_be_bytes(*packed[1..].first_chunk().unwrap());
        assert_eq!(length as usize, packed.len() - PREFIX);
    }
}
