//! Who may tell a message, asked of a real Redis.

use std::time::Duration;

use bongsu_alerts::shared::{RedisShared, Reservation, SharedState, Topic};
use bongsu_alerts::{AlertLevel, Secret};
use bongsu_testkit::servers::Redis;

const LONG: Duration = Duration::from_secs(600);

fn topic(key: &str) -> Topic {
    Topic {
        key: key.to_owned(),
        channel: "pager".to_owned(),
        target: "oncall".to_owned(),
        level: AlertLevel::Critical,
        resolved: false,
        falls: false,
        so: Some(AlertLevel::Critical),
        age: Duration::ZERO,
    }
}

/// That it is over.
fn end_of(page: &Topic) -> Topic {
    Topic {
        resolved: true,
        so: None,
        ..page.clone()
    }
}

fn replica(redis: &Redis, environment: &str, id: &str) -> RedisShared {
    let shared = RedisShared::new(&Secret::new(redis.url()), "svc").unwrap();
    shared.environment(environment).replica(id)
}

async fn reserve(shared: &RedisShared, topic: &Topic) -> Reservation {
    shared.reserve(topic, LONG).await.unwrap()
}

fn is_theirs(reservation: Reservation) -> bool {
    matches!(reservation, Reservation::Theirs(wait) if wait <= LONG)
}

#[tokio::test]
async fn a_replica_has_after_a_restart_what_it_had_before() {
    let redis = Redis::start(&[]);
    let page = topic("page");
    assert_eq!(
        reserve(&replica(&redis, "prod", "a"), &page).await,
        Reservation::Mine
    );
    assert!(is_theirs(
        reserve(&replica(&redis, "prod", "b"), &page).await
    ));
    let again = replica(&redis, "prod", "a");
    assert_eq!(reserve(&again, &page).await, Reservation::Mine);
    // What another environment does is none of its affair.
    let staging = replica(&redis, "staging", "c");
    assert_eq!(reserve(&staging, &page).await, Reservation::Mine);
    staging.told(&page, LONG).await.unwrap();
    assert_eq!(reserve(&again, &page).await, Reservation::Mine);
}

#[tokio::test]
async fn whoever_waits_for_a_message_comes_before_who_failed_with_it() {
    let redis = Redis::start(&[]);
    let (a, b) = (replica(&redis, "prod", "a"), replica(&redis, "prod", "b"));
    let page = topic("page");
    // Nobody waits: it may try again at once.
    assert_eq!(reserve(&a, &page).await, Reservation::Mine);
    a.release(&page).await.unwrap();
    assert_eq!(reserve(&a, &page).await, Reservation::Mine);
    // Somebody does.
    assert!(is_theirs(reserve(&b, &page).await));
    a.release(&page).await.unwrap();
    assert!(is_theirs(reserve(&a, &page).await));
    assert_eq!(reserve(&b, &page).await, Reservation::Mine);
    // Whoever has it no more cannot let go of it.
    a.release(&page).await.unwrap();
    assert!(is_theirs(reserve(&a, &page).await));
    b.told(&page, LONG).await.unwrap();
    assert_eq!(reserve(&a, &page).await, Reservation::Told);
}

#[tokio::test]
async fn nobody_waits_for_ever_for_those_who_waited() {
    let redis = Redis::start(&[]);
    let (a, b) = (replica(&redis, "prod", "a"), replica(&redis, "prod", "b"));
    let page = topic("page");
    assert_eq!(reserve(&a, &page).await, Reservation::Mine);
    assert!(is_theirs(reserve(&b, &page).await));
    a.release(&page).await.unwrap();
    // The other is gone meanwhile.
    let mut answer = reserve(&a, &page).await;
    while let Reservation::Theirs(wait) = answer {
        assert!(wait < Duration::from_secs(5), "{wait:?}");
        tokio::time::sleep(wait).await;
        answer = reserve(&a, &page).await;
    }
    assert_eq!(answer, Reservation::Mine);
}

