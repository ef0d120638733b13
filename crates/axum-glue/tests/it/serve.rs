use std::{net::SocketAddr, sync::atomic::Ordering, time::Duration};

use axum::{Router, extract::ConnectInfo, routing::get};
use bongsu_axum_glue::ServeOptions;
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::TcpStream,
    task::JoinSet,
    time::{Instant, sleep, timeout},
};

use crate::support::{PATIENCE, Server, ask};

async fn start(options: ServeOptions) -> Server {
    let app = Router::new()
        .route("/", get(|| async { "hello" }))
        .route(
            "/peer",
            get(|ConnectInfo(peer): ConnectInfo<SocketAddr>| async move { peer.ip().to_string() }),
        )
        .route(
            "/slow",
            get(|| async {
                sleep(Duration::from_millis(300)).await;
                "done"
            }),
        )
        .route("/never", get(std::future::pending::<()>));
    Server::start(app, options).await
}

fn options() -> ServeOptions {
    let mut options = ServeOptions::default();
    options.drain = Duration::from_millis(100);
    options.grace = Duration::from_millis(500);
    options.header_timeout = Duration::from_millis(300);
    options
}

#[tokio::test]
async fn serves_with_the_peers_address() {
    let server = start(options()).await;
    assert!(ask(server.address, "/").await.ends_with("hello"));
    assert!(ask(server.address, "/peer").await.ends_with("127.0.0.1"));
}

#[tokio::test]
async fn a_stop_drains_first_and_lets_requests_finish() {
    let server = start(options()).await;
    let slow = tokio::task::spawn(ask(server.address, "/slow"));
    sleep(Duration::from_millis(50)).await;
    server.stop.send(()).unwrap();
    sleep(Duration::from_millis(20)).await;
    assert!(server.drained.load(Ordering::SeqCst));
    assert!(
        ask(server.address, "/").await.ends_with("hello"),
        "still serving while it drains"
    );
    assert!(slow.await.unwrap().ends_with("done"));
    let end = timeout(PATIENCE, server.ended).await.unwrap().unwrap();
    assert_eq!(end.aborted, 0);
    assert!(
        TcpStream::connect(server.address).await.is_err(),
        "nobody listens any more"
    );
}

#[tokio::test]
async fn what_does_not_end_is_cut_off_after_the_grace() {
    let server = start(options()).await;
    let mut stuck = TcpStream::connect(server.address).await.unwrap();
    stuck
        .write_all(b"GET /never HTTP/1.1\r\nhost: x\r\n\r\n")
        .await
        .unwrap();
    sleep(Duration::from_millis(50)).await;
    let before = Instant::now();
    server.stop.send(()).unwrap();
    let end = timeout(PATIENCE, server.ended).await.unwrap().unwrap();
    assert_eq!(end.aborted, 1);
    assert!(
        before.elapsed() >= Duration::from_millis(600),
        "it had its grace"
    );
}

#[tokio::test]
async fn a_head_that_never_comes_is_given_up() {
    let server = start(options()).await;
    let mut slow = TcpStream::connect(server.address).await.unwrap();
    slow.write_all(b"GET / HTTP/1.1\r\nhost").await.unwrap();
    let mut answer = Vec::new();
    timeout(PATIENCE, slow.read_to_end(&mut answer))
        .await
        .unwrap()
        .unwrap();
    assert!(!String::from_utf8_lossy(&answer).contains("200"));
}

#[tokio::test]
async fn connections_over_the_bound_wait_their_turn() {
    let mut options = options();
    options.max_connections = 1;
    options.header_timeout = Duration::from_secs(30);
    let server = start(options).await;
    let first = TcpStream::connect(server.address).await.unwrap();
    sleep(Duration::from_millis(50)).await;
    let second = tokio::task::spawn(ask(server.address, "/"));
    sleep(Duration::from_millis(100)).await;
    assert!(!second.is_finished());
    drop(first);
    assert!(second.await.unwrap().ends_with("hello"));
}

#[tokio::test]
async fn slow_heads_keep_nobody_else_waiting_and_all_end() {
    const SLOW: usize = 200;
    let server = start(options()).await;
    let address = server.address;
    let mut slow = JoinSet::new();
    for i in 0..SLOW {
        slow.spawn(async move {
            let mut stream = TcpStream::connect(address).await.unwrap();
            // One says nothing at all, the others a byte now and then, without an end.
            let head = if i == 0 { "" } else { "GET / HTTP/1.1\r\nx: " };
            stream.write_all(head.as_bytes()).await.unwrap();
            let (mut from, mut to) = stream.split();
            let trickle = async {
                while i > 0 && to.write_all(b"y").await.is_ok() {
                    sleep(Duration::from_millis(20)).await;
                }
                std::future::pending::<()>().await;
            };
            let mut answer = Vec::new();
            tokio::select! {
                () = trickle => {}
                _closed = from.read_to_end(&mut answer) => {}
            }
        });
    }
    sleep(Duration::from_millis(50)).await;
    let before = Instant::now();
    assert!(ask(address, "/").await.ends_with("hello"));
    assert!(
        before.elapsed() < Duration::from_secs(2),
        "served meanwhile"
    );
    let ended = async { while slow.join_next().await.is_some() {} };
    timeout(PATIENCE, ended).await.unwrap();
    assert!(
        before.elapsed() < Duration::from_secs(10),
        "the limit is on the head, not on the time between two bytes"
    );
}
