//! What is exported, as a receiver reads it by OpenTelemetry's published schema.
#![expect(
    clippy::disallowed_methods,
    clippy::expect_used,
    clippy::unwrap_used,
    reason = "a test fails by panicking, and its receiver is a task"
)]

mod allocations;
mod grpc;
mod outage;
mod receiver;
mod schema;
mod sent;
mod tail;
mod tls;
