use proptest::prelude::*;

use super::*;
use crate::rule::{Matcher, Quiet};

fn at(millis: i64) -> Now {
    Now {
        tick: Tick(millis),
        wall: jiff::Timestamp::from_millisecond(1_700_000_000_000 + millis).unwrap(),
    }
}

const SECOND: i64 = 1_000;
const COOLDOWN: Duration = Duration::from_secs(900);

fn bare() -> PolicyConfig {
    PolicyConfig {
        inhibit: None,
        flap: None,
        ..PolicyConfig::default()
    }
}

fn policy(config: PolicyConfig) -> Policy {
    Policy::new(config, vec![ChannelSpec::new("a", 1)])
}

fn alert(level: AlertLevel) -> Alert {
    Alert::new(level, "t", "m", "s").key("k")
}

fn verdict(policy: &mut Policy, now: i64, alert: &Alert) -> Verdict {
    let decision = policy.decide(at(now), alert, AlertStatus::Firing);
    decision.routes[0].verdict.clone()
}

fn suppressed(reason: Suppressed) -> Verdict {
    Verdict::Suppress(reason)
}

#[track_caller]
fn ticket(verdict: &Verdict) -> u32 {
    match verdict {
        Verdict::Deliver { ticket, .. } => *ticket,
        other => panic!("{other:?}"),
    }
}

#[test]
fn a_rise_that_dies_leaves_what_was_told_before() {
    let mut policy = policy(bare());
    let warned = verdict(&mut policy, 0, &alert(AlertLevel::Warning));
    policy.delivered(Tick(0), "k", 0, ticket(&warned));
    let rise = verdict(&mut policy, 10, &alert(AlertLevel::Critical));
    assert!(matches!(
        rise,
        Verdict::Deliver {
            why: Pass::LevelRise,
            ..
        }
    ));
    policy.dead(Tick(15), "k", 0, ticket(&rise));
    assert_eq!(
        verdict(&mut policy, 20, &alert(AlertLevel::Warning)),
        suppressed(Suppressed::Cooldown)
    );
    assert!(verdict(&mut policy, 30, &alert(AlertLevel::Critical)).is_deliver());
    // The end of the warning is told although nothing CRITICAL ever arrived.
    let end = policy.decide(at(40), &alert(AlertLevel::Warning), AlertStatus::Resolved);
    assert!(end.routes[0].verdict.is_deliver());
}

#[test]
fn one_target_of_two_is_enough() {
    let mut policy = Policy::new(bare(), vec![ChannelSpec::new("mail", 2)]);
    let first = verdict(&mut policy, 0, &alert(AlertLevel::Error));
    policy.dead(Tick(0), "k", 0, ticket(&first));
    assert_eq!(
        verdict(&mut policy, 1, &alert(AlertLevel::Error)),
        suppressed(Suppressed::Cooldown)
    );
    policy.delivered(Tick(2), "k", 0, ticket(&first));
    assert_eq!(
        verdict(&mut policy, 3, &alert(AlertLevel::Error)),
        suppressed(Suppressed::Cooldown)
    );
}

#[test]
fn rules_choose_channels_first_match_or_all() {
    let config = PolicyConfig {
        rules: vec![
            AlertRule::new("also")
                .min_level(AlertLevel::Critical)
                .channel("b")
                .cooldown(Duration::ZERO)
                .and_continue(),
            AlertRule::new("off").channel("c").enabled(false),
            AlertRule::new("night")
                .channel("c")
                .active_during(|_: jiff::Timestamp| false),
            AlertRule::new("src").source("s").channel("a").channel("b"),
            AlertRule::new("rest").channel("c"),
        ],
        ..bare()
    };
    let specs = ["a", "b", "c"].map(|id| ChannelSpec::new(id, 1)).to_vec();
    let mut policy = Policy::new(config, specs);
    let mut check = |alert: &Alert, expected: &[(usize, Option<usize>)]| {
        let decision = policy.decide(at(0), alert, AlertStatus::Firing);
        let routes: Vec<_> = decision
            .routes
            .iter()
            .map(|route| (route.channel, route.rule))
            .collect();
        assert_eq!(routes, expected);
    };
    check(&alert(AlertLevel::Critical), &[(1, Some(0)), (0, Some(3))]);
    check(&alert(AlertLevel::Info), &[(0, Some(3)), (1, Some(3))]);
    let other = Alert::new(AlertLevel::Info, "t", "m", "elsewhere");
    check(&other, &[(2, Some(4))]);
    assert_eq!(policy.rule_counts(), (4, 5));
}

