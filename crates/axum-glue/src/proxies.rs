//! Whom a request came from, where proxies stand before the service: the one meaning that lines, spans, the count of
//! wrong tokens and the console's cookie share.

use std::{
    borrow::Cow,
    net::{IpAddr, Ipv6Addr},
    sync::Arc,
};

use http::{Extensions, HeaderMap, HeaderValue};

use crate::Peer;
#[cfg(feature = "console")]
use crate::serve::Encrypted;

/// Proxies that are believed when they say whom they ask for.
///
/// Each proxy adds at the end of `X-Forwarded-For` whom it was asked by. So it is read from its end, and what stands
/// before the first that is not one of these was written by anybody. `Forwarded` (RFC 7239) is read alike where there
/// is no such header, or [first](Self::rfc_7239). Of any other peer neither is.
///
/// ```
/// use bongsu_axum_glue::TrustedProxies;
///
/// let proxies = TrustedProxies::new([("10.0.0.0".parse()?, 8), ("::1".parse()?, 128)]).unix();
/// # let _ = proxies;
/// # Ok::<(), std::net::AddrParseError>(())
/// ```
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct TrustedProxies(Arc<Known>);

#[derive(Clone, Debug, Default, PartialEq, Eq)]
struct Known {
    networks: Vec<(IpAddr, u8)>,
    unix: bool,
    rfc_7239: bool,
}

/// More than proxies in a row.
const HOPS: usize = 32;

impl TrustedProxies {
    /// These networks: an address, and how many of its first bits count.
    #[must_use]
    pub fn new(networks: impl IntoIterator<Item = (IpAddr, u8)>) -> Self {
        Self(Arc::new(Known {
            networks: networks.into_iter().collect(),
            ..Known::default()
        }))
    }

    /// Whoever may open the service's Unix socket too.
    #[must_use]
    pub fn unix(mut self) -> Self {
        Arc::make_mut(&mut self.0).unix = true;
        self
    }

    /// They write `Forwarded`: it goes before `X-Forwarded-For`, which such a proxy passes on as a client wrote it.
    #[must_use]
    pub fn rfc_7239(mut self) -> Self {
        Arc::make_mut(&mut self.0).rfc_7239 = true;
        self
    }

    /// Whom a request with these came from: the address of the last that no trusted proxy stands for. None where the
    /// server does not say who is connected, and for a Unix socket whose other end says nothing that is believed.
    #[must_use]
    pub fn client(&self, extensions: &Extensions, headers: &HeaderMap) -> Option<IpAddr> {
        let peer = Peer::of(extensions)?;
        let mut client = peer.address().map(|address| address.ip().to_canonical());
        if !self.trusts(&peer) {
            return client;
        }
        for hop in self.hops(headers) {
            // What cannot be read may be anybody: whoever passed it on is the last that is known.
            let Some(before) = hop else { break };
            client = Some(before);
            if !self.has(before) {
                break;
            }
        }
        client
    }

    /// Whether the client speaks TLS, to this server or to the first of the proxies in front.
    #[cfg(feature = "console")]
    pub(crate) fn is_secure(&self, extensions: &Extensions, headers: &HeaderMap) -> bool {
        let believed = Peer::of(extensions).is_some_and(|peer| self.trusts(&peer));
        extensions.get::<Encrypted>().is_some() || believed && says_secure(headers)
    }

    fn trusts(&self, peer: &Peer) -> bool {
        match peer.address() {
            Some(address) => self.has(address.ip().to_canonical()),
            None => self.0.unix,
        }
    }

    fn has(&self, address: IpAddr) -> bool {
        let mut networks = self.0.networks.iter();
        networks.any(|(network, bits)| within(address, *network, *bits))
    }

