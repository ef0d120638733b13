//! The only module that reads the environment.

use std::{collections::BTreeMap, fs, io, path::Path};

/// A variable of the process alone, if set to something: for a service's own few.
#[must_use]
#[expect(
    clippy::disallowed_methods,
    reason = "the one place that reads the environment"
)]
pub fn env_var(name: &str) -> Option<String> {
    std::env::var(name).ok().filter(|value| !value.is_empty())
}

/// Everything that the process has set; what is not Unicode is none of ours.
#[expect(
    clippy::disallowed_methods,
    reason = "the one place that reads the environment"
)]
pub(super) fn process() -> impl Iterator<Item = (String, String)> {
    let set = std::env::vars_os().filter(|(_, value)| !value.is_empty());
    set.filter_map(|(name, value)| Some((name.into_string().ok()?, value.into_string().ok()?)))
}

/// The lines of a `.env` file; one that does not exist is the same as an empty one.
pub(super) fn file(path: &Path) -> Result<BTreeMap<String, String>, DotEnvError> {
    let text = match fs::read_to_string(path) {
        Ok(text) => text,
        Err(error) if error.kind() == io::ErrorKind::NotFound => String::new(),
        Err(source) => {
            return Err(DotEnvError::Read {
                path: path.display().to_string(),
                source,
            });
        }
    };
    parse(&text).map_err(|line| DotEnvError::Syntax {
        path: path.display().to_string(),
        line,
    })
}

/// Why a `.env` file was not taken.
#[derive(Debug, thiserror::Error)]
pub(super) enum DotEnvError {
    /// It is there, but cannot be read.
    #[error("cannot read {path}")]
    Read {
        /// The file.
        path: String,
        /// What the system said.
        #[source]
        source: io::Error,
    },
    /// A line is not `KEY=value`. The line is not shown: it may hold a secret.
    #[error("{path}, line {line}: expected KEY=value")]
    Syntax {
        /// The file.
        path: String,
        /// The line, counted from 1.
        line: usize,
    },
}

/// `KEY=value` lines; `export `, blank lines, `#` comments, single and double quotes as in a
/// shell's file. An unquoted value ends at ` #`. Gives the number of the first bad line.
fn parse(text: &str) -> Result<BTreeMap<String, String>, usize> {
    let mut vars = BTreeMap::new();
    for (index, line) in text.lines().enumerate() {
        let line = line.trim();
        if line.is_empty() || line.starts_with('#') {
            continue;
        }
        let assignment = line.strip_prefix("export ").unwrap_or(line);
        let parsed = assignment
            .split_once('=')
            .and_then(|(key, value)| Some((key.trim(), value_of(value.trim())?)));
        match parsed {
            Some((key, value)) if is_name(key) => vars.insert(key.to_owned(), value),
            _ => return Err(index + 1),
        };
    }
    Ok(vars)
}

fn is_name(key: &str) -> bool {
    !key.is_empty()
        && !key.starts_with(|c: char| c.is_ascii_digit())
        && key.chars().all(|c| c.is_ascii_alphanumeric() || c == '_')
}

fn value_of(raw: &str) -> Option<String> {
    match raw.chars().next() {
        Some('\'') => {
            let (value, rest) = raw[1..].split_once('\'')?;
            is_blank(rest).then(|| value.to_owned())
        }
        Some('"') => double_quoted(&raw[1..]),
        _ => Some(raw.split(" #").next().unwrap_or(raw).trim_end().to_owned()),
    }
}

/// Up to the closing quote; `\"`, `\\` and `\n` mean what they do in a shell's `$'…'`.
fn double_quoted(raw: &str) -> Option<String> {
    let mut value = String::new();
    let mut chars = raw.chars();
    while let Some(c) = chars.next() {
        match c {
            '"' => return is_blank(chars.as_str()).then_some(value),
            '\\' => match chars.next()? {
                'n' => value.push('\n'),
                other => value.push(other),
            },
            other => value.push(other),
        }
    }
    None
}

fn is_blank(rest: &str) -> bool {
    let rest = rest.trim();
    rest.is_empty() || rest.starts_with('#')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(text: &str, want: Result<&[(&str, &str)], usize>) {
        let want = want.map(|pairs| {
            pairs
                .iter()
                .map(|(k, v)| ((*k).to_owned(), (*v).to_owned()))
                .collect::<BTreeMap<_, _>>()
        });
        assert_eq!(parse(text), want);
    }

    #[test]
    fn dot_env_table() {
        check("", Ok(&[]));
        check(
            "# note\n\nA=1\nexport B=two words # note\n",
            Ok(&[("A", "1"), ("B", "two words")]),
        );
        check(
            "CHANNEL=#trading-alerts",
            Ok(&[("CHANNEL", "#trading-alerts")]),
        );
        check(
            "A='it # is'\nB=\"say \\\"hi\\\"\\n\"",
            Ok(&[("A", "it # is"), ("B", "say \"hi\"\n")]),
        );
        check("A=\nB = spaced ", Ok(&[("A", ""), ("B", "spaced")]));
        check("URL=https://h/x?a=b=c", Ok(&[("URL", "https://h/x?a=b=c")]));
        check("A=1\nnonsense", Err(2));
        check("9A=1", Err(1));
        check("A=\"open", Err(1));
        check("A='x' trailing", Err(1));
    }
}
