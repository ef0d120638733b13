//! Docker Compose: which one there is, and what it says of the stack.

use std::process::{Command, Stdio};

use super::{PASSWORD, docker};
use crate::run::{Failure, output, run, variable};

/// `env_file` with `required: false` came with this one; an older one starts nothing, and says so with
/// the exit code 0.
const OLDEST: [u32; 2] = [2, 24];

const NEEDED: &str =
    "the stack needs Docker with Compose 2.24 or newer (https://docs.docker.com/compose/install/)";

/// The words that call Compose.
pub(super) struct Compose(&'static [&'static str]);

impl Compose {
    /// `docker compose`, or a `docker-compose` that is new enough.
    pub(super) fn find() -> Result<Self, Failure> {
        let mut too_old = None;
        for words in [&["docker", "compose"][..], &["docker-compose"]] {
            let mut ask = Command::new(words[0]);
            ask.args(&words[1..]).args(["version", "--short"]);
            let Ok(answer) = ask.stderr(Stdio::null()).output() else {
                continue;
            };
            let version = String::from_utf8_lossy(&answer.stdout).trim().to_owned();
            if !answer.status.success() || version.is_empty() {
                continue;
            }
            if new_enough(&version) {
                return Ok(Self(words));
            }
            too_old.get_or_insert(format!("`{}` is version {version}", words.join(" ")));
        }
        Err(Failure(match too_old {
            Some(found) => format!("{NEEDED}; {found}. Nothing was started."),
            None => format!("{NEEDED}; without it `cargo xtask demo` shows everything but Grafana"),
        }))
    }

    /// Compose on the stack's file.
    pub(super) fn command(&self) -> Command {
        let mut command = Command::new(self.0[0]);
        command.args(&self.0[1..]).current_dir(docker());
        command
    }

    /// The same for what has to be stopped or read whatever profile started it, which needs no password.
    pub(super) fn every_profile(&self) -> Command {
        let mut command = self.command();
        if variable(PASSWORD).is_none() {
            command.env(PASSWORD, "unused");
        }
        command.args(["--profile", "*"]);
        command
    }

    fn lines(&self, args: &[&str]) -> Result<Vec<String>, Failure> {
        let said = output(self.every_profile().args(args))?;
        let lines = said.lines().map(str::trim).filter(|line| !line.is_empty());
        Ok(lines.map(str::to_owned).collect())
    }

    /// Every profile of the file.
    pub(super) fn profiles(&self) -> Result<Vec<String>, Failure> {
        self.lines(&["config", "--profiles"])
    }

    /// The services that a start would start, with the profiles that are on.
    pub(super) fn services(&self) -> Result<Vec<String>, Failure> {
        let mut command = self.command();
        if variable(PASSWORD).is_none() {
            command.env(PASSWORD, "unused");
        }
        let said = output(command.args(["config", "--services"]))?;
        Ok(said.lines().map(str::to_owned).collect())
    }

    /// The services that run now.
    pub(super) fn running(&self) -> Result<Vec<String>, Failure> {
        self.lines(&["ps", "--services", "--status", "running"])
    }

    /// The services that were started and are not healthy, or do not stay up.
    pub(super) fn unwell(&self) -> Result<Vec<String>, Failure> {
        let format = "{{.Service}} {{.State}} {{.Health}}";
        let all = self.lines(&["ps", "--all", "--format", format])?;
        let unwell = all.iter().filter_map(|line| {
            let mut words = line.split(' ');
            let (service, state, health) = (words.next()?, words.next()?, words.next());
            let well = state == "created" || (state == "running" && health != Some("unhealthy"));
            (!well).then(|| service.to_owned())
        });
        Ok(unwell.collect())
    }

    /// Stops and removes what only these profiles have.
    pub(super) fn remove(&self, profiles: &[String]) -> Result<(), Failure> {
        let wanted = self.services()?;
        let all = self.lines(&["config", "--services"])?;
        let gone: Vec<&String> = all.iter().filter(|name| !wanted.contains(name)).collect();
        if gone.is_empty() || profiles.is_empty() {
            return Ok(());
        }
        let mut remove = self.every_profile();
        run(remove.args(["rm", "--stop", "--force"]).args(gone))
    }
}

fn new_enough(version: &str) -> bool {
    let numbers = version.trim_start_matches('v').split(['.', '-', '+']);
    let numbers: Vec<u32> = numbers.map_while(|part| part.parse().ok()).collect();
    numbers.as_slice() >= OLDEST.as_slice()
}

/// The image of compose.yml or of the Dockerfile that begins with `name:`, with its tag.
pub(crate) fn image(name: &str) -> Result<String, Failure> {
    let files =
        ["compose.yml", "Dockerfile"].map(|file| std::fs::read_to_string(docker().join(file)));
    for text in files {
        for word in text?.split_whitespace() {
            if word
                .strip_prefix(name)
                .is_some_and(|tag| tag.starts_with(':'))
            {
                return Ok(word.to_owned());
            }
        }
    }
    Err(Failure(format!("docker/ names no image {name}")))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn versions_are_compared_by_their_numbers() {
        for version in [
            "2.24.0",
            "v2.24.1",
            "2.26.1-4",
            "2.100.0",
            "3.0.0",
            "5.0.0-rc.1",
            "2.24",
        ] {
            assert!(new_enough(version), "{version}");
        }
        for version in ["1.29.2", "2.23.9", "2.2.3", "v2.9.0", "unknown", "", "2"] {
            assert!(!new_enough(version), "{version}");
        }
    }

    #[test]
    fn images_are_found_with_their_tags() {
        for name in ["prom/prometheus", "grafana/grafana", "rust", "debian"] {
            let found = image(name).unwrap_or_else(|failure| panic!("{}", failure.0));
            assert!(
                found.starts_with(&format!("{name}:")) && !found.ends_with(':'),
                "{found}"
            );
        }
        assert!(image("nobody/nothing").is_err());
    }
}
