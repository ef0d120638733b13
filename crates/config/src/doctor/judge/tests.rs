use super::*;
use crate::doctor::Verdict::{self, Failed, Ok as Fine, Warning};

/// The verdict, and words that the detail or the remedy must hold.
#[track_caller]
fn check(finding: &Finding, verdict: Verdict, words: &str) {
    assert_eq!(finding.verdict, verdict, "{finding:?}");
    let remedy = finding.remedy.as_deref().unwrap_or_default();
    let told = format!("{} {remedy}", finding.detail);
    assert!(told.contains(words), "{words:?} is not in {told:?}");
    assert_eq!(finding.remedy.is_none(), verdict == Fine, "{finding:?}");
}

fn at(text: &str) -> Timestamp {
    text.parse().unwrap()
}

#[test]
fn configuration_table() {
    let judged = |names: &[&str]| {
        let names = names.iter().map(|name| (*name, "x".to_owned()));
        let mut vars: std::collections::BTreeMap<&str, String> = names.collect();
        vars.insert("SERVICE_NAME", "engine".to_owned());
        configuration(&crate::Config::from_vars(&vars).unwrap())
    };
    check(&judged(&["PATH"])[0], Fine, "understood");
    let found = judged(&["LOG_DIRR", "BONGSU_FIRE"]);
    check(&found[0], Warning, "see the table of variables");
    check(&found[1], Warning, "is LOG_DIR meant?");
    assert_eq!(found.len(), 2);
}

#[test]
fn clock_table() {
    let now = at("2026-11-24T13:00:00Z");
    let server = |text: &str| Some(("hooks.example.com", at(text)));
    check(&clock(now, 2026, None), Fine, "no endpoint gave its time");
    check(
        &clock(now, 2027, None),
        Failed,
        "before this program was built (2027)",
    );
    // A wrong year is said first.
    let theirs = server("2026-11-24T13:00:00Z");
    check(&clock(now, 2027, theirs), Failed, "(2027)");
    check(&clock(now, 2026, theirs), Fine, "as hooks.example.com says");
    let theirs = server("2026-11-24T13:00:04Z");
    check(&clock(now, 2026, theirs), Fine, "as hooks.example.com says");
    let theirs = server("2026-11-24T13:00:05Z");
    check(
        &clock(now, 2026, theirs),
        Warning,
        "5 s behind hooks.example.com",
    );
    let theirs = server("2026-11-24T12:59:30Z");
    check(
        &clock(now, 2026, theirs),
        Warning,
        "30 s ahead of hooks.example.com",
    );
    let theirs = server("2026-11-24T12:59:00Z");
    check(
        &clock(now, 2026, theirs),
        Failed,
        "60 s ahead of hooks.example.com",
    );
}

#[test]
fn time_zone_table() {
    check(&time_zone(true), Fine, "Asia/Seoul");
    check(&time_zone(false), Warning, "install tzdata");
}

#[test]
fn calendar_table() {
    let today = jiff::civil::date(2026, 11, 24);
    check(&calendar(today, |_| true), Fine, "2026 and 2027");
    check(
        &calendar(today, |year| year == 2026),
        Warning,
        "2027 is not",
    );
    check(
        &calendar(today, |year| year == 2027),
        Failed,
        "no data for 2026",
    );
    check(&calendar(today, |_| false), Failed, "no data for 2026");
}

#[test]
fn descriptors_table() {
    assert_eq!(descriptors(None), None);
    let judged = |limit| descriptors(Some(limit)).unwrap();
    check(&judged(255), Failed, "at most 255");
    check(&judged(256), Warning, "LimitNOFILE");
    check(&judged(4_095), Warning, "at most 4095");
    check(&judged(4_096), Fine, "at most 4096");
    check(&judged(u64::MAX), Fine, "every connection");
}

#[test]
fn soft_descriptors_table() {
    let limits = "\
Limit                     Soft Limit           Hard Limit           Units
Max cpu time              unlimited            unlimited            seconds
Max open files            1024                 524288               files
";
    assert_eq!(soft_descriptors(limits), Some(1_024));
    let unlimited = limits.replace("1024  ", "unlimited");
    assert_eq!(soft_descriptors(&unlimited), Some(u64::MAX));
    assert_eq!(soft_descriptors("Max open files"), None);
    assert_eq!(soft_descriptors(""), None);
}

