//! Who may read the operations endpoints.

use std::{
    collections::HashMap,
    fmt,
    net::IpAddr,
    sync::{Arc, Mutex},
    time::Duration,
};

use http::{Extensions, HeaderMap, StatusCode, header};
use tokio::time::Instant;

#[cfg(feature = "console")]
use crate::proxies;
use crate::{Peer, TrustedProxies};

/// Who may read an operations endpoint (metrics, health detail, admin).
///
/// The default is [`OpsPolicy::open`], as a Prometheus on a private network expects.
#[derive(Clone, Debug, Default)]
pub struct OpsPolicy {
    kind: Kind,
    proxies: Option<TrustedProxies>,
}

#[derive(Clone, Debug, Default)]
enum Kind {
    #[default]
    Open,
    Loopback,
    Token(Arc<TokenGate>),
}

impl OpsPolicy {
    /// Anyone who reaches the port.
    #[must_use]
    pub fn open() -> Self {
        Kind::Open.into()
    }

    /// Only connections from this machine that no proxy passed on: a request with `Forwarded`,
    /// `X-Forwarded-For`, `X-Real-IP` or `Via` came from elsewhere, and one for a host name other
    /// than `localhost` came from a browser that was led here. Needs the peer's address
    /// ([`serve`](crate::serve) gives it); without one the answer is no.
    ///
    /// A proxy on the same machine that adds none of these headers looks like the machine itself:
    /// use [`OpsPolicy::token`] behind one.
    #[must_use]
    pub fn loopback() -> Self {
        Kind::Loopback.into()
    }

    /// Only those who send `Authorization: Bearer <token>`, compared in constant time.
    /// After ten wrong tokens within a minute from one address its further attempts are refused with 429
    /// until the minute is over; the right token is still accepted, and other addresses have their own ten.
    #[must_use]
    pub fn token(token: impl Into<String>) -> Self {
        Kind::Token(Arc::new(TokenGate {
            token: token.into(),
            failures: Mutex::default(),
        }))
        .into()
    }

    /// These stand before the service: wrong tokens are counted by the client's address that they pass on, the
    /// audit names it, and only they are believed that a browser speaks TLS. Default: whoever is connected is the
    /// client, and anybody says so of itself.
    #[must_use]
    pub fn behind(mut self, proxies: TrustedProxies) -> Self {
        self.proxies = Some(proxies);
        self
    }

    /// Whom a request came from.
    pub(crate) fn client(&self, extensions: &Extensions, headers: &HeaderMap) -> Option<IpAddr> {
        match &self.proxies {
            Some(proxies) => proxies.client(extensions, headers),
            None => Some(Peer::of(extensions)?.address()?.ip().to_canonical()),
        }
    }

    /// Whether a request with these headers and extensions may pass.
    ///
    /// # Errors
    ///
    /// The status to answer with: 401 without or with a wrong token, 429 after too many
    /// wrong ones, 403 from outside the machine.
    pub fn check(&self, headers: &HeaderMap, extensions: &Extensions) -> Result<(), Refusal> {
        match &self.kind {
            Kind::Open => Ok(()),
            Kind::Loopback => loopback(headers, extensions),
            Kind::Token(gate) => {
                let given = headers
                    .get(header::AUTHORIZATION)
                    .and_then(|value| bearer(value.as_bytes()));
                let client = self.client(extensions, headers);
                gate.check(given, client, Instant::now())
            }
        }
    }
}

/// What a browser needs, which cannot send a bearer token by itself.
#[cfg(feature = "console")]
impl OpsPolicy {
    /// The token, to derive a session from.
    pub(crate) fn token_bytes(&self) -> Option<&[u8]> {
        match &self.kind {
            Kind::Token(gate) => Some(gate.token.as_bytes()),
            Kind::Open | Kind::Loopback => None,
        }
    }

    /// Whether a token typed into a form is right; wrong ones count as those in headers do.
    pub(crate) fn check_typed(&self, given: &str, client: Option<IpAddr>) -> Result<(), Refusal> {
        match &self.kind {
            Kind::Token(gate) => gate.check(Some(given.as_bytes()), client, Instant::now()),
            Kind::Open | Kind::Loopback => Ok(()),
        }
    }

    /// Whether a browser speaks TLS, to this server or to the first of the proxies in front.
    pub(crate) fn is_secure(&self, extensions: &Extensions, headers: &HeaderMap) -> bool {
        match &self.proxies {
            Some(proxies) => proxies.is_secure(extensions, headers),
            None => proxies::is_secure(extensions, headers),
        }
    }
}

