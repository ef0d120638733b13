//! The outgoing heartbeat against a scripted server.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use bongsu_alerts::heartbeat::Heartbeat;

use super::http_server::{Sink, Step};
use super::rig::eventually;

const BEAT: Duration = Duration::from_millis(100);

#[tokio::test]
async fn it_beats_fails_recovers_and_falls_silent() {
    let sink = Sink::new([
        Step::status(200, ""),
        Step::status(500, "down"),
        Step::Reset,
    ]);
    let well = Arc::new(AtomicBool::new(true));
    let condition = Arc::clone(&well);
    let heartbeat = Heartbeat::new(sink.url("/ping/top-secret"))
        .unwrap()
        .interval(BEAT)
        .unwrap()
        .post()
        .only_when(move || condition.load(Ordering::Relaxed));
    assert!(!format!("{heartbeat:?}").contains("top-secret"));
    let watch = async {
        eventually("one failure is told", || async {
            let status = heartbeat.status();
            let error = status.last_error.unwrap_or_default();
            assert!(!error.contains("top-secret"), "{error}");
            (status.sent == 1 && status.failed >= 1).then_some(())
        })
        .await;
        eventually("it recovers", || async {
            let status = heartbeat.status();
            (status.sent >= 4 && status.failed == 2 && status.last_error.is_none()).then_some(())
        })
        .await;
        well.store(false, Ordering::Relaxed);
        eventually("it is withheld", || async {
            (heartbeat.status().withheld >= 3).then_some(())
        })
        .await;
        let sent = heartbeat.status().sent;
        eventually("still withheld", || async {
            (heartbeat.status().withheld >= 6).then_some(())
        })
        .await;
        assert!(heartbeat.status().sent <= sent + 1);
    };
    tokio::select! {
        () = heartbeat.run() => unreachable!("it never ends"),
        () = watch => {}
    }
    let received = sink.received();
    assert!(
        received
            .iter()
            .all(|request| request.method == "POST" && request.path == "/ping/top-secret")
    );
    assert_eq!(
        received.len() as u64,
        heartbeat.status().sent + 1,
        "a reset request is not read"
    );
}

#[test]
fn bad_input() {
    assert!(Heartbeat::new("hc-ping.com/x").is_err());
    let heartbeat = Heartbeat::new("https://hc-ping.com/x").unwrap();
    assert!(heartbeat.interval(Duration::from_millis(1)).is_err());
}
