//! Two servers and a Sentinel: the primary goes, the client finds the next.

use std::path::Path;
use std::time::Duration;

use bongsu_redis::{Client, Error, Reply};

use crate::rig::{PATIENCE, Server, client, free_port};

fn sentinel(folder: &Path, primary: u16) -> (Server, u16) {
    let port = free_port();
    let settings = format!(
        "port {port}\nbind 127.0.0.1\nrequirepass watch\n\
         sentinel monitor mymaster 127.0.0.1 {primary} 1\n\
         sentinel auth-pass mymaster pw\n\
         sentinel down-after-milliseconds mymaster 500\n\
         sentinel failover-timeout mymaster 3000\n"
    );
    std::fs::write(folder.join("sentinel.conf"), settings).unwrap();
    let server = Server::start(folder, &["./sentinel.conf", "--sentinel"]);
    (server, port)
}

async fn role(client: &Client) -> Result<String, Error> {
    let mut link = client.connect().await?;
    match link.one(&[b"ROLE"]).await? {
        Reply::Array(parts) => Ok(parts[0].text().unwrap_or_default().to_owned()),
        other => panic!("{other:?}"),
    }
}

/// Waits until the client is where it should be.
async fn until_primary(client: &Client, port: u16) {
    let want = format!("tcp_port:{port}");
    let found = async {
        loop {
            if let Ok(mut link) = client.connect().await
                && let Ok(Reply::Bulk(info)) = link.one(&[b"INFO", b"server"]).await
                && String::from_utf8_lossy(&info).contains(&want)
            {
                return;
            }
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
    };
    let found = tokio::time::timeout(PATIENCE, found).await;
    found.unwrap_or_else(|_| panic!("never led to the server on {port}"));
}

#[tokio::test]
async fn the_next_primary_is_found() {
    let folder = tempfile::tempdir().unwrap();
    let (one, two) = (free_port(), free_port());
    let login = ["--requirepass", "pw", "--masterauth", "pw"];
    let first = Server::plain(folder.path(), one, &login);
    let master = format!("127.0.0.1 {one}");
    let mut follows = login.to_vec();
    follows.extend(["--replicaof", &master]);
    let _second = Server::plain(folder.path(), two, &follows);
    let (_sentinel, watch) = sentinel(folder.path(), one);

    // The first Sentinel of the URL is dead.
    let dead = free_port();
    let url = format!(
        "redis-sentinel://:pw@127.0.0.1:{dead},127.0.0.1:{watch}/mymaster/0?sentinel_password=watch"
    );
    let through = client(&url);
    until_primary(&through, one).await;
    assert_eq!(role(&through).await.unwrap(), "master");
    let mut link = through.connect().await.unwrap();

    // The Sentinel must know the second server before it can choose it.
    let sentinels = client(&format!("redis://:watch@127.0.0.1:{watch}"));
    let knows = async {
        let question: &[&[u8]] = &[b"SENTINEL", b"REPLICAS", b"mymaster"];
        loop {
            let mut ask = sentinels.connect().await.unwrap();
            if matches!(ask.one(question).await, Ok(Reply::Array(all)) if !all.is_empty()) {
                return;
            }
            tokio::time::sleep(Duration::from_millis(100)).await;
        }
    };
    tokio::time::timeout(PATIENCE, knows).await.unwrap();

    drop(first);
    assert!(link.one(&[b"PING"]).await.is_err());
    until_primary(&through, two).await;
    let mut link = through.connect().await.unwrap();
    let set: &[&[u8]] = &[b"SET", b"k", b"v"];
    assert_eq!(link.one(set).await.unwrap(), Reply::Status("OK".to_owned()));

    let other = client(&url.replace("mymaster", "nobody"));
    let error = other.connect().await.unwrap_err();
    assert!(
        error.to_string().contains("a primary called nobody"),
        "{error}"
    );
    assert!(
        error.to_string().contains("does not know that name"),
        "{error}"
    );
}
