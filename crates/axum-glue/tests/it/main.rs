//! The middleware and the server against real requests, in process and over loopback.
#![expect(clippy::disallowed_methods, reason = "tests spawn their own servers")]

mod monitor;
mod serve;
