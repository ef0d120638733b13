//! What a rule lets through and none of the channels that it names takes: each kind of channel has a least level,
//! whatever the rules say.

use std::{collections::BTreeMap, ops::Range};

use bongsu_severity::Severity;

use super::{
    Loaded,
    types::{Rule, Text},
};
use crate::Problem;

/// The least levels, by kind of channel.
pub(super) type Least = BTreeMap<&'static str, Severity>;

/// The least level of a channel; a second webhook is `webhook-2`.
pub(super) fn least_of(channel: &str, least: &Least) -> Option<Severity> {
    least.get(channel.split('-').next()?).copied()
}

impl Loaded {
    /// What is wrong with the levels of the rules that are in use.
    pub(super) fn unheard(&self, least: &Least) -> Vec<Problem> {
        let mut found = Vec::new();
        for rule in &self.file.rules {
            let rule = rule.get_ref();
            if !rule.enabled {
                continue;
            }
            let what = format!("rule {:?}", rule.id.get_ref());
            let said = rule.matches.min_level.map(|level| level.0);
            // With `continue` others may be told by a later rule.
            let from = said.or((!rule.proceed).then_some(Severity::Info));
            self.list(&what, rule, from, (&rule.channels, least), &mut found);
            let what = format!("{what}, escalate");
            for step in &rule.escalate {
                // A rule of all levels may well escalate the worst alone.
                self.list(&what, rule, said, (&step.channels, least), &mut found);
            }
        }
        found
    }

    /// Of one list of channels, for levels from `from` on.
    fn list(
        &self,
        what: &str,
        rule: &Rule,
        from: Option<Severity>,
        (names, least): (&[Text], &Least),
        found: &mut Vec<Problem>,
    ) {
        let most = rule.matches.max_level.map(|level| level.0);
        let most = most.unwrap_or(Severity::Critical);
        let all = self.members(names);
        let Some(place) = all.first().map(|(_, place)| place.clone()) else {
            return;
        };
        let takes = |channel: &str| least_of(channel, least).unwrap_or(Severity::Info);
        for (channel, place) in &all {
            if takes(channel) > most {
                let message = format!(
                    "{what}: nothing of it reaches {channel}, which takes {} and above, and the rule ends at {most}",
                    takes(channel)
                );
                found.push(self.source().problem(place, message));
            }
        }
        let lowest = all.iter().map(|(channel, _)| takes(channel)).min();
        let lost = Severity::ALL.into_iter().filter(|level| {
            from.is_some_and(|from| *level >= from) && *level <= most && Some(*level) < lowest
        });
        let lost: Vec<&str> = lost.map(|level| level.as_str()).collect();
        if lost.is_empty() || lowest > Some(most) {
            return;
        }
        let takers: Vec<&str> = all.iter().map(|(channel, _)| &**channel).collect();
        let (lost, takers) = (lost.join(", "), takers.join(", "));
        let message = format!(
            "{what}: what is {lost} reaches nobody by it: the least level of {takers} is above. Lower \
             channels.{}.min_level, raise the rule's min_level, or name another channel",
            all[0].0.split('-').next().unwrap_or_default()
        );
        found.push(self.source().problem(&place, message));
    }

    /// The channels of a list, those of recipients in their place, each with where it is named.
    fn members(&self, names: &[Text]) -> Vec<(String, Range<usize>)> {
        let members = |name: &Text| -> Vec<(String, Range<usize>)> {
            let group = self.file.recipients.get(name.get_ref());
            let channels = group.map_or_else(
                || vec![name.get_ref().clone()],
                |members| members.iter().map(|it| it.get_ref().clone()).collect(),
            );
            channels
                .into_iter()
                .map(|channel| (channel, name.span()))
                .collect()
        };
        names.iter().flat_map(members).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{Config, Findings};

    #[track_caller]
    fn check(rule: &str, expected: &[&str]) {
        let text =
            format!("[recipients]\ndesk = [\"slack\", \"email\"]\n[[rules]]\nid = \"r\"\n{rule}");
        let (mut config, mut findings) = (Config::default(), Findings::default());
        super::super::take("f", &text, &mut config, &mut findings);
        assert!(findings.problems.is_empty(), "{:?}", findings.problems);
        let least = BTreeMap::from([
            ("pagerduty", Severity::Critical),
            ("slack", Severity::Warning),
            ("webhook", Severity::Error),
        ]);
        let found = config.loaded().unheard(&least);
        let said: Vec<String> = found.iter().map(ToString::to_string).collect();
        assert_eq!(said.len(), expected.len(), "{rule}: {said:?}");
        for (said, wanted) in said.iter().zip(expected) {
            assert!(said.contains(wanted), "{rule}: {said}");
        }
    }

    #[test]
    fn levels_that_reach_nobody() {
        let pager = "[[rules.escalate]]\nafter = \"5m\"\nchannels = [\"pagerduty\"]\n";
        // The alert that nobody acknowledges ends at a pager that does not take it.
        check(
            &format!("match = {{ min_level = \"error\" }}\nchannels = [\"desk\"]\n{pager}"),
            &["f:9:13: rule \"r\", escalate: what is error reaches nobody by it"],
        );
        check(
            &format!("match = {{ min_level = \"critical\" }}\nchannels = [\"desk\"]\n{pager}"),
            &[],
        );
        check(&format!("channels = [\"desk\"]\n{pager}"), &[]);
        check(
            "channels = [\"pagerduty\"]\n",
            &["f:5:13: rule \"r\": what is info, warning, error reaches nobody by it"],
        );
        check("channels = [\"pagerduty\"]\ncontinue = true\n", &[]);
        check("channels = [\"pagerduty\"]\nenabled = false\n", &[]);
        check("channels = [\"pagerduty\", \"log\"]\n", &[]);
        check(
            "match = { min_level = \"warning\" }\nchannels = [\"webhook-2\"]\n",
            &["what is warning reaches nobody by it"],
        );
        check(
            "match = { max_level = \"error\" }\nchannels = [\"desk\", \"pagerduty\"]\n",
            &[
                "nothing of it reaches pagerduty, which takes critical and above, and the rule ends at error",
            ],
        );
        check(
            "match = { max_level = \"info\" }\nchannels = [\"slack\"]\n",
            &["nothing of it reaches slack"],
        );
    }
}
