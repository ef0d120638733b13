//! Numbers, spans and instants as people read them.

use std::time::Duration;

use jiff::{Timestamp, tz::TimeZone};

use crate::{Breaker, Lang, Level, Status};

/// A dash: there is no figure.
pub(crate) const DASH: &str = "–";
/// Korea's offset; it has had no summer time since 1988.
const SEOUL_SECONDS: i32 = 9 * 3600;

/// Digits in groups of three, with a true minus sign.
pub(crate) fn grouped(number: i64) -> String {
    bongsu_text::grouped(&number.to_string()).replace('-', "−")
}

/// Won.
pub(crate) fn won(krw: i64) -> String {
    let text = grouped(krw);
    match text.strip_prefix('−') {
        Some(rest) => format!("−₩{rest}"),
        None => format!("₩{text}"),
    }
}

/// Won with its sign, also when positive.
pub(crate) fn signed_won(krw: i64) -> String {
    let plus = if krw > 0 { "+" } else { "" };
    format!("{plus}{}", won(krw))
}

/// Won where there is little room, and where not every digit is known.
pub(crate) fn brief_won(krw: f64, lang: Lang) -> String {
    const UNITS: [(f64, &str, &str); 4] = [
        (1e12, "T", "조"),
        (1e8, "", "억"),
        (1e9, "B", ""),
        (1e6, "M", ""),
    ];
    let sign = if krw < 0.0 { "−" } else { "" };
    let size = krw.abs();
    let wanted = UNITS.iter().filter_map(|(unit, en, ko)| {
        let name = lang.pick(*en, *ko);
        (!name.is_empty() && size >= *unit).then_some((*unit, name))
    });
    let largest = wanted.max_by(|a, b| a.0.total_cmp(&b.0));
    match largest {
        Some((unit, name)) => {
            let digits = fixed(size / unit, 4);
            let digits = digits.trim_end_matches('0').trim_end_matches('.');
            format!("{sign}₩{digits}{name}")
        }
        None if size.is_finite() => won(krw.round() as i64),
        None => DASH.to_owned(),
    }
}

/// A percentage; more digits the smaller it is.
pub(crate) fn percent(value: f64) -> String {
    let places = match value.abs() {
        v if v >= 99.95 => 0,
        v if v >= 0.995 || v == 0.0 => 1,
        _ => 2,
    };
    format!("{}%", fixed(value, places))
}

/// A percentage with its sign, also when positive.
pub(crate) fn signed_percent(value: f64) -> String {
    let plus = if value > 0.0 { "+" } else { "" };
    format!("{plus}{}%", fixed(value, 2))
}

fn fixed(value: f64, places: usize) -> String {
    if !value.is_finite() {
        return DASH.to_owned();
    }
    format!("{value:.places$}").replace('-', "−")
}

/// A number with about three digits that matter.
pub(crate) fn short(value: f64) -> String {
    match value.abs() {
        v if v >= 9_999.5 => grouped(value.round() as i64),
        v if v >= 99.95 || v == 0.0 => fixed(value, 0),
        v if v >= 9.995 => fixed(value, 1),
        _ => fixed(value, 2),
    }
}

/// A sample of a metric, as exact as it is.
pub(crate) fn sample(value: f64) -> String {
    if value.is_finite() && value.fract() == 0.0 && value.abs() < 9e15 {
        return grouped(value as i64);
    }
    format!("{value}").replace('-', "−")
}

/// A fact of an alert: exact where it is whole, else as exact as anybody reads it.
pub(crate) fn fact(name: &str, value: &serde_json::Value) -> String {
    match value {
        serde_json::Value::String(text) => text.clone(),
        serde_json::Value::Number(number) => match (number.as_i64(), number.as_f64()) {
            (Some(krw), _) if name.ends_with("_krw") => won(krw),
            (None, Some(value)) => short(value),
            _ => number.to_string(),
        },
        other => other.to_string(),
    }
}

/// The beginning of an id, which tells it from others as a rule.
pub(crate) fn head(id: &str, most: usize) -> String {
    match id.char_indices().nth(most) {
        Some((at, _)) => format!("{}…", &id[..at]),
        None => id.to_owned(),
    }
}

/// A text in parts, each with whether it stands between backticks.
pub(crate) fn codes(text: &str) -> impl Iterator<Item = (bool, &str)> {
    let parts = text.split('`').enumerate();
    parts
        .map(|(at, part)| (at % 2 == 1, part))
        .filter(|(_, part)| !part.is_empty())
}

