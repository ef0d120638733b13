//! What promtool says of rules and their tests, held against what we say. Where there is no promtool, ours
//! alone has to hold.
#![allow(clippy::unwrap_used, clippy::expect_used, reason = "tests")]

use std::{
    fs,
    path::{Path, PathBuf},
    process::Command,
};

use bongsu_rules::{Failure, UnitTests, find, load};

fn repository() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../..")
}

/// Ours: the tests of a file that fail.
fn ours(path: &Path) -> Vec<Failure> {
    let text = fs::read_to_string(path).unwrap();
    let tests =
        UnitTests::read(&path.display().to_string(), &text).unwrap_or_else(|it| panic!("{it}"));
    let paths = find(&tests.rule_files, path.parent().unwrap()).unwrap();
    tests.run(&load(&paths).unwrap_or_else(|it| panic!("{it}")))
}

/// Theirs: whether all hold, and what was said; none where it is not installed.
fn theirs(path: &Path) -> Option<(bool, String)> {
    let output = Command::new("promtool")
        .args(["test", "rules"])
        .arg(path)
        .output()
        .ok()?;
    let said = [output.stdout, output.stderr].concat();
    Some((
        output.status.success(),
        String::from_utf8_lossy(&said).into_owned(),
    ))
}

fn agree(path: &Path) {
    holds(path);
    if let Some((holds, said)) = theirs(path) {
        assert!(holds, "{}\n{said}", path.display());
    }
}

fn holds(path: &Path) {
    let ours = ours(path);
    let shown: Vec<_> = ours.iter().map(ToString::to_string).collect();
    assert!(ours.is_empty(), "{}\n{}", path.display(), shown.join("\n"));
}

/// The files of tests in a folder of the repository.
fn files(folder: &str) -> Vec<PathBuf> {
    let entries = fs::read_dir(repository().join(folder)).unwrap();
    let mut files: Vec<_> = entries.map(|it| it.unwrap().path()).collect();
    files.sort();
    files
}

/// The stack's, which `cargo xtask dashboards` runs by promtool.
#[test]
fn every_test_of_the_stack_holds() {
    let files = files("docker/prometheus/rules/tests");
    assert!(files.len() >= 6, "{files:?}");
    files.iter().for_each(|file| holds(file));
}

#[test]
fn every_recipe_holds_by_both() {
    let files = files("docs/recipes/tests");
    assert_eq!(files.len(), 10, "{files:?}");
    files.iter().for_each(|file| agree(file));
}

