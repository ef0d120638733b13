//! Lines to a daemon of the system: sockets of the test's own, read as the published formats have it
//! (systemd's native protocol, RFC 5424); and a real rsyslog. No journald runs where the tests do.

use std::net::{SocketAddr, TcpListener, TcpStream, UdpSocket};
use std::os::unix::net::UnixDatagram;
use std::path::Path;
use std::time::Duration;

use bongsu_logging::{LogDaemon, Logging, LoggingConfig};

use crate::eventually;

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

/// rsyslog with a configuration and sockets of its own, ended with this.
struct Rsyslog {
    folder: tempfile::TempDir,
    process: std::process::Child,
    udp: SocketAddr,
    tcp: SocketAddr,
}

impl Rsyslog {
    fn start() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let free = |bound: std::io::Result<SocketAddr>| bound.unwrap();
        let udp = free(UdpSocket::bind("127.0.0.1:0").and_then(|it| it.local_addr()));
        let tcp = free(TcpListener::bind("127.0.0.1:0").and_then(|it| it.local_addr()));
        let at = |name: &str| folder.path().join(name).display().to_string();
        let (udp_port, tcp_port) = (udp.port(), tcp.port());
        // Of a socket of programs, as distributions configure it; of one that is told it speaks RFC 5424.
        let configuration = format!(
            r#"
            global(maxMessageSize="64k")
            module(load="imuxsock" SysSock.Use="off")
            input(type="imuxsock" Socket="{}")
            input(type="imuxsock" Socket="{}" UseSpecialParser="off" ParseHostname="on")
            module(load="imudp")
            input(type="imudp" address="127.0.0.1" port="{udp_port}")
            module(load="imtcp")
            input(type="imtcp" address="127.0.0.1" port="{tcp_port}")
            template(name="t" type="string" string="%pri%|%app-name%|%procid%|%msg%\n")
            action(type="omfile" file="{}" template="t")
            "#,
            at("devlog"),
            at("syslog"),
            at("out"),
        );
        std::fs::write(at("rsyslog.conf"), configuration).unwrap();
        let process = std::process::Command::new("/usr/sbin/rsyslogd")
            .args(["-n", "-f", &at("rsyslog.conf"), "-i", &at("pid")])
            .spawn()
            .expect("rsyslogd is missing: install the Debian package rsyslog");
        let rsyslog = Self {
            folder,
            process,
            udp,
            tcp,
        };
        eventually("rsyslog listens", || {
            TcpStream::connect(tcp).is_ok()
                && UnixDatagram::unbound()
                    .and_then(|it| it.connect(rsyslog.folder.path().join("syslog")))
                    .is_ok()
        });
        rsyslog
    }

    /// Priority, name, process, message of the lines so far.
    fn lines(&self) -> Vec<(u8, String, String, String)> {
        let out = std::fs::read_to_string(self.folder.path().join("out")).unwrap_or_default();
        let line = |line: &str| {
            let mut parts = line.splitn(4, '|').map(str::to_owned);
            let mut next = || parts.next().unwrap();
            (next().parse().unwrap(), next(), next(), next())
        };
        let whole = out.rsplit_once('\n').map_or("", |(whole, _)| whole);
        whole.lines().map(line).collect()
    }
}

impl Drop for Rsyslog {
    fn drop(&mut self) {
        let _ended = self.process.kill().and_then(|()| self.process.wait());
    }
}

#[test]
fn rsyslog_reads_every_way() {
    let rsyslog = Rsyslog::start();
    let at = |name: &str| rsyslog.folder.path().join(name);
    let ways = [
        LogDaemon::DevLog(at("devlog")),
        LogDaemon::Syslog(at("syslog")),
        LogDaemon::SyslogUdp(rsyslog.udp.to_string()),
        LogDaemon::SyslogTcp(rsyslog.tcp.to_string()),
    ];
    let pid = std::process::id().to_string();
    for (place, way) in ways.into_iter().enumerate() {
        let logging = logging(way.clone()).build().unwrap();
        assert_eq!(log_all(logging), 0, "{way:?}");
        eventually("its five lines", || {
            rsyslog.lines().len() == 5 * (place + 1)
        });
        let lines = rsyslog.lines().split_off(5 * place);
        let priorities: Vec<u8> = lines.iter().map(|line| line.0).collect();
        assert_eq!(priorities, [27, 28, 30, 31, 31], "{way:?}");
        for (_, name, process, message) in &lines {
            assert_eq!((&**name, process), ("___desk", &pid), "{way:?}");
            let line: serde_json::Value = serde_json::from_str(message.trim()).unwrap();
            assert_eq!(line["service_name"], "주문 desk");
        }
        assert!(
            lines[0].3.contains(r#""message":"first\nsecond""#),
            "{lines:?}"
        );
    }
}

/// Lines are told apart by their lengths, and a collector that was started again gets the next.
#[test]
fn a_syslog_over_tcp_that_comes_again_gets_what_follows() {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let daemon = LogDaemon::SyslogTcp(listener.local_addr().unwrap().to_string());
    let logging = logging(daemon).build().unwrap();
    logging.with_default(|| {
        let said = |stream: &mut TcpStream| {
            stream.set_read_timeout(Some(PATIENCE)).unwrap();
            let (priority, _, line) = parts(&frame(stream));
            (priority, line["message"].as_str().unwrap().to_owned())
        };
        let (mut stream, _) = listener.accept().unwrap();
        tracing::info!("one");
        tracing::warn!("two\n30 three");
        assert_eq!(said(&mut stream), (30, "one".to_owned()));
        assert_eq!(said(&mut stream), (28, "two\n30 three".to_owned()));
        drop(stream);
        listener.set_nonblocking(true).unwrap();
        let mut again = None;
        eventually("another connection", || {
            tracing::info!("again");
            again = listener.accept().ok();
            again.is_some()
        });
        let (mut stream, _) = again.unwrap();
        stream.set_nonblocking(false).unwrap();
        assert_eq!(said(&mut stream), (30, "again".to_owned()));
    });
}

/// A frame by RFC 6587: its length in digits, a space, and so many bytes.
fn frame(stream: &mut impl std::io::Read) -> Vec<u8> {
    let mut length = 0;
    loop {
        let mut byte = [0];
        stream.read_exact(&mut byte).unwrap();
        match byte[0] {
            b' ' => break,
            digit => length = 10 * length + usize::from(digit - b'0'),
        }
    }
    let mut frame = vec![0; length];
    stream.read_exact(&mut frame).unwrap();
    frame
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
