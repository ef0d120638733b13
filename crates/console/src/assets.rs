//! What the pages need besides themselves, embedded; each is to be served as a file of its own.

/// The style sheet.
pub const STYLE: &str = include_str!("../assets/style.css");
/// The script: live updates, a countdown that ticks, keys. Every page works without it.
pub const SCRIPT: &str = include_str!("../assets/app.js");
/// The icon.
pub const ICON: &str = include_str!("../assets/icon.svg");
