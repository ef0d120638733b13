//! Which traces are recorded, decided at their head.

use std::error::Error;
use std::fmt;

/// Whether a trace is recorded: what its caller decided, where there is one that is heeded, else a share of the
/// traces by their ids, so that all services with the same share choose the same ones.
///
/// ```
/// use bongsu_trace::Sampler;
///
/// let sampler: Sampler = Sampler::named("parentbased_traceidratio", Some("0.25"))?;
/// assert!(sampler.decide(u128::MAX, Some(true)));
/// assert!(!sampler.decide(u128::MAX, None));
/// assert!(sampler.decide(1, None));
/// # Ok::<(), bongsu_trace::SamplerError>(())
/// ```
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Sampler {
    parent: bool,
    share: f64,
}

/// What the caller decided, else every trace: OpenTelemetry's `parentbased_always_on`.
impl Default for Sampler {
    fn default() -> Self {
        Self::share(1.0).heed_parent(true)
    }
}

/// A name or an argument that is none of [`Sampler::named`]'s.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum SamplerError {
    /// No sampler has this name.
    Name(String),
    /// The share is no number from 0 to 1.
    Share(String),
}

impl fmt::Display for SamplerError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Name(name) => write!(f, "{name:?} is not one of {}", NAMES.join(", ")),
            Self::Share(share) => write!(f, "{share:?} is not a share of the traces from 0 to 1"),
        }
    }
}

impl Error for SamplerError {}

/// OpenTelemetry's names, `OTEL_TRACES_SAMPLER`.
const NAMES: [&str; 6] = [
    "always_on",
    "always_off",
    "traceidratio",
    "parentbased_always_on",
    "parentbased_always_off",
    "parentbased_traceidratio",
];

impl Sampler {
    /// A share of all traces from 0 to 1, whatever their callers decided. What is not a number is 0.
    #[must_use]
    pub fn share(share: f64) -> Self {
        Self {
            parent: false,
            // NaN is neither.
            share: if share > 0.0 { share.min(1.0) } else { 0.0 },
        }
    }

    /// Whether what a caller decided holds; the share is then of the traces that begin here.
    #[must_use]
    pub const fn heed_parent(mut self, heed: bool) -> Self {
        self.parent = heed;
        self
    }

    /// By OpenTelemetry's name and the argument that a share needs, 1 without one.
    ///
    /// # Errors
    /// Another name, or an argument that is no share.
    pub fn named(name: &str, argument: Option<&str>) -> Result<Self, SamplerError> {
        let name = name.trim().to_ascii_lowercase();
        let (parent, root) = match name.strip_prefix("parentbased_") {
            Some(root) => (true, root),
            None => (false, &*name),
        };
        let share = match root {
            "always_on" => 1.0,
            "always_off" => 0.0,
            "traceidratio" => argument.map_or(Ok(1.0), share_of)?,
            _ => return Err(SamplerError::Name(name)),
        };
        Ok(Self::share(share).heed_parent(parent))
    }

    /// OpenTelemetry's name, and the argument where it needs one.
    #[must_use]
    pub fn name(&self) -> (&'static str, Option<f64>) {
        let root = match self.share {
            1.0 => 0,
            0.0 => 1,
            _ => 2,
        };
        let name = NAMES[root + if self.parent { 3 } else { 0 }];
        (name, (root == 2).then_some(self.share))
    }

    /// Whether nothing is ever recorded.
    #[must_use]
    pub fn is_off(&self) -> bool {
        !self.parent && self.share == 0.0
    }

    /// Whether a trace is recorded; `parent` is the caller's decision, if there is a caller.
    #[must_use]
    pub fn decide(&self, trace_id: u128, parent: Option<bool>) -> bool {
        match parent {
            Some(decided) if self.parent => decided,
            _ if self.share >= 1.0 => true,
            // The low 63 bits are random in every trace id: the part that OpenTelemetry's SDKs look at.
            _ => ((trace_id as u64) >> 1) < (self.share * (1_u64 << 63) as f64) as u64,
        }
    }
}

fn share_of(text: &str) -> Result<f64, SamplerError> {
    let share = text.trim().parse::<f64>();
    let share = share.ok().filter(|share| (0.0..=1.0).contains(share));
    share.ok_or_else(|| SamplerError::Share(text.to_owned()))
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    /// The argument where a sampler takes none is not looked at.
    #[test]
    fn names() {
        let check = |name: &str, argument: Option<&str>, want: Option<(&str, Option<f64>)>| {
            let got = Sampler::named(name, argument).ok().map(|s| s.name());
            assert_eq!(got, want, "{name} {argument:?}");
        };
        for name in NAMES.into_iter().filter(|name| !name.ends_with("ratio")) {
            check(name, None, Some((name, None)));
            check(name, Some("0.5"), Some((name, None)));
        }
        check(
            "TraceIdRatio",
            Some("0.5"),
            Some(("traceidratio", Some(0.5))),
        );
        check(
            "parentbased_traceidratio",
            Some(" 0.1 "),
            Some(("parentbased_traceidratio", Some(0.1))),
        );
        check("traceidratio", None, Some(("always_on", None)));
        check("traceidratio", Some("0"), Some(("always_off", None)));
        for wrong in ["1.5", "-0.1", "NaN", "half", ""] {
            check("traceidratio", Some(wrong), None);
        }
        check("jaeger_remote", None, None);
        check("", None, None);
        assert_eq!(Sampler::default().name(), ("parentbased_always_on", None));
    }

    #[test]
    fn decisions() {
        for (name, unsampled, sampled, begun) in [
            ("always_on", true, true, true),
            ("always_off", false, false, false),
            ("parentbased_always_on", false, true, true),
            ("parentbased_always_off", false, true, false),
        ] {
            let sampler = Sampler::named(name, None).unwrap();
            for id in [1, u128::MAX, u128::from(u64::MAX)] {
                let got = [Some(false), Some(true), None].map(|parent| sampler.decide(id, parent));
                assert_eq!(got, [unsampled, sampled, begun], "{name}");
            }
            assert_eq!(sampler.is_off(), name == "always_off");
        }
        assert!(!Sampler::share(f64::NAN).decide(1, None));
    }

    /// As the official SDK in Rust decides: ids either side of the bound.
    #[test]
    fn the_bound_of_a_share() {
        let half = Sampler::share(0.5);
        assert!(half.decide(0x7fff_ffff_ffff_ffff, None));
        assert!(!half.decide(0x8000_0000_0000_0000, None));
        assert!(
            half.decide(u128::MAX << 64, None),
            "the high half is not looked at"
        );
    }

    proptest! {
        #[test]
        fn a_larger_share_has_all_of_a_smaller_one(id: u128, one in 0.0..1.0, other in 0.0..1.0) {
            let (small, large) = if one < other { (one, other) } else { (other, one) };
            if Sampler::share(small).decide(id, None) {
                prop_assert!(Sampler::share(large).decide(id, None));
            }
        }
    }
}
