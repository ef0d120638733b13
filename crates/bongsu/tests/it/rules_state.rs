//! What a rule knows goes on after `kill -9`: how long it has held, since when it fires, what is kept firing.

use std::fs;

use jiff::{SignedDuration, Timestamp};
use serde_json::Value;

use crate::{
    process::{Service, until},
    receiver::Receiver,
};

/// What is seen of the two rules: when they were evaluated, since when the first holds, since when the second fires.
fn seen(service: &Service) -> Option<(Timestamp, Timestamp, String)> {
    let (status, body) = service.ask("GET", "/admin/rules", "");
    assert_eq!(status, 200, "{body}");
    let seen: Value = serde_json::from_str(&body).unwrap();
    let group = &seen["groups"][0];
    let (waits, kept) = (&group["rules"][0], &group["rules"][1]);
    let so = waits["state"] == "pending" && kept["state"] == "firing";
    let moment = |value: &Value| -> Option<Timestamp> { value.as_str()?.parse().ok() };
    let evaluated = moment(&group["last_evaluation"])?;
    let since = moment(&waits["active"][0]["since"])?;
    let fires = kept["active"][0]["firing_since"].as_str()?.to_owned();
    so.then_some((evaluated, since, fires))
}

/// The time in between does not count for `for`, as in Prometheus, and what was held before it does.
#[test]
fn for_and_keep_firing_for_outlive_kill_9() {
    let dir = tempfile::tempdir().unwrap();
    let file = dir.path().join("desk.yml");
    let rules = "groups:\n- name: desk\n  rules:\n  - {alert: Waits, expr: 'up > 0', for: 1h}\n  \
                 - {alert: Kept, expr: 'portfolio_halt_drawdown_percent > 10', keep_firing_for: 1h}\n";
    fs::write(&file, rules).unwrap();
    let toml = dir.path().join("bongsu.toml");
    fs::write(&toml, "[portfolio]\nhalt_drawdown_percent = 20\n").unwrap();
    let receiver = Receiver::start(|_| "204 No Content");
    let hook = format!("http://{}/hook", receiver.address);
    let path = file.display().to_string();
    let vars = [
        ("BONGSU_RULES", path.as_str()),
        ("BONGSU_RULES_INTERVAL_SECONDS", "1"),
        ("BONGSU_RULES_STEP_SECONDS", "1"),
        ("ALERT_WEBHOOK_URLS", hook.as_str()),
    ];
    let start = || Service::start("minimal", dir.path(), &vars);
    let told = || {
        let all = receiver.received("POST");
        let of_it = all.iter().filter(|it| it.body.contains("rule:Kept:"));
        of_it.map(|it| it.body.clone()).collect::<Vec<_>>()
    };
    let mut service = start();
    let (mut evaluated, since, fires) = until("both are so for a while", || {
        let seen = seen(&service)?;
        (seen.0.duration_since(seen.1) >= SignedDuration::from_secs(3)).then_some(seen)
    });
    let mut held = evaluated.duration_since(since);
    until("the second is told", || (!told().is_empty()).then_some(()));
    // It holds no more from here on: there is no such line.
    fs::write(&toml, "").unwrap();
    let (status, body) = service.ask("POST", "/admin/config/reload", "");
    assert_eq!(status, 200, "{body}");
    for life in 0..2 {
        service = service.crash(start);
        let (at, since, still) = until("both are evaluated again", || {
            seen(&service).filter(|(at, ..)| *at > evaluated)
        });
        // The last evaluation before the end may not have been on the disk yet.
        let holds = at.duration_since(since) + SignedDuration::from_secs(2);
        assert!(holds >= held, "life {life}: {holds:?} of {held:?}");
        assert_eq!(still, fires, "life {life}");
        (evaluated, held) = (at, at.duration_since(since));
    }
    assert!(service.stop().success());
    assert_eq!(told().len(), 1, "{:?}", told());
}
