//! Reports travel through alert channels without posing as alerts.

use async_trait::async_trait;
use bongsu_alerts::{AlertManager, Content, InlinePart, Outcome, Target};
use bongsu_reports::{RenderedReport, ReportSink, SinkError};

/// The channels that people read reports on.
const REPORT_CHANNELS: [&str; 2] = ["email", "slack"];

/// One sink for each configured channel that can carry a report.
pub(crate) fn sinks(alerts: &AlertManager) -> Vec<ChannelSink> {
    let ids = alerts.channel_ids().into_iter();
    let carry = ids.filter(|id| REPORT_CHANNELS.contains(&id.as_str()));
    carry
        .map(|channel| ChannelSink {
            alerts: alerts.clone(),
            channel,
        })
        .collect()
}

/// Delivers reports over one alert channel.
#[derive(Debug)]
pub(crate) struct ChannelSink {
    alerts: AlertManager,
    channel: String,
}

#[async_trait]
impl ReportSink for ChannelSink {
    fn name(&self) -> &str {
        &self.channel
    }

    fn recipients(&self) -> Vec<String> {
        let targets = self.alerts.targets(&self.channel).unwrap_or_default();
        targets
            .iter()
            .map(|target| target.as_str().to_owned())
            .collect()
    }

    async fn deliver(
        &self,
        report: &RenderedReport,
        recipient: &str,
        message_id: &str,
    ) -> Result<(), SinkError> {
        let content = content(report, message_id);
        let target = Target::new(recipient);
        match self
            .alerts
            .deliver_content(&self.channel, &target, &content)
            .await
        {
            Ok(outcome) => settle(outcome),
            Err(error) => Err(SinkError::Permanent {
                reason: error.to_string(),
            }),
        }
    }
}

fn content(report: &RenderedReport, message_id: &str) -> Content {
    let content = Content::new(&report.subject, &report.text)
        .html(&report.html)
        .slack_blocks(report.slack_blocks.clone())
        .message_id(message_id);
    report.inline.iter().fold(content, |content, part| {
        let part = InlinePart::new(&part.cid, &part.mime, &part.filename, &*part.bytes);
        content.inline(part)
    })
}

fn settle(outcome: Outcome) -> Result<(), SinkError> {
    match outcome {
        Outcome::Delivered { .. } => Ok(()),
        // It may have arrived: sending it again could be a second report.
        Outcome::Transient {
            reason,
            maybe_delivered: true,
            ..
        } => Err(SinkError::Unknown { reason }),
        Outcome::Transient {
            reason,
            retry_after,
            ..
        } => Err(SinkError::Transient {
            reason,
            retry_after,
        }),
        Outcome::Permanent { reason } => Err(SinkError::Permanent { reason }),
        // Somebody can mend a channel: another attempt may help.
        Outcome::TargetBroken { reason } | Outcome::ChannelBroken { reason } => {
            Err(SinkError::Transient {
                reason,
                retry_after: None,
            })
        }
        Outcome::Degrade { reason, .. } => Err(SinkError::Permanent { reason }),
        _ => Err(SinkError::Permanent {
            reason: "the channel carries no reports".to_owned(),
        }),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A day of a hundred thousand fills is tens of megabytes of JSON, which neither mail nor Slack shows.
    #[test]
    fn the_json_of_a_report_is_not_read_for_every_recipient() {
        let options = bongsu_reports::render::RenderOptions::default();
        let summary = bongsu_reports::DailySummary::sample();
        let report = bongsu_reports::render::render(&summary, &options);
        let content = content(&report, "id");
        assert_eq!(content.json, None);
        assert_eq!(content.html, Some(report.html));
        assert_eq!(content.slack_blocks, Some(report.slack_blocks));
    }
}
