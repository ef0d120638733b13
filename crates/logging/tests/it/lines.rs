//! What a line says.

use bongsu_logging::{Capture, Format, LogContext, LoggingConfig, Preset};
use serde_json::{Value, json};
use std::fmt;
use tracing::{info, info_span};

pub(crate) fn config(capture: &Capture) -> LoggingConfig {
    LoggingConfig::new("svc", "test")
        .level("trace")
        .capture(capture)
}

pub(crate) fn parse(capture: &Capture) -> Vec<Value> {
    serde_json::from_str(&capture.json()).unwrap_or_else(|e| panic!("{e}: {}", capture.text()))
}

/// Logs and gives the parsed lines.
pub(crate) fn logged(f: impl FnOnce()) -> Vec<Value> {
    let capture = Capture::new();
    config(&capture).build().unwrap().with_default(f);
    parse(&capture)
}

#[test]
fn the_keys_of_compat() {
    let line = &logged(|| info!(target: "engine", symbol = "005930", n = -3, "체결"))[0];
    assert_eq!(line["level"], "INFO");
    assert_eq!(line["service_name"], "svc");
    assert_eq!(line["environment"], "test");
    assert_eq!(line["logger"], "engine");
    assert_eq!(line["message"], "체결");
    assert_eq!(line["symbol"], "005930");
    assert_eq!(line["n"], -3);
    let file = line["file"].as_str().unwrap();
    assert!(file.contains("tests/it/lines.rs:"), "{file}");
    let at = line["timestamp"].as_str().unwrap();
    assert!(at.ends_with('Z') && at.len() == 27, "{at}");
    for unset in [
        "request_id",
        "user_id",
        "session_id",
        "trace_id",
        "span_id",
        "function",
    ] {
        assert!(line.get(unset).is_none(), "{unset}");
    }
}

#[test]
fn spans_are_inherited_and_the_inner_wins() {
    let lines = logged(|| {
        let outer = info_span!("outer", a = 1, b = "outer", late = tracing::field::Empty);
        let _outer = outer.enter();
        let inner = info_span!("inner", b = "inner", c = true);
        let _inner = inner.enter();
        info!(c = "event", "one");
        outer.record("late", 7);
        info!("two");
        outer.record("a", 2);
        drop(_inner);
        info!("three");
    });
    assert_eq!(lines[0]["a"], 1);
    assert_eq!(lines[0]["b"], "inner");
    assert_eq!(lines[0]["c"], "event");
    assert_eq!(lines[0]["function"], "inner");
    assert_eq!(lines[1]["late"], 7);
    assert_eq!(lines[1]["c"], true);
    assert_eq!(lines[2]["a"], 2);
    assert_eq!(lines[2]["b"], "outer");
    assert_eq!(lines[2]["function"], "outer");
}

#[test]
fn explicit_parents_and_roots() {
    let lines = logged(|| {
        let other = info_span!("other", which = "other");
        let _in = info_span!("current", which = "current").entered();
        info!(parent: &other, "explicit");
        info!(parent: None, "root");
        info!("contextual");
    });
    assert_eq!(lines[0]["which"], "other");
    assert!(lines[1].get("which").is_none());
    assert_eq!(lines[2]["which"], "current");
}

#[test]
fn reserved_keys_cannot_be_forged_and_no_key_comes_twice() {
    let capture = Capture::new();
    config(&capture).build().unwrap().with_default(|| {
        let _span = info_span!("s", timestamp = "forged", message = "forged", x = 1).entered();
        info!(
            timestamp = 1,
            level = "DEBUG",
            service_name = "evil",
            file = "no",
            logger = "me",
            environment = "prod",
            exception = "e",
            truncated = false,
            x = 2,
            "real"
        );
    });
    let line = &parse(&capture)[0];
    assert_eq!(line["level"], "INFO");
    assert_eq!(line["service_name"], "svc");
    assert_eq!(line["environment"], "test");
    assert_eq!(line["message"], "real");
    assert_eq!(line["field_level"], "DEBUG");
    assert_eq!(line["field_timestamp"], 1);
    assert_eq!(line["x"], 2);
    let text = &capture.lines()[0];
    for key in [
        "timestamp",
        "level",
        "message",
        "field_timestamp",
        "x",
        "file",
    ] {
        assert_eq!(
            text.matches(&format!("\"{key}\":")).count(),
            1,
            "{key} in {text}"
        );
    }
}

