//! A service's life inside of one process: many starts, an end that waits, work that goes on after it,
//! and a service that has a log of its own. What is global to a process is tried in a child.

use std::{
    path::Path,
    process::{Command, ExitStatus},
    sync::{
        Arc,
        atomic::{AtomicU32, Ordering::SeqCst},
    },
    time::{Duration, Instant},
};

use async_trait::async_trait;
use bongsu::{
    Bongsu, Builder, Config,
    alerts::{
        Alert, AlertLevel, Attempt, Channel, Notification, Outcome, RenderError, Rendered, Target,
    },
    logging::{LogLayer, LoggingConfig, Registry},
};
use tokio::sync::mpsc;
use tracing_subscriber::layer::SubscriberExt as _;

const PATIENCE: Duration = Duration::from_secs(60);

fn builder(dir: &Path, vars: &[(&str, &str)]) -> Builder {
    let dir = dir.display().to_string();
    let own = [
        ("SERVICE_NAME", "lives"),
        ("BONGSU_DATA_DIR", dir.as_str()),
        ("BONGSU_BIND", "127.0.0.1:0"),
    ];
    Bongsu::builder(Config::from_vars(own.iter().chain(vars).copied()).unwrap())
}

/// Says what arrives.
#[derive(Debug)]
struct Heard(mpsc::UnboundedSender<String>);

#[async_trait]
impl Channel for Heard {
    fn id(&self) -> &str {
        "heard"
    }

    fn targets(&self) -> Vec<Target> {
        vec![Target::new("ear")]
    }

    fn render(&self, n: &Notification, target: &Target) -> Result<Rendered, RenderError> {
        let title = n.alert.title.clone();
        Ok(Rendered::new(target.clone(), "text/plain", title))
    }

    async fn deliver(&self, _: &Attempt, message: &Rendered) -> Outcome {
        let text = String::from_utf8_lossy(&message.body).into_owned();
        let _ = self.0.send(text);
        Outcome::delivered()
    }
}

async fn tell(bongsu: &Bongsu, title: &str) {
    let alert = Alert::new(AlertLevel::Critical, title, "said", "test");
    bongsu.alerts().send_alert(alert).await.unwrap();
}

async fn next(heard: &mut mpsc::UnboundedReceiver<String>) -> String {
    let next = tokio::time::timeout(PATIENCE, heard.recv()).await;
    next.unwrap().unwrap()
}

/// Starts, is told something, and ends: alone, again on the same folder, and beside others.
#[tokio::test]
async fn a_process_starts_as_often_as_it_likes() {
    let dirs: Vec<_> = (0..4).map(|_| tempfile::tempdir().unwrap()).collect();
    for round in 0..2 {
        let lives = dirs.iter().map(|dir| async move {
            let (sender, mut heard) = mpsc::unbounded_channel();
            let bongsu = builder(dir.path(), &[]).channel(Heard(sender));
            let bongsu = bongsu.start().await.unwrap();
            // A repeat would be held back.
            let title = format!("{} {round}", dir.path().display());
            tell(&bongsu, &title).await;
            assert_eq!(next(&mut heard).await, title, "each has its own channels");
            assert!(bongsu.logs().flush(PATIENCE));
            bongsu.shutdown().await;
        });
        for life in lives.collect::<Vec<_>>() {
            life.await;
        }
    }
    let lives: Vec<_> = dirs
        .iter()
        .map(|dir| builder(dir.path(), &[]).start())
        .collect();
    let mut running = Vec::new();
    for life in lives {
        running.push(life.await.unwrap());
    }
    for bongsu in &running {
        bongsu.metrics().record_error("broker", "error");
        assert!(bongsu.metrics().export_metrics().contains("broker"));
        bongsu.shutdown().await;
    }
}

#[tokio::test]
async fn a_step_under_way_is_finished_and_the_next_one_is_not_begun() {
    let dir = tempfile::tempdir().unwrap();
    let bongsu = builder(dir.path(), &[]).start().await.unwrap();
    let (begun, done) = (Arc::new(AtomicU32::new(0)), Arc::new(AtomicU32::new(0)));
    let (began, ended) = (begun.clone(), done.clone());
    bongsu.spawn("orders", |stop| async move {
        while !stop.is_stopped() {
            began.fetch_add(1, SeqCst);
            tokio::time::sleep(Duration::from_millis(300)).await;
            ended.fetch_add(1, SeqCst);
        }
    });
    while begun.load(SeqCst) == 0 {
        tokio::task::yield_now().await;
    }
    bongsu.shutdown().await;
    let (begun, done) = (begun.load(SeqCst), done.load(SeqCst));
    assert_eq!(begun, done, "an order was cut off");
    assert!(done >= 1);
}

#[tokio::test]
async fn what_does_not_end_is_cut_off_after_the_grace_period() {
    let dir = tempfile::tempdir().unwrap();
    let vars = [("BONGSU_GRACE_SECONDS", "200ms")];
    let bongsu = builder(dir.path(), &vars).start().await.unwrap();
    bongsu.spawn("deaf", |_| std::future::pending());
    let started = Instant::now();
    bongsu.shutdown().await;
    assert!(started.elapsed() < PATIENCE / 4);
}

