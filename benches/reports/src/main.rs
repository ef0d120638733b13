//! What a report costs, against the bare queries it stands on.
//!
//! One line a figure: `figure NAME VALUE`. Ratios are of CPU time, of every thread and of the kernel,
//! in medians of interleaved rounds: wall time is told too, but it tells as much of who else uses the
//! machine. Both sides read the same file, warm in the page cache, over connections that stay open.
//!
//! For a profiler, `make FILE` keeps the database, and `day FILE ROUNDS`, `aggregate FILE ROUNDS`, `rebuild
//! FILE` and `read FILE` run one side alone; `measure FILE` measures in a database that was kept.
#![allow(clippy::disallowed_methods, clippy::print_stdout, clippy::unwrap_used)]

mod data;

use std::hint::black_box;
use std::path::Path;
use std::time::{Duration, Instant};

use bongsu_reports::calendar::Krx;
use bongsu_reports::render::{RenderOptions, render};
use bongsu_reports::source::sqlite::SqliteSource;
use bongsu_reports::store::SqliteStore;
use bongsu_reports::summary::QualityIssue;
use bongsu_reports::{DailySummary, ReportGenerator};
use rusqlite::Connection;
use rustix::time::{ClockId, clock_gettime};

/// Rounds of the two long readings.
const LONG_ROUNDS: usize = 5;
/// Rounds of the two short ones.
const SHORT_ROUNDS: usize = 201;

/// How many sessions before the last one a fill is corrected.
const CORRECTIONS: [(&str, usize); 3] = [
    ("rebuild_from_correction_vs_replay", 20),
    ("rebuild_from_correction_of_half_vs_replay", data::SESSIONS / 2),
    ("rebuild_from_first_correction_vs_replay", data::SESSIONS - 1),
];

fn main() {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let arguments: Vec<&str> = arguments.iter().map(String::as_str).collect();
    match arguments[..] {
        [] => measure(),
        ["make", path] => data::make(Path::new(path)),
        ["rebuild", path] => rebuild_alone(Path::new(path)),
        ["day", path, rounds] => day_alone(Path::new(path), rounds.parse().unwrap()),
        ["read", path] => drop(read_all(&open(Path::new(path)), true)),
        ["aggregate", path, rounds] => {
            let connection = open(Path::new(path));
            for _ in 0..rounds.parse().unwrap() {
                aggregate(&connection);
            }
        }
        ["measure", path] => measure_in(Path::new(path)),
        _ => panic!("no such command: {arguments:?}"),
    }
}

fn measure() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("trading.db");
    let begun = Instant::now();
    data::make(&path);
    eprintln!(
        "made {} trades in {:.0?}",
        data::SESSIONS * data::FILLS_A_DAY,
        begun.elapsed()
    );
    measure_in(&path);
}

