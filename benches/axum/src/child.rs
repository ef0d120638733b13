//! This program started once more, for one variant, pinned to a core.

use std::io::{BufRead, BufReader, Write};
use std::path::Path;
use std::process::{self, ChildStdin, ChildStdout, Command, Stdio};

/// The core of whoever answers; load comes from the other one.
const SERVER_CORE: &str = "0";

pub struct Child {
    process: process::Child,
    stdin: Option<ChildStdin>,
    stdout: BufReader<ChildStdout>,
}

impl Child {
    /// Starts `mode` for the variant; its files go into a folder of its own in `dir`.
    pub fn start(mode: &str, variant: &str, dir: &Path) -> Self {
        let dir = dir.join(format!("{mode}-{variant}"));
        std::fs::create_dir(&dir).expect("a folder");
        let mut process = Command::new("taskset")
            .args(["--cpu-list", SERVER_CORE])
            .arg(std::env::current_exe().expect("this program"))
            .args([mode, variant])
            .arg(dir)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .expect("taskset is missing: it is in the Debian package `util-linux`");
        Self {
            stdin: process.stdin.take(),
            stdout: BufReader::new(process.stdout.take().expect("piped")),
            process,
        }
    }

    /// CPU nanoseconds of its threads so far.
    pub fn cpu_ns(&self) -> f64 {
        let threads = std::fs::read_dir(format!("/proc/{}/task", self.process.id()));
        let threads = threads.expect("the child lives");
        let ns = threads.filter_map(|thread| {
            let stat = thread.ok()?.path().join("schedstat");
            let stat = std::fs::read_to_string(stat).ok()?;
            stat.split(' ').next()?.parse::<f64>().ok()
        });
        ns.sum()
    }

    /// Its next line.
    pub fn line(&mut self) -> String {
        let mut line = String::new();
        self.stdout.read_line(&mut line).expect("the child's word");
        assert!(!line.is_empty(), "the child is gone");
        line.trim_end().to_owned()
    }

    /// Its answer to a line.
    pub fn ask(&mut self) -> String {
        let stdin = self.stdin.as_mut().expect("open until dropped");
        stdin.write_all(b"\n").expect("the child listens");
        self.line()
    }
}

impl Drop for Child {
    /// The end of its stdin is the end of the child.
    fn drop(&mut self) {
        self.stdin = None;
        self.process.wait().expect("the child ends");
    }
}
