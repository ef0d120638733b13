//! What `explain` says is what then happens; and other rules, taken up in the middle of a storm, lose
//! nothing and double nothing.
//!
//! `BONGSU_TEST_EXPLAINED` sets how many random alerts are explained.

use std::collections::BTreeMap;
use std::time::Duration;

use bongsu_trace::random::SplitMix;
use jiff::Timestamp;

use crate::channel::Channel as _;
use crate::schedule::DailyHours;
use crate::state_tests::with;
use crate::testing::ScriptedChannel;
use crate::{
    Alert, AlertLevel, AlertManager, AlertRule, AlertStatus, BuildError, Defaults, Matcher, Quiet,
    Routing, Silence, What,
};

fn below(random: &mut SplitMix, bound: u64) -> u64 {
    random.word() % bound
}

fn level(random: &mut SplitMix) -> AlertLevel {
    AlertLevel::from_index(usize::try_from(below(random, 4)).unwrap())
}

const CHANNELS: [&str; 3] = ["chat", "mail", "pager"];

/// Rules of every kind that decides by itself.
fn routing(random: &mut SplitMix) -> Routing {
    let night = DailyHours::new(
        jiff::tz::TimeZone::UTC,
        jiff::civil::time(22, 0, 0, 0),
        jiff::civil::time(7, 0, 0, 0),
    );
    let mut routing = Routing::new();
    if below(random, 2) == 0 {
        routing = routing.defaults(Defaults {
            cooldown: Duration::from_secs(below(random, 4) * 600),
            repeat: (below(random, 3) > 0).then(|| Duration::from_secs(600 + below(random, 7_200))),
            fallback: (below(random, 2) == 0).then(|| "mail".to_owned()),
        });
    }
    for place in 0..below(random, 6) {
        let mut rule = AlertRule::new(format!("r{place}"));
        for channel in CHANNELS {
            if below(random, 2) == 0 {
                rule = rule.channel(channel);
            }
        }
        rule = rule.channel(CHANNELS[usize::try_from(below(random, 3)).unwrap()]);
        if below(random, 2) == 0 {
            rule = rule.min_level(level(random));
        }
        if below(random, 3) == 0 {
            rule = rule.tag(format!("t{}", below(random, 2)));
        }
        if below(random, 4) == 0 {
            rule = rule.source(format!("s{}", below(random, 3)));
        }
        rule = match below(random, 6) {
            0 => rule.quiet_during(night.clone(), Quiet::Digest),
            1 => rule.quiet_during(night.clone(), Quiet::Suppress),
            2 => rule.active_during(night.clone()),
            3 => rule.digest_every(Duration::from_secs(600)),
            _ => rule,
        };
        if below(random, 2) == 0 {
            rule = rule.and_continue();
        }
        if below(random, 3) == 0 {
            rule = rule.cooldown(Duration::from_secs(below(random, 3) * 600));
        }
        if below(random, 3) == 0 {
            rule = rule.escalate(Duration::from_secs(900), ["pager"]);
        }
        routing = routing.rule(rule);
    }
    if below(random, 3) == 0 {
        routing = routing.min_level("mail", level(random));
    }
    if below(random, 4) == 0 {
        let matcher = Matcher::new().source("s1");
        routing = routing.silence(Silence::new(matcher, Timestamp::MAX, "file"));
    }
    routing
}

