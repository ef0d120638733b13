//! The facade as a user meets it: the README, and the example as a real process.
#![expect(
    clippy::disallowed_methods,
    clippy::unwrap_used,
    reason = "tests watch the clock and fail by panicking"
)]

mod admin;
mod client;
mod console;
mod crash;
mod ends;
mod engine;
mod examples;
mod lives;
mod maintenance;
mod older;
#[cfg(feature = "otlp")]
mod otlp;
mod outgoing;
mod process;
mod readme;
mod receiver;
mod reports;
mod routes;
mod rules_file;
mod rules_state;
mod seams;
mod secrets;
mod soak;
mod startup;
mod taken_up;
mod tools;
mod unknown;