/// Templates, and the values that they are told about; what is wanted is what promtool gives.
#[test]
fn templates_are_filled_in_as_prometheus_fills_them_in() {
    let templates = [
        (
            "{{ $value }}",
            ["0.1", "1e+06", "1.23456789e+08", "-3", "2.5e-05"],
        ),
        (
            "{{ $value | humanize }}",
            ["100m", "1M", "123.5M", "-3", "25u"],
        ),
        (
            "{{ $value | humanize1024 }}",
            ["0.1", "976.6ki", "117.7Mi", "-3", "2.5e-05"],
        ),
        (
            "{{ $value | humanizeDuration }}",
            [
                "100ms",
                "11d 13h 46m 40s",
                "1428d 21h 33m 9s",
                "-3s",
                "25us",
            ],
        ),
        (
            "{{ $value | humanizePercentage }}",
            ["10%", "1e+08%", "1.235e+10%", "-300%", "0.0025%"],
        ),
        (
            "{{ $value | humanizeTimestamp }}",
            [
                "1970-01-01 00:00:00.1 +0000 UTC",
                "1970-01-12 13:46:40 +0000 UTC",
                "1973-11-29 21:33:09 +0000 UTC",
                "1969-12-31 23:59:57 +0000 UTC",
                "1970-01-01 00:00:00 +0000 UTC",
            ],
        ),
        (
            "{{ printf \"%.2f|%6.1f|%-8g|%08.3f|%e|%+.1f|%v\" $value $value $value $value $value $value $value }}",
            [
                "0.10|   0.1|0.1     |0000.100|1.000000e-01|+0.1|0.1",
                "1000000.00|1000000.0|1e+06   |1000000.000|1.000000e+06|+1000000.0|1e+06",
                "123456789.00|123456789.0|1.23456789e+08|123456789.000|1.234568e+08|+123456789.0|1.23456789e+08",
                "-3.00|  -3.0|-3      |-003.000|-3.000000e+00|-3.0|-3",
                "0.00|   0.0|2.5e-05 |0000.000|2.500000e-05|+0.0|2.5e-05",
            ],
        ),
        (
            "{{ if gt $value 0.0 }}up{{ else if lt $value 0.0 }}down{{ end }}",
            ["up", "up", "up", "down", "up"],
        ),
        (
            "{{ $labels.venue | toLower | title }} {{ print 1 \"a\" 2 3 }} {{ len $labels.venue }}",
            ["Krx 1a2 3 3"; 5],
        ),
        (
            "{{ with query \"x\" }}{{ . | first | value }}{{ end }}",
            ["0.1", "1e+06", "1.23456789e+08", "-3", "2.5e-05"],
        ),
        (
            "{{ range $i, $it := query \"x\" }}{{ $i }}{{ $it.Labels.venue }}{{ end }}",
            ["0KRX"; 5],
        ),
        (
            "{{ $externalLabels.site }}{{ $labels.none }}{{ stripPort $labels.at }}",
            ["busan10.0.0.1"; 5],
        ),
        (
            "{{ printf \"%d %s %q %5s|%-5s| %x %t %%\" 7 \"a\" \"b\" \"c\" \"d\" 255 true }}",
            ["7 a \"b\"     c|d    | ff true %"; 5],
        ),
        (
            "{{ reReplaceAll \"(K)R|(X)\" \"${1}-$2$$\" $labels.venue }} {{ reReplaceAll `\\d*` \"_\" \"a12b\" }}",
            ["K-$-X$ _a_b_"; 5],
        ),
        (
            "{{ match \"R\" $labels.venue }} {{ $labels.venue | match \"^R\" }}{{ match \"\\\\d\" \"٣\" }}",
            ["true falsefalse"; 5],
        ),
        (
            "{{ graphLink `up{a=\"b c\"} > 1+2~*/é` }} {{ tableLink \"sum(x)\" }} {{ urlquery \"a b\" \"&\" }}",
            ["/graph?g0.expr=up%7Ba%3D%22b+c%22%7D+%3E+1%2B2~%2A%2F%C3%A9&g0.tab=0 /graph?g0.expr=sum%28x%29&g0.tab=1 a+b%26";
                5],
        ),
        (
            "{{ define \"x\" }}[{{ . }}{{ $ }}]{{ end }}{{ template \"x\" $labels.venue }}{{ template \"x\" }}",
            ["[KRXKRX][<no value><no value>]"; 5],
        ),
        (
            "{{ define \"x\" }} {{ end }}{{ define \"x\" }}{{ .Labels.venue }}{{ end }}{{ template \"x\" . }}",
            ["KRX"; 5],
        ),
        (
            "{{ block \"y\" (args 1 \"b\") }}{{ .arg0 }}{{ .arg1 }}{{ .arg2 }}{{ end }} {{ args 1 \"b\" }} {{ len (args 1) }}",
            ["1b<no value> map[arg0:1 arg1:b] 1"; 5],
        ),
        (
            "{{ range $k, $v := args 1 2 3 }}{{ if eq $k \"arg1\" }}{{ continue }}{{ end }}{{ $k }}{{ $v }}{{ end }}",
            ["arg01arg23"; 5],
        ),
        (
            "{{ range query \"x\" }}{{ if true }}{{ break }}{{ end }}never{{ end }}.",
            ["."; 5],
        ),
    ];
    let values = ["0.1", "1000000", "123456789", "-3", "0.000025"];
    let folder = tempfile::tempdir().unwrap();
    let quoted = |text: &str| format!("'{}'", text.replace('\'', "''"));
    let annotations: Vec<_> = (0..)
        .zip(&templates)
        .map(|(i, (text, _))| format!("a{i}: {}", quoted(text)))
        .collect();
    let rule = format!(
        "groups:\n- name: g\n  rules:\n  - alert: A\n    expr: x\n    annotations:\n      {}\n",
        annotations.join("\n      ")
    );
    fs::write(folder.path().join("rules.yml"), rule).unwrap();
    let mut tests = "rule_files: [rules.yml]\ntests:\n".to_owned();
    for (case, value) in values.iter().enumerate() {
        let wanted = (0..)
            .zip(&templates)
            .map(|(i, (_, wanted))| format!("a{i}: {}", quoted(wanted[case])));
        let wanted: Vec<_> = wanted.collect();
        tests += &format!(
            "- interval: 1m\n  external_labels: {{site: busan}}\n  input_series:\n  - {{series: 'x{{venue=\"KRX\",at=\"10.0.0.1:80\"}}', \
             values: '{value}'}}\n  alert_rule_test:\n  - eval_time: 0m\n    alertname: A\n    exp_alerts:\n    - \
             exp_labels: {{venue: KRX, at: '10.0.0.1:80'}}\n      exp_annotations:\n        {}\n",
            wanted.join("\n        ")
        );
    }
    let path = folder.path().join("tests.yml");
    fs::write(&path, tests).unwrap();
    agree(&path);
}