impl From<Kind> for OpsPolicy {
    fn from(kind: Kind) -> Self {
        Self {
            kind,
            proxies: None,
        }
    }
}

/// Why a request was refused.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct Refusal {
    /// 401, 403 or 429.
    pub status: StatusCode,
    /// One line for the caller; never says what the right token looks like.
    pub reason: &'static str,
}

fn loopback(headers: &HeaderMap, extensions: &Extensions) -> Result<(), Refusal> {
    let forwarded = FORWARDED.iter().any(|name| headers.contains_key(*name));
    let Some(peer) = Peer::of(extensions) else {
        return Err(Refusal {
            status: StatusCode::FORBIDDEN,
            reason: "only available from the machine itself, and the server does not say who is connected: \
                serve with into_make_service_with_connect_info::<SocketAddr>(), on a Unix socket ::<Peer>(), or set \
                a token",
        });
    };
    let mut hosts = headers.get_all(header::HOST).iter();
    let named = hosts.any(|host| !is_local_host(host.as_bytes()));
    if peer.is_local() && !forwarded && !named {
        return Ok(());
    }
    Err(Refusal {
        status: StatusCode::FORBIDDEN,
        reason: "only available from the machine itself",
    })
}

/// What proxies add.
const FORWARDED: [&str; 4] = ["forwarded", "x-forwarded-for", "x-real-ip", "via"];

/// An address or `localhost`, with or without a port. A name of somebody else's may resolve to this
/// machine in a browser (DNS rebinding); an address cannot.
fn is_local_host(host: &[u8]) -> bool {
    let Ok(host) = std::str::from_utf8(host) else {
        return false;
    };
    let name = match host.rsplit_once(':') {
        Some((name, port)) if port.bytes().all(|b| b.is_ascii_digit()) => name,
        _ => host,
    };
    let address = name.trim_start_matches('[').trim_end_matches(']');
    name.eq_ignore_ascii_case("localhost") || address.parse::<std::net::IpAddr>().is_ok()
}

struct TokenGate {
    token: String,
    /// By the address that they came from.
    failures: Mutex<HashMap<Option<IpAddr>, Failures>>,
}

#[derive(Clone, Copy)]
struct Failures {
    since: Instant,
    count: u32,
}

const WINDOW: Duration = Duration::from_secs(60);
const ALLOWED_FAILURES: u32 = 10;
/// Addresses that are remembered; past it the one whose minute is over first is forgotten.
const MOST_ADDRESSES: usize = 4_096;

impl TokenGate {
    fn check(
        &self,
        given: Option<&[u8]>,
        client: Option<IpAddr>,
        now: Instant,
    ) -> Result<(), Refusal> {
        match given {
            Some(given) if constant_time_eq(given, self.token.as_bytes()) => Ok(()),
            Some(_) if self.too_many(client.map(allowance), now) => Err(Refusal {
                status: StatusCode::TOO_MANY_REQUESTS,
                reason: "too many wrong tokens, wait a minute",
            }),
            _ => Err(Refusal {
                status: StatusCode::UNAUTHORIZED,
                reason: "a bearer token is needed",
            }),
        }
    }

    /// Counts one failure; whether the address' allowance was already used up.
    fn too_many(&self, from: Option<IpAddr>, now: Instant) -> bool {
        let mut known = match self.failures.lock() {
            Ok(guard) => guard,
            Err(poisoned) => poisoned.into_inner(),
        };
        let over = |failures: &Failures| now.saturating_duration_since(failures.since) >= WINDOW;
        if known.len() >= MOST_ADDRESSES && !known.contains_key(&from) {
            known.retain(|_, failures| !over(failures));
            let oldest = known.iter().min_by_key(|(_, failures)| failures.since);
            if known.len() >= MOST_ADDRESSES
                && let Some(oldest) = oldest.map(|(address, _)| *address)
            {
                known.remove(&oldest);
            }
        }
        let fresh = Failures {
            since: now,
            count: 0,
        };
        let failures = known.entry(from).or_insert(fresh);
        if over(failures) {
            *failures = fresh;
        }
        failures.count = failures.count.saturating_add(1);
        failures.count > ALLOWED_FAILURES
    }
}

