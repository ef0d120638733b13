use super::*;
use crate::RuleFile;

const RULES: &str = "
groups:
- name: desk
  rules:
  - record: venue:trades:rate
    expr: sum by (venue) (rate(trades_total[5m]))
  - alert: NoTrades
    expr: venue:trades:rate == 0
    for: 5m
    labels: {severity: critical}
    annotations: {summary: '{{ $labels.venue }} of {{ $externalLabels.site }}: {{ $value }}'}
";

fn failures(test: &str) -> Vec<Failure> {
    let rules = RuleFile::read("r.yml", RULES).unwrap();
    let tests = UnitTests::read("t.yml", test).unwrap_or_else(|problems| panic!("{problems}"));
    tests.run(&[rules])
}

const TESTS: &str = "
rule_files: [r.yml]
evaluation_interval: 1m
tests:
- name: quiet
  interval: 1m
  external_labels: {site: busan}
  input_series:
  - series: trades_total{venue=\"KRX\"}
    values: '0+60x5 300x20'
  alert_rule_test:
  - {eval_time: 9m, alertname: NoTrades}
  - eval_time: 15m30s
    alertname: NoTrades
    exp_alerts:
    - exp_labels: {severity: critical, venue: KRX}
      exp_annotations: {summary: 'KRX of busan: 0'}
  promql_expr_test:
  - {expr: 'venue:trades:rate', eval_time: 5m, exp_samples: [{labels: 'venue:trades:rate{venue=\"KRX\"}', value: 1}]}
  - {expr: 'vector(2) / 4', eval_time: 5m, exp_samples: [{value: 0.5}]}
  - {expr: 'absent(trades_total)', eval_time: 5m}
";

#[test]
fn what_holds_holds() {
    assert_eq!(failures(TESTS), []);
}

/// Each part of a test can fail.
#[test]
fn what_does_not_hold_is_said() {
    for (is, other, said) in [
        (
            "eval_time: 9m",
            "eval_time: 16m",
            "NoTrades at 960000 ms: wanted []",
        ),
        ("busan: 0", "busan: 1", "NoTrades at 930000 ms"),
        (
            "severity: critical, venue",
            "severity: warning, venue",
            "NoTrades",
        ),
        ("value: 1}", "value: 2}", "venue:trades:rate at 300000 ms"),
        ("{value: 0.5}", "", "vector(2) / 4"),
        (
            "absent(trades_total)', ",
            "absent(nothing)', ",
            "absent(nothing)",
        ),
    ] {
        let failures = failures(&TESTS.replacen(is, other, 1));
        let [one] = failures.as_slice() else {
            panic!("{is}: {failures:?}");
        };
        assert!(one.what.starts_with(said), "{one}");
        assert!(one.test == "quiet" && one.line > 8, "{one}");
    }
}

#[test]
fn a_file_that_is_no_test_is_refused_where_it_stands() {
    for (is, other, line, what) in [
        ("rule_files", "rules", 2, "no field"),
        ("values: '0+60x5 300x20'", "values: '0+60'", 10, "no value"),
        ("series: trades", "series: sum(trades)", 9, "no series"),
        ("eval_time: 9m", "eval_time: nine", 12, "no duration"),
        ("expr: 'venue:trades:rate'", "expr: 'sum(('", 19, ""),
        (
            "alertname: NoTrades}",
            "alert: NoTrades}",
            12,
            "no alertname",
        ),
    ] {
        let text = TESTS.replacen(is, other, 1);
        let problems = UnitTests::read("t.yml", &text).unwrap_err();
        let first = problems.iter().next().unwrap();
        assert_eq!(first.line, line, "{problems}");
        assert!(first.what.contains(what), "{problems}");
    }
}
