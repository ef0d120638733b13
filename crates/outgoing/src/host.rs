//! Hosts: which are one's own, and what goes to them.

use std::collections::HashSet;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};
use std::sync::{PoisonError, RwLock};

/// What of a request goes along with a call that is made for it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum PassOn {
    /// `traceparent`, `tracestate`, `baggage` and `x-request-id`.
    Everything,
    /// All but `baggage`.
    Ids,
    /// Nothing.
    Nothing,
}

impl PassOn {
    /// Everything to hosts of one's own, the ids to others.
    pub(crate) fn to(host: &str) -> Self {
        match is_own(host) {
            true => Self::Everything,
            false => Self::Ids,
        }
    }
}

/// Names that resolve nowhere but inside.
const INSIDE: [&str; 6] = ["localhost", "local", "internal", "svc", "lan", "home.arpa"];

/// Whether a host is one's own by its name or address: loopback, private addresses, a name without a dot or under
/// `.local`, `.internal`, `.svc`, `.lan`, `.localhost`, `.home.arpa`. A port after it does not matter.
///
/// ```
/// use bongsu_outgoing::is_own;
///
/// assert!(is_own("orders:8080") && is_own("orders.desk.svc.cluster.local") && is_own("10.1.2.3"));
/// assert!(!is_own("broker.example") && !is_own("8.8.8.8:443") && !is_own("local.example"));
/// ```
#[must_use]
pub fn is_own(host: &str) -> bool {
    let name = match host.strip_prefix('[') {
        Some(rest) => rest.split(']').next().unwrap_or_default(),
        None if host.matches(':').count() > 1 => host,
        None => host.split(':').next().unwrap_or_default(),
    };
    if let Ok(address) = name.parse::<IpAddr>() {
        return match address.to_canonical() {
            IpAddr::V4(address) => inside_v4(address),
            IpAddr::V6(address) => inside_v6(address),
        };
    }
    let name = name.strip_suffix('.').unwrap_or(name).to_ascii_lowercase();
    if name.is_empty() {
        return false;
    }
    let under = |zone: &&str| {
        let rest = name.strip_suffix(*zone);
        rest.is_some_and(|rest| rest.is_empty() || rest.ends_with('.'))
    };
    // A name of digits alone is an address in another spelling.
    let bare = !name.contains('.') && !name.starts_with(|first: char| first.is_ascii_digit());
    bare || INSIDE.iter().any(under)
}

fn inside_v4(address: Ipv4Addr) -> bool {
    address.is_loopback() || address.is_private()
}

fn inside_v6(address: Ipv6Addr) -> bool {
    address.is_loopback() || address.is_unique_local()
}

/// Most hosts that have a label of their own.
const MOST: usize = 100;
const LONGEST: usize = 260;

/// Hosts that were called: a service calls a few, a crawler the world.
#[derive(Debug, Default)]
pub(crate) struct Labels(RwLock<HashSet<String>>);

impl Labels {
    pub(crate) fn of(&self, host: &str) -> String {
        let known = self.0.read().unwrap_or_else(PoisonError::into_inner);
        let has = known.contains(host);
        let full = known.len() >= MOST;
        drop(known);
        if has {
            return host.to_owned();
        }
        if full || host.len() > LONGEST {
            return "other".to_owned();
        }
        let mut known = self.0.write().unwrap_or_else(PoisonError::into_inner);
        if known.len() >= MOST && !known.contains(host) {
            return "other".to_owned();
        }
        known.insert(host.to_owned());
        host.to_owned()
    }
}

/// The name in lower case, with the port where that is not the scheme's.
#[cfg(any(feature = "reqwest", feature = "tower"))]
pub(crate) fn shown(name: &str, port: Option<u16>, scheme: Option<&str>) -> String {
    let usual = match scheme {
        Some("http" | "ws") => Some(80),
        Some("https" | "wss") => Some(443),
        _ => None,
    };
    let name = name.to_ascii_lowercase();
    match port.filter(|port| Some(*port) != usual) {
        Some(port) => format!("{name}:{port}"),
        None => name,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_ones_own() {
        let own = [
            "localhost",
            "LOCALHOST.",
            "a.localhost:1",
            "127.9.9.9:80",
            "[::1]:80",
            "::1",
            "[fd00::1]",
            "[::ffff:10.0.0.1]:9",
            "192.168.0.1",
            "172.31.0.1",
            "redis",
            "broker:443",
            "x.svc",
            "x.ns.svc.cluster.local",
            "metadata.internal",
            "nas.home.arpa",
        ];
        for host in own {
            assert!(is_own(host), "{host}");
        }
        let foreign = [
            "",
            "broker.example",
            "8.8.8.8",
            "172.32.0.1",
            "[2001:db8::1]:443",
            "169.254.169.254",
            "notlocal.example",
            "evil-internal.example",
            "xlocal.example:80",
            "2130706433",
            "0x7f000001",
            "localhost.example",
            "10.0.0.1.example",
            "0.0.0.0",
        ];
        for host in foreign {
            assert!(!is_own(host), "{host}");
        }
    }

    #[test]
    fn labels_are_bounded() {
        let labels = Labels::default();
        for n in 0..MOST {
            assert_eq!(labels.of(&format!("h{n}")), format!("h{n}"));
        }
        assert_eq!(
            (&*labels.of("one more"), &*labels.of("h7")),
            ("other", "h7")
        );
        assert_eq!(Labels::default().of(&"h".repeat(LONGEST + 1)), "other");
    }
}
