//! One receiver, over HTTP.

use std::io::Write as _;

use bytes::Bytes;
use flate2::{Compression, write::GzEncoder};
use jiff::Timestamp;
use reqwest::header::{
    CONTENT_ENCODING, CONTENT_TYPE, HeaderMap, HeaderName, HeaderValue, RETRY_AFTER,
};
use reqwest::{Url, redirect};

use crate::batch::Answer;
use crate::{OtlpError, Receiver, Signal, answer};

/// Bytes of an answer that are read.
const LONGEST_ANSWER: usize = 64 << 10;

#[derive(Debug)]
pub(crate) struct Client {
    client: reqwest::Client,
    url: Url,
    headers: HeaderMap,
    gzip: bool,
}

impl Client {
    pub(crate) fn new(signal: Signal, receiver: &Receiver) -> Result<Self, OtlpError> {
        let url = Url::parse(receiver.url.expose())
            .ok()
            .filter(|url| matches!(url.scheme(), "http" | "https") && url.has_host())
            .ok_or(OtlpError::Url { signal })?;
        let mut headers = HeaderMap::new();
        headers.insert(
            CONTENT_TYPE,
            HeaderValue::from_static("application/x-protobuf"),
        );
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
        let tls = |error: reqwest::Error| OtlpError::Tls {
            signal,
            reason: bongsu_text::chain(&error.without_url()),
        };
        let mut builder = reqwest::Client::builder()
            .user_agent(concat!("bongsu-otlp/", env!("CARGO_PKG_VERSION")))
            .redirect(redirect::Policy::none())
            .no_proxy()
            .timeout(receiver.timeout);
        if let Some(pem) = &receiver.certificates {
            let certificates = reqwest::Certificate::from_pem_bundle(pem).map_err(tls)?;
            builder = builder.tls_certs_merge(certificates);
        }
        Ok(Self {
            client: builder.build().map_err(tls)?,
            url,
            headers,
            gzip: receiver.gzip,
        })
    }

    /// One request: what it means for the batch, and what there is to say of it.
    pub(crate) async fn send(&self, body: Vec<u8>) -> (Answer, Option<String>) {
        let request = self
            .client
            .post(self.url.clone())
            .headers(self.headers.clone());
        let request = match self.gzip.then(|| gzip(&body)).flatten() {
            Some(packed) => request.header(CONTENT_ENCODING, "gzip").body(packed),
            None => request.body(Bytes::from(body)),
        };
        match exchange(request).await {
            Ok(answer) => answer,
            // Whether it arrived is not known: once too often is better than never.
            Err(error) => (
                Answer::Later(None),
                Some(bongsu_text::chain(&error.without_url())),
            ),
        }
    }
}

async fn exchange(
    request: reqwest::RequestBuilder,
) -> Result<(Answer, Option<String>), reqwest::Error> {
    let mut response = request.send().await?;
    let status = response.status().as_u16();
    let retry = response.headers().get(RETRY_AFTER);
    let retry = retry
        .and_then(|value| value.to_str().ok())
        .map(str::to_owned);
    let mut body = Vec::new();
    while body.len() < LONGEST_ANSWER
        && let Some(chunk) = response.chunk().await?
    {
        let room = LONGEST_ANSWER - body.len();
        body.extend_from_slice(&chunk[..chunk.len().min(room)]);
    }
    Ok(answer::read(
        status,
        retry.as_deref(),
        &body,
        Timestamp::now(),
    ))
}

fn gzip(body: &[u8]) -> Option<Vec<u8>> {
    let mut encoder = GzEncoder::new(Vec::with_capacity(body.len() / 4), Compression::fast());
    encoder.write_all(body).ok()?;
    encoder.finish().ok()
}
