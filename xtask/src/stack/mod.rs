//! `cargo xtask up | down | logs`: the stack in docker/, with a password of its own.

mod compose;
mod env_file;
mod ports;
mod readable;
mod sign_in;

use std::path::PathBuf;

pub(crate) use self::compose::image;

use self::compose::Compose;
use crate::run::{Failure, complain, root, run, say, variable};

const PASSWORD: &str = "GRAFANA_ADMIN_PASSWORD";
/// Compose reads both from docker/.env, so that whoever starts the stack starts the same.
const PROFILES: &str = "COMPOSE_PROFILES";
const PROMETHEUS_CONFIG: &str = "PROMETHEUS_CONFIG";
const LONG_MEMORY: &str = "remote-write";

/// Where each service that listens is found.
const ADDRESSES: [(&str, &str); 6] = [
    ("grafana", "http://localhost:3000"),
    ("prometheus", "http://localhost:9090"),
    ("alertmanager", "http://localhost:9093"),
    ("trading-engine", "http://localhost:8000/health"),
    ("victoria-metrics", "http://localhost:8428"),
    ("loki", "http://localhost:3100/ready"),
];

#[derive(Debug, Default, PartialEq)]
struct Wanted {
    dev: bool,
    on: Vec<String>,
    off: Vec<String>,
    services: Vec<String>,
}

pub(crate) fn up(args: &[String]) -> Result<(), Failure> {
    let wanted = read(args)?;
    let compose = Compose::find()?;
    let known = compose.profiles()?;
    if let Some(unknown) = wanted
        .on
        .iter()
        .chain(&wanted.off)
        .find(|name| !known.contains(name))
    {
        let known = known.join(", ");
        return Err(Failure(format!(
            "there is no profile {unknown}; there are {known}"
        )));
    }
    if !wanted.dev && variable(PASSWORD).is_none() {
        env_file::ensure_password(&docker())?;
    }
    let profiles = remember(&wanted)?;
    readable::check(&docker())?;

    let mut command = compose.command();
    if wanted.dev {
        // On the loopback interface, for an afternoon; asked for by name.
        command
            .env("GRAFANA_ADMIN_USER", "admin")
            .env(PASSWORD, "admin");
    }
    let before = compose.running()?;
    ports::check(&compose, &before, &wanted.services)?;
    let started = run(command
        .args(["up", "--detach", "--build", "--wait"])
        .args(&wanted.services));
    if let Err(failure) = started {
        explain(&compose, before.is_empty());
        return Err(failure);
    }
    if !wanted.off.is_empty() {
        compose.remove(&wanted.off)?;
    }
    announce(&compose, wanted.dev)?;
    if !profiles.is_empty() {
        say(&format!(
            "With the profiles {} until they are turned off: cargo xtask up --no-profile NAME",
            profiles.join(", ")
        ));
    }
    Ok(())
}

pub(crate) fn down(args: &[String]) -> Result<(), Failure> {
    let mut command = Compose::find()?.every_profile();
    run(command.args(["down", "--remove-orphans"]).args(args))
}

pub(crate) fn logs(args: &[String]) -> Result<(), Failure> {
    let mut command = Compose::find()?.every_profile();
    run(command
        .args(["logs", "--follow", "--tail", "100"])
        .args(args))
}

fn docker() -> PathBuf {
    root().join("docker")
}

fn read(args: &[String]) -> Result<Wanted, Failure> {
    let usage = || {
        Failure(
            "usage: cargo xtask up [--dev] [--profile NAME]... [--no-profile NAME]... [service]..."
                .into(),
        )
    };
    let mut wanted = Wanted::default();
    let mut rest = args.iter();
    while let Some(arg) = rest.next() {
        match arg.as_str() {
            "--dev" => wanted.dev = true,
            "--profile" => wanted.on.push(rest.next().ok_or_else(usage)?.clone()),
            "--no-profile" => wanted.off.push(rest.next().ok_or_else(usage)?.clone()),
            service if !service.starts_with('-') => wanted.services.push(service.to_owned()),
            _ => return Err(usage()),
        }
    }
    Ok(wanted)
}

