//! Answers as Prometheus' API gives them.

use std::fmt::Write as _;

use crate::{
    labels::Labels,
    series::{Sample, Series},
    value::Value,
};

/// What the API has under `data` for a query at one time, in milliseconds: `resultType` and `result`.
///
/// ```
/// use bongsu_rules::{Value, answer};
///
/// let text = answer::instant(&Value::Scalar(f64::INFINITY), 1_500);
/// assert_eq!(text, r#"{"resultType":"scalar","result":[1.5,"+Inf"]}"#);
/// ```
#[must_use]
pub fn instant(value: &Value, time_ms: i64) -> String {
    let mut out = String::new();
    match value {
        Value::Scalar(number) => {
            out.push_str(r#"{"resultType":"scalar","result":["#);
            time(&mut out, time_ms);
            let _ = write!(out, r#","{}"]}}"#, plain(*number));
        }
        Value::String(text) => {
            out.push_str(r#"{"resultType":"string","result":["#);
            time(&mut out, time_ms);
            out.push(',');
            quoted(&mut out, text);
            out.push_str("]}");
        }
        Value::Vector(elements) => {
            out.push_str(r#"{"resultType":"vector","result":["#);
            for (index, element) in elements.iter().enumerate() {
                out.push_str(if index > 0 { "," } else { "" });
                metric(&mut out, &element.labels);
                out.push_str(r#","value":"#);
                let value = element.value;
                point(&mut out, &Sample { time_ms, value });
                out.push('}');
            }
            out.push_str("]}");
        }
        Value::Matrix(series) => out = range(series),
    }
    out
}

/// The same for a query over a range.
#[must_use]
pub fn range(series: &[Series]) -> String {
    let mut out = r#"{"resultType":"matrix","result":["#.to_owned();
    for (index, row) in series.iter().enumerate() {
        out.push_str(if index > 0 { "," } else { "" });
        metric(&mut out, &row.labels);
        out.push_str(r#","values":["#);
        for (index, sample) in row.samples.iter().enumerate() {
            out.push_str(if index > 0 { "," } else { "" });
            point(&mut out, sample);
        }
        out.push_str("]}");
    }
    out.push_str("]}");
    out
}

/// A number as the API writes the value of a sample: large and small ones with an exponent.
#[must_use]
pub fn number(value: f64) -> String {
    let size = value.abs();
    if size == 0.0 || !value.is_finite() || (1e-6..1e21).contains(&size) {
        return plain(value);
    }
    // Two digits of exponent at least, and its sign.
    let text = format!("{value:e}");
    let (digits, exponent) = text.split_once('e').unwrap_or((&text, "0"));
    match exponent.strip_prefix('-') {
        Some(exponent) => format!("{digits}e-{exponent:0>2}"),
        None => format!("{digits}e+{exponent:0>2}"),
    }
}

/// A number without an exponent, as few digits as tell it apart.
pub(crate) fn plain(value: f64) -> String {
    if value.is_nan() {
        "NaN".to_owned()
    } else if value.is_infinite() {
        if value > 0.0 { "+Inf" } else { "-Inf" }.to_owned()
    } else {
        value.to_string()
    }
}

fn metric(out: &mut String, labels: &Labels) {
    out.push_str(r#"{"metric":{"#);
    for (index, (name, value)) in labels.iter().enumerate() {
        out.push_str(if index > 0 { "," } else { "" });
        quoted(out, name);
        out.push(':');
        quoted(out, value);
    }
    out.push('}');
}

fn point(out: &mut String, sample: &Sample) {
    out.push('[');
    time(out, sample.time_ms);
    let _ = write!(out, r#","{}"]"#, number(sample.value));
}

/// Seconds, with milliseconds where there are any.
fn time(out: &mut String, time_ms: i64) {
    let (sign, size) = (if time_ms < 0 { "-" } else { "" }, time_ms.unsigned_abs());
    let _ = write!(out, "{sign}{}", size / 1000);
    if size % 1000 != 0 {
        let thousandths = format!("{:03}", size % 1000);
        let _ = write!(out, ".{}", thousandths.trim_end_matches('0'));
    }
}

/// A text of JSON.
fn quoted(out: &mut String, text: &str) {
    out.push('"');
    for character in text.chars() {
        match character {
            '"' => out.push_str("\\\""),
            '\\' => out.push_str("\\\\"),
            '\n' => out.push_str("\\n"),
            '\r' => out.push_str("\\r"),
            '\t' => out.push_str("\\t"),
            control if control < ' ' => {
                let _ = write!(out, "\\u{:04x}", u32::from(control));
            }
            other => out.push(other),
        }
    }
    out.push('"');
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::value::Element;

    #[test]
    fn numbers_as_the_api_writes_them() {
        let table = [
            (0.0, "0"),
            (-0.0, "-0"),
            (1.0, "1"),
            (0.1, "0.1"),
            (-2.5, "-2.5"),
            (1e20, "100000000000000000000"),
            (1e21, "1e+21"),
            (-1.5e300, "-1.5e+300"),
            (0.000_001, "0.000001"),
            (1.5e-7, "1.5e-07"),
            (5e-324, "5e-324"),
            (f64::NAN, "NaN"),
            (f64::INFINITY, "+Inf"),
            (f64::NEG_INFINITY, "-Inf"),
        ];
        for (value, text) in table {
            assert_eq!(number(value), text);
        }
        assert_eq!(plain(1e21), "1000000000000000000000");
    }

    #[test]
    fn a_vector_with_what_json_must_escape() {
        let labels = Labels::new([("__name__", "up"), ("path", "a\"\\\n\u{1}é")]);
        let value = Value::Vector(vec![Element { labels, value: 1.0 }]);
        assert_eq!(
            instant(&value, -1_250),
            r#"{"resultType":"vector","result":[{"metric":{"__name__":"up","path":"a\"\\\n\u0001é"},"value":[-1.25,"1"]}]}"#
        );
    }

    #[test]
    fn a_matrix_and_a_string() {
        let samples = [(1_000, 1.0), (2_500, 2.0)];
        let samples = samples
            .map(|(time_ms, value)| Sample { time_ms, value })
            .to_vec();
        let labels = Labels::default();
        assert_eq!(
            range(&[Series { labels, samples }]),
            r#"{"resultType":"matrix","result":[{"metric":{},"values":[[1,"1"],[2.5,"2"]]}]}"#
        );
        let text = Value::String("a".to_owned());
        assert_eq!(
            instant(&text, 0),
            r#"{"resultType":"string","result":[0,"a"]}"#
        );
    }
}
