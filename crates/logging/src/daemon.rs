//! A log daemon: each line goes to journald or to a syslog, sent by a thread of its own.

use crate::clock;
use crate::json::time::{Second, split};
use crate::{LoggingError, sink::level_index};
use std::fmt;
use std::io::{self, Write as _};
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr, TcpStream, ToSocketAddrs, UdpSocket};
use std::os::unix::net::UnixDatagram;
use std::path::{Path, PathBuf};
use std::str::FromStr;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering::Relaxed};
use std::sync::mpsc::{Receiver, SyncSender, TrySendError, sync_channel};
use std::time::Duration;
use tracing_core::Level;

/// Where journald listens.
const JOURNAL: &str = "/run/systemd/journal/socket";
/// Where a syslog of this machine listens.
const SYSLOG: &str = "/dev/log";
/// Lines that wait at most.
const WAITING: usize = 1_024;
/// How long a daemon that does not keep up is waited for.
const PATIENCE: Duration = Duration::from_secs(1);
/// What goes into one datagram whatever the way.
pub(crate) const LONGEST: usize = 60_000;

/// A daemon that takes lines; given by [`LoggingConfig::daemon`](crate::LoggingConfig::daemon).
///
/// ```
/// use bongsu_logging::LogDaemon;
///
/// assert_eq!("journald".parse::<LogDaemon>()?, LogDaemon::Journald("/run/systemd/journal/socket".into()));
/// assert_eq!("syslog".parse::<LogDaemon>()?, LogDaemon::DevLog("/dev/log".into()));
/// assert_eq!("syslog:logs:514".parse::<LogDaemon>()?, LogDaemon::SyslogUdp("logs:514".to_owned()));
/// # Ok::<(), bongsu_logging::LoggingError>(())
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum LogDaemon {
    /// journald, by its own protocol at this socket: `PRIORITY`, `SYSLOG_IDENTIFIER` (the service's name), and the line
    /// as `MESSAGE`.
    Journald(PathBuf),
    /// A syslog of this machine at the socket that programs write to by `syslog(3)`, in that call's form: rsyslog and
    /// journald read no other there.
    DevLog(PathBuf),
    /// A syslog of this machine at this socket, by RFC 5424.
    Syslog(PathBuf),
    /// A syslog at this host and port, by RFC 5424 over UDP: what gets lost on the way nobody knows.
    SyslogUdp(String),
    /// The same over TCP, each line with its length before it (RFC 6587, 3.4.1).
    SyslogTcp(String),
}

impl FromStr for LogDaemon {
    type Err = LoggingError;

    /// `journald`, `syslog`, each with `:/path/of/socket`, `syslog:host:port`, or `syslog-tcp:host:port`.
    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let (name, place) = match text.trim().split_once(':') {
            Some((name, place)) => (name, Some(place)),
            None => (text.trim(), None),
        };
        let port = |place: &str| {
            let (host, port) = place.rsplit_once(':')?;
            let port: u16 = port.parse().ok()?;
            (!host.is_empty() && port > 0).then_some(())
        };
        match (name, place) {
            ("journald", None) => Ok(Self::Journald(JOURNAL.into())),
            ("syslog", None) => Ok(Self::DevLog(SYSLOG.into())),
            ("journald", Some(path)) if path.starts_with('/') => Ok(Self::Journald(path.into())),
            ("syslog", Some(path)) if path.starts_with('/') => Ok(Self::Syslog(path.into())),
            ("syslog", Some(place)) if port(place).is_some() => {
                Ok(Self::SyslogUdp(place.to_owned()))
            }
            ("syslog-tcp", Some(place)) if port(place).is_some() => {
                Ok(Self::SyslogTcp(place.to_owned()))
            }
            _ => Err(LoggingError::Daemon {
                given: text.to_owned(),
            }),
        }
    }
}

/// What a line goes out as.
#[derive(Debug)]
struct Frame {
    /// What stands before the priority and after it; of syslog the time is between.
    daemon: LogDaemon,
    service: String,
    host: String,
}

/// The priority of syslog and of journald.
fn priority(level: Level) -> u8 {
    [3, 4, 6, 7, 7][level_index(level)]
}

/// `daemon`, of syslog's facilities.
const FACILITY: u8 = 3;

impl Frame {
    fn new(daemon: LogDaemon, service: &str) -> Self {
        let host = std::fs::read_to_string("/proc/sys/kernel/hostname");
        let service = match daemon {
            LogDaemon::Journald(_) => service.replace('\n', " "),
            _ => printable(service, 48),
        };
        Self {
            service,
            host: printable(host.unwrap_or_default().trim(), 255),
            daemon,
        }
    }

