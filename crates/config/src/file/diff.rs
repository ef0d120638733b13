//! What differs between two files, by what they say and not by how it is written.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::Value;

use super::place::Source;
use crate::ConfigError;

/// Keys whose values may hold a password.
const HIDDEN: &[&str] = &["url"];

/// What a file says in one place.
type Said = BTreeMap<String, String>;

/// What differs between two files, a line each: `rules.feed.cooldown: "5m" becomes "10m"`. Tables in lists go by
/// their `id` or `name`; in which order the rules come counts, since the first that matches decides.
///
/// # Errors
///
/// A text that is no TOML, with line and column.
pub fn differences(old: (&str, &str), new: (&str, &str)) -> Result<Vec<String>, ConfigError> {
    let (old, new) = (said(old)?, said(new)?);
    let keys: BTreeSet<&String> = old.keys().chain(new.keys()).collect();
    let lines = keys.into_iter().filter_map(|key| {
        let hidden = HIDDEN.iter().any(|it| key.ends_with(&format!(".{it}")));
        match (old.get(key), new.get(key)) {
            (Some(old), Some(new)) if old == new => None,
            (Some(_), Some(_)) if hidden => Some(format!("{key}: another")),
            (Some(old), Some(new)) => Some(format!("{key}: {old} becomes {new}")),
            (Some(_), None) if hidden => Some(format!("{key}: gone")),
            (Some(old), None) => Some(format!("{key}: gone, was {old}")),
            (None, Some(_)) if hidden => Some(format!("{key}: new")),
            (None, Some(new)) => Some(format!("{key}: new, {new}")),
            (None, None) => None,
        }
    });
    Ok(lines.collect())
}

fn said((name, text): (&str, &str)) -> Result<Said, ConfigError> {
    let source = Source { name, text };
    let whole: Value =
        toml::from_str(text).map_err(|error| ConfigError::from(source.unreadable(&error)))?;
    let mut said = Said::new();
    flatten("", &whole, &mut said);
    Ok(said)
}

fn flatten(at: &str, value: &Value, said: &mut Said) {
    let below = |key: &str| match at.is_empty() {
        true => key.to_owned(),
        false => format!("{at}.{key}"),
    };
    match value {
        Value::Object(table) => {
            for (key, value) in table {
                flatten(&below(key), value, said);
            }
        }
        Value::Array(items) if items.iter().any(Value::is_object) => {
            let named = |(place, item): (usize, &Value)| {
                let name = ["id", "name"]
                    .iter()
                    .find_map(|key| item.get(key)?.as_str());
                name.map_or_else(|| format!("{}", place + 1), str::to_owned)
            };
            let names: Vec<String> = items.iter().enumerate().map(named).collect();
            said.insert(below("order"), names.join(", "));
            for (name, item) in names.iter().zip(items) {
                flatten(&below(name), item, said);
            }
        }
        other => {
            said.insert(at.to_owned(), other.to_string());
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(old: &str, new: &str, expected: &[&str]) {
        let found = differences(("old", old), ("new", new)).unwrap();
        assert_eq!(found, expected, "{old}\n{new}");
    }

    #[test]
    fn by_what_is_said() {
        let rule =
            |id: &str, more: &str| format!("[[rules]]\nid = {id:?}\nchannels = [\"log\"]\n{more}");
        check(
            &rule("a", "cooldown = \"5m\"\n"),
            &format!("# a\n\n{}", rule("a", "cooldown   = \"5m\"\n")),
            &[],
        );
        check(
            &rule("a", "cooldown = \"5m\"\nmatch = { tag = \"x\" }\n"),
            &rule("a", "cooldown = \"9m\"\nquiet = { during = \"KRX\" }\n"),
            &[
                "rules.a.cooldown: \"5m\" becomes \"9m\"",
                "rules.a.match.tag: gone, was \"x\"",
                "rules.a.quiet.during: new, \"KRX\"",
            ],
        );
        check(
            &format!("{}{}", rule("a", ""), rule("b", "")),
            &format!("{}{}", rule("b", ""), rule("a", "")),
            &["rules.order: a, b becomes b, a"],
        );
        check(
            "[[checks]]\nname = \"x\"\nurl = \"redis://:hunter2@h\"\n",
            "[[checks]]\nname = \"x\"\nurl = \"redis://:hunter3@h\"\n",
            &["checks.x.url: another"],
        );
        check(
            "",
            "[thresholds.cpu]\nwarning = 40\n",
            &["thresholds.cpu.warning: new, 40"],
        );
        let error = differences(("old", ""), ("new", "[a\n"))
            .unwrap_err()
            .to_string();
        assert!(error.contains("new:1:3"), "{error}");
    }
}