fn measure_in(path: &Path) {
    let runtime = runtime();
    let generator = generator(path);

    // The whole history against reading the same rows in the same order, and in the table's order.
    let connection = open(path);
    let (mut replay, mut ordered, mut scan) = (Vec::new(), Vec::new(), Vec::new());
    read_all(&connection, true);
    for _ in 0..LONG_ROUNDS {
        ordered.push(cost(|| read_all(&connection, true)));
        replay.push(cost(|| runtime.block_on(generator.rebuild(None)).unwrap()));
        scan.push(cost(|| read_all(&connection, false)));
    }
    let (replay, ordered, scan) = (median(replay), median(ordered), median(scan));
    eprintln!("replay {replay}, the same rows read {ordered}, in the table's order {scan}");
    figure("replay_5m_vs_raw_read", replay.over(&ordered));
    figure("replay_5m_cpu_seconds", replay.cpu.as_secs_f64());
    figure("replay_5m_peak_rss_mib", peak_rss_of_a_rebuild(path));

    // One fill corrected after the fact, then the last day's report, which finds it and computes the
    // positions anew from there, against the replay of everything.
    for (name, back) in CORRECTIONS {
        let mut corrected = Vec::new();
        for _ in 0..LONG_ROUNDS {
            correct(&connection, back);
            corrected.push(cost(|| {
                let summary = runtime.block_on(generator.generate_daily_summary(data::LAST));
                let summary = summary.unwrap();
                let rebuilt = QualityIssue::SnapshotRebuilt;
                assert!(summary.data_quality.iter().any(|note| note.issue == rebuilt));
            }));
        }
        let corrected = median(corrected);
        eprintln!("corrected {back} sessions before: {corrected}");
        figure(name, corrected.over(&replay));
    }

    // One day's whole summary against the aggregate of that day alone.
    let summary = runtime
        .block_on(generator.generate_daily_summary(data::LAST))
        .unwrap();
    assert_eq!(
        summary.trading_stats.fills.get(),
        Some(aggregate(&connection))
    );
    let (mut day, mut pushdown) = (Vec::new(), Vec::new());
    for _ in 0..SHORT_ROUNDS {
        pushdown.push(cost(|| aggregate(&connection)));
        day.push(cost(|| {
            runtime
                .block_on(generator.generate_daily_summary(data::LAST))
                .unwrap()
        }));
    }
    let (day, pushdown) = (median(day), median(pushdown));
    eprintln!("day {day}, aggregate {pushdown}");
    figure("day_of_5m_vs_pushdown", day.over(&pushdown));
    figure("day_of_5m_cpu_ms", day.cpu.as_secs_f64() * 1e3);

    // Every form of a report, and the part of it that is charts as PNG.
    let summary = DailySummary::sample();
    let options = RenderOptions::default();
    let mut bare = summary.clone();
    bare.series = Default::default();
    bare.top_performers.by_ticker.clear();
    let (mut whole, mut plain) = (Vec::new(), Vec::new());
    for _ in 0..15 {
        whole.push(cost(|| render(&summary, &options)));
        plain.push(cost(|| render(&bare, &options)));
    }
    let (whole, plain) = (median(whole), median(plain));
    eprintln!("render {whole}, without charts {plain}");
    figure("render_html_ms", whole.cpu.as_secs_f64() * 1e3);
}

fn runtime() -> tokio::runtime::Runtime {
    tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .unwrap()
}

/// A connection as the source opens its own.
fn open(path: &Path) -> Connection {
    let connection = Connection::open(path).unwrap();
    connection
        .pragma_update(None, "cache_size", -8_192)
        .unwrap();
    connection
}

fn generator(path: &Path) -> ReportGenerator {
    ReportGenerator::builder(SqliteSource::new(path))
        .store(SqliteStore::new(path.with_extension("reports")))
        // The evening of the last session, whatever the clock says: closing positions are final then.
        .runtime_clock(Krx::new().last_close(data::LAST) + Duration::from_secs(600))
        .build()
        .unwrap()
}

/// One more won of commission on the first fill of a session.
fn correct(connection: &Connection, sessions_back: usize) {
    let first = (data::SESSIONS - 1 - sessions_back) * data::FILLS_A_DAY + 1;
    let changed = connection.execute(
        "UPDATE trades SET commission = commission + 1 WHERE id = \
         (SELECT MIN(id) FROM trades WHERE id >= ?1 AND executed_at IS NOT NULL)",
        [first as i64],
    );
    assert_eq!(changed.unwrap(), 1);
}

fn aggregate(connection: &Connection) -> u64 {
    let mut query = connection
        .prepare(
            "SELECT action, COUNT(*), SUM(total_amount), SUM(commission), SUM(tax) FROM trades \
             WHERE executed_at >= ?1 AND executed_at < ?2 AND executed_quantity > 0 GROUP BY action",
        )
        .unwrap();
    let next = data::LAST.tomorrow().unwrap();
    let mut rows = query
        .query([data::LAST.to_string(), next.to_string()])
        .unwrap();
    let mut fills = 0;
    while let Some(row) = rows.next().unwrap() {
        fills += row.get::<_, i64>(1).unwrap().unsigned_abs();
        black_box((
            row.get::<_, i64>(2).unwrap(),
            row.get::<_, i64>(3).unwrap(),
            row.get::<_, i64>(4).unwrap(),
        ));
    }
    fills
}

