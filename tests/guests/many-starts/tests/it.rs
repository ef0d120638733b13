//! Ten starts in one process, five of them at once: each has its own handle.

use bongsu_testkit::{eventually, servers::http_get};

async fn lives(number: usize) {
    let name = format!("service-{number}");
    let data = tempfile::tempdir().unwrap();
    let service = guest_many_starts::start(&name, data.path().to_str().unwrap());
    let service = service
        .await
        .unwrap_or_else(|error| panic!("{name}: {error}"));
    let get = async |path: &'static str| {
        let port = service.port;
        tokio::task::spawn_blocking(move || http_get(port, path).ok())
            .await
            .unwrap()
    };
    eventually("it is ready", async || get("/ready").await).await;
    assert_eq!(get("/name").await, Some(name.clone()));
    service.bongsu.metrics().record_error("own", "error");
    let page = get("/metrics").await.unwrap();
    let info = format!(r#"service_name="{name}""#);
    assert!(page.contains(&info), "another one's page: {page}");
    let own = page
        .lines()
        .find(|line| line.starts_with("errors_total{") && line.contains(r#""own""#));
    assert!(
        own.is_some_and(|line| line.ends_with(" 1")),
        "shared with another: {own:?}"
    );
    service.bongsu.shutdown().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn one_after_the_other() {
    for number in 0..5 {
        lives(number).await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn all_at_once() {
    tokio::join!(lives(5), lives(6), lives(7), lives(8), lives(9));
}
