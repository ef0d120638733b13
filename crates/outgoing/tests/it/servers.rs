//! Whom to call: an axum server that says what it was sent, and connections that do what no good server does.

use std::net::SocketAddr;

use axum::Router;
use axum::extract::Path;
use axum::http::{HeaderMap, StatusCode};
use axum::response::Redirect;
use axum::routing::{any, get};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpListener;

/// `/headers` gives the request's own, `/status/{n}` that status, `/to-headers` and `/around` are redirects.
pub(crate) async fn good() -> SocketAddr {
    let headers = |headers: HeaderMap| async move {
        let lines = headers
            .iter()
            .map(|(name, value)| format!("{name}: {}\n", value.to_str().unwrap()));
        lines.collect::<String>()
    };
    let status = |Path(status): Path<u16>| async move { StatusCode::from_u16(status).unwrap() };
    let app = Router::new()
        .route("/headers", any(headers))
        .route("/status/{n}", any(status))
        .route(
            "/to-headers",
            get(|| async { Redirect::temporary("/headers") }),
        )
        .route("/around", get(|| async { Redirect::temporary("/around") }));
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    tokio::task::spawn(async move { axum::serve(listener, app).await });
    address
}

/// Answers every request with these bytes, then keeps or cuts the connection.
pub(crate) async fn raw(answer: &'static str, cuts: bool) -> SocketAddr {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    tokio::task::spawn(async move {
        loop {
            let (mut stream, _) = listener.accept().await.unwrap();
            tokio::task::spawn(async move {
                let mut seen = Vec::new();
                while !seen.ends_with(b"\r\n\r\n") {
                    match stream.read_u8().await {
                        Ok(byte) => seen.push(byte),
                        Err(_) => return,
                    }
                }
                stream.write_all(answer.as_bytes()).await.unwrap();
                if !cuts {
                    let _gone = stream.read_u8().await;
                }
            });
        }
    });
    address
}

/// Where nothing listens: the port was somebody's a moment ago.
pub(crate) async fn nobody() -> SocketAddr {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    listener.local_addr().unwrap()
}
