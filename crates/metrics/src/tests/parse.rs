//! A strict reader of both formats, independent of the writer: it refuses whatever the format forbids.

use std::collections::{BTreeMap, HashSet};

#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Sample {
    pub(crate) name: String,
    pub(crate) labels: BTreeMap<String, String>,
    pub(crate) value: String,
    pub(crate) exemplar: Option<String>,
}

impl Sample {
    pub(crate) fn number(&self) -> f64 {
        match self.value.as_str() {
            "+Inf" => f64::INFINITY,
            "-Inf" => f64::NEG_INFINITY,
            text => text.parse().expect("a number"),
        }
    }
}

#[derive(Debug, Default)]
pub(crate) struct Parsed {
    pub(crate) families: Vec<(String, String)>,
    pub(crate) samples: Vec<Sample>,
}

impl Parsed {
    pub(crate) fn value(&self, name: &str, labels: &[(&str, &str)]) -> Option<f64> {
        let labels: BTreeMap<String, String> = labels
            .iter()
            .map(|(k, v)| ((*k).to_owned(), (*v).to_owned()))
            .collect();
        let found: Vec<_> = self
            .samples
            .iter()
            .filter(|s| s.name == name && s.labels == labels)
            .collect();
        assert!(found.len() <= 1, "{name} twice");
        found.first().map(|s| s.number())
    }

    pub(crate) fn total(&self, name: &str) -> f64 {
        self.samples
            .iter()
            .filter(|s| s.name == name)
            .map(Sample::number)
            .sum()
    }

    pub(crate) fn series(&self, name: &str) -> usize {
        self.samples.iter().filter(|s| s.name == name).count()
    }
}

/// Reads a page, or panics saying which line is wrong.
#[track_caller]
pub(crate) fn parse(page: &str) -> Parsed {
    match try_parse(page) {
        Ok(parsed) => parsed,
        Err(error) => panic!("{error}\n{page}"),
    }
}

pub(crate) fn try_parse(page: &str) -> Result<Parsed, String> {
    let open = page.ends_with("# EOF\n");
    let mut parsed = Parsed::default();
    let mut names = HashSet::new();
    let mut series = HashSet::new();
    if !page.is_empty() && !page.ends_with('\n') {
        return Err("no line feed at the end".into());
    }
    let mut help_of = String::new();
    for line in page.lines() {
        let fail = |why: &str| Err(format!("{why}: {line}"));
        if line == "# EOF" && open {
            continue;
        }
        if let Some(rest) = line.strip_prefix("# HELP ") {
            let (name, help) = rest.split_once(' ').ok_or("help without text")?;
            unescape(help, open).ok_or(format!("bad escape: {line}"))?;
            help_of = name.to_owned();
        } else if let Some(rest) = line.strip_prefix("# TYPE ") {
            let (name, kind) = rest.split_once(' ').ok_or("type without kind")?;
            let known = ["counter", "gauge", "histogram"].contains(&kind);
            if !(known || open && kind == "unknown") {
                return fail("kind");
            }
            if !names.insert(name.to_owned()) {
                return fail("family twice");
            }
            if !help_of.is_empty() && help_of != name {
                return fail("help of another family");
            }
            help_of.clear();
            parsed.families.push((name.to_owned(), kind.to_owned()));
        } else if let Some(rest) = line.strip_prefix("# UNIT ") {
            let (name, unit) = rest.split_once(' ').ok_or("unit")?;
            if !open
                || !name.ends_with(&format!("_{unit}"))
                || parsed.families.last().is_none_or(|f| f.0 != name)
            {
                return fail("unit");
            }
        } else if line.starts_with('#') || line.is_empty() {
            return fail("neither sample nor comment");
        } else {
            let sample = sample(line).ok_or(format!("not a sample: {line}"))?;
            let (family, kind) = parsed.families.last().ok_or("sample without family")?;
            let suffix = sample.name.strip_prefix(family.as_str());
            let fits = match (kind.as_str(), suffix) {
                ("histogram", Some("_bucket")) => sample.labels.contains_key("le"),
                ("histogram", Some("_sum" | "_count")) => !sample.labels.contains_key("le"),
                ("counter", Some("_total")) => open,
                ("counter", Some("")) => !open,
                ("gauge" | "unknown", Some("")) => true,
                ("counter" | "histogram", Some("_created")) => open,
                _ => false,
            };
            if !fits {
                return fail("sample of another family");
            }
            if sample.exemplar.is_some() && !(open && sample.name.ends_with("_bucket")) {
                return fail("exemplar");
            }
            if kind == "counter" && (sample.number().is_nan() || sample.number() < 0.0) {
                return fail("counter below zero");
            }
            if !series.insert(format!("{}{:?}", sample.name, sample.labels)) {
                return fail("series twice");
            }
            parsed.samples.push(sample);
        }
    }
    histograms(&parsed)?;
    Ok(parsed)
}

