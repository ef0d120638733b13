//! The same through a layer, around hyper's own client.

use std::time::Duration;

use axum::body::Body;
use bongsu_outgoing::OutgoingLayer;
use futures_util::future::poll_immediate;
use http_body_util::BodyExt as _;
use hyper_util::client::legacy::Client;
use hyper_util::rt::TokioExecutor;
use tower::{Layer as _, Service as _, ServiceExt as _};

use crate::{servers, watched};

fn ask(method: &str, uri: &str) -> http::Request<Body> {
    let request = http::Request::builder().method(method).uri(uri);
    request.body(Body::empty()).unwrap()
}

#[tokio::test]
async fn a_layer_passes_on_and_tells() {
    let (outgoing, ends) = watched();
    let address = servers::good().await;
    let client = Client::builder(TokioExecutor::new()).build_http();
    let mut service = OutgoingLayer::new(outgoing).layer(client);
    let uri = format!("http://u:s3cret@{address}/headers");
    let answer = service
        .ready()
        .await
        .unwrap()
        .call(ask("BREW", &uri))
        .await
        .unwrap();
    let head = answer.into_body().collect().await.unwrap().to_bytes();
    let head = String::from_utf8(head.to_vec()).unwrap();
    let end = ends.all()[0].clone();
    assert_eq!(end.said, format!("other {address} 200"));
    let line = format!("traceparent: {}\n", end.ids.unwrap());
    assert!(
        head.contains(&line) && head.contains("baggage: desk=seoul"),
        "{head}"
    );

    let refused = servers::nobody().await;
    let cuts = servers::raw("HTTP/1.1 200 OK\r\ncontent-length: 10\r\n\r\nhalf", true).await;
    let silent = servers::raw("", false).await;
    assert!(
        service
            .call(ask("GET", &format!("http://{refused}/")))
            .await
            .is_err()
    );
    let nowhere = service.call(ask("GET", "http://nobody.invalid:80/")).await;
    assert!(nowhere.is_err());
    let answer = service
        .call(ask("GET", &format!("http://{cuts}/")))
        .await
        .unwrap();
    assert!(answer.into_body().collect().await.is_err());
    let waiting = service.call(ask("GET", &format!("http://{silent}/")));
    assert!(poll_immediate(waiting).await.is_none());
    drop(service.call(ask("GET", &format!("http://{silent}/"))));
    let wanted = [
        format!("GET {refused} refused"),
        "GET nobody.invalid dns".to_owned(),
        format!("GET {cuts} reset"),
        format!("GET {silent} cancelled"),
        format!("GET {silent} cancelled"),
    ];
    assert_eq!(ends.said()[1..], wanted);
}

#[tokio::test]
async fn a_time_limit_inside_is_seen() {
    let (outgoing, ends) = watched();
    let inner = tower::service_fn(|request: http::Request<Body>| async move {
        let limit = Duration::from_millis(10);
        tokio::time::timeout(limit, std::future::pending::<()>()).await?;
        Ok::<_, tokio::time::error::Elapsed>(http::Response::new(request.into_body()))
    });
    let mut service = OutgoingLayer::new(outgoing).layer(inner);
    let mut request = ask("GET", "/quotes");
    request
        .headers_mut()
        .insert("host", "orders:8080".parse().unwrap());
    assert!(service.call(request).await.is_err());
    assert!(
        service
            .call(ask("GET", "https://Orders:443/"))
            .await
            .is_err()
    );
    assert_eq!(
        ends.said(),
        ["GET orders:8080 timeout", "GET orders timeout"]
    );
}
