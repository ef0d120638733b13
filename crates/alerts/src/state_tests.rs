//! What is true, and not suppressed now, has been told to everyone whom the rules name now; whoever was
//! told of it hears of its end. Each case by its name, on the whole manager, in paused time.

use std::time::Duration;

use jiff::Timestamp;
use tokio::sync::oneshot;

use crate::testing::{Received, ScriptedChannel, Step};
use crate::{
    Alert, AlertLevel, AlertManager, AlertManagerBuilder, AlertRule, AlertStatus, FlapConfig,
    Holding, Matcher, Outcome, Pass, Quiet, SendError, Silence, Suppressed, What, templates,
};

const MINUTE: Duration = Duration::from_secs(60);
const HOUR: Duration = Duration::from_secs(3_600);

/// Runs `body` beside a dispatcher whose wall clock goes with the paused time.
pub(crate) async fn with<F>(builder: AlertManagerBuilder, body: impl FnOnce(AlertManager) -> F)
where
    F: Future<Output = ()>,
{
    let origin = tokio::time::Instant::now();
    let builder = builder.wall_clock(move || start() + origin.elapsed());
    let (alerts, dispatcher) = builder.build().unwrap();
    let (stop, stopped) = oneshot::channel::<()>();
    let body = async {
        body(alerts).await;
        let _ = stop.send(());
    };
    tokio::join!(body, dispatcher.run(stopped));
}

/// Half past one at night in Seoul, a Monday.
fn start() -> Timestamp {
    "2026-03-02T01:30:00+09:00".parse().unwrap()
}

fn manager(channels: &[&ScriptedChannel]) -> AlertManagerBuilder {
    let builder = AlertManager::builder("svc", "test");
    channels.iter().fold(builder, |builder, channel| {
        builder.channel((*channel).clone())
    })
}

fn alert(level: AlertLevel, key: &str) -> Alert {
    Alert::new(level, key, "m", "src").key(key)
}

async fn pass(time: Duration) {
    tokio::time::sleep(time).await;
}

/// What arrived, as `firing error k`.
fn told(channel: &ScriptedChannel) -> Vec<String> {
    let say = |it: &Received| format!("{} {} {}", it.status, it.level, it.title);
    channel.received().iter().map(say).collect()
}

async fn fire(alerts: &AlertManager, level: AlertLevel, key: &str) -> crate::Receipt {
    alerts.send_alert(alert(level, key)).await.unwrap()
}

async fn end(alerts: &AlertManager, level: AlertLevel, key: &str) {
    alerts.send_resolved(alert(level, key)).await.unwrap();
}

async fn silence(alerts: &AlertManager, matcher: Matcher, length: Duration) -> String {
    let until = alerts.core.clock.now().wall + length;
    alerts
        .silence(Silence::new(matcher, until, "kim"))
        .await
        .unwrap()
}

use AlertLevel::{Critical, Error, Info, Warning};

#[tokio::test(start_paused = true)]
async fn d2a_what_fires_through_a_silence_is_told_at_its_end() {
    let chat = ScriptedChannel::new("chat");
    with(manager(&[&chat]), |alerts| async move {
        silence(&alerts, Matcher::new().source("src"), HOUR).await;
        let receipt = fire(&alerts, Error, "db").await;
        assert_eq!(
            receipt.channels[0].what,
            What::Suppress(Suppressed::Silence)
        );
        pass(HOUR / 2).await;
        let active = alerts.active();
        assert_eq!(active[0].held, Some(Suppressed::Silence));
        assert_eq!(active[0].held_until, Some(start() + HOUR));
        assert!(chat.received().is_empty());
        pass(HOUR / 2 + MINUTE).await;
        assert_eq!(told(&chat), ["firing error db"]);
        assert_eq!(alerts.active()[0].held, None);
        // Told once, not with every sweep.
        pass(HOUR).await;
        assert_eq!(chat.received().len(), 1);
    })
    .await;
}

#[tokio::test(start_paused = true)]
async fn d2b_what_still_fires_is_told_when_its_silence_is_taken_back() {
    let chat = ScriptedChannel::new("chat");
    with(manager(&[&chat]), |alerts| async move {
        let id = silence(&alerts, Matcher::new().key("db"), 10 * HOUR).await;
        let other = silence(&alerts, Matcher::new().key("db"), 5 * HOUR).await;
        fire(&alerts, Error, "db").await;
        assert_eq!(alerts.silenced_by(&id), Some(vec!["db".to_owned()]));
        assert!(alerts.unsilence(&id).await.unwrap());
        assert_eq!(alerts.silenced_by(&id), None);
        pass(MINUTE).await;
        assert!(chat.received().is_empty(), "the other silence holds");
        assert!(alerts.unsilence(&other).await.unwrap());
        pass(Duration::from_secs(1)).await;
        assert_eq!(told(&chat), ["firing error db"]);
    })
    .await;
}

