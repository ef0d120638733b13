//! Several alerts in one message.

use super::*;

#[tokio::test(start_paused = true)]
async fn d11_a_nightly_digest_says_what_began_and_what_ended() {
    let chat = ScriptedChannel::new("chat");
    let night = |at: Timestamp| at < start() + 5 * HOUR;
    let rule = AlertRule::new("r").channel("chat");
    let rule = rule.quiet_during(night, Quiet::Digest);
    with(manager(&[&chat]).rule(rule), |alerts| async move {
        fire(&alerts, Error, "recon").await;
        fire(&alerts, Warning, "stays").await;
        pass(MINUTE).await;
        end(&alerts, Info, "recon").await;
        pass(30 * MINUTE).await;
        assert!(chat.received().is_empty(), "{:?}", told(&chat));
        assert!(chat.wait_for(1, 10 * HOUR).await);
        let digest = &chat.received()[0];
        assert_eq!((digest.status, digest.lines), (AlertStatus::Digest, 2));
        let body: serde_json::Value = serde_json::from_slice(&digest.body).unwrap();
        assert_eq!(body["digest"][0]["title"], "recon");
        assert!(body["digest"][0]["ended"].is_string(), "{body}");
        assert!(body["digest"][1]["ended"].is_null(), "{body}");
        pass(HOUR).await;
        assert_eq!(chat.received().len(), 1);
        // What the digest told goes on, and its end is told.
        end(&alerts, Info, "stays").await;
        pass(MINUTE).await;
        assert_eq!(told(&chat)[1], "resolved info stays");
    })
    .await;
}

#[tokio::test(start_paused = true)]
async fn a_digest_for_the_morning_holds_back_nothing_else() {
    let chat = ScriptedChannel::new("chat");
    let night = |at: Timestamp| at < start() + 5 * HOUR;
    let quiet = AlertRule::new("quiet").source("src").channel("chat");
    let quiet = quiet.quiet_during(night, Quiet::Digest);
    let builder = manager(&[&chat])
        .rule(quiet)
        .rule(AlertRule::new("rest").channel("chat"));
    with(builder, |alerts| async move {
        fire(&alerts, Error, "morning").await;
        let now = Alert::new(Error, "now", "m", "elsewhere").key("now");
        alerts.send_alert(now).await.unwrap();
        pass(MINUTE).await;
        assert_eq!(told(&chat), ["firing error now"]);
    })
    .await;
}

#[tokio::test(start_paused = true)]
async fn fault_4_a_storm_names_its_worst() {
    let chat = ScriptedChannel::new("chat").limits(crate::Limits::new(0.01, 1));
    with(manager(&[&chat]), |alerts| async move {
        for n in 0..150 {
            fire(&alerts, Warning, &format!("w{n}")).await;
        }
        fire(&alerts, Error, "BROKER-DOWN").await;
        let digest = async || {
            let found = chat.received();
            found
                .into_iter()
                .find(|it| it.status == AlertStatus::Digest)
        };
        pass(HOUR).await;
        let digest = digest().await.unwrap();
        assert_eq!(digest.level, Error);
        let body: serde_json::Value = serde_json::from_slice(&digest.body).unwrap();
        assert_eq!(body["digest"][0]["title"], "BROKER-DOWN", "{body}");
        let message = body["alert"]["message"].as_str().unwrap();
        assert!(message.contains("1 error, "), "{message}");
    })
    .await;
}

