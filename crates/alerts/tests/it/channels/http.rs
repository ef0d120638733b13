//! Slack, webhook, Telegram, Discord, PagerDuty and Teams against a scripted server.

use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use bongsu_alerts::channels::{
    DiscordChannel, HttpOptions, PagerDutyChannel, SlackChannel, TeamsChannel, TelegramChannel,
    WebhookChannel,
};
use bongsu_alerts::signature::SigningKeys;
use bongsu_alerts::{
    AlertStatus, Channel, Content, Degrade, Notification, Outcome, Rendered, Secret,
};
use serde_json::json;

use super::http_server::{Sink, Step};
use super::rig::{
    Certificates, Guard, Lines, PATIENCE, attempt, firing, free_port, python, script,
};

const SIGNING: &str = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw";
const TOKEN: &str = "123456:top-secret_token";
const SAYS_TOO_MUCH: &str = "<html>/services/T0/top-secret token=top-secret 123456:top-secret_token R0123456789ABCDEF0123456789ABCDE</html>";
const KEY: &str = "R0123456789ABCDEF0123456789ABCDE";

fn rendered(channel: &dyn Channel, n: &Notification) -> Rendered {
    channel.render(n, &channel.targets()[0]).unwrap()
}

async fn deliver(channel: &dyn Channel, n: &Notification, within: Duration) -> Outcome {
    let message = rendered(channel, n);
    channel.deliver(&attempt(n, 1, within), &message).await
}

/// The HTTP channels by number, pointed at a sink.
fn channel(at: usize, sink: &Sink) -> Box<dyn Channel> {
    let secret = Some(Secret::new(SIGNING));
    match at {
        0 => Box::new(SlackChannel::new(sink.url("/services/T0/top-secret"), None).unwrap()),
        1 => Box::new(WebhookChannel::new(sink.url("/in?token=top-secret"), secret).unwrap()),
        2 => {
            let telegram = TelegramChannel::new(TOKEN, ["-1001"]).unwrap();
            Box::new(telegram.with_api(&sink.url("")).unwrap())
        }
        3 => Box::new(DiscordChannel::new(sink.url("/api/webhooks/1/top-secret")).unwrap()),
        4 => {
            let pagerduty = PagerDutyChannel::new(KEY).unwrap();
            Box::new(pagerduty.with_api(&sink.url("/v2/enqueue")).unwrap())
        }
        _ => Box::new(TeamsChannel::new(sink.url("/workflows/1?sig=top-secret")).unwrap()),
    }
}

fn channels(sink: &Sink) -> Vec<Box<dyn Channel>> {
    (0..6).map(|at| channel(at, sink)).collect()
}

#[test]
fn two_hooks_of_a_kind_are_two_far_sides() {
    type Make = fn(&str) -> Box<dyn Channel>;
    let kinds: [Make; 5] = [
        |end| Box::new(SlackChannel::new(format!("https://h.example/{end}"), None).unwrap()),
        |end| Box::new(WebhookChannel::new(format!("https://h.example/?t={end}"), None).unwrap()),
        |end| Box::new(DiscordChannel::new(format!("https://h.example/{end}")).unwrap()),
        |end| Box::new(TeamsChannel::new(format!("https://h.example/w?sig={end}")).unwrap()),
        |end| Box::new(PagerDutyChannel::new(end.repeat(32)).unwrap()),
    ];
    for make in kinds {
        let [one, same, other] = ["a", "a", "b"].map(make);
        let far = |channel: &dyn Channel| channel.far_side().unwrap().expose().to_owned();
        assert_eq!(one.targets(), other.targets(), "{one:?}");
        assert_eq!(far(&*one), far(&*same), "{one:?}");
        assert_ne!(far(&*one), far(&*other), "{one:?}");
    }
}

