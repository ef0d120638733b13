//! The names that the macros use, and the families behind them.

use std::borrow::Cow;
use std::collections::{BTreeMap, HashMap};
use std::fmt;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering::Relaxed};
use std::sync::{Arc, PoisonError, RwLock, RwLockReadGuard};

use metrics::{Counter, Gauge, Histogram, Key, KeyName, Label};

use crate::bounds::{Bounds, Scale};
use crate::catalog::{self, Kind};
use crate::error::MetricsError;
use crate::family::{Declaration, Family, OTHER, Repr};
use crate::index::{MAX_LABELS, MAX_VALUE};
use crate::names;
use crate::registry::{Options, Registry};

/// Most names the macros may use.
const MAX_NAMES: usize = 2_000;
/// Most sets of label names that one name gets when it is past its budget.
const STAND_INS: usize = 8;

/// The macros' side of a registry.
#[derive(Default)]
pub(crate) struct Macros {
    /// By the name on the page.
    names: RwLock<BTreeMap<String, Name>>,
    /// Descriptions by the name on the page; they come before or after the first use.
    help: RwLock<HashMap<String, Arc<str>>>,
    pub(super) counters: RwLock<HashMap<Key, Counter>>,
    pub(super) gauges: RwLock<HashMap<Key, Gauge>>,
    pub(super) histograms: RwLock<HashMap<Key, Histogram>>,
    /// Names past the bound.
    pub(crate) refused: AtomicU64,
}

/// A metric on the page: one family for each set of label names.
pub(crate) struct Metric {
    pub(crate) help: Arc<str>,
    pub(crate) variants: Vec<Arc<Family>>,
}

struct Name {
    /// As the macro gave it.
    given: String,
    kind: Kind,
    variants: Vec<Arc<Family>>,
    series: usize,
    /// Keys whose handles are kept. The same labels in another order are another key.
    keys: usize,
    /// Variants made past the budget.
    stand_ins: usize,
    overflow: AtomicU64,
    /// Why nothing is recorded under it.
    refused: Option<Problem>,
    /// Whether it was said that something is refused.
    told: AtomicBool,
}

/// What a key gets.
pub(super) enum Answer {
    /// The series is its own, and its handle is kept.
    Own(Arc<Family>, u32),
    /// The handle is not kept: the series is that of what is past a bound, or many keys lead to it.
    Passing(Arc<Family>, u32),
    /// Nothing; the reason the first time.
    Refused(Option<Problem>),
}

/// Why a metric of the macros is refused.
#[derive(Debug, Clone)]
pub(super) enum Problem {
    Name(MetricsError),
    Taken { owner: String },
    Spelling { first: String },
    Kind { first: Kind },
    Labels(MetricsError),
    TooManyLabelSets,
}

impl fmt::Display for Problem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Name(problem) | Self::Labels(problem) => problem.fmt(f),
            Self::Taken { owner } => write!(f, "the name belongs to {owner}: choose another"),
            Self::Spelling { first } => write!(
                f,
                "on the page it has the name of {first}, which came first: use one spelling"
            ),
            Self::Kind { first } => write!(f, "the name was first used for a {first}"),
            Self::TooManyLabelSets => f.write_str("it is used with too many sets of label names"),
        }
    }
}

pub(super) fn read<T>(lock: &RwLock<T>) -> RwLockReadGuard<'_, T> {
    lock.read().unwrap_or_else(PoisonError::into_inner)
}

/// The name as it is written on the page: what is not legal becomes `_`, and a counter ends in `_total`,
/// without which it is none in OpenMetrics.
fn page_name(name: &str, kind: Kind) -> Cow<'_, str> {
    let legal = |(i, c): (usize, char)| {
        c.is_ascii_alphabetic() || c == '_' || c == ':' || (i > 0 && c.is_ascii_digit())
    };
    let mut page = Cow::Borrowed(name);
    if !name.chars().enumerate().all(legal) {
        let chars = name.chars().enumerate();
        page = chars
            .map(|(i, c)| if legal((i, c)) { c } else { '_' })
            .collect();
    }
    if kind == Kind::Counter && !page.is_empty() && !page.ends_with("_total") {
        page.to_mut().push_str("_total");
    }
    page
}

