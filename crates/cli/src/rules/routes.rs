//! `rules test FILE.toml` and `rules backtest` without rule files: the routes, over a table and over what was.

use std::{
    collections::{BTreeMap, BTreeSet},
    path::Path,
};

use bongsu::{
    Bongsu, Config, Error,
    alerts::{
        AlertStatus, HistoryEntry, Receipt, Rehearsal, SqliteStore, What,
        store::{DeliveryState, HistoryQuery},
    },
    config::RouteTests,
};
use jiff::Timestamp;

use crate::{Failure, say};

/// More alerts than a store keeps.
const MOST: usize = 1_000_000;

/// How many tests a table has, and what of it does not hold.
pub(super) fn test(path: &Path) -> Result<(usize, Vec<String>), Failure> {
    let name = path.display().to_string();
    let text = std::fs::read_to_string(path)
        .map_err(|error| Failure::Wrong(format!("{name}: {error}")))?;
    let config = Config::from_env().map_err(Error::from)?;
    let tests = RouteTests::read(&name, &text, &config.delivery.time_zone).map_err(Error::from)?;
    let failed = tests.run(|begin| rehearsal(&config, begin, tests.channels()))?;
    let failed = failed.iter().map(ToString::to_string);
    Ok((tests.count(), failed.collect()))
}

fn rehearsal(config: &Config, begin: Timestamp, also: &[String]) -> Result<Rehearsal, Failure> {
    let builder = Bongsu::builder(config.clone());
    Ok(builder.rehearsal(begin, also)?)
}

/// What the routes would have made of the alerts of the past.
pub(super) fn backtest(since_ms: Option<i64>) -> Result<(), Failure> {
    let config = Config::from_env().map_err(Error::from)?;
    let past = past(&config, since_ms)?;
    let mut replayed = Replayed::default();
    let also = channels(&past);
    let (Some(first), Some(last)) = (past.first(), past.last()) else {
        return Err(Failure::undone("the history holds no alert of that time"));
    };
    let (from, to) = (first.accepted.at, last.accepted.at);
    let mut stage = rehearsal(&config, from, &also)?;
    replay(&past, &mut stage, &mut replayed);
    say(&format!("{from} to {to}: {} alerts", replayed.alerts));
    for line in replayed.told(&really(&past)) {
        say(&line);
    }
    Ok(())
}

/// Which alerts of the past go elsewhere by another file. Nothing when there is no past.
pub(super) fn moved(old: &Config, new: &Config) -> Result<Vec<String>, Failure> {
    let Ok(past) = past(new, None) else {
        return Ok(Vec::new());
    };
    let Some(first) = past.first() else {
        return Ok(Vec::new());
    };
    let also = channels(&past);
    let went = |config: &Config| -> Result<Replayed, Failure> {
        let mut stage = rehearsal(config, first.accepted.at, &also)?;
        let mut replayed = Replayed::default();
        replay(&past, &mut stage, &mut replayed);
        Ok(replayed)
    };
    let (before, after) = (went(old)?, went(new)?);
    let mut kinds: BTreeMap<(String, String, String), usize> = BTreeMap::new();
    for ((key, was), (_, is)) in before.went.iter().zip(&after.went) {
        if was != is {
            let kind = (key.clone(), list(was), list(is));
            *kinds.entry(kind).or_default() += 1;
        }
    }
    let lines = kinds
        .into_iter()
        .map(|((key, was, is), times)| format!("{key}: {times} times to {is} instead of {was}"));
    let mut lines: Vec<String> = lines.collect();
    lines.insert(
        0,
        format!("of {} alerts since {}:", after.alerts, first.accepted.at),
    );
    Ok(lines)
}

/// The alerts that were sent, the oldest first: without what was only told again, and what the alerting says of itself.
fn past(config: &Config, since_ms: Option<i64>) -> Result<Vec<HistoryEntry>, Failure> {
    let path = config.data_dir.join("alerts.db");
    if !path.is_file() {
        return Err(Failure::undone(format!(
            "{}: there is no history of a service here; run it in the service's folder, or with --dir",
            path.display()
        )));
    }
    let until = Timestamp::MAX;
    let since = Timestamp::MIN;
    let query = HistoryQuery {
        since,
        until,
        limit: MOST,
    };
    let read = SqliteStore::read(&path, query);
    let mut past = read.map_err(|error| Failure::undone(format!("{}: {error}", path.display())))?;
    past.reverse();
    if let (Some(since_ms), Some(last)) = (since_ms, past.last()) {
        let from = last.accepted.at.as_millisecond().saturating_sub(since_ms);
        past.retain(|it| it.accepted.at.as_millisecond() >= from);
    }
    let mut seen = BTreeSet::new();
    past.retain(|it| {
        let alert = &it.accepted.alert;
        let fires = it.accepted.status == AlertStatus::Firing;
        let own = alert.kind == "alerting" || alert.kind == "digest";
        !own && seen.insert((alert.id.clone(), fires))
    });
    Ok(past)
}