#[tokio::test(start_paused = true)]
async fn d2c_what_a_critical_hid_is_told_when_that_is_over_or_milder() {
    for fall in [false, true] {
        let chat = ScriptedChannel::new("chat");
        with(manager(&[&chat]), |alerts| async move {
            let fire_of = |level, key| alert(level, key).tag("disk");
            alerts.send_alert(fire_of(Critical, "fire")).await.unwrap();
            alerts.send_alert(fire_of(Warning, "lamp")).await.unwrap();
            let lamp = &alerts.active()[1];
            assert_eq!(lamp.held, Some(Suppressed::Inhibited));
            pass(MINUTE).await;
            assert_eq!(told(&chat), ["firing critical fire"]);
            if fall {
                alerts.send_alert(fire_of(Error, "fire")).await.unwrap();
            } else {
                alerts
                    .send_resolved(fire_of(Critical, "fire"))
                    .await
                    .unwrap();
            }
            pass(2 * MINUTE).await;
            assert_eq!(told(&chat)[2], "firing warning lamp");
        })
        .await;
    }
}

#[tokio::test(start_paused = true)]
async fn d2d_what_still_fires_in_the_morning_is_told_and_what_ended_is_not() {
    let chat = ScriptedChannel::new("chat");
    let night = |at: Timestamp| at < start() + 5 * HOUR;
    let rule = AlertRule::new("r").channel("chat");
    let rule = rule
        .quiet_during(night, Quiet::Suppress)
        .repeat_interval(None);
    with(manager(&[&chat]).rule(rule), |alerts| async move {
        fire(&alerts, Error, "stays").await;
        fire(&alerts, Error, "ends").await;
        assert_eq!(alerts.active()[0].held, Some(Suppressed::Quiet));
        pass(HOUR).await;
        end(&alerts, Error, "ends").await;
        fire(&alerts, Critical, "fire").await;
        pass(HOUR).await;
        assert_eq!(told(&chat), ["firing critical fire"]);
        pass(4 * HOUR).await;
        assert_eq!(told(&chat)[1], "firing error stays");
        assert_eq!(alerts.active().len(), 2);
    })
    .await;
}

#[tokio::test(start_paused = true)]
async fn d2e_a_rise_within_a_silence_is_told_at_its_end() {
    let chat = ScriptedChannel::new("chat");
    with(manager(&[&chat]), |alerts| async move {
        fire(&alerts, Warning, "db").await;
        pass(MINUTE).await;
        silence(&alerts, Matcher::new().key("db"), HOUR).await;
        fire(&alerts, Critical, "db").await;
        assert_eq!(alerts.active()[0].alert.level, Critical);
        pass(2 * HOUR).await;
        assert_eq!(told(&chat), ["firing warning db", "firing critical db"]);
    })
    .await;
}

#[tokio::test(start_paused = true)]
async fn d2f_what_is_silenced_can_be_acknowledged() {
    let chat = ScriptedChannel::new("chat");
    with(manager(&[&chat]), |alerts| async move {
        silence(&alerts, Matcher::new().key("db"), HOUR).await;
        fire(&alerts, Error, "db").await;
        alerts.acknowledge("db", "kim").await.unwrap();
        assert_eq!(alerts.active()[0].acknowledged_by.as_deref(), Some("kim"));
        assert_eq!(alerts.get_statistics().active, 1);
    })
    .await;
}

#[tokio::test(start_paused = true)]
async fn a_silence_of_milder_levels_lets_the_rise_through() {
    let chat = ScriptedChannel::new("chat");
    with(manager(&[&chat]), |alerts| async move {
        silence(&alerts, Matcher::new().key("db").max_level(Error), HOUR).await;
        fire(&alerts, Warning, "db").await;
        fire(&alerts, Critical, "db").await;
        pass(MINUTE).await;
        assert_eq!(told(&chat), ["firing critical db"]);
    })
    .await;
}

