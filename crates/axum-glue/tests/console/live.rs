//! Live updates: rendered once a tick, bounded in memory and in number, ended in order.

use std::{
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
    },
    time::Duration,
};

use axum::body::Body;
use bongsu_axum_glue::{ConsoleOptions, OpsPolicy};
use http::{Response, StatusCode};
use http_body_util::BodyExt;

use crate::{Rig, rig, with_options};

/// The next piece of a stream; none at its end.
async fn next(response: &mut Response<Body>) -> Option<String> {
    let frame = response.body_mut().frame().await?;
    let bytes = frame.unwrap().into_data().unwrap();
    Some(String::from_utf8(bytes.to_vec()).unwrap())
}

async fn stream(rig: &Rig, lang: &str) -> Response<Body> {
    let path = format!("/console/events?lang={lang}");
    let mut response = rig.get(&path, &[]).await;
    assert_eq!(response.status(), StatusCode::OK);
    assert_eq!(response.headers()["content-type"], "text/event-stream");
    assert_eq!(next(&mut response).await.unwrap(), "retry: 2000\n\n");
    response
}

#[tokio::test(start_paused = true)]
async fn updates_arrive_in_the_language_asked_for() {
    let mut rig = rig(OpsPolicy::open());
    let publisher = tokio::spawn(rig.publisher.take().unwrap().run());
    let (mut en, mut ko) = (stream(&rig, "en").await, stream(&rig, "ko").await);
    let english = next(&mut en).await.unwrap();
    let korean = next(&mut ko).await.unwrap();
    assert!(english.starts_with("data: <section id=\"beacon\"") && english.ends_with("\n\n"));
    assert!(english.contains("Firing alerts") && korean.contains("발생 중인 알림"));
    for line in english.trim_end().lines() {
        assert!(line.starts_with("data: "), "{line:?}");
    }
    // The forms inside are this process's.
    assert_eq!(crate::token_in(&english), rig.form_token().await);
    publisher.abort();
    assert!(publisher.await.unwrap_err().is_cancelled());
    // What was under way may still come; then the stream is over.
    while next(&mut en).await.is_some() {}
}

#[tokio::test(start_paused = true)]
async fn a_slow_reader_gets_the_newest_and_nothing_is_queued() {
    let options = ConsoleOptions::default().tick(Duration::from_secs(20));
    let mut rig = with_options(OpsPolicy::open(), options);
    tokio::spawn(rig.publisher.take().unwrap().run());
    let mut slow = stream(&rig, "en").await;
    next(&mut slow).await.unwrap();
    rig.source.set_alerts(vec![]);
    tokio::time::sleep(Duration::from_secs(610)).await;
    let newest = next(&mut slow).await.unwrap();
    assert!(newest.contains("Nothing fires."), "the newest");
    let more = tokio::time::timeout(Duration::from_secs(5), next(&mut slow)).await;
    assert!(more.is_err(), "nothing is left over from ten minutes");
}

#[tokio::test(start_paused = true)]
async fn one_page_too_many_is_told_to_come_later() {
    let options = ConsoleOptions::default().clients(3);
    let rig = with_options(OpsPolicy::open(), options);
    let mut streams = Vec::new();
    for _ in 0..3 {
        streams.push(stream(&rig, "en").await);
    }
    let refused = rig.get("/console/events", &[]).await;
    assert_eq!(refused.status(), StatusCode::SERVICE_UNAVAILABLE);
    assert_eq!(refused.headers()["retry-after"], "30");
    assert_eq!(rig.get("/console", &[]).await.status(), StatusCode::OK);
    streams.pop();
    stream(&rig, "en").await;
}

#[tokio::test(start_paused = true)]
async fn a_stream_ends_before_a_session_could() {
    let options = ConsoleOptions::default().tick(Duration::from_secs(600));
    let mut rig = with_options(OpsPolicy::open(), options);
    tokio::spawn(rig.publisher.take().unwrap().run());
    let mut live = stream(&rig, "en").await;
    tokio::time::sleep(Duration::from_secs(3_601)).await;
    while next(&mut live).await.is_some() {}
}

#[tokio::test(start_paused = true)]
async fn it_renders_once_for_everybody_and_never_for_nobody() {
    let asked = Arc::new(AtomicUsize::new(0));
    let count = asked.clone();
    let source = Arc::new(bongsu_console::testing::FakeSource::new(move || {
        count.fetch_add(1, Ordering::Relaxed);
        jiff::Timestamp::UNIX_EPOCH
    }));
    let (router, publisher) = bongsu_axum_glue::console_router::<()>(
        source.operator(),
        source.memory(),
        OpsPolicy::open(),
        ConsoleOptions::default(),
    );
    let rig = Rig {
        source: Arc::new(bongsu_console::testing::FakeSource::new(|| {
            jiff::Timestamp::UNIX_EPOCH
        })),
        router,
        publisher: None,
    };
    tokio::spawn(publisher.run());
    let since = |start: usize| asked.load(Ordering::Relaxed) - start;
    let start = asked.load(Ordering::Relaxed);
    tokio::time::sleep(Duration::from_secs(60)).await;
    assert_eq!(since(start), 0, "nobody looks");

    let mut many = Vec::new();
    for _ in 0..100 {
        many.push(stream(&rig, "ko").await);
    }
    let start = asked.load(Ordering::Relaxed);
    for live in &mut many {
        next(live).await.unwrap();
    }
    // One snapshot; the history is at hand.
    assert_eq!(since(start), 1, "everybody looks");
}