#[tokio::test]
async fn work_that_outlives_the_end_is_still_heard() {
    let dir = tempfile::tempdir().unwrap();
    let (sender, mut heard) = mpsc::unbounded_channel();
    let bongsu = builder(dir.path(), &[]).channel(Heard(sender));
    let bongsu = bongsu.start().await.unwrap();
    let late = bongsu.clone();
    let stop = bongsu.stop_token();
    let worker = tokio::task::spawn(async move {
        stop.stopped().await;
        tell(&late, "late").await;
        late.alerts().is_dispatching()
    });
    bongsu.shutdown().await;
    tell(&bongsu, "later").await;
    let mut told = [next(&mut heard).await, next(&mut heard).await];
    told.sort();
    assert_eq!(told, ["late", "later"]);
    assert!(worker.await.unwrap());
}

const ROLE: &str = "BONGSU_TEST_LIFE";

/// This binary again, with a role; gives how it ended and what it said.
fn ended(role: &str, dir: &Path) -> (ExitStatus, String) {
    let output = Command::new(std::env::current_exe().unwrap())
        .args(["lives::roles", "--exact", "--nocapture", "--test-threads=1"])
        .env(ROLE, role)
        .current_dir(dir)
        .output()
        .unwrap();
    let said = [output.stdout, output.stderr].concat();
    (output.status, String::from_utf8(said).unwrap())
}

/// One that ends well.
fn child(role: &str, dir: &Path) -> String {
    let (status, said) = ended(role, dir);
    assert!(status.success(), "{said}");
    said
}

/// Does nothing unless started by another test.
#[tokio::test]
async fn roles() {
    let Ok(role) = std::env::var(ROLE) else {
        return;
    };
    let dir = std::env::current_dir().unwrap();
    match role.as_str() {
        "foreign" => foreign(&dir).await,
        "given" => given(&dir).await,
        "leaves" => {
            let _bongsu = builder(&dir, &[]).start().await.unwrap();
            tracing::error!("last words");
            std::process::exit(3);
        }
        _ => panic!("unknown role {role}"),
    }
}

fn install(layer: LogLayer) {
    let subscriber = Registry::default().with(layer);
    tracing::subscriber::set_global_default(subscriber).unwrap();
}

/// The service installed a subscriber first.
async fn foreign(dir: &Path) {
    let own = LoggingConfig::new("foreign", "test").build().unwrap();
    let (layer, _guard) = own.into_layer();
    install(layer);
    let bongsu = builder(dir, &[]).start().await.unwrap();
    tracing::info!("as before");
    bongsu.shutdown().await;
}

/// The service takes bongsu's layer into a subscriber of its own.
async fn given(dir: &Path) {
    let vars = [
        ("BONGSU_ALERT_ON_ERRORS", "true"),
        ("BONGSU_LOG_UTC_OFFSET", "+09:00"),
        ("BONGSU_LOG_REDACT", "account_no"),
    ];
    let mut builder = builder(dir, &vars);
    install(builder.log_layer().unwrap());
    let (sender, mut heard) = mpsc::unbounded_channel();
    let bongsu = builder.channel(Heard(sender)).start().await.unwrap();
    tracing::error!(account_no = "T0P-S3CRET", "torn");
    assert!(next(&mut heard).await.starts_with("Error logged by"));
    assert!(bongsu.logs().stats().events_at("error") >= 1);
    bongsu.shutdown().await;
}

#[test]
fn a_subscriber_that_is_there_is_left_and_told() {
    let dir = tempfile::tempdir().unwrap();
    let said = child("foreign", dir.path());
    assert!(said.contains("Builder::log_layer"), "{said}");
    assert!(said.contains("as before"), "{said}");
}

#[test]
fn an_exit_without_an_end_loses_no_error() {
    let dir = tempfile::tempdir().unwrap();
    let (status, said) = ended("leaves", dir.path());
    assert_eq!(status.code(), Some(3), "{said}");
    for words in ["monitoring started", "last words"] {
        assert!(said.contains(words), "{words}:\n{said}");
    }
}

#[test]
fn the_log_is_a_layer_for_the_services_own_subscriber() {
    let dir = tempfile::tempdir().unwrap();
    let said = child("given", dir.path());
    let line = said.lines().find(|line| line.contains("\"torn\""));
    let line = line.unwrap();
    assert!(line.contains(r#""service_name":"lives""#), "{line}");
    assert!(line.contains("+09:00"), "{line}");
    assert!(!said.contains("T0P-S3CRET"), "{said}");
}

/// What a handler spawns is still the request's: its lines, and the calls that it makes.
#[tokio::test]
async fn work_that_is_spawned_keeps_the_requests_ids() {
    use bongsu::logging::{HeldContext, TraceParent, propagation, request_id};

    let dir = tempfile::tempdir().unwrap();
    let bongsu = builder(dir.path(), &[]).start().await.unwrap();
    let (tell, mut told) = mpsc::unbounded_channel();
    let trace = TraceParent::new(7, 8, false);
    HeldContext::of_call("r-1", trace).within(|| {
        let tell = tell.clone();
        bongsu.spawn("within", |_| async move {
            tokio::task::yield_now().await;
            let _ = tell.send((request_id(), propagation().map(|passed| passed.parent)));
        });
    });
    let within = tokio::time::timeout(PATIENCE, told.recv()).await.unwrap();
    assert_eq!(within, Some((Some("r-1".to_owned()), Some(trace))));
    bongsu.spawn("outside", |_| async move {
        let _ = tell.send((request_id(), propagation().map(|passed| passed.parent)));
    });
    let outside = tokio::time::timeout(PATIENCE, told.recv()).await.unwrap();
    assert_eq!(outside, Some((None, None)));
    bongsu.shutdown().await;
}