#[tokio::test(start_paused = true)]
async fn a_silence_begins_later_and_holds_at_its_hours() {
    use jiff::civil::{Weekday, time};
    let chat = ScriptedChannel::new("chat");
    with(manager(&[&chat]), |alerts| async move {
        let hours = crate::Weekly::new("Asia/Seoul", time(3, 0, 0, 0), time(4, 0, 0, 0));
        let hours = hours.unwrap().on([Weekday::Monday, Weekday::Tuesday]);
        let silence = Silence::new(Matcher::new(), start() + 100 * HOUR, "kim")
            .starting(start() + 20 * HOUR)
            .weekly(hours);
        alerts.silence(silence).await.unwrap();
        // Monday half past three: the hours hold, the silence has not begun.
        pass(2 * HOUR).await;
        fire(&alerts, Error, "monday").await;
        pass(24 * HOUR - MINUTE).await;
        fire(&alerts, Error, "tuesday").await;
        pass(20 * MINUTE).await;
        assert_eq!(alerts.active()[1].held, Some(Suppressed::Silence));
        pass(20 * MINUTE).await;
        fire(&alerts, Error, "later").await;
        pass(MINUTE).await;
        let told = told(&chat);
        let at = |what: &str| told.iter().position(|it| it.ends_with(what));
        assert!(at("tuesday") < at("later"), "{told:?}");
        let error = Silence::new(Matcher::new(), start() + 90 * HOUR, "kim");
        let error = alerts.silence(error.starting(start() + 95 * HOUR)).await;
        assert!(error.unwrap_err().to_string().contains("before it begins"));
    })
    .await;
}

#[tokio::test(start_paused = true)]
async fn a_silence_holds_in_hours_that_go_by_a_name() {
    use crate::schedule::DailyHours;
    use jiff::civil::time;
    let chat = ScriptedChannel::new("chat");
    let zone = jiff::tz::TimeZone::fixed(jiff::tz::offset(9));
    let hours = DailyHours::new(zone, time(3, 0, 0, 0), time(4, 0, 0, 0));
    let builder = manager(&[&chat]).hours("session", hours);
    with(builder, |alerts| async move {
        assert_eq!(alerts.hours(), ["session"]);
        let matcher = Matcher::new().source("src");
        let silence = Silence::new(matcher.clone(), start() + 100 * HOUR, "kim");
        let unknown = alerts.silence(silence.clone().during("lunch")).await;
        let unknown = unknown.unwrap_err().to_string();
        assert!(unknown.contains("\"lunch\" (known: session)"), "{unknown}");
        let id = alerts.silence(silence.during("session")).await.unwrap();
        fire(&alerts, Error, "before").await;
        assert!(!alerts.silence_holds(&id));
        assert_eq!(alerts.silenced_by(&id), Some(Vec::new()));
        assert_eq!(alerts.matching(&matcher), ["before"]);
        pass(2 * HOUR).await;
        fire(&alerts, Error, "within").await;
        assert!(alerts.silence_holds(&id));
        assert_eq!(alerts.silenced_by(&id).unwrap(), ["before", "within"]);
        pass(20 * MINUTE).await;
        assert_eq!(told(&chat), ["firing error before"]);
        pass(20 * MINUTE).await;
        assert_eq!(told(&chat), ["firing error before", "firing error within"]);
    })
    .await;
}

fn pager_rules() -> [AlertRule; 2] {
    [
        AlertRule::new("pager")
            .min_level(Critical)
            .channel("chat")
            .repeat_interval(None)
            .escalate(15 * MINUTE, ["phone"]),
        AlertRule::new("rest").channel("chat").repeat_interval(None),
    ]
}

fn paged(chat: &ScriptedChannel, phone: &ScriptedChannel) -> AlertManagerBuilder {
    let [first, second] = pager_rules();
    manager(&[chat, phone]).rule(first).rule(second)
}

#[tokio::test(start_paused = true)]
async fn d3_a_rise_matches_the_rule_anew_and_escalates() {
    let (chat, phone) = (ScriptedChannel::new("chat"), ScriptedChannel::new("phone"));
    with(paged(&chat, &phone), |alerts| async move {
        fire(&alerts, Warning, "disk").await;
        pass(HOUR).await;
        fire(&alerts, Critical, "disk").await;
        pass(14 * MINUTE).await;
        assert!(
            phone.received().is_empty(),
            "the clock starts with the rise"
        );
        pass(2 * MINUTE).await;
        assert_eq!(told(&phone), ["firing critical disk"]);
        let active = &alerts.active()[0];
        assert_eq!(active.rule.as_deref(), Some("pager"));
        assert_eq!(active.escalated, 1);
    })
    .await;
}

#[tokio::test(start_paused = true)]
async fn d3b_a_rise_clears_the_acknowledgment() {
    let (chat, phone) = (ScriptedChannel::new("chat"), ScriptedChannel::new("phone"));
    with(paged(&chat, &phone), |alerts| async move {
        fire(&alerts, Warning, "disk").await;
        alerts.acknowledge("disk", "kim").await.unwrap();
        fire(&alerts, Critical, "disk").await;
        assert_eq!(alerts.active()[0].acknowledged_by, None);
        pass(16 * MINUTE).await;
        assert_eq!(told(&phone), ["firing critical disk"]);
        // Acknowledged at this level, it stays so when it falls.
        alerts.acknowledge("disk", "lee").await.unwrap();
        fire(&alerts, Error, "disk").await;
        assert_eq!(alerts.active()[0].acknowledged_by.as_deref(), Some("lee"));
    })
    .await;
}

