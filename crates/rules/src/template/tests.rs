use super::*;

fn rendered(text: &str, value: f64) -> String {
    let labels = Labels::new([("venue", "KRX"), ("instance", "10.0.0.1:9100")]);
    let found = |_: &Expression| {
        let one = |name: &str, value| (Labels::new([("name", name)]), value);
        Ok(vec![one("b", 2.0), one("a", 1.5)])
    };
    let template = Template::parse(text).unwrap_or_else(|error| panic!("{text}: {error}"));
    template.render(&Filling {
        labels: &labels,
        value,
        external_labels: &Labels::new([("site", "busan")]),
        external_url: "http://ops",
        query: &found,
    })
}

/// Expected values are those that Prometheus 2.42 gives.
#[test]
fn what_rules_use_is_written_as_prometheus_writes_it() {
    for (text, value, want) in [
        ("{{ $labels.venue }} at {{ $value }}", 1.5, "KRX at 1.5"),
        (
            "{{ .Labels.venue }}{{ .Value }}{{ .ExternalLabels.site }}",
            2.0,
            "KRX2busan",
        ),
        (
            "{{ $externalLabels.site }} {{ $externalURL }} {{ externalURL }}",
            0.0,
            "busan http://ops http://ops",
        ),
        ("[{{ $labels.missing }}]", 0.0, "[]"),
        ("{{ $value }}", 1e6, "1e+06"),
        ("{{ $value }}", 123_456_789.0, "1.23456789e+08"),
        ("{{ $value }}", 0.000_01, "1e-05"),
        ("{{ $value }}", f64::NAN, "NaN"),
        ("{{ $value }}", f64::INFINITY, "+Inf"),
        ("{{ $value | humanize }}", 1_234_567.0, "1.235M"),
        ("{{ $value | humanize }}", 0.0, "0"),
        ("{{ humanize $value }}", 0.002_5, "2.5m"),
        ("{{ $value | humanize }}", 999.96, "1000"),
        ("{{ $value | humanize1024 }}", 3_221_225_472.0, "3Gi"),
        ("{{ $value | humanizeDuration }}", 90_061.0, "1d 1h 1m 1s"),
        ("{{ $value | humanizeDuration }}", 0.001, "1ms"),
        ("{{ $value | humanizeDuration }}", 59.5, "59.5s"),
        ("{{ $value | humanizeDuration }}", -3_661.0, "-1h 1m 1s"),
        ("{{ $value | humanizePercentage }}", 0.123_456, "12.35%"),
        (
            "{{ $value | humanizeTimestamp }}",
            1_435_065_584.128,
            "2015-06-23 13:19:44.128 +0000 UTC",
        ),
        (
            "{{ printf \"%.2f|%5.1f|%-6s|%06.2f|%d|%q\" $value $value \"ab\" $value 3 \"x\" }}",
            2.5,
            "2.50|  2.5|ab    |002.50|3|\"x\"",
        ),
        ("{{ printf \"%d\" $value }}", 2.5, "%!d(float64=2.5)"),
        ("{{ printf \"%s %v\" \"a\" }}", 2.5, "a %!v(MISSING)"),
        ("{{ printf \"%g\" $value }}", 1e21, "1e+21"),
        (
            "{{ $labels.venue | toLower | title }} {{ toUpper \"x\" }}",
            0.0,
            "Krx X",
        ),
        ("{{ stripPort $labels.instance }}", 0.0, "10.0.0.1"),
        ("a {{- \" b \" -}} c", 0.0, "a b c"),
        ("a{{/* nothing }} */}}b", 0.0, "ab"),
        (
            "{{ if gt $value 2.0 }}high{{ else if gt $value 1.0 }}mid{{ else }}low{{ end }}",
            1.5,
            "mid",
        ),
        (
            "{{ if eq $labels.venue \"NXT\" \"KRX\" }}yes{{ end }}",
            0.0,
            "yes",
        ),
        (
            "{{ if and $labels.venue (not $labels.missing) }}yes{{ end }}",
            0.0,
            "yes",
        ),
        (
            "{{ with $x := $labels.venue }}{{ $x }}{{ . }}{{ end }}",
            0.0,
            "KRXKRX",
        ),
        (
            "{{ range $name, $value := $labels }}{{ $name }}={{ $value }};{{ end }}{{ $value }}",
            1.0,
            "instance=10.0.0.1:9100;venue=KRX;1",
        ),
        (
            "{{ range query \"up\" }}{{ .Labels.name }}:{{ .Value }} {{ end }}",
            0.0,
            "b:2 a:1.5 ",
        ),
        (
            "{{ range query \"up\" | sortByLabel \"name\" }}{{ .Labels.name }}{{ end }}",
            0.0,
            "ab",
        ),
        (
            "{{ query \"up\" | first | value | humanize }}{{ query \"up\" | first | label \"name\" }}",
            0.0,
            "2b",
        ),
        ("{{ (query \"up\" | first).Labels.name }}", 0.0, "b"),
        (
            "{{ len (query \"up\") }}{{ index $labels \"venue\" }}",
            0.0,
            "2KRX",
        ),
        (
            "{{ $a := 1 }}{{ if true }}{{ $a = 2 }}{{ end }}{{ $a }}",
            0.0,
            "2",
        ),
        ("{{ print 1 2 \"a\" \"b\" 3 }}", 0.0, "1 2ab3"),
        ("{{ `raw {{ }}` }}{{ 'a' }}", 0.0, "raw {{ }}97"),
        ("plain } text { {", 0.0, "plain } text { {"),
        (
            "{{ reReplaceAll \"(K)R\" \"${1}x$$\" $labels.venue }} {{ reReplaceAll `\\d*` \"-\" \"a12b\" }}",
            0.0,
            "Kx$X -a-b-",
        ),
        (
            "{{ match \"R\" $labels.venue }} {{ \"a\" | match \"^b\" }}",
            0.0,
            "true false",
        ),
        (
            "{{ graphLink `up{a=\"b c\"} > 1~*` }} {{ tableLink \"sum(x)\" }} {{ urlquery \"a b\" \"&\" }}",
            0.0,
            "/graph?g0.expr=up%7Ba%3D%22b+c%22%7D+%3E+1~%2A&g0.tab=0 /graph?g0.expr=sum%28x%29&g0.tab=1 a+b%26",
        ),
        (
            "{{ define \"x\" }}[{{ . }}{{ $ }}]{{ end }}{{ template \"x\" $labels.venue }}{{ template \"x\" }}",
            0.0,
            "[KRXKRX][<no value><no value>]",
        ),
        (
            "{{ define \"x\" }} {{ end }}{{ define \"x\" }}{{ .Labels.venue }}{{ end }}{{ template \"x\" . }}",
            0.0,
            "KRX",
        ),
        (
            "{{ block \"y\" (args 1 \"b\") }}{{ .arg0 }}{{ .arg1 }}{{ .arg2 }}{{ end }} {{ args 1 \"b\" }} {{ len (args 1) }}",
            0.0,
            "1b<no value> map[arg0:1 arg1:b] 1",
        ),
        (
            "{{ range $i, $x := query \"up\" }}{{ if gt $i 0 }}{{ break }}{{ end }}{{ $x.Value }}{{ end }}.",
            0.0,
            "2.",
        ),
        (
            "{{ range $i, $x := query \"up\" }}{{ if eq $i 0 }}{{ continue }}{{ end }}{{ $x.Value }}{{ end }}.",
            0.0,
            "1.5.",
        ),
        ("[{{ pathPrefix }}]", 0.0, "[]"),
    ] {
        assert_eq!(rendered(text, value), want, "{text}");
    }
}

