//! `config check`, `config show` and `config schema`.

use std::path::Path;

use bongsu::{Bongsu, Config, Error, config::schema::json_schema};

use crate::{Failure, line::Line, say};

pub(crate) fn run(mut line: Line) -> Result<(), Failure> {
    match line.wanted("check, show or schema")?.as_str() {
        "check" => check(line),
        "show" => show(line),
        "schema" => {
            line.end()?;
            say(&format!("{:#}", json_schema()));
            Ok(())
        }
        other => Err(Failure::Usage(format!(
            "config {other:?}: there are check, show and schema"
        ))),
    }
}

fn read(file: Option<&str>) -> Result<Config, Failure> {
    let read = match file {
        Some(file) => Config::from_env_with(Path::new(file)),
        None => Config::from_env(),
    };
    Ok(read.map_err(Error::from)?)
}

/// Everything that is wrong, or what would be left out.
fn check(mut line: Line) -> Result<(), Failure> {
    let file = line.word();
    line.end()?;
    let config = read(file.as_deref())?;
    for warning in &config.warnings {
        say(&format!("warning: {warning}"));
    }
    for unread in &config.unread {
        say(&format!("warning: {unread}"));
    }
    let name = config.file.as_ref().map(|file| file.display().to_string());
    for warning in Bongsu::builder(config).check_alerts()? {
        say(&format!("warning: {warning}"));
    }
    match name {
        Some(name) => say(&format!("{name} can be used")),
        None => say("the variables can be used; there is no bongsu.toml"),
    }
    Ok(())
}

/// Each variable with its value in force, and with `--origin` where it came from.
fn show(mut line: Line) -> Result<(), Failure> {
    let origin = line.flag("--origin");
    line.end()?;
    let config = read(None)?;
    for setting in config.settings() {
        let value = setting.value.unwrap_or_default();
        let mut text = format!("{}={value}", setting.variable.name);
        if origin {
            let from = match &setting.given {
                Some(given) if given.contains(':') => given.clone(),
                Some(given) => format!("environment, {given}"),
                None => "default".to_owned(),
            };
            text.push_str(&format!("  # {from}"));
        }
        say(&text);
    }
    for part in config.file_parts() {
        let mut text = format!("{}={}", part.name, part.value);
        if origin {
            text.push_str(&format!("  # {}", part.place));
        }
        say(&text);
    }
    Ok(())
}