#[tokio::test(start_paused = true)]
async fn a_fall_is_told_to_all_who_were_told_the_worse() {
    let (chat, phone) = (ScriptedChannel::new("chat"), ScriptedChannel::new("phone"));
    with(paged(&chat, &phone), |alerts| async move {
        fire(&alerts, Critical, "disk").await;
        pass(16 * MINUTE).await;
        fire(&alerts, Warning, "disk").await;
        pass(MINUTE).await;
        for channel in [&chat, &phone] {
            assert_eq!(
                told(channel),
                ["firing critical disk", "firing warning disk"]
            );
        }
        end(&alerts, Info, "disk").await;
        pass(MINUTE).await;
        for channel in [&chat, &phone] {
            assert_eq!(told(channel)[2..], ["resolved info disk"]);
        }
    })
    .await;
}

#[tokio::test(start_paused = true)]
async fn d4_whoever_was_told_by_an_escalation_hears_of_the_end() {
    let (chat, phone) = (ScriptedChannel::new("chat"), ScriptedChannel::new("phone"));
    with(paged(&chat, &phone), |alerts| async move {
        fire(&alerts, Critical, "disk").await;
        pass(20 * MINUTE).await;
        end(&alerts, Info, "disk").await;
        pass(MINUTE).await;
        for channel in [&chat, &phone] {
            assert_eq!(
                told(channel),
                ["firing critical disk", "resolved info disk"]
            );
        }
    })
    .await;
}

#[tokio::test(start_paused = true)]
async fn whoever_was_told_by_the_fallback_hears_of_the_end() {
    let chat = ScriptedChannel::new("chat").otherwise(Step::Answer(Outcome::broken("token")));
    let sms = ScriptedChannel::new("sms");
    let builder = manager(&[&chat, &sms])
        .rule(AlertRule::new("r").channel("chat"))
        .fallback("sms");
    with(builder, |alerts| async move {
        fire(&alerts, Critical, "disk").await;
        pass(MINUTE).await;
        end(&alerts, Info, "disk").await;
        pass(MINUTE).await;
        let told: Vec<String> = told(&sms);
        assert!(
            told.contains(&"firing critical disk".to_owned()),
            "{told:?}"
        );
        assert_eq!(told.last().unwrap(), "resolved info disk");
    })
    .await;
}

#[tokio::test(start_paused = true)]
async fn d5_the_end_of_what_was_told_is_told_within_a_silence() {
    let chat = ScriptedChannel::new("chat");
    with(manager(&[&chat]), |alerts| async move {
        fire(&alerts, Critical, "disk").await;
        pass(MINUTE).await;
        silence(&alerts, Matcher::new(), HOUR).await;
        end(&alerts, Info, "disk").await;
        // Nobody was told of this one, and nobody hears of its end.
        fire(&alerts, Error, "unheard").await;
        end(&alerts, Info, "unheard").await;
        pass(2 * HOUR).await;
        assert_eq!(told(&chat), ["firing critical disk", "resolved info disk"]);
        assert!(alerts.active().is_empty());
    })
    .await;
}

#[tokio::test(start_paused = true)]
async fn an_end_while_its_channel_is_off_is_told_when_it_is_on_again() {
    let chat = ScriptedChannel::new("chat");
    with(manager(&[&chat]), |alerts| async move {
        fire(&alerts, Critical, "disk").await;
        pass(MINUTE).await;
        alerts.set_channel_enabled("chat", false).unwrap();
        end(&alerts, Info, "disk").await;
        fire(&alerts, Error, "missed").await;
        pass(MINUTE).await;
        assert_eq!(alerts.active().len(), 1);
        assert_eq!(alerts.active()[0].held, Some(Suppressed::Disabled));
        assert_eq!(chat.received().len(), 1);
        alerts.set_channel_enabled("chat", true).unwrap();
        pass(MINUTE).await;
        let mut told = told(&chat);
        told[1..].sort();
        assert_eq!(told[1..], ["firing error missed", "resolved info disk"]);
    })
    .await;
}

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
async fn d13_an_event_ends_by_itself_and_a_condition_does_not() {
    let chat = ScriptedChannel::new("chat");
    with(
        manager(&[&chat]).repeat_interval(None),
        |alerts| async move {
            let error = templates::error_text("feed", "E", "refused");
            let key = error.dedup_key();
            alerts.send_alert(error.clone()).await.unwrap();
            fire(&alerts, Error, "condition").await;
            pass(20 * MINUTE).await;
            // Repeated, it lasts longer.
            alerts.send_alert(error).await.unwrap();
            pass(20 * MINUTE).await;
            assert!(alerts.is_firing(&key));
            let active = alerts.active();
            let event = active.iter().find(|it| it.key == key).unwrap();
            assert_eq!(event.ends, Some(start() + 50 * MINUTE));
            pass(11 * MINUTE).await;
            assert!(!alerts.is_firing(&key));
            assert_eq!(told(&chat).last().unwrap(), "resolved error Error in feed");
            pass(30 * 24 * HOUR).await;
            assert_eq!(alerts.active().len(), 1);
            assert_eq!(alerts.active()[0].key, "condition");
            let short = alert(Info, "short").lasts(Duration::from_secs(5));
            alerts.send_alert(short).await.unwrap();
            pass(Duration::from_secs(7)).await;
            assert!(!alerts.is_firing("short"));
        },
    )
    .await;
}

