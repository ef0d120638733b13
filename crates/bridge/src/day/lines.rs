//! What becomes of reports, in the log.

use bongsu_reports::ReportEvent;
use tokio::sync::{broadcast, mpsc};

/// Says in the log what becomes of reports, and passes it on.
pub async fn say(mut events: mpsc::Receiver<ReportEvent>, others: broadcast::Sender<ReportEvent>) {
    while let Some(event) = events.recv().await {
        line(&event);
        // Nobody else wants to know.
        let _ = others.send(event);
    }
}

fn line(event: &ReportEvent) {
    match event {
        ReportEvent::Generated { session, .. } => tracing::info!(%session, "report made"),
        ReportEvent::Completed { session, .. } => tracing::info!(%session, "report delivered"),
        ReportEvent::Retrying {
            key,
            reason,
            attempt,
            ..
        } => {
            tracing::warn!(channel = key.channel, session = %key.session, attempt, reason, "report not delivered yet");
        }
        ReportEvent::Skipped { sessions } => {
            let count = sessions.len();
            tracing::warn!(count, "sessions are too long ago to be reported");
        }
        ReportEvent::Undelivered { key, reason, .. } => {
            let (session, channel) = (key.session, &key.channel);
            tracing::error!("not delivered: report of {session} over {channel}: {reason}");
        }
        ReportEvent::Failed {
            stage,
            session,
            reason,
        } => {
            let session = session.map_or_else(String::new, |s| format!(" of {s}"));
            tracing::error!("report{session} failed ({}): {reason}", stage.as_str());
        }
        _ => {}
    }
}