#[tokio::test]
#[expect(clippy::disallowed_methods, reason = "a test at the present time")]
async fn what_fails_on_the_way_is_transient_on_every_channel() {
    let elsewhere = Sink::new([]);
    let date = (jiff::Timestamp::now() + jiff::SignedDuration::from_secs(90))
        .strftime("%a, %d %b %Y %H:%M:%S GMT")
        .to_string();
    let steps: Vec<(Step, &str, bool)> = vec![
        (Step::with(429, "Retry-After", "7"), "transient", false),
        (Step::with(429, "retry-after", &date), "transient", false),
        (Step::with(503, "Retry-After", "7"), "transient", false),
        (Step::status(500, SAYS_TOO_MUCH), "transient", false),
        (Step::status(502, SAYS_TOO_MUCH), "transient", true),
        (Step::Reset, "transient", true),
        (Step::Garbage, "transient", true),
        (Step::Silence, "transient", true),
        (Step::Endless(503), "transient", false),
        (Step::Torn(503), "transient", false),
        (
            Step::with(302, "Location", &elsewhere.url("/stolen")),
            "transient",
            false,
        ),
        (
            Step::with(308, "Location", &elsewhere.url("/stolen")),
            "transient",
            false,
        ),
    ];
    for at in 0..6 {
        let sink = Sink::new([]);
        let channel = channel(at, &sink);
        for (step, want, maybe) in &steps {
            sink.push(step.clone());
            let within = if matches!(step, Step::Silence) {
                Duration::from_secs(1)
            } else {
                PATIENCE
            };
            let started = Instant::now_for_test();
            let outcome = deliver(&*channel, &firing(), within).await;
            let context = format!("{} {step:?}: {outcome:?}", channel.id());
            assert_eq!(outcome.as_str(), *want, "{context}");
            assert!(!outcome.reason().is_empty(), "{context}");
            let own = match channel.id() {
                "telegram" => TOKEN,
                "pagerduty" => KEY,
                _ => "top-secret",
            };
            for secret in [own, "127.0.0.1"] {
                assert!(!outcome.reason().contains(secret), "{context}");
            }
            if let Outcome::Transient {
                maybe_delivered,
                retry_after,
                ..
            } = outcome
            {
                assert_eq!(maybe_delivered, *maybe, "{context}");
                match step {
                    Step::Answer(_, headers, _)
                        if headers.first().is_some_and(|(_, value)| value == "7") =>
                    {
                        assert_eq!(retry_after, Some(Duration::from_secs(7)), "{context}");
                    }
                    Step::Answer(429, ..) => {
                        let after = retry_after.unwrap().as_secs();
                        assert!((1..=90).contains(&after), "{context}");
                    }
                    _ => assert_eq!(retry_after, None, "{context}"),
                }
            }
            assert!(started.elapsed() < PATIENCE, "{context}");
        }
    }
    assert!(elsewhere.received().is_empty(), "a redirect was followed");
}

/// The tests' own clock: how long something took, never a claim about speed.
trait NowForTest {
    fn now_for_test() -> Self;
}

impl NowForTest for Instant {
    #[expect(clippy::disallowed_methods, reason = "a test bounds its own patience")]
    fn now_for_test() -> Self {
        Self::now()
    }
}

#[tokio::test]
async fn a_server_that_is_not_there_got_nothing() {
    let url = |path: &str| format!("http://127.0.0.1:{}{path}", free_port());
    let slack = SlackChannel::new(url("/services/top-secret"), None).unwrap();
    let outcome = deliver(&slack, &firing(), PATIENCE).await;
    assert!(
        matches!(&outcome, Outcome::Transient { maybe_delivered: false, retry_after: None, reason } if reason.contains("refused") && !reason.contains("top-secret")),
        "{outcome:?}"
    );
}

