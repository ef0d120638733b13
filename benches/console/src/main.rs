//! What the console weighs, on the wire, in memory and on the request path.
//!
//! `figure page_bytes_kib N`: the first screen with its style sheet, script and icon, as sent.
//!
//! `figure page_render_ms N`: rendering the first screen once, from figures at hand, median.
//!
//! `figure sse_1000_clients_rss_mib N`: the most memory that a service with nothing but the console
//! held while 1,000 live pages were open for half a minute, every second of them not reading at all.
//!
//! `figure request_p99_vs_no_console N`: the 99th percentile of a request's duration while a hundred
//! live pages are open, over that of the same service without a console. Both services run in
//! processes of their own, asked in turns over kept connections; median over the rounds.

use std::{
    env, fs,
    io::{BufRead, BufReader},
    process::{Child, Command, Stdio},
    sync::Arc,
    time::{Duration, Instant},
};

use axum::{Router, routing::get};
use bongsu_axum_glue::{ConsoleOptions, OpsPolicy, ServeOptions, console_router, serve};
use bongsu_console::{
    Lang, assets,
    pages::{Chrome, overview},
    testing::FakeSource,
};
use bongsu_ops::ServiceDesk;
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::{TcpListener, TcpStream},
    task::JoinSet,
    time::sleep,
};

/// What the service answers.
const BODY: &str = "봉수";
const CLIENTS: usize = 1_000;
const WATCHERS: usize = 100;
const ROUNDS: usize = 31;
const REQUESTS: usize = 2_000;

fn main() {
    let runtime = tokio::runtime::Runtime::new().expect("a runtime");
    match env::args().nth(1).as_deref() {
        Some("--with") => runtime.block_on(service(true)),
        Some("--without") => runtime.block_on(service(false)),
        _ => runtime.block_on(figures()),
    }
}

/// A service on a free port, which it says on standard output.
async fn service(with_console: bool) {
    let mut app: Router = Router::new().route("/", get(|| async { BODY }));
    if with_console {
        let source = Arc::new(FakeSource::new(jiff::Timestamp::now));
        let (console, publisher) = console_router(
            source.operator(),
            source.memory(),
            OpsPolicy::open(),
            ConsoleOptions::default(),
        );
        app = app.merge(console);
        tokio::spawn(publisher.run());
    }
    let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
    println!("{}", listener.local_addr().expect("an address").port());
    let never = std::future::pending();
    serve(vec![(listener, app)], ServeOptions::default(), never, || {}).await;
}

struct Service {
    child: Child,
    port: u16,
}

impl Service {
    fn start(mode: &str) -> Self {
        let this = env::current_exe().expect("this program");
        let mut child = Command::new(this)
            .arg(mode)
            .stdout(Stdio::piped())
            .spawn()
            .expect("a child");
        let out = child.stdout.take().expect("its output");
        let mut line = String::new();
        BufReader::new(out).read_line(&mut line).expect("a line");
        Self {
            child,
            port: line.trim().parse().expect("a port"),
        }
    }

    async fn connect(&self) -> TcpStream {
        let stream = TcpStream::connect(("127.0.0.1", self.port)).await;
        stream.expect("a connection")
    }

    /// A live page that is open.
    async fn watch(&self) -> TcpStream {
        let mut stream = self.connect().await;
        let request = b"GET /console/events HTTP/1.1\r\nhost: localhost\r\n\r\n";
        stream.write_all(request).await.expect("a request");
        let mut answer = [0; 12];
        stream.read_exact(&mut answer).await.expect("an answer");
        assert_eq!(&answer, b"HTTP/1.1 200", "the page is live");
        stream
    }

    /// The most memory that the process ever held, MiB.
    fn peak_mib(&self) -> f64 {
        let status = fs::read_to_string(format!("/proc/{}/status", self.child.id()));
        let status = status.expect("the process's status");
        let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:"));
        let kib = line.and_then(|line| line.trim().strip_suffix(" kB"));
        kib.and_then(|kib| kib.parse::<f64>().ok())
            .expect("its peak")
            / 1024.0
    }
}

