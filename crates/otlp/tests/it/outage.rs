//! A receiver that is not there, refuses, takes a part, or wants to be left alone for a while.

use std::time::Duration;

use bongsu_otlp::{
    Attributes, Options, Otlp, OtlpError, Receiver as To, Signal, Span, TraceParent,
};
use bongsu_secret::Secret;
use jiff::Timestamp;
use tokio::net::TcpListener;

use crate::receiver::Receiver;

fn options(url: &str) -> Options {
    let mut options = Options::new(Attributes::new());
    options.traces = Some(To::new(url));
    options.limits.linger = Duration::ZERO;
    options
}

fn record(otlp: &Otlp, id: u64) {
    let ids = TraceParent::new(id.into(), id, true);
    otlp.record_root(&Span::new(ids, "span", Timestamp::now(), Duration::ZERO));
}

/// What became of spans 1 and 2, which go one after the other, where the receiver says this to the first request.
async fn outcome(said: (u16, &'static str, Vec<u8>)) -> (Vec<u64>, bongsu_otlp::Counts) {
    let receiver = Receiver::start().await;
    receiver.say([said]);
    let (otlp, driver) = Otlp::new(options(&receiver.url("/"))).unwrap();
    record(&otlp, 1);
    let stop = async {
        bongsu_testkit::eventually("the first request", async || {
            (!receiver.seen().is_empty()).then_some(())
        })
        .await;
        record(&otlp, 2);
    };
    driver.run(stop, Duration::from_secs(30)).await;
    let spans = receiver
        .seen()
        .into_iter()
        .flat_map(|request| request.spans());
    let ids = spans.map(|span| u64::from_be_bytes(span.span_id.try_into().unwrap()));
    let counts = otlp.statistics().next().unwrap().counts;
    (ids.collect(), counts)
}

#[tokio::test]
async fn what_an_answer_means() {
    for status in [429, 502, 503, 504] {
        let (ids, counts) = outcome((status, "retry-after: 0\r\n", Vec::new())).await;
        assert_eq!(ids, [1, 1, 2], "{status}");
        assert_eq!(
            (counts.sent, counts.lost(), counts.retries),
            (2, 0, 1),
            "{status}"
        );
    }
    for status in [400, 401, 404, 413, 500] {
        let (ids, counts) = outcome((status, "retry-after: 0\r\n", b"no".to_vec())).await;
        assert_eq!(ids, [1, 2], "{status}");
        assert_eq!(
            (counts.sent, counts.refused, counts.retries),
            (1, 1, 0),
            "{status}"
        );
    }
    // partial_success { rejected_spans: 1, error_message: "old" }
    let part = vec![0x0a, 0x07, 0x08, 0x01, 0x12, 0x03, b'o', b'l', b'd'];
    let (ids, counts) = outcome((200, "", part)).await;
    assert_eq!(ids, [1, 2]);
    assert_eq!((counts.sent, counts.rejected), (1, 1));
}

#[tokio::test]
async fn a_receiver_that_comes_up_later_gets_what_waited() {
    let address = bongsu_testkit::free_address();
    let (otlp, driver) = Otlp::new(options(&format!("http://{address}/"))).unwrap();
    record(&otlp, 1);
    let stop = async {
        let failed = || otlp.statistics().next().unwrap().counts.retries > 0;
        bongsu_testkit::eventually("a failure", async || failed().then_some(())).await;
        let listener = TcpListener::bind(address).await.unwrap();
        let receiver = Receiver::on(listener);
        record(&otlp, 2);
        bongsu_testkit::eventually("both", async || (receiver.seen().len() == 2).then_some(()))
            .await;
    };
    driver.run(stop, Duration::from_secs(30)).await;
    assert_eq!(otlp.statistics().next().unwrap().counts.sent, 2);
}

/// The end waits for a receiver as long as it is told to, and says what was lost.
#[tokio::test]
async fn the_end_does_not_wait_for_ever() {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}/", listener.local_addr().unwrap());
    let (otlp, driver) = Otlp::new(options(&url)).unwrap();
    (1..=600).for_each(|id| record(&otlp, id));
    driver.run(async {}, Duration::from_millis(50)).await;
    let statistics = otlp.statistics().next().unwrap();
    assert_eq!(
        (statistics.counts.expired, statistics.waiting_bytes),
        (600, 0)
    );
}

#[test]
fn what_cannot_be_used_is_named_and_not_shown() {
    let check = |change: fn(&mut To), want: &str| {
        let mut options = options("http://h:4318");
        if let Some(to) = &mut options.traces {
            change(to);
        }
        let error = Otlp::new(options).err().map(|error| error.to_string());
        let error = error.unwrap_or_default();
        assert!(
            error.starts_with(want) && !error.contains("s3cret"),
            "{error}"
        );
    };
    check(|to| to.url = Secret::new("s3cret"), "the URL for traces");
    check(
        |to| to.url = Secret::new("ftp://u:s3cret@h"),
        "the URL for traces",
    );
    check(
        |to| to.headers = vec![("a b".to_owned(), Secret::new("s3cret"))],
        "the header \"a b\" for traces",
    );
    check(
        |to| to.headers = vec![("ok".to_owned(), Secret::new("s3cret\n"))],
        "the header \"ok\" for traces",
    );
    check(
        |to| to.certificates = Some(b"-----BEGIN CERTIFICATE-----\nno\n".to_vec()),
        "TLS for traces",
    );
    let url = OtlpError::Url {
        signal: Signal::Logs,
    };
    assert_eq!(url.to_string(), "the URL for logs is no http or https URL");
}
