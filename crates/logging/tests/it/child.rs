//! Programs that are run by other tests: this binary again, with a role in its environment.

use bongsu_logging::{LoggingConfig, Overflow, Rotation};
use std::io::Write;
use std::path::PathBuf;
use std::process::{Child, Command, Stdio};
use tracing::info;

const ROLE: &str = "BONGSU_TEST_ROLE";
const DIR: &str = "BONGSU_TEST_DIR";

/// A child that does not outlive its test.
pub(crate) struct Running(pub(crate) Child);

impl Drop for Running {
    fn drop(&mut self) {
        let _it_may_have_ended = self.0.kill();
        let _reaped = self.0.wait();
    }
}

pub(crate) fn spawn(role: &str, dir: &std::path::Path) -> Running {
    let child = Command::new(std::env::current_exe().unwrap())
        .args(["child::roles", "--exact", "--nocapture", "--test-threads=1"])
        .env(ROLE, role)
        .env(DIR, dir)
        .env("RUST_BACKTRACE", "0")
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    Running(child)
}

/// Runs a role to its end; gives success, stdout, stderr.
pub(crate) fn run(role: &str, dir: &std::path::Path) -> (bool, String, String) {
    let mut running = spawn(role, dir);
    let stdout = running.0.stdout.take().unwrap();
    let stderr = running.0.stderr.take().unwrap();
    let errors = std::thread::spawn(move || std::io::read_to_string(stderr).unwrap());
    let out = std::io::read_to_string(stdout).unwrap();
    let success = running.0.wait().unwrap().success();
    (success, out, errors.join().unwrap())
}

/// Does nothing unless started by another test.
#[test]
fn roles() {
    let Ok(role) = std::env::var(ROLE) else {
        return;
    };
    let dir = PathBuf::from(std::env::var(DIR).unwrap());
    match role.as_str() {
        "burst" => burst(dir),
        "installed" => installed(dir),
        "unwritable" => unwritable(dir),
        "deaf" => deaf(),
        "exits" => exits(dir),
        "forging" => forging(),
        "own hook" => own_hook(),
        "exiting" => exiting(),
        _ => panic!("unknown role {role}"),
    }
}

fn config() -> LoggingConfig {
    LoggingConfig::new("svc", "test")
}

/// Says on standard output and in a file why it ends, and ends.
fn exits(dir: PathBuf) {
    let _guard = config().dir(Some(dir)).build().unwrap().install().unwrap();
    info!("before");
    tracing::error!("the order book is torn");
    std::process::exit(3);
}

/// Logs without end, saying on stdout how far it came.
fn burst(dir: PathBuf) {
    let logging = config()
        .stdout(false)
        .dir(Some(dir))
        .rotation(Rotation::never())
        .overflow(Overflow::Block)
        .buffer_bytes(super::process::BURST_BUFFER)
        .build()
        .unwrap();
    logging.with_default(|| {
        for seq in 0u64.. {
            info!(seq, "burst");
            if seq % 100 == 0 && writeln!(std::io::stdout(), "\nseq {seq}").is_err() {
                return;
            }
        }
    });
}

/// The whole set-up: `log` records, a panic, a second installation, a late line.
fn installed(dir: PathBuf) {
    let guard = config()
        .dir(Some(dir))
        .level("info")
        .build()
        .unwrap()
        .install()
        .unwrap();
    let handle = guard.handle();
    let again = config().build().unwrap().install().unwrap_err();
    info!(again = %again, "second");
    use tracing_log::log;
    log::info!(target: "old_crate", "from log {}", 1);
    log::debug!("too low");
    assert_eq!(log::max_level(), log::LevelFilter::Info);
    handle.set_level("debug", None).unwrap();
    log::debug!("now heard");
    struct LogsInside;
    impl std::fmt::Debug for LogsInside {
        fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
            info!("from inside");
            f.write_str("done")
        }
    }
    info!(v = ?LogsInside, "outside");
    /// As a socket that a panic drops.
    struct Hears(std::sync::mpsc::Sender<Option<String>>);
    impl Drop for Hears {
        fn drop(&mut self) {
            self.0.send(bongsu_logging::take_panic()).unwrap();
        }
    }
    let (tell, heard) = std::sync::mpsc::channel();
    let hears = Hears(tell);
    std::thread::Builder::new()
        .name("victim".into())
        .spawn(move || {
            let _hears = hears;
            panic!("the price is {}", 7)
        })
        .unwrap()
        .join()
        .unwrap_err();
    assert_eq!(heard.recv().unwrap().as_deref(), Some("the price is 7"));
    assert_eq!(handle.stats().panics, 1);
    drop(guard);
    info!("after the guard");
    assert_eq!(handle.stats().events_at("error"), 1);
}

fn unwritable(dir: PathBuf) {
    let logging = config().stdout(false).dir(Some(dir)).build().unwrap();
    let handle = logging.handle();
    logging.with_default(|| info!("still said"));
    assert_eq!(handle.stats().dropped_by("file_unavailable"), 1);
    assert_eq!(handle.stats().dropped_by("stdout_error"), 0);
}

/// Logs on after its reader has gone.
fn deaf() {
    let logging = config().build().unwrap();
    let handle = logging.handle();
    logging.with_default(|| {
        let deadline = std::time::Instant::now() + std::time::Duration::from_secs(30);
        while handle.stats().dropped_by("stdout_error") == 0 {
            info!("anybody?");
            assert!(handle.flush(std::time::Duration::from_secs(30)));
            assert!(std::time::Instant::now() < deadline);
        }
    });
    assert!(writeln!(std::io::stderr(), "survived").is_ok());
}

/// A line that somebody would like to see in the log.
const FORGED: &str = "bad price\n{\"timestamp\":\"2026-01-01T00:00:00.000000Z\",\"level\":\"INFO\",\"message\":\"all is well\"}\r\u{85}\u{2028}x";

/// Panics with a text that pretends to be lines of the log.
fn forging() {
    let _guard = config().build().unwrap().install().unwrap();
    std::thread::Builder::new()
        .name("victim".into())
        .spawn(|| panic!("{FORGED}"))
        .unwrap()
        .join()
        .unwrap_err();
}

/// The service has a hook of its own, which goes on.
fn own_hook() {
    std::panic::set_hook(Box::new(|info| {
        let _closed = writeln!(std::io::stderr(), "own: {:?}", info.payload_as_str());
    }));
    let _guard = config().build().unwrap().install().unwrap();
    std::thread::spawn(|| panic!("the price is 7"))
        .join()
        .unwrap_err();
}

/// Nobody drops the guard.
fn exiting() {
    std::mem::forget(config().build().unwrap().install().unwrap());
    info!("almost the last word");
    tracing::error!("the last word");
    std::process::exit(3);
}
