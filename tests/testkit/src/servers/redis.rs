//! A Redis of one's own.

use std::process::{Command, Stdio};

use tempfile::TempDir;

use crate::{Lines, Process, free_port};

/// A server that keeps nothing, on a port that stays its own over [`Redis::stop`] and [`Redis::resume`].
#[derive(Debug)]
pub struct Redis {
    port: u16,
    args: Vec<String>,
    folder: TempDir,
    process: Option<(Process, Lines)>,
}

impl Redis {
    /// Starts it with more arguments (`["--requirepass", "p@ss"]`) and waits until it takes connections.
    ///
    /// # Panics
    ///
    /// When redis-server is missing or does not start.
    #[must_use]
    pub fn start(args: &[&str]) -> Self {
        Self::on(free_port(), args)
    }

    /// The same on a port that the caller knows.
    ///
    /// # Panics
    ///
    /// As [`Redis::start`].
    #[must_use]
    pub fn on(port: u16, args: &[&str]) -> Self {
        let mut redis = Self {
            port,
            args: args.iter().map(|arg| (*arg).to_owned()).collect(),
            folder: tempfile::tempdir().unwrap(),
            process: None,
        };
        redis.resume();
        redis
    }

    /// Its port on the loopback interface.
    #[must_use]
    pub fn port(&self) -> u16 {
        self.port
    }

    /// `redis://127.0.0.1:port`.
    #[must_use]
    pub fn url(&self) -> String {
        format!("redis://127.0.0.1:{}", self.port)
    }

    /// Starts it again on the same port.
    ///
    /// # Panics
    ///
    /// As [`Redis::start`].
    pub fn resume(&mut self) {
        let mut command = Command::new("redis-server");
        command
            .args(["--bind", "127.0.0.1", "--port", &self.port.to_string()])
            .args(["--save", "", "--appendonly", "no", "--daemonize", "no"])
            .args(&self.args)
            .current_dir(self.folder.path())
            .stdout(Stdio::piped());
        let mut process = Process::start(&mut command, "redis-server");
        let lines = process.lines();
        lines.find(|line| line.contains("Ready to accept"));
        self.process = Some((process, lines));
    }

    /// Ends it at once.
    pub fn stop(&mut self) {
        self.process = None;
    }

    /// It lives and answers nobody.
    ///
    /// # Panics
    ///
    /// When it does not run.
    pub fn pause(&self) {
        self.signal("STOP");
    }

    /// It answers again.
    ///
    /// # Panics
    ///
    /// When it does not run.
    pub fn unpause(&self) {
        self.signal("CONT");
    }

    fn signal(&self, name: &str) {
        let (process, _) = self.process.as_ref().expect("Redis runs");
        process.signal(name);
    }
}
