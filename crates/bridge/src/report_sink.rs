//! Reports travel through alert channels without posing as alerts. Which ones carry them is the
//! channels' own word.

use async_trait::async_trait;
use bongsu_alerts::{AlertManager, Carries, Content, InlinePart, Outcome, ReportForm, Target};
use bongsu_reports::{RenderedReport, ReportSink, SinkError};

/// One sink for each channel that is asked to carry the report and can; none asked: for each that
/// carries one unasked.
#[must_use]
pub fn sinks(channels: &AlertManager, asked: &[String]) -> Vec<ChannelSink> {
    let sink = |id: String| {
        let carries = carries(channels, &id);
        let chosen = if asked.is_empty() {
            !carries.if_asked
        } else {
            asked.contains(&id)
        };
        let form = carries.report.filter(|_| chosen)?;
        Some(ChannelSink {
            channels: channels.clone(),
            channel: id,
            form,
        })
    };
    channels
        .channel_ids()
        .into_iter()
        .filter_map(sink)
        .collect()
}

/// What is asked for and cannot be, in words.
#[must_use]
pub fn unable(channels: &AlertManager, asked: &[String]) -> Vec<String> {
    let able = able(channels);
    let wrong = asked.iter().filter(|id| !able.contains(id));
    let able = match able.join(", ") {
        none if none.is_empty() => "none is configured".to_owned(),
        able => able,
    };
    wrong
        .map(|id| format!("{id:?} is no channel that carries reports ({able})"))
        .collect()
}

/// The channels that can carry a report.
#[must_use]
pub fn able(channels: &AlertManager) -> Vec<String> {
    let ids = channels.channel_ids().into_iter();
    ids.filter(|id| carries(channels, id).report.is_some())
        .collect()
}

fn carries(channels: &AlertManager, id: &str) -> Carries {
    channels.carries(id).unwrap_or(Carries::ALERTS)
}

/// Delivers reports over one alert channel.
#[derive(Debug)]
pub struct ChannelSink {
    channels: AlertManager,
    channel: String,
    form: ReportForm,
}

#[async_trait]
impl ReportSink for ChannelSink {
    fn name(&self) -> &str {
        &self.channel
    }

    fn recipients(&self) -> Vec<String> {
        let targets = self.channels.targets(&self.channel).unwrap_or_default();
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
        let content = content(report, message_id, self.form);
        let target = Target::new(recipient);
        let channels = &self.channels;
        match channels
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

/// What the channel shows, and the text in any case. The JSON may be megabytes: it is made for those
/// alone that send it.
fn content(report: &RenderedReport, message_id: &str, form: ReportForm) -> Content {
    let content = Content::new(&report.subject, &report.text).message_id(message_id);
    match form {
        ReportForm::Html => {
            let content = content.html(&report.html);
            report.inline.iter().fold(content, |content, part| {
                let part = InlinePart::new(&part.cid, &part.mime, &part.filename, &*part.bytes);
                content.inline(part)
            })
        }
        ReportForm::Blocks => content.slack_blocks(report.slack_blocks.clone()),
        ReportForm::Json => content.json(serde_json::from_str(&report.json).unwrap_or_default()),
        _ => content,
    }
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
    use bongsu_alerts::{
        Attempt, Channel, Notification, RenderError, Rendered, channels::LogChannel,
    };

    use super::*;

    /// A channel of somebody's own.
    #[derive(Debug)]
    struct Own(&'static str, Carries);

    #[async_trait]
    impl Channel for Own {
        fn id(&self) -> &str {
            self.0
        }
        fn carries(&self) -> Carries {
            self.1
        }
        fn targets(&self) -> Vec<Target> {
            vec![Target::new("x")]
        }
        fn render(&self, _: &Notification, target: &Target) -> Result<Rendered, RenderError> {
            Ok(Rendered::new(target.clone(), "text/plain", ""))
        }
        async fn deliver(&self, _: &Attempt, _: &Rendered) -> Outcome {
            Outcome::delivered()
        }
    }

    fn manager() -> AlertManager {
        let reports = Carries::reports;
        let channels = [
            ("ops-mail", reports(ReportForm::Html)),
            ("room", reports(ReportForm::Blocks)),
            ("pigeon", reports(ReportForm::Text)),
            ("hook", reports(ReportForm::Json).if_asked()),
            ("pager", Carries::ALERTS),
        ];
        let builder = AlertManager::builder("svc", "test");
        let built = channels
            .into_iter()
            .fold(builder, |builder, (id, carries)| {
                builder.channel(Own(id, carries))
            })
            .build();
        built.unwrap().0
    }

    #[test]
    fn a_channel_is_asked_what_it_carries_and_not_for_its_name() {
        let asked = |asked: &[&str]| -> (Vec<String>, Vec<String>) {
            let (manager, asked) = (manager(), asked.iter().map(|id| (*id).to_owned()));
            let asked: Vec<String> = asked.collect();
            let sinks = sinks(&manager, &asked);
            let names = sinks.iter().map(|sink| sink.name().to_owned()).collect();
            (names, unable(&manager, &asked))
        };
        let (names, wrong) = asked(&[]);
        assert_eq!(names, ["ops-mail", "room", "pigeon"]);
        assert!(wrong.is_empty());
        assert_eq!(asked(&["hook", "pigeon"]).0, ["pigeon", "hook"]);
        for other in ["pager", "slackk"] {
            let (names, wrong) = asked(&["room", other]);
            assert_eq!(names, ["room"]);
            assert!(
                wrong[0].contains(other) && wrong[0].contains("ops-mail"),
                "{wrong:?}"
            );
        }
        let (log, _) = AlertManager::builder("svc", "test")
            .channel(LogChannel::new())
            .build()
            .unwrap();
        assert_eq!(sinks(&log, &["log".to_owned()]).len(), 1);
        assert!(sinks(&log, &[]).is_empty());
    }

    /// A day of a hundred thousand fills is tens of megabytes of JSON, which neither mail nor Slack shows.
    #[test]
    fn each_channel_gets_the_form_that_it_carries() {
        let options = bongsu_reports::render::RenderOptions::default();
        let summary = bongsu_reports::DailySummary::sample();
        let report = bongsu_reports::render::render(&summary, &options);
        let form = |form| content(&report, "id", form);
        let mail = form(ReportForm::Html);
        assert_eq!((mail.json, mail.slack_blocks), (None, None));
        assert_eq!(mail.html.as_deref(), Some(report.html.as_str()));
        let room = form(ReportForm::Blocks);
        assert_eq!(room.slack_blocks, Some(report.slack_blocks.clone()));
        assert_eq!((room.json, room.html), (None, None));
        let hook = form(ReportForm::Json).json.unwrap();
        assert_eq!(
            hook,
            serde_json::from_str::<serde_json::Value>(&report.json).unwrap()
        );
        assert!(hook.is_object());
        assert_eq!(form(ReportForm::Text).text, report.text);
    }
}
