//! Three replicas and a real Redis page once, whoever is killed.

mod known;
mod places;
mod reservations;
mod takeover;

use std::collections::HashMap;
use std::path::{Path, PathBuf};
use std::sync::mpsc::{Receiver, channel};
use std::time::Duration;

use async_trait::async_trait;
use bongsu_alerts::shared::RedisShared;
use bongsu_alerts::store::SqliteStore;
use bongsu_alerts::{
    Alert, AlertLevel, AlertManager, AlertRule, Attempt, Channel, Limits, Notification, Outcome,
    RenderError, Rendered, RetryConfig, Secret, Target,
};

use bongsu_testkit::servers::Redis;

use crate::child::{LineFile, Process, say};

const PATIENCE: Duration = Duration::from_secs(30);
/// How long an attempt may take.
const ATTEMPT: Duration = Duration::from_secs(3);
const NAMES: [&str; 3] = ["a", "b", "c"];

/// Pages by a line in a file that all replicas share, some time after it said that it would.
#[derive(Debug)]
struct Pager {
    id: &'static str,
    name: String,
    pages: LineFile,
    hold: Duration,
    /// While there is such a file, no answer comes.
    cut: PathBuf,
}

#[async_trait]
impl Channel for Pager {
    fn id(&self) -> &str {
        self.id
    }

    fn limits(&self) -> Limits {
        Limits::new(1_000.0, 1_000)
    }

    fn targets(&self) -> Vec<Target> {
        vec![Target::new("oncall")]
    }

    fn render(&self, n: &Notification, target: &Target) -> Result<Rendered, RenderError> {
        Ok(Rendered::new(
            target.clone(),
            "text/plain",
            format!("{}:{}", n.alert.title, n.status),
        ))
    }

    #[expect(clippy::disallowed_methods, reason = "a test at the present time")]
    async fn deliver(&self, _cx: &Attempt, message: &Rendered) -> Outcome {
        let title = String::from_utf8_lossy(&message.body).into_owned();
        say(&format!("trying {} {title}", self.name));
        if self.cut.exists() {
            std::future::pending::<()>().await;
        }
        tokio::time::sleep(self.hold).await;
        let at = jiff::Timestamp::now().as_millisecond();
        self.pages.add(&format!("{} {title} {at}", self.id));
        Outcome::delivered()
    }
}

/// Arguments: the folder, the replica's name, Redis's port, how many milliseconds a page takes. Takes
/// orders on standard input.
pub(crate) async fn replica(arguments: &[String]) {
    let [folder, name, port, hold] = arguments else {
        panic!("{arguments:?}");
    };
    let folder = Path::new(folder);
    let pager = |id, hold| Pager {
        id,
        name: name.clone(),
        pages: LineFile::open(&folder.join("pages")),
        hold: Duration::from_millis(hold),
        cut: folder.join(format!("{name}.cut")),
    };
    let url = Secret::new(format!("redis://127.0.0.1:{port}"));
    let (alerts, dispatcher) = AlertManager::builder("svc", "test")
        .store(SqliteStore::open(folder.join(format!("{name}.db"))).unwrap())
        .channel(pager("pager", hold.parse().unwrap()))
        .channel(pager("boss", 0))
        .rule(
            AlertRule::new("r")
                .channel("pager")
                .tag("escalating")
                .escalate(Duration::from_secs(3), ["boss"]),
        )
        .rule(AlertRule::new("s").channel("pager"))
        .replicas(RedisShared::new(&url, "svc").unwrap().replica(name))
        .retry(RetryConfig {
            attempt: ATTEMPT,
            base: Duration::from_millis(50),
            cap: Duration::from_millis(200),
            ..RetryConfig::default()
        })
        .build()
        .unwrap();
    let (orders, mut ordered) = tokio::sync::mpsc::unbounded_channel();
    std::thread::spawn(move || {
        for line in std::io::stdin().lines().map_while(Result::ok) {
            if orders.send(line).is_err() {
                return;
            }
        }
    });
    let body = async {
        say("ready");
        while let Some(order) = ordered.recv().await {
            let (verb, key) = order.split_once(' ').unwrap_or((&order, ""));
            let alert = Alert::new(AlertLevel::Critical, key, "m", "s").key(key);
            match verb {
                "send" => drop(alerts.send_alert(alert).await.unwrap()),
                "escalating" => {
                    drop(alerts.send_alert(alert.tag("escalating")).await.unwrap());
                }
                "ack" => alerts.acknowledge(key, name).await.unwrap(),
                "resolve" => drop(alerts.resolve(key).await.unwrap()),
                "pending" => {}
                "notes" => notes(&alerts).await,
                other => panic!("{other}"),
            }
            let stats = alerts.get_statistics();
            say(&format!(
                "done {verb} {} {}",
                stats.pending, stats.shared_unreachable
            ));
        }
    };
    tokio::select! {
        () = body => {}
        () = dispatcher.run(std::future::pending::<()>()) => {}
    }
}