#[tokio::test]
async fn what_falls_and_what_rises_again_is_news_and_what_is_milder_at_first_sight_is_not() {
    let redis = Redis::start(&[]);
    let (a, b) = (replica(&redis, "prod", "a"), replica(&redis, "prod", "b"));
    let at = |level, falls| Topic {
        level,
        falls,
        so: Some(level),
        ..topic("disk")
    };
    let critical = at(AlertLevel::Critical, false);
    let end = Topic {
        resolved: true,
        so: None,
        ..critical.clone()
    };
    let tells = async |topic: &Topic| {
        assert_eq!(reserve(&a, topic).await, Reservation::Mine, "{topic:?}");
        a.told(topic, LONG).await.unwrap();
        // The others have the same to say, and need not.
        assert_eq!(reserve(&b, topic).await, Reservation::Told, "{topic:?}");
    };
    tells(&critical).await;
    // Another replica sees it milder from the beginning: worse was told.
    let milder = at(AlertLevel::Error, false);
    assert_eq!(reserve(&b, &milder).await, Reservation::Told);
    // It was worse for them, and is not any more.
    tells(&at(AlertLevel::Error, true)).await;
    assert_eq!(reserve(&b, &milder).await, Reservation::Told);
    tells(&at(AlertLevel::Info, true)).await;
    tells(&at(AlertLevel::Error, false)).await;
    tells(&critical).await;
    tells(&at(AlertLevel::Error, true)).await;
    tells(&end).await;
    tells(&critical).await;
    tells(&end).await;
}

#[tokio::test]
async fn an_end_waits_for_its_beginning_whoever_tells_it() {
    let redis = Redis::start(&[]);
    let (a, b) = (replica(&redis, "prod", "a"), replica(&redis, "prod", "b"));
    let page = topic("page");
    let end = end_of(&page);
    assert_eq!(reserve(&a, &page).await, Reservation::Mine);
    assert!(is_theirs(reserve(&b, &end).await));
    // Another key, and another target, wait for nobody.
    assert_eq!(reserve(&b, &topic("disk")).await, Reservation::Mine);
    let elsewhere = Topic {
        target: "boss".to_owned(),
        ..end.clone()
    };
    assert_eq!(reserve(&b, &elsewhere).await, Reservation::Mine);
    a.told(&page, LONG).await.unwrap();
    assert_eq!(reserve(&b, &end).await, Reservation::Mine);
    b.told(&end, LONG).await.unwrap();
    assert_eq!(reserve(&a, &end).await, Reservation::Told);
}

#[tokio::test]
async fn whoever_was_stopped_for_long_unsays_nothing() {
    let redis = Redis::start(&[]);
    let (a, b) = (replica(&redis, "prod", "a"), replica(&redis, "prod", "b"));
    let page = topic("page");
    let end = end_of(&page);
    let moment = Duration::from_millis(1);
    assert_eq!(a.reserve(&page, moment).await.unwrap(), Reservation::Mine);
    while reserve(&b, &page).await != Reservation::Mine {}
    b.told(&page, LONG).await.unwrap();
    assert_eq!(reserve(&b, &end).await, Reservation::Mine);
    b.told(&end, LONG).await.unwrap();
    // It goes on where it was stopped: what was said since stands, and a new beginning is news.
    let before = Topic {
        age: LONG,
        ..page.clone()
    };
    a.told(&before, LONG).await.unwrap();
    assert_eq!(reserve(&a, &end).await, Reservation::Told);
    assert_eq!(reserve(&b, &page).await, Reservation::Mine);
    // As long as it is being told elsewhere, too.
    a.told(&before, LONG).await.unwrap();
    assert!(is_theirs(reserve(&a, &page).await));
}

#[tokio::test]
async fn a_fall_that_is_behind_is_covered_by_what_fell_further() {
    let redis = Redis::start(&[]);
    let (a, b) = (replica(&redis, "prod", "a"), replica(&redis, "prod", "b"));
    let at = |level, falls| Topic {
        level,
        falls,
        so: Some(level),
        ..topic("disk")
    };
    let info = at(AlertLevel::Info, true);
    assert_eq!(reserve(&a, &info).await, Reservation::Mine);
    a.told(&info, LONG).await.unwrap();
    for covered in [
        at(AlertLevel::Error, true),
        info,
        at(AlertLevel::Info, false),
    ] {
        assert_eq!(
            reserve(&b, &covered).await,
            Reservation::Told,
            "{covered:?}"
        );
    }
    // It begins there for whoever was never told of worse.
    assert_eq!(
        reserve(&b, &at(AlertLevel::Error, false)).await,
        Reservation::Mine
    );
}