/// A key's labels in the order of their names.
struct Labels<'a>(Vec<&'a Label>);

impl<'a> Labels<'a> {
    fn of(key: &'a Key) -> Self {
        let mut labels: Vec<&Label> = key.labels().collect();
        labels.sort_unstable_by_key(|label| label.key());
        Self(labels)
    }

    fn names(&self) -> Vec<&'a str> {
        self.0.iter().map(|label| label.key()).collect()
    }

    fn values(&self) -> Vec<&'a str> {
        self.0.iter().map(|label| label.value()).collect()
    }
}

impl Macros {
    pub(super) fn describe(&self, registry: &Registry, name: &KeyName, kind: Kind, help: &str) {
        let page = page_name(name.as_str(), kind);
        let owner = registry.owner(&page, kind);
        if owner.is_none_or(|owner| owner == page) {
            let mut all = self.help.write().unwrap_or_else(PoisonError::into_inner);
            if all.len() < MAX_NAMES || all.contains_key(&*page) {
                all.insert(page.into_owned(), help.into());
            }
        }
    }

    /// What the page shows, in the order of the names.
    pub(crate) fn metrics(&self) -> Vec<Metric> {
        let (names, help) = (read(&self.names), read(&self.help));
        let nothing: Arc<str> = Arc::default();
        names
            .iter()
            .map(|(page, name)| Metric {
                help: Arc::clone(help.get(page).unwrap_or(&nothing)),
                variants: name.variants.clone(),
            })
            .collect()
    }

    /// Samples and handles refused, by metric.
    pub(crate) fn overflow(&self) -> Vec<(String, u64)> {
        let names = read(&self.names);
        let counted = |(page, name): (&String, &Name)| {
            let inside = name.variants.iter().map(|f| f.overflow.load(Relaxed));
            let all = name.overflow.load(Relaxed) + inside.sum::<u64>();
            (page.clone(), all)
        };
        names.iter().map(counted).collect()
    }

    /// Keeps everybody from writing.
    #[cfg(test)]
    pub(crate) fn hold(&self) -> impl Sized + '_ {
        (
            read(&self.names),
            read(&self.counters),
            read(&self.gauges),
            read(&self.histograms),
        )
    }

    /// The answer to a key that needs nothing new: who records under a name that is refused or past its
    /// budget must not wait for one another.
    pub(super) fn settled(&self, registry: &Registry, key: &Key, kind: Kind) -> Option<Answer> {
        let page = page_name(key.name(), kind);
        let names = read(&self.names);
        let Some(name) = names.get(&*page) else {
            return self.refuses_new(&names).then_some(Answer::Refused(None));
        };
        let labels = Labels::of(key);
        match name.judge(&page, key, kind, &labels, registry.options.macro_series) {
            Ok(Verdict::Series) => None,
            Ok(Verdict::StandIn) => {
                let family = name.variant(&labels.names())?;
                let other = &[OTHER; MAX_LABELS][..labels.0.len()];
                let cell = family.known(other)?;
                name.overflow.fetch_add(1, Relaxed);
                Some(Answer::Passing(Arc::clone(family), cell))
            }
            Err(problem) => Some(name.refuse(problem)),
        }
    }

    /// Makes room for a key that has no handle.
    pub(super) fn admit(&self, registry: &Registry, key: &Key, kind: Kind) -> Answer {
        let page = page_name(key.name(), kind);
        let labels = Labels::of(key);
        let budget = registry.options.macro_series;
        let mut names = self.names.write().unwrap_or_else(PoisonError::into_inner);
        if !names.contains_key(&*page) {
            if self.refuses_new(&names) {
                return Answer::Refused(None);
            }
            let new = Name::new(registry, &page, key, kind);
            names.insert(page.clone().into_owned(), new);
        }
        let Some(name) = names.get_mut(&*page) else {
            return Answer::Refused(None);
        };
        let verdict = match name.judge(&page, key, kind, &labels, budget) {
            Ok(verdict) => verdict,
            Err(problem) => return name.refuse(problem),
        };
        let own = matches!(verdict, Verdict::Series);
        let family = match name.variant(&labels.names()) {
            Some(family) => Arc::clone(family),
            None => {
                name.stand_ins += usize::from(!own);
                let family = variant(&page, kind, &labels.names(), &registry.options);
                name.variants.push(Arc::clone(&family));
                family
            }
        };
        let values = if own {
            labels.values()
        } else {
            name.overflow.fetch_add(1, Relaxed);
            vec![OTHER; labels.0.len()]
        };
        name.series += usize::from(own && family.known(&values).is_none());
        let Some(cell) = family.resolve(&registry.cells, &values) else {
            return Answer::Refused(None);
        };
        if own && name.keys < budget.saturating_mul(2) {
            name.keys += 1;
            Answer::Own(family, cell)
        } else {
            Answer::Passing(family, cell)
        }
    }

    /// Whether the bound of names is reached, which is counted.
    fn refuses_new(&self, names: &BTreeMap<String, Name>) -> bool {
        let full = names.len() >= MAX_NAMES;
        if full {
            self.refused.fetch_add(1, Relaxed);
        }
        full
    }
}