/// Milliseconds, as seconds from one second on.
pub(crate) fn millis(ms: f64) -> String {
    if ms >= 999.5 {
        return format!("{} s", fixed(ms / 1000.0, 2));
    }
    format!("{} ms", short(ms))
}

/// Bytes in binary units.
pub(crate) fn bytes(bytes: u64) -> String {
    let mut value = bytes as f64;
    for unit in ["B", "KiB", "MiB", "GiB"] {
        if value < 1024.0 {
            return format!("{} {unit}", short(value));
        }
        value /= 1024.0;
    }
    format!("{} TiB", short(value))
}

/// A span in its two largest units.
pub(crate) fn span(span: Duration, lang: Lang) -> String {
    let seconds = span.as_secs();
    let units = [
        (86_400, lang.pick("d", "일")),
        (3_600, lang.pick("h", "시간")),
        (60, lang.pick("m", "분")),
        (1, lang.pick("s", "초")),
    ];
    let first = units.iter().position(|(size, _)| seconds >= *size);
    let Some(first) = first else {
        return format!("0{}", units[3].1);
    };
    let (size, unit) = units[first];
    let mut out = format!("{}{unit}", seconds / size);
    if let Some((smaller, unit)) = units.get(first + 1) {
        let rest = seconds % size / smaller;
        if rest > 0 {
            out.push_str(&format!(" {rest}{unit}"));
        }
    }
    out
}

/// From `then` to `now`; nothing when it lies ahead.
pub(crate) fn since(then: Timestamp, now: Timestamp, lang: Lang) -> String {
    span(between(then, now), lang)
}

/// From `from` to `until`; zero when they are the other way round.
pub(crate) fn between(from: Timestamp, until: Timestamp) -> Duration {
    Duration::try_from(until.duration_since(from)).unwrap_or_default()
}

/// Hours, minutes and seconds until `then`, days in front when there are any.
pub(crate) fn countdown(then: Timestamp, now: Timestamp, lang: Lang) -> String {
    let seconds = between(now, then).as_secs();
    let clock = format!(
        "{:02}:{:02}:{:02}",
        seconds / 3600 % 24,
        seconds / 60 % 60,
        seconds % 60
    );
    match seconds / 86_400 {
        0 => clock,
        days => format!("{days}{} {clock}", lang.pick("d", "일")),
    }
}

fn seoul(at: Timestamp) -> jiff::Zoned {
    let offset = jiff::tz::Offset::from_seconds(SEOUL_SECONDS).unwrap_or(jiff::tz::Offset::UTC);
    at.to_zoned(TimeZone::fixed(offset))
}

/// Time of day in Korea.
pub(crate) fn clock(at: Timestamp) -> String {
    seoul(at).strftime("%H:%M:%S").to_string()
}

/// Day and time of day in Korea.
pub(crate) fn day_time(at: Timestamp) -> String {
    seoul(at).strftime("%m-%d %H:%M").to_string()
}

/// The whole instant in Korea.
pub(crate) fn full(at: Timestamp) -> String {
    seoul(at).strftime("%Y-%m-%d %H:%M:%S").to_string()
}

/// The instant as a form's field for a moment takes it, in Korea.
pub(crate) fn moment(at: Timestamp) -> String {
    seoul(at).strftime("%Y-%m-%dT%H:%M:%S").to_string()
}

/// A moment as a page's address has it: an instant, or a time in Korea as a form's field gives it.
pub(crate) fn parse_moment(text: &str) -> Option<Timestamp> {
    if let Ok(at) = text.parse() {
        return Some(at);
    }
    let naive: jiff::civil::DateTime = text.parse().ok()?;
    let offset = jiff::tz::Offset::from_seconds(SEOUL_SECONDS).ok()?;
    offset.to_timestamp(naive).ok()
}

/// A text as a part of an address's query.
pub(crate) fn query(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for byte in text.bytes() {
        match byte {
            b'A'..=b'Z' | b'a'..=b'z' | b'0'..=b'9' | b'-' | b'.' | b'_' | b'~' => {
                out.push(char::from(byte));
            }
            byte => out.push_str(&format!("%{byte:02X}")),
        }
    }
    out
}

/// An alert's level.
pub(crate) const fn level(level: Level, lang: Lang) -> &'static str {
    match level {
        Level::Info => lang.pick("info", "정보"),
        Level::Warning => lang.pick("warning", "경고"),
        Level::Error => lang.pick("error", "오류"),
        Level::Critical => lang.pick("critical", "심각"),
    }
}

