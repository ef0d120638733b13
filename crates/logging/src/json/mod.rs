//! Writing JSON text: escaping, bounded lines, timestamps.

pub(crate) mod escape;
pub(crate) mod line;
pub(crate) mod time;
