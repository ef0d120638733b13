//! What a report costs, against the bare queries it stands on.
//!
//! One line a figure: `figure NAME VALUE`. Times are wall time, medians of interleaved rounds; the
//! database is warm in the page cache for both sides.
#![allow(clippy::disallowed_methods, clippy::print_stdout, clippy::unwrap_used)]

mod data;

use std::hint::black_box;
use std::path::Path;
use std::time::{Duration, Instant};

use bongsu_reports::calendar::last_trade;
use bongsu_reports::render::{RenderOptions, render};
use bongsu_reports::source::sqlite::SqliteSource;
use bongsu_reports::store::SqliteStore;
use bongsu_reports::{DailySummary, ReportGenerator};
use rusqlite::Connection;

fn main() {
    let mut arguments = std::env::args().skip(1);
    if let (Some(command), Some(path)) = (arguments.next(), arguments.next())
        && command == "rebuild"
    {
        rebuild_alone(Path::new(&path));
        return;
    }
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("trading.db");
    let begun = Instant::now();
    data::make(&path);
    eprintln!(
        "made {} trades in {:.0?}",
        data::SESSIONS * data::FILLS_A_DAY,
        begun.elapsed()
    );
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .unwrap();
    let generator = generator(&path);

    // The whole history against reading the same rows in the same order, and in the table's order.
    let (mut replay, mut ordered, mut scan) = (Vec::new(), Vec::new(), Vec::new());
    read_all(&path, true);
    for _ in 0..5 {
        ordered.push(time(|| read_all(&path, true)));
        replay.push(time(|| runtime.block_on(generator.rebuild()).unwrap()));
        scan.push(time(|| read_all(&path, false)));
    }
    let (replay, ordered, scan) = (median(replay), median(ordered), median(scan));
    eprintln!(
        "replay {replay:.2?}, the same rows read {ordered:.2?}, in the table's order {scan:.2?}"
    );
    figure("replay_5m_vs_raw_read", ratio(replay, ordered));
    figure("replay_5m_seconds", replay.as_secs_f64());
    figure("replay_5m_peak_rss_mib", peak_rss_of_a_rebuild(&path));

    // One day's whole summary against the aggregate of that day alone.
    let connection = Connection::open(&path).unwrap();
    let summary = runtime
        .block_on(generator.generate_daily_summary(data::LAST))
        .unwrap();
    assert_eq!(
        summary.trading_stats.fills.get(),
        Some(aggregate(&connection))
    );
    let (mut day, mut pushdown) = (Vec::new(), Vec::new());
    for _ in 0..101 {
        pushdown.push(time(|| aggregate(&connection)));
        day.push(time(|| {
            runtime
                .block_on(generator.generate_daily_summary(data::LAST))
                .unwrap()
        }));
    }
    let (day, pushdown) = (median(day), median(pushdown));
    eprintln!("day {day:.2?}, aggregate {pushdown:.2?}");
    figure("day_of_5m_vs_pushdown", ratio(day, pushdown));
    figure("day_of_5m_ms", day.as_secs_f64() * 1e3);

    // Every form of a report, and the part of it that is charts as PNG.
    let summary = DailySummary::sample();
    let options = RenderOptions::default();
    let mut whole: Vec<_> = (0..15)
        .map(|_| time(|| render(&summary, &options)))
        .collect();
    let mut bare = summary.clone();
    bare.series = Default::default();
    bare.top_performers.by_ticker.clear();
    let mut plain: Vec<_> = (0..15).map(|_| time(|| render(&bare, &options))).collect();
    let (whole, plain) = (
        median(std::mem::take(&mut whole)),
        median(std::mem::take(&mut plain)),
    );
    eprintln!("render {whole:.2?}, without charts {plain:.2?}");
    figure("render_html_ms_vs_chart", whole.as_secs_f64() * 1e3);
}

fn generator(path: &Path) -> ReportGenerator {
    ReportGenerator::builder(SqliteSource::new(path))
        .store(SqliteStore::new(path.with_extension("reports")))
        // The evening of the last session, whatever the clock says: closing positions are final then.
        .runtime_clock(last_trade(data::LAST) + Duration::from_secs(600))
        .build()
        .unwrap()
}

fn aggregate(connection: &Connection) -> u64 {
    let mut query = connection
        .prepare_cached(
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
fn read_all(path: &Path, ordered: bool) -> usize {
    let connection = Connection::open(path).unwrap();
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

fn rebuild_alone(path: &Path) {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .unwrap();
    runtime.block_on(generator(path).rebuild()).unwrap();
    let status = std::fs::read_to_string("/proc/self/status").unwrap();
    let line = status
        .lines()
        .find(|line| line.starts_with("VmHWM"))
        .unwrap();
    let kib: f64 = line.split_whitespace().nth(1).unwrap().parse().unwrap();
    println!("{}", kib / 1024.0);
}

fn time<T>(work: impl FnOnce() -> T) -> Duration {
    let begun = Instant::now();
    black_box(work());
    begun.elapsed()
}

fn median(mut times: Vec<Duration>) -> Duration {
    times.sort();
    times[times.len() / 2]
}

fn ratio(ours: Duration, theirs: Duration) -> f64 {
    ours.as_secs_f64() / theirs.as_secs_f64()
}

fn figure(name: &str, value: f64) {
    println!("figure {name} {value:.3}");
}
