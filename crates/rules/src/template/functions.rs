//! The functions that a template may use, with how many values each takes.

use std::cmp::Ordering;

use super::{
    format::{plain, printf},
    humanize,
    render::Value,
};
use crate::{file::duration, pattern};

const MANY: usize = 64;

/// Least and most values of each.
const ALL: &[(&str, usize, usize)] = &[
    ("and", 1, MANY),
    ("or", 1, MANY),
    ("not", 1, 1),
    ("eq", 2, MANY),
    ("ne", 2, 2),
    ("lt", 2, 2),
    ("le", 2, 2),
    ("gt", 2, 2),
    ("ge", 2, 2),
    ("len", 1, 1),
    ("index", 1, MANY),
    ("print", 0, MANY),
    ("println", 0, MANY),
    ("printf", 1, MANY),
    ("urlquery", 0, MANY),
    ("args", 0, MANY),
    ("match", 2, 2),
    ("reReplaceAll", 3, 3),
    ("graphLink", 1, 1),
    ("tableLink", 1, 1),
    ("pathPrefix", 0, 0),
    ("query", 1, 1),
    ("first", 1, 1),
    ("label", 2, 2),
    ("value", 1, 1),
    ("strvalue", 1, 1),
    ("sortByLabel", 2, 2),
    ("title", 1, 1),
    ("toUpper", 1, 1),
    ("toLower", 1, 1),
    ("stripPort", 1, 1),
    ("stripDomain", 1, 1),
    ("safeHtml", 1, 1),
    ("externalURL", 0, 0),
    ("parseDuration", 1, 1),
    ("humanize", 1, 1),
    ("humanize1024", 1, 1),
    ("humanizeDuration", 1, 1),
    ("humanizePercentage", 1, 1),
    ("humanizeTimestamp", 1, 1),
];

/// The least and the most values that a function takes; none when there is no such function.
pub(super) fn arity(name: &str) -> Option<(usize, usize)> {
    let found = ALL.iter().find(|(known, ..)| *known == name);
    found.map(|(_, least, most)| (*least, *most))
}

