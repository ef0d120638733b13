//! The service's own metrics into the rules, and what fires by them into alerts: what is so now, each time.

use std::{sync::Arc, time::Duration};

use bongsu_alerts::{Alert, AlertLevel, Conditions, Holding};
use bongsu_metrics::{
    ServiceMetrics,
    visit::{Family, Sample, Value},
};
use bongsu_rules::{Active, Labels, Round, RuleSet, Seen, Watch};
use jiff::Timestamp;
use tokio::{
    signal::unix::{SignalKind, signal},
    time::{Instant, MissedTickBehavior},
};

#[cfg(feature = "reports")]
mod sessions;
#[cfg(feature = "reports")]
pub use self::sessions::Sessions;

/// The first sample is taken so long after the start: the process's own figures are there by then.
const FIRST: Duration = Duration::from_millis(500);

/// How the service's rules are told.
#[derive(Clone, Debug)]
pub struct Telling {
    /// The service: Prometheus' label `job`.
    pub service: String,
    /// This process: Prometheus' label `instance`.
    pub instance: String,
    /// Between two samples.
    pub step: Duration,
    /// Whether annotations that end in `_ko` go before the others.
    pub korean: bool,
    /// Rules of whose trouble something else tells: they are evaluated and shown, but not told twice.
    pub told_elsewhere: Vec<&'static str>,
}

/// Samples the metrics, evaluates the rules, and hands over what fires by them. `before` is called before each
/// sample; the files are read anew when they change, and on SIGHUP.
pub fn follow(
    watch: Arc<Watch>,
    metrics: ServiceMetrics,
    conditions: Conditions,
    telling: Telling,
    before: impl Fn(Timestamp) + Send + 'static,
) -> impl Future<Output = ()> + Send {
    let mut hangup = signal(SignalKind::hangup()).ok();
    let telling = Arc::new(telling);
    async move {
        let step = telling.step;
        let mut ticks = tokio::time::interval_at(Instant::now() + FIRST.min(step), step);
        ticks.set_missed_tick_behavior(MissedTickBehavior::Skip);
        loop {
            let asked = tokio::select! {
                _ = ticks.tick() => false,
                Some(()) = async { hangup.as_mut()?.recv().await } => true,
            };
            let now = Timestamp::now();
            before(now);
            let (watch, metrics, telling) = (watch.clone(), metrics.clone(), telling.clone());
            let stepped = tokio::task::spawn_blocking(move || {
                let now_ms = now.as_millisecond();
                watch.follow(asked, now_ms);
                let evaluated = watch.step(now_ms, |round| feed(&metrics, &telling, round));
                evaluated.then(|| watch.look(|rules| firing(rules, &telling)))
            });
            let Ok(Some(firing)) = stepped.await else {
                continue;
            };
            let holding = firing.into_iter().fold(Holding::new(), Holding::holds);
            if let Err(error) = conditions.sync(holding).await {
                tracing::error!(%error, "an alert could not be accepted");
            }
        }
    }
}

fn firing(rules: &RuleSet, telling: &Telling) -> Vec<Alert> {
    let elsewhere = |seen: &Seen<'_>| telling.told_elsewhere.contains(&seen.rule.name.as_str());
    let told = rules.firing().filter(|(seen, _)| !elsewhere(seen));
    told.map(|(seen, active)| alert(seen, active, &telling.service, telling.korean))
        .collect()
}

/// Every series as Prometheus would have it from the page, with `up`.
fn feed(metrics: &ServiceMetrics, telling: &Telling, round: &mut Round<'_>) {
    let target = [
        ("job", telling.service.as_str()),
        ("instance", &telling.instance),
    ];
    let mut see = |name: &str, own: &[(String, String)], more: Option<(&str, &str)>, value: f64| {
        let own = own
            .iter()
            .map(|(name, value)| (name.as_str(), value.as_str()));
        let labels = own.chain(more).chain(target).chain([("__name__", name)]);
        round.see(&Labels::new(labels), value);
    };
    metrics.visit(&mut |family: &Family<'_>, sample: &Sample<'_>| {
        let (name, mut own) = (family.name(), Vec::new());
        sample.each_label(|label, value| own.push((label.to_owned(), value.to_owned())));
        match sample.value() {
            Value::Number(number) => see(name, &own, None, number.as_f64()),
            Value::Histogram(distribution) => {
                for (bound, count) in distribution.buckets() {
                    let bound = if bound.is_infinite() {
                        "+Inf".to_owned()
                    } else {
                        bound.to_string()
                    };
                    see(
                        &format!("{name}_bucket"),
                        &own,
                        Some(("le", &bound)),
                        count as f64,
                    );
                }
                see(&format!("{name}_sum"), &own, None, distribution.sum());
                see(
                    &format!("{name}_count"),
                    &own,
                    None,
                    distribution.count() as f64,
                );
            }
        }
    });
    see("up", &[], None, 1.0);
}

