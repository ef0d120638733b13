//! A real PostgreSQL 15 with the original's tables.

use std::io::Write as _;
use std::net::TcpListener;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::LazyLock;
use std::time::{Duration, Instant};

use bongsu_reports::source::postgres::PostgresSource;
use bongsu_reports::{MemoryStore, ReportError, ReportGenerator};
use jiff::civil::date;
use rust_decimal::Decimal;

use crate::month::{DAY, check_day};
use crate::support::{Month, data};

const BIN: &str = "/usr/lib/postgresql/15/bin";

/// A server on a free port, with a trusting superuser and the fixture; stopped on drop.
pub(crate) struct Postgres {
    child: Child,
    folder: tempfile::TempDir,
    port: u16,
}

impl Postgres {
    /// A server with an empty database `bongsu`.
    pub(crate) fn start() -> Self {
        assert!(
            Path::new(BIN).join("postgres").exists(),
            "{BIN}/postgres is missing: install the Debian package postgresql-15"
        );
        let folder = tempfile::tempdir().unwrap();
        let place = folder.path().to_owned();
        run(Command::new("chown").arg("postgres:postgres").arg(&place));
        run(Command::new("cp")
            .arg("-a")
            .arg(cluster().join("data"))
            .arg(&place));
        let port = free_port();
        let child = Self::serve(&place, port);
        let server = Self {
            child,
            folder,
            port,
        };
        server.ready();
        server.sql("postgres", "CREATE DATABASE bongsu");
        server
    }

    fn serve(place: &Path, port: u16) -> Child {
        as_postgres("postgres", place)
            .args(["-c", "fsync=off", "-c", "listen_addresses=127.0.0.1", "-p"])
            .arg(port.to_string())
            .arg("-k")
            .arg(place)
            .arg("-D")
            .arg(place.join("data"))
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .unwrap()
    }

    /// A server with the fixture restored into it.
    pub(crate) fn with_month() -> Self {
        let server = Self::start();
        server.sql("bongsu", &data("original.sql"));
        server
    }

    pub(crate) fn url(&self) -> String {
        format!("postgres://bongsu:hunter2@127.0.0.1:{}/bongsu", self.port)
    }

    fn ready(&self) {
        let deadline = Instant::now() + Duration::from_secs(60);
        loop {
            let ready = Command::new(format!("{BIN}/pg_isready"))
                .args(["-q", "-h", "127.0.0.1", "-p", &self.port.to_string()])
                .status()
                .unwrap();
            if ready.success() {
                return;
            }
            assert!(Instant::now() < deadline, "PostgreSQL did not start");
            std::thread::sleep(Duration::from_millis(50));
        }
    }

    pub(crate) fn sql(&self, database: &str, sql: &str) {
        let mut psql = Command::new(format!("{BIN}/psql"))
            .args([
                "-q",
                "-v",
                "ON_ERROR_STOP=1",
                "-h",
                "127.0.0.1",
                "-U",
                "bongsu",
            ])
            .args(["-p", &self.port.to_string(), "-d", database])
            .stdin(Stdio::piped())
            .stdout(Stdio::null())
            .spawn()
            .unwrap();
        psql.stdin
            .take()
            .unwrap()
            .write_all(sql.as_bytes())
            .unwrap();
        assert!(psql.wait().unwrap().success(), "psql failed on {sql:.80}");
    }

    /// Stops the server at once, as a crash would, but with every process that serves a connection.
    pub(crate) fn stop(&mut self) {
        Command::new("kill")
            .args(["-QUIT", &self.child.id().to_string()])
            .status()
            .ok();
        let deadline = Instant::now() + Duration::from_secs(10);
        while Instant::now() < deadline {
            if !matches!(self.child.try_wait(), Ok(None)) {
                return;
            }
            std::thread::sleep(Duration::from_millis(20));
        }
        self.child.kill().ok();
        self.child.wait().ok();
    }

    /// Starts it again on the same port.
    pub(crate) fn restart(&mut self) {
        self.child = Self::serve(self.folder.path(), self.port);
        self.ready();
    }
}

impl Drop for Postgres {
    fn drop(&mut self) {
        if matches!(self.child.try_wait(), Ok(None)) {
            self.stop();
        }
    }
}

/// An empty cluster, made once and copied for every server.
fn cluster() -> &'static Path {
    static MADE: LazyLock<PathBuf> = LazyLock::new(|| {
        let place = Path::new(env!("CARGO_TARGET_TMPDIR")).join("postgres-15-cluster");
        std::fs::remove_dir_all(&place).ok();
        std::fs::create_dir_all(&place).unwrap();
        // The server's user must be able to walk there: the folder itself may lie below a closed one.
        let open = tempfile::Builder::new()
            .prefix("bongsu-cluster-")
            .tempdir()
            .unwrap()
            .keep();
        run(Command::new("chown").arg("postgres:postgres").arg(&open));
        run(as_postgres("initdb", &open)
            .args([
                "-A",
                "trust",
                "-U",
                "bongsu",
                "-E",
                "UTF8",
                "--locale=C",
                "--no-sync",
                "-D",
            ])
            .arg(open.join("data")));
        run(Command::new("cp")
            .arg("-a")
            .arg(open.join("data"))
            .arg(&place));
        std::fs::remove_dir_all(&open).ok();
        place
    });
    &MADE
}

