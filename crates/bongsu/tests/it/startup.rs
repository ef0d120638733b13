use std::{
    io::{Read as _, Write as _},
    net::TcpListener,
    os::unix::net::UnixStream,
    path::Path,
    process::{Command, Stdio},
};

use crate::process::{Process, Service, binary, command, start, until};

#[test]
fn a_wrong_configuration_is_told_whole_and_ends_with_2() {
    let dir = tempfile::tempdir().unwrap();
    let output = command(
        "trading_engine",
        dir.path(),
        &[
            ("CPU_WARNING_THRESHOLD", "hot"),
            ("LOG_LEVEL", "loud=very"),
            ("SLACK_WEBHOOK_URL", "ftp://hooks/T0P-S3CRET"),
            ("ALERT_WEBHOOK_SECRET", "n0t-a-s1gning-key"),
            ("ALERT_WEBHOOK_URLS", "http://127.0.0.1:9/hook"),
        ],
    )
    .output()
    .unwrap();
    let told = String::from_utf8(output.stderr).unwrap();
    assert_eq!(output.status.code(), Some(2), "{told}");
    for variable in [
        "SERVICE_NAME",
        "CPU_WARNING_THRESHOLD",
        "LOG_LEVEL",
        "SLACK_WEBHOOK_URL",
        "ALERT_WEBHOOK_SECRET",
    ] {
        assert!(told.contains(variable), "{variable} is not named:\n{told}");
    }
    for secret in ["T0P-S3CRET", "n0t-a-s1gning-key"] {
        assert!(!told.contains(secret), "{secret} is shown:\n{told}");
    }
}

