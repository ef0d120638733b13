//! The whole way, from `send_alert` to three real receivers that fail first: what arrived, how often,
//! not before it was allowed to. Missing and unexpected messages both fail.

use std::time::Duration;

use bongsu_alerts::channels::{EmailChannel, SlackChannel, WebhookChannel};
use bongsu_alerts::{Alert, AlertEvent, AlertLevel, AlertManager, Secret};

use super::email::{Server, decode};
use super::http_server::{Received, Sink, Step};
use super::rig::{Certificates, eventually};

fn about(sink: &Sink) -> Vec<Received> {
    let says = |request: &Received| String::from_utf8_lossy(&request.body).contains(MESSAGE);
    sink.received().into_iter().filter(says).collect()
}

#[tokio::test]
async fn every_channel_gets_it_once_after_its_own_troubles() {
    let certificates = Certificates::new();
    let server = Server::start(&certificates, &["--auth"]);
    let slack = Sink::about(
        MESSAGE,
        [
            Step::with(429, "Retry-After", "2"),
            Step::status(503, ""),
            Step::status(400, "invalid_payload"),
            Step::status(200, "ok"),
        ],
    );
    let webhook = Sink::about(
        MESSAGE,
        [Step::Reset, Step::status(500, ""), Step::status(204, "")],
    );
    let to = ["data451@x.test", "rcpt550@x.test", "fine@x.test"];
    let (manager, dispatcher) = AlertManager::builder("trading-engine", "test")
        .channel(EmailChannel::new(server.config(&certificates, &to)).unwrap())
        .channel(SlackChannel::new(slack.url("/services/x"), None).unwrap())
        .channel(WebhookChannel::new(webhook.url("/in"), Some(Secret::new(SIGNING))).unwrap())
        .drain(Duration::ZERO)
        .build()
        .unwrap();
    let mut events = manager.subscribe();
    let (stop, stopped) = tokio::sync::oneshot::channel::<()>();
    let title = "주문 거절 급증 7f3a";
    let story = async {
        let alert = Alert::new(AlertLevel::Error, title, MESSAGE, "order_router");
        manager.send_alert(alert.clone()).await.unwrap();
        // Within the cooldown: counted, not told.
        assert_eq!(manager.send_alert(alert).await.unwrap().deliveries(), 0);

        eventually("slack took the plain form", || async {
            (about(&slack).len() == 4).then_some(())
        })
        .await;
        eventually("the webhook took it", || async {
            (about(&webhook).len() == 3).then_some(())
        })
        .await;
        let mail = decode(&server.mails.json());
        assert_eq!(mail["headers"]["to"], "fine@x.test");
        let dead = loop {
            match tokio::time::timeout(super::rig::PATIENCE, events.recv())
                .await
                .unwrap()
                .unwrap()
            {
                AlertEvent::Dead {
                    channel,
                    reason,
                    title: of,
                    ..
                } if of == title => break (channel, reason),
                _ => {}
            }
        };
        assert_eq!(dead.0, "email");
        assert!(dead.1.contains("550"), "{dead:?}");
        // Long enough for a message too many to show up.
        tokio::time::sleep(Duration::from_secs(3)).await;
        let _ = stop.send(());
    };
    tokio::join!(dispatcher.run(stopped), story);

    let said = about(&slack);
    assert_eq!(said.len(), 4, "two refusals, one form refused, one taken");
    assert!(
        said[1].at - said[0].at >= Duration::from_secs(2),
        "Retry-After was not honoured"
    );
    assert_eq!(said[0].body, said[1].body);
    assert_eq!(said[1].body, said[2].body);
    assert!(
        said[3].json().get("attachments").is_none(),
        "the plain form"
    );

    let hooks = about(&webhook);
    assert_eq!(hooks.len(), 3);
    for hook in &hooks {
        assert_eq!(hook.body, hooks[0].body);
        assert_eq!(hook.header("webhook-id"), hooks[0].header("webhook-id"));
    }

    // data451@ is still being tried, and never arrives.
    for line in server.mails.rest() {
        let mail = decode(&serde_json::from_str(&line).unwrap());
        let subject = mail["headers"]["subject"].as_str().unwrap();
        assert!(!subject.contains(title), "a second mail: {subject}");
    }
}

/// What only the alert itself says, and no message about its fate.
const MESSAGE: &str = "5분 동안 120건";
const SIGNING: &str = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw";
