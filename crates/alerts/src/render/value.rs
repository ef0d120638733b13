//! Facts as people read them: numbers grouped and rounded, with the unit that their name tells.

use bongsu_lang::Lang;
use bongsu_text::grouped;
use serde_json::{Number, Value};

use super::fit::clean;

/// Where a name ends in one of these its number is a name too, and stays as it is.
const NAMES: [&str; 24] = [
    "id",
    "ids",
    "no",
    "num",
    "number",
    "code",
    "port",
    "pid",
    "tid",
    "line",
    "year",
    "date",
    "seq",
    "sequence",
    "account",
    "symbol",
    "ticker",
    "isin",
    "version",
    "status",
    "errno",
    "key",
    "hash",
    "timestamp",
];

/// A fact as text: numbers for people, strings as they are, everything else as JSON.
#[must_use]
pub fn fact(name: &str, value: &Value, lang: Lang) -> String {
    let Value::Number(number) = value else {
        return match value {
            Value::String(text) => clean(text),
            other => clean(&other.to_string()),
        };
    };
    let mut words = name.split(|c: char| !c.is_alphanumeric());
    let last = words.next_back().unwrap_or_default().to_ascii_lowercase();
    if NAMES.contains(&last.as_str()) {
        return number.to_string();
    }
    let text = shown(number);
    match last.as_str() {
        "percent" | "pct" => format!("{text}%"),
        "krw" | "won" => format!("{text}{}", lang.pick(" KRW", "원")),
        "ms" => format!("{text} ms"),
        "seconds" | "secs" | "sec" => format!("{text} s"),
        _ => text,
    }
}

/// Whole numbers in groups of three; others with two places, or four digits below one.
fn shown(number: &Number) -> String {
    if let Some(whole) = number.as_i64() {
        return grouped(&whole.to_string());
    }
    if let Some(whole) = number.as_u64() {
        return grouped(&whole.to_string());
    }
    let Some(value) = number.as_f64().filter(|value| value.is_finite()) else {
        return number.to_string();
    };
    let size = value.abs();
    if size >= 1e15 || (size > 0.0 && size < 1e-6) {
        return number.to_string();
    }
    let places = if size >= 1.0 || size == 0.0 {
        2
    } else {
        // Four digits after the zeros behind the point.
        let zeros = size.log10().abs().floor();
        #[expect(
            clippy::cast_possible_truncation,
            clippy::cast_sign_loss,
            reason = "between 0 and 6"
        )]
        let zeros = zeros as usize;
        zeros + 4
    };
    let text = format!("{value:.places$}");
    let (whole, fraction) = text.split_once('.').unwrap_or((&text, ""));
    let fraction = fraction.trim_end_matches('0');
    let whole = grouped(whole);
    let whole = if fraction.is_empty() && whole == "-0" {
        "0".to_owned()
    } else {
        whole
    };
    if fraction.is_empty() {
        whole
    } else {
        format!("{whole}.{fraction}")
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn numbers_for_people() {
        let check = |name: &str, value: Value, want: &str| {
            assert_eq!(fact(name, &value, Lang::En), want, "{name} {value}");
        };
        check("drawdown", json!(84.421_443), "84.42");
        check("portfolio_value_krw", json!(77_892_785), "77,892,785 KRW");
        check("손실률", json!(-3.25), "-3.25");
        check("loss_percent", json!(-3.0), "-3%");
        check("took_ms", json!(1_234.567), "1,234.57 ms");
        check("age_seconds", json!(7), "7 s");
        check("ratio", json!(0.000_123_456), "0.0001235");
        check("ratio", json!(0.5), "0.5");
        check("zero", json!(0.0), "0");
        check("zero", json!(-0.000_000_1), "-1e-7");
        check("rounded", json!(-0.0), "0");
        check("count", json!(999), "999");
        check("count", json!(-1_000), "-1,000");
        check("count", json!(u64::MAX), "18,446,744,073,709,551,615");
        check("huge", json!(1e308), "1e+308");
        check("whole", json!(77_892_785.0), "77,892,785");
        check("order_id", json!(20_261_128_001_i64), "20261128001");
        check("order.id", json!(20_261_128_001_i64), "20261128001");
        check("port", json!(18_499), "18499");
        check("status", json!(40_017), "40017");
        check("text", json!("12345678"), "12345678");
        check("list", json!([1, "두"]), "[1,\"두\"]");
        check("nothing", json!(null), "null");
        assert_eq!(fact("pnl_krw", &json!(1_500_000), Lang::Ko), "1,500,000원");
    }
}