#[test]
fn values_json_cannot_say() {
    let lines = logged(|| {
        info!(
            nan = f64::NAN,
            inf = f64::INFINITY,
            big = u128::MAX,
            small = i128::MIN,
            float = 1.5,
            whole = 2.0,
            nl = "a\nb\"c\\\u{1}",
            "x"
        );
    });
    assert_eq!(lines[0]["nan"], Value::Null);
    assert_eq!(lines[0]["inf"], Value::Null);
    assert_eq!(lines[0]["big"], u128::MAX.to_string());
    assert_eq!(lines[0]["small"], i128::MIN.to_string());
    assert_eq!(lines[0]["float"], 1.5);
    assert_eq!(lines[0]["nl"], "a\nb\"c\\\u{1}");
}

struct Panics;
impl fmt::Debug for Panics {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("half")?;
        panic!("user code")
    }
}

struct Fails;
impl fmt::Debug for Fails {
    fn fmt(&self, _: &mut fmt::Formatter<'_>) -> fmt::Result {
        Err(fmt::Error)
    }
}

struct LogsInside;
impl fmt::Debug for LogsInside {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        info!(inner = true, "nested");
        f.write_str("done")
    }
}

#[test]
fn hostile_debug_cannot_hurt() {
    let lines = logged(|| {
        let _span = info_span!("s", bad = ?Panics).entered();
        info!(v = ?Panics, after = 1, "one");
        info!(v = ?Fails, "two");
        info!(v = ?LogsInside, "three");
        info!("four");
    });
    // tracing itself drops an event inside an event of a scoped subscriber; nothing of ours is borrowed.
    assert_eq!(lines.len(), 4);
    assert_eq!(lines[0]["v"], "half<formatting panicked>");
    assert_eq!(lines[0]["after"], 1);
    assert_eq!(lines[0]["bad"], "half<formatting panicked>");
    assert_eq!(lines[1]["v"], "<formatting failed>");
    assert_eq!(lines[2]["v"], "done");
    assert_eq!(lines[3]["message"], "four");
}

#[test]
fn huge_values_are_cut_and_the_line_says_so() {
    let capture = Capture::new();
    config(&capture).build().unwrap().with_default(|| {
        let huge = "가\n".repeat(1_000_000);
        let _span = info_span!("s", big = huge.as_str()).entered();
        info!(a = huge.as_str(), b = ?huge, c = 1, "m {huge}");
        info!("small");
    });
    let lines = parse(&capture);
    assert_eq!(lines[0]["truncated"], true);
    for line in capture.lines() {
        assert!(line.len() < 16 * 1024, "{}", line.len());
    }
    assert!(lines[0]["a"].as_str().unwrap().len() > 1000);
}

#[derive(Debug)]
struct Outer(std::num::ParseIntError);
impl fmt::Display for Outer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("bad quantity")
    }
}
impl std::error::Error for Outer {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        Some(&self.0)
    }
}

