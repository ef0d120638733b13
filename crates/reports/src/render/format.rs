//! Numbers, times and signs as text. No HTML here: every renderer escapes for itself.

use std::fmt::Write as _;

use bongsu_text::grouped;
use jiff::{Timestamp, civil::Date, tz::TimeZone};
use rust_decimal::{Decimal, RoundingStrategy};

use super::options::{RenderOptions, Units};
use crate::i18n::{self, Lang};

/// What stands where a figure is missing.
pub(crate) const DASH: &str = "–";

/// The direction of a signed figure, as shown: what rounds to nothing is flat.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Direction {
    Up,
    Down,
    Flat,
}

/// A signed figure: the arrow is kept apart so that HTML can hide it from screen readers.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Signed {
    pub(crate) direction: Direction,
    /// `+1,234`, `-1,234`, `0`.
    pub(crate) text: String,
}

/// The arrow of a direction, with nothing for flat.
pub(crate) fn arrow(direction: Direction) -> &'static str {
    match direction {
        Direction::Up => "▲",
        Direction::Down => "▼",
        Direction::Flat => "",
    }
}

fn rounded(value: Decimal, decimals: u32) -> Decimal {
    value.round_dp_with_strategy(decimals, RoundingStrategy::MidpointAwayFromZero)
}

/// The absolute value in full, `decimals` places, grouped.
fn full(value: Decimal, decimals: u32) -> String {
    grouped(&format!(
        "{:.*}",
        decimals as usize,
        rounded(value.abs(), decimals)
    ))
}

/// The absolute value in 억 and 만, or in K, M and B.
fn short(value: Decimal, lang: Lang) -> String {
    match lang {
        Lang::Ko => {
            let man = rounded(value.abs() / Decimal::from(10_000), 0);
            if value.abs() < Decimal::from(10_000) || man.is_zero() {
                return full(value, 0);
            }
            let per_eok = Decimal::from(10_000);
            let (eok, rest) = ((man / per_eok).trunc(), man % per_eok);
            let mut out = String::new();
            if !eok.is_zero() {
                let _ = write!(out, "{}억", full(eok, 0));
            }
            if !rest.is_zero() {
                let gap = if out.is_empty() { "" } else { " " };
                let _ = write!(out, "{gap}{}만", full(rest, 0));
            }
            out
        }
        Lang::En => {
            let abs = value.abs();
            // From the largest down, with the rounded figure deciding: 999,999 is 1.00M, not 1,000.00K.
            for (unit, suffix) in [(1_000_000_000, "B"), (1_000_000, "M"), (1_000, "K")] {
                let scaled = rounded(abs / Decimal::from(unit), 2);
                if scaled >= Decimal::ONE {
                    return format!("{}{suffix}", full(scaled, 2));
                }
            }
            full(value, 0)
        }
    }
}

fn magnitude(value: Decimal, options: &RenderOptions) -> String {
    match options.units {
        Units::Full => full(value, 0),
        Units::Short => short(value, options.lang),
    }
}

/// An amount of won without its unit: `-1,234,567`.
pub(crate) fn amount(value: Decimal, options: &RenderOptions) -> String {
    let sign = if rounded(value, 0) < Decimal::ZERO {
        "-"
    } else {
        ""
    };
    format!("{sign}{}", magnitude(value, options))
}

/// An amount with its unit: `₩1,234,567` or `1,234,567원`.
pub(crate) fn won(value: Decimal, options: &RenderOptions) -> String {
    let sign = if rounded(value, 0) < Decimal::ZERO {
        "-"
    } else {
        ""
    };
    with_unit(sign, &magnitude(value, options), options.lang)
}

fn with_unit(sign: &str, magnitude: &str, lang: Lang) -> String {
    match lang {
        Lang::En => format!("{sign}₩{magnitude}"),
        Lang::Ko => format!("{sign}{magnitude}원"),
    }
}

/// A gain or a loss with its unit: `+₩1,234` or `+1,234원`.
pub(crate) fn signed_won(value: Decimal, options: &RenderOptions) -> Signed {
    let (direction, sign) = direction_of(rounded(value, 0).cmp(&Decimal::ZERO));
    Signed {
        direction,
        text: with_unit(sign, &magnitude(value, options), options.lang),
    }
}