/// Every executed row with the columns a replay needs, each looked at.
fn read_all(connection: &Connection, ordered: bool) -> usize {
    let order = if ordered {
        "ORDER BY executed_at, id"
    } else {
        ""
    };
    let table = if ordered {
        "trades"
    } else {
        "trades NOT INDEXED"
    };
    let mut query = connection
        .prepare(&format!(
            "SELECT id, ticker, action, executed_quantity, total_amount, commission, tax, \
             executed_at, status FROM {table} WHERE executed_at >= '' {order}"
        ))
        .unwrap();
    let mut rows = query.query([]).unwrap();
    let mut read = 0;
    while let Some(row) = rows.next().unwrap() {
        for column in 0..9 {
            black_box(row.get_ref(column).unwrap());
        }
        read += 1;
    }
    assert!(read > 4_800_000);
    read
}

/// A rebuild in a process of its own, so that nothing else counts.
fn peak_rss_of_a_rebuild(path: &Path) -> f64 {
    let output = std::process::Command::new(std::env::current_exe().unwrap())
        .arg("rebuild")
        .arg(path)
        .output()
        .unwrap();
    assert!(
        output.status.success(),
        "{}",
        String::from_utf8_lossy(&output.stderr)
    );
    String::from_utf8(output.stdout)
        .unwrap()
        .trim()
        .parse()
        .unwrap()
}

fn day_alone(path: &Path, rounds: usize) {
    let (runtime, generator) = (runtime(), generator(path));
    for _ in 0..rounds {
        let summary = runtime.block_on(generator.generate_daily_summary(data::LAST));
        black_box(summary.unwrap());
    }
}

fn rebuild_alone(path: &Path) {
    runtime().block_on(generator(path).rebuild(None)).unwrap();
    let status = std::fs::read_to_string("/proc/self/status").unwrap();
    let line = status
        .lines()
        .find(|line| line.starts_with("VmHWM"))
        .unwrap();
    let kib: f64 = line.split_whitespace().nth(1).unwrap().parse().unwrap();
    println!("{}", kib / 1024.0);
}

/// What a piece of work took.
#[derive(Clone, Copy)]
struct Cost {
    /// Of all threads, in user mode and in the kernel.
    cpu: Duration,
    wall: Duration,
}

impl Cost {
    fn over(&self, other: &Self) -> f64 {
        self.cpu.as_secs_f64() / other.cpu.as_secs_f64()
    }
}

impl std::fmt::Display for Cost {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{:.2?} CPU ({:.2?} wall)", self.cpu, self.wall)
    }
}

fn cpu_time() -> Duration {
    let now = clock_gettime(ClockId::ProcessCPUTime);
    Duration::new(now.tv_sec.unsigned_abs(), now.tv_nsec as u32)
}

fn cost<T>(work: impl FnOnce() -> T) -> Cost {
    let (begun, before) = (Instant::now(), cpu_time());
    black_box(work());
    Cost {
        cpu: cpu_time() - before,
        wall: begun.elapsed(),
    }
}

/// The medians of both, each on its own.
fn median(costs: Vec<Cost>) -> Cost {
    let middle = |mut times: Vec<Duration>| {
        times.sort();
        times[times.len() / 2]
    };
    Cost {
        cpu: middle(costs.iter().map(|cost| cost.cpu).collect()),
        wall: middle(costs.iter().map(|cost| cost.wall).collect()),
    }
}

fn figure(name: &str, value: f64) {
    println!("figure {name} {value:.3}");
}