#[tokio::test(start_paused = true)]
async fn what_is_explained_is_what_happens() {
    const EACH: u64 = 100;
    let steps: u64 = bongsu_testkit::asked("BONGSU_TEST_EXPLAINED", 3_000);
    for seed in 0..steps.div_ceil(EACH) {
        let mut random = SplitMix::new(seed.wrapping_mul(0x9e37_79b9_7f4a_7c15));
        let builder = CHANNELS
            .into_iter()
            .fold(AlertManager::builder("svc", "test"), |builder, id| {
                builder.channel(ScriptedChannel::new(id))
            });
        with(builder.routing(routing(&mut random)), |alerts| async move {
            for step in 0..EACH {
                let alert = Alert::new(
                    level(&mut random),
                    "t",
                    "m",
                    format!("s{}", below(&mut random, 3)),
                )
                .key(format!("k{}", below(&mut random, 5)))
                .tag(format!("t{}", below(&mut random, 2)));
                match below(&mut random, 12) {
                    0 => drop(alerts.send_resolved(alert.clone()).await.unwrap()),
                    1 => drop(alerts.acknowledge(&alert.dedup_key(), "kim").await),
                    2 => alerts.reroute(routing(&mut random)).unwrap(),
                    3 => {
                        let wait = below(&mut random, 7_200);
                        tokio::time::sleep(Duration::from_secs(wait)).await;
                    }
                    4 => {
                        let on = below(&mut random, 2) == 0;
                        alerts.set_channel_enabled("mail", on).unwrap();
                    }
                    _ => {}
                }
                let explained = alerts.explain(&alert);
                assert_eq!(explained, alerts.explain(&alert), "asking changes nothing");
                let receipt = alerts.send_alert(alert.clone()).await.unwrap();
                let happened: Vec<_> = receipt
                    .channels
                    .iter()
                    .map(|it| (it.channel.clone(), it.rule.clone(), without_ids(&it.what)))
                    .collect();
                let said: Vec<_> = explained
                    .channels
                    .iter()
                    .map(|it| (it.channel.clone(), it.rule.clone(), it.what.clone()))
                    .collect();
                assert_eq!(said, happened, "seed {seed}, step {step}: {alert:?}");
                if let Some(held) = explained.held {
                    let fires = alerts.active();
                    let fires = fires.iter().find(|it| it.key == explained.key).unwrap();
                    assert_eq!(fires.held, Some(held), "seed {seed}, step {step}");
                }
            }
        })
        .await;
    }
}

fn without_ids(what: &What) -> What {
    let delivery_ids = Vec::new();
    match what {
        What::Deliver { why, .. } => What::Deliver {
            why: *why,
            delivery_ids,
        },
        What::Digest { .. } => What::Digest { delivery_ids },
        What::Suppress(reason) => What::Suppress(*reason),
    }
}

/// Who heard what, how often.
fn heard(channel: &ScriptedChannel, status: AlertStatus) -> BTreeMap<String, usize> {
    let mut heard = BTreeMap::new();
    for message in channel.received() {
        if message.status == status {
            *heard.entry(message.title).or_default() += 1;
        }
    }
    heard
}

