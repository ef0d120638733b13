//! `rules diff OLD NEW`: what differs between two files of routes, or of Prometheus' rules.

use std::{collections::BTreeMap, path::Path};

use bongsu::{
    Bongsu, Config, Error,
    config::differences,
    rules::{Does, RuleFile},
};

use super::{backtest::span, is_toml, routes, words};
use crate::{Failure, line::Line, say};

pub(super) fn run(line: Line) -> Result<(), Failure> {
    let files = words(line)?;
    let [old, new] = files.as_slice() else {
        return Err(Failure::Usage(
            "say two files, the old and the new".to_owned(),
        ));
    };
    let read = |name: &String| {
        std::fs::read_to_string(name).map_err(|error| Failure::Wrong(format!("{name}: {error}")))
    };
    let (old, new) = ((old.as_str(), read(old)?), (new.as_str(), read(new)?));
    let lines = match (is_toml(Path::new(old.0)), is_toml(Path::new(new.0))) {
        (true, true) => of_routes((old.0, &old.1), (new.0, &new.1))?,
        (false, false) => of_rules((old.0, &old.1), (new.0, &new.1))?,
        _ => {
            let message = "one is a bongsu.toml and the other is not".to_owned();
            return Err(Failure::Usage(message));
        }
    };
    for line in &lines {
        say(line);
    }
    if lines.is_empty() {
        say("they say the same");
    }
    Ok(())
}

fn of_routes(old: (&str, &str), new: (&str, &str)) -> Result<Vec<String>, Failure> {
    let mut lines = differences(old, new).map_err(Error::from)?;
    let read = |name: &str| -> Result<Config, Failure> {
        let config = Config::from_env_with(Path::new(name)).map_err(Error::from)?;
        Bongsu::builder(config.clone()).check_alerts()?;
        Ok(config)
    };
    let moved = routes::moved(&read(old.0)?, &read(new.0)?)?;
    // The first line says of how many.
    if moved.len() > 1 {
        lines.extend(moved);
    }
    Ok(lines)
}

/// What a rule says, by what it is called.
type Said = BTreeMap<String, BTreeMap<String, String>>;

fn of_rules(old: (&str, &str), new: (&str, &str)) -> Result<Vec<String>, Failure> {
    let said = |(name, text)| -> Result<Said, Failure> {
        let file = RuleFile::read(name, text);
        Ok(said(
            &file.map_err(|error| Failure::Wrong(error.to_string()))?,
        ))
    };
    let (old, new) = (said(old)?, said(new)?);
    let mut lines = Vec::new();
    for (name, says) in &old {
        let Some(now) = new.get(name) else {
            lines.push(format!("{name}: gone"));
            continue;
        };
        for (key, was) in says {
            match now.get(key) {
                Some(is) if is == was => {}
                Some(is) => lines.push(format!("{name}, {key}: {was} becomes {is}")),
                None => lines.push(format!("{name}, {key}: gone, was {was}")),
            }
        }
        let more = now.iter().filter(|(key, _)| !says.contains_key(*key));
        lines.extend(more.map(|(key, is)| format!("{name}, {key}: new, {is}")));
    }
    let more = new.keys().filter(|name| !old.contains_key(*name));
    lines.extend(more.map(|name| format!("{name}: new")));
    Ok(lines)
}

fn said(file: &RuleFile) -> Said {
    let mut all = Said::new();
    for group in &file.groups {
        for rule in &group.rules {
            let mut says = BTreeMap::new();
            says.insert("expr".to_owned(), rule.expression.text().to_owned());
            if let Some(interval) = group.interval {
                says.insert("interval of its group".to_owned(), span(interval));
            }
            for (label, text) in &rule.labels {
                says.insert(format!("label {label}"), text.text().to_owned());
            }
            if let Does::Alert(alert) = &rule.does {
                says.insert("for".to_owned(), span(alert.hold));
                says.insert("keep_firing_for".to_owned(), span(alert.keep));
                for (name, text) in &alert.annotations {
                    says.insert(format!("annotation {name}"), text.text().to_owned());
                }
            }
            // One name may stand in a group more than once.
            let base = format!("{}/{}", group.name, rule.name);
            let mut name = base.clone();
            let mut place = 1;
            while all.contains_key(&name) {
                place += 1;
                name = format!("{base} ({place})");
            }
            all.insert(name, says);
        }
    }
    all
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rules_by_what_they_say() {
        let rule = |name: &str, expr: &str, more: &str| {
            format!("  - alert: {name}\n    expr: {expr}\n{more}")
        };
        let group = |rules: &[String]| format!("groups:\n- name: g\n  rules:\n{}", rules.concat());
        let old = group(&[
            rule(
                "A",
                "x > 1",
                "    for: 5m\n    labels: {severity: warning}\n",
            ),
            rule("B", "y", ""),
        ]);
        let new = group(&[
            rule(
                "A",
                "x > 2",
                "    for: 1m\n    annotations: {summary: high}\n",
            ),
            rule("C", "y", ""),
        ]);
        let found = of_rules(("old", &old), ("new", &new)).unwrap_or_else(|_| panic!("refused"));
        assert_eq!(
            found,
            [
                "g/A, expr: x > 1 becomes x > 2",
                "g/A, for: 5m becomes 1m",
                "g/A, label severity: gone, was warning",
                "g/A, annotation summary: new, high",
                "g/B: gone",
                "g/C: new",
            ]
        );
        let same = of_rules(("old", &old), ("new", &format!("# x\n{old}")));
        assert!(same.unwrap_or_else(|_| panic!("refused")).is_empty());
        assert!(matches!(
            of_rules(("old", "groups: 3"), ("new", &new)),
            Err(Failure::Wrong(said)) if said.contains("old:1:9")
        ));
    }
}
