//! Servers that are none.

use std::time::Duration;

use bongsu_redis::{Client, Error, Reply};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpListener;

/// Answers whoever comes with these bytes, over and over if asked to.
async fn stranger(bytes: &'static [u8], endless: bool) -> Client {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let port = listener.local_addr().unwrap().port();
    // Ends with the test's runtime.
    #[expect(clippy::disallowed_methods, reason = "a server of the test")]
    tokio::spawn(async move {
        while let Ok((mut socket, _)) = listener.accept().await {
            let _ = socket.read(&mut [0; 256]).await;
            while socket.write_all(bytes).await.is_ok() && endless {}
            if bytes.is_empty() {
                continue;
            }
            let _ = socket.read(&mut [0; 256]).await;
        }
    });
    let client = Client::new(&format!("redis://127.0.0.1:{port}")).unwrap();
    client.limit(Duration::from_millis(1_500))
}

#[tokio::test]
async fn are_told_for_what_they_are() {
    let check = async |bytes: &'static [u8], endless: bool, want: fn(&Error) -> bool| {
        let client = stranger(bytes, endless).await;
        let mut link = client.connect().await.unwrap();
        let error = link.one(&[b"PING"]).await.unwrap_err();
        assert!(want(&error), "{bytes:?}: {error:?}");
    };
    let not_redis = |error: &Error| matches!(error, Error::NotRedis);
    check(b"HTTP/1.1 400 Bad Request\r\n\r\n", false, not_redis).await;
    check(b":x\r\n", false, not_redis).await;
    check(b"%1\r\n+a\r\n+b\r\n", false, not_redis).await;
    check(b"$4\r\nabcdX\r\n", false, not_redis).await;
    check(b"", false, |e| matches!(e, Error::HungUp)).await;
    check(b"$9999\r\nab", false, |e| {
        matches!(e, Error::Timeout { .. })
    })
    .await;
    check(b"$999999999\r\nabababababababab", true, |e| {
        matches!(e, Error::TooLong)
    })
    .await;
    check(b"*1\r\n", true, |e| {
        matches!(e, Error::NotRedis | Error::TooLong)
    })
    .await;
    check(b"|-1\r\n", false, |e| {
        matches!(e, Error::NotRedis | Error::Timeout { .. })
    })
    .await;
    let loading = |e: &Error| e.to_string() == "LOADING Redis is loading the dataset in memory";
    check(
        b"-LOADING Redis is loading the dataset in memory\r\n",
        false,
        loading,
    )
    .await;
    let odd = |e: &Error| e.to_string() == "ODD";
    check(b"-ODD\r\n", false, odd).await;
}

#[tokio::test]
async fn replies_of_every_kind() {
    let check = async |bytes: &'static [u8], want: Reply| {
        let mut link = stranger(bytes, false).await.connect().await.unwrap();
        assert_eq!(link.one(&[b"X"]).await.unwrap(), want, "{bytes:?}");
    };
    check(b"+PONG\r\n", Reply::Status("PONG".to_owned())).await;
    check(b":-42\r\n", Reply::Integer(-42)).await;
    check(b"$2\r\nab\r\n", Reply::Bulk(b"ab".to_vec())).await;
    check(b"$-1\r\n", Reply::Nil).await;
    check(b"*-1\r\n", Reply::Nil).await;
    check(
        b"*2\r\n:1\r\n$0\r\n\r\n",
        Reply::Array(vec![Reply::Integer(1), Reply::Bulk(Vec::new())]),
    )
    .await;
}
