//! The load: so many connections, each with one request under way, as fast as the answers come.
//!
//! It looks for answers without ever sleeping. A client that sleeps must be woken, by the server's write;
//! the slower the server, the more often it would sleep, and the server would pay for that too.

#![expect(clippy::disallowed_methods, reason = "it takes the time")]

use std::io::{Read, Write};
use std::net::TcpStream;
use std::time::{Duration, Instant};

use rustix::event::Timespec;
use rustix::event::epoll::{self, CreateFlags, Event, EventData, EventFlags};

const CONNECTIONS: u64 = 16;
/// Not counted: caches fill, connections open their windows.
const WARM_UP: Duration = Duration::from_millis(200);
const MEASURED: Duration = Duration::from_millis(800);

const REQUEST: &[u8] = b"GET /orders HTTP/1.1\r\nhost: svc:8080\r\naccept: */*\r\n\r\n";
const OK: &[u8] = b"HTTP/1.1 200 ";
/// The end of the head, and the body that every variant answers with.
const END: &[u8] = b"\r\n\r\nok";

struct Connection {
    stream: TcpStream,
    answer: Vec<u8>,
    sent: Instant,
}

impl Connection {
    fn send(&mut self) {
        self.answer.clear();
        self.sent = Instant::now();
        self.stream.write_all(REQUEST).expect("room for a request");
    }

    /// The time since the request when the answer is whole.
    fn receive(&mut self) -> Option<Duration> {
        let mut piece = [0; 2048];
        let n = self.stream.read(&mut piece).expect("what epoll promised");
        assert!(n > 0, "the server closed the connection");
        self.answer.extend_from_slice(&piece[..n]);
        self.answer.ends_with(END).then(|| {
            assert!(self.answer.starts_with(OK), "not the answer asked for");
            self.sent.elapsed()
        })
    }
}

/// Says requests a second, the 99th percentile in nanoseconds, and all requests with those of the start.
pub fn run(address: &str) {
    let epoll = epoll::create(CreateFlags::empty()).expect("an epoll");
    let mut connections: Vec<Connection> = (0..CONNECTIONS)
        .map(|number| {
            let stream = TcpStream::connect(address).expect("the server listens");
            stream.set_nodelay(true).expect("a TCP socket");
            stream.set_nonblocking(true).expect("a socket");
            epoll::add(&epoll, &stream, EventData::new_u64(number), EventFlags::IN)
                .expect("a socket");
            Connection {
                stream,
                answer: Vec::with_capacity(2048),
                sent: Instant::now(),
            }
        })
        .collect();
    connections.iter_mut().for_each(Connection::send);
    let start = Instant::now();
    let mut all = 0;
    let mut times = Vec::with_capacity(1 << 18);
    let mut events: Vec<Event> = Vec::with_capacity(CONNECTIONS as usize);
    let at_once = Timespec::default();
    while start.elapsed() < WARM_UP + MEASURED {
        let room = rustix::buffer::spare_capacity(&mut events);
        epoll::wait(&epoll, room, Some(&at_once)).expect("an epoll");
        for event in events.drain(..) {
            let connection = &mut connections[event.data.u64() as usize];
            if let Some(time) = connection.receive() {
                all += 1;
                if start.elapsed() >= WARM_UP {
                    times.push(time.as_nanos() as u64);
                }
                connection.send();
            }
        }
    }
    times.sort_unstable();
    let p99 = times[times.len() * 99 / 100];
    let throughput = times.len() as f64 / MEASURED.as_secs_f64();
    println!("{throughput} {p99} {all}");
}