/// Whose allowance it is. Of IPv6, where everybody has billions of addresses, the network counts.
fn allowance(client: IpAddr) -> IpAddr {
    match client.to_canonical() {
        IpAddr::V6(address) => {
            let network = u128::from(address) >> 64 << 64;
            IpAddr::V6(network.into())
        }
        address => address,
    }
}

impl fmt::Debug for TokenGate {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("TokenGate(***)")
    }
}

fn bearer(value: &[u8]) -> Option<&[u8]> {
    let (scheme, token) = value.split_at_checked(7)?;
    scheme.eq_ignore_ascii_case(b"bearer ").then_some(token)
}

/// Takes the same time for any content of one length, so that a token cannot be guessed
/// byte by byte; only the length shows.
pub(crate) fn constant_time_eq(a: &[u8], b: &[u8]) -> bool {
    a.len() == b.len()
        && std::hint::black_box(a.iter().zip(b).fold(0, |acc, (x, y)| acc | (x ^ y))) == 0
}

#[cfg(test)]
mod tests {
    use std::net::SocketAddr;

    use axum::extract::ConnectInfo;

    use super::*;

    fn with_auth(value: &'static str) -> HeaderMap {
        let mut headers = HeaderMap::new();
        headers.insert(header::AUTHORIZATION, value.parse().unwrap());
        headers
    }

    fn from(peer: &str) -> Extensions {
        let mut extensions = Extensions::new();
        extensions.insert(ConnectInfo::<SocketAddr>(peer.parse().unwrap()));
        extensions
    }

    #[test]
    fn token_table() {
        let status = |headers: &HeaderMap| {
            OpsPolicy::token("s3cret")
                .check(headers, &Extensions::new())
                .map_err(|r| r.status)
        };
        assert_eq!(status(&with_auth("Bearer s3cret")), Ok(()));
        assert_eq!(status(&with_auth("bearer s3cret")), Ok(()));
        assert_eq!(
            status(&with_auth("Bearer s3creT")),
            Err(StatusCode::UNAUTHORIZED)
        );
        assert_eq!(
            status(&with_auth("Bearer s3cret ")),
            Err(StatusCode::UNAUTHORIZED)
        );
        assert_eq!(status(&with_auth("Bearer ")), Err(StatusCode::UNAUTHORIZED));
        assert_eq!(
            status(&with_auth("Basic s3cret")),
            Err(StatusCode::UNAUTHORIZED)
        );
        assert_eq!(status(&HeaderMap::new()), Err(StatusCode::UNAUTHORIZED));
    }

    #[tokio::test(start_paused = true)]
    async fn wrong_tokens_are_limited_and_the_right_one_is_not() {
        let policy = OpsPolicy::token("right");
        let ask = |token| {
            policy
                .check(&with_auth(token), &Extensions::new())
                .map_err(|r| r.status)
        };
        for _ in 0..10 {
            assert_eq!(ask("Bearer wrong"), Err(StatusCode::UNAUTHORIZED));
        }
        assert_eq!(ask("Bearer wrong"), Err(StatusCode::TOO_MANY_REQUESTS));
        assert_eq!(ask("Bearer right"), Ok(()));
        tokio::time::advance(WINDOW).await;
        assert_eq!(ask("Bearer wrong"), Err(StatusCode::UNAUTHORIZED));
    }

    #[tokio::test(start_paused = true)]
    async fn nobody_uses_up_the_allowance_of_another() {
        let policy = OpsPolicy::token("right");
        let ask = |peer: &str| {
            policy
                .check(&with_auth("Bearer wrong"), &from(peer))
                .map_err(|r| r.status)
        };
        let used_up = Err(StatusCode::TOO_MANY_REQUESTS);
        for attacker in ["203.0.113.9", "[2001:db8::1]"] {
            for port in 1..=10 {
                let status = ask(&format!("{attacker}:{port}"));
                assert_eq!(status, Err(StatusCode::UNAUTHORIZED), "{attacker}");
            }
            assert_eq!(ask(&format!("{attacker}:99")), used_up);
        }
        assert_eq!(ask("[2001:db8::2]:1"), used_up, "the same network");
        assert_eq!(ask("[::ffff:203.0.113.9]:1"), used_up, "the same address");
        for other in ["203.0.113.10:1", "[2001:db8:0:1::1]:1"] {
            assert_eq!(ask(other), Err(StatusCode::UNAUTHORIZED), "{other}");
        }
        // However many addresses there are, they are not all remembered.
        for i in 0..2 * MOST_ADDRESSES as u32 {
            ask(&format!("{}:1", std::net::Ipv4Addr::from(i))).unwrap_err();
        }
        let Kind::Token(gate) = &policy.kind else {
            unreachable!()
        };
        assert_eq!(gate.failures.lock().unwrap().len(), MOST_ADDRESSES);
    }