#[test]
fn helpers_keep_the_callers_place() {
    let error = Outer("x".parse::<u32>().unwrap_err());
    let here = line!();
    let lines = logged(|| {
        bongsu_logging::log_performance!("fetch", 12.5, symbol = "A",);
        bongsu_logging::log_business_event!(String::from("filled"), quantity = 3);
        bongsu_logging::log_error!(&error, order = 9);
        bongsu_logging::log_alert!("drawdown", "critical", "too deep", percent = 5.5);
        bongsu_logging::log_alert!("drawdown", "warning", format!("deep {}", 1));
        let boxed: Box<dyn std::error::Error> = Box::new(Outer("y".parse::<u32>().unwrap_err()));
        bongsu_logging::log_error!(boxed.as_ref());
    });
    for (i, line) in lines.iter().take(5).enumerate() {
        let want = format!("tests/it/lines.rs:{}", here as usize + 2 + i);
        assert!(
            line["file"].as_str().unwrap().ends_with(&want),
            "{line} {want}"
        );
    }
    assert_eq!(lines[0]["metric_type"], "performance");
    assert_eq!(lines[0]["operation"], "fetch");
    assert_eq!(lines[0]["duration_ms"], 12.5);
    assert_eq!(lines[1]["event_type"], "filled");
    assert_eq!(lines[2]["level"], "ERROR");
    assert_eq!(lines[2]["error_type"], "Outer");
    assert_eq!(lines[2]["error_message"], "bad quantity");
    assert_eq!(
        lines[2]["exception"],
        json!({"type": "Outer", "message": "bad quantity", "chain": ["invalid digit found in string"]})
    );
    assert_eq!(lines[2]["order"], 9);
    assert_eq!(
        (&lines[3]["level"], &lines[3]["severity"]),
        (&json!("ERROR"), &json!("critical"))
    );
    assert_eq!(
        (&lines[4]["level"], &lines[4]["message"]),
        (&json!("WARN"), &json!("deep 1"))
    );
    assert_eq!(lines[5]["error_type"], "Outer");
}

#[test]
fn secrets_stay_out() {
    let capture = Capture::new();
    config(&capture)
        .redact_key("broker_pass")
        .redact_pattern(bongsu_logging::patterns::HTTP_AUTH)
        .build()
        .unwrap()
        .with_default(|| {
            let _span = info_span!("s", api_key = "S3CRET", broker_pass = "S3CRET").entered();
            let header = "Bearer S3CRETS3CRET";
            info!(password = "S3CRET", token_count = 3, header, dbg = ?Some(header), "sent {header}");
        });
    assert!(!capture.contains("S3CRET"), "{}", capture.text());
    let line = &parse(&capture)[0];
    assert_eq!(line["password"], "[REDACTED]");
    assert_eq!(line["message"], "sent [REDACTED]");
    assert_eq!(line["token_count"], 3);
}

#[test]
fn presets_name_the_same_facts() {
    let check = |preset, pairs: &[(&str, Value)]| {
        let capture = Capture::new();
        config(&capture)
            .preset(preset)
            .build()
            .unwrap()
            .with_default(|| {
                let _span = info_span!("s", in_span = 1).entered();
                LogContext::new()
                    .request_id("r")
                    .trace_id("t")
                    .sync_scope(|| {
                        info!(target: "tgt", early = 1, message = "msg", k = "v");
                        tracing::warn!(k = 2, "second");
                    });
            });
        let lines = parse(&capture);
        assert_eq!(lines.len(), 2);
        for (pointer, want) in pairs {
            for line in &lines {
                assert!(line.pointer(pointer).is_some(), "{pointer} in {line}");
            }
            if !want.is_null() {
                assert_eq!(
                    lines[0].pointer(pointer),
                    Some(want),
                    "{preset:?} {pointer}"
                );
            }
        }
    };
    check(
        Preset::Bongsu,
        &[("/message", json!("msg")), ("/k", json!("v"))],
    );
    check(
        Preset::Ecs,
        &[
            ("/@timestamp", Value::Null),
            ("/ecs.version", Value::Null),
            ("/service.name", json!("svc")),
            ("/trace.id", json!("t")),
            ("/in_span", json!(1)),
        ],
    );
    check(
        Preset::Otel,
        &[
            ("/Timestamp", Value::Null),
            ("/Resource/service.name", json!("svc")),
            ("/TraceId", json!("t")),
            ("/Body", json!("msg")),
            ("/Attributes/in_span", json!(1)),
            ("/Attributes/request.id", json!("r")),
            ("/Attributes/k", json!("v")),
        ],
    );
    check(
        Preset::Gcp,
        &[
            ("/severity", Value::Null),
            ("/logging.googleapis.com~1sourceLocation/file", Value::Null),
            ("/logging.googleapis.com~1trace", json!("t")),
        ],
    );
    check(
        Preset::Datadog,
        &[
            ("/status", Value::Null),
            ("/service", json!("svc")),
            ("/dd.trace_id", json!("t")),
        ],
    );
}

