//! Reading rule files from disk: all of them, or none and why.

use std::{
    fmt, fs,
    path::{Path, PathBuf},
};

use super::{Problems, RuleFile};

/// No file of rules is larger.
const LARGEST: u64 = 16 << 20;

/// Why rules could not be loaded: every reason at once.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum LoadProblem {
    /// What is wrong with a file.
    File(Problems),
    /// A file cannot be read, or a pattern names none.
    Path {
        /// The path or pattern, as it was given.
        path: String,
        /// What is wrong.
        what: String,
    },
}

/// Everything that is wrong with rule files.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LoadError(Vec<LoadProblem>);

impl LoadError {
    /// Each, in the order of the paths.
    pub fn iter(&self) -> impl Iterator<Item = &LoadProblem> {
        self.0.iter()
    }
}

impl fmt::Display for LoadProblem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::File(problems) => problems.fmt(f),
            Self::Path { path, what } => write!(f, "{path}: {what}"),
        }
    }
}

impl fmt::Display for LoadError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let lines: Vec<String> = self.0.iter().map(ToString::to_string).collect();
        f.write_str(&lines.join("\n"))
    }
}

impl std::error::Error for LoadError {}

/// The files that patterns such as `rules/*.yml` name, each once, in the order of the patterns and of the names.
/// A pattern without wildcards names its file even when that is not there; it is relative to `base`.
///
/// # Errors
///
/// When a pattern is none, or names nothing.
pub fn find(patterns: &[String], base: &Path) -> Result<Vec<PathBuf>, LoadError> {
    let (mut found, mut problems) = (Vec::new(), Vec::new());
    for pattern in patterns {
        let wrong = |what: String| LoadProblem::Path {
            path: pattern.clone(),
            what,
        };
        let whole = base.join(pattern);
        if !pattern.contains(['*', '?', '[']) {
            found.push(whole);
            continue;
        }
        match glob::glob(&whole.to_string_lossy()) {
            Ok(paths) => {
                let before = found.len();
                found.extend(paths.filter_map(Result::ok).filter(|it| it.is_file()));
                if found.len() == before {
                    problems.push(wrong(
                        "no file has such a name; mend the pattern".to_owned(),
                    ));
                }
            }
            Err(error) => problems.push(wrong(format!("is no pattern: {error}"))),
        }
    }
    let mut seen = std::collections::HashSet::new();
    found.retain(|it| seen.insert(it.clone()));
    if problems.is_empty() {
        Ok(found)
    } else {
        Err(LoadError(problems))
    }
}

/// Reads rule files: all of them, or none. It blocks.
///
/// # Errors
///
/// Everything that is wrong with any of them.
pub fn load(paths: &[PathBuf]) -> Result<Vec<RuleFile>, LoadError> {
    let (mut files, mut problems) = (Vec::new(), Vec::new());
    for path in paths {
        let name = path.display().to_string();
        match text(path) {
            Ok(text) => match RuleFile::read(&name, &text) {
                Ok(file) => files.push(file),
                Err(wrong) => problems.push(LoadProblem::File(wrong)),
            },
            Err(what) => problems.push(LoadProblem::Path { path: name, what }),
        }
    }
    if problems.is_empty() {
        Ok(files)
    } else {
        Err(LoadError(problems))
    }
}

fn text(path: &Path) -> Result<String, String> {
    let cannot = |error: std::io::Error| format!("cannot be read: {error}");
    let length = fs::metadata(path).map_err(cannot)?.len();
    if length > LARGEST {
        return Err(format!(
            "has {length} bytes; a file of rules has {LARGEST} at most"
        ));
    }
    String::from_utf8(fs::read(path).map_err(cannot)?).map_err(|error| {
        let before = error.as_bytes()[..error.utf8_error().valid_up_to()].utf8_chunks();
        let before: String = before.map(|chunk| chunk.valid().to_owned()).collect();
        let line = before.matches('\n').count() + 1;
        let column = before
            .rsplit('\n')
            .next()
            .unwrap_or_default()
            .chars()
            .count()
            + 1;
        format!("is not UTF-8 from line {line}, column {column} on; save it as UTF-8")
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_not_utf_8_has_a_place() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("x.yml");
        fs::write(&path, b"groups:\n# \xea\xb0\x80 \xb0\xa1\n").unwrap();
        let error = load(&[path]).unwrap_err().to_string();
        assert!(error.contains("line 2, column 5 on"), "{error}");
    }

    #[test]
    fn all_or_none() {
        let folder = tempfile::tempdir().unwrap();
        let rule = "groups:\n- name: g\n  rules:\n  - {alert: A, expr: up}\n";
        for (name, text) in [("a.yml", rule), ("b.yml", rule), ("c.txt", "")] {
            fs::write(folder.path().join(name), text).unwrap();
        }
        let found = |patterns: &[&str]| {
            let patterns: Vec<String> = patterns.iter().map(|it| (*it).to_owned()).collect();
            find(&patterns, folder.path())
        };
        let both = found(&["*.yml", "a.yml"]).unwrap();
        assert_eq!(both.len(), 2);
        assert_eq!(load(&both).unwrap().len(), 2);
        assert!(
            found(&["*.yaml"])
                .unwrap_err()
                .to_string()
                .starts_with("*.yaml: no file")
        );
        fs::write(folder.path().join("b.yml"), "groups: 1\n").unwrap();
        let wrong = load(&found(&["*.yml", "gone.yml"]).unwrap()).unwrap_err();
        assert_eq!(wrong.iter().count(), 2);
        assert!(
            wrong
                .to_string()
                .contains("b.yml:1:9: groups is a single value"),
            "{wrong}"
        );
    }
}
