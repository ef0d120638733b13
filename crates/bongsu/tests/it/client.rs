//! Whom a request came from, as a service behind a proxy sees it.

use bongsu_testkit::until;
use serde_json::Value;

use crate::process::Service;

/// The lines that the service has written under a target.
fn lines(folder: &std::path::Path, logger: &str) -> Vec<Value> {
    let log = std::fs::read_to_string(folder.join("minimal.log")).unwrap();
    let lines = log
        .lines()
        .filter_map(|line| serde_json::from_str(line).ok());
    lines
        .filter(|line: &Value| line["logger"] == logger)
        .collect()
}

/// The access line, the audit and the count of wrong tokens mean the same client.
#[test]
fn lines_and_allowances_are_the_clients_and_not_the_proxys() {
    let dir = tempfile::tempdir().unwrap();
    let vars = [
        ("BONGSU_TRUSTED_PROXIES", "127.0.0.0/8"),
        ("BONGSU_LOG_CLIENT", "true"),
        ("BONGSU_OPS_TOKEN", "0ps-t0ken-of-16-letters"),
    ];
    let service = Service::start("minimal", dir.path(), &vars);
    let ask = |path: &str, head: &str| service.ask_with("GET", path, head, "").0;
    let via = |client: &str| format!("x-forwarded-for: 6.6.6.6, {client}\r\n");
    let agent = "user-agent: desk/2\r\n";
    assert_eq!(ask("/", &(via("203.0.113.9") + agent)), 200);
    assert_eq!(ask("/", "forwarded: for=\"[2001:db8::7]:4711\"\r\n"), 200);
    let wrong = |client: &str| via(client) + "authorization: Bearer wrong\r\n";
    for _ in 0..10 {
        assert_eq!(ask("/admin", &wrong("203.0.113.9")), 401);
    }
    assert_eq!(ask("/admin", &wrong("203.0.113.9")), 429);
    assert_eq!(ask("/admin", &wrong("203.0.113.10")), 401);
    let (access, audit) = until("its lines", || {
        let (access, audit) = (lines(dir.path(), "access"), lines(dir.path(), "audit"));
        (access.len() == 2 && audit.len() == 12).then_some((access, audit))
    });
    assert_eq!(access[0]["client_address"], "203.0.113.9");
    assert_eq!(access[0]["user_agent"], "desk/2");
    assert_eq!(access[1]["client_address"], "2001:db8::7");
    assert_eq!(audit[0]["client_address"], "203.0.113.9");
    let peer = audit[0]["peer"].as_str().unwrap();
    assert!(peer.starts_with("127.0.0.1:"), "{peer}");
    assert_eq!(audit[11]["client_address"], "203.0.113.10");
    assert!(service.stop().success());
}

/// Nobody is named where it is not asked for, and nobody believed who is not trusted.
#[test]
fn without_a_word_nobody_is_named_or_believed() {
    let dir = tempfile::tempdir().unwrap();
    let vars = [("BONGSU_OPS_TOKEN", "0ps-t0ken-of-16-letters")];
    let service = Service::start("minimal", dir.path(), &vars);
    for i in 0..11 {
        let head = format!("x-forwarded-for: 203.0.113.{i}\r\nauthorization: Bearer wrong\r\n");
        let (status, _) = service.ask_with("GET", "/admin", &head, "");
        assert_eq!(status, if i < 10 { 401 } else { 429 });
    }
    service.ask_with("GET", "/", "user-agent: desk/2\r\n", "");
    let line = until("its line", || lines(dir.path(), "access").pop());
    assert!(line.get("client_address").is_none(), "{line}");
    assert!(line.get("user_agent").is_none(), "{line}");
    assert!(service.stop().success());
}