#[tokio::test]
async fn what_a_digest_told_last_is_news_when_it_ends() {
    let redis = Redis::start(&[]);
    let (a, b) = (replica(&redis, "prod", "a"), replica(&redis, "prod", "b"));
    let (page, disk) = (topic("page"), topic("disk"));
    let end = end_of(&page);
    assert_eq!(reserve(&a, &end).await, Reservation::Mine);
    a.told(&end, LONG).await.unwrap();
    assert_eq!(reserve(&b, &end).await, Reservation::Told);
    // Its own digest says that it fires, later than the other said that it ended.
    let told = [page.clone(), disk.clone()];
    b.gathered(&told, LONG).await.unwrap();
    assert_eq!(reserve(&a, &page).await, Reservation::Told);
    assert_eq!(reserve(&a, &disk).await, Reservation::Told);
    assert_eq!(reserve(&b, &end).await, Reservation::Mine);
}

#[tokio::test]
async fn whoever_comes_late_with_what_was_told_meanwhile_tells_it_no_more() {
    let redis = Redis::start(&[]);
    let (a, b) = (replica(&redis, "prod", "a"), replica(&redis, "prod", "b"));
    let late = |topic: &Topic| Topic {
        age: LONG,
        ..topic.clone()
    };
    let moment = Duration::from_millis(1);
    let page = topic("page");
    let end = end_of(&page);
    for told in [&page, &end] {
        assert_eq!(reserve(&a, told).await, Reservation::Mine);
        a.told(told, moment).await.unwrap();
    }
    // However long ago the cooldown was over.
    assert_eq!(reserve(&b, &late(&end)).await, Reservation::Told);
    // Neither does it say now that something fires which is known to be over there, too.
    let over = Topic {
        so: None,
        ..late(&page)
    };
    assert_eq!(reserve(&b, &over).await, Reservation::Overtaken);
    // What fires still, or again, is told, and so is another end once the cooldown is over.
    assert_eq!(reserve(&b, &late(&page)).await, Reservation::Mine);
    b.release(&page).await.unwrap();
    while reserve(&a, &end).await != Reservation::Mine {}
    a.release(&end).await.unwrap();
    // A fall on its way here, where it is milder still.
    let at = |level, so| Topic {
        level,
        so: Some(so),
        falls: true,
        ..late(&topic("disk"))
    };
    let mildest = at(AlertLevel::Info, AlertLevel::Info);
    assert_eq!(reserve(&a, &mildest).await, Reservation::Mine);
    a.told(&mildest, moment).await.unwrap();
    let rise = Topic {
        falls: false,
        ..at(AlertLevel::Critical, AlertLevel::Info)
    };
    assert_eq!(reserve(&b, &rise).await, Reservation::Overtaken);
}

#[tokio::test]
async fn what_was_told_before_a_message_was_accepted_does_not_outlive_it() {
    let redis = Redis::start(&[]);
    let (a, b) = (replica(&redis, "prod", "a"), replica(&redis, "prod", "b"));
    let page = topic("page");
    let end = end_of(&page);
    assert_eq!(reserve(&a, &end).await, Reservation::Mine);
    a.told(&end, LONG).await.unwrap();
    assert_eq!(reserve(&b, &end).await, Reservation::Told);
    // Its reservation is gone when it has told that it fires again; the end of that is owed all the same.
    while reserve(&b, &end).await == Reservation::Told {
        a.told(&page, LONG).await.unwrap();
    }
}

#[tokio::test]
async fn what_an_earlier_version_kept_covers_as_long_as_it_is_there() {
    let redis = Redis::start(&[]);
    let page = topic("page");
    let client = bongsu_redis::Client::new(&redis.url()).unwrap();
    let mut link = client.connect().await.unwrap();
    let kept: &[&[u8]] = &[b"SET", b"bongsu:svc:prod:t:pager:oncall:page", b"critical"];
    link.call(&[kept]).await.unwrap();
    let a = replica(&redis, "prod", "a");
    assert_eq!(reserve(&a, &page).await, Reservation::Told);
}
