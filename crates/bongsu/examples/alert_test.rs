//! A test message through the service's channels: `cargo xtask alert test [channel]`.
//!
//! Usage: `alert_test [channel]`, with the service's own environment. Exit code 0 when every
//! message was taken, 1 when one was not, 2 when the configuration is wrong.

use std::process::ExitCode;

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
    let outcomes = Bongsu::builder(Config::from_env()?)
        .test_alerts(channel.as_deref())
        .await?;
    for (channel, outcome) in &outcomes {
        say(&format!("{channel}: {}", words(outcome)));
    }
    let failed = outcomes.iter().filter(|(_, o)| !o.is_delivered()).count();
    if failed == 0 {
        return Ok(());
    }
    let all = outcomes.len();
    Err(Error::service(format!("{failed} of {all} channels failed")))
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
        Outcome::ChannelBroken { reason } => {
            format!("the channel has to be mended, credentials first: {reason}")
        }
        Outcome::Degrade { to, reason } => {
            let form = match to {
                Degrade::Plain => "plain text",
                Degrade::Smaller => "fewer bytes",
            };
            format!("not in this form: {reason}; an alert would be sent as {form}")
        }
        Outcome::Unsupported => "the channel cannot send".to_owned(),
    }
}

#[expect(clippy::print_stdout, reason = "a program for a terminal")]
fn say(text: &str) {
    println!("{text}");
}
