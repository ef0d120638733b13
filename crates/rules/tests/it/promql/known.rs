//! Values worked out by hand, and what once differed from Prometheus.

use bongsu_rules::{EvalError, Expression, Labels, Sample, Series, Value, answer, stale};

fn series(labels: &[(&str, &str)], samples: &[(i64, f64)]) -> Series {
    let of = |&(seconds, value): &(i64, f64)| Sample {
        time_ms: seconds * 1000,
        value,
    };
    Series {
        labels: Labels::new(labels.iter().copied()),
        samples: samples.iter().map(of).collect(),
    }
}

/// A counter with a reset, one that ends, gauges, and a histogram; times in seconds.
fn world() -> Vec<Series> {
    let mut all = vec![
        series(
            &[("__name__", "orders_total"), ("venue", "KRX")],
            &[(0, 0.0), (60, 60.0), (120, 120.0), (180, 30.0), (240, 90.0)],
        ),
        series(
            &[("__name__", "orders_total"), ("venue", "NXT")],
            &[(0, 5.0), (60, 5.0), (120, 5.0), (150, stale())],
        ),
        series(
            &[("__name__", "depth"), ("venue", "KRX"), ("side", "bid")],
            &[(240, 10.0)],
        ),
        series(
            &[("__name__", "depth"), ("venue", "KRX"), ("side", "ask")],
            &[(240, 30.0)],
        ),
        series(
            &[("__name__", "depth"), ("venue", "NXT"), ("side", "ask")],
            &[(240, 5.0)],
        ),
        series(
            &[("__name__", "limit"), ("venue", "KRX"), ("desk", "a")],
            &[(240, 20.0)],
        ),
        series(
            &[("__name__", "odd")],
            &[(200, 1.0), (220, f64::NAN), (240, f64::INFINITY)],
        ),
    ];
    for (le, count) in [("0.1", 10.0), ("0.5", 30.0), ("+Inf", 40.0)] {
        all.push(series(
            &[("__name__", "latency_bucket"), ("le", le)],
            &[(240, count)],
        ));
    }
    all
}

fn evaluated(text: &str, seconds: i64) -> Result<Value, EvalError> {
    let expression = Expression::parse(text).unwrap_or_else(|error| panic!("{text}: {error}"));
    expression.evaluate(&world()[..], seconds * 1000)
}

/// The elements as `labels value`, in their order.
fn shown(text: &str, seconds: i64) -> String {
    match evaluated(text, seconds) {
        Ok(Value::Vector(elements)) => {
            let each = elements
                .iter()
                .map(|it| format!("{} {}", it.labels, answer::number(it.value)));
            each.collect::<Vec<_>>().join("; ")
        }
        Ok(Value::Scalar(value)) => answer::number(value),
        Ok(Value::String(text)) => text,
        Ok(Value::Matrix(rows)) => {
            let each = rows
                .iter()
                .map(|it| format!("{} {}", it.labels, it.samples.len()));
            each.collect::<Vec<_>>().join("; ")
        }
        Err(error) => format!("error: {error}"),
    }
}

