//! What is true, and not suppressed now, has been told to everyone whom the rules name now; whoever was
//! told of it hears of its end. Each case by its name, on the whole manager, in paused time.

mod conditions;
mod digests;
mod ends;
mod hushed;
mod levels;
mod targets;

use std::time::Duration;

use jiff::Timestamp;

use crate::testing::{Received, ScriptedChannel, Step};
use crate::{
    Alert, AlertLevel, AlertManager, AlertManagerBuilder, AlertRule, AlertStatus, FlapConfig,
    Holding, Matcher, Outcome, Pass, Quiet, SendError, Silence, Suppressed, What, templates,
};

use AlertLevel::{Critical, Error, Info, Warning};

const MINUTE: Duration = Duration::from_secs(60);
const HOUR: Duration = Duration::from_secs(3_600);

/// Runs `body` beside a dispatcher whose wall clock goes with the paused time.
pub(crate) async fn with<F>(builder: AlertManagerBuilder, body: impl FnOnce(AlertManager) -> F)
where
    F: Future<Output = ()>,
{
    let origin = tokio::time::Instant::now();
    let builder = builder.wall_clock(move || start() + origin.elapsed());
    crate::tests::with(builder, body).await;
}

/// Half past one at night in Seoul, a Monday.
fn start() -> Timestamp {
    "2026-03-02T01:30:00+09:00".parse().unwrap()
}

fn manager(channels: &[&ScriptedChannel]) -> AlertManagerBuilder {
    let builder = AlertManager::builder("svc", "test");
    channels.iter().fold(builder, |builder, channel| {
        builder.channel((*channel).clone())
    })
}

fn alert(level: AlertLevel, key: &str) -> Alert {
    Alert::new(level, key, "m", "src").key(key)
}

async fn pass(time: Duration) {
    tokio::time::sleep(time).await;
}

/// What arrived, as `firing error k`.
fn told(channel: &ScriptedChannel) -> Vec<String> {
    let say = |it: &Received| format!("{} {} {}", it.status, it.level, it.title);
    channel.received().iter().map(say).collect()
}

async fn fire(alerts: &AlertManager, level: AlertLevel, key: &str) -> crate::Receipt {
    alerts.send_alert(alert(level, key)).await.unwrap()
}

async fn end(alerts: &AlertManager, level: AlertLevel, key: &str) {
    alerts.send_resolved(alert(level, key)).await.unwrap();
}

async fn silence(alerts: &AlertManager, matcher: Matcher, length: Duration) -> String {
    let until = alerts.core.clock.now().wall + length;
    alerts
        .silence(Silence::new(matcher, until, "kim"))
        .await
        .unwrap()
}

fn pager_rules() -> [AlertRule; 2] {
    [
        AlertRule::new("pager")
            .min_level(Critical)
            .channel("chat")
            .repeat_interval(None)
            .escalate(15 * MINUTE, ["phone"]),
        AlertRule::new("rest").channel("chat").repeat_interval(None),
    ]
}

fn paged(chat: &ScriptedChannel, phone: &ScriptedChannel) -> AlertManagerBuilder {
    let [first, second] = pager_rules();
    manager(&[chat, phone]).rule(first).rule(second)
}
