//! What the example engine calls: its broker, its database and its cache, wherever one looks.

use std::{
    net::{SocketAddr, TcpListener},
    sync::{
        Arc, Mutex,
        atomic::{AtomicU16, Ordering::Relaxed},
    },
};

use axum::{
    Router,
    body::Bytes,
    extract::State,
    http::{HeaderMap, StatusCode, Uri},
    routing::any,
};
use serde_json::Value;

use crate::process::{Service, until};

const TRACE: &str = "4bf92f3577b34da6a3ce929d0e0e4736";
const ORDER: &str = r#"{"symbol": "005930", "side": "buy", "quantity": 1}"#;
const HEADERS: &str = "content-type: application/json\r\nx-request-id: desk-7\r\nbaggage: desk=seoul\r\n\
     traceparent: 00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01\r\n";

/// What came in: path, headers, body.
type Seen = Arc<Mutex<Vec<(String, HeaderMap, Vec<u8>)>>>;

/// Keeps what comes in, and answers with the status that is asked for.
async fn server(status: Arc<AtomicU16>) -> (SocketAddr, Seen) {
    let seen = Seen::default();
    let keep = move |State(seen): State<Seen>, uri: Uri, head: HeaderMap, body: Bytes| async move {
        let request = (uri.path().to_owned(), head, body.to_vec());
        seen.lock().unwrap().push(request);
        StatusCode::from_u16(status.load(Relaxed)).unwrap()
    };
    let app = Router::new().fallback(any(keep)).with_state(seen.clone());
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    tokio::task::spawn(async move { axum::serve(listener, app).await });
    (address, seen)
}

fn contains(body: &[u8], wanted: &[u8]) -> bool {
    body.windows(wanted.len()).any(|window| window == wanted)
}

fn check(engine: &Service) -> Option<Value> {
    let health: Value = serde_json::from_str(&engine.ask("GET", "/health", "").1).unwrap();
    let all = health["dependencies"].as_array().unwrap();
    all.iter().find(|it| it["name"] == "outgoing").cloned()
}

#[tokio::test(flavor = "multi_thread")]
async fn calls_of_the_engine_are_seen_everywhere() {
    let status = Arc::new(AtomicU16::new(201));
    let (broker, orders) = server(Arc::clone(&status)).await;
    let (receiver, exported) = server(Arc::new(AtomicU16::new(200))).await;
    let dir = tempfile::tempdir().unwrap();
    let vars = [
        ("DATABASE_URL", "sqlite:engine.db"),
        ("BROKER_URL", &*format!("http://{broker}")),
        ("LOG_LEVEL", "debug"),
        (
            "OTEL_EXPORTER_OTLP_ENDPOINT",
            &*format!("http://{receiver}"),
        ),
    ];
    let engine = Service::start("trading_engine", dir.path(), &vars);
    let trade = || engine.ask_with("POST", "/trade", HEADERS, ORDER).0;
    assert_eq!(trade(), 200);
    let (path, head, body) = orders.lock().unwrap()[0].clone();
    assert_eq!((&*path, &*body), ("/orders", &b"005930"[..]));
    assert_eq!(head["x-request-id"], "desk-7");
    assert_eq!(
        head["baggage"], "desk=seoul",
        "the broker is one's own by its address"
    );
    let parent = head["traceparent"].to_str().unwrap().to_owned();
    assert!(
        parent.starts_with(&format!("00-{TRACE}-")) && parent.ends_with("-01"),
        "{parent}"
    );

    status.store(503, Relaxed);
    assert_eq!(trade(), 502);
    assert_eq!(trade(), 502);
    assert_eq!(trade(), 502);
    let page = engine.ask("GET", "/metrics", "").1;
    for line in [
        &*format!(
            "http_client_requests_total{{host=\"{broker}\",method=\"POST\",status=\"201\"}} 1\n"
        ),
        &*format!(
            "http_client_requests_total{{host=\"{broker}\",method=\"POST\",status=\"503\"}} 3\n"
        ),
        "http_client_request_duration_seconds_count{",
        "database_queries_total{operation=\"INSERT\",status=\"success\",table=\"trades\"} 1\n",
        "cache_hits_total{cache_name=\"prices\"} 4\n",
    ] {
        assert!(page.contains(line), "{line} in {page}");
    }
    let degraded = until("half of the calls failing shows in /health", || {
        check(&engine).filter(|check| check["status"] == "degraded")
    });
    let message = degraded["message"].as_str().unwrap();
    assert!(
        message.contains(&format!("{broker}: 3 of 4 calls failed")),
        "{message}"
    );
    assert_eq!(
        engine.ask("GET", "/ready", "").0,
        200,
        "others are no reason to be taken out"
    );
    assert!(engine.stop().success());

    let log = std::fs::read_to_string(dir.path().join("trading_engine.log")).unwrap();
    let lines: Vec<Value> = log
        .lines()
        .filter_map(|line| serde_json::from_str(line).ok())
        .collect();
    for (call, status, level) in [
        (&*format!("POST {broker}"), "201", "INFO"),
        (&*format!("POST {broker}"), "503", "WARN"),
        ("INSERT trades", "success", "DEBUG"),
        ("cache prices", "success", "DEBUG"),
    ] {
        let of_it = |line: &&Value| {
            line["call"] == call && line["status"] == status && line["level"] == level
        };
        let line = lines
            .iter()
            .find(of_it)
            .unwrap_or_else(|| panic!("{call} {status} in {log}"));
        assert_eq!(
            (&line["trace_id"], &line["request_id"]),
            (&TRACE.into(), &"desk-7".into())
        );
    }
    let exported = exported.lock().unwrap();
    let traces = exported.iter().filter(|(path, ..)| path == "/v1/traces");
    let traces: Vec<u8> = traces.flat_map(|(_, _, body)| body.clone()).collect();
    let span_id = u64::from_str_radix(&parent[36..52], 16)
        .unwrap()
        .to_be_bytes();
    for said in [
        &span_id[..],
        b"INSERT trades",
        b"cache prices",
        b"server.address",
        b"db.system.name",
    ] {
        assert!(contains(&traces, said), "{}", String::from_utf8_lossy(said));
    }
}

#[test]
fn a_broker_that_is_not_there_is_told_as_refused() {
    let nobody = {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        listener.local_addr().unwrap()
    };
    let dir = tempfile::tempdir().unwrap();
    let url = format!("http://{nobody}");
    let vars = [("DATABASE_URL", "sqlite:engine.db"), ("BROKER_URL", &*url)];
    let engine = Service::start("trading_engine", dir.path(), &vars);
    let (status, body) = engine.ask("POST", "/trade", ORDER);
    assert_eq!((status, body.contains("broker")), (502, true), "{body}");
    let page = engine.ask("GET", "/metrics", "").1;
    let line = format!("host=\"{nobody}\",method=\"POST\",status=\"refused\"}} 1\n");
    assert!(page.contains(&line), "{line} in {page}");
    assert!(
        !page.contains("operation=\"INSERT\""),
        "nothing was booked: {page}"
    );
    assert!(engine.stop().success());
}
