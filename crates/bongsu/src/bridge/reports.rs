//! What a report has to do with the other parts: what they say about the day, whom it reaches, and
//! who hears what became of it.

use bongsu_bridge::day::{self, Day, Witness};
use bongsu_reports::{ReportEvent, ReportGeneratorBuilder};
use tokio::sync::broadcast;

use crate::{Config, parts::Parts, tasks::Tasks};

/// Connects the report in the making with every part that there is.
pub(crate) fn connect(
    builder: ReportGeneratorBuilder,
    events: &broadcast::Sender<ReportEvent>,
    parts: &Parts,
    config: &Config,
    tasks: &Tasks,
) -> ReportGeneratorBuilder {
    let mut witnesses: Vec<Box<dyn Witness>> = Vec::new();
    #[cfg(feature = "alerts")]
    let builder = {
        let (alerts, service) = (parts.alerts.clone(), config.service.name.clone());
        let telling = day::alert_of_failures(events.subscribe(), alerts.clone(), service);
        tasks.spawn("report-alerts", telling);
        witnesses.push(Box::new(day::Alerts::new(alerts)));
        sinks(builder, parts, config)
    };
    #[cfg(feature = "health")]
    {
        let (health, remembering) = day::Health::new(parts.health.clone());
        tasks.spawn("health-history", remembering);
        witnesses.push(Box::new(health));
    }
    #[cfg(feature = "logging")]
    {
        let (counts, reading) = day::Counts::new(parts.logs.handle.clone());
        tasks.spawn("log-counts", reading);
        witnesses.push(Box::new(counts));
    }
    #[cfg(feature = "metrics")]
    tasks.spawn(
        "report-metrics",
        day::count(events.subscribe(), parts.metrics.clone()),
    );
    #[cfg(feature = "resources")]
    witnesses.push(Box::new(day::Samples::new(parts.resources.clone())));
    builder.context(Day::new(witnesses))
}

/// The alert channels that carry the report.
#[cfg(feature = "alerts")]
fn sinks(
    builder: ReportGeneratorBuilder,
    parts: &Parts,
    config: &Config,
) -> ReportGeneratorBuilder {
    use bongsu_bridge::report_sink;
    use bongsu_setup::alerts;

    let asked = &config.delivery.report_channels;
    match alerts::for_reports(config, alerts::added(config, &parts.alerts)) {
        Ok(Some(channels)) => {
            for problem in report_sink::unable(&channels, asked) {
                tracing::error!("REPORT_CHANNELS: {problem}");
            }
            let sinks = report_sink::sinks(&channels, asked).into_iter();
            sinks.fold(builder, ReportGeneratorBuilder::sink)
        }
        Ok(None) => builder,
        Err(error) => {
            tracing::error!("the report reaches nobody: {}", error.chain());
            builder
        }
    }
}