#[tokio::test]
async fn attempts_are_byte_identical_and_signed_anew() {
    let sink = Sink::new([
        Step::status(503, ""),
        Step::with(429, "Retry-After", "1"),
        Step::status(204, ""),
    ]);
    let channel = WebhookChannel::new(sink.url("/in"), Some(Secret::new(SIGNING))).unwrap();
    let n = firing();
    let message = rendered(&channel, &n);
    let mut cx = attempt(&n, 1, PATIENCE);
    for (number, want) in [(1, "transient"), (2, "transient"), (3, "delivered")] {
        cx.attempt = number;
        cx.now += jiff::SignedDuration::from_secs(61);
        assert_eq!(channel.deliver(&cx, &message).await.as_str(), want);
    }
    let received = sink.received();
    assert_eq!(received.len(), 3);
    let keys = SigningKeys::parse(&Secret::new(SIGNING)).unwrap();
    let mut signatures = Vec::new();
    for (at, request) in received.iter().enumerate() {
        assert_eq!(request.body, received[0].body);
        assert_eq!(request.header("content-type"), "application/json");
        assert_eq!(request.header("webhook-id"), n.delivery_id);
        let seconds: i64 = request.header("webhook-timestamp").parse().unwrap();
        assert_eq!(seconds, cx.now.as_second() - 61 * (2 - at as i64));
        let signature = request.header("webhook-signature").to_owned();
        keys.verify(
            &n.delivery_id,
            seconds,
            &request.body,
            &signature,
            seconds,
            300,
        )
        .unwrap();
        signatures.push(signature);
    }
    signatures.dedup();
    assert_eq!(signatures.len(), 3, "each attempt has its own timestamp");
    assert_eq!(received[0].json()["title"], n.alert.title);

    let unsigned = WebhookChannel::new(sink.url("/in"), None).unwrap();
    assert!(deliver(&unsigned, &n, PATIENCE).await.is_delivered());
    assert_eq!(sink.last().header("webhook-id"), n.delivery_id);
    assert_eq!(sink.last().header("webhook-signature"), "");
}

