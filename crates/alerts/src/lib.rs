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
//!
//! # The life of an alert
//!
//! [`AlertManager::send_alert`] asks the [`policy`] what happens on each channel, writes the alert and
//! one delivery a target to the [`store`], and returns when that is durable, with every decision and its
//! reason. The [`Dispatcher`] then makes the attempts: a token bucket, a breaker and two lanes a channel,
//! full-jitter backoff, deadlines by level, `Retry-After`. A delivery's ULID is its idempotency key on
//! every attempt, and its bytes are stored before the first.
//!
//! | what | how |
//! | --- | --- |
//! | the same again | quiet for the cooldown, by key and channel; a rise in level and the end pass; the next message says how many were held back |
//! | a channel that fails | left alone after 5 failures; CRITICAL also takes the [fallback](AlertManagerBuilder::fallback); other channels are told |
//! | a message that cannot arrive | dead, in the history and the log, told on other channels; [`AlertManager::replay`] |
//! | a storm | more than 20 waiting for a target become one digest; CRITICAL and resolves never do |
//! | nobody reacts | [`AlertRule::escalate`], until [`AlertManager::acknowledge`] |
//! | several replicas | one of them tells it: [`shared`] |
//! | too much | 100,000 deliveries or 64 MiB wait at most; INFO, then WARNING give way; then [`SendError::Full`] |
//! | a full disk | [`SendError::Store`]; a CRITICAL alert is tried from memory all the same |
//!
//! # Features
//!
//! None is on by default: that leaves the log channel and the store in memory. `sqlite` is the durable
//! store, `redis` the state shared by replicas, `testing` the doubles; each other channel has a feature
//! of its own name.

#![cfg_attr(docsrs, feature(doc_cfg))]

pub mod alert;
mod attempt;
pub mod author;
mod builder;
pub mod channel;
pub mod channels;
pub mod clock;
pub mod conditions;
mod core;
mod dispatch;
mod engine;
pub mod event;
#[cfg(feature = "heartbeat")]
pub mod heartbeat;
#[cfg(feature = "http")]
pub mod http;
pub mod limits;
mod manager;
mod operate;
#[cfg(all(test, feature = "sqlite"))]
mod oracle;
mod outbox;
pub mod policy;
mod presentation;
mod rehearsal;
pub mod render;
mod replicas;
mod routing;
#[cfg(test)]
mod routing_tests;
pub mod rule;
pub mod schedule;
pub mod shared;
#[cfg(feature = "webhook")]
pub mod signature;
#[cfg(test)]
mod state_tests;
mod stats;
pub mod store;
pub mod templates;
#[cfg(any(test, feature = "testing"))]
pub mod testing;
#[cfg(test)]
mod tests;

pub use alert::Alert;
pub use bongsu_lang::Lang;
pub use bongsu_secret::Secret;
pub use bongsu_severity::Severity as AlertLevel;
pub use builder::{AlertManagerBuilder, BuildError};
pub use channel::{
    AlertStatus, Attempt, Carries, Channel, Content, Degrade, DigestLine, InlinePart, Limits,
    Notification, Outcome, RenderError, Rendered, ReportForm, Target,
};
pub use conditions::{Conditions, Holding, Synced};
pub use dispatch::Dispatcher;
pub use engine::{ChannelDecision, Receipt, SendError, What};
pub use event::AlertEvent;
pub use manager::{AlertManager, ManageError, ResolveError};
pub use operate::Explanation;
pub use outbox::{BreakerConfig, RetryConfig};
pub use policy::{FlapConfig, InhibitConfig, Pass, Silence, Suppressed, Weekly};
pub use presentation::Presentation;
pub use rehearsal::{Rehearsal, Told};
pub use routing::{Defaults, Routing};
pub use rule::{AlertRule, Escalation, Matcher, Quiet};
pub use stats::{AlertStatistics, ChannelStatistics};
pub use store::{
    ActiveAlert, AlertStore, HistoryEntry, MemoryStore, Replay, StoreError, StoreTrouble,
};
#[cfg(feature = "sqlite")]
pub use store::{SqliteOptions, SqliteStore};
