//! The one way in which channels speak HTTP: bounded in time and size, never following a redirect,
//! never naming a URL in an error.

use std::time::Duration;

use jiff::Timestamp;
use reqwest::{Client, Method, Url, redirect};

mod answer;
mod options;
mod url;

pub(crate) use self::answer::Answer;
use self::answer::{MAX_ANSWER, retry_after};
pub use self::options::HttpOptions;
pub(crate) use self::url::{SecretUrl, host, secrets_of, url};
use super::error::Problem;
use crate::channel::Outcome;
use crate::render::fit::{Unit, fit, one_line, verbatim};

const USER_AGENT: &str = concat!("bongsu-alerts/", env!("CARGO_PKG_VERSION"));

/// A client of one channel. Clients are not shared: a connection belongs to its runtime.
#[derive(Debug, Clone)]
pub(crate) struct Http {
    client: Client,
    timeout: Duration,
}

/// What goes out.
pub(crate) struct Request<'a> {
    pub(crate) method: Method,
    pub(crate) url: &'a Url,
    pub(crate) content_type: &'a str,
    pub(crate) headers: &'a [(&'a str, &'a str)],
    pub(crate) body: Vec<u8>,
}

impl Http {
    pub(crate) fn new(options: &HttpOptions) -> Result<Self, Problem> {
        let tls = |error: reqwest::Error| Problem::Tls(words(&error.without_url()));
        let mut builder = Client::builder()
            .user_agent(USER_AGENT)
            .redirect(redirect::Policy::none())
            .referer(false)
            .no_proxy()
            .connect_timeout(options.connect_timeout)
            .timeout(options.timeout)
            // Alerts are rare: a connection kept for the next one is mostly dead by then.
            .pool_max_idle_per_host(0);
        if let Some(pem) = &options.ca_pem {
            let certificates = reqwest::Certificate::from_pem_bundle(pem).map_err(tls)?;
            if certificates.is_empty() {
                return Err(Problem::Tls("no certificate in the PEM".to_owned()));
            }
            builder = builder.tls_certs_merge(certificates);
        }
        if let Some(proxy) = &options.proxy {
            let proxy = reqwest::Proxy::all(proxy.expose())
                .map_err(|_| Problem::Malformed("proxy is not a URL"))?;
            builder = builder.proxy(proxy);
        }
        Ok(Self {
            client: builder.build().map_err(tls)?,
            timeout: options.timeout,
        })
    }

    /// One exchange, over by `deadline`. The error is the outcome of an attempt without an answer.
    pub(crate) async fn send(
        &self,
        request: Request<'_>,
        now: Timestamp,
        deadline: tokio::time::Instant,
    ) -> Result<Answer, Outcome> {
        let end = deadline.min(tokio::time::Instant::now() + self.timeout);
        match tokio::time::timeout_at(end, self.exchange(request, now)).await {
            Ok(result) => result,
            Err(_) => Err(Outcome::Transient {
                reason: "no answer in time".to_owned(),
                retry_after: None,
                maybe_delivered: true,
            }),
        }
    }

    async fn exchange(&self, request: Request<'_>, now: Timestamp) -> Result<Answer, Outcome> {
        let mut builder = self
            .client
            .request(request.method, request.url.clone())
            .body(request.body);
        if !request.content_type.is_empty() {
            builder = builder.header("content-type", request.content_type);
        }
        for (name, value) in request.headers {
            builder = builder.header(*name, *value);
        }
        let mut response = builder.send().await.map_err(no_answer)?;
        let status = response.status().as_u16();
        let retry_after = response
            .headers()
            .get("retry-after")
            .and_then(|value| value.to_str().ok())
            .and_then(|value| retry_after(value, now));
        let mut body = Vec::new();
        let complete = loop {
            match response.chunk().await {
                Ok(Some(chunk)) => {
                    let room = MAX_ANSWER - body.len();
                    body.extend_from_slice(&chunk[..chunk.len().min(room)]);
                    if body.len() == MAX_ANSWER {
                        break true;
                    }
                }
                Ok(None) => break true,
                Err(_) => break false,
            }
        };
        Ok(Answer {
            status,
            retry_after,
            body,
            complete,
        })
    }
}

fn no_answer(error: reqwest::Error) -> Outcome {
    // A request that never left cannot have arrived.
    let unsent = error.is_connect() || error.is_builder();
    let error = error.without_url();
    let reason = if error.is_timeout() {
        if unsent {
            "no connection in time".to_owned()
        } else {
            "no answer in time".to_owned()
        }
    } else {
        words(&error)
    };
    Outcome::Transient {
        reason,
        retry_after: None,
        maybe_delivered: !unsent,
    }
}

/// An error's causes in one line. The URL is gone before this is called.
fn words(error: &reqwest::Error) -> String {
    clip(&bongsu_text::chain(error))
}

fn clip(text: &str) -> String {
    fit(&one_line(text), 300, Unit::Chars, verbatim).text
}
