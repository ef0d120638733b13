//! TCP and UDP sockets.

use std::net::SocketAddr;

use serde::Serialize;

/// Sockets of the machine, as far as this network namespace shows them.
#[derive(Debug, Clone, PartialEq, Default, Serialize)]
#[non_exhaustive]
pub struct NetworkConnections {
    /// The sockets; at most 10,000.
    pub connections: Vec<Connection>,
    /// Sockets beyond those.
    pub not_listed: u64,
    /// TCP connections that are established, not listed ones included.
    pub tcp_established: u64,
    /// TCP sockets that listen.
    pub tcp_listening: u64,
    /// TCP connections in TIME_WAIT.
    pub tcp_time_wait: u64,
    /// TCP connections in CLOSE_WAIT: the peer has closed and this side has not. Many of one
    /// process are a leak.
    pub tcp_close_wait: u64,
    /// UDP sockets.
    pub udp: u64,
    /// Sockets of this process.
    pub own: u64,
}

/// One socket.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[non_exhaustive]
pub struct Connection {
    /// `tcp`, `tcp6`, `udp` or `udp6`.
    pub protocol: &'static str,
    /// This side.
    pub local: SocketAddr,
    /// The other side; `None` when there is none.
    pub remote: Option<SocketAddr>,
    /// `established`, `listen`, `time_wait` and so on; UDP has `established` and `none`.
    pub state: &'static str,
    /// Owner.
    pub uid: u32,
    /// It belongs to this process.
    pub own: bool,
}

#[cfg(target_os = "linux")]
pub(crate) use linux::all;

#[cfg(not(target_os = "linux"))]
pub(crate) fn all() -> Result<NetworkConnections, crate::error::SourceError> {
    Err(crate::error::SourceError::Unsupported {
        what: "list of connections",
    })
}

#[cfg(target_os = "linux")]
mod linux {
    use std::collections::HashSet;
    use std::fs::File;
    use std::io::{BufRead, BufReader, ErrorKind};
    use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};

    use super::{Connection, NetworkConnections};
    use crate::error::SourceError;
    use crate::source::linux::parse::{number, words};

    /// Sockets listed in one answer; further ones are counted only.
    pub(super) const MAX_LISTED: usize = 10_000;

    const TABLES: [(&str, &str); 4] = [
        ("tcp", "/proc/self/net/tcp"),
        ("tcp6", "/proc/self/net/tcp6"),
        ("udp", "/proc/self/net/udp"),
        ("udp6", "/proc/self/net/udp6"),
    ];

    pub(crate) fn all() -> Result<NetworkConnections, SourceError> {
        let own = own_sockets();
        let mut out = NetworkConnections::default();
        for (protocol, path) in TABLES {
            let failed = |source| SourceError::Read { what: path, source };
            let file = match File::open(path) {
                Ok(file) => file,
                // a kernel without this protocol has no such table
                Err(error) if error.kind() == ErrorKind::NotFound => continue,
                Err(error) => return Err(failed(error)),
            };
            for line in BufReader::new(file).split(b'\n').skip(1) {
                let line = line.map_err(failed)?;
                let (mut connection, inode) =
                    parse(protocol, &line).ok_or(SourceError::Parse { what: path })?;
                connection.own = own.contains(&inode);
                out.add(connection);
            }
        }
        Ok(out)
    }

    impl NetworkConnections {
        pub(super) fn add(&mut self, connection: Connection) {
            let tcp = connection.protocol.starts_with("tcp");
            let counter = match connection.state {
                _ if !tcp => Some(&mut self.udp),
                "established" => Some(&mut self.tcp_established),
                "listen" => Some(&mut self.tcp_listening),
                "time_wait" => Some(&mut self.tcp_time_wait),
                "close_wait" => Some(&mut self.tcp_close_wait),
                _ => None,
            };
            if let Some(counter) = counter {
                *counter += 1;
            }
            self.own += u64::from(connection.own);
            if self.connections.len() < MAX_LISTED {
                self.connections.push(connection);
            } else {
                self.not_listed += 1;
            }
        }
    }

    /// Inodes of this process's sockets: `/proc/self/fd/7 -> socket:[1234]`.
    fn own_sockets() -> HashSet<u64> {
        let entries = std::fs::read_dir("/proc/self/fd")
            .into_iter()
            .flatten()
            .flatten();
        let links = entries.filter_map(|entry| std::fs::read_link(entry.path()).ok());
        links
            .filter_map(|link| {
                let text = link.to_str()?.strip_prefix("socket:[")?.strip_suffix(']')?;
                text.parse().ok()
            })
            .collect()
    }

    /// `sl local remote state tx:rx timer retransmits uid timeout inode …`.
    pub(super) fn parse(protocol: &'static str, line: &[u8]) -> Option<(Connection, u64)> {
        let mut words = words(line).skip(1);
        let local = address(words.next()?)?;
        let remote = address(words.next()?)?;
        let state = state(words.next()?, protocol.starts_with("tcp"))?;
        let uid = u32::try_from(number(words.nth(3)?)?).ok()?;
        let inode = number(words.nth(1)?)?;
        let remote = (remote.port() != 0 || !remote.ip().is_unspecified()).then_some(remote);
        Some((
            Connection {
                protocol,
                local,
                remote,
                state,
                uid,
                own: false,
            },
            inode,
        ))
    }

    /// `0100007F:1F90`: the address as 32-bit words in the machine's byte order, the port in hex.
    fn address(word: &[u8]) -> Option<SocketAddr> {
        let text = std::str::from_utf8(word).ok()?;
        let (host, port) = text.split_once(':')?;
        let port = u16::from_str_radix(port, 16).ok()?;
        let part = |at: usize| -> Option<[u8; 4]> {
            u32::from_str_radix(host.get(at * 8..at * 8 + 8)?, 16)
                .ok()
                .map(u32::to_ne_bytes)
        };
        let ip = match host.len() {
            8 => IpAddr::V4(Ipv4Addr::from(part(0)?)),
            32 => {
                let mut bytes = [0; 16];
                for (at, chunk) in bytes.chunks_exact_mut(4).enumerate() {
                    chunk.copy_from_slice(&part(at)?);
                }
                IpAddr::V6(Ipv6Addr::from(bytes))
            }
            _ => return None,
        };
        Some(SocketAddr::new(ip, port))
    }

    fn state(word: &[u8], tcp: bool) -> Option<&'static str> {
        let code = u8::from_str_radix(std::str::from_utf8(word).ok()?, 16).ok()?;
        Some(match code {
            1 => "established",
            7 if !tcp => "none",
            2 => "syn_sent",
            3 => "syn_recv",
            4 => "fin_wait1",
            5 => "fin_wait2",
            6 => "time_wait",
            7 => "close",
            8 => "close_wait",
            9 => "last_ack",
            10 => "listen",
            11 => "closing",
            12 => "new_syn_recv",
            _ => "unknown",
        })
    }
}

#[cfg(test)]
#[cfg(target_os = "linux")]
mod tests;
