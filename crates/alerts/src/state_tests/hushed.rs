//! What holds an alert back, and what is told when nothing does any more.

use super::*;

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
