//! `kill -9` at random moments, with a far side that refuses half of what it is sent: whatever the service
//! has acknowledged is told, and so is its end.

use std::{
    collections::{HashMap, HashSet},
    io::{Read as _, Write as _},
    net::{SocketAddr, TcpStream},
    sync::{
        Arc, Mutex,
        atomic::{AtomicBool, AtomicU64, Ordering::SeqCst},
    },
    thread,
    time::{Duration, Instant},
};

use bongsu_testkit::{PATIENCE, asked};
use serde_json::{Value, json};

use crate::{process::Service, receiver::Receiver};

/// Kills, if this is not set.
const ROUNDS: &str = "BONGSU_TEST_CRASH_ROUNDS";

fn random(state: &AtomicU64) -> u64 {
    let mix = |word: u64| (word ^ (word >> 29)).wrapping_mul(0x9e37_79b9_7f4a_7c15);
    let word = state.fetch_add(0x9e37_79b9_7f4a_7c15, SeqCst);
    mix(mix(word)) >> 16
}

/// Status of a request; none: the service died of it, or before.
fn post(address: SocketAddr, path: &str, body: &Value) -> Option<u16> {
    let mut stream = TcpStream::connect(address).ok()?;
    stream.set_read_timeout(Some(PATIENCE)).ok()?;
    let body = body.to_string();
    let head = format!(
        "POST {path} HTTP/1.1\r\nhost: localhost\r\ncontent-type: application/json\r\n\
         content-length: {}\r\nconnection: close\r\n\r\n{body}",
        body.len()
    );
    stream.write_all(head.as_bytes()).ok()?;
    let mut answer = String::new();
    stream.read_to_string(&mut answer).ok()?;
    answer.split(' ').nth(1)?.parse().ok()
}

/// What the service acknowledged.
#[derive(Debug, Default)]
struct Promised {
    begun: Vec<String>,
    ended: HashSet<String>,
    /// The service died before it answered: it may have taken the end or not.
    unsure: HashSet<String>,
}

/// Sends alerts, and the ends of some of them, until the service is gone.
fn send(address: SocketAddr, round: u64, chance: &AtomicU64, promised: &mut Promised) {
    for n in 0.. {
        let key = format!("r{round}-{n}");
        let level = ["warning", "error", "error", "critical"][(random(chance) % 4) as usize];
        let alert = json!({
            "level": level, "title": key, "message": "m", "source": "test", "key": key, "by": "kim",
        });
        match post(address, "/admin/alerts", &alert) {
            None => return,
            Some(200) => promised.begun.push(key),
            Some(other) => panic!("{other} for {alert}"),
        }
        let old = (random(chance) % promised.begun.len() as u64) as usize;
        let old = promised.begun[old].clone();
        if random(chance).is_multiple_of(2) && !promised.ended.contains(&old) {
            let end = json!({ "key": old, "by": "kim" });
            match post(address, "/admin/alerts/resolve", &end) {
                None => {
                    promised.unsure.insert(old);
                    return;
                }
                Some(200) => drop(promised.ended.insert(old)),
                Some(404) if promised.unsure.contains(&old) => {
                    promised.ended.insert(old);
                }
                Some(other) => panic!("{other} for {end}"),
            }
        }
        thread::sleep(Duration::from_millis(60));
    }
}

/// What the far side took.
#[derive(Debug, Default)]
struct Taken {
    /// Whether the last that it heard of a key says that it is over.
    over: HashMap<String, bool>,
    /// The messages that say that a key fires, by their ids.
    begun: HashMap<String, HashSet<String>>,
    ids: HashSet<String>,
    repeats: usize,
}

