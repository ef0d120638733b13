//! Random expressions by the grammar, with the types that each place takes, and some that none does.

use std::fmt;

use super::world::{END_MS, START_MS};

/// Numbers that are the same for the same seed (splitmix64).
pub(crate) struct Random(u64);

impl Random {
    pub(crate) const fn new(seed: u64) -> Self {
        Self(seed)
    }

    pub(crate) fn below(&mut self, bound: u32) -> u32 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut mixed = self.0;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        u32::try_from((mixed ^ (mixed >> 31)) % u64::from(bound)).unwrap()
    }
}

/// An expression and when it is asked.
pub(crate) struct Question {
    pub(crate) text: String,
    pub(crate) start_ms: i64,
    pub(crate) end_ms: i64,
    /// None is one instant, the start.
    pub(crate) step_ms: Option<i64>,
}

impl Question {
    /// The request for it.
    pub(crate) fn path(&self) -> String {
        let seconds = |ms: i64| format!("{}.{:03}", ms / 1000, ms % 1000);
        let (query, start) = (encoded(&self.text), seconds(self.start_ms));
        match self.step_ms {
            None => format!("/api/v1/query?query={query}&time={start}"),
            Some(step) => format!(
                "/api/v1/query_range?query={query}&start={start}&end={}&step={}",
                seconds(self.end_ms),
                seconds(step)
            ),
        }
    }
}

impl fmt::Display for Question {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}   [{}", self.text, self.start_ms)?;
        match self.step_ms {
            None => f.write_str("]"),
            Some(step) => write!(f, " to {} by {step}]", self.end_ms),
        }
    }
}

fn encoded(text: &str) -> String {
    let plain = |byte: u8| byte.is_ascii_alphanumeric() || b"_-.".contains(&byte);
    let each = text.bytes().map(|byte| match plain(byte) {
        true => char::from(byte).to_string(),
        false => format!("%{byte:02X}"),
    });
    each.collect()
}

pub(crate) struct Generator {
    random: Random,
    /// Whether a range is asked for, or a subquery makes one: Prometheus orders the series between two operations by chance there.
    range: bool,
}

const SELECTORS: &[&str] = &[
    "requests_total",
    "errors_total",
    "temperature",
    "level",
    "odd",
    "build_info",
    "latency_bucket",
    "nothing",
    "requests_total{job=\"api\"}",
    "temperature{instance=~\"1|2\"}",
    "temperature{instance!~\"1|2\",job!=\"feed\"}",
    "level{job=\"api\",instance=\"1\"}",
    "level{instance!=\"3\"}",
    "{__name__=~\"requests_total|errors_total\"}",
    "{__name__=~\"temperature|level\",job=\"api\"}",
    "odd{venue=\"KRX\"}",
    "odd{zone=\"\"}",
    "{job=\"feed\",venue=~\".+\"}",
    "nothing{job=\"api\",zone=~\"a.*\",job=\"x\"}",
    "latency_bucket{le!=\"much\"}",
];
const LENGTHS: &[&str] = &["1s", "15s", "30s", "1m", "2m", "5m", "7m30s", "20m", "1h"];
const NUMBERS: &[&str] = &[
    "0", "1", "2", "3", "0.5", "-1", "10", "100", "1e3", "0.1", "NaN", "Inf", "-Inf", "0x1F",
    "1e-9", "-0", "60",
];
/// Their last digit may differ, and what is computed of them by more than that: they come last.
const INEXACT: &[&str] = &[
    "exp", "ln", "log2", "log10", "sin", "cos", "tan", "asin", "acos", "atan", "sinh", "cosh",
    "tanh", "asinh", "acosh", "atanh", "deg", "rad",
];
const EACH: &[&str] = &[
    "abs",
    "ceil",
    "floor",
    "sqrt",
    "sgn",
    "sort",
    "sort_desc",
    "timestamp",
    "round",
    "minute",
    "hour",
    "day_of_week",
    "day_of_month",
    "day_of_year",
    "days_in_month",
    "month",
    "year",
    "absent",
];
const OVER_TIME: &[&str] = &[
    "rate",
    "increase",
    "delta",
    "irate",
    "idelta",
    "deriv",
    "changes",
    "resets",
    "avg_over_time",
    "sum_over_time",
    "min_over_time",
    "max_over_time",
    "count_over_time",
    "last_over_time",
    "present_over_time",
    "stddev_over_time",
    "stdvar_over_time",
    "absent_over_time",
    "rate",
    "increase",
];
const AGGREGATIONS: &[&str] = &[
    "sum", "avg", "count", "min", "max", "group", "stddev", "stdvar", "sum", "max",
];
const LABELS: &[&str] = &["job", "instance", "venue", "le", "__name__", "zone"];
const ARITHMETIC: &[&str] = &["+", "-", "*", "/", "%"];
const COMPARISON: &[&str] = &["==", "!=", ">", "<", ">=", "<="];
const SETS: &[&str] = &["and", "or", "unless"];