    /// What the proxies say, the last first.
    fn hops(&self, headers: &HeaderMap) -> impl Iterator<Item = Option<IpAddr>> {
        let is_7239 = match self.0.rfc_7239 {
            true => headers.contains_key("forwarded"),
            false => !headers.contains_key("x-forwarded-for"),
        };
        let lines = |name, read: bool| {
            let lines = headers.get_all(name).iter().rev();
            lines.filter(move |_| read).map(HeaderValue::as_bytes)
        };
        let addresses = lines("x-forwarded-for", !is_7239)
            .flat_map(|line| line.rsplit(|byte| *byte == b','))
            // An item that is empty is none (RFC 9110, 5.6.1).
            .filter(|item| !item.trim_ascii().is_empty())
            .map(|item| address(std::str::from_utf8(item).ok()?.trim()));
        let elements = lines("forwarded", is_7239).flat_map(|line| {
            let elements = std::str::from_utf8(line).ok().and_then(forwarded);
            elements.unwrap_or_else(|| vec![None]).into_iter().rev()
        });
        addresses.chain(elements).take(HOPS)
    }
}

/// Whether the connection, or whoever passed the request on, whoever that is, says that the client speaks TLS.
#[cfg(feature = "console")]
pub(crate) fn is_secure(extensions: &Extensions, headers: &HeaderMap) -> bool {
    extensions.get::<Encrypted>().is_some() || says_secure(headers)
}

/// The first of the proxies says that it was asked over TLS. Each adds what it heard after what those before it did.
#[cfg(feature = "console")]
fn says_secure(headers: &HeaderMap) -> bool {
    let first = |name: &str| {
        let value = headers.get(name).and_then(|value| value.to_str().ok())?;
        value.split(',').next().map(str::trim)
    };
    let forwarded = first("forwarded").and_then(|hop| {
        let mut pairs = hop.split(';').filter_map(|pair| pair.split_once('='));
        pairs.find_map(|(name, value)| {
            let is = name.trim().eq_ignore_ascii_case("proto");
            is.then(|| value.trim().trim_matches('"'))
        })
    });
    match forwarded.or_else(|| first("x-forwarded-proto")) {
        Some(proto) => proto.eq_ignore_ascii_case("https"),
        None => first("x-forwarded-ssl").is_some_and(|on| on.eq_ignore_ascii_case("on")),
    }
}

/// Whom each element of a line of `Forwarded` names; none where the line is not as RFC 7239 has it, for what a client
/// wrote into one, its `Host` say, must not pass for a proxy's words. Only addresses and ports may go without quotes.
fn forwarded(line: &str) -> Option<Vec<Option<IpAddr>>> {
    let (mut elements, mut element) = (Vec::new(), None);
    let mut rest = line;
    loop {
        rest = rest.trim_start_matches([' ', '\t', ';']);
        if rest.is_empty() || rest.starts_with(',') {
            elements.extend(element.take());
            match rest.get(1..) {
                Some(after) => rest = after,
                None => return Some(elements),
            }
            continue;
        }
        let (name, after) = rest.split_once('=')?;
        let (value, after) = value(after)?;
        let name = name.trim_end();
        if !name.bytes().all(is_token) {
            return None;
        }
        let whom = element.get_or_insert(None);
        if name.eq_ignore_ascii_case("for") {
            *whom = address(&value);
        }
        rest = after.trim_start();
        if !(rest.is_empty() || rest.starts_with([',', ';'])) {
            return None;
        }
    }
}

/// A value and what is behind it.
fn value(text: &str) -> Option<(Cow<'_, str>, &str)> {
    let text = text.trim_start();
    let Some(quoted) = text.strip_prefix('"') else {
        let bare = |byte| is_token(byte) || b":[]".contains(&byte);
        let end = text.bytes().position(|byte| !bare(byte));
        let (value, rest) = text.split_at(end.unwrap_or(text.len()));
        return (!value.is_empty()).then_some((Cow::Borrowed(value), rest));
    };
    let mut value = String::new();
    let mut letters = quoted.char_indices();
    while let Some((at, letter)) = letters.next() {
        match letter {
            '"' => return Some((Cow::Owned(value), &quoted[at + 1..])),
            '\\' => value.push(letters.next()?.1),
            letter => value.push(letter),
        }
    }
    None
}

/// RFC 9110, 5.6.2.
fn is_token(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || b"!#$%&'*+-.^_`|~".contains(&byte)
}

