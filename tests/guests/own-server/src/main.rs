//! A service with a server of its own: TLS by rustls with HTTP/2 on one port, a Unix socket beside it.

use std::{io, net::SocketAddr, process::ExitCode, sync::Arc};

use axum::{
    Router,
    routing::get,
    serve::{Listener, ListenerExt as _},
};
use bongsu::{Bongsu, Config, axum_glue::Peer};
use rustls::{
    ServerConfig,
    crypto::ring,
    pki_types::{CertificateDer, PrivateKeyDer, pem::PemObject as _},
};
use tokio::net::{TcpListener, TcpStream, UnixListener};
use tokio_rustls::{TlsAcceptor, server::TlsStream};

#[tokio::main]
async fn main() -> ExitCode {
    bongsu::exit_code(run().await)
}

async fn run() -> Result<(), bongsu::Error> {
    // With bongsu's there are two, between which rustls does not choose.
    let provider = ring::default_provider().install_default();
    provider.expect("nobody chose another before");
    let bongsu = Bongsu::builder(Config::from_env()?).start().await?;
    let app = Router::new().route("/orders", get(|| async { "[]" }));

    let listener = TcpListener::bind(variable("LISTEN")).await;
    let tls = Tls {
        listener: listener.map_err(bongsu::Error::service)?,
        acceptor: acceptor(&variable("CERT"), &variable("KEY")),
    };
    let unix = UnixListener::bind(variable("SOCKET")).map_err(bongsu::Error::service)?;
    let (first, second) = (bongsu.clone(), bongsu.clone());
    // Without the tap, axum gives the address of a plain TcpListener alone.
    let encrypted = axum::serve(tls.tap_io(|_| {}), bongsu.make_service(app.clone()))
        .with_graceful_shutdown(async move {
            bongsu::stop_signal().await;
            first.drain();
        });
    let app = bongsu.wrap(app);
    let local = axum::serve(unix, app.into_make_service_with_connect_info::<Peer>())
        .with_graceful_shutdown(async move {
            bongsu::stop_signal().await;
            second.drain();
        });
    let served = tokio::try_join!(encrypted, local);
    bongsu.shutdown().await;
    served.map(drop).map_err(bongsu::Error::service)
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
