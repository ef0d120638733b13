//! Two hooks of one service are two places: what was told in one was not told in the other.

use std::io::{BufRead as _, BufReader, Write as _};
use std::sync::{Arc, Mutex};

use async_trait::async_trait;
use bongsu_alerts::shared::RedisShared;
use bongsu_alerts::{
    Alert, AlertLevel, AlertManager, AlertRule, Attempt, Channel, Notification, Outcome,
    RenderError, Rendered, Secret, Target,
};
use bongsu_testkit::{eventually, servers::Redis};

/// A hook whose URL is its credential, as those of chat rooms.
#[derive(Debug, Clone)]
struct Hook {
    url: &'static str,
    told: Arc<Mutex<Vec<String>>>,
}

#[async_trait]
impl Channel for Hook {
    fn id(&self) -> &str {
        "hook"
    }

    fn targets(&self) -> Vec<Target> {
        vec![Target::new("webhook")]
    }

    fn far_side(&self) -> Option<Secret> {
        Some(Secret::new(self.url))
    }

    fn render(&self, n: &Notification, target: &Target) -> Result<Rendered, RenderError> {
        let text = format!("{}:{}", n.alert.title, n.status);
        Ok(Rendered::new(target.clone(), "text/plain", text))
    }

    async fn deliver(&self, _: &Attempt, message: &Rendered) -> Outcome {
        let text = String::from_utf8_lossy(&message.body).into_owned();
        self.told.lock().unwrap().push(text);
        Outcome::delivered()
    }
}

/// What two replicas with these hooks tell of an alert that both see, the second after the first.
async fn told(redis: &Redis, urls: [&'static str; 2]) -> [usize; 2] {
    let replicas = urls.into_iter().enumerate().map(|(place, url)| {
        let hook = Hook {
            url,
            told: Arc::default(),
        };
        let shared = RedisShared::new(&Secret::new(redis.url()), "svc").unwrap();
        let (alerts, dispatcher) = AlertManager::builder("svc", "test")
            .channel(hook.clone())
            .rule(AlertRule::new("all").channel("hook"))
            .replicas(shared.environment("prod").replica(&place.to_string()))
            .build()
            .unwrap();
        (hook, alerts, dispatcher)
    });
    let [(first, a, run_a), (second, b, run_b)]: [_; 2] =
        replicas.collect::<Vec<_>>().try_into().unwrap();
    let play = async {
        for alerts in [a, b] {
            let alert = Alert::new(AlertLevel::Critical, "halt", "m", "s").key("halt");
            alerts.send_alert(alert).await.unwrap();
            eventually("it is settled", || async {
                (alerts.get_statistics().pending == 0).then_some(())
            })
            .await;
        }
    };
    tokio::select! {
        () = play => {}
        () = run_a.run(std::future::pending::<()>()) => {}
        () = run_b.run(std::future::pending::<()>()) => {}
    }
    [first, second].map(|hook| hook.told.lock().unwrap().len())
}

/// The names of all that a Redis holds.
fn keys(redis: &Redis) -> String {
    let mut link = std::net::TcpStream::connect(("127.0.0.1", redis.port())).unwrap();
    link.write_all(b"KEYS *\r\n").unwrap();
    let mut lines = BufReader::new(link).lines().map(Result::unwrap);
    let count: usize = lines.next().unwrap()[1..].parse().unwrap();
    lines.take(2 * count).collect::<Vec<_>>().join("\n")
}

#[tokio::test]
async fn each_place_hears_of_an_alert_once() {
    let (one, other) = (
        "https://chat.example/hooks/a",
        "https://chat.example/hooks/b",
    );
    let redis = Redis::start(&[]);
    assert_eq!(told(&redis, [one, one]).await, [1, 0]);
    let redis = Redis::start(&[]);
    assert_eq!(told(&redis, [one, other]).await, [1, 1]);
    // Nothing of the URL is in the Redis.
    let keys = keys(&redis);
    assert!(
        keys.contains("webhook@") && !keys.contains("hooks/"),
        "{keys}"
    );
}
