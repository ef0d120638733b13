//! A Docker engine of the proof's own: its data, its socket, ended by its process id.

use std::{
    fs,
    os::unix::process::CommandExt as _,
    path::{Path, PathBuf},
    process::{Child, Command, Stdio},
    time::Duration,
};

use super::wait;
use crate::run::{Failure, complain, output, run, target_dir};

pub(super) struct Engine {
    child: Child,
    folder: PathBuf,
}

impl Engine {
    /// Starts it and waits until it answers.
    pub(super) fn start() -> Result<Self, Failure> {
        // The socket's path has to be short, whatever the target folder's is.
        let folder = std::env::temp_dir().join(format!("bongsu-stack-{}", std::process::id()));
        fs::create_dir_all(&folder)?;
        let log = fs::File::create(folder.join("dockerd.log"))?;
        let child = Command::new("dockerd")
            .arg("--data-root")
            .arg(folder.join("data"))
            .arg("--exec-root")
            .arg(folder.join("exec"))
            .arg("--pidfile")
            .arg(folder.join("pid"))
            .arg("--host")
            .arg(socket(&folder))
            .stdin(Stdio::null())
            .stdout(log.try_clone()?)
            .stderr(log)
            // Ctrl-C is for the proof, which then ends the engine in order.
            .process_group(0)
            .spawn()
            .map_err(|error| Failure(format!("dockerd: {error}")))?;
        let mut engine = Self { child, folder };
        let answers = wait::until("the Docker engine answers", Duration::from_secs(60), || {
            // One that has ended is told of below, at once.
            if engine.ended()? {
                return Ok(());
            }
            let mut version = engine.docker();
            version
                .arg("version")
                .stdout(Stdio::null())
                .stderr(Stdio::null());
            run(&mut version)
        });
        let reason = match answers {
            Ok(()) if !engine.ended()? => return Ok(engine),
            Ok(()) => "it ended".to_owned(),
            Err(failure) => failure.0,
        };
        Err(Failure(format!(
            "the Docker engine (dockerd) cannot be started: {reason}\n{}",
            engine.last_words()
        )))
    }

    fn ended(&mut self) -> Result<bool, Failure> {
        Ok(self.child.try_wait()?.is_some())
    }

    fn last_words(&self) -> String {
        let log = fs::read_to_string(self.folder.join("dockerd.log")).unwrap_or_default();
        let lines: Vec<&str> = log.lines().collect();
        lines[lines.len().saturating_sub(10)..].join("\n")
    }

    /// Where the proof keeps what it makes.
    pub(super) fn folder(&self) -> &Path {
        &self.folder
    }

    /// Makes a command speak to this engine.
    pub(super) fn at<'a>(&self, command: &'a mut Command) -> &'a mut Command {
        command
            .env("DOCKER_HOST", socket(&self.folder))
            .env("DOCKER_CONFIG", self.folder.join("config"))
            .env_remove("DOCKER_CONTEXT")
    }

    pub(super) fn docker(&self) -> Command {
        let mut command = Command::new("docker");
        self.at(&mut command);
        command
    }

    /// What `docker …` says.
    pub(super) fn said(&self, args: &[&str]) -> Result<String, Failure> {
        output(self.docker().args(args)).map(|said| said.trim().to_owned())
    }
}

fn socket(folder: &Path) -> String {
    format!("unix://{}", folder.join("docker.sock").display())
}

impl Drop for Engine {
    fn drop(&mut self) {
        // One that ended by itself has neither containers nor a process id of its own any more.
        let lives = !self.ended().unwrap_or(true);
        if lives && let Ok(all) = self.said(&["ps", "--all", "--quiet"]) {
            let mut remove = self.docker();
            remove
                .args(["rm", "--force", "--volumes"])
                .args(all.lines());
            let _may_be_gone = remove.stdout(Stdio::null()).stderr(Stdio::null()).status();
        }
        let pid = self.child.id().to_string();
        if lives {
            let _asked = Command::new("kill").args(["-TERM", &pid]).status();
        }
        let ended = wait::until("dockerd ends", Duration::from_secs(30), || {
            match self.child.try_wait()? {
                Some(_) => Ok(()),
                None => Err(Failure("it still runs".into())),
            }
        });
        if let Err(failure) = ended {
            complain(&failure.0);
            let _killed = self.child.kill();
            let _reaped = self.child.wait();
        }
        if let Err(error) = fs::remove_dir_all(&self.folder) {
            complain(&format!("{} stays: {error}", self.folder.display()));
        }
    }
}

/// The folder in which downloads are kept from run to run.
pub(super) fn kept() -> Result<PathBuf, Failure> {
    let folder = target_dir().join("stack-proof");
    fs::create_dir_all(&folder)?;
    Ok(folder)
}