#[tokio::test(start_paused = true)]
async fn other_rules_in_a_storm_lose_nothing_and_double_nothing() {
    const ALERTS: usize = 400;
    let [chat, mail] = ["chat", "mail"].map(ScriptedChannel::new);
    let builder = AlertManager::builder("svc", "test")
        .channel(chat.clone())
        .channel(mail.clone())
        .storm(1_000_000);
    let plain = || Routing::new().rule(AlertRule::new("all").channel("chat"));
    let both = || {
        let errors = AlertRule::new("errors").min_level(AlertLevel::Error);
        let rule = errors.channel("mail").and_continue().owner("desk");
        let all = AlertRule::new("everything").channel("chat");
        Routing::new().rule(rule).rule(all)
    };
    with(builder.routing(plain()), |alerts| async move {
        let level = |n: usize| AlertLevel::from_index(n % 4);
        let alert = |n: usize| {
            let title = format!("a{n}");
            Alert::new(level(n), title.as_str(), "m", "s").key(title)
        };
        for n in 0..ALERTS {
            alerts.send_alert(alert(n)).await.unwrap();
            if n % 7 == 0 {
                let routing = if n % 2 == 0 { both() } else { plain() };
                alerts.reroute(routing).unwrap();
            }
            if n % 31 == 0 {
                // All or nothing: what is wrong leaves the rules as they were.
                let wrong = Routing::new().rule(AlertRule::new("x").channel("chta"));
                let error = alerts.reroute(wrong).unwrap_err();
                assert!(matches!(error, BuildError::Invalid { .. }), "{error}");
            }
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
        alerts.reroute(both()).unwrap();
        tokio::time::sleep(Duration::from_secs(60)).await;
        let firing = heard(&chat, AlertStatus::Firing);
        assert_eq!(firing.len(), ALERTS);
        assert!(firing.values().all(|count| *count == 1), "{firing:?}");
        let mailed = heard(&mail, AlertStatus::Firing);
        let errors = (0..ALERTS).filter(|n| level(*n) >= AlertLevel::Error);
        assert_eq!(mailed.len(), errors.count());
        assert!(mailed.values().all(|count| *count == 1), "{mailed:?}");
        // Whoever was told hears of the end, also by rules that name nobody there any more.
        alerts.reroute(plain()).unwrap();
        for n in 0..ALERTS {
            alerts.send_resolved(alert(n)).await.unwrap();
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
        tokio::time::sleep(Duration::from_secs(60)).await;
        assert_eq!(heard(&chat, AlertStatus::Resolved), firing);
        assert_eq!(heard(&mail, AlertStatus::Resolved), mailed);
    })
    .await;
}

#[tokio::test(start_paused = true)]
async fn the_steps_of_an_escalation_are_taken_once_whatever_becomes_of_the_rules() {
    let [chat, pager] = ["chat", "pager"].map(ScriptedChannel::new);
    let builder = AlertManager::builder("svc", "test")
        .channel(chat.clone())
        .channel(pager.clone())
        .repeat_interval(None);
    let escalating = || {
        let after = Duration::from_secs(900);
        AlertRule::new("page")
            .channel("chat")
            .escalate(after, ["pager"])
    };
    let before = Routing::new().rule(escalating());
    with(builder.routing(before), |alerts| async move {
        let alert = Alert::new(AlertLevel::Critical, "db", "m", "s").key("db");
        alerts.send_alert(alert.clone()).await.unwrap();
        tokio::time::sleep(Duration::from_secs(600)).await;
        // The rule stands elsewhere now; its clock goes on.
        let other = AlertRule::new("other").tag("x").channel("chat");
        let after = Routing::new().rule(other).rule(escalating());
        alerts.reroute(after).unwrap();
        tokio::time::sleep(Duration::from_secs(400)).await;
        assert_eq!(pager.received().len(), 1);
        alerts.reroute(Routing::new().rule(escalating())).unwrap();
        tokio::time::sleep(Duration::from_secs(3_600)).await;
        assert_eq!((chat.received().len(), pager.received().len()), (1, 1));
    })
    .await;
}

#[tokio::test(start_paused = true)]
async fn a_standing_silence_holds_as_long_as_it_is_there() {
    let chat = ScriptedChannel::new("chat");
    let builder = AlertManager::builder("svc", "test").channel(chat.clone());
    let silence = Silence::new(Matcher::new().source("batch"), Timestamp::MAX, "file");
    let id = silence.id.clone();
    with(
        builder.routing(Routing::new().silence(silence)),
        |alerts| async move {
            let alert = Alert::new(AlertLevel::Error, "late", "m", "batch").key("late");
            alerts.send_alert(alert).await.unwrap();
            tokio::time::sleep(Duration::from_secs(3_600)).await;
            assert!(chat.received().is_empty());
            assert!(alerts.silence_holds(&id));
            assert_eq!(alerts.silenced_by(&id), Some(vec!["late".to_owned()]));
            assert!(
                !alerts.unsilence(&id).await.unwrap(),
                "nobody takes it back"
            );
            alerts.reroute(Routing::new()).unwrap();
            tokio::time::sleep(Duration::from_secs(1)).await;
            assert_eq!(chat.received().len(), 1);
        },
    )
    .await;
}

/// A routing with nothing but what holds where no rule says otherwise.
fn pace(cooldown: u64, repeat: Option<u64>, fallback: Option<&str>) -> Routing {
    Routing::new().defaults(Defaults {
        cooldown: Duration::from_secs(cooldown),
        repeat: repeat.map(Duration::from_secs),
        fallback: fallback.map(str::to_owned),
    })
}

#[tokio::test(start_paused = true)]
async fn cooldown_repetition_and_fallback_are_taken_up_and_given_back() {
    let [chat, mail] = ["chat", "mail"].map(ScriptedChannel::new);
    let rule = AlertRule::new("all").channel("chat");
    let builder = AlertManager::builder("svc", "test")
        .channel(chat.clone())
        .channel(mail.clone())
        .rule(rule)
        .cooldown(Duration::from_secs(3_600))
        .repeat_interval(None);
    with(builder, |alerts| async move {
        let own = alerts.defaults();
        assert_eq!((own.repeat, own.fallback.as_deref()), (None, None));
        let error = alerts.reroute(pace(60, Some(0), Some("mial"))).unwrap_err();
        let error = error.to_string();
        assert!(
            error.contains("repeat interval is zero") && error.contains("\"mial\""),
            "{error}"
        );
        assert_eq!(alerts.defaults(), own);

        alerts.reroute(pace(60, Some(600), Some("mail"))).unwrap();
        let fires = |key: &str| Alert::new(AlertLevel::Error, key, "m", "s").key(key);
        alerts.send_alert(fires("a")).await.unwrap();
        tokio::time::sleep(Duration::from_secs(61)).await;
        alerts.send_alert(fires("a")).await.unwrap();
        tokio::time::sleep(Duration::from_secs(650)).await;
        // First, after the cooldown, and once by itself.
        assert_eq!(chat.received().len(), 3);

        alerts.reroute(Routing::new()).unwrap();
        assert_eq!(alerts.defaults(), own);
        tokio::time::sleep(Duration::from_secs(7_200)).await;
        assert_eq!(chat.received().len(), 3, "nothing is repeated any more");
        assert!(mail.received().is_empty());
    })
    .await;
}

/// What a rehearsal says goes out is what a manager sends, whatever happens in between.
#[tokio::test(start_paused = true)]
async fn a_rehearsal_is_what_a_manager_does() {
    let runs: u64 = bongsu_testkit::asked("BONGSU_TEST_REHEARSED", 3);
    for seed in 0..runs {
        let mut random = SplitMix::new(seed.wrapping_mul(0x9e37_79b9_7f4a_7c15) ^ 7);
        let routing = routing(&mut random);
        let channels = CHANNELS.map(ScriptedChannel::new);
        let builder = |channels: &[ScriptedChannel]| {
            let builder = AlertManager::builder("svc", "test").routing(routing.clone());
            channels
                .iter()
                .fold(builder, |builder, it| builder.channel(it.clone()))
        };
        let begin = Timestamp::from_second(1_772_382_600).unwrap();
        let mut rehearsal = builder(&channels).rehearsal(begin).unwrap();
        let origin = tokio::time::Instant::now();
        let real = builder(&channels).wall_clock(move || begin + origin.elapsed());
        let heard = channels.clone();
        crate::tests::with(real, |alerts| async move {
            for _ in 0..60 {
                let alert = Alert::new(
                    level(&mut random),
                    format!("t{}", below(&mut random, 1_000)),
                    "m",
                    format!("s{}", below(&mut random, 3)),
                )
                .key(format!("k{}", below(&mut random, 5)))
                .tag(format!("t{}", below(&mut random, 2)));
                match below(&mut random, 8) {
                    0 => {
                        alerts.send_resolved(alert.clone()).await.unwrap();
                        rehearsal.resolve(alert.clone()).unwrap();
                    }
                    1 => {
                        let key = alert.dedup_key();
                        let done = alerts.acknowledge(&key, "kim").await.is_ok();
                        assert_eq!(rehearsal.acknowledge(&key).is_ok(), done);
                    }
                    2 => {
                        let on = below(&mut random, 2) == 0;
                        alerts.set_channel_enabled("mail", on).unwrap();
                        rehearsal.set_channel_enabled("mail", on).unwrap();
                    }
                    _ => {
                        assert_eq!(rehearsal.explain(&alert), alerts.explain(&alert));
                        alerts.send_alert(alert.clone()).await.unwrap();
                        rehearsal.send(alert).unwrap();
                    }
                }
                let wait = Duration::from_millis(1 + below(&mut random, 1_200_000));
                tokio::time::sleep(wait).await;
                rehearsal.pass(wait);
            }
            let long = Duration::from_secs(40_000);
            tokio::time::sleep(long).await;
            rehearsal.pass(long);
            let told = rehearsal.told();
            for channel in &heard {
                // What is due in one moment goes in any order.
                let in_order = |mut all: Vec<String>| {
                    all.sort_unstable();
                    all
                };
                let sent = channel.received().into_iter();
                let sent = sent.map(|it| format!("{} {} {}", it.status, it.level, it.title));
                let said = told.iter().filter(|it| it.channel == channel.id());
                let said = said.map(|it| format!("{} {} {}", it.status, it.level, it.headline));
                let (sent, said) = (in_order(sent.collect()), in_order(said.collect()));
                assert_eq!(said, sent, "seed {seed}, {}", channel.id());
            }
        })
        .await;
    }
}