#[tokio::test(start_paused = true)]
async fn d14_what_is_acknowledged_is_not_repeated() {
    let chat = ScriptedChannel::new("chat");
    let rule = AlertRule::new("r").channel("chat").remind_after(10 * HOUR);
    let builder = manager(&[&chat]).rule(rule.repeat_interval(HOUR));
    with(builder, |alerts| async move {
        fire(&alerts, Error, "db").await;
        pass(MINUTE).await;
        alerts.acknowledge("db", "kim").await.unwrap();
        for _ in 0..20 {
            pass(16 * MINUTE).await;
            let receipt = fire(&alerts, Error, "db").await;
            let reason = Suppressed::Acknowledged;
            assert_eq!(receipt.channels[0].what, What::Suppress(reason));
        }
        assert_eq!(chat.received().len(), 1);
        pass(5 * HOUR).await;
        assert_eq!(
            chat.received().len(),
            2,
            "after ten hours somebody is reminded"
        );
        // Taken back, it is repeated as before.
        alerts.unacknowledge("db", "lee").await.unwrap();
        assert_eq!(alerts.active()[0].acknowledged_by, None);
        pass(HOUR + 2 * MINUTE).await;
        assert_eq!(chat.received().len(), 3);
        assert!(alerts.unacknowledge("nothing", "lee").await.is_err());
    })
    .await;
}

#[tokio::test(start_paused = true)]
async fn what_fires_on_is_repeated_and_an_event_is_not() {
    let chat = ScriptedChannel::new("chat");
    with(
        manager(&[&chat]).repeat_interval(Some(HOUR)),
        |alerts| async move {
            fire(&alerts, Error, "condition").await;
            let event = alert(Error, "event").lasts(100 * HOUR);
            alerts.send_alert(event).await.unwrap();
            pass(3 * HOUR + 10 * MINUTE).await;
            let told = told(&chat);
            let count = |key: &str| told.iter().filter(|it| it.ends_with(key)).count();
            assert_eq!((count("condition"), count("event")), (4, 1), "{told:?}");
        },
    )
    .await;
}

#[tokio::test(start_paused = true)]
async fn unacknowledged_the_clock_of_the_escalation_starts_anew() {
    let (chat, phone) = (ScriptedChannel::new("chat"), ScriptedChannel::new("phone"));
    with(paged(&chat, &phone), |alerts| async move {
        fire(&alerts, Critical, "disk").await;
        alerts.acknowledge("disk", "kim").await.unwrap();
        pass(HOUR).await;
        assert!(phone.received().is_empty());
        alerts.unacknowledge("disk", "kim").await.unwrap();
        pass(14 * MINUTE).await;
        assert!(phone.received().is_empty());
        pass(2 * MINUTE).await;
        assert_eq!(phone.received().len(), 1);
    })
    .await;
}

#[tokio::test(start_paused = true)]
async fn what_is_silenced_does_not_escalate_before_it_is_told() {
    let (chat, phone) = (ScriptedChannel::new("chat"), ScriptedChannel::new("phone"));
    with(paged(&chat, &phone), |alerts| async move {
        silence(&alerts, Matcher::new(), HOUR).await;
        fire(&alerts, Critical, "disk").await;
        pass(HOUR + 10 * MINUTE).await;
        assert_eq!(chat.received().len(), 1);
        assert!(phone.received().is_empty());
        pass(10 * MINUTE).await;
        assert_eq!(phone.received().len(), 1);
    })
    .await;
}

#[tokio::test(start_paused = true)]
async fn d20_an_end_without_a_key_is_an_error() {
    let chat = ScriptedChannel::new("chat");
    with(manager(&[&chat]), |alerts| async move {
        let error = Alert::new(Error, "DB down", "m", "db");
        alerts.send_alert(error).await.unwrap();
        let end = alerts
            .send_resolved(Alert::new(Info, "DB down", "m", "db"))
            .await;
        let end = end.unwrap_err();
        assert!(matches!(end, SendError::NoKey), "{end}");
        assert!(end.to_string().contains("Alert::key"), "{end}");
    })
    .await;
}

