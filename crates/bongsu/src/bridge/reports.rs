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
        match carriers(config, &parts.alerts) {
            Ok(sinks) => sinks
                .into_iter()
                .fold(builder, ReportGeneratorBuilder::sink),
            Err(error) => {
                tracing::error!("the report reaches nobody: {}", error.chain());
                builder
            }
        }
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
pub(crate) fn carriers(
    config: &Config,
    manager: &bongsu_alerts::AlertManager,
) -> Result<Vec<bongsu_bridge::report_sink::ChannelSink>, bongsu_setup::Error> {
    use bongsu_bridge::report_sink;
    use bongsu_setup::alerts;

    let asked = &config.delivery.report_channels;
    let channels = alerts::for_reports(config, alerts::added(config, manager))?;
    let Some(channels) = channels else {
        return Ok(Vec::new());
    };
    for problem in report_sink::unable(&channels, asked) {
        tracing::error!("REPORT_CHANNELS: {problem}");
    }
    Ok(report_sink::sinks(&channels, asked))
}
