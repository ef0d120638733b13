//! Protocol Buffers over HTTP.

use bytes::Bytes;
use jiff::Timestamp;
use reqwest::header::{CONTENT_ENCODING, CONTENT_TYPE, HeaderMap, HeaderValue, RETRY_AFTER};
use reqwest::{Url, redirect};

use super::{USER_AGENT, answer, gzip, keep};
use crate::Receiver;
use crate::batch::Answer;

#[derive(Debug)]
pub(crate) struct Client {
    client: reqwest::Client,
    url: Url,
    headers: HeaderMap,
    gzip: bool,
}

impl Client {
    pub(super) fn new(url: Url, own: HeaderMap, receiver: &Receiver) -> Result<Self, String> {
        let tls = |error: reqwest::Error| bongsu_text::chain(&error.without_url());
        let mut headers = HeaderMap::new();
        let protobuf = HeaderValue::from_static("application/x-protobuf");
        headers.insert(CONTENT_TYPE, protobuf);
        headers.extend(own);
        let mut builder = reqwest::Client::builder()
            .user_agent(USER_AGENT)
            .redirect(redirect::Policy::none())
            .no_proxy()
            .timeout(receiver.timeout);
        if let Some(pem) = &receiver.certificates {
            let certificates = reqwest::Certificate::from_pem_bundle(pem).map_err(tls)?;
            builder = builder.tls_certs_merge(certificates);
        }
        if let Some(own) = &receiver.identity {
            let pem = [&own.key[..], b"\n", &own.certificates[..]].concat();
            let identity = reqwest::Identity::from_pem(&pem).map_err(tls)?;
            builder = builder.identity(identity);
        }
        Ok(Self {
            client: builder.build().map_err(tls)?,
            url,
            headers,
            gzip: receiver.gzip,
        })
    }

    pub(super) async fn send(&self, body: Vec<u8>) -> (Answer, Option<String>) {
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

#[expect(clippy::disallowed_methods, reason = "a driver: it reads the clock")]
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
    while let Some(chunk) = response.chunk().await? {
        if !keep(&mut body, &chunk) {
            break;
        }
    }
    Ok(answer::read(
        status,
        retry.as_deref(),
        &body,
        Timestamp::now(),
    ))
}