impl Drop for Service {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

async fn figures() {
    page().await;
    memory().await;
    latency().await;
}

async fn page() {
    let source = FakeSource::new(jiff::Timestamp::now);
    let snapshot = source.snapshot().await;
    let memory = source.memory();
    let trend = |span| memory.trend(snapshot.at, span, overview::COLUMNS);
    let (hour, day) = (trend(overview::SHORT), trend(overview::LONG));
    let chrome = Chrome::new(Lang::Ko, "t".repeat(64));
    let page = overview::page(&chrome, &snapshot, &hour, &day);
    let all = page.len() + assets::STYLE.len() + assets::SCRIPT.len() + assets::ICON.len();
    println!("figure page_bytes_kib {:.1}", all as f64 / 1024.0);
    let mut took: Vec<f64> = (0..200)
        .map(|_| {
            let start = Instant::now();
            std::hint::black_box(overview::page(&chrome, &snapshot, &hour, &day));
            start.elapsed().as_secs_f64() * 1e3
        })
        .collect();
    println!("figure page_render_ms {:.3}", median(&mut took));
}

async fn memory() {
    let service = Service::start("--with");
    let mut readers = JoinSet::new();
    let mut idle = Vec::new();
    for client in 0..CLIENTS {
        let mut stream = service.watch().await;
        if client % 2 == 0 {
            idle.push(stream);
            continue;
        }
        readers.spawn(async move {
            let (mut part, mut read) = (vec![0; 64 * 1024], 0);
            while let Ok(count) = stream.read(&mut part).await {
                if count == 0 {
                    break;
                }
                read += count;
            }
            read
        });
    }
    sleep(Duration::from_secs(30)).await;
    println!("figure sse_1000_clients_rss_mib {:.1}", service.peak_mib());
    drop(service);
    let mut least = usize::MAX;
    while let Some(read) = readers.join_next().await {
        least = least.min(read.expect("a reader"));
    }
    assert!(
        least > 200_000,
        "every reader got its updates: {least} bytes"
    );
}

async fn latency() {
    let (with, without) = (Service::start("--with"), Service::start("--without"));
    let mut watchers = JoinSet::new();
    for _ in 0..WATCHERS {
        let mut stream = with.watch().await;
        watchers.spawn(async move {
            let mut part = vec![0; 64 * 1024];
            while stream.read(&mut part).await.is_ok_and(|count| count > 0) {}
        });
    }
    let (mut a, mut b) = (with.connect().await, without.connect().await);
    p99(&mut a).await;
    p99(&mut b).await;
    let mut ratios = Vec::new();
    for round in 0..ROUNDS {
        // Whoever goes first changes with every round.
        let (ours, theirs) = if round % 2 == 0 {
            let ours = p99(&mut a).await;
            (ours, p99(&mut b).await)
        } else {
            let theirs = p99(&mut b).await;
            (p99(&mut a).await, theirs)
        };
        ratios.push(ours / theirs);
    }
    println!(
        "figure request_p99_vs_no_console {:.3}",
        median(&mut ratios)
    );
}

/// The 99th percentile of requests one after the other, spread so that updates fall between them.
async fn p99(stream: &mut TcpStream) -> f64 {
    let mut took = Vec::with_capacity(REQUESTS);
    let mut answer = vec![0; 4_096];
    for _ in 0..REQUESTS {
        let start = Instant::now();
        let request = b"GET / HTTP/1.1\r\nhost: localhost\r\n\r\n";
        stream.write_all(request).await.expect("a request");
        let mut read = 0;
        // The head and the body may come apart.
        while !answer[..read].ends_with(BODY.as_bytes()) {
            let count = stream.read(&mut answer[read..]).await;
            read += count.expect("an answer");
        }
        took.push(start.elapsed().as_secs_f64());
        assert!(answer.starts_with(b"HTTP/1.1 200"));
        sleep(Duration::from_micros(200)).await;
    }
    took.sort_by(f64::total_cmp);
    took[REQUESTS * 99 / 100]
}

fn median(values: &mut [f64]) -> f64 {
    values.sort_by(f64::total_cmp);
    values[values.len() / 2]
}
