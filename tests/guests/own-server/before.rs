//! A service with a server of its own: TLS by rustls with HTTP/2 on one port, a Unix socket beside it.

use std::{io, net::SocketAddr, sync::Arc};

use axum::{
    Router,
    routing::get,
    serve::{Listener, ListenerExt as _},
};
use rustls::{
    ServerConfig,
    pki_types::{CertificateDer, PrivateKeyDer, pem::PemObject as _},
};
use tokio::net::{TcpListener, TcpStream, UnixListener};
use tokio_rustls::{TlsAcceptor, server::TlsStream};

#[tokio::main]
async fn main() -> io::Result<()> {
    let app = Router::new().route("/orders", get(|| async { "[]" }));

    let tls = Tls {
        listener: TcpListener::bind(variable("LISTEN")).await?,
        acceptor: acceptor(&variable("CERT"), &variable("KEY")),
    };
    let unix = UnixListener::bind(variable("SOCKET"))?;
    let encrypted = axum::serve(tls.tap_io(|_| {}), app.clone()).with_graceful_shutdown(stopped());
    let local = axum::serve(unix, app).with_graceful_shutdown(stopped());
    tokio::try_join!(encrypted, local).map(drop)
}

async fn stopped() {
    tokio::signal::ctrl_c().await.unwrap_or(());
}

fn variable(name: &str) -> String {
    std::env::var(name).unwrap_or_else(|_| panic!("{name} is set"))
}

fn acceptor(certificate: &str, key: &str) -> TlsAcceptor {
    let chain: Result<Vec<_>, _> = CertificateDer::pem_file_iter(certificate)
        .expect("CERT can be read")
        .collect();
    let key = PrivateKeyDer::from_pem_file(key).expect("KEY can be read");
    let mut config = ServerConfig::builder()
        .with_no_client_auth()
        .with_single_cert(chain.expect("CERT is PEM"), key)
        .expect("KEY is CERT's");
    config.alpn_protocols = vec![b"h2".to_vec(), b"http/1.1".to_vec()];
    TlsAcceptor::from(Arc::new(config))
}

/// A listener whose connections are encrypted.
struct Tls {
    listener: TcpListener,
    acceptor: TlsAcceptor,
}

impl Listener for Tls {
    type Io = TlsStream<TcpStream>;
    type Addr = SocketAddr;

    async fn accept(&mut self) -> (Self::Io, Self::Addr) {
        loop {
            let (stream, peer) = Listener::accept(&mut self.listener).await;
            if let Ok(stream) = self.acceptor.accept(stream).await {
                return (stream, peer);
            }
        }
    }

    fn local_addr(&self) -> io::Result<Self::Addr> {
        self.listener.local_addr()
    }
}