#[tokio::test(start_paused = true)]
async fn d16_an_alert_from_before_1970_is_delivered() {
    let chat = ScriptedChannel::new("chat");
    with(manager(&[&chat]), |alerts| async move {
        let old = alert(Critical, "old").timestamp("1969-12-31T15:00:00Z".parse().unwrap());
        alerts.send_alert(old).await.unwrap();
        pass(MINUTE).await;
        assert_eq!(chat.received().len(), 1);
    })
    .await;
}

#[tokio::test(start_paused = true)]
async fn fault_1_an_end_never_arrives_before_its_beginning() {
    for failures in 1..6 {
        let chat = ScriptedChannel::new("chat");
        for _ in 0..failures {
            let _ = chat.clone().step(Step::Answer(Outcome::transient("500")));
        }
        with(manager(&[&chat]), |alerts| async move {
            for n in 0..5 {
                fire(&alerts, Critical, &format!("k{n}")).await;
            }
            assert!(chat.wait_for_attempts(1, HOUR).await);
            for n in 0..5 {
                end(&alerts, Info, &format!("k{n}")).await;
            }
            assert!(chat.wait_for(10, 10 * HOUR).await, "{:?}", told(&chat));
            let told = told(&chat);
            for n in 0..5 {
                let key = format!("k{n}");
                let of: Vec<&String> = told.iter().filter(|it| it.ends_with(&key)).collect();
                assert!(
                    of[0].starts_with("firing") && of[1].starts_with("resolved"),
                    "{told:?}"
                );
            }
        })
        .await;
    }
}

#[tokio::test(start_paused = true)]
async fn a_rise_does_not_wait_for_something_milder_that_fails() {
    let chat = ScriptedChannel::new("chat").step(Step::Answer(Outcome::Transient {
        reason: "500".to_owned(),
        retry_after: None,
        maybe_delivered: false,
    }));
    let retry = crate::RetryConfig {
        base: 1_000 * HOUR,
        cap: 1_000 * HOUR,
        ..crate::RetryConfig::default()
    };
    with(manager(&[&chat]).retry(retry), |alerts| async move {
        fire(&alerts, Warning, "db").await;
        assert!(chat.wait_for_attempts(1, HOUR).await);
        pass(Duration::from_secs(1)).await;
        fire(&alerts, Critical, "db").await;
        pass(Duration::from_secs(1)).await;
        assert_eq!(told(&chat), ["firing critical db"]);
        assert_eq!(chat.received()[0].suppressed, 1);
        assert_eq!(alerts.get_statistics().pending, 0);
    })
    .await;
}

#[tokio::test(start_paused = true)]
async fn fault_2_what_flaps_is_listed_and_told() {
    let chat = ScriptedChannel::new("chat");
    let flap = FlapConfig {
        changes: 4,
        window: 10 * MINUTE,
    };
    with(manager(&[&chat]).flap(Some(flap)), |alerts| async move {
        for _ in 0..4 {
            fire(&alerts, Critical, "link").await;
            pass(Duration::from_secs(1)).await;
            end(&alerts, Info, "link").await;
            pass(Duration::from_secs(1)).await;
        }
        let before = chat.received().len();
        fire(&alerts, Critical, "link").await;
        assert_eq!(alerts.active()[0].held, Some(Suppressed::Flapping));
        alerts.acknowledge("link", "kim").await.unwrap();
        pass(11 * MINUTE).await;
        assert_eq!(chat.received().len(), before + 1);
        assert_eq!(told(&chat).last().unwrap(), "firing critical link");
    })
    .await;
}

