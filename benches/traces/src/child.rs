//! This program started once more, for one variant.

use std::io::{BufRead, BufReader, Write};
use std::process::{self, ChildStdin, ChildStdout, Command, Stdio};

pub struct Child {
    process: process::Child,
    stdin: Option<ChildStdin>,
    stdout: BufReader<ChildStdout>,
}

impl Child {
    pub fn start(mode: &str, variant: &str, receiver: &str) -> Self {
        let mut process = Command::new(std::env::current_exe().expect("this program"))
            .args([mode, variant, receiver])
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .expect("this program");
        Self {
            stdin: process.stdin.take(),
            stdout: BufReader::new(process.stdout.take().expect("piped")),
            process,
        }
    }

    /// What its next round cost.
    pub fn ask(&mut self) -> [f64; 2] {
        let stdin = self.stdin.as_mut().expect("open until dropped");
        stdin.write_all(b"\n").expect("the child listens");
        let mut line = String::new();
        self.stdout.read_line(&mut line).expect("the child's word");
        let numbers = line.split_whitespace().map(|n| n.parse().expect("a number"));
        let numbers: Vec<f64> = numbers.collect();
        numbers.try_into().expect("two numbers")
    }
}

impl Drop for Child {
    /// The end of its stdin is the end of the child.
    fn drop(&mut self) {
        self.stdin = None;
        self.process.wait().expect("the child ends");
    }
}

/// The child's side: an answer to every line.
pub fn answer(mut round: impl FnMut() -> [f64; 2]) {
    for line in std::io::stdin().lock().lines() {
        line.expect("the parent's word");
        let [one, two] = round();
        println!("{one} {two}");
        std::io::stdout().flush().expect("the parent listens");
    }
}
