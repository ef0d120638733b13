//! The log: level, form, where it goes.

use std::path::PathBuf;

use super::{value::put, variables::Variable};

/// Level, format and folder of the log.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct LogConfig {
    /// `EnvFilter` directives.
    pub level: String,
    /// `json` or `pretty`.
    pub format: String,
    /// Folder of the log file.
    pub dir: Option<PathBuf>,
}

impl Default for LogConfig {
    fn default() -> Self {
        Self {
            level: "info".to_owned(),
            format: "json".to_owned(),
            dir: None,
        }
    }
}

pub(super) const VARS: &[Variable] = &[
    Variable::new(
        "LOG_LEVEL",
        "info",
        "`error`, `warn`, `info`, `debug`, `trace`, or directives such as `info,my_crate=debug`",
        |c, v| put(&mut c.log.level, level(v)),
        |c| Some(c.log.level.clone()),
    )
    .also(&["RUST_LOG"])
    .needs("logging"),
    Variable::new(
        "LOG_FORMAT",
        "json",
        "`json` or `pretty`",
        |c, v| put(&mut c.log.format, crate::parts::logging::judge_format(v)),
        |c| Some(c.log.format.clone()),
    )
    .needs("logging"),
    Variable::new(
        "LOG_DIR",
        "",
        "folder for a rotated log file beside standard output",
        |c, v| put(&mut c.log.dir, Ok(Some(PathBuf::from(v)))),
        |c| c.log.dir.as_ref().map(|dir| dir.display().to_string()),
    )
    .needs("logging"),
];

fn level(text: &str) -> Result<String, String> {
    // A target with a space in it is none that any code has.
    let torn = |directive: &&str| {
        let target = directive.split(['=', '[']).next().unwrap_or_default();
        target.trim().contains(char::is_whitespace)
    };
    if let Some(directive) = text.split(',').find(torn) {
        return Err(format!(
            "{:?} has a space in its target; a crate's name is written with `_`, e.g. info,my_crate=debug",
            directive.trim()
        ));
    }
    crate::parts::logging::judge_level(text)?;
    Ok(text.to_owned())
}