/// What a function gives that needs nothing but its values.
pub(super) fn call(name: &str, values: &[Value]) -> Result<Value, String> {
    let text = |change: &dyn Fn(&str) -> String| match values {
        [Value::Text(it)] => Ok(Value::Text(change(it))),
        _ => Err(format!("{name} wants a text")),
    };
    let number = |write: &dyn Fn(f64) -> String| {
        let value = values.first().map_or(Err(String::new()), float)?;
        Ok(Value::Text(write(value)))
    };
    match (name, values) {
        ("and", _) => Ok(chosen(values, false)),
        ("or", _) => Ok(chosen(values, true)),
        ("not", [it]) => Ok(Value::Bool(!it.holds())),
        ("eq", [first, others @ ..]) => {
            for other in others {
                if compare(first, other, true)? == Ordering::Equal {
                    return Ok(Value::Bool(true));
                }
            }
            Ok(Value::Bool(false))
        }
        ("ne", [a, b]) => Ok(Value::Bool(compare(a, b, true)?.is_ne())),
        ("lt", [a, b]) => ordered(a, b, Ordering::is_lt),
        ("le", [a, b]) => ordered(a, b, Ordering::is_le),
        ("gt", [a, b]) => ordered(a, b, Ordering::is_gt),
        ("ge", [a, b]) => ordered(a, b, Ordering::is_ge),
        ("len", [it]) => length(it),
        ("index", [whole, keys @ ..]) => keys
            .iter()
            .try_fold(whole.clone(), |it, key| index(&it, key)),
        ("print", _) => joined(values, false),
        ("println", _) => joined(values, true),
        ("printf", [Value::Text(pattern), rest @ ..]) => Ok(Value::Text(printf(pattern, rest)?)),
        ("first", [Value::List(items)]) => items
            .first()
            .cloned()
            .ok_or_else(|| "first() called on vector with no elements".to_owned()),
        ("label", [Value::Text(name), Value::Sample(labels, _)]) => {
            Ok(Value::Text(labels.get(name).to_owned()))
        }
        ("value", [Value::Sample(_, value)]) => Ok(Value::Float(*value)),
        ("strvalue", [Value::Sample(labels, _)]) => {
            Ok(Value::Text(labels.get("__value__").to_owned()))
        }
        ("sortByLabel", [Value::Text(by), Value::List(items)]) => {
            let mut items = items.clone();
            items.sort_by(|a, b| label(a, by).cmp(label(b, by)));
            Ok(Value::List(items))
        }
        ("urlquery", _) => match joined(values, false)? {
            Value::Text(it) => Ok(Value::Text(escaped(&it))),
            other => Ok(other),
        },
        ("args", _) => {
            let named = values.iter().enumerate();
            let named = named.map(|(at, value)| (format!("arg{at}"), value.clone()));
            Ok(Value::Arguments(named.collect()))
        }
        ("match", [Value::Text(by), Value::Text(it)]) => {
            Ok(Value::Bool(pattern::anywhere(by)?.is_match(it)))
        }
        ("reReplaceAll", [Value::Text(by), Value::Text(with), Value::Text(it)]) => {
            let by = pattern::anywhere(by)?;
            Ok(Value::Text(by.replace_all(it, with.as_str()).into_owned()))
        }
        ("graphLink", _) => text(&|it| format!("/graph?g0.expr={}&g0.tab=0", escaped(it))),
        ("tableLink", _) => text(&|it| format!("/graph?g0.expr={}&g0.tab=1", escaped(it))),
        ("title", _) => text(&title),
        ("toUpper", _) => text(&|it| it.to_uppercase()),
        ("toLower", _) => text(&|it| it.to_lowercase()),
        ("stripPort", _) => text(&|it| strip_port(it).to_owned()),
        ("stripDomain", _) => text(&strip_domain),
        ("safeHtml", _) => text(&str::to_owned),
        ("parseDuration", [Value::Text(it)]) => {
            let read = duration(it).ok_or_else(|| format!("{it:?} is no duration"))?;
            Ok(Value::Float(read.as_secs_f64()))
        }
        ("humanize", _) => number(&humanize::decimal),
        ("humanize1024", _) => number(&humanize::binary),
        ("humanizeDuration", _) => number(&humanize::duration),
        ("humanizePercentage", _) => number(&humanize::percentage),
        ("humanizeTimestamp", [it]) => Ok(Value::Text(humanize::timestamp(float(it)?)?)),
        _ => Err(format!("{name} cannot take these values")),
    }
}

/// The first that decides, else the last.
fn chosen(values: &[Value], wanted: bool) -> Value {
    let decides = values.iter().find(|it| it.holds() == wanted);
    decides.or(values.last()).cloned().unwrap_or(Value::Nil)
}

fn float(value: &Value) -> Result<f64, String> {
    match value {
        Value::Float(it) => Ok(*it),
        Value::Int(it) => Ok(*it as f64),
        Value::Text(it) => it.parse().map_err(|_| format!("{it:?} is no number")),
        other => Err(format!("can't convert {} to float", plain(other)?)),
    }
}

/// Values of one kind; of two kinds Go compares none.
fn compare(a: &Value, b: &Value, equality: bool) -> Result<Ordering, String> {
    let unequal = |equal: bool| {
        if equal {
            Ordering::Equal
        } else {
            Ordering::Less
        }
    };
    match (a, b) {
        (Value::Int(a), Value::Int(b)) => Ok(a.cmp(b)),
        // NaN is neither equal nor in any order.
        (Value::Float(a), Value::Float(b)) => Ok(a.partial_cmp(b).unwrap_or(Ordering::Less)),
        (Value::Text(a), Value::Text(b)) => Ok(a.cmp(b)),
        (Value::Bool(a), Value::Bool(b)) if equality => Ok(unequal(a == b)),
        (Value::Nil, Value::Nil) if equality => Ok(Ordering::Equal),
        _ => Err("incompatible types for comparison".to_owned()),
    }
}

