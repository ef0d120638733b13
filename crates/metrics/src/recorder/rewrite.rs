//! The exporter's page, put in order: families by name, series by labels, bounds and numbers written as
//! everywhere else, and in OpenMetrics where that is asked for.

use std::borrow::Cow;
use std::collections::BTreeMap;

use crate::render::{Format, Output};
use crate::text;

/// One family of the exporter's page.
#[derive(Default)]
struct Family<'a> {
    help: Option<&'a str>,
    kind: &'a str,
    /// One group of lines a series, in the exporter's order inside.
    series: Vec<Vec<&'a str>>,
}

/// The name as the exporter will write it.
pub(crate) fn legal_name(name: &str) -> Cow<'_, str> {
    let legal = |(i, c): (usize, char)| {
        c.is_ascii_alphabetic() || c == '_' || c == ':' || (i > 0 && c.is_ascii_digit())
    };
    if name.chars().enumerate().all(legal) {
        return Cow::Borrowed(name);
    }
    name.chars()
        .enumerate()
        .map(|(i, c)| if legal((i, c)) { c } else { '_' })
        .collect()
}

/// Appends the exporter's `page` to `out`.
pub(crate) fn page(page: &str, out: &mut Output, format: Format) {
    let families = parse(page);
    for (name, mut family) in families {
        let open = format == Format::OpenMetrics;
        let total = name.ends_with("_total");
        let (shown, kind) = match (family.kind, open) {
            // The same sample names in both formats: a counter without `_total` is none in OpenMetrics.
            ("counter", true) if !total => (name, "unknown"),
            ("counter", true) => (name.trim_end_matches("_total"), "counter"),
            (kind, _) => (name, kind),
        };
        if let Some(help) = family.help {
            let quoted = open.then(|| help.replace('"', "\\\""));
            out.all(&[
                "# HELP ",
                shown,
                " ",
                quoted.as_deref().unwrap_or(help),
                "\n",
            ]);
        }
        out.all(&["# TYPE ", shown, " ", kind, "\n"]);
        family.series.sort_unstable();
        for line in family.series.iter().flatten() {
            write_line(line, out);
        }
    }
}

fn parse(page: &str) -> BTreeMap<&str, Family<'_>> {
    let mut families: BTreeMap<&str, Family<'_>> = BTreeMap::new();
    let mut current = "";
    let mut open = false;
    for line in page.lines().filter(|line| !line.is_empty()) {
        if let Some((name, help)) = line.strip_prefix("# HELP ").and_then(|l| l.split_once(' ')) {
            families.entry(name).or_default().help = Some(help);
        } else if let Some((name, kind)) =
            line.strip_prefix("# TYPE ").and_then(|l| l.split_once(' '))
        {
            families.entry(name).or_default().kind = kind;
            current = name;
            open = false;
        } else if let Some(family) = families.get_mut(current) {
            match family.series.last_mut() {
                Some(group) if open => group.push(line),
                _ => family.series.push(vec![line]),
            }
            // A histogram's series ends with its count.
            let sample = line.split(['{', ' ']).next().unwrap_or_default();
            open = family.kind == "histogram" && sample.strip_prefix(current) != Some("_count");
        }
    }
    families
}

fn write_line(line: &str, out: &mut Output) {
    let Some((series, value)) = line.rsplit_once(' ') else {
        return;
    };
    match series.rsplit_once("le=\"") {
        Some((before, bound)) if before.ends_with(['{', ',']) && before.contains("_bucket{") => {
            out.all(&[before, "le=\""]);
            match bound.trim_end_matches("\"}").parse::<f64>() {
                Ok(bound) => text::write_bound(out.buffer(), bound),
                Err(_) => out.push("+Inf"),
            }
            out.push("\"}");
        }
        _ => out.push(series),
    }
    out.push(" ");
    let whole = value.len() <= 20 && value.bytes().all(|b| b.is_ascii_digit());
    match value.parse::<f64>() {
        Ok(number) if !whole => text::write_f64(out.buffer(), number),
        _ => out.push(value),
    }
    out.end_line();
}
