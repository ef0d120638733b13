//! Figures of the same moment, ours and psutil's.

use std::net::{TcpListener, TcpStream};
use std::process::{Command, Stdio};
use std::time::Duration;

use bongsu_resources::source::linux::LinuxSource;
use bongsu_resources::source::sysinfo::SysinfoSource;
use bongsu_resources::source::{CpuReading, Reading, Source};
use bongsu_resources::{ProcessSort, ResourceMonitor};
use serde_json::Value;

use crate::support::{Python, Running, eventually, python};

fn psutil() -> Python {
    Python::start(&format!(
        "
import os, psutil
me = psutil.Process({pid})
def cpu():
    t = psutil.cpu_times()
    total = sum(t) - t.guest - t.guest_nice
    return [total - t.idle - t.iowait, total]
def net():
    nics = [n for k, n in psutil.net_io_counters(pernic=True).items() if k != 'lo' and not k.startswith('veth')]
    return [sum(n.bytes_recv for n in nics), sum(n.bytes_sent for n in nics)]
def once():
    # Where there is hardware, what is stacked on it would be counted twice.
    hard = [n for k, n in psutil.net_io_counters(pernic=True).items() if os.path.exists('/sys/class/net/%s/device' % k)]
    return [sum(n.bytes_recv for n in hard), sum(n.bytes_sent for n in hard)] if hard else net()
def process():
    with me.oneshot():
        m, c = me.memory_info(), me.cpu_times()
        return dict(rss=m.rss, cpu=c.user + c.system, threads=me.num_threads(), fds=me.num_fds(), started=me.create_time())
",
        pid = std::process::id()
    ))
}

fn numbers(value: &Value) -> Vec<f64> {
    value
        .as_array()
        .unwrap()
        .iter()
        .map(|v| v.as_f64().unwrap())
        .collect()
}

/// Ten points: the two cannot read at the very same moment, and ticks are 10 ms.
#[test]
fn cpu_over_the_same_second_within_ten_points() {
    let mut python = psutil();
    let (mut linux, mut sysinfo) = (LinuxSource::open().unwrap(), SysinfoSource::new().unwrap());
    let (mut before, mut now) = (Reading::default(), Reading::default());
    eventually("agreement on CPU", || {
        let theirs_before = numbers(&python.eval("cpu()"));
        linux.read(&mut before).unwrap();
        sysinfo.read(&mut now).unwrap();
        let busy = std::time::Instant::now();
        while busy.elapsed() < Duration::from_millis(600) {
            std::hint::spin_loop();
        }
        std::thread::sleep(Duration::from_millis(400));
        let theirs_now = numbers(&python.eval("cpu()"));
        sysinfo.read(&mut now).unwrap();
        let CpuReading::Percent(portable) = now.cpu else {
            panic!("sysinfo: {:?}", now.cpu)
        };
        linux.read(&mut now).unwrap();

        let theirs =
            (theirs_now[0] - theirs_before[0]) * 100.0 / (theirs_now[1] - theirs_before[1]);
        let (
            CpuReading::Times {
                busy: b0,
                total: t0,
            },
            CpuReading::Times {
                busy: b1,
                total: t1,
            },
        ) = (before.cpu, now.cpu)
        else {
            panic!("no CPU times")
        };
        let ours = (b1 - b0) as f64 * 100.0 / (t1 - t0) as f64;
        let close = (ours - theirs).abs() <= 10.0 && (portable - theirs).abs() <= 10.0;
        if close {
            Ok(())
        } else {
            Err((ours, portable, theirs))
        }
    });
}

/// Sizes exactly, the available memory within 1 % of all.
#[test]
fn memory() {
    let mut python = psutil();
    let mut source = LinuxSource::open().unwrap();
    let mut reading = Reading::default();
    eventually("agreement on memory", || {
        source.read(&mut reading).unwrap();
        let theirs =
            numbers(&python.eval("[*psutil.virtual_memory()[:2], *psutil.swap_memory()[:2]]"));
        assert_eq!(reading.memory.total as f64, theirs[0]);
        assert_eq!(reading.memory.swap_total as f64, theirs[2]);
        let close = (reading.memory.available as f64 - theirs[1]).abs() <= theirs[0] / 100.0;
        if close {
            Ok(())
        } else {
            Err((reading.memory, theirs))
        }
    });
}

/// Counters that only grow: ours lies between psutil's before and after.
#[test]
fn traffic_is_between_two_readings() {
    let mut python = psutil();
    let sources: [(Box<dyn Source>, &str); 2] = [
        (Box::new(LinuxSource::open().unwrap()), "once()"),
        (Box::new(SysinfoSource::new().unwrap()), "once()"),
    ];
    for (mut source, theirs) in sources {
        let mut reading = Reading::default();
        let before = numbers(&python.eval(theirs));
        source.read(&mut reading).unwrap();
        let after = numbers(&python.eval(theirs));
        let ours = reading.network.unwrap();
        for (at, value) in [(0, ours.received), (1, ours.sent)] {
            assert!(
                (before[at]..=after[at]).contains(&(value as f64)),
                "{theirs}: {before:?} {ours:?} {after:?}"
            );
        }
    }
}

