//! Whether the channels are there.

use std::sync::Arc;

use bongsu_alerts::{Channel, Outcome};
use bongsu_config::{
    Config,
    doctor::{Finding, judge},
};
use tokio::time::timeout;

use super::detached;
use crate::doctor::PATIENCE;

/// Whether each channel's far side is there and takes the credentials; all at the same time.
pub async fn doctor(config: &Config, added: Vec<Arc<dyn Channel>>) -> Vec<Finding> {
    let report = report(config, &added);
    let manager = match detached(config, added) {
        Ok(Some(manager)) => manager,
        Ok(None) => return [judge::no_channel()].into_iter().chain(report).collect(),
        Err(error) => {
            let remedy = "give each channel an id of its own";
            return vec![Finding::failed("channels", error.chain(), remedy)];
        }
    };
    let mut probes = tokio::task::JoinSet::new();
    for (place, id) in manager.channel_ids().into_iter().enumerate() {
        let manager = manager.clone();
        probes.spawn(async move {
            let outcome = match timeout(PATIENCE, manager.probe(&id)).await {
                Ok(Ok(outcome)) => outcome,
                Ok(Err(error)) => Outcome::broken(error.to_string()),
                Err(_) => Outcome::transient("no answer in time"),
            };
            (place, judge::channel(&id, &outcome))
        });
    }
    let mut found = probes.join_all().await;
    found.sort_by_key(|(place, _)| *place);
    let found = found.into_iter().map(|(_, finding)| finding);
    found.chain(report).collect()
}

/// Whether the report reaches anybody.
#[cfg(feature = "reports")]
fn report(config: &Config, added: &[Arc<dyn Channel>]) -> Vec<Finding> {
    use bongsu_bridge::report_sink::{able, sinks, unable};
    // Without a source of figures there is no report.
    if config.database_url.is_none() {
        return Vec::new();
    }
    let asked = &config.delivery.report_channels;
    let Ok(Some(channels)) = super::for_reports(config, added.to_vec()) else {
        return vec![judge::report(&[], &[], &[])];
    };
    let sinks = sinks(&channels, asked);
    let names: Vec<&str> = sinks.iter().map(bongsu_reports::ReportSink::name).collect();
    vec![judge::report(
        &names,
        &able(&channels),
        &unable(&channels, asked),
    )]
}

#[cfg(not(feature = "reports"))]
fn report(_: &Config, _: &[Arc<dyn Channel>]) -> Vec<Finding> {
    Vec::new()
}