#[test]
fn values_by_hand() {
    let table = [
        // Look-back, both ends included; a mark ends a series at once.
        ("orders_total", 240, r#"orders_total{venue="KRX"} 90"#),
        (
            "orders_total{venue=\"KRX\"}",
            540,
            r#"orders_total{venue="KRX"} 90"#,
        ),
        ("orders_total{venue=\"KRX\"}", 541, ""),
        (
            "orders_total{venue=\"NXT\"}",
            149,
            r#"orders_total{venue="NXT"} 5"#,
        ),
        ("orders_total{venue=\"NXT\"}", 150, ""),
        (
            "orders_total{venue=\"KRX\"} offset 1m",
            240,
            r#"orders_total{venue="KRX"} 30"#,
        ),
        (
            "orders_total{venue=\"KRX\"} offset -1m",
            120,
            r#"orders_total{venue="KRX"} 30"#,
        ),
        (
            "orders_total{venue=\"KRX\"} @ 60",
            240,
            r#"orders_total{venue="KRX"} 60"#,
        ),
        (
            "timestamp(orders_total{venue=\"KRX\"})",
            250,
            r#"{venue="KRX"} 240"#,
        ),
        // 60 + 60 + 30 (after the reset) + 60 over exactly four minutes.
        (
            "increase(orders_total{venue=\"KRX\"}[4m])",
            240,
            r#"{venue="KRX"} 210"#,
        ),
        (
            "rate(orders_total{venue=\"KRX\"}[4m])",
            240,
            r#"{venue="KRX"} 0.875"#,
        ),
        (
            "irate(orders_total{venue=\"KRX\"}[4m])",
            180,
            r#"{venue="KRX"} 0.5"#,
        ),
        (
            "resets(orders_total{venue=\"KRX\"}[4m])",
            240,
            r#"{venue="KRX"} 1"#,
        ),
        (
            "changes(orders_total[4m])",
            240,
            r#"{venue="KRX"} 4; {venue="NXT"} 0"#,
        ),
        (
            "max_over_time(orders_total[4m])",
            240,
            r#"{venue="KRX"} 120; {venue="NXT"} 5"#,
        ),
        (
            "last_over_time(orders_total{venue=\"NXT\"}[4m])",
            240,
            r#"orders_total{venue="NXT"} 5"#,
        ),
        ("count_over_time(odd[1m])", 240, "{} 3"),
        (
            "mad_over_time(orders_total{venue=\"KRX\"}[4m])",
            240,
            r#"{venue="KRX"} 30"#,
        ),
        (
            "double_exponential_smoothing(orders_total{venue=\"KRX\"}[2m], 0.5, 0.5)",
            120,
            r#"{venue="KRX"} 120"#,
        ),
        (
            "holt_winters (orders_total{venue=\"KRX\"}[2m], 0.5, 0.5)",
            120,
            r#"{venue="KRX"} 120"#,
        ),
        ("holt_winters(nothing[2m], 2, 0.5)", 120, ""),
        (
            "holt_winters(orders_total{venue=\"KRX\"}[2m], 1, 0.5)",
            120,
            "error: a factor of smoothing is 1; it lies between 0 and 1",
        ),
        // No step falls into the range: what is the same at every time is there once, after it.
        ("(vector(3))[1s:5m]", 200, "{} 1"),
        ("(time() + vector(3))[1s:5m]", 200, ""),
        (
            "(depth{side=\"bid\"} @ 240)[1s:5m]",
            200,
            r#"depth{side="bid", venue="KRX"} 1"#,
        ),
        ("count_over_time((vector(3))[1s:5m])", 200, ""),
        (
            "max_over_time(round(vector(3) * 2, time())[1s:5m])",
            200,
            "",
        ),
        (
            "max_over_time((depth @ 240 / on (side) depth @ 240)[1s:5m])",
            200,
            "error: found duplicate series for the match group {side=\"ask\"} on the right hand-side of the operation: [depth{side=\"ask\", venue=\"NXT\"}, depth{side=\"ask\", venue=\"KRX\"}];many-to-many matching not allowed: matching labels must be unique on one side",
        ),
        (
            "max_over_time((orders_total{venue=\"KRX\"})[4m:1m])",
            240,
            r#"{venue="KRX"} 120"#,
        ),
        (
            "sum_over_time(depth{side=\"bid\"}[4m:1m])",
            240,
            r#"{side="bid", venue="KRX"} 10"#,
        ),
        // Matching.
        (
            "depth / on (venue) group_left (desk) limit",
            240,
            r#"{desk="a", side="ask", venue="KRX"} 1.5; {desk="a", side="bid", venue="KRX"} 0.5"#,
        ),
        (
            "depth > on (venue) group_left limit",
            240,
            r#"depth{side="ask", venue="KRX"} 30"#,
        ),
        (
            "depth unless on (venue) limit",
            240,
            r#"depth{side="ask", venue="NXT"} 5"#,
        ),
        (
            "depth and on (venue) limit > 15",
            240,
            r#"depth{side="ask", venue="KRX"} 30; depth{side="bid", venue="KRX"} 10"#,
        ),
        (
            "limit or on (venue) depth",
            240,
            r#"limit{desk="a", venue="KRX"} 20; depth{side="ask", venue="NXT"} 5"#,
        ),
        (
            "limit * on (venue) depth",
            240,
            "error: found duplicate series for the match group {venue=\"KRX\"} on the right hand-side of the operation: \
             [depth{side=\"bid\", venue=\"KRX\"}, depth{side=\"ask\", venue=\"KRX\"}];many-to-many matching not allowed: \
             matching labels must be unique on one side",
        ),
        (
            "depth * on (venue) limit",
            240,
            "error: multiple matches for labels: many-to-one matching must be explicit (group_left/group_right)",
        ),
        (
            "rate({__name__=~\"depth|limit\"}[1m]) or label_replace(depth, \"side\", \"x\", \"\", \"\")",
            240,
            "error: vector cannot contain metrics with the same labelset: depth{side=\"x\", venue=\"KRX\"}; \
             keep a label that tells them apart",
        ),
        (
            "depth > bool 7",
            240,
            r#"{side="ask", venue="KRX"} 1; {side="ask", venue="NXT"} 0; {side="bid", venue="KRX"} 1"#,
        ),
        (
            "20 > depth",
            240,
            r#"depth{side="ask", venue="NXT"} 5; depth{side="bid", venue="KRX"} 10"#,
        ),
        ("2 ^ 3 ^ 2", 0, "512"),
        ("-2 ^ 2", 0, "-4"),
        ("5 % -3 + 1 > bool 2", 0, "1"),
        // Aggregation.
        (
            "sum by (venue) (depth)",
            240,
            r#"{venue="KRX"} 40; {venue="NXT"} 5"#,
        ),
        (
            "avg without (venue) (depth)",
            240,
            r#"{side="ask"} 17.5; {side="bid"} 10"#,
        ),
        (
            "topk by (side) (1, depth)",
            240,
            r#"depth{side="ask", venue="KRX"} 30; depth{side="bid", venue="KRX"} 10"#,
        ),
        (
            "bottomk(1, depth)",
            240,
            r#"depth{side="ask", venue="NXT"} 5"#,
        ),
        ("quantile(0.5, depth)", 240, "{} 10"),
        (
            "count_values(\"v\", depth)",
            240,
            r#"{v="30"} 1; {v="5"} 1; {v="10"} 1"#,
        ),
        ("stdvar(depth)", 240, "{} 116.66666666666667"),
        ("count(nothing)", 240, ""),
        // Others.
        (
            "histogram_quantile(0.5, latency_bucket)",
            240,
            "{} 0.30000000000000004",
        ),
        (
            "absent(nothing{venue=\"KRX\",side=~\"a|b\"})",
            240,
            r#"{venue="KRX"} 1"#,
        ),
        ("absent(depth)", 240, ""),
        (
            "absent_over_time(nothing{venue=\"KRX\"}[5m])",
            240,
            r#"{venue="KRX"} 1"#,
        ),
        (
            "sort_desc(depth)",
            240,
            r#"depth{side="ask", venue="KRX"} 30; depth{side="bid", venue="KRX"} 10; depth{side="ask", venue="NXT"} 5"#,
        ),
        (
            "label_replace(limit, \"desk\", \"$1-x\", \"venue\", \"(K.).*\")",
            240,
            r#"limit{desk="KR-x", venue="KRX"} 20"#,
        ),
        (
            "label_join(limit, \"all\", \"/\", \"desk\", \"venue\")",
            240,
            r#"limit{all="a/KRX", desk="a", venue="KRX"} 20"#,
        ),
        (
            "clamp(depth, 7, 20)",
            240,
            r#"{side="ask", venue="KRX"} 20; {side="ask", venue="NXT"} 7; {side="bid", venue="KRX"} 10"#,
        ),
        ("round(limit, 15)", 240, r#"{desk="a", venue="KRX"} 15"#),
        ("scalar(limit)", 240, "20"),
        ("scalar(depth)", 240, "NaN"),
        ("vector(time())", 240, "{} 240"),
        ("hour(vector(3600 * 25))", 240, "{} 1"),
        ("day_of_week()", 240, "{} 4"),
        // What once differed from Prometheus 2.42.
        (
            "limit atan2 0",
            240,
            r#"limit{desk="a", venue="KRX"} 1.5707963267948966"#,
        ),
        ("month(odd)", 220, "{} 12"),
        ("absent_over_time({__name__=~\"depth|limit\"}[1m])", 240, ""),
        ("\"a text\"", 240, "a text"),
        (
            "orders_total[2m]",
            240,
            r#"orders_total{venue="KRX"} 3; orders_total{venue="NXT"} 1"#,
        ),
    ];
    for (text, seconds, expected) in table {
        assert_eq!(shown(text, seconds), expected, "{text} at {seconds}");
    }
}

#[test]
fn what_is_not_there_is_refused_by_name() {
    let table = [
        (
            "histogram_count(x)",
            "histogram_count() reads native histograms",
        ),
        (
            "histogram_fraction(0, 1, x)",
            "histogram_fraction() reads native histograms",
        ),
        ("info(x)", "the function info() is not known here"),
        (
            "sort_by_label(x, \"a\")",
            "the function sort_by_label() is not known here",
        ),
        ("limitk(1, x)", "the aggregation limitk is not known here"),
        ("holt_winters(x, 0.5, 0.5)", ""),
        ("a + fill (0) b", "`fill` is not known here"),
        ("{a=\"b\" or c=\"d\"}", "`or` between matchers is not known"),
        ("ln(-1)", "ln takes a vector here, not a scalar"),
        ("x{a=~\"(\"}", ""),
        ("1 > 2", ""),
        ("", ""),
        ("sum(", "unclosed left parenthesis"),
        ("sum(x) y", "this is no PromQL"),
        ("x[5m:0s]", ""),
        ("x offset 300y", "a time or a length of more than 292 years"),
    ];
    for (text, expected) in table {
        let error = Expression::parse(text).unwrap_err().to_string();
        assert!(
            error.contains(expected) && !error.contains('\n'),
            "{text}: {error}"
        );
    }
    for deep in ["(", "-", "1+", "1 or x ", "sum("] {
        assert!(Expression::parse(&deep.repeat(3_000)).is_err());
    }
}

#[test]
fn how_far_back_an_expression_looks() {
    let minute = 60_000;
    let table = [
        ("x", 5 * minute),
        ("rate(x[10m])", 10 * minute),
        ("rate(x[10m] offset 1h)", 70 * minute),
        ("x offset -10m", 0),
        ("max_over_time(rate(x[5m])[1h:1m])", 65 * minute),
        ("x > x offset 1d", 24 * 60 * minute + 5 * minute),
        ("x @ 100 + rate(y[1m])", minute),
        ("vector(1)", 0),
    ];
    for (text, reach) in table {
        assert_eq!(Expression::parse(text).unwrap().reach_ms(), reach, "{text}");
    }
}

#[test]
fn a_range_has_a_value_at_each_step_and_its_bounds() {
    let expression = Expression::parse("sum(orders_total)").unwrap();
    let rows = expression.range(&world()[..], 0, 150_000, 60_000).unwrap();
    let found: Vec<_> = rows[0]
        .samples
        .iter()
        .map(|it| (it.time_ms, it.value))
        .collect();
    assert_eq!(found, [(0, 5.0), (60_000, 65.0), (120_000, 125.0)]);
    let refused = |start, end, step| {
        expression
            .range(&world()[..], start, end, step)
            .unwrap_err()
    };
    assert!(matches!(refused(0, 1, 0), EvalError::Parameter(_)));
    assert!(matches!(refused(1, 0, 1), EvalError::Parameter(_)));
    assert!(matches!(
        refused(i64::MIN, i64::MAX, 1),
        EvalError::TooMuch { .. }
    ));
    let text = Expression::parse("\"a\"").unwrap();
    assert!(matches!(
        text.range(&world()[..], 0, 1, 1),
        Err(EvalError::Parameter(_))
    ));
}
