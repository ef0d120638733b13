//! The storage behind [`ServiceMetrics`](crate::ServiceMetrics).

use std::collections::HashMap;
use std::sync::atomic::{AtomicU64, AtomicUsize};
use std::sync::{Arc, Mutex, PoisonError, RwLock};

use crate::catalog::{CATALOG, Id, Kind};
use crate::cells::CellSpace;
use crate::error::MetricsError;
use crate::family::{Declaration, Family, OTHER, Repr};
use crate::http::Http;
use crate::index::{Index, MAX_LABELS};
use crate::names;
use crate::recorder::Macros;
use crate::render::Spare;
use crate::service_metrics::ServiceMetrics;

pub(crate) type Collector = Arc<dyn Fn(&ServiceMetrics) + Send + Sync>;

/// One registry.
pub(crate) struct Registry {
    pub(crate) service: Box<str>,
    pub(crate) cells: Arc<CellSpace>,
    families: Box<[Family]>,
    pub(crate) http: Http,
    /// (side, status, symbol) → the cells that a trade touches.
    pub(crate) trades: Index<2>,
    in_flight: Option<u32>,
    pub(crate) info: Mutex<Option<(String, String)>>,
    pub(crate) custom: RwLock<Custom>,
    pub(crate) collectors: RwLock<Vec<Collector>>,
    pub(crate) failed_collectors: AtomicU64,
    /// Business metrics for which no family could be made.
    pub(crate) refused: AtomicU64,
    pub(crate) macros: Macros,
    /// Length of the latest page, so that the next is allocated in one go.
    pub(crate) page: AtomicUsize,
    pub(crate) spare: Arc<Spare>,
    pub(crate) options: Options,
}

/// The builder's knobs.
#[derive(Debug, Clone)]
pub(crate) struct Options {
    pub(crate) cells: usize,
    pub(crate) custom_families: usize,
    pub(crate) macro_series: usize,
    pub(crate) macro_buckets: Vec<f64>,
    pub(crate) http_buckets: Vec<f64>,
    /// Unix time of the start, for `_created`.
    pub(crate) created: f64,
}

/// Families made by the user, by name and by every name they take.
#[derive(Default)]
pub(crate) struct Custom {
    pub(crate) by_name: HashMap<String, Arc<Family>>,
    taken: HashMap<String, String>,
}

impl Registry {
    pub(crate) fn new(service: &str, options: Options) -> Self {
        let families: Box<[Family]> = CATALOG
            .iter()
            .map(|spec| Family::new(Declaration::of(spec, &options.http_buckets)))
            .collect();
        let mut custom = Custom::default();
        for spec in CATALOG {
            for name in names::taken(spec.name, spec.kind) {
                custom.taken.insert(name, spec.name.to_owned());
            }
        }
        let trades = Id::TradesExecutedTotal.spec().budget + 1;
        let mut registry = Self {
            service: service.into(),
            cells: Arc::new(CellSpace::new(options.cells)),
            families,
            http: Http::new(
                Id::HttpRequestDurationSeconds.spec().budget,
                &options.http_buckets,
            ),
            trades: Index::new(0x2545_F491_4F6C_DD1D, trades),
            in_flight: None,
            info: Mutex::new(None),
            custom: RwLock::new(custom),
            collectors: RwLock::default(),
            failed_collectors: AtomicU64::new(0),
            refused: AtomicU64::new(0),
            macros: Macros::default(),
            page: AtomicUsize::new(0),
            spare: Arc::default(),
            options,
        };
        for (spec, family) in CATALOG.iter().zip(&registry.families) {
            // Totals set from outside appear when they are first known.
            if spec.starts_at_zero && matches!(family.repr, Repr::Count) {
                let other = [OTHER; MAX_LABELS];
                family.resolve(&registry.cells, &other[..spec.labels.len()]);
            }
        }
        registry.in_flight = registry
            .family(Id::HttpRequestsInFlight)
            .resolve(&registry.cells, &[]);
        registry
    }

    #[inline]
    pub(crate) fn family(&self, id: Id) -> &Family {
        &self.families[id as usize]
    }

    pub(crate) fn families(&self) -> &[Family] {
        &self.families
    }

    #[inline]
    pub(crate) fn in_flight(&self, by: u64) {
        if let Some(cell) = self.in_flight {
            self.cells.add(cell, by);
        }
    }

    /// The custom families in the order of their names.
    pub(crate) fn custom_families(&self) -> Vec<Arc<Family>> {
        let custom = self.custom.read().unwrap_or_else(PoisonError::into_inner);
        let mut families: Vec<_> = custom.by_name.values().map(Arc::clone).collect();
        families.sort_unstable_by(|a, b| a.name.cmp(&b.name));
        families
    }

    /// Who owns a sample or family name: the catalogue, or a custom family.
    pub(crate) fn owner(&self, name: &str, kind: Kind) -> Option<String> {
        let custom = self.custom.read().unwrap_or_else(PoisonError::into_inner);
        custom.owner(name, kind)
    }
}

impl Custom {
    /// The family of this name; a counter is found without its `_total` as well.
    pub(crate) fn find(&self, name: &str, kind: Kind) -> Option<Arc<Family>> {
        if let Some(family) = self.by_name.get(name) {
            return Some(Arc::clone(family));
        }
        let full = (kind == Kind::Counter).then(|| format!("{name}_total"))?;
        self.by_name.get(&full).cloned()
    }

    /// Whether a name that has no family gets none: there are as many as may be, or others have it.
    pub(crate) fn refuses(&self, name: &str, kind: Kind, limit: usize) -> bool {
        self.by_name.len() >= limit || self.owner(name, kind).is_some()
    }

    pub(crate) fn owner(&self, name: &str, kind: Kind) -> Option<String> {
        let owner = |name: &String| self.taken.get(name).cloned();
        names::taken(name, kind).iter().find_map(owner)
    }

    /// Adds a family whose declaration was checked.
    pub(crate) fn add(
        &mut self,
        family: Family,
        limit: usize,
    ) -> Result<Arc<Family>, MetricsError> {
        if self.by_name.len() >= limit {
            return Err(MetricsError::TooManyFamilies { limit });
        }
        if let Some(owner) = self.owner(&family.name, family.kind) {
            return Err(MetricsError::NameTaken {
                name: family.name.into(),
                owner,
            });
        }
        self.claim(&family.name, family.kind);
        let family = Arc::new(family);
        self.by_name
            .insert(family.name.to_string(), Arc::clone(&family));
        Ok(family)
    }

    /// Marks every name of a family as taken.
    pub(crate) fn claim(&mut self, name: &str, kind: Kind) {
        for taken in names::taken(name, kind) {
            self.taken.insert(taken, name.to_owned());
        }
    }
}
