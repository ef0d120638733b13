//! Proxies before the service that are believed: addresses, networks, and two words.

use std::{fmt, net::IpAddr, str::FromStr};

use super::value::list;

/// Who is believed that says whom it asks for.
#[derive(Clone, Debug, Default, Eq, PartialEq)]
#[non_exhaustive]
pub struct Proxies {
    /// Networks: an address, and how many of its first bits count.
    pub networks: Vec<(IpAddr, u8)>,
    /// Whoever connects to the service's Unix socket.
    pub unix: bool,
    /// They write `Forwarded` and not `X-Forwarded-For`.
    pub rfc_7239: bool,
}

impl Proxies {
    /// Whether everybody of one kind of address is.
    pub(super) fn is_everybody(&self) -> bool {
        self.networks.iter().any(|(_, bits)| *bits == 0)
    }
}

impl FromStr for Proxies {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let mut proxies = Self::default();
        for item in list(text) {
            match &*item.to_ascii_lowercase() {
                "none" => {}
                "unix" => proxies.unix = true,
                "forwarded" => proxies.rfc_7239 = true,
                _ => proxies.networks.push(network(&item)?),
            }
        }
        Ok(proxies)
    }
}

/// `10.0.0.0/8`, `::1`.
fn network(item: &str) -> Result<(IpAddr, u8), String> {
    let wrong = || {
        format!(
            "{item:?} is neither an address nor a network, e.g. 10.0.0.0/8, nor `unix`, `forwarded` or `none`"
        )
    };
    let (address, bits) = match item.split_once('/') {
        Some((address, bits)) => (address, Some(bits)),
        None => (item, None),
    };
    let address: IpAddr = address.trim().parse().map_err(|_| wrong())?;
    let most = if address.is_ipv4() { 32 } else { 128 };
    let bits = match bits {
        Some(bits) => bits.trim().parse().map_err(|_| wrong())?,
        None => most,
    };
    if bits > most {
        return Err(format!(
            "{item:?} has more than the {most} bits of an address"
        ));
    }
    Ok((address, bits))
}

impl fmt::Display for Proxies {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let networks = self.networks.iter();
        let networks = networks.map(|(address, bits)| format!("{address}/{bits}"));
        let words = [(self.unix, "unix"), (self.rfc_7239, "forwarded")];
        let words = words.iter().filter(|(is, _)| *is);
        let all: Vec<String> = networks
            .chain(words.map(|(_, it)| (*it).to_owned()))
            .collect();
        f.write_str(&match all.is_empty() {
            true => "none".to_owned(),
            false => all.join(","),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn proxies_are_addresses_and_networks() {
        let check = |text: &str, wanted: &str| {
            let proxies: Proxies = text.parse().unwrap();
            assert_eq!(proxies.to_string(), wanted);
            assert_eq!(wanted.parse(), Ok(proxies), "said as it is read");
        };
        check("10.0.0.0/8, ::1", "10.0.0.0/8,::1/128");
        check("192.0.2.7", "192.0.2.7/32");
        check("NONE", "none");
        check("Unix, forwarded,10.0.0.1", "10.0.0.1/32,unix,forwarded");
        for wrong in [
            "10.0.0.0/33",
            "proxy",
            "10.0.0.0/",
            "/8",
            "::1/129",
            "10.0.0/8",
            "10.0.0.1:80",
        ] {
            let error = wrong.parse::<Proxies>().unwrap_err();
            assert!(error.contains(wrong), "{error}");
        }
    }
}