/// Writes the profiles that are on from now on into docker/.env: a later `up`, after an edit say, must
/// not turn the long memory off in silence.
fn remember(wanted: &Wanted) -> Result<Vec<String>, Failure> {
    let file = env_file::EnvFile::open(&docker())?;
    let before = file.get(PROFILES).unwrap_or_default();
    let on = profiles_after(before, wanted);
    if on.join(",") != before {
        let config = if on.iter().any(|name| name == LONG_MEMORY) {
            "remote-write.yml"
        } else {
            "prometheus.yml"
        };
        file.with(PROFILES, &on.join(","))
            .with(PROMETHEUS_CONFIG, config)
            .save()?;
    }
    Ok(on)
}

fn profiles_after(before: &str, wanted: &Wanted) -> Vec<String> {
    let before = before
        .split(',')
        .filter(|name| !name.is_empty())
        .map(str::to_owned);
    let mut on: Vec<String> = before.chain(wanted.on.iter().cloned()).collect();
    on.retain(|name| !wanted.off.contains(name));
    on.sort();
    on.dedup();
    on
}

/// Why a start failed, in the containers' own words; what it left behind goes, where nothing ran before.
fn explain(compose: &Compose, nothing_ran: bool) {
    for service in compose.unwell().unwrap_or_default() {
        complain(&format!("{service} is not well; the end of what it says:"));
        let mut logs = compose.every_profile();
        // The failure of the start is the one to tell.
        let _shown = run(logs
            .args(["logs", "--no-color", "--tail", "15"])
            .arg(service));
    }
    if nothing_ran {
        let mut down = compose.every_profile();
        let _tidied = run(down.args(["down", "--remove-orphans"]));
    }
}

/// Only what runs, and only a password that Grafana takes.
fn announce(compose: &Compose, dev: bool) -> Result<(), Failure> {
    let running = compose.running()?;
    for (service, address) in ADDRESSES {
        if running.iter().any(|name| name == service) {
            say(&format!("{service:<17} {address}"));
        }
    }
    if running.iter().any(|name| name == "grafana") {
        let (password, place) = if dev {
            (Some("admin".to_owned()), "password admin")
        } else if let Some(password) = variable(PASSWORD) {
            (Some(password), "the password of GRAFANA_ADMIN_PASSWORD")
        } else {
            let file = env_file::EnvFile::open(&docker())?;
            (
                file.get(PASSWORD).map(str::to_owned),
                "the password is in docker/.env",
            )
        };
        say(&match sign_in::refused(&password.unwrap_or_default()) {
            false => format!("Grafana: user admin, {place}"),
            true => {
                "Grafana keeps the password of its first start, which is another one than now; \
                     `cargo xtask down --volumes` forgets it, with all data"
                    .to_owned()
            }
        });
    }
    if running.iter().any(|name| name == "alert-receiver") {
        say("alerts that arrive: cargo xtask logs alert-receiver");
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn args(words: &str) -> Vec<String> {
        words.split_whitespace().map(str::to_owned).collect()
    }

    #[test]
    fn arguments_are_read_or_refused() {
        let wanted = read(&args("--dev --profile logs prometheus --no-profile otlp"));
        let expected = Wanted {
            dev: true,
            on: args("logs"),
            off: args("otlp"),
            services: args("prometheus"),
        };
        assert_eq!(wanted.ok(), Some(expected));
        for words in ["--profile", "--no-profile", "--volumes"] {
            assert!(read(&args(words)).is_err(), "{words}");
        }
    }

    #[test]
    fn a_profile_stays_on_until_it_is_turned_off() {
        for (before, said, after) in [
            ("", "", ""),
            ("", "--profile remote-write", "remote-write"),
            ("remote-write", "", "remote-write"),
            ("remote-write", "--profile logs", "logs,remote-write"),
            ("logs,remote-write", "--profile logs", "logs,remote-write"),
            ("logs,remote-write", "--no-profile remote-write", "logs"),
            ("", "--no-profile logs", ""),
        ] {
            let wanted = read(&args(said)).unwrap_or_default();
            assert_eq!(
                profiles_after(before, &wanted).join(","),
                after,
                "{before:?} {said:?}"
            );
        }
    }
}
