//! Alerts that are never lost: an alert is stored before `send` returns, and delivered at least once
//! or visibly dead.

pub mod alert;
pub mod channel;
pub mod channels;
pub mod level;
pub mod render;
pub mod secret;
#[cfg(feature = "webhook")]
pub mod signature;

pub use alert::Alert;
pub use channel::{
    AlertStatus, Attempt, Channel, Content, Degrade, DigestLine, InlinePart, Limits, Notification,
    Outcome, RenderError, Rendered, Target,
};
pub use level::AlertLevel;
pub use secret::Secret;
