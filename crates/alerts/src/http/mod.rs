//! The one way in which channels speak HTTP, for your own channels too: bounded in time and size,
//! never following a redirect, never naming a URL or a key in an error, `Retry-After` understood in
//! its three forms.
//!
//! ```
//! use async_trait::async_trait;
//! use bongsu_alerts::channels::{ChannelConfigError, Problems};
//! use bongsu_alerts::http::{Endpoint, Request};
//! use bongsu_alerts::{
//!     Attempt, Channel, Notification, Outcome, RenderError, Rendered, Secret, Target,
//! };
//!
//! /// Posts a line of text to one URL.
//! #[derive(Debug)]
//! struct Room(Endpoint);
//!
//! impl Room {
//!     fn new(url: Secret) -> Result<Self, ChannelConfigError> {
//!         let mut problems = Problems::of("room");
//!         let endpoint = problems.keep("url", Endpoint::secret(url));
//!         problems.finish(endpoint).map(Self)
//!     }
//! }
//!
//! #[async_trait]
//! impl Channel for Room {
//!     fn id(&self) -> &str {
//!         "room"
//!     }
//!     fn targets(&self) -> Vec<Target> {
//!         vec![Target::new(self.0.host())]
//!     }
//!     fn render(&self, n: &Notification, target: &Target) -> Result<Rendered, RenderError> {
//!         Ok(Rendered::new(target.clone(), "text/plain", n.alert.title.clone()))
//!     }
//!     async fn deliver(&self, cx: &Attempt, message: &Rendered) -> Outcome {
//!         match self.0.send(cx, Request::of(message)).await {
//!             Ok(answer) => answer.outcome(cx),
//!             Err(outcome) => outcome,
//!         }
//!     }
//! }
//! # Room::new(Secret::new("https://chat.example/hooks/x")).unwrap();
//! ```

mod answer;
mod client;
mod options;
mod request;
mod retry_after;
mod url;

use std::sync::Arc;

use reqwest::Url;

pub use self::answer::Answer;
use self::client::Client;
pub use self::options::HttpOptions;
pub use self::request::Request;
use crate::channel::{Attempt, Outcome};
use crate::channels::Problem;
use bongsu_secret::Secret;

/// Where a channel sends to: a URL, how to connect to it, and what must never be quoted from it.
/// Cheap to clone.
#[derive(Clone)]
pub struct Endpoint {
    url: Url,
    client: Client,
    secrets: Arc<[String]>,
}

impl std::fmt::Debug for Endpoint {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_tuple("Endpoint").field(&self.host()).finish()
    }
}

impl Endpoint {
    /// A URL that is itself the credential: `https`, or `http` to this machine.
    ///
    /// # Errors
    /// When it is no such URL.
    pub fn secret(url: impl Into<Secret>) -> Result<Self, Problem> {
        Self::new(url::confidential(url.into().expose())?)
    }

    /// Any `http` or `https` URL; it may hold a credential.
    ///
    /// # Errors
    /// When it is no such URL.
    pub fn open(url: impl Into<Secret>) -> Result<Self, Problem> {
        Self::new(url::url(url.into().expose())?)
    }

    fn new(url: Url) -> Result<Self, Problem> {
        Ok(Self {
            client: Client::new(&HttpOptions::default())?,
            secrets: url::secrets_of(&url).into(),
            url,
        })
    }

    /// Takes one more text out of every reason: a token that travels in a header or a body.
    #[must_use]
    pub fn hiding(mut self, secret: &Secret) -> Self {
        let mut secrets = self.secrets.to_vec();
        secrets.push(secret.expose().to_owned());
        self.secrets = url::longest_first(secrets).into();
        self
    }

    /// The same place, reached another way.
    ///
    /// # Errors
    /// When a certificate or a proxy cannot be used.
    pub fn connect(mut self, options: &HttpOptions) -> Result<Self, Problem> {
        self.client = Client::new(options)?;
        Ok(self)
    }

    /// `host` or `host:port`: the part of the URL that is no secret.
    #[must_use]
    pub fn host(&self) -> String {
        url::host(&self.url)
    }

    /// The URL, credentials and all: what [`Channel::far_side`](crate::Channel::far_side) asks for.
    #[must_use]
    pub fn far_side(&self) -> Secret {
        Secret::new(self.url.as_str())
    }

    /// One exchange, over by `cx.deadline`.
    ///
    /// # Errors
    /// The outcome of an attempt that got no answer.
    pub async fn send(&self, cx: &Attempt, request: Request) -> Result<Answer, Outcome> {
        let url = request.place(&self.url);
        self.client.send(url, request, cx, &self.secrets).await
    }

    /// The same place with a path behind its own, and without its query.
    #[cfg(feature = "alertmanager")]
    pub(crate) fn below(mut self, path: &str) -> Self {
        let path = format!("{}{path}", self.url.path().trim_end_matches('/'));
        self.url.set_path(&path);
        self.url.set_query(None);
        self
    }

    #[cfg(any(test, feature = "alertmanager"))]
    pub(crate) const fn url(&self) -> &Url {
        &self.url
    }
}

#[cfg(test)]
mod tests;