/// An address as proxies write it: alone, or with a port.
fn address(hop: &str) -> Option<IpAddr> {
    let (bare, port) = match hop.strip_prefix('[') {
        Some(rest) => rest.split_once(']')?,
        None if hop.matches(':').count() == 1 => hop.split_at(hop.find(':')?),
        None => (hop, ""),
    };
    let is_port = |port: &str| !port.is_empty() && port.bytes().all(|it| it.is_ascii_digit());
    if !(port.is_empty() || port.strip_prefix(':').is_some_and(is_port)) {
        return None;
    }
    let address: IpAddr = bare.parse().ok()?;
    Some(address.to_canonical())
}

/// Whether an address, one of IPv4 as such, is in a network.
fn within(address: IpAddr, network: IpAddr, bits: u8) -> bool {
    let number = |address: Ipv6Addr| u128::from_be_bytes(address.octets());
    let (address, network, rest) = match (address, network) {
        (IpAddr::V4(a), IpAddr::V4(n)) => (a.to_bits().into(), n.to_bits().into(), 32),
        (IpAddr::V6(a), IpAddr::V6(n)) => (number(a), number(n), 128),
        // A network of mapped addresses counts the bits before them.
        (IpAddr::V4(a), IpAddr::V6(n)) if bits >= 96 => {
            (number(a.to_ipv6_mapped()), number(n), 128)
        }
        _ => return false,
    };
    let rest = rest - u32::from(bits).min(rest);
    let first = |number: u128| number.checked_shr(rest).unwrap_or_default();
    first(address) == first(network)
}

#[cfg(test)]
mod tests {
    use std::net::SocketAddr;

    use http::HeaderValue;

    use super::*;

    fn ip(text: &str) -> IpAddr {
        text.parse().unwrap()
    }

    fn from(peer: &str) -> Extensions {
        let mut extensions = Extensions::new();
        extensions.insert(match peer {
            "unix" => Peer::Unix,
            address => Peer::Tcp(SocketAddr::new(ip(address), 4711)),
        });
        extensions
    }