/// Buckets rise in bound and in count, end in `+Inf`, and that one equals the count.
fn histograms(parsed: &Parsed) -> Result<(), String> {
    for (family, _) in parsed
        .families
        .iter()
        .filter(|(_, kind)| kind == "histogram")
    {
        let mut last: Option<(BTreeMap<String, String>, f64, f64)> = None;
        for sample in &parsed.samples {
            let Some(suffix) = sample.name.strip_prefix(family.as_str()) else {
                continue;
            };
            if suffix == "_bucket" {
                let mut labels = sample.labels.clone();
                let le = labels.remove("le").ok_or("no le")?;
                let le = if le == "+Inf" {
                    f64::INFINITY
                } else {
                    le.parse().map_err(|_| format!("le {le}"))?
                };
                if let Some((of, bound, count)) = &last
                    && *bound < f64::INFINITY
                    && (*of != labels || *bound >= le || *count > sample.number())
                {
                    return Err(format!("buckets of {family} out of order"));
                }
                last = Some((labels, le, sample.number()));
            } else if suffix == "_count" {
                let (of, bound, count) = last.take().ok_or("count without buckets")?;
                if of != sample.labels || bound != f64::INFINITY || count != sample.number() {
                    return Err(format!("count of {family} is not its last bucket"));
                }
            }
        }
        if last.is_some() {
            return Err(format!("{family} without count"));
        }
    }
    Ok(())
}

fn sample(line: &str) -> Option<Sample> {
    let end = line.find(['{', ' '])?;
    let name = &line[..end];
    let legal = |i: usize, c: char| {
        c.is_ascii_alphabetic() || "_:".contains(c) || (i > 0 && c.is_ascii_digit())
    };
    if name.is_empty() || !name.chars().enumerate().all(|(i, c)| legal(i, c)) {
        return None;
    }
    let (labels, rest) = match line[end..].strip_prefix('{') {
        Some(rest) => label_set(rest)?,
        None => (BTreeMap::new(), &line[end..]),
    };
    let rest = rest.strip_prefix(' ')?;
    let (value, exemplar) = match rest.split_once(" # ") {
        Some((value, exemplar)) => (value, Some(exemplar.to_owned())),
        None => (rest, None),
    };
    let number =
        value.bytes().all(|b| b"0123456789+-.eE".contains(&b)) && value.parse::<f64>().is_ok();
    if !number && !["+Inf", "-Inf", "NaN"].contains(&value) {
        return None;
    }
    if value.len() > 30 {
        return None;
    }
    Some(Sample {
        name: name.to_owned(),
        labels,
        value: value.to_owned(),
        exemplar,
    })
}

fn label_set(mut rest: &str) -> Option<(BTreeMap<String, String>, &str)> {
    let mut labels = BTreeMap::new();
    loop {
        if let Some(rest) = rest.strip_prefix('}') {
            return Some((labels, rest));
        }
        let (name, after) = rest.split_once("=\"")?;
        let legal = |i: usize, c: char| {
            c.is_ascii_alphabetic() || c == '_' || (i > 0 && c.is_ascii_digit())
        };
        if name.is_empty() || !name.chars().enumerate().all(|(i, c)| legal(i, c)) {
            return None;
        }
        let mut escaped = false;
        let end = after.char_indices().find_map(|(i, c)| {
            let ends = c == '"' && !escaped;
            escaped = c == '\\' && !escaped;
            ends.then_some(i)
        })?;
        if labels
            .insert(name.to_owned(), unescape(&after[..end], true)?)
            .is_some()
        {
            return None;
        }
        rest = &after[end + 1..];
        if let Some(next) = rest.strip_prefix(',') {
            if next.starts_with('}') {
                return None;
            }
            rest = next;
        } else if !rest.starts_with('}') {
            return None;
        }
    }
}

fn unescape(text: &str, quotes: bool) -> Option<String> {
    let mut out = String::new();
    let mut chars = text.chars();
    while let Some(c) = chars.next() {
        match c {
            '\\' => match chars.next()? {
                '\\' => out.push('\\'),
                'n' => out.push('\n'),
                '"' if quotes => out.push('"'),
                _ => return None,
            },
            '"' if quotes => return None,
            c => out.push(c),
        }
    }
    Some(out)
}