    fn of(&self, level: Level, line: &[u8]) -> Vec<u8> {
        let line = line.strip_suffix(b"\n").unwrap_or(line);
        let mut out = Vec::with_capacity(line.len() + 128);
        let priority = priority(level);
        let (seconds, micros) = split(clock::now());
        let mut second = Second::EMPTY;
        let (time, _) = second.render(seconds, micros);
        let time = String::from_utf8_lossy(&time);
        let (code, pid) = (FACILITY * 8 + priority, std::process::id());
        let (host, service) = (&self.host, &self.service);
        // A vector takes everything.
        let _written = match &self.daemon {
            LogDaemon::Journald(_) => {
                let head = write!(
                    out,
                    "PRIORITY={priority}\nSYSLOG_IDENTIFIER={}\nMESSAGE\n",
                    self.service
                );
                // With its length, so that a line may hold any byte.
                out.extend((line.len() as u64).to_le_bytes());
                head
            }
            LogDaemon::DevLog(_) => write!(out, "<{code}>{} {service}[{pid}]: ", stamp(&time)),
            _ => write!(out, "<{code}>1 {time}Z {host} {service} {pid} - - "),
        };
        out.extend(line);
        match self.daemon {
            LogDaemon::Journald(_) => out.push(b'\n'),
            LogDaemon::SyslogTcp(_) => {
                let length = format!("{} ", out.len());
                out.splice(..0, length.into_bytes());
            }
            _ => {}
        }
        out
    }
}

/// The time as `syslog(3)` writes it: `Mar  2 00:00:00`, of which daemons take no notice.
fn stamp(time: &str) -> String {
    const MONTHS: &str = "JanFebMarAprMayJunJulAugSepOctNovDec";
    let number = |range| time.get(range).and_then(|digits: &str| digits.parse().ok());
    let month = number(5..7).unwrap_or(1_usize).clamp(1, 12);
    let month = &MONTHS[3 * month - 3..3 * month];
    let day = number(8..10).unwrap_or(1);
    format!("{month} {day:2} {}", time.get(11..19).unwrap_or("00:00:00"))
}

/// A name as RFC 5424 has it: printable ASCII without spaces, so long at most, `-` for none.
fn printable(text: &str, most: usize) -> String {
    let safe = |c: char| match c.is_ascii_graphic() {
        true => c,
        false => '_',
    };
    let name: String = text.chars().map(safe).take(most).collect();
    match name.is_empty() {
        true => "-".to_owned(),
        false => name,
    }
}

/// A way to a daemon.
#[derive(Debug)]
enum Socket {
    Unix(UnixDatagram),
    Udp(UdpSocket),
    Tcp(TcpStream),
}

/// The first address of a place that a socket can be opened for.
fn first<T>(place: &str, open: impl Fn(SocketAddr) -> io::Result<T>) -> io::Result<T> {
    let mut error = io::Error::from(io::ErrorKind::NotFound);
    for address in place.to_socket_addrs()? {
        match open(address) {
            Ok(socket) => return Ok(socket),
            Err(refused) => error = refused,
        }
    }
    Err(error)
}

impl Socket {
    fn open(daemon: &LogDaemon) -> io::Result<Self> {
        let unix = |path: &Path| {
            let socket = UnixDatagram::unbound()?;
            socket.connect(path)?;
            socket.set_write_timeout(Some(PATIENCE))?;
            Ok(Self::Unix(socket))
        };
        match daemon {
            LogDaemon::Journald(path) | LogDaemon::DevLog(path) | LogDaemon::Syslog(path) => {
                unix(path)
            }
            LogDaemon::SyslogUdp(place) => first(place, |address| {
                let any: IpAddr = match address.is_ipv4() {
                    true => Ipv4Addr::UNSPECIFIED.into(),
                    false => Ipv6Addr::UNSPECIFIED.into(),
                };
                let socket = UdpSocket::bind((any, 0))?;
                socket.connect(address)?;
                socket.set_write_timeout(Some(PATIENCE))?;
                Ok(Self::Udp(socket))
            }),
            LogDaemon::SyslogTcp(place) => first(place, |address| {
                let stream = TcpStream::connect_timeout(&address, PATIENCE)?;
                stream.set_write_timeout(Some(PATIENCE))?;
                stream.set_nodelay(true)?;
                Ok(Self::Tcp(stream))
            }),
        }
    }

    fn send(&self, frame: &[u8]) -> io::Result<()> {
        match self {
            Self::Unix(socket) => socket.send(frame).map(drop),
            Self::Udp(socket) => socket.send(frame).map(drop),
            Self::Tcp(stream) => {
                // What is written to a connection that the other end has closed is lost without a word.
                stream.set_nonblocking(true)?;
                let closed = matches!(stream.peek(&mut [0]), Ok(0));
                stream.set_nonblocking(false)?;
                if closed {
                    return Err(io::ErrorKind::NotConnected.into());
                }
                (&mut &*stream).write_all(frame)
            }
        }
    }
}

