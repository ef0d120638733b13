//! Real Alertmanagers: an alert seen through the API, kept alive, resolved; a peer killed.

use std::process::{Command, Stdio};
use std::time::Duration;

use bongsu_alerts::channels::AlertmanagerChannel;
use bongsu_alerts::{AlertLevel, AlertStatus, Channel, Notification, Outcome};
use serde_json::Value;

use super::http_server::{Sink, Step};
use super::rig::{Guard, PATIENCE, attempt, eventually, firing, free_port};

const PROGRAM: &str = "prometheus-alertmanager";

struct Peer {
    child: Guard,
    dir: tempfile::TempDir,
    port: u16,
}

impl Peer {
    async fn start() -> Self {
        let dir = tempfile::tempdir().unwrap();
        std::fs::write(
            dir.path().join("am.yml"),
            "route:\n  receiver: none\nreceivers:\n  - name: none\n",
        )
        .unwrap();
        let port = free_port();
        let peer = Self {
            child: Self::spawn(dir.path(), port),
            dir,
            port,
        };
        peer.ready().await;
        peer
    }

    fn spawn(dir: &std::path::Path, port: u16) -> Guard {
        let mut command = Command::new(PROGRAM);
        command
            .arg(format!("--config.file={}", dir.join("am.yml").display()))
            .arg(format!("--storage.path={}", dir.join("data").display()))
            .arg(format!("--web.listen-address=127.0.0.1:{port}"))
            .arg("--cluster.listen-address=")
            .stdout(Stdio::null())
            .stderr(Stdio::null());
        Guard::start(&mut command, PROGRAM)
    }

    async fn ready(&self) {
        let url = format!("{}/-/ready", self.url());
        eventually("alertmanager is ready", || async {
            reqwest::get(&url)
                .await
                .ok()?
                .status()
                .is_success()
                .then_some(())
        })
        .await;
    }

    async fn restart(&mut self) {
        self.child = Self::spawn(self.dir.path(), self.port);
        self.ready().await;
    }

    fn url(&self) -> String {
        format!("http://127.0.0.1:{}", self.port)
    }

    /// The alerts that are firing, as the API tells.
    async fn alerts(&self) -> Vec<Value> {
        let answer = reqwest::get(format!("{}/api/v2/alerts", self.url()))
            .await
            .unwrap();
        serde_json::from_str(&answer.text().await.unwrap()).unwrap()
    }

    async fn wait_for(&self, what: &str, count: usize) -> Vec<Value> {
        eventually(what, || async {
            let alerts = self.alerts().await;
            (alerts.len() == count).then_some(alerts)
        })
        .await
    }
}

async fn deliver(channel: &AlertmanagerChannel, n: &Notification) -> Outcome {
    let message = channel.render(n, &channel.targets()[0]).unwrap();
    channel.deliver(&attempt(n, 1, PATIENCE), &message).await
}

#[tokio::test]
async fn an_alert_is_seen_rises_and_is_resolved() {
    let peer = Peer::start().await;
    let channel = AlertmanagerChannel::new([peer.url()])
        .unwrap()
        .with_generator_url("http://engine.test/");
    assert!(channel.probe().await.is_delivered());
    let mut n = firing();
    n.alert = n.alert.key("risk/var").metadata("VaR 한도", 5);
    n.alert.level = AlertLevel::Warning;
    assert!(deliver(&channel, &n).await.is_delivered());
    let alerts = peer.wait_for("the alert is there", 1).await;
    let labels = &alerts[0]["labels"];
    assert_eq!(labels["alertname"], n.alert.title);
    assert_eq!(labels["severity"], "warning");
    assert_eq!(labels["alert_key"], "risk/var");
    assert_eq!(labels["service"], "trading-engine");
    assert_eq!(alerts[0]["annotations"]["description"], n.alert.message);
    assert_eq!(alerts[0]["generatorURL"], "http://engine.test/");
    assert_eq!(alerts[0]["status"]["state"], "active");

    n.alert.level = AlertLevel::Critical;
    assert!(deliver(&channel, &n).await.is_delivered());
    eventually("only the critical one fires", || async {
        let alerts = peer.alerts().await;
        (alerts.len() == 1 && alerts[0]["labels"]["severity"] == "critical").then_some(())
    })
    .await;

    n.status = AlertStatus::Resolved;
    n.alert.level = AlertLevel::Info;
    n.alert.title = "위험 해소".to_owned();
    assert!(deliver(&channel, &n).await.is_delivered());
    peer.wait_for("nothing fires", 0).await;
}

