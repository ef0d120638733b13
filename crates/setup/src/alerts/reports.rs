//! The channels of the report: with its own recipients.

use std::sync::Arc;

use bongsu_alerts::{AlertManager, Channel, channels::Purpose};
use bongsu_config::{Config, channels::configured};

use crate::Error;

/// A manager of the channels with the recipients of reports, with nothing behind it either: reports
/// keep their own record.
///
/// # Errors
///
/// As [`detached`](super::detached).
pub fn for_reports(
    config: &Config,
    added: Vec<Arc<dyn Channel>>,
) -> Result<Option<AlertManager>, Error> {
    super::alone(config, added, Purpose::Reports)
}

/// The channels that the service's code has added.
#[must_use]
pub fn added(config: &Config, alerts: &AlertManager) -> Vec<Arc<dyn Channel>> {
    let ours = configured(config, Purpose::Reports).channels;
    let is_ours = |id: &String| ours.iter().any(|channel| channel.id() == id);
    let others = alerts.channel_ids().into_iter().filter(|id| !is_ours(id));
    others.filter_map(|id| alerts.channel(&id).ok()).collect()
}