/// Threads and descriptors exactly, once the test process is quiet; memory within 2 MiB,
/// CPU time within 100 ms (psutil's counts in ticks), start within 50 ms.
#[test]
fn own_process() {
    let mut python = psutil();
    let mut source = LinuxSource::open().unwrap();
    let mut reading = Reading::default();
    eventually("agreement on the process", || {
        source.read(&mut reading).unwrap();
        let theirs = python.eval("process()");
        let ours = reading.process.unwrap();
        let of = |key: &str| theirs[key].as_f64().unwrap();
        let same = (ours.resident as f64 - of("rss")).abs() <= f64::from(2 << 20)
            && (ours.cpu_time.as_secs_f64() - of("cpu")).abs() <= 0.1
            && ours.threads.unwrap() as f64 == of("threads")
            && ours.open_fds.unwrap() as f64 == of("fds")
            && (ours.started - of("started")).abs() <= 0.05;
        if same { Ok(()) } else { Err((ours, theirs)) }
    });
    eventually("agreement on the number of processes", || {
        let before = python.eval("len(psutil.pids())").as_u64();
        source.read(&mut reading).unwrap();
        let after = python.eval("len(psutil.pids())").as_u64();
        if before == reading.process_count && after == before {
            Ok(())
        } else {
            Err((before, reading.process_count, after))
        }
    });
}

/// A child that spins is the busiest but for others that spin too; one that holds 300 MB is
/// among the largest, and its size is psutil's within 2 MiB.
#[test]
fn top_processes() {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .build()
        .unwrap();
    let monitor = ResourceMonitor::builder().build().unwrap();
    let child = |code: &str| {
        Running(
            Command::new(python())
                .args(["-c", code])
                .stdin(Stdio::piped())
                .stdout(Stdio::null())
                .spawn()
                .unwrap(),
        )
    };
    let spins = child("while True: pass");
    let holds = child("x = bytearray(300 << 20); input()");
    let mut python = psutil();
    eventually("the spinning child", || {
        let top = runtime
            .block_on(monitor.top_processes(20, ProcessSort::Cpu))
            .unwrap();
        let sorted = top.windows(2).all(|w| w[0].cpu_percent >= w[1].cpu_percent);
        let found = top
            .iter()
            .find(|p| p.pid == spins.0.id())
            .filter(|p| p.cpu_percent > 10.0);
        if sorted && found.is_some_and(|p| p.name.starts_with("python")) {
            Ok(())
        } else {
            Err(top)
        }
    });
    eventually("the large child", || {
        let top = runtime
            .block_on(monitor.top_processes(20, ProcessSort::Memory))
            .unwrap();
        let rss = python
            .eval(&format!(
                "psutil.Process({}).memory_info().rss",
                holds.0.id()
            ))
            .as_u64()
            .unwrap();
        let found = top.iter().find(|p| p.pid == holds.0.id());
        let same = found
            .is_some_and(|p| p.memory_bytes > 300 << 20 && p.memory_bytes.abs_diff(rss) <= 2 << 20);
        if same { Ok(()) } else { Err((rss, top)) }
    });
    assert_eq!(
        runtime
            .block_on(monitor.top_processes(0, ProcessSort::Cpu))
            .unwrap(),
        []
    );
}

/// This process's sockets, as psutil lists them.
#[test]
fn connections() {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .build()
        .unwrap();
    let monitor = ResourceMonitor::builder().build().unwrap();
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let six = TcpListener::bind("[::1]:0");
    let client = TcpStream::connect(listener.local_addr().unwrap()).unwrap();
    let (_served, _) = listener.accept().unwrap();
    let mut python = psutil();
    // psutil 6 renamed `connections`; Debian 12 has 5.9.
    let expression = "sorted(f'{c.laddr.ip} {c.laddr.port} {c.raddr.port if c.raddr else 0} {c.status.lower()}' for c in getattr(me, 'net_connections', getattr(me, 'connections', None))('inet'))";
    eventually("the same list", || {
        let ours = runtime.block_on(monitor.network_connections()).unwrap();
        let mut own: Vec<String> = ours
            .connections
            .iter()
            .filter(|c| c.own)
            .map(|c| {
                let remote = c.remote.map_or(0, |r| r.port());
                format!("{} {} {remote} {}", c.local.ip(), c.local.port(), c.state)
            })
            .collect();
        own.sort();
        let theirs: Vec<String> = serde_json::from_value(python.eval(expression)).unwrap();
        let complete = own.len() >= 3 + usize::from(six.is_ok()) && ours.own == own.len() as u64;
        let counted = ours.tcp_established >= 2 && ours.tcp_listening >= 1;
        if own == theirs && complete && counted {
            Ok(())
        } else {
            Err((own, theirs))
        }
    });
    drop(client);
}
