//! Bytes on a connection to a service under bongsu.

use std::{net::SocketAddr, time::Duration};

use bongsu::axum_glue::{ServeOptions, serve};
use tokio::{
    io::{AsyncReadExt as _, AsyncWriteExt as _},
    net::{TcpListener, TcpStream},
    time::timeout,
};

use super::{Check, request::SERVICE};

/// An answer that goes on for ever is read for this long.
const LOOK: Duration = Duration::from_millis(50);
/// How often the service is asked whether it lives.
const TRIES: usize = 300;

/// A corpus' line ends are those of HTTP. Whatever is sent, the connection ends and the next one is served.
pub(super) fn prepare() -> Check {
    let (runtime, app) = &*SERVICE;
    let address = runtime.block_on(async {
        let listener = TcpListener::bind("127.0.0.1:0").await;
        let listener = listener.expect("a free port of the loopback interface");
        let address = listener.local_addr().expect("a bound address");
        let mut options = ServeOptions::default();
        options.header_timeout = LOOK;
        options.body_timeout = LOOK;
        let served = serve(
            vec![(listener, app.clone())],
            options,
            std::future::pending(),
            || {},
        );
        tokio::task::spawn(served);
        address
    });
    let mut tried = 0_u64;
    Box::new(move |bytes| {
        let bytes = String::from_utf8_lossy(bytes)
            .replace("\r\n", "\n")
            .replace('\n', "\r\n");
        let answer = runtime.block_on(ask(address, bytes.as_bytes()));
        let status = answer.get(9..12).unwrap_or("none").to_owned();
        tried += 1;
        if tried.is_multiple_of(64) {
            // On a machine that is busy with others, a moment may be too short for the server or for who asks.
            let lives = (0..TRIES).any(|_| {
                let asked = ask(address, b"GET /liveness HTTP/1.1\r\nhost: a\r\n\r\n");
                let alive = runtime.block_on(asked).starts_with("HTTP/1.1 200");
                if !alive {
                    std::thread::sleep(LOOK);
                }
                alive
            });
            if !lives {
                return Err("the next requests get no answer".to_owned());
            }
        }
        Ok(status)
    })
}

async fn ask(address: SocketAddr, bytes: &[u8]) -> String {
    let Ok(mut stream) = TcpStream::connect(address).await else {
        return "cannot connect".to_owned();
    };
    // It may refuse before it has read everything.
    let _ = stream.write_all(bytes).await;
    let _ = stream.shutdown().await;
    let mut answer = Vec::new();
    let _endless = timeout(LOOK, stream.read_to_end(&mut answer)).await;
    String::from_utf8_lossy(&answer).into_owned()
}