/// A gain or a loss without its unit, for a table's column.
pub(crate) fn signed_amount(value: Decimal, options: &RenderOptions) -> Signed {
    let (direction, sign) = direction_of(rounded(value, 0).cmp(&Decimal::ZERO));
    Signed {
        direction,
        text: format!("{sign}{}", magnitude(value, options)),
    }
}

fn direction_of(order: std::cmp::Ordering) -> (Direction, &'static str) {
    match order {
        std::cmp::Ordering::Greater => (Direction::Up, "+"),
        std::cmp::Ordering::Less => (Direction::Down, "-"),
        std::cmp::Ordering::Equal => (Direction::Flat, ""),
    }
}

/// A price or an average: whole won as such, else two decimals.
pub(crate) fn price(value: Decimal) -> String {
    let sign = if value < Decimal::ZERO { "-" } else { "" };
    let decimals = if rounded(value, 2).fract().is_zero() {
        0
    } else {
        2
    };
    format!("{sign}{}", full(value, decimals))
}

/// A number of shares: as many decimals as it has.
pub(crate) fn quantity(value: Decimal) -> String {
    let value = value.normalize();
    let sign = if value < Decimal::ZERO { "-" } else { "" };
    format!("{sign}{}", full(value, value.scale()))
}

/// A count: `12,345`.
pub(crate) fn count(value: u64) -> String {
    grouped(&value.to_string())
}

/// A float with fixed decimals, grouped, `None` when it is not finite; never `-0.00`.
fn fixed(value: f64, decimals: usize) -> Option<(std::cmp::Ordering, String)> {
    if !value.is_finite() {
        return None;
    }
    let text = format!("{:.*}", decimals, value.abs());
    let zero = text.bytes().all(|b| matches!(b, b'0' | b'.'));
    let order = if zero {
        std::cmp::Ordering::Equal
    } else {
        value.total_cmp(&0.0)
    };
    Some((order, grouped(&text)))
}

fn minus(order: std::cmp::Ordering) -> &'static str {
    if order.is_lt() { "-" } else { "" }
}

/// A fraction as a percentage: `-0.06%`; `–` when it is not a number.
pub(crate) fn percent(fraction: f64, decimals: usize) -> String {
    fixed(fraction * 100.0, decimals).map_or_else(
        || DASH.to_owned(),
        |(order, text)| format!("{}{text}%", minus(order)),
    )
}

/// A fraction as a signed percentage; `None` when it is not a number.
pub(crate) fn signed_percent(fraction: f64, decimals: usize) -> Option<Signed> {
    let (order, text) = fixed(fraction * 100.0, decimals)?;
    let (direction, sign) = direction_of(order);
    Some(Signed {
        direction,
        text: format!("{sign}{text}%"),
    })
}

/// A plain ratio: `0.258`; `–` when it is not a number.
pub(crate) fn ratio(value: f64, decimals: usize) -> String {
    fixed(value, decimals).map_or_else(
        || DASH.to_owned(),
        |(order, text)| format!("{}{text}", minus(order)),
    )
}

/// A date with its weekday: `2026-05-28 (Thu)`.
pub(crate) fn date(date: Date, lang: Lang) -> String {
    let weekday = date.weekday().to_monday_zero_offset();
    format!(
        "{date} ({})",
        i18n::weekday(lang, usize::from(weekday.unsigned_abs()))
    )
}

/// An instant: `2026-05-28 20:10 KST`.
pub(crate) fn instant(at: Timestamp, zone: &TimeZone) -> String {
    let zoned = at.to_zoned(zone.clone());
    let time = zoned.strftime("%Y-%m-%d %H:%M");
    let name = zoned.strftime("%Z").to_string();
    // Without a time-zone database a zone has only its offset.
    match (name.starts_with(['+', '-']), zoned.offset().seconds()) {
        (true, 32_400) => format!("{time} KST"),
        (true, _) => format!("{time} UTC{}", zoned.strftime("%:z")),
        (false, _) => format!("{time} {name}"),
    }
}

