//! Values as Go writes them, and its `printf`.

use super::render::Value;

/// Go's `%g`: so many digits at most, or as few as tell it from every other number.
pub(super) fn general(value: f64, digits: Option<usize>) -> String {
    if let Some(text) = unusual(value) {
        return text.to_owned();
    }
    let text = match digits {
        Some(digits) => format!("{value:.*e}", digits.max(1) - 1),
        None => format!("{value:e}"),
    };
    let (mantissa, exponent) = text.split_once('e').unwrap_or((&text, "0"));
    let exponent: i32 = exponent.parse().unwrap_or(0);
    // The shortest form turns to an exponent where six digits would.
    let most = digits.map_or(6, |digits| digits.max(1) as i32);
    let mantissa = match mantissa.contains('.') {
        true => mantissa.trim_end_matches('0').trim_end_matches('.'),
        false => mantissa,
    };
    if exponent < -4 || exponent >= most {
        return format!("{mantissa}{}", signed(exponent));
    }
    let places =
        (mantissa.chars().filter(char::is_ascii_digit).count() as i32 - 1 - exponent).max(0);
    match digits {
        Some(_) => {
            // Rounded once: what is left of it are digits alone.
            let rounded: f64 = text.parse().unwrap_or(value);
            format!("{rounded:.*}", places as usize)
        }
        None => format!("{value:.*}", places as usize),
    }
}

fn signed(exponent: i32) -> String {
    let sign = if exponent < 0 { '-' } else { '+' };
    format!("e{sign}{:02}", exponent.abs())
}

fn unusual(value: f64) -> Option<&'static str> {
    match value {
        _ if value.is_nan() => Some("NaN"),
        f64::INFINITY => Some("+Inf"),
        f64::NEG_INFINITY => Some("-Inf"),
        _ => None,
    }
}

/// `%v`.
pub(super) fn plain(value: &Value) -> Result<String, String> {
    Ok(match value {
        Value::Nil => "<no value>".to_owned(),
        Value::Bool(it) => it.to_string(),
        Value::Int(it) => it.to_string(),
        Value::Float(it) => general(*it, None),
        Value::Text(it) => it.clone(),
        Value::Labels(labels) => {
            let pairs: Vec<_> = labels
                .iter()
                .map(|(name, value)| format!("{name}:{value}"))
                .collect();
            format!("map[{}]", pairs.join(" "))
        }
        Value::Arguments(given) => {
            let pairs = given.iter();
            let pairs = pairs.map(|(name, value)| Ok(format!("{name}:{}", plain(value)?)));
            format!(
                "map[{}]",
                pairs.collect::<Result<Vec<_>, String>>()?.join(" ")
            )
        }
        Value::List(items) if items.is_empty() => "[]".to_owned(),
        Value::Root | Value::Sample(..) | Value::List(_) => {
            return Err("this cannot be written; say which of its fields, or its value".to_owned());
        }
    })
}

/// What stands between `%` and the verb.
#[derive(Default, Clone, Copy)]
struct Flags {
    minus: bool,
    plus: bool,
    zero: bool,
    space: bool,
    width: Option<usize>,
    precision: Option<usize>,
}

/// Go's `Sprintf`.
pub(super) fn printf(pattern: &str, values: &[Value]) -> Result<String, String> {
    let (mut out, mut chars, mut next) = (String::new(), pattern.chars().peekable(), values.iter());
    while let Some(one) = chars.next() {
        if one != '%' {
            out.push(one);
            continue;
        }
        let mut flags = Flags::default();
        while let Some(flag) = chars.next_if(|it| "-+0 #".contains(*it)) {
            match flag {
                '-' => flags.minus = true,
                '+' => flags.plus = true,
                '0' => flags.zero = true,
                ' ' => flags.space = true,
                _ => {}
            }
        }
        let number = |chars: &mut std::iter::Peekable<std::str::Chars<'_>>| {
            let mut digits = String::new();
            while let Some(digit) = chars.next_if(char::is_ascii_digit) {
                digits.push(digit);
            }
            // Wider than any message is nonsense.
            digits.parse::<usize>().ok().map(|it| it.min(1_000))
        };
        flags.width = number(&mut chars);
        if chars.next_if_eq(&'.').is_some() {
            flags.precision = Some(number(&mut chars).unwrap_or(0));
        }
        let Some(verb) = chars.next() else {
            out.push_str("%!(NOVERB)");
            break;
        };
        if verb == '%' {
            out.push('%');
            continue;
        }
        match next.next() {
            None => out.push_str(&format!("%!{verb}(MISSING)")),
            Some(value) => out.push_str(&one_value(verb, flags, value)?),
        }
    }
    let extra: Vec<String> = next
        .map(|value| Ok(format!("{}={}", kind(value), plain(value)?)))
        .collect::<Result<_, String>>()?;
    if !extra.is_empty() {
        out.push_str(&format!("%!(EXTRA {})", extra.join(", ")));
    }
    Ok(out)
}

