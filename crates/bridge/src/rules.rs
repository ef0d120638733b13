//! The service's own metrics into the rules, and what fires by them into alerts: what is so now, each time.

use std::{
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};

use bongsu_alerts::{Alert, AlertLevel, AlertManager, Holding, Lang, store::ActiveAlert};
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
mod shared;
#[cfg(feature = "reports")]
pub use self::sessions::Sessions;
pub use self::shared::Shared;

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
    /// Rules of whose trouble a part tells as well.
    pub shared: Shared,
}

/// Samples the metrics, evaluates the rules, and hands over what fires by them. `before` is called before each
/// sample; the files are read anew when they change, and on SIGHUP. Annotations that end in `_ko` go before the others
/// while the manager speaks Korean.
#[expect(clippy::disallowed_methods, reason = "a driver: it reads the clock")]
pub fn follow(
    watch: Arc<Watch>,
    metrics: ServiceMetrics,
    alerts: AlertManager,
    telling: Telling,
    before: impl Fn(Timestamp) + Send + 'static,
) -> impl Future<Output = ()> + Send {
    let mut hangup = signal(SignalKind::hangup()).ok();
    let conditions = alerts.conditions("rules");
    let shared = Arc::new(Mutex::new(telling.shared.clone()));
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
            let (alerts, shared) = (alerts.clone(), shared.clone());
            let stepped = tokio::task::spawn_blocking(move || {
                let now_ms = now.as_millisecond();
                watch.follow(asked, now_ms);
                let evaluated = watch.step(now_ms, |round| feed(&metrics, &telling, round));
                let mut shared = shared.lock().unwrap_or_else(PoisonError::into_inner);
                evaluated.then(|| {
                    watch.look(|rules| firing(rules, &telling.service, &alerts, &mut shared))
                })
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

fn firing(
    rules: &RuleSet,
    service: &str,
    alerts: &AlertManager,
    shared: &mut Shared,
) -> Vec<Alert> {
    let asks = rules.firing().any(|(seen, _)| shared.asks(&seen.rule.name));
    let known = if asks { alerts.active() } else { Vec::new() };
    shared.keep_only(|rule| rules.firing().any(|(_, it)| it.fingerprint() == rule));
    let korean = alerts.presentation().language == Lang::Ko;
    let told = rules.firing().filter_map(|(seen, active)| {
        let key = key(&seen, active, &known, shared);
        // Whoever else watches it says when it is over: it is not held on to beyond that.
        let kept = active.kept_ms.is_some() && key.is_some();
        let told = alert(seen, active, service, korean);
        (!kept).then(|| key.into_iter().fold(told, Alert::key))
    });
    told.collect()
}

/// The key of what something else watches as well: one alert, as bad as the worse of both says.
fn key(
    seen: &Seen<'_>,
    active: &Active,
    known: &[ActiveAlert],
    shared: &mut Shared,
) -> Option<String> {
    let said = active.annotations.get(KEY).filter(|it| !it.is_empty());
    let found = || shared.key(&seen.rule.name, active, known);
    said.cloned().or_else(found)
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
        .key(format!("rule:{name}:{:016x}", active.fingerprint()))
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
            shared: Shared::default(),
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
        let key = key(&seen, active, &[], &mut Shared::default());
        assert_eq!(key.as_deref(), Some("health|db"));
    }

    /// A part and a rule of the same trouble: one alert, told once, which names both.
    #[tokio::test(start_paused = true)]
    async fn what_a_part_tells_as_well_is_told_once_and_names_both() {
        let metrics = ServiceMetrics::new("desk").unwrap();
        let rule = |name: &str, expr: &str| {
            format!("  - {{alert: {name}, expr: '{expr}', keep_firing_for: 1h}}\n")
        };
        let text = format!(
            "groups:\n- name: g\n  rules:\n{}{}{}{}",
            rule("DependencyDown", "health_dependency_up == 0"),
            rule("ServiceUnhealthy", "health_status == 0"),
            rule("DiskAlmostFull", "system_disk_percent > 95"),
            rule("PanicsCaught", "http_panics_total > 0"),
        );
        let rules = vec![RuleFile::read("x.yml", &text).unwrap()];
        let mut rules = RuleSet::new(rules, External::default());
        let mut memory = Memory::new(1 << 20);
        memory.set_reach(Duration::from_secs(600));
        let (alerts, _dispatcher) = AlertManager::builder("desk", "test")
            .channel(bongsu_alerts::channels::LogChannel::new())
            .build()
            .unwrap();
        let mut shared = Shared::with(|_| true);
        let telling = Telling {
            service: "desk".to_owned(),
            instance: "one".to_owned(),
            step: Duration::from_secs(5),
            shared: Shared::default(),
        };
        let mut now_ms = 0;
        let mut holding = |metrics: &ServiceMetrics| {
            now_ms += 15_000;
            memory.sample(now_ms, |round| feed(metrics, &telling, round));
            rules.evaluate(&mut memory, now_ms, Duration::from_secs(15));
            let firing = firing(&rules, "desk", &alerts, &mut shared);
            firing.into_iter().fold(Holding::new(), Holding::holds)
        };
        let (health, of_rules) = (alerts.conditions("health"), alerts.conditions("rules"));
        let down = || {
            Alert::new(AlertLevel::Error, "db is unhealthy", "no", "desk")
                .kind("health")
                .key("health|db")
        };
        let panic = Alert::new(AlertLevel::Error, "Panic in GET /x", "at", "desk")
            .kind("panic")
            .key("panic|GET /x")
            .event();
        health.sync(Holding::new().holds(down())).await.unwrap();
        alerts.send_alert(panic).await.unwrap();
        metrics.update_health_status(0.0);
        metrics.update_dependency("db", 0.0, None);
        metrics.record_panic();
        let synced = of_rules.sync(holding(&metrics)).await.unwrap();
        // All of them are of what is told already, and none of them says worse.
        assert_eq!(
            (synced.sent, synced.resolved),
            (0, 0),
            "{:?}",
            alerts.active()
        );
        let told = |key: &str| -> Option<(AlertLevel, String)> {
            let active = alerts.active().into_iter().find(|it| it.key == key)?;
            let names = active
                .alert
                .metadata
                .get("watchers")
                .and_then(|it| it.as_str());
            Some((active.alert.level, names.unwrap_or_default().to_owned()))
        };
        let both = |names: &str| Some((AlertLevel::Error, names.to_owned()));
        assert_eq!(told("health|db"), both("health, rules"));
        assert_eq!(told("panic|GET /x"), both("panic, rules"));
        assert_eq!(alerts.active().len(), 2);
        // The part sees the end first, whatever the rules say until they look again, and however long they hold on.
        let synced = health.sync(Holding::new()).await.unwrap();
        assert_eq!((synced.sent, synced.resolved), (0, 0));
        metrics.update_health_status(1.0);
        metrics.update_dependency("db", 1.0, None);
        let synced = of_rules.sync(holding(&metrics)).await.unwrap();
        assert_eq!((synced.sent, synced.resolved), (0, 1));
        assert_eq!(told("health|db"), None);
        // What no part tells, the rule tells: under the key that the part would take.
        let mut usage = bongsu_metrics::SystemUsage::default();
        usage.disk_percent = Some(97.0);
        metrics.update_system(&usage);
        let synced = of_rules.sync(holding(&metrics)).await.unwrap();
        assert_eq!(synced.sent, 1);
        assert_eq!(
            told("resource|disk").map(|it| it.0),
            Some(AlertLevel::Warning)
        );
    }
}