/// Where Prometheus 2 moves what `@` should hold fast, from one step to the next: beside a parameter that is
/// another at each step.
fn moves_otherwise(text: &str) -> bool {
    let parameters = ["predict_linear", "quantile", "topk", "bottomk"];
    text.contains(" @ ") && parameters.iter().any(|it| text.contains(it))
}

/// Where Prometheus 2 forgets the offset: right under `timestamp`, a selector with both `offset` and `@`.
fn forgets_the_offset(text: &str) -> bool {
    let mut calls = text.split("timestamp(").skip(1);
    calls.any(|rest| {
        let of = rest.split(')').next().unwrap_or_default();
        of.contains(" offset ") && of.contains(" @ ")
    })
}

/// Where the last bit decides: over a range Prometheus adds in an order of chance, and what is left of a division
/// of almost equal sums is nothing or all of it.
fn hangs_on_a_bit(text: &str) -> bool {
    let sums = ["sum", "avg", "stddev", "stdvar"];
    text.contains('%') && sums.iter().any(|it| text.contains(it))
}

impl Generator {
    pub(crate) const fn new(seed: u64) -> Self {
        Self {
            random: Random::new(seed),
            range: false,
        }
    }

    pub(crate) fn question(&mut self) -> Question {
        self.range = self.one_in(4);
        let text = loop {
            let text = self.text();
            let otherwise = moves_otherwise(&text) || forgets_the_offset(&text);
            if !(otherwise || self.range && hangs_on_a_bit(&text)) {
                break text;
            }
        };
        let span = u32::try_from(END_MS - START_MS).unwrap() + 600_000;
        let start_ms = START_MS - 60_000 + i64::from(self.random.below(span));
        let step_ms = self
            .range
            .then(|| [1_000, 7_300, 15_000, 60_000, 300_000][self.random.below(5) as usize]);
        let end_ms = start_ms
            + step_ms.unwrap_or(0) * i64::from(self.random.below(40))
            + i64::from(self.random.below(900));
        Question {
            text,
            start_ms,
            end_ms,
            step_ms,
        }
    }

    fn text(&mut self) -> String {
        match self.random.below(20) {
            0 => self.scalar(3),
            1 => self.window(2),
            2 => self.wrong(),
            3 => format!("{}({})", self.pick(INEXACT), self.vector(2)),
            4 => format!(
                "{} {} {}",
                self.vector(2),
                self.pick(&["^", "atan2"]),
                self.scalar(1)
            ),
            5 => format!(
                "{} {} ({})",
                self.selector(),
                self.pick(&["^", "atan2"]),
                self.vector(1)
            ),
            _ => self.vector(3),
        }
    }