/// A part of a venue's day.
pub(crate) fn phase(phase: &str, lang: Lang) -> &str {
    match phase {
        "pre" => lang.pick("pre-market", "프리마켓"),
        "regular" => lang.pick("regular session", "정규장"),
        "auction" => lang.pick("closing auction", "종가 단일가"),
        "off-hours" => lang.pick("off-hours", "시간외"),
        "after" => lang.pick("after-market", "애프터마켓"),
        other => other,
    }
}

/// A dependency's status.
pub(crate) const fn status(status: Status, lang: Lang) -> &'static str {
    match status {
        Status::Healthy => lang.pick("healthy", "정상"),
        Status::Unknown => lang.pick("unknown", "미확인"),
        Status::Degraded => lang.pick("degraded", "저하"),
        Status::Unhealthy => lang.pick("unhealthy", "장애"),
    }
}

/// Whether a channel is used.
pub(crate) const fn breaker(breaker: Breaker, lang: Lang) -> &'static str {
    match breaker {
        Breaker::Closed => lang.pick("working", "정상"),
        Breaker::Open => lang.pick("paused after failures", "실패로 대기 중"),
        Breaker::Broken => lang.pick("needs mending", "조치 필요"),
        Breaker::Disabled => lang.pick("switched off", "꺼짐"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers() {
        let check = |got: String, want: &str| assert_eq!(got, want);
        check(grouped(0), "0");
        check(grouped(999), "999");
        check(grouped(-1_000), "−1,000");
        check(grouped(i64::MIN), "−9,223,372,036,854,775,808");
        check(won(1_234_567), "₩1,234,567");
        check(signed_won(5), "+₩5");
        check(signed_won(-5_000), "−₩5,000");
        check(signed_won(0), "₩0");
        check(brief_won(1_234_567_890.0, Lang::En), "₩1.2346B");
        check(brief_won(1_234_567_890.0, Lang::Ko), "₩12.3457억");
        check(brief_won(-250_000_000.0, Lang::Ko), "−₩2.5억");
        check(brief_won(2e12, Lang::Ko), "₩2조");
        check(brief_won(-2_500_000.0, Lang::En), "−₩2.5M");
        check(brief_won(-2_500_000.0, Lang::Ko), "−₩2,500,000");
        check(brief_won(0.0, Lang::En), "₩0");
        check(brief_won(f64::NAN, Lang::En), "–");
        check(percent(0.0), "0.0%");
        check(percent(0.014), "0.01%");
        check(percent(27.96), "28.0%");
        check(percent(100.0), "100%");
        check(percent(f64::NAN), "–%");
        check(signed_percent(-0.5), "−0.50%");
        check(short(0.1234), "0.12");
        check(short(45.67), "45.7");
        check(short(456.7), "457");
        check(short(12_345.6), "12,346");
        check(millis(3.2), "3.20 ms");
        check(millis(999.6), "1.00 s");
        check(bytes(0), "0 B");
        check(bytes(1536), "1.50 KiB");
        check(bytes(17_179_869_184), "16.0 GiB");
        check(sample(12_345.0), "12,345");
        check(sample(0.25), "0.25");
        check(sample(f64::INFINITY), "inf");
    }

    #[test]
    fn times() {
        let check = |seconds, en: &str, ko: &str| {
            let length = Duration::from_secs(seconds);
            assert_eq!(span(length, Lang::En), en);
            assert_eq!(span(length, Lang::Ko), ko);
        };
        check(0, "0s", "0초");
        check(59, "59s", "59초");
        check(60, "1m", "1분");
        check(3_725, "1h 2m", "1시간 2분");
        check(90_000, "1d 1h", "1일 1시간");
        let at = |text: &str| text.parse::<Timestamp>().unwrap();
        let (night, open) = (at("2026-05-27T23:58:00Z"), at("2026-05-28T00:00:00Z"));
        assert_eq!(countdown(open, night, Lang::En), "00:02:00");
        assert_eq!(countdown(night, open, Lang::En), "00:00:00");
        assert_eq!(full(open), "2026-05-28 09:00:00");
        assert_eq!(day_time(night), "05-28 08:58");
        assert_eq!(clock(open), "09:00:00");
        assert_eq!(since(night, open, Lang::En), "2m");
    }
}
