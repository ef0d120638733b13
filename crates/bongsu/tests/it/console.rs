use std::{
    io::{Read, Write},
    net::TcpStream,
    time::{Duration, Instant},
};

use crate::process::{Service, until};

const BEARER: &str = "authorization: Bearer s3cret-token\r\n";

struct Console {
    engine: Service,
    _dir: tempfile::TempDir,
}

impl Console {
    fn start() -> Self {
        let dir = tempfile::tempdir().unwrap();
        let url = format!("sqlite:{}", dir.path().join("engine.db").display());
        let engine = Service::start(
            "trading_engine",
            dir.path(),
            &[
                ("BONGSU_OPS_TOKEN", "s3cret-token"),
                ("BONGSU_GRACE_SECONDS", "45"),
                ("DATABASE_URL", &url),
            ],
        );
        Self { engine, _dir: dir }
    }

    fn page(&self, path: &str) -> String {
        let (status, page) = self.engine.ask_with("GET", path, BEARER, "");
        assert_eq!(status, 200, "{path}: {page}");
        page
    }

    #[track_caller]
    fn until(&self, path: &str, what: &str) -> String {
        until(what, || {
            let page = self.page(path);
            page.contains(what).then_some(page)
        })
    }

    fn post(&self, path: &str, form: &str) -> (u16, String) {
        let headers = format!("{BEARER}content-type: application/x-www-form-urlencoded\r\n");
        self.engine.ask_with("POST", path, &headers, form)
    }
}

/// What stands between two marks.
fn between<'a>(page: &'a str, before: &str, after: &str) -> &'a str {
    let rest = page.split(before).nth(1).unwrap();
    rest.split(after).next().unwrap()
}

#[test]
fn what_the_engine_does_is_on_the_console() {
    let console = Console::start();
    let (status, page) = console.engine.ask("GET", "/console", "");
    assert_eq!(status, 401, "{page}");
    assert!(!page.contains("trading_engine"), "{page}");

    let order = r#"{"symbol":"005930","side":"buy","quantity":3000}"#;
    assert_eq!(console.engine.ask("POST", "/trade", order).0, 200);
    console.until("/console", "healthy");
    // The figures are read every ten seconds.
    let page = console.until("/console", "₩");
    assert!(page.contains("trading_engine"), "{page}");

    let crash = r#"{"percent":-90}"#;
    assert_eq!(console.engine.ask("POST", "/market/shock", crash).0, 204);
    let page = console.until("/console", "TRADING HALT");
    let page = page.split("TRADING HALT").last().unwrap();
    let form = between(page, "action=\"/console/acknowledge\"", "</form>");
    let token = between(form, "name=\"token\" value=\"", "\"");
    let key = between(form, "name=\"key\" value=\"", "\"");
    let escaped: String = key.bytes().map(|byte| format!("%{byte:02X}")).collect();
    let (status, _) = console.post(
        "/console/acknowledge",
        &format!("token={token}&key={escaped}&by=tester"),
    );
    assert_eq!(status, 303);
    console.until("/console", "acknowledged by tester");
    let silence = format!("token={token}&key={escaped}&by=tester&minutes=15&reason=known");
    assert_eq!(console.post("/console/silence", &silence).0, 303);
    let page = console.until("/console/alerts", "Silences in force");
    assert!(page.contains("✓</span> <b>"), "a delivery arrived: {page}");

    let level = format!("token={token}&directives=debug&by=tester&minutes=5");
    assert_eq!(console.post("/console/level", &level).0, 303);
    let page = console.page("/console/config");
    assert!(page.contains("goes back in"), "{page}");
    assert!(
        !page.contains("s3cret-token") && page.contains("***"),
        "{page}"
    );

    // Lines are there once the logging thread has written them.
    console.until("/console/logs?q=acknowledge", "done from the console");
    let page = console.page("/console/metrics?q=http_requests_total");
    assert!(page.contains("endpoint=&#34;/trade&#34;"), "{page}");
    console.page("/console/reports");
    console.engine.stop();
}

#[test]
fn a_live_page_does_not_hold_up_the_end() {
    let console = Console::start();
    let mut stream = TcpStream::connect(console.engine.address).unwrap();
    stream
        .set_read_timeout(Some(Duration::from_secs(30)))
        .unwrap();
    let request = format!("GET /console/events HTTP/1.1\r\nhost: localhost\r\n{BEARER}\r\n");
    stream.write_all(request.as_bytes()).unwrap();
    let (mut read, mut part) = (String::new(), [0; 8192]);
    while !read.contains("id=\"beacon\"") {
        let count = stream.read(&mut part).unwrap();
        assert!(count > 0, "{read}");
        read.push_str(&String::from_utf8_lossy(&part[..count]));
    }
    let asked = Instant::now();
    assert!(console.engine.stop().success());
    let took = asked.elapsed();
    assert!(took < Duration::from_secs(20), "{took:?}");
}

/// Rows of the history's file that say how much fires; 0 while there are none.
fn rows(path: &std::path::Path) -> i64 {
    let Ok(connection) =
        rusqlite::Connection::open_with_flags(path, rusqlite::OpenFlags::SQLITE_OPEN_READ_ONLY)
    else {
        return 0;
    };
    let counted = connection.query_row(
        "SELECT count(*) FROM samples WHERE sample LIKE '%\"firing\"%'",
        [],
        |row| row.get(0),
    );
    counted.unwrap_or(0)
}

#[test]
fn the_history_outlives_a_restart_where_that_is_asked_for() {
    let dir = tempfile::tempdir().unwrap();
    let vars = [
        ("BONGSU_CONSOLE_HISTORY", "true"),
        ("BONGSU_DATA_DIR", "data"),
    ];
    let path = dir.path().join("data/console.db");
    let engine = Service::start("trading_engine", dir.path(), &vars);
    let first = until("a sample in the file", || {
        Some(rows(&path)).filter(|rows| *rows > 0)
    });
    assert!(engine.stop().success());
    let engine = Service::start("trading_engine", dir.path(), &vars);
    until("more samples beside those of the first run", || {
        (rows(&path) > first).then_some(())
    });
    // Both starts are marked beside the figures: that of the first run is read from the file.
    until("both starts on the page of trends", || {
        let (status, page) = engine.ask("GET", "/console/trends", "");
        assert_eq!(status, 200, "{page}");
        (page.matches("class=\"title\">started, version").count() == 2).then_some(())
    });
    assert!(engine.stop().success());

    // A file that cannot be used costs the history's memory of the last run, nothing else.
    std::fs::remove_file(&path).unwrap();
    std::fs::create_dir(&path).unwrap();
    let engine = Service::start("trading_engine", dir.path(), &vars);
    assert_eq!(engine.ask("GET", "/console", "").0, 200);
    assert!(engine.stop().success());
    let log = std::fs::read_to_string(dir.path().join("trading_engine.log")).unwrap();
    assert!(log.contains("kept in memory only"), "{log}");
}
