//! The series that are asked about: with gaps, resets, NaN, infinities, and ends that are marked.

use std::fmt::Write as _;

use bongsu_rules::{Labels, Sample, Series, is_stale, stale};

use super::generate::Random;

/// Not on a round number of anything, and so that the data lies in two of Prometheus' blocks.
pub(crate) const START_MS: i64 = 1_700_004_003_700;
/// Until here it lies in blocks, from here in the head.
pub(crate) const HEAD_MS: i64 = START_MS + 80 * 60_000;
pub(crate) const END_MS: i64 = START_MS + 100 * 60_000;
const STEP_MS: i64 = 15_000;

/// What becomes of one series over time.
#[derive(Clone, Copy)]
enum Shape {
    Counter,
    Gauge,
    /// Few whole numbers, so that values are equal.
    Small,
    /// NaN and infinities among numbers.
    Odd,
    Constant,
}

pub(crate) fn all() -> Vec<Series> {
    let mut random = Random::new(42);
    let mut out = Vec::new();
    for job in ["api", "feed"] {
        for instance in ["1", "2", "3"] {
            let of = |name: &str| {
                Labels::new([("__name__", name), ("job", job), ("instance", instance)])
            };
            out.push(series(of("requests_total"), Shape::Counter, &mut random));
            out.push(series(of("errors_total"), Shape::Counter, &mut random));
            out.push(series(of("temperature"), Shape::Gauge, &mut random));
            out.push(series(of("level"), Shape::Small, &mut random));
        }
        let of = |name: &str, venue: &str| {
            Labels::new([("__name__", name), ("job", job), ("venue", venue)])
        };
        out.push(series(of("odd", "KRX"), Shape::Odd, &mut random));
        out.push(series(of("odd", "NXT"), Shape::Odd, &mut random));
        out.push(series(
            of("build_info", "KRX"),
            Shape::Constant,
            &mut random,
        ));
        for le in ["0.1", "0.5", "1", "+Inf"] {
            let labels = [("__name__", "latency_bucket"), ("job", job), ("le", le)];
            out.push(series(Labels::new(labels), Shape::Counter, &mut random));
        }
    }
    let wrong = [
        ("__name__", "latency_bucket"),
        ("job", "api"),
        ("le", "much"),
    ];
    out.push(series(Labels::new(wrong), Shape::Counter, &mut random));
    // Prometheus' newer part gives series in the order in which they came, the older one by their labels.
    out.sort_by(|left, right| left.labels.cmp(&right.labels));
    out
}

fn series(labels: Labels, shape: Shape, random: &mut Random) -> Series {
    let (mut value, mut samples, mut time) = (f64::from(random.below(100)), Vec::new(), START_MS);
    let mut silent_until = 0;
    // Some begin late.
    if random.below(5) == 0 {
        time += i64::from(random.below(40)) * 60_000;
    }
    while time < END_MS {
        time += STEP_MS + i64::from(random.below(400)) - 200;
        if time < silent_until {
            continue;
        }
        match random.below(300) {
            0 => silent_until = time + i64::from(random.below(12)) * 60_000,
            1 if time > HEAD_MS => {
                samples.push(Sample {
                    time_ms: time,
                    value: stale(),
                });
                silent_until = time + i64::from(random.below(4)) * 60_000;
                continue;
            }
            _ => {}
        }
        value = next(value, shape, random);
        samples.push(Sample {
            time_ms: time,
            value,
        });
    }
    Series { labels, samples }
}

fn next(value: f64, shape: Shape, random: &mut Random) -> f64 {
    match shape {
        Shape::Counter if random.below(60) == 0 => f64::from(random.below(3)),
        Shape::Counter => value + f64::from(random.below(1_000)) / 8.0,
        Shape::Gauge => value + f64::from(random.below(2_000)) / 100.0 - 10.0,
        Shape::Small => f64::from(random.below(4)) - 1.0,
        Shape::Odd => match random.below(10) {
            0 => f64::NAN,
            1 => f64::INFINITY,
            2 => f64::NEG_INFINITY,
            3 => 0.0,
            _ => f64::from(random.below(100)) / 7.0,
        },
        Shape::Constant => 1.0,
    }
}

/// What lies in blocks, as the text that promtool reads.
pub(crate) fn text(all: &[Series]) -> String {
    let mut out = String::new();
    for series in all {
        let labels = series.labels.iter().filter(|(name, _)| *name != "__name__");
        let labels: Vec<String> = labels
            .map(|(name, value)| format!("{name}=\"{value}\""))
            .collect();
        for sample in series.samples.iter().filter(|it| it.time_ms < HEAD_MS) {
            assert!(!is_stale(sample.value));
            let _ = writeln!(
                out,
                "{}{{{}}} {} {}.{:03}",
                series.labels.get("__name__"),
                labels.join(","),
                sample.value,
                sample.time_ms / 1000,
                sample.time_ms % 1000
            );
        }
    }
    out.push_str("# EOF\n");
    out
}