/// A time of the report's day: `09:31:05`, with the date when it is another day.
pub(crate) fn time_of_day(at: Timestamp, day: Date, zone: &TimeZone) -> String {
    let zoned = at.to_zoned(zone.clone());
    let format = if zoned.date() == day {
        "%H:%M:%S"
    } else {
        "%Y-%m-%d %H:%M:%S"
    };
    zoned.strftime(format).to_string()
}

/// A span: `3d 4h`, `3일 4시간`; the two largest units that are not zero.
pub(crate) fn span(seconds: u64, lang: Lang) -> String {
    let units: [(u64, &str, &str); 4] = [
        (86_400, "d", "일"),
        (3_600, "h", "시간"),
        (60, "m", "분"),
        (1, "s", "초"),
    ];
    let mut rest = seconds;
    let mut parts = Vec::new();
    for (size, en, ko) in units {
        let n = rest / size;
        rest %= size;
        if n > 0 {
            parts.push(format!(
                "{}{}",
                count(n),
                if lang == Lang::En { en } else { ko }
            ));
        } else if !parts.is_empty() {
            break;
        }
        if parts.len() == 2 {
            break;
        }
    }
    if parts.is_empty() {
        if lang == Lang::En {
            "0s".into()
        } else {
            "0초".into()
        }
    } else {
        parts.join(" ")
    }
}

/// One line of at most `max` characters: control characters and line breaks become spaces, direction
/// overrides go, what is too long ends in `…`.
pub(crate) fn one_line(text: &str, max: usize) -> String {
    let clean = |c: &char| !matches!(c, '\u{200b}'..='\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2060}'..='\u{2069}' | '\u{feff}');
    let mut out = String::new();
    let mut chars = text
        .chars()
        .filter(clean)
        .map(|c| {
            if c.is_control() || matches!(c, '\u{2028}' | '\u{2029}') {
                ' '
            } else {
                c
            }
        })
        .peekable();
    let mut n = 0;
    while let Some(c) = chars.next() {
        n += 1;
        if n == max && chars.peek().is_some() {
            out.push('…');
            break;
        }
        out.push(c);
    }
    out.trim().to_owned()
}

