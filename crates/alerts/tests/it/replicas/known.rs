//! What somebody said to one replica that he knows of is not told again by another.

use std::time::Duration;

use bongsu_alerts::shared::RedisShared;
use bongsu_alerts::testing::ScriptedChannel;
use bongsu_alerts::{Alert, AlertLevel, AlertManager, AlertRule, Secret, What};
use bongsu_testkit::{eventually, servers::Redis};

const COOLDOWN: Duration = Duration::from_millis(100);

fn alert(level: AlertLevel) -> Alert {
    Alert::new(level, "t", "m", "s").key("k")
}

/// Sends as often as it takes until it would be told again.
async fn again(alerts: &AlertManager, level: AlertLevel) {
    eventually("the cooldown is over", || async {
        let receipt = alerts.send_alert(alert(level)).await.unwrap();
        matches!(receipt.channels[0].what, What::Deliver { .. }).then_some(())
    })
    .await;
}

async fn settled(alerts: &AlertManager) {
    eventually("it is settled", || async {
        (alerts.get_statistics().pending == 0).then_some(())
    })
    .await;
}

#[tokio::test]
async fn what_was_acknowledged_on_one_replica_is_repeated_by_none_until_it_rises() {
    let redis = Redis::start(&[]);
    let build = |name: &str| {
        let room = ScriptedChannel::new("room");
        let shared = RedisShared::new(&Secret::new(redis.url()), "svc").unwrap();
        let (alerts, dispatcher) = AlertManager::builder("svc", "test")
            .channel(room.clone())
            .rule(AlertRule::new("all").channel("room").cooldown(COOLDOWN))
            .replicas(shared.environment("prod").replica(name))
            .build()
            .unwrap();
        (room, alerts, dispatcher)
    };
    let ((room_a, a, run_a), (room_b, b, run_b)) = (build("a"), build("b"));
    let told = || room_a.received().len() + room_b.received().len();
    let play = async {
        for alerts in [&a, &b] {
            alerts.send_alert(alert(AlertLevel::Error)).await.unwrap();
            settled(alerts).await;
        }
        let before = told();
        a.acknowledge("k", "kim").await.unwrap();
        again(&b, AlertLevel::Error).await;
        settled(&b).await;
        assert_eq!(told(), before);
        assert_eq!(b.active()[0].acknowledged_by.as_deref(), Some("kim"));
        // Whoever knew, knew of something milder.
        b.send_alert(alert(AlertLevel::Critical)).await.unwrap();
        settled(&b).await;
        assert_eq!(told(), before + 1);
        assert_eq!(b.active()[0].acknowledged_by, None);
        a.send_alert(alert(AlertLevel::Critical)).await.unwrap();
        settled(&a).await;
        let before = told();
        a.acknowledge("k", "kim").await.unwrap();
        a.unacknowledge("k", "kim").await.unwrap();
        eventually("taken back, it is repeated", || async {
            b.send_alert(alert(AlertLevel::Critical)).await.unwrap();
            (told() > before).then_some(())
        })
        .await;
    };
    tokio::select! {
        () = play => {}
        () = run_a.run(std::future::pending::<()>()) => {}
        () = run_b.run(std::future::pending::<()>()) => {}
    }
}
