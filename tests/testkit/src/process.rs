//! Child processes that do not outlive their test.

use std::{
    io::{BufRead as _, BufReader, Read},
    path::PathBuf,
    process::{Child, Command, ExitStatus},
    sync::mpsc::{Receiver, channel},
    thread,
};

use serde_json::Value;

use crate::{PATIENCE, until};

/// A program that is killed, by its own id, when this is dropped.
#[derive(Debug)]
pub struct Process(pub Child);

impl Process {
    /// Starts a program; a missing one fails with the Debian package that has it.
    ///
    /// # Panics
    ///
    /// When it cannot be started.
    #[must_use]
    #[track_caller]
    pub fn start(command: &mut Command, package: &str) -> Self {
        match command.spawn() {
            Ok(child) => Self(child),
            Err(error) => {
                let program = command.get_program().to_string_lossy();
                panic!("cannot start {program}: {error}; it is in the Debian package {package}")
            }
        }
    }

    /// Its process id.
    #[must_use]
    pub fn id(&self) -> u32 {
        self.0.id()
    }

    /// Sends a signal, by its name without `SIG`.
    ///
    /// # Panics
    ///
    /// When it cannot be sent: the process has been waited for.
    pub fn signal(&self, name: &str) {
        let mut kill = Command::new("kill");
        let sent = kill
            .args([format!("-{name}"), self.id().to_string()])
            .status();
        assert!(sent.unwrap().success(), "kill -{name} {}", self.id());
    }

    /// What it prints, line by line.
    ///
    /// # Panics
    ///
    /// When its standard output was not piped, or was taken before.
    pub fn lines(&mut self) -> Lines {
        Lines::of(self.0.stdout.take().expect("standard output is piped"))
    }

    /// Waits for the end.
    ///
    /// # Panics
    ///
    /// When it does not come within [`PATIENCE`].
    pub fn wait(&mut self) -> ExitStatus {
        until("the end of a process", || self.0.try_wait().unwrap())
    }

    /// Sends SIGTERM and waits for the end.
    pub fn stop(mut self) -> ExitStatus {
        self.signal("TERM");
        self.wait()
    }

    /// `kill -9`; it is gone when this returns.
    pub fn kill(&mut self) {
        let _it_may_have_ended = self.0.kill();
        let _reaped = self.0.wait();
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        self.kill();
    }
}

/// The lines of an output, each to be waited for with [`PATIENCE`].
#[derive(Debug)]
pub struct Lines(Receiver<String>);

impl Lines {
    /// Reads on a thread of its own, so that the writer is never held up.
    #[must_use]
    pub fn of(output: impl Read + Send + 'static) -> Self {
        let (sender, receiver) = channel();
        thread::spawn(move || {
            for line in BufReader::new(output).lines().map_while(Result::ok) {
                if sender.send(line).is_err() {
                    break;
                }
            }
        });
        Self(receiver)
    }

    /// The next line.
    ///
    /// # Panics
    ///
    /// When none comes within [`PATIENCE`], or the output has ended.
    #[track_caller]
    pub fn next(&self) -> String {
        self.0
            .recv_timeout(PATIENCE)
            .expect("nothing more was printed in time")
    }

    /// The first line from here on that `wanted` takes.
    ///
    /// # Panics
    ///
    /// As [`Lines::next`].
    #[track_caller]
    pub fn find(&self, wanted: impl Fn(&str) -> bool) -> String {
        loop {
            let line = self.next();
            if wanted(&line) {
                return line;
            }
        }
    }

    /// The next line, which is JSON.
    ///
    /// # Panics
    ///
    /// As [`Lines::next`], or when it is none.
    #[track_caller]
    pub fn json(&self) -> Value {
        let line = self.next();
        serde_json::from_str(&line).unwrap_or_else(|error| panic!("{error}: {line}"))
    }

    /// Whatever was printed and not read yet.
    #[must_use]
    pub fn rest(&self) -> Vec<String> {
        self.0.try_iter().collect()
    }
}

/// The interpreter that sees the distribution's Python packages: `$BONGSU_TEST_PYTHON`, or Debian's.
///
/// # Panics
///
/// When there is none, with the `package` that the caller needs.
#[must_use]
pub fn python(package: &str) -> PathBuf {
    let named = std::env::var_os("BONGSU_TEST_PYTHON").map(PathBuf::from);
    let python = named.unwrap_or_else(|| "/usr/bin/python3".into());
    assert!(
        python.exists(),
        "{} is missing: install the Debian package {package}, or set BONGSU_TEST_PYTHON to a Python that has it",
        python.display()
    );
    python
}