#[tokio::test(start_paused = true)]
async fn what_rises_at_night_does_not_wait_for_the_digest_of_the_morning() {
    let chat = ScriptedChannel::new("chat");
    let night = |at: Timestamp| at < start() + 5 * HOUR;
    let rule = AlertRule::new("r")
        .channel("chat")
        .quiet_during(night, Quiet::Digest);
    with(manager(&[&chat]).rule(rule), |alerts| async move {
        fire(&alerts, Error, "db").await;
        pass(MINUTE).await;
        fire(&alerts, Critical, "db").await;
        pass(MINUTE).await;
        assert_eq!(told(&chat), ["firing critical db"]);
        end(&alerts, Info, "db").await;
        pass(MINUTE).await;
        assert_eq!(told(&chat)[1..], ["resolved info db"]);
        pass(6 * HOUR).await;
        // It says how things stand when it goes out.
        let digest: serde_json::Value =
            serde_json::from_slice(&chat.received().pop().unwrap().body).unwrap();
        let line = &digest["digest"][0];
        assert_eq!(
            (&line["level"], &line["count"]),
            (&"critical".into(), &2.into())
        );
        assert!(line["ended"].is_string(), "{line}");
    })
    .await;
}

#[tokio::test(start_paused = true)]
async fn a_digest_does_not_say_of_what_fires_again_that_it_is_over() {
    let away = Step::Answer(Outcome::transient("503"));
    let chat = ScriptedChannel::new("chat").otherwise(away);
    with(manager(&[&chat]).storm(2), |alerts| async move {
        for key in ["a", "b", "c"] {
            fire(&alerts, Warning, key).await;
        }
        fire(&alerts, Critical, "k").await;
        // It falls, and ends, in the digest; and begins again while its own message still waits.
        fire(&alerts, Error, "k").await;
        end(&alerts, Info, "k").await;
        fire(&alerts, Critical, "k").await;
        chat.set_otherwise(Step::Answer(Outcome::delivered()));
        pass(HOUR).await;
        let last = chat.received().pop().unwrap();
        assert_eq!(last.status, AlertStatus::Digest);
        let digest: serde_json::Value = serde_json::from_slice(&last.body).unwrap();
        let lines = digest["digest"].as_array().unwrap();
        let line = lines.iter().find(|line| line["title"] == "k").unwrap();
        assert!(line["ended"].is_null(), "{line}");
    })
    .await;
}

/// A far side on which a digest opens an incident.
#[derive(Debug, Clone)]
struct Incidents(ScriptedChannel);

#[async_trait::async_trait]
impl crate::Channel for Incidents {
    fn id(&self) -> &str {
        self.0.id()
    }
    fn keeps_digests(&self) -> bool {
        true
    }
    fn targets(&self) -> Vec<crate::Target> {
        crate::Channel::targets(&self.0)
    }
    fn render(
        &self,
        n: &crate::Notification,
        target: &crate::Target,
    ) -> Result<crate::Rendered, crate::RenderError> {
        self.0.render(n, target)
    }
    async fn deliver(&self, cx: &crate::Attempt, message: &crate::Rendered) -> Outcome {
        self.0.deliver(cx, message).await
    }
}

/// A pager that is told every five minutes, and nothing again.
fn gathering_pager() -> (ScriptedChannel, AlertManagerBuilder) {
    let pager = ScriptedChannel::new("pager");
    let builder = AlertManager::builder("svc", "test").channel(Incidents(pager.clone()));
    let rule = AlertRule::new("pager").channel("pager");
    let rule = rule.digest_every(5 * MINUTE).repeat_interval(None);
    (pager, builder.rule(rule))
}

#[tokio::test(start_paused = true)]
async fn d10_what_a_digest_opened_is_closed_when_the_last_that_it_told_is_over() {
    let (pager, chat) = (ScriptedChannel::new("pager"), ScriptedChannel::new("chat"));
    let builder = AlertManager::builder("svc", "test");
    let rule = |id: &str| AlertRule::new(id).channel(id).and_continue();
    let rule = |id: &str| rule(id).digest_every(5 * MINUTE).repeat_interval(None);
    let builder = builder
        .channel(Incidents(pager.clone()))
        .channel(chat.clone());
    with(
        builder.rule(rule("pager")).rule(rule("chat")),
        |alerts| async move {
            fire(&alerts, Warning, "a").await;
            fire(&alerts, Warning, "b").await;
            pass(10 * MINUTE).await;
            assert_eq!(told(&pager), ["digest warning 2 alerts from svc"]);
            end(&alerts, Info, "a").await;
            pass(10 * MINUTE).await;
            assert_eq!(told(&pager)[1..], ["resolved info a"]);
            end(&alerts, Info, "b").await;
            pass(MINUTE).await;
            let mut last = told(&pager).split_off(2);
            last.sort();
            assert_eq!(last, ["resolved info Alert digest", "resolved info b"]);
            // Where nothing was opened there is nothing to close.
            assert_eq!(told(&chat).len(), 3);
        },
    )
    .await;
}

