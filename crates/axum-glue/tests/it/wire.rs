//! The middleware behind a real socket: hostile clients, streams, upgrades.

use std::{convert::Infallible, time::Duration};

use axum::{
    Router,
    body::Body,
    extract::Request,
    http::{StatusCode, header},
    response::{
        IntoResponse, Response,
        sse::{Event, Sse},
    },
    routing::get,
};
use bongsu_axum_glue::{MonitorLayer, RequestId, ServeOptions};
use bongsu_metrics::ServiceMetrics;
use bytes::Bytes;
use futures_util::{StreamExt, stream};
use http_body::Frame;
use http_body_util::StreamBody;
use hyper_util::rt::TokioIo;
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::TcpStream,
    time::timeout,
};

use crate::support::{PATIENCE, Server, ask, exchange, reaches, read_until, sample};

async fn start() -> (Server, ServiceMetrics) {
    let metrics = ServiceMetrics::new("test").unwrap();
    let app = Router::new()
        .route("/id", get(|id: RequestId| async move { id.to_string() }))
        .route("/hang", get(std::future::pending::<()>))
        .route(
            "/events",
            get(|| async { Sse::new(stream::iter([1, 2, 3]).map(event)) }),
        )
        .route(
            "/feed",
            get(|| async { Sse::new(stream::iter([1]).chain(stream::pending()).map(event)) }),
        )
        .route("/file", get(file))
        .route("/nothing", get(nothing))
        .route("/socket", get(socket))
        .layer(MonitorLayer::new().metrics(metrics.clone()));
    let mut options = ServeOptions::default();
    options.drain = Duration::from_millis(50);
    (Server::start(app, options).await, metrics)
}

fn event(n: u32) -> Result<Event, Infallible> {
    Ok(Event::default().data(n.to_string()))
}

/// A stream that does not know its end, under a header that does.
async fn file() -> impl IntoResponse {
    let frames = ["one", "two"].map(|text| Ok::<_, Infallible>(Frame::data(Bytes::from(text))));
    let body = StreamBody::new(stream::iter(frames));
    ([(header::CONTENT_LENGTH, "6")], Body::new(body))
}

/// An empty one under such a header: it is never asked for a frame.
async fn nothing() -> impl IntoResponse {
    let body = StreamBody::new(stream::pending::<Result<Frame<Bytes>, Infallible>>());
    ([(header::CONTENT_LENGTH, "0")], Body::new(body))
}

fn requests(endpoint: &str, status: u16) -> String {
    format!("http_requests_total{{endpoint=\"{endpoint}\",method=\"GET\",status=\"{status}\"}}")
}

fn response_bytes(endpoint: &str) -> String {
    format!("http_response_size_bytes_sum{{endpoint=\"{endpoint}\",method=\"GET\"}}")
}

/// What became of an id.
enum Fate {
    /// It is the request's id.
    Kept,
    /// The request has an id of our own.
    Replaced,
    /// The request is refused with this status.
    Refused(u16),
}

#[tokio::test]
async fn hostile_ids() {
    use Fate::{Kept, Refused, Replaced};
    let (server, _metrics) = start().await;
    let megabyte = vec![b'x'; 1 << 20];
    let long = vec![b'x'; 60_000];
    let cases: [(&str, &[u8], Fate); 12] = [
        ("plain", b"req-1", Kept),
        ("injected line", b"req-1\r\nset-cookie: a=b", Kept),
        ("bare line feed", b"req-1\nset-cookie: a=b", Kept),
        ("carriage return", b"req-1\rset-cookie: a=b", Refused(400)),
        ("folded line", b"req-1\r\n more", Refused(400)),
        ("null", b"req-1\0", Refused(400)),
        ("escape sequence", b"\x1b[31mred", Refused(400)),
        ("invalid UTF-8", b"\xff\xfe\xc3\x28", Replaced),
        ("JSON", b"\"},{\"level\":\"ERROR", Replaced),
        ("HTML", b"<script>alert(1)</script>", Replaced),
        ("long", &long, Replaced),
        ("a megabyte", &megabyte, Refused(431)),
    ];
    for (name, id, fate) in cases {
        let mut request =
            b"GET /id HTTP/1.1\r\nhost: x\r\nconnection: close\r\nx-request-id: ".to_vec();
        request.extend_from_slice(id);
        request.extend_from_slice(b"\r\n\r\n");
        let answer = exchange(server.address, &request).await;
        let (head, body) = answer.split_once("\r\n\r\n").unwrap();
        assert!(!head.contains("set-cookie"), "{name}: {answer}");
        match fate {
            Kept => assert_eq!(body, "req-1", "{name}: {answer}"),
            Replaced => {
                assert_eq!(body.len(), 36, "{name}: {answer}");
                assert!(
                    head.contains(&format!("x-request-id: {body}")),
                    "{name}: {answer}"
                );
            }
            Refused(status) => {
                let line = format!("HTTP/1.1 {status} ");
                assert!(answer.starts_with(&line), "{name}: {answer}");
            }
        }
        assert!(
            ask(server.address, "/id").await.starts_with("HTTP/1.1 200"),
            "after {name}"
        );
    }
}