#[tokio::test]
async fn what_each_service_sees() {
    let sink = Sink::new([
        Step::status(200, "ok"),
        Step::status(200, ""),
        Step::status(200, r#"{"ok":true}"#),
        Step::status(200, "{}"),
        Step::status(202, "{}"),
        Step::status(202, ""),
    ]);
    let n = firing();
    for channel in channels(&sink) {
        let outcome = deliver(&*channel, &n, PATIENCE).await;
        assert!(outcome.is_delivered(), "{}: {outcome:?}", channel.id());
    }
    let received = sink.received();
    let [slack, webhook, telegram, discord, pagerduty, teams] = received.as_slice() else {
        panic!("{} requests", received.len());
    };
    for request in &received {
        assert_eq!(request.method, "POST");
        assert_eq!(request.header("content-type"), "application/json");
        assert!(request.header("user-agent").starts_with("bongsu-alerts/"));
    }
    let title = format!("trading-engine/test: {}", n.alert.title);
    assert_eq!(slack.json()["attachments"][0]["title"], title);
    assert_eq!(webhook.path, "/in?token=top-secret");
    assert_eq!(telegram.path, format!("/bot{TOKEN}/sendMessage"));
    assert_eq!(telegram.json()["chat_id"], -1001);
    assert_eq!(discord.path, "/api/webhooks/1/top-secret?wait=true");
    assert_eq!(discord.json()["allowed_mentions"], json!({"parse": []}));
    assert_eq!(pagerduty.json()["routing_key"], KEY);
    assert_eq!(teams.json()["type"], "message");
}

#[tokio::test]
async fn a_refused_form_is_tried_once_more_in_another() {
    let mut n = firing();
    n.alert.message = n.alert.message.repeat(100);
    let parse =
        r#"{"ok":false,"error_code":400,"description":"Bad Request: can't parse entities"}"#;
    let cases = [
        (
            0,
            Step::status(400, "invalid_payload"),
            Degrade::Plain,
            Step::status(200, "ok"),
        ),
        (
            2,
            Step::status(400, parse),
            Degrade::Plain,
            Step::status(200, r#"{"ok":true}"#),
        ),
        (
            5,
            Step::status(413, ""),
            Degrade::Smaller,
            Step::status(202, ""),
        ),
    ];
    for (at, refusal, want, acceptance) in cases {
        let sink = Sink::new([refusal.clone(), acceptance, refusal]);
        let channel = channel(at, &sink);
        let message = rendered(&*channel, &n);
        let cx = attempt(&n, 1, PATIENCE);
        let outcome = channel.deliver(&cx, &message).await;
        assert!(
            matches!(outcome, Outcome::Degrade { to, .. } if to == want),
            "{outcome:?}"
        );
        let plain = message.degraded().unwrap();
        let outcome = channel.deliver(&cx, &plain).await;
        assert!(outcome.is_delivered(), "{outcome:?}");
        let outcome = channel.deliver(&cx, &plain).await;
        assert_eq!(outcome.as_str(), "permanent", "only once: {outcome:?}");
        let received = sink.received();
        assert!(received[1].body.len() < received[0].body.len());
    }
}

#[tokio::test]
async fn pagerduty_resolves_what_it_triggered() {
    let sink = Sink::new([
        Step::status(202, ""),
        Step::status(202, ""),
        Step::status(202, ""),
    ]);
    let channel = PagerDutyChannel::new(KEY)
        .unwrap()
        .with_api(&sink.url("/v2/enqueue"))
        .unwrap();
    let mut n = firing();
    assert!(deliver(&channel, &n, PATIENCE).await.is_delivered());
    n.status = AlertStatus::Resolved;
    n.delivery_id = ulid::Ulid::new().to_string();
    assert!(deliver(&channel, &n, PATIENCE).await.is_delivered());
    assert!(channel.probe().await.is_delivered());
    let events: Vec<_> = sink
        .received()
        .iter()
        .map(|request| request.json())
        .collect();
    assert_eq!(events[0]["event_action"], "trigger");
    assert_eq!(events[1]["event_action"], "resolve");
    assert_eq!(events[0]["dedup_key"], events[1]["dedup_key"]);
    assert_eq!(events[2]["event_action"], "resolve");
}

#[tokio::test]
async fn reports_travel_as_far_as_each_service_carries_them() {
    let content = Content::new(
        "Daily Trading Summary - 2026-11-23",
        "순손익 +1,234,000원 <b> *x*",
    )
    .slack_blocks(json!([{"type": "divider"}]))
    .json(json!({"net": 1_234_000}))
    .message_id("report-2026-11-23");
    let sink = Sink::new([
        Step::status(200, "ok"),
        Step::status(200, ""),
        Step::status(200, r#"{"ok":true}"#),
        Step::status(200, "{}"),
        Step::status(202, ""),
    ]);
    let n = firing();
    for channel in channels(&sink) {
        let cx = attempt(&n, 1, PATIENCE);
        let outcome = channel
            .deliver_content(&cx, &channel.targets()[0], &content)
            .await;
        let want = if channel.id() == "pagerduty" {
            "unsupported"
        } else {
            "delivered"
        };
        assert_eq!(outcome.as_str(), want, "{}: {outcome:?}", channel.id());
    }
    let received = sink.received();
    assert_eq!(received[0].json()["blocks"], json!([{"type": "divider"}]));
    assert_eq!(received[0].json()["username"], "Daily Report Bot");
    assert_eq!(received[1].json(), json!({"net": 1_234_000}));
    assert_eq!(received[1].header("webhook-id"), "report-2026-11-23");
    assert!(received[1].header("webhook-signature").starts_with("v1,"));
    assert!(
        received[2].json()["text"]
            .as_str()
            .unwrap()
            .contains("순손익")
    );
    assert!(
        received[3].json()["embeds"][0]["description"]
            .as_str()
            .unwrap()
            .contains("\\*x\\*")
    );
    assert!(String::from_utf8_lossy(&received[4].body).contains("순손익"));
}

#[tokio::test]
async fn probes_say_nothing_to_people() {
    let sink = Sink::new([
        Step::status(400, "no_text"),
        Step::status(405, ""),
        Step::status(200, r#"{"ok":true}"#),
        Step::status(200, r#"{"ok":true}"#),
        Step::status(200, r#"{"id":"1"}"#),
        Step::status(202, ""),
    ]);
    for channel in channels(&sink) {
        let outcome = channel.probe().await;
        let want = if channel.id() == "teams" {
            "unsupported"
        } else {
            "delivered"
        };
        assert_eq!(outcome.as_str(), want, "{}: {outcome:?}", channel.id());
    }
    let calls: Vec<String> = sink
        .received()
        .iter()
        .map(|request| {
            format!(
                "{} {}",
                request.method,
                request.path.split('?').next().unwrap()
            )
        })
        .collect();
    assert_eq!(
        calls,
        [
            "POST /services/T0/top-secret".to_owned(),
            "HEAD /in".to_owned(),
            format!("POST /bot{TOKEN}/getMe"),
            format!("POST /bot{TOKEN}/getChat"),
            "GET /api/webhooks/1/top-secret".to_owned(),
            "POST /v2/enqueue".to_owned(),
        ]
    );
    let gone = Sink::new([
        Step::status(404, "no_service"),
        Step::status(410, ""),
        Step::status(401, r#"{"ok":false,"description":"Unauthorized"}"#),
        Step::status(404, r#"{"message":"Unknown Webhook","code":10015}"#),
        Step::status(400, r#"{"errors":["Invalid routing key"]}"#),
    ]);
    for channel in channels(&gone).into_iter().take(5) {
        let outcome = channel.probe().await;
        assert_eq!(outcome.as_str(), "broken", "{}: {outcome:?}", channel.id());
    }
}

#[tokio::test]
async fn a_private_authority_has_to_be_named() {
    let certificates = Certificates::new();
    let mut command = Command::new(python());
    command
        .arg(script("https_server.py"))
        .arg(certificates.path("leaf.pem"))
        .arg(certificates.path("leaf.key"))
        .stdout(Stdio::piped());
    let mut server = Guard::start(&mut command, "python3");
    let port = Lines::of(server.0.stdout.take().unwrap()).next();
    let slack = SlackChannel::new(format!("https://localhost:{port}/services/x"), None).unwrap();
    let outcome = deliver(&slack, &firing(), PATIENCE).await;
    assert!(
        matches!(&outcome, Outcome::Transient { maybe_delivered: false, reason, .. } if reason.contains("certificate")),
        "{outcome:?}"
    );
    let options = HttpOptions::new().ca_pem(certificates.ca_pem());
    let slack = slack.with_http(&options).unwrap();
    let outcome = deliver(&slack, &firing(), PATIENCE).await;
    assert!(outcome.is_delivered(), "{outcome:?}");

    let bad = HttpOptions::new().ca_pem("no certificate");
    assert!(slack.clone().with_http(&bad).is_err());
    let bad = HttpOptions::new().proxy(Secret::new("::no url::"));
    assert!(slack.with_http(&bad).is_err());
}

/// A rich report that Slack cannot read arrives as text within the same attempt.
#[tokio::test]
async fn a_report_whose_blocks_are_refused_arrives_as_text() {
    let content = Content::new("Daily", "net +1").slack_blocks(json!([{"type": "no such block"}]));
    for refusal in [
        Step::status(400, "invalid_blocks"),
        Step::status(200, r#"{"ok":false,"error":"invalid_blocks"}"#),
    ] {
        let sink = Sink::new([refusal, Step::status(200, "ok")]);
        let slack = SlackChannel::new(sink.url("/services/T0"), None).unwrap();
        let cx = attempt(&firing(), 1, PATIENCE);
        let target = &slack.targets()[0];
        let outcome = slack.deliver_content(&cx, target, &content).await;
        assert!(outcome.is_delivered(), "{outcome:?}");
        assert!(outcome.reason().contains("invalid_blocks"), "{outcome:?}");
        let received = sink.received();
        assert_eq!(received[1].json()["text"], "Daily\nnet +1");
        assert!(received[1].json().get("blocks").is_none());
    }
}

/// The new number of a group is used for this delivery, and said.
#[tokio::test]
async fn a_group_that_became_a_supergroup_is_told_there() {
    let moved = r#"{"ok":false,"error_code":400,"description":"Bad Request: group chat was upgraded to a supergroup chat","parameters":{"migrate_to_chat_id":-1001557912345}}"#;
    let sink = Sink::new([
        Step::status(400, moved),
        Step::status(200, r#"{"ok":true}"#),
        Step::status(400, moved),
        Step::status(
            403,
            r#"{"ok":false,"error_code":403,"description":"Forbidden: bot is not a member"}"#,
        ),
    ]);
    let telegram = TelegramChannel::new(TOKEN, ["-123"]).unwrap();
    let telegram = telegram.with_api(&sink.url("")).unwrap();
    let outcome = deliver(&telegram, &firing(), PATIENCE).await;
    assert!(outcome.is_delivered(), "{outcome:?}");
    let advice = "TELEGRAM_CHAT_ID=-1001557912345";
    assert!(outcome.reason().contains(advice), "{outcome:?}");
    let received = sink.received();
    assert_eq!(received[0].json()["chat_id"], -123);
    assert_eq!(received[1].json()["chat_id"], -1_001_557_912_345_i64);
    assert_eq!(received[0].json()["text"], received[1].json()["text"]);
    let outcome = deliver(&telegram, &firing(), PATIENCE).await;
    assert_eq!(outcome.as_str(), "target_broken", "{outcome:?}");
    assert!(outcome.reason().contains(advice), "{outcome:?}");
}

/// Nobody else would close the incident of a trial.
#[tokio::test]
async fn a_trial_closes_its_own_incident() {
    let sink = Sink::new([Step::status(202, ""), Step::status(202, "")]);
    let pagerduty = PagerDutyChannel::new(KEY).unwrap();
    let pagerduty = pagerduty.with_api(&sink.url("/v2/enqueue")).unwrap();
    let mut n = firing();
    n.status = AlertStatus::Test;
    assert!(deliver(&pagerduty, &n, PATIENCE).await.is_delivered());
    let events: Vec<_> = sink
        .received()
        .iter()
        .map(|request| request.json())
        .collect();
    assert_eq!(events[0]["event_action"], "trigger");
    assert_eq!(events[1]["event_action"], "resolve");
    assert_eq!(events[0]["dedup_key"], events[1]["dedup_key"]);
}

/// One 404 of an ingress in the middle of a redeployment passes; an address that stays wrong is told
/// as what has to be mended.
#[tokio::test]
async fn a_wrong_address_is_given_a_while() {
    for status in [301, 302, 307, 308, 403, 404] {
        let sink = Sink::new([Step::status(status, ""), Step::status(status, "")]);
        let webhook = WebhookChannel::new(sink.url("/in"), None).unwrap();
        let n = firing();
        let message = rendered(&webhook, &n);
        let first = webhook.deliver(&attempt(&n, 1, PATIENCE), &message).await;
        assert_eq!(first.as_str(), "transient", "{status}: {first:?}");
        let later = webhook.deliver(&attempt(&n, 6, PATIENCE), &message).await;
        assert_eq!(later.as_str(), "broken", "{status}: {later:?}");
    }
}

/// What goes through a proxy, and what is reached without one.
#[tokio::test]
async fn the_way_out_may_be_a_proxy() {
    let proxy = Sink::new([Step::status(200, "ok"), Step::status(502, "")]);
    let options = HttpOptions::new()
        .http_proxy(Secret::new(proxy.url("/")))
        .https_proxy(Secret::new(proxy.url("/")))
        .no_proxy("direct.invalid,127.0.0.0/8");
    let webhook = WebhookChannel::new("http://far.invalid/in", None).unwrap();
    let webhook = webhook.with_http(&options).unwrap();
    assert!(deliver(&webhook, &firing(), PATIENCE).await.is_delivered());
    let asked = proxy.last();
    assert!(
        asked.path.contains("far.invalid/in") || asked.header("host") == "far.invalid",
        "{} {}",
        asked.path,
        asked.header("host")
    );
    // TLS goes through it by CONNECT, which this one refuses.
    let slack = SlackChannel::new("https://hooks.far.invalid/services/x", None).unwrap();
    let slack = slack.with_http(&options).unwrap();
    let outcome = deliver(&slack, &firing(), PATIENCE).await;
    assert_eq!(outcome.as_str(), "transient", "{outcome:?}");
    assert_eq!(proxy.received().len(), 2);
    assert_eq!(proxy.last().method, "CONNECT");
    let near = Sink::new([Step::status(200, "")]);
    let webhook = WebhookChannel::new(near.url("/in"), None).unwrap();
    let webhook = webhook.with_http(&options).unwrap();
    assert!(deliver(&webhook, &firing(), PATIENCE).await.is_delivered());
    assert_eq!(
        proxy.received().len(),
        2,
        "this machine is reached without it"
    );
}
