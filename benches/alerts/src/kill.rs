//! `kill -9` at random moments.

use std::collections::HashMap;
use std::fs::{File, OpenOptions};
use std::io::Write;
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use async_trait::async_trait;
use bongsu_alerts::store::{AlertStore, DeliveryState, HistoryQuery, SqliteStore};
use bongsu_alerts::{
    Alert, AlertLevel, AlertManager, Attempt, Channel, Limits, Notification, Outcome, RenderError,
    Rendered, Target,
};
use jiff::Timestamp;

use crate::{figure, runtime};

const ROUNDS: u64 = 20;
const SENDERS: usize = 32;

/// A line a message, each with one write.
#[derive(Debug, Clone)]
struct Lines(Arc<Mutex<File>>);

impl Lines {
    fn open(path: &Path) -> Self {
        let file = OpenOptions::new().create(true).append(true).open(path);
        Self(Arc::new(Mutex::new(file.expect("a file"))))
    }

    fn add(&self, line: &str) {
        let line = format!("{line}\n");
        let mut file = self.0.lock().expect("no panic");
        file.write_all(line.as_bytes()).expect("a write");
    }

    fn read(path: &Path) -> Vec<String> {
        let text = std::fs::read_to_string(path).unwrap_or_default();
        text.lines().map(str::to_owned).collect()
    }
}

#[async_trait]
impl Channel for Lines {
    fn id(&self) -> &str {
        "file"
    }

    fn limits(&self) -> Limits {
        Limits::new(1e6, 1_000_000)
    }

    fn targets(&self) -> Vec<Target> {
        vec![Target::new("file")]
    }

    fn render(&self, n: &Notification, target: &Target) -> Result<Rendered, RenderError> {
        let body = n.alert.title.clone();
        Ok(Rendered::new(target.clone(), "text/plain", body))
    }

    async fn deliver(&self, cx: &Attempt, _message: &Rendered) -> Outcome {
        self.add(&cx.delivery_id);
        Outcome::delivered()
    }
}

/// Arguments: the folder, the round, `send` or `drain`.
pub fn child(arguments: &[String]) {
    let folder = Path::new(&arguments[0]).to_owned();
    let (round, sending) = (arguments[1].clone(), arguments[2] == "send");
    runtime().block_on(async {
        let (alerts, dispatcher) = AlertManager::builder("killed", "bench")
            .store(SqliteStore::open(folder.join("alerts.db")).expect("a store"))
            .channel(Lines::open(&folder.join("delivered")))
            .storm(1_000_000)
            .concurrency(16, 16)
            .build()
            .expect("the set-up is right");
        let (stop, stopped) = tokio::sync::oneshot::channel::<()>();
        let dispatching = tokio::spawn(dispatcher.run(stopped));
        if sending {
            println!("begun");
            let acknowledged = Lines::open(&folder.join("acknowledged"));
            let senders = (0..SENDERS).map(|sender| {
                let (alerts, acknowledged) = (alerts.clone(), acknowledged.clone());
                let round = round.clone();
                async move {
                    for n in 0_u64.. {
                        let title = format!("{round}/{sender}/{n}");
                        let alert = Alert::new(AlertLevel::Error, &title, "m", "s");
                        if alerts.send_alert(alert).await.is_ok() {
                            acknowledged.add(&title);
                        }
                    }
                }
            });
            futures_util::future::join_all(senders).await;
        }
        while alerts.get_statistics().pending > 0 {
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
        let _ = stop.send(());
        let _ = dispatching.await;
    });
}

fn start(folder: &Path, round: &str, what: &str) -> Child {
    let itself = std::env::current_exe().expect("own path");
    let child = Command::new(itself)
        .arg("kill-child")
        .arg(folder)
        .args([round, what])
        .stdout(Stdio::piped())
        .spawn();
    child.expect("the child starts")
}

pub fn run() {
    let folder = tempfile::tempdir().expect("a folder");
    let mut random = u64::from(std::process::id()) | 1;
    for round in 0..ROUNDS {
        let mut child = start(folder.path(), &round.to_string(), "send");
        let mut begun = [0; 5];
        let stdout = child.stdout.as_mut().expect("piped");
        std::io::Read::read_exact(stdout, &mut begun).expect("the child begins");
        random ^= random << 13;
        random ^= random >> 7;
        random ^= random << 17;
        std::thread::sleep(Duration::from_millis(random % 400));
        child.kill().expect("a kill");
        child.wait().expect("an end");
    }
    let last = start(folder.path(), "last", "drain").wait();
    assert!(last.expect("an end").success());

    let acknowledged = Lines::read(&folder.path().join("acknowledged"));
    let delivered = Lines::read(&folder.path().join("delivered"));
    let delivered: std::collections::HashSet<String> = delivered.into_iter().collect();
    let store = SqliteStore::open(folder.path().join("alerts.db")).expect("a store");
    let (tx, rx) = std::sync::mpsc::channel();
    let everything = HistoryQuery {
        since: Timestamp::UNIX_EPOCH,
        until: Timestamp::MAX,
        limit: usize::MAX,
    };
    store.history(everything, Box::new(move |found| drop(tx.send(found))));
    let history = rx.recv().expect("an answer").expect("a history");
    let ended: HashMap<&str, bool> = history
        .iter()
        .map(|entry| {
            let ended = entry
                .deliveries
                .iter()
                .all(|delivery| match delivery.state {
                    DeliveryState::Delivered => delivered.contains(&delivery.id.to_string()),
                    state => state == DeliveryState::Dead,
                });
            (entry.accepted.alert.title.as_str(), ended)
        })
        .collect();
    let lost = acknowledged
        .iter()
        .filter(|title| ended.get(title.as_str()) != Some(&true))
        .count();
    figure("kill9_acknowledged", acknowledged.len() as f64);
    figure("kill9_lost", lost as f64);
}
