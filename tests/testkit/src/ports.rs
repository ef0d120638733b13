//! Ports that nobody listens on.

use std::net::{SocketAddr, TcpListener};

/// An address of the loopback interface that was free a moment ago.
///
/// # Panics
///
/// When no port can be had.
#[must_use]
pub fn free_address() -> SocketAddr {
    let listener = TcpListener::bind(("127.0.0.1", 0)).unwrap();
    listener.local_addr().unwrap()
}

/// The port of [`free_address`].
///
/// # Panics
///
/// When no port can be had.
#[must_use]
pub fn free_port() -> u16 {
    free_address().port()
}