enum Message {
    Line(Level, Vec<u8>),
    /// Answered when all that came before is sent.
    Flush(SyncSender<()>),
}

/// The way to the daemon, and what was lost on it.
pub(crate) struct Daemon {
    waiting: SyncSender<Message>,
    lost: Arc<AtomicU64>,
}

impl fmt::Debug for Daemon {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Daemon").finish_non_exhaustive()
    }
}

impl Daemon {
    /// Opens the way and starts its thread, which ends with the last handle. Gives why the daemon cannot be reached now,
    /// too: it is tried again with each line.
    pub(crate) fn start(
        daemon: LogDaemon,
        service: &str,
    ) -> Result<(Self, Option<io::Error>), LoggingError> {
        let (socket, error) = match Socket::open(&daemon) {
            Ok(socket) => (Some(socket), None),
            Err(error) => (None, Some(error)),
        };
        let frame = Frame::new(daemon, service);
        let (sender, receiver) = sync_channel(WAITING);
        let lost = Arc::new(AtomicU64::new(0));
        let counted = Arc::clone(&lost);
        let thread = std::thread::Builder::new().name("log-daemon".to_owned());
        let started = thread.spawn(move || send(&receiver, &frame, socket, &counted));
        started.map_err(LoggingError::Thread)?;
        let daemon = Self {
            waiting: sender,
            lost,
        };
        Ok((daemon, error))
    }

    pub(crate) fn push(&self, level: Level, line: &[u8]) {
        let message = Message::Line(level, line.to_vec());
        if self.waiting.try_send(message).is_err() {
            self.lost.fetch_add(1, Relaxed);
        }
    }

    /// Lines that the daemon did not take.
    pub(crate) fn lost(&self) -> u64 {
        self.lost.load(Relaxed)
    }

    /// Waits until everything so far is sent; false when time ran out.
    pub(crate) fn flush(&self, within: Duration) -> bool {
        let deadline = clock::instant() + within;
        let (sent, done) = sync_channel(1);
        let mut message = Message::Flush(sent);
        loop {
            match self.waiting.try_send(message) {
                Ok(()) => break,
                Err(TrySendError::Full(back)) if clock::instant() < deadline => {
                    message = back;
                    std::thread::sleep(Duration::from_millis(1));
                }
                Err(_) => return false,
            }
        }
        let left = deadline.saturating_duration_since(clock::instant());
        done.recv_timeout(left).is_ok()
    }
}

fn send(lines: &Receiver<Message>, frame: &Frame, socket: Option<Socket>, lost: &AtomicU64) {
    let mut socket = socket;
    while let Ok(message) = lines.recv() {
        match message {
            Message::Line(level, line) => {
                let datagram = frame.of(level, &line);
                let mut sent = socket.as_ref().is_some_and(|to| to.send(&datagram).is_ok());
                if !sent {
                    // A daemon that was started again has another socket under the same name.
                    socket = Socket::open(&frame.daemon).ok();
                    sent = socket.as_ref().is_some_and(|to| to.send(&datagram).is_ok());
                }
                if !sent {
                    lost.fetch_add(1, Relaxed);
                }
            }
            Message::Flush(done) => {
                let _nobody_waits = done.try_send(());
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn places_are_read_and_nonsense_is_named() {
        let read = |text: &str| text.parse::<LogDaemon>().ok();
        assert_eq!(
            read("syslog:[::1]:514"),
            Some(LogDaemon::SyslogUdp("[::1]:514".to_owned()))
        );
        assert_eq!(
            read("journald:/run/j"),
            Some(LogDaemon::Journald("/run/j".into()))
        );
        assert_eq!(
            read("syslog:/run/s"),
            Some(LogDaemon::Syslog("/run/s".into()))
        );
        assert_eq!(
            read("syslog-tcp:logs:601"),
            Some(LogDaemon::SyslogTcp("logs:601".to_owned()))
        );
        for text in [
            "",
            "stdout",
            "syslog:",
            "syslog:514",
            "syslog:h:0",
            "syslog::514",
            "syslog-tcp",
            "syslog-tcp:/run/s",
            "journald:h:1",
        ] {
            let error = text.parse::<LogDaemon>().unwrap_err().to_string();
            assert!(
                error.contains(&format!("`{text}`")) && error.contains("journald"),
                "{error}"
            );
        }
    }

    #[test]
    fn a_time_as_syslog_writes_it() {
        assert_eq!(stamp("2026-03-02T04:05:06.123456"), "Mar  2 04:05:06");
        assert_eq!(stamp("2026-12-31T23:59:59.999999"), "Dec 31 23:59:59");
    }

    #[test]
    fn a_name_fits_the_format() {
        assert_eq!(printable("주문 desk", 48), "___desk");
        assert_eq!(printable("", 48), "-");
        assert_eq!(printable(&"a".repeat(60), 48).len(), 48);
    }
}
