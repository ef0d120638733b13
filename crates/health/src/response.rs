//! The bodies that the endpoints send.

use bytes::Bytes;
use serde::Serialize;

use crate::ietf;
use crate::snapshot::Snapshot;

/// An endpoint's reply, ready to send. Send it with `Cache-Control: no-store`.
#[derive(Debug, Clone, PartialEq, Eq)]
#[must_use]
pub struct ProbeResponse {
    /// 200 or 503.
    pub status: u16,
    /// `application/json` or `application/health+json`.
    pub content_type: &'static str,
    /// The JSON text.
    pub body: Bytes,
}

const JSON: &str = "application/json";
const HEALTH_JSON: &str = "application/health+json";

fn reply(ok: bool, content_type: &'static str, body: &impl Serialize) -> ProbeResponse {
    // Serialising plain data into memory cannot fail; if it ever did, the answer is a 503.
    match serde_json::to_vec(body) {
        Ok(body) => ProbeResponse {
            status: if ok { 200 } else { 503 },
            content_type,
            body: body.into(),
        },
        Err(_) => ProbeResponse {
            status: 503,
            content_type,
            body: Bytes::from_static(b"{}"),
        },
    }
}

pub(crate) fn health(snapshot: &Snapshot, detail: bool, health_json: bool) -> ProbeResponse {
    #[derive(Serialize)]
    struct Brief<'a> {
        service_name: &'a str,
        status: &'static str,
        uptime_seconds: f64,
        timestamp: jiff::Timestamp,
    }
    let ok = snapshot.status.is_up();
    match (health_json, detail) {
        (true, _) => reply(ok, HEALTH_JSON, &ietf::body(snapshot, detail)),
        (false, true) => reply(ok, JSON, &snapshot.service),
        (false, false) => {
            let service = &snapshot.service;
            let brief = Brief {
                service_name: &service.service_name,
                status: service.status.wire(),
                uptime_seconds: service.uptime_seconds,
                timestamp: service.timestamp,
            };
            reply(ok, JSON, &brief)
        }
    }
}

pub(crate) fn ready(snapshot: &Snapshot) -> ProbeResponse {
    #[derive(Serialize)]
    struct Body<'a> {
        ready: bool,
        status: &'static str,
        #[serde(skip_serializing_if = "Option::is_none")]
        reason: Option<&'a str>,
    }
    let reason = snapshot.not_ready.as_deref();
    let body = Body {
        ready: reason.is_none(),
        status: snapshot.status.wire(),
        reason,
    };
    reply(body.ready, JSON, &body)
}

pub(crate) fn liveness(snapshot: &Snapshot) -> ProbeResponse {
    #[derive(Serialize)]
    struct Body<'a> {
        alive: bool,
        service: &'a str,
        uptime_seconds: f64,
        #[serde(skip_serializing_if = "Option::is_none")]
        reason: Option<&'a str>,
    }
    let reason = snapshot.not_alive.as_deref();
    let body = Body {
        alive: reason.is_none(),
        service: &snapshot.service.service_name,
        uptime_seconds: snapshot.service.uptime_seconds,
        reason,
    };
    reply(body.alive, JSON, &body)
}

pub(crate) fn startup(snapshot: &Snapshot) -> ProbeResponse {
    #[derive(Serialize)]
    struct Body<'a> {
        started: bool,
        service: &'a str,
        #[serde(skip_serializing_if = "Option::is_none")]
        reason: Option<&'a str>,
    }
    let reason = snapshot.not_started.as_deref();
    let body = Body {
        started: reason.is_none(),
        service: &snapshot.service.service_name,
        reason,
    };
    reply(body.started, JSON, &body)
}
