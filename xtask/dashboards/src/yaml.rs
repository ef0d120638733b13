//! As much of YAML as the rule files need: maps in their order, lists, strings, whole numbers.

use std::fmt::Write as _;

/// A value to write.
#[derive(Debug, Clone)]
pub(crate) enum Yaml {
    Text(String),
    Number(i64),
    List(Vec<Yaml>),
    Map(Vec<(&'static str, Yaml)>),
}

impl From<&str> for Yaml {
    fn from(text: &str) -> Self {
        Self::Text(text.to_owned())
    }
}

impl From<String> for Yaml {
    fn from(text: String) -> Self {
        Self::Text(text)
    }
}

/// The whole file, under the comment that says who wrote it.
pub(crate) fn file(value: &Yaml) -> String {
    let mut out =
        String::from("# Written by `cargo xtask dashboards`; edit xtask/dashboards instead.\n");
    write(&mut out, value, 0);
    out
}

fn write(out: &mut String, value: &Yaml, indent: usize) {
    match value {
        Yaml::Map(entries) => {
            for (key, value) in entries {
                let _ = write!(out, "{:indent$}{key}:", "");
                inline_or_below(out, value, indent);
            }
        }
        Yaml::List(items) => {
            for item in items {
                let _ = write!(out, "{:indent$}-", "");
                match item {
                    // The first entry stands on the dash's line.
                    Yaml::Map(_) => {
                        let mut block = String::new();
                        write(&mut block, item, indent + 2);
                        let _ = write!(out, " {}", block.trim_start());
                    }
                    other => inline_or_below(out, other, indent),
                }
            }
        }
        Yaml::Text(_) | Yaml::Number(_) => inline_or_below(out, value, indent),
    }
}

fn inline_or_below(out: &mut String, value: &Yaml, indent: usize) {
    match value {
        Yaml::Text(text) => {
            let _ = writeln!(out, " {}", scalar(text));
        }
        Yaml::Number(number) => {
            let _ = writeln!(out, " {number}");
        }
        Yaml::List(items) if items.is_empty() => out.push_str(" []\n"),
        Yaml::Map(entries) if entries.is_empty() => out.push_str(" {}\n"),
        nested => {
            out.push('\n');
            write(out, nested, indent + 2);
        }
    }
}

/// Plain where it cannot be misread; else in single quotes, whose only escape is the doubled quote.
fn scalar(text: &str) -> String {
    let plain = text.starts_with(|c: char| c.is_ascii_alphabetic())
        && text
            .chars()
            .all(|c| c.is_ascii_alphanumeric() || matches!(c, '_' | '-' | '.' | '/'))
        && !matches!(
            text.to_ascii_lowercase().as_str(),
            "true" | "false" | "yes" | "no" | "on" | "off" | "null" | "y" | "n"
        );
    if plain {
        text.to_owned()
    } else {
        format!("'{}'", text.replace('\'', "''"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nested_values_keep_their_order() {
        let value = Yaml::Map(vec![
            ("z", "it's 1".into()),
            (
                "list",
                Yaml::List(vec![Yaml::Map(vec![
                    ("b", Yaml::Number(1)),
                    ("a", "on".into()),
                ])]),
            ),
            ("none", Yaml::List(Vec::new())),
        ]);
        let body = file(&value);
        let body = body.split_once('\n').unwrap().1;
        assert_eq!(
            body,
            "z: 'it''s 1'\nlist:\n  - b: 1\n    a: 'on'\nnone: []\n"
        );
    }
}