#[tokio::test(start_paused = true)]
async fn levels_that_go_up_and_down_flap_too() {
    let chat = ScriptedChannel::new("chat");
    with(manager(&[&chat]), |alerts| async move {
        for _ in 0..50 {
            fire(&alerts, Warning, "cpu").await;
            pass(Duration::from_secs(1)).await;
            fire(&alerts, Critical, "cpu").await;
            pass(Duration::from_secs(1)).await;
        }
        let during = chat.received().len();
        assert!(during < 12, "{:?}", told(&chat));
        pass(11 * MINUTE).await;
        assert_eq!(told(&chat).last().unwrap(), "firing critical cpu");
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
async fn d1_a_sick_target_holds_nobody_else_up() {
    let answers: [fn() -> Outcome; 3] = [
        || Outcome::transient("452 mailbox full"),
        || Outcome::Transient {
            reason: "429".to_owned(),
            retry_after: Some(HOUR),
            maybe_delivered: false,
        },
        || Outcome::permanent("550"),
    ];
    for answer in answers {
        let mail = ScriptedChannel::new("mail").targets(["sick", "well"]);
        mail.answer_target("sick", answer());
        with(
            manager(&[&mail]).repeat_interval(None),
            |alerts| async move {
                for n in 0..30 {
                    fire(&alerts, Critical, &format!("k{n}")).await;
                    pass(10 * MINUTE).await;
                }
                let well = mail.received();
                assert_eq!(well.len(), 30);
                for (n, it) in well.iter().enumerate() {
                    let sent = start() + Duration::from_secs(600 * n as u64);
                    let late = it.at.duration_since(sent).as_millis();
                    assert!(late < 1_000, "{n}: {late} ms late");
                }
            },
        )
        .await;
    }
}

#[tokio::test(start_paused = true)]
async fn the_probe_of_a_broken_channel_goes_round() {
    let mail = ScriptedChannel::new("mail").targets(["sick", "well"]);
    mail.answer_target("sick", Outcome::broken("535"));
    with(manager(&[&mail]), |alerts| async move {
        for n in 0..3 {
            fire(&alerts, Critical, &format!("k{n}")).await;
        }
        pass(2 * HOUR).await;
        assert_eq!(mail.received().len(), 3, "{:?}", told(&mail));
    })
    .await;
}

#[tokio::test(start_paused = true)]
async fn the_end_of_what_may_have_arrived_is_told() {
    let doubtful = || {
        Step::Answer(Outcome::Transient {
            reason: "connection lost after the message".to_owned(),
            retry_after: None,
            maybe_delivered: true,
        })
    };
    let chat = ScriptedChannel::new("chat")
        .step(doubtful())
        .step(doubtful());
    with(manager(&[&chat]), |alerts| async move {
        fire(&alerts, Critical, "disk").await;
        pass(MINUTE).await;
        assert_eq!(chat.attempts().len(), 2, "repeated once and no more");
        end(&alerts, Info, "disk").await;
        pass(MINUTE).await;
        assert_eq!(told(&chat), ["resolved info disk"]);
    })
    .await;
}

#[tokio::test(start_paused = true)]
async fn conditions_are_handed_over_as_a_set() {
    let chat = ScriptedChannel::new("chat");
    with(manager(&[&chat]), |alerts| async move {
        let disks = alerts.conditions("disks");
        let full = |level| templates::resource("disk", level, 90.0, 85.0);
        let holding = Holding::new()
            .holds(full(Warning))
            .holds(alert(Error, "raid"));
        assert_eq!(disks.sync(holding.clone()).await.unwrap().sent, 2);
        for _ in 0..100 {
            assert_eq!(disks.sync(holding.clone()).await.unwrap().sent, 0);
            pass(MINUTE).await;
        }
        // Somebody else's conditions and alerts are theirs.
        fire(&alerts, Error, "mine").await;
        alerts
            .conditions("links")
            .sync(Holding::new())
            .await
            .unwrap();
        assert_eq!(alerts.active().len(), 3);
        // A rise, an end in words of its own, and one that nobody is sure of.
        let rise = Holding::new().holds(full(Critical)).unsure("raid");
        assert_eq!(disks.sync(rise).await.unwrap().sent, 1);
        let over = Holding::new()
            .unsure("raid")
            .over(templates::resource_resolved("disk", 20.0, 85.0));
        assert_eq!(disks.sync(over).await.unwrap().resolved, 1);
        assert_eq!(disks.sync(Holding::new()).await.unwrap().resolved, 1);
        assert_eq!(alerts.active().len(), 1);
        pass(MINUTE).await;
        let told = told(&chat);
        assert_eq!(told.len(), 6, "{told:?}");
        assert!(told.contains(&"resolved info DISK Usage Back to Normal".to_owned()));
        assert!(told.contains(&"resolved error raid".to_owned()));
    })
    .await;
}

#[tokio::test(start_paused = true)]
async fn explaining_leaves_nothing_behind() {
    let (chat, phone) = (ScriptedChannel::new("chat"), ScriptedChannel::new("phone"));
    with(paged(&chat, &phone), |alerts| async move {
        let critical = alert(Critical, "disk");
        for _ in 0..3 {
            let explained = alerts.explain(&critical);
            assert_eq!(explained.channels[0].channel, "chat");
            assert_eq!(explained.channels[0].rule.as_deref(), Some("pager"));
            let What::Deliver { why, .. } = &explained.channels[0].what else {
                panic!("{explained:?}");
            };
            assert_eq!(*why, Pass::First);
            assert_eq!(
                explained.escalations,
                [(15 * MINUTE, vec!["phone".to_owned()])]
            );
            assert_eq!(explained.cooldown, Some(15 * MINUTE));
        }
        assert_eq!(alerts.get_statistics().keys, 0);
        let receipt = alerts.send_alert(critical.clone()).await.unwrap();
        assert_eq!(receipt.deliveries(), 1);
        let explained = alerts.explain(&critical);
        let reason = Suppressed::Cooldown;
        assert_eq!(explained.channels[0].what, What::Suppress(reason));
        silence(&alerts, Matcher::new(), HOUR).await;
        let explained = alerts.explain(&critical);
        assert_eq!(explained.held, Some(Suppressed::Silence));
        assert_eq!(explained.held_until, Some(start() + HOUR));
        alerts.acknowledge("disk", "kim").await.unwrap();
        pass(2 * HOUR).await;
        let explained = alerts.explain(&critical);
        let reason = Suppressed::Acknowledged;
        assert_eq!(explained.channels[0].what, What::Suppress(reason));
    })
    .await;
}

#[tokio::test(start_paused = true)]
async fn whom_a_schedule_names_only_now_is_told_now() {
    let (chat, desk) = (ScriptedChannel::new("chat"), ScriptedChannel::new("desk"));
    let session = |at: Timestamp| at >= start() + 7 * HOUR;
    let builder = manager(&[&chat, &desk])
        .rule(
            AlertRule::new("desk")
                .channel("desk")
                .active_during(session)
                .and_continue(),
        )
        .rule(AlertRule::new("all").channel("chat").repeat_interval(None));
    with(builder, |alerts| async move {
        fire(&alerts, Error, "gap").await;
        pass(6 * HOUR).await;
        assert!(desk.received().is_empty());
        pass(HOUR + 2 * MINUTE).await;
        assert_eq!(told(&desk), ["firing error gap"]);
        assert_eq!(chat.received().len(), 1);
    })
    .await;
}

#[tokio::test(start_paused = true)]
async fn what_was_refused_is_not_tried_with_every_sweep() {
    let chat = ScriptedChannel::new("chat").otherwise(Step::Answer(Outcome::permanent("400")));
    let builder = manager(&[&chat]).repeat_interval(Some(4 * HOUR));
    with(builder, |alerts| async move {
        fire(&alerts, Error, "db").await;
        pass(3 * HOUR).await;
        assert_eq!(chat.attempts().len(), 1);
        pass(2 * HOUR).await;
        assert_eq!(chat.attempts().len(), 2);
        chat.set_otherwise(Step::Answer(Outcome::delivered()));
        pass(4 * HOUR).await;
        assert_eq!(told(&chat), ["firing error db"]);
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
    let pager = ScriptedChannel::new("pager");
    let builder = AlertManager::builder("svc", "test").channel(Incidents(pager.clone()));
    let rule = AlertRule::new("pager").channel("pager");
    let rule = rule.digest_every(5 * MINUTE).repeat_interval(None);
    with(builder.rule(rule), |alerts| async move {
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
async fn a_target_that_was_away_is_not_told_the_same_twice_when_it_is_back() {
    let mail = ScriptedChannel::new("mail").targets(["kim", "lee"]);
    with(manager(&[&mail]), |alerts| async move {
        mail.answer_target("lee", Outcome::transient("full"));
        let to = |name: &str| {
            let all = mail.received();
            all.iter().filter(|it| it.target.as_str() == name).count()
        };
        fire(&alerts, Error, "db").await;
        pass(20 * MINUTE).await;
        // Past the cooldown of those who were told; for the other the first is still on its way.
        let again = fire(&alerts, Error, "db").await;
        assert_eq!(again.deliveries(), 2);
        pass(MINUTE).await;
        assert_eq!((to("kim"), to("lee")), (2, 0));
        mail.answer_target("lee", Outcome::delivered());
        pass(HOUR).await;
        assert_eq!((to("kim"), to("lee")), (2, 1));
        // And hears of the end as everybody does, once.
        end(&alerts, Error, "db").await;
        pass(MINUTE).await;
        assert_eq!((to("kim"), to("lee")), (3, 2));
    })
    .await;
}

#[tokio::test(start_paused = true)]
async fn the_quiet_of_a_channel_counts_from_the_last_of_its_targets() {
    let mail = ScriptedChannel::new("mail").targets(["kim", "lee"]);
    with(manager(&[&mail]), |alerts| async move {
        mail.answer_target("lee", Outcome::transient("full"));
        fire(&alerts, Error, "db").await;
        pass(MINUTE).await;
        mail.answer_target("lee", Outcome::delivered());
        assert_eq!(mail.received().len(), 1);
        pass(13 * MINUTE).await;
        assert_eq!(mail.received().len(), 2, "the other was told late");
        pass(MINUTE + MINUTE / 2).await;
        fire(&alerts, Error, "db").await;
        pass(MINUTE / 4).await;
        assert_eq!(mail.received().len(), 2, "and is not told again so soon");
        pass(15 * MINUTE).await;
        fire(&alerts, Error, "db").await;
        pass(MINUTE).await;
        assert_eq!(mail.received().len(), 4);
    })
    .await;
}