#[test]
fn what_fails_when_it_is_filled_in_says_so() {
    let failed = rendered("{{ if gt $value 5 }}x{{ end }}", 9.0);
    assert_eq!(
        failed,
        "<error expanding template: incompatible types for comparison>"
    );
    assert!(rendered("{{ query \"up\" }}", 0.0).starts_with("<error expanding template"));
    for (text, why) in [
        ("{{ template \"x\" }}", "template \"x\" not defined"),
        ("{{ match \"(\" \"a\" }}", "unclosed group"),
        ("{{ reReplaceAll \"(\" \"\" \"a\" }}", "unclosed group"),
        (
            "{{ define \"r\" }}{{ template \"r\" . }}{{ end }}{{ template \"r\" . }}",
            "exceeded maximum template depth",
        ),
    ] {
        let failed = rendered(text, 0.0);
        assert!(failed.contains(why), "{text}: {failed}");
    }
}

#[test]
fn what_is_not_known_is_refused() {
    for (text, offset, what) in [
        ("{{", 0, "not closed"),
        ("x {{ $y }}", 5, "no variable $y"),
        ("{{ .Lables.x }}", 3, "no .Lables"),
        ("{{ shout 1 }}", 3, "no function"),
        ("{{ humanize }}", 3, "does not take 0"),
        ("{{ $value | title | }}", 0, "expected"),
        ("{{ if $value }}", 0, "no end"),
        ("{{ end }}", 3, "ends nothing"),
        ("{{ else }}", 3, "ends nothing"),
        (
            "{{ range $labels }}{{ else }}{{ else }}{{ end }}",
            0,
            "no end",
        ),
        ("{{ define \"x\" }}", 0, "no end"),
        ("{{ define x }}{{ end }}", 0, "a name in quotes"),
        ("{{ template \"x\" . | }}", 0, "expected"),
        (
            "{{ if true }}{{ define \"x\" }}{{ end }}{{ end }}",
            13,
            "no other block",
        ),
        (
            "{{ define \"x\" }}a{{ end }}{{ define \"x\" }}b{{ end }}",
            26,
            "a second template",
        ),
        (
            "{{ define \"x\" }}{{ $labels.a }}{{ end }}",
            19,
            "no variable $labels",
        ),
        ("{{ block \"x\" }}{{ end }}", 0, "expected"),
        ("{{ break }}", 0, "no range"),
        (
            "{{ range $labels }}{{ continue 1 }}{{ end }}",
            31,
            "nothing",
        ),
        ("{{ tmpl \"x\" . }}", 3, "no function"),
        ("{{ query \"sum((\" }}", 3, "sum(("),
        ("{{ \"x }}", 3, "not closed"),
        ("{{ 1 2 }}", 3, "takes no values"),
        ("{{ (1 }}", 3, "not closed"),
        ("{{ 1) }}", 4, "not opened"),
        ("{{ }}", 0, "says nothing"),
        ("{{ $x = 1 }}", 0, "no variable $x"),
        (
            "{{ if true }}{{ $x := 1 }}{{ end }}{{ $x }}",
            38,
            "no variable $x",
        ),
        ("{{ # }}", 3, "not expected"),
        ("{{ printf \"%s\" humanize }}", 3, "parentheses"),
    ] {
        let error = Template::parse(text).expect_err(text);
        assert!(error.what.contains(what), "{text}: {error}");
        assert_eq!(error.offset, offset, "{text}: {error}");
    }
}

proptest::proptest! {
    /// Whatever is written, it is read or refused, and what is read can be filled in.
    #[test]
    fn nothing_panics(parts in proptest::collection::vec(
        proptest::sample::select(vec![
            "{{", "}}", "{{- ", " -}}", "$labels", ".x", "$value", "|", "humanize", "printf", "\"%5.2f\"", "if", "end",
            "else", "range", "with", "(", ")", ":=", "$a", ",", "1", "-2.5e3", "'x'", "`", "/*", "*/", " ", "한", "query",
            "define \"x\"", "template \"x\"", "block \"x\" .", "break", "match", "args",
        ]), 0..24)) {
        if let Ok(template) = Template::parse(&parts.concat()) {
            let _ = template.render(&Filling {
                labels: &Labels::default(),
                value: 1.0,
                external_labels: &Labels::default(),
                external_url: "",
                query: &|_| Ok(Vec::new()),
            });
        }
    }
}
