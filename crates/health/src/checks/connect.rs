//! Name to connected socket.

use std::net::{IpAddr, SocketAddr, ToSocketAddrs};

use tokio::net::TcpStream;

use super::off_runtime::OffRuntime;
use crate::check::CheckError;

/// A host and port, parsed once.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Target {
    pub(crate) host: String,
    pub(crate) port: u16,
}

impl Target {
    /// `host:port`, `1.2.3.4:5`, `[::1]:5`; without a port, `default_port` if there is one.
    pub(crate) fn parse(text: &str, default_port: Option<u16>) -> Result<Self, &'static str> {
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
    pub(crate) async fn connect(
        &self,
        off: &OffRuntime,
    ) -> Result<(TcpStream, SocketAddr), CheckError> {
        let addresses = match self.host.parse::<IpAddr>() {
            Ok(ip) => vec![SocketAddr::new(ip, self.port)],
            Err(_) => {
                let (host, port) = (self.host.clone(), self.port);
                let found = off
                    .run(move || (host.as_str(), port).to_socket_addrs().map(Vec::from_iter))
                    .await;
                found
                    .map_err(|error| CheckError::new(format!("name resolution: {error}")))?
                    .map_err(|error| CheckError::new(format!("name resolution: {error}")))?
            }
        };
        let mut last = None;
        for address in addresses {
            match TcpStream::connect(address).await {
                Ok(stream) => return Ok((stream, address)),
                Err(error) => last = Some(CheckError::new(format!("connect {address}: {error}"))),
            }
        }
        Err(last.unwrap_or_else(|| CheckError::new("the name has no address")))
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