#[test]
fn no_rule_that_matches_means_every_channel() {
    let config = PolicyConfig {
        rules: vec![AlertRule::new("r").source("x").channel("a")],
        ..bare()
    };
    let specs = ["a", "b"].map(|id| ChannelSpec::new(id, 1)).to_vec();
    let mut policy = Policy::new(config, specs);
    let decision = policy.decide(at(0), &alert(AlertLevel::Info), AlertStatus::Firing);
    assert_eq!(decision.routes.len(), 2);
}

#[test]
fn quiet_hours_hold_back_all_but_critical() {
    let quiet = |then| PolicyConfig {
        rules: vec![
            AlertRule::new("r")
                .channel("a")
                .quiet_during(|_: jiff::Timestamp| true, then),
        ],
        ..bare()
    };
    let mut strict = policy(quiet(Quiet::Suppress));
    assert_eq!(
        verdict(&mut strict, 0, &alert(AlertLevel::Error)),
        suppressed(Suppressed::Quiet)
    );
    assert!(verdict(&mut strict, 0, &alert(AlertLevel::Critical)).is_deliver());
    let mut gathering = policy(quiet(Quiet::Digest));
    let Verdict::Digest { until, .. } = verdict(&mut gathering, 0, &alert(AlertLevel::Error))
    else {
        panic!("must be gathered");
    };
    assert_eq!(until, Tick(3_600 * SECOND));
}

#[test]
fn silences_hold_until_their_end_whatever_the_wall_clock_does() {
    let mut policy = policy(bare());
    let silence = Silence::new(Matcher::new().source("s"), at(60 * SECOND).wall, "kim");
    let id = silence.id.clone();
    assert!(policy.silence(at(0), silence));
    let jumped = Now {
        tick: Tick(30 * SECOND),
        wall: at(86_400 * SECOND).wall,
    };
    let held = policy.decide(jumped, &alert(AlertLevel::Critical), AlertStatus::Firing);
    assert_eq!(held.routes[0].verdict, suppressed(Suppressed::Silence));
    assert!(verdict(&mut policy, 60 * SECOND, &alert(AlertLevel::Critical)).is_deliver());
    assert!(policy.unsilence(&id));
    assert!(!policy.unsilence(&id));
}

#[test]
fn a_critical_hides_warnings_of_its_source_and_tag() {
    let mut policy = policy(PolicyConfig::default());
    let of = |level, source: &str, tag: &str, key: &str| {
        Alert::new(level, "t", "m", source).tag(tag).key(key)
    };
    let fire = of(AlertLevel::Critical, "db", "disk", "fire");
    assert!(verdict(&mut policy, 0, &fire).is_deliver());
    let lamp = of(AlertLevel::Warning, "db", "disk", "lamp");
    assert_eq!(
        verdict(&mut policy, 1, &lamp),
        suppressed(Suppressed::Inhibited)
    );
    let others = [
        of(AlertLevel::Error, "db", "disk", "error"),
        of(AlertLevel::Warning, "web", "disk", "source"),
        of(AlertLevel::Warning, "db", "net", "tag"),
    ];
    for other in &others {
        assert!(verdict(&mut policy, 2, other).is_deliver(), "{other:?}");
    }
    policy.decide(at(3), &fire, AlertStatus::Resolved);
    assert!(verdict(&mut policy, 4, &lamp).is_deliver());
    assert!(verdict(&mut policy, 5, &of(AlertLevel::Critical, "x", "t", "again")).is_deliver());
    let late = of(AlertLevel::Warning, "x", "t", "late");
    assert!(verdict(&mut policy, 901 * SECOND, &late).is_deliver());
}

