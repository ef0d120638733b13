//! Without a log its variables are refused before they are read.

pub(super) fn level(_: &str) -> Result<(), String> {
    Ok(())
}

pub(super) fn format(format: &str) -> Result<String, String> {
    Ok(format.to_owned())
}

pub(super) fn preset(preset: &str) -> Result<String, String> {
    Ok(preset.to_owned())
}

pub(super) fn to(to: &str) -> Result<String, String> {
    Ok(to.to_owned())
}
