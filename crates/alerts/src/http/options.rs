//! How a channel connects.

use std::time::Duration;

use bongsu_secret::Secret;

/// How a channel connects.
#[derive(Debug, Clone)]
#[non_exhaustive]
pub struct HttpOptions {
    /// For the TCP and TLS handshakes. Default 5 s.
    pub connect_timeout: Duration,
    /// For a whole attempt. Default 15 s.
    pub timeout: Duration,
    /// A certificate authority to trust besides the machine's, PEM. Default none.
    pub ca_pem: Option<Vec<u8>>,
    /// A proxy's URL for every request; may hold credentials. Default none: the environment is not
    /// read.
    pub proxy: Option<Secret>,
    /// A proxy's URL for `https` alone, before [`HttpOptions::proxy`]. Default none.
    pub https_proxy: Option<Secret>,
    /// A proxy's URL for `http` alone, before [`HttpOptions::proxy`]. Default none.
    pub http_proxy: Option<Secret>,
    /// Hosts, domains and networks that are reached without a proxy, separated by commas, as in
    /// `NO_PROXY`. Default none.
    pub no_proxy: Option<String>,
}

impl Default for HttpOptions {
    fn default() -> Self {
        Self {
            connect_timeout: Duration::from_secs(5),
            timeout: Duration::from_secs(15),
            ca_pem: None,
            proxy: None,
            https_proxy: None,
            http_proxy: None,
            no_proxy: None,
        }
    }
}

impl HttpOptions {
    /// The defaults.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// Sets the limit of the handshakes. Default 5 s.
    #[must_use]
    pub const fn connect_timeout(mut self, limit: Duration) -> Self {
        self.connect_timeout = limit;
        self
    }

    /// Sets the limit of a whole attempt. Default 15 s.
    #[must_use]
    pub const fn timeout(mut self, limit: Duration) -> Self {
        self.timeout = limit;
        self
    }

    /// Trusts one more certificate authority (PEM).
    #[must_use]
    pub fn ca_pem(mut self, pem: impl Into<Vec<u8>>) -> Self {
        self.ca_pem = Some(pem.into());
        self
    }

    /// Goes through a proxy.
    #[must_use]
    pub fn proxy(mut self, url: Secret) -> Self {
        self.proxy = Some(url);
        self
    }

    /// Goes through a proxy where the URL is `https`.
    #[must_use]
    pub fn https_proxy(mut self, url: Secret) -> Self {
        self.https_proxy = Some(url);
        self
    }

    /// Goes through a proxy where the URL is `http`.
    #[must_use]
    pub fn http_proxy(mut self, url: Secret) -> Self {
        self.http_proxy = Some(url);
        self
    }

    /// Reaches these without a proxy: `localhost,.corp.example,10.0.0.0/8`.
    #[must_use]
    pub fn no_proxy(mut self, hosts: impl Into<String>) -> Self {
        self.no_proxy = Some(hosts.into());
        self
    }
}