fn variant(page: &str, kind: Kind, labels: &[&str], options: &Options) -> Arc<Family> {
    Arc::new(Family::new(Declaration {
        name: page,
        help: "",
        kind,
        unit: catalog::Unit::None,
        labels,
        // One more for the series of what is past the budget.
        budget: options.macro_series.saturating_add(1),
        repr: match kind {
            Kind::Counter => Repr::Count,
            Kind::Gauge => Repr::Level,
            Kind::Histogram => Repr::Histogram(Bounds::new(&options.macro_buckets, Scale::Float)),
        },
    }))
}

enum Verdict {
    /// One of its own.
    Series,
    /// The series of what is past the budget, or has a value that is too long.
    StandIn,
}

impl Name {
    /// A name at its first use, taken unless somebody has it.
    fn new(registry: &Registry, page: &str, key: &Key, kind: Kind) -> Self {
        let mut custom = registry
            .custom
            .write()
            .unwrap_or_else(PoisonError::into_inner);
        let refused = match names::check_metric(page) {
            Err(problem) => Some(Problem::Name(problem)),
            Ok(()) => custom
                .owner(page, kind)
                .map(|owner| Problem::Taken { owner }),
        };
        if refused.is_none() {
            custom.claim(page, kind);
        }
        Self {
            given: key.name().to_owned(),
            kind,
            variants: Vec::new(),
            series: 0,
            keys: 0,
            stand_ins: 0,
            overflow: AtomicU64::new(0),
            refused,
            told: AtomicBool::new(false),
        }
    }

    /// The family with these label names.
    fn variant(&self, labels: &[&str]) -> Option<&Arc<Family>> {
        self.variants.iter().find(|family| {
            family
                .labels
                .iter()
                .map(|l| &**l)
                .eq(labels.iter().copied())
        })
    }

    /// What becomes of a key of this name that has no handle.
    fn judge(
        &self,
        page: &str,
        key: &Key,
        kind: Kind,
        labels: &Labels<'_>,
        budget: usize,
    ) -> Result<Verdict, Problem> {
        if let Some(problem) = &self.refused {
            return Err(problem.clone());
        }
        if self.kind != kind {
            return Err(Problem::Kind { first: self.kind });
        }
        if self.given != key.name() {
            let first = self.given.clone();
            return Err(Problem::Spelling { first });
        }
        let label_names = labels.names();
        names::check_labels(page, &label_names).map_err(Problem::Labels)?;
        let values = labels.values();
        let variant = self.variant(&label_names);
        if variant.is_some_and(|family| family.known(&values).is_some()) {
            return Ok(Verdict::Series);
        }
        if self.series < budget && values.iter().all(|value| value.len() <= MAX_VALUE) {
            return Ok(Verdict::Series);
        }
        if variant.is_some() || self.stand_ins < STAND_INS {
            return Ok(Verdict::StandIn);
        }
        Err(Problem::TooManyLabelSets)
    }

    /// Counts a refusal, and gives the reason if it is the first.
    fn refuse(&self, problem: Problem) -> Answer {
        self.overflow.fetch_add(1, Relaxed);
        let first = !self.told.swap(true, Relaxed);
        Answer::Refused(first.then_some(problem))
    }
}