/// Says what the journal has about each page.
async fn notes(alerts: &AlertManager) {
    let (since, until) = (jiff::Timestamp::UNIX_EPOCH, jiff::Timestamp::MAX);
    let history = alerts.history(since, until, usize::MAX).await.unwrap();
    for entry in history {
        let key = &entry.accepted.key;
        for delivery in &entry.deliveries {
            say(&format!(
                "note {key} {:?} {}",
                delivery.state, delivery.reason
            ));
        }
    }
}

struct Replica {
    process: Process,
    said: Receiver<String>,
    waiting: Vec<String>,
}

impl Replica {
    fn start(folder: &str, name: &str, port: u16, hold: &str) -> Self {
        let port = port.to_string();
        let mut process = Process::start("replica", &[folder, name, &port, hold]);
        let (tx, said) = channel();
        let lines = process.lines();
        std::thread::spawn(move || {
            for line in lines {
                if tx.send(line).is_err() {
                    return;
                }
            }
        });
        let mut replica = Self {
            process,
            said,
            waiting: Vec::new(),
        };
        assert_eq!(replica.hear("ready"), "ready");
        replica
    }

    /// The next line that begins so; others are kept.
    fn hear(&mut self, prefix: &str) -> String {
        if let Some(place) = self
            .waiting
            .iter()
            .position(|line| line.starts_with(prefix))
        {
            return self.waiting.remove(place);
        }
        loop {
            let line = self
                .said
                .recv_timeout(PATIENCE)
                .unwrap_or_else(|_| panic!("never heard {prefix:?}"));
            if line.starts_with(prefix) {
                return line;
            }
            self.waiting.push(line);
        }
    }

    /// Orders something and waits until it is done; says what is pending and how often Redis was away.
    fn order(&mut self, order: &str) -> (u64, u64) {
        self.process.say(order);
        let done = self.hear("done ");
        let mut numbers = done.split(' ').skip(2).map(|n| n.parse().unwrap());
        (numbers.next().unwrap(), numbers.next().unwrap())
    }

    /// The lines heard so far that begin so.
    fn take(&mut self, prefix: &str) -> Vec<String> {
        let (found, others) = std::mem::take(&mut self.waiting)
            .into_iter()
            .partition(|line| line.starts_with(prefix));
        self.waiting = others;
        found
    }

    fn is_trying(&mut self, title: &str) -> bool {
        while let Ok(line) = self.said.try_recv() {
            self.waiting.push(line);
        }
        self.waiting
            .iter()
            .any(|line| line.starts_with("trying") && line.contains(title))
    }

    fn settle(&mut self) {
        for _ in 0..600 {
            if self.order("pending").0 == 0 {
                return;
            }
            std::thread::sleep(Duration::from_millis(50));
        }
        panic!("something is pending for ever");
    }
}

