//! Against the running system: `/proc`, `df`, Python's psutil, real control groups, a real mount that hangs.

#![cfg(target_os = "linux")]
#![allow(clippy::unwrap_used, clippy::expect_used, reason = "a test may panic")]
#![expect(
    clippy::disallowed_methods,
    reason = "tests read the clock and the name of the interpreter"
)]

mod cgroup;
mod df;
mod hung_mount;
mod netns;
mod procfs;
mod psutil;
mod support;