/// The annotation that names the alert's key.
const KEY: &str = "bongsu_key";

/// An alert as it is told: by its summary, with its labels as facts.
fn alert(seen: Seen<'_>, active: &Active, service: &str, korean: bool) -> Alert {
    let said = |name: &str| active.annotations.get(name).filter(|it| !it.is_empty());
    let summary = korean
        .then(|| said("summary_ko"))
        .flatten()
        .or_else(|| said("summary"));
    let name = seen.rule.name.as_str();
    let title = summary.map_or(name, String::as_str);
    let message = said("description").map_or(title, String::as_str);
    let level = match active.labels.get("severity").to_ascii_lowercase().as_str() {
        "critical" | "page" => AlertLevel::Critical,
        "error" => AlertLevel::Error,
        "info" | "none" => AlertLevel::Info,
        _ => AlertLevel::Warning,
    };
    let mut alert = Alert::new(level, title, message, service)
        .kind("rule")
        .key(match said(KEY) {
            // What something else watches as well: one alert, as bad as the worse of both says.
            Some(key) => key.clone(),
            None => format!("rule:{name}:{:016x}", active.fingerprint()),
        })
        .tag("rule")
        .tag(name)
        .metadata("value", active.value.to_string());
    for (label, value) in active.labels.iter() {
        alert = alert.metadata(label, value);
    }
    if let Some(url) = said("runbook_url") {
        // A page of bongsu's own is known by its runbook's name.
        let own = url.strip_prefix("docs/runbooks.md#");
        alert = alert.runbook(own.unwrap_or(url));
    }
    alert
}

#[cfg(test)]
mod tests {
    use bongsu_rules::{External, Memory, RuleFile};

    use super::*;

    /// The metrics of a service, a rule over them, and the alert that comes of it.
    #[test]
    fn a_figure_of_the_service_becomes_an_alert() {
        let metrics = ServiceMetrics::new("desk").unwrap();
        metrics.update_drawdown(30.0);
        metrics.record_db_query("select", "orders", Duration::from_millis(3), "ok");
        let text = "groups:\n- name: g\n  rules:\n  - alert: Down\n    expr: portfolio_drawdown_percent > 20\n    \
                    labels: {severity: critical}\n    annotations: {summary: '{{ $labels.job }} lost {{ $value }} %', \
                    runbook_url: 'docs/runbooks.md#down', summary_ko: '낙폭'}\n  - {alert: Buckets, expr: \
                    'count(database_query_duration_seconds_bucket{le=\"+Inf\"} == 1) == 1 and on () up', \
                    annotations: {bongsu_key: 'health|db'}}\n";
        let rules = vec![RuleFile::read("x.yml", text).unwrap()];
        let mut rules = RuleSet::new(rules, External::default());
        let mut memory = Memory::new(1 << 20);
        memory.set_reach(Duration::from_secs(600));
        let telling = Telling {
            service: "desk".to_owned(),
            instance: "one".to_owned(),
            step: Duration::from_secs(5),
            korean: false,
            told_elsewhere: vec!["Other"],
        };
        memory.sample(0, |round| feed(&metrics, &telling, round));
        rules.evaluate(&mut memory, 0, Duration::from_secs(15));
        let firing: Vec<_> = rules.firing().collect();
        assert_eq!(
            firing.len(),
            2,
            "{:?}",
            rules.seen().map(|it| it.error).collect::<Vec<_>>()
        );
        let (seen, active) = firing[0];
        let told = alert(seen, active, "desk", false);
        assert_eq!(
            (told.level, told.title.as_str()),
            (AlertLevel::Critical, "desk lost 30 %")
        );
        assert_eq!(told.runbook.as_deref(), Some("down"));
        assert!(
            told.dedup_key().starts_with("rule:Down:"),
            "{}",
            told.dedup_key()
        );
        assert_eq!(told.metadata["instance"], "one");
        assert_eq!(alert(seen, active, "desk", true).title, "낙폭");
        let (seen, active) = firing[1];
        assert_eq!(alert(seen, active, "desk", false).dedup_key(), "health|db");
    }
}
