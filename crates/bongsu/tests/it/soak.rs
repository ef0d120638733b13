//! A service under load, with a far side that fails, clients that are slow, and restarts: nothing grows.

use std::{
    fs,
    io::Write as _,
    net::TcpStream,
    path::Path,
    sync::{
        Mutex,
        atomic::{AtomicBool, AtomicU64, Ordering::SeqCst},
    },
    thread,
    time::{Duration, Instant},
};

use crate::{
    process::{Service, ask_at},
    receiver::Receiver,
};

/// How long it takes, in seconds, if this is not set.
const SECONDS: &str = "BONGSU_TEST_SOAK_SECONDS";
/// Lives of the service: it is asked to end, and killed, in turn.
const LIVES: u32 = 4;

fn seconds() -> f64 {
    let asked = std::env::var(SECONDS).ok();
    asked.map_or(6.0, |asked| asked.parse().unwrap())
}

/// What must not grow.
#[derive(Clone, Copy, Debug, Default)]
struct Size {
    memory_kib: u64,
    descriptors: usize,
    threads: usize,
}

impl Size {
    fn of(pid: u32) -> Self {
        let status = fs::read_to_string(format!("/proc/{pid}/status")).unwrap();
        let number = |name: &str| {
            let line = status.lines().find(|line| line.starts_with(name)).unwrap();
            line.split_whitespace().nth(1).unwrap().parse().unwrap()
        };
        Self {
            memory_kib: number("VmRSS:"),
            descriptors: fs::read_dir(format!("/proc/{pid}/fd")).unwrap().count(),
            threads: number("Threads:") as usize,
        }
    }
}

fn bytes(folder: &Path) -> u64 {
    let files = fs::read_dir(folder).unwrap().flatten();
    files
        .map(|file| file.metadata().map_or(0, |file| file.len()))
        .sum()
}

/// What is asked for again and again, with the statuses that are right.
fn load(service: &Service, round: u64, wrong: &Mutex<Vec<String>>) {
    let alert = format!(
        r#"{{"level":"error","title":"soak {}","message":"m","source":"soak","key":"soak-{}","by":"kim"}}"#,
        round % 50,
        round % 50
    );
    let end = format!(r#"{{"key":"soak-{}","by":"kim"}}"#, (round + 25) % 50);
    let order = r#"{"symbol":"005930","side":"buy","quantity":1}"#;
    for (method, path, body, right) in [
        ("GET", "/health", "", &[200][..]),
        ("GET", "/metrics", "", &[200]),
        ("GET", "/no-such", "", &[404]),
        ("GET", "/console", "", &[200]),
        ("POST", "/trade", order, &[200, 409, 422, 503]),
        ("POST", "/admin/alerts", &alert, &[200]),
        ("POST", "/admin/alerts/resolve", &end, &[200, 404]),
    ] {
        let (status, answer) = service.ask(method, path, body);
        if !right.contains(&status) {
            let told = format!("{method} {path}: {status} {answer:.200}");
            wrong.lock().unwrap().push(told);
        }
    }
}

/// Clients that begin a request and go no further; the service is rid of them after its time limits.
fn loiter(service: &Service, held: &mut Vec<TcpStream>) {
    if held.len() > 40 {
        held.drain(..20);
    }
    if let Ok(mut stream) = TcpStream::connect(service.address) {
        let _ = stream
            .write_all(b"POST /trade HTTP/1.1\r\nhost: localhost\r\ncontent-length: 100\r\n\r\n{");
        held.push(stream);
    }
}

#[test]
fn nothing_grows_under_load_faults_and_restarts() {
    let dir = tempfile::tempdir().unwrap();
    let count = AtomicU64::new(0);
    let receiver = Receiver::start(move |_| match count.fetch_add(1, SeqCst) % 3 {
        0 => "500 Internal Server Error",
        _ => "204 No Content",
    });
    let hook = format!("http://{}/hook", receiver.address);
    let data = dir.path().join("data");
    let vars = [
        ("ALERT_WEBHOOK_URLS", hook.as_str()),
        ("BONGSU_DATA_DIR", data.to_str().unwrap()),
        ("LOG_LEVEL", "warn"),
    ];
    let life = Duration::from_secs_f64(seconds() / f64::from(LIVES));
    let (wrong, round) = (Mutex::new(Vec::new()), AtomicU64::new(0));
    for number in 0..LIVES {
        let service = Service::start("trading_engine", dir.path(), &vars);
        let over = AtomicBool::new(false);
        let sizes = thread::scope(|scope| {
            for _ in 0..2 {
                scope.spawn(|| {
                    while !over.load(SeqCst) {
                        load(&service, round.fetch_add(1, SeqCst), &wrong);
                        thread::sleep(Duration::from_millis(20));
                    }
                });
            }
            scope.spawn(|| {
                let mut held = Vec::new();
                while !over.load(SeqCst) {
                    loiter(&service, &mut held);
                    thread::sleep(Duration::from_millis(100));
                }
            });
            let began = Instant::now();
            let mut sizes = Vec::new();
            while began.elapsed() < life {
                thread::sleep(life / 20);
                sizes.push(Size::of(service.id()));
            }
            over.store(true, SeqCst);
            sizes
        });
        let (address, half) = (service.address, sizes.len() / 2);
        assert_eq!(ask_at(address, "GET", "/liveness", "", "").0, 200);
        // What it takes to warm up lies in the first half.
        let early = most(&sizes[..half]);
        let late = most(&sizes[half..]);
        println!(
            "life {number}: {early:?}, then {late:?}; data {} KiB, {} rounds, {} wrong answers",
            bytes(&data) / 1024,
            round.load(SeqCst),
            wrong.lock().unwrap().len()
        );
        let warm = life > Duration::from_secs(60);
        let room = if warm { 16 * 1024 } else { 64 * 1024 };
        assert!(
            late.memory_kib < early.memory_kib + room,
            "{early:?} {late:?}"
        );
        assert!(
            late.descriptors < early.descriptors + 64,
            "{early:?} {late:?}"
        );
        assert!(late.threads < early.threads + 32, "{early:?} {late:?}");
        if number % 2 == 0 {
            assert!(service.stop().success());
        }
    }
    let wrong = wrong.into_inner().unwrap();
    assert!(wrong.is_empty(), "{wrong:#?}");
    // The store is bounded, and so is its log.
    assert!(bytes(&data) < 160 << 20, "{}", bytes(&data));
}

fn most(sizes: &[Size]) -> Size {
    Size {
        memory_kib: sizes.iter().map(|size| size.memory_kib).max().unwrap(),
        descriptors: sizes.iter().map(|size| size.descriptors).max().unwrap(),
        threads: sizes.iter().map(|size| size.threads).max().unwrap(),
    }
}