    #[tokio::test(start_paused = true)]
    async fn behind_a_proxy_each_client_has_its_own_allowance() {
        let proxies = TrustedProxies::new([("10.0.0.0".parse().unwrap(), 8)]);
        let policy = OpsPolicy::token("right").behind(proxies);
        let ask = |peer: &str, client: &str| {
            let mut headers = with_auth("Bearer wrong");
            headers.insert("x-forwarded-for", client.parse().unwrap());
            let asked = policy.check(&headers, &from(peer));
            asked.unwrap_err().status
        };
        for _ in 0..10 {
            let status = ask("10.0.0.1:1", "203.0.113.9");
            assert_eq!(status, StatusCode::UNAUTHORIZED);
        }
        let used_up = StatusCode::TOO_MANY_REQUESTS;
        assert_eq!(ask("10.0.0.2:1", "203.0.113.9"), used_up);
        assert_eq!(ask("10.0.0.1:1", "6.6.6.6, 203.0.113.9"), used_up);
        let other = ask("10.0.0.1:1", "203.0.113.10");
        assert_eq!(other, StatusCode::UNAUTHORIZED);
        // A stranger uses up its own, whatever it writes.
        for i in 0..10 {
            ask("198.51.100.7:1", &format!("192.0.2.{i}"));
        }
        assert_eq!(ask("198.51.100.7:1", "192.0.2.99"), used_up);
    }

    #[test]
    fn two_hosts_are_not_this_machine() {
        let mut headers = HeaderMap::new();
        headers.append(header::HOST, "localhost".parse().unwrap());
        headers.append(header::HOST, "evil.example".parse().unwrap());
        let refused = OpsPolicy::loopback().check(&headers, &from("127.0.0.1:1"));
        assert!(refused.is_err());
    }

    #[test]
    fn who_is_connected_has_to_be_known() {
        let policy = OpsPolicy::loopback();
        let refusal = policy.check(&HeaderMap::new(), &Extensions::new());
        assert!(
            refusal
                .unwrap_err()
                .reason
                .contains("into_make_service_with_connect_info")
        );
        let mut unix = Extensions::new();
        unix.insert(Peer::Unix);
        assert_eq!(policy.check(&HeaderMap::new(), &unix), Ok(()));
    }

    #[test]
    fn loopback_table() {
        let policy = OpsPolicy::loopback();
        let none = HeaderMap::new();
        assert_eq!(policy.check(&none, &from("127.0.0.1:4000")), Ok(()));
        assert_eq!(policy.check(&none, &from("[::1]:4000")), Ok(()));
        assert_eq!(
            policy.check(&none, &from("[::ffff:127.0.0.1]:4000")),
            Ok(())
        );
        assert!(policy.check(&none, &from("10.0.0.9:4000")).is_err());
        assert!(policy.check(&none, &Extensions::new()).is_err());
        for name in FORWARDED {
            let mut proxied = HeaderMap::new();
            proxied.insert(name, "203.0.113.7".parse().unwrap());
            assert!(policy.check(&proxied, &from("127.0.0.1:4000")).is_err());
        }
    }

    #[test]
    fn a_name_that_resolves_to_this_machine_is_not_this_machine() {
        let ask = |host: &str| {
            let mut headers = HeaderMap::new();
            headers.insert(header::HOST, host.parse().unwrap());
            OpsPolicy::loopback()
                .check(&headers, &from("127.0.0.1:4000"))
                .is_ok()
        };
        for host in [
            "localhost",
            "LOCALHOST:8000",
            "127.0.0.1:8000",
            "[::1]:8000",
            "[::1]",
        ] {
            assert!(ask(host), "{host}");
        }
        for host in [
            "evil.example",
            "evil.example:8000",
            "localhost.evil.example",
            "",
            ":8000",
        ] {
            assert!(!ask(host), "{host}");
        }
    }

    #[test]
    fn the_token_is_not_shown() {
        assert!(!format!("{:?}", OpsPolicy::token("s3cret")).contains("s3cret"));
    }
}
