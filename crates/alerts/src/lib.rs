//! Alerts that are never lost: an alert is stored before [`AlertManager::send_alert`] returns, and is
//! then delivered at least once or visibly dead.
//!
//! ```
//! use std::time::Duration;
//! use bongsu_alerts::channels::LogChannel;
//! use bongsu_alerts::{AlertLevel, AlertManager, AlertRule, templates};
//!
//! # #[tokio::main(flavor = "current_thread")]
//! # async fn main() -> Result<(), Box<dyn std::error::Error>> {
//! let (alerts, dispatcher) = AlertManager::builder("orders", "production")
//!     .channel(LogChannel::new())
//!     .rule(AlertRule::new("everything").min_level(AlertLevel::Warning).channel("log"))
//!     .cooldown(Duration::from_secs(900))
//!     .build()?;
//! // The future is the caller's to spawn; here it runs beside the sends until they are done.
//! let (stop, stopped) = tokio::sync::oneshot::channel::<()>();
//! let sends = async {
//!     let receipt = alerts.send_alert(templates::trading_halt("max_drawdown", Some(30.5))).await?;
//!     assert_eq!(receipt.deliveries(), 1);
//!     let _ = stop.send(());
//!     Ok::<_, bongsu_alerts::SendError>(())
//! };
//! let (sent, ()) = tokio::join!(sends, dispatcher.run(stopped));
//! sent?;
//! assert_eq!(alerts.get_statistics().alerts_sent[&AlertLevel::Critical], 1);
//! # Ok(())
//! # }
//! ```

pub mod alert;
mod attempt;
mod builder;
pub mod channel;
pub mod channels;
pub mod clock;
mod core;
mod dispatch;
mod engine;
pub mod event;
#[cfg(feature = "heartbeat")]
pub mod heartbeat;
pub mod level;
pub mod limits;
mod manager;
mod outbox;
pub mod policy;
pub mod render;
pub mod rule;
pub mod schedule;
pub mod secret;
pub mod shared;
#[cfg(feature = "webhook")]
pub mod signature;
mod stats;
pub mod store;
pub mod templates;
#[cfg(any(test, feature = "testing"))]
pub mod testing;
#[cfg(test)]
mod tests;

pub use alert::Alert;
pub use builder::{AlertManagerBuilder, BuildError};
pub use channel::{
    AlertStatus, Attempt, Channel, Content, Degrade, DigestLine, InlinePart, Limits, Notification,
    Outcome, RenderError, Rendered, Target,
};
pub use dispatch::Dispatcher;
pub use engine::{ChannelDecision, Receipt, SendError, What};
pub use event::AlertEvent;
pub use level::AlertLevel;
pub use manager::{AlertManager, ManageError, ResolveError};
pub use outbox::{BreakerConfig, RetryConfig};
pub use policy::{FlapConfig, InhibitConfig, Pass, Silence, Suppressed};
pub use rule::{AlertRule, Escalation, Matcher, Quiet};
pub use secret::Secret;
pub use stats::{AlertStatistics, ChannelStatistics};
pub use store::{ActiveAlert, AlertStore, HistoryEntry, MemoryStore, Replay, StoreError};
#[cfg(feature = "sqlite")]
pub use store::{SqliteOptions, SqliteStore};
