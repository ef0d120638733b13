//! The programs that watch a service: Prometheus with our rules, Alertmanager with our routes, and the
//! receiver that the stack runs. Only addresses and times differ from what the stack mounts.

use std::{
    fmt::Write as _,
    fs,
    io::{BufRead as _, BufReader},
    process::{Command, Stdio},
    sync::{Arc, Mutex},
};

use serde_json::Value;

use crate::support::{Folder, Running, free_port, get, read, root, wait_for};

/// The stack's own files with other addresses and shorter times.
pub(crate) fn hasten(text: &str, addresses: &[(&str, u16)]) -> String {
    let mut out = String::new();
    for line in text.lines() {
        let key = line.trim_start().split(':').next().unwrap_or_default();
        let timed = [
            "for",
            "keep_firing_for",
            "scrape_interval",
            "scrape_timeout",
            "evaluation_interval",
            "group_wait",
            "group_interval",
        ];
        if timed.contains(&key) {
            let indent = line.len() - line.trim_start().len();
            let _ = writeln!(out, "{:indent$}{key}: 1s", "");
        } else {
            let mut line = line.to_owned();
            for (name, port) in addresses {
                line = line.replace(name, &format!("127.0.0.1:{port}"));
            }
            out.push_str(&line);
            out.push('\n');
        }
    }
    out
}

/// The engine's target with the labels that the Prometheus Operator gives it, `endpoint` among them, and with
/// what docker/kubernetes/monitors.yaml asks of it: every rule and panel is right there too.
fn as_in_a_cluster(config: &str) -> String {
    let labels: String = [
        "endpoint: ops",
        "namespace: trading",
        "pod: trading-engine-0",
        "container: trading-engine",
        "service: trading-engine",
    ]
    .iter()
    .map(|label| format!("          {label}\n"))
    .collect();
    let mut out = config.to_owned();
    for (after, more) in [
        ("    metrics_path: /metrics\n", "    honor_labels: true\n"),
        ("          team: trading\n", &labels),
    ] {
        assert!(out.contains(after), "{after:?} is not in\n{out}");
        out = out.replacen(after, &format!("{after}{more}"), 1);
    }
    out
}

/// All three, watching one service.
pub(crate) struct Watch {
    pub(crate) prometheus: u16,
    arrived: Arc<Mutex<Vec<Value>>>,
    // Stopped in this order, and the folder goes last.
    _programs: [Running; 3],
    _folder: Folder,
}

impl Watch {
    /// `edit` changes rules further.
    pub(crate) fn start(service: u16, edit: impl Fn(String) -> String) -> Self {
        let folder = Folder::new();
        let arrived = Arc::default();
        let (receiver, receiver_port) = start_receiver(&arrived);
        let (prometheus, alertmanager, nobody) = (free_port(), free_port(), free_port());
        let addresses = [
            ("trading-engine:8000", service),
            ("alertmanager:9093", alertmanager),
            ("localhost:9090", prometheus),
            ("grafana:3000", nobody),
            ("alert-receiver:8080", receiver_port),
        ];
        for entry in fs::read_dir(root().join("docker/prometheus/rules")).unwrap() {
            let entry = entry.unwrap();
            let name = entry.file_name().into_string().unwrap();
            if name.ends_with(".yml") {
                let text = fs::read_to_string(entry.path()).unwrap();
                folder.write(&format!("rules/{name}"), &edit(hasten(&text, &[])));
            }
        }
        let routes = hasten(&read("docker/alertmanager/alertmanager.yml"), &addresses);
        let routes = folder.write("alertmanager.yml", &routes);
        let mut command = Command::new("prometheus-alertmanager");
        command.arg(format!("--config.file={}", routes.display()));
        command.arg(format!(
            "--storage.path={}",
            folder.0.join("alertmanager").display()
        ));
        command.arg(format!("--web.listen-address=127.0.0.1:{alertmanager}"));
        command.arg("--cluster.listen-address=");
        command.stderr(fs::File::create(folder.0.join("alertmanager.log")).unwrap());
        let second = Running::start("prometheus-alertmanager", &mut command);
        let config = hasten(&read("docker/prometheus/prometheus.yml"), &addresses);
        let config = as_in_a_cluster(&config);
        let first = start_prometheus(&folder, &config, prometheus);
        Self {
            prometheus,
            arrived,
            _programs: [first, second, receiver],
            _folder: folder,
        }
    }

    /// What has reached the receiver so far.
    pub(crate) fn arrived(&self) -> Vec<Value> {
        self.arrived.lock().unwrap().clone()
    }

    /// Waits until an alert has reached one of Alertmanager's receivers.
    pub(crate) fn wait_for_alert(&self, status: &str, alert: &str, receiver: &str) -> Value {
        wait_for("an alert arrives", || {
            let arrived = self.arrived();
            let found = arrived.iter().find(|line| {
                line["status"] == status
                    && line["alertname"] == alert
                    && line["receiver"] == receiver
            });
            let reason = || format!("{status} {alert} has not reached {receiver}: {arrived:#?}");
            found.cloned().ok_or_else(reason)
        })
    }
}

/// The stack's receiver on a free port; its lines go to `arrived`.
fn start_receiver(arrived: &Arc<Mutex<Vec<Value>>>) -> (Running, u16) {
    let mut command = Command::new(env!("CARGO_BIN_EXE_alert-receiver"));
    command.arg("127.0.0.1:0").stdout(Stdio::piped());
    let mut receiver = Running::start("of this repository", &mut command);
    let mut lines = BufReader::new(receiver.0.stdout.take().unwrap()).lines();
    let first = lines.next().unwrap().unwrap();
    let port = first.rsplit(':').next().unwrap().parse().unwrap();
    let sink = arrived.clone();
    std::thread::spawn(move || {
        for line in lines.map_while(Result::ok) {
            let line = serde_json::from_str(&line).unwrap();
            sink.lock().unwrap().push(line);
        }
    });
    (receiver, port)
}

/// A Prometheus with this configuration, ready.
pub(crate) fn start_prometheus(folder: &Folder, config: &str, port: u16) -> Running {
    let config = folder.write("prometheus.yml", config);
    let log = folder.0.join("prometheus.log");
    let mut command = Command::new("prometheus");
    command.arg(format!("--config.file={}", config.display()));
    command.arg(format!(
        "--storage.tsdb.path={}",
        folder.0.join("tsdb").display()
    ));
    command.arg(format!("--web.listen-address=127.0.0.1:{port}"));
    // The first alerts may come before Alertmanager is known: tell it again at once, not after a minute.
    command.arg("--rules.alert.resend-delay=1s");
    command.stderr(fs::File::create(&log).unwrap());
    let running = Running::start("prometheus", &mut command);
    wait_for("Prometheus is ready", || {
        get(port, "/-/ready").ok_or_else(|| fs::read_to_string(&log).unwrap_or_default())
    });
    running
}
