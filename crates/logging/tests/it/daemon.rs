//! Lines to a daemon of the system: sockets of the test's own, read as the published formats have it
//! (systemd's native protocol, RFC 5424). No journald and no rsyslog runs where the tests do.

use std::net::UdpSocket;
use std::os::unix::net::UnixDatagram;
use std::path::Path;
use std::time::Duration;

use bongsu_logging::{LogDaemon, Logging, LoggingConfig};

const PATIENCE: Duration = Duration::from_secs(30);

fn logging(daemon: LogDaemon) -> LoggingConfig {
    LoggingConfig::new("주문 desk", "test")
        .level("trace")
        .daemon(Some(daemon))
}

fn log_all(logging: Logging) -> u64 {
    let handle = logging.handle();
    logging.with_default(|| {
        tracing::error!(password = "s3cret", "first\nsecond");
        tracing::warn!("w");
        tracing::info!("i");
        tracing::debug!("d");
        tracing::trace!("t");
        assert!(handle.flush(PATIENCE));
    });
    handle.stats().dropped_by("daemon_error")
}

fn listen(path: &Path) -> UnixDatagram {
    let socket = UnixDatagram::bind(path).unwrap();
    socket.set_read_timeout(Some(PATIENCE)).unwrap();
    socket
}

fn next(socket: &UnixDatagram) -> Vec<u8> {
    let mut datagram = vec![0; 1 << 17];
    let len = socket.recv(&mut datagram).unwrap();
    datagram.truncate(len);
    datagram
}

/// Fields of a journal entry, by systemd's native protocol: `NAME=value`, or the name alone, the value's length as a
/// 64-bit number of little-endian order, and the value.
fn entry(mut rest: &[u8]) -> Vec<(String, String)> {
    let text = |bytes: &[u8]| String::from_utf8(bytes.to_vec()).unwrap();
    let mut fields = Vec::new();
    while !rest.is_empty() {
        let end = rest.iter().position(|byte| *byte == b'\n').unwrap();
        let (line, after) = (text(&rest[..end]), &rest[end + 1..]);
        if let Some((name, value)) = line.split_once('=') {
            fields.push((name.to_owned(), value.to_owned()));
            rest = after;
        } else {
            let (length, after) = after.split_at(8);
            let length = u64::from_le_bytes(length.try_into().unwrap()) as usize;
            fields.push((line, text(&after[..length])));
            assert_eq!(after[length], b'\n');
            rest = &after[length + 1..];
        }
    }
    fields
}

#[test]
fn journald_gets_an_entry_a_line() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("journal");
    let journal = listen(&path);
    assert_eq!(
        log_all(logging(LogDaemon::Journald(path)).build().unwrap()),
        0
    );
    for priority in ["3", "4", "6", "7", "7"] {
        let fields = entry(&next(&journal));
        let [(p, given), (s, service), (m, message)] = &fields[..] else {
            panic!("{fields:?}")
        };
        assert_eq!(
            (&**p, &**s, &**m),
            ("PRIORITY", "SYSLOG_IDENTIFIER", "MESSAGE")
        );
        assert_eq!((&**given, &**service), (priority, "주문 desk"));
        let line: serde_json::Value = serde_json::from_str(message).unwrap();
        if priority == "3" {
            assert_eq!(line["message"], "first\nsecond");
            assert!(!message.contains("s3cret"), "{message}");
        }
    }
}

/// The parts of an RFC 5424 line: priority, version, time, host, name, pid, and the message.
fn parts(line: &[u8]) -> (u8, Vec<String>, serde_json::Value) {
    let line = std::str::from_utf8(line).unwrap();
    let (priority, rest) = line.strip_prefix('<').unwrap().split_once('>').unwrap();
    let mut words = rest.splitn(8, ' ').map(str::to_owned).collect::<Vec<_>>();
    let message = words.pop().unwrap();
    assert_eq!(words.len(), 7, "{line}");
    (
        priority.parse().unwrap(),
        words,
        serde_json::from_str(&message).unwrap(),
    )
}

#[test]
fn a_syslog_gets_its_format() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("log");
    let syslog = listen(&path);
    assert_eq!(
        log_all(logging(LogDaemon::Syslog(path)).build().unwrap()),
        0
    );
    for priority in [27, 28, 30, 31, 31] {
        let (given, words, _) = parts(&next(&syslog));
        assert_eq!(given, priority, "daemon is facility 3");
        let [version, time, host, name, pid, id, data] = &words[..] else {
            panic!("{words:?}")
        };
        assert_eq!(
            (&**version, &**name, &**id, &**data),
            ("1", "___desk", "-", "-")
        );
        assert_eq!(*pid, std::process::id().to_string());
        assert!(
            !host.is_empty() && time.len() == 27 && time.ends_with('Z'),
            "{words:?}"
        );
    }
}

#[test]
fn a_syslog_elsewhere_gets_it_too() {
    let syslog = UdpSocket::bind("127.0.0.1:0").unwrap();
    syslog.set_read_timeout(Some(PATIENCE)).unwrap();
    let daemon: LogDaemon = format!("syslog:{}", syslog.local_addr().unwrap())
        .parse()
        .unwrap();
    log_all(logging(daemon).build().unwrap());
    let mut datagram = [0; 65_536];
    let len = syslog.recv(&mut datagram).unwrap();
    let (priority, _, line) = parts(&datagram[..len]);
    assert_eq!((priority, &line["message"]), (27, &"first\nsecond".into()));
}

/// A daemon that is started again listens at another socket of the same name.
#[test]
fn a_daemon_that_comes_back_is_found_and_what_it_missed_is_counted() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("journal");
    let first = listen(&path);
    let logging = logging(LogDaemon::Journald(path.clone())).build().unwrap();
    let handle = logging.handle();
    logging.with_default(|| {
        let say = |n: u32| {
            tracing::info!(n, "line");
            assert!(handle.flush(PATIENCE));
        };
        say(1);
        assert!(entry(&next(&first))[2].1.contains("\"n\":1"));
        drop(first);
        say(2);
        assert_eq!(handle.stats().dropped_by("daemon_error"), 1);
        std::fs::remove_file(&path).unwrap();
        let second = listen(&path);
        say(3);
        assert!(entry(&next(&second))[2].1.contains("\"n\":3"));
        assert_eq!(handle.stats().dropped_by("daemon_error"), 1);
    });
}

#[test]
fn a_line_must_fit_into_a_datagram() {
    let long = logging(LogDaemon::Syslog("/nowhere".into())).max_line_bytes(1 << 20);
    let error = long.build().unwrap_err().to_string();
    assert!(
        error.contains("max_line_bytes") && error.contains("60000"),
        "{error}"
    );
}
