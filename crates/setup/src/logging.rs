//! The log: level, form, place, rotation, and whether its folder can be written.

use std::{
    path::{Path, PathBuf},
    time::Duration,
};

use bongsu_config::{Config, Problem};
use bongsu_logging::{LoggingConfig, Rotation};

/// Bytes of the newest log lines that the console shows.
const RECENT: usize = 1 << 20;

/// The log's settings.
pub fn config(config: &Config) -> LoggingConfig {
    let service = &config.service;
    let logging = LoggingConfig::new(&service.name, &service.environment)
        .level(&config.log.level)
        .format(config.log.format.parse().unwrap_or_default())
        .dir(config.log.dir.clone())
        .daemon(config.log.to.parse().ok())
        .preset(config.log.preset.parse().unwrap_or_default())
        .utc_offset_minutes(config.log.utc_offset)
        .rotation(rotation(config))
        .recent(if bongsu_config::has_feature("console") {
            RECENT
        } else {
            0
        });
    let keys = config.log.redact.iter();
    let logging = keys.fold(logging, LoggingConfig::redact_key);
    match config.log.rate {
        Some(rate) => logging.rate_limit(rate, Duration::from_secs(1)),
        None => logging,
    }
}

fn rotation(config: &Config) -> Rotation {
    let rotation = Rotation::default();
    let rotation = match config.log.file_mib {
        Some(size) => rotation.max_bytes(size.saturating_mul(1 << 20)),
        None => rotation,
    };
    match config.log.keep {
        Some(age) => rotation.keep_for(age),
        None => rotation,
    }
}

/// Makes the log's folder, and says when it cannot be written: the log itself goes on without its file.
#[must_use]
pub fn folder(config: &Config) -> Option<Problem> {
    let dir = config.log.dir.as_ref()?;
    if there(dir).starts_with(there(&config.data_dir)) {
        // Made as its owner's alone, or not at all: who needs it says why it cannot be made.
        let _ = config.create_data_dir();
    }
    let tried = std::fs::create_dir_all(dir).and_then(|()| crate::doctor::try_write(dir));
    let error = tried.err()?;
    let message = format!(
        "{} cannot be written: {error}; the log goes to standard output alone. Give the \
         service's user the right to write there, or name another folder",
        dir.display()
    );
    Some(Problem::new("LOG_DIR", message))
}

/// Where a path that need not exist yet leads, past links and `..` in what of it does.
fn there(path: &Path) -> PathBuf {
    let path = std::path::absolute(path).unwrap_or_else(|_| path.to_owned());
    let known = path.ancestors().find_map(|above| {
        let rest = path.strip_prefix(above).ok()?;
        Some(above.canonicalize().ok()?.join(rest))
    });
    known.unwrap_or(path)
}
