//! What the parts of a service answer to whoever operates it: the desks of [`bongsu_ops`] over the parts' handles.
//!
//! [`Desks`] gathers a [`Part`] for each that there is, and gives the one [`Operator`] that `/admin` and `/console`
//! show. It spawns nothing: what keeps a part up to date is a future of [`Part::follow`].
//!
//! ```
//! use std::time::Duration;
//!
//! use bongsu_desks::Desks;
//! use bongsu_ops::Service;
//!
//! let service = Service {
//!     name: "risk".to_owned(),
//!     version: "1.4.0".to_owned(),
//!     environment: "production".to_owned(),
//!     uptime: Duration::ZERO,
//! };
//! let desks = Desks::new(service, Vec::new());
//! let snapshot = desks.snapshot(jiff::Timestamp::now());
//! assert_eq!(snapshot.service.name, "risk");
//! let operator = desks.operator();
//! ```
//!
//! | feature | gives |
//! |---|---|
//! | `alerts` | what fires, channels, silences, the maintenance |
//! | `health` | the dependencies |
//! | `logging` | the log's level, lines, and errors by place |
//! | `metrics` | requests by route, calls by host, families, the book |
//! | `reports` | the archive, deliveries, the last close, the venues' hours |
//! | `resources` | the host's and the container's figures |
//! | `rules` | what each rule sees |

#![cfg_attr(docsrs, feature(doc_cfg))]

#[cfg(feature = "alerts")]
mod alerts;
#[cfg(feature = "health")]
mod health;
#[cfg(feature = "logging")]
mod logging;
#[cfg(feature = "metrics")]
mod metrics;
mod off;
#[cfg(feature = "reports")]
mod reports;
#[cfg(feature = "resources")]
mod resources;
#[cfg(feature = "rules")]
mod rules;

use std::{
    fmt,
    pin::Pin,
    sync::{Arc, PoisonError, RwLock},
};

use async_trait::async_trait;
use bongsu_ops::{Missing, Operator, OpsResult, Service, ServiceDesk, Setting, Snapshot};
use jiff::Timestamp;

#[cfg(feature = "alerts")]
pub use self::alerts::{Alerts, Readiness, Reload};
#[cfg(feature = "health")]
pub use self::health::Health;
#[cfg(feature = "logging")]
pub use self::logging::Logs;
#[cfg(feature = "metrics")]
pub use self::metrics::Metrics;
pub use self::off::off;
#[cfg(feature = "reports")]
pub use self::reports::Reports;
#[cfg(feature = "resources")]
pub use self::resources::Resources;
#[cfg(feature = "rules")]
pub use self::rules::Rules;

/// What keeps a part up to date, until the service ends.
pub type Follow = Pin<Box<dyn Future<Output = ()> + Send>>;

/// What one part adds to what an operator is told. By default nothing.
pub trait Part: fmt::Debug + Send + Sync {
    /// Answers what is asked of this part.
    fn join(&self, operator: Operator) -> Operator {
        operator
    }

    /// Reads what is not at hand, for [`Part::fill`] to show. It may take a while: it is called now and then,
    /// where it may block.
    fn read(&self, _now: Timestamp) {}

    /// Puts its figures into the first screen: everything but what fires.
    fn fill(&self, _snapshot: &mut Snapshot) {}

    /// Puts in what fires.
    fn fill_firing(&self, _snapshot: &mut Snapshot) {}

    /// How many alerts fire; none of a part that knows of no alerts.
    fn firing_count(&self) -> Option<usize> {
        None
    }

    /// What has to run beside it for its figures to be of now.
    fn follow(&self) -> Option<Follow> {
        None
    }
}

/// The parts of one service, as its operator asks them. Cheap to clone.
#[derive(Clone, Debug)]
pub struct Desks(Arc<Inner>);

#[derive(Debug)]
struct Inner {
    service: Service,
    /// Those of the desks without parts, too.
    settings: Arc<RwLock<Vec<Setting>>>,
    started: Timestamp,
    parts: Vec<Box<dyn Part>>,
}

impl Desks {
    /// A service that starts now, with its variables as they are shown, and no part yet.
    #[must_use]
    #[expect(clippy::disallowed_methods, reason = "a driver: it reads the clock")]
    pub fn new(service: Service, settings: Vec<Setting>) -> Self {
        Self(Arc::new(Inner {
            service,
            settings: Arc::new(RwLock::new(settings)),
            started: Timestamp::now(),
            parts: Vec::new(),
        }))
    }

    /// With these parts, each after those whose figures it builds on: reports after metrics.
    #[must_use]
    pub fn with_parts(self, parts: impl IntoIterator<Item = Box<dyn Part>>) -> Self {
        Self(Arc::new(Inner {
            service: self.0.service.clone(),
            settings: self.0.settings.clone(),
            started: self.0.started,
            parts: parts.into_iter().collect(),
        }))
    }

    /// Shows other values from now on, for whatever was made of it as well.
    pub fn set_settings(&self, settings: Vec<Setting>) {
        let held = self.0.settings.write();
        *held.unwrap_or_else(PoisonError::into_inner) = settings;
    }

    /// What answers for all of them.
    #[must_use]
    pub fn operator(&self) -> Operator {
        let operator = Operator::new(Arc::new(self.clone()));
        let parts = self.0.parts.iter();
        parts.fold(operator, |operator, part| part.join(operator))
    }

    /// Reads the figures that are not at hand. It blocks.
    pub fn read(&self, now: Timestamp) {
        for part in &self.0.parts {
            part.read(now);
        }
    }

    /// Everything at `now`.
    #[must_use]
    pub fn snapshot(&self, now: Timestamp) -> Snapshot {
        let mut snapshot = self.without_firing(now);
        for part in &self.0.parts {
            part.fill_firing(&mut snapshot);
        }
        snapshot
    }

    /// Everything but what fires, which may be much.
    #[must_use]
    pub fn without_firing(&self, now: Timestamp) -> Snapshot {
        let uptime = now.duration_since(self.0.started).try_into();
        let service = Service {
            uptime: uptime.unwrap_or_default(),
            ..self.0.service.clone()
        };
        let mut snapshot = Snapshot::new(now, service);
        snapshot.dependencies = Missing::NotConfigured.into();
        snapshot.alerts = Missing::NotConfigured.into();
        snapshot.channels = Missing::NotConfigured.into();
        snapshot.session = Missing::NotConfigured.into();
        snapshot.log_level = Missing::NotConfigured.into();
        for part in &self.0.parts {
            part.fill(&mut snapshot);
        }
        snapshot
    }

    /// How many alerts fire; none where no part knows.
    #[must_use]
    pub fn firing_count(&self) -> Option<usize> {
        self.0.parts.iter().find_map(|part| part.firing_count())
    }

    /// What has to run beside the parts for their figures to be of now.
    #[must_use]
    pub fn follow(&self) -> Vec<Follow> {
        self.0
            .parts
            .iter()
            .filter_map(|part| part.follow())
            .collect()
    }
}

#[async_trait]
impl ServiceDesk for Desks {
    #[expect(clippy::disallowed_methods, reason = "a driver: it reads the clock")]
    async fn snapshot(&self) -> Snapshot {
        off(self, |desks| Self::snapshot(desks, Timestamp::now())).await
    }

    async fn settings(&self) -> OpsResult<Vec<Setting>> {
        let held = self.0.settings.read();
        Ok(held.unwrap_or_else(PoisonError::into_inner).clone())
    }
}
