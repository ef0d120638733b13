//! What goes along, to whom.

use bongsu_outgoing::{Outgoing, PassOn, is_own};

use crate::{client, servers, watched};

#[tokio::test]
async fn a_call_passes_the_ids_on_and_is_told() {
    let (outgoing, ends) = watched();
    let address = servers::good().await;
    let url = format!("http://user:s3cret@{address}/headers?key=s3cret");
    let answer = outgoing.send(client().get(&url)).await.unwrap();
    assert!(ends.said().is_empty(), "its body is not there yet");
    assert_eq!(
        (answer.status().as_u16(), answer.url().path()),
        (200, "/headers")
    );
    assert_eq!(answer.url().query(), Some("key=s3cret"));
    assert_eq!(answer.remote_addr(), Some(address));
    let length = answer.content_length();
    let head = answer.text().await.unwrap();
    assert_eq!(length, Some(head.len() as u64));
    let end = ends.all()[0].clone();
    assert_eq!(
        (end.said, end.parent),
        (format!("GET {address} 200"), Some(0xb7))
    );
    assert!(end.waited <= end.elapsed);
    let own = end.ids.unwrap();
    assert_eq!((own.trace_id, own.sampled), (0xaf, true));
    assert_ne!(own.span_id, 0xb7, "a span of its own");
    for line in [
        &*format!("traceparent: {own}\n"),
        "tracestate: vendor=1\n",
        "baggage: desk=seoul\n",
        "x-request-id: r-1\n",
    ] {
        assert!(head.contains(line), "{line} in {head}");
    }
}

#[tokio::test]
async fn what_a_request_says_itself_is_left() {
    let (outgoing, ends) = watched();
    let address = servers::good().await;
    let request = client().get(format!("http://{address}/headers"));
    let request = request
        .header("traceparent", "own")
        .header("x-request-id", "mine");
    let head = outgoing.send(request).await.unwrap().text().await.unwrap();
    assert!(
        head.contains("traceparent: own\n") && head.contains("x-request-id: mine\n"),
        "{head}"
    );
    assert!(
        !head.contains("tracestate") && head.contains("baggage"),
        "{head}"
    );
    assert_eq!(ends.all()[0].ids, None, "the span is the caller's own");
}

/// `broker.example` is this machine under another's name.
#[tokio::test]
async fn others_are_told_no_baggage() {
    let address = servers::good().await;
    let client = reqwest::Client::builder()
        .no_proxy()
        .resolve("broker.example", address)
        .build()
        .unwrap();
    let ask = async |outgoing: &Outgoing, host: &str| {
        let url = format!("http://{host}:{}/headers", address.port());
        let answer = outgoing.send(client.get(url)).await.unwrap();
        let head = answer.text().await.unwrap();
        let has = |name: &str| {
            head.lines()
                .any(|line| line.starts_with(&format!("{name}: ")))
        };
        (
            has("traceparent"),
            has("tracestate"),
            has("x-request-id"),
            has("baggage"),
        )
    };
    let (usual, ends) = watched();
    assert_eq!(
        ask(&usual, "broker.example").await,
        (true, true, true, false)
    );
    assert_eq!(ask(&usual, "127.0.0.1").await, (true, true, true, true));
    assert_eq!(
        ask(&usual, "BROKER.example").await,
        (true, true, true, false)
    );
    let said = format!("GET broker.example:{} 200", address.port());
    assert_eq!(ends.said()[2], said, "one host, however it is written");

    let closed = watched().0.pass_on(|host| match is_own(host) {
        true => PassOn::Everything,
        false => PassOn::Nothing,
    });
    assert_eq!(
        ask(&closed, "broker.example").await,
        (false, false, false, false)
    );
    assert_eq!(ask(&closed, "127.0.0.1").await, (true, true, true, true));
    let open = watched()
        .0
        .pass_on(|host| match host.starts_with("broker.example:") {
            true => PassOn::Everything,
            false => PassOn::Ids,
        });
    assert_eq!(ask(&open, "broker.example").await, (true, true, true, true));
    assert_eq!(ask(&open, "127.0.0.1").await, (true, true, true, false));
}

#[tokio::test]
async fn nothing_is_passed_on_where_there_is_nothing() {
    let address = servers::good().await;
    let request = client().get(format!("http://{address}/headers"));
    let head = Outgoing::new()
        .send(request)
        .await
        .unwrap()
        .text()
        .await
        .unwrap();
    for name in ["traceparent", "baggage", "x-request-id"] {
        assert!(!head.contains(name), "{head}");
    }
}

/// A server that nobody here wrote: Python's.
#[tokio::test]
async fn a_server_of_another_make_is_told_like_any() {
    const SERVES: &str = "\
from http.server import BaseHTTPRequestHandler, HTTPServer
class Echo(BaseHTTPRequestHandler):
    def do_GET(self):
        said = str(self.headers).encode()
        self.send_response(200); self.end_headers(); self.wfile.write(said)
server = HTTPServer(('127.0.0.1', 0), Echo)
print(server.server_port, flush=True)
server.serve_forever()
";
    let mut command = std::process::Command::new(bongsu_testkit::python("python3"));
    command
        .args(["-c", SERVES])
        .stdout(std::process::Stdio::piped());
    let mut served = bongsu_testkit::Process::start(&mut command, "python3");
    let port = served.lines().next();
    let (outgoing, ends) = watched();
    let ask = async |method: reqwest::Method| {
        let request = client().request(method, format!("http://127.0.0.1:{port}/"));
        outgoing.send(request).await.unwrap().text().await.unwrap()
    };
    let head = ask(reqwest::Method::GET).await;
    assert!(
        head.contains("traceparent: 00-") && head.contains("baggage: desk=seoul"),
        "{head}"
    );
    ask(reqwest::Method::PUT).await;
    let said = [
        format!("GET 127.0.0.1:{port} 200"),
        format!("PUT 127.0.0.1:{port} 501"),
    ];
    assert_eq!(ends.said(), said);
}
