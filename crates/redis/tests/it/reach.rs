//! Every way to a server, and every way to be turned away.

use std::path::Path;
use std::process::Command;
use std::time::Duration;

use bongsu_redis::{Client, Error, Reply};

use crate::rig::{Server, client, free_port, ping};

#[tokio::test]
async fn passwords_and_users() {
    let folder = tempfile::tempdir().unwrap();
    let port = free_port();
    let _server = Server::plain(
        folder.path(),
        port,
        &[
            "--requirepass",
            "p@ss/w%rd",
            "--user",
            "probe",
            "on",
            ">q#1",
            "~*",
            "-@all",
            "+ping",
        ],
    );
    let at = |login: &str| format!("redis://{login}127.0.0.1:{port}");
    for right in [
        ":p%40ss%2Fw%25rd@",
        "default:p%40ss%2fw%25rd@",
        "probe:q%231@",
        "probe:q#1@",
    ] {
        assert_eq!(ping(&client(&at(right))).await, Ok(()), "{right}");
    }
    for (wrong, said) in [
        (":p%40ss@", "WRONGPASS"),
        ("probe:p%40ss%2Fw%25rd@", "WRONGPASS"),
        ("nobody:x@", "WRONGPASS"),
        ("", "NOAUTH"),
    ] {
        let told = ping(&client(&at(wrong))).await.unwrap_err();
        assert!(told.starts_with(said), "{wrong}: {told}");
        assert!(!told.contains("p@ss"), "{told}");
    }
    let mut link = client(&at("probe:q%231@")).connect().await.unwrap();
    let replies = link.call(&[&[b"PING"], &[b"INFO"], &[b"PING"]]).await;
    let [Reply::Status(_), Reply::Error(said), Reply::Status(_)] = &replies.unwrap()[..] else {
        panic!("one refusal among three answers");
    };
    assert!(said.starts_with("NOPERM"), "{said}");
}

#[tokio::test]
async fn a_database_of_its_own() {
    let folder = tempfile::tempdir().unwrap();
    let port = free_port();
    let _server = Server::plain(folder.path(), port, &[]);
    let url = |database: &str| format!("redis://127.0.0.1:{port}{database}");
    let mut third = client(&url("/3?timeout=5")).connect().await.unwrap();
    let set: &[&[u8]] = &[b"SET", b"k", b"v"];
    assert_eq!(
        third.one(set).await.unwrap(),
        Reply::Status("OK".to_owned())
    );
    let mut again = client(&url("?db=3")).connect().await.unwrap();
    assert_eq!(
        again.one(&[b"GET", b"k"]).await.unwrap(),
        Reply::Bulk(b"v".to_vec())
    );
    let mut zero = client(&url("")).connect().await.unwrap();
    assert_eq!(zero.one(&[b"GET", b"k"]).await.unwrap(), Reply::Nil);
    let error = client(&url("/99")).connect().await.unwrap_err();
    assert!(matches!(error, Error::Server(_)), "{error}");
}

#[tokio::test]
async fn a_unix_socket() {
    let folder = tempfile::tempdir().unwrap();
    let socket = folder.path().join("my redis.sock");
    let path = socket.to_str().unwrap().replace(' ', "%20");
    let args = [
        "--port",
        "0",
        "--unixsocket",
        socket.to_str().unwrap(),
        "--requirepass",
        "p@s",
        "--save",
        "",
    ];
    let server = Server::start(folder.path(), &args);
    for url in [
        format!("unix://{path}?password=p%40s&db=1"),
        format!("redis+unix://:p%40s@{path}"),
    ] {
        assert_eq!(ping(&client(&url)).await, Ok(()), "{url}");
    }
    drop(server);
    let told = ping(&client(&format!("unix://{path}"))).await.unwrap_err();
    assert!(told.contains("refused"), "{told}");
    let told = ping(&client("unix:///no/such.sock")).await.unwrap_err();
    assert_eq!(
        told,
        "connect /no/such.sock: No such file or directory (os error 2)"
    );
}

