//! Real interfaces in network namespaces of this test: what stands on another is counted once.

use std::net::UdpSocket;
use std::process::{Command, Stdio};
use std::time::Duration;

use bongsu_resources::source::linux::LinuxSource;
use bongsu_resources::source::{NetworkReading, Reading, Source};

/// Set in the child, which runs inside.
const INSIDE: &str = "BONGSU_TEST_INSIDE_NETNS";
const SENT: u64 = 1_000 * 1_000;
/// 1,000 datagrams with their heads, and what neighbours say to each other besides.
const MOST: u64 = 1_150_000;

fn ip(command: &str) -> bool {
    let run = Command::new("ip")
        .args(command.split(' '))
        .stdin(Stdio::null())
        .stderr(Stdio::null())
        .status();
    run.is_ok_and(|status| status.success())
}

/// A namespace that is gone when the test ends.
struct Namespace(String);

impl Namespace {
    fn new(what: &str) -> Option<Self> {
        let name = format!("bongsu-{what}-{}", std::process::id());
        ip(&format!("netns add {name}")).then_some(Self(name))
    }
}

impl Drop for Namespace {
    fn drop(&mut self) {
        ip(&format!("netns del {}", self.0));
    }
}

#[test]
fn stacked_interfaces_are_counted_once() {
    let Some((near, far)) = Namespace::new("near").zip(Namespace::new("far")) else {
        println!(
            "network namespaces cannot be made here: interfaces are tested on recorded trees only"
        );
        return;
    };
    let (near, far) = (&near.0, &far.0);
    for command in [
        format!("link add eth0 netns {near} type veth peer name eth0 netns {far}"),
        format!("-n {far} addr add 10.213.7.2/24 dev eth0"),
        format!("-n {far} link set eth0 up"),
    ] {
        assert!(ip(&command), "ip {command}");
    }
    let out = Command::new("ip")
        .args(["netns", "exec", near])
        .arg(std::env::current_exe().unwrap())
        .args(["--exact", "netns::inside", "--nocapture"])
        .env(INSIDE, "1")
        .stdin(Stdio::null())
        .output()
        .expect("ip");
    let (text, errors) = (
        String::from_utf8_lossy(&out.stdout),
        String::from_utf8_lossy(&out.stderr),
    );
    assert!(out.status.success(), "{text}{errors}");
    assert!(text.contains("inside: done"), "{text}{errors}");
    print!("{text}");
}

struct Meter {
    source: LinuxSource,
    last: NetworkReading,
}

impl Meter {
    fn read(&mut self) -> NetworkReading {
        let mut reading = Reading::default();
        self.source.read(&mut reading).unwrap();
        reading.network.unwrap()
    }

    /// What was sent since the last call.
    fn sent(&mut self) -> u64 {
        let now = self.read();
        let sent = now.sent - self.last.sent;
        self.last = now;
        sent
    }
}

/// Sends to the other end until the way there is known, then as much as is measured.
fn send(to: &str, meter: &mut Meter) -> u64 {
    let socket = UdpSocket::bind("0.0.0.0:0").unwrap();
    let ready = (0..600).any(|_| {
        let came = socket.connect((to, 9)).is_ok() && socket.send(b"x").is_ok() && {
            std::thread::sleep(Duration::from_millis(20));
            socket.send(b"x").is_err() // the other end has refused the first
        };
        if !came {
            std::thread::sleep(Duration::from_millis(30));
        }
        came
    });
    assert!(ready, "{to} does not answer");
    meter.sent();
    let mut sent = 0;
    while sent < SENT {
        // A refusal of an earlier one is told here, and that one was sent.
        if socket.send(&[7; 1_000]).is_ok() {
            sent += 1_000;
        }
    }
    meter.sent()
}

/// Runs in the child only.
#[test]
fn inside() {
    if std::env::var_os(INSIDE).is_none() {
        return; // the parent's run of it: `stacked_interfaces_are_counted_once` starts the child
    }
    let must = |command: &str| assert!(ip(command), "ip {command}");
    must("link set lo up");
    must("link set eth0 up");
    must("addr add 10.213.7.1/24 dev eth0");
    let source = LinuxSource::open().unwrap();
    let mut meter = Meter {
        source,
        last: NetworkReading::default(),
    };
    let once = |what: &str, sent: u64| {
        println!("{what}: {sent} bytes sent");
        assert!((SENT..MOST).contains(&sent), "{what}: {sent}");
    };
    meter.sent();
    once("alone", send("10.213.7.2", &mut meter));
    if ip("link add br0 type bridge") {
        must("link set eth0 master br0");
        must("addr del 10.213.7.1/24 dev eth0");
        must("addr add 10.213.7.1/24 dev br0");
        must("link set br0 up");
        once("in a bridge", send("10.213.7.2", &mut meter));
        must("link del br0");
        must("addr add 10.213.7.1/24 dev eth0");
    }
    // Over it go others: their own counters must not be seen.
    for (what, command) in [
        (
            "with a VLAN",
            "link add link eth0 name eth0.10 type vlan id 10",
        ),
        (
            "with a macvlan",
            "link add link eth0 name mac0 type macvlan",
        ),
        ("with WireGuard", "link add wg0 type wireguard"),
        (
            "with a tunnel",
            "link add gre9 type gre remote 10.213.7.2 local 10.213.7.1",
        ),
        ("with a dummy", "link add dummy9 type dummy"),
        ("with a tap", "tuntap add tap9 mode tap"),
        ("with a bond", "link add bond9 type bond"),
        (
            "with a container",
            "link add veth9 type veth peer name veth8",
        ),
    ] {
        match ip(command) {
            true => once(what, send("10.213.7.2", &mut meter)),
            false => println!("{what}: cannot be made here"),
        }
    }
    if ip("link show gre9") {
        must("link set gre9 up");
        must("addr add 10.213.9.1/24 dev gre9");
        meter.sent();
        let socket = UdpSocket::bind("0.0.0.0:0").unwrap();
        for _ in 0..1_000 {
            let _ = socket.send_to(&[7; 1_000], ("10.213.9.2", 9));
        }
        once("through the tunnel", meter.sent());
    }
    // A new name, and a leave and a return, bring no burst.
    let calm = |what: &str, sent: u64| assert!(sent < 50_000, "{what}: {sent}");
    must("link set eth0 down");
    must("link set eth0 name ens5");
    must("link set ens5 up");
    calm("renamed", meter.sent());
    calm("renamed, later", meter.sent());
    must("addr replace 10.213.7.1/24 dev ens5");
    once("after the new name", send("10.213.7.2", &mut meter));
    println!("inside: done");
}
