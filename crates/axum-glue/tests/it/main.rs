//! The middleware and the server against real requests, in process and over loopback.
#![expect(
    clippy::disallowed_methods,
    clippy::unwrap_used,
    reason = "tests spawn their own servers and fail by panicking"
)]

mod admin;
mod bodies;
mod described;
mod lines;
mod monitor;
mod operations;
mod scrape;
mod serve;
mod streams;
mod support;
mod wire;
