//! Five thousand counters, and a rule for each five of them.

use std::fmt::Write as _;

use bongsu_rules::{Labels, Round};

pub(crate) const FAMILIES: usize = 1_000;
const VENUES: [&str; 5] = ["KRX", "NXT", "NYSE", "NASDAQ", "ARCA"];
pub(crate) const SERIES: usize = FAMILIES * VENUES.len();

/// Every series with its value now.
pub(crate) struct World {
    series: Vec<(Labels, f64)>,
    random: u64,
}

impl World {
    pub(crate) fn new() -> Self {
        let families = (0..FAMILIES).flat_map(|family| {
            VENUES.map(|venue| {
                let labels = [
                    ("__name__", name(family).as_str()),
                    ("job", "engine"),
                    ("instance", "10.0.0.1:8000"),
                    ("venue", venue),
                ]
                .map(|(name, value)| (name.to_owned(), value.to_owned()));
                (Labels::new(labels), 0.0)
            })
        });
        Self {
            series: families.collect(),
            random: 42,
        }
    }

    /// The next value of each: most counters grow by a few.
    pub(crate) fn see(&mut self, round: &mut Round<'_>) {
        self.step();
        for (labels, value) in &self.series {
            round.see(labels, *value);
        }
    }

    pub(crate) fn step(&mut self) {
        for (_, value) in &mut self.series {
            self.random = self.random.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1);
            let drawn = self.random >> 56;
            *value += if drawn < 64 { 0.0 } else { (drawn & 15) as f64 };
        }
    }

    /// A line of OpenMetrics for each series.
    pub(crate) fn lines(&self, time_ms: i64) -> impl Iterator<Item = String> {
        self.series.iter().map(move |(labels, value)| {
            let own = labels.iter().filter(|(name, _)| *name != "__name__");
            let own: Vec<String> = own.map(|(name, value)| format!("{name}=\"{value}\"")).collect();
            let name = labels.get("__name__");
            format!("{name}{{{}}} {value} {}\n", own.join(","), time_ms / 1_000)
        })
    }
}

fn name(family: usize) -> String {
    format!("orders_{family}_total")
}

/// What a desk asks of a counter, one after another.
pub(crate) fn expression(family: usize) -> String {
    let name = name(family);
    match family % 5 {
        0 => format!("sum by (venue) (rate({name}[5m])) > 1e9"),
        1 => format!("increase({name}[10m]) == 0"),
        2 => format!("{name}{{venue=~\"KRX|NXT\"}} > 1e12"),
        3 => format!("max_over_time({name}[15m]) - {name} > 1e9"),
        _ => format!("sum(rate({name}{{venue!=\"KRX\"}}[5m])) / sum(rate({name}[5m]))"),
    }
}

pub(crate) fn rules() -> String {
    let mut out = String::from("groups:\n- name: bench\n  rules:\n");
    for family in 0..FAMILIES {
        let kind = if family % 5 == 4 {
            format!("record: 'job:orders_{family}:share'")
        } else {
            format!("alert: Orders{family}")
        };
        let _ = writeln!(out, "  - {{{kind}, expr: '{}'}}", expression(family));
    }
    out
}
