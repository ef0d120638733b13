//! Prometheus' alerting rules inside a service: PromQL over a short memory of its own metrics.
#![cfg_attr(docsrs, feature(doc_cfg))]

mod series;

pub use series::{Labels, Sample, Series, SeriesSource, is_stale, stale};
