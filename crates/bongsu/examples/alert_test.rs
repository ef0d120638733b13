//! A test message through the service's channels: `cargo xtask alert test [channel]`.
//!
//! Usage: `alert_test [channel]`, with the service's own environment. Exit code 0 when every
//! message was taken, 1 when one was not, 2 when the configuration is wrong.

use std::{collections::BTreeSet, process::ExitCode};

use bongsu::{
    Bongsu, Config, Error,
    alerts::{Degrade, Outcome},
};

#[tokio::main]
async fn main() -> ExitCode {
    bongsu::exit_code(run().await)
}

async fn run() -> Result<(), Error> {
    let channel = std::env::args().nth(1);
    let tested = Bongsu::builder(Config::from_env()?)
        .test_alerts(channel.as_deref())
        .await?;
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
        (failed, all) => Err(Error::service(format!("{failed} of {all} channels failed"))),
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

#[expect(clippy::print_stdout, reason = "a program for a terminal")]
fn say(text: &str) {
    println!("{text}");
}