    fn headers<'a>(lines: impl IntoIterator<Item = (&'static str, &'a [u8])>) -> HeaderMap {
        let lines = lines.into_iter();
        lines.fold(HeaderMap::new(), |mut headers, (name, value)| {
            let value = HeaderValue::from_bytes(value).unwrap();
            headers.append(name, value);
            headers
        })
    }

    fn proxies() -> TrustedProxies {
        TrustedProxies::new([
            (ip("10.0.0.0"), 8),
            (ip("192.0.2.7"), 32),
            (ip("2001:db8::"), 32),
        ])
    }

    #[test]
    fn whom_a_request_came_from() {
        let check = |peer: &str, lines: &[&str], client: &str| {
            // What a client wrote that such a proxy passes on.
            let other = [("forwarded", b"for=198.51.100.1".as_slice())];
            let lines = lines.iter().map(|it| ("x-forwarded-for", it.as_bytes()));
            let headers = match lines.len() {
                0 => HeaderMap::new(),
                _ => headers(lines.clone().chain(other)),
            };
            let got = proxies().client(&from(peer), &headers);
            assert_eq!(got, Some(ip(client)), "{peer} {headers:?}");
        };
        check("203.0.113.9", &[], "203.0.113.9");
        // A stranger may write what it likes.
        check("203.0.113.9", &["1.2.3.4"], "203.0.113.9");
        check("10.1.1.1", &[], "10.1.1.1");
        check("10.1.1.1", &["203.0.113.9"], "203.0.113.9");
        check("::ffff:10.1.1.1", &["203.0.113.9"], "203.0.113.9");
        check("10.1.1.1", &["::ffff:203.0.113.9"], "203.0.113.9");
        // What a client wrote before the first proxy added it.
        check("10.1.1.1", &["6.6.6.6, 203.0.113.9"], "203.0.113.9");
        check(
            "10.1.1.1",
            &["6.6.6.6", "203.0.113.9, 10.2.2.2"],
            "203.0.113.9",
        );
        check(
            "10.1.1.1",
            &["203.0.113.9,192.0.2.7 , 10.2.2.2"],
            "203.0.113.9",
        );
        check("10.1.1.1", &["203.0.113.9,192.0.2.8"], "192.0.2.8");
        check(
            "10.1.1.1",
            &["\u{e9}, nonsense", "203.0.113.9"],
            "203.0.113.9",
        );
        check("10.1.1.1", &["203.0.113.9, ,\t,", ""], "203.0.113.9");
        check("10.1.1.1", &["10.9.9.9, 10.2.2.2"], "10.9.9.9");
        check("10.1.1.1", &["203.0.113.9:4711"], "203.0.113.9");
        check("10.1.1.1", &["[2001:db9::1]:80"], "2001:db9::1");
        check("10.1.1.1", &["[2001:db9::1]"], "2001:db9::1");
        check("2001:db8::5", &["2001:db9::1"], "2001:db9::1");
        for nonsense in [
            "unknown",
            "",
            "_hidden",
            "999.1.1.1",
            "1.2.3",
            "010.1.2.3",
            "[::1",
            "::1]:80",
            "1.2.3.4:",
            "1.2.3.4:x",
            "[::1]x",
            "fe80::1%eth0",
            "1.2.3.4 5.6.7.8",
            "\u{e9}",
            "for=1.2.3.4",
        ] {
            check("10.1.1.1", &[nonsense], "10.1.1.1");
            let passed_on = format!("203.0.113.9, {nonsense}, 10.2.2.2");
            let known = if nonsense.is_empty() {
                "203.0.113.9"
            } else {
                "10.2.2.2"
            };
            check("10.1.1.1", &[&passed_on], known);
        }
        check("10.1.1.1", &[&"10.1.1.2,".repeat(1_000)], "10.1.1.2");
        let all = "203.0.113.9".to_owned() + &", 10.1.1.2".repeat(1_000);
        check("10.1.1.1", &[&all], "10.1.1.2");
        check("10.1.1.1", &[&",".repeat(10_000)], "10.1.1.1");
    }

    #[test]
    fn as_rfc_7239_has_it() {
        let check = |lines: &[&str], client: &str| {
            let other = [("x-forwarded-for", b"198.51.100.1".as_slice())];
            let lines = lines.iter().map(|it| ("forwarded", it.as_bytes()));
            let alone = proxies().client(&from("10.1.1.1"), &headers(lines.clone()));
            assert_eq!(alone, Some(ip(client)), "{lines:?}");
            let first = proxies().rfc_7239();
            let first = first.client(&from("10.1.1.1"), &headers(lines.clone().chain(other)));
            assert_eq!(first, Some(ip(client)), "{lines:?}");
        };
        check(&["for=203.0.113.9"], "203.0.113.9");
        check(&["For=\"[2001:db9:cafe::17]:4711\""], "2001:db9:cafe::17");
        check(&["for=192.0.2.60;proto=http;by=203.0.113.43"], "192.0.2.60");
        check(&["proto=http; FOR = 192.0.2.60"], "192.0.2.60");
        check(&["for=6.6.6.6, for=192.0.2.43, for=10.2.2.2"], "192.0.2.43");
        check(
            &["for=6.6.6.6", "for=192.0.2.43", "for=10.2.2.2"],
            "192.0.2.43",
        );
        check(&["for=\"192.0.2.43:47011\""], "192.0.2.43");
        check(&["for=6.6.6.6,, ;for=192.0.2.43; ,"], "192.0.2.43");
        check(&["for=192.0.2.43;ext=\"a \\\" b\""], "192.0.2.43");
        // Names of a proxy's own, and elements that do not say whom.
        for unknown in [
            "for=unknown",
            "for=\"_gazonk\"",
            "by=203.0.113.43",
            "for=\"1.2.3.4",
        ] {
            let known = if unknown.ends_with("1.2.3.4") {
                "10.1.1.1"
            } else {
                "10.2.2.2"
            };
            check(&[&format!("for=6.6.6.6, {unknown}, for=10.2.2.2")], known);
        }
        // A host that a client made up, as a proxy quotes it, behind what the client wrote itself or not.
        let real = r#"for=203.0.113.9;host="a,for=6.6.6.6""#;
        check(&[real], "203.0.113.9");
        check(&["for=\"", real], "203.0.113.9");
        for forged in [
            format!("for=\", {real}"),
            r#"for=", for=203.0.113.9;host=",for=6.6.6.6;x=\"""#.to_owned(),
            "for".to_owned(),
            "192.0.2.43".to_owned(),
            "for=".to_owned(),
            "for=6.6.6.6 for=6.6.6.6".to_owned(),
            "f or=6.6.6.6".to_owned(),
            "\u{e9}".to_owned(),
        ] {
            check(&[&forged], "10.1.1.1");
        }
    }

    #[test]
    fn a_unix_socket_is_trusted_where_that_is_said() {
        let headers = headers([("x-forwarded-for", b"203.0.113.9".as_slice())]);
        assert_eq!(proxies().client(&from("unix"), &headers), None);
        let unix = TrustedProxies::default().unix();
        assert_eq!(
            unix.client(&from("unix"), &headers),
            Some(ip("203.0.113.9"))
        );
        assert_eq!(unix.client(&from("unix"), &HeaderMap::new()), None);
        assert_eq!(
            unix.client(&from("10.1.1.1"), &headers),
            Some(ip("10.1.1.1"))
        );
        assert_eq!(unix.client(&Extensions::new(), &headers), None);
    }

    #[test]
    fn networks_of_every_width() {
        let check = |address, network, bits, wanted| {
            let got = within(ip(address), ip(network), bits);
            assert_eq!(got, wanted, "{address} {network}/{bits}");
        };
        check("1.2.3.4", "0.0.0.0", 0, true);
        check("1.2.3.4", "1.2.3.5", 31, true);
        check("1.2.3.4", "1.2.3.5", 32, false);
        check("1.2.3.4", "1.2.3.4", 255, true);
        check("1.2.3.4", "::", 0, false);
        check("::1", "0.0.0.0", 0, false);
        check("1.2.3.4", "::ffff:1.2.3.0", 120, true);
        check("1.2.4.4", "::ffff:1.2.3.0", 120, false);
        check("ff::1", "::", 0, true);
        check("2001:db8::1", "2001:db8::", 127, true);
        check("2001:db8::1", "2001:db8::", 128, false);
    }

    #[cfg(feature = "console")]
    #[test]
    fn a_browser_that_speaks_tls_to_the_first_proxy_gets_a_secure_cookie() {
        let check = |lines: &[(&'static str, &'static str)], want| {
            let headers = headers(lines.iter().map(|(name, value)| (*name, value.as_bytes())));
            assert_eq!(is_secure(&Extensions::new(), &headers), want, "{lines:?}");
        };
        check(&[], false);
        check(&[("x-forwarded-proto", "https")], true);
        check(&[("x-forwarded-proto", "HTTPS")], true);
        check(&[("x-forwarded-proto", "https, http")], true);
        check(&[("x-forwarded-proto", "https,http,http")], true);
        let twice = [
            ("x-forwarded-proto", "https"),
            ("x-forwarded-proto", "http"),
        ];
        check(&twice, true);
        check(&[("x-forwarded-proto", "http, https")], false);
        check(&[("x-forwarded-proto", "http")], false);
        check(&[("forwarded", "proto=https")], true);
        let two = "for=192.0.2.60;Proto=\"https\";by=203.0.113.43, proto=http";
        check(&[("forwarded", two)], true);
        check(&[("forwarded", "for=192.0.2.60; proto=https")], true);
        check(&[("forwarded", "proto=http, proto=https")], false);
        let both = [("forwarded", "for=x"), ("x-forwarded-proto", "https")];
        check(&both, true);
        check(&[("x-forwarded-ssl", "on")], true);
        let mut encrypted = Extensions::new();
        encrypted.insert(Encrypted);
        assert!(is_secure(&encrypted, &HeaderMap::new()));
    }

    #[cfg(feature = "console")]
    #[test]
    fn tls_in_front_is_believed_of_a_trusted_proxy_alone() {
        let https = headers([("x-forwarded-proto", b"https".as_slice())]);
        assert!(proxies().is_secure(&from("10.1.1.1"), &https));
        assert!(!proxies().is_secure(&from("10.1.1.1"), &HeaderMap::new()));
        assert!(!proxies().is_secure(&from("203.0.113.9"), &https));
        let mut own = from("203.0.113.9");
        own.insert(Encrypted);
        assert!(proxies().is_secure(&own, &HeaderMap::new()));
        assert!(
            is_secure(&from("203.0.113.9"), &https),
            "nothing said of proxies"
        );
    }
}