    fn pick<'a>(&mut self, from: &[&'a str]) -> &'a str {
        from[self.random.below(u32::try_from(from.len()).unwrap()) as usize]
    }

    fn one_in(&mut self, of: u32) -> bool {
        self.random.below(of) == 0
    }

    /// `offset` and `@`, or nothing.
    fn moved(&mut self) -> String {
        let mut out = String::new();
        if self.one_in(5) {
            let sign = if self.one_in(3) { "-" } else { "" };
            out += &format!(" offset {sign}{}", self.pick(LENGTHS));
        }
        if self.one_in(8) {
            let second = START_MS / 1000 + i64::from(self.random.below(6_000));
            out += &match self.random.below(4) {
                0 => " @ start()".to_owned(),
                1 => " @ end()".to_owned(),
                2 => format!(" @ {second}.5"),
                _ => format!(" @ {second}"),
            };
        }
        out
    }

    fn selector(&mut self) -> String {
        format!("{}{}", self.pick(SELECTORS), self.moved())
    }

    fn window(&mut self, depth: u32) -> String {
        if depth > 0 && self.one_in(4) {
            let step = if self.one_in(3) {
                ""
            } else {
                self.pick(&LENGTHS[1..6])
            };
            let around = std::mem::replace(&mut self.range, true);
            let (inner, length) = (self.vector(depth - 1), self.pick(LENGTHS));
            self.range = around;
            return format!("({inner})[{length}:{step}]{}", self.moved());
        }
        format!(
            "{}[{}]{}",
            self.pick(SELECTORS),
            self.pick(LENGTHS),
            self.moved()
        )
    }

    fn scalar(&mut self, depth: u32) -> String {
        if depth == 0 {
            return self.pick(NUMBERS).to_owned();
        }
        match self.random.below(8) {
            0 => "time()".to_owned(),
            1 => "pi()".to_owned(),
            2 => format!("scalar({})", self.vector(depth - 1)),
            3 => format!(
                "({} {} {})",
                self.scalar(depth - 1),
                self.pick(ARITHMETIC),
                self.scalar(depth - 1)
            ),
            4 => format!(
                "({} {} bool {})",
                self.scalar(depth - 1),
                self.pick(COMPARISON),
                self.scalar(depth - 1)
            ),
            5 => format!("-{}", self.scalar(depth - 1)),
            _ => self.pick(NUMBERS).to_owned(),
        }
    }

    fn vector(&mut self, depth: u32) -> String {
        if depth == 0 {
            return self.selector();
        }
        let inner = depth - 1;
        match self.random.below(24) {
            0..=1 => self.selector(),
            2..=6 => format!("{}({})", self.pick(OVER_TIME), self.window(inner)),
            7..=8 => format!("{}({})", self.pick(EACH), self.vector(inner)),
            9..=12 => self.aggregation(inner),
            13..=14 => self.with_number(inner),
            15..=18 => self.binary(inner),
            19 => format!("-{}", self.vector(inner)),
            20..=21 => self.parameterized(inner),
            22 => self.relabelled(inner),
            _ => format!("vector({})", self.scalar(inner)),
        }
    }

    fn labels(&mut self) -> String {
        let count = self.random.below(3);
        let labels: Vec<&str> = (0..count).map(|_| self.pick(LABELS)).collect();
        labels.join(", ")
    }

    fn aggregation(&mut self, depth: u32) -> String {
        let grouping = match self.random.below(5) {
            0 => String::new(),
            1..=2 => format!("without ({})", self.labels()),
            _ => format!("by ({})", self.labels()),
        };
        let head = match self.random.below(6) {
            number @ 0..=1 => {
                let (name, k) = (["topk", "bottomk"][number as usize], self.scalar(1));
                // Of equal values the first are kept.
                let of = if self.range {
                    self.selector()
                } else {
                    self.vector(depth)
                };
                return format!("{name}({k}, {of}) {grouping}");
            }
            2 => format!("quantile({}, ", self.scalar(1)),
            // Its labels are numbers: of functions whose last digit may differ they would be others.
            3 => {
                let (label, of) = (self.pick(LABELS), self.selector());
                return format!("count_values(\"{label}\", {of}) {grouping}");
            }
            _ => format!("{}(", self.pick(AGGREGATIONS)),
        };
        format!("{head}{}) {grouping}", self.vector(depth))
    }

    fn with_number(&mut self, depth: u32) -> String {
        let (vector, scalar) = (self.vector(depth), self.scalar(depth.min(1)));
        let operator = match self.random.below(3) {
            0 => self.pick(ARITHMETIC).to_owned(),
            1 => format!("{} bool", self.pick(COMPARISON)),
            _ => self.pick(COMPARISON).to_owned(),
        };
        match self.one_in(2) {
            true => format!("({vector} {operator} {scalar})"),
            false => format!("({scalar} {operator} {vector})"),
        }
    }

    fn binary(&mut self, depth: u32) -> String {
        let (mut left, mut right) = (self.vector(depth), self.vector(depth));
        // Often of the same series, so that something matches.
        if self.one_in(3) {
            right = format!("{left} {} 2", self.pick(ARITHMETIC));
        }
        let (set, compared) = (self.one_in(4), self.one_in(2));
        let mut operator = match (set, compared) {
            (true, _) => self.pick(SETS).to_owned(),
            (_, true) => self.pick(COMPARISON).to_owned(),
            _ => self.pick(ARITHMETIC).to_owned(),
        };
        if compared && !set && self.one_in(3) {
            operator += " bool";
        }
        if self.one_in(2) {
            let word = if self.one_in(2) { "on" } else { "ignoring" };
            operator += &format!(" {word} ({})", self.labels());
            if !set && self.one_in(2) {
                let side = if self.one_in(2) {
                    "group_left"
                } else {
                    "group_right"
                };
                operator += &format!(" {side} ({})", self.labels());
                // One side with one series a job.
                let one = format!(
                    "max by (job) ({})",
                    if side == "group_left" { &right } else { &left }
                );
                if !self.one_in(4) {
                    *(if side == "group_left" {
                        &mut right
                    } else {
                        &mut left
                    }) = one;
                }
            }
        }
        format!("({left} {operator} {right})")
    }

    fn parameterized(&mut self, depth: u32) -> String {
        match self.random.below(10) {
            0 => format!(
                "clamp({}, {}, {})",
                self.vector(depth),
                self.scalar(1),
                self.scalar(1)
            ),
            1 => format!("clamp_min({}, {})", self.vector(depth), self.scalar(1)),
            2 => format!("clamp_max({}, {})", self.vector(depth), self.scalar(1)),
            3 => format!("round({}, {})", self.vector(depth), self.scalar(1)),
            4 => format!("predict_linear({}, {})", self.window(depth), self.scalar(1)),
            5 => format!(
                "quantile_over_time({}, {})",
                self.scalar(1),
                self.window(depth)
            ),
            6 => format!("vector({})", self.scalar(1)),
            7 => format!(
                "holt_winters({}, {}, 0.3)",
                self.window(depth),
                self.pick(&["0.5", "0.1", "1", "0", "0.99"])
            ),
            8 => format!(
                "{}()",
                self.pick(&["hour", "minute", "day_of_year", "year", "days_in_month"])
            ),
            _ => {
                let rate = format!("rate(latency_bucket[{}])", self.pick(LENGTHS));
                let of = match self.random.below(3) {
                    0 => rate,
                    1 => format!("sum by (le) ({rate})"),
                    _ => self.vector(depth),
                };
                format!("histogram_quantile({}, {of})", self.scalar(1))
            }
        }
    }

    fn relabelled(&mut self, depth: u32) -> String {
        let (of, target, source) = (self.vector(depth), self.pick(LABELS), self.pick(LABELS));
        if self.one_in(3) {
            return format!(
                "label_join({of}, \"{target}\", \"-\", \"{source}\", \"{}\")",
                self.pick(LABELS)
            );
        }
        let replacement = self.pick(&["$1", "x-${1}y", "", "$0", "fixed", "$2$1", "$1a", "$$"]);
        let pattern = self.pick(&[
            "(.*)",
            "(.)(.*)",
            "",
            "api",
            "([a-z]+)_?(.*)",
            "\\\\d+",
            "a.*|f(.*)",
        ]);
        format!("label_replace({of}, \"{target}\", \"{replacement}\", \"{source}\", \"{pattern}\")")
    }

    /// What both refuse.
    fn wrong(&mut self) -> String {
        let vector = self.vector(1);
        self.pick(&[
            "rate(requests_total)",
            "requests_total[5m] + 1",
            "1 > 2",
            "sum(1)",
            "topk(temperature)",
            "nonsense(temperature)",
            "{job=~\".*\"}",
            "temperature and 1",
            "ln(-1)",
            "\"text\"",
            "temperature{job=\"a\"",
            "label_replace(temperature, \"1a\", \"\", \"job\", \"\")",
            "temperature offset 5m offset 1m",
            "count_values(\"a-b\", temperature)",
            "+ temperature",
            "- \"a\"",
        ])
        .replace(
            "temperature",
            if vector.len() < 60 {
                &vector
            } else {
                "temperature"
            },
        )
    }
}
