//! `cargo xtask up | down | logs`: the stack in docker/, with a password of its own.

use std::{
    fs,
    io::{ErrorKind, Read as _, Write as _},
    os::unix::fs::OpenOptionsExt as _,
    path::Path,
    process::{Command, Stdio},
};

use crate::run::{Failure, root, run, say, variable};

const KEY: &str = "GRAFANA_ADMIN_PASSWORD=";

pub(crate) fn up(args: &[String]) -> Result<(), Failure> {
    let mut command = compose()?;
    let mut detached = vec!["up", "--detach", "--build", "--wait"];
    let mut rest = args.iter();
    let mut dev = false;
    while let Some(arg) = rest.next() {
        match arg.as_str() {
            "--dev" => dev = true,
            "--profile" => {
                let profile = rest.next().ok_or_else(usage)?;
                command.args(["--profile", profile]);
                if profile == "remote-write" {
                    command.env("PROMETHEUS_CONFIG", "remote-write.yml");
                }
            }
            service if !service.starts_with('-') => detached.push(service),
            _ => return Err(usage()),
        }
    }
    if dev {
        // On the loopback interface, for an afternoon; asked for by name.
        command.env("GRAFANA_ADMIN_USER", "admin");
        command.env("GRAFANA_ADMIN_PASSWORD", "admin");
    } else if variable("GRAFANA_ADMIN_PASSWORD").is_none() {
        ensure_password(&root().join("docker"))?;
    }
    run(command.args(detached))?;
    say(
        "Grafana       http://localhost:3000  (user admin; the password is in docker/.env, or admin with --dev)\n\
         Prometheus    http://localhost:9090\n\
         Alertmanager  http://localhost:9093\n\
         the engine    http://localhost:8000/health\n\
         alerts that arrive: cargo xtask logs alert-receiver",
    );
    Ok(())
}

pub(crate) fn down(args: &[String]) -> Result<(), Failure> {
    let mut command = every_profile(compose()?);
    run(command.args(["down", "--remove-orphans"]).args(args))
}

pub(crate) fn logs(args: &[String]) -> Result<(), Failure> {
    let mut command = every_profile(compose()?);
    run(command
        .args(["logs", "--follow", "--tail", "100"])
        .args(args))
}

fn usage() -> Failure {
    Failure(
        "usage: cargo xtask up [--dev] [--profile remote-write|logs|otlp]... [service]...".into(),
    )
}

/// What runs is stopped and read whatever profile started it; neither needs the password.
fn every_profile(mut command: Command) -> Command {
    if variable("GRAFANA_ADMIN_PASSWORD").is_none() {
        command.env("GRAFANA_ADMIN_PASSWORD", "unused");
    }
    command.args(["--profile", "*"]);
    command
}

/// `docker compose`, or the older `docker-compose`, on the stack's file.
fn compose() -> Result<Command, Failure> {
    for words in [&["docker", "compose"][..], &["docker-compose"]] {
        let probe = Command::new(words[0])
            .args(&words[1..])
            .arg("version")
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .status();
        if probe.is_ok_and(|status| status.success()) {
            let mut command = Command::new(words[0]);
            command.args(&words[1..]).current_dir(root().join("docker"));
            return Ok(command);
        }
    }
    Err(Failure(
        "the stack needs Docker with Compose (https://docs.docker.com/compose/install/); \
         without it `cargo xtask demo` shows everything but Grafana"
            .into(),
    ))
}

/// Makes docker/.env from the example, with a random password that only its owner can read.
fn ensure_password(folder: &Path) -> Result<(), Failure> {
    let path = folder.join(".env");
    match fs::read_to_string(&path) {
        Ok(text) if has_password(&text) => return Ok(()),
        Ok(_) => {
            return Err(Failure(format!(
                "{}: {KEY} is empty; set it, or remove the file and have one made",
                path.display()
            )));
        }
        Err(error) if error.kind() == ErrorKind::NotFound => {}
        Err(error) => return Err(error.into()),
    }
    let example = fs::read_to_string(folder.join(".env.example"))?;
    let mut random = [0; 18];
    fs::File::open("/dev/urandom")?.read_exact(&mut random)?;
    let password: String = random.iter().map(|byte| format!("{byte:02x}")).collect();
    let filled = example.replacen(KEY, &format!("{KEY}{password}"), 1);
    let mut file = fs::OpenOptions::new()
        .write(true)
        .create_new(true)
        .mode(0o600)
        .open(&path)?;
    file.write_all(filled.as_bytes())?;
    say("docker/.env made, with a password for Grafana.");
    Ok(())
}

fn has_password(text: &str) -> bool {
    text.lines().any(|line| {
        line.strip_prefix(KEY)
            .is_some_and(|value| !value.trim().is_empty())
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_password_is_made_once_and_never_overwritten() {
        let folder = std::env::temp_dir().join(format!("bongsu-stack-{}", std::process::id()));
        fs::create_dir_all(&folder).unwrap();
        fs::write(folder.join(".env.example"), format!("A=1\n{KEY}\nB=2\n")).unwrap();
        assert!(ensure_password(&folder).is_ok());
        let made = fs::read_to_string(folder.join(".env")).unwrap();
        assert!(has_password(&made) && made.ends_with("B=2\n"));
        assert!(ensure_password(&folder).is_ok());
        assert_eq!(fs::read_to_string(folder.join(".env")).unwrap(), made);
        fs::write(folder.join(".env"), KEY).unwrap();
        assert!(ensure_password(&folder).is_err());
        fs::remove_dir_all(&folder).unwrap();
    }
}
