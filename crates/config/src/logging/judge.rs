//! What the log itself has against its settings.

use bongsu_logging::{Format, LogDaemon, LoggingConfig, Preset};

pub(super) fn level(level: &str) -> Result<(), String> {
    // Without a file or standard output nothing is opened and no thread is started.
    let logging = LoggingConfig::new("service", "").writer(std::io::sink());
    let built = logging.level(level).build();
    built.map(drop).map_err(|error| error.to_string())
}

pub(super) fn format(format: &str) -> Result<String, String> {
    let parsed = format.parse::<Format>();
    parsed.map_err(|error| error.to_string())?;
    Ok(format.to_ascii_lowercase())
}

pub(super) fn preset(preset: &str) -> Result<String, String> {
    let parsed = preset.parse::<Preset>();
    parsed.map_err(|error| error.to_string())?;
    Ok(preset.to_ascii_lowercase())
}

pub(super) fn to(to: &str) -> Result<String, String> {
    if to != "stdout" {
        let parsed = to.parse::<LogDaemon>();
        parsed.map_err(|error| format!("{error}, or stdout"))?;
    }
    Ok(to.to_owned())
}
