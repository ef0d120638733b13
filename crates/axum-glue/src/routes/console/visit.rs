//! A request to the console, taken apart once for every handler.

use std::{convert::Infallible, net::IpAddr, sync::Arc};

use axum::extract::{FromRequestParts, Query};
use bongsu_console::pages::{Chrome, Notice};
use http::{HeaderMap, Uri, request::Parts};
use serde::Deserialize;

use super::{
    Console,
    guard::{self, Access},
};
use crate::Peer;

/// Most bytes of a filter.
const MAX_FILTER: usize = 256;

/// Somebody's request.
pub(super) struct Visit {
    pub(super) console: Arc<Console>,
    pub(super) headers: HeaderMap,
    pub(super) uri: Uri,
    pub(super) asked: Asked,
    pub(super) peer: Option<Peer>,
    /// Whom it came from.
    pub(super) client: Option<IpAddr>,
    /// The browser speaks TLS.
    pub(super) secure: bool,
    access: Option<Access>,
}

/// What a page's address may carry; what is not known is ignored.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(super) struct Asked {
    pub(super) q: String,
    pub(super) level: String,
    pub(super) request_id: String,
    pub(super) trace_id: String,
    pub(super) target: String,
    pub(super) field: String,
    pub(super) columns: String,
    pub(super) range: String,
    pub(super) since: String,
    pub(super) until: String,
    pub(super) skip: String,
    pub(super) date: String,
    /// An alert's own page.
    pub(super) key: String,
    pub(super) lang: String,
    said: String,
}

impl FromRequestParts<Arc<Console>> for Visit {
    type Rejection = Infallible;

    async fn from_request_parts(
        parts: &mut Parts,
        console: &Arc<Console>,
    ) -> Result<Self, Self::Rejection> {
        let asked = Query::<Asked>::try_from_uri(&parts.uri);
        let mut asked = asked.map(|Query(asked)| asked).unwrap_or_default();
        for filter in [
            &mut asked.q,
            &mut asked.request_id,
            &mut asked.trace_id,
            &mut asked.target,
            &mut asked.field,
            &mut asked.columns,
        ] {
            clip(filter);
        }
        Ok(Self {
            console: console.clone(),
            headers: parts.headers.clone(),
            uri: parts.uri.clone(),
            asked,
            peer: Peer::of(&parts.extensions),
            client: console.policy.client(&parts.extensions, &parts.headers),
            secure: console.policy.is_secure(&parts.extensions, &parts.headers),
            access: parts.extensions.get().copied(),
        })
    }
}

impl Visit {
    /// What the page has around it.
    pub(super) fn chrome(&self) -> Chrome {
        let mut chrome = chrome(&self.console, &self.headers, &self.uri);
        chrome.signed_in = self.access == Some(Access::Session);
        chrome.notice = Notice::parse(&self.asked.said);
        chrome
    }
}

/// The same around a page for somebody who has not come in.
pub(super) fn chrome(console: &Console, headers: &HeaderMap, uri: &Uri) -> Chrome {
    let mut chrome = Chrome::new(guard::lang(headers), &console.form_token);
    let here = uri.path_and_query().map(|here| here.as_str().to_owned());
    chrome.here = here.unwrap_or_default();
    chrome
}

fn clip(text: &mut String) {
    text.truncate(text.floor_char_boundary(MAX_FILTER));
}