fn one_value(verb: char, flags: Flags, value: &Value) -> Result<String, String> {
    let (text, number) = match (verb, value) {
        ('g' | 'G' | 'v', Value::Float(it)) => (general(*it, flags.precision), true),
        ('f' | 'F', Value::Float(it)) => {
            let fixed = || format!("{it:.*}", flags.precision.unwrap_or(6));
            (unusual(*it).map_or_else(fixed, str::to_owned), true)
        }
        ('e' | 'E', Value::Float(it)) => (
            unusual(*it).map_or_else(|| exponent(*it, flags), str::to_owned),
            true,
        ),
        ('d' | 'v', Value::Int(it)) => (it.to_string(), true),
        ('x', Value::Int(it)) => (radix(*it, |it| format!("{it:x}")), true),
        ('X', Value::Int(it)) => (radix(*it, |it| format!("{it:X}")), true),
        ('o', Value::Int(it)) => (radix(*it, |it| format!("{it:o}")), true),
        ('b', Value::Int(it)) => (radix(*it, |it| format!("{it:b}")), true),
        ('c', Value::Int(it)) => {
            let one = u32::try_from(*it).ok().and_then(char::from_u32);
            (
                one.unwrap_or(char::REPLACEMENT_CHARACTER).to_string(),
                false,
            )
        }
        ('s' | 'v', Value::Text(it)) => (cut(it, flags.precision), false),
        ('q', Value::Text(it)) => (format!("{:?}", cut(it, flags.precision)), false),
        ('x', Value::Text(it)) => (
            it.bytes().map(|byte| format!("{byte:02x}")).collect(),
            false,
        ),
        ('t' | 'v', Value::Bool(it)) => (it.to_string(), false),
        ('v', Value::Nil) => ("<nil>".to_owned(), false),
        ('v', Value::Arguments(_)) | ('v' | 's', Value::Labels(_)) => (plain(value)?, false),
        (verb, Value::Nil) => (format!("%!{verb}(<nil>)"), false),
        (verb, value) => (
            format!("%!{verb}({}={})", kind(value), plain(value)?),
            false,
        ),
    };
    let text = match number && !text.starts_with(['-', '+']) {
        true if flags.plus => format!("+{text}"),
        true if flags.space => format!(" {text}"),
        _ => text,
    };
    let missing = flags
        .width
        .unwrap_or(0)
        .saturating_sub(text.chars().count());
    Ok(if flags.minus {
        text + &" ".repeat(missing)
    } else if flags.zero && number && !text.ends_with("Inf") && text != "NaN" {
        let (sign, digits) = text.split_at(usize::from(text.starts_with(['-', '+', ' '])));
        format!("{sign}{}{digits}", "0".repeat(missing))
    } else {
        " ".repeat(missing) + &text
    })
}

fn exponent(value: f64, flags: Flags) -> String {
    let text = format!("{value:.*e}", flags.precision.unwrap_or(6));
    let (mantissa, exponent) = text.split_once('e').unwrap_or((&text, "0"));
    format!("{mantissa}{}", signed(exponent.parse().unwrap_or(0)))
}

fn radix(value: i64, write: impl Fn(u64) -> String) -> String {
    let sign = if value < 0 { "-" } else { "" };
    format!("{sign}{}", write(value.unsigned_abs()))
}

fn cut(text: &str, most: Option<usize>) -> String {
    text.chars().take(most.unwrap_or(usize::MAX)).collect()
}

/// What Go calls the type.
fn kind(value: &Value) -> &'static str {
    match value {
        Value::Nil => "<nil>",
        Value::Bool(_) => "bool",
        Value::Int(_) => "int",
        Value::Float(_) => "float64",
        Value::Text(_) => "string",
        Value::Labels(_) => "map[string]string",
        Value::Arguments(_) => "map[string]interface {}",
        Value::Sample(..) => "*template.sample",
        Value::List(_) => "template.queryResult",
        Value::Root => "struct",
    }
}
