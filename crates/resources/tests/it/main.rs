//! Against the running system.
