//! Name to connected socket.

use std::fmt;
use std::io;
use std::net::{IpAddr, SocketAddr, ToSocketAddrs};
use std::time::Duration;

use futures_util::StreamExt;
use futures_util::stream::FuturesUnordered;
use tokio::net::TcpStream;

use crate::off_runtime::{OffRuntime, OffRuntimeError};

/// Addresses of one name that are tried.
const MOST_ADDRESSES: usize = 8;
/// How long an address may keep silent before the next is tried as well.
const PATIENCE: Duration = Duration::from_millis(250);

/// A host and port, parsed once.
///
/// ```
/// use bongsu_connect::Target;
///
/// assert_eq!(Target::parse("[::1]", Some(6_379))?.to_string(), "[::1]:6379");
/// # Ok::<(), &'static str>(())
/// ```
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Target {
    /// A name or an address, without brackets.
    pub host: String,
    /// The port, never 0.
    pub port: u16,
}

impl Target {
    /// `host:port`, `1.2.3.4:5`, `[::1]:5`; without a port, `default_port` if there is one.
    ///
    /// # Errors
    /// In words, when the text is none of these.
    pub fn parse(text: &str, default_port: Option<u16>) -> Result<Self, &'static str> {
        let (host, port) = match text.strip_prefix('[') {
            Some(rest) => {
                let (host, rest) = rest.split_once(']').ok_or("a '[' without its ']'")?;
                if host.parse::<std::net::Ipv6Addr>().is_err() {
                    return Err("not an IPv6 address between '[' and ']'");
                }
                match rest.strip_prefix(':') {
                    Some(port) => (host, Some(port)),
                    None if rest.is_empty() => (host, None),
                    None => return Err("something other than ':' after ']'"),
                }
            }
            None => match text.rsplit_once(':') {
                Some((host, _)) if host.contains(':') => {
                    return Err("an IPv6 address needs '[' and ']'");
                }
                Some((host, port)) => (host, Some(port)),
                None => (text, None),
            },
        };
        if host.is_empty() || host.chars().any(|c| c.is_whitespace() || c.is_control()) {
            return Err("no host, or one with spaces");
        }
        let port = match port {
            Some(port) => port
                .parse()
                .map_err(|_| "the port is not a number up to 65535")?,
            None => default_port.ok_or("no port")?,
        };
        if port == 0 {
            return Err("port 0");
        }
        Ok(Self {
            host: host.to_owned(),
            port,
        })
    }

    /// The first address that accepts. Name resolution blocks, so it goes off the runtime.
    ///
    /// # Errors
    /// When the name has no address or none of them accepts; the last refusal is told.
    pub async fn connect(&self, off: &OffRuntime) -> Result<(TcpStream, SocketAddr), ConnectError> {
        let addresses = match self.host.parse::<IpAddr>() {
            Ok(ip) => vec![SocketAddr::new(ip, self.port)],
            Err(_) => {
                let (host, port) = (self.host.clone(), self.port);
                off.run(move || (host.as_str(), port).to_socket_addrs().map(Vec::from_iter))
                    .await
                    .map_err(ConnectError::NotResolved)?
                    .map_err(ConnectError::Resolution)?
            }
        };
        first_to_accept(addresses).await
    }
}

impl fmt::Display for Target {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { host, port } = self;
        if host.contains(':') {
            write!(f, "[{host}]:{port}")
        } else {
            write!(f, "{host}:{port}")
        }
    }
}

/// Why there is no connection.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ConnectError {
    /// The name could not be looked up at all.
    #[error("name resolution: {0}")]
    NotResolved(#[source] OffRuntimeError),
    /// The look-up found nothing.
    #[error("name resolution: {0}")]
    Resolution(#[source] io::Error),
    /// The look-up found no address.
    #[error("the name has no address")]
    NoAddress,
    /// The address did not accept.
    #[error("connect {address}: {error}")]
    Refused {
        /// The address.
        address: SocketAddr,
        /// What the system says.
        #[source]
        error: io::Error,
    },
}

/// Tries one address after the other, the next one as soon as the last has failed or has kept silent
/// for a while: a dead IPv6 route must not use up the whole timeout (after RFC 8305).
async fn first_to_accept(
    addresses: Vec<SocketAddr>,
) -> Result<(TcpStream, SocketAddr), ConnectError> {
    let connect = async |address| match TcpStream::connect(address).await {
        Ok(stream) => Ok((stream, address)),
        Err(error) => Err(ConnectError::Refused { address, error }),
    };
    let mut rest = addresses.into_iter().take(MOST_ADDRESSES);
    let mut trying = FuturesUnordered::new();
    let mut last = ConnectError::NoAddress;
    loop {
        match rest.next() {
            Some(address) => trying.push(connect(address)),
            None if trying.is_empty() => return Err(last),
            None => {}
        }
        let patience = async {
            match rest.len() {
                0 => std::future::pending().await,
                _ => tokio::time::sleep(PATIENCE).await,
            }
        };
        tokio::select! {
            Some(tried) = trying.next() => match tried {
                Ok(connected) => return Ok(connected),
                Err(error) => last = error,
            },
            () = patience => {}
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(text: &str, expected: Option<(&str, u16)>) {
        let parsed = Target::parse(text, Some(6_379)).ok();
        assert_eq!(
            parsed.as_ref().map(|t| (t.host.as_str(), t.port)),
            expected,
            "{text}"
        );
    }

    #[tokio::test]
    async fn dead_addresses_do_not_stand_in_the_way() {
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let alive = listener.local_addr().unwrap();
        // Nobody listens on port 1, and 192.0.2.0/24 (RFC 5737) is nowhere.
        let refused = SocketAddr::from(([127, 0, 0, 1], 1));
        let silent = SocketAddr::from(([192, 0, 2, 1], 1));
        for addresses in [
            vec![alive],
            vec![refused, alive],
            vec![silent, refused, alive],
        ] {
            let (_stream, to) = first_to_accept(addresses).await.unwrap();
            assert_eq!(to, alive);
        }
        let error = first_to_accept(vec![refused]).await.unwrap_err();
        assert!(
            error.to_string().starts_with("connect 127.0.0.1:1: "),
            "{error}"
        );
        assert!(first_to_accept(Vec::new()).await.is_err());
    }

    #[test]
    fn targets() {
        check("db:5432", Some(("db", 5_432)));
        check("db", Some(("db", 6_379)));
        check("127.0.0.1:1", Some(("127.0.0.1", 1)));
        check("[::1]:7", Some(("::1", 7)));
        check("[::1]", Some(("::1", 6_379)));
        for bad in [
            "", ":1", "db:", "db:x", "db:0", "db:65536", "::1", "[::1", "[db]:1", "[::1]x", "a b:1",
        ] {
            check(bad, None);
        }
        assert!(Target::parse("db", None).is_err());
    }
}