fn ordered(a: &Value, b: &Value, is: impl Fn(Ordering) -> bool) -> Result<Value, String> {
    if let (Value::Float(a), Value::Float(b)) = (a, b) {
        return Ok(Value::Bool(a.partial_cmp(b).is_some_and(is)));
    }
    Ok(Value::Bool(is(compare(a, b, false)?)))
}

fn length(value: &Value) -> Result<Value, String> {
    let length = match value {
        Value::Text(it) => it.len(),
        Value::Labels(it) => it.iter().len(),
        Value::List(it) => it.len(),
        Value::Arguments(it) => it.len(),
        other => return Err(format!("len of {}", plain(other)?)),
    };
    Ok(Value::Int(i64::try_from(length).unwrap_or(i64::MAX)))
}

fn index(whole: &Value, key: &Value) -> Result<Value, String> {
    match (whole, key) {
        (Value::Labels(labels), Value::Text(name)) => Ok(Value::Text(labels.get(name).to_owned())),
        (Value::Arguments(given), Value::Text(name)) => {
            Ok(given.get(name).cloned().unwrap_or(Value::Nil))
        }
        (Value::List(items), Value::Int(at)) => {
            let item = usize::try_from(*at).ok().and_then(|at| items.get(at));
            item.cloned()
                .ok_or_else(|| format!("index out of range: {at}"))
        }
        _ => Err("index cannot take these values".to_owned()),
    }
}

/// `print` sets blanks between what is no text on either side, `println` between all.
fn joined(values: &[Value], line: bool) -> Result<Value, String> {
    let mut out = String::new();
    for (place, value) in values.iter().enumerate() {
        let before = place.checked_sub(1).and_then(|it| values.get(it));
        let texts = |it: &Value| matches!(it, Value::Text(_));
        if before.is_some_and(|before| line || !(texts(before) || texts(value))) {
            out.push(' ');
        }
        out.push_str(&match value {
            Value::Nil => "<nil>".to_owned(),
            other => plain(other)?,
        });
    }
    if line {
        out.push('\n');
    }
    Ok(Value::Text(out))
}

fn label<'a>(value: &'a Value, name: &str) -> &'a str {
    match value {
        Value::Sample(labels, _) => labels.get(name),
        _ => "",
    }
}

/// As a part of a URL's query: Go's `url.QueryEscape`.
fn escaped(text: &str) -> String {
    let each = text.bytes().map(|byte| match byte {
        b' ' => "+".to_owned(),
        b'-' | b'_' | b'.' | b'~' => char::from(byte).to_string(),
        _ if byte.is_ascii_alphanumeric() => char::from(byte).to_string(),
        _ => format!("%{byte:02X}"),
    });
    each.collect()
}

/// Each word with a capital.
fn title(text: &str) -> String {
    let mut before = ' ';
    let capital = |one: char| {
        let within = before.is_alphanumeric()
            || before == '_'
            || !(before.is_ascii() || before.is_whitespace());
        before = one;
        if within {
            one.to_string()
        } else {
            one.to_uppercase().to_string()
        }
    };
    text.chars().map(capital).collect()
}

fn strip_port(text: &str) -> &str {
    match text.rsplit_once(':') {
        Some((host, port))
            if !port.contains(']') && (!host.contains(':') || host.ends_with(']')) =>
        {
            host.strip_prefix('[')
                .and_then(|it| it.strip_suffix(']'))
                .unwrap_or(host)
        }
        _ => text,
    }
}

fn strip_domain(text: &str) -> String {
    let host = strip_port(text);
    let port = text
        .get(text.rfind(':').unwrap_or(text.len())..)
        .unwrap_or_default();
    let port = if host.len() == text.len() { "" } else { port };
    if host.parse::<std::net::IpAddr>().is_ok() {
        return text.to_owned();
    }
    format!("{}{port}", host.split('.').next().unwrap_or_default())
}