#[tokio::test]
async fn a_feed_counts_when_it_begins_and_is_under_way_while_somebody_looks_on() {
    let (server, metrics) = start().await;
    let answer = ask(server.address, "/events").await;
    assert!(answer.contains("data: 3"), "{answer}");
    reaches(&metrics, &requests("/events", 200), 1.0).await;
    let mut stream = TcpStream::connect(server.address).await.unwrap();
    let request = b"GET /feed HTTP/1.1\r\nhost: x\r\n\r\n";
    stream.write_all(request).await.unwrap();
    read_until(&mut stream, b"data: 1").await;
    assert_eq!(sample(&metrics, &requests("/feed", 200)), Some(1.0));
    assert_eq!(sample(&metrics, "http_requests_in_flight"), Some(1.0));
    drop(stream);
    reaches(&metrics, "http_requests_in_flight", 0.0).await;
    assert_eq!(sample(&metrics, &requests("/feed", 200)), Some(1.0));
    assert_eq!(sample(&metrics, "http_requests_aborted_total"), Some(0.0));
}

#[tokio::test]
async fn whoever_leaves_before_the_answer_is_a_499() {
    let (server, metrics) = start().await;
    let mut stream = TcpStream::connect(server.address).await.unwrap();
    let request = b"GET /hang HTTP/1.1\r\nhost: x\r\n\r\n";
    stream.write_all(request).await.unwrap();
    reaches(&metrics, "http_requests_in_flight", 1.0).await;
    drop(stream);
    reaches(&metrics, &requests("/hang", 499), 1.0).await;
    assert_eq!(sample(&metrics, "http_requests_aborted_total"), Some(1.0));
}

#[tokio::test]
async fn a_stream_with_a_length_ends_with_it() {
    let (server, metrics) = start().await;
    assert!(ask(server.address, "/file").await.ends_with("onetwo"));
    reaches(&metrics, &requests("/file", 200), 1.0).await;
    assert_eq!(sample(&metrics, &response_bytes("/file")), Some(6.0));
    assert_eq!(sample(&metrics, "http_requests_aborted_total"), Some(0.0));
}

#[tokio::test]
async fn a_stream_without_anything_in_it_ends_too() {
    let (server, metrics) = start().await;
    let answer = ask(server.address, "/nothing").await;
    assert!(answer.starts_with("HTTP/1.1 200 "), "{answer}");
    reaches(&metrics, &requests("/nothing", 200), 1.0).await;
    assert_eq!(sample(&metrics, "http_requests_aborted_total"), Some(0.0));
}

/// The server's side of a WebSocket by hand: the handshake of RFC 6455, section 1.3, and an echo of the
/// masked "Hello" of section 5.7.
async fn socket(mut request: Request) -> Response {
    let upgrade = hyper::upgrade::on(&mut request);
    tokio::task::spawn(async move {
        let mut stream = TokioIo::new(upgrade.await.unwrap());
        let mut frame = [0; 11];
        stream.read_exact(&mut frame).await.unwrap();
        let (mask, payload) = frame[2..].split_at(4);
        let mut answer = vec![0x81, 5];
        answer.extend(
            payload
                .iter()
                .zip(mask.iter().cycle())
                .map(|(byte, mask)| byte ^ mask),
        );
        stream.write_all(&answer).await.unwrap();
    });
    let accept = (header::SEC_WEBSOCKET_ACCEPT, "s3pPLMBiTxaQ9kYGzzhZRbK+xOo=");
    let upgraded = [
        (header::CONNECTION, "upgrade"),
        (header::UPGRADE, "websocket"),
        accept,
    ];
    (StatusCode::SWITCHING_PROTOCOLS, upgraded).into_response()
}

#[tokio::test]
async fn a_websocket_is_upgraded_and_counted_once() {
    let (server, metrics) = start().await;
    let mut stream = TcpStream::connect(server.address).await.unwrap();
    let handshake =
        b"GET /socket HTTP/1.1\r\nhost: x\r\nconnection: upgrade\r\nupgrade: websocket\r\n\
        sec-websocket-version: 13\r\nsec-websocket-key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n";
    stream.write_all(handshake).await.unwrap();
    let head = read_until(&mut stream, b"\r\n\r\n").await;
    let head = String::from_utf8(head).unwrap();
    assert!(head.starts_with("HTTP/1.1 101 "), "{head}");
    assert!(head.contains("x-request-id: "), "{head}");

    let hello = [
        0x81, 0x85, 0x37, 0xfa, 0x21, 0x3d, 0x7f, 0x9f, 0x4d, 0x51, 0x58,
    ];
    stream.write_all(&hello).await.unwrap();
    let mut echo = Vec::new();
    timeout(PATIENCE, stream.read_to_end(&mut echo))
        .await
        .unwrap()
        .unwrap();
    assert_eq!(echo, b"\x81\x05Hello");
    assert_eq!(sample(&metrics, &requests("/socket", 101)), Some(1.0));
    assert_eq!(sample(&metrics, "http_requests_in_flight"), Some(0.0));
    assert_eq!(sample(&metrics, "http_requests_aborted_total"), Some(0.0));

    server.stop.send(()).unwrap();
    let end = timeout(PATIENCE, server.ended).await.unwrap().unwrap();
    assert_eq!(end.aborted, 0);
}