#[test]
fn a_variable_that_nothing_reads_is_said_and_it_starts() {
    let dir = tempfile::tempdir().unwrap();
    let engine = Service::start(
        "trading_engine",
        dir.path(),
        &[("SLACK_WEBHOK_URL", "https://hooks/T0P-S3CRET")],
    );
    assert_eq!(engine.ask("GET", "/liveness", "").0, 200);
    let read = || std::fs::read_to_string(dir.path().join("trading_engine.log")).unwrap();
    let warning = until("the log names it", || {
        let log = read();
        let line = log.lines().find(|line| line.contains("SLACK_WEBHOK_URL"));
        line.map(str::to_owned)
    });
    assert!(warning.contains(r#""level":"WARN""#), "{warning}");
    assert!(warning.contains("is SLACK_WEBHOOK_URL meant?"), "{warning}");
    until("the health tells of it", || {
        let (_, health) = engine.ask("GET", "/health", "");
        health.contains("is SLACK_WEBHOOK_URL meant?").then_some(())
    });
    assert!(!read().contains("T0P-S3CRET"));
}

#[test]
fn a_log_folder_that_cannot_be_written_is_said_and_it_serves() {
    let dir = tempfile::tempdir().unwrap();
    std::fs::write(dir.path().join("file"), "").unwrap();
    for log in ["/proc/nope", "file", "file/below"] {
        let service = Service::start("minimal", dir.path(), &[("LOG_DIR", log)]);
        let health = until("the health tells of it", || {
            let (_, body) = service.ask("GET", "/health", "");
            body.contains("LOG_DIR").then_some(body)
        });
        assert!(health.contains("cannot be written"), "{log}: {health}");
        until("it is ready", || {
            (service.ask("GET", "/ready", "").0 == 200).then_some(())
        });
        assert!(service.stop().success());
        let said = std::fs::read_to_string(dir.path().join("minimal.log")).unwrap();
        let line = said.lines().find(|line| line.contains("LOG_DIR"));
        let line = line.unwrap_or_else(|| panic!("{log}:\n{said}"));
        assert!(line.contains(r#""level":"WARN""#), "{line}");
    }
}

#[test]
fn a_log_in_the_data_folder_leaves_it_to_its_owner() {
    use std::os::unix::fs::PermissionsExt as _;

    for (data, log) in [
        ("data", "data/log"),
        ("data", "./data/log/of/mine"),
        ("data", "data"),
        ("deep/data", "deep/../deep/data/log"),
    ] {
        let dir = tempfile::tempdir().unwrap();
        std::fs::create_dir(dir.path().join("deep")).unwrap();
        let vars = [("BONGSU_DATA_DIR", data), ("LOG_DIR", log)];
        let service = Service::start("minimal", dir.path(), &vars);
        until("the log is there", || {
            let mut files = std::fs::read_dir(dir.path().join(log)).ok()?.flatten();
            files.find(|file| file.file_name().to_string_lossy().ends_with(".log"))
        });
        let folder = std::fs::metadata(dir.path().join(data)).unwrap();
        let mode = folder.permissions().mode() & 0o777;
        assert_eq!(mode, 0o700, "{data} around {log}: {mode:o}");
        assert!(service.stop().success());
    }
}

#[test]
fn a_port_in_use_is_told_and_ends_with_1() {
    let dir = tempfile::tempdir().unwrap();
    let taken = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = taken.local_addr().unwrap().to_string();
    let output = command(
        "trading_engine",
        dir.path(),
        &[("SERVICE_NAME", "engine"), ("BONGSU_BIND", &address)],
    )
    .output()
    .unwrap();
    let told = String::from_utf8(output.stderr).unwrap();
    assert_eq!(output.status.code(), Some(1), "{told}");
    assert!(
        told.contains(&address) && told.contains("another process"),
        "{told}"
    );
}

#[test]
fn a_database_that_cannot_be_opened_makes_it_unready_and_it_lives_on() {
    let dir = tempfile::tempdir().unwrap();
    // A folder where the file should be.
    let path = dir.path().join("engine.db");
    std::fs::create_dir(&path).unwrap();
    let url = format!("sqlite:{}", path.display());
    let engine = Service::start("trading_engine", dir.path(), &[("DATABASE_URL", &url)]);
    let (_, body) = until("readiness is 503 for the database", || {
        let (status, body) = engine.ask("GET", "/ready", "");
        (status == 503 && body.contains("database")).then_some((status, body))
    });
    assert!(body.contains("\"ready\":false"), "{body}");
    assert_eq!(engine.ask("GET", "/liveness", "").0, 200);
    let order = r#"{"symbol":"005930","side":"buy","quantity":1}"#;
    assert_eq!(engine.ask("POST", "/trade", order).0, 503);
    let log = std::fs::read_to_string(dir.path().join("trading_engine.log")).unwrap();
    assert!(
        log.contains("unable to open database file"),
        "the log says why:\n{log}"
    );

    std::fs::remove_dir(&path).unwrap();
    until("ready once the database can be opened", || {
        (engine.ask("GET", "/ready", "").0 == 200).then_some(())
    });
    assert_eq!(engine.ask("POST", "/trade", order).0, 200);
    assert!(engine.stop().success());
}

/// Asks through a Unix socket.
fn ask(socket: &Path, path: &str) -> Option<String> {
    let mut stream = UnixStream::connect(socket).ok()?;
    let request = format!("GET {path} HTTP/1.1\r\nhost: localhost\r\nconnection: close\r\n\r\n");
    stream.write_all(request.as_bytes()).ok()?;
    let mut answer = String::new();
    stream.read_to_string(&mut answer).ok()?;
    Some(answer)
}

#[test]
fn a_unix_socket_is_served_again_after_a_kill_and_is_gone_after_the_end() {
    let dir = tempfile::tempdir().unwrap();
    let socket = dir.path().join("service.sock");
    let bind = format!("unix:{}", socket.display());
    let vars = [("SERVICE_NAME", "minimal"), ("BONGSU_BIND", &bind)];
    let mut first = start("minimal", dir.path(), &vars);
    until("it is ready", || {
        ask(&socket, "/ready").filter(|answer| answer.contains("200 OK"))
    });
    // The machine itself, so that the operator is let in without a token.
    let admin = ask(&socket, "/admin/alerts").unwrap();
    assert!(admin.starts_with("HTTP/1.1 200 OK"), "{admin}");
    let second = command("minimal", dir.path(), &vars)
        .env("BONGSU_DATA_DIR", dir.path().join("second"))
        .output()
        .unwrap();
    let told = String::from_utf8(second.stderr).unwrap();
    assert_eq!(second.status.code(), Some(1), "{told}");
    assert!(told.contains(&bind), "{told}");
    first.kill();
    assert!(socket.exists());

    let again = start("minimal", dir.path(), &vars);
    until("it is ready again", || {
        ask(&socket, "/ready").filter(|answer| answer.contains("200 OK"))
    });
    let line = format!(r#""address":"{bind}""#);
    until("the log says where it listens", || {
        let log = std::fs::read_to_string(dir.path().join("minimal.log")).unwrap();
        log.contains(&line).then_some(())
    });
    assert!(again.stop().success());
    assert!(!socket.exists());
}

/// What a supervisor does: two sockets that are open before the service is there.
const SUPERVISOR: &str = r#"
import os, socket, sys
unix, program = sys.argv[1:3]
tcp = socket.socket(); tcp.bind(("127.0.0.1", 0)); tcp.listen()
local = socket.socket(socket.AF_UNIX); local.bind(unix); local.listen()
print(tcp.getsockname()[1], flush=True)
copies = [os.dup(s.fileno()) for s in (tcp, local)]
for number, copy in zip((3, 4), copies):
    os.dup2(copy, number, inheritable=True)
os.environ.update(LISTEN_PID=str(os.getpid()), LISTEN_FDS="2")
os.execv(program, [program])
"#;

#[test]
fn the_sockets_that_a_supervisor_opened_are_served() {
    let dir = tempfile::tempdir().unwrap();
    let socket = dir.path().join("given.sock");
    let started = |bind: &str| {
        let mut supervisor = Command::new(bongsu_testkit::python("python3"));
        supervisor
            .args(["-c", SUPERVISOR])
            .arg(&socket)
            .arg(binary("minimal"))
            .env("SERVICE_NAME", "minimal")
            .env("BONGSU_BIND", bind)
            .current_dir(dir.path())
            .stdout(Stdio::piped());
        let mut service = Process::start(&mut supervisor, "python3");
        let lines = service.lines();
        let port: u16 = lines.next().parse().unwrap();
        (service, port, lines)
    };
    let (service, port, _lines) = started("systemd");
    let by_tcp = || bongsu_testkit::servers::http_get(port, "/ready").ok();
    until("it is ready", by_tcp);
    let by_unix = ask(&socket, "/ready").unwrap();
    assert!(by_unix.contains("200 OK"), "{by_unix}");
    assert!(service.stop().success());
    assert!(socket.exists(), "it is the supervisor's");

    std::fs::remove_file(&socket).unwrap();
    let (service, port, _lines) = started("fd:3");
    until("it is ready by its number", || {
        bongsu_testkit::servers::http_get(port, "/ready").ok()
    });
    assert!(service.stop().success());
}
