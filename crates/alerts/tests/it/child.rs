//! This very test binary again, as another process that may be killed.

use std::fs::{File, OpenOptions};
use std::io::{BufRead, BufReader, Write};
use std::path::{Path, PathBuf};
use std::process::{Child, ChildStdin, Command, Stdio};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use async_trait::async_trait;
use bongsu_alerts::{
    Attempt, Channel, Limits, Notification, Outcome, RenderError, Rendered, Target,
};

const ROLE: &str = "BONGSU_ALERTS_TEST_ROLE";
const ARGUMENTS: &str = "BONGSU_ALERTS_TEST_ARGUMENTS";

/// The role that this process was started for, with its arguments.
#[expect(
    clippy::disallowed_methods,
    reason = "the environment is how a test tells its child what to do"
)]
pub(crate) fn role() -> Option<(String, Vec<String>)> {
    let role = std::env::var(ROLE).ok()?;
    let arguments = std::env::var(ARGUMENTS).unwrap_or_default();
    Some((role, arguments.split('\n').map(str::to_owned).collect()))
}

/// The children's entry: an ordinary test that does nothing unless a parent set a role.
#[test]
fn entry_of_child_processes() {
    let Some((role, arguments)) = role() else {
        return;
    };
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .worker_threads(2)
        .enable_all()
        .build()
        .unwrap();
    runtime.block_on(async {
        match role.as_str() {
            "sender" => crate::kill::sender(&arguments).await,
            "receiver" => crate::stopped::receiver().await,
            "full-disk" => crate::disk::sender(&arguments).await,
            #[cfg(feature = "redis")]
            "replica" => crate::replicas::replica(&arguments).await,
            other => panic!("unknown role {other}"),
        }
    });
}

/// A child process, killed at the latest when this is dropped.
#[derive(Debug)]
pub(crate) struct Process {
    child: Child,
    pub(crate) stdin: Option<ChildStdin>,
}

impl Process {
    pub(crate) fn start(role: &str, arguments: &[&str]) -> Self {
        Self::spawn(
            role,
            arguments,
            Command::new(std::env::current_exe().unwrap()),
        )
    }

    /// As [`Process::start`], by way of a shell that sets limits first.
    pub(crate) fn start_limited(role: &str, arguments: &[&str], limit: &str) -> Self {
        let mut command = Command::new("sh");
        let itself = std::env::current_exe().unwrap();
        command
            .args(["-c", &format!("{limit}; exec \"$0\" \"$@\"")])
            .arg(itself);
        Self::spawn(role, arguments, command)
    }

    fn spawn(role: &str, arguments: &[&str], mut command: Command) -> Self {
        let mut child = command
            .args(["child::entry_of_child_processes", "--exact", "--nocapture"])
            .env(ROLE, role)
            .env(ARGUMENTS, arguments.join("\n"))
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::inherit())
            .spawn()
            .unwrap();
        let stdin = child.stdin.take();
        Self { child, stdin }
    }

    /// The lines that the child prints after its marker, one by one.
    pub(crate) fn lines(&mut self) -> impl Iterator<Item = String> + use<> {
        BufReader::new(self.child.stdout.take().unwrap())
            .lines()
            .map_while(Result::ok)
            .filter_map(|line| line.split_once(MARKER).map(|(_, said)| said.to_owned()))
    }

    pub(crate) fn say(&mut self, line: &str) {
        let stdin = self.stdin.as_mut().unwrap();
        writeln!(stdin, "{line}").unwrap();
        stdin.flush().unwrap();
    }

    pub(crate) fn signal(&self, name: &str) {
        let status = Command::new("kill")
            .args([format!("-{name}"), self.child.id().to_string()])
            .status()
            .expect("kill (Debian package procps)");
        assert!(status.success());
    }

    /// `kill -9`.
    pub(crate) fn kill(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }

    /// Waits for the child to end by itself.
    pub(crate) fn finish(&mut self, patience: Duration) {
        self.stdin = None;
        let steps = patience.as_millis() / 20;
        for _ in 0..steps {
            if let Some(status) = self.child.try_wait().unwrap() {
                assert!(status.success(), "{status}");
                return;
            }
            std::thread::sleep(Duration::from_millis(20));
        }
        panic!("the child did not end within {patience:?}");
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        self.kill();
    }
}

/// What a child says to its parent begins with this: libtest prints to the same place.
pub(crate) const MARKER: &str = "@@";

pub(crate) fn say(line: &str) {
    println!("{MARKER}{line}");
}

/// A file to which whole lines are appended, each with one write, so that a kill leaves no half.
#[derive(Debug, Clone)]
pub(crate) struct LineFile {
    file: Arc<Mutex<File>>,
}

impl LineFile {
    pub(crate) fn open(path: &Path) -> Self {
        let file = OpenOptions::new()
            .create(true)
            .append(true)
            .open(path)
            .unwrap();
        Self {
            file: Arc::new(Mutex::new(file)),
        }
    }

    pub(crate) fn add(&self, line: &str) {
        let line = format!("{line}\n");
        self.file
            .lock()
            .unwrap()
            .write_all(line.as_bytes())
            .unwrap();
    }

    pub(crate) fn read(path: &Path) -> Vec<String> {
        match std::fs::read_to_string(path) {
            Ok(text) => text.lines().map(str::to_owned).collect(),
            Err(_) => Vec::new(),
        }
    }
}

/// Delivers by writing a line `delivery-id title`, and now and then fails before or after that.
#[derive(Debug)]
pub(crate) struct FileChannel {
    file: LineFile,
    calls: std::sync::atomic::AtomicU32,
}

impl FileChannel {
    pub(crate) fn new(path: PathBuf) -> Self {
        Self {
            file: LineFile::open(&path),
            calls: std::sync::atomic::AtomicU32::new(std::process::id()),
        }
    }
}

#[async_trait]
impl Channel for FileChannel {
    fn id(&self) -> &str {
        "file"
    }

    fn limits(&self) -> Limits {
        Limits::new(1e6, 1_000_000)
    }

    fn targets(&self) -> Vec<Target> {
        vec![Target::new("file")]
    }

    fn render(&self, n: &Notification, target: &Target) -> Result<Rendered, RenderError> {
        Ok(Rendered::new(
            target.clone(),
            "text/plain",
            n.alert.title.clone(),
        ))
    }

    async fn deliver(&self, cx: &Attempt, message: &Rendered) -> Outcome {
        let call = self
            .calls
            .fetch_add(1, std::sync::atomic::Ordering::Relaxed)
            .wrapping_mul(0x9e37_79b9)
            >> 16;
        match call % 40 {
            0 => return Outcome::permanent("the script says so"),
            1..6 => return Outcome::transient("the script says so"),
            _ => {}
        }
        let title = String::from_utf8_lossy(&message.body).into_owned();
        self.file.add(&format!("{} {title}", cx.delivery_id));
        match call % 40 {
            6..9 => Outcome::Transient {
                reason: "the answer was lost".to_owned(),
                retry_after: None,
                maybe_delivered: true,
            },
            _ => Outcome::delivered(),
        }
    }
}
