//! The client against real servers: logins, TLS by a private CA, unix sockets, a failover by a Sentinel.

mod failover;
mod reach;
mod rig;
mod strangers;
