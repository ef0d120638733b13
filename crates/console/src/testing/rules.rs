//! The rules of the source.

use async_trait::async_trait;
use bongsu_ops::{Reloaded, RuleDesk};
use jiff::{SignedDuration, Timestamp};

use super::FakeSource;
use crate::{OpsError, RuleAlert, RuleGroup, RuleKind, RuleMemory, RuleSeen, RuleState, Rules};

#[async_trait]
impl RuleDesk for FakeSource {
    async fn rules(&self) -> Result<Rules, OpsError> {
        Ok(rules((self.clock)()))
    }

    async fn reload(&self) -> Result<Reloaded, OpsError> {
        self.state().actions.push("reload rules".to_owned());
        Ok(Reloaded {
            file: "shipped, rules/*.yml".to_owned(),
            rules: 4,
            silences: 0,
            warnings: Vec::new(),
            needs_restart: Vec::new(),
        })
    }
}

/// One rule of each state.
fn rules(at: Timestamp) -> Rules {
    let alert = |level: f64, state, minutes: i64| {
        let since = at - SignedDuration::from_mins(minutes);
        let labels = [
            ("alertname", "StaleFeed"),
            ("severity", "critical"),
            ("venue", "KRX"),
        ];
        RuleAlert {
            labels: labels
                .map(|(name, value)| (name.to_owned(), value.to_owned()))
                .into(),
            value: level.to_string(),
            state,
            since,
            firing_since: (state == RuleState::Firing).then_some(since),
            summary: Some("KRX 시세가 3분째 오지 않습니다".to_owned()),
        }
    };
    let rule = |name: &str, expression: &str, state, minutes: f64| RuleSeen {
        state,
        for_seconds: minutes * 60.0,
        ..RuleSeen::new(name, RuleKind::Alert, expression)
    };
    let feed = RuleSeen {
        elements: 2,
        active: vec![
            alert(187.0, RuleState::Firing, 3),
            alert(64.5, RuleState::Pending, 1),
        ],
        ..rule(
            "StaleFeed",
            "time() - feed_last_tick_timestamp_seconds > 60 and on () bongsu_session{venue=\"KRX\",kind=\"regular\"} == 1",
            RuleState::Firing,
            1.0,
        )
    };
    let failed = RuleSeen {
        error: Some("found duplicate series for the match group {} on the right side".to_owned()),
        ..rule(
            "BrokerSlow",
            "broker_seconds / broker_limit > 1",
            RuleState::Inactive,
            5.0,
        )
    };
    let recorded = RuleSeen {
        elements: 12,
        state: RuleState::Inactive,
        ..RuleSeen::new(
            "job:http_requests:rate5m",
            RuleKind::Record,
            "sum by (job) (rate(http_requests_total[5m]))",
        )
    };
    let quiet = rule(
        "TradingHalt",
        "portfolio_drawdown_percent > portfolio_halt_drawdown_percent",
        RuleState::Inactive,
        1.0,
    );
    let group = |file: &str, name: &str, rules| RuleGroup {
        file: file.to_owned(),
        name: name.to_owned(),
        interval_seconds: 15.0,
        last_evaluation: Some(at - SignedDuration::from_secs(4)),
        rules,
    };
    Rules {
        groups: vec![
            group("shipped", "bongsu-trading", vec![quiet, recorded]),
            group("rules/desk.yml", "desk", vec![feed, failed]),
        ],
        memory: RuleMemory {
            series: 1_240,
            samples: 892_800,
            bytes: 1_100_000,
            reach_seconds: 3_600.0,
            refused: 0,
            forgotten: 0,
        },
    }
}
