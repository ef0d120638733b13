use std::sync::Arc;

use bongsu_lang::Lang;

use super::*;
use crate::presentation::Presentation;
use crate::render::samples;

fn rendered(n: &Notification) -> String {
    let (from, to) = (
        "봉수 <alerts@bongsu.test>".parse(),
        "desk@bongsu.test".parse(),
    );
    let (from, to) = (from.unwrap(), to.unwrap());
    let addresses = Addresses {
        from: &from,
        to: &to,
    };
    String::from_utf8(alert(n, addresses).unwrap().0).unwrap()
}

fn header<'a>(mail: &'a str, name: &str) -> &'a str {
    let mut lines = mail.lines().filter_map(|line| line.strip_prefix(name));
    lines
        .next()
        .unwrap_or_default()
        .trim_start_matches(':')
        .trim()
}

#[test]
fn a_thread_is_of_one_service_environment_and_key() {
    let thread = |service: &str, environment: &str, key: &str, status| {
        let mut n = samples::resolved();
        (n.service, n.environment) = (service.to_owned(), environment.to_owned());
        n.alert.key = Some(key.to_owned());
        n.status = status;
        n.delivery_id = format!("{service}{status}");
        header(&rendered(&n), "References").to_owned()
    };
    let (firing, resolved) = (AlertStatus::Firing, AlertStatus::Resolved);
    let first = thread("order-gateway", "production", "resource|disk", firing);
    assert!(first.starts_with("<alert-"), "{first}");
    assert_eq!(
        first,
        thread("order-gateway", "production", "resource|disk", resolved)
    );
    for other in [
        thread("order-gateway", "staging", "resource|disk", firing),
        thread("risk-engine", "production", "resource|disk", firing),
        thread("order-gateway", "production", "resource|cpu", firing),
        thread("order-gatewayp", "roduction", "resource|disk", firing),
    ] {
        assert_ne!(first, other);
    }
}

#[test]
fn a_subject_names_service_and_environment() {
    let mut n = samples::resolved();
    n.alert.level = AlertLevel::Critical;
    n.alert.title = "High DISK Usage".to_owned();
    n.status = AlertStatus::Firing;
    let view = View::of(&n);
    assert_eq!(
        subject(&view).text,
        "[CRITICAL] trading-engine/production: High DISK Usage"
    );
    n.status = AlertStatus::Resolved;
    let view = View::of(&n);
    assert_eq!(
        subject(&view).text,
        "[CRITICAL] [RESOLVED] trading-engine/production: High DISK Usage"
    );
}

/// 0 read as a time in Seoul is a time before 1970, and a year of five digits is a slip.
#[test]
fn a_time_that_no_date_header_can_say_is_rendered_all_the_same() {
    for (text, date, said) in [
        (
            "1970-01-01T00:00:00+09:00",
            "Thu, 01 Jan 1970 00:00:00 +0000",
            "1970-01-01 00:00:00 KST",
        ),
        (
            "-000001-06-01T00:00:00Z",
            "Thu, 01 Jan 1970 00:00:00 +0000",
            "-06-01 09:00:00",
        ),
        (
            "9999-12-30T00:00:00Z",
            "Thu, 30 Dec 9999 00:00:00 +0000",
            "9999-12-30 09:00:00 KST",
        ),
    ] {
        let mut n = samples::resolved();
        n.alert.timestamp = text.parse().unwrap();
        let mail = rendered(&n);
        assert_eq!(header(&mail, "Date"), date, "{text}");
        assert!(mail.contains(said), "{text}: {mail}");
    }
    let mut n = samples::resolved();
    for at in [Timestamp::MIN, Timestamp::MAX] {
        n.alert.timestamp = at;
        assert!(rendered(&n).contains("Date: "));
    }
}

#[test]
fn links_and_words_of_the_reader() {
    let here = Presentation::default()
        .language(Lang::Ko)
        .host("engine-2")
        .public_url("https://ops.example.com")
        .runbooks("https://wiki.example.com/r/");
    let mut n = samples::resolved().presentation(Arc::new(here));
    n.alert.runbook = Some("high-cpu".to_owned());
    let view = View::of(&n);
    let (text, _) = plain(&view);
    for line in [
        "수준: WARNING (주의)",
        "호스트: engine-2",
        "콘솔: https://ops.example.com/console/alerts?key=resource%2Fcpu",
        "대응 절차: https://wiki.example.com/r/high-cpu",
    ] {
        assert!(text.contains(line), "{line}: {text}");
    }
    let (page, cut) = page::page(&view, Lang::Ko, shade(&n));
    assert!(!cut && page.contains("<html lang=\"ko\">"), "{page}");
    assert!(
        page.contains("href=\"https://wiki.example.com/r/high-cpu\""),
        "{page}"
    );
}
