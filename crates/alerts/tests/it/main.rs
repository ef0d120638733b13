//! Tests against real programs, real sockets and real kills, in one binary.
