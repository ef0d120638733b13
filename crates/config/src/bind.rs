//! Where the service listens, as a value.

use std::{
    fmt,
    net::{IpAddr, Ipv4Addr, SocketAddr},
    path::PathBuf,
    str::FromStr,
};

use super::value;

/// Where the service listens: `BONGSU_BIND`.
///
/// ```
/// use bongsu_config::Bind;
///
/// assert_eq!("8000".parse(), Ok(Bind::Address(([0, 0, 0, 0], 8000).into())));
/// assert_eq!("unix:/run/shop.sock".parse(), Ok(Bind::Unix("/run/shop.sock".into())));
/// assert_eq!("fd:3".parse(), Ok(Bind::Descriptor(3)));
/// assert_eq!("systemd".parse(), Ok(Bind::Systemd));
/// ```
#[derive(Clone, Debug, Eq, PartialEq)]
#[non_exhaustive]
pub enum Bind {
    /// An address and a port; port 0 takes a free one.
    Address(SocketAddr),
    /// A Unix socket of this name.
    Unix(PathBuf),
    /// A socket that the process was started with, by its descriptor.
    Descriptor(i32),
    /// The sockets that systemd started the process with: `LISTEN_FDS` of them, from descriptor 3 on.
    Systemd,
}

impl Default for Bind {
    fn default() -> Self {
        Self::Address(SocketAddr::from((Ipv4Addr::UNSPECIFIED, 8000)))
    }
}

impl Bind {
    /// The port, where one is named.
    #[must_use]
    pub fn port(&self) -> Option<u16> {
        match self {
            Self::Address(address) => Some(address.port()),
            _ => None,
        }
    }

    /// The address that a further port, that of the operations, is listened on: every one where none is named.
    #[must_use]
    pub fn ip(&self) -> IpAddr {
        match self {
            Self::Address(address) => address.ip(),
            _ => Ipv4Addr::UNSPECIFIED.into(),
        }
    }
}

impl FromStr for Bind {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        if text == "systemd" {
            return Ok(Self::Systemd);
        }
        if let Some(path) = text.strip_prefix("unix:") {
            // Also as a URL.
            let path = path.strip_prefix("//").unwrap_or(path);
            if path.is_empty() {
                return Err(format!("{text:?} names no file, e.g. unix:/run/shop.sock"));
            }
            return Ok(Self::Unix(PathBuf::from(path)));
        }
        if let Some(number) = text.strip_prefix("fd:") {
            let number = number.parse().ok().filter(|number| *number >= 3);
            let wrong = || format!("{text:?} is no descriptor from 3 on, e.g. fd:3");
            return number.map(Self::Descriptor).ok_or_else(wrong);
        }
        let address = value::address(text).map(Self::Address);
        address.map_err(|wrong| format!("{wrong}, unix:/path, fd:3 or systemd"))
    }
}

impl fmt::Display for Bind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Address(address) => address.fmt(f),
            Self::Unix(path) => write!(f, "unix:{}", path.display()),
            Self::Descriptor(number) => write!(f, "fd:{number}"),
            Self::Systemd => f.write_str("systemd"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_read_is_shown_as_it_was_written() {
        for text in ["127.0.0.1:80", "[::1]:0", "unix:/a b", "fd:7", "systemd"] {
            assert_eq!(text.parse::<Bind>().unwrap().to_string(), text);
        }
        assert_eq!("unix:///a".parse(), Ok(Bind::Unix("/a".into())));
        for text in [
            "unix:", "unix://", "fd:", "fd:x", "fd:-1", "fd:1", "Systemd", "tcp:80",
        ] {
            let wrong = text.parse::<Bind>().unwrap_err();
            assert!(wrong.contains(&format!("{text:?}")), "{wrong}");
        }
    }
}
