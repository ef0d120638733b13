//! Checks against the real programs.

fn main() {}