/// The channels that were told.
fn channels(past: &[HistoryEntry]) -> Vec<String> {
    let all = past.iter().flat_map(|it| &it.deliveries);
    let names: BTreeSet<String> = all.map(|it| it.channel.to_string()).collect();
    names.into_iter().collect()
}

fn really(past: &[HistoryEntry]) -> BTreeMap<String, usize> {
    let mut told = BTreeMap::new();
    let fires = past
        .iter()
        .filter(|it| it.accepted.status == AlertStatus::Firing);
    for delivery in fires.flat_map(|it| &it.deliveries) {
        if delivery.state == DeliveryState::Delivered {
            *told.entry(delivery.channel.to_string()).or_default() += 1;
        }
    }
    told
}

/// What the routes made of the past.
#[derive(Debug, Default)]
struct Replayed {
    alerts: usize,
    /// Each alert's key, and the channels that its rules told of it, at once or in a digest.
    went: Vec<(String, BTreeSet<String>)>,
    rules: BTreeMap<String, usize>,
    channels: BTreeMap<String, Counts>,
}

#[derive(Debug, Default)]
struct Counts {
    told: usize,
    digested: usize,
    /// Repetitions, escalations and what was held back until later.
    later: usize,
    held: BTreeMap<&'static str, usize>,
}

#[expect(clippy::disallowed_methods, reason = "a driver: it reads the clock")]
fn replay(past: &[HistoryEntry], stage: &mut Rehearsal, replayed: &mut Replayed) {
    let names: Vec<String> = stage.channels().map(str::to_owned).collect();
    for name in names {
        replayed.channels.entry(name).or_default();
    }
    for entry in past {
        stage.pass_until(entry.accepted.at);
        replayed.later(stage);
        let mut alert = entry.accepted.alert.clone();
        alert.key = Some(entry.accepted.key.to_string());
        if entry.accepted.status == AlertStatus::Resolved {
            // An end of which nobody was told is none.
            drop(stage.resolve(alert));
            continue;
        }
        replayed.alerts += 1;
        match stage.send(alert) {
            Ok(receipt) => replayed.sent(&receipt),
            Err(_) => replayed
                .went
                .push((entry.accepted.key.to_string(), BTreeSet::new())),
        }
        drop(stage.told());
    }
    // What has come of the last alert until now: a digest, a repetition, a step of an escalation.
    stage.pass_until(Timestamp::now());
    replayed.later(stage);
}

impl Replayed {
    fn sent(&mut self, receipt: &Receipt) {
        let mut told = BTreeSet::new();
        let mut rules = BTreeSet::new();
        for decision in &receipt.channels {
            let counts = self.channels.entry(decision.channel.clone()).or_default();
            rules.insert(decision.rule.clone());
            match &decision.what {
                What::Deliver { .. } => counts.told += 1,
                What::Digest { .. } => counts.digested += 1,
                What::Suppress(reason) => {
                    *counts.held.entry(reason.as_str()).or_default() += 1;
                    continue;
                }
            }
            told.insert(decision.channel.clone());
        }
        for rule in rules {
            let name = rule.map_or_else(|| "no rule".to_owned(), |rule| format!("rule {rule}"));
            *self.rules.entry(name).or_default() += 1;
        }
        self.went.push((receipt.key.clone(), told));
    }

    /// What went out by itself since the alert before.
    fn later(&mut self, stage: &mut Rehearsal) {
        let fires = stage.told().into_iter();
        for told in fires.filter(|it| it.status == AlertStatus::Firing && it.digest.is_empty()) {
            self.channels.entry(told.channel).or_default().later += 1;
        }
    }

    fn told(&self, really: &BTreeMap<String, usize>) -> Vec<String> {
        let mut lines = Vec::new();
        for (rule, times) in &self.rules {
            lines.push(format!("{rule}: {times} alerts"));
        }
        for (channel, counts) in &self.channels {
            let mut parts = vec![format!("{} at once", counts.told)];
            let more = [(counts.digested, "in digests"), (counts.later, "later")];
            for (count, what) in more {
                if count > 0 {
                    parts.push(format!("{count} {what}"));
                }
            }
            for (reason, count) in &counts.held {
                parts.push(format!("{count} held back by {reason}"));
            }
            let was = really.get(channel).copied().unwrap_or_default();
            let (at_once, parts) = (counts.told, parts.join(", "));
            lines.push(match was == at_once {
                true => format!("{channel}: {parts}"),
                false => format!("{channel}: {parts}; {was} were told"),
            });
        }
        lines
    }
}

fn list(names: &BTreeSet<String>) -> String {
    match names.is_empty() {
        true => "nobody".to_owned(),
        false => Vec::from_iter(names.iter().map(String::as_str)).join(", "),
    }
}
