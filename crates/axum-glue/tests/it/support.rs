//! A server on loopback, clients by hand, and a look at the metrics.

use std::{
    net::SocketAddr,
    sync::{
        Arc, LazyLock,
        atomic::{AtomicBool, Ordering},
    },
    time::Duration,
};

use axum::Router;
use bongsu_axum_glue::{ServeEnd, ServeOptions, serve};
use bongsu_metrics::ServiceMetrics;
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::{TcpListener, TcpStream},
    sync::oneshot,
    task::JoinHandle,
    time::{sleep, timeout},
};
use tracing::Dispatch;
use tracing_subscriber::Registry;

/// Call before a log is captured. While only one subscriber is alive in a process, tracing asks the
/// thread that reaches a callsite first, and a test on that thread that captures nothing would switch
/// the callsite off for all. With two more that live as long as the process, all are asked.
pub(crate) fn callsites_stay_on() {
    static ALIVE: LazyLock<[Dispatch; 2]> =
        LazyLock::new(|| [(); 2].map(|()| Dispatch::new(Registry::default())));
    LazyLock::force(&ALIVE);
}

pub(crate) const PATIENCE: Duration = Duration::from_secs(30);

pub(crate) struct Server {
    pub(crate) address: SocketAddr,
    pub(crate) stop: oneshot::Sender<()>,
    pub(crate) drained: Arc<AtomicBool>,
    pub(crate) ended: JoinHandle<ServeEnd>,
}

impl Server {
    pub(crate) async fn start(app: Router, options: ServeOptions) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let (stop, stopped) = oneshot::channel();
        let drained = Arc::new(AtomicBool::new(false));
        let flag = drained.clone();
        let ended = tokio::task::spawn(async move {
            let shutdown = async { stopped.await.unwrap_or(()) };
            serve(vec![(listener, app)], options, shutdown, || {
                flag.store(true, Ordering::SeqCst)
            })
            .await
        });
        Self {
            address,
            stop,
            drained,
            ended,
        }
    }
}

/// Sends these bytes and reads until the server closes.
pub(crate) async fn exchange(address: SocketAddr, request: &[u8]) -> String {
    let mut stream = TcpStream::connect(address).await.unwrap();
    // A server may refuse before it has read everything.
    let _ = stream.write_all(request).await;
    let mut answer = Vec::new();
    let _reset_after_a_refusal = timeout(PATIENCE, stream.read_to_end(&mut answer))
        .await
        .unwrap();
    String::from_utf8_lossy(&answer).into_owned()
}

pub(crate) async fn ask(address: SocketAddr, path: &str) -> String {
    let request = format!("GET {path} HTTP/1.1\r\nhost: x\r\nconnection: close\r\n\r\n");
    exchange(address, request.as_bytes()).await
}

/// Reads until what was read contains `text`.
pub(crate) async fn read_until(stream: &mut TcpStream, text: &[u8]) -> Vec<u8> {
    let mut seen = Vec::new();
    while !seen.windows(text.len()).any(|window| window == text) {
        let mut piece = [0; 1024];
        let n = timeout(PATIENCE, stream.read(&mut piece))
            .await
            .unwrap()
            .unwrap();
        assert!(n > 0, "ended: {}", String::from_utf8_lossy(&seen));
        seen.extend_from_slice(&piece[..n]);
    }
    seen
}

/// The value of the series that begins with `series`.
pub(crate) fn sample(metrics: &ServiceMetrics, series: &str) -> Option<f64> {
    let page = metrics.export_metrics();
    let line = page.lines().find(|line| line.starts_with(series))?;
    line.rsplit(' ').next().unwrap().parse().ok()
}

/// Waits until the series has the value.
#[track_caller]
pub(crate) fn reaches(
    metrics: &ServiceMetrics,
    series: &str,
    value: f64,
) -> impl Future<Output = ()> {
    let caller = std::panic::Location::caller();
    async move {
        let reached = async {
            while sample(metrics, series) != Some(value) {
                sleep(Duration::from_millis(10)).await;
            }
        };
        if timeout(PATIENCE, reached).await.is_err() {
            panic!("{caller}: {series} is {:?}", sample(metrics, series));
        }
    }
}