/// What promtool refuses we refuse, and what it takes we take.
#[test]
fn files_are_taken_and_refused_as_promtool_does() {
    let rule = |more: &str| {
        format!("groups:\n- name: a\n  rules:\n  - alert: A\n    expr: up == 0\n    {more}\n")
    };
    let files = [
        (true, rule("for: 1h30m")),
        (true, rule("for: 0")),
        (true, rule("keep_firing_for: 5m")),
        (true, rule("labels: {a: 1, b: true, c: ''}")),
        (true, rule("labels:")),
        (
            true,
            rule("annotations: {a: '{{ $value | humanize }} {{ .Labels.x }}'}"),
        ),
        (
            true,
            rule("annotations: {a: '{{ range query \"up\" }}{{ .Labels.x }}{{ else }}-{{ end }}'}"),
        ),
        (
            true,
            rule(r#"annotations: {a: '{{ define "z" }}a{{ end }}{{ template "z" . }}'}"#),
        ),
        (
            true,
            rule(r#"annotations: {a: '{{ template "nowhere" }}'}"#),
        ),
        (true, rule(r#"annotations: {a: '{{ match "(" "a" }}'}"#)),
        (
            true,
            rule(r#"annotations: {a: '{{ define "z" }} {{ end }}{{ define "z" }}b{{ end }}'}"#),
        ),
        (
            true,
            rule(r#"annotations: {a: '{{ range query "up" }}{{ continue }}{{ end }}'}"#),
        ),
        (false, rule(r#"annotations: {a: '{{ tmpl "x" . }}'}"#)),
        (
            false,
            rule(r#"annotations: {a: '{{ if true }}{{ define "z" }}a{{ end }}{{ end }}'}"#),
        ),
        (
            false,
            rule(r#"annotations: {a: '{{ define "z" }}a{{ end }}{{ define "z" }}b{{ end }}'}"#),
        ),
        (
            false,
            rule(r#"annotations: {a: '{{ define "z" }}{{ $labels.x }}{{ end }}'}"#),
        ),
        (false, rule(r#"annotations: {a: '{{ break }}'}"#)),
        (false, rule(r#"annotations: {a: '{{ template x }}'}"#)),
        (
            false,
            rule(r#"annotations: {a: '{{ block "b" }}{{ end }}'}"#),
        ),
        (true, "groups:\n".to_owned()),
        (
            true,
            "groups:\n- name: a\n  interval: 1m\n  limit: 2\n  rules: []\n".to_owned(),
        ),
        (
            true,
            "groups:\n- name: a\n  rules: [{record: 'a:b', expr: 1, labels: {x: y}}]\n".to_owned(),
        ),
        (true, "groups:\n- name: a\n- name: b\n".to_owned()),
        (false, rule("for: 5")),
        (false, rule("for: 1m1h")),
        (false, rule("for: 1.5m")),
        (false, rule("expr: down")),
        (false, rule("severity: x")),
        (false, rule("record: x")),
        (false, rule("labels: {a-b: x}")),
        (false, rule("labels: {__name__: x}")),
        (false, rule("labels: [a]")),
        (false, rule("annotations: {a b: x}")),
        (false, rule("annotations: {a: '{{ $x }}'}")),
        (false, rule("annotations: {a: '{{ nothing 1 }}'}")),
        (false, rule("annotations: {a: '{{ if true }}'}")),
        (false, rule("labels: {a: '{{ .Labels.x '}")),
        (false, "groups:\n- name: a\n- name: a\n".to_owned()),
        (false, "groups:\n- rules: []\n".to_owned()),
        (
            false,
            "groups:\n- name: a\n  rules: [{expr: up}]\n".to_owned(),
        ),
        (
            false,
            "groups:\n- name: a\n  rules: [{alert: A}]\n".to_owned(),
        ),
        (
            false,
            "groups:\n- name: a\n  rules: [{alert: A, expr: 'sum('}]\n".to_owned(),
        ),
        (
            false,
            "groups:\n- name: a\n  rules: [{record: a b, expr: up}]\n".to_owned(),
        ),
        (
            false,
            "groups:\n- name: a\n  rules: [{record: a, expr: up, for: 1m}]\n".to_owned(),
        ),
        (
            false,
            "groups:\n- name: a\n  rules: [{record: a, expr: up, annotations: {a: b}}]\n"
                .to_owned(),
        ),
        (false, "groups:\n- name: a\n  interval: x\n".to_owned()),
        (false, "groups:\n- name: a\n  limit: x\n".to_owned()),
        (false, "rules: []\n".to_owned()),
        (false, "groups: [\n".to_owned()),
    ];
    let folder = tempfile::tempdir().unwrap();
    for (taken, text) in files {
        let path = folder.path().join("rules.yml");
        fs::write(&path, &text).unwrap();
        let ours = load(std::slice::from_ref(&path));
        assert_eq!(ours.is_ok(), taken, "{ours:?}\n{text}");
        if let Ok(output) = Command::new("promtool")
            .args(["check", "rules"])
            .arg(&path)
            .output()
        {
            let said = String::from_utf8_lossy(&output.stderr).into_owned();
            assert_eq!(output.status.success(), taken, "{said}\n{text}");
        }
    }
}