#[test]
fn what_comes_and_goes_is_held_down_until_it_stays_put() {
    let mut policy = policy(PolicyConfig::default());
    let mut told = 0;
    for n in 0..20 {
        let status = [AlertStatus::Firing, AlertStatus::Resolved][n % 2];
        let now = at(n as i64 * SECOND);
        let decision = policy.decide(now, &alert(AlertLevel::Error), status);
        for route in &decision.routes {
            if let Verdict::Deliver { ticket, .. } = route.verdict {
                policy.delivered(now.tick, "k", 0, ticket);
                told += 1;
            }
        }
    }
    assert_eq!(told, 6);
    assert!(
        verdict(&mut policy, 21 * SECOND, &alert(AlertLevel::Critical)).is_deliver(),
        "worse than ever passes"
    );
    let end = at(700 * SECOND);
    let decision = policy.decide(end, &alert(AlertLevel::Error), AlertStatus::Resolved);
    assert!(decision.routes[0].verdict.is_deliver());
}

#[test]
fn keys_are_bounded_and_touched_ones_stay() {
    let mut policy = policy(PolicyConfig {
        max_keys: 100,
        ..bare()
    });
    let keyed = |key: String| Alert::new(AlertLevel::Error, "t", "m", "s").key(key);
    verdict(&mut policy, 0, &keyed("hot".to_owned()));
    for n in 0..10_000 {
        verdict(&mut policy, n + 1, &keyed(format!("k{n}")));
        assert_eq!(
            verdict(&mut policy, n + 1, &keyed("hot".to_owned())),
            suppressed(Suppressed::Cooldown)
        );
    }
    let (keys, evicted) = policy.key_counts();
    assert_eq!((keys, evicted), (100, 10_001 - 100));
}

#[test]
fn an_explanation_makes_nobody_forget() {
    let mut policy = policy(PolicyConfig {
        max_keys: 1,
        ..bare()
    });
    let keyed = |key: &str| Alert::new(AlertLevel::Error, "t", "m", "s").key(key);
    assert!(verdict(&mut policy, 0, &keyed("told")).is_deliver());
    let other = policy.explain(at(1), &keyed("other"), Ask::default());
    assert!(other.routes[0].verdict.is_deliver());
    assert_eq!(policy.key_counts(), (1, 0));
    let ended = policy.decide(at(2), &keyed("told"), AlertStatus::Resolved);
    assert!(ended.routes[0].verdict.is_deliver());
}

/// What somebody does in a random history.
#[derive(Debug, Clone)]
enum Step {
    Send(u8, AlertLevel),
    Resolve(u8),
    Wait(u32),
    Settle(proptest::sample::Index, bool),
    Enable(bool),
}

fn steps() -> impl Strategy<Value = Vec<Step>> {
    let level = (0_usize..4).prop_map(AlertLevel::from_index);
    let step = prop_oneof![
        6 => (0_u8..3, level).prop_map(|(key, level)| Step::Send(key, level)),
        2 => (0_u8..3).prop_map(Step::Resolve),
        3 => (0_u32..1_200).prop_map(Step::Wait),
        5 => (any::<proptest::sample::Index>(), any::<bool>())
            .prop_map(|(which, arrives)| Step::Settle(which, arrives)),
        1 => any::<bool>().prop_map(Step::Enable),
    ];
    proptest::collection::vec(step, 1..60)
}

/// One message that went out, kept for ever: the model decides from the whole list each time.
#[derive(Debug)]
struct Told {
    key: u8,
    level: AlertLevel,
    firing: bool,
    arrived: Option<i64>,
    ticket: u32,
    settled: bool,
    carried: u64,
}

#[derive(Debug, Default)]
struct Model {
    told: Vec<Told>,
    held: [u64; 3],
    disabled: bool,
}

#[derive(Debug, PartialEq)]
enum Expected {
    Nothing,
    Held(Suppressed),
    Goes(Pass, u64),
}

impl Model {
    fn hold(&mut self, key: u8, reason: Suppressed) -> Expected {
        self.held[usize::from(key)] += 1;
        Expected::Held(reason)
    }

