//! Its own server serves bongsu's routes as bongsu's would, also behind a proxy, and ends with it.

use std::{
    io::{Read as _, Write as _},
    os::unix::net::UnixStream,
    process::{Command, Stdio},
    sync::Arc,
};

use bongsu_testkit::{Certificates, Process, eventually, free_address};
use rustls::{
    ClientConfig, RootCertStore,
    crypto::ring,
    pki_types::{CertificateDer, ServerName, pem::PemObject as _},
};
use tokio::{
    io::{AsyncReadExt as _, AsyncWriteExt as _},
    net::TcpStream,
};
use tokio_rustls::{TlsConnector, client::TlsStream};

async fn connect(
    certificates: &Certificates,
    port: u16,
    protocol: &[u8],
) -> Option<TlsStream<TcpStream>> {
    let mut roots = RootCertStore::empty();
    let ca = CertificateDer::from_pem_file(certificates.path("ca.pem")).unwrap();
    roots.add(ca).unwrap();
    let provider = Arc::new(ring::default_provider());
    let config =
        ClientConfig::builder_with_provider(provider).with_safe_default_protocol_versions();
    let mut config = config
        .unwrap()
        .with_root_certificates(roots)
        .with_no_client_auth();
    config.alpn_protocols = vec![protocol.to_vec()];
    let stream = TcpStream::connect(("127.0.0.1", port)).await.ok()?;
    let name = ServerName::try_from("localhost").unwrap();
    let stream = TlsConnector::from(Arc::new(config))
        .connect(name, stream)
        .await;
    Some(stream.unwrap())
}

async fn get(certificates: &Certificates, port: u16, path: &str, header: &str) -> Option<String> {
    let mut stream = connect(certificates, port, b"http/1.1").await?;
    let request =
        format!("GET {path} HTTP/1.1\r\nhost: localhost\r\n{header}connection: close\r\n\r\n");
    stream.write_all(request.as_bytes()).await.unwrap();
    let mut answer = String::new();
    let _closed_without_a_word = stream.read_to_string(&mut answer).await;
    Some(answer)
}

#[tokio::test]
async fn what_bongsu_adds_is_there_on_both_sockets() {
    let certificates = Certificates::new();
    let address = free_address();
    let data = certificates.folder().join("data");
    let socket = certificates.folder().join("guest.sock");
    let mut command = Command::new(env!("CARGO_BIN_EXE_guest-own-server"));
    command
        .env_clear()
        .env("SERVICE_NAME", "guest")
        .env("BONGSU_DATA_DIR", &data)
        .env("LISTEN", address.to_string())
        .env("SOCKET", &socket)
        .env("CERT", certificates.path("leaf.pem"))
        .env("KEY", certificates.path("leaf.key"))
        .stdout(Stdio::null());
    let service = Process::start(&mut command, "of this repository");
    let ask = async |path, header| get(&certificates, address.port(), path, header).await;
    eventually("it is ready", async || {
        ask("/ready", "")
            .await
            .filter(|answer| answer.contains("200 OK"))
    })
    .await;
    let status = async |path, header| {
        let answer = ask(path, header).await.unwrap();
        answer.split(' ').nth(1).unwrap().to_owned()
    };
    assert_eq!(status("/orders", "").await, "200");
    // The machine itself, and then somebody whom a proxy passed on.
    assert_eq!(status("/admin/alerts", "").await, "200");
    let passed = "x-forwarded-for: 1.2.3.4\r\n";
    assert_eq!(status("/admin/alerts", passed).await, "403");
    assert_eq!(status("/no-such", passed).await, "404");

    // HTTP/2: its preface and empty settings, then settings (type 4) come back.
    let mut stream = connect(&certificates, address.port(), b"h2").await.unwrap();
    assert_eq!(stream.get_ref().1.alpn_protocol(), Some(&b"h2"[..]));
    let preface = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n\0\0\0\x04\0\0\0\0\0";
    stream.write_all(preface).await.unwrap();
    let mut frame = [0; 9];
    stream.read_exact(&mut frame).await.unwrap();
    assert_eq!(frame[3], 4);
    drop(stream);

    // Whoever may open the socket's file is the machine itself.
    for path in ["/health", "/admin/alerts"] {
        let mut local = UnixStream::connect(&socket).unwrap();
        let request =
            format!("GET {path} HTTP/1.1\r\nhost: localhost\r\nconnection: close\r\n\r\n");
        local.write_all(request.as_bytes()).unwrap();
        let mut answer = String::new();
        local.read_to_string(&mut answer).unwrap();
        assert!(answer.starts_with("HTTP/1.1 200 OK"), "{path}: {answer}");
    }
    assert!(service.stop().success());
}