/// The name a reader knows an index by; another ticker stays as it is.
pub(crate) fn benchmark(ticker: &str) -> String {
    match ticker {
        "^KS11" => "KOSPI".to_owned(),
        "^KQ11" => "KOSDAQ".to_owned(),
        "^KS200" => "KOSPI 200".to_owned(),
        other => one_line(other, 16),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn dec(text: &str) -> Decimal {
        text.parse().unwrap()
    }

    fn options(lang: Lang, units: Units) -> RenderOptions {
        RenderOptions::default().lang(lang).units(units)
    }

    #[test]
    fn amounts() {
        let en = options(Lang::En, Units::Full);
        let ko = options(Lang::Ko, Units::Full);
        let cases = [
            ("0", "₩0", "0원"),
            ("-0.4", "₩0", "0원"),
            ("0.5", "₩1", "1원"),
            ("-0.5", "-₩1", "-1원"),
            ("999", "₩999", "999원"),
            ("1000", "₩1,000", "1,000원"),
            ("-437084.8931334068", "-₩437,085", "-437,085원"),
            ("495426094", "₩495,426,094", "495,426,094원"),
            (
                "1234567890123.49",
                "₩1,234,567,890,123",
                "1,234,567,890,123원",
            ),
        ];
        for (value, in_english, in_korean) in cases {
            assert_eq!(won(dec(value), &en), in_english, "{value}");
            assert_eq!(won(dec(value), &ko), in_korean, "{value}");
        }
    }

    #[test]
    fn short_amounts() {
        let en = options(Lang::En, Units::Short);
        let ko = options(Lang::Ko, Units::Short);
        let cases = [
            ("0", "₩0", "0원"),
            ("9999", "₩10.00K", "9,999원"),
            ("10000", "₩10.00K", "1만원"),
            ("-437084.89", "-₩437.08K", "-44만원"),
            ("999999", "₩1.00M", "100만원"),
            ("99995000", "₩100.00M", "1억원"),
            ("495426094", "₩495.43M", "4억 9,543만원"),
            ("1234567890123", "₩1,234.57B", "12,345억 6,789만원"),
        ];
        for (value, in_english, in_korean) in cases {
            assert_eq!(won(dec(value), &en), in_english, "{value}");
            assert_eq!(won(dec(value), &ko), in_korean, "{value}");
        }
    }

    #[test]
    fn signs() {
        let en = RenderOptions::default();
        let cases = [
            ("12", Direction::Up, "+₩12", "+12"),
            ("-12", Direction::Down, "-₩12", "-12"),
            ("0.49", Direction::Flat, "₩0", "0"),
            ("-0.49", Direction::Flat, "₩0", "0"),
        ];
        for (value, direction, with, without) in cases {
            assert_eq!(
                signed_won(dec(value), &en),
                Signed {
                    direction,
                    text: with.into()
                }
            );
            assert_eq!(
                signed_amount(dec(value), &en),
                Signed {
                    direction,
                    text: without.into()
                }
            );
        }
    }

    #[test]
    fn percents_and_ratios() {
        let cases = [
            (0.0, "0.00%", Some("0.00%")),
            (-0.000_01, "0.00%", Some("0.00%")),
            (0.121_6, "12.16%", Some("+12.16%")),
            (-0.000_643_207_7, "-0.06%", Some("-0.06%")),
            (12.5, "1,250.00%", Some("+1,250.00%")),
            (f64::NAN, "–", None),
            (f64::INFINITY, "–", None),
        ];
        for (value, plain, signed) in cases {
            assert_eq!(percent(value, 2), plain);
            assert_eq!(signed_percent(value, 2).map(|s| s.text).as_deref(), signed);
        }
        assert_eq!(ratio(0.258_059_5, 3), "0.258");
        assert_eq!(ratio(-2.123_46, 2), "-2.12");
        assert_eq!(ratio(-0.001, 2), "0.00");
    }

    #[test]
    fn prices_and_quantities() {
        assert_eq!(price(dec("71000.00")), "71,000");
        assert_eq!(price(dec("135076.34")), "135,076.34");
        assert_eq!(price(dec("1.999")), "2");
        assert_eq!(quantity(dec("1200.00")), "1,200");
        assert_eq!(quantity(dec("0.5")), "0.5");
    }

    #[test]
    fn times() {
        let zone = RenderOptions::default().zone;
        let at: Timestamp = "2026-05-28T11:10:00Z".parse().unwrap();
        assert_eq!(instant(at, &zone), "2026-05-28 20:10 KST");
        assert_eq!(
            time_of_day(at, jiff::civil::date(2026, 5, 28), &zone),
            "20:10:00"
        );
        assert_eq!(
            time_of_day(at, jiff::civil::date(2026, 5, 27), &zone),
            "2026-05-28 20:10:00"
        );
        assert_eq!(
            date(jiff::civil::date(2026, 5, 28), Lang::En),
            "2026-05-28 (Thu)"
        );
        assert_eq!(
            date(jiff::civil::date(2026, 5, 31), Lang::Ko),
            "2026-05-31 (일)"
        );
    }

    #[test]
    fn spans() {
        let cases = [
            (0, "0s", "0초"),
            (59, "59s", "59초"),
            (3_600, "1h", "1시간"),
            (3_661, "1h 1m", "1시간 1분"),
            (86_400 + 59, "1d", "1일"),
            (90_000, "1d 1h", "1일 1시간"),
        ];
        for (seconds, en, ko) in cases {
            assert_eq!(span(seconds, Lang::En), en);
            assert_eq!(span(seconds, Lang::Ko), ko);
        }
    }

    #[test]
    fn lines_are_cut_and_cleaned() {
        assert_eq!(one_line("abc", 3), "abc");
        assert_eq!(one_line("abcd", 3), "ab…");
        assert_eq!(one_line("a\r\nb\u{202e}c\u{0}", 10), "a  bc");
        assert_eq!(one_line("가나다라", 3), "가나…");
    }
}