#[tokio::test]
async fn tls_by_a_private_ca() {
    let folder = tempfile::tempdir().unwrap();
    certificates(folder.path());
    let port = free_port();
    let tls = port.to_string();
    let args = [
        "--port",
        "0",
        "--tls-port",
        &tls,
        "--bind",
        "127.0.0.1",
        "--save",
        "",
        "--tls-cert-file",
        "server.pem",
        "--tls-key-file",
        "server.key",
        "--tls-ca-cert-file",
        "ca.pem",
        "--tls-auth-clients",
        "no",
        "--requirepass",
        "pw",
    ];
    let _server = Server::start(folder.path(), &args);
    let file = |name: &str| folder.path().join(name).display().to_string();
    let url = |host: &str, more: &str| format!("rediss://:pw@{host}:{port}/1{more}");
    let ca = format!("?ca={}", file("ca.pem"));
    for host in ["localhost", "127.0.0.1"] {
        assert_eq!(ping(&client(&url(host, &ca))).await, Ok(()), "{host}");
    }
    let check = async |url: String, want: &str| {
        let told = ping(&client(&url)).await.unwrap_err();
        assert!(told.contains(want), "{url}: {told}");
    };
    // Neither another CA nor the system's believes it, and no fragment talks that away.
    check(
        url("localhost", &format!("?ca={}", file("other.pem"))),
        "TLS with localhost",
    )
    .await;
    check(url("localhost", "#insecure"), "TLS with localhost").await;
    check(
        url("localhost", &format!("?ca={}", file("none.pem"))),
        "none.pem",
    )
    .await;
    check(
        url("localhost", &format!("?ca={}", file("server.key"))),
        "server.key",
    )
    .await;
    // Without TLS where TLS is spoken, and the reverse.
    let plain = free_port();
    let _plain = Server::plain(folder.path(), plain, &[]);
    let short = |url: String| Client::new(&url).unwrap().limit(Duration::from_secs(1));
    let told = ping(&short(format!("rediss://localhost:{plain}{ca}"))).await;
    assert!(told.is_err());
    let told = ping(&short(format!("redis://localhost:{port}"))).await;
    assert!(told.is_err());
}

/// A CA, another CA, and a certificate of the first one for this machine.
fn certificates(folder: &Path) {
    let openssl = |args: &[&str]| {
        let output = Command::new("openssl")
            .args(args)
            .current_dir(folder)
            .output();
        let output = output.expect("openssl starts (Debian package openssl)");
        assert!(
            output.status.success(),
            "{}",
            String::from_utf8_lossy(&output.stderr)
        );
    };
    let key = [
        "-newkey",
        "ec",
        "-pkeyopt",
        "ec_paramgen_curve:P-256",
        "-nodes",
        "-days",
        "2",
    ];
    for name in ["ca", "other"] {
        let (pem, secret) = (format!("{name}.pem"), format!("{name}.key"));
        let subject = format!("/CN=bongsu test {name}");
        let mut args = vec![
            "req", "-x509", "-out", &pem, "-keyout", &secret, "-subj", &subject,
        ];
        args.extend(key);
        openssl(&args);
    }
    let mut args = vec![
        "req",
        "-out",
        "server.csr",
        "-keyout",
        "server.key",
        "-subj",
        "/CN=localhost",
    ];
    args.extend(key.iter().filter(|word| !matches!(**word, "-days" | "2")));
    openssl(&args);
    std::fs::write(
        folder.join("san"),
        "subjectAltName=DNS:localhost,IP:127.0.0.1\n",
    )
    .unwrap();
    openssl(&[
        "x509",
        "-req",
        "-in",
        "server.csr",
        "-CA",
        "ca.pem",
        "-CAkey",
        "ca.key",
        "-CAcreateserial",
        "-out",
        "server.pem",
        "-days",
        "2",
        "-extfile",
        "san",
    ]);
}

#[tokio::test]
async fn who_does_not_answer() {
    let refused = Client::new(&format!("redis://127.0.0.1:{}", free_port())).unwrap();
    let error = refused.connect().await.unwrap_err();
    assert!(error.is_unreached());
    assert!(error.to_string().contains("Connection refused"), "{error}");

    let unknown = client("redis://no-such-host.invalid:1");
    let error = unknown.connect().await.unwrap_err();
    assert!(
        error.to_string().starts_with("name resolution: "),
        "{error}"
    );

    // Accepts and keeps silent.
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let port = listener.local_addr().unwrap().port();
    let limit = Duration::from_millis(200);
    let silent = Client::new(&format!("redis://:pw@127.0.0.1:{port}")).unwrap();
    let error = silent.limit(limit).connect().await.unwrap_err();
    assert_eq!(error.to_string(), "no answer within 200ms");
}
