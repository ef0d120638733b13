//! What goes out.

use reqwest::{Method, Url};

use crate::channel::Rendered;

/// One request to an [`Endpoint`](super::Endpoint).
#[derive(Debug, Clone)]
#[must_use = "send it"]
pub struct Request {
    pub(super) method: Method,
    pub(super) headers: Vec<(String, String)>,
    pub(super) body: Vec<u8>,
    path: Option<String>,
    query: Vec<(String, String)>,
}

impl Request {
    fn new(method: Method, body: Vec<u8>) -> Self {
        Self {
            method,
            headers: Vec::new(),
            body,
            path: None,
            query: Vec::new(),
        }
    }

    /// Posts a rendered message: its body, its media type and its headers.
    pub fn of(message: &Rendered) -> Self {
        let post = Self::post(&message.content_type, message.body.clone());
        message
            .headers
            .iter()
            .fold(post, |post, (name, value)| post.header(name, value))
    }

    /// Posts a body of a media type.
    pub fn post(content_type: &str, body: impl Into<Vec<u8>>) -> Self {
        Self::new(Method::POST, body.into()).header("content-type", content_type)
    }

    /// Posts JSON.
    pub fn json(body: &serde_json::Value) -> Self {
        Self::post("application/json", body.to_string())
    }

    /// Posts nothing.
    pub fn empty_post() -> Self {
        Self::new(Method::POST, Vec::new())
    }

    /// Asks for a document.
    pub fn get() -> Self {
        Self::new(Method::GET, Vec::new())
    }

    /// Asks whether there is one.
    pub fn head() -> Self {
        Self::new(Method::HEAD, Vec::new())
    }

    /// Adds a header. One that is no header makes the attempt fail, unsent.
    pub fn header(mut self, name: impl Into<String>, value: impl Into<String>) -> Self {
        self.headers.push((name.into(), value.into()));
        self
    }

    /// Takes the place of the endpoint's path. Default: the endpoint's own.
    pub fn path(mut self, path: impl Into<String>) -> Self {
        self.path = Some(path.into());
        self
    }

    /// Adds to the endpoint's query, unless it names `name` already.
    pub fn query(mut self, name: impl Into<String>, value: impl Into<String>) -> Self {
        self.query.push((name.into(), value.into()));
        self
    }

    pub(super) fn place(&self, endpoint: &Url) -> Url {
        let mut url = endpoint.clone();
        if let Some(path) = &self.path {
            url.set_path(path);
        }
        for (name, value) in &self.query {
            if !endpoint.query_pairs().any(|(known, _)| known == *name) {
                url.query_pairs_mut().append_pair(name, value);
            }
        }
        url
    }
}