#[tokio::test]
async fn what_fires_is_kept_alive_and_ends_with_the_service() {
    let peer = Peer::start().await;
    let ttl = Duration::from_secs(2);
    let channel = AlertmanagerChannel::new([peer.url()])
        .unwrap()
        .with_ttl(ttl);
    let lives = async {
        let started = tokio::time::Instant::now();
        assert!(deliver(&channel, &firing()).await.is_delivered());
        peer.wait_for("the alert is there", 1).await;
        // Its first end comes and goes; a refresh came before.
        tokio::time::sleep_until(started + 3 * ttl).await;
        assert_eq!(channel.repeated(), 1);
        peer.wait_for("still there", 1).await;
    };
    tokio::select! {
        // In this order the refresh is running when the alert is sent.
        biased;
        () = channel.refresh() => unreachable!("it never ends"),
        () = lives => {}
    }
    peer.wait_for("gone by itself", 0).await;
}

#[tokio::test]
async fn one_peer_of_two_is_killed() {
    let (steady, mut dying) = (Peer::start().await, Peer::start().await);
    let channel = AlertmanagerChannel::new([dying.url(), steady.url()])
        .unwrap()
        .with_ttl(Duration::from_secs(5));
    let story = async {
        let first = firing();
        assert_eq!(
            deliver(&channel, &first).await,
            Outcome::Delivered { note: None }
        );
        dying.wait_for("the first alert on one", 1).await;
        steady.wait_for("the first alert on the other", 1).await;

        dying.child.kill();
        let mut second = firing();
        second.alert = second.alert.key("another");
        let outcome = deliver(&channel, &second).await;
        assert!(outcome.is_delivered(), "{outcome:?}");
        assert!(
            outcome.reason().contains("refused"),
            "the note names the absent peer: {outcome:?}"
        );
        assert!(
            outcome
                .reason()
                .contains(&format!("127.0.0.1:{}", dying.port)),
            "{outcome:?}"
        );
        assert!(!channel.probe().await.reason().is_empty());
        steady.wait_for("both on the one that lives", 2).await;

        dying.restart().await;
        dying.wait_for("both on the one that came back", 2).await;

        dying.child.kill();
        second.status = AlertStatus::Resolved;
        assert!(deliver(&channel, &second).await.is_delivered());
        steady.wait_for("one resolved", 1).await;
        dying.restart().await;
        let alerts = dying.wait_for("only the first one on the other", 1).await;
        assert_eq!(alerts[0]["labels"]["alert_key"], first.alert.dedup_key());
    };
    tokio::select! {
        biased;
        () = channel.refresh() => unreachable!("it never ends"),
        () = story => {}
    }
}

#[tokio::test]
async fn nobody_there_is_transient_and_refusals_are_told_apart() {
    let channel = AlertmanagerChannel::new([format!("http://127.0.0.1:{}", free_port())]).unwrap();
    let outcome = deliver(&channel, &firing()).await;
    assert!(
        matches!(
            outcome,
            Outcome::Transient {
                maybe_delivered: false,
                ..
            }
        ),
        "{outcome:?}"
    );
    for (status, want) in [
        (200, "delivered"),
        (400, "permanent"),
        (401, "broken"),
        (403, "broken"),
        (500, "transient"),
        (503, "transient"),
    ] {
        let sink = Sink::new([Step::status(status, "said")]);
        let channel = AlertmanagerChannel::new([sink.url("/prefix/")]).unwrap();
        let outcome = deliver(&channel, &firing()).await;
        assert_eq!(outcome.as_str(), want, "{status}: {outcome:?}");
        assert_eq!(sink.last().path, "/prefix/api/v2/alerts");
    }
}
