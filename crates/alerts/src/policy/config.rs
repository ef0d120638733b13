//! How the policy behaves, and what it has to know of a channel.

use std::time::Duration;

use super::{FlapConfig, InhibitConfig};
use crate::AlertLevel;
use crate::routing::Routing;
use crate::rule::AlertRule;

/// How the policy behaves where no rule says otherwise.
#[derive(Debug, Clone)]
pub struct PolicyConfig {
    /// Routes; none: every alert goes to every channel.
    pub rules: Vec<AlertRule>,
    /// What may be replaced later ([`Policy::reroute`](super::Policy::reroute)); its rules come first.
    pub routing: Routing,
    /// The least level that a channel is told of, by its name, whatever the rules say; a channel that
    /// was told of something worse hears of its fall and end all the same. Default: every level.
    pub least: Vec<(String, AlertLevel)>,
    /// How long the same alert stays quiet on a channel. Default: 15 minutes.
    pub cooldown: Duration,
    /// Whether and how a CRITICAL alert hides WARNINGs.
    pub inhibit: Option<InhibitConfig>,
    /// When an alert that comes and goes is held down. What was last sent of it is told when it has
    /// been the same for a whole [`FlapConfig::window`].
    pub flap: Option<FlapConfig>,
    /// How long after it was last told a condition that still fires, and that nobody acknowledged, is
    /// told again. None: never. Events are never repeated by default. Default: 6 hours.
    pub repeat: Option<Duration>,
    /// Keys remembered; past it the longest untouched is forgotten and counted. Default: 50,000.
    pub max_keys: usize,
    /// Silences at once. Default: 1,000.
    pub max_silences: usize,
    /// Hours by name, for silences that hold in them only.
    pub hours: Vec<(String, crate::schedule::SharedSchedule)>,
}

impl Default for PolicyConfig {
    fn default() -> Self {
        Self {
            rules: Vec::new(),
            routing: Routing::default(),
            least: Vec::new(),
            cooldown: Duration::from_secs(15 * 60),
            inhibit: Some(InhibitConfig::default()),
            flap: Some(FlapConfig::default()),
            repeat: Some(Duration::from_secs(6 * 3_600)),
            max_keys: 50_000,
            max_silences: 1_000,
            hours: Vec::new(),
        }
    }
}

/// What the policy has to know of a channel.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ChannelSpec {
    /// Its name.
    pub id: String,
    /// Deliveries that one message makes.
    pub targets: u16,
}

impl ChannelSpec {
    /// A channel with this many targets.
    #[must_use]
    pub fn new(id: impl Into<String>, targets: u16) -> Self {
        Self {
            id: id.into(),
            targets,
        }
    }
}
