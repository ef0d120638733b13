//! The checks against the real thing: PostgreSQL and Redis from the distribution, stopped, paused and
//! brought back while the checks run; a tarpit; files; a hung file.

#![expect(clippy::disallowed_methods, reason = "tests spawn and read the clock")]
#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

mod blocking;
mod http;
mod postgres;
mod redis;
mod rig;
mod storm;
mod tarpit;