#[test]
fn folder_table() {
    let judged = |written: io::Result<Folder>, free| {
        folder("LOG_DIR", Path::new("/var/log/x"), &written, free)
    };
    check(
        &judged(Ok(Folder::There), None),
        Fine,
        "/var/log/x is writable",
    );
    check(&judged(Ok(Folder::ToBeMade), None), Fine, "can be made");
    let denied = || Err(io::ErrorKind::PermissionDenied.into());
    check(&judged(denied(), None), Failed, "permission denied");
    check(&judged(denied(), Some(u64::MAX)), Failed, "set LOG_DIR");
}

#[test]
fn free_space_table() {
    const MIB: u64 = 1 << 20;
    let judged = |free| {
        folder(
            "BONGSU_DATA_DIR",
            Path::new("/d"),
            &Ok(Folder::There),
            Some(free),
        )
    };
    check(&judged(1_024 * MIB), Fine, "1024 MiB free");
    check(&judged(1_023 * MIB), Warning, "make room");
    check(&judged(100 * MIB), Warning, "100 MiB free");
    check(&judged(99 * MIB), Failed, "99 MiB free");
    check(&judged(0), Failed, "0 MiB free");
}

#[test]
fn port_table() {
    let address = "127.0.0.1:80".parse().unwrap();
    let judged = |bound: io::Result<()>| port("BONGSU_BIND", address, &bound);
    check(&judged(Ok(())), Fine, "127.0.0.1:80 is free");
    for (kind, words) in [
        (io::ErrorKind::AddrInUse, "ss -ltnp"),
        (io::ErrorKind::PermissionDenied, "1024"),
        (io::ErrorKind::AddrNotAvailable, "no such address"),
        (io::ErrorKind::Other, "another address"),
    ] {
        check(&judged(Err(kind.into())), Failed, words);
    }
}

#[test]
fn socket_table() {
    let path = std::path::Path::new("/run/shop.sock");
    check(&socket(path, &Ok(())), Fine, "unix:/run/shop.sock can be");
    let missing = socket(path, &Err(io::ErrorKind::NotFound.into()));
    check(&missing, Failed, "make its folder");
}

#[test]
fn dependency_table() {
    let judged = |ping| dependency("DATABASE_URL", ping);
    check(&judged(Ping::Answered), Fine, "answers");
    check(
        &judged(Ping::Degraded("900 ms")),
        Warning,
        "not well: 900 ms",
    );
    check(&judged(Ping::Failed("refused")), Failed, "refused");
    check(&judged(Ping::NoFile), Warning, "not there yet");
}

#[cfg(feature = "alerts")]
#[test]
fn channel_table() {
    use bongsu_alerts::Outcome;
    let noted = Outcome::Delivered {
        note: Some("405".to_owned()),
    };
    check(&channel("slack", &Outcome::delivered()), Fine, "reachable");
    check(&channel("webhook", &noted), Fine, "405");
    check(
        &channel("own", &Outcome::unsupported()),
        Warning,
        "alert test own",
    );
    check(
        &channel("own", &Outcome::broken("403")),
        Failed,
        "own settings",
    );
    let refused = Outcome::transient("connection refused");
    for (id, variables) in [
        (
            "email",
            "SMTP_HOST, SMTP_PORT, BONGSU_SMTP_TLS, SMTP_USERNAME",
        ),
        ("slack", "SLACK_WEBHOOK_URL"),
        ("webhook-2", "ALERT_WEBHOOK_URLS"),
        ("alertmanager", "ALERTMANAGER_URLS"),
        ("telegram", "TELEGRAM_BOT_TOKEN"),
    ] {
        check(&channel(id, &refused), Failed, variables);
        check(&channel(id, &refused), Failed, "connection refused");
    }
    check(&no_channel(), Warning, "log alone");
}

#[test]
fn heartbeat_table() {
    let judged = |answer| heartbeat("hc.example.com", answer);
    check(&judged(None), Fine, "hc.example.com is reachable");
    let silent = Some("cannot connect");
    check(&judged(silent), Failed, "hc.example.com: cannot connect");
}
