//! Everything that a channel of your own needs, from one place and in the versions that this crate
//! uses: depend on nothing else.
//!
//! `cargo xtask new-channel NAME --into src` writes one to begin with, with its tests.

pub use async_trait::async_trait;
pub use jiff;
pub use serde_json::{self, json};
pub use tokio::time::Instant;

pub use crate::channel::{
    AlertStatus, Attempt, Carries, Channel, Content, Degrade, DigestLine, InlinePart, Limits,
    Notification, Outcome, RenderError, Rendered, ReportForm, Target,
};
pub use crate::channels::{ChannelConfigError, FieldProblem, Problem, Problems};
#[cfg(feature = "http")]
pub use crate::http::{Answer, Endpoint, HttpOptions, Request};
pub use crate::render::fit;
pub use crate::render::view::View;
pub use crate::{Alert, AlertLevel, Presentation, Secret};
