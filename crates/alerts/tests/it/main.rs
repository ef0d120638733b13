//! Tests against real programs, real sockets and real kills, in one binary.

#[cfg(any(feature = "email", feature = "_http"))]
mod channels;