#[tokio::test(start_paused = true)]
async fn a_digest_is_not_over_while_another_of_its_alerts_begins() {
    let (pager, builder) = gathering_pager();
    with(builder, |alerts| async move {
        fire(&alerts, Warning, "a").await;
        end(&alerts, Info, "a").await;
        fire(&alerts, Warning, "b").await;
        pass(10 * MINUTE).await;
        assert_eq!(told(&pager), ["digest warning 2 alerts from svc"]);
        end(&alerts, Info, "b").await;
        pass(MINUTE).await;
        assert_eq!(told(&pager).len(), 3);
    })
    .await;
}

#[tokio::test(start_paused = true)]
async fn the_end_of_a_digest_is_told_once_to_whom_had_it_and_to_nobody_else() {
    let pager = ScriptedChannel::new("pager").targets(["kim", "lee"]);
    let builder = AlertManager::builder("svc", "test").channel(Incidents(pager.clone()));
    with(builder.repeat_interval(None), |alerts| async move {
        pager.answer_target("kim", Outcome::transient("full"));
        for n in 0..30 {
            fire(&alerts, Warning, &format!("k{n}")).await;
            pass(Duration::from_secs(1)).await;
        }
        pager.answer_target("kim", Outcome::delivered());
        pass(2 * HOUR).await;
        let of = |name: &str, status: AlertStatus| {
            let all = pager.received();
            let digest = |it: &&Received| it.status == status && it.title.contains("lert digest");
            let to = all.iter().filter(|it| it.target.as_str() == name);
            match status {
                AlertStatus::Digest => to.filter(|it| it.status == status).count(),
                _ => to.filter(digest).count(),
            }
        };
        let gathered = AlertStatus::Digest;
        assert_eq!((of("kim", gathered), of("lee", gathered)), (1, 0));
        for n in 0..30 {
            end(&alerts, Info, &format!("k{n}")).await;
            pass(Duration::from_secs(1)).await;
        }
        pass(HOUR).await;
        let over = AlertStatus::Resolved;
        assert_eq!((of("kim", over), of("lee", over)), (1, 0));
    })
    .await;
}

#[tokio::test(start_paused = true)]
async fn a_digest_is_not_over_before_what_it_told_and_rose_since() {
    let (pager, builder) = gathering_pager();
    with(builder, |alerts| async move {
        fire(&alerts, Warning, "a").await;
        fire(&alerts, Warning, "b").await;
        pass(10 * MINUTE).await;
        fire(&alerts, Critical, "a").await;
        pass(MINUTE).await;
        end(&alerts, Info, "b").await;
        pass(MINUTE).await;
        let sofar = [
            "digest warning 2 alerts from svc",
            "firing critical a",
            "resolved info b",
        ];
        assert_eq!(told(&pager), sofar);
        end(&alerts, Info, "a").await;
        pass(MINUTE).await;
        let mut last = told(&pager).split_off(3);
        last.sort();
        assert_eq!(last, ["resolved info Alert digest", "resolved info a"]);
    })
    .await;
}

#[tokio::test(start_paused = true)]
async fn a_digest_that_tells_only_of_what_is_over_is_over_when_it_arrives() {
    let (pager, builder) = gathering_pager();
    with(builder, |alerts| async move {
        fire(&alerts, Warning, "a").await;
        pass(MINUTE).await;
        end(&alerts, Info, "a").await;
        pass(10 * MINUTE).await;
        assert_eq!(
            told(&pager),
            [
                "digest warning 1 alert from svc",
                "resolved info Alert digest"
            ]
        );
    })
    .await;
}
