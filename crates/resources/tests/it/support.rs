//! What the tests share: waiting, and a Python process that answers questions.

use std::io::{BufRead, BufReader, Write};
use std::path::PathBuf;
use std::process::{Child, ChildStdin, ChildStdout, Command, Stdio};
use std::time::{Duration, Instant};

use serde_json::Value;

/// Waits for a condition, generously; what it last saw is in the failure.
pub(crate) fn eventually<T, E: std::fmt::Debug>(
    what: &str,
    mut look: impl FnMut() -> Result<T, E>,
) -> T {
    let deadline = Instant::now() + Duration::from_secs(30);
    loop {
        let seen = match look() {
            Ok(found) => return found,
            Err(seen) => seen,
        };
        assert!(
            Instant::now() < deadline,
            "not within 30 s: {what}; last seen: {seen:?}"
        );
        std::thread::sleep(Duration::from_millis(20));
    }
}

/// A program that is stopped by its own id when the test ends.
pub(crate) struct Running(pub(crate) Child);

impl Drop for Running {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

/// The interpreter with psutil: `$BONGSU_TEST_PYTHON`, or the distribution's.
pub(crate) fn python() -> PathBuf {
    let named = std::env::var_os("BONGSU_TEST_PYTHON").map(PathBuf::from);
    let python = named.unwrap_or_else(|| "/usr/bin/python3".into());
    assert!(
        python.exists(),
        "{} is missing: install the Debian package python3-psutil, or set BONGSU_TEST_PYTHON to a Python with psutil",
        python.display()
    );
    python
}

/// A Python process: one expression a line in, one line of JSON out.
pub(crate) struct Python {
    _process: Running,
    ask: ChildStdin,
    answer: BufReader<ChildStdout>,
}

impl Python {
    /// Runs `prelude`, then answers.
    pub(crate) fn start(prelude: &str) -> Self {
        let serve = "\nimport json, sys\nprint('\"ready\"', flush=True)\nfor line in sys.stdin:\n    print(json.dumps(eval(line)), flush=True)\n";
        let mut child = Command::new(python())
            .args(["-c", &format!("{prelude}{serve}")])
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .expect("python starts");
        let (ask, answer) = (child.stdin.take().unwrap(), child.stdout.take().unwrap());
        let mut python = Self {
            _process: Running(child),
            ask,
            answer: BufReader::new(answer),
        };
        assert_eq!(
            python.line(),
            "ready",
            "python's prelude (is psutil installed?)"
        );
        python
    }

    /// The value of an expression.
    pub(crate) fn eval(&mut self, expression: &str) -> Value {
        writeln!(self.ask, "{expression}").expect("python listens");
        self.line()
    }

    fn line(&mut self) -> Value {
        let mut line = String::new();
        self.answer.read_line(&mut line).expect("python answers");
        serde_json::from_str(&line).unwrap_or_else(|error| panic!("python said {line:?}: {error}"))
    }
}
