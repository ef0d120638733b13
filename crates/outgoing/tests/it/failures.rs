//! Servers that are not there, are slow, cut their answers off, and callers that leave.

use std::time::Duration;

use futures_util::future::poll_immediate;

use crate::{client, servers, watched};

const HALF: &str = "HTTP/1.1 200 OK\r\ncontent-length: 10\r\n\r\nhalf";
const CHUNKED: &str = "HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n4\r\nhalf\r\n";

#[tokio::test]
async fn no_answer_is_told_by_its_kind() {
    let (outgoing, ends) = watched();
    let refused = servers::nobody().await;
    let silent = servers::raw("", false).await;
    let cuts = servers::raw("", true).await;
    let plain = servers::good().await;
    let client = client();
    let short = Duration::from_millis(100);
    let slow = client.post(format!("http://{silent}/")).timeout(short);
    for request in [
        client.put(format!("http://{refused}/operation timed out")),
        slow,
        client.get(format!("http://{cuts}/")),
        client.get("http://nobody.invalid/"),
        client.get(format!("https://{plain}/")),
        client.get(format!("http://{plain}/around")),
    ] {
        assert!(outgoing.send(request).await.is_err());
    }
    assert!(outgoing.send(client.get("nonsense")).await.is_err());
    let wanted = [
        format!("PUT {refused} refused"),
        format!("POST {silent} timeout"),
        format!("GET {cuts} reset"),
        "GET nobody.invalid dns".to_owned(),
        format!("GET {plain} tls"),
        format!("GET {plain} error"),
    ];
    assert_eq!(
        ends.said(),
        wanted,
        "one each, and none for what is no request"
    );
}

#[tokio::test]
async fn an_answer_that_is_cut_off_is_no_answer() {
    for answer in [HALF, CHUNKED] {
        let (outgoing, ends) = watched();
        let address = servers::raw(answer, true).await;
        let answer = outgoing
            .send(client().get(format!("http://{address}/")))
            .await
            .unwrap();
        assert_eq!(answer.status(), 200);
        assert!(answer.bytes().await.is_err());
        assert_eq!(ends.said(), [format!("GET {address} reset")]);
    }
}

#[tokio::test]
async fn an_answer_that_stops_half_way_is_late() {
    let (outgoing, ends) = watched();
    let address = servers::raw(HALF, false).await;
    // Long enough for the head on a busy machine, which is asserted.
    let request = client()
        .get(format!("http://{address}/"))
        .timeout(Duration::from_secs(3));
    let answer = outgoing.send(request).await.unwrap();
    let error = answer.bytes().await.unwrap_err();
    assert!(error.is_timeout(), "{error:?}");
    assert_eq!(ends.said(), [format!("GET {address} timeout")]);
}

#[tokio::test]
async fn a_body_that_nobody_reads_to_its_end_was_an_answer() {
    let (outgoing, ends) = watched();
    let address = servers::raw(HALF, false).await;
    let mut answer = outgoing
        .send(client().get(format!("http://{address}/")))
        .await
        .unwrap();
    assert_eq!(&*answer.chunk().await.unwrap().unwrap(), b"half");
    assert!(ends.said().is_empty());
    drop(answer);
    assert_eq!(ends.said(), [format!("GET {address} 200")]);
}

#[tokio::test]
async fn an_answer_without_a_body_is_over_with_its_head() {
    let (outgoing, ends) = watched();
    let address = servers::good().await;
    let url = |n: u16| format!("http://{address}/status/{n}");
    let no_content = outgoing.send(client().delete(url(204))).await.unwrap();
    let head = outgoing.send(client().head(url(503))).await.unwrap();
    let said = [
        format!("DELETE {address} 204"),
        format!("HEAD {address} 503"),
    ];
    assert_eq!(ends.said(), said);
    drop((no_content, head));
    assert_eq!(ends.said().len(), 2);
}

#[tokio::test]
async fn a_call_that_is_given_up_is_counted_once() {
    let (outgoing, ends) = watched();
    let silent = servers::raw("", false).await;
    let client = client();
    for _ in 0..50 {
        let waiting = outgoing.send(client.get(format!("http://{silent}/")));
        assert!(poll_immediate(waiting).await.is_none());
    }
    drop(outgoing.send(client.get(format!("http://{silent}/"))));
    let said = ends.said();
    assert_eq!(said.len(), 50, "one that was never asked for was no call");
    assert!(
        said.iter()
            .all(|said| *said == format!("GET {silent} cancelled"))
    );
}

#[tokio::test]
async fn redirects_are_one_call_and_tries_are_many() {
    let (outgoing, ends) = watched();
    let address = servers::good().await;
    let request = client().get(format!("http://{address}/to-headers"));
    let again = request.try_clone().unwrap();
    let answer = outgoing.send(request).await.unwrap();
    assert_eq!(answer.url().path(), "/headers");
    let first = answer.text().await.unwrap();
    let second = outgoing.send(again).await.unwrap().text().await.unwrap();
    assert_eq!(
        ends.said(),
        [format!("GET {address} 200"), format!("GET {address} 200")]
    );
    let ids = ends.all().into_iter().map(|end| end.ids.unwrap());
    let ids: Vec<String> = ids.map(|ids| format!("traceparent: {ids}\n")).collect();
    assert!(first.contains(&ids[0]) && second.contains(&ids[1]) && ids[0] != ids[1]);
}
