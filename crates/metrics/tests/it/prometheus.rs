//! A real Prometheus scrapes the page, in the format and coding that it asks for itself.

use std::io::{Read as _, Write as _};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::path::PathBuf;
use std::process::{Child, Command, Stdio};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use bongsu_metrics::ServiceMetrics;

use crate::promtool::full;

const DEADLINE: Duration = Duration::from_secs(40);

#[expect(
    clippy::disallowed_methods,
    reason = "bounds the wait for another process"
)]
fn now() -> Instant {
    Instant::now()
}

/// Answers every request with the page; keeps the request heads.
fn serve(metrics: ServiceMetrics) -> (SocketAddr, Arc<Mutex<Vec<String>>>) {
    let listener = TcpListener::bind("127.0.0.1:0").expect("a free port");
    let address = listener.local_addr().expect("bound");
    let heads = Arc::new(Mutex::new(Vec::new()));
    let seen = Arc::clone(&heads);
    std::thread::spawn(move || {
        for stream in listener.incoming() {
            // A client that goes away in the middle is its own affair.
            let _ = stream.and_then(|stream| answer(stream, &metrics, &seen));
        }
    });
    (address, heads)
}

fn answer(
    mut stream: TcpStream,
    metrics: &ServiceMetrics,
    seen: &Mutex<Vec<String>>,
) -> std::io::Result<()> {
    stream.set_read_timeout(Some(Duration::from_secs(5)))?;
    let mut head = Vec::new();
    let mut byte = [0];
    while !head.ends_with(b"\r\n\r\n") {
        stream.read_exact(&mut byte)?;
        head.push(byte[0]);
    }
    let head = String::from_utf8_lossy(&head).into_owned();
    let header = |name: &str| {
        let mut lines = head.lines().filter_map(|line| line.split_once(':'));
        lines
            .find(|(key, _)| key.eq_ignore_ascii_case(name))
            .map(|(_, value)| value.trim().to_owned())
    };
    let page = metrics.render(
        header("accept").as_deref(),
        header("accept-encoding").as_deref(),
    );
    let encoding = page
        .content_encoding
        .map(|e| format!("Content-Encoding: {e}\r\n"))
        .unwrap_or_default();
    write!(
        stream,
        "HTTP/1.1 200 OK\r\nContent-Type: {}\r\n{encoding}Content-Length: {}\r\nConnection: close\r\n\r\n",
        page.content_type,
        page.body.len()
    )?;
    stream.write_all(&page.body)?;
    seen.lock()
        .expect("no panic")
        .push(head.to_ascii_lowercase());
    Ok(())
}

/// Killed when the test ends.
struct Prometheus {
    child: Child,
    port: u16,
    folder: PathBuf,
}

impl Drop for Prometheus {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
        let _ = std::fs::remove_dir_all(&self.folder);
    }
}

impl Prometheus {
    fn start(target: SocketAddr) -> Self {
        let free = TcpListener::bind("127.0.0.1:0")
            .and_then(|l| l.local_addr())
            .expect("a free port");
        let folder = PathBuf::from(env!("CARGO_TARGET_TMPDIR"))
            .join(format!("prometheus-{}", std::process::id()));
        std::fs::create_dir_all(&folder).expect("a folder");
        let config = folder.join("prometheus.yml");
        let text = format!(
            "global:\n  scrape_interval: 1s\n  scrape_timeout: 1s\nscrape_configs:\n- job_name: engine\n  static_configs:\n  - targets: ['{target}']\n"
        );
        std::fs::write(&config, text).expect("written");
        let child = Command::new("prometheus")
            .arg(format!("--config.file={}", config.display()))
            .arg(format!(
                "--storage.tsdb.path={}",
                folder.join("data").display()
            ))
            .arg(format!("--web.listen-address=127.0.0.1:{}", free.port()))
            .args(["--enable-feature=exemplar-storage", "--log.level=error"])
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .expect("prometheus runs (Debian package: prometheus)");
        Self {
            child,
            port: free.port(),
            folder,
        }
    }

    fn get(&self, path: &str) -> std::io::Result<String> {
        let mut stream = TcpStream::connect(("127.0.0.1", self.port))?;
        stream.set_read_timeout(Some(Duration::from_secs(10)))?;
        write!(stream, "GET {path} HTTP/1.0\r\nHost: localhost\r\n\r\n")?;
        let mut answer = String::new();
        stream.read_to_string(&mut answer)?;
        Ok(answer)
    }

    /// Asks until the answer holds `part`.
    fn wait_for(&self, path: &str, part: &str) {
        let start = now();
        loop {
            let answer = self.get(path).unwrap_or_default();
            if answer.contains(part) {
                return;
            }
            assert!(
                start.elapsed() < DEADLINE,
                "{path} never said {part}: {answer}"
            );
            std::thread::sleep(Duration::from_millis(100));
        }
    }
}

#[test]
fn prometheus_takes_in_every_sample() {
    let metrics = full();
    let (address, heads) = serve(metrics.clone());
    let prometheus = Prometheus::start(address);
    let query = |q: &str| format!("/api/v1/query?query={q}");
    // A page with one bad line would leave `up` at 0.
    prometheus.wait_for(&query("up"), ",\"1\"]");
    for (name, value) in [
        ("trade_loss_krw_total", "15000"),
        ("trade_pnl_krw%7Bsymbol=%22000660%22%7D", "-1"),
        ("sum(http_requests_total)", "2"),
        (
            "http_request_size_bytes_sum%7Bmethod=%22POST%22%7D",
            "1099511627776",
        ),
        ("value_at_risk_krw", "1e+300"),
        ("process_cpu_percent", "+Inf"),
        ("fills_total", "2.5"),
        ("lib_seconds_bucket%7Ble=%221.0%22%7D", "1"),
        (
            "count(http_request_duration_seconds_bucket%7Ble=%2210.0%22%7D)",
            "2",
        ),
        (
            "count(errors_total%7Berror_type=~%22(%3Fs)back.slash.*quote.*line.*%22%7D)",
            "1",
        ),
    ] {
        prometheus.wait_for(&query(name), &format!(",\"{value}\"]"));
    }
    prometheus.wait_for(
        "/api/v1/query_exemplars?query=http_request_duration_seconds_bucket&start=1&end=9999999999",
        "4bf92f3577b34da6",
    );
    let heads = heads.lock().expect("no panic");
    assert!(
        heads.iter().any(|head| head.contains("openmetrics")),
        "{heads:?}"
    );
    assert!(heads.iter().any(|head| head.contains("gzip")), "{heads:?}");
}
