//! The exchange itself.

use std::sync::Arc;
use std::time::Duration;

use reqwest::{NoProxy, Proxy, Url, redirect};

use super::answer::{Answer, MAX_ANSWER};
use super::options::HttpOptions;
use super::request::Request;
use super::retry_after::retry_after;
use crate::channel::{Attempt, Outcome};
use crate::channels::Problem;
use crate::render::fit::{Unit, fit, one_line, verbatim};
use bongsu_secret::Secret;

const USER_AGENT: &str = concat!("bongsu-alerts/", env!("CARGO_PKG_VERSION"));

/// Clients are not shared: a connection belongs to its runtime.
#[derive(Debug, Clone)]
pub(super) struct Client {
    client: reqwest::Client,
    timeout: Duration,
}

impl Client {
    pub(super) fn new(options: &HttpOptions) -> Result<Self, Problem> {
        let tls = |error: reqwest::Error| Problem::Tls(words(&error.without_url()));
        let mut builder = reqwest::Client::builder()
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
        for proxy in proxies(options)? {
            builder = builder.proxy(proxy);
        }
        Ok(Self {
            client: builder.build().map_err(tls)?,
            timeout: options.timeout,
        })
    }

    /// One exchange, over by the attempt's deadline.
    pub(super) async fn send(
        &self,
        url: Url,
        request: Request,
        cx: &Attempt,
        secrets: &Arc<[String]>,
    ) -> Result<Answer, Outcome> {
        let end = cx.deadline.min(tokio::time::Instant::now() + self.timeout);
        match tokio::time::timeout_at(end, self.exchange(url, request, cx, secrets)).await {
            Ok(result) => result,
            Err(_) => Err(Outcome::unanswered("no answer in time")),
        }
    }

    async fn exchange(
        &self,
        url: Url,
        request: Request,
        cx: &Attempt,
        secrets: &Arc<[String]>,
    ) -> Result<Answer, Outcome> {
        let mut builder = self.client.request(request.method, url).body(request.body);
        for (name, value) in request.headers {
            builder = builder.header(name, value);
        }
        let mut response = builder.send().await.map_err(no_answer)?;
        let status = response.status().as_u16();
        let retry_after = response
            .headers()
            .get("retry-after")
            .and_then(|value| value.to_str().ok())
            .and_then(|value| retry_after(value, cx.now));
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
            secrets: Arc::clone(secrets),
        })
    }
}

/// One proxy a scheme, as far as they are set; hosts of `no_proxy` are reached directly.
fn proxies(options: &HttpOptions) -> Result<Vec<Proxy>, Problem> {
    let none = || options.no_proxy.as_deref().and_then(NoProxy::from_string);
    type Kind = fn(&str) -> reqwest::Result<Proxy>;
    let wanted: [(&Option<Secret>, Kind); 3] = [
        (&options.https_proxy, |url| Proxy::https(url)),
        (&options.http_proxy, |url| Proxy::http(url)),
        (&options.proxy, |url| Proxy::all(url)),
    ];
    let mut proxies = Vec::new();
    for (url, kind) in wanted {
        if let Some(url) = url {
            let proxy = kind(url.expose()).map_err(|_| Problem::Malformed("proxy is not a URL"))?;
            proxies.push(proxy.no_proxy(none()));
        }
    }
    Ok(proxies)
}

fn no_answer(error: reqwest::Error) -> Outcome {
    // A request that never left cannot have arrived.
    let unsent = error.is_connect() || error.is_builder();
    let error = error.without_url();
    let reason = match (error.is_timeout(), unsent) {
        (true, true) => "no connection in time".to_owned(),
        (true, false) => "no answer in time".to_owned(),
        (false, _) => words(&error),
    };
    Outcome::Transient {
        reason,
        retry_after: None,
        maybe_delivered: !unsent,
    }
}

/// An error's causes in one line. The URL is gone before this is called.
fn words(error: &reqwest::Error) -> String {
    let said = bongsu_text::chain(error);
    fit(&one_line(&said), 300, Unit::Chars, verbatim).text
}
