//! One receiver, by whichever protocol it speaks.

mod answer;
mod grpc;
mod grpc_status;
mod http;

use std::io::Write as _;

use ::http::{HeaderMap, HeaderName, HeaderValue};
use bytes::Bytes;
use flate2::{Compression, write::GzEncoder};
use reqwest::Url;

use crate::batch::Answer;
use crate::{OtlpError, Protocol, Receiver, Signal};

/// Bytes of an answer that are read.
const LONGEST_ANSWER: usize = 64 << 10;

const USER_AGENT: &str = concat!("bongsu-otlp/", env!("CARGO_PKG_VERSION"));

#[derive(Debug)]
pub(crate) enum Client {
    Http(http::Client),
    Grpc(grpc::Client),
}

impl Client {
    pub(crate) fn new(signal: Signal, receiver: &Receiver) -> Result<Self, OtlpError> {
        let url = Url::parse(receiver.url.expose())
            .ok()
            .filter(|url| matches!(url.scheme(), "http" | "https") && url.has_host())
            .ok_or(OtlpError::Url { signal })?;
        let mut headers = HeaderMap::new();
        for (name, value) in &receiver.headers {
            let key = HeaderName::try_from(name.as_str());
            let value = HeaderValue::try_from(value.expose());
            let (Ok(key), Ok(mut value)) = (key, value) else {
                let name = name.clone();
                return Err(OtlpError::Header { signal, name });
            };
            value.set_sensitive(true);
            headers.insert(key, value);
        }
        let client = match receiver.protocol {
            Protocol::HttpProtobuf => http::Client::new(url, headers, receiver).map(Self::Http),
            Protocol::Grpc => grpc::Client::new(signal, &url, headers, receiver).map(Self::Grpc),
        };
        client.map_err(|reason| OtlpError::Tls { signal, reason })
    }

    /// One request: what it means for the batch, and what there is to say of it.
    pub(crate) async fn send(&mut self, body: Vec<u8>) -> (Answer, Option<String>) {
        match self {
            Self::Http(client) => client.send(body).await,
            Self::Grpc(client) => client.send(&body).await,
        }
    }

    /// Nothing is sent: sees to the connection, if there is one, and never ends.
    pub(crate) async fn idle(&mut self) {
        if let Self::Grpc(client) = self {
            client.idle().await;
        }
        std::future::pending().await
    }
}

/// Adds to what of an answer is there; false when no more of it is wanted.
fn keep(answer: &mut Vec<u8>, chunk: &Bytes) -> bool {
    let room = LONGEST_ANSWER - answer.len();
    answer.extend_from_slice(&chunk[..chunk.len().min(room)]);
    answer.len() < LONGEST_ANSWER
}

fn gzip(body: &[u8]) -> Option<Vec<u8>> {
    let mut encoder = GzEncoder::new(Vec::with_capacity(body.len() / 4), Compression::fast());
    encoder.write_all(body).ok()?;
    encoder.finish().ok()
}