/// The server refuses to run as root.
fn as_postgres(program: &str, place: &Path) -> Command {
    let mut command = Command::new("setpriv");
    command
        .args(["--reuid=postgres", "--regid=postgres", "--clear-groups"])
        .arg(format!("{BIN}/{program}"))
        .current_dir(place);
    command
}

fn run(command: &mut Command) {
    let output = command.output().unwrap();
    assert!(
        output.status.success(),
        "{command:?}: {}",
        String::from_utf8_lossy(&output.stderr)
    );
}

fn free_port() -> u16 {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    listener.local_addr().unwrap().port()
}

/// Both databases hold the same rows: the reports are the same to the last digit.
#[tokio::test]
async fn the_worked_month_on_postgres() {
    let server = Postgres::with_month();
    let month = Month::new();
    let ours = ReportGenerator::builder(PostgresSource::new(&server.url()).unwrap())
        .build()
        .unwrap();
    let lite = ReportGenerator::builder(month.source()).build().unwrap();
    check_day(&ours.generate_daily_summary(DAY).await.unwrap());
    let sessions = ours
        .calendar()
        .sessions(date(2026, 4, 27), date(2026, 5, 29))
        .unwrap();
    for session in sessions {
        let mut from_postgres = ours.generate_daily_summary(session).await.unwrap();
        let from_sqlite = lite.generate_daily_summary(session).await.unwrap();
        from_postgres.generated_at = from_sqlite.generated_at;
        assert_eq!(from_postgres, from_sqlite, "{session}");
    }
    assert_eq!(ours.rebuild().await.unwrap(), 502);
}

/// Flows and splits, when the tables are there; a backfilled fill makes the positions anew.
#[tokio::test]
async fn optional_tables_and_backfill_on_postgres() {
    let server = Postgres::with_month();
    let source = PostgresSource::new(&server.url())
        .unwrap()
        .account("user001");
    let generator = ReportGenerator::builder(source).build().unwrap();
    let before = generator.generate_daily_summary(DAY).await.unwrap();
    server.sql(
        "bongsu",
        "CREATE TABLE cash_flows (user_id text, date timestamp, amount bigint);
         INSERT INTO cash_flows VALUES ('user001', '2026-05-28 10:00', 1000000);
         CREATE TABLE stock_splits (ticker text, date timestamp, numerator int, denominator int);
         INSERT INTO stock_splits VALUES ('214150', '2026-05-28', 5, 1);
         INSERT INTO trades (id, order_id, ticker, action, order_type, quantity, executed_price,
           executed_quantity, total_amount, commission, tax, status, created_at, executed_at)
         VALUES (9001, 'LATE', '005930', 'BUY', 'MARKET', 10, 42000, 10, 420000, 63, 0,
           'EXECUTED', '2026-05-20 10:00', '2026-05-20 10:00');",
    );
    let after = generator.generate_daily_summary(DAY).await.unwrap();
    let quantity = |summary: &bongsu_reports::DailySummary, ticker: &str| {
        let found = summary
            .portfolio_stats
            .positions
            .iter()
            .find(|held| held.ticker == ticker);
        found.unwrap().quantity
    };
    assert_eq!(
        after.portfolio_stats.net_flow.value().unwrap().to_string(),
        "1000000"
    );
    // 437 were held at the opening and are split; 100 were bought on the day.
    assert_eq!(quantity(&before, "214150"), Decimal::from(537));
    assert_eq!(quantity(&after, "214150"), Decimal::from(437 * 5 + 100));
    assert_eq!(
        quantity(&after, "005930"),
        quantity(&before, "005930") + Decimal::TEN
    );
    assert!(
        after
            .data_quality
            .iter()
            .any(|note| note.issue == bongsu_reports::summary::QualityIssue::SnapshotRebuilt),
        "{:?}",
        after.data_quality
    );
}

/// A server that is gone is an error with its place and without the password; it is found again.
#[tokio::test]
async fn a_server_that_is_gone() {
    let mut server = Postgres::with_month();
    let generator = ReportGenerator::builder(PostgresSource::new(&server.url()).unwrap())
        .store(MemoryStore::new())
        .build()
        .unwrap();
    generator.generate_daily_summary(DAY).await.unwrap();
    server.stop();
    let error = generator.generate_daily_summary(DAY).await.unwrap_err();
    let text = error.chain();
    assert!(matches!(error, ReportError::Source { .. }), "{text}");
    assert!(
        text.contains("127.0.0.1") && !text.contains("hunter2"),
        "{text}"
    );
    assert!(!format!("{generator:?}").contains("hunter2"));
    server.restart();
    check_day(&generator.generate_daily_summary(DAY).await.unwrap());
}