/// Whether the journals say why a key may have been told twice: a machine that is busy for longer than a
/// reservation lasts is as good as a replica that died.
fn explained(replicas: &mut [Replica], key: &str) -> bool {
    replicas.iter_mut().any(|replica| {
        replica.order("notes");
        let notes = replica.take("note ");
        let about = format!("note {key} ");
        let mut said = notes.iter().filter_map(|line| line.strip_prefix(&about));
        said.any(|said| said.contains("may have"))
    })
}

/// A page that is to go out once.
#[track_caller]
fn paged(folder: &Path, replicas: &mut [Replica], key: &str, status: &str, times: usize) {
    let told = pages(folder).get(&format!("pager {key}:{status}")).copied();
    let told = told.unwrap_or(0);
    assert!(
        told == times || (told > times && explained(replicas, key)),
        "{key} {status}: {told} times"
    );
}

fn pages(folder: &Path) -> HashMap<String, usize> {
    let mut counts = HashMap::new();
    for line in LineFile::read(&folder.join("pages")) {
        let (page, _at) = line.rsplit_once(' ').unwrap();
        *counts.entry(page.to_owned()).or_insert(0) += 1;
    }
    counts
}

#[test]
fn three_replicas_page_once_whoever_is_killed() {
    let redis = Redis::start(&[]);
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().to_str().unwrap();
    let start = |name: &str| Replica::start(path, name, redis.port(), "700");
    let mut replicas: Vec<Replica> = NAMES.iter().map(|name| start(name)).collect();

    // All healthy.
    for replica in &mut replicas {
        replica.order("send healthy");
    }
    replicas.iter_mut().for_each(Replica::settle);
    paged(folder.path(), &mut replicas, "healthy", "firing", 1);

    // Whoever holds the page is killed before it went out, in three rounds.
    for round in 0..3 {
        let key = format!("killed-{round}");
        for replica in &mut replicas {
            replica.order(&format!("send {key}"));
        }
        let holder = (0..1_000)
            .find_map(|_| {
                std::thread::sleep(Duration::from_millis(10));
                replicas
                    .iter_mut()
                    .position(|replica| replica.is_trying(&key))
            })
            .expect("nobody tried");
        replicas[holder].process.kill();
        for (place, replica) in replicas.iter_mut().enumerate() {
            if place != holder {
                replica.settle();
            }
        }
        replicas[holder] = start(NAMES[holder]);
        replicas[holder].settle();
        paged(folder.path(), &mut replicas, &key, "firing", 1);
    }

    // The end is told once as well, and the next beginning again.
    for replica in &mut replicas {
        replica.order("resolve healthy");
    }
    replicas.iter_mut().for_each(Replica::settle);
    paged(folder.path(), &mut replicas, "healthy", "resolved", 1);
    for replica in &mut replicas {
        replica.order("send healthy");
    }
    replicas.iter_mut().for_each(Replica::settle);
    paged(folder.path(), &mut replicas, "healthy", "firing", 2);

    // One acknowledgment keeps every replica from escalating.
    for replica in &mut replicas {
        replica.order("escalating known");
    }
    replicas[1].order("ack known");
    std::thread::sleep(Duration::from_secs(4));
    replicas.iter_mut().for_each(Replica::settle);
    assert_eq!(pages(folder.path()).get("boss known:firing"), None);

    // Without Redis each decides alone, and says so.
    let port = redis.port();
    drop(redis);
    for replica in &mut replicas {
        replica.order("send alone");
    }
    replicas.iter_mut().for_each(Replica::settle);
    assert_eq!(pages(folder.path())["pager alone:firing"], 3);
    for replica in &mut replicas {
        assert!(replica.order("pending").1 >= 1);
    }

    // And together again when it is back.
    let _redis = Redis::on(port, &[]);
    std::thread::sleep(Duration::from_secs(1));
    for replica in &mut replicas {
        replica.order("send together");
    }
    replicas.iter_mut().for_each(Replica::settle);
    paged(folder.path(), &mut replicas, "together", "firing", 1);
}