/// What one event says under a preset.
fn said(preset: Preset, event: impl FnOnce()) -> Value {
    let capture = Capture::new();
    let config = config(&capture).preset(preset);
    config.build().unwrap().with_default(event);
    parse(&capture).remove(0)
}

#[derive(Debug)]
struct Refused;

impl std::fmt::Display for Refused {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("refused")
    }
}

impl std::error::Error for Refused {}

/// Elasticsearch refuses a document that has a text where its schema has an object.
#[test]
fn no_text_stands_where_a_store_has_an_object() {
    let check = |preset, event: fn(), expected: &[(&str, Value)]| {
        let line = said(preset, event);
        for (key, value) in expected {
            assert_eq!(line.get(*key), Some(value), "{preset:?} {key}: {line}");
        }
        let object = line.as_object().unwrap();
        for one in object.keys() {
            let inside = |other: &&String| other.starts_with(&format!("{one}."));
            assert_eq!(object.keys().find(inside), None, "{preset:?} {one}: {line}");
        }
    };
    use Preset::{Datadog, Ecs};
    check(
        Ecs,
        || info!(error = "x", "m"),
        &[("error.message", json!("x"))],
    );
    check(
        Ecs,
        || info!(error = %Refused, "m"),
        &[("error.message", json!("refused"))],
    );
    check(
        Ecs,
        || info!(error = 7, "m"),
        &[("error.message", json!(7))],
    );
    let refused = || info!(error = &Refused as &dyn std::error::Error, "m");
    check(
        Ecs,
        refused,
        &[
            ("error.message", json!("refused")),
            ("error.type", json!("Refused")),
        ],
    );
    // Two errors in one line: the first has the store's key.
    let both = || info!(error = "x", cause = &Refused as &dyn std::error::Error, "m");
    check(
        Ecs,
        both,
        &[("error.message", json!("x")), ("cause", json!("refused"))],
    );
    let both = || info!(cause = &Refused as &dyn std::error::Error, error = "x", "m");
    check(
        Ecs,
        both,
        &[
            ("error.message", json!("refused")),
            ("labels.error", json!("x")),
        ],
    );
    let roots = || {
        info!(
            service = "s",
            user = "u",
            log = 1,
            trace = "t",
            host = "h",
            process = 2,
            "m"
        );
    };
    check(
        Ecs,
        roots,
        &[
            ("labels.service", json!("s")),
            ("labels.user", json!("u")),
            ("labels.log", json!(1)),
            ("labels.trace", json!("t")),
            ("labels.host", json!("h")),
            ("labels.process", json!(2)),
            ("service.name", json!("svc")),
        ],
    );
    let more = || {
        info!(
            event = "e",
            http = "h",
            labels = "l",
            http.request = "r",
            service.name.short = "n",
            order = 1,
            order.id = 2,
            "a..b" = 3,
            tags = "t",
            "m"
        );
    };
    check(
        Ecs,
        more,
        &[
            ("labels.event", json!("e")),
            ("labels.http", json!("h")),
            ("labels.labels", json!("l")),
            ("labels.http_request", json!("r")),
            ("labels.service_name_short", json!("n")),
            ("order", json!(1)),
            ("labels.a__b", json!(3)),
            ("tags", json!("t")),
        ],
    );
    let taken = || info!(logger = "x", host = "h", source = "s", error = %Refused, usr = 1, "m");
    check(
        Datadog,
        taken,
        &[
            ("field_logger", json!("x")),
            ("field_host", json!("h")),
            ("field_source", json!("s")),
            ("error.message", json!("refused")),
            ("field_usr", json!(1)),
        ],
    );
}

