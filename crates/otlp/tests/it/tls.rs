//! TLS: whom the exporter trusts, and who it says it is, by either protocol.

use std::fs;
use std::sync::Arc;
use std::time::Duration;

use bongsu_otlp::{
    Attributes, Identity, Options, Otlp, OtlpError, Protocol, Receiver as To, Span, TraceParent,
};
use bongsu_testkit::{Certificates, eventually};
use jiff::Timestamp;
use rustls::RootCertStore;
use rustls::pki_types::pem::PemObject as _;
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use rustls::server::WebPkiClientVerifier;
use tokio::net::TcpListener;
use tokio_rustls::TlsAcceptor;

use crate::{grpc, receiver};

const BOTH: [Protocol; 2] = [Protocol::HttpProtobuf, Protocol::Grpc];

/// What a receiver with this certificate passes its connections through; perhaps it asks who calls.
fn acceptor(certificates: &Certificates, protocol: Protocol, asks: bool) -> TlsAcceptor {
    let chain = CertificateDer::pem_file_iter(certificates.path("leaf.pem")).unwrap();
    let chain = chain.map(Result::unwrap).collect();
    let key = PrivateKeyDer::from_pem_file(certificates.path("leaf.key")).unwrap();
    let provider = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
    let builder = rustls::ServerConfig::builder_with_provider(Arc::clone(&provider))
        .with_safe_default_protocol_versions()
        .unwrap();
    let builder = if asks {
        let mut known = RootCertStore::empty();
        let authority = CertificateDer::from_pem_slice(&certificates.ca_pem()).unwrap();
        known.add(authority).unwrap();
        let verifier = WebPkiClientVerifier::builder_with_provider(known.into(), provider);
        builder.with_client_cert_verifier(verifier.build().unwrap())
    } else {
        builder.with_no_client_auth()
    };
    let mut config = builder.with_single_cert(chain, key).unwrap();
    config.alpn_protocols = match protocol {
        Protocol::Grpc => vec![b"h2".to_vec()],
        _ => vec![b"http/1.1".to_vec()],
    };
    TlsAcceptor::from(Arc::new(config))
}

/// A receiver behind TLS: its port.
async fn receiver(certificates: &Certificates, protocol: Protocol, asks: bool) -> u16 {
    let acceptor = acceptor(certificates, protocol, asks);
    let accept = move |stream| {
        let acceptor = acceptor.clone();
        async move { acceptor.accept(stream).await.ok() }
    };
    let address = match protocol {
        Protocol::Grpc => grpc::Receiver::over([], accept).await.address,
        _ => {
            let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
            receiver::Receiver::over(listener, accept).address
        }
    };
    address.port()
}

fn options(port: u16, protocol: Protocol) -> Options {
    let mut options = Options::new(Attributes::new());
    let mut to = To::new(format!("https://localhost:{port}/v1/traces"));
    to.protocol = protocol;
    options.traces = Some(to);
    options.limits.linger = Duration::ZERO;
    options
}

/// How many of one span the receiver took.
async fn sent(options: Options) -> u64 {
    // A machine may have no certificates at all.
    let Ok((otlp, driver)) = Otlp::new(options) else {
        return 0;
    };
    let ids = TraceParent::new(1, 1, true);
    otlp.record_root(&Span::new(ids, "span", Timestamp::now(), Duration::ZERO));
    let counts = || otlp.statistics().next().unwrap().counts;
    let stop = eventually("an answer", async || {
        (counts().sent + counts().retries > 0).then_some(())
    });
    driver.run(stop, Duration::from_millis(10)).await;
    counts().sent
}

/// A certificate that only the configured authority knows; without it nothing is sent.
#[tokio::test]
async fn an_authority_of_ones_own() {
    let certificates = Certificates::new();
    for protocol in BOTH {
        let port = receiver(&certificates, protocol, false).await;
        for (known, wanted) in [(None, 0), (Some(certificates.ca_pem()), 1)] {
            let mut options = options(port, protocol);
            options.traces.as_mut().unwrap().certificates = known;
            assert_eq!(sent(options).await, wanted, "{protocol:?}");
        }
    }
}

/// A receiver that asks who calls takes what comes with a certificate of its authority, and nothing else.
#[tokio::test]
async fn a_receiver_that_asks_who_calls() {
    let (certificates, strangers) = (Certificates::new(), Certificates::new());
    let identity = |of: &Certificates| {
        let read = |name| fs::read(of.path(name)).unwrap();
        Identity::new(read("leaf.pem"), read("leaf.key"))
    };
    for protocol in BOTH {
        let port = receiver(&certificates, protocol, true).await;
        for (shown, wanted) in [
            (None, 0),
            (Some(identity(&certificates)), 1),
            (Some(identity(&strangers)), 0),
        ] {
            let mut options = options(port, protocol);
            let to = options.traces.as_mut().unwrap();
            to.certificates = Some(certificates.ca_pem());
            to.identity = shown;
            assert_eq!(sent(options).await, wanted, "{protocol:?}");
        }
    }
}

/// A key that is none is said at the start, and not shown.
#[tokio::test]
async fn an_identity_that_is_none() {
    let certificates = Certificates::new();
    let pem = fs::read(certificates.path("leaf.pem")).unwrap();
    let key = fs::read(certificates.path("leaf.key")).unwrap();
    for protocol in BOTH {
        for identity in [
            Identity::new(pem.clone(), "opensesame"),
            Identity::new("opensesame", key.clone()),
            Identity::new(pem.clone(), pem.clone()),
        ] {
            let mut options = options(1, protocol);
            options.traces.as_mut().unwrap().identity = Some(identity);
            assert!(!format!("{options:?}").contains("PRIVATE"));
            let error = Otlp::new(options).unwrap_err();
            assert!(matches!(error, OtlpError::Tls { .. }), "{error}");
            assert!(!error.to_string().contains("opensesame"), "{error}");
        }
    }
}