impl Taken {
    fn take(&mut self, id: &str, body: &Value) {
        if !self.ids.insert(id.to_owned()) {
            self.repeats += 1;
        }
        let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
        match body["status"].as_str() {
            Some("digest") => {
                for line in body["digest"].as_array().unwrap() {
                    self.over
                        .insert(text(&line["title"]), line["ended"].is_string());
                }
            }
            status => {
                let key = text(&body["key"]);
                let over = status == Some("resolved");
                if !over {
                    let ids = self.begun.entry(key.clone()).or_default();
                    ids.insert(id.to_owned());
                }
                self.over.insert(key, over);
            }
        }
    }

    fn missing(&self, promised: &Promised) -> Vec<String> {
        let begun = promised
            .begun
            .iter()
            .filter(|key| !self.over.contains_key(*key));
        let ended = promised
            .ended
            .iter()
            .filter(|key| self.over.get(*key) == Some(&false));
        let begun = begun.map(|key| format!("{key} is told nobody"));
        begun
            .chain(ended.map(|key| format!("nobody heard that {key} is over")))
            .collect()
    }
}

#[test]
fn nothing_acknowledged_is_lost_by_kill_9() {
    let dir = tempfile::tempdir().unwrap();
    let taken = Arc::new(Mutex::new(Taken::default()));
    let chance = Arc::new(AtomicU64::new(u64::from(std::process::id())));
    let sick = Arc::new(AtomicBool::new(true));
    let receiver = {
        let (taken, chance, sick) = (Arc::clone(&taken), Arc::clone(&chance), Arc::clone(&sick));
        Receiver::start(move |request| {
            if sick.load(SeqCst) && random(&chance).is_multiple_of(2) {
                return "500 Internal Server Error";
            }
            let body = serde_json::from_str(&request.body).unwrap();
            let id = request.header("webhook-id").unwrap();
            taken.lock().unwrap().take(id, &body);
            "204 No Content"
        })
    };
    let hook = format!("http://{}/hook", receiver.address);
    let vars = [
        ("ALERT_WEBHOOK_URLS", hook.as_str()),
        // Nothing of its own: what the test sends is all there is.
        ("DISK_WARNING_THRESHOLD", "99.8"),
        ("DISK_CRITICAL_THRESHOLD", "99.9"),
        ("MEMORY_WARNING_THRESHOLD", "99.8"),
        ("MEMORY_CRITICAL_THRESHOLD", "99.9"),
        ("CPU_WARNING_THRESHOLD", "99.8"),
        ("CPU_CRITICAL_THRESHOLD", "99.9"),
    ];
    let mut promised = Promised::default();
    let rounds = asked(ROUNDS, 8);
    for round in 0..rounds {
        let service = Service::start("minimal", dir.path(), &vars);
        let (address, lasts) = (service.address, 100 + random(&chance) % 900);
        thread::scope(|scope| {
            scope.spawn(|| send(address, round, &chance, &mut promised));
            thread::sleep(Duration::from_millis(lasts));
            drop(service);
        });
    }
    sick.store(false, SeqCst);
    let service = Service::start("minimal", dir.path(), &vars);
    // Long waits between attempts are part of what was accepted.
    let patience = Instant::now() + 5 * PATIENCE;
    loop {
        let missing = taken.lock().unwrap().missing(&promised);
        if missing.is_empty() {
            break;
        }
        let (count, some) = (missing.len(), &missing[..missing.len().min(8)]);
        assert!(Instant::now() < patience, "{count} lost: {some:?}");
        thread::sleep(Duration::from_millis(100));
    }
    assert!(service.stop().success());
    let taken = taken.lock().unwrap();
    println!(
        "{rounds} kills: {} alerts and {} ends acknowledged, none lost; {} messages, {} of them twice",
        promised.begun.len(),
        promised.ended.len(),
        taken.ids.len(),
        taken.repeats
    );
    // Twice only what was taken in the moment of a kill, under one id.
    let twice: Vec<_> = taken
        .begun
        .iter()
        .filter(|(_, ids)| ids.len() > 1)
        .collect();
    assert!(twice.is_empty(), "{twice:?}");
    assert!(taken.repeats as u64 <= 8 * rounds, "{}", taken.repeats);
}
