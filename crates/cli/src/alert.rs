//! `alert test` and `alert explain`.

use std::collections::BTreeSet;

use bongsu::alerts::{Alert, ChannelDecision, Degrade, Explanation, Outcome, What};

use serde_json::Value;

use crate::{Failure, builder, line::Line, say};

pub(crate) async fn run(mut line: Line) -> Result<(), Failure> {
    match line.wanted("test or explain")?.as_str() {
        "test" => test(line).await,
        "explain" => explain(line),
        other => Err(Failure::Usage(format!(
            "alert {other:?}: there are test and explain"
        ))),
    }
}

async fn test(mut line: Line) -> Result<(), Failure> {
    let channel = line.word();
    line.end()?;
    let tested = builder()?.test_alerts(channel.as_deref()).await?;
    for one in &tested {
        let words = words(&one.outcome);
        say(&format!("{}: {words} (to {})", one.channel, one.target));
    }
    let channels = |failed: bool| {
        let told = tested
            .iter()
            .filter(|one| !failed || !one.outcome.is_delivered());
        told.map(|one| one.channel.as_str())
            .collect::<BTreeSet<_>>()
            .len()
    };
    match (channels(true), channels(false)) {
        (0, _) => Ok(()),
        (failed, all) => Err(Failure::undone(format!(
            "{failed} of {all} channels failed"
        ))),
    }
}

/// What happened, and whether the service would try again.
fn words(outcome: &Outcome) -> String {
    match outcome {
        Outcome::Delivered { note: None } => "delivered".to_owned(),
        Outcome::Delivered { note: Some(note) } => format!("delivered; it said: {note}"),
        Outcome::Transient {
            reason,
            retry_after,
            maybe_delivered,
        } => {
            let mut text = format!("not now: {reason}");
            if let Some(wait) = retry_after {
                text.push_str(&format!("; it asks for {} s of silence", wait.as_secs()));
            }
            if *maybe_delivered {
                text.push_str("; the message may have arrived all the same");
            }
            text.push_str("; an alert would be tried again");
            text
        }
        Outcome::Permanent { reason } => format!("refused: {reason}"),
        Outcome::TargetBroken { reason } => format!("this recipient has to be mended: {reason}"),
        Outcome::ChannelBroken { reason } => {
            format!("the channel has to be mended, credentials and certificates first: {reason}")
        }
        Outcome::Degrade { to, reason } => {
            let form = match to {
                Degrade::Plain => "plain text",
                Degrade::Smaller => "fewer bytes",
                _ => "another form",
            };
            format!("not in this form: {reason}; an alert would be sent as {form}")
        }
        _ => "the channel cannot send".to_owned(),
    }
}

fn explain(mut line: Line) -> Result<(), Failure> {
    let level = line.required("--level")?;
    let level = level
        .parse()
        .map_err(|error| Failure::Usage(format!("--level: {error}")))?;
    let (title, source) = (line.required("--title")?, line.required("--source")?);
    let message = line.option("--message")?.unwrap_or_default();
    let mut alert = Alert::new(level, title, message, source);
    if let Some(key) = line.option("--key")? {
        alert = alert.key(key);
    }
    if let Some(kind) = line.option("--kind")? {
        alert = alert.kind(kind);
    }
    for tag in line.options("--tag")? {
        alert = alert.tag(tag);
    }
    for fact in line.options("--metadata")? {
        let (name, value) = fact.split_once('=').ok_or_else(|| {
            Failure::Usage(format!("--metadata {fact:?}: write it as NAME=VALUE"))
        })?;
        // A number is a number, and what is no JSON is a text.
        let value = serde_json::from_str::<Value>(value).unwrap_or_else(|_| Value::from(value));
        alert = alert.metadata(name, value);
    }
    line.end()?;
    say(&told(&builder()?.explain_alert(&alert)?));
    Ok(())
}

fn told(explanation: &Explanation) -> String {
    let mut lines = vec![format!("key         {}", explanation.key)];
    if let Some(held) = explanation.held {
        lines.push(format!("held        {held}"));
    }
    for ChannelDecision {
        channel,
        rule,
        what,
        ..
    } in &explanation.channels
    {
        let what = match what {
            What::Deliver { why, .. } => format!("told ({why})"),
            What::Digest { .. } => "told in a digest".to_owned(),
            What::Suppress(reason) => format!("not told ({reason})"),
        };
        let rule = rule.as_ref().map_or_else(
            || "no rule matches, every channel is told".to_owned(),
            |rule| format!("rule {rule:?}"),
        );
        lines.push(format!("channel     {channel}: {what}, {rule}"));
    }
    if let Some(cooldown) = explanation.cooldown {
        lines.push(format!("cooldown    {} s", cooldown.as_secs()));
    }
    if let Some(owner) = &explanation.owner {
        lines.push(format!("owner       {owner}"));
    }
    for (after, channels) in &explanation.escalations {
        let (after, channels) = (after.as_secs(), channels.join(", "));
        lines.push(format!(
            "escalation  after {after} s without acknowledgment to {channels}"
        ));
    }
    lines.push(
        "This is by the environment and the bongsu.toml. Rules and channels of the service's code, silences and what fires \
         now: POST /admin/alerts/explain."
            .to_owned(),
    );
    lines.join("\n")
}