#[test]
fn ids_as_datadog_asks_for_them() {
    let check = |trace: &str, span: &str, expected: [&str; 2]| {
        let line = said(Preset::Datadog, || {
            let context = LogContext::new().trace_id(trace).span_id(span);
            context.sync_scope(|| info!("m"));
        });
        let ids = [&line["dd.trace_id"], &line["dd.span_id"]];
        assert_eq!(ids, expected, "{line}");
    };
    // The low 64 bits, in decimal digits.
    check(
        "4bf92f3577b34da6a3ce929d0e0e4736",
        "00f067aa0ba902b7",
        ["11803532876627986230", "67667974448284343"],
    );
    check(
        "0000000000000000ffffffffffffffff",
        "ffffffffffffffff",
        ["18446744073709551615", "18446744073709551615"],
    );
    check(
        "80000000000000000000000000000001",
        "0000000000000001",
        ["1", "1"],
    );
    // What is no such id stays what it is.
    check(
        "my-trace",
        "not-hex-not-hex!",
        ["my-trace", "not-hex-not-hex!"],
    );
}

#[test]
fn text_for_people() {
    let capture = Capture::new();
    config(&capture)
        .format(Format::Pretty)
        .build()
        .unwrap()
        .with_default(|| {
            let _span = info_span!("req", id = 3).entered();
            info!(target: "app", k = "v w", n = 1, "line\nbreak");
        });
    let text = capture.text();
    assert!(
        text.contains(
            r#"  INFO app: line\nbreak k="v w" n=1 in=req id=3 (crates/logging/tests/it/lines.rs:"#
        ) || text
            .contains(r#"  INFO app: line\nbreak k="v w" n=1 in=req id=3 (tests/it/lines.rs:"#),
        "{text}"
    );
    assert_eq!(text.lines().count(), 1);
}

#[test]
fn a_rate_limit_says_what_it_suppressed() {
    let capture = Capture::new();
    let logging = config(&capture)
        .rate_limit(2, std::time::Duration::from_secs(1))
        .build()
        .unwrap();
    let handle = logging.handle();
    logging.with_default(|| {
        let storm = |i: u32| info!(i, "storm");
        for i in 0..10 {
            storm(i);
        }
        info!("another callsite");
        let deadline = std::time::Instant::now() + std::time::Duration::from_secs(30);
        while !capture.contains("suppressed") && std::time::Instant::now() < deadline {
            std::thread::sleep(std::time::Duration::from_millis(20));
            storm(99);
        }
    });
    let lines = parse(&capture);
    let said: u64 = lines.iter().filter_map(|l| l["suppressed"].as_u64()).sum();
    assert_eq!(said, handle.stats().dropped_by("rate_limited"));
    assert!(said >= 1, "{said}");
    assert!(lines.iter().any(|l| l["message"] == "another callsite"));
}

struct Broken(bool);
impl std::io::Write for Broken {
    fn write(&mut self, _: &[u8]) -> std::io::Result<usize> {
        assert!(!self.0, "a writer that panics");
        Err(std::io::ErrorKind::Other.into())
    }
    fn flush(&mut self) -> std::io::Result<()> {
        Ok(())
    }
}

#[test]
fn a_writer_that_fails_or_panics_costs_lines_only() {
    for panics in [false, true] {
        let logging = LoggingConfig::new("svc", "test")
            .writer(Broken(panics))
            .build()
            .unwrap();
        let handle = logging.handle();
        logging.with_default(|| {
            info!("one");
            info!("two");
        });
        assert_eq!(handle.stats().dropped_by("writer_error"), 2);
    }
}

#[test]
fn every_wrong_setting_is_named_at_once() {
    let error = LoggingConfig::new("svc", "test")
        .level("loud")
        .max_line_bytes(10)
        .redact_pattern("(")
        .rate_limit(0, std::time::Duration::ZERO)
        .file_name("../x")
        .build()
        .unwrap_err()
        .to_string();
    for part in [
        "loud",
        "max_line_bytes",
        "redaction pattern",
        "rate_limit",
        "file_name",
    ] {
        assert!(error.contains(part), "{part} in {error}");
    }
    let format = "yaml".parse::<Format>().unwrap_err().to_string();
    assert!(
        format.contains("json") && format.contains("pretty"),
        "{format}"
    );
    let preset = "splunk".parse::<Preset>().unwrap_err().to_string();
    assert!(
        preset.contains("ecs") && preset.contains("datadog"),
        "{preset}"
    );
}

#[test]
fn a_filter_may_follow_spans() {
    let capture = Capture::new();
    LoggingConfig::new("svc", "test")
        .level("warn,[order{id=7}]=debug")
        .utc_offset_minutes(540)
        .capture(&capture)
        .build()
        .unwrap()
        .with_default(|| {
            tracing::debug!("outside");
            info_span!("order", id = 7).in_scope(|| tracing::debug!("inside"));
            info_span!("order", id = 8).in_scope(|| tracing::debug!("another"));
            tracing::warn!("plain");
        });
    let lines = parse(&capture);
    let messages: Vec<_> = lines
        .iter()
        .map(|l| l["message"].as_str().unwrap())
        .collect();
    assert_eq!(messages, ["inside", "plain"]);
    assert!(lines[0]["timestamp"].as_str().unwrap().ends_with("+09:00"));
}

#[test]
fn two_layers_over_one_registry_keep_their_own_fields() {
    use tracing_subscriber::layer::SubscriberExt;
    let (json, pretty) = (Capture::new(), Capture::new());
    let (a, _a) = config(&json).build().unwrap().into_layer();
    let (b, _b) = config(&pretty)
        .format(Format::Pretty)
        .build()
        .unwrap()
        .into_layer();
    let registry = tracing_subscriber::registry().with(a).with(b);
    tracing::subscriber::with_default(registry, || {
        for i in 0..3 {
            let _span = info_span!("s", i, late = tracing::field::Empty).entered();
            tracing::Span::current().record("late", i * 2);
            info!("m");
        }
    });
    for (i, line) in parse(&json).iter().enumerate() {
        assert_eq!((&line["i"], &line["late"]), (&json!(i), &json!(i * 2)));
    }
    for (i, line) in pretty.lines().iter().enumerate() {
        assert!(
            line.contains(&format!("m in=s i={i} late={}", i * 2)),
            "{line}"
        );
    }
}

#[test]
fn a_long_error_type_keeps_the_line_within_its_limit() {
    let capture = Capture::new();
    let error = std::io::Error::other("refused");
    // Six bytes each once escaped, in the field and in the exception.
    let long = "\u{1}".repeat(65);
    config(&capture)
        .max_line_bytes(1024)
        .build()
        .unwrap()
        .with_default(|| {
            let error: &(dyn std::error::Error + 'static) = &error;
            tracing::error!(error_type = long.as_str(), error, "one");
            tracing::error!(error_type = "Io", error, "two");
        });
    let lines = capture.lines();
    assert!(lines.iter().all(|line| line.len() < 1024), "{lines:#?}");
    let [one, two] = &parse(&capture)[..] else {
        panic!("two lines: {lines:#?}");
    };
    assert_eq!(one["error_type"], long.as_str());
    assert_eq!(
        (&one["exception"]["message"], &one["truncated"]),
        (&json!("refused"), &json!(true))
    );
    assert_eq!(
        (&two["exception"]["type"], &two["truncated"]),
        (&json!("Io"), &Value::Null)
    );
}
