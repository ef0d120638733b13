//! Calls are served over HTTP/2 beside the routes, and their status is in the metrics.

use std::process::{Command, Stdio};

use bongsu_testkit::{Process, free_address, servers::http_get, until};
use tonic_health::pb::{HealthCheckRequest, health_client::HealthClient};

#[tokio::test(flavor = "multi_thread")]
async fn a_call_that_fails_is_an_error_and_not_a_200() {
    let address = free_address();
    let data = std::env::temp_dir().join(format!("guest-grpc-{}", address.port()));
    let mut command = Command::new(env!("CARGO_BIN_EXE_guest-grpc"));
    command
        .env_clear()
        .env("SERVICE_NAME", "guest")
        .env("BONGSU_BIND", address.to_string())
        .env("BONGSU_DATA_DIR", &data)
        .stdout(Stdio::null());
    let service = Process::start(&mut command, "of this repository");
    let port = address.port();
    until("it is ready", || http_get(port, "/ready").ok());
    assert_eq!(http_get(port, "/orders").unwrap(), "[]");

    let channel = tonic::transport::Endpoint::from_shared(format!("http://{address}"));
    let channel = channel.unwrap().connect().await.unwrap();
    let mut client = HealthClient::new(channel);
    let ask = |service: &str| HealthCheckRequest {
        service: service.to_owned(),
    };
    client.check(ask("")).await.unwrap();
    let unknown = client.check(ask("nobody")).await.unwrap_err();
    assert_eq!(unknown.code(), tonic::Code::NotFound);
    drop(client);

    for status in ["200", "404"] {
        until(&format!("{status} is counted"), || {
            let page = http_get(port, "/metrics").ok()?;
            let counted = page.lines().any(|line| {
                line.starts_with("http_requests_total{")
                    && line.contains("/grpc.health.v1.Health/")
                    && line.contains(&format!(r#"status="{status}""#))
            });
            counted.then_some(())
        });
    }
    assert!(service.stop().success());
    let _ = std::fs::remove_dir_all(data);
}