    fn decide(&mut self, now: i64, key: u8, level: AlertLevel, firing: bool) -> Expected {
        let last = self.told.iter().rev().find(|told| told.key == key);
        let last_firing = last.filter(|told| told.firing);
        let last_firing = last_firing.map(|told| (told.level, told.arrived));
        if !firing {
            if last_firing.is_none() {
                return Expected::Nothing;
            }
            if self.disabled {
                return self.hold(key, Suppressed::Disabled);
            }
            return Expected::Goes(Pass::Resolved, 0);
        }
        if self.disabled {
            return self.hold(key, Suppressed::Disabled);
        }
        let cooldown = i64::try_from(COOLDOWN.as_millis()).unwrap();
        match last_firing {
            None => Expected::Goes(Pass::First, 0),
            Some((before, _)) if level > before => Expected::Goes(Pass::LevelRise, 0),
            Some((before, _)) if level < before => Expected::Goes(Pass::LevelFall, 0),
            Some((_, None)) => self.hold(key, Suppressed::Cooldown),
            Some((_, Some(arrived))) if now < arrived + cooldown => {
                self.hold(key, Suppressed::Cooldown)
            }
            Some(_) => Expected::Goes(Pass::CooldownOver, 0),
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(512))]

    /// The policy keeps a few facts a key; the model looks through everything that ever went out.
    #[test]
    fn decisions_follow_from_the_whole_history(steps in steps()) {
        let mut policy = policy(bare());
        let mut model = Model::default();
        let mut now = 0_i64;
        for step in steps {
            match step {
                Step::Wait(seconds) => now += i64::from(seconds) * SECOND,
                Step::Enable(on) => {
                    policy.set_enabled(0, on);
                    model.disabled = !on;
                }
                Step::Settle(which, arrives) => {
                    let open: Vec<usize> = (0..model.told.len())
                        .filter(|place| !model.told[*place].settled)
                        .collect();
                    if open.is_empty() {
                        continue;
                    }
                    let place = open[which.index(open.len())];
                    let (key, ticket) = (model.told[place].key, model.told[place].ticket);
                    if arrives {
                        policy.delivered(Tick(now), &key.to_string(), 0, ticket);
                        model.told[place].settled = true;
                        model.told[place].arrived = Some(now);
                    } else {
                        policy.dead(Tick(now), &key.to_string(), 0, ticket);
                        let latest = model.told.iter().rposition(|told| told.key == key);
                        let dead = model.told.remove(place);
                        if latest == Some(place) {
                            model.held[usize::from(key)] += dead.carried;
                        }
                    }
                }
                Step::Send(key, level) => {
                    tell(&mut policy, &mut model, now, key, Some(level));
                }
                Step::Resolve(key) => tell(&mut policy, &mut model, now, key, None),
            }
        }
    }
}

/// Sends, or resolves when there is no level, and compares.
fn tell(policy: &mut Policy, model: &mut Model, now: i64, key: u8, level: Option<AlertLevel>) {
    let firing = level.is_some();
    let level = level.unwrap_or(AlertLevel::Info);
    let alert = Alert::new(level, "t", "m", "s").key(key.to_string());
    let status = if firing {
        AlertStatus::Firing
    } else {
        AlertStatus::Resolved
    };
    let mut expected = model.decide(now, key, level, firing);
    if let Expected::Goes(_, carried) = &mut expected {
        *carried = std::mem::take(&mut model.held[usize::from(key)]);
    }
    let decision = policy.decide(at(now), &alert, status);
    let (found, ticket) = match decision.routes.first().map(|route| &route.verdict) {
        None => (Expected::Nothing, 0),
        Some(Verdict::Suppress(reason)) => (Expected::Held(*reason), 0),
        Some(Verdict::Deliver {
            why,
            suppressed,
            ticket,
            ..
        }) => (Expected::Goes(*why, *suppressed), *ticket),
        Some(other) => panic!("{other:?}"),
    };
    assert_eq!(found, expected);
    if let Expected::Goes(_, carried) = found {
        let before = model.told.iter().rev().find(|told| told.key == key);
        let level = match before {
            Some(before) if !firing => before.level,
            _ => level,
        };
        model.told.push(Told {
            key,
            level,
            firing,
            arrived: None,
            ticket,
            settled: false,
            carried,
        });
    }
}
