//! Whether an HTTP endpoint answers as it should.

use std::fmt;
use std::net::ToSocketAddrs;
use std::sync::Arc;

use async_trait::async_trait;
use bongsu_connect::OffRuntime;
use reqwest::dns::{Addrs, Name, Resolve, Resolving};
use reqwest::header::{HeaderMap, HeaderName, HeaderValue};
use reqwest::{Client, Method, Url};

use crate::check::{Check, CheckError, CheckOutput, Probe};
use crate::error::{HealthError, Problem};
use crate::status::DependencyType;

/// Asks a URL and looks at the status. Redirects are not followed, the body is not read, and each
/// run connects anew. Proxies from the environment are not used.
#[must_use]
pub struct HttpProbe {
    client: Client,
    url: Url,
    method: Method,
    headers: HeaderMap,
    /// Empty: any 2xx.
    expected: Vec<u16>,
}

impl fmt::Debug for HttpProbe {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        // The path or the query may be a secret.
        f.debug_struct("HttpProbe")
            .field("host", &self.url.host_str())
            .finish_non_exhaustive()
    }
}

impl HttpProbe {
    /// `GET` of this `http` or `https` URL.
    ///
    /// # Errors
    ///
    /// [`HealthError::Invalid`] when it is not such a URL or the TLS set-up of this machine is not
    /// usable.
    pub fn new(url: &str) -> Result<Self, HealthError> {
        let url = Url::parse(url).map_err(|error| bad(&error.to_string()))?;
        if !matches!(url.scheme(), "http" | "https") || url.host_str().is_none() {
            return Err(bad("a URL that begins with http:// or https:// is needed"));
        }
        let client = Client::builder()
            .redirect(reqwest::redirect::Policy::none())
            .pool_max_idle_per_host(0)
            .no_proxy()
            .dns_resolver(Arc::new(OffRuntimeResolver::default()))
            .build()
            .map_err(|error| bad(CheckError::from(error.without_url()).message()))?;
        Ok(Self {
            client,
            url,
            method: Method::GET,
            headers: HeaderMap::new(),
            expected: Vec::new(),
        })
    }

    /// Over a client of one's own: other roots, a proxy, a client certificate.
    pub fn client(mut self, client: Client) -> Self {
        self.client = client;
        self
    }

    /// `HEAD` instead of `GET`.
    pub fn head(mut self) -> Self {
        self.method = Method::HEAD;
        self
    }

    /// A header to send; its value is kept out of every text.
    ///
    /// # Errors
    ///
    /// [`HealthError::Invalid`] when the name or value is not one of a header.
    pub fn header(mut self, name: &str, value: &str) -> Result<Self, HealthError> {
        let name =
            HeaderName::from_bytes(name.as_bytes()).map_err(|_| bad("not a header's name"))?;
        let mut value = HeaderValue::from_str(value).map_err(|_| bad("not a header's value"))?;
        value.set_sensitive(true);
        self.headers.insert(name, value);
        Ok(self)
    }

    /// The statuses that are right. Default: any 2xx.
    pub fn expect_status(mut self, statuses: impl IntoIterator<Item = u16>) -> Self {
        self.expected = statuses.into_iter().collect();
        self
    }

    /// As a check of an external API.
    pub fn into_check(self, name: impl Into<String>) -> Check {
        Check::from_probe(name, DependencyType::ExternalApi, self)
    }
}

fn bad(reason: &str) -> HealthError {
    HealthError::Invalid(vec![Problem::InvalidTarget {
        name: "http".to_owned(),
        reason: reason.to_owned(),
    }])
}

#[async_trait]
impl Probe for HttpProbe {
    async fn check(&self) -> Result<CheckOutput, CheckError> {
        let request = self
            .client
            .request(self.method.clone(), self.url.clone())
            .headers(self.headers.clone());
        let response = request.send().await.map_err(reqwest::Error::without_url)?;
        let status = response.status().as_u16();
        let right = match self.expected.as_slice() {
            [] => response.status().is_success(),
            expected => expected.contains(&status),
        };
        match right {
            true => Ok(CheckOutput::ok().metadata("status", status)),
            false => Err(CheckError::new(format!("answered with status {status}"))),
        }
    }
}

/// A check that `url` answers with 2xx; see [`HttpProbe`].
///
/// # Errors
///
/// [`HealthError::Invalid`] when the URL is not an HTTP one.
pub fn http(name: impl Into<String>, url: &str) -> Result<Check, HealthError> {
    Ok(HttpProbe::new(url)?.into_check(name))
}

/// Name resolution that cannot fill the runtime's blocking pool when the name server is dead.
#[derive(Debug, Default)]
struct OffRuntimeResolver(OffRuntime);

impl Resolve for OffRuntimeResolver {
    fn resolve(&self, name: Name) -> Resolving {
        let off = self.0.clone();
        Box::pin(async move {
            let found = off
                .run(move || (name.as_str(), 0).to_socket_addrs().map(Vec::from_iter))
                .await??;
            Ok(Box::new(found.into_iter()) as Addrs)
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_http_urls() {
        for bad in ["", "host:80", "ftp://host", "file:///etc/passwd", "http://"] {
            assert!(HttpProbe::new(bad).is_err(), "{bad}");
        }
        assert!(
            HttpProbe::new("http://host/")
                .unwrap()
                .header("a b", "c")
                .is_err()
        );
    }

    #[test]
    fn secrets_are_in_no_text() {
        let probe = HttpProbe::new("https://host/secretpath?key=v")
            .unwrap()
            .header("x-key", "hunter2")
            .unwrap();
        let text = format!("{probe:?}");
        assert!(
            !text.contains("secretpath") && !text.contains("hunter2"),
            "{text}"
        );
    }
}
